/**
 * What the broker knows of posture and how it comes to know it: who collects facts, where findings
 * are kept from one scan to the next, and what a decision reads. A rejected promise means broken
 * infrastructure.
 */
import type { Instant, TargetId } from './elevation/ids.ts'
import type { Entry } from './ledger/entry.ts'
import type { Committed } from './ports.ts'
import type { Facts } from './posture/facts.ts'
import type { Figures } from './posture/figures.ts'
import type { Finding, Severity } from './posture/finding.ts'
import type { Door } from './posture/side-doors-door.ts'

export interface Collector {
  /** What AWS says now, gaps included; not ok: there is nothing to judge, and why in a word. */
  collect(
    signal: AbortSignal
  ): Promise<
    { readonly ok: true; readonly facts: Facts } | { readonly ok: false; readonly code: string }
  >
}

/** What a decision reads of a target: its findings as the latest snapshot shows them. */
export type KnownFindings = {
  /** when that snapshot was begun */
  readonly at: Instant
  /** those not closed, waived ones with their waiver; worst first */
  readonly findings: readonly Finding[]
}

export interface PostureKnown {
  /** null = nothing was ever looked at */
  knownOf(target: TargetId): Promise<KnownFindings | null>
}

/** A finding from when it was first seen until it is closed; one that comes back begins anew. */
export type KeptFinding = {
  readonly finding: Finding
  readonly openedAt: Instant
  /** begin of the latest snapshot that shows it */
  readonly seenAt: Instant
  readonly closedAt: Instant | null
}

/** Which one of a finding's lives. */
export type FindingKey = Pick<Finding, 'id'> & Pick<KeptFinding, 'openedAt'>

/** Counts beside counts, as `posture/figures.ts` says what is in order. */
export type PostureShares = Pick<Figures, 'workgroups' | 'locations'>

export type Scanned = {
  /** when the snapshot was begun */
  readonly at: Instant
  readonly shares: PostureShares
  /** open findings that it could not look at */
  readonly unseen: readonly string[]
}

/** A part of what a scan changes; the snapshot counts from the part that has `scanned`. */
export type FindingsChange = {
  /** who must have the turn at `now` */
  readonly owner: string
  readonly now: Instant
  readonly opened: readonly Finding[]
  /** those that are still there, with another text, severity, owner or waiver */
  readonly changed: readonly (FindingKey & { readonly finding: Finding })[]
  readonly closed: readonly FindingKey[]
  readonly scanned: Scanned | null
}

export type ScanTurn = {
  /** of the latest snapshot; null = there is none */
  readonly at: Instant | null
  /** when somebody last asked for a scan; null = nobody has */
  readonly wantedAt: Instant | null
}

export type FindingFigures = {
  readonly at: Instant | null
  readonly shares: PostureShares | null
  /** not waived; null = touches no target */
  readonly open: readonly {
    readonly severity: Severity
    readonly target: TargetId | null
    readonly count: number
  }[]
  /** of those closed since that instant: how long they were open on average; null = none was */
  readonly remedySeconds: number | null
}

/** A finding with its message in a channel. */
export type FindingAlert = KeptFinding & {
  readonly alertedAt: Instant | null
  readonly remindedAt: Instant | null
  /** where it was told; null = it was not */
  readonly posted: { readonly channel: string; readonly ts: string } | null
}

export interface Findings extends PostureKnown {
  /** What is known, without anybody's turn. */
  scanState(): Promise<ScanTurn>
  /** Takes the turn to scan or keeps it until then; null = another has it. */
  takeScan(turn: {
    readonly owner: string
    readonly now: Instant
    readonly until: Instant
  }): Promise<ScanTurn | null>
  giveScan(owner: string): Promise<void>
  /** Whoever has the next turn scans, however recent the latest snapshot is. */
  wantScan(at: Instant): Promise<void>
  /** Every finding that is not closed, by id. */
  openFindings(): Promise<readonly KeptFinding[]>
  /** Closed at `since` or later, by when. */
  closedFindings(since: Instant, limit: number): Promise<readonly KeptFinding[]>
  /**
   * Rows and entries in one transaction. `conflict`: the turn is lost or another was faster with
   * one of the findings; nothing was written.
   */
  keepFindings(change: FindingsChange, entries: readonly Entry[]): Promise<Committed>
  /** `since`: closings before are not averaged. */
  findingFigures(since: Instant): Promise<FindingFigures>
}

/** Requests to one key on one day, as the fullest reading of its log told them. */
export type KeyUseDay = {
  /** `2026-11-20`, UTC */
  readonly day: string
  readonly key: string
  readonly costCenter: string
  /** Decrypt and GenerateDataKey */
  readonly requests: number
  /** of them those that S3 made for one object, for want of a Bucket Key */
  readonly withoutBucketKey: number
  /** USD, estimated */
  readonly cost: number
}

/** The same of a month, `2026-11`; of two cost centers in it a row each. */
export type KeyUseMonth = Omit<KeyUseDay, 'day'> & { readonly month: string }

export interface KeyUses {
  /**
   * Of two readings of a day the one with more requests counts: logs that are read again, or in
   * part, change nothing. Days before `since` are forgotten.
   */
  keepKeyUse(days: readonly KeyUseDay[], since: string): Promise<void>
  /** Of `2026-11` and later months, those with the most requests first. */
  keyUse(since: string, limit: number): Promise<readonly KeyUseMonth[]>
}

/** Whom to tell of findings, and what was told. */
export interface FindingAlerts {
  /**
   * Findings with something to tell: open, touching a target and never told, or told before
   * `remindBefore` and not reminded; or closed and told of as open. Oldest first.
   */
  dueAlerts(remindBefore: Instant, limit: number): Promise<readonly FindingAlert[]>
  /** What was told, and where it is. */
  noteAlert(
    key: FindingKey,
    told: {
      readonly kind: 'opened' | 'reminded' | 'closed'
      readonly at: Instant
      readonly posted: NonNullable<FindingAlert['posted']> | null
    }
  ): Promise<void>
}

/** Who reads classified tables without an elevation, as a snapshot shows it. */
export type SeenDoors = {
  /** when that snapshot was begun */
  readonly at: Instant
  /** how many there are; those beyond the first of them are not kept */
  readonly count: number
  readonly doors: readonly Door[]
}

export interface SideDoors {
  /** Of the latest snapshot that was searched for them; null = none was yet. */
  sideDoors(): Promise<SeenDoors | null>
  /** What is older than those that are kept changes nothing. */
  keepSideDoors(seen: SeenDoors): Promise<void>
}
