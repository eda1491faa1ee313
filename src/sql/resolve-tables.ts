/**
 * A table by its name: a CTE in sight, else one of the catalog. Refused by its standing: another
 * catalog, `information_schema`, names with `$`, what is unknown, not granted, or a view not
 * granted.
 */
import type { Table as TableNode } from './ast.ts'
import type { Column, Table } from './catalog.ts'
import { type Ctes, type Resolver, type TableRead, spend } from './resolution.ts'
import { type Field, type Relation, type Scan, noSources, opaque } from './scope.ts'

export type NamedRelation = { readonly relation: Relation; readonly scan: Scan | null }

/** Its fields under its own names or an alias, and the scan where it is a table of the catalog. */
export const readTable = (
  resolver: Resolver,
  node: TableNode,
  { ctes, alias }: { readonly ctes: Ctes | null; readonly alias: string | null }
): NamedRelation => {
  const { parts } = node.name
  const [only] = parts
  const cte = parts.length === 1 ? cteNamed(ctes, only.name) : null
  if (cte !== null) {
    spend(resolver, cte.fields.length)
    return { relation: alias === null ? cte : underAlias(cte, alias), scan: null }
  }
  const read = standingOf(resolver, node)
  resolver.found.tables.push(read)
  const table = read.standing === 'read' ? tableOf(resolver, read) : null
  if (table === null) return { relation: opaque, scan: null }
  spend(resolver, table.columns.length)
  const scan: Scan = { table, at: node.name.at }
  const qualifier =
    alias === null ? [resolver.catalog.name, table.database, table.name] : [alias]
  const fields = table.columns.map((column) => {
    const { name, type } = column
    const source = { scan, column }
    return { qualifier, name, source, twins: noSources, lineage: lineageOf(column), type }
  })
  return { relation: { fields, isOpaque: false }, scan }
}

const underAlias = ({ fields, isOpaque }: Relation, alias: string): Relation => {
  const qualifier = [alias]
  const aliased = fields.map(({ name, source, twins, lineage, type }): Field => {
    return { qualifier, name, source, twins, lineage, type }
  })
  return { fields: aliased, isOpaque }
}

/** Made once per column, for a wide table has thousands. */
const lineages = new WeakMap<Column, ReadonlySet<Column>>()

const lineageOf = (column: Column): ReadonlySet<Column> => {
  const known = lineages.get(column)
  if (known !== undefined) return known
  const made = new Set([column])
  lineages.set(column, made)
  return made
}

const cteNamed = (ctes: Ctes | null, name: string): Relation | null => {
  for (let level = ctes; level !== null; level = level.parent) {
    const relation = level.own.get(name)
    if (relation !== undefined) return relation
  }
  return null
}

const tableOf = (resolver: Resolver, { database, name }: Pick<TableRead, 'database' | 'name'>) =>
  resolver.catalog.tables.get(`${database}.${name}`) ?? null

const standingOf = (resolver: Resolver, node: TableNode): TableRead => {
  const names = node.name.parts.map((part) => part.name)
  const name = names.at(-1) ?? ''
  const database = names.at(-2) ?? resolver.defaultDatabase
  const catalog = names.at(-3) ?? resolver.catalog.name
  const read = { at: node.name.at, catalog, database, name }
  const isForeign = catalog !== resolver.catalog.name || names.length > 3
  if (isForeign || database === 'information_schema') return { ...read, standing: 'catalog' }
  if (name.includes('$')) return { ...read, standing: 'metadata' }
  // a dot within a part would make another table's name of it
  const isOne = !name.includes('.') && database?.includes('.') === false
  const table = isOne ? tableOf(resolver, read) : null
  if (table === null) return { ...read, standing: 'unknown' }
  return { ...read, standing: standing(resolver, table) }
}

const standing = (resolver: Resolver, table: Table): TableRead['standing'] => {
  if (resolver.isGranted(table)) return 'read'
  return table.kind === 'view' ? 'view' : 'notGranted'
}
