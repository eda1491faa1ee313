/** Elevations in every state, made by hand, for tests that store and read them. */
import type {
  Active,
  Approved,
  Elevation,
  Ended,
  Ending,
  Intent,
  Issuing,
  Pending,
  State
} from '../src/elevation/elevation.ts'
import {
  type ElevationId,
  type Instant,
  instant,
  parseElevationId,
  parsePersonId,
  parseRuleId,
  parseTargetId,
  type PersonId,
  seconds,
  type TargetId
} from '../src/elevation/ids.ts'

const known = <T>(value: T | null): T => {
  if (value === null) throw new Error('a fixture is not well formed')
  return value
}

export const start = instant(Date.UTC(2026, 10, 21, 10))
/** `start` plus so many minutes */
export const at = (minutes: number): Instant => instant(start + minutes * 60_000)

const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** The n-th id; ids sort as their numbers do. */
export const idOf = (n: number): ElevationId => {
  const places = Array.from({ length: 16 }, (_, place) => digits[Math.floor(n / 32 ** place) % 32])
  return known(parseElevationId(`01KAJTH8G0${places.toReversed().join('')}`))
}

export const person = (name: string): PersonId => known(parsePersonId(name))
export const target = (name: string): TargetId => known(parseTargetId(name))

export const roleArn = 'arn:aws:iam::123456789012:role/sallyport-claims'

export type Given = {
  readonly requester?: PersonId
  readonly target?: TargetId
  readonly reason?: string
}

export const pending = (id: ElevationId, given: Given = {}): Pending => ({
  id,
  ask: {
    requester: given.requester ?? person('alice'),
    target: given.target ?? target('claims-pii'),
    duration: seconds(3600),
    reason: given.reason ?? 'Fraud case CLM-1: “duplicate payments”',
    ticket: 'CLM-1',
    tables: ['claims.claims', 'claims.customers'],
    columns: null,
    breakGlass: false
  },
  askDigest: 'sha256:00',
  terms: {
    rule: known(parseRuleId('claims-investigation')),
    mode: 'brokered',
    maxDuration: seconds(14_400),
    quorum: 1,
    approvers: null,
    sets: [],
    within: seconds(7200),
    activateWithin: seconds(28_800)
  },
  policyDigest: 'sha256:11',
  createdAt: start,
  state: 'pending',
  approvals: [],
  decideBy: at(120)
})

const decided = (id: ElevationId, given: Given) => {
  const { state, approvals, decideBy, ...base } = pending(id, given)
  return { ...base, approvals: [{ by: person('bob'), at: at(1), via: 'cli' as const }], decidedAt: at(1) }
}

export const approved = (id: ElevationId, given: Given = {}): Approved => ({
  ...decided(id, given),
  state: 'approved',
  activateBy: at(480)
})

const intent = (id: ElevationId, notAfter: Instant): Intent => ({
  sessionName: `jit-${id}`,
  region: 'eu-west-1',
  workgroup: 'claims-pii',
  roleArn,
  sessionArn: `arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-${id}`,
  sessionPolicy: '{}',
  grants: [],
  startedAt: at(2),
  notAfter
})

export const issuing = (id: ElevationId, given: Given = {}): Issuing => ({
  ...decided(id, given),
  state: 'issuing',
  intent: intent(id, at(62)),
  lease: { owner: 'one', until: at(3) }
})

const session = (id: ElevationId) => ({
  assumedRoleId: `AROAEXAMPLE:jit-${id}`,
  accessKeyId: 'ASIAEXAMPLE'
})

export const active = (id: ElevationId, notAfter: Instant = at(62)): Active => ({
  ...decided(id, {}),
  state: 'active',
  intent: intent(id, notAfter),
  session: session(id),
  grants: [],
  issuedAt: at(2)
})

export const ending = (id: ElevationId, notAfter: Instant = at(62)): Ending => {
  const { state, issuedAt, ...rest } = active(id, notAfter)
  return {
    ...rest,
    state: 'ending',
    how: 'revoked',
    by: person('carol'),
    endingSince: at(30),
    attempts: 0,
    retryAt: at(31),
    stuckSince: null,
    sweepAt: at(45)
  }
}

export const ended = (id: ElevationId, notAfter: Instant = at(62)): Ended => {
  const { state, grants, issuedAt, ...rest } = active(id, notAfter)
  return { ...rest, state: 'ended', how: 'expired', by: 'broker', endedAt: at(63) }
}

/** One of each state; the key of each is its state. */
export const everyState = (
  id: ElevationId
): { readonly [S in State]: Elevation & { state: S } } => {
  const { state, decideBy, ...asked } = pending(id)
  const { lease, ...issued } = issuing(id)
  return {
    pending: pending(id),
    approved: approved(id),
    issuing: issuing(id),
    active: active(id),
    ending: ending(id),
    ended: ended(id),
    denied: { ...asked, state: 'denied', by: person('bob'), decidedAt: at(1) },
    cancelled: { ...asked, state: 'cancelled', by: person('alice'), cancelledAt: at(1) },
    lapsed: { ...asked, state: 'lapsed', why: 'not_decided', lapsedAt: at(120) },
    failed: { ...issued, state: 'failed', failedAt: at(3) }
  }
}
