/**
 * When the start of a scheduled elevation has come: the policy and the people of then decide again,
 * as they will once more when its requester starts it. What they no longer allow lapses, with every
 * reason. Nothing is started here: what starts a window is its requester.
 */
import type { Approved, Lapsed } from '../elevation/elevation.ts'
import type { Result } from '../elevation/refusal.ts'
import { startable } from '../elevation/scheduling.ts'
import { lapse } from '../elevation/transitions.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { isExtendedRevoked } from './extended.ts'
import { isAllPosture, postureOf } from './posture-gate.ts'
import { stillAllowed, unmetOf } from './recheck.ts'
import { commit } from './record.ts'

/**
 * Judged at the very start that was asked for, however late it is looked at; what only the
 * requester can show (a sign-in, room under a cap) is for their own start. A lock on an approver
 * lapses it too: it could not be written down as startable, and would be due again for ever.
 */
export const startDue = async (
  deps: Deps,
  stored: Stored<Approved>
): Promise<Result<Stored<Approved | Lapsed>>> => {
  const { elevation } = stored
  const now = deps.clock.now()
  if (now >= elevation.activateBy) {
    return commit(deps, stored, lapse(elevation, 'not_activated', now))
  }
  if (await isExtendedRevoked(deps, elevation.ask)) {
    return commit(deps, stored, lapse(elevation, 'extended_revoked', now))
  }
  const at = elevation.ask.startAt ?? now
  const posture = await postureOf(deps, elevation.ask.target, now)
  const stage = { kind: 'vote' } as const
  const allowed = stillAllowed(deps.policy(), elevation, { now: at, stage, ...posture })
  // found on the target by then: it may be mended, and is looked at when the requester starts it
  if (!allowed.ok && !isAllPosture(allowed.refusal.reasons ?? [])) {
    return commit(deps, stored, lapse(elevation, 'policy_changed', now, unmetOf(allowed.refusal)))
  }
  const opened = await commit(deps, stored, startable(elevation, now))
  if (opened.ok || opened.refusal.code !== 'locked') return opened
  return commit(deps, stored, lapse(elevation, 'policy_changed', now, unmetOf(opened.refusal)))
}
