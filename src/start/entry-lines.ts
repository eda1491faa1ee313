/** The store, with a log line for each commit that wrote ledger entries: their keys and indexes. */
import type { Logger } from 'pino'
import type { Entry } from '../ledger/entry.ts'
import type { Committed, Elevations, LedgerStore, Reviews } from '../ports.ts'
import type { QueryRows } from '../ports-queries.ts'

type Writing = Pick<Elevations, 'commit'> &
  Pick<Reviews, 'review'> &
  Pick<LedgerStore, 'append'> &
  Pick<QueryRows, 'beginQuery' | 'saveQuery'>

/** Wraps the writes of entries. An entry written by itself is told by key alone. */
export const tellingEntries = (store: Writing, logger: Logger): Writing => {
  const told = async (
    elevation: string,
    entries: readonly Entry[],
    committing: Promise<Committed>
  ): Promise<Committed> => {
    const done = await committing
    if (done.kind === 'committed' && entries.length > 0) {
      const keys = entries.map(({ key }) => key)
      logger.info({ event: 'entries_written', elevation, keys, indexes: done.indexes })
    }
    return done
  }
  return {
    commit: (change) => told(change.elevation.id, change.entries, store.commit(change)),
    review: (review, entries) => told(review.elevation, entries, store.review(review, entries)),
    beginQuery: (row, entries, now) =>
      told(row.elevation, entries, store.beginQuery(row, entries, now)),
    saveQuery: (row, entries) => told(row.elevation, entries, store.saveQuery(row, entries)),
    append: async (entries) => {
      await store.append(entries)
      logger.info({ event: 'entries_written', keys: entries.map(({ key }) => key) })
    }
  }
}
