/**
 * The keys of the log: the one that signs, those that did, and the change from one to the next. The
 * entry of a change is signed by both, so is every checkpoint from before it until one has it. A
 * change that a crash interrupted is ended or undone at the start: by whether its entry is there.
 */
import { parseEntry } from '../ledger/envelope.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import type { VerifierKey } from '../ledger/note.ts'
import { parseRotation } from '../ledger/rotation.ts'
import type { Signer } from '../ledger/sign.ts'
import { ledgerKey } from '../store/ledger-key.ts'
import type { LogTables } from '../store/log.ts'
import { dropNextKey, makeNextKey, nextKey, retiredKeys, takeNextKey } from '../store/next-key.ts'

export type KeyRing = {
  /** who signs checkpoints: the last is the log's own from now on */
  readonly signers: () => readonly Signer[]
  /** every key that has signed this log, for checkpoints kept elsewhere */
  readonly known: () => Promise<readonly VerifierKey[]>
  /** Ends a change that a crash interrupted; everything must be under a checkpoint by now. */
  readonly resume: () => Promise<void>
  /**
   * Another key: `append` writes its entry, exactly once for these two keys; `included` resolves when
   * all that was appended is under a checkpoint. Whatever rejects: the same call goes on from there.
   */
  readonly change: (by: {
    readonly append: (keys: { readonly from: Signer; readonly to: Signer }) => Promise<void>
    readonly included: () => Promise<void>
  }) => Promise<VerifierKey>
}

type Tables = Pick<LogTables, 'entries' | 'count'>

/** Opens the keys, an interrupted change undone where its entry is not in the log. */
export const keyRing = async (
  { path, origin, mayMake }: { readonly path: string; readonly origin: string; readonly mayMake: boolean },
  log: Tables
): Promise<KeyRing> => {
  let current = ledgerKey({ path, origin, mayMake })
  const found = nextKey(path)
  const isUnderWay = found !== null && found.signer.id !== current.id && (await isInLog(log, found))
  if (found !== null && !isUnderWay) dropNextKey(path)
  let next = isUnderWay ? found.signer : null

  const take = async (to: Signer): Promise<void> => {
    await takeNextKey(path, current)
    current = to
    next = null
  }

  return {
    signers: () => (next === null ? [current] : [current, next]),
    known: async () => [current, ...(next === null ? [] : [next]), ...(await retiredKeys(path))],
    resume: async () => {
      if (next !== null) await take(next)
    },
    change: async ({ append, included }) => {
      const made = makeNextKey(path, origin, await log.count())
      next = made.signer
      if (!(await isInLog(log, made))) await append({ from: current, to: made.signer })
      await included()
      await take(made.signer)
      return made.signer
    }
  }
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
