/**
 * What a new policy ends at once: everything of people who are not active in it any more, and what
 * runs under a rule that says `revokeOnChange` and gives less now than was given. Everything else
 * meets the new policy at its next step. Looked at person by person, in turns with other work.
 */
import type { PersonId } from '../elevation/ids.ts'
import { activePerson } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { closeOpen } from './end.ts'
import { type Outcome, type WorkFault, each } from './lanes.ts'
import { isNarrowed } from './recheck.ts'

const batch = 100

type Place = {
  readonly policy: Policy
  /** looked at before; null = nobody yet */
  readonly person: PersonId | null
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
      place = { policy, person: null }
      // a rule that is gone may have said so in the policy before
      mayNarrow = revokes(policy) || (swept !== null && revokes(swept))
    }
    const person = await deps.endings.nextRequester(place.person)
    if (person === null) {
      swept = policy
      place = null
      return false
    }
    const isActive = activePerson(policy, person) !== null
    if (!isActive || mayNarrow) await sweepPerson(deps, failed, { policy, person, isActive })
    place = { policy, person }
    return true
  }
}

const revokes = ({ rules }: Policy): boolean => rules.some((rule) => rule.revokeOnChange)

const sweepPerson = async (
  deps: Deps,
  failed: (fault: WorkFault) => void,
  of: { readonly policy: Policy; readonly person: PersonId; readonly isActive: boolean }
): Promise<void> => {
  const { policy, person, isActive } = of
  const close = async (stored: Stored): Promise<Outcome> => {
    const isOver = !isActive || isNarrowed(policy, stored.elevation, deps.clock.now())
    if (!isOver) return 'later'
    const why = isActive ? 'policy_narrowed' : 'person_inactive'
    const done = await closeOpen(deps, stored, { by: 'broker', why })
    return done.ok ? 'moved' : 'later'
  }
  let after: Stored['elevation']['id'] | null = null
  for (;;) {
    const open: readonly Stored[] = await deps.locks.openUnder(
      { kind: 'person', person },
      { limit: batch, after }
    )
    await each(open, failed, close)
    const last = open.at(-1)
    if (last === undefined || open.length < batch) return
    after = last.elevation.id
  }
}
