/**
 * What a database engine does for the store: run statements of the one SQL text, `$1` placeholders,
 * several as one change. It knows no table; statements.ts writes the text, rows.ts reads the rows.
 */
export type Value = string | number | null | Uint8Array

export type Query = { readonly text: string; readonly values: readonly Value[] }

/** One statement of a change, and what it means when it touched no row. */
export type Step = Query & {
  /** `conflict` undoes the whole change; `skip` goes on without `ifSome` */
  readonly ifNone: 'conflict' | 'skip'
  /** only run when this statement touched a row */
  readonly ifSome?: readonly Step[]
}

/** A change: all of its steps or none, and what is to be known of the result. */
export type Write = {
  readonly steps: readonly Step[]
  /** run after the steps, in the same transaction */
  readonly result?: Query
}

export type Row = Readonly<Record<string, Value>>

export type Written =
  | { readonly kind: 'committed'; /** of `result` */ readonly rows: readonly Row[] }
  | { readonly kind: 'conflict' }

export type EngineClock = {
  /** epoch milliseconds, whole */
  readonly now: () => number
  /** How far the database's clock was from `now` when it was last asked, in milliseconds. */
  readonly skewMilliseconds: () => number
}

/** Every method rejects with a `StoreError` only. */
export interface Engine {
  /** Durable (fsynced) when it resolves to `committed`; nothing is left of a `conflict`. */
  write(write: Write): Promise<Written>
  /** Sees every change that was committed before the call, and none that is not. */
  read(query: Query): Promise<readonly Row[]>
  /** What was deleted or overwritten before the call is in no file of the engine afterwards. */
  purge(): Promise<void>
  /** Writes all data into this empty file; absent = the engine has tools of its own for it. */
  readonly copyTo?: (file: string) => Promise<void>
  /** Finishes what was asked before the call; what is asked after it is refused. */
  close(): Promise<void>
  /**
   * of a database that several processes share; absent = the data have no clock but the process's
   */
  readonly clock?: EngineClock
}
