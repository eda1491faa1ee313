/**
 * The columns of a row as the types they were written with. What has another type is a damaged
 * file: each throws a StoreError `corrupt` that names the column.
 */
import type { Row } from './engine.ts'
import { StoreError } from './error.ts'

export const text = (row: Row, column: string): string => {
  const value = textOrNull(row, column)
  if (value === null) throw damaged(column)
  return value
}

export const textOrNull = (row: Row, column: string): string | null => {
  const value = row[column]
  if (value === null || typeof value === 'string') return value
  throw damaged(column)
}

/** No row has no column. */
export const integer = (row: Row | undefined, column: string): number => {
  const value = row?.[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damaged(column)
  return value
}

export const integerOrNull = (row: Row, column: string): number | null =>
  row[column] === null ? null : integer(row, column)

export const bytes = (row: Row, column: string): Uint8Array => {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw damaged(column)
  return value
}

export const damaged = (column: string): StoreError =>
  new StoreError('corrupt', `a stored row cannot be read back: ${column}`)
