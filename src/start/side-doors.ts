/**
 * Side doors of each snapshot that was judged, searched for on a thread of its own, for it takes
 * seconds where there are many principals. What takes too long is given up until the next snapshot;
 * what is kept says when it was looked at.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { SideDoors } from '../ports-posture.ts'
import type { Facts } from '../posture/facts.ts'
import type { Door } from '../posture/side-doors-door.ts'
import type { SideDoorSearch } from './side-doors-worker.ts'

export type SideDoorParts = {
  readonly store: Pick<SideDoors, 'keepSideDoors'>
  readonly policy: () => Policy
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** how long a search may take; default 5 minutes */
  readonly deadlineMs?: number
}

/** Searches these facts and keeps what is found; a failed search is told and keeps nothing. */
export const searchSideDoors =
  ({ store, policy, logger, deadlineMs = 300_000 }: SideDoorParts) =>
  async (facts: Facts, signal: AbortSignal): Promise<void> => {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)])
    try {
      const doors = await searched({ facts, targets: [...policy().targets.values()] }, ends)
      const at = instant(Math.max(0, Date.parse(facts.at)))
      const kept = withinBytes(doors.toSorted(byCertainty))
      await store.keepSideDoors({ at, count: doors.length, doors: kept })
      logger.info({ event: 'side_doors_searched', doors: doors.length })
    } catch (cause) {
      if (signal.aborted) return
      const { name } = cause instanceof Error ? cause : new Error('not an error')
      logger.warn({ event: 'side_doors_not_searched', name })
    }
  }

/** `.ts` under a loader, whose flags a worker inherits, and `.js` once built. */
const workerFile = new URL(
  `./side-doors-worker${new URL(import.meta.url).pathname.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url
)

const searched = async (
  workerData: SideDoorSearch,
  signal: AbortSignal
): Promise<readonly Door[]> => {
  const worker = new Worker(workerFile, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 512 }
  })
  const gone = new AbortController()
  try {
    const exited = once(worker, 'exit', { signal: gone.signal }).then(() => {
      throw new Error('the search ended without an answer')
    })
    const [doors]: (readonly Door[])[] = await Promise.race([
      once(worker, 'message', { signal }),
      exited
    ])
    return doors ?? []
  } finally {
    gone.abort()
    await worker.terminate()
  }
}

/** What is open for certain is worth keeping first. */
const byCertainty = (a: Door, b: Door): number =>
  Number(a.certainty === 'possible') - Number(b.certainty === 'possible')

const mostBytes = 2_000_000

/** As many of the first as a page of one database row has room for. */
const withinBytes = (doors: readonly Door[]): readonly Door[] => {
  let bytes = 0
  const end = doors.findIndex((door) => {
    bytes += Buffer.byteLength(JSON.stringify(door))
    return bytes > mostBytes
  })
  return end < 0 ? doors : doors.slice(0, end)
}
