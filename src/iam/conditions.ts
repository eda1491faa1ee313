/**
 * Condition operators: every one that the product's policies use, with IAM's rules for missing keys
 * and for several values. Refused as `unknown`: any other operator, a policy variable, a key that
 * was perhaps never looked up, several values without a set operator, a date that is no date.
 * Source: IAM User Guide, "Condition operators", "Set operators for multivalued context keys".
 */
import { absenceMeansAbsent, isConditionKey } from './condition-keys.ts'
import { comparisonOf, isComparable } from './condition-operators.ts'
import type { ConditionBlock, OneOrMany } from './policy-document.ts'
import { every, known, no, not, some, unknown, yes, type Truth } from './truth.ts'

/** Values of the call by lower-case key; an empty list counts as absent. */
export type Context = ReadonlyMap<string, readonly string[]>

type Operator = {
  readonly quantifier: 'ForAnyValue' | 'ForAllValues' | null
  readonly base: string
  readonly ifExists: boolean
}

/** Context keys differ only by case = one key; its values are then put together. */
export const readContext = (given: Readonly<Record<string, OneOrMany<string>>>): Context => {
  const context = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(given)) {
    const lower = key.toLowerCase()
    context.set(lower, [...(context.get(lower) ?? []), ...list(value)])
  }
  return context
}

/** All operators and all their keys must hold. */
export const conditionsHold = (block: ConditionBlock, context: Context): Truth =>
  every(
    Object.entries(block).flatMap(([name, keys]) => {
      const entries = Object.entries(keys)
      if (entries.length === 0) return [unknown(`operator ${name} without keys`)]
      return entries.map(([key, values]) => oneHolds(name, { key, values, context }))
    })
  )

const oneHolds = (
  name: string,
  given: { readonly key: string; readonly values: OneOrMany<string>; readonly context: Context }
): Truth => {
  const { key, context } = given
  const operator = parseOperator(name)
  if (operator === null) return unknown(`operator ${name}`)
  if (!isConditionKey(key)) return unknown(`condition key ${key}`)
  const wanted = list(given.values)
  if (wanted.length === 0) return unknown(`no value of ${name} ${key}`)
  const odd = wanted.find((value) => !isComparable(operator.base, value))
  if (odd !== undefined) return unknown(`value ${odd} of ${name} ${key}`)
  const actual = context.get(key.toLowerCase())
  if (actual === undefined && !absenceMeansAbsent(key)) return unknown(`condition key ${key}`)
  if (operator.base === 'Null') return some(wanted.map((value) => isAbsent(value, actual ?? [])))
  if (actual === undefined || actual.length === 0) return whenMissing(operator)
  return whenPresent(operator, { name, key, wanted, actual })
}

const isAbsent = (value: string, actual: readonly string[]): Truth =>
  known((actual.length === 0) === (value.toLowerCase() === 'true'))

/** A missing key meets negated operators, IfExists and ForAllValues, nothing else. */
const whenMissing = (operator: Operator): Truth => {
  if (operator.ifExists) return yes
  if (operator.quantifier === 'ForAnyValue') return no
  if (operator.quantifier === 'ForAllValues') return yes
  return known(comparisonOf(operator.base)?.negated ?? false)
}

const whenPresent = (
  operator: Operator,
  given: {
    readonly name: string
    readonly key: string
    readonly wanted: readonly string[]
    readonly actual: readonly string[]
  }
): Truth => {
  const { name, key, wanted, actual } = given
  const comparison = comparisonOf(operator.base)
  if (comparison === null) return unknown(`operator ${name}`)
  if (operator.quantifier === null && actual.length > 1) {
    return unknown(`several values of ${key} under ${name}`)
  }
  // AWS counts an empty string as an empty set for some keys and not for others
  if (operator.quantifier !== null && actual.includes('')) return unknown(`empty value of ${key}`)
  const fits = actual.map((value) => {
    if (!isComparable(operator.base, value, 'call')) return unknown(`value of ${key} in the call`)
    const met = known(wanted.some((pattern) => comparison.compare(pattern, value)))
    return comparison.negated ? not(met) : met
  })
  return operator.quantifier === 'ForAnyValue' ? some(fits) : every(fits)
}

const parseOperator = (name: string): Operator | null => {
  const colon = name.indexOf(':')
  const prefix = name.slice(0, Math.max(colon, 0))
  if (colon >= 0 && prefix !== 'ForAnyValue' && prefix !== 'ForAllValues') return null
  const quantifier = prefix === 'ForAnyValue' || prefix === 'ForAllValues' ? prefix : null
  const rest = name.slice(colon + 1)
  const ifExists = rest.endsWith('IfExists')
  const base = ifExists ? rest.slice(0, -'IfExists'.length) : rest
  const plain = !ifExists && quantifier === null
  const understood = base === 'Null' ? plain : comparisonOf(base) !== null
  return understood ? { quantifier, base, ifExists } : null
}

const list = (value: OneOrMany<string>): readonly string[] =>
  typeof value === 'string' ? [value] : value
