/**
 * Break-glass elevations after the fact: who reviews one. Never its requester, never somebody
 * inactive, and only whom the rule names now.
 */
import type { Ask, Terms } from '../elevation/elevation.ts'
import type { PersonId } from '../elevation/ids.ts'
import type { Eligibility } from './approvers.ts'
import { activePerson, isAmong } from './people.ts'
import type { Policy } from './policy.ts'

type Used = {
  readonly ask: Pick<Ask, 'requester' | 'breakGlass'>
  readonly terms: Pick<Terms, 'rule'>
}

/** Whether this person may review the elevation under the policy as it is now. */
export const mayReview = (policy: Policy, elevation: Used, person: PersonId): Eligibility => {
  if (!elevation.ask.breakGlass) return notAReviewer('only a break-glass elevation is reviewed')
  if (person === elevation.ask.requester) {
    return { ok: false, code: 'self_approval', message: 'nobody reviews their own elevation' }
  }
  const rule = policy.rules.find(({ id }) => id === elevation.terms.rule)
  const reviewer = activePerson(policy, person)
  if (reviewer === null) return notAReviewer(`${person} is not an active person of the policy`)
  const named = rule?.approval.kind === 'breakGlass' ? rule.approval.review : []
  // whoever ends anybody's elevation may close the review of a rule that is gone
  const refs = named.length > 0 ? named : policy.roles.security
  return isAmong(reviewer, refs)
    ? { ok: true }
    : notAReviewer('the rule names others for the review')
}

const notAReviewer = (message: string): Eligibility => ({
  ok: false,
  code: 'not_an_approver',
  message
})
