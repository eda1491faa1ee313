/**
 * May this person ask this target for this long, and who decides? The one function behind preview,
 * submission and every channel. Default deny; any deny overrides every rule; what cannot be
 * evaluated denies. The order of files, rules and people never matters.
 * Rules add up: of several that let an ask through, the one that gives the asker most is taken, so
 * that taking a rule away can never give anybody more.
 */
import type { Ask, Terms } from '../elevation/elevation.ts'
import type { PersonId, RuleId, TargetId } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import { eligibleApprovers } from './approvers.ts'
import type { Circumstances } from './circumstances.ts'
import type { AskFor } from './conditions.ts'
import { type Case, type Judged, applyingDenies, caseOf, judge, rulesOf } from './judge.ts'
import { activePerson } from './people.ts'
import type { Policy, Rule } from './policy.ts'
import { add, applyingAnywhere, peopleOf, ruleIndex } from './rule-index.ts'
import { byId, narrower, termsOf } from './terms.ts'

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
  | {
      readonly kind: 'approved'
      readonly by: 'auto' | 'breakGlass'
      readonly rule: RuleId
      /** with a quorum of 0 */
      readonly terms: Terms
      /** whom a break-glass elevation is told to at once, sorted, without the requester */
      readonly notify: readonly PersonId[]
      readonly reasons: readonly Reason[]
    }
  | Denied

export type StillIssuable = { readonly kind: 'issue'; readonly terms: Terms } | Denied

/** A target somebody has rules on, and those rules. */
export type Offer = { readonly target: Target; readonly rules: readonly Rule[] }

/** The decision on an ask, at the stage `ask`. Stores nothing and asks nobody. */
export const decide = (
  policy: Policy,
  person: PersonId,
  ask: AskFor,
  circumstances: Circumstances
): Decision => {
  const about = caseOf(policy, person, ask, circumstances)
  if (about === null) return unknownTarget
  const theirs = rulesOf(about)
  if (theirs.rules.length === 0) return unknownTarget
  const denies = applyingDenies(about)
  const rules = theirs.rules.filter((rule) => isRuleFor(rule, ask))
  if (rules.length === 0) return denied([], [...denies, wrongRoute(ask)])
  const judged: Judged[] = []
  // the best comes first, so the first that is met is the one to take
  for (const rule of rules) {
    const one = judge(about, rule, theirs.isCertain)
    if (one.open.length === 0 && denies.length === 0) return allowed(about, one)
    judged.push(one)
  }
  return denied(judged, denies)
}

/**
 * Decides an elevation again at a later stage, under the rule it was asked by, and returns the
 * narrower of the terms then and now. A maximum that is now shorter than the ask does not deny: the
 * window is cut to `terms.maxDuration`. Whether the approvals still count is for `votesMet` to say.
 */
export const mayStillIssue = (
  policy: Policy,
  terms: Terms,
  ask: Ask,
  circumstances: Circumstances
): StillIssuable => {
  const about = caseOf(policy, ask.requester, ask, circumstances)
  if (about === null) return unknownTarget
  const theirs = rulesOf(about)
  if (theirs.rules.length === 0) return unknownTarget
  const denies = applyingDenies(about)
  const rule = theirs.rules.find((one) => one.id === terms.rule && isRuleFor(one, ask))
  if (rule === undefined) return denied([], [...denies, goneRule(terms.rule)])
  const judged = judge(about, rule, theirs.isCertain)
  if (judged.open.length > 0 || denies.length > 0) return denied([judged], denies)
  const now = termsOf(rule, eligibleApprovers(policy, rule.id, ask.requester))
  return { kind: 'issue', terms: narrower(terms, now) }
}

/**
 * Every target this person may ask for, with the rules that let them, both sorted by id. A deny
 * that applies at times only hides nothing here.
 */
export const offersFor = (policy: Policy, id: PersonId): readonly Offer[] => {
  const person = activePerson(policy, id)
  if (person === null) return []
  const index = ruleIndex(policy)
  const denies = applyingAnywhere(index.denies, person).filter(({ when }) => when.length === 0)
  if (denies.some(({ targets }) => targets === null)) return []
  const hidden = new Set(denies.flatMap(({ targets }) => targets ?? []))
  const offers = new Map<TargetId, Rule[]>()
  for (const rule of applyingAnywhere(index.rules, person)) {
    for (const target of rule.targets) if (!hidden.has(target)) add(offers, target, rule)
  }
  return [...offers]
    .flatMap(([of, rules]) => {
      const target = policy.targets.get(of)
      return target === undefined ? [] : [{ target, rules: rules.toSorted(byId) }]
    })
    .toSorted((a, b) => byId(a.target, b.target))
}

/** What was asked as break-glass is let through by such a rule only, and by it nothing else is. */
const isRuleFor = ({ approval }: Rule, { breakGlass }: AskFor): boolean =>
  breakGlass === (approval.kind === 'breakGlass')

const allowed = (about: Case, { rule, reasons }: Judged): Decision => {
  const { policy, index, person } = about
  const approvers = eligibleApprovers(policy, rule.id, person.id)
  const terms = termsOf(rule, approvers)
  const { approval } = rule
  switch (approval.kind) {
    case 'people':
      return { kind: 'needs_approval', rule: rule.id, terms, approvers, reasons }
    case 'auto':
      return { kind: 'approved', by: approval.kind, rule: rule.id, terms, notify: [], reasons }
    case 'breakGlass': {
      const told = peopleOf(policy, index, approval.notify)
      const notify = told.filter((id) => id !== person.id)
      return { kind: 'approved', by: approval.kind, rule: rule.id, terms, notify, reasons }
    }
  }
}

const denied = (rules: readonly Judged[], denies: readonly Reason[]): Denied => {
  const [nearest] = rules.toSorted(
    (a, b) => conditionsIn(a.open) - conditionsIn(b.open) || byId(a.rule, b.rule)
  )
  const reasons = [...denies, ...(nearest?.open ?? [])]
  return { kind: 'deny', code: 'policy_denied', nearest: nearest?.rule.id ?? null, reasons }
}

/** Several reasons of one condition are one step away from being let through. */
const conditionsIn = (reasons: readonly Reason[]): number =>
  new Set(reasons.map(({ condition }) => condition)).size

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

const wrongRoute = ({ target, breakGlass }: AskFor): Reason => ({
  outcome: 'unmet',
  rule: null,
  condition: 'route',
  message: breakGlass
    ? `no rule lets you break the glass of ${target}; ask for an approval`
    : `${target} may only be asked for as break-glass`
})
