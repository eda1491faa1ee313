/**
 * Two rules compared, setting by setting, by what they give to the person asking. Who may ask and
 * for which targets is not looked at here, nor whether the people behind a group are the same: who
 * joins the approvers is told of them.
 */
import { printDuration } from '../elevation/duration.ts'
import { type Seconds, seconds } from '../elevation/ids.ts'
import { type GuardrailPart, compareGuardrails } from './diff-guardrails.ts'
import {
  type Compare,
  type Side,
  byInclusion,
  exactly,
  isWithin,
  itemsGive,
  itemsTake,
  largerGivesMore,
  noneGivesLeast,
  noneGivesMost,
  smallerGivesMore
} from './diff-sides.ts'
import { compareWindows, printWhen } from './diff-windows.ts'
import type { Both } from './difference.ts'
import type { Members } from './members.ts'
import { printRef } from './people.ts'
import { severities } from './finding-codes.ts'
import { printBlock } from './gate.ts'
import type { PeopleApproval, PostureGate, Rule, SignIn, SubjectRef } from './policy.ts'
import { printSignIn } from './sign-in.ts'

export type Setting =
  | 'maxDuration'
  | 'activateWithin'
  | 'startAhead'
  | 'extensions'
  | 'mode'
  | 'when'
  | 'via'
  | 'reason'
  | 'ticket'
  | 'signIn'
  | 'caps.pending'
  | 'caps.active'
  | 'caps.perDay'
  | 'approvals'
  | 'approval.from'
  | 'approval.within'
  | 'approval.via'
  | 'approval.signIn'
  | 'approval.membershipAsOf'
  | 'approval.noReciprocalWithin'
  | 'approval.remindAfter'
  | 'approval.escalateAfter'
  | 'approval.escalateTo'
  | 'auto.perDay'
  | 'breakGlass.notify'
  | 'breakGlass.review'
  | 'breakGlass.channel'
  | 'endAfterRefusals'
  | 'posture.block'
  | 'posture.within'
  | 'revokeOnChange'
  | GuardrailPart

/** A setting that differs; `from` and `to` for people, null = none. */
export type Facet = {
  readonly what: Setting
  readonly side: Exclude<Side, 'same'>
  readonly from: string | null
  readonly to: string | null
}

/** Every setting in which they differ; both are break-glass rules, or neither is. */
export const compareRules = (
  before: Rule,
  after: Rule,
  members: Both<Members>
): readonly Facet[] => {
  const both = { before, after }
  return [
    facet('maxDuration', both, (rule) => rule.maxDuration, largerGivesMore, printLength),
    approvals(both),
    ...peopleFacets(both, members),
    ...glassFacets(both),
    facet('auto.perDay', both, autoPerDay, noneGivesMost(largerGivesMore), String),
    facet('mode', both, ({ mode }) => mode, modeSide, String),
    facet('when', both, ({ when }) => when, compareWindows, (when) => printWhen(when) ?? 'always'),
    facet('via', both, ({ via }) => via, itemsGive, printItems),
    facet('reason', both, ({ reasonMinLength }) => reasonMinLength, smallerGivesMore, String),
    facet('ticket', both, ({ ticket }) => ticket?.text ?? null, noneGivesMost(ticketSide), String),
    facet('signIn', both, ({ signIn }) => signIn, signInSide, printSignIn),
    facet('caps.pending', both, ({ caps }) => caps.pending, largerGivesMore, String),
    facet('caps.active', both, ({ caps }) => caps.active, largerGivesMore, String),
    facet('caps.perDay', both, perDay, noneGivesMost(largerGivesMore), printLength),
    facet('activateWithin', both, (rule) => rule.activateWithin, largerGivesMore, printLength),
    facet('startAhead', both, startAhead, noneGivesLeast(largerGivesMore), printLength),
    facet('extensions', both, extensions, largerGivesMore, String),
    facet('posture.block', both, gateOf, noneGivesMost(blockSide), printBlock),
    facet('posture.within', both, seenWithin, noneGivesMost(largerGivesMore), printLength),
    facet('endAfterRefusals', both, endAfter, noneGivesMost(largerGivesMore), String),
    facet('revokeOnChange', both, (rule) => rule.revokeOnChange, trueGivesLess, String),
    ...compareGuardrails(before.guardrail, after.guardrail)
  ].filter(differs)
}

/** `up to 4h, 1 approval, credentials` */
export const printRule = ({ maxDuration, approval, mode }: Rule): string => {
  const quorum = quorumOf({ approval })
  const by = {
    people: () => (quorum === 1 ? '1 approval' : `${quorum} approvals`),
    auto: () => 'no approval',
    breakGlass: () => 'no approval before'
  }
  return `up to ${printDuration(maxDuration)}, ${by[approval.kind]()}, ${mode}`
}

type AnyFacet = Omit<Facet, 'side'> & { readonly side: Side }
type Pair<T> = { readonly before: T; readonly after: T }

const differs = (one: AnyFacet): one is Facet => one.side !== 'same'

const facet = <R, T>(
  what: Setting,
  { before, after }: Pair<R>,
  read: (rule: R) => T,
  compare: Compare<T>,
  print: (value: NonNullable<T>) => string
): AnyFacet => {
  const [from, to] = [read(before), read(after)]
  const show = (value: T): string | null =>
    value === null || value === undefined ? null : print(value)
  return { what, side: compare(from, to), from: show(from), to: show(to) }
}

const approvals = (both: Pair<Rule>): AnyFacet =>
  facet('approvals', both, quorumOf, smallerGivesMore, String)

const perDay = ({ caps }: Rule): Seconds | null => caps.perDay

const quorumOf = ({ approval }: Pick<Rule, 'approval'>): number =>
  approval.kind === 'people' ? approval.quorum : 0

const endAfter = ({ endAfterRefusals }: Rule): number | null => endAfterRefusals

const gateOf = ({ posture }: Rule): PostureGate | null => posture ?? null

const seenWithin = ({ posture }: Rule): Seconds | null => posture?.within ?? null

/** Of a severity and a list of codes nobody can say which is more. */
const blockSide: Compare<PostureGate> = ({ block: before }, { block: after }) => {
  if (before.kind === 'codes' && after.kind === 'codes') return itemsTake(before.codes, after.codes)
  if (before.kind === 'codes' || after.kind === 'codes') return 'other'
  return smallerGivesMore(severities.indexOf(before.floor), severities.indexOf(after.floor))
}

const startAhead = (rule: Rule): Seconds | null => rule.startAhead ?? null

const extensions = (rule: Rule): number => rule.extensions ?? 1

const trueGivesLess: Compare<boolean> = (before, after) =>
  smallerGivesMore(Number(before), Number(after))

const autoPerDay = ({ approval }: Rule): number | null =>
  approval.kind === 'auto' ? approval.perDay : null

const peopleFacets = (
  { before, after }: Pair<Rule>,
  members: Both<Members>
): readonly AnyFacet[] => {
  const [old, now] = [before.approval, after.approval]
  if (old.kind !== 'people' || now.kind !== 'people') return []
  const both = { before: old, after: now }
  const setsSide = byInclusion(
    isStricter(old, now, { strict: members.old, loose: members.now }),
    isStricter(now, old, { strict: members.now, loose: members.old })
  )
  return [
    facet('approval.from', both, (one) => one, () => setsSide, printSets),
    facet('approval.within', both, ({ within }) => within, largerGivesMore, printLength),
    facet('approval.via', both, ({ via }) => via, itemsGive, printItems),
    facet('approval.signIn', both, ({ signIn }) => signIn, signInSide, printSignIn),
    facet('approval.membershipAsOf', both, asOf, membershipSide, String),
    facet('approval.noReciprocalWithin', both, reciprocal, reciprocalSide, printLength),
    // being told more is neither more nor less for who asks
    facet('approval.remindAfter', both, remindAfter, exactly, printLength),
    facet('approval.escalateAfter', both, escalateAfter, exactly, printLength),
    facet('approval.escalateTo', both, escalateTo, exactly, String)
  ]
}

const glassFacets = ({ before, after }: Pair<Rule>): readonly AnyFacet[] => {
  const [old, now] = [before.approval, after.approval]
  if (old.kind !== 'breakGlass' || now.kind !== 'breakGlass') return []
  const both = { before: old, after: now }
  return [
    // fewer are told, or more may close the review
    facet('breakGlass.notify', both, ({ notify }) => notify.map(printRef), itemsTake, printItems),
    facet('breakGlass.review', both, ({ review }) => review.map(printRef), itemsGive, printItems),
    facet('breakGlass.channel', both, ({ channel }) => channel, noneGivesMost(exactly), String)
  ]
}

/**
 * Whether all votes that satisfy the sets of `strict` satisfy those of `loose`: each set of `loose`
 * has its own among those of `strict` that asks at least as many out of no others.
 */
const isStricter = (
  strict: PeopleApproval,
  loose: PeopleApproval,
  members: { readonly strict: Members; readonly loose: Members }
): boolean => {
  const isPart = (some: readonly SubjectRef[], all: readonly SubjectRef[]): boolean =>
    isWithin(some.map(printRef), new Set(all.map(printRef))) ||
    isWithin(members.strict.among(some), members.loose.among(all))
  if (!isPart(everybody(strict), everybody(loose))) return false
  const [only, ...others] = loose.sets
  // the quorum says how many of the one set are needed, and is compared by itself
  const needed = others.length === 0 ? [{ ...only, atLeast: 0 }] : loose.sets
  const left = [...strict.sets]
  return needed.every(({ of, atLeast }) => {
    const found = left.findIndex((set) => set.atLeast >= atLeast && isPart(set.of, of))
    if (found >= 0) left.splice(found, 1)
    return found >= 0
  })
}

const everybody = ({ sets }: PeopleApproval): readonly SubjectRef[] => sets.flatMap(({ of }) => of)

const printSets = ({ sets }: PeopleApproval): string => {
  const [only, ...others] = sets
  const names = (refs: readonly SubjectRef[]): string => refs.map(printRef).toSorted().join(' or ')
  if (others.length === 0) return names(only.of)
  return sets.map(({ of, atLeast }) => `${atLeast} of ${names(of)}`).join(' and ')
}

/** Two patterns may overlap in any way; only the one that lets every ticket through is known. */
const ticketSide: Compare<string> = (before, after) => {
  if (before === after) return 'same'
  return byInclusion(after === '*', before === '*')
}

const asOf = (approval: PeopleApproval): 'request' | 'now' => approval.membershipAsOf

const reciprocal = (approval: PeopleApproval): Seconds | null => approval.noReciprocalWithin

const remindAfter = ({ reminders }: PeopleApproval): Seconds | null =>
  reminders?.remindAfter ?? null

const escalateAfter = ({ reminders }: PeopleApproval): Seconds | null =>
  reminders?.escalate?.after ?? null

const escalateTo = ({ reminders }: PeopleApproval): string | null =>
  reminders?.escalate ? printItems(reminders.escalate.to.map(printRef)) : null

const reciprocalSide = noneGivesMost(smallerGivesMore)

const membershipSide: Compare<'request' | 'now'> = (before, after) =>
  largerGivesMore(Number(before === 'now'), Number(after === 'now'))

const modeSide: Compare<Rule['mode']> = (before, after) =>
  largerGivesMore(Number(before === 'credentials'), Number(after === 'credentials'))

const signInSide = noneGivesMost<SignIn>((before, after) => {
  const parts = [
    noneGivesMost(largerGivesMore)(before.within, after.within),
    noneGivesMost(itemsGive)(before.acr, after.acr),
    itemsTake(before.amr, after.amr)
  ]
  const isNever = (side: Side): boolean => parts.every((part) => part !== side && part !== 'other')
  return byInclusion(isNever('less'), isNever('more'))
})

const printLength = (length: number): string => printDuration(seconds(length))

const printItems = (items: Iterable<string>): string => [...items].toSorted().join(', ')
