/**
 * What a person has already, read before a decision and committed against: if it changed meanwhile,
 * the decision is taken again.
 */
import type { Ask } from '../elevation/elevation.ts'
import { type ElevationId, type Instant, type PersonId, instant, plus } from '../elevation/ids.ts'
import type { Result } from '../elevation/refusal.ts'
import type { Standing } from '../policy/circumstances.ts'
import type { Change } from '../ports.ts'
import type { Deps } from './deps.ts'

export type Held = {
  /** what caps count at an ask */
  readonly asking: Standing
  /** what they count when a window starts */
  readonly starting: Standing
  /** what extends the window that the ask goes on from; null = nothing does, or it extends none */
  readonly extended: ElevationId | null
  readonly basis: NonNullable<Change['standing']>
}

const day = 86_400_000
const mostTries = 4

/** The standing towards a target, without the elevation in question. */
export const heldBy = async (
  deps: Deps,
  person: PersonId,
  of: { readonly ask: Ask; readonly except: ElevationId | null; readonly now: Instant }
): Promise<Held> => {
  const { ask, except, now } = of
  const { target } = ask
  const start = instant(Math.max(now, ask.startAt ?? now))
  const row = await deps.standings.standing({
    person,
    target,
    except,
    beside: ask.extends?.elevation ?? null,
    since: dayBefore(now),
    around: { from: dayBefore(start), to: instant(plus(start, ask.duration) + day) }
  })
  const { pending, unreviewed } = row
  const rest = { pending, secondsInDay: row.seconds, autoInDay: row.auto, unreviewed }
  return {
    asking: { ...rest, open: row.open },
    starting: { ...rest, open: row.running },
    extended: row.extended,
    basis: { person, version: row.version }
  }
}

const dayBefore = (at: Instant): Instant => instant(Math.max(0, at - day))

/** Runs it again while somebody else's commit came between; then the conflict is the answer. */
export const againOnConflict = async <T>(
  run: () => Promise<Result<T>>,
  tries = mostTries
): Promise<Result<T>> => {
  const result = await run()
  const isConflict = !result.ok && result.refusal.code === 'conflict'
  return isConflict && tries > 1 ? againOnConflict(run, tries - 1) : result
}
