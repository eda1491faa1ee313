/**
 * Ending before the window is over. The commit fences the issuer and is answered at once; the worker
 * (remove.ts) then takes everything away and says when it truly ended.
 */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import * as transitions from '../elevation/transitions.ts'
import { mayDecide } from '../policy/approvers.ts'
import { hasRole } from '../policy/people.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { find, findOwn } from './find.ts'
import { commit, personal } from './record.ts'

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
    return refuse(may.code, 'Only an approver of its rule or security revokes it. Use end for yours.')
  }
  if (elevation.state === 'pending' || elevation.state === 'approved') {
    const from = { ...found.value, elevation }
    return commit(deps, from, transitions.cancel(elevation, person, deps.clock.now()))
  }
  return close(deps, found.value, { how: 'revoked', by: person, reason: personal(deps, reason) })
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
  return commit(deps, stored, transitions.beginEnd(elevation, ends))
}
