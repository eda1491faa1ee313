/**
 * The store behind the broker's ports, over any engine: changes become statements, rows become
 * elevations. `openStore` in open.ts gives one; it refuses nothing by itself beyond a corrupt row.
 */
import type { Elevations, LedgerStore, Worklist } from '../ports.ts'
import type { Engine } from './engine.ts'
import {
  parseEndedSession,
  parseIdempotency,
  parseIndexes,
  parseLedgerRow,
  parseStored
} from './rows.ts'
import * as sql from './statements.ts'

export type Store = Elevations &
  Worklist &
  LedgerStore & {
    /** Resolves after a real, durable write; rejects with a StoreError while that is impossible. */
    check(): Promise<void>
    /** Finishes what is under way and releases the data. */
    close(): Promise<void>
  }

/** The ports over `engine`. `now` gives epoch milliseconds, for columns that nothing decides on. */
export const storeOver = (engine: Engine, now: () => number): Store => ({
  get: async (id) => {
    const [row] = await engine.read(sql.getElevation(id))
    return row ? parseStored(row) : null
  },
  list: async (filter) => (await engine.read(sql.listElevations(filter))).map(parseStored),
  byIdempotencyKey: async (person, key) => {
    const [row] = await engine.read(sql.getIdempotency(person, key))
    return row ? parseIdempotency(row) : null
  },
  commit: async (change) => {
    const written = await engine.write(sql.commitChange(change, now()))
    if (written.kind === 'conflict') return written
    return { kind: 'committed', indexes: parseIndexes(written.rows, change.entries) }
  },
  due: async (at, limit) => (await engine.read(sql.dueElevations(at, limit))).map(parseStored),
  endedSessions: async (roleArn, since) =>
    (await engine.read(sql.endedSessions(roleArn, since))).map(parseEndedSession),
  append: async (entries) => {
    await engine.write(sql.appendEntries(entries))
  },
  entries: async (index, limit) =>
    (await engine.read(sql.ledgerFrom(index, limit))).map(parseLedgerRow),
  check: async () => {
    await engine.write(sql.heartbeat(now()))
  },
  close: () => engine.close()
})
