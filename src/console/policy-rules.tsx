/** A rule in words: who may ask for what, for how long, and who decides. */
import type { VNode } from 'preact'
import { printDuration } from '../elevation/duration.ts'
import { isAmong, printRef } from '../policy/people.ts'
import type { Policy, Rule, SubjectRef } from '../policy/policy.ts'
import { printSignIn } from '../policy/sign-in.ts'
import { printWindow } from '../policy/when.ts'
import { Card, Facts } from './pieces.tsx'
import { audit } from './words-audit.ts'

const words = audit.policy

/** So many are shown on one page. */
export const rulesPerPage = 20

export const RuleCard = ({
  policy,
  rule
}: {
  readonly policy: Policy
  readonly rule: Rule
}): VNode => (
  <Card title={rule.id} aside={rule.mode}>
    <Facts
      of={[
        [words.mayAsk, whoText(policy, rule.requesters)],
        [words.targets, few(rule.targets)],
        [words.length, printDuration(rule.maxDuration)],
        [words.decides, decides(policy, rule)],
        [words.needs, needs(rule)],
        [
          words.caps,
          [
            `${rule.caps.active} open`,
            `${rule.caps.pending} pending`,
            ...(rule.caps.perDay === null ? [] : [`${printDuration(rule.caps.perDay)} a day`])
          ].join(', ')
        ],
        rule.guardrail === null ? null : [words.guardrail, rule.guardrail.id],
        rule.when.length === 0 ? null : [words.when, rule.when.map(printWindow).join('; ')]
      ]}
    />
  </Card>
)

const decides = (policy: Policy, { approval }: Rule): string => {
  switch (approval.kind) {
    case 'auto':
      return words.auto(approval.perDay)
    case 'breakGlass':
      return `${words.never}: ${whoText(policy, approval.review)}`
    case 'people': {
      const [only, ...more] = approval.sets
      if (more.length === 0) return `${words.quorum(approval.quorum)} ${whoText(policy, only.of)}`
      const sets = approval.sets.map(
        ({ of, atLeast }) => `${words.atLeast(atLeast)} ${whoText(policy, of)}`
      )
      return `${words.quorum(approval.quorum)}: ${sets.join('; ')}`
    }
  }
}

const needs = (rule: Rule): string =>
  [
    `reason of ${rule.reasonMinLength} characters`,
    ...(rule.ticket === null ? [] : [`ticket ${rule.ticket.text}`]),
    ...(rule.signIn === null ? [] : [printSignIn(rule.signIn)])
  ].join(', ')

/** The groups as written, and how many people that is now. */
const whoText = (policy: Policy, refs: readonly SubjectRef[]): string => {
  const count = [...policy.people.values()].filter(
    (person) => person.active && isAmong(person, refs)
  ).length
  return `${refs.map(printRef).join(', ')} (${count === 0 ? words.nobody : words.people(count)})`
}

const mostListed = 20

const few = (names: readonly string[]): string =>
  names.length > mostListed
    ? `${names.slice(0, mostListed).join(', ')} +${names.length - mostListed}`
    : names.join(', ')
