/**
 * How far the broker's clock is from AWS's, which ends every window, and from its store's. AWS's
 * time comes from the answers to calls and is carried on by the monotonic clock, so that a step of
 * the broker's clock shows before anything is decided by it. Without AWS nothing is known, and
 * held.
 */
import { type Instant, instant } from '../elevation/ids.ts'

/** A `Date` of AWS in epoch milliseconds, a whole second, between two monotonic instants. */
export type AwsTime = { readonly date: number; readonly sent: number; readonly got: number }

export type Skew = {
  readonly heard: (time: AwsTime) => void
  /** milliseconds, positive where the broker is ahead; null = not known */
  readonly figures: () => { readonly aws: number | null; readonly store: number | null }
  /** whether the broker's clock is off at this moment, as far as is known */
  readonly isOff: () => boolean
  /** False where it is off even after AWS was asked for the time again. */
  readonly sure: () => Promise<boolean>
  /** the broker's clock, or while it is off the time carried on from when it was right */
  readonly steady: () => Instant
  /** Rejects while it is off: the check of `/readyz`. */
  readonly check: () => Promise<void>
  readonly stop: () => void
}

export type SkewParts = {
  readonly now: () => Instant
  /** how far the store's clock was from the broker's, in milliseconds; null = it has none */
  readonly store: (() => number) | null
  /** an AWS call, whatever it answers; null = there is no AWS to ask */
  readonly ask: (() => Promise<unknown>) | null
  /** monotonic milliseconds; default the process's */
  readonly monotonic?: () => number
}

/** From here on it is off. */
export const mostSkewMs = 2000
const everyMs = 60_000
/** how long AWS is not asked again while the clock stays off */
const pauseMs = 1000

/** Asks at once and each minute. */
export const watchSkew = ({ now, store, ask, ...parts }: SkewParts): Skew => {
  const monotonic = parts.monotonic ?? (() => performance.now())
  /** AWS's time less the monotonic is between these; the first is what the broker began with */
  let aws = { low: now() - monotonic(), high: now() - monotonic(), isHeard: false }
  let askedAt = Number.NEGATIVE_INFINITY
  let askedOffset = now() - monotonic()
  let asking: Promise<void> | null = null

  const look = (): Promise<void> => {
    if (asking !== null || ask === null) return asking ?? Promise.resolve()
    askedAt = monotonic()
    askedOffset = now() - askedAt
    asking = ask().then(forget, forget)
    return asking
  }
  const forget = (): void => {
    asking = null
  }

  const awsSkew = (): number => {
    const offset = now() - monotonic()
    if (offset > aws.high) return Math.round(offset - aws.high)
    return offset < aws.low ? Math.round(offset - aws.low) : 0
  }
  const isOff = (): boolean =>
    (ask !== null && Math.abs(awsSkew()) >= mostSkewMs) || Math.abs(store?.() ?? 0) >= mostSkewMs

  const sure = async (): Promise<boolean> => {
    if (!isOff()) return true
    await asking
    // what moved again since AWS was asked is another step, of which its answer says nothing
    const isAnother = Math.abs(now() - monotonic() - askedOffset) >= mostSkewMs
    if (isOff() && (isAnother || asking !== null || monotonic() - askedAt >= pauseMs)) await look()
    return !isOff()
  }

  void look()
  const timer = setInterval(() => void look(), everyMs)
  timer.unref()
  return {
    heard: ({ date, sent, got }) => {
      // the second that the date names may have begun before the answer or may end after the call
      aws = { low: date - got, high: date + 1000 - sent, isHeard: true }
    },
    figures: () => ({ aws: aws.isHeard ? awsSkew() : null, store: store?.() ?? null }),
    isOff,
    sure,
    steady: () => (isOff() ? instant(Math.floor(monotonic() + (aws.low + aws.high) / 2)) : now()),
    check: async () => {
      if (await sure()) return
      throw new Error(
        `the clock is off by ${awsSkew()} ms to AWS, ${store?.() ?? 0} ms to the store`
      )
    },
    stop: () => clearInterval(timer)
  }
}
