/**
 * Appends to the ledger beside the same rows written by the same engine without a ledger: one file
 * each in one folder, the same pragmas and worker thread, as many callers, groups of the same size.
 * Ours makes the entry's bytes and leaf hash, keeps keys unique and numbers without gaps, and seals
 * beside; it is timed until the last entry is under a signed checkpoint.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningLog, ledgerLog } from '../../src/broker/ledger-log.ts'
import type { Engine } from '../../src/store/engine.ts'
import { prepareFolder } from '../../src/store/folder.ts'
import { openStore } from '../../src/store/open.ts'
import { startSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { entryOf, keyA } from '../ledger-scene.ts'
import { type Figure, median, rounded } from './figures.ts'

const callers = 1000
const each = 20
const rounds = 7
const limits = { queue: 10_000, timeoutMilliseconds: 60_000 }

const after = (milliseconds: number, run: () => void) => {
  const timer = setTimeout(run, milliseconds)
  return { clear: () => clearTimeout(timer) }
}

/** Every caller writes `each` times, one after the other; gives writes a second. */
const timed = async (write: (n: number) => Promise<unknown>, last: () => Promise<unknown>) => {
  const began = performance.now()
  const caller = async (place: number): Promise<void> => {
    for (let n = 0; n < each; n++) await write(n * callers + place)
  }
  await Promise.all(Array.from({ length: callers }, (_, place) => caller(place)))
  const acknowledged = performance.now()
  await last()
  const rate = (until: number): number => (callers * each * 1000) / (until - began)
  return { acknowledged: rate(acknowledged), sealed: rate(performance.now()) }
}

/** The rows of the ledger's own table: bare, and with the indexes that any such table is found by. */
const columns = `seq integer not null primary key, elevation text, body blob not null,
  leaf blob not null`
const tables = {
  bare: `create table bare (${columns}, key text not null) strict`,
  raw: `create table raw (${columns}, key text not null unique) strict`
} as const
const index = 'create index raw_elevation on raw (elevation, seq) where elevation is not null'

const rawSide = async (engine: Engine, table: keyof typeof tables) => {
  const made = [tables[table], ...(table === 'raw' ? [index] : [])]
  await engine.write({ steps: made.map((text) => ({ text, values: [], ifNone: 'skip' })) })
  const insert = `insert into ${table} (key, elevation, body, leaf) values ($1, $2, $3, $4)`
  // what is hashed and made canonical beforehand is no part of the floor
  const ready = Array.from({ length: callers * each }, (_, n) => entryOf(n))
  return (n: number) => {
    const { key, elevation, body, leaf } = ready[n % ready.length] ?? entryOf(n)
    const values = [`${key}-${n}`, elevation, new Uint8Array(body), new Uint8Array(leaf)]
    return engine.write({ steps: [{ text: insert, values, ifNone: 'conflict' }] })
  }
}

const ourSide = async (store: Store) => {
  const log = ledgerLog({
    store: store.log,
    signer: keyA,
    now: () => Date.now(),
    after,
    signed: () => {},
    failed: (cause) => {
      throw cause
    }
  })
  store.log.listen(log.wake)
  await log.start()
  return log
}

/** A backlog of twenty thousand may take longer than a receipt waits. */
const sealedUpTo = async (log: RunningLog, index: number): Promise<void> => {
  try {
    await log.included(index)
  } catch {
    await sealedUpTo(log, index)
  }
}

/** Append with group commit as a share of the raw engine's; the target is 0.70. */
export const append = async (): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-append-'))
  const store = await openStore({ folder: join(folder, 'ours'), queueLimit: limits.queue, timeoutMilliseconds: limits.timeoutMilliseconds })
  const boot = { file: prepareFolder(join(folder, 'raw')), openedAt: 0 }
  const engine = await startSqlite(boot, limits)
  const log = await ourSide(store)
  const writeRaw = await rawSide(engine, 'raw')
  const writeBare = await rawSide(engine, 'bare')
  const raw: number[] = []
  const bare: number[] = []
  const ours: { readonly acknowledged: number; readonly sealed: number }[] = []
  try {
    for (let round = 0; round <= rounds; round++) {
      const first = round * callers * each
      const one = await timed((n) => writeRaw(first + n), async () => {})
      const barest = await timed((n) => writeBare(first + n), async () => {})
      const other = await timed(
        (n) => store.append([entryOf(first + n)]),
        () => sealedUpTo(log, first + callers * each - 1)
      )
      if (round === 0) continue
      raw.push(one.acknowledged)
      bare.push(barest.acknowledged)
      ours.push(other)
    }
  } finally {
    await log.stop()
    await store.close()
    await engine.close()
    rmSync(folder, { recursive: true })
  }
  const beside = {
    rawPerSecond: rounded(median(raw), 0),
    bareTablePerSecond: rounded(median(bare), 0),
    acknowledgedPerSecond: rounded(median(ours.map(({ acknowledged }) => acknowledged)), 0),
    sealedPerSecond: rounded(median(ours.map(({ sealed }) => sealed)), 0)
  }
  const figure = (name: string, of: 'acknowledged' | 'sealed', least: number): Figure => {
    const value = rounded(median(ours.map((one, n) => one[of] / (raw[n] ?? Number.NaN))))
    const unit = `ratio of entries/s until ${of}, ${callers} callers`
    return { figure: name, value, unit, target: `>= ${least}`, ok: value >= least, beside }
  }
  return [
    figure('ledger_append_to_raw_group_commit', 'acknowledged', 0.7),
    figure('ledger_append_and_seal_to_raw_group_commit', 'sealed', 0.4)
  ]
}
