/**
 * Opens the embedded store: one SQLite file in one folder, one process at a time. Every boot check
 * that fails rejects with a StoreError that says what to do, and leaves the file as it was.
 */
import { prepareFolder } from './folder.ts'
import { startSqlite } from './sqlite.ts'
import { type Store, storeOver } from './store.ts'

export type StoreOptions = {
  readonly folder: string
  /** epoch milliseconds; default the system's clock */
  readonly now?: () => number
  /** a change not confirmed after this long is answered as `timeout`; default 1000 */
  readonly timeoutMilliseconds?: number
  /** how many requests may wait or run; beyond it they are refused; default 10,000 */
  readonly queueLimit?: number
}

/** The store in `folder`, which is made if absent. Rejects with a StoreError. */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const now = options.now ?? Date.now
  const engine = await startSqlite(
    { file: prepareFolder(options.folder), openedAt: now() },
    {
      queue: options.queueLimit ?? 10_000,
      timeoutMilliseconds: options.timeoutMilliseconds ?? 1000
    }
  )
  return storeOver(engine, now)
}
