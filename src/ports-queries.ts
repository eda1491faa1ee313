/**
 * What brokered queries need of the world: the check, their rows in the store, and Athena. A
 * rejected promise means broken infrastructure.
 */
import type { ElevationId, Instant, PersonId, QueryId } from './elevation/ids.ts'
import type { QueryVerdict } from './elevation/refusal.ts'
import type { Entry } from './ledger/entry.ts'
import type { Restrictions } from './policy/policy.ts'
import type { AwsAnswer, CatalogSnapshot, Committed, SessionCredentials } from './ports.ts'

/** What one text is held to. */
export type CheckOf = {
  readonly sql: string
  readonly catalog: CatalogSnapshot
  readonly guardrail: Restrictions
  /** an elevation's tables and columns, `db.table` and `db.table.column`; null = every column */
  readonly grant: {
    readonly tables: readonly string[]
    readonly columns: readonly string[] | null
  }
}

/** One verdict, in full and as its requester may see it. */
export type Checked = { readonly full: QueryVerdict; readonly shown: QueryVerdict }

export interface Checks {
  /** Never rejects for what a text says: what takes too long or breaks is refused. */
  check(of: CheckOf): Promise<Checked>
}

/** `starting`: let through and written down; Athena has not said yet that it has it. */
export type QueryRowState =
  | 'starting'
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelled'

export type QueryRow = {
  readonly id: QueryId
  readonly elevation: ElevationId
  readonly requester: PersonId
  /** SHA-256 of the exact text, hex; empty once the requester's data is erased */
  readonly textHash: string
  /** 32 random bytes, hex, that its cursors are made with */
  readonly cursorKey: string
  /** the requester's own name for the attempt */
  readonly clientToken: string | null
  /** the verdict it was let through with, for whoever sends the same again */
  readonly verdict: QueryVerdict
  readonly region: string
  /** Athena's id; null while it is `starting`, or never was there */
  readonly athenaId: string | null
  readonly state: QueryRowState
  readonly at: Instant
  /** when the worker looks at it next */
  readonly lookAt: Instant
  readonly finishedAt: Instant | null
  readonly bytesScanned: number
  readonly milliseconds: number
  readonly rows: number | null
  readonly failure: string | null
}

export interface QueryRows {
  /**
   * The row and its entries in one transaction, durable when it resolves. `conflict`: the elevation
   * is not active at `now` any more, or the person's token is taken there; nothing is written.
   */
  beginQuery(row: QueryRow, entries: readonly Entry[], now: Instant): Promise<Committed>
  /** Athena has it. False: the row is over already, so whoever started it has to stop it. */
  queryStarted(id: QueryId, athenaId: string): Promise<boolean>
  /**
   * What became of it and the entries of its end, once: `conflict` where it is over already. Of a
   * row that is not over the state moves without an entry.
   */
  saveQuery(row: QueryRow, entries: readonly Entry[]): Promise<Committed>
  queryOf(id: QueryId): Promise<QueryRow | null>
  queryByToken(elevation: ElevationId, token: string): Promise<QueryRow | null>
  /** of the elevation, those that are not over */
  openQueries(elevation: ElevationId): Promise<readonly QueryRow[]>
  /** of all elevations, not over and to be looked at by now; earliest first */
  dueQueries(now: Instant, limit: number): Promise<readonly QueryRow[]>
  lookAgain(id: QueryId, at: Instant): Promise<void>
  /** How many rows a query that succeeded has, once it is known. */
  noteRows(id: QueryId, rows: number): Promise<void>
}

export type ResultColumn = { readonly name: string; readonly type: string }

/** A query in a region, by Athena's id. */
export type AthenaQuery = { readonly region: string; readonly id: string }

export type RunState = {
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  readonly bytesScanned: number
  readonly milliseconds: number
  /** of what succeeded; null = Athena does not say */
  readonly rows: number | null
  /** Athena's reason; may have words of the query in it */
  readonly failure: string | null
}

export type ResultPage = {
  readonly columns: readonly ResultColumn[]
  /** without the row of names that Athena puts first */
  readonly rows: readonly (readonly (string | null)[])[]
  readonly next: string | null
}

/** Athena, told what to run by a session and asked how it goes by the broker. */
export interface QueryRuns {
  /** The same `token` and parameters again answer the same query. Result reuse is off. */
  start(
    credentials: SessionCredentials,
    run: {
      readonly region: string
      readonly workgroup: string
      readonly database: string
      readonly sql: string
      /** 32 to 128 characters */
      readonly token: string
    }
  ): Promise<AwsAnswer<{ readonly id: string }>>
  state(query: AthenaQuery): Promise<AwsAnswer<RunState>>
  /** A query that is over stays as it is. */
  stop(query: AthenaQuery): Promise<AwsAnswer<null>>
  /** `limit` rows from 1 to 1000; the first page has one fewer at least */
  results(
    credentials: SessionCredentials,
    query: AthenaQuery,
    page: { readonly cursor: string | null; readonly limit: number }
  ): Promise<AwsAnswer<ResultPage>>
}
