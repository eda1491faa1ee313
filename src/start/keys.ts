/**
 * The keys of the log: the one that signs, those that did, and the change from one to the next. The
 * entry of a change is signed by both, so is every checkpoint from before it until one has it. A
 * change that a crash interrupted is ended at the start where its entry is there; without one its
 * key waits for the next change, since another replica may be about to enter it.
 */
import { parseEntry } from '../ledger/envelope.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import type { VerifierKey } from '../ledger/note.ts'
import { parseRotation } from '../ledger/rotation.ts'
import type { Signer } from '../ledger/sign.ts'
import { type KeyPlace, ledgerKey } from '../store/ledger-key.ts'
import type { LogTables } from '../store/log.ts'
import {
  type NextKey,
  keyStamp,
  makeNextKey,
  nextKey,
  retiredKeys,
  takeNextKey
} from '../store/next-key.ts'

export type KeyRing = {
  /** who signs checkpoints: the first is the log's own, the second follows it */
  readonly signers: () => readonly Signer[]
  /** every key that has signed this log, for checkpoints kept elsewhere */
  readonly known: () => Promise<readonly VerifierKey[]>
  /** Ends a change that a crash interrupted; everything must be under a checkpoint by now. */
  readonly resume: () => Promise<void>
  /**
   * Another key: `append` writes its entry, exactly once for these two keys; `included` resolves
   * when all that was appended is under a checkpoint. Whatever rejects: the same call goes on from
   * there.
   */
  readonly change: (by: {
    readonly append: (keys: { readonly from: Signer; readonly to: Signer }) => Promise<void>
    readonly included: () => Promise<void>
  }) => Promise<VerifierKey>
}

type Tables = Pick<LogTables, 'entries' | 'count'>

/** Opens the keys, which are made where there are none yet. Throws StoreError. */
export const keyRing = (place: KeyPlace, log: Tables): KeyRing => {
  const { path, origin } = place
  let keys = keysIn(place)
  /** replicas share the files: what they are at this moment decides, whoever changed them */
  const now = (): Keys => {
    if (keyStamp(path) !== keys.stamp) keys = keysIn({ path, origin, mayMake: false })
    return keys
  }
  const signers = (): readonly Signer[] => {
    const { current, next } = now()
    return next === null || next.signer.id === current.id ? [current] : [current, next.signer]
  }

  return {
    signers,
    known: async () => [...signers(), ...(await retiredKeys(path))],
    resume: async () => {
      const { current, next } = now()
      if (next === null) return
      const isTaken = next.signer.id === current.id
      if (isTaken || (await isInLog(log, next))) await takeNextKey(path, current)
    },
    change: async ({ append, included }) => {
      const { current } = now()
      const { signer: to, from } = makeNextKey(path, origin, await log.count())
      if (!(await isInLog(log, { signer: to, from }))) await append({ from: current, to })
      await included()
      await takeNextKey(path, current)
      return to
    }
  }
}

type Keys = { readonly stamp: string; readonly current: Signer; readonly next: NextKey | null }

/** The next one is read first: it goes only after it has taken the place of the other. */
const keysIn = (place: KeyPlace): Keys => {
  const stamp = keyStamp(place.path)
  const next = nextKey(place.path)
  return { stamp, current: ledgerKey(place), next }
}

const pageSize = 1000

const isInLog = async (
  log: Tables,
  { signer, from }: { readonly signer: Signer; readonly from: number }
): Promise<boolean> => {
  for (let index = from; ; index += pageSize) {
    const rows = await log.entries(index, pageSize)
    for (const { body } of rows) {
      const entry = parseEntry(body)
      if (!entry.ok || entry.body.type !== 'ledger.key_rotated') continue
      const rotation = await parseRotation(entry.body, signer.name, nodePrimitives)
      if (rotation?.to.id === signer.id) return true
    }
    if (rows.length < pageSize) return false
  }
}
