/** `TABLE(f(…))` in FROM: a function that answers a table, and what such functions take. */
import type { Expression, Identifier, QualifiedName, Query, Some, SortItem } from './ast.ts'
import type { DataType } from './ast-type.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }

export type TableFunction = Node<'TableFunction'> & {
  readonly name: QualifiedName
  readonly arguments: readonly TableFunctionArgument[]
  readonly copartition: readonly Some<QualifiedName>[]
}
/** `value` or `name => value`. */
export type TableFunctionArgument = Node<'TableFunctionArgument'> & {
  readonly name: Identifier | null
  readonly value: TableArgument | Descriptor | Expression
}
/** `TABLE(t)`, `TABLE(query)`; `partitionBy` null where it is not said, which `()` is not. */
export type TableArgument = Node<'TableArgument'> & {
  readonly table: QualifiedName | Query
  readonly alias: Identifier | null
  readonly columnAliases: readonly Identifier[]
  readonly partitionBy: readonly Expression[] | null
  readonly whenEmpty: 'PRUNE' | 'KEEP' | null
  readonly orderBy: readonly SortItem[]
}
/** `DESCRIPTOR(a, b bigint)`; no fields for `CAST(NULL AS DESCRIPTOR)`. */
export type Descriptor = Node<'Descriptor'> & { readonly fields: readonly DescriptorField[] }
export type DescriptorField = Node<'DescriptorField'> & {
  readonly name: Identifier
  readonly type: DataType | null
}
