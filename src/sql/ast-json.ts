/**
 * The JSON functions that the grammar spells with words of their own. What is not said is null:
 * what holds then is for Trino to say.
 */
import type { Expression, Identifier } from './ast.ts'
import type { DataType } from './ast-type.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }

export type JsonForm = JsonExists | JsonValue | JsonQuery | JsonObject | JsonArray

export type JsonExists = Node<'JsonExists'> &
  JsonPath & { readonly onError: 'TRUE' | 'FALSE' | 'UNKNOWN' | 'ERROR' | null }
export type JsonValue = Node<'JsonValue'> &
  JsonPath & {
    readonly returning: DataType | null
    readonly onEmpty: JsonValueBehavior | null
    readonly onError: JsonValueBehavior | null
  }
export type JsonQuery = Node<'JsonQuery'> &
  JsonPath & {
    readonly returning: JsonOutput | null
    readonly wrapper: 'WITHOUT' | 'CONDITIONAL' | 'UNCONDITIONAL' | null
    readonly quotes: 'KEEP' | 'OMIT' | null
    readonly onEmpty: JsonQueryBehavior | null
    readonly onError: JsonQueryBehavior | null
  }
export type JsonObject = Node<'JsonObject'> & {
  readonly members: readonly JsonMember[]
  readonly nulls: JsonNulls
  readonly uniqueKeys: 'WITH' | 'WITHOUT' | null
  readonly returning: JsonOutput | null
}
export type JsonArray = Node<'JsonArray'> & {
  readonly items: readonly JsonInput[]
  readonly nulls: JsonNulls
  readonly returning: JsonOutput | null
}

/** `input, 'path' PASSING a AS "x", …`: the path sees the values that are passed, and no column. */
export type JsonPath = {
  readonly input: JsonInput
  readonly path: string
  readonly passing: readonly JsonPassing[]
}
export type JsonPassing = Node<'JsonPassing'> & {
  readonly input: JsonInput
  readonly name: Identifier
}
/** `value FORMAT JSON ENCODING UTF8`. */
export type JsonInput = Node<'JsonInput'> & {
  readonly value: Expression
  readonly format: JsonFormat | null
}
/** FORMAT JSON, and its ENCODING where one is said. */
export type JsonFormat = 'JSON' | 'UTF8' | 'UTF16' | 'UTF32'
/** RETURNING. */
export type JsonOutput = Node<'JsonOutput'> & {
  readonly type: DataType
  readonly format: JsonFormat | null
}
/** `key : value`, `KEY key VALUE value`. */
export type JsonMember = Node<'JsonMember'> & {
  readonly key: Expression
  readonly value: JsonInput
}
/** NULL ON NULL, ABSENT ON NULL. */
export type JsonNulls = 'NULL' | 'ABSENT' | null

/** `value` for DEFAULT alone. */
export type JsonValueBehavior =
  { readonly kind: 'Error' | 'Null' } | { readonly kind: 'Default'; readonly value: Expression }
export type JsonQueryBehavior = 'ERROR' | 'NULL' | 'EMPTY_ARRAY' | 'EMPTY_OBJECT'
