/**
 * Primary expressions and what may follow them: `.field` and `[index]`, each one level deeper.
 * A field of a name belongs to the name, with or without parentheses around it, as in Trino.
 */
import type { Expression, Identifier, QualifiedName, Some } from './ast.ts'
import type { TokenKind } from './tokens.ts'
import { queryIn } from './parser-ahead.ts'
import { functionCall, groupLambda, listagg, nameLambda } from './parser-call.ts'
import {
  type Cursor, acceptOne, endChain, expect, fail, heighten, identifier, inParentheses,
  isName, isString, nested, none, partnerOf, peek, since, startChain
} from './parser-cursor.ts'
import { expressions, valueExpression } from './parser-expression.ts'
import { castExpression, caseExpression, isSpecialForm, specialForm } from './parser-form.ts'
import { jsonForm } from './parser-json.ts'
import {
  binaryLiteral, genericLiteral, intervalLiteral, isIntervalNext, numericLiteral, stringLiteral
} from './parser-literal.ts'
import { query } from './parser-query.ts'
import { over } from './parser-window.ts'

export const postfixExpression = (c: Cursor): Expression => {
  const n = c.index
  const before = startChain(c)
  let value = primary(c)
  for (let kind = peek(c); kind === '[' || (kind === '.' && peek(c, 1) !== '*'); kind = peek(c)) {
    c.index++
    if (kind === '.' && value.kind === 'ColumnReference') {
      const [first, ...rest] = value.parts
      const more = names(c)
      value = { kind: 'ColumnReference', at: since(c, n), parts: [first, ...rest, ...more] }
      continue
    }
    heighten(c)
    value = kind === '[' ? subscript(c, { n, base: value }) : dereference(c, { n, base: value })
  }
  endChain(c, before)
  c.primaryStart = n
  return value
}

type Base = { readonly n: number; readonly base: Expression }

const subscript = (c: Cursor, { n, base }: Base): Expression => {
  const index = nested(c, valueExpression)
  expect(c, ']')
  return { kind: 'Subscript', at: since(c, n), base, index }
}

const dereference = (c: Cursor, { n, base }: Base): Expression => {
  const field = identifier(c)
  return { kind: 'Dereference', at: since(c, n), base, field }
}

/** `b.c.d`, up to a `.*` or the end of the name. */
const names = (c: Cursor): Some<Identifier> => {
  const first = identifier(c)
  if (!isFieldNext(c)) return [first]
  c.index++
  const second = identifier(c)
  // hardly a name has more parts than two, and a list that grows takes room for many
  if (!isFieldNext(c)) return [first, second]
  const parts: [Identifier, ...Identifier[]] = [first, second]
  while (isFieldNext(c)) {
    c.index++
    parts.push(identifier(c))
  }
  return parts
}

const isFieldNext = (c: Cursor): boolean => peek(c) === '.' && peek(c, 1) !== '*'

const primary = (c: Cursor): Expression => {
  const kind = peek(c)
  if (kind === 'NAME' || kind === 'QUOTED_NAME') return named(c)
  if (isString(kind)) return stringLiteral(c)
  if (
    kind === 'INTEGER' || kind === 'DECIMAL' || kind === 'DOUBLE_VALUE' || kind === '-'
  ) return numericLiteral(c)
  if (kind === '(') return group(c)
  if (kind === 'CASE') return nested(c, caseExpression)
  if (kind === 'CAST') return castExpression(c)
  if (kind === 'BINARY') return binaryLiteral(c)
  if (kind === 'EXISTS') return exists(c)
  if (kind === 'LISTAGG') return listagg(c)
  return constant(c, kind) ?? worded(c, kind)
}

/** NULL, TRUE, FALSE and `?`. */
const constant = (c: Cursor, kind: TokenKind): Expression | null => {
  if (kind !== 'NULL' && kind !== '?' && kind !== 'TRUE' && kind !== 'FALSE') return null
  const at = since(c, c.index++)
  if (kind === 'NULL') return { kind: 'NullLiteral', at }
  return kind === '?'
    ? { kind: 'Parameter', at }
    : { kind: 'BooleanLiteral', at, value: kind === 'TRUE' }
}

const exists = (c: Cursor): Expression => {
  const n = expect(c, 'EXISTS')
  const subquery = inParentheses(c, query)
  return { kind: 'Exists', at: since(c, n), query: subquery }
}

const worded = (c: Cursor, kind: TokenKind): Expression => {
  const n = c.index
  const next = peek(c, 1)
  if (kind === 'ARRAY' && next === '[') return arrayConstructor(c)
  if (kind === 'ROW' && next === '(' && peek(c, 2) !== ')') {
    c.index++
    const items = inParentheses(c, expressions)
    return { kind: 'Row', at: since(c, n), items }
  }
  if (kind === 'TRY_CAST' && next === '(') return castExpression(c)
  if (isIntervalNext(c)) return intervalLiteral(c)
  if (isSpecialForm(c)) return specialForm(c)
  if (kind === 'DOUBLE' && next === 'PRECISION' && isString(peek(c, 2))) return genericLiteral(c)
  return isName(kind) ? named(c) : (jsonForm(c) ?? fail(c))
}

const arrayConstructor = (c: Cursor): Expression => {
  const n = c.index
  c.index += 2
  const items = peek(c) === ']' ? none : nested(c, expressions)
  expect(c, ']')
  return { kind: 'ArrayConstructor', at: since(c, n), items }
}

/** What begins with a name: a typed literal, a lambda, a call or a column. */
const named = (c: Cursor): Expression => {
  const n = c.index
  const next = peek(c, 1)
  if (isString(next)) return genericLiteral(c)
  if (next === '->') return nameLambda(c)
  const processing = isProcessingMode(c) ? acceptOne(c, 'RUNNING', 'FINAL') : null
  const start = c.index
  const parts = names(c)
  const isAlone = parts.length === 1
  const at = isAlone ? parts[0].at : since(c, start)
  if (processing !== null || peek(c) === '(') {
    const name: QualifiedName = { kind: 'QualifiedName', at, parts }
    return functionCall(c, { n, name, processing })
  }
  if (isAlone && peek(c) === 'OVER' && (peek(c, 1) === '(' || isName(peek(c, 1)))) {
    const window = over(c)
    return { kind: 'Measure', at: since(c, n), name: parts[0], over: window }
  }
  return { kind: 'ColumnReference', at, parts }
}

/** RUNNING or FINAL in front of a call. */
const isProcessingMode = (c: Cursor): boolean => {
  const kind = peek(c)
  if ((kind !== 'RUNNING' && kind !== 'FINAL') || !isName(peek(c, 1))) return false
  return peek(c, 2) === '(' || peek(c, 2) === '.'
}

/** What begins with a parenthesis: a subquery, a lambda, a row, or just an expression. */
const group = (c: Cursor): Expression => {
  const n = c.index
  if (queryIn(c, n) !== 'none') {
    const subquery = inParentheses(c, query)
    return { kind: 'SubqueryExpression', at: since(c, n), query: subquery }
  }
  if (c.tokens.kinds[partnerOf(c, n) + 1] === '->') return groupLambda(c)
  const items = inParentheses(c, expressions)
  return items.length === 1 ? items[0] : { kind: 'Row', at: since(c, n), items }
}
