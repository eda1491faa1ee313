/**
 * May this person ask this target for this long, and who decides? The one function behind preview,
 * submission and every channel. Default deny; any deny overrides every rule; what cannot be
 * evaluated denies. The order of files, rules and people never matters.
 * Rules add up: of several that let an ask through, the one that gives the asker most is taken, so
 * that taking a rule away can never give anybody more.
 */
import type { Ask, Terms } from '../elevation/elevation.ts'
import { type Instant, type PersonId, type RuleId, shortest } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import { eligibleApprovers } from './approvers.ts'
import {
  type AskFor,
  type Question,
  checkCondition,
  conditionNames,
  guarded
} from './conditions.ts'
import { activePerson, isAmong } from './people.ts'
import type { Deny, Person, Policy, Rule } from './policy.ts'

/** Refused: `reasons` are all unmet or failed conditions of the denies and of the nearest rule. */
export type Denied = {
  readonly kind: 'deny'
  /** `unknown_target` is also the answer where no rule lets this person ask for it at all */
  readonly code: 'unknown_target' | 'policy_denied'
  /** the rule that came closest to letting the ask through, where the person has one */
  readonly nearest: RuleId | null
  readonly reasons: readonly Reason[]
}

export type Decision =
  | {
      readonly kind: 'needs_approval'
      readonly rule: RuleId
      readonly terms: Terms
      /** sorted; the requester is never among them */
      readonly approvers: readonly PersonId[]
      /** the conditions that were met */
      readonly reasons: readonly Reason[]
    }
  | Denied

export type StillIssuable = { readonly kind: 'issue'; readonly terms: Terms } | Denied

/** A target somebody has rules on, and those rules. */
export type Offer = { readonly target: Target; readonly rules: readonly Rule[] }

/** The decision on an ask at `now`. Stores nothing and asks nobody. */
export const decide = (policy: Policy, person: PersonId, ask: AskFor, now: Instant): Decision => {
  const judged = judge(policy, person, ask, now)
  if (judged.kind === 'deny') return judged
  const [best] = judged.rules.filter(({ open }) => open.length === 0).toSorted(byMostGiven)
  if (best === undefined) return denied(judged.rules, [])
  const { rule, reasons } = best
  const approvers = eligibleApprovers(policy, rule.id, person)
  return { kind: 'needs_approval', rule: rule.id, terms: termsOf(rule), approvers, reasons }
}

/**
 * Decides an approved ask again, under the rule it was approved by, and returns the narrower of the
 * terms then and now: shortest lengths, highest quorum, brokered over credentials. A maximum that
 * is now shorter than the ask does not deny: the window is cut to `terms.maxDuration`. Whether the
 * approvals still count is for `mayApprove` to say of each.
 */
export const mayStillIssue = (
  policy: Policy,
  terms: Terms,
  ask: Ask,
  now: Instant
): StillIssuable => {
  const judged = judge(policy, ask.requester, ask, now)
  if (judged.kind === 'deny') return judged
  const found = judged.rules.find(({ rule }) => rule.id === terms.rule)
  if (found === undefined) return denied([], [goneRule(terms.rule)])
  const open = found.open.filter(({ condition, outcome }) => {
    return condition !== 'duration' || outcome === 'failed'
  })
  return open.length > 0
    ? denied([{ ...found, open }], [])
    : { kind: 'issue', terms: narrower(terms, termsOf(found.rule)) }
}

/** Every target this person may ask for, with the rules that let them, both sorted by id. */
export const offersFor = (policy: Policy, id: PersonId): readonly Offer[] => {
  const person = activePerson(policy, id)
  if (person === null) return []
  return [...policy.targets.values()]
    .filter((target) => !policy.denies.some((deny) => covers(deny, target) && hits(deny, person)))
    .map((target) => {
      return { target, rules: policy.rules.filter(rulesOf(target, person)).toSorted(byId) }
    })
    .filter(({ rules }) => rules.length > 0)
    .toSorted((a, b) => byId(a.target, b.target))
}

type Judged = {
  readonly rule: Rule
  readonly reasons: readonly Reason[]
  /** unmet or failed */
  readonly open: readonly Reason[]
}

/**
 * Every rule this person has on the target, with all its conditions, unless a deny applies. Without
 * such a rule the answer is the same whether the target exists, is denied, or was made up.
 */
const judge = (
  policy: Policy,
  id: PersonId,
  ask: AskFor,
  now: Instant
): { readonly kind: 'rules'; readonly rules: readonly Judged[] } | Denied => {
  const person = activePerson(policy, id)
  const target = policy.targets.get(ask.target)
  if (person === null || target === undefined) return unknownTarget
  const rules = judgeRules(policy, { person, target, ask, now })
  if (rules.length === 0) return unknownTarget
  const denies = policy.denies
    .filter((deny) => covers(deny, target))
    .toSorted(byId)
    .map((deny) => guarded(deny.id, 'deny', () => denyFinding(deny, person)))
    .filter(({ outcome }) => outcome !== 'met')
  return denies.length > 0 ? denied(rules, denies) : { kind: 'rules', rules }
}

const judgeRules = (policy: Policy, question: Omit<Question, 'rule'>): readonly Judged[] =>
  policy.rules
    .filter((rule) => rule.targets.includes(question.target.id))
    .flatMap((rule) => {
      const asker = guarded(rule.id, 'requesters', () => requesterFinding(rule, question.person))
      if (asker.outcome === 'unmet') return []
      const rest = conditionNames.map((name) => checkCondition(name, { ...question, rule }))
      const reasons = [asker, ...rest]
      return [{ rule, reasons, open: reasons.filter(({ outcome }) => outcome !== 'met') }]
    })

const requesterFinding = (rule: Rule, person: Person) => ({
  met: isAmong(person, rule.requesters),
  message: 'you are among those who may ask'
})

const denyFinding = (deny: Deny, person: Person) => ({
  met: !hits(deny, person),
  message: `deny ${deny.id} applies to you; no rule overrides it`
})

const hits = (deny: Deny, person: Person): boolean => isAmong(person, deny.requesters)

const covers = (deny: Deny, target: Target): boolean =>
  deny.targets === null || deny.targets.includes(target.id)

const rulesOf = (target: Target, person: Person) => (rule: Rule): boolean =>
  rule.targets.includes(target.id) && isAmong(person, rule.requesters)

const denied = (rules: readonly Judged[], denies: readonly Reason[]): Denied => {
  const [nearest] = rules.toSorted(
    (a, b) => a.open.length - b.open.length || byId(a.rule, b.rule)
  )
  const reasons = [...denies, ...(nearest?.open ?? [])]
  return { kind: 'deny', code: 'policy_denied', nearest: nearest?.rule.id ?? null, reasons }
}

const unknownTarget: Denied = {
  kind: 'deny',
  code: 'unknown_target',
  nearest: null,
  reasons: []
}

const goneRule = (rule: RuleId): Reason => ({
  outcome: 'unmet',
  rule,
  condition: 'rule',
  message: `rule ${rule} no longer lets you ask for this target; ask again`
})

const termsOf = (rule: Rule): Terms => ({
  rule: rule.id,
  mode: rule.mode,
  maxDuration: rule.maxDuration,
  quorum: rule.approval.quorum,
  within: rule.approval.within,
  activateWithin: rule.activateWithin
})

const narrower = (then: Terms, now: Terms): Terms => ({
  rule: then.rule,
  mode: then.mode === 'brokered' ? then.mode : now.mode,
  maxDuration: shortest(then.maxDuration, now.maxDuration),
  quorum: Math.max(then.quorum, now.quorum),
  within: shortest(then.within, now.within),
  activateWithin: shortest(then.activateWithin, now.activateWithin)
})

/** Fewest approvals, then credentials over brokered, then the longer lengths, then the id. */
const byMostGiven = ({ rule: a }: Judged, { rule: b }: Judged): number =>
  a.approval.quorum - b.approval.quorum ||
  Number(a.mode === 'brokered') - Number(b.mode === 'brokered') ||
  b.maxDuration - a.maxDuration ||
  b.activateWithin - a.activateWithin ||
  b.approval.within - a.approval.within ||
  byId(a, b)

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  Number(a.id > b.id) - Number(a.id < b.id)
