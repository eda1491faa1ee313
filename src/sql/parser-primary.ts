/**
 * Primary expressions and what may follow them: `.field` and `[index]`, each one level deeper.
 * A field of a name belongs to the name, with or without parentheses around it, as in Trino.
 */
import type { Expression, Identifier } from './ast.ts'
import type { TokenKind } from './lexer.ts'
import { queryIn } from './parser-ahead.ts'
import { functionCall, groupLambda, listagg, nameLambda } from './parser-call.ts'
import {
  type Cursor, accept, endChain, expect, fail, heighten, identifier, inParentheses, isName, listOf,
  nested, partnerOf, peek, skipGroup, spanFrom, startChain, unsupported
} from './parser-cursor.ts'
import { expression, valueExpression } from './parser-expression.ts'
import { castExpression, caseExpression, isSpecialForm, specialForm } from './parser-form.ts'
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
      const more = fields(c)
      value = { kind: 'ColumnReference', at: spanFrom(c, n), parts: [first, ...rest, ...more] }
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
  return { kind: 'Subscript', at: spanFrom(c, n), base, index }
}

const dereference = (c: Cursor, { n, base }: Base): Expression => {
  const field = identifier(c)
  return { kind: 'Dereference', at: spanFrom(c, n), base, field }
}

/** `b.c.d`: after a dot, up to a `.*` or the end of the name. */
const fields = (c: Cursor): readonly Identifier[] => {
  const parts = [identifier(c)]
  while (peek(c) === '.' && peek(c, 1) !== '*') {
    c.index++
    parts.push(identifier(c))
  }
  return parts
}

const primary = (c: Cursor): Expression => {
  const kind = peek(c)
  if (kind === 'NAME' || kind === 'QUOTED_NAME') return named(c)
  if (kind === 'STRING') return stringLiteral(c)
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
  const at = spanFrom(c, c.index)
  if (accept(c, 'NULL')) return { kind: 'NullLiteral', at }
  if (accept(c, '?')) return { kind: 'Parameter', at }
  return accept(c, 'TRUE') || accept(c, 'FALSE') ? {
    kind: 'BooleanLiteral',
    at,
    value: kind === 'TRUE'
  } : null
}

const exists = (c: Cursor): Expression => {
  const n = expect(c, 'EXISTS')
  const subquery = inParentheses(c, query)
  return { kind: 'Exists', at: spanFrom(c, n), query: subquery }
}

const jsonWords: ReadonlySet<TokenKind> = new Set<TokenKind>(
  ['JSON_ARRAY', 'JSON_EXISTS', 'JSON_OBJECT', 'JSON_QUERY', 'JSON_VALUE']
)

const worded = (c: Cursor, kind: TokenKind): Expression => {
  const n = c.index
  const next = peek(c, 1)
  if (jsonWords.has(kind) && next === '(') {
    c.index++
    unsupported(c, kind, spanFrom(c, n))
    skipGroup(c)
    return { kind: 'NullLiteral', at: spanFrom(c, n) }
  }
  if (kind === 'ARRAY' && next === '[') return arrayConstructor(c)
  if (kind === 'ROW' && next === '(' && peek(c, 2) !== ')') {
    c.index++
    const items = inParentheses(c, (inner) => listOf(inner, expression))
    return { kind: 'Row', at: spanFrom(c, n), items }
  }
  if (kind === 'TRY_CAST' && next === '(') return castExpression(c)
  if (isIntervalNext(c)) return intervalLiteral(c)
  if (isSpecialForm(c)) return specialForm(c)
  if (kind === 'DOUBLE' && next === 'PRECISION' && peek(c, 2) === 'STRING') return genericLiteral(c)
  return isName(kind) ? named(c) : fail(c)
}

const arrayConstructor = (c: Cursor): Expression => {
  const n = c.index
  c.index += 2
  const items = peek(c) === ']' ? [] : nested(c, (inner) => listOf(inner, expression))
  expect(c, ']')
  return { kind: 'ArrayConstructor', at: spanFrom(c, n), items }
}

/** What begins with a name: a typed literal, a lambda, a call or a column. */
const named = (c: Cursor): Expression => {
  const n = c.index
  const next = peek(c, 1)
  if (next === 'STRING') return genericLiteral(c)
  if (next === '->') return nameLambda(c)
  if (isProcessingMode(c)) {
    c.index++
    unsupported(c, 'pattern recognition', spanFrom(c, n))
    return named(c)
  }
  const first = identifier(c)
  const rest = peek(c) === '.' && peek(c, 1) !== '*' ? (c.index++, fields(c)) : []
  const at = spanFrom(c, n)
  if (peek(c) === '(') {
    return functionCall(
      c,
      { kind: 'QualifiedName', at, parts: [first, ...rest] }
    )
  }
  if (rest.length === 0 && peek(c) === 'OVER' && (peek(c, 1) === '(' || isName(peek(c, 1)))) {
    unsupported(c, 'pattern recognition', at)
    over(c)
  }
  return { kind: 'ColumnReference', at, parts: [first, ...rest] }
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
    return { kind: 'SubqueryExpression', at: spanFrom(c, n), query: subquery }
  }
  if (c.tokens.kinds[partnerOf(c, n) + 1] === '->') return groupLambda(c)
  const [first, ...rest] = inParentheses(c, (inner) => listOf(inner, expression))
  if (rest.length === 0) return first
  return { kind: 'Row', at: spanFrom(c, n), items: [first, ...rest] }
}
