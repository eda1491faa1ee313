/**
 * The SQL text of the store, one for every engine: what a change writes and what a question reads.
 * Values only ever travel as parameters. Schema: schema.ts.
 */
import {
  type Elevation,
  dueAt,
  notAfterOf,
  terminalStates,
  windowSeconds
} from '../elevation/elevation.ts'
import type { ElevationId, PersonId } from '../elevation/ids.ts'
import { stepOf } from '../elevation/probing.ts'
import type { Change, Filter, IdempotencyKey } from '../ports.ts'
import type { Query, Step, Value, Write } from './engine.ts'
import { noteEnded } from './endings.ts'
import { unlessLocked } from './locks.ts'
import type { SealedEntry, SealedOpening } from './people-keys.ts'
import { approvedBy, raiseStanding } from './standing.ts'

const terminal = terminalStates.map((state) => `'${state}'`).join(', ')

/** Rows that `parseStored` reads; what follows says which. */
export const selectElevation = `select e.id, e.state, e.version, e.body,
  (select string_agg(cast(l.seq - 1 as text), ',' order by l.seq)
     from ledger_outbox l where l.elevation = e.id) as ledger
  from elevation e`

/** State, idempotency key and entries; the first that finds its row changed is a conflict. */
export const commitChange = (
  change: Change,
  entries: readonly SealedEntry[],
  at: number
): Write => {
  const steps = [
    change.expectedVersion === null
      ? insertElevation(change.elevation)
      : updateElevation(change.elevation, change.expectedVersion),
    ...noteEnded(change.elevation),
    ...(change.standing ? [raiseStanding(change.standing)] : []),
    ...(change.idempotency ? [insertIdempotency(change.idempotency, change.elevation.id, at)] : [])
  ]
  return withEntries(steps, entries)
}

/** These steps and then the entries, whose places are the result. */
export const withEntries = (steps: readonly Step[], entries: readonly SealedEntry[]): Write => ({
  steps: [...steps, ...entries.map(insertEntry)],
  ...(entries.length > 0 && { result: indexesOf(entries) })
})

/** Entries by themselves: refused attempts and what else changes no elevation. */
export const appendEntries = (entries: readonly SealedEntry[]): Write => ({
  steps: entries.map(insertEntry)
})

/** The write that shows the store can write. */
export const heartbeat = (at: number): Write => ({
  steps: [
    {
      text: `insert into heartbeat (id, at) values (1, $1)
        on conflict (id) do update set at = excluded.at`,
      values: [at],
      ifNone: 'conflict'
    }
  ]
})

export const getElevation = (id: ElevationId): Query => ({
  text: `${selectElevation} where e.id = $1`,
  values: [id]
})

/** Newest first: ids sort by time. */
export const listElevations = (filter: Filter): Query => {
  const values: Value[] = []
  const bind = (value: Value): string => `$${values.push(value)}`
  const conditions = [
    filter.requester === undefined ? [] : [`e.requester = ${bind(filter.requester)}`],
    filter.target === undefined ? [] : [`e.target = ${bind(filter.target)}`],
    filter.states === undefined ? [] : [anyOf(filter.states.map(bind))],
    filter.before === undefined ? [] : [`e.id < ${bind(filter.before)}`]
  ].flat()
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`
  const page = `order by e.id desc limit ${bind(filter.limit)}`
  return { text: `${selectElevation}${where} ${page}`, values }
}

export const getIdempotency = (person: PersonId, key: string): Query => ({
  text: 'select elevation, body_hash from idempotency where person = $1 and key = $2',
  values: [person, key]
})

/** An entry's index is its number less one. */
export const ledgerFrom = (index: number, limit: number): Query => ({
  text: 'select seq - 1 as idx, body, leaf from ledger_outbox where seq > $1 order by seq limit $2',
  values: [index, limit]
})

/**
 * The entry takes the next number, so that numbers have no gaps: one writer at a time is what makes
 * max + 1 safe. A key that is there keeps its first entry and openings.
 */
const insertEntry = ({ entry, openings }: SealedEntry): Step => ({
  text: `insert into ledger_outbox (seq, key, elevation, body, leaf)
    values ((select coalesce(max(seq), 0) + 1 from ledger_outbox), $1, $2, $3, $4)
    on conflict (key) do nothing`,
  values: [entry.key, entry.elevation, entry.body, entry.leaf],
  ifNone: 'skip',
  ...(openings.length > 0 && { ifSome: openings.map(insertOpening) })
})

/** A conflict where the key that locks it is the person's no more. */
export const insertOpening = (of: SealedOpening): Step => ({
  text: `insert into opening (entry_key, name, person, sealed)
    select $1, $2, $3, $4 where exists
      (select 1 from person_key where person = $3 and wrapped = $5)`,
  values: [of.entryKey, of.name, of.person, of.sealed, of.wrapped],
  ifNone: 'conflict'
})

/** Where these entries are, new or from an earlier try; in no order. */
const indexesOf = (entries: readonly SealedEntry[]): Query => ({
  text: `select key, seq - 1 as idx from ledger_outbox
    where key in (${entries.map((_, at) => `$${at + 1}`).join(', ')})`,
  values: entries.map(({ entry }) => entry.key)
})

const insertElevation = (elevation: Elevation): Step => {
  const values: Value[] = [
    ...moving(elevation),
    elevation.ask.requester,
    elevation.ask.target,
    elevation.createdAt,
    approvedBy(elevation),
    elevation.ask.extends?.elevation ?? null
  ]
  return {
    text: `insert into elevation (id, state, version, due_at, role_arn, assumed_role_id, not_after,
        body, window_seconds, window_at, ending_step, requester, target, created_at, approved_by,
        extends_id)
      select $1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
      where ${unlessLocked(elevation, (value) => `$${values.push(value)}`)}
      on conflict (id) do nothing`,
    values,
    ifNone: 'conflict'
  }
}

const updateElevation = (elevation: Elevation, version: number): Step => {
  const values: Value[] = [...moving(elevation), version]
  return {
    text: `update elevation set state = $2, version = version + 1, due_at = $3, role_arn = $4,
        assumed_role_id = $5, not_after = $6, body = $7, window_seconds = $8, window_at = $9,
        ending_step = $10
      where id = $1 and version = $11
        and state not in (${terminal})
        and ${unlessLocked(elevation, (value) => `$${values.push(value)}`)}`,
    values,
    ifNone: 'conflict'
  }
}

const insertIdempotency = (made: IdempotencyKey, elevation: ElevationId, at: number): Step => ({
  text: `insert into idempotency (person, key, body_hash, elevation, created_at)
    values ($1, $2, $3, $4, $5) on conflict (person, key) do nothing`,
  values: [made.person, made.key, made.bodyHash, elevation, at],
  ifNone: 'conflict'
})

/** The columns that move with the state, as both statements above number them. */
const moving = (elevation: Elevation): readonly Value[] => [
  elevation.id,
  elevation.state,
  dueAt(elevation),
  'intent' in elevation ? elevation.intent.roleArn : null,
  'session' in elevation ? (elevation.session?.assumedRoleId ?? null) : null,
  notAfterOf(elevation),
  JSON.stringify(elevation),
  windowSeconds(elevation),
  notAfterOf(elevation) ?? elevation.ask.startAt ?? elevation.createdAt,
  elevation.state === 'ending' ? stepOf(elevation, elevation.retryAt) : null
]

const anyOf = (placeholders: readonly string[]): string =>
  placeholders.length === 0 ? '1 = 0' : `e.state in (${placeholders.join(', ')})`
