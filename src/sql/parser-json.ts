/**
 * JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY, whose arguments have words of
 * their own. A path is a literal: Trino reads it when it analyses the query.
 */
import type {
  JsonForm, JsonFormat, JsonInput, JsonMember, JsonNulls, JsonOutput, JsonPassing, JsonPath,
  JsonQuery, JsonQueryBehavior, JsonValueBehavior
} from './ast-json.ts'
import type { TokenKind } from './tokens.ts'
import { startsExpression } from './parser-ahead.ts'
import {
  type Cursor, accept, acceptOne, expect, expectOne, fail, identifier, inParentheses, isName,
  listOf, partnerOf, peek, since, textOf
} from './parser-cursor.ts'
import { expression } from './parser-expression.ts'
import { stringValue } from './parser-literal.ts'
import { dataType } from './parser-type.ts'

/** The form that comes next; null when none does. */
export const jsonForm = (c: Cursor): JsonForm | null => {
  const kind = acceptOne(
    c, 'JSON_ARRAY', 'JSON_EXISTS', 'JSON_OBJECT', 'JSON_QUERY', 'JSON_VALUE'
  )
  const n = c.index - 1
  switch (kind) {
    case null:
      return null
    case 'JSON_EXISTS':
      return { kind: 'JsonExists', ...inParentheses(c, existsParts), at: since(c, n) }
    case 'JSON_VALUE':
      return { kind: 'JsonValue', ...inParentheses(c, valueParts), at: since(c, n) }
    case 'JSON_QUERY':
      return { kind: 'JsonQuery', ...inParentheses(c, queryParts), at: since(c, n) }
    case 'JSON_OBJECT':
      return { kind: 'JsonObject', ...inParentheses(c, objectParts), at: since(c, n) }
    case 'JSON_ARRAY':
      return { kind: 'JsonArray', ...inParentheses(c, arrayParts), at: since(c, n) }
  }
}

const existsParts = (c: Cursor) => {
  const path = pathParts(c)
  const onError = acceptOne(c, 'TRUE', 'FALSE', 'UNKNOWN', 'ERROR')
  if (onError !== null) on(c, 'ERROR')
  return { ...path, onError }
}

const valueParts = (c: Cursor) => {
  const path = pathParts(c)
  const returning = accept(c, 'RETURNING') ? dataType(c) : null
  return { ...path, returning, ...behaviors(c, valueBehavior) }
}

const queryParts = (c: Cursor) => {
  const path = pathParts(c)
  const returning = output(c)
  const wrapper = wrapperOf(c)
  const quotes = quotesOf(c)
  return { ...path, returning, wrapper, quotes, ...behaviors(c, queryBehavior) }
}

const objectParts = (c: Cursor) => {
  const isEmpty = peek(c) === ')' || (isOutput(c) && peek(c, 1) !== 'VALUE')
  const members = isEmpty ? [] : listOf(c, member)
  const nulls = isEmpty ? null : nullsOf(c)
  const uniqueKeys = isEmpty ? null : acceptOne(c, 'WITH', 'WITHOUT')
  if (uniqueKeys !== null) {
    expect(c, 'UNIQUE')
    accept(c, 'KEYS')
  }
  return { members, nulls, uniqueKeys, returning: output(c) }
}

const arrayParts = (c: Cursor) => {
  const isEmpty = peek(c) === ')' || isOutput(c)
  const items = isEmpty ? [] : listOf(c, input)
  const nulls = isEmpty ? null : nullsOf(c)
  return { items, nulls, returning: output(c) }
}

const pathParts = (c: Cursor): JsonPath => {
  const value = input(c)
  expect(c, ',')
  const path = stringValue(c)
  const passing = accept(c, 'PASSING') ? listOf(c, passed) : []
  return { input: value, path, passing }
}

const passed = (c: Cursor): JsonPassing => {
  const n = c.index
  const value = input(c)
  expect(c, 'AS')
  const name = identifier(c)
  return { kind: 'JsonPassing', at: since(c, n), input: value, name }
}

const input = (c: Cursor): JsonInput => {
  const n = c.index
  const value = expression(c)
  const format = formatOf(c)
  return { kind: 'JsonInput', at: since(c, n), value, format }
}

const formatOf = (c: Cursor): JsonFormat | null => {
  if (!accept(c, 'FORMAT')) return null
  expect(c, 'JSON')
  return accept(c, 'ENCODING') ? expectOne(c, 'UTF8', 'UTF16', 'UTF32') : 'JSON'
}

/** RETURNING followed by a type, rather than a column of that name. */
const isOutput = (c: Cursor): boolean =>
  peek(c) === 'RETURNING' && isName(peek(c, 1)) && peek(c, 1) !== 'FORMAT'

const output = (c: Cursor): JsonOutput | null => {
  const n = c.index
  if (!accept(c, 'RETURNING')) return null
  const type = dataType(c)
  const format = formatOf(c)
  return { kind: 'JsonOutput', at: since(c, n), type, format }
}

const nullsOf = (c: Cursor): JsonNulls => {
  const nulls = acceptOne(c, 'NULL', 'ABSENT')
  if (nulls !== null) on(c, 'NULL')
  return nulls
}

const on = (c: Cursor, what: 'ERROR' | 'NULL' | 'EMPTY'): void => {
  expect(c, 'ON')
  expect(c, what)
}

type Behaviors<B> = { readonly onEmpty: B | null; readonly onError: B | null }

/** `one ON EMPTY`, `one ON ERROR`, or both in this order. */
const behaviors = <B>(c: Cursor, one: (c: Cursor) => B): Behaviors<B> => {
  if (peek(c) === ')') return { onEmpty: null, onError: null }
  const first = one(c)
  expect(c, 'ON')
  if (expectOne(c, 'EMPTY', 'ERROR') === 'ERROR') return { onEmpty: null, onError: first }
  if (peek(c) === ')') return { onEmpty: first, onError: null }
  const onError = one(c)
  on(c, 'ERROR')
  return { onEmpty: first, onError }
}

const valueBehavior = (c: Cursor): JsonValueBehavior => {
  if (accept(c, 'ERROR')) return { kind: 'Error' }
  if (accept(c, 'NULL')) return { kind: 'Null' }
  expect(c, 'DEFAULT')
  return { kind: 'Default', value: expression(c) }
}

const queryBehavior = (c: Cursor): JsonQueryBehavior => {
  const kind = expectOne(c, 'ERROR', 'NULL', 'EMPTY')
  if (kind !== 'EMPTY') return kind
  return expectOne(c, 'ARRAY', 'OBJECT') === 'ARRAY' ? 'EMPTY_ARRAY' : 'EMPTY_OBJECT'
}

const wrapperOf = (c: Cursor): JsonQuery['wrapper'] => {
  const kind = acceptOne(c, 'WITHOUT', 'WITH')
  if (kind === null) return null
  const condition = kind === 'WITH' ? acceptOne(c, 'CONDITIONAL', 'UNCONDITIONAL') : null
  accept(c, 'ARRAY')
  expect(c, 'WRAPPER')
  return kind === 'WITHOUT' ? kind : (condition ?? 'UNCONDITIONAL')
}

const quotesOf = (c: Cursor): JsonQuery['quotes'] => {
  const quotes = acceptOne(c, 'KEEP', 'OMIT')
  if (quotes === null) return null
  expect(c, 'QUOTES')
  if (peek(c) !== 'ON' || peek(c, 1) !== 'SCALAR') return quotes
  c.index += 2
  if (textOf(c, c.index).toUpperCase() !== 'STRING') fail(c)
  c.index++
  return quotes
}

const member = (c: Cursor): JsonMember => {
  const n = c.index
  const isKeyed = isKeyWord(c)
  if (isKeyed) expect(c, 'KEY')
  const key = expression(c)
  if (isKeyed) expect(c, 'VALUE')
  else expectOne(c, 'VALUE', ':')
  const value = input(c)
  return { kind: 'JsonMember', at: since(c, n), key, value }
}

/**
 * Whether KEY stands in front of a key, rather than being one, as in `key : 1`, `key VALUE 1` and
 * `key(1) : 2`.
 */
const isKeyWord = (c: Cursor): boolean => {
  const next = peek(c, 1)
  if (peek(c) !== 'KEY' || !startsExpression(next) || separator(c) !== 'VALUE') return false
  return next !== 'VALUE' || (peek(c, 2) === 'VALUE' && startsExpression(peek(c, 3)))
}

/** What parts the member that comes next; inner brackets are passed over. */
const separator = (c: Cursor): TokenKind => {
  const { kinds, partners } = c.tokens
  for (let n = c.index + 1; n < kinds.length; n++) {
    const kind = kinds[n] ?? 'END_OF_TEXT'
    if (kind === 'VALUE' || kind === ':' || kind === ',' || kind === ')') return kind
    if ((partners[n] ?? -1) !== -1) n = partnerOf(c, n)
  }
  return 'END_OF_TEXT'
}
