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
  key: VerifierKey,
  anchor: Uint8Array
): Promise<string | null> => {
  const opened = await openCheckpoint(anchor, [key], nodePrimitives)
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
  /** Tells what was not told yet, once. */
  readonly stop: () => Promise<void>
}

export type Checkpoint = { readonly bytes: Uint8Array; readonly size: number }

const betweenMs = 1000

/** `publish` is called with one checkpoint at a time; one that fails is followed by the latest. */
export const anchors = (parts: {
  readonly publish: (checkpoint: Checkpoint) => Promise<void>
  readonly after: After
  readonly failed: (cause: unknown) => void
}): Anchors => {
  let latest: Checkpoint | null = null
  let told = 0
  let isFailing = false
  let timer: ReturnType<After> | null = null
  let under: Promise<void> | null = null

  const publish = async (): Promise<void> => {
    if (latest === null || latest.size <= told) return
    const one = latest
    try {
      await parts.publish(one)
      told = one.size
      isFailing = false
    } catch (cause) {
      isFailing = true
      parts.failed(cause)
    }
  }
  const run = (): void => {
    timer = parts.after(betweenMs, () => {
      timer = null
      if (latest !== null && latest.size > told && under === null) run()
    })
    under = publish().then(() => {
      under = null
      if (timer === null && latest !== null && latest.size > told) run()
    })
  }
  return {
    tell: (bytes, size) => {
      latest = { bytes, size }
      if (timer === null && under === null) run()
    },
    check: async () => {
      if (isFailing) throw new Error('the last checkpoint could not be anchored')
    },
    stop: async () => {
      await under
      timer?.clear()
      timer = null
      await publish()
    }
  }
}
