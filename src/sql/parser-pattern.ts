/**
 * Row pattern recognition: what stands in the parentheses of MATCH_RECOGNIZE, and the clauses of it
 * that the frame of a window can have. Each group of a pattern is one level deeper.
 */
import type {
  MatchRecognize, Matching, MeasureDefinition, PatternQuantifier, RowPattern, RowsPerMatch, SkipTo,
  SubsetDefinition, VariableDefinition
} from './ast-pattern.ts'
import type { TokenKind } from './tokens.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, fail, identifier, inParentheses, isName,
  listOf, nested, peek, since, textOf
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { orderBy, partitionBy } from './parser-sort.ts'

export const matchRecognize = (c: Cursor): MatchRecognize => {
  const n = expect(c, 'MATCH_RECOGNIZE')
  const parts = inParentheses(c, (inner) => {
    const partition = partitionBy(inner)
    const sorted = orderBy(inner)
    const measures = measureDefinitions(inner)
    const rowsPerMatch = rowsPerMatchOf(inner)
    const rest = matchingAfter(inner)
    if (rest.pattern === null || rest.definitions.length === 0) return fail(inner)
    const matching: Matching = { measures, ...rest }
    return { partitionBy: partition, orderBy: sorted, rowsPerMatch, matching }
  })
  return { kind: 'MatchRecognize', at: since(c, n), ...parts }
}

/** MEASURES, when it comes next. */
export const measureDefinitions = (c: Cursor): readonly MeasureDefinition[] => {
  if (!accept(c, 'MEASURES')) return []
  return listOf(c, (one) => {
    const n = one.index
    const value = expression(one)
    expect(one, 'AS')
    const name = identifier(one)
    return { kind: 'MeasureDefinition', at: since(one, n), expression: value, name }
  })
}

/** AFTER MATCH, INITIAL or SEEK, PATTERN, SUBSET and DEFINE, as far as they come next. */
export const matchingAfter = (c: Cursor): Omit<Matching, 'measures'> => {
  const skipTo = peek(c) === 'AFTER' ? skipToOf(c) : null
  const search = acceptOne(c, 'INITIAL', 'SEEK')
  const pattern = accept(c, 'PATTERN') ? inParentheses(c, alternation) : null
  const subsets = accept(c, 'SUBSET') ? listOf(c, subsetDefinition) : []
  const definitions = accept(c, 'DEFINE') ? listOf(c, variableDefinition) : []
  return { skipTo, search, pattern, subsets, definitions }
}

const rowsPerMatchOf = (c: Cursor): RowsPerMatch | null => {
  const rows = acceptOne(c, 'ONE', 'ALL')
  if (rows === null) return null
  expect(c, rows === 'ONE' ? 'ROW' : 'ROWS')
  expect(c, 'PER')
  expect(c, 'MATCH')
  const handling = rows === 'ONE' ? null : acceptOne(c, 'SHOW', 'OMIT', 'WITH')
  if (handling === null) return rows
  expect(c, handling === 'WITH' ? 'UNMATCHED' : 'EMPTY')
  expect(c, handling === 'WITH' ? 'ROWS' : 'MATCHES')
  return handlings[handling]
}

const handlings = {
  SHOW: 'ALL_SHOW_EMPTY',
  OMIT: 'ALL_OMIT_EMPTY',
  WITH: 'ALL_UNMATCHED'
} as const

const skipToOf = (c: Cursor): SkipTo => {
  const n = expect(c, 'AFTER')
  expect(c, 'MATCH')
  expect(c, 'SKIP')
  if (expectOne(c, 'TO', 'PAST') === 'PAST') {
    expect(c, 'LAST')
    expect(c, 'ROW')
    return { kind: 'SkipTo', at: since(c, n), position: 'PAST_LAST_ROW', variable: null }
  }
  if (peek(c) === 'NEXT' && peek(c, 1) === 'ROW') {
    c.index += 2
    return { kind: 'SkipTo', at: since(c, n), position: 'NEXT_ROW', variable: null }
  }
  // a variable may be named so itself
  const isEnd = isName(peek(c, 1)) && !(peek(c, 1) === 'PATTERN' && peek(c, 2) === '(')
  const position = (isEnd ? acceptOne(c, 'FIRST', 'LAST') : null) ?? 'VARIABLE'
  const variable = identifier(c)
  return { kind: 'SkipTo', at: since(c, n), position, variable }
}

const subsetDefinition = (c: Cursor): SubsetDefinition => {
  const n = c.index
  const name = identifier(c)
  expect(c, '=')
  const union = inParentheses(c, (inner) => listOf(inner, identifier))
  return { kind: 'SubsetDefinition', at: since(c, n), name, union }
}

const variableDefinition = (c: Cursor): VariableDefinition => {
  const n = c.index
  const name = identifier(c)
  expect(c, 'AS')
  const value = expression(c)
  return { kind: 'VariableDefinition', at: since(c, n), name, expression: value }
}

const alternation = (c: Cursor): RowPattern => {
  const n = c.index
  const first = concatenation(c)
  if (peek(c) !== '|') return first
  const patterns: [RowPattern, ...RowPattern[]] = [first]
  while (accept(c, '|')) patterns.push(concatenation(c))
  return { kind: 'PatternAlternation', at: since(c, n), patterns }
}

const concatenation = (c: Cursor): RowPattern => {
  const n = c.index
  const first = quantified(c)
  if (!startsPattern(peek(c))) return first
  const patterns: [RowPattern, ...RowPattern[]] = [first]
  while (startsPattern(peek(c))) patterns.push(quantified(c))
  return { kind: 'PatternConcatenation', at: since(c, n), patterns }
}

const startsPattern = (kind: TokenKind): boolean =>
  isName(kind) || kind === '(' || kind === '{-' || kind === '^' || kind === '$'

const quantified = (c: Cursor): RowPattern => {
  const n = c.index
  const pattern = primary(c)
  const quantifier = quantifierOf(c)
  if (quantifier === null) return pattern
  return { kind: 'QuantifiedPattern', at: since(c, n), pattern, quantifier }
}

const quantifierOf = (c: Cursor): PatternQuantifier | null => {
  const kind = acceptOne(c, '*', '+', '?')
  if (kind !== null) return { kind, isReluctant: accept(c, '?') }
  if (!accept(c, '{')) return null
  const from = rangeEnd(c)
  const isExact = from !== null && peek(c) !== ','
  if (!isExact) expect(c, ',')
  const to = isExact ? from : rangeEnd(c)
  expect(c, '}')
  return { kind: 'range', from, to, isReluctant: accept(c, '?') }
}

const rangeEnd = (c: Cursor): string | null =>
  accept(c, 'INTEGER') ? textOf(c, c.index - 1) : null

const primary = (c: Cursor): RowPattern => {
  const n = c.index
  const mark = acceptOne(c, '^', '$')
  if (mark !== null) return { kind: 'PatternAnchor', at: since(c, n), mark }
  if (accept(c, '{-')) {
    const pattern = nested(c, alternation)
    expect(c, '-}')
    return { kind: 'PatternExclusion', at: since(c, n), pattern }
  }
  if (peek(c) === '(' && peek(c, 1) === ')') {
    c.index += 2
    return { kind: 'EmptyPattern', at: since(c, n) }
  }
  if (peek(c) === '(') return inParentheses(c, alternation)
  if (peek(c) === 'PERMUTE' && peek(c, 1) === '(') {
    c.index++
    const patterns = inParentheses(c, (inner) => listOf(inner, alternation))
    return { kind: 'PatternPermutation', at: since(c, n), patterns }
  }
  const name = identifier(c)
  return { kind: 'PatternVariable', at: name.at, name }
}
