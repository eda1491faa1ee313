/**
 * `openings.jsonl` of an export: what opens the commitments of its entries, as the broker has it.
 * It is personal data: 0600, whole or not at all, and written only when it was asked for.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { canonicalText } from '../ledger/canonical.ts'
import { openingsPath } from '../ledger/export-reader.ts'
import { type FileApi, type Json, type Refused, objectOf, text } from './api.ts'
import { exits } from './exit.ts'
import { patiently, unfinished } from './ledger-fetch.ts'

/** Of the commitments of all entries. */
export type Openings = {
  readonly opened: number
  readonly erased: number
  readonly missing: number
}

export type GotOpenings = { readonly ok: true; readonly openings: Openings } | Refused

const page = 1000

/** The openings of the first `size` entries, in the folder. */
export const fetchOpenings = async (
  api: FileApi,
  folder: string,
  size: bigint
): Promise<GotOpenings> => {
  const part = join(folder, `${openingsPath}${unfinished}`)
  rmSync(part, { force: true })
  const file = openSync(part, 'wx', 0o600)
  const count = { opened: 0, erased: 0, missing: 0 }
  try {
    for (let from = 0n; from < size; ) {
      const answer = await patiently(() => api.get(`/v1/ledger/entries?from=${from}&limit=${page}`))
      if (!answer.ok) return answer
      const found = answer.body['entries']
      const rows = Array.isArray(found) ? found.map(objectOf) : []
      if (rows.length === 0) return cutShort('The broker has fewer entries than it signed.')
      for (const row of rows.slice(0, Number(size - from))) {
        const isLater = keep(row, { size, count, write: (line) => void writeSync(file, line) })
        if (isLater) return cutShort("Somebody's data was erased meanwhile. Export once more.")
      }
      from += BigInt(rows.length)
    }
  } finally {
    closeSync(file)
  }
  renameSync(part, join(folder, openingsPath))
  return { ok: true, openings: count }
}

type Keeping = {
  readonly size: bigint
  readonly count: { opened: number; erased: number; missing: number }
  readonly write: (line: string) => void
}

/** True where a value was erased by an entry that this export does not have. */
const keep = (row: Json, { size, count, write }: Keeping): boolean => {
  const entry = Number(row['index'])
  for (const [name, given] of Object.entries(objectOf(row['openings']))) {
    const { state, salt, value, erasedBy } = objectOf(given)
    if (state === 'opened') {
      write(`${canonicalText({ entry, name, salt: text(salt), value: text(value) })}\n`)
      count.opened += 1
    } else if (state === 'erased') {
      if (typeof erasedBy === 'number' && BigInt(erasedBy) >= size) return true
      count.erased += 1
    } else {
      count.missing += 1
    }
  }
  return false
}

const cutShort = (detail: string): Refused => ({
  ok: false,
  exit: exits.unavailable,
  problem: { code: 'conflict', title: 'The openings could not be taken', detail }
})
