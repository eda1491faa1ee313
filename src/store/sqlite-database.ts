/**
 * Opens and checks the SQLite file before anything relies on it: alone on it, every commit fsynced
 * (sqlite.org/pragma.html#pragma_synchronous, FULL), content sound, schema known and current.
 */
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { StoreError, type StoreErrorCode } from './error.ts'
import { migrations, migrationTable } from './schema.ts'
import type { Boot, Failure } from './sqlite.ts'
import { sqliteDialect } from './sqlite-dialect.ts'

/** The open connection; throws StoreError or the driver's error, both of which `failure` reads. */
export const openDatabase = ({ file, openedAt }: Boot): DatabaseSyncInstance => {
  const db = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: true })
  try {
    db.enableDefensive(true)
    db.exec('pragma trusted_schema = off; pragma locking_mode = exclusive')
    // what a savepoint may have to undo would go to a temporary file
    db.exec('pragma temp_store = memory')
    // what was erased is zeroed, not only unlinked (sqlite.org/pragma.html#pragma_secure_delete)
    db.exec('pragma secure_delete = on')
    lockAndLog(db)
    requireSound(db)
    migrate(db, openedAt)
    // an erasure that was cut short after its commit
    db.exec('pragma wal_checkpoint(truncate)')
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** What the main thread is told of an error: our own as it is, SQLite's by its result code. */
export const failure = (error: unknown): Failure => {
  if (error instanceof StoreError) {
    return { kind: 'failed', code: error.code, message: error.message }
  }
  const message = error instanceof Error ? error.message : 'unknown error'
  return { kind: 'failed', code: codes.get(resultCode(error)) ?? 'unavailable', message }
}

/** Primary result codes (sqlite.org/rescode.html); any other is `unavailable`. */
const codes: ReadonlyMap<number, StoreErrorCode> = new Map([
  [5, 'in_use'],
  [8, 'not_writable'],
  [11, 'corrupt'],
  [14, 'not_writable'],
  [26, 'corrupt']
])

/** The low byte of the extended result code. */
const resultCode = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : -1

/** The first use of the file takes the lock for as long as the connection lives. */
const lockAndLog = (db: DatabaseSyncInstance): void => {
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; begin immediate; commit')
  } catch (error) {
    if (failure(error).code !== 'in_use') throw error
    throw new StoreError('in_use', 'another process has this data folder open; stop it first')
  }
  if (pragma(db, 'journal_mode') !== 'wal') {
    throw new StoreError('unavailable', 'write-ahead logging is not in effect')
  }
  if (Number(pragma(db, 'synchronous')) < 2) {
    throw new StoreError('unavailable', 'synchronous = FULL is not in effect')
  }
}

const requireSound = (db: DatabaseSyncInstance): void => {
  const found = pragma(db, 'quick_check(1)')
  if (found !== 'ok') throw new StoreError('corrupt', 'the data file is damaged; restore a backup')
}

const pragma = (db: DatabaseSyncInstance, name: string): unknown =>
  Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]

const migrate = (db: DatabaseSyncInstance, openedAt: number): void => {
  const known = migrations(sqliteDialect)
  const applied = appliedChecksums(db)
  for (const [number, checksum] of applied) {
    const ours = known.find((migration) => migration.number === number)
    if (!ours) throw new StoreError('newer_schema', 'the data was written by a newer version')
    if (ours.checksum !== checksum) {
      throw new StoreError('corrupt', `schema migration ${number} is not the one of this version`)
    }
  }
  const record = 'insert into schema_migration (number, checksum, applied_at) values ($1, $2, $3)'
  for (const { number, text, checksum } of known.filter((one) => !applied.has(one.number))) {
    db.exec(`begin immediate; ${migrationTable(sqliteDialect)}; ${text}`)
    db.prepare(record).run({ 1: number, 2: checksum, 3: openedAt })
    db.exec('commit')
  }
}

/** Number and checksum of each migration the file has; none if new, refused if not ours. */
const appliedChecksums = (db: DatabaseSyncInstance): ReadonlyMap<number, string> => {
  const tables = db.prepare("select name from sqlite_schema where type = 'table'").all()
  if (tables.length === 0) return new Map()
  if (!tables.some(({ name }) => name === 'schema_migration')) {
    throw new StoreError('corrupt', 'the data file belongs to something else')
  }
  const rows = db.prepare('select number, checksum from schema_migration order by number').all()
  return new Map(rows.map(({ number, checksum }) => [number, checksum]))
}
