/**
 * Literals, as their text says them, and the values that have names of their own.
 */
import type { Identifier } from './ast.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }

/**
 * `text` as written, with its `-` sign if one belongs to the literal. A `GenericLiteral` is `DATE
 * '…'`, `DOUBLE PRECISION '…'`.
 */
export type Literal =
  | Node<'NullLiteral'>
  | (Node<'BooleanLiteral'> & { readonly value: boolean })
  | (Node<'StringLiteral'> & { readonly value: string })
  | (Node<'BinaryLiteral'> & { readonly value: string })
  | (Node<'NumericLiteral'> & {
      readonly type: 'integer' | 'decimal' | 'double'
      readonly text: string
    })
  | (Node<'GenericLiteral'> & { readonly type: Identifier; readonly value: string })
  | (Node<'IntervalLiteral'> & {
      readonly sign: '+' | '-' | null
      readonly value: string
      readonly from: IntervalField
      readonly to: IntervalField | null
    })
  | Node<'Parameter'>
export type IntervalField = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND'

export type CurrentName =
  | 'CURRENT_DATE'
  | 'CURRENT_TIME'
  | 'CURRENT_TIMESTAMP'
  | 'LOCALTIME'
  | 'LOCALTIMESTAMP'
  | 'CURRENT_USER'
  | 'CURRENT_CATALOG'
  | 'CURRENT_SCHEMA'
  | 'CURRENT_PATH'
