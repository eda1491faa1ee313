/**
 * Group commit: what is asked while a group is under way goes together into the next one, so that
 * many callers share one fsync. Refuses beyond so many waiting or running requests, and answers
 * each within `timeoutMilliseconds` of being asked, whatever the engine does.
 */
import { StoreError } from './error.ts'

export type GroupLimits = {
  /** requests waiting or running */
  readonly queue: number
  readonly timeoutMilliseconds: number
}

export type Group<Q, A> = {
  /** The request's own answer. Rejects: `overloaded` (never ran) or `timeout` (may have run). */
  readonly ask: (request: Q, timeoutMilliseconds?: number) => Promise<A>
  /** Refuses from now on; resolves when nothing waits or runs. */
  readonly drain: () => Promise<void>
}

type Waiting<Q, A> = {
  readonly request: Q
  readonly resolve: (answer: A) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

/** Larger groups save no more fsyncs worth having and keep the others waiting. */
const groupSize = 500

/**
 * `run` is given one group at a time and answers in its order; its rejection is the answer of
 * everybody in the group.
 */
export const groupCommit = <Q, A>(
  run: (requests: readonly Q[]) => Promise<readonly A[]>,
  limits: GroupLimits
): Group<Q, A> => {
  const waiting = new Set<Waiting<Q, A>>()
  let running = 0
  let closed = false
  let idle: Promise<void> = Promise.resolve()

  const ask = (request: Q, timeoutMilliseconds = limits.timeoutMilliseconds): Promise<A> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new StoreError('unavailable', 'the store is closed'))
      if (waiting.size + running >= limits.queue) {
        return reject(new StoreError('overloaded', 'too many requests wait for the store'))
      }
      const timer = setTimeout(expire, timeoutMilliseconds)
      const one = { request, resolve, reject, timer }
      function expire(): void {
        const never = waiting.delete(one)
        reject(
          never
            ? new StoreError('overloaded', 'the request waited too long for the store')
            : new StoreError('timeout', 'the store did not confirm in time')
        )
      }
      waiting.add(one)
      if (waiting.size === 1 && running === 0) idle = work()
    })

  const work = async (): Promise<void> => {
    // Everything asked in the same turn belongs to one group.
    await Promise.resolve()
    while (waiting.size > 0) {
      const group = [...waiting].slice(0, groupSize)
      for (const one of group) waiting.delete(one)
      running = group.length
      await answer(group)
      running = 0
    }
  }

  const answer = async (group: readonly Waiting<Q, A>[]): Promise<void> => {
    try {
      const answers = await run(group.map(({ request }) => request))
      answers.forEach((value, at) => group[at]?.resolve(value))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
    for (const { timer } of group) clearTimeout(timer)
  }

  return {
    ask,
    drain: () => {
      closed = true
      return idle
    }
  }
}
