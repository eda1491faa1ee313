/** A tree printed as a text that parses to the same tree. For tests: what runs is always the text as it was written. */
import type {
  Expression, FrameBound, GroupingElement, Identifier, Query, QueryBody, Relation, SelectItem, SortItem, WindowSpecification
} from '../src/sql/ast.ts'
import type { DataType, TypeParameter } from '../src/sql/ast-type.ts'
import { freeWords } from '../src/sql/words.ts'
import { argument, clauses, json, rows } from './sql-print-forms.ts'

export const printQuery = (query: Query): string =>
  words(
    query.with.length > 0 && `WITH ${query.recursive ? 'RECURSIVE ' : ''}${list(query.with, (one) => `${name(one.name)}${aliases(one.columnAliases)} AS (${printQuery(one.query)})`)}`,
    body(query.body),
    orderBy(query.orderBy),
    query.offset && `OFFSET ${query.offset.count ?? '?'} ROWS`,
    query.limit?.kind === 'Limit' && `LIMIT ${query.limit.count ? (query.limit.count.count ?? '?') : 'ALL'}`,
    query.limit?.kind === 'FetchFirst' &&
      words('FETCH FIRST', query.limit.count && (query.limit.count.count ?? '?'), 'ROWS', query.limit.withTies ? 'WITH TIES' : 'ONLY')
  )

export const words = (...parts: readonly (string | false | null | undefined)[]): string => parts.filter((part) => part).join(' ')
export const list = <T>(items: readonly T[], print: (item: T) => string): string => items.map(print).join(', ')
/** What no text may hold as it is stands as an escape. */
export const text = (value: string): string => {
  const quoted = `'${value.replaceAll("'", "''")}'`
  return value.includes('\0') ? `U&${quoted.replaceAll('\\', '\\\\').replaceAll('\0', '\\0000')}` : quoted
}
export const name = (id: Identifier): string => (id.isQuoted ? `"${id.value.replaceAll('"', '""')}"` : id.value)
export const dotted = (parts: readonly Identifier[]): string => parts.map(name).join('.')
export const aliases = (columns: readonly Identifier[]): string => (columns.length > 0 ? ` (${list(columns, name)})` : '')
const orderBy = (items: readonly SortItem[]): string => (items.length > 0 ? `ORDER BY ${list(items, sortItem)}` : '')
export const sortItem = (item: SortItem): string => words(expression(item.expression), item.ordering, item.nulls && `NULLS ${item.nulls}`)

const body = (node: QueryBody): string => {
  switch (node.kind) {
    case 'QuerySpecification':
      return words(
        'SELECT',
        node.quantifier,
        list(node.select, selectItem),
        node.from.length > 0 && `FROM ${list(node.from, relation)}`,
        node.where && `WHERE ${expression(node.where)}`,
        node.groupBy && words('GROUP BY', node.groupBy.quantifier, list(node.groupBy.elements, grouping)),
        node.having && `HAVING ${expression(node.having)}`,
        node.windows.length > 0 && `WINDOW ${list(node.windows, (one) => `${name(one.name)} AS ${window(one.window)}`)}`
      )
    case 'SetOperation':
      return words(body(node.first), ...node.rest.map((one) => words(one.operator, one.quantifier, body(one.body))))
    case 'Table':
      return `TABLE ${dotted(node.name.parts)}`
    case 'Values':
      return `VALUES ${list(node.rows, expression)}`
    case 'TableSubquery':
      return `(${printQuery(node.query)})`
  }
}

const selectItem = (item: SelectItem): string => {
  if (item.kind === 'SingleColumn') return words(expression(item.expression), item.alias && `AS ${name(item.alias)}`)
  if (!item.target) return '*'
  return `${operand(item.target)}.*${item.aliases.length > 0 ? ` AS${aliases(item.aliases)}` : ''}`
}

export const set = (items: readonly Expression[]): string => `(${list(items, expression)})`
const grouping = (element: GroupingElement): string => {
  const sets = list(element.sets, set)
  switch (element.kind) {
    case 'SimpleGroupBy':
      return sets
    case 'Rollup':
      return `ROLLUP (${sets})`
    case 'Cube':
      return `CUBE (${sets})`
    case 'GroupingSets':
      return `GROUPING SETS (${sets})`
  }
}

const relation = (node: Relation): string => {
  switch (node.kind) {
    case 'Table':
      return words(dotted(node.name.parts), node.period && `FOR ${node.period.type} AS OF ${operand(node.period.end)}`)
    case 'AliasedRelation':
      return `${plain(node.relation)} AS ${name(node.alias)}${aliases(node.columnAliases)}`
    case 'TableSubquery':
      return `(${printQuery(node.query)})`
    case 'Unnest':
      return `UNNEST ${set(node.expressions)}${node.withOrdinality ? ' WITH ORDINALITY' : ''}`
    case 'Lateral':
      return `LATERAL (${printQuery(node.query)})`
    case 'Join':
      return words(
        joined(node.first),
        ...node.rest.map((one) =>
          words(
            one.criteria?.kind === 'JoinNatural' && 'NATURAL',
            `${one.type} JOIN`,
            joined(one.right),
            one.criteria?.kind === 'JoinOn' && `ON ${expression(one.criteria.expression)}`,
            one.criteria?.kind === 'JoinUsing' && `USING${aliases(one.criteria.columns)}`
          )
        )
      )
    case 'SampledRelation': {
      const sampled = node.relation.kind === 'AliasedRelation' ? relation(node.relation) : plain(node.relation)
      return `${sampled} TABLESAMPLE ${node.method} (${expression(node.percentage)})`
    }
    case 'PatternRecognition': {
      const { partitionBy: partition, orderBy: sorted, rowsPerMatch, matching } = node.match
      const input = node.relation.kind === 'AliasedRelation' ? relation(node.relation) : plain(node.relation)
      const [measures, rest] = clauses(matching)
      return `${input} MATCH_RECOGNIZE (${words(partitionBy(partition), orderBy(sorted), measures, rowsPerMatch && rows[rowsPerMatch], rest)})`
    }
    case 'TableFunction': {
      const copartition = list(node.copartition, (tables) => `(${list(tables, ({ parts }) => dotted(parts))})`)
      return `TABLE(${dotted(node.name.parts)}(${words(list(node.arguments, argument), copartition && `COPARTITION ${copartition}`)}))`
    }
  }
}

const joined = (node: Relation): string => (node.kind === 'Join' ? `(${relation(node)})` : relation(node))

/** A relation that takes an alias. */
const plain = (node: Relation): string =>
  wrapped.has(node.kind) ? `(${relation(node)})` : relation(node)
const wrapped: ReadonlySet<Relation['kind']> = new Set<Relation['kind']>(['AliasedRelation', 'Join', 'SampledRelation', 'PatternRecognition'])

const compound: ReadonlySet<Expression['kind']> = new Set<Expression['kind']>([
  'Logical', 'Not', 'Comparison', 'QuantifiedComparison', 'Between', 'InList', 'InSubquery', 'Like', 'IsNull', 'IsDistinctFrom',
  'Arithmetic', 'ArithmeticUnary', 'Concatenation', 'AtTimeZone', 'Lambda', 'NumericLiteral', 'Measure'
])

const freeNames: ReadonlySet<string> = new Set(freeWords)

/** An expression that stands next to others. */
export const operand = (node: Expression): string => (compound.has(node.kind) ? `(${expression(node)})` : expression(node))
const not = (isNegated: boolean): string => (isNegated ? 'NOT' : '')

export const expression = (node: Expression): string => {
  switch (node.kind) {
    case 'NullLiteral':
      return 'NULL'
    case 'BooleanLiteral':
      return node.value ? 'TRUE' : 'FALSE'
    case 'StringLiteral':
      return text(node.value)
    case 'BinaryLiteral':
      return `X'${node.value}'`
    case 'NumericLiteral':
      return node.text
    case 'GenericLiteral':
      return `${name(node.type)} ${text(node.value)}`
    case 'IntervalLiteral':
      return words('INTERVAL', node.sign, text(node.value), node.from, node.to && `TO ${node.to}`)
    case 'Parameter':
      return '?'
    case 'ColumnReference':
      // `array[1]` and `all + 1` mean something else than `(array)[1]` and `(all) + 1`.
      return freeNames.has(node.parts[0].value.toUpperCase()) ? `(${dotted(node.parts)})` : dotted(node.parts)
    case 'Logical':
      return node.terms.map(operand).join(` ${node.operator} `)
    case 'Not':
      return `NOT ${operand(node.value)}`
    case 'Comparison':
      return `${operand(node.left)} ${node.operator} ${operand(node.right)}`
    case 'QuantifiedComparison':
      return `${operand(node.value)} ${node.operator} ${node.quantifier} (${printQuery(node.query)})`
    case 'Between':
      return words(operand(node.value), not(node.isNegated), 'BETWEEN', operand(node.lower), 'AND', operand(node.upper))
    case 'InList':
      return words(operand(node.value), not(node.isNegated), 'IN', set(node.items))
    case 'InSubquery':
      return words(operand(node.value), not(node.isNegated), `IN (${printQuery(node.query)})`)
    case 'Like':
      return words(
        operand(node.value), not(node.isNegated), 'LIKE', operand(node.pattern), node.escape && `ESCAPE ${operand(node.escape)}`
      )
    case 'IsNull':
      return words(operand(node.value), 'IS', not(node.isNegated), 'NULL')
    case 'IsDistinctFrom':
      return words(operand(node.value), 'IS', not(node.isNegated), 'DISTINCT FROM', operand(node.right))
    case 'Arithmetic':
      return words(operand(node.first), ...node.rest.map((step) => `${step.operator} ${operand(step.value)}`))
    case 'ArithmeticUnary':
      return `${node.operator} ${operand(node.value)}`
    case 'Concatenation':
      return node.terms.map(operand).join(' || ')
    case 'AtTimeZone':
      return `${operand(node.value)} AT TIME ZONE ${expression(node.zone)}`
    case 'Dereference':
      return `${operand(node.base)}.${name(node.field)}`
    case 'Subscript':
      return `${operand(node.base)}[${operand(node.index)}]`
    case 'FunctionCall':
      return words(
        node.processing,
        `${dotted(node.name.parts)}(${words(node.quantifier, node.isStar ? `${node.label ? `${name(node.label)}.` : ''}*` : list(node.arguments, expression), orderBy(node.orderBy))})`,
        node.filter && `FILTER (WHERE ${expression(node.filter)})`,
        node.nullTreatment && `${node.nullTreatment} NULLS`,
        node.over && `OVER ${node.over.kind === 'WindowReference' ? name(node.over.name) : window(node.over)}`
      )
    case 'Measure':
      return `${name(node.name)} OVER ${node.over.kind === 'WindowReference' ? name(node.over.name) : window(node.over)}`
    case 'Listagg':
      return words(
        `LISTAGG(${words(node.quantifier, expression(node.value), node.separator !== null && `, ${text(node.separator)}`, overflow(node))})`,
        `WITHIN GROUP (${orderBy(node.withinGroup)})`,
        node.filter && `FILTER (WHERE ${expression(node.filter)})`
      )
    case 'Lambda':
      return `(${list(node.parameters, name)}) -> ${expression(node.body)}`
    case 'Row':
      return `ROW ${set(node.items)}`
    case 'ArrayConstructor':
      return `ARRAY[${list(node.items, expression)}]`
    case 'Case':
      return words(
        'CASE',
        node.operand && expression(node.operand),
        ...node.whens.map((one) => `WHEN ${expression(one.condition)} THEN ${expression(one.result)}`),
        node.otherwise && `ELSE ${expression(node.otherwise)}`,
        'END'
      )
    case 'Cast':
      return `${node.isTry ? 'TRY_CAST' : 'CAST'}(${expression(node.value)} AS ${type(node.type)})`
    case 'Extract':
      return `EXTRACT(${name(node.field)} FROM ${operand(node.value)})`
    case 'Trim': {
      const isPlain = node.specification === null && node.character === null
      const parts = words(node.specification, node.character && operand(node.character), 'FROM', operand(node.value))
      return isPlain ? `TRIM(${operand(node.value)})` : `TRIM(${parts})`
    }
    case 'Position':
      return `POSITION(${operand(node.needle)} IN ${operand(node.value)})`
    case 'Substring':
      return `SUBSTRING(${words(operand(node.value), 'FROM', operand(node.start), node.length && `FOR ${operand(node.length)}`)})`
    case 'Normalize':
      return `NORMALIZE(${operand(node.value)}${node.form ? `, ${node.form}` : ''})`
    case 'Grouping':
      return `GROUPING(${list(node.columns, (column) => dotted(column.parts))})`
    case 'CurrentValue':
      return `${node.name}${node.precision === null ? '' : `(${node.precision})`}`
    case 'JsonExists':
    case 'JsonValue':
    case 'JsonQuery':
    case 'JsonObject':
    case 'JsonArray':
      return json(node)
    case 'SubqueryExpression':
      return `(${printQuery(node.query)})`
    case 'Exists':
      return `EXISTS (${printQuery(node.query)})`
  }
}

const overflow = ({ overflow: how }: Extract<Expression, { kind: 'Listagg' }>): string => {
  if (how === null) return ''
  if (how.kind === 'Error') return 'ON OVERFLOW ERROR'
  return words('ON OVERFLOW TRUNCATE', how.filler !== null && text(how.filler), how.withCount ? 'WITH COUNT' : 'WITHOUT COUNT')
}

const window = (node: WindowSpecification): string => {
  const { frame } = node
  const [measures, rest] = frame?.matching ? clauses(frame.matching) : []
  const parts = words(
    node.existingName && name(node.existingName),
    partitionBy(node.partitionBy),
    orderBy(node.orderBy),
    measures,
    frame && words(frame.type, frame.end ? `BETWEEN ${bound(frame.start)} AND ${bound(frame.end)}` : bound(frame.start)),
    rest
  )
  return `(${parts})`
}

const partitionBy = (items: readonly Expression[]): string => (items.length > 0 ? `PARTITION BY ${list(items, expression)}` : '')

const bound = (node: FrameBound): string =>
  node.type === 'CURRENT_ROW' ? 'CURRENT ROW' : `${node.value ? operand(node.value) : 'UNBOUNDED'} ${node.type}`

export const type = (node: DataType): string => {
  switch (node.kind) {
    case 'GenericType':
      return `${name(node.name)}${node.parameters.length > 0 ? `(${list(node.parameters, parameter)})` : ''}`
    case 'RowType':
      return `ROW(${list(node.fields, (field) => words(field.name && name(field.name), type(field.type)))})`
    case 'DateTimeType':
      return words(`${node.base}${node.precision ? `(${parameter(node.precision)})` : ''}`, node.withTimeZone && 'WITH TIME ZONE')
    case 'IntervalType':
      return words('INTERVAL', node.from, node.to && `TO ${node.to}`)
    case 'DoublePrecisionType':
      return 'DOUBLE PRECISION'
    case 'ArrayType':
      return `ARRAY<${type(node.element)}>`
    case 'MapType':
      return `MAP<${type(node.key)}, ${type(node.value)}>`
  }
}

const parameter = (node: TypeParameter): string => (node.kind === 'IntegerParameter' ? node.text : type(node))
