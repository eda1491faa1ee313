/**
 * A query's names resolved as Trino's analyser does it (StatementAnalyzer, version 414), which is
 * what its access control would be asked: every column read anywhere, unused CTEs included, and
 * what each output is made of. Pure; throws `TooComplex` alone.
 */
import type {
  Expression,
  GroupBy,
  Query,
  QueryBody,
  QuerySpecification,
  RowCount,
  SelectItem,
  SingleColumn,
  SortItem,
  Values
} from './ast.ts'
import type { Catalog, Table } from './catalog.ts'
import { windowed } from './children.ts'
import { gather, gathering } from './lineage.ts'
import {
  type Ctes,
  type Resolution,
  type Resolver,
  type Sight,
  type Specification,
  mostComparisons,
  mostFields,
  problem,
  spend,
  unsupported
} from './resolution.ts'
import { readCondition, readExpression, readFrame } from './resolve-expressions.ts'
import { passedOn, readFrom, renamed } from './resolve-relations.ts'
import { readAllColumns, readStar } from './resolve-stars.ts'
import { readTable } from './resolve-tables.ts'
import {
  type Field,
  type Relation,
  type Part,
  type Scan,
  listOf,
  made,
  opaque,
  partOf,
  relationOf,
  scopeOf
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
    strangers: [],
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
    looks: [],
    fieldsLeft: mostFields,
    comparisonsLeft: mostComparisons
  }
  const output = listOf(readQuery(resolver, query, { scope: null, ctes: null }))
  return { ...found, outputs: output.map(({ name, lineage }) => ({ name, columns: lineage })) }
}

const readQuery = (resolver: Resolver, query: Query, sight: Sight): Relation => {
  const inside =
    query.with.length === 0 ? sight : { ...sight, ctes: readWith(resolver, query, sight) }
  readRowCount(resolver, query.offset)
  readRowCount(resolver, query.limit?.count ?? null)
  if (query.body.kind === 'QuerySpecification') {
    return readSpecification(resolver, query.body, { sight: inside, orderBy: query.orderBy })
  }
  const body = readBody(resolver, query.body, inside)
  if (query.orderBy.length === 0) return body
  const scope = scopeOf(body, inside.scope, true)
  readOrder(resolver, query.orderBy, { sight: { ...inside, scope }, width: widthOf(body) })
  return body
}

const readRowCount = ({ found }: Resolver, rows: RowCount | null): void => {
  if (rows !== null && rows.count === null) found.parameters.push(rows.at)
}

/** A query that may name itself is refused; to itself it is opaque. */
const readWith = (resolver: Resolver, { recursive, with: all }: Query, sight: Sight): Ctes => {
  const ctes: Ctes = { own: new Map(), parent: sight.ctes }
  if (recursive !== null) unsupported(resolver, 'WITH RECURSIVE', recursive.at)
  for (const { name, columnAliases: names, query, at } of all) {
    const isTwice = ctes.own.has(name.name)
    if (isTwice) problem(resolver, 'UNSUPPORTED', `${name.name} is defined twice`, { at: name.at })
    if (recursive !== null) ctes.own.set(name.name, opaque)
    const read = passedOn(resolver, readQuery(resolver, query, { ...sight, ctes }))
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
      const scans: Scan[] = []
      const relation = readTable(resolver, body, { ctes: sight.ctes, alias: null, scans })
      resolver.found.specifications.push({ at: body.at, scans, conditions: [] })
      readStar(resolver, body.at, relation)
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
    return relationOf([
      partOf(items.map((item) => fieldOf(resolver, item, { sight, name: null })))
    ])
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
  const { width } = first
  if (relations.some((relation) => relation.width !== width)) {
    problem(resolver, 'UNKNOWN_COLUMN', 'the parts have different numbers of columns', { at })
    return opaque
  }
  spend(resolver, width * relations.length)
  const lists = relations.map(listOf)
  const fields = listOf(first).map(({ name }, n): Field => {
    const into = gathering()
    const types = lists.map((list) => {
      const field = list[n]
      if (field === undefined) return null
      spend(resolver, field.lineage.size)
      gather(into, field.lineage)
      return field.type
    })
    return made(name, into.all, commonType(types))
  })
  return relationOf([partOf(fields)])
}

const readSpecification = (
  resolver: Resolver,
  node: QuerySpecification,
  { sight, orderBy }: { readonly sight: Sight; readonly orderBy: readonly SortItem[] }
): Relation => {
  const inside: Specification = { at: node.at, scans: [], conditions: [] }
  resolver.found.specifications.push(inside)
  const from = readFrom(resolver, node.from, { sight, inside })
  const source: Sight = { scope: scopeOf(from, sight.scope, true), ctes: sight.ctes }
  if (node.where !== null) {
    readCondition(resolver, node.where, { sight: source, clause: 'where' })
    inside.conditions.push(node.where)
  }
  if (node.having !== null) {
    readCondition(resolver, node.having, { sight: source, clause: 'having' })
  }
  for (const { window } of node.windows) {
    readFrame(resolver, window)
    for (const one of windowed(window)) {
      readCondition(resolver, one, { sight: source, clause: 'window' })
    }
  }
  const output = readItems(resolver, node.select, { sight: source, from })
  spend(resolver, output.width)
  if (node.groupBy !== null) readGroups(resolver, node.groupBy, { sight: source, output })
  if (orderBy.length === 0) return output
  // aliases first, then source columns, in this same query
  const scope = scopeOf(output, source.scope, false)
  readOrder(resolver, orderBy, { sight: { ...source, scope }, width: widthOf(output) })
  return output
}

/** Single columns that follow one another are one part. */
const readItems = (
  resolver: Resolver,
  items: readonly SelectItem[],
  { sight, from }: { readonly sight: Sight; readonly from: Relation }
): Relation => {
  // most often there is no star
  if (items.every(isSingle)) {
    return relationOf([partOf(items.map((item) => outputOf(resolver, item, sight)))])
  }
  const parts: Part[] = []
  let singles: Field[] = []
  let isOpaque = false
  for (const item of items) {
    if (isSingle(item)) {
      if (singles.length === 0) parts.push(partOf(singles))
      singles.push(outputOf(resolver, item, sight))
      continue
    }
    const starred = readAllColumns(resolver, item, { sight, from })
    parts.push(...starred.parts)
    singles = []
    isOpaque ||= starred.isOpaque
  }
  return relationOf(parts, isOpaque)
}

const isSingle = (item: SelectItem): item is SingleColumn => item.kind === 'SingleColumn'

const outputOf = (
  resolver: Resolver,
  { expression, alias }: SingleColumn,
  sight: Sight
): Field => {
  const own = expression.kind === 'ColumnReference' ? lastOf(expression.parts) : null
  return fieldOf(resolver, expression, { sight, name: alias?.name ?? own })
}

const fieldOf = (
  resolver: Resolver,
  expression: Expression,
  { sight, name }: { readonly sight: Sight; readonly name: string | null }
): Field => {
  const into = gathering()
  readExpression(resolver, expression, { sight, clause: 'select', into })
  return made(name, into.all, typeOf(resolver, expression))
}

const readGroups = (
  resolver: Resolver,
  { elements }: GroupBy,
  { sight, output }: { readonly sight: Sight; readonly output: Relation }
): void => {
  for (const { sets } of elements) {
    for (const set of sets) {
      for (const expression of set) {
        if (isOrdinal(expression)) checkOrdinal(resolver, expression, widthOf(output))
        else readCondition(resolver, expression, { sight, clause: 'groupBy' })
      }
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

const widthOf = ({ width, isOpaque }: Relation): number | null => (isOpaque ? null : width)

const lastOf = (parts: readonly { readonly name: string }[]): string | null =>
  parts.at(-1)?.name ?? null
