/**
 * A guardrail and what an elevation was granted, as questions about one table or column. The
 * narrower of the two holds. Names are folded, so that a list in any spelling means the same.
 */
import { type Column, type Table, fold } from './catalog.ts'

/** What queries may read: the document of `policies/guardrails/`, without its name. */
export type Guardrail = {
  /** `database.table`; null = every table of the catalog, or of the grant */
  readonly tables: readonly string[] | null
  readonly denyColumns: Readonly<Record<string, readonly string[]>>
  readonly aggregateOnlyColumns: Readonly<Record<string, readonly string[]>>
  readonly requirePartitionPredicate: boolean
  /** the largest LIMIT; null = none is needed */
  readonly requireLimit: number | null
  readonly forbidCrossJoin: boolean
  readonly forbidFunctions: readonly string[]
  readonly defaultDatabase: string | null
}

/** What one elevation holds to. */
export type Grant = {
  /** `database.table` */
  readonly tables: readonly string[]
  /** `database.table.column`; null = every column of the tables, else no column but these */
  readonly columns: readonly string[] | null
}

export type Restrictions = {
  readonly guardrail: Guardrail
  /** whether a table may be read; a view has to be named */
  readonly isGranted: (table: Table) => boolean
  readonly isDenied: (column: Column) => boolean
  readonly isAggregateOnly: (column: Column) => boolean
  /** whether the elevation's own columns leave it out */
  readonly isLeftOut: (column: Column) => boolean
  readonly isForbidden: (functionName: string) => boolean
}

/** What holds for a statement; `grant` null = the guardrail alone. */
export const restrictionsOf = (guardrail: Guardrail, grant: Grant | null): Restrictions => {
  const { tables, denied, aggregateOnly, functions } = compiled(guardrail)
  const granted = grant && new Set(grant.tables.map(fold))
  const columns = grant?.columns ? new Set(grant.columns.map(fold)) : null
  return {
    guardrail,
    isGranted: ({ id, kind }) => {
      const isNamed = tables?.has(id) === true || granted?.has(id) === true
      const isWithin = tables?.has(id) !== false && granted?.has(id) !== false
      return isWithin && (kind === 'table' || isNamed)
    },
    isDenied: (column) => isListed(denied, column),
    isAggregateOnly: (column) => isListed(aggregateOnly, column),
    isLeftOut: ({ table, name }) => columns?.has(`${table.id}.${name}`) === false,
    isForbidden: (name) => functions.has(name)
  }
}

type Lists = ReadonlyMap<string, ReadonlySet<string>>

const isListed = (lists: Lists, { table, name }: Column): boolean =>
  lists.get(table.id)?.has(name) === true

type Compiled = {
  readonly tables: ReadonlySet<string> | null
  readonly denied: Lists
  readonly aggregateOnly: Lists
  readonly functions: ReadonlySet<string>
}

const known = new WeakMap<Guardrail, Compiled>()

const compiled = (guardrail: Guardrail): Compiled => {
  const before = known.get(guardrail)
  if (before !== undefined) return before
  const made = {
    tables: guardrail.tables && new Set(guardrail.tables.map(fold)),
    denied: listsOf(guardrail.denyColumns),
    aggregateOnly: listsOf(guardrail.aggregateOnlyColumns),
    functions: new Set(guardrail.forbidFunctions.map(fold))
  }
  known.set(guardrail, made)
  return made
}

/** Two spellings of one table add up. */
const listsOf = (lists: Readonly<Record<string, readonly string[]>>): Lists => {
  const all = new Map<string, Set<string>>()
  for (const [table, columns] of Object.entries(lists)) {
    const set = all.get(fold(table)) ?? new Set()
    for (const column of columns) set.add(fold(column))
    all.set(fold(table), set)
  }
  return all
}
