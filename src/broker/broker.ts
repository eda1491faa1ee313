/**
 * The broker's verbs as the edges see them. Each is one file; this page is their table of contents.
 */
import type { Elevation, Mode } from '../elevation/elevation.ts'
import type { ElevationId, Instant, PersonId, Seconds, TargetId } from '../elevation/ids.ts'
import type { Reason, Result } from '../elevation/refusal.ts'
import type { LedgerRow, SessionCredentials, Stored } from '../ports.ts'

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
}

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

export type Preview = {
  readonly decision: 'needs_approval' | 'deny'
  readonly rule: string | null
  readonly mode: Mode | null
  readonly duration: Seconds | null
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

/** An attempt refused before a verb could run (bad body, missing field), for the ledger. */
export type Attempt = {
  /** `submit`, `approve`, … */
  readonly verb: string
  readonly elevation: string | null
  readonly code: string
}

export type Broker = {
  /** `inactive` or not in the directory = refusal `unknown_person` */
  readonly identify: (subject: string) => Result<PersonId>
  readonly targets: (person: PersonId) => readonly TargetOffer[]
  /** The decision `submit` would take; nothing is stored. */
  readonly preview: (person: PersonId, ask: AskInput) => Result<Preview>
  readonly submit: (
    person: PersonId,
    ask: AskInput,
    idempotency?: { readonly key: string; readonly bodyHash: string }
  ) => Promise<Result<Submitted>>
  /** Requester, eligible approver or auditor; anyone else gets `unknown_elevation`, as if absent. */
  readonly get: (person: PersonId, id: string) => Promise<Result<Stored>>
  readonly list: (person: PersonId, query: ListQuery) => Promise<readonly Stored[]>
  /** `shown` is the digest of the ask that the approver was shown, where a channel has it. */
  readonly approve: (person: PersonId, id: string, shown?: string) => Promise<Result<Stored>>
  readonly deny: (person: PersonId, id: string, reason: string) => Promise<Result<Stored>>
  readonly cancel: (person: PersonId, id: string) => Promise<Result<Stored>>
  /** Starts the window. No credential is in the answer. */
  readonly activate: (person: PersonId, id: string) => Promise<Result<Stored>>
  /** Fresh credentials of the requester's own elevation; activates it first where it is approved. */
  readonly credentials: (person: PersonId, id: string) => Promise<Result<Vended>>
  /** "I'm done": the requester ends their own window early. */
  readonly end: (person: PersonId, id: string) => Promise<Result<Stored>>
  /** An eligible approver, or security, ends it. */
  readonly revoke: (person: PersonId, id: string, reason: string) => Promise<Result<Stored>>
  /** Auditors only; the read itself is an entry. */
  readonly entries: (
    person: PersonId,
    from: number,
    limit: number
  ) => Promise<Result<readonly LedgerRow[]>>
  readonly refused: (person: PersonId, attempt: Attempt) => Promise<void>
}
