/**
 * At activation the narrower of then and now holds: the policy of this moment decides the same ask
 * again, and only approvers who may still approve count.
 */
import type { Approved } from '../elevation/elevation.ts'
import { type Seconds, shortest } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import { mayApprove } from '../policy/approvers.ts'
import { mayStillIssue } from '../policy/decide.ts'
import type { Deps } from './deps.ts'

export type Allowed = { readonly target: Target; readonly window: Seconds }

/** The target and the longest window allowed by both policies, or why it may not start any more. */
export const stillAllowed = (deps: Deps, elevation: Approved): Result<Allowed> => {
  const now = deps.clock.now()
  const policy = deps.policy()
  if (now >= elevation.activateBy) {
    return refuse('lapsed', 'The approval was not used in time. Ask again.')
  }
  const { ask, terms } = elevation
  const still = mayStillIssue(policy, terms, ask, now)
  const target = policy.targets.get(ask.target)
  if (still.kind === 'deny' || !target) {
    const reasons = still.kind === 'deny' ? still.reasons : []
    return refuse('policy_denied', 'The policy changed and no longer allows this. Ask again.', reasons)
  }
  const valid = elevation.approvals.filter((vote) => mayApprove(policy, elevation, vote.by).ok)
  if (valid.length < still.terms.quorum) {
    return refuse('policy_denied', 'Too few of the approvals still count. Ask again.')
  }
  if (terms.mode !== still.terms.mode) {
    return refuse('brokered_mode', 'The rule now runs queries through the broker only. Ask again.')
  }
  return accept({ target, window: shortest(ask.duration, still.terms.maxDuration) })
}
