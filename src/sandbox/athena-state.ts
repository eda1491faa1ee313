/**
 * What the sandbox's Athena keeps: workgroups, query executions and the request tokens that make
 * StartQueryExecution idempotent. Athena API Reference, WorkGroup and QueryExecution.
 */
import { makeSlots } from './athena-slots.ts'
import type { Slots } from './athena-slots.ts'
import { openDuckdb } from './duckdb.ts'
import type { OpenEngine, QueryColumn } from './duckdb.ts'

export type AthenaEncryption =
  { readonly option: 'SSE_S3' } | { readonly option: 'SSE_KMS'; readonly keyArn: string }

/** Where results go and how they are encrypted; no encryption = the bucket's default. */
export type ResultPlace = {
  /** `s3://BUCKET/PREFIX/` */
  readonly location: string
  readonly encryption?: AthenaEncryption
}

export type WorkGroup = {
  readonly name: string
  readonly description: string
  readonly state: 'ENABLED' | 'DISABLED'
  /** true: what the client sends as ResultConfiguration is ignored */
  readonly enforce: boolean
  readonly results?: ResultPlace
  /** bytes per query; AWS's least is 10,000,000 */
  readonly bytesScannedCutoff?: number | undefined
  /** shown, as everything from here on, and without effect on a query */
  readonly expectedBucketOwner?: string | undefined
  readonly metrics?: boolean
  readonly minimumEncryption?: boolean
  /** results are kept by Athena; `keyArn` null = under a key that AWS owns */
  readonly managed?: { readonly keyArn: string | null }
  /** absent: Athena engine version 3 */
  readonly engine?: string
  readonly executionRole?: string
  readonly identityCenter?: boolean
  readonly tags?: Readonly<Record<string, string>>
  readonly createdAt: Date
}

export type QueryState = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'

export type QueryExecution = {
  readonly id: string
  readonly workGroup: string
  readonly query: string
  /** lower case; `default` when none was given */
  readonly database: string
  /** absent: false */
  readonly reusesResults?: boolean
  /** `location` is the result object itself: `s3://BUCKET/PREFIX/ID.csv` */
  readonly output: ResultPlace
  readonly submittedAt: Date
  /** aborting it stops the query wherever it is */
  readonly stopper: AbortController
  state: QueryState
  reason?: string
  completedAt?: Date
  columns: readonly QueryColumn[]
  rowCount?: number
  scannedBytes: number
  engineMillis: number
  /** settles, never rejects, when nothing of the execution is left in flight */
  finished: Promise<void>
}

export type RememberedToken = { readonly executionId: string; readonly digest: string }

export type AthenaState = {
  readonly workGroups: Map<string, WorkGroup>
  /** by id, oldest first */
  readonly executions: Map<string, QueryExecution>
  /** caller and ClientRequestToken -> what it started */
  readonly tokens: Map<string, RememberedToken>
  /** how many queries run at once; the others are QUEUED */
  readonly slots: Slots
  /** where queries are computed; replaceable so that its absence can be tried */
  openEngine: OpenEngine
}

const RUNNING_AT_ONCE = 2

/** An Athena without workgroups, not even `primary`. */
export function emptyAthena(): AthenaState {
  return {
    workGroups: new Map(),
    executions: new Map(),
    tokens: new Map(),
    slots: makeSlots(RUNNING_AT_ONCE),
    openEngine: openDuckdb
  }
}
