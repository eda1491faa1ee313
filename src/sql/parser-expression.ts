/**
 * Expressions from OR down to unary minus. Every chain of one precedence is a loop and a list;
 * NOT and signs nest and are counted. One predicate per value, as in the grammar: `a = b = c` is
 * refused.
 */
import type { ArithmeticStep, ComparisonOperator, Expression, Some } from './ast.ts'
import type { TokenKind } from './tokens.ts'
import { queryIn } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, endChain, expect, fail, heighten, inParentheses, listOf, nested,
  peek, since, startChain
} from './parser-cursor.ts'
import { intervalLiteral, isIntervalNext, stringLiteral } from './parser-literal.ts'
import { postfixExpression } from './parser-primary.ts'
import { query } from './parser-query.ts'

/** A boolean expression, the widest there is. */
export const expression = (c: Cursor): Expression => {
  const n = c.index
  const first = conjunction(c)
  if (peek(c) !== 'OR') return first
  c.index++
  const terms: [Expression, ...Expression[]] = [first, conjunction(c)]
  while (accept(c, 'OR')) terms.push(conjunction(c))
  return { kind: 'Logical', at: since(c, n), operator: 'OR', terms }
}

/** `expression, expression, …` */
export const expressions = (c: Cursor): Some<Expression> => listOf(c, expression)

/** An expression without AND, OR, NOT and predicates. */
export const valueExpression = (c: Cursor): Expression => {
  const n = c.index
  const first = sum(c)
  if (peek(c) !== '||') return first
  c.index++
  const terms: [Expression, ...Expression[]] = [first, sum(c)]
  while (accept(c, '||')) terms.push(sum(c))
  return { kind: 'Concatenation', at: since(c, n), terms }
}

const conjunction = (c: Cursor): Expression => {
  const n = c.index
  const first = negation(c)
  if (peek(c) !== 'AND') return first
  c.index++
  const terms: [Expression, ...Expression[]] = [first, negation(c)]
  while (accept(c, 'AND')) terms.push(negation(c))
  return { kind: 'Logical', at: since(c, n), operator: 'AND', terms }
}

const negation = (c: Cursor): Expression => {
  const n = c.index
  if (!accept(c, 'NOT')) return predicated(c)
  const value = nested(c, negation)
  return { kind: 'Not', at: since(c, n), value }
}

const predicated = (c: Cursor): Expression => {
  const n = c.index
  const value = valueExpression(c)
  const kind = peek(c)
  if (isComparison(kind)) {
    c.index++
    return comparison(c, { n, value, operator: kind })
  }
  if (accept(c, 'IS')) return isPredicate(c, { n, value })
  if (kind === 'NOT' && isNegatable(c)) {
    c.index++
    return negatable(c, { n, value, isNegated: true })
  }
  return kind === 'BETWEEN' || kind === 'IN' || kind === 'LIKE' ? negatable(
    c,
    { n, value, isNegated: false }
  ) : value
}

const isComparison = (kind: TokenKind): kind is ComparisonOperator =>
  kind === '=' || kind === '<>' || kind === '<' || kind === '<=' || kind === '>' || kind === '>='

/** The value before a predicate, and the token it began with. */
type Subject = { readonly n: number; readonly value: Expression }

const isNegatable = (c: Cursor): boolean => {
  const next = peek(c, 1)
  return next === 'BETWEEN' || next === 'IN' || next === 'LIKE'
}

const comparison = (
  c: Cursor,
  subject: Subject & { readonly operator: ComparisonOperator }
): Expression => {
  const { n, value, operator } = subject
  const kind = peek(c)
  const isQuantified = kind === 'ALL' || kind === 'SOME' || kind === 'ANY'
  if (isQuantified && peek(c, 1) === '(' && queryIn(c, c.index + 1) !== 'none') {
    c.index++
    const subquery = inParentheses(c, query)
    return {
      kind: 'QuantifiedComparison',
      at: since(c, n),
      operator,
      quantifier: kind,
      value,
      query: subquery
    }
  }
  const right = valueExpression(c)
  return { kind: 'Comparison', at: since(c, n), operator, left: value, right }
}

const isPredicate = (c: Cursor, { n, value }: Subject): Expression => {
  const isNegated = accept(c, 'NOT')
  if (accept(c, 'NULL')) return { kind: 'IsNull', at: since(c, n), value, isNegated }
  expect(c, 'DISTINCT')
  expect(c, 'FROM')
  const right = valueExpression(c)
  return { kind: 'IsDistinctFrom', at: since(c, n), value, right, isNegated }
}

const negatable = (c: Cursor, subject: Subject & { readonly isNegated: boolean }): Expression => {
  const { n, value, isNegated } = subject
  if (accept(c, 'BETWEEN')) {
    const lower = valueExpression(c)
    expect(c, 'AND')
    const upper = valueExpression(c)
    return { kind: 'Between', at: since(c, n), value, lower, upper, isNegated }
  }
  if (accept(c, 'LIKE')) {
    const pattern = valueExpression(c)
    const escape = accept(c, 'ESCAPE') ? valueExpression(c) : null
    return { kind: 'Like', at: since(c, n), value, pattern, escape, isNegated }
  }
  expect(c, 'IN')
  if (peek(c) === '(' && queryIn(c, c.index) === 'query') {
    const subquery = inParentheses(c, query)
    return { kind: 'InSubquery', at: since(c, n), value, query: subquery, isNegated }
  }
  const items = inParentheses(c, expressions)
  return { kind: 'InList', at: since(c, n), value, items, isNegated }
}

const sum = (c: Cursor): Expression => {
  const n = c.index
  const first = product(c)
  const operator = peek(c)
  return operator === '+' || operator === '-' ? arithmetic(
    c,
    { n, first, operators: sums, operand: product }
  ) : first
}

const product = (c: Cursor): Expression => {
  const n = c.index
  const first = signed(c)
  const operator = peek(c)
  return operator === '*' || operator === '/' || operator === '%'
    ? arithmetic(c, { n, first, operators: products, operand: signed })
    : first
}

const sums = ['+', '-'] as const
const products = ['*', '/', '%'] as const

type Chain = {
  readonly n: number
  readonly first: Expression
  readonly operators: readonly ArithmeticStep['operator'][]
  readonly operand: (c: Cursor) => Expression
}

const arithmetic = (c: Cursor, { n, first, operators, operand }: Chain): Expression => {
  const step = (): ArithmeticStep => (
    { operator: acceptOne(c, ...operators) ?? fail(c), value: operand(c) }
  )
  const rest: [ArithmeticStep, ...ArithmeticStep[]] = [step()]
  while (operators.some((operator) => operator === peek(c))) rest.push(step())
  return { kind: 'Arithmetic', at: since(c, n), first, rest }
}

const signed = (c: Cursor): Expression => {
  const n = c.index
  const kind = peek(c)
  const isSign = kind === '+' || (kind === '-' && !isNumber(c))
  if (!isSign) return zoned(c)
  c.index++
  const value = nested(c, signed)
  return { kind: 'ArithmeticUnary', at: since(c, n), operator: kind, value }
}

/** Whether the minus that comes next is the sign of a number, to which it belongs. */
const isNumber = (c: Cursor): boolean => {
  const next = peek(c, 1)
  return next === 'INTEGER' || next === 'DECIMAL' || next === 'DOUBLE_VALUE'
}

const zoned = (c: Cursor): Expression => {
  const n = c.index
  const before = startChain(c)
  let value = postfixExpression(c)
  while (peek(c) === 'AT' && peek(c, 1) === 'TIME' && peek(c, 2) === 'ZONE') {
    heighten(c)
    c.index += 3
    const zone = isIntervalNext(c) ? intervalLiteral(c) : stringLiteral(c)
    value = { kind: 'AtTimeZone', at: since(c, n), value, zone }
  }
  endChain(c, before)
  return value
}
