/**
 * Who may decide somebody else's ask. Never the requester, through any identity (a person with many
 * subjects is one person here), never somebody inactive, and nobody once the rule is gone.
 */
import type { Ask, Terms } from '../elevation/elevation.ts'
import type { PersonId, RuleId } from '../elevation/ids.ts'
import { activePerson, isAmong, printRef } from './people.ts'
import type { Policy } from './policy.ts'

/** The part of an elevation that says whose it is and which rule it was let through by. */
export type Asked = {
  readonly ask: Pick<Ask, 'requester'>
  readonly terms: Pick<Terms, 'rule'>
}

export type Eligibility =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly code: 'self_approval' | 'not_an_approver'
      readonly message: string
    }

/** Distinct active people who may decide an ask of `requester` under this rule, sorted by id. */
export const eligibleApprovers = (
  policy: Policy,
  rule: RuleId,
  requester: PersonId
): readonly PersonId[] => {
  const from = policy.rules.find(({ id }) => id === rule)?.approval.from ?? []
  return [...policy.people.values()]
    .filter((person) => person.active && person.id !== requester && isAmong(person, from))
    .map(({ id }) => id)
    .toSorted()
}

/** Whether this person may approve or deny the elevation under the policy as it is now. */
export const mayApprove = (policy: Policy, elevation: Asked, person: PersonId): Eligibility => {
  if (person === elevation.ask.requester) {
    return { ok: false, code: 'self_approval', message: 'nobody decides their own ask' }
  }
  const rule = policy.rules.find(({ id }) => id === elevation.terms.rule)
  if (rule === undefined) {
    return notAnApprover(`rule ${elevation.terms.rule} is no longer in the policy; ask again`)
  }
  const approver = activePerson(policy, person)
  if (approver === null) return notAnApprover(`${person} is not an active person of the policy`)
  return isAmong(approver, rule.approval.from)
    ? { ok: true }
    : notAnApprover(`rule ${rule.id} is decided by ${rule.approval.from.map(printRef).join(', ')}`)
}

const notAnApprover = (message: string): Eligibility => ({
  ok: false,
  code: 'not_an_approver',
  message
})
