/**
 * Anchors: checkpoints told to places the broker cannot take them back from, at most one a second
 * and always the last. A log that is behind an anchor of its own, or that is another one, is not
 * signed on.
 */
import { isEqual } from '../ledger/bytes.ts'
import { openCheckpoint } from '../ledger/checkpoint.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import type { VerifierKey } from '../ledger/note.ts'
import type { After } from './ledger-log.ts'
import type { SealStore } from './seal.ts'
import { rootAt } from './tree-files.ts'

/** Why the stored log cannot be the one of this anchor, as a sentence; null = it may well be. */
export const anchorFault = async (
  store: SealStore & { readonly count: () => Promise<number> },
  key: VerifierKey | readonly VerifierKey[],
  anchor: Uint8Array
): Promise<string | null> => {
  const opened = await openCheckpoint(anchor, [key].flat(), nodePrimitives)
  if (!opened.ok) return `the last anchor is not signed by this ledger's key (${opened.code})`
  const { size, root } = opened.head
  const head = await store.head()
  const [sealed, entries] = [BigInt(head?.size ?? 0), BigInt(await store.count())]
  if (entries < size) return `the store has ${entries} entries, the last anchor has ${size}`
  if (sealed < size || head === null) {
    return `${sealed} entries are sealed, the last anchor has ${size}`
  }
  if (isEqual(await rootAt(store, head, size), root)) return null
  return `the first ${size} entries are not those of the last anchor`
}

export type Anchors = {
  readonly tell: (checkpoint: Uint8Array, size: number) => void
  /** Rejects while the last try has failed. */
  readonly check: () => Promise<void>
  /** Resolves when nothing is being told. */
  readonly settled: () => Promise<void>
  /** Tells what was not told yet, now and once. */
  readonly flush: () => Promise<void>
  /** Flushes; nothing is told by itself until the next `tell`. */
  readonly stop: () => Promise<void>
  /** Stops without a word. */
  readonly drop: () => Promise<void>
}

export type Checkpoint = { readonly bytes: Uint8Array; readonly size: number }

const betweenMs = 1000

/** `publish` is called with one checkpoint at a time; one that fails is followed by the latest. */
export const anchors = (parts: {
  readonly publish: (checkpoint: Checkpoint) => Promise<void>
  readonly after: After
  readonly failed: (cause: unknown) => void
  /** milliseconds from one to the next, after so many failures in a row; default: a second */
  readonly between?: (failures: number) => number
}): Anchors => {
  const between = parts.between ?? (() => betweenMs)
  let latest: Checkpoint | null = null
  let told = 0
  let failures = 0
  let timer: ReturnType<After> | null = null
  let under: Promise<void> | null = null

  const publish = async (): Promise<void> => {
    if (latest === null || latest.size <= told) return
    const one = latest
    try {
      await parts.publish(one)
      told = one.size
      failures = 0
    } catch (cause) {
      failures += 1
      parts.failed(cause)
    }
  }
  const wait = (): void => {
    timer?.clear()
    timer = parts.after(between(failures), () => {
      timer = null
      if (latest !== null && latest.size > told && under === null) run()
    })
  }
  const run = (): void => {
    wait()
    under = publish().then(() => {
      under = null
      // a try that failed is not made again at once, nor as late as what is told regularly
      if (failures > 0) wait()
      if (timer === null && latest !== null && latest.size > told) run()
    })
  }
  const drop = async (): Promise<void> => {
    await under
    timer?.clear()
    timer = null
  }
  const flush = async (): Promise<void> => {
    await drop()
    await publish()
  }
  return {
    tell: (bytes, size) => {
      latest = { bytes, size }
      if (timer === null && under === null) run()
    },
    check: async () => {
      if (failures > 0) throw new Error('the last checkpoint could not be anchored')
    },
    settled: async () => {
      await under
    },
    flush,
    stop: flush,
    drop
  }
}
