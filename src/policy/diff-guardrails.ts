/**
 * Two guardrails compared by what queries may read. No guardrail restricts nothing. Only what
 * differs is told: the tables, columns and functions that come or go.
 */
import {
  type Side,
  byInclusion,
  itemsGive,
  itemsTake,
  noneGivesMost,
  largerGivesMore,
  smallerGivesMore
} from './diff-sides.ts'
import { unrestricted } from './guardrails.ts'
import type { Guardrail, Restrictions } from './policy.ts'

export type GuardrailPart =
  | 'guardrail.tables'
  | 'guardrail.columns'
  | 'guardrail.requirePartitionPredicate'
  | 'guardrail.requireLimit'
  | 'guardrail.forbidCrossJoin'
  | 'guardrail.forbidFunctions'

export type GuardrailFacet = {
  readonly what: GuardrailPart
  readonly side: Side
  readonly from: string | null
  readonly to: string | null
}

/** Every part, those that are the same too. */
export const compareGuardrails = (
  before: Guardrail | null,
  after: Guardrail | null
): readonly GuardrailFacet[] => {
  const [old, now] = [before ?? unrestricted, after ?? unrestricted]
  return [
    {
      what: 'guardrail.tables',
      side: noneGivesMost(itemsGive)(old.tables, now.tables),
      from: missing(old.tables, now.tables, 'every table'),
      to: missing(now.tables, old.tables, 'every table')
    },
    columnsFacet(old, now),
    duty('guardrail.requirePartitionPredicate', old, now),
    {
      what: 'guardrail.requireLimit',
      side: noneGivesMost(largerGivesMore)(old.requireLimit, now.requireLimit),
      from: text(old.requireLimit),
      to: text(now.requireLimit)
    },
    duty('guardrail.forbidCrossJoin', old, now),
    {
      what: 'guardrail.forbidFunctions',
      side: itemsTake(old.forbidFunctions, now.forbidFunctions),
      from: missing(old.forbidFunctions, now.forbidFunctions, null),
      to: missing(now.forbidFunctions, old.forbidFunctions, null)
    }
  ]
}

const duty = (
  what: 'guardrail.requirePartitionPredicate' | 'guardrail.forbidCrossJoin',
  old: Restrictions,
  now: Restrictions
): GuardrailFacet => {
  const key = what === 'guardrail.forbidCrossJoin' ? 'forbidCrossJoin' : 'requirePartitionPredicate'
  const side = smallerGivesMore(Number(old[key]), Number(now[key]))
  return { what, side, from: old[key] ? 'yes' : null, to: now[key] ? 'yes' : null }
}

const columnsFacet = (old: Restrictions, now: Restrictions): GuardrailFacet => {
  const [before, after] = [limitsOf(old), limitsOf(now)]
  const columns = [...new Set([...before.keys(), ...after.keys()])].toSorted()
  const differ = columns.filter((column) => before.get(column) !== after.get(column))
  const rank = (limits: Limits, column: string): number => ranks[limits.get(column) ?? 'free']
  const isNotMore = differ.every((column) => rank(after, column) > rank(before, column))
  const isNotLess = differ.every((column) => rank(after, column) < rank(before, column))
  return {
    what: 'guardrail.columns',
    side: byInclusion(isNotLess, isNotMore),
    from: printLimits(differ, before),
    to: printLimits(differ, after)
  }
}

type Limits = ReadonlyMap<string, 'denied' | 'only in aggregates'>

const ranks = { free: 0, 'only in aggregates': 1, denied: 2 } as const

const limitsOf = ({ denyColumns, aggregateOnlyColumns }: Restrictions): Limits => {
  return new Map([
    ...columnNames(aggregateOnlyColumns).map((column) => [column, 'only in aggregates'] as const),
    ...columnNames(denyColumns).map((column) => [column, 'denied'] as const)
  ])
}

const columnNames = (lists: Restrictions['denyColumns']): readonly string[] =>
  Object.entries(lists).flatMap(([table, columns]) => columns.map((one) => `${table}.${one}`))

const printLimits = (columns: readonly string[], limits: Limits): string | null => {
  const lines = columns.flatMap((column) => {
    const limit = limits.get(column)
    return limit === undefined ? [] : [`${column} ${limit}`]
  })
  return lines.length === 0 ? null : lines.join(', ')
}

/** The items of the one that the other lacks; `all` where the one names none and so has all. */
const missing = (
  one: readonly string[] | null,
  other: readonly string[] | null,
  all: string | null
): string | null => {
  if (one === null) return all
  const left = one.filter((item) => other === null || !other.includes(item))
  return left.length === 0 ? null : left.toSorted().join(', ')
}

const text = (value: number | null): string | null => (value === null ? null : String(value))
