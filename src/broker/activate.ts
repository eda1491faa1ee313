/**
 * Starting the window, in the only order in which nothing leaks: intent → CreateGrant → AssumeRole
 * → commit → read again → deliver. A crash between any two leaves an intent that recovery removes.
 */
import type { Approved, IssuedGrant, Issuing, LapseReason } from '../elevation/elevation.ts'
import { instant } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { tooEarly } from '../elevation/scheduling.ts'
import { beginEnd, beginIssue, issued, lapse } from '../elevation/transitions.ts'
import type { AwsAnswer, SessionCredentials, Stored } from '../ports.ts'
import type { Caller, Vended } from './broker.ts'
import type { Deps } from './deps.ts'
import { extendedRevoked, isExtendedRevoked } from './extended.ts'
import { findOwn } from './find.ts'
import { lockedOut } from './locked.ts'
import { type Plan, assumeParameters, planIssue } from './plan.ts'
import { postureOf } from './posture-gate.ts'
import { commit } from './record.ts'
import type { QuerySessions } from './query-sessions.ts'
import { mayPassLater, stillAllowed, unmetOf } from './recheck.ts'
import { type Held, heldBy } from './standing.ts'

/**
 * The requester starts the window of their own approved elevation; a brokered one's session is
 * kept.
 */
export const activate = async (
  deps: Deps,
  caller: Caller,
  { id, keep }: { readonly id: string; readonly keep: QuerySessions['keep'] }
): Promise<Result<Stored>> => {
  const found = await findOwn(deps, caller.person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (elevation.state !== 'approved') {
    return refuse('not_approved', `It is ${elevation.state}; only an approved elevation starts.`)
  }
  const started = await issue(deps, caller, { ...found.value, elevation })
  if (!started.ok) return started
  if (elevation.terms.mode === 'brokered') keep(elevation.id, started.value.credentials)
  return accept(started.value.elevation)
}

/**
 * Issues the session of an approved elevation; the caller delivers its credentials or drops them.
 */
export const issue = async (
  deps: Deps,
  caller: Caller,
  from: Stored<Approved>
): Promise<Result<Vended>> => {
  const { elevation } = from
  const now = deps.clock.now()
  const { startAt } = elevation.ask
  if (startAt !== undefined && now < startAt) return tooEarly(startAt)
  if (await isExtendedRevoked(deps, elevation.ask)) return lapsed(deps, from, extendedRevoked)
  const held = await heldBy(deps, caller.person, { ask: elevation.ask, except: elevation.id, now })
  const { presence } = caller
  const stage = { kind: 'start', presence, standing: held.starting } as const
  const posture = await postureOf(deps, elevation.ask.target, now)
  const allowed = stillAllowed(deps.policy(), elevation, { now, stage, ...posture })
  if (!allowed.ok) {
    return mayPassLater(deps.policy(), allowed.refusal) ? allowed : lapsed(deps, from, allowed)
  }
  const plan = planIssue(deps, elevation, allowed.value)
  if (!plan.ok) return plan
  const begun = await begin(deps, from, { plan: plan.value, held })
  if (!begun.ok) return begun
  deps.reached?.('intent-committed')
  if (isTooLate(deps, begun.value)) return giveUp(deps, begun.value, tooLate)
  const grants = await makeGrants(deps, plan.value)
  if (!grants.ok) return abandon(deps, begun.value, grants)
  deps.reached?.('grants-created')
  if (isTooLate(deps, begun.value)) return giveUp(deps, begun.value, tooLate)
  const { intent } = begun.value.elevation
  const parameters = assumeParameters(
    { id: elevation.id, requester: elevation.ask.requester, intent },
    deps.clock.now()
  )
  if (!parameters.ok) return giveUp(deps, begun.value, parameters)
  const session = await deps.sessions.assume(parameters.value, intent.region)
  if (!session.ok) return abandon(deps, begun.value, session)
  deps.reached?.('assumed')
  const { assumedRoleId, accessKeyId } = session.value
  const made = { session: { assumedRoleId, accessKeyId }, grants: grants.value }
  const done = await commit(
    deps,
    begun.value,
    issued(begun.value.elevation, made, deps.clock.now())
  )
  if (!done.ok) return done
  deps.reached?.('session-committed')
  return deliver(deps, done.value, session.value)
}

/** The last look before a credential byte leaves: a revoke committed meanwhile wins. */
export const deliver = async (
  deps: Deps,
  from: Stored,
  credentials: SessionCredentials
): Promise<Result<Vended>> => {
  const { elevation } = from
  const [locked, now] = await Promise.all([
    lockedOut(deps, elevation),
    deps.elevations.get(elevation.id)
  ])
  if (locked) return locked
  if (now?.elevation.state !== 'active' || deps.clock.now() >= now.elevation.intent.notAfter) {
    return refuse(
      'ended',
      'It was ended while the session was being issued. Nothing was given out.'
    )
  }
  deps.reached?.('delivered')
  const { notAfter } = now.elevation.intent
  const usableUntil = instant(Math.min(notAfter, credentials.expiration))
  return accept({ elevation: now, credentials, usableUntil })
}

/**
 * A process that slept past its lease may have been taken over and swept after, so it makes nothing
 * any more.
 */
const isTooLate = (deps: Deps, { elevation }: Stored<Issuing>): boolean =>
  deps.clock.now() >= elevation.lease.until

const tooLate = refuse(
  'aws_unavailable',
  'Issuing it took too long. Nothing was given out; ask again.'
)

const begin = (
  deps: Deps,
  from: Stored<Approved>,
  { plan, held }: { readonly plan: Plan; readonly held: Held }
): Promise<Result<Stored<Issuing>>> => {
  const now = deps.clock.now()
  const { owner, leaseSeconds } = deps.settings
  const lease = { owner, until: instant(now + leaseSeconds * 1000) }
  const taken = beginIssue(from.elevation, { intent: plan.intent, lease, now })
  return commit(deps, from, taken, { standing: held.basis })
}

const makeGrants = async (deps: Deps, plan: Plan): Promise<AwsAnswer<readonly IssuedGrant[]>> => {
  const answers = await Promise.all(
    plan.grants.map(async (grant) => {
      const answer = await deps.grants.create(grant)
      deps.reached?.('grant-created')
      return answer
    })
  )
  const made: IssuedGrant[] = []
  for (const [n, planned] of plan.intent.grants.entries()) {
    const answer = answers[n]
    if (answer === undefined) throw new Error('a planned grant was not asked for')
    if (!answer.ok) return answer
    made.push({ ...planned, grantId: answer.value.grantId })
  }
  return { ok: true, value: made }
}

/** AWS said no or did not answer: nothing is delivered, the worker removes whatever was made. */
const abandon = async (
  deps: Deps,
  from: Stored<Issuing>,
  failed: Extract<AwsAnswer<unknown>, { ok: false }>
): Promise<Result<never>> => {
  return giveUp(deps, from, awsRefused(failed))
}

/** What AWS answered, as a refusal: worth another try, or something for whoever runs the broker. */
export const awsRefused = (failed: Extract<AwsAnswer<unknown>, { ok: false }>) => {
  const what = `${failed.action} answered ${failed.name}`
  const request = failed.requestId === null ? '' : ` (AWS request ${failed.requestId})`
  return failed.kind === 'unavailable' || failed.kind === 'throttled'
    ? refuse('aws_unavailable', `${what}${request}. Nothing was given out; try again in a while.`)
    : refuse(
        'aws_refused',
        `${what}${request}. Nothing was given out; tell whoever runs the broker.`
      )
}

const giveUp = async (
  deps: Deps,
  from: Stored<Issuing>,
  refused: Extract<Result<unknown>, { ok: false }>
): Promise<Result<never>> => {
  const settleMilliseconds = deps.settings.settleSeconds * 1000
  const now = deps.clock.now()
  await commit(
    deps,
    from,
    beginEnd(from.elevation, { how: 'failed', by: 'broker', settleMilliseconds, now })
  )
  return refused
}

const lapsed = async (
  deps: Deps,
  from: Stored<Approved>,
  refused: Extract<Result<unknown>, { ok: false }>
): Promise<Result<never>> => {
  const why = whyLapsed(refused)
  const unmet = why === 'policy_changed' ? unmetOf(refused.refusal) : []
  const done = await commit(deps, from, lapse(from.elevation, why, deps.clock.now(), unmet))
  return done.ok ? refused : done
}

const whyLapsed = (refused: Extract<Result<unknown>, { ok: false }>): LapseReason => {
  if (refused === extendedRevoked) return 'extended_revoked'
  return refused.refusal.code === 'lapsed' ? 'not_activated' : 'policy_changed'
}
