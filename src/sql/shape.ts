/**
 * A query without its literals, in one line and one spelling: what approvers look at and the ledger
 * keeps. Every literal is `?` and a list of them is one, so that no value of the text is left; a
 * quoted name that is no plain word is `"?"`, for people write values there too.
 */
import type {
  GroupBy,
  Identifier,
  JoinStep,
  NamedQuery,
  Query,
  QueryBody,
  QuerySpecification,
  Relation,
  SelectItem
} from './ast.ts'
import {
  expressionShape,
  listShape,
  nameShape,
  orderShape,
  ordinalShape,
  qualifiedShape,
  windowShape
} from './shape-expression.ts'
import { matchShape } from './shape-pattern.ts'
import { tableFunctionShape } from './shape-table-function.ts'

/**
 * The shape of a query. The same for two queries that differ in literals, spelling and white space.
 */
export const shapeOf = (query: Query): string => {
  const named = query.with.map(namedShape)
  const word = query.recursive === null ? 'WITH' : 'WITH RECURSIVE'
  const { offset, limit } = query
  return joined([
    named.length > 0 && `${word} ${named.join(', ')}`,
    bodyShape(query.body),
    orderShape(query.orderBy, shapeOf, ordinalShape),
    offset !== null && 'OFFSET ?',
    limit?.kind === 'Limit' && `LIMIT ${limit.count === null ? 'ALL' : '?'}`,
    limit?.kind === 'FetchFirst' && `FETCH FIRST ? ROWS ${limit.withTies ? 'WITH TIES' : 'ONLY'}`
  ])
}

const namedShape = ({ name, columnAliases, query }: NamedQuery): string =>
  `${nameShape(name)}${columnsShape(columnAliases)} AS (${shapeOf(query)})`

const columnsShape = (names: readonly Identifier[]): string =>
  names.length === 0 ? '' : `(${names.map(nameShape).join(', ')})`

const bodyShape = (body: QueryBody): string => {
  switch (body.kind) {
    case 'QuerySpecification':
      return specificationShape(body)
    case 'SetOperation':
      return joined([
        bodyShape(body.first),
        ...body.rest.map(({ operator, quantifier, body: term }) => {
          const inner = bodyShape(term)
          return joined([operator, quantifier, term.kind === 'SetOperation' ? `(${inner})` : inner])
        })
      ])
    case 'Table':
      return `TABLE ${qualifiedShape(body.name)}`
    case 'Values':
      return `VALUES ${listShape(body.rows, shapeOf)}`
    case 'TableSubquery':
      return `(${shapeOf(body.query)})`
  }
}

const specificationShape = (node: QuerySpecification): string => {
  const { quantifier, select, from, where, groupBy, having, windows } = node
  return joined([
    'SELECT',
    quantifier,
    select.map(itemShape).join(', '),
    from.length > 0 && `FROM ${from.map(relationShape).join(', ')}`,
    where !== null && `WHERE ${expressionShape(where, shapeOf)}`,
    groupBy !== null && groupShape(groupBy),
    having !== null && `HAVING ${expressionShape(having, shapeOf)}`,
    windows.length > 0 &&
      `WINDOW ${windows
        .map(({ name, window }) => `${nameShape(name)} AS ${windowShape(window, shapeOf)}`)
        .join(', ')}`
  ])
}

const itemShape = (item: SelectItem): string => {
  if (item.kind === 'AllColumns') {
    const star = item.target === null ? '*' : `${expressionShape(item.target, shapeOf)}.*`
    return item.aliases.length === 0 ? star : `${star} AS ${columnsShape(item.aliases)}`
  }
  const value = expressionShape(item.expression, shapeOf)
  return item.alias === null ? value : `${value} AS ${nameShape(item.alias)}`
}

const words = {
  SimpleGroupBy: '',
  Rollup: 'ROLLUP ',
  Cube: 'CUBE ',
  GroupingSets: 'GROUPING SETS '
}

const groupShape = ({ quantifier, elements }: GroupBy): string =>
  joined([
    'GROUP BY',
    quantifier,
    elements
      .map(({ kind, sets }) => {
        const inner = sets.map((set) => {
          const items = set.map((one) => ordinalShape(one, shapeOf)).join(', ')
          return set.length === 1 ? items : `(${items})`
        })
        return kind === 'SimpleGroupBy' ? inner.join(', ') : `${words[kind]}(${inner.join(', ')})`
      })
      .join(', ')
  ])

const relationShape = (node: Relation): string => {
  switch (node.kind) {
    case 'Table': {
      const { name, period } = node
      if (period === null) return qualifiedShape(name)
      const end = expressionShape(period.end, shapeOf)
      return `${qualifiedShape(name)} FOR ${period.type} AS OF ${end}`
    }
    case 'AliasedRelation': {
      const { relation, alias, columnAliases } = node
      const inner = relationShape(relation)
      const isNested = relation.kind === 'Join' || relation.kind === 'AliasedRelation'
      const of = isNested ? `(${inner})` : inner
      return `${of} AS ${nameShape(alias)}${columnsShape(columnAliases)}`
    }
    case 'TableSubquery':
      return `(${shapeOf(node.query)})`
    case 'Lateral':
      return `LATERAL (${shapeOf(node.query)})`
    case 'Unnest': {
      const items = node.expressions.map((one) => expressionShape(one, shapeOf)).join(', ')
      return `UNNEST(${items})${node.withOrdinality ? ' WITH ORDINALITY' : ''}`
    }
    case 'SampledRelation':
      return `${relationShape(node.relation)} TABLESAMPLE ${node.method} (?)`
    case 'Join':
      return joined([relationShape(node.first), ...node.rest.map(stepShape)])
    case 'PatternRecognition':
      return `${operandShape(node.relation)} ${matchShape(node.match, shapeOf)}`
    case 'TableFunction':
      return tableFunctionShape(node, shapeOf)
  }
}

const stepShape = ({ type, right, criteria }: JoinStep): string => {
  return joined([
    criteria?.kind === 'JoinNatural' && 'NATURAL',
    type === 'INNER' ? 'JOIN' : `${type} JOIN`,
    operandShape(right),
    criteria?.kind === 'JoinOn' && `ON ${expressionShape(criteria.expression, shapeOf)}`,
    criteria?.kind === 'JoinUsing' && `USING ${columnsShape(criteria.columns)}`
  ])
}

const operandShape = (node: Relation): string =>
  node.kind === 'Join' ? `(${relationShape(node)})` : relationShape(node)

type Part = string | false | null | undefined

const joined = (parts: readonly Part[]): string =>
  parts.filter((part) => typeof part === 'string' && part !== '').join(' ')
