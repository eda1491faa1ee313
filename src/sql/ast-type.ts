/**
 * The types a query can name in CAST and TRY_CAST, as the grammar spells them.
 * Whether such a type exists is for Trino to say: a name is kept as it was written.
 */
import type { IntervalField } from './ast-literal.ts'
import type { Identifier } from './ast.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }

export type DataType =
  | GenericType
  | RowType
  | DateTimeType
  | (Node<'IntervalType'> & { readonly from: IntervalField; readonly to: IntervalField | null })
  | Node<'DoublePrecisionType'>
  | (Node<'ArrayType'> & { readonly element: DataType })
  | (Node<'MapType'> & { readonly key: DataType; readonly value: DataType })
/**
 * `varchar(10)`, `decimal(p, s)`, `array(bigint)`, `map(varchar, bigint)` and any name that is none
 * of the others.
 */
export type GenericType = Node<'GenericType'> & {
  readonly name: Identifier
  readonly parameters: readonly TypeParameter[]
}
export type TypeParameter = DataType | (Node<'IntegerParameter'> & { readonly text: string })
export type RowType = Node<'RowType'> & { readonly fields: readonly RowField[] }
export type RowField = Node<'RowField'> & {
  readonly name: Identifier | null
  readonly type: DataType
}
export type DateTimeType = Node<'DateTimeType'> & {
  readonly base: 'TIME' | 'TIMESTAMP'
  readonly precision: TypeParameter | null
  readonly withTimeZone: boolean
}
