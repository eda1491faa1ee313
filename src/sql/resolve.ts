/**
 * A query's names resolved as Trino's analyser does it (StatementAnalyzer, version 414), which is
 * what its access control would be asked: every column read anywhere, unused CTEs included, and
 * what each output is made of. Pure; throws `TooComplex` alone.
 */
import type {
  AllColumns,
  ColumnReference,
  Expression,
  GroupBy,
  NamedQuery,
  Query,
  QueryBody,
  QuerySpecification,
  SelectItem,
  SortItem,
  Values
} from './ast.ts'
import type { Catalog, Column, Table } from './catalog.ts'
import { windowed } from './children.ts'
import {
  type Clause,
  type Ctes,
  type Resolution,
  type Resolver,
  type Sight,
  type Specification,
  mostFields,
  note,
  problem,
  spend
} from './resolution.ts'
import { readCondition, readExpression } from './resolve-expressions.ts'
import { passedOn, readFrom, renamed } from './resolve-relations.ts'
import { readTable } from './resolve-tables.ts'
import {
  type Field,
  type Relation,
  type Scope,
  fieldsNamed,
  fieldsUnder,
  made,
  opaque,
  scopeOf,
  sourcesOf
} from './scope.ts'
import { commonType, typeOf } from './type-of.ts'

export type ResolveInput = {
  readonly query: Query
  readonly catalog: Catalog
  /** where names without a database are looked up */
  readonly defaultDatabase: string | null
  /** whether a table, or a view by its own name, may be told of */
  readonly isGranted: (table: Table) => boolean
}

/** Everything a query reads, with places. */
export const resolve = (input: ResolveInput): Resolution => {
  const { query, catalog, defaultDatabase, isGranted } = input
  const found: Resolver['found'] = {
    query,
    catalog: catalog.name,
    tables: [],
    reads: [],
    stars: [],
    functions: [],
    parameters: [],
    samples: [],
    specifications: [],
    joins: [],
    problems: [],
    references: new Map()
  }
  const resolver: Resolver = {
    catalog,
    defaultDatabase,
    isGranted,
    found,
    query: (inner, sight) => readQuery(resolver, inner, sight),
    fieldsLeft: mostFields
  }
  const { fields } = readQuery(resolver, query, { scope: null, ctes: null })
  return { ...found, outputs: fields.map(({ name, lineage }) => ({ name, columns: lineage })) }
}

const readQuery = (resolver: Resolver, query: Query, sight: Sight): Relation => {
  const ctes = query.with.length === 0 ? sight.ctes : readWith(resolver, query.with, sight)
  const inside = { ...sight, ctes }
  const count = query.limit?.count ?? null
  for (const rows of [query.offset, count?.kind === 'RowCount' ? count : null]) {
    if (rows !== null && rows.count === null) resolver.found.parameters.push(rows.at)
  }
  if (query.body.kind === 'QuerySpecification') {
    return readSpecification(resolver, query.body, { sight: inside, orderBy: query.orderBy })
  }
  const body = readBody(resolver, query.body, inside)
  const scope = scopeOf(body, inside.scope, true)
  readOrder(resolver, query.orderBy, { sight: { ...inside, scope }, width: widthOf(body) })
  return body
}

const readWith = (resolver: Resolver, named: readonly NamedQuery[], sight: Sight): Ctes => {
  const ctes: Ctes = { own: new Map(), parent: sight.ctes }
  for (const { name, columnAliases: names, query, at } of named) {
    const read = passedOn(resolver, readQuery(resolver, query, { ...sight, ctes }))
    if (ctes.own.has(name.name)) {
      problem(resolver, 'UNSUPPORTED', `${name.name} is defined twice`, { at: name.at })
    }
    ctes.own.set(name.name, renamed(resolver, read, { qualifier: [name.name], names, at }))
  }
  return ctes
}

const readBody = (resolver: Resolver, body: QueryBody, sight: Sight): Relation => {
  switch (body.kind) {
    case 'QuerySpecification':
      return readSpecification(resolver, body, { sight, orderBy: [] })
    case 'TableSubquery':
      return readQuery(resolver, body.query, sight)
    case 'Values':
      return readValues(resolver, body, sight)
    case 'Table': {
      const { relation, scan } = readTable(resolver, body, { ctes: sight.ctes, alias: null })
      const scans = scan === null ? [] : [scan]
      resolver.found.specifications.push({ at: body.at, scans, conditions: [] })
      readStar(resolver, body.at, relation.fields)
      return passedOn(resolver, relation)
    }
    case 'SetOperation': {
      const bodies = [body.first, ...body.rest.map((term) => term.body)]
      return merged(resolver, bodies.map((one) => readBody(resolver, one, sight)), body.at)
    }
  }
}

const readValues = (resolver: Resolver, { rows, at }: Values, sight: Sight): Relation => {
  const relations = rows.map((row): Relation => {
    const items = row.kind === 'Row' ? row.items : [row]
    const fields = items.map((item) => fieldOf(resolver, item, { sight, name: null }))
    return { fields, isOpaque: false }
  })
  return merged(resolver, relations, at)
}

/** Rows of several relations, joined by position; names are the first's. */
const merged = (
  resolver: Resolver,
  relations: readonly Relation[],
  at: Query['at']
): Relation => {
  const [first] = relations
  if (first === undefined || relations.some(({ isOpaque }) => isOpaque)) return opaque
  const width = first.fields.length
  if (relations.some(({ fields }) => fields.length !== width)) {
    problem(resolver, 'UNKNOWN_COLUMN', 'the parts have different numbers of columns', { at })
    return opaque
  }
  spend(resolver, width * relations.length)
  const fields = first.fields.map(({ name }, n): Field => {
    const lineage = new Set<Column>()
    const same = relations.flatMap((relation) => relation.fields[n] ?? [])
    for (const field of same) {
      spend(resolver, field.lineage.size)
      for (const column of field.lineage) lineage.add(column)
    }
    return made(name, lineage, commonType(same.map((one) => one.type)))
  })
  return { fields, isOpaque: false }
}

const readSpecification = (
  resolver: Resolver,
  node: QuerySpecification,
  { sight, orderBy }: { readonly sight: Sight; readonly orderBy: readonly SortItem[] }
): Relation => {
  const inside: Specification = { at: node.at, scans: [], conditions: [] }
  resolver.found.specifications.push(inside)
  const from = readFrom(resolver, node.from, { sight, inside })
  const source: Sight = { ...sight, scope: scopeOf(from, sight.scope, true) }
  const conditions = (clause: Clause, nodes: readonly Expression[]): void => {
    for (const one of nodes) readCondition(resolver, one, { sight: source, clause })
  }
  if (node.where !== null) {
    conditions('where', [node.where])
    inside.conditions.push(node.where)
  }
  if (node.having !== null) conditions('having', [node.having])
  conditions('window', node.windows.flatMap(({ window }) => windowed(window)))
  const relations = node.select.map((item) => readItem(resolver, item, { sight: source, from }))
  const isOpaque = relations.some((relation) => relation.isOpaque)
  const fields = relations.flatMap((relation) => relation.fields)
  spend(resolver, fields.length)
  const output: Relation = { fields, isOpaque }
  if (node.groupBy !== null) readGroups(resolver, node.groupBy, { sight: source, output })
  // aliases first, then source columns, in this same query
  const scope = scopeOf(output, source.scope, false)
  readOrder(resolver, orderBy, { sight: { ...source, scope }, width: widthOf(output) })
  return output
}

const readItem = (
  resolver: Resolver,
  item: SelectItem,
  { sight, from }: { readonly sight: Sight; readonly from: Relation }
): Relation => {
  if (item.kind === 'SingleColumn') {
    const { expression, alias } = item
    const own = expression.kind === 'ColumnReference' ? lastOf(expression.parts) : null
    const name = alias?.name ?? own
    return { fields: [fieldOf(resolver, expression, { sight, name })], isOpaque: false }
  }
  const starred = starredBy(resolver, item, { sight, from })
  readStar(resolver, item.at, starred.fields)
  const output = passedOn(resolver, starred)
  return renamed(resolver, output, { qualifier: [], names: item.aliases, at: item.at })
}

/** The relation that a star stands for; the fields of `row.*` are not followed. */
const starredBy = (
  resolver: Resolver,
  { target, at }: AllColumns,
  { sight, from }: { readonly sight: Sight; readonly from: Relation }
): Relation => {
  if (target === null) return from
  const named = target.kind === 'ColumnReference' ? relationNamed(sight.scope, target.parts) : null
  if (named !== null) return named
  readCondition(resolver, target, { sight, clause: 'select' })
  const isName = target.kind === 'ColumnReference' && !resolver.found.references.has(target)
  if (!isName) {
    const hint = 'name the fields you need'
    problem(resolver, 'UNSUPPORTED', 'all fields of a row, row.*, cannot be followed', { at, hint })
  }
  return opaque
}

/** Looked for from the inside out; a level where the name may be a column's is not looked past. */
const relationNamed = (
  scope: Scope | null,
  parts: ColumnReference['parts']
): Relation | null => {
  for (let level = scope; level !== null; level = level.parent) {
    const fields = fieldsUnder(level.relation, parts)
    const inner = level
    const isColumn = parts.some((_, n) => fieldsNamed(inner, parts, n + 1).length > 0)
    if (isColumn) return null
    if (fields.length > 0) return { fields, isOpaque: false }
    if (level.relation.isOpaque) return opaque
  }
  return null
}

const readStar = (resolver: Resolver, at: Query['at'], fields: readonly Field[]): void => {
  for (const field of fields) note(resolver, field, { at, by: 'star', isCounted: false })
  resolver.found.stars.push({ at, sources: fields.flatMap(sourcesOf) })
}

const fieldOf = (
  resolver: Resolver,
  expression: Expression,
  { sight, name }: { readonly sight: Sight; readonly name: string | null }
): Field => {
  const lineage = new Set<Column>()
  readExpression(resolver, expression, { sight, clause: 'select', into: lineage })
  return made(name, lineage, typeOf(resolver, expression))
}

const readGroups = (
  resolver: Resolver,
  { elements }: GroupBy,
  { sight, output }: { readonly sight: Sight; readonly output: Relation }
): void => {
  for (const { sets } of elements) {
    for (const expression of sets.flat()) {
      if (isOrdinal(expression)) checkOrdinal(resolver, expression, widthOf(output))
      else readCondition(resolver, expression, { sight, clause: 'groupBy' })
    }
  }
}

const readOrder = (
  resolver: Resolver,
  items: readonly SortItem[],
  { sight, width }: { readonly sight: Sight; readonly width: number | null }
): void => {
  for (const { expression } of items) {
    if (isOrdinal(expression)) checkOrdinal(resolver, expression, width)
    else readCondition(resolver, expression, { sight, clause: 'orderBy' })
  }
}

type Ordinal = Extract<Expression, { readonly kind: 'NumericLiteral' }>

const isOrdinal = (node: Expression): node is Ordinal =>
  node.kind === 'NumericLiteral' && node.type === 'integer'

const checkOrdinal = (resolver: Resolver, { text, at }: Ordinal, width: number | null): void => {
  const position = Number(text)
  if (width === null || (position >= 1 && position <= width)) return
  problem(resolver, 'UNKNOWN_COLUMN', `there is no column at position ${position}`, { at })
}

const widthOf = ({ fields, isOpaque }: Relation): number | null => (isOpaque ? null : fields.length)

const lastOf = (parts: readonly { readonly name: string }[]): string | null =>
  parts.at(-1)?.name ?? null
