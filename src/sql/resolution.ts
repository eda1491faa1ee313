/**
 * What a query turns out to be about once its names are resolved: the tables and columns it reads
 * and where, the functions it calls, its joins. Rules judge this; nothing here is a verdict.
 * Refused by `TooComplex`: queries whose columns multiply (`SELECT t.*, t.*` of the same, again and
 * again).
 */
import type {
  ColumnReference, Expression, Identifier, JoinOn, JoinStep, Query, Some
} from './ast.ts'
import type { Catalog, Column, Table } from './catalog.ts'
import type { Lineage } from './lineage.ts'
import type { Finding } from './refusal.ts'
import { type Found, type Place, type Relation, type Scan, type Scope, columnsOf } from './scope.ts'
import type { Stretch } from './tokens.ts'

/** What is wrong with a query, and the tokens that say so. */
export type Objection = Finding<Stretch>

/** Where in a query an expression stands. */
export type Clause =
  | 'select'
  | 'from'
  | 'on'
  | 'where'
  | 'groupBy'
  | 'having'
  | 'window'
  | 'orderBy'

/** One reading of one column at one place, by its name. */
export type ColumnRead = {
  readonly at: Stretch
  readonly column: Column
  /** only its count is asked for: the bare argument of `count` or `approx_distinct` */
  readonly isCounted: boolean
}

/** A table by name that is not read, CTEs apart, and why not. */
export type Stranger = {
  readonly at: Stretch
  readonly standing: 'unknown' | 'notGranted' | 'view' | 'catalog' | 'metadata'
  readonly catalog: string
  readonly database: string | null
  readonly name: string
}

/** `SELECT *`, `t.*`, `TABLE t`: the columns of tables that it reads, whose names nobody wrote. */
export type StarRead = { readonly at: Stretch; readonly columns: readonly Column[] }

/** `name` is `a.b.f` where it was qualified. */
export type CalledFunction = { readonly at: Stretch; readonly name: string }

/** One SELECT … FROM: what it scans itself, and every condition that narrows it. */
export type Specification = {
  readonly at: Stretch
  readonly scans: Scan[]
  /** its WHERE, and the ON of its inner joins */
  readonly conditions: Expression[]
}

export type JoinRead = {
  readonly at: Stretch
  readonly type: JoinStep['type'] | 'COMMA'
  readonly left: Relation
  readonly right: Relation
  readonly on: JoinOn | null
  readonly isUsing: boolean
  /** what the right side unnests, if it does */
  readonly unnested: readonly Expression[] | null
}

export type Output = { readonly name: string | null; readonly columns: Lineage }

export type Resolution = {
  readonly query: Query
  readonly catalog: string
  readonly strangers: Stranger[]
  readonly reads: ColumnRead[]
  readonly stars: StarRead[]
  readonly functions: CalledFunction[]
  readonly parameters: Stretch[]
  readonly samples: { readonly at: Stretch; readonly table: Table }[]
  readonly specifications: Specification[]
  readonly joins: JoinRead[]
  /** names that mean nothing or too much, and constructs that cannot be followed */
  readonly problems: Objection[]
  readonly references: Map<ColumnReference, Found>
  readonly outputs: readonly Output[]
}

/** Common table expressions in sight, the nearest first. */
export type Ctes = {
  readonly own: Map<string, Relation>
  readonly parent: Ctes | null
}

/** What is in sight at a place. */
export type Sight = { readonly scope: Scope | null; readonly ctes: Ctes | null }

/** A part of an expression and where it stands; `isCounted`: an argument of `count` itself. */
export type Look = {
  readonly node: Expression
  readonly sight: Sight
  readonly isCounted: boolean
}

/** One run over one statement. */
export type Resolver = {
  readonly catalog: Catalog
  readonly defaultDatabase: string | null
  /** whether the table may be told of at all; views by their own name */
  readonly isGranted: (table: Table) => boolean
  readonly found: Omit<Resolution, 'outputs'>
  /** resolves a query within another */
  readonly query: (query: Query, sight: Sight) => Relation
  /** what of an expression is still to be looked at; each adds and takes what is its own */
  readonly looks: Look[]
  /** counts fields that are made */
  fieldsLeft: number
  /** counts names that a misspelt one is compared with, for a hint */
  comparisonsLeft: number
}

export class TooComplex extends Error {}

/** Far more than any real query makes; a machine counts to it in a few hundredths of a second. */
export const mostFields = 150_000

/** Enough for the hints that anybody reads. */
export const mostComparisons = 20_000

/**
 * Counts work that grows faster than the text. Throws `TooComplex` when there was too much of it.
 */
export const spend = (resolver: Resolver, fields: number): void => {
  resolver.fieldsLeft -= fields
  if (resolver.fieldsLeft < 0) throw new TooComplex('the query makes too many columns')
}

export const problem = (
  resolver: Resolver,
  code: 'UNKNOWN_COLUMN' | 'AMBIGUOUS_COLUMN' | 'HIDDEN_COLUMN' | 'UNSUPPORTED',
  message: string,
  more: Pick<Objection, 'at' | 'hint' | 'object'>
): void => void resolver.found.problems.push({ code, message, ...more })

/** A construct, by its name, that is refused wherever it stands. */
export const unsupported = (resolver: Resolver, what: string, at: Stretch): void =>
  problem(resolver, 'UNSUPPORTED', `${what} is not supported`, { at })

/** `a.b.c` as messages write it. */
export const written = (parts: Some<Identifier>): string =>
  parts.length === 1 ? parts[0].name : parts.map(({ name }) => name).join('.')

/** Notes that a field is read at a place. */
export const note = (
  { found }: Resolver,
  place: Place,
  { at, isCounted }: Omit<ColumnRead, 'column'>
): void => {
  for (const column of columnsOf(place)) found.reads.push({ at, column, isCounted })
}
