/**
 * Work that waits for AWS: so many elevations at a time, each as soon as there is room, none twice
 * at once. What breaks or has to wait rests a while and keeps no other from its turn.
 */
import type { Ending } from '../elevation/elevation.ts'
import { type ElevationId, type Instant, instant } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'

export type WorkFault = { readonly elevation: string; readonly cause: unknown }

/** `later`: nothing was changed, because it was somebody else's turn or has to wait. */
export type Outcome = 'moved' | 'later'

export type Pool = {
  /** Looks for what is due, where there is room. */
  readonly fill: () => void
  /** Resolves when nothing is under way, at once where nothing is: true, it was so. */
  readonly idle: () => Promise<boolean>
  readonly stop: () => void
}

/** How many elevations are ended at a time, and how few while the process has no time to spare. */
const mostAtOnce = 16
const fewestAtOnce = 2
/** requests and health wait so long behind what is under way, and no longer */
const longTurnMs = 4
const laterMs = 500
/** What breaks is no answer of AWS, which has a back-off of its own, but a fault. */
const brokenMs = 30_000

export const endingPool = (
  deps: Pick<Deps, 'clock' | 'turn'>,
  parts: {
    readonly due: (now: Instant, limit: number) => Promise<readonly Stored<Ending>[]>
    readonly run: (stored: Stored<Ending>) => Promise<Outcome>
    readonly failed: (fault: WorkFault) => void
    /** one is over: there is room, here and perhaps in another lane */
    readonly after: () => void
  }
): Pool => {
  const busy = new Map<ElevationId, Promise<void>>()
  const resting = new Map<ElevationId, Instant>()
  let filling: Promise<void> | null = null
  let isWanted = false
  let isStopped = false
  let atOnce = mostAtOnce

  const rest = (id: ElevationId, length: number): void => {
    resting.set(id, instant(deps.clock.now() + length))
  }
  const one = async (stored: Stored<Ending>): Promise<void> => {
    const { id } = stored.elevation
    try {
      if ((await parts.run(stored)) === 'later') rest(id, laterMs)
    } catch (cause) {
      parts.failed({ elevation: id, cause })
      rest(id, brokenMs)
    } finally {
      busy.delete(id)
      parts.after()
    }
  }
  const take = async (): Promise<void> => {
    const turnMs = (await deps.turn?.()) ?? 0
    atOnce =
      turnMs > longTurnMs
        ? Math.max(fewestAtOnce, Math.floor(atOnce / 2))
        : Math.min(mostAtOnce, atOnce + 1)
    const room = atOnce - busy.size
    if (room <= 0) return
    const now = deps.clock.now()
    for (const [id, until] of resting) if (until <= now) resting.delete(id)
    const passed = new Set([...busy.keys(), ...resting.keys()])
    const rows = await parts.due(now, room + passed.size)
    const next = rows.filter(({ elevation }) => !passed.has(elevation.id)).slice(0, room)
    for (const stored of next) busy.set(stored.elevation.id, one(stored))
  }
  const fill = (): void => {
    // half of the room at a time: a look in the store for each would cost more than it brings
    if (isStopped || busy.size > atOnce / 2) return
    isWanted = true
    filling ??= fillOnce()
  }
  const fillOnce = async (): Promise<void> => {
    try {
      for (;;) {
        isWanted = false
        await take()
        if (!isWanted || isStopped) break
      }
    } catch (cause) {
      parts.failed({ elevation: '', cause })
    } finally {
      filling = null
    }
  }
  return {
    fill,
    idle: async () => {
      const wasIdle = filling === null && busy.size === 0
      for (;;) {
        if (filling === null && busy.size === 0) return wasIdle
        await Promise.all([filling, ...busy.values()])
      }
    },
    stop: () => {
      isStopped = true
    }
  }
}

const minuteMs = 60_000

/** Runs it at most once a minute, and never twice at once. */
export const minutely = (
  deps: Pick<Deps, 'clock'>,
  failed: (fault: WorkFault) => void,
  run: () => Promise<void>
): { readonly begin: () => void; readonly idle: () => Promise<void> } => {
  let last: Instant | null = null
  let running: Promise<void> | null = null
  return {
    begin: () => {
      const now = deps.clock.now()
      if (running !== null || (last !== null && Math.abs(now - last) < minuteMs)) return
      last = now
      running = run()
        .catch((cause: unknown) => failed({ elevation: '', cause }))
        .finally(() => {
          running = null
        })
    },
    idle: async () => {
      await running
    }
  }
}

/** Runs all of them at once; how many moved. What breaks is told and stops no other. */
export const each = async (
  rows: readonly Stored[],
  failed: (fault: WorkFault) => void,
  run: (stored: Stored) => Promise<Outcome>
): Promise<number> => {
  const outcomes = await Promise.allSettled(rows.map((stored) => run(stored)))
  for (const [n, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') {
      failed({ elevation: rows[n]?.elevation.id ?? '', cause: outcome.reason })
    }
  }
  return outcomes.filter((one) => one.status === 'fulfilled' && one.value === 'moved').length
}
