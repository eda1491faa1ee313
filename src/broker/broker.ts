/**
 * The broker's verbs as the edges see them. Each is one file; this page is their table of contents.
 */
import type { Elevation, Mode } from '../elevation/elevation.ts'
import type { ElevationId, Instant, PersonId, Seconds, TargetId } from '../elevation/ids.ts'
import type { Lock } from '../elevation/lock.ts'
import type { Reason, Result } from '../elevation/refusal.ts'
import type { Presence } from '../policy/circumstances.ts'
import type { LedgerRow, SessionCredentials, Stored } from '../ports.ts'
import type { LockAsk, LockSet } from './lock.ts'
import type { QueryVerbs } from './query-verbs.ts'
import type { Copied } from './upkeep.ts'

/** Who calls, and how they come: policies may demand a channel or a fresh sign-in. */
export type Caller = {
  readonly person: PersonId
  readonly presence: Presence
  /** SHA-256, as hex, of what Slack signed of their request; absent or null = it came otherwise */
  readonly signatureBase?: string | null
}

/** An ask as a person sends it; attacker-controlled until `submit` has parsed it. */
export type AskInput = {
  readonly target: string
  /** `2h`, `45m` or ISO 8601 `PT2H` */
  readonly duration: string
  readonly reason: string
  readonly ticket?: string | undefined
  /** `db.table`; absent = every table of the target */
  readonly tables?: readonly string[] | undefined
  /** `db.table.column`; absent = every column of the tables */
  readonly columns?: readonly string[] | undefined
  /** binds the elevation to this text: no other may run, to the letter */
  readonly sql?: string | undefined
  /** now, without an approval before: only under a rule that says so, reviewed afterwards */
  readonly breakGlass?: boolean | undefined
  /** ISO 8601 UTC: the window does not start before; absent = as soon as it is approved */
  readonly startAt?: string | undefined
}

/** What is said of an extension; everything else is as in the elevation that it goes on from. */
export type ExtensionInput = Pick<AskInput, 'duration' | 'reason' | 'ticket'>

export type TargetOffer = {
  readonly target: TargetId
  readonly workgroup: string
  readonly region: string
  readonly classification: string
  readonly tables: readonly string[]
  readonly rules: readonly {
    readonly rule: string
    readonly mode: Mode
    readonly maxDuration: Seconds
  }[]
}

/** A table or view of a target as the Glue Data Catalog has it now. */
export type TableDetail = {
  /** `database.table` */
  readonly table: string
  readonly type: 'table' | 'view'
  /** Glue's `VersionId` */
  readonly version: string | null
  /** names of columns; they are among `columns`, as the last */
  readonly partitionKeys: readonly string[]
  readonly columns: readonly {
    readonly name: string
    /** Glue's text, such as `struct<zip:string>` */
    readonly type: string
    /** from the target's document; null where it says nothing of the column */
    readonly class: string | null
  }[]
}

export type TargetDetail = TargetOffer & {
  readonly catalog: {
    /** when Glue was asked */
    readonly at: Instant
    /** in the order of `tables` */
    readonly tables: readonly TableDetail[]
    /** `db.table` or `db.table.column` that the document names and the catalog does not show */
    readonly missing: readonly string[]
  }
}

export type Preview = {
  readonly decision: 'needs_approval' | 'approved' | 'deny'
  readonly rule: string | null
  readonly mode: Mode | null
  readonly duration: Seconds | null
  /** null = as soon as it is approved */
  readonly startAt: Instant | null
  readonly approvers: readonly PersonId[]
  readonly quorum: number | null
  readonly reasons: readonly Reason[]
}

/** `isReplay`: made earlier, under the same idempotency key and from the same body. */
export type Submitted = { readonly elevation: Stored; readonly isReplay: boolean }

/** Credentials of an active elevation: usable until `notAfter`, whatever `expiration` says. */
export type Vended = {
  readonly elevation: Stored
  readonly credentials: SessionCredentials
  /** the earlier of STS's expiration and notAfter */
  readonly usableUntil: Instant
}

export type ListQuery = {
  readonly mine: boolean
  readonly states?: readonly Elevation['state'][]
  readonly before?: ElevationId
  readonly limit: number
}

/** `entry`: index of the `pii.erased` entry; null = there was nothing to erase. */
export type Erasure = { readonly person: PersonId; readonly entry: number | null }

/** A value behind a commitment. */
export type OpeningState =
  | { readonly state: 'opened'; readonly salt: string; readonly value: string }
  /** by the `pii.erased` entry of this index */
  | { readonly state: 'erased'; readonly by: number }
  /** nobody erased it, and what is there, if anything, is not it */
  | { readonly state: 'MISSING' }

export type OpenedRow = LedgerRow & {
  /** by the name of the commitment, in their order */
  readonly openings: Readonly<Record<string, OpeningState>>
}

/** An attempt refused before a verb could run (bad body, missing field), for the ledger. */
export type Attempt = {
  /** `submit`, `approve`, … */
  readonly verb: string
  readonly elevation: string | null
  readonly code: string
}

export type Broker = QueryVerbs & {
  /** `inactive` or not in the directory = refusal `unknown_person` */
  readonly identify: (subject: string) => Result<PersonId>
  /** By the directory's mapping; `email` only where the edge is configured to match by it. */
  readonly identifySlack: (account: {
    readonly team: string
    readonly user: string
    readonly email: string | null
  }) => Result<PersonId>
  readonly targets: (person: PersonId) => readonly TargetOffer[]
  /** One of those with its tables and columns; anything else is `unknown_target`. */
  readonly target: (person: PersonId, id: string) => Promise<Result<TargetDetail>>
  /** The decision `submit` would take; nothing is stored. */
  readonly preview: (caller: Caller, ask: AskInput) => Promise<Result<Preview>>
  readonly submit: (
    caller: Caller,
    ask: AskInput,
    idempotency?: { readonly key: string; readonly bodyHash: string }
  ) => Promise<Result<Submitted>>
  /**
   * A new elevation that goes on from one's own active one: decided, approved and started by
   * itself; the one it goes on from ends when it would have.
   */
  readonly extend: (
    caller: Caller,
    id: string,
    extension: ExtensionInput,
    idempotency?: { readonly key: string; readonly bodyHash: string }
  ) => Promise<Result<Submitted>>
  /**
   * Requester, eligible approver or auditor; anyone else gets `unknown_elevation`, as if absent.
   */
  readonly get: (person: PersonId, id: string) => Promise<Result<Stored>>
  readonly list: (person: PersonId, query: ListQuery) => Promise<readonly Stored[]>
  /** `shown` is the digest of the ask that the approver was shown, where a channel has it. */
  readonly approve: (caller: Caller, id: string, shown?: string) => Promise<Result<Stored>>
  readonly deny: (person: PersonId, id: string, reason: string) => Promise<Result<Stored>>
  readonly cancel: (person: PersonId, id: string) => Promise<Result<Stored>>
  /** Starts the window. No credential is in the answer. */
  readonly activate: (caller: Caller, id: string) => Promise<Result<Stored>>
  /**
   * Fresh credentials of the requester's own elevation; activates it first where it is approved.
   */
  readonly credentials: (caller: Caller, id: string) => Promise<Result<Vended>>
  /** "I'm done": the requester ends their own window early. */
  readonly end: (person: PersonId, id: string) => Promise<Result<Stored>>
  /** An eligible approver, or security, ends it. */
  readonly revoke: (person: PersonId, id: string, reason: string) => Promise<Result<Stored>>
  /**
   * Somebody else's word on a break-glass elevation afterwards; until then its requester has no
   * other.
   */
  readonly review: (person: PersonId, id: string, note: string) => Promise<Result<Stored>>
  /** Auditors only; the read itself is an entry. */
  readonly entries: (
    person: PersonId,
    from: number,
    limit: number
  ) => Promise<Result<readonly OpenedRow[]>>
  /** Security only, never of themselves: destroys what opens somebody's commitments, for ever. */
  readonly erase: (
    caller: Caller,
    asked: { readonly of: string; readonly reason: string }
  ) => Promise<Result<Erasure>>
  /** Auditors only: the verifier key of the log's checkpoints, C2SP signed-note text. */
  readonly logKey: (person: PersonId) => Promise<Result<string>>
  /** Auditors only: the latest signed checkpoint of the log. */
  readonly checkpoint: (person: PersonId) => Promise<Result<Uint8Array>>
  /** Auditors only: `tile/…` of C2SP tlog-tiles; null = the log has no such file. */
  readonly logFile: (person: PersonId, path: string) => Promise<Result<Uint8Array | null>>
  /**
   * Auditors only: the tlog-proof of an entry by its index, or of the last one of an elevation;
   * null = there is no entry of that index.
   */
  readonly proof: (person: PersonId, id: string) => Promise<Result<Uint8Array | null>>
  /** Operators only, on a ledger that is held back: goes on with it; its size before. */
  readonly acceptRestore: (person: PersonId, reason: string) => Promise<Result<number>>
  /** Operators only: the log gets another key; the new one, C2SP signed-note text. */
  readonly rotateKey: (person: PersonId, reason: string) => Promise<Result<string>>
  /** Copies the store beside it, while it runs. */
  readonly copyStore: (person: PersonId, reason: string) => Promise<Result<Copied>>
  /** Security and operators: stops all that a lock covers, from its commit on, on every replica. */
  readonly lock: (person: PersonId, ask: LockAsk) => Promise<Result<LockSet>>
  /** Security only, never the lock on oneself; what was ended stays ended. */
  readonly unlock: (person: PersonId, ask: LockAsk) => Promise<Result<Lock>>
  /** Security, operators and auditors: all locks there are. */
  readonly locks: (person: PersonId) => Promise<Result<readonly Lock[]>>
  readonly refused: (person: PersonId, attempt: Attempt) => Promise<void>
}
