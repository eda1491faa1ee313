/**
 * One sink's own loop: entries from its cursor on, in order, each batch again until it is taken or
 * refused. The cursor moves after that, so a crash sends entries twice and never leaves one out. An
 * entry refused by itself goes to the dead-letter file. Nothing here is waited for by anybody else.
 */
import { type KeyedRow, ocsfLine } from './ocsf.ts'
import type { Sent, Sink } from './sink.ts'

/** What a loop needs of the store. */
export interface SinkStore {
  /** index of the first entry that the sink has not had; 0 for one that is new */
  cursor(sink: string): Promise<number>
  /** the sink has had all before `next`; durable when it resolves */
  moveCursor(sink: string, next: number): Promise<void>
  keyedEntries(index: number, limit: number): Promise<readonly KeyedRow[]>
  count(): Promise<number>
}

export type Outcome = 'taken' | 'dead_letter' | 'retried'

/** Since the start of the process; `lag` is how many entries the sink has yet to have. */
export type SinkFigures = {
  readonly name: string
  readonly entries: Readonly<Record<Outcome, number>>
  readonly lag: number
  readonly isUp: boolean
}

export type LoopParts = {
  readonly sink: Sink
  readonly store: SinkStore
  /** keeps a line that the sink refused; durable when it resolves */
  readonly bury: (line: string) => Promise<void>
  /** epoch milliseconds */
  readonly now: () => number
  /** resolves after so many milliseconds, or when the signal aborts */
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>
  /** at most once a minute while the sink fails, and when it has recovered */
  readonly told: (news: SinkNews) => void
}

export type SinkNews =
  | {
      readonly kind: 'failed'
      readonly sink: string
      readonly reason: string
      readonly deadLetters: number
    }
  | { readonly kind: 'recovered'; readonly sink: string }

export type SinkLoop = {
  readonly figures: () => Promise<SinkFigures>
  /** Gives up what is under way; it is sent again after the next start. */
  readonly stop: () => Promise<void>
}

const mostAtOnce = 100
const idleMilliseconds = 1000
const firstBackoffMilliseconds = 500
const longestBackoffMilliseconds = 60_000
const alertEveryMilliseconds = 60_000

export const startLoop = (parts: LoopParts): SinkLoop => {
  const { sink, store, now } = parts
  const ending = new AbortController()
  const entries: Record<Outcome, number> = { taken: 0, dead_letter: 0, retried: 0 }
  let next: number | null = null
  let known = 0
  let failures = 0
  let alertedAt = Number.NEGATIVE_INFINITY
  // entries of a refused batch that are still to be sent one by one
  let single = 0

  const alert = (reason: string): void => {
    if (now() - alertedAt < alertEveryMilliseconds) return
    alertedAt = now()
    parts.told({ kind: 'failed', sink: sink.name, reason, deadLetters: entries.dead_letter })
  }

  const moveTo = async (index: number): Promise<void> => {
    await store.moveCursor(sink.name, index)
    single = Math.max(0, single - (index - (next ?? index)))
    next = index
    if (failures > 0) {
      parts.told({ kind: 'recovered', sink: sink.name })
      alertedAt = Number.NEGATIVE_INFINITY
    }
    failures = 0
  }

  const settle = async (sent: Sent, lines: readonly string[], from: number): Promise<number> => {
    switch (sent.kind) {
      case 'taken':
        await moveTo(from + lines.length)
        entries.taken += lines.length
        return 0
      case 'refused': {
        const [line, ...more] = lines
        if (line === undefined || more.length > 0) {
          single = lines.length
          return 0
        }
        await parts.bury(line)
        await moveTo(from + 1)
        entries.dead_letter += 1
        alert(sent.reason)
        return 0
      }
      case 'failed':
        entries.retried += lines.length
        return failed(sent.reason, sent.waitMilliseconds)
    }
  }

  /** How long until the next try. */
  const failed = (reason: string, asked: number | null): number => {
    alert(reason)
    const backoff = Math.min(longestBackoffMilliseconds, firstBackoffMilliseconds * 2 ** failures)
    failures += 1
    return Math.max(backoff, asked ?? 0)
  }

  const step = async (): Promise<number> => {
    // read anew each time: another replica may have sent what was next
    const from = await store.cursor(sink.name)
    next = from
    const rows = await store.keyedEntries(from, single > 0 ? 1 : mostAtOnce)
    known = Math.max(known, from + rows.length)
    if (rows.length === 0) return idleMilliseconds
    const lines = rows.map(ocsfLine)
    return settle(await sink.send(lines, ending.signal), lines, from)
  }

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // a store that is full or closed, an entry that cannot be read, a dead-letter file gone
      const wait = await step().catch((cause: unknown) => failed(reasonOf(cause), null))
      if (wait > 0) await parts.sleep(wait, ending.signal)
    }
  }
  const ended = run()

  return {
    figures: async () => {
      known = Math.max(known, await store.count().catch(() => known))
      const lag = known - (next ?? 0)
      return { name: sink.name, entries: { ...entries }, lag, isUp: failures === 0 }
    },
    stop: async () => {
      ending.abort()
      await ended
    }
  }
}

const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause ? String(cause.code) : cause.message
}
