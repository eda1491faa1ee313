/**
 * The verbs of brokered queries as the edges see them. Everything here is the requester's alone:
 * for anybody else the elevation is `unknown_elevation`, in every channel.
 */
import type { Instant, PersonId, QueryId } from '../elevation/ids.ts'
import type { QueryVerdict, Result } from '../elevation/refusal.ts'
import type { ResultColumn } from '../ports-queries.ts'
import type { Caller } from './broker.ts'

export type QueryInput = {
  /** at most 262,144 bytes; the exact text that is checked, and then run */
  readonly sql: string
  /**
   * 1 to 128 printable characters: the same token and text again is the same query. Another text
   * under it is `idempotency_mismatch`.
   */
  readonly clientToken?: string | undefined
}

/** It runs, or will: what it reads is in the ledger already. */
export type QueryStarted = {
  readonly id: QueryId
  readonly state: QueryState
  readonly verdict: QueryVerdict
  /** it was started before, under the same token */
  readonly isReplay: boolean
}

export type QueryState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

export type QueryStatus = {
  readonly id: QueryId
  readonly state: QueryState
  /** when it was let through */
  readonly at: Instant
  readonly bytesScanned: number
  /** so far, or altogether when it is over */
  readonly milliseconds: number
  /** of its results, where they are known */
  readonly rows: number | null
  /** what kept it from succeeding, in Athena's words or the broker's; the requester's to read */
  readonly failure: string | null
}

export type ResultsQuery = {
  /** `next` of the page before; absent = from the start */
  readonly cursor?: string | undefined
  /** rows, 1 to 1000 */
  readonly limit: number
}

/** Rows of a query that succeeded; a page may have fewer rows than `limit` and not be the last. */
export type QueryPage = {
  readonly columns: readonly ResultColumn[]
  /** each as long as `columns`; null = SQL's NULL */
  readonly rows: readonly (readonly (string | null)[])[]
  /** null = this was the last page */
  readonly next: string | null
  /** there are more rows than the broker hands out of one query: `next` is null all the same */
  readonly isCut: boolean
}

/** What a query would be held to: an elevation of one's own, or one still to be asked for. */
export type CheckInput =
  | { readonly elevation: string; readonly sql: string }
  | {
      readonly target: string
      /** `db.table`; absent = every table of the target */
      readonly tables?: readonly string[] | undefined
      /** `db.table.column`; absent = every column of the tables */
      readonly columns?: readonly string[] | undefined
      readonly sql: string
    }

export type QueryVerbs = {
  /**
   * Checks the text and runs it. An approved elevation starts here, as `credentials` starts one.
   * `query_refused` has the verdict with it; too many of them end the elevation where its rule
   * says so.
   */
  readonly query: (
    caller: Caller,
    elevation: string,
    input: QueryInput
  ) => Promise<Result<QueryStarted>>
  /** `unknown_query` where it is none of this elevation. Also once the elevation is over. */
  readonly queryStatus: (
    person: PersonId,
    elevation: string,
    query: string
  ) => Promise<Result<QueryStatus>>
  /**
   * A page of its rows, while the elevation is active. `query_not_succeeded` before the query has
   * succeeded or where it never will; `invalid_ask` for a cursor that is none.
   */
  readonly queryResults: (
    person: PersonId,
    elevation: string,
    at: ResultsQuery & { readonly query: string }
  ) => Promise<Result<QueryPage>>
  /** Stops it where it runs; the status it is left in. */
  readonly stopQuery: (
    person: PersonId,
    elevation: string,
    query: string
  ) => Promise<Result<QueryStatus>>
  /** The verdict and nothing else: nothing runs, nothing is counted, nothing is written down. */
  readonly checkQuery: (caller: Caller, input: CheckInput) => Promise<Result<QueryVerdict>>
}
