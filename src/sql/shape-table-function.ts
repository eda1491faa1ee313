/** A table function without the literals of its arguments. */
import type { QualifiedName, Query } from './ast.ts'
import type { Descriptor, TableArgument, TableFunction } from './ast-table-function.ts'
import {
  type Inner,
  commas,
  expressionShape,
  nameShape,
  orderShape,
  qualifiedShape,
  typeShape
} from './shape-expression.ts'

export const tableFunctionShape = (node: TableFunction, inner: Inner): string => {
  const values = node.arguments.map(({ name, value }) => {
    const shape = valueShape(value, inner)
    return name === null ? shape : `${nameShape(name)} => ${shape}`
  })
  const sets = node.copartition.map((tables) => `(${tables.map(qualifiedShape).join(', ')})`)
  const copartition = sets.length === 0 ? '' : ` COPARTITION ${sets.join(', ')}`
  return `TABLE(${qualifiedShape(node.name)}(${values.join(', ')}${copartition}))`
}

const valueShape = (
  value: TableFunction['arguments'][number]['value'],
  inner: Inner
): string => {
  if (value.kind === 'TableArgument') return tableShape(value, inner)
  return value.kind === 'Descriptor' ? descriptorShape(value) : expressionShape(value, inner)
}

const tableShape = (node: TableArgument, inner: Inner): string => {
  const { table, alias, columnAliases, partitionBy, whenEmpty, orderBy } = node
  const names = columnAliases.length === 0 ? '' : `(${columnAliases.map(nameShape).join(', ')})`
  const parts = [
    `TABLE(${tableNameShape(table, inner)})`,
    alias === null ? '' : `AS ${nameShape(alias)}${names}`,
    partitionBy === null ? '' : `PARTITION BY (${commas(partitionBy, inner)})`,
    whenEmpty === null ? '' : `${whenEmpty} WHEN EMPTY`,
    orderShape(orderBy, inner)
  ]
  return parts.filter((part) => part !== '').join(' ')
}

const tableNameShape = (table: QualifiedName | Query, inner: Inner): string =>
  table.kind === 'Query' ? inner(table) : qualifiedShape(table)

const descriptorShape = ({ fields }: Descriptor): string => {
  if (fields.length === 0) return 'CAST(NULL AS DESCRIPTOR)'
  const shapes = fields.map(({ name, type }) =>
    type === null ? nameShape(name) : `${nameShape(name)} ${typeShape(type)}`
  )
  return `DESCRIPTOR(${shapes.join(', ')})`
}
