/**
 * The store behind the broker's ports, over any engine: changes become statements, rows become
 * elevations. `openStore` in open.ts gives one; it refuses nothing by itself beyond a corrupt row.
 */
import type {
  Elevations,
  LedgerStore,
  Reviews,
  Seen,
  SlackMessages,
  SlackTurn,
  Standings,
  Worklist
} from '../ports.ts'
import type { Engine } from './engine.ts'
import { type LogTables, logOver } from './log.ts'
import {
  parseEndedSession,
  parseIdempotency,
  parseIndexes,
  parseLedgerRow,
  parseStored
} from './rows.ts'
import { slackOver } from './slack.ts'
import { approvedOf, insertReview, parseStanding, standingOf } from './standing.ts'
import * as sql from './statements.ts'

export type Store = Elevations &
  Standings &
  Reviews &
  Worklist &
  LedgerStore & {
    readonly slack: Seen & SlackTurn & SlackMessages
    readonly log: LogTables & {
      /** `heard` is called after each commit that wrote entries; the last one given counts */
      readonly listen: (heard: () => void) => void
    }
    /** Resolves after a real, durable write; rejects with a StoreError while that is impossible. */
    check(): Promise<void>
    /** Finishes what is under way and releases the data. */
    close(): Promise<void>
  }

/** The ports over `engine`. `now` gives epoch milliseconds, for columns that nothing decides on. */
export const storeOver = (engine: Engine, now: () => number): Store => {
  let heard: (() => void) | null = null
  return {
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
      heard?.()
      return { kind: 'committed', indexes: parseIndexes(written.rows, change.entries) }
    },
    standing: async (of) => parseStanding((await engine.read(standingOf(of)))[0]),
    lastApproval: async ({ requester, by, since }) => {
      const rows = await engine.read(approvedOf(requester, since))
      const instants = rows
        .flatMap((row) => parseStored(row).elevation.approvals)
        .filter((approval) => approval.by === by && approval.at >= since)
        .map(({ at }) => at)
      return instants.toSorted((a, b) => b - a)[0] ?? null
    },
    review: async (review, entries) => {
      const steps = [insertReview(review)]
      const written = await engine.write(sql.withEntries(steps, entries))
      if (written.kind === 'conflict') return written
      heard?.()
      return { kind: 'committed', indexes: parseIndexes(written.rows, entries) }
    },
    due: async (at, limit) => (await engine.read(sql.dueElevations(at, limit))).map(parseStored),
    endedSessions: async (roleArn, since) =>
      (await engine.read(sql.endedSessions(roleArn, since))).map(parseEndedSession),
    append: async (entries) => {
      await engine.write(sql.appendEntries(entries))
      heard?.()
    },
    entries: async (index, limit) =>
      (await engine.read(sql.ledgerFrom(index, limit))).map(parseLedgerRow),
    slack: slackOver(engine),
    log: {
      ...logOver(engine),
      listen: (listener) => {
        heard = listener
      }
    },
    check: async () => {
      await engine.write(sql.heartbeat(now()))
    },
    close: () => engine.close()
  }
}
