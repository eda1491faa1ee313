/**
 * The database's clock as a clock of this process, so that every replica decides by one time:
 * `statement_timestamp()` is asked for every few seconds, and told by the process's monotonic clock
 * in between. It never goes back. A step of the database's clock that this host's own clock has not
 * made is not followed; both ahead of the monotonic one is a host that was suspended, and is.
 */
import type { EngineClock } from './engine.ts'

export type DatabaseClock = EngineClock & { readonly stop: () => void }

/** One look at all three clocks, in milliseconds. */
export type Look = {
  /** the database's time less the monotonic */
  readonly offset: number
  /** the host's time less the monotonic */
  readonly wallOffset: number
  readonly took: number
}

/** What the host tells, in milliseconds: of the epoch, and of some fixed instant. */
export type HostClocks = { readonly wall: () => number; readonly monotonic: () => number }

const everyMilliseconds = 5000
/** what clocks that run differ by between two looks */
const mostDrift = 1000
/** an answer that took longer says too little */
const slowestAnswer = 1000

/** `ask` gives the database's epoch milliseconds; its first rejection is this one's. */
export const databaseClock = async (
  ask: () => Promise<number>,
  host: HostClocks = { wall: () => Date.now(), monotonic: () => performance.now() }
): Promise<DatabaseClock> => {
  const clock = clockFrom(await look(ask, host), host)
  const timer = setInterval(() => {
    // where it cannot be asked, the store itself tells so
    look(ask, host).then(clock.see, () => {})
  }, everyMilliseconds)
  timer.unref()
  return { ...clock, stop: () => clearInterval(timer) }
}

/** The clock as of a first look; `see` is given each later one. */
export const clockFrom = (
  first: Look,
  host: HostClocks
): EngineClock & { readonly see: (seen: Look) => void } => {
  let { offset } = first
  let last = first
  let skew = 0
  let told = 0
  return {
    now: () => {
      told = Math.max(told, Math.floor(host.monotonic() + offset))
      return told
    },
    skewMilliseconds: () => Math.round(skew),
    see: (seen) => {
      if (seen.took > slowestAnswer) return
      skew = seen.offset - offset
      const hostStep = seen.wallOffset - last.wallOffset
      const isSuspension = skew > mostDrift && Math.abs(skew - hostStep) <= mostDrift
      last = seen
      if (Math.abs(skew) > mostDrift && !isSuspension) return
      offset = seen.offset
    }
  }
}

const look = async (ask: () => Promise<number>, host: HostClocks): Promise<Look> => {
  const before = host.monotonic()
  const at = await ask()
  const after = host.monotonic()
  return {
    offset: at - (before + after) / 2,
    wallOffset: host.wall() - after,
    took: after - before
  }
}
