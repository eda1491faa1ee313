/**
 * Literals. Their text goes into the tree and nowhere else: it may be what the query must not show.
 */
import type { Literal } from './ast-literal.ts'
import type { Identifier } from './ast.ts'
import {
  type Cursor, acceptOne, expect, fail, halt, identifier, isString, peek, since, textOf
} from './parser-cursor.ts'
import { intervalFields, isIntervalField } from './parser-type.ts'
import { unicodeString } from './parser-unicode.ts'

/** The value of the string that comes next, its escapes undone. */
export const stringValue = (c: Cursor): string => {
  if (peek(c) === 'UNICODE_STRING') return unicodeString(c)
  const text = textOf(c, expect(c, 'STRING'))
  return text.slice(1, -1).replaceAll("''", "'")
}

export const stringLiteral = (c: Cursor): Literal => {
  const n = c.index
  const value = stringValue(c)
  return { kind: 'StringLiteral', at: since(c, n), value }
}

/** Hexadecimal digits in upper case, without the white space between them. */
export const binaryLiteral = (c: Cursor): Literal => {
  const n = expect(c, 'BINARY')
  const value = textOf(c, n).slice(2, -1).replaceAll(/\s/g, '').toUpperCase()
  const at = since(c, n)
  if (value.length % 2 !== 0) halt('PARSE_ERROR', 'a binary literal holds pairs of digits', at)
  return { kind: 'BinaryLiteral', at, value }
}

/** A number, with its minus when that comes next. */
export const numericLiteral = (c: Cursor): Literal => {
  const n = c.index
  const sign = acceptOne(c, '-') ?? ''
  const kind = acceptOne(c, 'INTEGER', 'DECIMAL', 'DOUBLE_VALUE') ?? fail(c)
  const text = sign + textOf(c, c.index - 1)
  return { kind: 'NumericLiteral', at: since(c, n), type: numberTypes[kind], text }
}

const numberTypes = { INTEGER: 'integer', DECIMAL: 'decimal', DOUBLE_VALUE: 'double' } as const

/**
 * Whether `INTERVAL [sign] 'text' field` comes next; without a field the word is a name like any
 * other.
 */
export const isIntervalNext = (c: Cursor): boolean => {
  if (peek(c) !== 'INTERVAL') return false
  const next = peek(c, 1)
  const text = next === '+' || next === '-' ? 2 : 1
  // a string with Unicode escapes may have its escape character named after it
  const field = peek(c, text) === 'UNICODE_STRING' && peek(c, text + 1) === 'UESCAPE' ? 3 : 1
  return isString(peek(c, text)) && isIntervalField(peek(c, text + field))
}

export const intervalLiteral = (c: Cursor): Literal => {
  const n = expect(c, 'INTERVAL')
  const sign = acceptOne(c, '+', '-')
  const value = stringValue(c)
  const fields = intervalFields(c)
  return { kind: 'IntervalLiteral', at: since(c, n), sign, value, ...fields }
}

/** `DATE '…'` and its like: a name and a string. */
export const genericLiteral = (c: Cursor): Literal => {
  const n = c.index
  const isDouble = peek(c) === 'DOUBLE' && peek(c, 1) === 'PRECISION'
  const type = isDouble ? doublePrecision(c) : identifier(c)
  const isPrefix = !type.isQuoted && (type.name === 'x' || type.name === 'u')
  if (isPrefix) halt(
    'PARSE_ERROR',
    'no space may stand between the prefix and the quote of a literal',
    type.at
  )
  const value = stringValue(c)
  return { kind: 'GenericLiteral', at: since(c, n), type, value }
}

const doublePrecision = (c: Cursor): Identifier => {
  const n = c.index
  c.index += 2
  return {
    kind: 'Identifier',
    at: since(c, n),
    value: 'DOUBLE PRECISION',
    isQuoted: false,
    name: 'double precision'
  }
}
