/**
 * Taking access away, each pass from scratch and safe to repeat: grants known by id and grants found
 * by name, then running queries. Only a pass after `sweepAt` that finds nothing ends the elevation.
 */
import type { Ending, IssuedGrant } from '../elevation/elevation.ts'
import { awaitSweep, finishEnd, retryEnd } from '../elevation/transitions.ts'
import type { AwsAnswer, FoundGrant, Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { finish, look as lookAt } from './query-look.ts'
import { commit } from './record.ts'

type Failure = Extract<AwsAnswer<unknown>, { ok: false }>

/** One pass. `denied` is the answer to the role's deny of ended sessions, where one was needed. */
export const remove = async (
  deps: Deps,
  from: Stored<Ending>,
  denied: AwsAnswer<null> | null
): Promise<void> => {
  const { elevation } = from
  const began = deps.clock.now()
  const grants = await revokeGrants(deps, elevation)
  const queries = await stopQueries(deps, elevation)
  const now = deps.clock.now()
  const failed = firstFailure([denied, grants, queries])
  if (failed || !grants.ok || !queries.ok) {
    const what = failed ? `${failed.action} ${failed.name}` : 'unknown'
    await commit(deps, from, retryEnd(elevation, what, now))
    return
  }
  if (began >= elevation.sweepAt && grants.value === 0 && queries.value === 0) {
    await commit(deps, from, finishEnd(elevation, now))
    return
  }
  const removed = {
    sessionDenied: denied !== null,
    grantsRevoked: grants.value,
    queriesStopped: queries.value
  }
  await commit(deps, from, awaitSweep(elevation, removed, now))
}

/**
 * How many grants a look found, all of them revoked, or the first failure. A key or a grant that
 * fails keeps no other from being revoked.
 */
const revokeGrants = async (deps: Deps, elevation: Ending): Promise<AwsAnswer<number>> => {
  const keys = new Set(elevation.intent.grants.map((grant) => grant.keyArn))
  const answers: AwsAnswer<unknown>[] = []
  let count = 0
  for (const keyArn of keys) {
    const known = elevation.grants.filter((grant) => grant.keyArn === keyArn)
    const look = await deps.grants.find(keyArn, `jit/${elevation.id}/`)
    answers.push(look)
    const found = look.ok ? look.value : []
    for (const grantId of idsOf(known, found)) {
      answers.push(await deps.grants.revoke(keyArn, grantId))
    }
    count += found.length
  }
  return firstFailure(answers) ?? { ok: true, value: count }
}

const idsOf = (
  known: readonly IssuedGrant[],
  found: readonly FoundGrant[]
): ReadonlySet<string> => new Set([...known, ...found].map((grant) => grant.grantId))

/** How many queries a look found, all of them told to stop, or the first failure. */
const stopQueries = async (deps: Deps, elevation: Ending): Promise<AwsAnswer<number>> => {
  const own = await stopOwn(deps, elevation)
  const others = await stopUnknown(deps, elevation)
  if (!own.ok || !others.ok) return own.ok ? others : own
  return { ok: true, value: own.value + others.value }
}

/**
 * Queries that went through the broker, by their ids; each is looked at afterwards, and the next
 * pass finds what still runs. One that Athena has not answered for is closed here: whoever started
 * it then stops it.
 */
const stopOwn = async (deps: Deps, { id }: Ending): Promise<AwsAnswer<number>> => {
  const open = await deps.queryRows.openQueries(id)
  for (const row of open) {
    if (row.athenaId === null) {
      const failure = 'the window ended before Athena had it'
      await finish(deps, row, { state: 'cancelled', bytesScanned: 0, milliseconds: 0, failure })
      continue
    }
    const stopped = await deps.runs.stop({ region: row.region, id: row.athenaId })
    if (!stopped.ok && stopped.kind !== 'not_found') return stopped
    const now = await lookAt(deps, row)
    if (!now.ok) return now
  }
  return { ok: true, value: open.length }
}

/**
 * Athena does not say whose a query is, so queries that did not go through the broker are stopped
 * only where this was the one session open in the workgroup; otherwise the session's own end stops
 * them at their next data access.
 */
const stopUnknown = async (deps: Deps, elevation: Ending): Promise<AwsAnswer<number>> => {
  if (elevation.session === null) return { ok: true, value: 0 }
  const others = await deps.elevations.list({
    target: elevation.ask.target,
    states: ['issuing', 'active', 'ending'],
    limit: 2
  })
  if (others.some((other) => other.elevation.id !== elevation.id)) return { ok: true, value: 0 }
  const { region, workgroup, startedAt } = elevation.intent
  const stopped = await deps.queries.stopSince({ region, name: workgroup }, startedAt)
  return stopped.ok ? { ok: true, value: stopped.value.length } : stopped
}

const firstFailure = (answers: readonly (AwsAnswer<unknown> | null)[]): Failure | undefined => {
  for (const answer of answers) if (answer !== null && !answer.ok) return answer
  return undefined
}
