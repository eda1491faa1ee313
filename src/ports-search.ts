/**
 * What auditors find in the ledger without reading all of it: entries by person, target, type and
 * time, and counts of them. It is an index over entries, made after they are committed and made
 * again from them at will; nothing is decided by it.
 */
import type { ElevationId } from './elevation/ids.ts'
import type { LedgerRow } from './ports.ts'

/** All that is given has to fit. Instants are ISO 8601 with milliseconds, UTC, as in entries. */
export type EntryFilter = {
  readonly actor?: string
  readonly target?: string
  readonly type?: string
  /** at or after */
  readonly from?: string
  /** before */
  readonly to?: string
}

/** The place after which the next page begins, by time and then by index. */
export type EntryPlace = { readonly at: string; readonly index: number }

export type FoundEntries = {
  /** newest first */
  readonly rows: readonly LedgerRow[]
  /** where to look on; null = there is nothing more. There may be one after an empty page. */
  readonly next: EntryPlace | null
  /** entries there are, and how many of them the index knows: more are known within a second */
  readonly size: number
  readonly indexed: number
}

export type DayCount = {
  readonly type: string
  /** `YYYY-MM-DD` */ readonly day: string
  readonly count: number
}
export type ActorCount = { readonly type: string; readonly actor: string; readonly count: number }

/** From the first entry of one type to one of another type, of the same elevation. */
export type Span = { readonly elevation: ElevationId; readonly from: string; readonly to: string }

/** What was approved or issued and never used; `at`: of the approval or the issue. */
export type Unused = {
  readonly elevation: ElevationId
  readonly requester: string
  readonly target: string
  readonly at: string
}

export interface LedgerSearch {
  /** Takes entries that are not in the index yet into it, at most so many; how many it took. */
  takeIn(limit: number): Promise<number>
  find(
    filter: EntryFilter,
    page: { readonly after: EntryPlace | null; readonly limit: number }
  ): Promise<FoundEntries>
  /** Entries at these indexes, ascending. */
  entriesAt(indexes: readonly number[]): Promise<readonly LedgerRow[]>
  perDay(types: readonly string[], from: string): Promise<readonly DayCount[]>
  perActor(types: readonly string[], from: string): Promise<readonly ActorCount[]>
  /** Those that ended at `since` or later, the latest first, at most so many. */
  spans(of: {
    readonly first: string
    readonly last: readonly string[]
    readonly since: string
    readonly limit: number
  }): Promise<readonly Span[]>
  /**
   * Elevations in one of the states with an entry of type `had` and none of the types `without`.
   */
  unused(of: {
    readonly had: string
    readonly without: readonly string[]
    readonly states: readonly string[]
    readonly since: string
    readonly limit: number
  }): Promise<readonly Unused[]>
}
