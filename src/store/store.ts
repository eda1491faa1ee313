/**
 * The store behind the broker's ports, over any engine: changes become statements, rows become
 * elevations. `openStore` in open.ts gives one; it refuses nothing by itself beyond a corrupt row.
 */
import type {
  Elevations,
  LedgerStore,
  PersonalData,
  Reviews,
  Seen,
  SlackMessages,
  SlackTurn,
  Standings,
  Worklist
} from '../ports.ts'
import type { ConsoleSessions } from '../ports-console.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Endings, Locks } from '../ports-endings.ts'
import type { QueryRows } from '../ports-queries.ts'
import type { FindingAlerts, Findings, KeyUses, SideDoors } from '../ports-posture.ts'
import type { LedgerSearch } from '../ports-search.ts'
import { dueRows } from './due.ts'
import type { Engine, EngineClock, Write, Written } from './engine.ts'
import { StoreError } from './error.ts'
import { type FigureTables, figuresOver } from './figures.ts'
import { endingsOver } from './endings.ts'
import { findingsOver } from './findings.ts'
import { searchOver } from './ledger-search.ts'
import { locksOver } from './locks.ts'
import { consoleSessionsOver } from './console-sessions.ts'
import { type LogTables, logOver } from './log.ts'
import { type SealedEntry, peopleKeys } from './people-keys.ts'
import type { KeyWrap } from './personal-key.ts'
import { type WriteWith, queriesOver } from './queries.ts'
import { personalOver, tidy } from './personal-data.ts'
import { parseIdempotency, parseIndexes, parseLedgerRow, parseStored } from './rows.ts'
import { keyUsesOver } from './key-uses.ts'
import { sideDoorsOver } from './side-doors.ts'
import { type SinkTables, sinksOver } from './sinks.ts'
import { slackOver } from './slack.ts'
import { approvedOf, insertReview, parseStanding, standingOf } from './standing.ts'
import * as sql from './statements.ts'

export type Store = Elevations &
  Standings &
  Reviews &
  Worklist &
  LedgerStore &
  PersonalData &
  Locks &
  Endings &
  QueryRows & {
    readonly slack: Seen & SlackTurn & SlackMessages
    readonly console: ConsoleSessions
    readonly sinks: SinkTables
    readonly watched: FigureTables
    readonly search: LedgerSearch
    readonly posture: Findings & FindingAlerts & SideDoors & KeyUses
    readonly log: LogTables & {
      /** `heard` is called after each commit that wrote entries; the last one given counts */
      readonly listen: (heard: () => void) => void
    }
    /** Writes all data into this empty file; null = the database has other means. */
    readonly copyTo: ((file: string) => Promise<void>) | null
    /** the database's, by which replicas decide; null = one process, one clock */
    readonly clock: EngineClock | null
    /**
     * Locks what an older version wrote in the clear, ends erasures; before anything else is asked.
     */
    tidy(): Promise<void>
    /** Resolves after a real, durable write; rejects with a StoreError while that is impossible. */
    check(): Promise<void>
    /** Finishes what is under way and releases the data. */
    close(): Promise<void>
  }

const mostTries = 5

/**
 * The ports over `engine`; `wrap` locks the keys of people. `now` gives epoch milliseconds, for
 * columns that nothing decides on.
 */
export const storeOver = (engine: Engine, now: () => number, wrap: KeyWrap): Store => {
  let heard: (() => void) | null = null
  const people = peopleKeys(engine, wrap, now)

  /** Once more where a person's data was erased between locking a value and writing it. */
  const write = async (
    entries: readonly Entry[],
    writeOf: (sealed: readonly SealedEntry[]) => Write
  ): Promise<Written> => {
    for (let tries = 1; ; tries++) {
      const sealed = await people.seal(entries)
      const written = await engine.write(writeOf(sealed))
      if (written.kind === 'committed' || !(await people.isStale(sealed))) return written
      if (tries === mostTries) throw new StoreError('overloaded', 'personal data is being erased')
    }
  }

  const underWay = new Set<Promise<Written>>()
  const writeSealed: typeof write = (entries, writeOf) => {
    const written = write(entries, writeOf)
    const over = (): void => void underWay.delete(written)
    underWay.add(written)
    written.then(over, over)
    return written
  }

  const writeWith: WriteWith = async (steps, entries) => {
    const written = await writeSealed(entries, (sealed) => sql.withEntries(steps, sealed))
    if (written.kind === 'conflict') return written
    heard?.()
    return { kind: 'committed', indexes: parseIndexes(written.rows, entries) }
  }

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
      const written = await writeSealed(change.entries, (sealed) =>
        sql.commitChange(change, sealed, now())
      )
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
    review: (review, entries) => writeWith([insertReview(review)], entries),
    // not those that are ending: they have a queue of their own (endings.ts)
    due: dueRows(engine, { select: sql.selectElevation, condition: `e.state <> 'ending'` }),
    append: async (entries) => {
      await writeSealed(entries, sql.appendEntries)
      heard?.()
    },
    entries: async (index, limit) =>
      (await engine.read(sql.ledgerFrom(index, limit))).map(parseLedgerRow),
    ...queriesOver(engine, writeWith),
    ...locksOver(engine, writeWith, sql.selectElevation),
    ...endingsOver(engine, sql.selectElevation),
    ...personalOver({ engine, people, heard: () => heard?.() }),
    copyTo: engine.copyTo ?? null,
    clock: engine.clock ?? null,
    tidy: () => tidy(engine, people),
    slack: slackOver(engine, people),
    console: consoleSessionsOver(engine),
    sinks: sinksOver(engine),
    watched: figuresOver(engine),
    search: searchOver(engine),
    posture: { ...findingsOver(engine, writeWith), ...sideDoorsOver(engine), ...keyUsesOver(engine) },
    log: {
      ...logOver(engine),
      listen: (listener) => {
        heard = listener
      }
    },
    check: async () => {
      await engine.write(sql.heartbeat(now()))
    },
    close: async () => {
      // a person's first value takes several steps, which the engine cannot know of
      await Promise.allSettled(underWay)
      await engine.close()
    }
  }
}
