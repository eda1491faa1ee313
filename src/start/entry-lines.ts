/**
 * The store, with a log line for each commit that wrote ledger entries, their keys and indexes, and
 * each entry counted by its type.
 */
import type { Logger } from 'pino'
import type { Meters, WrittenEntry } from '../http/meters.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Committed, Elevations, LedgerStore, Reviews } from '../ports.ts'
import type { Locks } from '../ports-endings.ts'
import type { Findings } from '../ports-posture.ts'
import type { QueryRows } from '../ports-queries.ts'

type Writing = Pick<Elevations, 'commit'> &
  Pick<Reviews, 'review'> &
  Pick<LedgerStore, 'append'> &
  Pick<Locks, 'setLock' | 'liftLock'> &
  Pick<QueryRows, 'beginQuery' | 'saveQuery'> &
  Pick<Findings, 'keepFindings'>

export type EntryListener = {
  readonly logger: Logger
  readonly meters: Pick<Meters, 'written' | 'appendFailed'>
}

/** Wraps the writes of entries. An entry written by itself is told by key alone. */
export const tellingEntries = (store: Writing, { logger, meters }: EntryListener): Writing => {
  const counted = async <T>(entries: readonly Entry[], writing: Promise<T>): Promise<T> => {
    if (entries.length === 0) return writing
    return writing.catch((cause: unknown) => {
      meters.appendFailed()
      throw cause
    })
  }
  const told = async (
    elevation: string | null,
    entries: readonly Entry[],
    committing: Promise<Committed>
  ): Promise<Committed> => {
    const done = await counted(entries, committing)
    if (done.kind === 'committed' && entries.length > 0) {
      for (const entry of entries) meters.written(writtenOf(entry))
      const keys = entries.map(({ key }) => key)
      const of = elevation === null ? {} : { elevation }
      logger.info({ event: 'entries_written', ...of, keys, indexes: done.indexes })
    }
    return done
  }
  return {
    commit: (change) => told(change.elevation.id, change.entries, store.commit(change)),
    review: (review, entries) => told(review.elevation, entries, store.review(review, entries)),
    beginQuery: (row, entries, now) =>
      told(row.elevation, entries, store.beginQuery(row, entries, now)),
    saveQuery: (row, entries) => told(row.elevation, entries, store.saveQuery(row, entries)),
    setLock: (lock, entries) => told(null, entries, store.setLock(lock, entries)),
    keepFindings: (change, entries) => told(null, entries, store.keepFindings(change, entries)),
    liftLock: (scope, entries) => told(null, entries, store.liftLock(scope, entries)),
    append: async (entries) => {
      await counted(entries, store.append(entries))
      for (const entry of entries) meters.written(writtenOf(entry))
      logger.info({ event: 'entries_written', keys: entries.map(({ key }) => key) })
    }
  }
}

/** Of the entry's own bytes. */
const writtenOf = ({ body }: Entry): WrittenEntry => {
  const read: unknown = JSON.parse(Buffer.from(body).toString())
  const data = memberOf(read, 'data')
  return {
    type: textOf(read, 'type') ?? 'unknown',
    verb: textOf(data, 'verb'),
    code: textOf(data, 'code')
  }
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : null

const textOf = (value: unknown, name: string): string | null => {
  const found = memberOf(value, name)
  return typeof found === 'string' ? found : null
}
