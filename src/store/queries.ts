/**
 * Brokered queries in SQL. A row begins only under an elevation that is active, and ends once: both
 * are conditions of the statement, so that no two replicas can differ.
 */
import {
  type Instant,
  type QueryId,
  instant,
  parseElevationId,
  parsePersonId,
  parseQueryId
} from '../elevation/ids.ts'
import type { QueryVerdict } from '../elevation/refusal.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Committed } from '../ports.ts'
import type { QueryRow, QueryRowState, QueryRows } from '../ports-queries.ts'
import { damaged, integer, text, textOrNull } from './columns.ts'
import type { Engine, Query, Row, Step } from './engine.ts'
import { unlockedRow } from './locks.ts'

const isOpen = `state in ('starting', 'queued', 'running')`

/** Writes steps and entries in one transaction and tells who listens; statements.ts knows how. */
export type WriteWith = (steps: readonly Step[], entries: readonly Entry[]) => Promise<Committed>

/** The port over any engine. */
export const queriesOver = (engine: Engine, write: WriteWith): QueryRows => {
  const found = async (query: Query): Promise<readonly QueryRow[]> =>
    (await engine.read(query)).map(parse)
  const one = async (query: Query): Promise<QueryRow | null> => (await found(query))[0] ?? null
  const touched = async (step: Query): Promise<boolean> => {
    const done = await engine.write({ steps: [{ ...step, ifNone: 'conflict' }] })
    return done.kind === 'committed'
  }
  return {
    beginQuery: (row, entries, now) => write([insert(row, now)], entries),
    queryStarted: (id, athenaId) =>
      touched({
        text: `update query set athena_id = $2, state = 'queued'
          where id = $1 and state = 'starting'`,
        values: [id, athenaId]
      }),
    saveQuery: (row, entries) => write([update(row)], entries),
    lookAgain: async (id, at) => {
      await touched({
        text: `update query set look_at = $2 where id = $1 and ${isOpen}`,
        values: [id, at]
      })
    },
    noteRows: async (id, rows) => {
      await touched({
        text: `update query set row_count = $2
          where id = $1 and state = 'succeeded' and row_count is null`,
        values: [id, rows]
      })
    },
    queryOf: (id) => one({ text: `${select} where id = $1`, values: [id] }),
    queryByToken: (elevation, token) =>
      one({
        text: `${select} where elevation = $1 and client_token = $2`,
        values: [elevation, token]
      }),
    openQueries: (elevation) =>
      found({
        text: `${select} where elevation = $1 and ${isOpen} order by id`,
        values: [elevation]
      }),
    dueQueries: (now, limit) =>
      found({
        text: `${select} where ${isOpen} and look_at <= $1 order by look_at, id limit $2`,
        values: [now, limit]
      })
  }
}

const select = `select id, elevation, requester, text_hash, cursor_key, client_token, verdict,
  region, athena_id, state, at, look_at, finished_at, bytes_scanned, milliseconds, row_count, failure
  from query`

/** Nothing where the elevation is not active any more, or its token is taken. */
const insert = (row: QueryRow, now: Instant): Step => ({
  text: `insert into query (id, elevation, requester, text_hash, cursor_key, client_token, verdict,
      region, athena_id, state, at, look_at, finished_at, bytes_scanned, milliseconds, row_count,
      failure)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
    where exists (select 1 from elevation e
      where e.id = $2 and e.state = 'active' and e.not_after > $18 and ${unlockedRow})
    on conflict do nothing`,
  values: [
    row.id,
    row.elevation,
    row.requester,
    row.textHash,
    row.cursorKey,
    row.clientToken,
    JSON.stringify(row.verdict),
    row.region,
    row.athenaId,
    row.state,
    row.at,
    row.lookAt,
    row.finishedAt,
    row.bytesScanned,
    row.milliseconds,
    row.rows,
    row.failure,
    now
  ],
  ifNone: 'conflict'
})

const update = (row: QueryRow): Step => ({
  text: `update query set state = $2, finished_at = $3, bytes_scanned = $4, milliseconds = $5,
      failure = $6, look_at = $7
    where id = $1 and ${isOpen}`,
  values: [
    row.id,
    row.state,
    row.finishedAt,
    row.bytesScanned,
    row.milliseconds,
    row.failure,
    row.lookAt
  ],
  ifNone: 'conflict'
})

const parse = (row: Row): QueryRow => {
  const id = parseQueryId(text(row, 'id'))
  const elevation = parseElevationId(text(row, 'elevation'))
  const requester = parsePersonId(text(row, 'requester'))
  if (id === null || elevation === null || requester === null) throw damaged('id')
  return {
    id,
    elevation,
    requester,
    textHash: text(row, 'text_hash'),
    cursorKey: text(row, 'cursor_key'),
    clientToken: textOrNull(row, 'client_token'),
    verdict: verdictOf(text(row, 'verdict'), id),
    region: text(row, 'region'),
    athenaId: textOrNull(row, 'athena_id'),
    state: stateOf(text(row, 'state')),
    at: instant(integer(row, 'at')),
    lookAt: instant(integer(row, 'look_at')),
    finishedAt: row['finished_at'] === null ? null : instant(integer(row, 'finished_at')),
    bytesScanned: integer(row, 'bytes_scanned'),
    milliseconds: integer(row, 'milliseconds'),
    rows: row['row_count'] === null ? null : integer(row, 'row_count'),
    failure: textOrNull(row, 'failure')
  }
}

const states = ['starting', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const

const stateOf = (value: string): QueryRowState => {
  const state = states.find((one) => one === value)
  if (state === undefined) throw damaged('state')
  return state
}

const verdictOf = (body: string, id: QueryId): QueryVerdict => {
  const value: unknown = jsonOf(body)
  if (!isVerdict(value)) throw damaged(`verdict of ${id}`)
  return value
}

/** Our own writing: enough to tell that it is one. */
const isVerdict = (value: unknown): value is QueryVerdict =>
  typeof value === 'object' && value !== null && 'decision' in value && 'refusals' in value

const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}
