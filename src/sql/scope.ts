/**
 * What names mean at a place of a query, as Trino's `Scope`, `RelationType` and `Field` have it:
 * the longest prefix first over all levels, then shorter ones, what remains being fields of a row.
 * A level where a prefix is a column is not looked past. Lists of fields are shared: a table's by
 * all that read it, a subquery's by all its names, so that neither a scan nor a join copies any.
 */
import type { Identifier } from './ast.ts'
import type { Column, Table } from './catalog.ts'
import type { Lineage } from './lineage.ts'
import type { Stretch } from './tokens.ts'
import type { SqlType } from './types.ts'

/** One reading of a table in FROM; a self join has two. */
export type Scan = { readonly table: Table; readonly at: Stretch }

/** A column as one scan of its table has it. */
export type Source = { readonly scan: Scan; readonly column: Column }

export type Field = {
  readonly name: string | null
  /** what reading it reads: one of a table, all that USING made one of, or nothing */
  readonly columns: readonly Column[]
  /** of which scans the columns are that USING made one of; others are of their part's */
  readonly scans: readonly Scan[]
  /** the columns its value is made of, through functions and subqueries */
  readonly lineage: Lineage
  /** null = not known */
  readonly type: SqlType | null
}

/** Fields in their order; `byName` is made when first needed. */
export type Fields = {
  readonly list: readonly Field[]
  byName: ReadonlyMap<string, Field | 'several'> | null
}

/** Fields under one name. Each reading of a table or subquery has a part of its own. */
export type Part = {
  /** `[c, s, t]`, an alias alone, or nothing; names match its end */
  readonly qualifier: readonly string[]
  readonly fields: Fields
  /** the scan that its columns are of */
  readonly scan: Scan | null
  /** whether a subquery has read its fields already, so that nothing more is read of them */
  readonly isRead: boolean
}

/** Its fields are those of its parts, one after the other. */
export type Relation = {
  readonly parts: readonly Part[]
  readonly width: number
  /** has fields nobody may be told of: the statement is refused already */
  readonly isOpaque: boolean
}

export type Scope = {
  readonly relation: Relation
  readonly parent: Scope | null
  /** whether the parent belongs to the query around this one */
  readonly isBoundary: boolean
}

/** A field and where it stands. */
export type Place = { readonly part: Part; readonly field: Field }

/**
 * A reference found: its field, how many of the parts name it, and whether in this query's own
 * scope.
 */
export type Found = Place & {
  readonly kind: 'found'
  readonly used: number
  readonly isLocal: boolean
}

export type Lookup =
  | Found
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'unknown' }
  /** not to be told: it may be of a relation that is not granted */
  | { readonly kind: 'opaque' }

export const nothing: Relation = { parts: [], width: 0, isOpaque: false }
export const opaque: Relation = { parts: [], width: 0, isOpaque: true }

const noQualifier: readonly string[] = []
const noColumns: readonly Column[] = []
export const noScans: readonly Scan[] = []

/** A value that no table gives. */
export const made = (name: string | null, lineage: Lineage, type: SqlType | null): Field => ({
  name,
  columns: noColumns,
  scans: noScans,
  lineage,
  type
})

export const fieldsOf = (list: readonly Field[]): Fields => ({ list, byName: null })

/** Fields that belong to no table, under no name. */
export const partOf = (list: readonly Field[]): Part => ({
  qualifier: noQualifier,
  fields: fieldsOf(list),
  scan: null,
  isRead: false
})

export const relationOf = (parts: readonly Part[], isOpaque = false): Relation => {
  let width = 0
  for (const { fields } of parts) width += fields.list.length
  return { parts, width, isOpaque }
}

/** All fields of a relation, in their order. */
export const listOf = ({ parts }: Relation): readonly Field[] => {
  const [first, second] = parts
  if (first === undefined) return []
  return second === undefined ? first.fields.list : parts.flatMap(({ fields }) => fields.list)
}

export const scopeOf = (relation: Relation, parent: Scope | null, isBoundary: boolean): Scope => ({
  relation,
  parent,
  isBoundary
})

/** What reading a field reads. */
export const columnsOf = ({ part, field }: Place): readonly Column[] =>
  part.isRead ? noColumns : field.columns

/** The scan that the nth of these columns is of. */
export const scanOf = ({ part, field }: Place, n: number): Scan | null =>
  field.scans[n] ?? part.scan

/** What reading a field reads, each column with the scan it is of. */
export const sourcesOf = (place: Place): readonly Source[] =>
  columnsOf(place).flatMap((column, n): readonly Source[] => {
    const scan = scanOf(place, n)
    return scan === null ? [] : [{ scan, column }]
  })

/** Looks up `a.b.c`. */
export const lookUp = (scope: Scope | null, parts: readonly Identifier[]): Lookup => {
  // catalog, schema, table and column: no field answers to more
  for (let used = Math.min(parts.length, 4); used > 0; used--) {
    const found = lookUpPrefix(scope, parts, used)
    if (found !== null) return found
  }
  for (let level = scope; level !== null; level = level.parent) {
    if (level.relation.isOpaque) return { kind: 'opaque' }
  }
  return { kind: 'unknown' }
}

/** The one field of a relation that answers to the first `used` parts; null where none does. */
export const fieldNamed = (
  relation: Relation,
  parts: readonly Identifier[],
  used: number
): Place | 'several' | null => {
  const name = parts[used - 1]?.name
  if (name === undefined) return null
  let found: Place | null = null
  for (const part of relation.parts) {
    if (!endsWith(part.qualifier, parts, used - 1)) continue
    const field = namedIn(part.fields, name)
    if (field === null) continue
    if (field === 'several' || found !== null) return 'several'
    found = { part, field }
  }
  return found
}

/** The fields that `a.b.*` stands for where `a.b` is the name of a relation. */
export const fieldsUnder = (relation: Relation, parts: readonly Identifier[]): Relation =>
  relationOf(relation.parts.filter(({ qualifier }) => endsWith(qualifier, parts, parts.length)))

const lookUpPrefix = (
  scope: Scope | null,
  parts: readonly Identifier[],
  used: number
): Lookup | null => {
  let isLocal = true
  for (let level = scope; level !== null; level = level.parent) {
    const place = fieldNamed(level.relation, parts, used)
    if (place === 'several') return { kind: 'ambiguous' }
    if (place !== null) {
      return { kind: 'found', part: place.part, field: place.field, used, isLocal }
    }
    if (namesColumn(level.relation, parts, used - 1)) return null
    isLocal &&= !level.isBoundary
  }
  return null
}

/** Whether any of the first `most` prefixes is a column. */
export const namesColumn = (
  relation: Relation,
  parts: readonly Identifier[],
  most: number
): boolean => {
  for (let used = most; used > 0; used--) {
    if (fieldNamed(relation, parts, used) !== null) return true
  }
  return false
}

const endsWith = (
  qualifier: readonly string[],
  parts: readonly Identifier[],
  length: number
): boolean => {
  const start = qualifier.length - length
  if (start < 0) return false
  for (let at = 0; at < length; at++) if (qualifier[start + at] !== parts[at]?.name) return false
  return true
}

/** Few fields are looked through sooner than they are indexed. */
const fewFields = 8

const namedIn = (fields: Fields, name: string): Field | 'several' | null => {
  const { list } = fields
  if (list.length > fewFields) return (fields.byName ??= index(list)).get(name) ?? null
  let found: Field | null = null
  for (const field of list) {
    if (field.name !== name) continue
    if (found !== null) return 'several'
    found = field
  }
  return found
}

const index = (list: readonly Field[]): ReadonlyMap<string, Field | 'several'> => {
  const byName = new Map<string, Field | 'several'>()
  for (const field of list) {
    if (field.name !== null) byName.set(field.name, byName.has(field.name) ? 'several' : field)
  }
  return byName
}
