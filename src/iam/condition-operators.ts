/**
 * What each condition operator compares, for one value of the policy and one value of the call.
 * Dates are ISO 8601 UTC or epoch seconds; numbers are plain decimals; everything else is refused.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
 */
import { arnMatches, arnParts, globMatches } from './match.ts'

export type Comparison = {
  /** negated operators hold when no value of the policy compares, and on a missing key */
  readonly negated: boolean
  readonly compare: (wanted: string, actual: string) => boolean
}

type Kind = 'text' | 'arn' | 'boolean' | 'date' | 'number'
type Row = Comparison & { readonly kind: Kind }

const equal = (wanted: string, actual: string): boolean => wanted === actual
const equalIgnoringCase = (wanted: string, actual: string): boolean =>
  wanted.toLowerCase() === actual.toLowerCase()

const positive = (kind: Kind, compare: Comparison['compare']): Row => ({
  kind,
  negated: false,
  compare
})
const negative = (kind: Kind, compare: Comparison['compare']): Row => ({
  kind,
  negated: true,
  compare
})

type Order = (actual: number, wanted: number) => boolean
const orders: ReadonlyMap<string, Order> = new Map<string, Order>([
  ['LessThan', (actual, wanted) => actual < wanted],
  ['LessThanEquals', (actual, wanted) => actual <= wanted],
  ['GreaterThan', (actual, wanted) => actual > wanted],
  ['GreaterThanEquals', (actual, wanted) => actual >= wanted]
])

type Read = (text: string) => number | null

const ordered = (kind: 'date' | 'number', read: Read): [string, Row][] => {
  const prefix = kind === 'date' ? 'Date' : 'Numeric'
  const by =
    (order: Order): Comparison['compare'] =>
    (wanted, actual) => {
      const left = read(actual)
      const right = read(wanted)
      return left !== null && right !== null && order(left, right)
    }
  const same = by((left, right) => left === right)
  return [
    [`${prefix}Equals`, positive(kind, same)],
    [`${prefix}NotEquals`, negative(kind, same)],
    ...[...orders].map(([name, order]): [string, Row] => [prefix + name, positive(kind, by(order))])
  ]
}

const numberForm = /^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$/
const dateForm = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,3})?Z$/

const readNumber = (text: string): number | null => (numberForm.test(text) ? Number(text) : null)

/** Epoch milliseconds; null for a form or a calendar day that does not exist. */
const readDate = (text: string): number | null => {
  if (/^[0-9]{1,11}$/.test(text)) return Number(text) * 1000
  const match = dateForm.exec(text)
  if (match === null) return null
  const fields = match.slice(1, 7).map(Number)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  if (days === undefined || day < 1 || day > days) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  return Date.parse(text)
}

const forms: Readonly<Record<Kind, (value: string) => boolean>> = {
  text: () => true,
  arn: (value) => arnParts(value) !== null,
  boolean: (value) => /^(?:true|false)$/i.test(value),
  date: (value) => readDate(value) !== null,
  number: (value) => readNumber(value) !== null
}

const table: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['StringEquals', positive('text', equal)],
  ['StringNotEquals', negative('text', equal)],
  ['StringEqualsIgnoreCase', positive('text', equalIgnoringCase)],
  ['StringNotEqualsIgnoreCase', negative('text', equalIgnoringCase)],
  ['StringLike', positive('text', globMatches)],
  ['StringNotLike', negative('text', globMatches)],
  ['ArnEquals', positive('arn', arnMatches)],
  ['ArnLike', positive('arn', arnMatches)],
  ['ArnNotEquals', negative('arn', arnMatches)],
  ['ArnNotLike', negative('arn', arnMatches)],
  ['Bool', positive('boolean', equalIgnoringCase)],
  ...ordered('date', readDate),
  ...ordered('number', readNumber)
])

/** The comparison of an operator without prefix and suffix; null when it is not understood. */
export const comparisonOf = (base: string): Comparison | null => table.get(base) ?? null

/**
 * Whether a value has the form its operator needs. A policy's value may not hold a policy
 * variable; a call's value is data, so `${` in it means nothing.
 */
export const isComparable = (
  base: string,
  value: string,
  from: 'policy' | 'call' = 'policy'
): boolean => {
  const kind = base === 'Null' ? 'boolean' : table.get(base)?.kind
  if (kind === undefined) return false
  if (from === 'call') return kind === 'arn' || forms[kind](value)
  return !value.includes('${') && forms[kind](value)
}
