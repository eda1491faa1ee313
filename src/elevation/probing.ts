/**
 * Seeing that it has ended: taking things away is no proof, AWS refusing the session is. Beside
 * transitions.ts, which takes away. An end that nobody saw refused is not over (it may be stuck).
 */
import type { Ending } from './elevation.ts'
import type { LedgerEvent } from './event.ts'
import { type Instant, instant, iso } from './ids.ts'
import type { Step } from './transitions.ts'

/** What one pass of ending did. */
export type Removed = {
  readonly sessionDenied: boolean
  readonly grantsRevoked: number
  readonly queriesStopped: number
  /** it was the look after `sweepAt`, and found nothing */
  readonly isSwept?: boolean
}

/** Nobody ever had a session, or AWS was seen to refuse it. */
export const isDenied = ({ session, deniedAt }: Pick<Ending, 'session' | 'deniedAt'>): boolean =>
  session === null || deniedAt !== undefined

/**
 * What an end needs next, each with a queue of its own: `revoke` takes away for the first time what
 * AWS still lets through, before the window is over; `remove` is every other look.
 */
export const endingSteps = ['revoke', 'remove', 'probe'] as const
export type EndingStep = (typeof endingSteps)[number]

/**
 * What is to be done next. Taking away comes first and is never kept waiting by a probe: the look
 * after `sweepAt` is taken although AWS was not seen to refuse yet.
 */
export const stepOf = (
  of: Pick<Ending, 'how' | 'session' | 'deniedAt' | 'removedAt' | 'sweptAt' | 'sweepAt'>,
  now: Instant
): EndingStep => {
  if (of.removedAt === undefined) return of.how === 'expired' ? 'remove' : 'revoke'
  if (isDenied(of)) return 'remove'
  return of.sweptAt === undefined && now >= of.sweepAt ? 'remove' : 'probe'
}

/**
 * STS makes a token for no longer than the window or 15 minutes (AssumeRole, DurationSeconds); the
 * rest is for clocks. No token of the session is valid from then on, whether it was tried or not.
 */
export const expiresBy = ({ intent }: Pick<Ending, 'intent'>): Instant =>
  instant(intent.notAfter + 1_800_000)

/**
 * AWS refused the session. `accessKeyId` is of the credentials that were tried, which nobody but
 * the broker ever had; it is in CloudTrail beside those that were given out. Null: none were, every
 * token of the session has expired.
 */
export const sessionDenied = (
  from: Ending,
  { accessKeyId }: { readonly accessKeyId: string | null },
  now: Instant
): Step<Ending> => {
  const { id, ask, policyDigest, how, sweptAt, endingSince } = from
  const event: LedgerEvent = {
    type: 'session.denied',
    at: now,
    actor: 'broker',
    elevation: id,
    target: ask.target,
    policyDigest,
    data: { how, accessKeyId, requestedAt: iso(endingSince), milliseconds: now - endingSince }
  }
  const retryAt = sweptAt === undefined ? instant(Math.max(from.sweepAt, now)) : now
  return { ok: true, next: { ...from, attempts: 0, deniedAt: now, retryAt }, events: [event] }
}
