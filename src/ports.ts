/**
 * What the broker needs from the world, and what is true when a call returns. Adapters implement
 * these; tests may stand in for them. A rejected promise means broken infrastructure.
 */
import type { Elevation, State } from './elevation/elevation.ts'
import type { ElevationId, Instant, PersonId, TargetId } from './elevation/ids.ts'
import type { Secret } from './elevation/secret.ts'
import type { AssumeRoleParameters } from './iam/assume-role.ts'
import type { CreateGrantParameters } from './iam/create-grant.ts'
import type { Entry } from './ledger/entry.ts'

export interface Clock {
  now(): Instant
}

export interface Ids {
  /** a new ULID, never given before */
  elevation(): ElevationId
  /** a random UUID for ledger entries */
  entry(): string
  /** 32 random bytes for a commitment, lower-case hex */
  salt(): string
}

export type Stored<E extends Elevation = Elevation> = {
  readonly elevation: E
  /** raised by one at each change; compare-and-set works on it */
  readonly version: number
  /** indexes of its ledger entries, ascending */
  readonly ledger: readonly number[]
}

export type IdempotencyKey = {
  readonly person: PersonId
  readonly key: string
  /** SHA-256 of route and body, hex */
  readonly bodyHash: string
}

export type Change = {
  readonly elevation: Elevation
  /** the version this change was computed from; null = the row must not exist */
  readonly expectedVersion: number | null
  readonly entries: readonly Entry[]
  readonly idempotency?: IdempotencyKey
}

export type Committed =
  | { readonly kind: 'committed'; /** indexes given to the entries, in order */ readonly indexes: readonly number[] }
  | { readonly kind: 'conflict' }

export type Filter = {
  readonly requester?: PersonId
  readonly target?: TargetId
  readonly states?: readonly State[]
  /** newest first, ids below this one */
  readonly before?: ElevationId
  readonly limit: number
}

export interface Elevations {
  get(id: ElevationId): Promise<Stored | null>
  list(filter: Filter): Promise<readonly Stored[]>
  /** the elevation made under this person's key, with the hash of the body it was made from */
  byIdempotencyKey(
    person: PersonId,
    key: string
  ): Promise<{ readonly id: ElevationId; readonly bodyHash: string } | null>
  /**
   * State and ledger entries in one transaction, durable (fsynced) when it resolves. `conflict`:
   * nothing was written, the row has another version or the idempotency key is taken.
   */
  commit(change: Change): Promise<Committed>
}

export interface Worklist {
  /** rows whose next due instant has come, earliest first */
  due(now: Instant, limit: number): Promise<readonly Stored[]>
  /** `aws:userid` of sessions of this role that were ended and whose notAfter is later than `since` */
  endedSessions(roleArn: string, since: Instant): Promise<readonly string[]>
}

export type LedgerRow = { readonly index: number; readonly body: Uint8Array; readonly leaf: Uint8Array }

export interface LedgerStore {
  /** durable when it resolves; an entry whose key is already there is not written twice */
  append(entries: readonly Entry[]): Promise<void>
  /** rows from `index` on, ascending */
  entries(index: number, limit: number): Promise<readonly LedgerRow[]>
}

/** An AWS call's outcome. `denied` and `invalid` are definite: nothing was made. */
export type AwsErrorKind = 'denied' | 'invalid' | 'too_large' | 'not_found' | 'throttled' | 'unavailable'

export type AwsAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly kind: AwsErrorKind
      /** `kms:CreateGrant` */
      readonly action: string
      /** AWS's error name, e.g. `AccessDenied`; never a secret */
      readonly name: string
      readonly requestId: string | null
    }

export type SessionCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken: Secret
  readonly expiration: Instant
  /** `AROA…:session`, the session's `aws:userid` */
  readonly assumedRoleId: string
}

/** A role, and the region through which its partition is reached. */
export type RoleIn = { readonly roleArn: string; readonly region: string }

export interface Sessions {
  /** The parameters' type cannot express a call without a session policy. */
  assume(parameters: AssumeRoleParameters, region: string): Promise<AwsAnswer<SessionCredentials>>
  /** Replaces the role's inline deny of ended sessions by exactly these; none = the policy is removed. */
  denyEnded(role: RoleIn, assumedRoleIds: readonly string[]): Promise<AwsAnswer<null>>
}

export type FoundGrant = { readonly grantId: string; readonly name: string }

export interface Grants {
  create(parameters: CreateGrantParameters): Promise<AwsAnswer<{ readonly grantId: string }>>
  /** A grant that is not there counts as revoked. */
  revoke(keyArn: string, grantId: string): Promise<AwsAnswer<null>>
  /** every grant of the key whose name starts with `prefix`, all pages or an error, never a part */
  find(keyArn: string, prefix: string): Promise<AwsAnswer<readonly FoundGrant[]>>
}

export interface Queries {
  /** Stops every queued or running query of the workgroup submitted at or after `since`; their ids. */
  stopSince(
    workgroup: { readonly region: string; readonly name: string },
    since: Instant
  ): Promise<AwsAnswer<readonly string[]>>
}
