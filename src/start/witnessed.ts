/**
 * Our checkpoints under a witness's eyes: each is sent, at most one a second and always the last,
 * and the cosigned one is kept in the data folder. A witness that is not there stops nothing; one
 * that has seen another log than ours does.
 */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { anchors } from '../broker/anchors.ts'
import type { After } from '../broker/ledger-log.ts'
import { type Witness, type Witnessed, askWitness } from '../broker/witnessing.ts'
import { parseCheckpointText } from '../ledger/checkpoint.ts'
import { type WitnessKey, cosignatures } from '../ledger/cosignature.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { parseNote } from '../ledger/note.ts'
import { replaceFile } from '../store/whole-file.ts'

export type WitnessWatch = {
  /** the last checkpoint that was cosigned; null = none */
  readonly last: () => Uint8Array | null
  /** Asks at the start; what the witness has seen of a log that is not ours, or null. */
  readonly ask: (checkpoint: Uint8Array) => Promise<bigint | null>
  readonly tell: (checkpoint: Uint8Array, size: number) => void
  /** This checkpoint or a later one with the cosignature; null where there is none in time. */
  readonly over: (checkpoint: Uint8Array) => Promise<Uint8Array | null>
  /** Sends what was not sent yet; a dead witness is not waited for. */
  readonly flush: () => Promise<void>
  /** What was cosigned is of a log that is no more. */
  readonly forget: () => void
  /** Rejects while the witness does not cosign. */
  readonly check: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type WitnessParts = {
  readonly witness: Witness
  readonly key: WitnessKey
  readonly dataDir: string
  readonly file: (path: string) => Promise<Uint8Array | null>
  /** entries under a checkpoint, whoever signed it */
  readonly signed: () => Promise<number>
  readonly after: After
  /** hears that the witness has seen so many entries of a log that is not ours */
  readonly foreign: (size: bigint) => void
  readonly failed: (cause: unknown) => void
}

type Waiting = { readonly size: bigint; readonly done: (checkpoint: Uint8Array | null) => void }
type Kept = { readonly size: bigint; readonly checkpoint: Uint8Array }

const longestWaitMs = 3000
const longestPauseMs = 60_000

export const witnessWatch = async (parts: WitnessParts): Promise<WitnessWatch> => {
  const { key, after } = parts
  const path = join(parts.dataDir, 'ledger.cosigned')
  const waiting = new Set<Waiting>()
  let kept: Kept | null = await readKept(path, key)
  let isFailing = false

  const askFor = async (checkpoint: Uint8Array): Promise<Witnessed> => {
    const { witness, file } = parts
    const answer = await askWitness({ witness, key, file, last: kept?.size ?? 0n }, checkpoint)
    if (answer.kind === 'cosigned') {
      kept = answer
      replaceFile(path, answer.checkpoint)
      for (const one of waiting) if (one.size <= answer.size) one.done(answer.checkpoint)
    }
    return answer
  }

  /** Another replica may have been faster. */
  const isForeign = async (answer: Witnessed): Promise<boolean> => {
    if (answer.kind === 'forked') return true
    return answer.kind === 'ahead' && answer.size > BigInt(await parts.signed())
  }

  const telling = anchors({
    publish: async ({ bytes }) => {
      const answer = await askFor(bytes)
      if (answer.kind === 'cosigned') {
        isFailing = false
        return
      }
      if (answer.kind === 'refused') throw new Error(`the witness does not cosign: ${answer.why}`)
      if (await isForeign(answer)) parts.foreign(answer.size)
      throw new Error(`the witness has cosigned another log of ${answer.size} entries`)
    },
    after,
    failed: (cause) => {
      isFailing = true
      for (const one of waiting) one.done(null)
      parts.failed(cause)
    },
    between: (failures) => Math.min(1000 * 2 ** Math.min(failures, 10), longestPauseMs)
  })

  const flush = (): Promise<void> => (isFailing ? telling.drop() : telling.flush())

  return {
    last: () => kept?.checkpoint ?? null,
    ask: async (checkpoint) => {
      try {
        const answer = await askFor(checkpoint)
        if (answer.kind === 'refused') parts.failed(new Error(`it does not cosign: ${answer.why}`))
        if (answer.kind === 'cosigned' || answer.kind === 'refused') return null
        return (await isForeign(answer)) ? answer.size : null
      } catch (cause) {
        parts.failed(cause)
        return null
      }
    },
    tell: (checkpoint, size) => {
      if (kept === null || kept.size < BigInt(size)) telling.tell(checkpoint, size)
    },
    over: async (checkpoint) => {
      const size = sizeOf(checkpoint)
      if (kept !== null && kept.size >= size) return kept.checkpoint
      if (isFailing) return null
      return new Promise((resolve) => {
        const limit = after(longestWaitMs, () => one.done(null))
        const one: Waiting = {
          size,
          done: (found) => {
            limit.clear()
            waiting.delete(one)
            resolve(found)
          }
        }
        waiting.add(one)
      })
    },
    flush,
    forget: () => {
      kept = null
      rmSync(path, { force: true })
    },
    check: async () => {
      if (isFailing) throw new Error('the witness does not cosign')
    },
    stop: async () => {
      await flush()
      for (const one of waiting) one.done(null)
    }
  }
}

/** What was cosigned by this very witness; a file that is not, counts for nothing. */
const readKept = async (path: string, key: WitnessKey): Promise<Kept | null> => {
  const checkpoint = fileAt(path)
  const found = checkpoint && (await cosignatures(checkpoint, [key], nodePrimitives))
  return checkpoint && found?.ok && found.by.length > 0
    ? { size: sizeOf(checkpoint), checkpoint }
    : null
}

const fileAt = (path: string): Uint8Array | null => {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}

const sizeOf = (checkpoint: Uint8Array): bigint => {
  const note = parseNote(checkpoint)
  const head = note && parseCheckpointText(note.text)
  if (!head) throw new Error('a checkpoint of our own cannot be read')
  return head.size
}
