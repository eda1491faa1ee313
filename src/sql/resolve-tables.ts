/**
 * A table by its name: a CTE in sight, else one of the catalog. Refused by its standing: another
 * catalog, `information_schema`, names with `$`, what is unknown, not granted, or a view not
 * granted.
 */
import type { Table as TableNode } from './ast.ts'
import type { Table } from './catalog.ts'
import { type Ctes, type Resolver, type Stranger, spend } from './resolution.ts'
import { type Fields, type Relation, type Scan, fieldsOf, noScans, opaque } from './scope.ts'

/** Its fields under its own names or an alias; a table of the catalog is added to `scans`. */
export const readTable = (
  resolver: Resolver,
  node: TableNode,
  { ctes, alias, scans }: {
    readonly ctes: Ctes | null
    readonly alias: string | null
    readonly scans: Scan[]
  }
): Relation => {
  const { parts, at } = node.name
  const [only] = parts
  const cte = parts.length === 1 ? cteNamed(ctes, only.name) : null
  if (cte !== null) {
    spend(resolver, cte.width)
    return underName(cte, [alias ?? only.name])
  }
  const table = lookedUp(resolver, node)
  if (table === null) return opaque
  const width = table.columns.length
  spend(resolver, width)
  const scan: Scan = { table, at }
  scans.push(scan)
  const qualifier =
    alias === null ? [resolver.catalog.name, table.database, table.name] : [alias]
  const part = { qualifier, fields: fieldsOfTable(table), scan, isRead: false }
  return { parts: [part], width, isOpaque: false }
}

/** The same fields under one name. */
export const underName = (
  { parts, width, isOpaque }: Relation,
  qualifier: readonly string[]
): Relation => ({
  parts: parts.map(({ fields, scan, isRead }) => ({ qualifier, fields, scan, isRead })),
  width,
  isOpaque
})

/** Made once per table, for a wide one has thousands of columns. */
const fieldsByTable = new WeakMap<Table, Fields>()

const fieldsOfTable = (table: Table): Fields => {
  const before = fieldsByTable.get(table)
  if (before !== undefined) return before
  const fields = fieldsOf(
    table.columns.map((column) => {
      const { name, type } = column
      return { name, columns: [column], scans: noScans, lineage: new Set([column]), type }
    })
  )
  fieldsByTable.set(table, fields)
  return fields
}

const cteNamed = (ctes: Ctes | null, name: string): Relation | null => {
  for (let level = ctes; level !== null; level = level.parent) {
    const relation = level.own.get(name)
    if (relation !== undefined) return relation
  }
  return null
}

/** Null where it is none of the statement's, which is noted. */
const lookedUp = (resolver: Resolver, { name: { parts, at } }: TableNode): Table | null => {
  const name = parts.at(-1)?.name ?? ''
  const database = parts.at(-2)?.name ?? resolver.defaultDatabase
  const catalog = parts.at(-3)?.name ?? resolver.catalog.name
  const isForeign =
    catalog !== resolver.catalog.name || parts.length > 3 || database === 'information_schema'
  const known = resolver.catalog.databases.get(database ?? '')?.get(name) ?? null
  const standing = isForeign ? 'catalog' : standingOf(resolver, name, known)
  if (standing === null) return known
  resolver.found.strangers.push({ at, standing, catalog, database, name })
  return null
}

/** Null where it is read. */
const standingOf = (
  resolver: Resolver,
  name: string,
  table: Table | null
): Stranger['standing'] | null => {
  if (name.includes('$')) return 'metadata'
  if (table === null) return 'unknown'
  if (resolver.isGranted(table)) return null
  return table.kind === 'view' ? 'view' : 'notGranted'
}
