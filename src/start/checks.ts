/**
 * Checks off the event loop: a text of more than 4 KB goes to one thread, in the order they came.
 * What takes longer than two seconds there is refused and its thread ended with it; what a crowd
 * would have to wait for is refused at once.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { CatalogSnapshot } from '../ports.ts'
import type { CheckOf, Checked, Checks } from '../ports-queries.ts'
import { checkNow, refusedAs } from './check-now.ts'
import type { CheckMessage } from './check-worker.ts'

export type CheckLimits = {
  /** UTF-16 units; what is no longer is checked on the calling thread */
  readonly inline: number
  readonly deadlineMilliseconds: number
  /** checks that may wait for the thread */
  readonly waiting: number
}

const limits: CheckLimits = { inline: 4096, deadlineMilliseconds: 2000, waiting: 64 }

/** `close` ends the thread; what waits for it then is refused. */
export const startChecks = (
  over: Partial<CheckLimits> = {}
): Checks & { readonly close: () => Promise<void> } => {
  const { inline, deadlineMilliseconds, waiting } = { ...limits, ...over }
  let thread: Thread | null = null
  let queue: Promise<unknown> = Promise.resolve()
  let count = 0
  let isClosed = false

  const onThread = async (of: CheckOf): Promise<Checked> => {
    if (isClosed) return refusedAs(of.sql, 'INTERNAL', 'the broker is shutting down')
    const running = thread ?? startThread()
    thread = running
    const answer = await running.ask(of, deadlineMilliseconds)
    if (answer !== null) return answer
    thread = null
    await running.end()
    return refusedAs(of.sql, 'TOO_COMPLEX', 'the query takes too long to be checked')
  }

  return {
    check: async (of) => {
      if (of.sql.length <= inline) return checkNow(of)
      if (count >= waiting) {
        return refusedAs(of.sql, 'TOO_COMPLEX', 'too many long queries wait for a check; try again')
      }
      count++
      const turn = queue.then(() => onThread(of))
      queue = Promise.allSettled([turn])
      return turn.finally(() => {
        count--
      })
    },
    close: async () => {
      isClosed = true
      await thread?.end()
    }
  }
}

type Thread = {
  /** null = it did not answer in time, or it is gone */
  readonly ask: (of: CheckOf, milliseconds: number) => Promise<Checked | null>
  readonly end: () => Promise<void>
}

/** `.ts` under a loader, whose flags a worker inherits, and `.js` once built. */
const workerFile = new URL(
  `./check-worker${new URL(import.meta.url).pathname.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url
)

const no = (): boolean => false

const startThread = (): Thread => {
  const worker = new Worker(workerFile, { resourceLimits: { maxOldGenerationSizeMb: 256 } })
  // a thread that died has no answer, which is all that is to be known of it
  worker.on('error', () => {})
  // loading it is not counted: the deadline is the check's
  const ready = Promise.race([
    once(worker, 'message').then(() => true, no),
    once(worker, 'exit').then(no, no)
  ])
  const numbers = new WeakMap<CatalogSnapshot, number>()
  let lastNumber = 0
  let sent = 0
  return {
    ask: async ({ catalog, ...of }, milliseconds) => {
      if (!(await ready)) return null
      const number = numbers.get(catalog) ?? ++lastNumber
      numbers.set(catalog, number)
      const snapshot = number === sent ? null : catalog
      sent = number
      const done = new AbortController()
      const signal = AbortSignal.any([done.signal, AbortSignal.timeout(milliseconds)])
      const answered = once(worker, 'message', { signal })
      const gone = once(worker, 'exit', { signal }).then(() => [null])
      worker.postMessage({ ...of, number, snapshot } satisfies CheckMessage)
      try {
        const [answer]: (Checked | null)[] = await Promise.race([answered, gone])
        return answer ?? null
      } catch {
        // the deadline, or the thread's own error
        return null
      } finally {
        done.abort()
      }
    },
    end: async () => {
      await worker.terminate()
    }
  }
}
