/**
 * One ask and all that becomes of it. The union on `state` gives every state exactly the fields
 * that exist in it; only transitions.ts makes the next one.
 */
import type { ElevationId, Instant, PersonId, RuleId, Seconds, TargetId } from './ids.ts'

/** brokered: credentials never leave the broker; credentials: the analyst's own tools get them. */
export type Mode = 'brokered' | 'credentials'

/** What was asked. Its digest is what an approver approves and what is issued. */
export type Ask = {
  readonly requester: PersonId
  readonly target: TargetId
  readonly duration: Seconds
  readonly reason: string
  readonly ticket: string | null
  /** `database.table`, sorted, never empty */
  readonly tables: readonly string[]
  /** `database.table.column`; null = every column of the tables */
  readonly columns: readonly string[] | null
  /** asked without an approval before, under a rule that allows it and has it reviewed after */
  readonly breakGlass: boolean
  /** the one query that may run, where the ask is bound to one */
  readonly query?: AskedQuery
  /** the window does not start before; absent = as soon as it is approved */
  readonly startAt?: Instant
  /** the window that this one goes on from, where it was asked as an extension */
  readonly extends?: Extends
}

/**
 * What an extension goes on from, as it was when it was asked. The extended window stays as long as
 * it is.
 */
export type Extends = {
  readonly elevation: ElevationId
  /** when that window is over */
  readonly notAfter: Instant
  /** the place of this ask in its chain: 2 = it extends one that extends nothing */
  readonly place: number
  /** windows of the chain before this one, as issued, added up */
  readonly seconds: Seconds
}

/** A query that an ask is bound to. Its text is nobody's but the requester's. */
export type AskedQuery = {
  /** SHA-256 of the salted exact text, hex, as the ask's ledger entry commits to it */
  readonly commitment: string
  /** the query in one line without its literals */
  readonly shape: string
  /** `database.table` → its columns, sorted */
  readonly reads: Readonly<Record<string, readonly string[]>>
}

/**
 * The terms under which the policy let the ask through, kept so that the narrower of then and now
 * holds.
 */
export type Terms = {
  readonly rule: RuleId
  readonly mode: Mode
  /** what runs ends when a new policy gives less; absent = it runs to its end */
  readonly revokeOnChange?: true
  /** name of the rule's guardrail when it was asked, where it had one */
  readonly guardrail?: string
  readonly maxDuration: Seconds
  /** different people who have to approve; 0 where the rule approves by itself */
  readonly quorum: number
  /**
   * Who could decide when it was asked, sorted, where the rule counts only them; null = whoever can
   * at the vote
   */
  readonly approvers: readonly PersonId[] | null
  /**
   * out of whom how many had to approve when it was asked; empty where the rule approves by itself
   */
  readonly sets: readonly {
    readonly of: readonly { readonly kind: 'person' | 'group'; readonly name: string }[]
    readonly atLeast: number
  }[]
  /** a pending ask not decided by then lapses */
  readonly within: Seconds
  /** an approval not used by then lapses */
  readonly activateWithin: Seconds
}

/**
 * Where an ask or a vote comes from. `cli`: the HTTP API with a bearer token, as the CLI uses it.
 */
export type Channel = 'slack' | 'console' | 'cli'

export type Approval = { readonly by: PersonId; readonly at: Instant; readonly via: Channel }

/** One KMS grant to be made, written down before the call so that a retry is byte-equal. */
export type PlannedGrant = {
  readonly name: string
  readonly keyArn: string
  /** `aws:s3:arn` the grant is constrained to; null where objects do not share one context */
  readonly bucketArn: string | null
}

/** Durable before the first AWS call that creates something (invariant 4). */
export type Intent = {
  readonly sessionName: string
  readonly region: string
  readonly workgroup: string
  readonly roleArn: string
  readonly sessionArn: string
  readonly sessionPolicy: string
  readonly grants: readonly PlannedGrant[]
  readonly startedAt: Instant
  readonly notAfter: Instant
}

/**
 * Until when the issuer may be trusted to be alive. Its fencing token is the row's version: whoever
 * takes over changes the row first, and the former issuer's compare-and-set then fails.
 */
export type Lease = { readonly owner: string; readonly until: Instant }

export type IssuedGrant = PlannedGrant & { readonly grantId: string }

/** What is remembered of the STS session; its secret parts exist only in memory. */
export type Session = { readonly assumedRoleId: string; readonly accessKeyId: string }

type Base = {
  readonly id: ElevationId
  readonly ask: Ask
  readonly askDigest: string
  readonly terms: Terms
  readonly policyDigest: string
  readonly createdAt: Instant
}

type Decided = Base & { readonly approvals: readonly Approval[]; readonly decidedAt: Instant }
type Issued = Decided & { readonly intent: Intent }

export type EndReason = 'expired' | 'revoked' | 'released'
/** `failed`: AWS refused, or the issuer died; nothing was delivered, what it made is removed. */
export type EndingReason = EndReason | 'failed'
/** Why somebody's elevation ended that nobody named: `access_locked`, or what a new policy says. */
export type EndCause = 'access_locked' | 'person_inactive' | 'policy_narrowed'

export type Pending = Base & {
  readonly state: 'pending'
  readonly approvals: readonly Approval[]
  readonly decideBy: Instant
}
export type Approved = Decided & {
  readonly state: 'approved'
  readonly activateBy: Instant
  /** of a scheduled one: when its start had come and the policy was found to allow it still */
  readonly startableSince?: Instant
}
export type Issuing = Issued & { readonly state: 'issuing'; readonly lease: Lease }
export type Active = Issued & {
  readonly state: 'active'
  readonly session: Session
  readonly grants: readonly IssuedGrant[]
  readonly issuedAt: Instant
  /** queries that the guard refused so far; none where it is not there */
  readonly refusedQueries?: number
}
export type Ending = Issued & {
  readonly state: 'ending'
  readonly how: EndingReason
  readonly by: PersonId | 'broker'
  readonly session: Session | null
  /** grants known by id; an issuer that died may have made others, found by name */
  readonly grants: readonly IssuedGrant[]
  readonly endingSince: Instant
  readonly attempts: number
  readonly retryAt: Instant
  /** set when ending has not succeeded for long: visible, alerting, still retried */
  readonly stuckSince: Instant | null
  /** nothing can be in flight any more from then on; only a sweep after it may end the elevation */
  readonly sweepAt: Instant
  /** when all that was known had been removed */
  readonly removedAt?: Instant
  /** when a sweep after `sweepAt` found nothing */
  readonly sweptAt?: Instant
  /** when AWS was first seen to refuse the session */
  readonly deniedAt?: Instant
}
export type Ended = Issued & {
  readonly state: 'ended'
  readonly how: EndReason
  readonly by: PersonId | 'broker'
  readonly session: Session | null
  /** when AWS was first seen to refuse the session; absent where nobody ever had one */
  readonly deniedAt?: Instant
  readonly endedAt: Instant
}
export type Denied = Base & {
  readonly state: 'denied'
  readonly approvals: readonly Approval[]
  readonly by: PersonId
  readonly decidedAt: Instant
}
export type Cancelled = Base & {
  readonly state: 'cancelled'
  readonly approvals: readonly Approval[]
  readonly by: PersonId
  readonly cancelledAt: Instant
}
export type LapseReason = 'not_decided' | 'not_activated' | 'policy_changed' | 'extended_revoked'
export type Lapsed = Base & {
  readonly state: 'lapsed'
  readonly approvals: readonly Approval[]
  readonly why: LapseReason
  /** what the policy no longer allows, one sentence each, where that is why */
  readonly reasons?: readonly string[]
  readonly lapsedAt: Instant
}
export type Failed = Issued & {
  readonly state: 'failed'
  readonly failedAt: Instant
}

export type Elevation =
  Pending | Approved | Issuing | Active | Ending | Ended | Denied | Cancelled | Lapsed | Failed

export type State = Elevation['state']

/** States that never change again; the store refuses to update such a row. */
export const terminalStates = ['ended', 'denied', 'cancelled', 'lapsed', 'failed'] as const

/** `notAfter` of the window once it runs; null before. */
export const notAfterOf = (elevation: Elevation): Instant | null =>
  'intent' in elevation ? elevation.intent.notAfter : null

/** The window's length as issued, or as asked while there is none, in seconds. */
export const windowSeconds = (elevation: Elevation): number =>
  'intent' in elevation
    ? Math.ceil((elevation.intent.notAfter - elevation.intent.startedAt) / 1000)
    : elevation.ask.duration

/**
 * Whether an approved elevation still waits for its start, at which it is looked at again. What was
 * approved after its start waits for nothing.
 */
export const isScheduled = ({ ask, decidedAt, startableSince }: Approved): boolean =>
  ask.startAt !== undefined && ask.startAt > decidedAt && startableSince === undefined

/** When a worker has to look at it next; null once terminal. */
export const dueAt = (elevation: Elevation): Instant | null => {
  switch (elevation.state) {
    case 'pending':
      return elevation.decideBy
    case 'approved':
      return isScheduled(elevation) ? (elevation.ask.startAt ?? null) : elevation.activateBy
    case 'issuing':
      return elevation.lease.until
    case 'active':
      return elevation.intent.notAfter
    case 'ending':
      return elevation.retryAt
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return null
  }
}
