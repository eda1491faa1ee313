/**
 * What somebody may ask for, with everything the form shows of it: the tables, the classified
 * columns, and what each rule demands. From the broker's offers and the policy they come from.
 */
import type { Channel, Mode } from '../../elevation/elevation.ts'
import type { Seconds, TargetId } from '../../elevation/ids.ts'
import type { TargetOffer } from '../../broker/broker.ts'
import type { Policy, Rule } from '../../policy/policy.ts'
import type { ColumnFact } from '../card.ts'

export type Demand = {
  readonly rule: string
  readonly mode: Mode
  readonly maxDuration: Seconds
  /** how far ahead a start may be scheduled; null = it may not be */
  readonly startAhead: Seconds | null
  readonly approval: 'people' | 'auto' | 'breakGlass'
  readonly reasonMinLength: number
  /** what a ticket must look like, as the policy writes it; null = none is wanted */
  readonly ticket: string | null
  /** where it may be asked from */
  readonly via: readonly Channel[]
  /** a sign-in is looked at, which Slack cannot show */
  readonly needsSignIn: boolean
}

export type AskOffer = {
  readonly target: TargetId
  readonly workgroup: string
  readonly classification: string
  readonly tables: readonly string[]
  /** those the target gives a class, `db.table.column` */
  readonly columns: readonly (ColumnFact & { readonly class: string })[]
  readonly demands: readonly Demand[]
}

/** The broker's offers in its order. A rule that has just left the policy demands nothing here. */
export const askOffers = (
  policy: Policy,
  offers: readonly TargetOffer[]
): readonly AskOffer[] => {
  const rules = new Map<string, Rule>(policy.rules.map((rule) => [rule.id, rule]))
  return offers.map((offer) => ({
    target: offer.target,
    workgroup: offer.workgroup,
    classification: offer.classification,
    tables: offer.tables,
    columns: columnsOf(policy, offer),
    demands: offer.rules.flatMap(({ rule: id }) => {
      const rule = rules.get(id)
      return rule === undefined ? [] : [demandOf(rule)]
    })
  }))
}

/** The demands on this kind of ask; where the target has none of the kind, all of them. */
export const demandsOn = ({ demands }: AskOffer, isBreakGlass: boolean): readonly Demand[] => {
  const fitting = demands.filter(({ approval }) => (approval === 'breakGlass') === isBreakGlass)
  return fitting.length > 0 ? fitting : demands
}

const columnsOf = (policy: Policy, { target, tables }: TargetOffer): AskOffer['columns'] => {
  const classes = policy.targets.get(target)?.columns ?? {}
  return tables.flatMap((table) =>
    Object.entries(classes[table] ?? {}).map(([column, kind]) => ({
      name: `${table}.${column}`,
      class: kind
    }))
  )
}

const demandOf = (rule: Rule): Demand => ({
  rule: rule.id,
  mode: rule.mode,
  maxDuration: rule.maxDuration,
  startAhead: rule.startAhead ?? null,
  approval: rule.approval.kind,
  reasonMinLength: rule.reasonMinLength,
  ticket: rule.ticket?.text ?? null,
  via: [...rule.via].toSorted(),
  needsSignIn: rule.signIn !== null
})
