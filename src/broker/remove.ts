/**
 * Taking access away, each pass from scratch and safe to repeat: grants known by id and grants
 * found by name, then running queries. Only a pass after `sweepAt` that finds nothing ends the
 * elevation, and only when AWS was seen to refuse its session (probe.ts).
 */
import type { Ended, Ending, Failed } from '../elevation/elevation.ts'
import { isDenied } from '../elevation/probing.ts'
import type { Result } from '../elevation/refusal.ts'
import { awaitSweep, finishEnd, retryEnd } from '../elevation/transitions.ts'
import type { AwsAnswer, Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { finish, look as lookAt, nothing } from './query-look.ts'
import { commit } from './record.ts'

type Failure = Extract<AwsAnswer<unknown>, { ok: false }>

/** One pass. `denied` is the answer to the role's deny of ended sessions, where one was needed. */
export const remove = async (
  deps: Deps,
  from: Stored<Ending>,
  denied: AwsAnswer<null> | null
): Promise<Result<Stored>> => {
  const { elevation } = from
  const began = deps.clock.now()
  const { grants, queries } = await takeAway(deps, elevation)
  const now = deps.clock.now()
  const failed = firstFailure([denied, grants, queries])
  if (failed || !grants.ok || !queries.ok) {
    const what = failed ? `${failed.action} ${failed.name}` : 'unknown'
    return commit(deps, from, retryEnd(elevation, what, now))
  }
  const isSwept = began >= elevation.sweepAt && grants.value === 0 && queries.value === 0
  if (isSwept) deps.reached?.('swept')
  if (isSwept && isDenied(elevation)) {
    const ended = await commit<Ended | Failed>(deps, from, finishEnd(elevation, now))
    deps.reached?.('ended')
    return ended
  }
  const removed = {
    sessionDenied: denied !== null,
    grantsRevoked: grants.value,
    queriesStopped: queries.value,
    isSwept
  }
  const done = await commit(deps, from, awaitSweep(elevation, removed, now))
  deps.reached?.('removed')
  return done
}

/** What one pass takes away, without saying so; the role's deny is not in it. */
export const takeAway = async (
  deps: Deps,
  elevation: Ending
): Promise<{ readonly grants: AwsAnswer<number>; readonly queries: AwsAnswer<number> }> => {
  const [grants, queries] = await Promise.all([
    revokeGrants(deps, elevation).finally(() => deps.reached?.('grants-revoked')),
    stopQueries(deps, elevation).finally(() => deps.reached?.('queries-stopped'))
  ])
  return { grants, queries }
}

/**
 * How many grants there were, all of them revoked, or the first failure. A key or a grant that
 * fails keeps no other from being revoked. What is known is revoked at once, without a look; once
 * that was done without a failure, only what a look finds.
 */
const revokeGrants = async (deps: Deps, elevation: Ending): Promise<AwsAnswer<number>> => {
  const keys = new Set(elevation.intent.grants.map((grant) => grant.keyArn))
  const known = elevation.removedAt === undefined ? elevation.grants : []
  const answers: AwsAnswer<unknown>[] = []
  let count = 0
  for (const keyArn of keys) {
    const revoke = async (grantId: string): Promise<void> => {
      answers.push(await deps.grants.revoke(keyArn, grantId))
      deps.reached?.('grant-revoked')
    }
    const ids = new Set(known.filter((one) => one.keyArn === keyArn).map(({ grantId }) => grantId))
    const [look] = await Promise.all([
      deps.grants.find(keyArn, `jit/${elevation.id}/`),
      ...[...ids].map(revoke)
    ])
    answers.push(look)
    const found = look.ok ? look.value : []
    const others = found.filter(({ grantId }) => !ids.has(grantId))
    await Promise.all(others.map(({ grantId }) => revoke(grantId)))
    count += ids.size + others.length
  }
  return firstFailure(answers) ?? { ok: true, value: count }
}

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
      await finish(deps, row, { ...nothing, state: 'cancelled', failure })
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
