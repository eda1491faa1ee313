/**
 * The tables a query may be about: a snapshot of the Glue catalog (`CatalogDocument`, the file of
 * `sallyport guard`) made into a lookup once. Refused, every fault with its place: unknown keys,
 * tables that are not `database.table`, columns twice. Names are folded to lower case, as Glue
 * does.
 */
import { type SqlType, parseType, plain } from './types.ts'

export type CatalogDocument = {
  readonly defaultCatalog: string
  readonly tables: Readonly<Record<string, TableDocument>>
}

export type TableDocument = {
  readonly type: 'table' | 'view'
  readonly columns: readonly (readonly [name: string, type: string])[]
  /** may be left out of `columns`, as Glue does */
  readonly partitionKeys?: readonly string[]
}

/** One for each column of each table, so that it is itself by identity. */
export type Column = {
  readonly table: Table
  readonly name: string
  readonly type: SqlType
  readonly isPartitionKey: boolean
}

export type Table = {
  /** `database.table` */
  readonly id: string
  readonly database: string
  readonly name: string
  readonly kind: 'table' | 'view'
  /** in the order of `SELECT *` */
  readonly columns: readonly Column[]
}

export type Catalog = {
  readonly name: string
  /** by database, then by name */
  readonly databases: ReadonlyMap<string, ReadonlyMap<string, Table>>
}

export type CatalogFault = { readonly path: string; readonly message: string }

export type ParsedCatalog =
  | { readonly ok: true; readonly catalog: Catalog }
  | { readonly ok: false; readonly faults: readonly CatalogFault[] }

/** Parses a document from outside; every fault at once. */
export const parseCatalog = (value: unknown): ParsedCatalog => {
  const faults: CatalogFault[] = []
  const fault = (path: string, message: string): void => void faults.push({ path, message })
  if (!isRecord(value)) {
    fault('', 'must be a mapping with defaultCatalog and tables')
    return { ok: false, faults }
  }
  unknownKeys(value, ['defaultCatalog', 'tables'], '', fault)
  const name = value['defaultCatalog']
  if (!isName(name)) fault('defaultCatalog', 'must be the name of a catalog')
  const listed = value['tables']
  if (!isRecord(listed)) fault('tables', 'must be a mapping of database.table to its columns')
  const databases = new Map<string, Map<string, Table>>()
  for (const [id, one] of Object.entries(isRecord(listed) ? listed : {})) {
    const table = tableOf(id, one, fault)
    if (table === null) continue
    const tables = databases.get(table.database) ?? new Map<string, Table>()
    if (tables.has(table.name)) fault(`tables[${JSON.stringify(id)}]`, 'is there twice')
    databases.set(table.database, tables.set(table.name, table))
  }
  if (faults.length > 0 || !isName(name)) return { ok: false, faults }
  return { ok: true, catalog: { name: fold(name), databases } }
}

/**
 * Names that are the same to Trino are the same folded. A to Z alone: whatever else there may be in
 * a name is refused before.
 */
export const fold = (name: string): string =>
  /[A-Z]/.test(name) ? name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) : name

type Fault = (path: string, message: string) => void

const tableOf = (id: string, value: unknown, fault: Fault): Table | null => {
  const path = `tables[${JSON.stringify(id)}]`
  const [database, name, ...more] = fold(id).split('.')
  if (!database || !name || more.length > 0) {
    fault(path, 'must be named database.table')
    return null
  }
  if (!isRecord(value)) {
    fault(path, 'must be a mapping with type and columns')
    return null
  }
  unknownKeys(value, ['type', 'columns', 'partitionKeys'], path, fault)
  const kind = value['type']
  if (kind !== 'table' && kind !== 'view') {
    fault(`${path}.type`, 'must be table or view')
    return null
  }
  const keys = partitionKeysOf(value['partitionKeys'] ?? [], `${path}.partitionKeys`, fault)
  const columns: Column[] = []
  const table: Table = { id: `${database}.${name}`, database, name, kind, columns }
  const known = new Set<string>()
  const add = (column: string, type: SqlType, place: string): void => {
    if (known.has(column)) fault(place, 'is there twice')
    known.add(column)
    columns.push({ table, name: column, type, isPartitionKey: keys.has(column) })
  }
  const listed = value['columns']
  if (!Array.isArray(listed)) fault(`${path}.columns`, 'must be a list of [name, type]')
  for (const [index, one] of (Array.isArray(listed) ? listed : []).entries()) {
    const place = `${path}.columns[${index}]`
    const [column, type, ...rest]: unknown[] = Array.isArray(one) ? one : []
    if (!isName(column) || typeof type !== 'string' || rest.length > 0) {
      fault(place, 'must be [name, type], both texts')
    } else {
      // a type that says nothing is one without parts: no field of it can be named
      add(fold(column), parseType(type) ?? plain(type), place)
    }
  }
  for (const key of keys) if (!known.has(key)) add(key, plain('varchar'), `${path}.partitionKeys`)
  return table
}

const partitionKeysOf = (value: unknown, path: string, fault: Fault): ReadonlySet<string> => {
  if (Array.isArray(value) && value.every(isName)) return new Set(value.map(fold))
  fault(path, 'must be a list of column names')
  return new Set()
}

const unknownKeys = (
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  path: string,
  fault: Fault
): void => {
  for (const key of Object.keys(value).filter((one) => !known.includes(one))) {
    const name = JSON.stringify(key.slice(0, 100))
    fault(path, `has an unknown key ${name}; there are: ${known.join(', ')}`)
  }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 255

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
