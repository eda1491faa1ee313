/**
 * One ask held against the denies and rules of a policy: which of them are about this person and
 * target, and what each says. What cannot be evaluated is `failed`, for a deny as for a rule.
 */
import type { PersonId } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Target } from '../elevation/target.ts'
import type { Finding } from './caps.ts'
import { type Circumstances, hourOf } from './circumstances.ts'
import { type AskFor, checkConditions, failed, guarded } from './conditions.ts'
import { activePerson, isAmong, printRef } from './people.ts'
import type { Deny, Person, Policy, Rule } from './policy.ts'
import { type RuleIndex, applying, applyingToAnybody, ruleIndex } from './rule-index.ts'
import { isOpen, printWindows } from './when.ts'

/** All that a decision is about. */
export type Case = {
  readonly policy: Policy
  readonly index: RuleIndex
  readonly person: Person
  readonly target: Target
  readonly ask: AskFor
  readonly circumstances: Circumstances
}

export type Judged = {
  readonly rule: Rule
  readonly reasons: readonly Reason[]
  /** unmet or failed */
  readonly open: readonly Reason[]
}

/** `isCertain`: whether it could be told if the person is among those who may ask. */
export type Theirs = { readonly rules: readonly Rule[]; readonly isCertain: boolean }

/**
 * Null where the person is nobody or the target does not exist: from outside both look the same.
 */
export const caseOf = (
  policy: Policy,
  id: PersonId,
  ask: AskFor,
  circumstances: Circumstances
): Case | null => {
  const person = activePerson(policy, id)
  const target = policy.targets.get(ask.target)
  if (person === null || target === undefined) return null
  return { policy, index: ruleIndex(policy), person, target, ask, circumstances }
}

/** The person's rules on the target, best first; all rules on it where that cannot be evaluated. */
export const rulesOf = ({ index: { rules }, target, person }: Case): Theirs => {
  try {
    return { rules: applying(rules, target.id, person), isCertain: true }
  } catch {
    return { rules: applyingToAnybody(rules, target.id), isCertain: false }
  }
}

/** Every deny that hits, and every one of the target where that cannot be evaluated. */
export const applyingDenies = (about: Case): readonly Reason[] => {
  const { index, target, person } = about
  try {
    return applying(index.denies, target.id, person).flatMap((deny) => denyReason(about, deny))
  } catch {
    return applyingToAnybody(index.denies, target.id).map(({ id }) => failed(id, 'deny'))
  }
}

/** Every condition of a rule for this case. */
export const judge = (about: Case, rule: Rule, isCertain: boolean): Judged => {
  const { person, target, ask, circumstances } = about
  const asker = isCertain ? askerReason(rule, person) : failed(rule.id, 'requesters')
  const reasons = [asker, ...checkConditions({ target, ask, rule, circumstances })]
  return { rule, reasons, open: reasons.filter(({ outcome }) => outcome !== 'met') }
}

const denyReason = ({ ask, circumstances }: Case, { id, when }: Deny): readonly Reason[] => {
  const at = hourOf(ask, circumstances)
  const reason = guarded(id, 'deny', () => {
    if (when.length === 0) return hit(`deny ${id} applies to you; no rule overrides it`)
    if (!isOpen(when, at)) return null
    return hit(`deny ${id} applies to you ${printWindows(when, at)}; no rule overrides it`)
  })
  return reason === null ? [] : [reason]
}

const hit = (message: string): Finding => ({ met: false, message })

const askerReason = ({ id, requesters }: Rule, person: Person): Reason => {
  const through = requesters.find((ref) => isAmong(person, [ref]))
  const who = through === undefined ? person.id : printRef(through)
  return { outcome: 'met', rule: id, condition: 'requesters', message: `${who} may ask` }
}
