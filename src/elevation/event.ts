/**
 * What a transition says to the ledger. Free text never enters `data`: it goes into `personal`,
 * of which the ledger keeps only salted commitments.
 */
import type { ElevationId, Instant, PersonId, TargetId } from './ids.ts'

export type EventType =
  | 'elevation.requested'
  | 'approval.recorded'
  | 'elevation.approved'
  | 'elevation.denied'
  | 'elevation.cancelled'
  | 'elevation.lapsed'
  | 'elevation.startable'
  | 'issue.intent'
  | 'issue.takeover'
  | 'issue.failed'
  | 'session.issued'
  | 'session.vended'
  | 'elevation.ending'
  | 'ending.retried'
  | 'access.removed'
  | 'session.denied'
  | 'elevation.stuck'
  | 'elevation.ended'
  | 'grant.orphaned'
  | 'attempt.refused'
  | 'query.allowed'
  | 'query.refused'
  | 'query.ended'
  | 'ledger.read'
  | 'ledger.key_rotated'
  | 'ledger.restored'
  | 'store.copied'
  | 'breakglass.used'
  | 'breakglass.reviewed'
  | 'policy.changed'
  | 'policy.refused'
  | 'access.locked'
  | 'access.unlocked'
  | 'finding.opened'
  | 'finding.closed'
  | 'finding.waived'

/** JSON that RFC 8785 prints without choices: no floats. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Free text with the salt (32 random bytes, hex) under which the ledger commits to it. */
export type Personal = { readonly salt: string; readonly value: string }

/** What shows that a vote was its voter's: the sign-in of their token, or what Slack signed. */
export type VoteEvidence = {
  /** `auth_time`, RFC 3339 */
  readonly signedInAt?: string
  readonly acr?: string
  /** SHA-256 of the base string of Slack's request signature, as hex */
  readonly signatureBase?: string
}

export type LedgerEvent = {
  readonly type: EventType
  readonly at: Instant
  readonly actor: PersonId | 'broker'
  readonly elevation: ElevationId | null
  readonly target: TargetId | null
  readonly policyDigest: string | null
  readonly data: { readonly [key: string]: Json }
  readonly personal?: Readonly<Record<string, Personal>>
}
