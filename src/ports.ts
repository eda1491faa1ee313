/**
 * What the broker needs from the world, and what is true when a call returns. Adapters implement
 * these; tests may stand in for them. A rejected promise means broken infrastructure.
 */
import type { Elevation, State } from './elevation/elevation.ts'
import type { ElevationId, Instant, PersonId, QueryId, TargetId } from './elevation/ids.ts'
import type { Secret } from './elevation/secret.ts'
import type { AssumeRoleParameters } from './iam/assume-role.ts'
import type { CreateGrantParameters } from './iam/create-grant.ts'
import type { DenySet } from './iam/role-policies.ts'
import type { Entry, Opening } from './ledger/entry.ts'

export interface Clock {
  now(): Instant
}

export interface Ids {
  /** a new ULID, never given before */
  elevation(): ElevationId
  /** likewise, for a query */
  query(): QueryId
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
  /** the requester's standing this change was decided on; a conflict where it is another by now */
  readonly standing?: { readonly person: PersonId; readonly version: number }
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

/** What a person has asked and holds; the counts of the policy's caps. */
export type StandingOf = {
  readonly person: PersonId
  readonly target: TargetId
  /** not counted */
  readonly except: ElevationId | null
  /** the window that the ask goes on from: not counted among what is open; null = there is none */
  readonly beside: ElevationId | null
  /** what was asked before and has no start of its own is not added up while it is not used */
  readonly since: Instant
  /** windows that ended before, or are to start after, are not added up */
  readonly around: { readonly from: Instant; readonly to: Instant }
}

export type StandingRow = {
  /** undecided asks on all targets */
  readonly pending: number
  /** on the target: pending, approved, issuing or active */
  readonly open: number
  /** on the target: issuing or active */
  readonly running: number
  /** windows on the target within those bounds, as asked or as issued, added up */
  readonly seconds: number
  /** elevations within those bounds that a rule approved by itself, break-glass not counted */
  readonly auto: number
  /** latest break-glass elevation that was not given back unused and that nobody reviewed */
  readonly unreviewed: ElevationId | null
  /** the latest that extends `beside` and was not given back unused */
  readonly extended: ElevationId | null
  /** raised by each ask and each start of this person; 0 before the first */
  readonly version: number
}

export interface Standings {
  standing(of: StandingOf): Promise<StandingRow>
  /** when `by` last approved an ask of `requester`, at `since` or later; null = not since then */
  lastApproval(of: {
    readonly requester: PersonId
    readonly by: PersonId
    readonly since: Instant
  }): Promise<Instant | null>
}

export interface Reviews {
  /** The review and its entries in one transaction; `conflict`: it has been reviewed already. */
  review(
    review: { readonly elevation: ElevationId; readonly by: PersonId; readonly at: Instant },
    entries: readonly Entry[]
  ): Promise<Committed>
}

export interface Worklist {
  /** rows whose next due instant has come, earliest first; none that is ending */
  due(now: Instant, limit: number): Promise<readonly Stored[]>
}

export type LedgerRow = { readonly index: number; readonly body: Uint8Array; readonly leaf: Uint8Array }

export interface LedgerStore {
  /** durable when it resolves; an entry whose key is already there is not written twice */
  append(entries: readonly Entry[]): Promise<void>
  /** rows from `index` on, ascending */
  entries(index: number, limit: number): Promise<readonly LedgerRow[]>
}

/** What opens the commitments of entries, until the person's data is erased. */
export interface PersonalData {
  /** by index, of the entries from `index` on; what cannot be unlocked is left out */
  openings(index: number, limit: number): Promise<ReadonlyMap<number, readonly Opening[]>>
  /** index of the last `pii.erased` entry of the person, or null */
  erasedAt(person: PersonId): Promise<number | null>
  /**
   * Destroys the person's key, openings and words, and writes `entry`, in one transaction; no file
   * of the store holds them when it resolves. Else nothing is written: an elevation is `open`, or
   * there was `nothing` to erase.
   */
  erase(person: PersonId, entry: Entry): Promise<Erased>
}

/** `index` is the entry's. */
export type Erased = { readonly kind: 'erased'; readonly index: number } | { readonly kind: 'open' | 'nothing' }

/** The signed tree over the entries, as it is served: C2SP tlog-tiles. */
export interface LedgerLog {
  /** verifier key of the broker's signatures, C2SP signed-note text */
  readonly key: string
  /** the latest signed checkpoint */
  checkpoint(): Promise<Uint8Array>
  /** `tile/0/000`, `tile/entries/000.p/5`, …; null where the tree has no such file */
  file(path: string): Promise<Uint8Array | null>
  /** resolves when the entry at this index is under a signed checkpoint; rejects after a second */
  included(index: number): Promise<void>
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
  /** Makes the role's inline deny of ended sessions exactly this; none = the policy is removed. */
  denyEnded(role: RoleIn, denied: DenySet): Promise<AwsAnswer<null>>
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
  /**
   * Stops every queued or running query of the workgroup submitted at or after `since`; their ids.
   */
  stopSince(
    workgroup: { readonly region: string; readonly name: string },
    since: Instant
  ): Promise<AwsAnswer<readonly string[]>>
}

/** A table or view as Glue has it; types are Glue's own text, such as `struct<zip:string>`. */
export type CatalogTable = {
  readonly type: 'table' | 'view'
  /** in Glue's order, then the partition keys, which Athena shows as the last columns */
  readonly columns: readonly (readonly [name: string, type: string])[]
  readonly partitionKeys: readonly string[]
  /** Glue's `VersionId`: another one at each change of the table */
  readonly version: string | null
}

/** Where the tables of a target are described. */
export type CatalogPlace = {
  readonly region: string
  /** whose Glue Data Catalog: twelve digits */
  readonly account: string
  readonly databases: readonly string[]
}

/** `at` is the instant before the first call: nothing in it is older. */
export type CatalogSnapshot = {
  readonly at: Instant
  /** by `database.table` */
  readonly tables: ReadonlyMap<string, CatalogTable>
}

export interface Catalogs {
  /**
   * Every table of the databases that the broker may see, all pages or an error, never a part.
   * Glue leaves out what the caller has no glue:GetTables on; a database that is not there has no
   * tables, and a table with a column that has no name or no type is left out.
   */
  tables(place: CatalogPlace, at: Instant): Promise<AwsAnswer<CatalogSnapshot>>
}

/** Requests seen, so that one sent again is not run again: by no replica, after no restart. */
export interface Seen {
  /**
   * True for the first who claims the key, false for everybody after; durable when it resolves. It
   * is remembered at least until `until`, which is no more than an hour away.
   */
  claim(key: string, until: Instant): Promise<boolean>
}

/** Whose turn it is to tell people: one process at a time, and how far it has read. */
export interface SlackTurn {
  /**
   * Takes the turn or keeps it until then. The ledger index to read on from; null = another has it.
   * The first turn of all starts at the ledger's end.
   */
  take(owner: string, now: Instant, until: Instant): Promise<number | null>
  /** Gives the turn back, where this owner has it. */
  give(owner: string): Promise<void>
  /** Elevations of the entries from `index` on, in their order, and where to read on. */
  changed(
    index: number,
    limit: number
  ): Promise<{ readonly elevations: readonly ElevationId[]; readonly next: number }>
  /** Elevations that are not over, ids above this one, ascending. */
  open(after: ElevationId | null, limit: number): Promise<readonly ElevationId[]>
}

/** A message as it stands: what was wanted, what was sent, and where it is. */
export type SlackMessage = {
  readonly elevation: ElevationId
  /** which of the elevation's messages */
  readonly key: string
  /** id of a channel or of a user, who is told alone */
  readonly place: string
  /** where it is shown; null = it is not */
  readonly posted: { readonly channel: string; readonly ts: string } | null
  /** of what was sent last, or given up */
  readonly digest: string | null
  /** raised each time it should be looked at; the same as `sent` when there is nothing to do */
  readonly wanted: number
  readonly sent: number
  /** failed tries since the last that did not */
  readonly attempts: number
  /** why it will not be tried again as it is; null = it was not given up */
  readonly gaveUp: string | null
}

/** A message that is due, with the conversation of its place where that is known. */
export type DueSlackMessage = SlackMessage & { readonly conversation: string | null }

/** To be looked at from `from` on, each place's in the order of `order` (a ledger index). */
export type WantedSlackMessage = Pick<SlackMessage, 'elevation' | 'key' | 'place'> & {
  readonly order: number
  readonly from: Instant
}

/** What became of a look at a message; `wanted` is what it was at the look. */
export type SlackOutcome = Pick<SlackMessage, 'elevation' | 'key' | 'place' | 'wanted'> &
  (
    | {
        readonly kind: 'shown'
        readonly posted: NonNullable<SlackMessage['posted']>
        readonly digest: string
        /** when the place may be told something again */
        readonly next: Instant
      }
    /** nothing had to be sent; `gone`: it is shown no more */
    | { readonly kind: 'nothing' | 'gone' }
    | { readonly kind: 'gave_up'; readonly code: string; readonly digest: string }
    | { readonly kind: 'retry'; readonly at: Instant }
  )

export interface SlackMessages {
  /** every message of the elevation, by key */
  of(elevation: ElevationId): Promise<readonly SlackMessage[]>
  /**
   * Messages to be looked at, and the index to read on from (null = as it is), in one transaction.
   * One that waits already keeps its order. False: the owner has lost its turn, nothing is written.
   */
  want(owner: string, wanted: readonly WantedSlackMessage[], next: number | null): Promise<boolean>
  /** Of every place that may be told something now the message that comes first, oldest first. */
  due(now: Instant, limit: number): Promise<readonly DueSlackMessage[]>
  /** What was wanted meanwhile stays wanted. */
  note(outcome: SlackOutcome): Promise<void>
  /** Free text of the last denial or revocation of the elevation; null = none was given. */
  word(elevation: ElevationId): Promise<string | null>
}
