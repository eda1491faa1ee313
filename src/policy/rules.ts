/**
 * Rules and denies to their parsed form. Refused: lengths and patterns that cannot be read, a break
 * glass that is long or asks for nothing, and what `approval-issues.ts` finds impossible.
 */
import { parseDuration } from '../elevation/duration.ts'
import { type Seconds, parseRuleId, parseTargetId, seconds } from '../elevation/ids.ts'
import { approvalOf, channelsOf } from './approval-documents.ts'
import type { Path, SourceDocument } from './document.ts'
import { parseGlob } from './glob.ts'
import { errorAt, quote, warningAt } from './issue.ts'
import { refOf, textsAt } from './names.ts'
import { type Part, checked } from './part.ts'
import type { Caps, Deny, Guardrail, PolicyIssue, Rule } from './policy.ts'
import type { DenyDocument, RuleDocument } from './rule-schema.ts'
import { signInOf, whenOf } from './when-documents.ts'

/** Lengths and ticket patterns that cannot be read, whatever else is wrong with their rule. */
export const formIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => [
  ...lengthPlaces
    .flatMap((at) => textsAt(documents, at))
    .filter(({ text }) => parseDuration(text) === null)
    .map((named) => errorAt(named, 'bad_value', `${quote(named.text)} must be ${lengthForm}`)),
  ...textsAt(documents, ['rules', '*', 'require', 'ticket'])
    .filter(({ text }) => parseGlob(text) === null)
    .map((named) => errorAt(named, 'bad_value', `${quote(named.text)} must be ${globForm}`))
]

/** What contradicts itself within one rule. */
export const ruleIssues = (rule: Part<RuleDocument>): readonly PolicyIssue[] => [
  ...breakGlassIssues(rule),
  ...capIssues(rule),
  ...reminderIssues(rule),
  ...signInIssues(rule)
]

/** A rule whose document has no issues. */
export const ruleOf = (value: RuleDocument, guardrails: ReadonlyMap<string, Guardrail>): Rule => ({
  id: checked(parseRuleId(value.id)),
  targets: value.targets.map((target) => checked(parseTargetId(target))).toSorted(),
  requesters: value.requesters.map(refOf),
  maxDuration: lengthOf(value.maxDuration),
  activateWithin: lengthOf(value.activateWithin),
  ...(value.startAhead === undefined ? {} : { startAhead: lengthOf(value.startAhead) }),
  // what is left out is 1, so that both are one policy
  ...((value.extensions ?? 1) === 1 ? {} : { extensions: value.extensions }),
  mode: value.mode ?? 'brokered',
  when: whenOf(value.when),
  via: channelsOf(value.via),
  reasonMinLength: value.require?.reason?.minLength ?? 1,
  ticket: value.require?.ticket === undefined ? null : checked(parseGlob(value.require.ticket)),
  signIn: signInOf(value.require?.signIn),
  ...postureOf(value.require?.posture),
  caps: capsOf(value.caps),
  approval: approvalOf(value.approval),
  guardrail:
    value.guardrail === undefined ? null : checked(guardrails.get(value.guardrail) ?? null),
  endAfterRefusals: value.endAfterRefusals ?? null,
  revokeOnChange: value.revokeOnChange ?? false
})

/** A deny whose document has no issues. */
export const denyOf = (value: DenyDocument): Deny => ({
  id: checked(parseRuleId(value.id)),
  requesters: value.requesters.map(refOf),
  targets: value.targets?.map((target) => checked(parseTargetId(target))).toSorted() ?? null,
  when: whenOf(value.when)
})

const lengthPlaces = [
  ['rules', '*', 'maxDuration'],
  ['rules', '*', 'activateWithin'],
  ['rules', '*', 'startAhead'],
  ['rules', '*', 'require', 'signIn', 'within'],
  ['rules', '*', 'require', 'posture', 'within'],
  ['rules', '*', 'caps', 'perDay'],
  ['rules', '*', 'approval', 'within'],
  ['rules', '*', 'approval', 'signIn', 'within'],
  ['rules', '*', 'approval', 'noReciprocalWithin'],
  ['rules', '*', 'approval', 'remindAfter'],
  ['rules', '*', 'approval', 'escalateAfter'],
  ['tests', '*', 'ask', 'duration'],
  ['tests', '*', 'signIn', 'ago'],
  ['tests', '*', 'has', 'secondsInDay']
]
const lengthForm = 'a length with its unit, such as 45m, 4h or PT2H30M, of at most 366 days'
const globForm = 'literal ASCII text, <digits>, <letters> and *, of 1 to 100 characters'
const longestBreakGlass = seconds(3600)

const lengthOf = (text: string): Seconds => checked(parseDuration(text))

const postureOf = (
  gate: NonNullable<RuleDocument['require']>['posture']
): Pick<Rule, 'posture'> => {
  if (gate === undefined) return {}
  const block = Array.isArray(gate.block)
    ? ({ kind: 'codes', codes: gate.block.toSorted() } as const)
    : ({ kind: 'severity', floor: gate.block } as const)
  return { posture: { block, within: lengthOf(gate.within ?? '1h') } }
}

const capsOf = ({
  pending = 10,
  active = 1,
  perDay
}: NonNullable<RuleDocument['caps']> = {}): Caps => ({
  pending,
  active,
  perDay: perDay === undefined ? null : lengthOf(perDay)
})

const breakGlassIssues = ({
  document,
  path,
  value
}: Part<RuleDocument>): readonly PolicyIssue[] => {
  if (!('breakGlass' in value.approval)) return []
  const longest = parseDuration(value.maxDuration)
  const at = (...steps: readonly string[]) => ({ document, path: [...path, ...steps] })
  const needed = ['reason', 'ticket'] as const
  const planned = ['startAhead', 'extensions'] as const
  return [
    ...(longest !== null && longest > longestBreakGlass
      ? [errorAt(at('maxDuration'), 'contradiction', 'a break glass lasts at most 1h')]
      : []),
    ...needed
      .filter((key) => value.require?.[key] === undefined)
      .map((key) => errorAt(at('require', key), 'missing', `a break glass requires a ${key}`)),
    ...planned
      .filter((key) => value[key] !== undefined)
      .map((key) => errorAt(at(key), 'contradiction', 'a break glass is not planned or extended'))
  ]
}

const capIssues = ({ document, path, value }: Part<RuleDocument>): readonly PolicyIssue[] => {
  const perDay = parseDuration(value.caps?.perDay ?? '')
  const longest = parseDuration(value.maxDuration)
  if (perDay === null || longest === null || perDay >= longest) return []
  const message = `less than a single maxDuration of ${value.maxDuration}, which nobody ever gets`
  return [warningAt({ document, path: [...path, 'caps', 'perDay'] }, 'contradiction', message)]
}

/** Somebody is told at some time or nobody is, and before the ask lapses. */
const reminderIssues = ({
  document,
  path,
  value: { approval }
}: Part<RuleDocument>): readonly PolicyIssue[] => {
  if (!('within' in approval)) return []
  const at = (key: string) => ({ document, path: [...path, 'approval', key] })
  const { escalateAfter, escalateTo, within } = approval
  const pair = ['escalateAfter', 'escalateTo'] as const
  const isHalf = (escalateAfter === undefined) !== (escalateTo === undefined)
  const last = parseDuration(within)
  const late = (['remindAfter', 'escalateAfter'] as const).filter((key) => {
    const after = parseDuration(approval[key] ?? '')
    return after !== null && last !== null && after >= last
  })
  return [
    ...pair
      .filter((key) => isHalf && approval[key] === undefined)
      .map((key) => errorAt(at(key), 'missing', `${pair.join(' and ')} go together`)),
    ...late.map((key) =>
      warningAt(at(key), 'contradiction', `not before it lapses after ${within}`)
    )
  ]
}

/** What says how somebody signed in is a token, and Slack brings none. */
const signInIssues = ({ document, path, value }: Part<RuleDocument>): readonly PolicyIssue[] => {
  const { approval } = value
  const asks = value.require?.signIn !== undefined && isSlackOnly(value.via)
  const votes = 'within' in approval && approval.signIn !== undefined && isSlackOnly(approval.via)
  const unmet = (at: Path) =>
    warningAt({ document, path: [...path, ...at] }, 'contradiction', 'Slack says no signIn')
  return [...(asks ? [unmet(['via'])] : []), ...(votes ? [unmet(['approval', 'via'])] : [])]
}

const isSlackOnly = (via: readonly string[] = []): boolean => via.join(' ') === 'slack'
