/**
 * A loaded policy: every name resolved, every pattern parsed. Made by load.ts alone; decide.ts
 * reads it.
 */
import type { Channel, Mode } from '../elevation/elevation.ts'
import type { Instant, PersonId, RuleId, Seconds, TargetId } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import type { FindingCode, Severity } from './finding-codes.ts'
import type { Glob } from './glob.ts'

export type Person = {
  readonly id: PersonId
  readonly emails: readonly string[]
  /** `sub` values of tokens that are this person; by default the id itself */
  readonly subjects: readonly string[]
  /** groups, nested ones included */
  readonly groups: ReadonlySet<string>
  /** Slack accounts that are this person; a user id means nothing without its team */
  readonly slack: readonly { readonly team: string; readonly user: string }[]
  readonly active: boolean
}

/** `person:ID` or `group:NAME` as written. */
export type SubjectRef = { readonly kind: 'person' | 'group'; readonly name: string }

export type { Channel }

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** Times of the week by a zone's wall clock (IANA name), whatever its offset is that day. */
export type When = {
  readonly days: ReadonlySet<Weekday>
  /** minutes since midnight, `from` < `to` <= 1440; null = the whole day */
  readonly hours: { readonly from: number; readonly to: number } | null
  readonly zone: string
}

/**
 * What a token must say of its sign-in (OpenID Connect Core 1.0, section 2: auth_time, acr, amr).
 */
export type SignIn = {
  /** how long ago it may have been at most; null = any */
  readonly within: Seconds | null
  /** one of these; null = any */
  readonly acr: readonly string[] | null
  /** all of these; empty = any */
  readonly amr: readonly string[]
}

/** So many different people out of these. */
export type ApprovalSet = { readonly of: readonly SubjectRef[]; readonly atLeast: number }

export type PeopleApproval = {
  readonly kind: 'people'
  /**
   * Every set needs its own people: one human is counted for one set only. `from: [a, b]` with
   * `quorum: n` is one set.
   */
  readonly sets: readonly [ApprovalSet, ...ApprovalSet[]]
  /** different people in all, at least the sum of the sets */
  readonly quorum: number
  readonly within: Seconds
  /** where a vote may come from */
  readonly via: ReadonlySet<Channel>
  /** what the approver's sign-in must be; null = any */
  readonly signIn: SignIn | null
  /** `request`: who joins the approvers after the ask may not decide it */
  readonly membershipAsOf: 'request' | 'now'
  /** the requester must not have approved an ask of the approver within this length; null = may */
  readonly noReciprocalWithin: Seconds | null
  /** Slack channel where an ask is announced; null = each approver is told alone */
  readonly channel: string | null
  /** when people are told again that an ask waits; absent = they are not */
  readonly reminders?: Reminders
}

/** Whoever is told more often may decide no more than before. */
export type Reminders = {
  /** those who may decide, where the ask was announced; null = not */
  readonly remindAfter: Seconds | null
  /** others besides; null = not */
  readonly escalate: { readonly after: Seconds; readonly to: readonly SubjectRef[] } | null
}

/** Approved as soon as asked: only where it is written down, and only so often. */
export type AutoApproval = {
  readonly kind: 'auto'
  /** per person and target within 24 hours */
  readonly perDay: number
}

/** No approval before, a review after: the next one waits until somebody else has reviewed this. */
export type BreakGlass = {
  readonly kind: 'breakGlass'
  /** everybody who is told at once */
  readonly notify: readonly SubjectRef[]
  /** who may review it afterwards */
  readonly review: readonly SubjectRef[]
  /** Slack channel where it is announced besides */
  readonly channel: string | null
}

export type Caps = {
  /** undecided asks of one person, on all targets */
  readonly pending: number
  /** elevations of one person on one target at the same time, from the ask until they end */
  readonly active: number
  /** lengths of one person's windows on one target within 24 hours, added up; null = no cap */
  readonly perDay: Seconds | null
}

/** Findings that block, and how long ago the target may have been looked at at most. */
export type PostureGate = {
  readonly block:
    | { readonly kind: 'severity'; readonly floor: Severity }
    | { readonly kind: 'codes'; readonly codes: readonly FindingCode[] }
  readonly within: Seconds
}

export type Rule = {
  readonly id: RuleId
  readonly targets: readonly TargetId[]
  readonly requesters: readonly SubjectRef[]
  readonly maxDuration: Seconds
  readonly activateWithin: Seconds
  /** how far ahead a start may be scheduled; absent = it may not be */
  readonly startAhead?: Seconds
  /** how many extensions in a row may go on from one window; absent = 1 */
  readonly extensions?: number
  readonly mode: Mode
  /** when it may be asked, decided and started; empty = always */
  readonly when: readonly When[]
  /** where it may be asked */
  readonly via: ReadonlySet<Channel>
  readonly reasonMinLength: number
  /** what a ticket must look like; null = none is asked for */
  readonly ticket: Glob | null
  /** what the requester's sign-in must be at the ask and at the start; null = any */
  readonly signIn: SignIn | null
  /** which findings on the target keep it from being used; absent = none does */
  readonly posture?: PostureGate
  readonly caps: Caps
  readonly approval: PeopleApproval | AutoApproval | BreakGlass
  /** what queries may read; null = nothing beyond the target's tables is restricted */
  readonly guardrail: Guardrail | null
  /** so many refused queries of an elevation end it; null = they are only counted */
  readonly endAfterRefusals: number | null
  /** whether what runs ends when a new policy gives less */
  readonly revokeOnChange: boolean
}

export type Deny = {
  readonly id: RuleId
  readonly requesters: readonly SubjectRef[]
  /** null = every target */
  readonly targets: readonly TargetId[] | null
  /** empty = always */
  readonly when: readonly When[]
}

/** What queries may read; the document of `policies/guardrails/` and of `sallyport guard`. */
export type Guardrail = Restrictions & { readonly id: string }

/** Names without a database are the default database's. */
export type Restrictions = {
  /** `database.table`; null = every table asked for */
  readonly tables: readonly string[] | null
  /** `database.table` → columns that are never read */
  readonly denyColumns: Readonly<Record<string, readonly string[]>>
  /** `database.table` → columns that are read only within aggregates */
  readonly aggregateOnlyColumns: Readonly<Record<string, readonly string[]>>
  readonly requirePartitionPredicate: boolean
  /** the largest LIMIT that every query must have; null = none is needed */
  readonly requireLimit: number | null
  readonly forbidCrossJoin: boolean
  readonly forbidFunctions: readonly string[]
  readonly defaultDatabase: string | null
}

/** One expectation beside the policy, for `policy test`. */
export type PolicyTest = {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly at: Instant
  readonly as: PersonId
  readonly via: Channel
  readonly ask: {
    readonly target: string
    readonly duration: string
    readonly reason: string
    readonly ticket: string | null
    readonly tables: readonly string[] | null
    readonly columns: readonly string[] | null
    readonly breakGlass: boolean
    /** null = as soon as it is approved */
    readonly startAt: Instant | null
  }
  /** seconds since the sign-in, its acr and amr; null = a channel without a token */
  readonly signIn: {
    readonly ago: Seconds | null
    readonly acr: string | null
    readonly amr: readonly string[]
  } | null
  /** what the person has already, as caps count it; zero where left out */
  readonly standing: {
    readonly pending: number
    readonly open: number
    readonly secondsInDay: number
    readonly autoInDay: number
    readonly hasUnreviewed: boolean
  }
  /** what is open on the target, looked at that moment; null = nothing is known */
  readonly findings: readonly { readonly code: FindingCode; readonly severity: Severity }[] | null
  readonly expect: {
    readonly decision: 'needs_approval' | 'approved' | 'deny'
    /** null = not looked at */
    readonly rule: string | null
    readonly approvers: readonly string[] | null
    /** conditions that must be among the unmet */
    readonly unmet: readonly string[]
  }
}

/** Duties apart from rules: reading the ledger, operating, ending anybody's elevation. */
export type Role = 'auditor' | 'operator' | 'security'

/** A finding that somebody answers for until a day; at `until` it counts again. */
export type Waiver = {
  readonly finding: FindingCode
  /** ARN, compared exactly */
  readonly resource: string
  readonly reason: string
  readonly by: PersonId
  readonly from: Instant
  readonly until: Instant
}

/** What workgroups, keys, roles and buckets must be like; the standard where nothing is written. */
export type Posture = {
  /** the longest period of a key's rotation */
  readonly maxRotation: Seconds
  /** first word of `alias/ENV-APP-PURPOSE`; null = any */
  readonly environments: readonly string[] | null
  /** tags that every workgroup and every customer managed key has */
  readonly requiredTags: readonly string[]
  readonly maxTargetsPerKey: number
  /** the largest limit of bytes that a workgroup may set per query; null = any, but one */
  readonly maxScanBytes: number | null
  /** a workgroup without a query for this length is unused */
  readonly unusedAfter: Seconds
  /** so many grants on one key are told; AWS's quota is 50,000 */
  readonly grantsWarnAt: number
  readonly waivers: readonly Waiver[]
}

export type Policy = {
  /** `sha256:` and hex over the canonical form of all documents */
  readonly digest: string
  readonly people: ReadonlyMap<PersonId, Person>
  /** every `sub` of every person, inactive ones included; no `sub` belongs to two */
  readonly bySubject: ReadonlyMap<string, PersonId>
  /** by `TEAM/USER` */
  readonly bySlack: ReadonlyMap<string, PersonId>
  readonly targets: ReadonlyMap<TargetId, Target>
  readonly rules: readonly Rule[]
  readonly denies: readonly Deny[]
  readonly roles: Readonly<Record<Role, readonly SubjectRef[]>>
  readonly guardrails: ReadonlyMap<string, Guardrail>
  readonly posture: Posture
  readonly tests: readonly PolicyTest[]
}

export type PolicyFile = { readonly path: string; readonly text: string }

export type PolicyIssue = {
  readonly file: string
  /** 1-based; 0 where the file as a whole is meant */
  readonly line: number
  /** `rules[2].approval.quorum` */
  readonly path: string
  readonly code:
    | 'not_yaml'
    | 'unknown_key'
    | 'wrong_type'
    | 'missing'
    | 'bad_value'
    | 'duplicate'
    | 'unresolved'
    | 'empty_approvers'
    | 'impossible_quorum'
    | 'contradiction'
    | 'too_large'
    | 'unsafe_file'
    | 'nothing'
  readonly severity: 'error' | 'warning'
  readonly message: string
}
