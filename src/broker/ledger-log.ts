/**
 * The signed log of this process: seals soon after an append and every second, serves the tree, and
 * tells who waits for a receipt. Time comes in, so that nothing here waits by itself.
 */
import { verifierKeyText } from '../ledger/note.ts'
import type { Signer } from '../ledger/sign.ts'
import type { LedgerLog } from '../ports.ts'
import { type SealStore, type Signers, sealer } from './seal.ts'
import { treeFile } from './tree-files.ts'

/** Calls `run` once, so many milliseconds from now, unless cleared before. */
export type After = (milliseconds: number, run: () => void) => { readonly clear: () => void }

export type LogParts = {
  readonly store: SealStore
  /** where there are several, the last is the log's own from now on */
  readonly signer: Signer | Signers
  /** epoch milliseconds */
  readonly now: () => number
  readonly after: After
  /** hears of every checkpoint that this process stored or found */
  readonly signed: (checkpoint: Uint8Array, size: number) => void
  /** hears why a round failed; it is tried again a tenth of a second later */
  readonly failed: (cause: unknown) => void
}

export type RunningLog = LedgerLog & {
  /** Seals all there is, then goes on by itself. Rejects where the tree is not sound. */
  readonly start: () => Promise<void>
  /** Something was appended. */
  readonly wake: () => void
  /** Rejects while entries wait for longer than a second, or the head is behind what was signed. */
  readonly check: () => Promise<void>
  /** Seals what is left, where that is possible. */
  readonly stop: () => Promise<void>
}

type Waiting = { readonly index: number; readonly done: () => void }

const tickMs = 1000
const againMs = 100
/** entries that nobody waits for are sealed together, so that a busy broker does not seal on end */
const lingerMs = 50
/** a store that is slow for a moment does not end the start */
const triesAtStart = 5
const longestWaitMs = 1000

export const ledgerLog = (parts: LogParts): RunningLog => {
  const { store, now, after } = parts
  const seal = sealer(store, parts.signer)
  const waiting = new Set<Waiting>()
  let size = 0
  let behindSince: number | null = null
  let timer: ReturnType<After> | null = null
  let round: Promise<void> | null = null
  let state: 'new' | 'running' | 'stopped' = 'new'
  let isWoken = false

  const sealOnce = async (): Promise<boolean> => {
    const sealed = await seal()
    if (sealed.size > size && sealed.checkpoint !== null) {
      size = sealed.size
      parts.signed(sealed.checkpoint, size)
    }
    if (!sealed.more) behindSince = isWoken ? now() : null
    for (const one of waiting) if (one.index < size) one.done()
    return sealed.more
  }

  /** How long until the next round, in milliseconds. */
  const once = async (): Promise<number> => {
    try {
      return (await sealOnce()) ? 0 : tickMs
    } catch (cause) {
      behindSince ??= now()
      parts.failed(cause)
      return againMs
    }
  }

  const run = (): void => {
    timer?.clear()
    isWoken = false
    round = once().then((wait) => {
      round = null
      if (state !== 'running') return
      // somebody may wait for an entry that came after the round had read its own
      if (wait === 0 || (isWoken && waiting.size > 0 && wait === tickMs)) run()
      else timer = after(isWoken ? Math.min(wait, lingerMs) : wait, run)
    })
  }

  const wake = (): void => {
    behindSince ??= now()
    if (isWoken) return
    isWoken = true
    if (state !== 'running' || round !== null) return
    timer?.clear()
    timer = after(lingerMs, run)
  }

  const included = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (index < size) return resolve()
      const limit = after(longestWaitMs, () => {
        waiting.delete(one)
        reject(new DOMException('the entry is not under a signed checkpoint yet', 'TimeoutError'))
      })
      const one: Waiting = {
        index,
        done: () => {
          limit.clear()
          waiting.delete(one)
          resolve()
        }
      }
      waiting.add(one)
      if (state === 'running' && round === null) run()
    })

  return {
    get key() {
      const { signer } = parts
      const own = typeof signer === 'function' ? signer()[0] : signer
      if (own === undefined) throw new Error('the log has no key')
      return verifierKeyText(own)
    },
    checkpoint: async () => {
      const checkpoint = (await store.head())?.checkpoint ?? null
      if (checkpoint === null) throw new Error('the ledger has no checkpoint yet')
      return checkpoint
    },
    file: (path) => treeFile(store, path),
    included,
    wake,
    start: async () => {
      for (let left = triesAtStart; ; ) {
        try {
          if (!(await sealOnce())) break
        } catch (cause) {
          if (--left === 0) throw cause
          parts.failed(cause)
        }
      }
      behindSince = null
      state = 'running'
      run()
    },
    check: async () => {
      if (behindSince !== null && now() - behindSince > tickMs) {
        throw new Error('entries wait for a signed checkpoint')
      }
      // while the store answers, the next may be sealed
      const sealed = size
      const head = await store.head()
      if ((head?.size ?? 0) < sealed) throw new Error('the ledger is behind its last anchor')
    },
    stop: async () => {
      const isNew = state === 'new'
      state = 'stopped'
      timer?.clear()
      await round
      if (isNew) return
      try {
        while (await sealOnce());
      } catch (cause) {
        parts.failed(cause)
      }
    }
  }
}
