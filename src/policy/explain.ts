/**
 * One decision told in full, for whoever writes the policy: the same `decide` as every channel, and
 * beside it what the asker is not told, such as that a target exists which no rule gives them.
 */
import type { Mode } from '../elevation/elevation.ts'
import type { PersonId, Seconds } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Circumstances } from './circumstances.ts'
import type { AskFor } from './conditions.ts'
import { type Decision, decide } from './decide.ts'
import { printRef } from './people.ts'
import type { Channel, Policy, SignIn } from './policy.ts'

/** What an ask that is let through comes with. */
export type Obligations = {
  readonly mode: Mode
  readonly maxDurationSeconds: Seconds
  /** different people who have to approve; 0 = none */
  readonly quorum: number
  /** so many different people out of each */
  readonly sets: readonly { readonly of: readonly string[]; readonly atLeast: number }[]
  readonly approvalVia: readonly Channel[]
  readonly approvalSignIn: SignIn | null
  readonly withinSeconds: Seconds
  readonly activateWithinSeconds: Seconds
  /** how far ahead a start may be scheduled; null = it may not be */
  readonly startAheadSeconds: Seconds | null
  /** extensions in a row */
  readonly extensions: number
  /** id of the guardrail; null = none beyond the target's tables */
  readonly guardrail: string | null
  /** who reviews it afterwards, where nobody approves it before */
  readonly review: readonly string[]
}

export type Explanation = {
  readonly decision: Decision['kind']
  /** what approved it, where nobody has to */
  readonly by: 'auto' | 'breakGlass' | null
  /** the rule it falls under; for a denial the one that came closest */
  readonly rule: string | null
  readonly reasons: readonly Reason[]
  readonly approvers: readonly PersonId[]
  readonly notify: readonly PersonId[]
  /** people who would get a message at once */
  readonly pinged: number
  /** null = denied */
  readonly obligations: Obligations | null
}

/** Decides the ask and tells everything about it. Stores nothing and asks nobody. */
export const explain = (
  policy: Policy,
  person: PersonId,
  ask: AskFor,
  circumstances: Circumstances
): Explanation => {
  const decision = decide(policy, person, ask, circumstances)
  const nobody = { by: null, approvers: [], notify: [], pinged: 0 }
  switch (decision.kind) {
    case 'needs_approval': {
      const { kind, rule, reasons, approvers } = decision
      const given = { rule, reasons, obligations: obligationsOf(policy, decision) }
      return { ...nobody, ...given, decision: kind, approvers, pinged: approvers.length }
    }
    case 'approved': {
      const { kind, by, rule, reasons, notify } = decision
      const given = { rule, reasons, obligations: obligationsOf(policy, decision) }
      return { ...nobody, ...given, decision: kind, by, notify, pinged: notify.length }
    }
    case 'deny': {
      const { kind, code, nearest } = decision
      const reasons =
        code === 'unknown_target'
          ? [...decision.reasons, whyUnknown(policy, person, ask)]
          : decision.reasons
      return { ...nobody, decision: kind, rule: nearest, reasons, obligations: null }
    }
  }
}

const obligationsOf = (
  policy: Policy,
  { rule: id, terms }: Exclude<Decision, { kind: 'deny' }>
): Obligations => {
  const rule = policy.rules.find((one) => one.id === id)
  const approval = rule?.approval.kind === 'people' ? rule.approval : null
  return {
    mode: terms.mode,
    maxDurationSeconds: terms.maxDuration,
    quorum: terms.quorum,
    sets: approval?.sets.map(({ of, atLeast }) => ({ of: of.map(printRef), atLeast })) ?? [],
    approvalVia: approval === null ? [] : [...approval.via].toSorted(),
    approvalSignIn: approval?.signIn ?? null,
    withinSeconds: terms.within,
    activateWithinSeconds: terms.activateWithin,
    startAheadSeconds: rule?.startAhead ?? null,
    extensions: rule?.extensions ?? 1,
    guardrail: rule?.guardrail?.id ?? null,
    review: rule?.approval.kind === 'breakGlass' ? rule.approval.review.map(printRef) : []
  }
}

/** The asker hears the same words in each of these cases; the policy's author needs to know. */
const whyUnknown = (policy: Policy, id: PersonId, ask: AskFor): Reason => {
  const person = policy.people.get(id)
  if (!person?.active) return unmet('person', `${id} is not an active person of the policy`)
  if (!policy.targets.has(ask.target)) {
    const known = names(policy.targets.keys())
    return unmet('target', `there is no target ${ask.target}; there are: ${known}`)
  }
  const rules = policy.rules.filter(({ targets }) => targets.includes(ask.target))
  if (rules.length === 0) return unmet('rule', `no rule is about ${ask.target}`)
  const asked = rules.map((rule) => `${rule.id} (${rule.requesters.map(printRef).join(', ')})`)
  const groups = person.groups.size === 0 ? 'no group' : names(person.groups)
  return unmet('requesters', `${id} is in ${groups}; the rules on it are ${asked.join('; ')}`)
}

const unmet = (condition: string, message: string): Reason => ({
  outcome: 'unmet',
  rule: null,
  condition,
  message
})

const names = (all: Iterable<string>): string => {
  const sorted = [...all].toSorted()
  const more = sorted.length - 10
  return more > 0 ? `${sorted.slice(0, 10).join(', ')} and ${more} more` : sorted.join(', ')
}
