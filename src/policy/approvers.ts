/**
 * Who may decide somebody else's ask. Never the requester, through any identity (a person with many
 * subjects is one person here), never somebody inactive, nobody who joined after the ask where the
 * rule counts only those of then, and nobody once the rule is gone.
 */
import { printDuration } from '../elevation/duration.ts'
import type { Ask, Terms } from '../elevation/elevation.ts'
import { type Instant, type PersonId, type RuleId, iso } from '../elevation/ids.ts'
import type { Finding } from './caps.ts'
import type { Presence } from './circumstances.ts'
import { activePerson, isAmong, printRef } from './people.ts'
import type { ApprovalSet, PeopleApproval, Person, Policy, Rule, SubjectRef } from './policy.ts'
import { peopleOf, ruleIndex } from './rule-index.ts'
import { filledSeats } from './seats.ts'
import { signInFaults } from './sign-in.ts'

/** The part of an elevation that says whose it is and under which terms it was let through. */
export type Asked = {
  readonly ask: Pick<Ask, 'requester'>
  readonly terms: Pick<Terms, 'rule' | 'quorum' | 'approvers' | 'sets'>
}

export type Eligibility =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly code:
        | 'self_approval'
        | 'not_an_approver'
        | 'channel_not_allowed'
        | 'sign_in_too_weak'
        | 'reciprocal_approval'
      /** what was seen and what would meet it, all of it where several things are wanting */
      readonly message: string
    }

/** How somebody comes to vote. */
export type Vote = {
  readonly person: PersonId
  readonly presence: Presence
  readonly now: Instant
  /** when the requester last approved an ask of this person; null = never, or nobody remembers */
  readonly reciprocalAt: Instant | null
}

export type Votes = {
  readonly met: boolean
  /** what is still wanting, for people; empty where met */
  readonly missing: string
}

/**
 * Distinct active people who may decide an ask of `requester` under this rule, sorted by id; nobody
 * where the rule approves by itself or is gone.
 */
export const eligibleApprovers = (
  policy: Policy,
  rule: RuleId,
  requester: PersonId
): readonly PersonId[] => {
  const all = approversOf(policy, rule)
  return all.includes(requester) ? all.filter((id) => id !== requester) : all
}

/**
 * Whether this person belongs to those who decide the elevation under the policy as it is now: for
 * seeing, denying and revoking it. Of a break-glass elevation: whoever is told of it or reviews it.
 */
export const mayDecide = (policy: Policy, elevation: Asked, person: PersonId): Eligibility => {
  const { ask, terms } = elevation
  if (person === ask.requester) {
    return { ok: false, code: 'self_approval', message: 'nobody decides their own ask' }
  }
  const rule = ruleIndex(policy).byId.get(terms.rule)
  if (rule === undefined) return notAnApprover(goneRule(terms.rule))
  const approver = activePerson(policy, person)
  if (approver === null) return notAnApprover(`${person} is not an active person of the policy`)
  const refs = decidersOf(rule)
  if (!isAmong(approver, refs)) {
    const who = refs.length === 0 ? 'nobody' : refs.map(printRef).join(', ')
    return notAnApprover(`rule ${rule.id} is decided by ${who}`)
  }
  return terms.approvers === null || terms.approvers.includes(person)
    ? { ok: true }
    : notAnApprover(`rule ${rule.id} counts who could decide when it was asked; ask again`)
}

/**
 * Whether a vote of this person counts: `mayDecide`, and the rule's channels, the approver's
 * sign-in and no approving each other. The first code is told, with everything that is wanting.
 */
export const mayVote = (policy: Policy, elevation: Asked, vote: Vote): Eligibility => {
  const may = mayDecide(policy, elevation, vote.person)
  if (!may.ok) return may
  const rule = ruleIndex(policy).byId.get(elevation.terms.rule)
  if (rule?.approval.kind !== 'people') {
    return notAnApprover(`rule ${elevation.terms.rule} takes no votes`)
  }
  const { approval } = rule
  const wanting = voteConditions.flatMap(({ code, check }) => {
    const { met, message } = check(approval, vote)
    return met ? [] : [{ code, message }]
  })
  const [first] = wanting
  return first === undefined
    ? { ok: true }
    : { ok: false, code: first.code, message: wanting.map(({ message }) => message).join('; ') }
}

/**
 * Whether these votes are all that the rule asks for, then and now: the higher quorum of both of
 * distinct people, and every set served by people of its own. Only voters who may still decide
 * count. Of a rule that takes no votes now, met where none was asked for then either.
 */
export const votesMet = (
  policy: Policy,
  elevation: Asked,
  voters: readonly PersonId[]
): Votes => {
  const { terms } = elevation
  const rule = ruleIndex(policy).byId.get(terms.rule)
  if (rule === undefined) return { met: false, missing: goneRule(terms.rule) }
  const { approval } = rule
  if (approval.kind !== 'people') {
    return terms.quorum === 0
      ? { met: true, missing: '' }
      : { met: false, missing: `rule ${rule.id} takes no votes any more; ask again` }
  }
  const counted = [...new Set(voters)].flatMap((id) => {
    const person = mayDecide(policy, elevation, id).ok ? activePerson(policy, id) : null
    return person === null ? [] : [person]
  })
  const lacking = [
    ...new Set([...lackingOf(approval.sets, counted), ...lackingOf(terms.sets, counted)])
  ]
  const lacks = Math.max(terms.quorum, approval.quorum) - counted.length
  if (lacks <= 0 && lacking.length === 0) return { met: true, missing: '' }
  const more = lacks > 0 ? [`${lacks} more approval${lacks === 1 ? '' : 's'}`] : []
  return { met: false, missing: [...more, ...lacking].join(', ') }
}

const lackingOf = (sets: readonly ApprovalSet[], counted: readonly Person[]): readonly string[] => {
  const filled = filledSeats(sets, counted)
  return sets.flatMap(({ of, atLeast }, n) => {
    const lacks = atLeast - (filled[n] ?? 0)
    return lacks > 0 ? [`${lacks} of ${of.map(printRef).join(', ')}`] : []
  })
}

const voteConditions: readonly {
  readonly code: 'channel_not_allowed' | 'sign_in_too_weak' | 'reciprocal_approval'
  readonly check: (approval: PeopleApproval, vote: Vote) => Finding
}[] = [
  {
    code: 'channel_not_allowed',
    check: ({ via }, { presence }) => ({
      met: via.has(presence.via),
      message: `approved from ${presence.via}, may be approved from ${[...via].join(', ')}`
    })
  },
  {
    code: 'sign_in_too_weak',
    check: ({ signIn }, { presence, now }) => {
      const faults = signIn === null ? [] : signInFaults(signIn, presence, now)
      return { met: faults.length === 0, message: `sign in again: ${faults.join('; ')}` }
    }
  },
  {
    code: 'reciprocal_approval',
    check: ({ noReciprocalWithin: length }, { now, reciprocalAt }) => {
      if (length === null || reciprocalAt === null) return { met: true, message: '' }
      const when = `${iso(reciprocalAt)}, less than ${printDuration(length)} ago`
      return {
        met: now - reciprocalAt >= length * 1000,
        message: `the requester approved an ask of yours at ${when}; somebody else decides this one`
      }
    }
  }
]

/** Everybody who could decide an ask of somebody else under this rule, sorted. */
const approversOf = (policy: Policy, id: RuleId): readonly PersonId[] => {
  const index = ruleIndex(policy)
  const known = index.approvers.get(id)
  if (known !== undefined) return known
  const approval = index.byId.get(id)?.approval
  const refs = approval?.kind === 'people' ? approval.sets.flatMap(({ of }) => of) : []
  const found = peopleOf(policy, index, refs)
  index.approvers.set(id, found)
  return found
}

const decidersOf = ({ approval }: Rule): readonly SubjectRef[] => {
  switch (approval.kind) {
    case 'people':
      return approval.sets.flatMap(({ of }) => of)
    case 'auto':
      return []
    case 'breakGlass':
      return [...approval.notify, ...approval.review]
  }
}

const goneRule = (rule: RuleId): string =>
  `rule ${rule} is no longer in the policy; ask again`

const notAnApprover = (message: string): Eligibility => ({
  ok: false,
  code: 'not_an_approver',
  message
})
