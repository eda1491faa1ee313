/** Runs the broker's work every quarter second and whenever woken, one round at a time. */
import type { Deps } from './broker/deps.ts'
import { type WorkFault, work } from './broker/work.ts'

const tickMs = 250

export type Worker = {
  readonly wake: () => void
  /** resolves when the round under way is over */
  readonly stop: () => Promise<void>
}

/** `failed` hears what a round could not do; the round is tried again at the next tick. */
export const startWorker = (
  deps: Deps,
  failed: (faults: readonly WorkFault[]) => void
): Worker => {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  let isWoken = false
  let round: Promise<void> | null = null
  const once = async (): Promise<void> => {
    try {
      const faults = await work(deps)
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
    }
  }
}
