/**
 * What AWS will be told for one elevation, computed before anything is written down: the intent,
 * the grants' parameters, and later the AssumeRole parameters from the intent alone.
 */
import type { Approved, Intent } from '../elevation/elevation.ts'
import {
  type ElevationId,
  type Instant,
  type PersonId,
  type Seconds,
  instant,
  plus
} from '../elevation/ids.ts'
import { type Result, accept } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import {
  type AssumeRoleParameters,
  assumeRoleParameters,
  sessionArn,
  sessionName
} from '../iam/assume-role.ts'
import {
  type CreateGrantParameters,
  createGrantParameters,
  planGrants
} from '../iam/create-grant.ts'
import type { IamResult } from '../iam/refusals.ts'
import { sessionPolicy } from '../iam/session-policy.ts'
import { readSessionPolicy } from '../iam/session-policy-text.ts'
import type { Deps } from './deps.ts'
import type { Allowed } from './recheck.ts'

export type Plan = { readonly intent: Intent; readonly grants: readonly CreateGrantParameters[] }

export type PlanAsk = {
  readonly elevation: ElevationId
  readonly target: Target
  readonly tables: readonly string[]
  readonly window: Seconds
  readonly brokerRoleArn: string
  readonly now: Instant
}

/** The plan of an approved elevation whose window of `allowed.window` starts now. */
export const planIssue = (deps: Deps, elevation: Approved, allowed: Allowed): Result<Plan> =>
  plan({
    elevation: elevation.id,
    target: allowed.target,
    tables: elevation.ask.tables,
    window: allowed.window,
    brokerRoleArn: deps.settings.brokerRoleArn,
    now: deps.clock.now()
  })

/**
 * Whether a session policy for these tables can be made at all, asked before an ask is stored. The
 * answer depends on nothing else (every end has the same length), so it is remembered per target.
 */
export const checkIssuable = (target: Target, tables: readonly string[]): Result<null> => {
  const known = checked.get(target) ?? new Map<string, Result<null>>()
  checked.set(target, known)
  const key = tables.join()
  const before = known.get(key)
  if (before) return before
  const policy = fromIam(sessionPolicy({ target, tables, notAfter: instant(0) }))
  const answer = policy.ok ? accept(null) : policy
  if (known.size < mostRemembered) known.set(key, answer)
  return answer
}

const checked = new WeakMap<Target, Map<string, Result<null>>>()
const mostRemembered = 100

/** Refuses unsafe names and a session policy over AWS's limit. */
export const plan = (ask: PlanAsk): Result<Plan> => {
  const { elevation, target, tables, window, brokerRoleArn, now } = ask
  const notAfter = instant(Math.floor(plus(now, window) / 1000) * 1000)
  const policy = fromIam(sessionPolicy({ target, tables, notAfter }))
  if (!policy.ok) return policy
  const planned = fromIam(planGrants({ elevation, target, tables }))
  if (!planned.ok) return planned
  const grants: CreateGrantParameters[] = []
  for (const grant of planned.value) {
    const roleArn = target.role
    const made = fromIam(createGrantParameters({ grant, elevation, roleArn, brokerRoleArn }))
    if (!made.ok) return made
    grants.push(made.value)
  }
  const intent: Intent = {
    sessionName: sessionName(elevation),
    region: target.region,
    workgroup: target.workgroup,
    roleArn: target.role,
    sessionArn: sessionArn(target.role, elevation),
    sessionPolicy: policy.value.text,
    grants: planned.value,
    startedAt: now,
    notAfter
  }
  return accept({ intent, grants })
}

/** From the recorded intent, so that every vend sends the very policy that was written down. */
export const assumeParameters = (
  of: { readonly id: ElevationId; readonly requester: PersonId; readonly intent: Intent },
  now: Instant
): Result<AssumeRoleParameters> => {
  const { sessionPolicy: text, roleArn } = of.intent
  const policy = readSessionPolicy(text)
  if (policy === null) throw new Error('the recorded session policy is not one this product writes')
  const sourceIdentity = of.requester
  return fromIam(assumeRoleParameters({ elevation: of.id, roleArn, policy, sourceIdentity, now }))
}

const fromIam = <T>(result: IamResult<T>): Result<T> => {
  if (result.ok) return result
  const [first, ...others] = result.refusals
  if (!first) throw new Error('a refusal without a reason')
  const reasons = [first, ...others].map(({ code, message }) => ({
    outcome: 'unmet' as const,
    rule: null,
    condition: code,
    message
  }))
  return { ok: false, refusal: { code: first.code, message: first.message, reasons } }
}
