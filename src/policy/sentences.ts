/** What a rule demands and why it lets an ask through, in the words that every edge shows. */
import { printDuration } from '../elevation/duration.ts'
import type { Elevation } from '../elevation/elevation.ts'
import { printRef } from './people.ts'
import type { PeopleApproval, Rule } from './policy.ts'

/** Who has to approve: `1 of group:privacy`, or the sets that make it up. */
export const quorumSentence = ({ sets, quorum }: PeopleApproval): string => {
  const all = sets.map(({ of, atLeast }) => `${atLeast} of ${of.map(printRef).join(', ')}`)
  const [first] = sets
  return sets.length === 1 && first.atLeast === quorum
    ? all.join('')
    : `${quorum} in all: ${all.join(' and ')}`
}

const approvalSentence = (approval: Rule['approval']): string => {
  switch (approval.kind) {
    case 'people':
      return `To be approved it takes ${quorumSentence(approval)}.`
    case 'auto':
      return `It is approved by itself, at most ${approval.perDay} times a day.`
    case 'breakGlass':
      return 'Nobody approves it before; it is reviewed afterwards.'
  }
}

/**
 * Why the policy let the ask through, one sentence each; `rule` is null where it has gone since.
 */
export const explanationOf = (rule: Rule | null, { ask, terms }: Elevation): readonly string[] => {
  if (rule === null) return [`Rule ${terms.rule} let it through and has left the policy since.`]
  const reason = rule.reasonMinLength > 1 ? [`a reason of ${rule.reasonMinLength} characters`] : []
  const ticket = rule.ticket === null ? [] : [`a ticket like ${rule.ticket.text}`]
  const wants = [...reason, ...ticket]
  return [
    `Rule ${rule.id} lets ${rule.requesters.map(printRef).join(', ')} ask ${ask.target} ` +
      `for up to ${printDuration(rule.maxDuration)}.`,
    approvalSentence(rule.approval),
    ...(wants.length === 0 ? [] : [`It wants ${wants.join(' and ')}.`]),
    ...(rule.guardrail === null
      ? []
      : [`Guardrail ${rule.guardrail.id} says what queries may read.`])
  ]
}
