/**
 * The database before anything relies on it: new enough, UTF-8, every commit on its disk, tables
 * known and current. Tables are made under a lock, so that replicas that start together make them
 * once. Made by an owner's URL, the broker's own role may only add to what is append-only.
 */
import { type Client, escapeIdentifier } from 'pg'
import { StoreError } from './error.ts'
import { connect, schemaName } from './postgres-connect.ts'
import { postgresDialect } from './postgres-dialect.ts'
import { storeErrorOf } from './postgres-errors.ts'
import { locks } from './postgres-session.ts'
import { migrations, migrationTable } from './schema.ts'

export type Migrating = {
  /** epoch milliseconds, noted beside migrations applied now */
  readonly openedAt: number
}

type Urls = {
  /** of the broker's role */
  readonly url: string
  /** of the role that makes and owns the tables; null = the broker's own */
  readonly ownerUrl: string | null
}

/** Rejects with the StoreError of the check that failed. */
export const prepareDatabase = async (urls: Urls, migrating: Migrating): Promise<void> => {
  const limits = { timeoutMilliseconds: migrationMilliseconds }
  const { client, cut } = await connect(urls.ownerUrl ?? urls.url, limits)
  try {
    await requireServer(client)
    if ((await missing(client)).length > 0) await migrate(client, migrating)
    if (urls.ownerUrl !== null) await grant(client, await roleOf(urls.url))
    await client.end()
  } catch (error) {
    throw storeErrorOf(error)
  } finally {
    cut()
  }
}

/** Rejects where a commit that is answered may not be on the server's disk. */
export const requireDurable = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ readonly name: string; readonly setting: string }>(
    `select name, setting from pg_catalog.pg_settings
      where name in ('fsync', 'full_page_writes', 'synchronous_commit')`
  )
  for (const { name, setting } of rows) {
    if (setting !== 'off') continue
    const what = `the database's ${name} is off, so that a power cut loses what was acknowledged`
    throw new StoreError('unavailable', `${what}; set ${name} = on for it and for the role`)
  }
  if (rows.length !== 3) throw new StoreError('unavailable', 'the database hides its settings')
}

const migrationMilliseconds = 600_000
const oldestServer = 150_000

const requireServer = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ readonly version: number; readonly encoding: string }>(
    `select current_setting('server_version_num')::int as version,
      current_setting('server_encoding') as encoding`
  )
  const { version = 0, encoding = '' } = rows[0] ?? {}
  if (version < oldestServer) {
    const found = Math.floor(version / 10_000)
    throw new StoreError(
      'unavailable',
      `the database is PostgreSQL ${found}; it has to be 15 or newer`
    )
  }
  if (encoding !== 'UTF8') {
    const how = "make another one: create database … encoding 'UTF8' template template0"
    throw new StoreError('unavailable', `the database's encoding is ${encoding}, not UTF8; ${how}`)
  }
}

const known = () => migrations(postgresDialect)

/** Migrations the database has not had. Rejects where it has others than ours. */
const missing = async (client: Client): Promise<ReturnType<typeof known>> => {
  const applied = await appliedChecksums(client)
  for (const [number, checksum] of applied) {
    const ours = known().find((migration) => migration.number === number)
    if (!ours) throw new StoreError('newer_schema', 'the data was written by a newer version')
    if (ours.checksum !== checksum) {
      throw new StoreError('corrupt', `schema migration ${number} is not the one of this version`)
    }
  }
  return known().filter(({ number }) => !applied.has(number))
}

const migrate = async (client: Client, { openedAt }: Migrating): Promise<void> => {
  await client.query(`begin; select pg_advisory_xact_lock(${locks.space}, ${locks.migrations})`)
  try {
    // another replica may have made them while this one waited
    for (const { number, text, checksum } of await missing(client)) {
      if (number === 1) await client.query(`create schema if not exists ${schemaName}`)
      await client.query(`${migrationTable(postgresDialect)}; ${text}`)
      await client.query(
        'insert into schema_migration (number, checksum, applied_at) values ($1, $2, $3)',
        [number, checksum, openedAt]
      )
    }
    await client.query('commit')
  } catch (error) {
    throw storeErrorOf(error).code === 'not_writable' ? notOwner(error) : error
  }
}

const notOwner = (cause: unknown): StoreError => {
  const what = "the database's tables are not those of this version, and this role cannot make them"
  const how = 'set SALLYPORT_DATABASE_OWNER_URL to the owner of the database for one start'
  return new StoreError('not_writable', `${what}; ${how}`, { cause })
}

/** Number and checksum of each migration the database has; none if new, refused if not ours. */
const appliedChecksums = async (client: Client): Promise<ReadonlyMap<number, string>> => {
  const tables = await client.query<{ readonly name: string; readonly mine: number }>(
    `select c.relname as name, has_table_privilege(c.oid, 'select')::int as mine
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind = 'r'`,
    [schemaName]
  )
  if (tables.rows.length === 0) return new Map()
  const ours = tables.rows.find(({ name }) => name === 'schema_migration')
  if (ours === undefined) {
    const what = `the database's schema ${schemaName} belongs to something else`
    throw new StoreError('corrupt', `${what}; give sallyport a database of its own`)
  }
  if (ours.mine === 0) throw notOwner(null)
  const { rows } = await client.query<{ readonly number: number; readonly checksum: string }>(
    'select number, checksum from schema_migration order by number'
  )
  return new Map(rows.map(({ number, checksum }) => [number, checksum]))
}

/** The role that a URL connects as. */
const roleOf = async (url: string): Promise<string> => {
  const { client, cut } = await connect(url, { timeoutMilliseconds: migrationMilliseconds })
  try {
    const { rows } = await client.query<{ readonly role: string }>('select current_user as role')
    await client.end()
    return rows[0]?.role ?? ''
  } finally {
    cut()
  }
}

/** Nothing of these is ever changed or taken away; sequencing and signing need neither. */
const appendOnly = ['ledger_outbox', 'ledger_tile', 'review']

/**
 * What the broker's role may do, and no more. The owner itself is not told: whoever owns a table
 * can give himself back what he takes.
 */
const grant = async (client: Client, role: string): Promise<void> => {
  const { rows } = await client.query<{ readonly owner: string }>(
    `select pg_get_userbyid(nspowner) as owner from pg_catalog.pg_namespace where nspname = $1`,
    [schemaName]
  )
  if (rows[0]?.owner === role) {
    const what = 'SALLYPORT_DATABASE_URL and SALLYPORT_DATABASE_OWNER_URL are the same role'
    throw new StoreError(
      'exposed',
      `${what}; give the broker a role of its own, or leave the owner out`
    )
  }
  const to = escapeIdentifier(role)
  const tables = `all tables in schema ${schemaName}`
  await client.query(`begin;
    select pg_advisory_xact_lock(${locks.space}, ${locks.migrations});
    revoke all on ${tables} from public, ${to};
    revoke all on schema ${schemaName} from public, ${to};
    grant usage on schema ${schemaName} to ${to};
    grant select, insert, update, delete on ${tables} to ${to};
    revoke update, delete on ${appendOnly.join(', ')} from ${to};
    revoke delete on elevation, ledger_head from ${to};
    revoke insert, update, delete on schema_migration from ${to};
    revoke all on function rewrite_erased() from public;
    grant execute on function rewrite_erased() to ${to};
    commit`)
}
