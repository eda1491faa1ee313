/**
 * Personal data in the store: read back for auditors, locked where an older version wrote it in the
 * clear, and erased. An erasure is one transaction over the person's key, values and words, with
 * the entry that says so; it is refused while an elevation of the person is not over.
 */
import { terminalStates } from '../elevation/elevation.ts'
import type { Opening } from '../ledger/entry.ts'
import { parseEntry } from '../ledger/envelope.ts'
import type { PersonalData } from '../ports.ts'
import { bytes, damaged, integer, text } from './columns.ts'
import type { Engine, Query, Row, Step } from './engine.ts'
import { StoreError } from './error.ts'
import type { PeopleKeys } from './people-keys.ts'
import { insertOpening, withEntries } from './statements.ts'

type Parts = {
  readonly engine: Engine
  readonly people: PeopleKeys
  /** called after a commit that wrote an entry */
  readonly heard: () => void
}

export const personalOver = ({ engine, people, heard }: Parts): PersonalData => ({
  openings: async (index, limit) => {
    const found = new Map<number, readonly Opening[]>()
    for (const row of await engine.read(openingsFrom(index, limit))) {
      const opened = await people.open(row)
      const at = integer(row, 'idx')
      if (opened) found.set(at, [...(found.get(at) ?? []), opened])
    }
    return found
  },
  erasedAt: async (person) => {
    const [row] = await engine.read(lastErasure(person))
    return row === undefined || row['idx'] === null ? null : integer(row, 'idx')
  },
  erase: async (person, entry) => {
    for (let tries = 0; tries < mostTries; tries++) {
      const sealed = await people.seal([entry])
      const written = await engine.write(withEntries(erasure(person), sealed))
      if (written.kind === 'committed') {
        people.forget(person)
        heard()
        await purge(engine)
        return { kind: 'erased', index: integer(written.rows[0], 'idx') }
      }
      if (await people.isStale(sealed)) continue
      const [left] = await engine.read(leftOf(person))
      if (left?.['open'] === 1) return { kind: 'open' }
      if (left?.['key'] === 1) continue
      await purgeIfDue(engine)
      return { kind: 'nothing' }
    }
    throw new StoreError('overloaded', 'others change what is to be erased; try again')
  }
})

/**
 * Locks what lies in the clear, and empties the files of what an erasure that was cut short left in
 * them; a stop on the way leaves the rest for the next start.
 */
export const tidy = async (engine: Engine, people: PeopleKeys): Promise<void> => {
  for (;;) {
    const rows = await engine.read(somePlain)
    if (rows.length === 0) return purgeIfDue(engine)
    const steps: Step[] = [purgeIsDue]
    for (const row of rows) {
      const { entryKey, opening } = plainIn(row)
      const sealed = await people.sealOne(entryKey, opening)
      steps.push({ ...deletePlain(entryKey, opening.name), ifSome: [insertOpening(sealed)] })
    }
    await engine.write({ steps })
  }
}

const purgeIfDue = async (engine: Engine): Promise<void> => {
  const due = await engine.read({ text: 'select id from purge_due', values: [] })
  if (due.length > 0) await purge(engine)
}

const purge = async (engine: Engine): Promise<void> => {
  await engine.purge()
  await engine.write({ steps: [{ text: 'delete from purge_due', values: [], ifNone: 'skip' }] })
}

const purgeIsDue: Step = {
  text: 'insert into purge_due (id) values (1) on conflict (id) do nothing',
  values: [],
  ifNone: 'skip'
}

const mostTries = 5

/** What stands for words that were erased; the trigger of schema.ts allows no other change. */
const blanked = `json_set(body, '$.ask.reason', '[erased]', '$.ask.ticket', null)`
const over = terminalStates.map((state) => `'${state}'`).join(', ')
const isOpen = `exists (select 1 from elevation where requester = $1 and state not in (${over}))`

/** Hashes of what was typed go too: who guesses the text could tell by them that he is right. */
const erasure = (person: string): readonly Step[] => [
  purgeIsDue,
  {
    text: `delete from person_key where person = $1 and not ${isOpen}`,
    values: [person],
    ifNone: 'conflict'
  },
  ...[
    'delete from opening where person = $1',
    `update elevation set body = ${blanked} where requester = $1`,
    `update idempotency set body_hash = '' where person = $1`,
    `update query set text_hash = '', client_token = null where requester = $1`,
    `update slack_message set digest = null
      where elevation in (select id from elevation where requester = $1)`
  ].map((sql) => ({ text: sql, values: [person], ifNone: 'skip' }) as const)
]

const leftOf = (person: string): Query => ({
  text: `select ${isOpen} as open,
    exists (select 1 from person_key where person = $1) as key`,
  values: [person]
})

/** The key of an erasure's entry starts like this; `;` follows `:`. */
const lastErasure = (person: string): Query => ({
  text: 'select max(seq) - 1 as idx from ledger_outbox where key > $1 and key < $2',
  values: [`pii.erased:${person}:`, `pii.erased:${person};`]
})

const openingsFrom = (index: number, limit: number): Query => ({
  text: `select l.seq - 1 as idx, o.entry_key, o.name, o.person, o.sealed, k.wrapped
    from ledger_outbox l join opening o on o.entry_key = l.key
      join person_key k on k.person = o.person
    where l.seq > $1 and l.seq <= $2 order by l.seq, o.name`,
  values: [index, index + limit]
})

const somePlain: Query = {
  text: `select p.entry_key, p.name, p.salt, p.value, l.body
    from opening_plain p join ledger_outbox l on l.key = p.entry_key limit 200`,
  values: []
}

const deletePlain = (entryKey: string, name: string): Step => ({
  text: 'delete from opening_plain where entry_key = $1 and name = $2',
  values: [entryKey, name],
  ifNone: 'skip'
})

const plainIn = (row: Row): { readonly entryKey: string; readonly opening: Opening } => {
  const [name, salt, value] = [text(row, 'name'), text(row, 'salt'), text(row, 'value')]
  const person = actorOf(bytes(row, 'body'))
  return { entryKey: text(row, 'entry_key'), opening: { person, name, salt, value } }
}

const actorOf = (body: Uint8Array): string => {
  const parsed = parseEntry(body)
  if (!parsed.ok) throw damaged('body')
  return parsed.body.actor
}
