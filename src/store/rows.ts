/**
 * Rows back into values. They are our own writing, so the checks are few: a row whose body does not
 * belong to its columns, or whose column has another type, is a damaged file (`corrupt`).
 */
import type { Elevation } from '../elevation/elevation.ts'
import { type ElevationId, parseElevationId } from '../elevation/ids.ts'
import type { LedgerRow, Stored } from '../ports.ts'
import { bytes, damaged, integer, text } from './columns.ts'
import type { Row } from './engine.ts'

/** A row of the elevation table with its ledger indexes, `0,4,7` or null. */
export const parseStored = (row: Row): Stored => {
  const ledger = row['ledger']
  return {
    elevation: parseBody(row),
    version: integer(row, 'version'),
    ledger: typeof ledger === 'string' ? ledger.split(',').map(Number) : []
  }
}

export const parseIdempotency = (
  row: Row
): { readonly id: ElevationId; readonly bodyHash: string } => {
  const id = parseElevationId(text(row, 'elevation'))
  if (id === null) throw damaged('elevation')
  return { id, bodyHash: text(row, 'body_hash') }
}

export const parseLedgerRow = (row: Row): LedgerRow => ({
  index: integer(row, 'idx'),
  body: bytes(row, 'body'),
  leaf: bytes(row, 'leaf')
})

/** The index of each entry, in their order, from rows that have them by key. */
export const parseIndexes = (
  rows: readonly Row[],
  entries: readonly { readonly key: string }[]
): readonly number[] =>
  entries.map(({ key }) => integer(rows.find((row) => row['key'] === key), 'idx'))

const parseBody = (row: Row): Elevation => {
  const value = json(text(row, 'body'))
  if (!belongsTo(row, value)) throw damaged('body')
  return value
}

const belongsTo = (row: Row, value: unknown): value is Elevation =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  'state' in value &&
  value.id === row['id'] &&
  value.state === row['state']

const json = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    throw damaged('body')
  }
}
