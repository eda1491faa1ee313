/**
 * Which tables a query reads, from DuckDB's own parse of it (`json_serialize_sql`). Only to know
 * what to load: a table that is not found here is not in the database either, so a miss fails the
 * query and shows nothing. Refuses all but one SELECT, and table functions beyond a short list.
 */
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { QueryFailure } from './athena-failure.ts'

/** Both in lower case. */
export type TableName = { readonly database: string; readonly table: string }

const Parsed = Type.Object({
  error: Type.Boolean(),
  error_type: Type.Optional(Type.String()),
  error_message: Type.Optional(Type.String()),
  statements: Type.Optional(Type.Array(Type.Object({ node: Type.Unknown() })))
})

const BaseTable = Type.Object({
  type: Type.Literal('BASE_TABLE'),
  catalog_name: Type.String(),
  schema_name: Type.String(),
  table_name: Type.String()
})

const TableFunction = Type.Object({
  type: Type.Literal('TABLE_FUNCTION'),
  function: Type.Object({ function_name: Type.String() })
})

const WithCtes = Type.Object({
  cte_map: Type.Object({
    map: Type.Array(Type.Object({ key: Type.String(), value: Type.Unknown() }))
  })
})

/** SHOW, DESCRIBE and SUMMARIZE parse as a SELECT from one of these */
const ShowRef = Type.Object({ type: Type.Literal('SHOW_REF') })

const onlyQueries = 'NOT_SUPPORTED: Only SELECT, WITH and VALUES are run'

const tableFunctions: ReadonlySet<string> = new Set(['range', 'generate_series', 'unnest'])

/** `serialized` is what json_serialize_sql answered. QueryFailure for a text that is not run. */
export function readsOf(serialized: string, database: string): readonly TableName[] {
  const parsed: unknown = JSON.parse(serialized)
  if (!Value.Check(Parsed, parsed)) {
    throw new QueryFailure('NOT_SUPPORTED: The statement was not understood')
  }
  if (parsed.error_type === 'not implemented') throw new QueryFailure(onlyQueries)
  if (parsed.error) throw new QueryFailure(`SYNTAX_ERROR: ${firstLine(parsed.error_message)}`)
  const [statement, ...more] = parsed.statements ?? []
  if (statement === undefined || more.length > 0) {
    throw new QueryFailure('NOT_SUPPORTED: Exactly one statement is run at a time')
  }
  const found = new Map<string, TableName>()
  visit(statement.node, new Set(), (name) => {
    const table = { database: name.database === '' ? database : name.database, table: name.table }
    found.set(JSON.stringify(table), table)
  })
  return [...found.values()]
}

type Scope = ReadonlySet<string>

/** Walks the parse with the WITH names that are visible at each place. */
function visit(node: unknown, scope: Scope, found: (name: TableName) => void): void {
  if (typeof node !== 'object' || node === null) return
  if (Value.Check(ShowRef, node)) {
    throw new QueryFailure(onlyQueries)
  }
  if (Value.Check(TableFunction, node)) requireKnownFunction(node.function.function_name)
  if (Value.Check(BaseTable, node)) {
    const table = node.table_name.toLowerCase()
    const own = node.schema_name === '' && node.catalog_name === '' && scope.has(table)
    if (!own) found({ database: databaseOf(node.catalog_name, node.schema_name), table })
  }
  const inside = Value.Check(WithCtes, node) ? visitCtes(node.cte_map.map, scope, found) : scope
  for (const [name, child] of Object.entries(node)) {
    if (name !== 'cte_map') visit(child, inside, found)
  }
}

/** Each WITH query sees the names before it; a recursive one sees its own as well. */
function visitCtes(
  ctes: readonly { readonly key: string; readonly value: unknown }[],
  scope: Scope,
  found: (name: TableName) => void
): Scope {
  const visible = new Set(scope)
  for (const { key, value } of ctes) {
    const name = key.toLowerCase()
    visit(value, isRecursive(value) ? new Set([...visible, name]) : new Set(visible), found)
    visible.add(name)
  }
  return visible
}

const Recursive = Type.Object({
  query: Type.Object({ node: Type.Object({ type: Type.Literal('RECURSIVE_CTE_NODE') }) })
})

function isRecursive(cte: unknown): boolean {
  return Value.Check(Recursive, cte)
}

function databaseOf(catalog: string, schema: string): string {
  if (catalog === '' || catalog.toLowerCase() === 'awsdatacatalog') return schema.toLowerCase()
  throw new QueryFailure(`CATALOG_NOT_FOUND: Catalog '${catalog}' does not exist`)
}

function requireKnownFunction(name: string): void {
  if (tableFunctions.has(name.toLowerCase())) return
  throw new QueryFailure(`FUNCTION_NOT_FOUND: Table function '${name}' not registered`)
}

function firstLine(message: string | undefined): string {
  return (message ?? 'the statement could not be parsed').split('\n', 1)[0] ?? ''
}
