/**
 * Opens the embedded store: one SQLite file in one folder, one process at a time. Every boot check
 * that fails rejects with a StoreError that says what to do, and leaves the file as it was.
 */
import { join } from 'node:path'
import type { Engine } from './engine.ts'
import { prepareFolder } from './folder.ts'
import type { GroupLimits } from './group-commit.ts'
import { hasKeys, requireOpens } from './people-keys.ts'
import { type KeyWrap, personalKeyFile } from './personal-key.ts'
import { type Boot, startSqlite } from './sqlite.ts'
import { type Store, storeOver } from './store.ts'

export type StoreOptions = {
  readonly folder: string
  /** locks the keys of people; default `personal.key` in the folder */
  readonly keyWrap?: KeyWrap
  /** epoch milliseconds; default the system's clock */
  readonly now?: () => number
  /** a change not confirmed after this long is answered as `timeout`; default 1000 */
  readonly timeoutMilliseconds?: number
  /** how many requests may wait or run; beyond it they are refused; default 10,000 */
  readonly queueLimit?: number
  /** default SQLite in a thread of its own */
  readonly engine?: StartEngine
}

/** Opens the file, or rejects with the StoreError of the boot check that failed. */
export type StartEngine = (boot: Boot, limits: GroupLimits) => Engine | Promise<Engine>

/** The store in `folder`, which is made if absent. Rejects with a StoreError. */
export const openStore = async (options: StoreOptions): Promise<Store> => {
  const now = options.now ?? Date.now
  const start = options.engine ?? startSqlite
  const engine = await start(
    { file: prepareFolder(options.folder), openedAt: now() },
    {
      queue: options.queueLimit ?? 10_000,
      timeoutMilliseconds: options.timeoutMilliseconds ?? 1000
    }
  )
  try {
    const wrap = options.keyWrap ?? (await fileWrap(engine, options.folder))
    await requireOpens(engine, wrap)
    const store = storeOver(engine, now, wrap)
    await store.tidy()
    return store
  } catch (error) {
    await engine.close()
    throw error
  }
}

const fileWrap = async (engine: Engine, folder: string): Promise<KeyWrap> =>
  personalKeyFile({ path: join(folder, 'personal.key'), mayMake: !(await hasKeys(engine)) })
