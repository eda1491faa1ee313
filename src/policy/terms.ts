/**
 * The terms a rule gives: of two rules which gives the asker more, and of then and now what is
 * narrower. Both orders are total, so that no order of rules decides anything.
 */
import type { Terms } from '../elevation/elevation.ts'
import { type PersonId, type Seconds, shortest } from '../elevation/ids.ts'
import type { Rule } from './policy.ts'

/** The terms of an ask under this rule; `eligible`: who could decide it now, sorted. */
export const termsOf = (rule: Rule, eligible: readonly PersonId[]): Terms => ({
  rule: rule.id,
  mode: rule.mode,
  ...(rule.revokeOnChange && { revokeOnChange: true }),
  ...(rule.guardrail === null ? {} : { guardrail: rule.guardrail.id }),
  maxDuration: rule.maxDuration,
  quorum: quorumOf(rule),
  approvers:
    rule.approval.kind === 'people' && rule.approval.membershipAsOf === 'request' ? eligible : null,
  sets: rule.approval.kind === 'people' ? rule.approval.sets : [],
  within: withinOf(rule),
  activateWithin: rule.activateWithin
})

/**
 * What both terms of one rule allow: the shortest lengths, the highest quorum, only approvers of
 * both, brokered over credentials. The sets stay those of then; `votesMet` asks for those of now
 * too.
 */
export const narrower = (then: Terms, now: Terms): Terms => ({
  rule: then.rule,
  mode: then.mode === 'brokered' ? then.mode : now.mode,
  ...((then.revokeOnChange ?? now.revokeOnChange) && { revokeOnChange: true }),
  ...(then.guardrail === undefined ? {} : { guardrail: then.guardrail }),
  maxDuration: shortest(then.maxDuration, now.maxDuration),
  quorum: Math.max(then.quorum, now.quorum),
  approvers: ofBoth(then.approvers, now.approvers),
  sets: then.sets,
  within: shortest(then.within, now.within),
  activateWithin: shortest(then.activateWithin, now.activateWithin)
})

/**
 * Fewest approvals, then out of fewer sets, credentials over brokered, no guardrail, the longer
 * lengths, more refused queries, no end by a new policy, the id.
 */
export const byMostGiven = (a: Rule, b: Rule): number =>
  quorumOf(a) - quorumOf(b) ||
  setsOf(a) - setsOf(b) ||
  Number(a.mode === 'brokered') - Number(b.mode === 'brokered') ||
  Number(a.guardrail !== null) - Number(b.guardrail !== null) ||
  b.maxDuration - a.maxDuration ||
  b.activateWithin - a.activateWithin ||
  withinOf(b) - withinOf(a) ||
  refusalsOf(b) - refusalsOf(a) ||
  Number(a.revokeOnChange) - Number(b.revokeOnChange) ||
  byId(a, b)

/** Ids in the order of their code units, which is the same on every machine. */
export const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  Number(a.id > b.id) - Number(a.id < b.id)

const quorumOf = ({ approval }: Rule): number => (approval.kind === 'people' ? approval.quorum : 0)

const refusalsOf = ({ endAfterRefusals }: Rule): number =>
  endAfterRefusals ?? Number.MAX_SAFE_INTEGER

const setsOf = ({ approval }: Rule): number =>
  approval.kind === 'people' ? approval.sets.length : 0

/** What is approved at once is never pending; its use is all that is waited for. */
const withinOf = ({ approval, activateWithin }: Rule): Seconds =>
  approval.kind === 'people' ? approval.within : activateWithin

const ofBoth = (
  then: readonly PersonId[] | null,
  now: readonly PersonId[] | null
): readonly PersonId[] | null => {
  if (then === null || now === null) return then ?? now
  const both = new Set(now)
  return then.filter((id) => both.has(id))
}
