/**
 * Every change of state, each a pure function that takes the one state it is legal in and returns
 * the next state with its ledger events, or a refusal. Nothing else makes an `Elevation`.
 * Deciding: request, approve, deny, cancel, lapse; startable is in scheduling.ts. Issuing:
 * beginIssue, issued, vended. Ending: beginEnd, takeOver, retryEnd, awaitSweep, finishEnd.
 */
import type {
  Active,
  Approval,
  Approved,
  Ask,
  Cancelled,
  Channel,
  Denied,
  EndCause,
  Ended,
  Ending,
  EndingReason,
  Extends,
  Failed,
  Intent,
  IssuedGrant,
  Issuing,
  Lapsed,
  LapseReason,
  Lease,
  Pending,
  Session,
  Terms
} from './elevation.ts'
import type { LedgerEvent, Personal, VoteEvidence } from './event.ts'
import { type ElevationId, type Instant, type PersonId, instant, iso, plus, seconds } from './ids.ts'
import { type Removed, isDenied, stepOf } from './probing.ts'
import { type Reason, refuse } from './refusal.ts'
import { decideByOf, tooEarly } from './scheduling.ts'
import { type Step, event, issuedOf, step, undecided } from './step.ts'

export type { Step } from './step.ts'

/**
 * A new ask that the policy let through: pending, or approved at once where its terms ask for no
 * approval. `told`: whom a break-glass ask is announced to.
 */
export const request = (input: {
  readonly id: ElevationId
  readonly ask: Ask
  readonly askDigest: string
  readonly terms: Terms
  readonly via: Channel
  readonly told: readonly PersonId[]
  readonly policyDigest: string
  readonly personal: Readonly<Record<string, Personal>>
  readonly now: Instant
}): Step<Pending | Approved> => {
  const { id, ask, askDigest, terms, via, told, policyDigest, personal, now } = input
  const base = { id, ask, askDigest, terms, policyDigest, createdAt: now, approvals: [] }
  const data = {
    askDigest,
    durationSeconds: ask.duration,
    mode: terms.mode,
    rule: terms.rule,
    tables: ask.tables,
    columns: ask.columns,
    breakGlass: ask.breakGlass,
    ...(ask.query ? { query: { shape: ask.query.shape, reads: ask.query.reads } } : {}),
    ...(ask.startAt === undefined ? {} : { startAt: iso(ask.startAt) }),
    ...(ask.extends ? { extends: extendsData(ask.extends) } : {}),
    via
  }
  const asked = event(base, 'elevation.requested', ask.requester, now, data, personal)
  if (terms.quorum > 0) {
    const decideBy = decideByOf(ask, terms, now)
    if (now >= decideBy) {
      return refuse('lapsed', 'Its start is too long ago for it to be approved. Ask again.')
    }
    return step({ ...base, state: 'pending', decideBy }, asked)
  }
  const announced = event(base, 'breakglass.used', ask.requester, now, { told })
  const { next, event: approved } = approval(base, [], now)
  return step(next, asked, ...(ask.breakGlass ? [announced] : []), approved)
}

/**
 * One person's vote. `isEnough`: the policy counts the votes, this one included, as all that the
 * rule asks for; fewer people than the quorum are never enough. `isReciprocal`: the requester has
 * lately approved an ask of this approver, which auditors want to see.
 */
export const approve = (
  from: Pending,
  vote: {
    readonly by: PersonId
    readonly via: Channel
    readonly isEnough: boolean
    readonly isReciprocal: boolean
    readonly evidence?: VoteEvidence
  },
  now: Instant
): Step<Pending | Approved> => {
  const { by, via } = vote
  if (by === from.ask.requester) {
    return refuse('self_approval', 'Nobody approves their own ask. Let another approver decide it.')
  }
  if (now >= from.decideBy) {
    return refuse('lapsed', 'The ask was not decided in time. The requester may ask again.')
  }
  if (from.approvals.some((given) => given.by === by)) {
    return refuse('already_voted', 'You approved this already. It waits for other approvers.')
  }
  const approvals = [...from.approvals, { by, at: now, via }]
  const recorded = event(from, 'approval.recorded', by, now, {
    askDigest: from.askDigest,
    votes: approvals.length,
    quorum: from.terms.quorum,
    via,
    reciprocal: vote.isReciprocal,
    ...vote.evidence
  })
  if (!vote.isEnough || approvals.length < from.terms.quorum) {
    return step({ ...from, approvals }, recorded)
  }
  const { decideBy: _, ...rest } = from
  const { next, event: approved } = approval(rest, approvals, now)
  return step(next, recorded, approved)
}

/** One denial is final. */
export const deny = (from: Pending, by: PersonId, reason: Personal, now: Instant): Step<Denied> => {
  if (by === from.ask.requester) {
    return refuse('self_approval', 'Nobody decides their own ask. Cancel it instead.')
  }
  if (now >= from.decideBy) {
    return refuse('lapsed', 'The ask was not decided in time; nothing is left to deny.')
  }
  const { decideBy: _, ...rest } = from
  return step(
    { ...rest, state: 'denied', by, decidedAt: now },
    event(from, 'elevation.denied', by, now, { askDigest: from.askDigest }, { reason })
  )
}

/** The requester withdraws, or an approver takes an approval back before it was used. */
export const cancel = (
  from: Pending | Approved,
  by: PersonId,
  now: Instant,
  why?: EndCause
): Step<Cancelled> => {
  const data = { state: from.state, ...(why && { why }) }
  const next: Cancelled = { ...undecided(from), state: 'cancelled', by, cancelledAt: now }
  return step(next, event(from, 'elevation.cancelled', by, now, data))
}

/**
 * Not decided or not used in time, or the policy of now no longer allows what was approved; its
 * unmet conditions where that is why.
 */
export const lapse = (
  from: Pending | Approved,
  why: LapseReason,
  now: Instant,
  unmet: readonly Reason[] = []
): Step<Lapsed> => {
  const conditions = unmet.map(({ condition }) => condition)
  const data = { why, ...(conditions.length > 0 && { conditions }) }
  const reasons = unmet.map(({ message }) => message)
  return step(
    {
      ...undecided(from),
      state: 'lapsed',
      why,
      ...(reasons.length > 0 && { reasons }),
      lapsedAt: now
    },
    event(from, 'elevation.lapsed', 'broker', now, data)
  )
}

/** The requester's act: the window starts now. Durable before anything is created in AWS. */
export const beginIssue = (
  from: Approved,
  { intent, lease, now }: { readonly intent: Intent; readonly lease: Lease; readonly now: Instant }
): Step<Issuing> => {
  const { startAt } = from.ask
  if (startAt !== undefined && now < startAt) return tooEarly(startAt)
  if (now >= from.activateBy) {
    return refuse('lapsed', 'The approval was not used in time. Ask again.')
  }
  const longest = Math.min(from.ask.duration, from.terms.maxDuration)
  if (intent.notAfter > plus(now, seconds(longest)) || intent.notAfter <= now) {
    throw new RangeError('the window is not the one that was approved')
  }
  const { activateBy: _, startableSince: __, ...rest } = from
  return step(
    { ...rest, state: 'issuing', intent, lease },
    event(from, 'issue.intent', from.ask.requester, now, {
      sessionName: intent.sessionName,
      role: intent.roleArn,
      grants: intent.grants.map(({ name, keyArn }) => ({ name, key: keyArn })),
      notAfter: iso(intent.notAfter)
    })
  )
}

/** AWS made everything; only the issuer whose version still stands can commit this. */
export const issued = (
  from: Issuing,
  made: { readonly session: Session; readonly grants: readonly IssuedGrant[] },
  now: Instant
): Step<Active> => {
  if (now >= from.intent.notAfter) {
    return refuse('ended', 'The window was over before the session was issued. Ask again.')
  }
  const { lease: _, ...rest } = from
  return step(
    { ...rest, state: 'active', ...made, issuedAt: now },
    event(from, 'session.issued', 'broker', now, {
      sessionArn: from.intent.sessionArn,
      accessKeyId: made.session.accessKeyId,
      grants: made.grants.map(({ name, grantId }) => ({ name, grantId })),
      notAfter: iso(from.intent.notAfter)
    })
  )
}

/** Fresh credentials of the same session; the window does not move. */
export const vended = (from: Active, accessKeyId: string, now: Instant): Step<Active> => {
  if (now >= from.intent.notAfter) {
    return refuse('ended', 'The window is over. Ask again if you still need it.')
  }
  return step(from, event(from, 'session.vended', from.ask.requester, now, { accessKeyId }))
}

export type Ends = {
  readonly how: EndingReason
  readonly by: PersonId | 'broker'
  readonly reason?: Personal
  readonly why?: EndCause
  /** how long after the last possible AWS call of an issuer a sweep still has to wait, in ms */
  readonly settleMilliseconds: number
  readonly now: Instant
}

/**
 * The window is over, or somebody ended it. Revoke wins over issue: an issuer can't commit after
 * this.
 */
export const beginEnd = (from: Issuing | Active, ends: Ends): Step<Ending> => {
  const { how, by, reason, why, now } = ends
  const kept = issuedOf(from)
  const quiet = from.state === 'issuing' ? Math.max(now, from.lease.until) : now
  const next: Ending = {
    ...kept,
    state: 'ending',
    how,
    by,
    session: from.state === 'active' ? from.session : null,
    grants: from.state === 'active' ? from.grants : [],
    endingSince: now,
    attempts: 0,
    retryAt: now,
    stuckSince: null,
    sweepAt: instant(quiet + ends.settleMilliseconds)
  }
  const type = how === 'failed' ? 'issue.failed' : 'elevation.ending'
  const personal = reason === undefined ? undefined : { reason }
  const data = { how, from: from.state, ...(why && { why }) }
  return step(next, event(from, type, by, now, data, personal))
}

/** A dead issuer's work is taken over and removed; refused while its lease runs. */
export const takeOver = (
  from: Issuing,
  { settleMilliseconds, now }: { readonly settleMilliseconds: number; readonly now: Instant }
): Step<Ending> => {
  if (now < from.lease.until) {
    return refuse('conflict', 'It is being issued right now. Try again in half a minute.')
  }
  const begun = beginEnd(from, { how: 'failed', by: 'broker', settleMilliseconds, now })
  if (!begun.ok) return begun
  return step(begun.next, event(from, 'issue.takeover', 'broker', now, { owner: from.lease.owner }))
}

const firstRetryMs = 1000
const longestRetryMs = 60_000
const stuckAttempts = 10
const stuckMs = 900_000

/**
 * Something could not be removed: tried again for ever, ever more slowly, said aloud when stuck.
 */
export const retryEnd = (from: Ending, failed: string, now: Instant): Step<Ending> => {
  const attempts = from.attempts + 1
  const wait = Math.min(firstRetryMs * 2 ** Math.min(from.attempts, 10), longestRetryMs)
  const isStuck = attempts >= stuckAttempts || now - from.endingSince >= stuckMs
  const stuckSince = from.stuckSince ?? (isStuck ? now : null)
  const next = { ...from, attempts, retryAt: instant(now + wait), stuckSince }
  const type = stuckSince !== null && from.stuckSince === null ? 'elevation.stuck' : 'ending.retried'
  return step(next, event(from, type, 'broker', now, { attempts, failed }))
}

/** All that is known is removed; a later look has to find nothing before it may be called ended. */
export const awaitSweep = (from: Ending, did: Removed, now: Instant): Step<Ending> => {
  const { isSwept = false, ...removed } = did
  const removedAt = from.removedAt ?? now
  const next = { ...from, attempts: 0, removedAt, ...(isSwept && { sweptAt: now }) }
  const later = instant(Math.max(from.sweepAt, now + firstRetryMs))
  const retryAt = stepOf(next, now) === 'probe' ? now : later
  return step({ ...next, retryAt }, event(from, 'access.removed', 'broker', now, removed))
}

/** The sweep after `sweepAt` found nothing, and AWS refuses the session. */
export const finishEnd = (from: Ending, now: Instant): Step<Ended | Failed> => {
  if (now < from.sweepAt) {
    return refuse('conflict', 'Something may still be in flight. Try again after the sweep.')
  }
  if (!isDenied(from)) {
    return refuse('conflict', 'AWS was not seen to refuse the session yet.')
  }
  const kept = issuedOf(from)
  const { how, by, session, deniedAt } = from
  const data = { how, ...(deniedAt && { deniedAt: iso(deniedAt) }) }
  const done = event(from, 'elevation.ended', 'broker', now, data)
  if (how === 'failed') return step({ ...kept, state: 'failed', failedAt: now }, done)
  const ended = { ...kept, state: 'ended', how, by, session, endedAt: now } as const
  return step({ ...ended, ...(deniedAt && { deniedAt }) }, done)
}

const approval = (
  base: Omit<Pending, 'state' | 'decideBy'>,
  approvals: readonly Approval[],
  now: Instant
): { readonly next: Approved; readonly event: LedgerEvent } => {
  const { startAt = now } = base.ask
  const activateBy = plus(instant(Math.max(now, startAt)), base.terms.activateWithin)
  return {
    next: { ...base, state: 'approved', approvals, decidedAt: now, activateBy },
    event: event(base, 'elevation.approved', 'broker', now, {
      approvers: approvals.map(({ by }) => by),
      activateBy: iso(activateBy)
    })
  }
}

const extendsData = ({ elevation, place, seconds: before }: Extends) => ({
  elevation,
  place,
  secondsBefore: before
})
