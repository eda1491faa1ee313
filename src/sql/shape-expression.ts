/**
 * Expressions without their literals; shape.ts says for what. Queries within are shaped by `inner`.
 */
import type { DataType } from './ast-type.ts'
import type {
  Expression,
  FrameBound,
  FunctionCall,
  Identifier,
  Listagg,
  Over,
  QualifiedName,
  Query,
  SortItem,
  WindowFrame
} from './ast.ts'
import { jsonShape } from './shape-json.ts'
import { matchingShape } from './shape-pattern.ts'

export type Inner = (query: Query) => string

export const nameShape = ({ name, isQuoted }: Identifier): string => {
  if (!isQuoted) return name
  return /^[a-z_$][a-z0-9_$-]*$/.test(name) ? `"${name}"` : '"?"'
}

export const qualifiedShape = ({ parts }: QualifiedName): string => parts.map(nameShape).join('.')

/** `a, b`, with literals in a row as one. */
export const listShape = (items: readonly Expression[], inner: Inner): string => {
  const shapes = items.map((item) => expressionShape(item, inner))
  const isTold = (shape: string, n: number): boolean =>
    shape !== shapes[n - 1] || !/^[?(), ]+$/.test(shape)
  return shapes.filter(isTold).join(', ')
}

/** A position keeps its number, for it is no value; no answer has a thousand columns. */
export const ordinalShape = (node: Expression, inner: Inner): string => {
  const isOrdinal = node.kind === 'NumericLiteral' && /^[0-9]{1,3}$/.test(node.text)
  return isOrdinal ? node.text : expressionShape(node, inner)
}

/** `of` says what an item is: a number is a position only after a whole query. */
export const orderShape = (
  items: readonly SortItem[],
  inner: Inner,
  of: typeof ordinalShape = expressionShape
): string => {
  if (items.length === 0) return ''
  const shapes = items.map(({ expression, ordering, nulls }) =>
    [
      of(expression, inner),
      ordering,
      nulls === null ? null : `NULLS ${nulls}`
    ]
      .filter((part) => part !== null)
      .join(' ')
  )
  return `ORDER BY ${shapes.join(', ')}`
}

export const windowShape = (over: Over, inner: Inner): string => {
  if (over.kind === 'WindowReference') return nameShape(over.name)
  const { existingName, partitionBy, orderBy, frame } = over
  const parts = [
    existingName === null ? '' : nameShape(existingName),
    partitionBy.length === 0 ? '' : `PARTITION BY ${commas(partitionBy, inner)}`,
    orderShape(orderBy, inner),
    ...(frame === null ? [] : frameShape(frame, inner))
  ]
  return `(${parts.filter((part) => part !== '').join(' ')})`
}

const frameShape = (
  { type, start, end, matching }: WindowFrame,
  inner: Inner
): readonly string[] => {
  const rows = `${type} ${boundsShape(start, end, inner)}`
  if (matching === null) return [rows]
  const { measures, rest } = matchingShape(matching, inner)
  return [measures, rows, rest]
}

const boundsShape = (start: FrameBound, end: FrameBound | null, inner: Inner): string => {
  const [from, to] = [start, end].map((bound) => (bound === null ? '' : boundShape(bound, inner)))
  return end === null ? `${from}` : `BETWEEN ${from} AND ${to}`
}

const boundShape = ({ type, value }: FrameBound, inner: Inner): string => {
  if (type === 'CURRENT_ROW') return 'CURRENT ROW'
  return `${value === null ? 'UNBOUNDED' : expressionShape(value, inner)} ${type}`
}

/** The shape of an expression; what nests in it is in brackets wherever that could matter. */
export const expressionShape = (node: Expression, inner: Inner): string => {
  const of = (part: Expression): string => expressionShape(part, inner)
  // one spelling, however it was bracketed
  const part = (one: Expression): string => (isChain(one) ? `(${of(one)})` : of(one))
  const term = (one: Expression): string => (one.kind === 'Logical' ? `(${of(one)})` : of(one))
  switch (node.kind) {
    case 'NullLiteral':
      return 'NULL'
    case 'BooleanLiteral':
    case 'StringLiteral':
    case 'BinaryLiteral':
    case 'NumericLiteral':
    case 'GenericLiteral':
    case 'IntervalLiteral':
    case 'Parameter':
      return '?'
    case 'ColumnReference':
      return node.parts.map(nameShape).join('.')
    case 'Logical':
      return node.terms.map(term).join(` ${node.operator} `)
    case 'Not':
      return `NOT ${term(node.value)}`
    case 'Comparison':
      return `${part(node.left)} ${node.operator} ${part(node.right)}`
    case 'QuantifiedComparison':
      return `${part(node.value)} ${node.operator} ${node.quantifier} (${inner(node.query)})`
    case 'Between':
      return [
        `${part(node.value)} ${not(node.isNegated, 'BETWEEN')}`,
        `${part(node.lower)} AND ${part(node.upper)}`
      ].join(' ')
    case 'InList':
      return `${part(node.value)} ${not(node.isNegated, 'IN')} (${listShape(node.items, inner)})`
    case 'InSubquery':
      return `${part(node.value)} ${not(node.isNegated, 'IN')} (${inner(node.query)})`
    case 'Like':
      return [
        `${part(node.value)} ${not(node.isNegated, 'LIKE')} ${part(node.pattern)}`,
        ...(node.escape === null ? [] : [`ESCAPE ${of(node.escape)}`])
      ].join(' ')
    case 'IsNull':
      return `${part(node.value)} IS ${not(node.isNegated, 'NULL')}`
    case 'IsDistinctFrom':
      return `${part(node.value)} IS ${not(node.isNegated, 'DISTINCT')} FROM ${part(node.right)}`
    case 'Arithmetic':
      return [
        part(node.first),
        ...node.rest.map(({ operator, value }) => `${operator} ${part(value)}`)
      ].join(' ')
    case 'ArithmeticUnary':
      return `${node.operator}${part(node.value)}`
    case 'Concatenation':
      return node.terms.map(part).join(' || ')
    case 'AtTimeZone':
      return `${part(node.value)} AT TIME ZONE ?`
    case 'Dereference':
      return `(${of(node.base)}).${nameShape(node.field)}`
    case 'Subscript':
      return `${part(node.base)}[${of(node.index)}]`
    case 'FunctionCall':
      return callShape(node, inner)
    case 'Measure':
      return `${nameShape(node.name)} OVER ${windowShape(node.over, inner)}`
    case 'Listagg':
      return listaggShape(node, inner)
    case 'Lambda':
      return `(${node.parameters.map(nameShape).join(', ')}) -> ${of(node.body)}`
    case 'Row':
      return `(${listShape(node.items, inner)})`
    case 'ArrayConstructor':
      return `ARRAY[${listShape(node.items, inner)}]`
    case 'Case':
      return [
        'CASE',
        ...(node.operand === null ? [] : [of(node.operand)]),
        ...node.whens.map(({ condition, result }) => `WHEN ${of(condition)} THEN ${of(result)}`),
        ...(node.otherwise === null ? [] : [`ELSE ${of(node.otherwise)}`]),
        'END'
      ].join(' ')
    case 'Cast':
      return `${node.isTry ? 'TRY_CAST' : 'CAST'}(${of(node.value)} AS ${typeShape(node.type)})`
    case 'Extract':
      return `EXTRACT(${node.field.name} FROM ${of(node.value)})`
    case 'Trim':
      return `TRIM(${[
        node.specification ?? 'BOTH',
        ...(node.character === null ? [] : [of(node.character)]),
        `FROM ${of(node.value)}`
      ].join(' ')})`
    case 'Position':
      return `POSITION(${part(node.needle)} IN ${part(node.value)})`
    case 'Substring':
      return `SUBSTRING(${[
        `${of(node.value)} FROM ${of(node.start)}`,
        ...(node.length === null ? [] : [`FOR ${of(node.length)}`])
      ].join(' ')})`
    case 'Normalize':
      return `NORMALIZE(${of(node.value)}${node.form === null ? '' : `, ${node.form}`})`
    case 'Grouping':
      return `GROUPING(${commas(node.columns, inner)})`
    case 'CurrentValue':
      return node.name
    case 'JsonArray':
    case 'JsonExists':
    case 'JsonObject':
    case 'JsonQuery':
    case 'JsonValue':
      return jsonShape(node, inner)
    case 'SubqueryExpression':
      return `(${inner(node.query)})`
    case 'Exists':
      return `EXISTS (${inner(node.query)})`
  }
}

const not = (isNegated: boolean, word: string): string => (isNegated ? `NOT ${word}` : word)

const chains: ReadonlySet<Expression['kind']> = new Set([
  'Logical',
  'Not',
  'Comparison',
  'QuantifiedComparison',
  'Between',
  'InList',
  'InSubquery',
  'Like',
  'IsNull',
  'IsDistinctFrom',
  'Arithmetic',
  'ArithmeticUnary',
  'Concatenation',
  'AtTimeZone',
  'Lambda'
])

const isChain = ({ kind }: Expression): boolean => chains.has(kind)

export const commas = (items: readonly Expression[], inner: Inner): string =>
  items.map((item) => expressionShape(item, inner)).join(', ')

const callShape = (node: FunctionCall, inner: Inner): string => {
  const star = node.label === null ? '*' : `${nameShape(node.label)}.*`
  const parts = [
    node.quantifier ?? '',
    node.isStar ? star : commas(node.arguments, inner),
    orderShape(node.orderBy, inner)
  ]
  const mode = node.processing === null ? '' : `${node.processing} `
  const inside = parts.filter((part) => part !== '').join(' ')
  const call = `${mode}${qualifiedShape(node.name)}(${inside})`
  const nulls = node.nullTreatment === null ? '' : ` ${node.nullTreatment} NULLS`
  const over = node.over === null ? '' : ` OVER ${windowShape(node.over, inner)}`
  return `${call}${filterShape(node.filter, inner)}${nulls}${over}`
}

const listaggShape = (node: Listagg, inner: Inner): string => {
  const quantifier = node.quantifier === null ? '' : `${node.quantifier} `
  const separator = node.separator === null ? '' : ', ?'
  const value = `${quantifier}${expressionShape(node.value, inner)}${separator}`
  const order = orderShape(node.withinGroup, inner)
  return `LISTAGG(${value}) WITHIN GROUP (${order})${filterShape(node.filter, inner)}`
}

const filterShape = (filter: Expression | null, inner: Inner): string =>
  filter === null ? '' : ` FILTER (WHERE ${expressionShape(filter, inner)})`

export const typeShape = (type: DataType): string => {
  switch (type.kind) {
    case 'GenericType': {
      const { name, parameters } = type
      const shapes = parameters.map((one) =>
        one.kind === 'IntegerParameter' ? one.text : typeShape(one)
      )
      return nameShape(name) + (shapes.length === 0 ? '' : `(${shapes.join(', ')})`)
    }
    case 'RowType': {
      const fields = type.fields.map(({ name, type: inside }) =>
        name === null ? typeShape(inside) : `${nameShape(name)} ${typeShape(inside)}`
      )
      return `row(${fields.join(', ')})`
    }
    case 'DateTimeType':
      return `${type.base.toLowerCase()}${type.withTimeZone ? ' with time zone' : ''}`
    case 'IntervalType':
      return `interval ${type.from}${type.to === null ? '' : ` to ${type.to}`}`.toLowerCase()
    case 'DoublePrecisionType':
      return 'double precision'
    case 'ArrayType':
      return `array(${typeShape(type.element)})`
    case 'MapType':
      return `map(${typeShape(type.key)}, ${typeShape(type.value)})`
  }
}
