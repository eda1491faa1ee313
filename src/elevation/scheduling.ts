/**
 * The start of a scheduled elevation: how long its ask may wait, and what is written down when the
 * start has come. Refused: any start before the instant that was asked for.
 */
import { type Approved, type Ask, type Terms, isScheduled } from './elevation.ts'
import { type Instant, instant, iso, plus } from './ids.ts'
import { refuse } from './refusal.ts'
import { type Step, event, step } from './step.ts'

/** The start of a scheduled one has come, and the policy of now allows it still. Starts nothing. */
export const startable = (from: Approved, now: Instant): Step<Approved> => {
  const { startAt } = from.ask
  if (startAt === undefined || !isScheduled(from)) {
    return refuse('conflict', 'It waits for no start.')
  }
  if (now < startAt) return tooEarly(startAt)
  if (now >= from.activateBy) {
    return refuse('lapsed', 'The approval was not used in time. Ask again.')
  }
  const data = { startAt: iso(startAt), activateBy: iso(from.activateBy) }
  return step(
    { ...from, startableSince: now },
    event(from, 'elevation.startable', 'broker', now, data)
  )
}

/** Nobody has to decide what could not be used any more. */
export const decideByOf = (
  { startAt }: Ask,
  { within, activateWithin }: Terms,
  now: Instant
): Instant => {
  const decideBy = plus(now, within)
  if (startAt === undefined) return decideBy
  return instant(Math.min(decideBy, plus(startAt, activateWithin)))
}

/** The refusal to start before the instant that was asked for. */
export const tooEarly = (startAt: Instant) =>
  refuse('too_early', `Its window starts at ${iso(startAt)} at the earliest. Nothing was started.`)

