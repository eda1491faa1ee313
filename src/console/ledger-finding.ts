/**
 * What the ledger is searched for, between the address of the page and the verb. Days are whole
 * days in UTC, the last one included. What cannot be understood is told and left out.
 */
import { entryTypes } from '../ledger/envelope.ts'
import type { EntryFilter, EntryPlace } from '../ports-search.ts'
import type { Fields } from './form.ts'
import { audit as words } from './words-audit.ts'

type Name = 'person' | 'target' | 'type' | 'from' | 'to'

export type Finding = {
  readonly typed: Readonly<Record<Name, string>>
  readonly faults: Readonly<Partial<Record<Name, string>>>
  readonly filter: EntryFilter
  readonly after: EntryPlace | null
}

const nameForm = /^[a-z0-9][a-z0-9._-]{1,62}$/
const dayForm = /^\d{4}-\d\d-\d\d$/
const placeForm = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\.(0|[1-9][0-9]{0,14})$/
const dayMs = 86_400_000

/** The search that a query string spells. */
export const findingIn = (query: Pick<Fields, 'one'>): Finding => {
  const typed = {
    person: query.one('person').trim(),
    target: query.one('target').trim(),
    type: query.one('type'),
    from: query.one('from').trim(),
    to: query.one('to').trim()
  }
  const { person, target, from, to } = typed
  const type = entryTypes.find((one) => one === typed.type)
  const [begin, end] = [dayIn(from), dayIn(to)]
  return {
    typed,
    faults: {
      ...(isGood(person, nameForm.test(person)) ? {} : { person: words.ledger.wrongName }),
      ...(isGood(target, nameForm.test(target)) ? {} : { target: words.ledger.wrongName }),
      ...(isGood(from, begin !== null) ? {} : { from: words.ledger.wrongDay }),
      ...(isGood(to, end !== null) ? {} : { to: words.ledger.wrongDay })
    },
    filter: {
      ...(nameForm.test(person) ? { actor: person } : {}),
      ...(nameForm.test(target) ? { target } : {}),
      ...(type === undefined ? {} : { type }),
      ...(begin === null ? {} : { from: new Date(begin).toISOString() }),
      ...(end === null ? {} : { to: new Date(end + dayMs).toISOString() })
    },
    after: placeIn(query.one('after'))
  }
}

/** The same search, from this place on; null = from the newest. */
export const linkOf = ({ typed }: Finding, after: EntryPlace | null): string => {
  const query = new URLSearchParams(Object.entries(typed).filter(([, value]) => value !== ''))
  if (after !== null) query.set('after', `${after.at}.${after.index}`)
  const text = query.toString()
  return text === '' ? '/console/ledger' : `/console/ledger?${text}`
}

const isGood = (typed: string, fits: boolean): boolean => typed === '' || fits

const dayIn = (text: string): number | null => {
  if (!dayForm.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at
}

const placeIn = (text: string): EntryPlace | null => {
  const [, at, index] = placeForm.exec(text) ?? []
  return at === undefined || index === undefined ? null : { at, index: Number(index) }
}
