/** The store, with a log line for each commit that wrote ledger entries: their keys and indexes. */
import type { Logger } from 'pino'
import type { Elevations, LedgerStore, Reviews } from '../ports.ts'

type Writing = Pick<Elevations, 'commit'> & Pick<Reviews, 'review'> & Pick<LedgerStore, 'append'>

/** Wraps the three writes. An entry written by itself is told by key alone. */
export const tellingEntries = (store: Writing, logger: Logger): Writing => ({
  commit: async (change) => {
    const done = await store.commit(change)
    if (done.kind === 'committed') {
      const { elevation, entries } = change
      const keys = entries.map(({ key }) => key)
      const written = { event: 'entries_written', elevation: elevation.id, keys }
      logger.info({ ...written, indexes: done.indexes })
    }
    return done
  },
  review: async (review, entries) => {
    const done = await store.review(review, entries)
    if (done.kind === 'committed') {
      const keys = entries.map(({ key }) => key)
      const written = { event: 'entries_written', elevation: review.elevation, keys }
      logger.info({ ...written, indexes: done.indexes })
    }
    return done
  },
  append: async (entries) => {
    await store.append(entries)
    logger.info({ event: 'entries_written', keys: entries.map(({ key }) => key) })
  }
})
