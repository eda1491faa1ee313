/**
 * Opens the store: one SQLite file in one folder, one process at a time, or a PostgreSQL database
 * that several processes share. Every boot check that fails rejects with a StoreError that says
 * what to do, and leaves the data as it was.
 */
import { join } from 'node:path'
import type { Engine } from './engine.ts'
import { prepareFolder, prepareKeyFolder } from './folder.ts'
import type { GroupLimits } from './group-commit.ts'
import { hasKeys, keepProbe, requireOpens } from './people-keys.ts'
import { type KeyWrap, personalKeyFile } from './personal-key.ts'
import type { DatabasePlace } from './postgres.ts'
import { type Boot, startSqlite } from './sqlite.ts'
import { type Store, storeOver } from './store.ts'

export type StoreOptions = {
  /** of the data, or where they are in a database: of what replicas share besides */
  readonly folder: string
  /** absent: SQLite in the folder */
  readonly database?: DatabasePlace
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
  const engine = await startEngine(options, now())
  try {
    const wrap = options.keyWrap ?? (await fileWrap(engine, options.folder))
    if (options.database) await keepProbe(engine, wrap, now())
    await requireOpens(engine, wrap)
    const store = storeOver(engine, now, wrap)
    await store.tidy()
    return store
  } catch (error) {
    await engine.close()
    throw error
  }
}

const startEngine = async (options: StoreOptions, openedAt: number): Promise<Engine> => {
  const limits = {
    queue: options.queueLimit ?? 10_000,
    timeoutMilliseconds: options.timeoutMilliseconds ?? 1000
  }
  if (options.database === undefined) {
    const start = options.engine ?? startSqlite
    return start({ file: prepareFolder(options.folder), openedAt }, limits)
  }
  prepareKeyFolder(options.folder)
  // loaded where it is used: the embedded store has no need of its driver
  const { startPostgres } = await import('./postgres.ts')
  return startPostgres(options.database, { openedAt }, limits)
}

const fileWrap = async (engine: Engine, folder: string): Promise<KeyWrap> =>
  personalKeyFile({ path: join(folder, 'personal.key'), mayMake: !(await hasKeys(engine)) })
