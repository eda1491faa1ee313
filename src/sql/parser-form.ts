/**
 * What the grammar spells with words of its own: CASE, CAST, EXTRACT, TRIM, POSITION, SUBSTRING,
 * NORMALIZE, GROUPING, CURRENT_….
 */
import type { CurrentName } from './ast-literal.ts'
import type { ColumnReference, Expression, WhenClause } from './ast.ts'
import type { TokenKind } from './tokens.ts'
import { startsExpression } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, fail, holds, identifier, inParentheses, listOf,
  peek, qualifiedName, since, textOf
} from './parser-cursor.ts'
import { expression, valueExpression } from './parser-expression.ts'
import { dataType } from './parser-type.ts'

/** CASE with or without an operand. */
export const caseExpression = (c: Cursor): Expression => {
  const n = expect(c, 'CASE')
  const operand = peek(c) === 'WHEN' ? null : expression(c)
  const whens: [WhenClause, ...WhenClause[]] = [whenClause(c)]
  while (peek(c) === 'WHEN') whens.push(whenClause(c))
  const otherwise = accept(c, 'ELSE') ? expression(c) : null
  expect(c, 'END')
  return { kind: 'Case', at: since(c, n), operand, whens, otherwise }
}

const whenClause = (c: Cursor): WhenClause => {
  const n = expect(c, 'WHEN')
  const condition = expression(c)
  expect(c, 'THEN')
  const result = expression(c)
  return { kind: 'WhenClause', at: since(c, n), condition, result }
}

/** CAST or TRY_CAST. */
export const castExpression = (c: Cursor): Expression => {
  const n = c.index
  const isTry = expectOne(c, 'CAST', 'TRY_CAST') === 'TRY_CAST'
  const { value, type } = inParentheses(c, (inner) => {
    const cast = expression(inner)
    expect(inner, 'AS')
    return { value: cast, type: dataType(inner) }
  })
  return { kind: 'Cast', at: since(c, n), isTry, value, type }
}

/**
 * Whether the next word is one of these forms; POSITION and SUBSTRING with commas are calls like
 * any other.
 */
export const isSpecialForm = (c: Cursor): boolean => {
  const kind = peek(c)
  if (currentNames.some((name) => name === kind)) return true
  if (kind === 'SUBSTRING') return peek(c, 1) === '(' && holds(c, c.index + 1, 'FROM')
  if (kind === 'POSITION') {
    const open = c.index + 1
    return peek(c, 1) === '(' && holds(c, open, 'IN') && !holds(c, open, ',')
  }
  return kind === 'EXTRACT' || kind === 'TRIM' || kind === 'NORMALIZE' || kind === 'GROUPING'
}

export const specialForm = (c: Cursor): Expression => {
  const kind = acceptOne(c, 'EXTRACT', 'TRIM', 'POSITION', 'SUBSTRING', 'NORMALIZE', 'GROUPING')
  const n = c.index - 1
  switch (kind) {
    case null:
      return currentValue(c)
    case 'EXTRACT':
      return { ...inParentheses(c, extract), at: since(c, n) }
    case 'TRIM':
      return { ...inParentheses(c, (inner) => trim(inner, n + 1)), at: since(c, n) }
    case 'POSITION':
      return { ...inParentheses(c, position), at: since(c, n) }
    case 'SUBSTRING':
      return { ...inParentheses(c, substring), at: since(c, n) }
    case 'NORMALIZE':
      return { ...inParentheses(c, normalize), at: since(c, n) }
    case 'GROUPING': {
      const columns = inParentheses(c, (inner) =>
        peek(inner) === ')' ? [] : listOf(inner, groupingColumn)
      )
      return { kind: 'Grouping', at: since(c, n), columns }
    }
  }
}

/* Each of these reads what stands between the parentheses; its caller says where the whole is. */

const extract = (c: Cursor): Expression => {
  const field = identifier(c)
  expect(c, 'FROM')
  const value = valueExpression(c)
  return { kind: 'Extract', at: field.at, field, value }
}

const trim = (c: Cursor, open: number): Expression => {
  const n = c.index
  if (!holds(c, open, 'FROM')) {
    const value = valueExpression(c)
    const character = accept(c, ',') ? valueExpression(c) : null
    return { kind: 'Trim', at: since(c, n), specification: null, character, value }
  }
  const next = peek(c, 1)
  const isSpecified = next === 'FROM' || startsExpression(next)
  const specification = isSpecified ? acceptOne(c, 'LEADING', 'TRAILING', 'BOTH') : null
  const character = peek(c) === 'FROM' ? null : valueExpression(c)
  expect(c, 'FROM')
  const value = valueExpression(c)
  return { kind: 'Trim', at: since(c, n), specification, character, value }
}

const position = (c: Cursor): Expression => {
  const needle = valueExpression(c)
  expect(c, 'IN')
  const value = valueExpression(c)
  return { kind: 'Position', at: needle.at, needle, value }
}

const substring = (c: Cursor): Expression => {
  const value = valueExpression(c)
  expect(c, 'FROM')
  const start = valueExpression(c)
  const length = accept(c, 'FOR') ? valueExpression(c) : null
  return { kind: 'Substring', at: value.at, value, start, length }
}

const normalize = (c: Cursor): Expression => {
  const value = valueExpression(c)
  const form = accept(c, ',') ? expectOne(c, 'NFD', 'NFC', 'NFKD', 'NFKC') : null
  return { kind: 'Normalize', at: value.at, value, form }
}

const groupingColumn = (c: Cursor): ColumnReference => {
  const { at, parts } = qualifiedName(c)
  return { kind: 'ColumnReference', at, parts }
}

const currentNames = [
  'CURRENT_DATE', 'CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIME', 'LOCALTIMESTAMP',
  'CURRENT_USER', 'CURRENT_CATALOG', 'CURRENT_SCHEMA', 'CURRENT_PATH'
] as const satisfies readonly (TokenKind & CurrentName)[]

const timed: ReadonlySet<TokenKind> = new Set<TokenKind>(
  ['CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIME', 'LOCALTIMESTAMP']
)

const currentValue = (c: Cursor): Expression => {
  const n = c.index
  const name = acceptOne(c, ...currentNames) ?? fail(c)
  const isPrecise = timed.has(name) && peek(c) === '('
  const precision = isPrecise
    ? inParentheses(c, (inner) => textOf(inner, expect(inner, 'INTEGER')))
    : null
  return { kind: 'CurrentValue', at: since(c, n), name, precision }
}
