/**
 * Telling people, beside everything else: a loop of its own that goes round whenever woken and at
 * least every second. A slow or dead Slack holds up nothing but its own messages.
 */
import type { ElevationId } from '../elevation/ids.ts'
import { type Counts, type OutboxParts, makeOutbox } from './outbox.ts'
import type { Posted } from './slack-client.ts'

export type Delivery = {
  /**
   * Something may have changed. With an elevation, what is shown of it is looked at anew; with the
   * message about its ask that somebody clicked, that one is put right too, noted or not. Where
   * another process has the turn, it finds what changed by itself within a second.
   */
  readonly wake: (elevation?: ElevationId, posted?: Posted) => void
  /** Resolves when nothing is being sent any more; another process may take over at once. */
  readonly stop: () => Promise<void>
  readonly counts: () => Counts
}

const longestWaitMs = 30_000

/** Starts the loop. What a round could not do is logged, and the next one tries again. */
export const startDelivery = (parts: OutboxParts): Delivery => {
  const { schedule, log } = parts
  let planned: { readonly at: number; readonly cancel: () => void } | null = null
  let isRunning = false
  let isStopped = false
  let isWoken = false
  let failures = 0
  let running: Promise<void> = Promise.resolve()

  const plan = (milliseconds: number): void => {
    if (isStopped) return
    if (isRunning) {
      isWoken ||= milliseconds <= 0
      return
    }
    const at = parts.now() + Math.max(milliseconds, 0)
    if (planned !== null && planned.at <= at) return
    planned?.cancel()
    planned = { at, cancel: schedule(Math.max(milliseconds, 0), run) }
  }

  const outbox = makeOutbox(parts, plan)

  const round = async (): Promise<number> => {
    try {
      const wait = await outbox.round()
      failures = 0
      return wait
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error('not an error')
      log.error({ event: 'slack_delivery_failed', name, message })
      failures += 1
      return Math.min(1000 * 2 ** Math.min(failures, 10), longestWaitMs)
    }
  }

  const run = (): void => {
    planned = null
    isRunning = true
    isWoken = false
    running = round().then((wait) => {
      isRunning = false
      plan(isWoken && failures === 0 ? 0 : wait)
    })
  }

  plan(0)
  return {
    wake: (elevation, posted) => {
      if (elevation !== undefined) outbox.clicked({ elevation, posted: posted ?? null })
      plan(0)
    },
    stop: async () => {
      isStopped = true
      planned?.cancel()
      await running
      await outbox.stop()
    },
    counts: outbox.counts
  }
}
