/** The types of CAST and TRY_CAST, and the words of an interval. */
import type { IntervalField } from './ast-literal.ts'
import type { DataType, RowField, TypeParameter } from './ast-type.ts'
import type { TokenKind } from './tokens.ts'
import {
  type Cursor, accept, acceptOne, endChain, expect, expectOne, heighten, identifier, inParentheses,
  isName, listOf, nested, peek, since, startChain, textOf
} from './parser-cursor.ts'

/** A type, with the ARRAYs written after it. */
export const dataType = (c: Cursor): DataType => {
  const n = c.index
  const before = startChain(c)
  let type = baseType(c)
  while (accept(c, 'ARRAY')) {
    heighten(c)
    if (accept(c, '[')) {
      expect(c, 'INTEGER')
      expect(c, ']')
    }
    type = { kind: 'ArrayType', at: since(c, n), element: type }
  }
  endChain(c, before)
  return type
}

export const isIntervalField = (kind: TokenKind): kind is IntervalField =>
  kind === 'YEAR' ||
  kind === 'MONTH' ||
  kind === 'DAY' ||
  kind === 'HOUR' ||
  kind === 'MINUTE' ||
  kind === 'SECOND'

/** `YEAR TO MONTH`: the words after an interval. */
export const intervalFields = (c: Cursor): {
  readonly from: IntervalField
  readonly to: IntervalField | null
} => {
  const from = intervalField(c)
  if (peek(c) !== 'TO' || !isIntervalField(peek(c, 1))) return { from, to: null }
  c.index++
  return { from, to: intervalField(c) }
}

const intervalField = (c: Cursor): IntervalField =>
  expectOne(c, 'YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND')

const baseType = (c: Cursor): DataType => {
  const n = c.index
  const kind = peek(c)
  const next = peek(c, 1)
  if (kind === 'ROW' && next === '(') {
    c.index++
    const fields = inParentheses(c, (inner) => listOf(inner, rowField))
    return { kind: 'RowType', at: since(c, n), fields }
  }
  if (kind === 'INTERVAL' && isIntervalField(next)) {
    c.index++
    const fields = intervalFields(c)
    return { kind: 'IntervalType', at: since(c, n), ...fields }
  }
  if (kind === 'TIME' || kind === 'TIMESTAMP') return dateTimeType(c, kind)
  if (kind === 'DOUBLE' && next === 'PRECISION') {
    c.index += 2
    return { kind: 'DoublePrecisionType', at: since(c, n) }
  }
  if ((kind === 'ARRAY' || kind === 'MAP') && next === '<') return legacyType(c, kind)
  const name = identifier(c)
  const hasParameters = peek(c) === '('
  const parameters = hasParameters ? inParentheses(c, (all) => listOf(all, typeParameter)) : []
  return { kind: 'GenericType', at: since(c, n), name, parameters }
}

const legacyType = (c: Cursor, kind: 'ARRAY' | 'MAP'): DataType => {
  const n = c.index
  c.index += 2
  const first = nested(c, dataType)
  if (kind === 'ARRAY') {
    expect(c, '>')
    return { kind: 'ArrayType', at: since(c, n), element: first }
  }
  expect(c, ',')
  const value = nested(c, dataType)
  expect(c, '>')
  return { kind: 'MapType', at: since(c, n), key: first, value }
}

const dateTimeType = (c: Cursor, base: 'TIME' | 'TIMESTAMP'): DataType => {
  const n = c.index
  c.index++
  const precision = peek(c) === '(' ? inParentheses(c, typeParameter) : null
  const isZoned = (
    peek(c) === 'WITH' || peek(c) === 'WITHOUT'
  ) && peek(c, 1) === 'TIME' && peek(c, 2) === 'ZONE'
  const withTimeZone = isZoned && acceptOne(c, 'WITH', 'WITHOUT') === 'WITH'
  if (isZoned) c.index += 2
  return { kind: 'DateTimeType', at: since(c, n), base, precision, withTimeZone }
}

const typeParameter = (c: Cursor): TypeParameter => {
  const n = c.index
  return accept(c, 'INTEGER') ? {
    kind: 'IntegerParameter',
    at: since(c, n),
    text: textOf(c, n)
  } : dataType(c)
}

const rowField = (c: Cursor): RowField => {
  const n = c.index
  const name = isFieldName(c) ? identifier(c) : null
  const type = dataType(c)
  return { kind: 'RowField', at: since(c, n), name, type }
}

/**
 * A field is a type, or a name and a type; where both would do it is a type, as in `double
 * precision`.
 */
const isFieldName = (c: Cursor): boolean => {
  const kind = peek(c)
  const next = peek(c, 1)
  if (!isName(kind) || !isName(next)) return false
  if (kind === 'DOUBLE' && next === 'PRECISION') return isName(peek(c, 2))
  if (kind === 'INTERVAL' && isIntervalField(next)) return false
  if ((kind === 'TIME' || kind === 'TIMESTAMP') && next === 'WITHOUT') return false
  return next !== 'ARRAY' || isArrayType(peek(c, 2))
}

/** After `a ARRAY`: more of an array type, so `a` was a name. */
const isArrayType = (kind: TokenKind): boolean => kind === '<' || kind === '('
