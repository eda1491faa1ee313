/**
 * Which columns may be read, and how: denied ones nowhere, aggregate-only ones as the bare argument
 * of `count` and `approx_distinct`, those an elevation did not ask for not at all, and no star over
 * a table that has any of these. Star reads are the star rule's alone, so that each is told once.
 */
import type { Column, Table } from './catalog.ts'
import type { RefusalCode } from './refusal.ts'
import type { ColumnRead, Objection, Resolution } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'

export const deniedColumns = (
  resolution: Resolution,
  { isDenied }: Restrictions
): readonly Objection[] =>
  writtenReads(resolution, isDenied).map((read) =>
    about(resolution, read, {
      code: 'COLUMN_DENIED',
      rule: 'deny_columns',
      message: 'is denied',
      hint: 'it may be read nowhere in a query, conditions included: leave it out'
    })
  )

export const leftOutColumns = (
  resolution: Resolution,
  { isLeftOut }: Restrictions
): readonly Objection[] =>
  writtenReads(resolution, isLeftOut).map((read) =>
    about(resolution, read, {
      code: 'COLUMN_DENIED',
      rule: 'columns',
      message: 'is not in the grant',
      hint: 'ask for the column, or leave it out'
    })
  )

export const aggregateOnlyColumns = (
  resolution: Resolution,
  { isAggregateOnly }: Restrictions
): readonly Objection[] =>
  writtenReads(resolution, isAggregateOnly, ({ isCounted }) => !isCounted).map((read) =>
    about(resolution, read, {
      code: 'AGGREGATE_ONLY',
      rule: 'aggregate_only_columns',
      message: 'may only be counted',
      hint: 'use count(x), count(DISTINCT x) or approx_distinct(x) in SELECT, HAVING or ORDER BY'
    })
  )

/** One finding for each table under each star. */
export const stars = (
  resolution: Resolution,
  { isDenied, isAggregateOnly, isLeftOut }: Restrictions
): readonly Objection[] =>
  resolution.stars.flatMap(({ at, columns }) => {
    const refused = new Map<Table, Set<string>>()
    for (const column of columns) {
      if (!isDenied(column) && !isAggregateOnly(column) && !isLeftOut(column)) continue
      const { table, name } = column
      refused.set(table, (refused.get(table) ?? new Set()).add(name))
    }
    return [...refused].map(([table, names]): Objection => {
      const free = table.columns.map(({ name }) => name).filter((name) => !names.has(name))
      const hinted = [...free.slice(0, 20), ...(free.length > 20 ? ['…'] : [])]
      return {
        code: 'STAR',
        rule: 'star',
        at,
        message: `* reads ${[...names].join(', ')} of ${table.id}, which may not be read like this`,
        object: { catalog: resolution.catalog, database: table.database, table: table.name },
        hint: `name the columns you need: ${hinted.join(', ')}`
      }
    })
  })

const writtenReads = (
  { reads }: Resolution,
  isMeant: (column: Column) => boolean,
  isSo: (read: ColumnRead) => boolean = () => true
): readonly ColumnRead[] => {
  const meant: ColumnRead[] = []
  for (const read of reads) {
    if (meant.length === mostTold) break
    if (isMeant(read.column) && isSo(read)) meant.push(read)
  }
  return meant
}

/** One name written ten thousand times is told of a thousand times. */
const mostTold = 1000

const about = (
  { catalog }: Resolution,
  { at, column }: ColumnRead,
  { message, ...rest }: {
    readonly code: RefusalCode
    readonly rule: string
    readonly message: string
    readonly hint: string
  }
): Objection => {
  const { table, name } = column
  return {
    ...rest,
    at,
    message: `column ${name} of ${table.id} ${message}`,
    object: { catalog, database: table.database, table: table.name, column: name }
  }
}
