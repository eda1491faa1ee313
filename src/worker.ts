/**
 * Runs the broker's work several times a second and whenever woken, one round at a time. While the
 * broker's clock is off, nothing ends or lapses by it; what somebody ended goes on, by the time
 * that was right last, so that no sweep is believed early and no denied session forgotten.
 */
import type { Deps } from './broker/deps.ts'
import { type WorkFault, makeWork } from './broker/work.ts'
import type { Clock } from './ports.ts'

/** what falls due just after a look is late by so much */
const tickMs = 150

export type Worker = {
  readonly wake: () => void
  /** resolves when the round under way is over */
  readonly stop: () => Promise<void>
}

export type WorkerParts = {
  /** hears what a round could not do; the round is tried again at the next tick */
  readonly failed: (faults: readonly WorkFault[]) => void
  /** absent: the broker's clock is relied on */
  readonly time?: Timekeeper
}

export type Timekeeper = {
  /** whether the broker's clock may be relied on */
  readonly sure: () => Promise<boolean>
  /** the broker's clock, or while it is off the time carried on from when it was right */
  readonly steady: Clock['now']
}

/** Begins at once. */
export const startWorker = (deps: Deps, { failed, time }: WorkerParts): Worker => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isWoken = false
  let round: Promise<void> | null = null
  const work = makeWork(time ? inTime(deps, time) : deps)
  const once = async (): Promise<void> => {
    try {
      const faults = await work.round()
      if (faults.length > 0) failed(faults)
    } catch (cause) {
      failed([{ elevation: '', cause }])
    }
  }
  const run = (): void => {
    clearTimeout(timer)
    isWoken = false
    round = once().then(() => {
      round = null
      if (!isStopped) timer = setTimeout(run, isWoken ? 0 : tickMs)
    })
  }
  timer = setTimeout(run, 0)
  return {
    wake: () => {
      if (isStopped) return
      isWoken = true
      if (round === null) run()
    },
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await round
      await work.stop()
    }
  }
}

/** Nothing is due while it is not sure what time it is; what is ending has a queue of its own. */
const inTime = (deps: Deps, { sure, steady }: Timekeeper): Deps => ({
  ...deps,
  clock: { now: steady },
  worklist: {
    ...deps.worklist,
    due: async (now, limit) => ((await sure()) ? deps.worklist.due(now, limit) : [])
  }
})
