/**
 * Rules and denies to their parsed form. Refused: lengths and patterns that cannot be read, and
 * rules that nobody could ever get approved: no active approver, or fewer than the quorum once the
 * requester, who never counts, is taken away.
 */
import { parseDuration } from '../elevation/duration.ts'
import { type PersonId, type Seconds, parseRuleId, parseTargetId } from '../elevation/ids.ts'
import type { Directory } from './directory.ts'
import type { SourceDocument } from './document.ts'
import { parseGlob } from './glob.ts'
import { type Place, errorAt, quote, warningAt } from './issue.ts'
import { splitRef, textsAt } from './names.ts'
import { type Part, checked } from './part.ts'
import { isAmong } from './people.ts'
import type { Deny, Person, PolicyIssue, Rule, SubjectRef } from './policy.ts'
import type { DenyDocument, RuleDocument } from './schema.ts'

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

/** Whether each rule can be used at all; ask only where every person and group could be read. */
export const approvalIssues = (
  rules: readonly Part<RuleDocument>[],
  { people }: Directory
): readonly PolicyIssue[] => {
  const active = [...people.values()].filter((person) => person.active)
  return rules.flatMap((rule) => quorumIssues(rule, active))
}

/** A rule whose document has no issues. */
export const ruleOf = (value: RuleDocument): Rule => ({
  id: checked(parseRuleId(value.id)),
  targets: value.targets.map((target) => checked(parseTargetId(target))).toSorted(),
  requesters: value.requesters.map(refOf),
  maxDuration: lengthOf(value.maxDuration),
  activateWithin: lengthOf(value.activateWithin),
  mode: value.mode ?? 'brokered',
  reasonMinLength: value.require?.reason?.minLength ?? 1,
  ticket: value.require?.ticket === undefined ? null : checked(parseGlob(value.require.ticket)),
  approval: {
    from: value.approval.from.map(refOf),
    quorum: value.approval.quorum,
    within: lengthOf(value.approval.within)
  }
})

/** A deny whose document has no issues. */
export const denyOf = (value: DenyDocument): Deny => ({
  id: checked(parseRuleId(value.id)),
  requesters: value.requesters.map(refOf),
  targets: value.targets?.map((target) => checked(parseTargetId(target))).toSorted() ?? null
})

/** `person:ID` or `group:NAME`, as the schema lets it through. */
export const refOf = (text: string): SubjectRef => {
  const [kind, name] = splitRef(text)
  return { kind: checked(kind), name }
}

const lengthPlaces = [
  ['rules', '*', 'maxDuration'],
  ['rules', '*', 'activateWithin'],
  ['rules', '*', 'approval', 'within']
]
const lengthForm = 'a length with its unit, such as 45m, 4h or PT2H30M, of at most 366 days'
const globForm = 'literal ASCII text, <digits>, <letters> and *, of 1 to 100 characters'

const lengthOf = (text: string): Seconds => checked(parseDuration(text))

const quorumIssues = (
  { document, path, value }: Part<RuleDocument>,
  active: readonly Person[]
): readonly PolicyIssue[] => {
  const at = (...steps: readonly string[]): Place => ({ document, path: [...path, ...steps] })
  const { quorum, from } = value.approval
  const approvers = among(active, from)
  if (approvers.size === 0) {
    return [errorAt(at('approval', 'from'), 'empty_approvers', 'no active person is in here')]
  }
  const requesters = [...among(active, value.requesters)]
  const unserved = requesters.filter((id) => approvers.size - Number(approvers.has(id)) < quorum)
  if (approvers.size < quorum || unserved.length > 0) {
    const whom = unserved.length > 0 ? ` for ${unserved.join(', ')}` : ''
    const there = `${approvers.size} active in from, and nobody approves their own ask`
    const message = `${quorum} approvals are not possible${whom}: ${there}`
    return [errorAt(at('approval', 'quorum'), 'impossible_quorum', message)]
  }
  return requesters.length > 0
    ? []
    : [warningAt(at('requesters'), 'nothing', 'no active person is in here; nobody can ask')]
}

const among = (people: readonly Person[], texts: readonly string[]): ReadonlySet<PersonId> => {
  const refs = texts.map(refOf)
  return new Set(people.filter((person) => isAmong(person, refs)).map(({ id }) => id))
}
