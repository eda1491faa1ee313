/** ORDER BY and PARTITION BY, wherever they stand. */
import type { Expression, SortItem } from './ast.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, listOf, none, peek, since
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'

/** The items of the ORDER BY that comes next; empty when none does. */
export const orderBy = (c: Cursor): readonly SortItem[] => {
  if (!accept(c, 'ORDER')) return none
  expect(c, 'BY')
  return listOf(c, sortItem)
}

/** The expressions of the PARTITION BY that comes next; empty when none does. */
export const partitionBy = (c: Cursor): readonly Expression[] => {
  if (!accept(c, 'PARTITION')) return none
  expect(c, 'BY')
  return listOf(c, expression)
}

export const sortItem = (c: Cursor): SortItem => {
  const n = c.index
  const value = expression(c)
  const ordering = acceptOne(c, 'ASC', 'DESC')
  const isNulls = peek(c) === 'NULLS' && accept(c, 'NULLS')
  const nulls = isNulls ? expectOne(c, 'FIRST', 'LAST') : null
  return { kind: 'SortItem', at: since(c, n), expression: value, ordering, nulls }
}
