/**
 * What names mean at a place of a query, as Trino's `Scope`, `RelationType` and `Field` have it:
 * the longest prefix first over all levels, then shorter ones, what remains being fields of a row.
 * A level where a prefix is a column is not looked past.
 */
import type { Identifier } from './ast.ts'
import type { Column, Table } from './catalog.ts'
import type { Span } from './refusal.ts'
import type { SqlType } from './types.ts'

/** One reading of a table in FROM; a self join has two. */
export type Scan = { readonly table: Table; readonly at: Span }

/** A column as one scan of its table has it. */
export type Source = { readonly scan: Scan; readonly column: Column }

/** A value that no table gives. */
export const made = (
  name: string | null,
  lineage: ReadonlySet<Column>,
  type: SqlType | null
): Field => ({
  qualifier: noQualifier,
  name,
  source: null,
  twins: noSources,
  lineage,
  type
})

const noQualifier: readonly string[] = []

export type Field = {
  /** `[c, s, t]`, an alias alone, or nothing; names match its end */
  readonly qualifier: readonly string[]
  readonly name: string | null
  /** the column of a table that reading it reads; null where a subquery has read it already */
  readonly source: Source | null
  /** further ones, of the other sides of USING */
  readonly twins: readonly Source[]
  /** the columns its value is made of, through functions and subqueries */
  readonly lineage: ReadonlySet<Column>
  /** null = not known */
  readonly type: SqlType | null
}

export type Relation = {
  readonly fields: readonly Field[]
  /** has fields nobody may be told of: the statement is refused already */
  readonly isOpaque: boolean
}

export type Scope = {
  readonly relation: Relation
  readonly parent: Scope | null
  /** whether the parent belongs to the query around this one */
  readonly isBoundary: boolean
  byName: ReadonlyMap<string, readonly Field[]> | null
}

/**
 * A reference found: its field, how many of the parts name it, and whether in this query's own
 * scope.
 */
export type Found = {
  readonly kind: 'found'
  readonly field: Field
  readonly used: number
  readonly isLocal: boolean
}

export type Lookup =
  | Found
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'unknown' }
  /** not to be told: it may be of a relation that is not granted */
  | { readonly kind: 'opaque' }

export const none: ReadonlySet<Column> = new Set()
export const nothing: Relation = { fields: [], isOpaque: false }
export const opaque: Relation = { fields: [], isOpaque: true }

export const scopeOf = (relation: Relation, parent: Scope | null, isBoundary: boolean): Scope => ({
  relation,
  parent,
  isBoundary,
  byName: null
})

/** What reading a field reads. */
export const sourcesOf = ({ source, twins }: Field): readonly Source[] =>
  source === null ? twins : [source, ...twins]

export const noSources: readonly Source[] = []

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

/** The fields of one relation that answer to the first `used` parts. */
export const fieldsNamed = (
  scope: Scope,
  parts: readonly Identifier[],
  used: number
): readonly Field[] => {
  const name = parts[used - 1]?.name
  const named = name === undefined ? noFields : namedIn(scope, name)
  if (used === 1 || named.length === 0) return named
  return named.filter(({ qualifier }) => endsWith(qualifier, parts, used - 1))
}

/** The fields that `a.b.*` stands for where `a.b` is the name of a relation. */
export const fieldsUnder = (
  relation: Relation,
  parts: readonly Identifier[]
): readonly Field[] =>
  relation.fields.filter(({ qualifier }) => endsWith(qualifier, parts, parts.length))

const lookUpPrefix = (
  scope: Scope | null,
  parts: readonly Identifier[],
  used: number
): Lookup | null => {
  let isLocal = true
  for (let level = scope; level !== null; level = level.parent) {
    const [field, other] = fieldsNamed(level, parts, used)
    if (field !== undefined && other !== undefined) return { kind: 'ambiguous' }
    if (field !== undefined) return { kind: 'found', field, used, isLocal }
    if (namesColumn(level, parts, used - 1)) return null
    isLocal &&= !level.isBoundary
  }
  return null
}

const namesColumn = (scope: Scope, parts: readonly Identifier[], most: number): boolean => {
  for (let used = most; used > 0; used--) {
    if (fieldsNamed(scope, parts, used).length > 0) return true
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

const noFields: readonly Field[] = []

/** Few fields are looked through sooner than they are indexed. */
const fewFields = 256

const namedIn = (scope: Scope, name: string): readonly Field[] => {
  const { fields } = scope.relation
  if (fields.length > fewFields) return index(scope).get(name) ?? noFields
  let named: readonly Field[] = noFields
  for (const field of fields) if (field.name === name) named = [...named, field]
  return named
}

const index = (scope: Scope): ReadonlyMap<string, readonly Field[]> => {
  if (scope.byName !== null) return scope.byName
  const byName = new Map<string, Field[]>()
  for (const field of scope.relation.fields) {
    if (field.name === null) continue
    const same = byName.get(field.name)
    if (same === undefined) byName.set(field.name, [field])
    else same.push(field)
  }
  scope.byName = byName
  return byName
}
