/**
 * How much somebody may have at a time and within a day. The counts come with the circumstances;
 * the elevation that is being decided is never among them.
 */
import { printDuration } from '../elevation/duration.ts'
import { type Seconds, seconds } from '../elevation/ids.ts'
import type { Standing } from './circumstances.ts'
import type { Rule } from './policy.ts'

export type Finding = { readonly met: boolean; readonly message: string }

/** Undecided asks of one person, on all targets. */
export const pendingCap = ({ caps }: Rule, { pending }: Standing): Finding => ({
  met: pending < caps.pending,
  message: `${pending} of your asks are undecided, with this one at most ${caps.pending} may be`
})

/** Elevations of one person on the target at a time. */
export const activeCap = ({ caps }: Rule, { open }: Standing): Finding => ({
  met: open < caps.active,
  message:
    `${open} of your elevations on this target are open, with this one at most ` +
    `${caps.active} may be; end or cancel what you do not need`
})

/** Lengths of one person's windows on the target within 24 hours; null where there is no cap. */
export const dayCap = (
  { caps: { perDay } }: Rule,
  { secondsInDay }: Standing,
  asked: Seconds
): Finding | null => {
  if (perDay === null) return null
  const had = secondsInDay === 0 ? 'nothing' : printDuration(seconds(secondsInDay))
  return {
    met: secondsInDay + asked <= perDay,
    message:
      `you had ${had} on this target within 24 hours and asked for ${printDuration(asked)}, ` +
      `at most ${printDuration(perDay)} in all`
  }
}

/** Elevations on the target within 24 hours that nobody approved; null where somebody has to. */
export const autoCap = ({ approval }: Rule, { autoInDay }: Standing): Finding | null =>
  approval.kind === 'auto'
    ? {
        met: autoInDay < approval.perDay,
        message:
          `${autoInDay} were let through without an approval within 24 hours, with this one at ` +
          `most ${approval.perDay} may be`
      }
    : null

/** A break-glass elevation waits for the review of the one before; null for other rules. */
export const reviewCap = ({ approval }: Rule, { unreviewed }: Standing): Finding | null =>
  approval.kind === 'breakGlass'
    ? {
        met: unreviewed === null,
        message:
          unreviewed === null
            ? 'no break-glass elevation of yours waits for its review'
            : `your break-glass elevation ${unreviewed} waits until somebody else reviews it`
      }
    : null
