/**
 * Where brokers under torture keep their data: a folder with SQLite, or a database of a PostgreSQL
 * cluster that stays up while brokers are killed. Each place is empty at first, and can be read as
 * it was left: of a file a copy, so that the next broker finds what the kill left.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { VerifierKey } from '../../src/ledger/note.ts'
import { ledgerKey } from '../../src/store/ledger-key.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { type Cluster, findPostgres, startCluster } from '../fixtures-postgres.ts'
import { openHere } from '../fixtures-store.ts'
import { endOnSignal, ownFolder } from './run.ts'

export const engines = ['sqlite', 'postgres'] as const
export type EngineName = (typeof engines)[number]

export type Place = {
  /** settings of a broker there; `port` stands in for the database's, where there is one */
  readonly env: (port?: number) => Readonly<Record<string, string>>
  /** As it is now; to be closed. */
  readonly open: () => Promise<Store>
  readonly key: () => VerifierKey
  /** of the data */
  readonly folder: string
  /** the name of the database; null = SQLite */
  readonly database: string | null
  readonly drop: () => Promise<void>
}

export type Places = {
  readonly engine: EngineName
  readonly fresh: () => Promise<Place>
  /** null = SQLite */
  readonly cluster: Cluster | null
  readonly close: () => Promise<void>
}

const origin = 'sallyport.local/ledger'

/** Throws where PostgreSQL is asked for and is not here. */
export const startPlaces = async (
  engine: EngineName,
  settings: readonly string[] = []
): Promise<Places> => {
  endOnSignal()
  const above = ownFolder('sallyport-torture-')
  let count = 0
  const base = () => {
    const own = join(above, String(count++))
    const folder = join(own, 'data')
    const key = (): VerifierKey =>
      ledgerKey({ path: join(folder, 'ledger.key'), origin, mayMake: false })
    const drop = async (): Promise<void> => rmSync(own, { recursive: true, force: true })
    const env = { SALLYPORT_DATA_DIR: folder, SALLYPORT_ANCHOR_FILE: join(own, 'anchors') }
    return { own, folder, key, drop, env }
  }
  const remove = (): void => rmSync(above, { recursive: true, force: true })
  if (engine === 'sqlite') {
    const fresh = async (): Promise<Place> => {
      const { own, folder, key, drop, env } = base()
      const open = async (): Promise<Store> => {
        const copy = join(own, 'left')
        rmSync(copy, { recursive: true, force: true })
        cpSync(folder, copy, { recursive: true })
        return openHere(copy, Date.now)
      }
      return { env: () => env, open, key, folder, database: null, drop }
    }
    return { engine, fresh, cluster: null, close: async () => remove() }
  }
  const bin = findPostgres()
  if (bin === null) throw new Error('there is no PostgreSQL of 15 or newer here')
  const cluster = await startCluster(bin, settings)
  const fresh = async (): Promise<Place> => {
    const { folder, key, drop, env } = base()
    const database = await cluster.empty()
    const url = (user: string, port: number): string =>
      `postgres://${user}@127.0.0.1:${port}/${database}`
    const open = (): Promise<Store> =>
      openStore({
        folder,
        timeoutMilliseconds: 60_000,
        database: { url: url('app', cluster.port), ownerUrl: null }
      })
    return {
      env: (port = cluster.port) => ({
        ...env,
        SALLYPORT_DATABASE_URL: url('app', port),
        SALLYPORT_DATABASE_OWNER_URL: url('owner', port)
      }),
      open,
      key,
      folder,
      database,
      drop: async () => {
        await cluster.sql('postgres', `drop database if exists ${database} with (force)`)
        await drop()
      }
    }
  }
  const close = async (): Promise<void> => {
    await cluster.stop()
    remove()
  }
  return { engine, fresh, cluster, close }
}
