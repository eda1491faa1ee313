/**
 * Queries: WITH, set operations, SELECT, VALUES, TABLE, and what orders and limits them.
 * UNION and EXCEPT have one precedence and go left to right; INTERSECT binds tighter.
 */
import type {
  FetchFirst, GroupBy, GroupingElement, Limit, NamedQuery, Query, QueryBody, QuerySpecification,
  Recursive, RowCount, SelectItem, SetQuantifier, SetTerm
} from './ast.ts'
import { isAliasNext, queryIn } from './parser-ahead.ts'
import { itemQuantifier, setQuantifier } from './parser-call.ts'
import {
  type Cursor, accept, acceptOne, columnAliases, expect, expectOne, fail, identifier, identifiers,
  inParentheses, listOf, none, partnerOf, peek, qualifiedName, since, textOf
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { relation } from './parser-relation.ts'
import { orderBy } from './parser-sort.ts'
import { windowDefinition } from './parser-window.ts'
import type { TokenKind } from './tokens.ts'

/** A query, with its WITH if it has one. Whoever opens the bracket before it counts its depth. */
export const query = (c: Cursor): Query => {
  const n = c.index
  const isNaming = accept(c, 'WITH')
  const recursive: Recursive | null = isNaming && accept(c, 'RECURSIVE')
    ? { kind: 'Recursive', at: since(c, c.index - 1) }
    : null
  const named = isNaming ? listOf(c, namedQuery) : none
  return queryAfter(c, { n, recursive, named })
}

const namedQuery = (c: Cursor): NamedQuery => {
  const n = c.index
  const name = identifier(c)
  const aliases = columnAliases(c)
  expect(c, 'AS')
  const subquery = inParentheses(c, query)
  return { kind: 'NamedQuery', at: since(c, n), name, columnAliases: aliases, query: subquery }
}

const queryWithout = (c: Cursor): Query =>
  queryAfter(c, { n: c.index, recursive: null, named: none })

const queryAfter = (
  c: Cursor,
  { n, recursive, named }: {
    readonly n: number
    readonly recursive: Recursive | null
    readonly named: Query['with']
  }
): Query => {
  const body = union(c)
  const sorted = orderBy(c)
  const offset = accept(c, 'OFFSET') ? rowCount(c) : null
  if (offset !== null) acceptOne(c, 'ROW', 'ROWS')
  const limit = limitOf(c)
  const at = since(c, n)
  return { kind: 'Query', at, recursive, with: named, body, orderBy: sorted, offset, limit }
}

const limitOf = (c: Cursor): Limit | FetchFirst | null => {
  const n = c.index
  if (accept(c, 'LIMIT')) {
    const count = accept(c, 'ALL') ? null : rowCount(c)
    return { kind: 'Limit', at: since(c, n), count }
  }
  if (!accept(c, 'FETCH')) return null
  expectOne(c, 'FIRST', 'NEXT')
  const count = peek(c) === 'INTEGER' || peek(c) === '?' ? rowCount(c) : null
  expectOne(c, 'ROW', 'ROWS')
  const withTies = expectOne(c, 'ONLY', 'WITH') === 'WITH'
  if (withTies) expect(c, 'TIES')
  return { kind: 'FetchFirst', at: since(c, n), count, withTies }
}

const rowCount = (c: Cursor): RowCount => {
  const n = c.index
  const count = expectOne(c, 'INTEGER', '?') === '?' ? null : textOf(c, n)
  return { kind: 'RowCount', at: since(c, n), count }
}

const union = (c: Cursor): QueryBody => setOperation(c, unions)
const intersection = (c: Cursor): QueryBody => setOperation(c, intersections)

type Level = {
  readonly operators: readonly SetTerm['operator'][]
  readonly operand: (c: Cursor) => QueryBody
}

const unions: Level = { operators: ['UNION', 'EXCEPT'], operand: intersection }
const intersections: Level = { operators: ['INTERSECT'], operand: (c) => primary(c) }

const setOperation = (c: Cursor, { operators, operand }: Level): QueryBody => {
  const n = c.index
  const first = operand(c)
  const one = setTerm(c, operators, operand)
  if (one === null) return first
  const rest: [SetTerm, ...SetTerm[]] = [one]
  for (;;) {
    const term = setTerm(c, operators, operand)
    if (term === null) return { kind: 'SetOperation', at: since(c, n), first, rest }
    rest.push(term)
  }
}

const setTerm = (
  c: Cursor,
  operators: Level['operators'],
  operand: Level['operand']
): SetTerm | null => {
  const n = c.index
  const operator = acceptOne(c, ...operators)
  if (operator === null) return null
  const quantifier = acceptOne(c, 'DISTINCT', 'ALL')
  const body = operand(c)
  return { kind: 'SetTerm', at: since(c, n), operator, quantifier, body }
}

const primary = (c: Cursor): QueryBody => {
  const n = c.index
  if (peek(c) === 'SELECT') return querySpecification(c)
  if (accept(c, 'VALUES')) {
    const rows = listOf(c, expression)
    return { kind: 'Values', at: since(c, n), rows }
  }
  if (accept(c, 'TABLE')) {
    const name = qualifiedName(c)
    return { kind: 'Table', at: since(c, n), name, period: null }
  }
  if (peek(c) !== '(') return fail(c)
  const subquery = inParentheses(c, queryWithout)
  return { kind: 'TableSubquery', at: since(c, n), query: subquery }
}

const querySpecification = (c: Cursor): QuerySpecification => {
  const n = expect(c, 'SELECT')
  const quantifier = setQuantifier(c)
  const select = listOf(c, selectItem)
  const from = accept(c, 'FROM') ? listOf(c, relation) : none
  const where = accept(c, 'WHERE') ? expression(c) : null
  const grouped = accept(c, 'GROUP') ? groupBy(c) : null
  const having = accept(c, 'HAVING') ? expression(c) : null
  const windows = accept(c, 'WINDOW') ? listOf(c, windowDefinition) : none
  return {
    kind: 'QuerySpecification',
    at: since(c, n),
    quantifier,
    select,
    from,
    where,
    groupBy: grouped,
    having,
    windows
  }
}

const selectItem = (c: Cursor): SelectItem => {
  const n = c.index
  if (accept(c, '*')) return { kind: 'AllColumns', at: since(c, n), target: null, aliases: none }
  const value = expression(c)
  if (peek(c) === '.') {
    // Only a primary expression has a star: in `a + t.*` the last one began later than the item.
    if (c.primaryStart !== n) fail(c)
    c.index++
    expect(c, '*')
    const aliases = accept(c, 'AS') ? inParentheses(c, identifiers) : none
    return { kind: 'AllColumns', at: since(c, n), target: value, aliases }
  }
  const alias = accept(c, 'AS') || isAliasNext(c) ? identifier(c) : null
  return { kind: 'SingleColumn', at: since(c, n), expression: value, alias }
}

const groupBy = (c: Cursor): GroupBy => {
  const n = c.index - 1
  expect(c, 'BY')
  const quantifier = groupingQuantifier(c)
  const elements = listOf(c, groupingElement)
  return { kind: 'GroupBy', at: since(c, n), quantifier, elements }
}

const groupingQuantifier = (c: Cursor): SetQuantifier | null => {
  const next = peek(c, 1)
  if (next === 'ROLLUP' || next === 'CUBE') return acceptOne(c, 'ALL', 'DISTINCT')
  return itemQuantifier(c)
}

const groupingElement = (c: Cursor): GroupingElement => {
  const n = c.index
  const word = acceptOne(c, 'ROLLUP', 'CUBE') ?? (
    peek(c, 1) === 'SETS' ? acceptOne(c, 'GROUPING') : null
  )
  if (word === null) {
    const set = groupingSet(c)
    return { kind: 'SimpleGroupBy', at: since(c, n), sets: [set] }
  }
  if (word === 'GROUPING') {
    expect(c, 'SETS')
    const sets = inParentheses(c, (inner) => listOf(inner, groupingSet))
    return { kind: 'GroupingSets', at: since(c, n), sets }
  }
  const sets = inParentheses(c, (inner) => (peek(inner) === ')' ? [] : listOf(inner, groupingSet)))
  return { kind: word === 'ROLLUP' ? 'Rollup' : 'Cube', at: since(c, n), sets }
}

const groupingSet = (c: Cursor) => {
  if (peek(c) !== '(' || !isSet(c, c.index)) return [expression(c)]
  return inParentheses(c, (inner) => (peek(inner) === ')' ? none : listOf(inner, expression)))
}

const afterSet: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ',', ')', ';', 'END_OF_TEXT', 'HAVING', 'WINDOW', 'ORDER', 'OFFSET', 'LIMIT', 'FETCH', 'UNION',
  'EXCEPT', 'INTERSECT'
])

/**
 * Whether the parenthesis at token `n` holds a set, rather than beginning an expression such as `(a
 * + b) * c`.
 */
const isSet = (c: Cursor, n: number): boolean =>
  queryIn(c, n) !== 'query' && afterSet.has(c.tokens.kinds[partnerOf(c, n) + 1] ?? 'END_OF_TEXT')
