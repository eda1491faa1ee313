/**
 * How a query is going: Athena is asked, the row moves, and whoever sees the end first writes it
 * down, once. What was let through and never reached Athena is lost after a minute.
 */
import { instant } from '../elevation/ids.ts'
import { type Result, accept } from '../elevation/refusal.ts'
import type { AwsAnswer } from '../ports.ts'
import type { QueryRow, QueryRowState, RunState } from '../ports-queries.ts'
import { awsRefused } from './activate.ts'
import type { Deps } from './deps.ts'
import { finishedEvent } from './query-entries.ts'
import type { QueryState } from './query-verbs.ts'
import { entryOf } from './record.ts'

const lostMs = 60_000
const shortestLookMs = 2000
const longestLookMs = 60_000
const batch = 50

/** The row as it is now; Athena is asked where it is not over. */
export const look = async (deps: Deps, row: QueryRow): Promise<AwsAnswer<QueryRow>> => {
  if (isOver(row.state)) return { ok: true, value: row }
  if (row.athenaId === null) return { ok: true, value: await lookUnstarted(deps, row) }
  const answer = await deps.runs.state({ region: row.region, id: row.athenaId })
  if (!answer.ok) return answer
  const { value } = answer
  if (isOver(value.state)) return { ok: true, value: await finish(deps, row, value) }
  const { state, bytesScanned, milliseconds } = value
  const next = { ...row, state, bytesScanned, milliseconds, lookAt: lookAfter(deps, row) }
  await deps.queryRows.saveQuery(next, [])
  return { ok: true, value: next }
}

/** The same, as a verb answers it. */
export const lookFor = async (deps: Deps, row: QueryRow): Promise<Result<QueryRow>> => {
  const answer = await look(deps, row)
  return answer.ok ? accept(answer.value) : awsRefused(answer)
}

/** The end of a query and its entry; somebody else's end of it stands where it was first. */
export const finish = async (
  deps: Deps,
  row: QueryRow,
  { state, bytesScanned, milliseconds, rows, failure }: RunState
): Promise<QueryRow> => {
  // Athena's reason may have values of the query in it, so it is asked for when somebody wants it
  const kept = row.athenaId === null ? failure : null
  const finishedAt = deps.clock.now()
  const known = rows ?? row.rows
  const over = { ...row, state, bytesScanned, milliseconds, rows: known, failure: kept, finishedAt }
  const stored = await deps.elevations.get(row.elevation)
  const target = stored?.elevation.ask.target ?? null
  const entry = entryOf(deps, `query.ended:${row.id}`, finishedEvent(deps, over, { target }))
  const done = await deps.queryRows.saveQuery(over, [entry])
  if (done.kind === 'committed') return over
  return (await deps.queryRows.queryOf(row.id)) ?? over
}

/** Nobody waits for these: what is due is looked at, so that its end is written down. */
export const lookAtDue = async (
  deps: Deps
): Promise<readonly { readonly elevation: string; readonly cause: unknown }[]> => {
  const due = await deps.queryRows.dueQueries(deps.clock.now(), batch)
  const outcomes = await Promise.allSettled(
    due.map(async (row) => {
      const answer = await look(deps, row)
      if (!answer.ok) await deps.queryRows.lookAgain(row.id, lookAfter(deps, row))
    })
  )
  return outcomes.flatMap((outcome, n) =>
    outcome.status === 'rejected'
      ? [{ elevation: due[n]?.elevation ?? '', cause: outcome.reason }]
      : []
  )
}

export const isOver = (state: QueryRowState): state is 'succeeded' | 'failed' | 'cancelled' =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled'

/** What is on its way to Athena waits like what is there. */
export const shownState = (state: QueryRowState): QueryState =>
  state === 'starting' ? 'queued' : state

const lookUnstarted = async (deps: Deps, row: QueryRow): Promise<QueryRow> => {
  if (deps.clock.now() < row.at + lostMs) {
    await deps.queryRows.lookAgain(row.id, lookAfter(deps, row))
    return row
  }
  const failure = 'it was let through and Athena never said that it has it'
  return finish(deps, row, { ...nothing, state: 'failed', failure })
}

/** What never ran has read nothing. */
export const nothing = { bytesScanned: 0, milliseconds: 0, rows: null } as const

/** Ever more rarely, the longer it runs. */
const lookAfter = (deps: Deps, { at }: QueryRow) => {
  const now = deps.clock.now()
  const wait = Math.min(longestLookMs, Math.max(shortestLookMs, Math.floor((now - at) / 4)))
  return instant(now + wait)
}
