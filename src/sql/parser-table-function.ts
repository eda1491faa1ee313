/**
 * `TABLE(f(…))` in FROM: the function's name and what it is given, which is a table, a descriptor
 * or, where it can be neither, an expression.
 */
import type { Expression, QualifiedName, Query, Some, SortItem } from './ast.ts'
import type {
  Descriptor, DescriptorField, TableArgument, TableFunction, TableFunctionArgument
} from './ast-table-function.ts'
import type { TokenKind } from './tokens.ts'
import { isAliasNext, queryIn } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, columnAliases, expect, identifier, inParentheses, isName, listOf,
  partnerOf, peek, qualifiedName, since
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { query } from './parser-query.ts'
import { sortItem } from './parser-sort.ts'
import { dataType } from './parser-type.ts'

export const tableFunction = (c: Cursor): TableFunction => {
  const n = expect(c, 'TABLE')
  const { name, ...rest } = inParentheses(c, (inner) => {
    const called = qualifiedName(inner)
    return { name: called, ...inParentheses(inner, argumentsOf) }
  })
  return { kind: 'TableFunction', at: since(c, n), name, ...rest }
}

const argumentsOf = (c: Cursor): Pick<TableFunction, 'arguments' | 'copartition'> => {
  const isEmpty = peek(c) === ')' || (peek(c) === 'COPARTITION' && peek(c, 1) === '(')
  const values = isEmpty ? [] : listOf(c, argument)
  const copartition = accept(c, 'COPARTITION') ? listOf(c, copartitioned) : []
  return { arguments: values, copartition }
}

/** Two tables at least. */
const copartitioned = (c: Cursor): Some<QualifiedName> =>
  inParentheses(c, (inner) => {
    const first = qualifiedName(inner)
    expect(inner, ',')
    return [first, ...listOf(inner, qualifiedName)]
  })

const argument = (c: Cursor): TableFunctionArgument => {
  const n = c.index
  const isNamed = isName(peek(c)) && peek(c, 1) === '=>'
  const name = isNamed ? identifier(c) : null
  if (isNamed) expect(c, '=>')
  const value = argumentValue(c)
  return { kind: 'TableFunctionArgument', at: since(c, n), name, value }
}

const argumentValue = (c: Cursor): TableArgument | Descriptor | Expression => {
  if (peek(c) === 'TABLE' && peek(c, 1) === '(') return tableArgument(c)
  const n = c.index
  if (peek(c) === 'DESCRIPTOR' && peek(c, 1) === '(' && isName(peek(c, 2))) {
    c.index++
    const fields = inParentheses(c, (inner) => listOf(inner, descriptorField))
    return { kind: 'Descriptor', at: since(c, n), fields }
  }
  if (isNullDescriptor(c)) {
    c.index += nullDescriptor.length
    return { kind: 'Descriptor', at: since(c, n), fields: [] }
  }
  return expression(c)
}

const nullDescriptor: readonly TokenKind[] = ['CAST', '(', 'NULL', 'AS', 'DESCRIPTOR', ')']

const isNullDescriptor = (c: Cursor): boolean =>
  nullDescriptor.every((kind, ahead) => peek(c, ahead) === kind)

const descriptorField = (c: Cursor): DescriptorField => {
  const n = c.index
  const name = identifier(c)
  const type = isName(peek(c)) ? dataType(c) : null
  return { kind: 'DescriptorField', at: since(c, n), name, type }
}

const tableArgument = (c: Cursor): TableArgument => {
  const n = expect(c, 'TABLE')
  const isQuery = queryIn(c, c.index) !== 'none'
  const table = inParentheses<QualifiedName | Query>(c, isQuery ? query : qualifiedName)
  const alias = accept(c, 'AS') || isAlias(c) ? identifier(c) : null
  const names = alias === null ? [] : columnAliases(c)
  const partitionBy = by(c, 'PARTITION') ? partition(c) : null
  const whenEmpty = acceptOne(c, 'PRUNE', 'KEEP')
  if (whenEmpty !== null) {
    expect(c, 'WHEN')
    expect(c, 'EMPTY')
  }
  const orderBy = by(c, 'ORDER') ? order(c) : []
  const rest = { table, alias, columnAliases: names, partitionBy, whenEmpty, orderBy }
  return { kind: 'TableArgument', at: since(c, n), ...rest }
}

const isAlias = (c: Cursor): boolean => {
  const next = peek(c, 1)
  const isClause = next === 'BY' || next === 'WHEN'
  return isAliasNext(c) && !isClause && !(peek(c) === 'COPARTITION' && next === '(')
}

const by = (c: Cursor, word: 'PARTITION' | 'ORDER'): boolean => {
  const isNext = accept(c, word)
  if (isNext) expect(c, 'BY')
  return isNext
}

const partition = (c: Cursor): readonly Expression[] => {
  if (!isGroup(c)) return [expression(c)]
  return inParentheses(c, (inner) => (peek(inner) === ')' ? [] : listOf(inner, expression)))
}

const order = (c: Cursor): readonly SortItem[] =>
  isGroup(c) ? inParentheses(c, (inner) => listOf(inner, sortItem)) : [sortItem(c)]

const afterGroup: ReadonlySet<TokenKind> = new Set<TokenKind>(
  [')', ',', 'PRUNE', 'KEEP', 'ORDER', 'COPARTITION']
)

/** Whether the parentheses that come next are all there is, rather than begin an expression. */
const isGroup = (c: Cursor): boolean =>
  peek(c) === '(' &&
  queryIn(c, c.index) !== 'query' &&
  afterGroup.has(c.tokens.kinds[partnerOf(c, c.index) + 1] ?? 'END_OF_TEXT')
