/**
 * At activation the narrower of then and now holds: the policy of this moment decides the same ask
 * again, and only approvers who may still approve count.
 */
import { type Approved, type Elevation, windowSeconds } from '../elevation/elevation.ts'
import { type Instant, type Seconds, shortest } from '../elevation/ids.ts'
import { type Reason, type Refusal, type Result, accept, refuse } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import { votesMet } from '../policy/approvers.ts'
import type { Circumstances } from '../policy/circumstances.ts'
import { mayStillIssue } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import { isAllPosture } from './posture-gate.ts'

export type Allowed = { readonly target: Target; readonly window: Seconds }

/**
 * Whether what is refused now may be met later while the approval stands: another hour, a fresh
 * sign-in, an elevation that ends, a finding that is mended. Everything else lapses it.
 */
export const mayPassLater = ({ denies }: Policy, { reasons = [] }: Refusal): boolean => {
  const timed = new Set<string | null>(
    denies.filter(({ when }) => when.length > 0).map(({ id }) => id)
  )
  return (
    reasons.length > 0 &&
    reasons.every(({ condition, rule }) =>
      condition === 'deny' ? timed.has(rule) : passing.has(condition)
    )
  )
}

const passing: ReadonlySet<string> = new Set(['when', 'signIn', 'active', 'posture'])

/**
 * Whether a new policy gives less than what runs was given, where its rule, then or now, says that
 * it ends for that. What only the hour forbids is no change of the policy.
 */
export const isNarrowed = (policy: Policy, elevation: Elevation, now: Instant): boolean => {
  if (elevation.state !== 'issuing' && elevation.state !== 'active') return false
  const { terms, ask, approvals } = elevation
  const rule = policy.rules.find(({ id }) => id === terms.rule)
  if (terms.revokeOnChange !== true && rule?.revokeOnChange !== true) return false
  const still = mayStillIssue(policy, terms, ask, { now, stage: { kind: 'vend' } })
  if (still.kind === 'deny') {
    const { code, reasons } = still
    return code === 'unknown_target' || !mayPassLater(policy, { code, message: '', reasons })
  }
  const { maxDuration, mode, quorum } = still.terms
  return windowSeconds(elevation) > maxDuration || mode !== terms.mode || approvals.length < quorum
}

/** The target and the longest window allowed by both policies, or why it may not start any more. */
export const stillAllowed = (
  policy: Policy,
  elevation: Approved,
  circumstances: Circumstances
): Result<Allowed> => {
  if (circumstances.now >= elevation.activateBy) {
    return refuse('lapsed', 'The approval was not used in time. Ask again.')
  }
  const { ask, terms } = elevation
  const still = mayStillIssue(policy, terms, ask, circumstances)
  const target = policy.targets.get(ask.target)
  if (still.kind === 'deny' || !target) {
    const reasons = still.kind === 'deny' ? still.reasons : []
    if (isAllPosture(reasons)) return refuse('policy_denied', notInOrder, reasons)
    return refuse(
      'policy_denied',
      'The policy changed and no longer allows this. Ask again.',
      reasons
    )
  }
  const voters = elevation.approvals.map(({ by }) => by)
  const votes = votesMet(policy, elevation, voters)
  if (still.terms.quorum > 0 && !votes.met) {
    const why = `Too few of the approvals still count: ${votes.missing}. Ask again.`
    return refuse('policy_denied', why)
  }
  if (terms.mode !== still.terms.mode) {
    return refuse('brokered_mode', 'The rule now runs queries through the broker only. Ask again.')
  }
  return accept({ target, window: shortest(ask.duration, still.terms.maxDuration) })
}

const notInOrder =
  'The target is not in order now. Each reason says what mends it; the approval stands till then.'

/** Every condition behind a refusal, for whoever is told later that it lapsed; else the refusal. */
export const unmetOf = ({ code, message, reasons = [] }: Refusal): readonly Reason[] =>
  reasons.length > 0 ? reasons : [{ outcome: 'unmet', rule: null, condition: code, message }]
