/**
 * An ask that is bound to one query: the text is checked when it is asked, approvers see its
 * tables, columns and shape, and of the text itself the elevation keeps only a salted hash.
 */
import type { Ask, AskedQuery, Terms } from '../elevation/elevation.ts'
import type { Personal } from '../elevation/event.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { type Opening, commitment } from '../ledger/entry.ts'
import type { Stored } from '../ports.ts'
import type { CatalogOf } from './catalog.ts'
import type { Deps } from './deps.ts'
import { checkText, heldTo, refusedWith } from './query-check.ts'
import { hasRoom, longestShape } from './query-entries.ts'

export type AskParts = { readonly deps: Deps; readonly catalogOf: CatalogOf }

export type Bound = Omit<AskedQuery, 'commitment'>

/** What approvers are shown of the text; refused as the query itself would be. */
export const boundTo = async (
  parts: AskParts,
  sql: string,
  of: { readonly ask: Ask; readonly terms: Terms }
): Promise<Result<Bound>> => {
  if (of.terms.mode !== 'brokered') return notBindable
  const held = heldTo(parts.deps, of)
  if (!held.ok) return held
  const checked = await checkText(parts, sql, held.value)
  if (!checked.ok) return checked
  const { full, shown } = checked.value
  if (full.decision !== 'allow') return refusedWith(shown)
  const { shape, reads } = full
  if (shape === null || shape.length > longestShape || !hasRoom(reads)) return tooLong
  return accept({ shape, reads })
}

/** The ask with the hash of its text, as the ask's own entry commits to it. */
export const bindTo = (ask: Ask, bound: Bound | null, text: Personal | undefined): Ask => {
  if (bound === null || text === undefined) return ask
  return { ...ask, query: { commitment: commitment(text.salt, text.value), ...bound } }
}

/** The text that was asked for with its salt, from the ask's own entry; null = it cannot be had. */
export const askedText = async (
  deps: Pick<Deps, 'ledger'>,
  { ledger }: Pick<Stored, 'ledger'>
): Promise<Opening | null> => {
  const [first] = ledger
  if (first === undefined) return null
  const openings = (await deps.ledger.openings(first, 1)).get(first) ?? []
  return openings.find(({ name }) => name === 'sql') ?? null
}

const notBindable = refuse(
  'invalid_ask',
  'sql: this rule hands out credentials, so no query can be held to. Leave it out.'
)

const tooLong = refuse(
  'invalid_ask',
  `sql: it is too long for approvers to look at: more than ${longestShape} characters of shape.`
)
