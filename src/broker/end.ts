/**
 * Ending before the window is over. The commit fences the issuer and is answered at once; the
 * worker (remove.ts) then takes everything away and says when it truly ended.
 */
import type { Cancelled, EndCause, Lapsed } from '../elevation/elevation.ts'
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import * as transitions from '../elevation/transitions.ts'
import { mayDecide } from '../policy/approvers.ts'
import { hasRole } from '../policy/people.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { find, findOwn } from './find.ts'
import { commit, personal } from './record.ts'
import { againOnConflict } from './standing.ts'

/** "I'm done": the requester ends their own window. */
export const end = async (deps: Deps, person: PersonId, id: string): Promise<Result<Stored>> => {
  const found = await findOwn(deps, person, id)
  if (!found.ok) return found
  return close(deps, found.value, { how: 'released', by: person })
}

/** An eligible approver or somebody with the security role ends it; an unused one is cancelled. */
export const revoke = async (
  deps: Deps,
  person: PersonId,
  { id, reason }: { readonly id: string; readonly reason: string }
): Promise<Result<Stored>> => {
  const found = await find(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  const may = mayDecide(deps.policy(), elevation, person)
  if (!may.ok && !hasRole(deps.policy(), person, 'security')) {
    return refuse(
      may.code,
      'Only an approver of its rule or security revokes it. Use end for yours.'
    )
  }
  if (elevation.state === 'pending' || elevation.state === 'approved') {
    const from = { ...found.value, elevation }
    return commit(deps, from, transitions.cancel(elevation, person, deps.clock.now()))
  }
  return close(deps, found.value, { how: 'revoked', by: person, reason: personal(deps, reason) })
}

/**
 * Ends what is open without anybody having named it: by the lock that covers it, or by a policy
 * that no longer gives it. What is over meanwhile is as it should be.
 */
export const closeOpen = (
  deps: Deps,
  stored: Stored,
  because: { readonly by: PersonId | 'broker'; readonly why: EndCause }
): Promise<Result<Stored>> => {
  let latest: Stored | null = stored
  return againOnConflict(async () => {
    latest ??= await deps.elevations.get(stored.elevation.id)
    const from = latest ?? stored
    latest = null
    return closeOnce(deps, from, because)
  })
}

const closeOnce = async (
  deps: Deps,
  stored: Stored,
  { by, why }: { readonly by: PersonId | 'broker'; readonly why: EndCause }
): Promise<Result<Stored>> => {
  const { elevation } = stored
  const now = deps.clock.now()
  switch (elevation.state) {
    case 'pending':
    case 'approved': {
      const taken =
        by === 'broker'
          ? transitions.lapse(elevation, 'policy_changed', now)
          : transitions.cancel(elevation, by, now, why)
      return commit<Cancelled | Lapsed>(deps, stored, taken)
    }
    case 'issuing':
    case 'active': {
      const settleMilliseconds = deps.settings.settleSeconds * 1000
      const ends = { how: 'revoked', by, why, settleMilliseconds, now } as const
      return commit(deps, stored, transitions.beginEnd(elevation, ends))
    }
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return accept(stored)
  }
}

const close = async (
  deps: Deps,
  stored: Stored,
  why: Pick<transitions.Ends, 'how' | 'by' | 'reason'>
): Promise<Result<Stored>> => {
  const { elevation } = stored
  if (elevation.state === 'ending' || elevation.state === 'ended') return accept(stored)
  if (elevation.state !== 'issuing' && elevation.state !== 'active') {
    return refuse('not_active', `It is ${elevation.state}; there is nothing to end.`)
  }
  const settleMilliseconds = deps.settings.settleSeconds * 1000
  const now = deps.clock.now()
  const ends = { ...why, settleMilliseconds, now }
  const done = await commit(deps, stored, transitions.beginEnd(elevation, ends))
  deps.reached?.('end-committed')
  return done
}
