/**
 * A fixed number of slots, first come, first served. Who waits is woken in order or leaves when
 * its signal aborts; a slot is given back exactly once.
 */
export type Slots = {
  /** Answers the function that gives the slot back, or null when `signal` aborted first. */
  readonly take: (signal: AbortSignal) => Promise<(() => void) | null>
}

/** `count` slots, at least 1. */
export function makeSlots(count: number): Slots {
  let free = count
  const waiting: (() => void)[] = []
  const giveBack = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  const held = (): (() => void) => {
    let given = false
    return () => {
      if (!given) giveBack()
      given = true
    }
  }
  return {
    take: async (signal) => {
      if (signal.aborted) return null
      if (free > 0) {
        free -= 1
        return held()
      }
      const woken = await turn(waiting, signal)
      return woken ? held() : null
    }
  }
}

/** True when it was this one's turn; false when the signal aborted before. */
function turn(waiting: (() => void)[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const leave = (): void => {
      waiting.splice(waiting.indexOf(wake), 1)
      resolve(false)
    }
    const wake = (): void => {
      signal.removeEventListener('abort', leave)
      resolve(true)
    }
    waiting.push(wake)
    signal.addEventListener('abort', leave, { once: true })
  })
}
