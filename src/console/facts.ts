/**
 * What a page shows of the policy beside an elevation or a target: columns with their classes, what
 * each rule demands, and why an ask was let through. Decides nothing.
 */
import type { TargetOffer } from '../broker/broker.ts'
import { printDuration } from '../elevation/duration.ts'
import type { Channel, Elevation, Mode } from '../elevation/elevation.ts'
import type { TargetId } from '../elevation/ids.ts'
import type { Policy, Rule, SignIn } from '../policy/policy.ts'
import { explanationOf, quorumSentence } from '../policy/sentences.ts'
import { printSignIn } from '../policy/sign-in.ts'
import { work } from './words-work.ts'

export type ClassedColumn = { readonly name: string; readonly class: string | null }

export type TableFacts = {
  readonly table: string
  /** asked columns; where all were asked, those that the target gives a class */
  readonly columns: readonly ClassedColumn[]
}

/** The tables of an ask with its columns. */
export const tablesOfAsk = (policy: Policy, { ask }: Elevation): readonly TableFacts[] =>
  ask.tables.map((table) => {
    const classed = classedColumns(policy, ask.target, table)
    if (ask.columns === null) return { table, columns: classed }
    const classOf = new Map(classed.map((column) => [column.name, column.class]))
    const names = ask.columns.flatMap((name) =>
      name.startsWith(`${table}.`) ? [name.slice(table.length + 1)] : []
    )
    return { table, columns: names.map((name) => ({ name, class: classOf.get(name) ?? null })) }
  })

/** The columns of a table that the target's document gives a class. */
export const classedColumns = (
  policy: Policy,
  target: TargetId,
  table: string
): readonly ClassedColumn[] =>
  Object.entries(policy.targets.get(target)?.columns[table] ?? {}).map(([name, kind]) => ({
    name,
    class: kind
  }))

export type Demand = {
  readonly rule: string
  readonly mode: Mode
  readonly most: string
  readonly approval: Rule['approval']['kind']
  readonly signIn: SignIn | null
  readonly reasonMinLength: number
  readonly ticket: string | null
  /** how far ahead a start may lie; null = it begins once it is approved */
  readonly startAhead: string | null
  /** one sentence each */
  readonly lines: readonly string[]
}

/** What each rule of the offer demands. A rule that has just left the policy demands nothing. */
export const demandsOf = (policy: Policy, offer: TargetOffer): readonly Demand[] =>
  offer.rules.flatMap(({ rule: id }) => {
    const rule = policy.rules.find((one) => one.id === id)
    return rule === undefined ? [] : [demandOf(rule)]
  })

/** Why the policy lets the ask through, one sentence each. */
export const reasonsOf = (policy: Policy, elevation: Elevation): readonly string[] =>
  explanationOf(ruleOf(policy, elevation.terms.rule), elevation)

export const ruleOf = (policy: Policy, id: string): Rule | null =>
  policy.rules.find((one) => one.id === id) ?? null

/** Channels as people call them. */
export const printChannels = (via: Iterable<Channel>): string =>
  [...via].map((one) => work.channels[one]).toSorted().join(', ')

const demandOf = (rule: Rule): Demand => ({
  rule: rule.id,
  mode: rule.mode,
  most: printDuration(rule.maxDuration),
  approval: rule.approval.kind,
  signIn: rule.signIn,
  reasonMinLength: rule.reasonMinLength,
  ticket: rule.ticket?.text ?? null,
  startAhead: rule.startAhead === undefined ? null : printDuration(rule.startAhead),
  lines: [
    decidedBy(rule.approval),
    ...(rule.reasonMinLength > 1 ? [work.ask.wantsReason(rule.reasonMinLength)] : []),
    ...(rule.ticket === null ? [] : [work.ask.wantsTicket(rule.ticket.text)]),
    ...(rule.signIn === null ? [] : [work.ask.wantsSignIn(printSignIn(rule.signIn))]),
    ...(rule.via.size === 3 ? [] : [work.ask.via(printChannels(rule.via))])
  ]
})

const decidedBy = (approval: Rule['approval']): string => {
  switch (approval.kind) {
    case 'people':
      return work.ask.decidedBy(quorumSentence(approval))
    case 'auto':
      return work.ask.decidedByRule(approval.perDay)
    case 'breakGlass':
      return work.ask.breaksGlass
  }
}
