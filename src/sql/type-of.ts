/**
 * The type of an expression, as far as it is needed: which fields a row has, and how many columns
 * UNNEST makes. Exact or null: a field told wrongly would take a name away from the column outside
 * that Trino gives it to. Where several values meet, Trino drops names that differ, so they must
 * not.
 */
import type { DataType, GenericType } from './ast-type.ts'
import type { ColumnReference, Expression, FunctionCall, Identifier, Some } from './ast.ts'
import type { Resolver } from './resolution.ts'
import { type RowField, type SqlType, arrayOf, plain } from './types.ts'

const deepest = 50

/** Of an expression whose names have been resolved. */
export const typeOf = (resolver: Resolver, node: Expression, depth = 0): SqlType | null => {
  if (depth > deepest) return null
  if (node.kind === 'ColumnReference') return typeOfReference(resolver, node)
  const below = depth + 1
  switch (node.kind) {
    case 'Dereference':
      return memberOf(typeOf(resolver, node.base, below), node.field.name).type
    case 'Subscript':
      return elementOf(typeOf(resolver, node.base, below), node.index)
    case 'ArrayConstructor': {
      const element = commonType(typesOf(resolver, node.items, below))
      return element && arrayOf(element)
    }
    case 'Row': {
      const types = typesOf(resolver, node.items, below)
      const fields = types.flatMap((type) => (type === null ? [] : [{ name: null, type }]))
      return fields.length === types.length ? { kind: 'row', fields } : null
    }
    case 'Cast':
      return typeOfData(node.type)
    case 'FunctionCall':
      return typeOfCall(resolver, node, below)
    case 'Case':
      return commonType([
        ...node.whens.map(({ result }) => typeOf(resolver, result, below)),
        ...(node.otherwise === null ? [] : [typeOf(resolver, node.otherwise, below)])
      ])
    case 'Concatenation':
      return commonType(typesOf(resolver, node.terms, below))
    case 'StringLiteral':
      return plain('varchar')
    case 'NumericLiteral':
      return plain(node.type)
    case 'GenericLiteral':
      return plain(node.type.name)
    case 'BooleanLiteral':
      return plain('boolean')
    case 'NullLiteral':
    case 'BinaryLiteral':
    case 'IntervalLiteral':
    case 'Parameter':
    case 'Logical':
    case 'Not':
    case 'Comparison':
    case 'QuantifiedComparison':
    case 'Between':
    case 'InList':
    case 'InSubquery':
    case 'Like':
    case 'IsNull':
    case 'IsDistinctFrom':
    case 'Arithmetic':
    case 'ArithmeticUnary':
    case 'AtTimeZone':
    case 'Measure':
    case 'Listagg':
    case 'Lambda':
    case 'Extract':
    case 'Trim':
    case 'Position':
    case 'Substring':
    case 'Normalize':
    case 'Grouping':
    case 'CurrentValue':
    case 'JsonArray':
    case 'JsonExists':
    case 'JsonObject':
    case 'JsonQuery':
    case 'JsonValue':
    case 'SubqueryExpression':
    case 'Exists':
      return null
  }
}

const typesOf = (
  resolver: Resolver,
  nodes: readonly Expression[],
  depth: number
): readonly (SqlType | null)[] => nodes.map((node) => typeOf(resolver, node, depth))

const typeOfReference = (resolver: Resolver, node: ColumnReference): SqlType | null => {
  const found = resolver.found.references.get(node)
  if (found === undefined) return null
  const { field, used } = found
  return used === node.parts.length ? field.type : membersOf(field.type, node.parts, used)
}

/** The type that all of these have, names of fields included; null where they differ. */
export const commonType = (types: readonly (SqlType | null)[]): SqlType | null => {
  const [first] = types
  if (first === undefined || first === null) return null
  return types.every((type) => type !== null && isSame(first, type)) ? first : null
}

const isSame = (one: SqlType, other: SqlType): boolean => {
  if (one === other) return true
  switch (one.kind) {
    case 'plain':
      return other.kind === 'plain'
    case 'array':
      return other.kind === 'array' && isSame(one.element, other.element)
    case 'map':
      return other.kind === 'map' && isSame(one.key, other.key) && isSame(one.value, other.value)
    case 'row':
      return other.kind === 'row' && areSameFields(one.fields, other.fields)
  }
}

const areSameFields = (ones: readonly RowField[], others: readonly RowField[]): boolean =>
  ones.length === others.length &&
  ones.every(({ name, type }, at) => {
    const other = others[at]
    return other !== undefined && other.name === name && isSame(type, other.type)
  })

export type Member = {
  readonly kind: 'found' | 'missing' | 'ambiguous'
  readonly type: SqlType | null
}

/** The field of a row; of a value that is not known any field may be. */
export const memberOf = (type: SqlType | null, name: string): Member => {
  if (type === null) return { kind: 'found', type: null }
  if (type.kind !== 'row') return { kind: 'missing', type: null }
  const [field, other] = type.fields.filter((one) => one.name === name)
  if (field === undefined) return { kind: 'missing', type: null }
  if (other !== undefined) return { kind: 'ambiguous', type: null }
  return { kind: 'found', type: field.type }
}

const membersOf = (
  type: SqlType | null,
  parts: Some<Identifier>,
  used: number
): SqlType | null => {
  let member = type
  for (const { name } of parts.slice(used)) member = memberOf(member, name).type
  return member
}

const elementOf = (base: SqlType | null, index: Expression): SqlType | null => {
  if (base?.kind === 'array') return base.element
  if (base?.kind === 'map') return base.value
  if (base?.kind !== 'row' || index.kind !== 'NumericLiteral') return null
  return base.fields[Number(index.text) - 1]?.type ?? null
}

const typeOfData = (type: DataType): SqlType | null => {
  switch (type.kind) {
    case 'RowType': {
      const fields = type.fields.flatMap((field) => {
        const known = typeOfData(field.type)
        return known === null ? [] : [{ name: field.name?.name ?? null, type: known }]
      })
      return fields.length === type.fields.length ? { kind: 'row', fields } : null
    }
    case 'ArrayType': {
      const element = typeOfData(type.element)
      return element && arrayOf(element)
    }
    case 'MapType': {
      const key = typeOfData(type.key)
      const value = typeOfData(type.value)
      return key && value && { kind: 'map', key, value }
    }
    case 'GenericType':
      return typeOfGeneric(type)
    case 'DateTimeType':
    case 'IntervalType':
    case 'DoublePrecisionType':
      return plain(type.kind)
  }
}

const typeOfGeneric = ({ name, parameters }: GenericType): SqlType | null => {
  const types = parameters.map((one) => (one.kind === 'IntegerParameter' ? null : typeOfData(one)))
  const [first, second] = types
  if (name.name === 'array') return first ? arrayOf(first) : null
  if (name.name === 'map') {
    return first && second ? { kind: 'map', key: first, value: second } : null
  }
  const isPlain = name.name !== 'row' && parameters.every(({ kind }) => kind === 'IntegerParameter')
  return isPlain ? plain(name.name) : null
}

/** Their result has the type of the first argument, whatever the others are. */
const ofFirst: ReadonlySet<string> = new Set([
  'array_distinct',
  'array_sort',
  'filter',
  'map_filter',
  'nullif',
  'reverse',
  'slice',
  'trim_array',
  'try'
])

/** The same where there is one argument alone; with a second one some answer an array. */
const ofOnly: ReadonlySet<string> = new Set(['any_value', 'arbitrary', 'max', 'min'])

/** Their arguments and their result are of one type. */
const ofAll: ReadonlySet<string> = new Set([
  'array_except',
  'array_intersect',
  'array_union',
  'coalesce',
  'concat',
  'map_concat'
])

const textLists: ReadonlySet<string> = new Set(['split', 'regexp_extract_all', 'regexp_split'])

const typeOfCall = (resolver: Resolver, call: FunctionCall, depth: number): SqlType | null => {
  const name = call.name.parts[0].name
  const [first, second, third] = call.arguments
  if (textLists.has(name)) return arrayOf(plain('varchar'))
  if (name === 'sequence') return arrayOf(plain('value'))
  if (first === undefined) return null
  if (ofAll.has(name)) return commonType(typesOf(resolver, call.arguments, depth))
  if (name === 'if') {
    const results = [second, third].filter((part) => part !== undefined)
    return commonType(typesOf(resolver, results, depth))
  }
  const type = typeOf(resolver, first, depth)
  if (type === null || ofFirst.has(name)) return type
  if (ofOnly.has(name)) return second === undefined ? type : null
  if (name === 'array_agg') return arrayOf(type)
  if (type.kind === 'array' && (name === 'element_at' || name === 'flatten')) return type.element
  return type.kind === 'map' ? typeOfMapCall(name, type) : null
}

const typeOfMapCall = (
  name: string,
  { key, value }: Extract<SqlType, { readonly kind: 'map' }>
): SqlType | null => {
  if (name === 'element_at') return value
  if (name === 'map_keys') return arrayOf(key)
  if (name === 'map_values') return arrayOf(value)
  if (name !== 'map_entries') return null
  return arrayOf({ kind: 'row', fields: [{ name: null, type: key }, { name: null, type: value }] })
}
