/**
 * Rows of findings back into values. They are our own writing, so the checks are few: a body that
 * does not belong to its row, or that is none, is a damaged file (`corrupt`).
 */
import type { PostureShares } from '../ports-posture.ts'
import type { Finding } from '../posture/finding.ts'
import { damaged, text } from './columns.ts'
import type { Row } from './engine.ts'

/** The finding of a row with its `body`, and with its `id` where that was read too. */
export const parseFinding = (row: Row): Finding => {
  const value = json(row, 'body')
  if (!belongsTo(row, value)) throw damaged('body')
  return value
}

export const parseShares = (row: Row): PostureShares => {
  const value = json(row, 'shares')
  if (!isShares(value)) throw damaged('shares')
  return value
}

const belongsTo = (row: Row, value: unknown): value is Finding =>
  isObject(value) &&
  typeof value['id'] === 'string' &&
  (row['id'] === undefined || value['id'] === row['id']) &&
  value['id'].startsWith(`${String(value['code'])}:`) &&
  Array.isArray(value['targets']) &&
  isObject(value['mend'])

const isShares = (value: unknown): value is PostureShares =>
  isObject(value) && isShare(value['workgroups']) && isShare(value['locations'])

const isShare = (value: unknown): value is PostureShares['workgroups'] =>
  isObject(value) && Number.isSafeInteger(value['count']) && Number.isSafeInteger(value['of'])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const json = (row: Row, column: string): unknown => {
  try {
    return JSON.parse(text(row, column))
  } catch {
    throw damaged(column)
  }
}
