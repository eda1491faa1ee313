/**
 * A throw-away PostgreSQL on 127.0.0.1: found under /usr/lib/postgresql, made in a temporary folder,
 * ended with the test. Its databases sort by a language, not by bytes; two roles: `owner` makes the
 * tables, `app` is the broker's.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { testWrap } from './fakes/key-wrap.ts'

export type Cluster = {
  readonly port: number
  /** process id of the server */
  readonly pid: number
  readonly folder: string
  /** `user` may be `app`, `owner` or the superuser `postgres` */
  readonly url: (database: string, user?: string) => string
  /** Another database, empty, that `owner` owns; its name. */
  readonly empty: () => Promise<string>
  /** Another database with the tables of this version in it, made by `owner`. */
  readonly migrated: () => Promise<string>
  /** Statements as the superuser; rows of the last. */
  readonly sql: (database: string, text: string) => Promise<readonly Record<string, unknown>[]>
  /** Every table of the project empty again. */
  readonly clear: (database: string) => Promise<void>
  /** Stops at once, as a power cut would, and starts again. */
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Where the programs are; null = there is no PostgreSQL of 15 or newer here. */
export const findPostgres = (): string | null => {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number) : []
  const [newest] = versions.filter((one) => one >= 15).toSorted((a, b) => b - a)
  return newest === undefined ? null : join(root, String(newest), 'bin')
}

/** What a test file says and does where there is none: fails on CI, and is loud elsewhere. */
export const withoutPostgres = (what: string): void => {
  const told = `NO POSTGRESQL HERE (15 or newer, /usr/lib/postgresql): NOT RUN: ${what}`
  if (process.env['CI'] !== undefined) throw new Error(told)
  process.stderr.write(`\n${told}\n\n`)
}

export const startCluster = async (bin: string, settings: readonly string[] = []): Promise<Cluster> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pg-'))
  const user = unprivileged()
  if ('uid' in user) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=en-US']
  const auth = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-sync']
  execFileSync(join(bin, 'initdb'), ['-D', data, ...auth, ...locale], { ...user, stdio: 'pipe', cwd: folder })
  const port = await freePort()
  const url = (database: string, role = 'app'): string =>
    `postgres://${role}@127.0.0.1:${port}/${database}`
  const sql: Cluster['sql'] = async (database, text) => {
    const client = new Client(url(database, 'postgres'))
    client.on('error', () => {})
    await client.connect()
    try {
      const result = await client.query(text)
      return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows
    } finally {
      await client.end()
    }
  }
  const start = async () => {
    const given = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=60', 'shared_buffers=32MB', ...settings]
    const child = spawn(join(bin, 'postgres'), ['-D', data, ...given.flatMap((one) => ['-c', one])], {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let log = ''
    child.stderr.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-4000)
    })
    for (let tries = 0; ; tries++) {
      const isUp = await sql('postgres', 'select 1').then(() => true, () => false)
      if (isUp) break
      if (child.exitCode !== null || tries > 300) throw new Error(`PostgreSQL does not start: ${log}`)
      await pause(100)
    }
    return child
  }
  let server = await start()
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }
  const atExit = (): void => void server.kill('SIGQUIT')
  process.once('exit', atExit)
  await sql('postgres', 'create role owner login createdb; create role app login')
  let made = 0
  let template: string | null = null
  const empty = async (from = 'template1'): Promise<string> => {
    const name = `db${++made}`
    await sql('postgres', `create database ${name} owner owner template ${from}`)
    return name
  }
  return {
    get pid() {
      return server.pid ?? 0
    },
    port,
    folder,
    url,
    sql,
    empty,
    migrated: async () => {
      if (template === null) {
        template = await empty()
        const store = await openStore({
          folder: join(tmpdir(), `sallyport-keys-${process.pid}`),
          keyWrap: testWrap,
          database: { url: url(template), ownerUrl: url(template, 'owner') }
        })
        await store.close()
        // the probe of the key wrap, and whatever a start writes
        await sql(template, 'delete from sallyport.person_key')
      }
      return empty(template)
    },
    clear: async (database) => {
      const found = await sql(database, `select c.relname as name from pg_class c
        where c.relnamespace = 'sallyport'::regnamespace and c.relkind = 'r'
          and c.relname <> 'schema_migration'`)
      // quicker than truncate, which makes every file anew
      const all = found.map(({ name }) => `delete from sallyport.${name}`).join('; ')
      await sql(database, `set session_replication_role = replica; ${all}`)
    },
    crash: async () => {
      await end('SIGQUIT')
      server = await start()
    },
    stop: async () => {
      process.off('exit', atExit)
      // nobody reads it again
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
      rmSync(join(tmpdir(), `sallyport-keys-${process.pid}`), { recursive: true, force: true })
    }
  }
}

/** A replica's store in a database that has its tables. */
export const openReplica = (cluster: Cluster, database: string, more: { readonly timeoutMilliseconds?: number } = {}): Promise<Store> =>
  openStore({
    folder: join(tmpdir(), `sallyport-keys-${process.pid}`),
    keyWrap: testWrap,
    timeoutMilliseconds: 60_000,
    database: { url: cluster.url(database), ownerUrl: null },
    ...more
  })

/** initdb refuses root. */
const unprivileged = (): { readonly uid: number; readonly gid: number } | Record<never, never> => {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  server.close()
  await once(server, 'close')
  if (at === null || typeof at === 'string') throw new Error('no port')
  return at.port
}
