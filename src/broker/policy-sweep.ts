/**
 * What a new policy ends at once: everything of people who are not active in it any more, and what
 * runs under a rule that says `revokeOnChange` and gives less now than was given. Everything else
 * meets the new policy at its next step. Looked at a batch of one person's at a time, in turns with
 * other work.
 */
import type { ElevationId, PersonId } from '../elevation/ids.ts'
import { activePerson } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { Deps } from './deps.ts'
import { closeOpen } from './end.ts'
import { type WorkFault, each } from './lanes.ts'
import { isNarrowed } from './recheck.ts'

const batch = 25

type Place = {
  readonly policy: Policy
  /** who is looked at; null = nobody yet */
  readonly person: PersonId | null
  /** the last of theirs that was looked at; null = they are through */
  readonly after: ElevationId | null
}

/** A sweep that remembers the policy it went through; true: there may be more. */
export const policySweep = (
  deps: Deps
): ((failed: (fault: WorkFault) => void) => Promise<boolean>) => {
  let swept: Policy | null = null
  let mayNarrow = false
  let place: Place | null = null
  return async (failed) => {
    const policy = deps.policy()
    if (policy === swept) return false
    if (place?.policy !== policy) {
      place = { policy, person: null, after: null }
      // a rule that is gone may have said so in the policy before
      mayNarrow = revokes(policy) || (swept !== null && revokes(swept))
    }
    const { after } = place
    const person = after === null ? await deps.endings.nextRequester(place.person) : place.person
    if (person === null) {
      swept = policy
      place = null
      return false
    }
    const isActive = activePerson(policy, person) !== null
    const mayEnd = !isActive || mayNarrow
    const last = mayEnd ? await sweepBatch(deps, failed, { policy, person, isActive, after }) : null
    place = { policy, person, after: last }
    return true
  }
}

const revokes = ({ rules }: Policy): boolean => rules.some((rule) => rule.revokeOnChange)

/** The last that was looked at, where the person may have more. */
const sweepBatch = async (
  deps: Deps,
  failed: (fault: WorkFault) => void,
  of: {
    readonly policy: Policy
    readonly person: PersonId
    readonly isActive: boolean
    readonly after: ElevationId | null
  }
): Promise<ElevationId | null> => {
  const { policy, person, isActive, after } = of
  const open = await deps.locks.openUnder({ kind: 'person', person }, { limit: batch, after })
  await each(open, failed, async (stored) => {
    const isOver = !isActive || isNarrowed(policy, stored.elevation, deps.clock.now())
    if (!isOver) return 'later'
    const why = isActive ? 'policy_narrowed' : 'person_inactive'
    const done = await closeOpen(deps, stored, { by: 'broker', why })
    return done.ok ? 'moved' : 'later'
  })
  return open.length < batch ? null : (open.at(-1)?.elevation.id ?? null)
}
