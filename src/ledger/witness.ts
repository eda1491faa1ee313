/**
 * What a witness decides (C2SP tlog-witness, `add-checkpoint`): a checkpoint of a log it knows is
 * cosigned if it continues the last one it cosigned. Refused: forks, rollbacks, other keys, proofs
 * that do not hold. Pure: what it remembers comes in, what it must remember before it answers goes
 * out.
 */
import { fromBase64, isEqual, textOf, utf8 } from './bytes.ts'
import { type TreeHead, openCheckpoint, parseCheckpointText, parseSize } from './checkpoint.ts'
import { type VerifierKey, parseNote } from './note.ts'
import type { Primitives } from './primitives.ts'
import { hashBytes } from './primitives.ts'
import { type Proof, verifyConsistency } from './proof.ts'

/** The latest checkpoint that was cosigned of an origin; null = none was. */
export type Seen = Pick<TreeHead, 'size' | 'root'> | null

export type AddCheckpoint = {
  /** size of the checkpoint that the log believes was cosigned last */
  readonly old: bigint
  readonly proof: Proof
  /** the signed note, byte for byte */
  readonly checkpoint: Uint8Array
}

export type WitnessRefusal = {
  readonly ok: false
  readonly status: 400 | 403 | 404 | 409 | 422
  readonly why: string
  /** 409: what the witness has cosigned last */
  readonly size?: bigint
}

export type Judged =
  | {
      readonly ok: true
      readonly head: TreeHead
      /** the text to cosign */
      readonly text: string
    }
  | WitnessRefusal

const mostProofLines = 63

/** The body of a request; null where it is none. */
export const parseAddCheckpoint = (bytes: Uint8Array): AddCheckpoint | null => {
  const text = textOf(bytes)
  const split = text?.indexOf('\n\n') ?? -1
  if (text === null || split < 0) return null
  const [first = '', ...lines] = text.slice(0, split).split('\n')
  const old = first.startsWith('old ') ? parseSize(first.slice('old '.length)) : null
  if (old === null || lines.length > mostProofLines) return null
  const proof: Uint8Array[] = []
  for (const line of lines) {
    const hash = fromBase64(line)
    if (hash?.length !== hashBytes) return null
    proof.push(hash)
  }
  return { old, proof, checkpoint: utf8(text.slice(split + 2)) }
}

/** The origin of a checkpoint, whoever signed it; null where it is not one. */
export const originOf = (checkpoint: Uint8Array): string | null => {
  const note = parseNote(checkpoint)
  return (note && parseCheckpointText(note.text)?.origin) ?? null
}

/**
 * Whether to cosign. `keys` are those of logs that the witness was told of; `seen` is of this
 * checkpoint's origin. Whoever calls keeps the head durably, before the signature leaves and before
 * the next request of the same origin is judged.
 */
export const judgeCheckpoint = async (
  { old, proof, checkpoint }: AddCheckpoint,
  known: { readonly keys: readonly VerifierKey[]; readonly seen: Seen },
  by: Primitives
): Promise<Judged> => {
  const note = parseNote(checkpoint)
  const head = note && parseCheckpointText(note.text)
  if (!note || !head) return refuse(400, 'not a checkpoint')
  const keys = known.keys.filter(({ name }) => name === head.origin)
  if (keys.length === 0) return refuse(404, 'a log this witness does not know')
  const opened = await openCheckpoint(checkpoint, keys, by)
  if (!opened.ok) return refuse(403, `not signed by the log's key (${opened.code})`)
  if (old > head.size) return refuse(400, 'the old size is beyond the checkpoint')
  const seen = known.seen ?? { size: 0n, root: null }
  if (old !== seen.size)
    return { ...refuse(409, 'another size was cosigned last'), size: seen.size }
  if (old === head.size && seen.root !== null && !isEqual(seen.root, head.root)) {
    return { ...refuse(409, 'a fork: another root of this size was cosigned'), size: seen.size }
  }
  if (!(await continues({ seen, head, proof }, by))) {
    return refuse(422, 'the proof does not lead from the one to the other')
  }
  return { ok: true, head, text: note.text }
}

const refuse = <S extends WitnessRefusal['status']>(status: S, why: string) =>
  ({ ok: false, status, why }) as const

const continues = async (
  of: {
    readonly seen: { readonly size: bigint; readonly root: Uint8Array | null }
    readonly head: TreeHead
    readonly proof: Proof
  },
  by: Primitives
): Promise<boolean> => {
  const { seen, head, proof } = of
  if (head.size === 0n) return proof.length === 0 && isEqual(head.root, await by.sha256([utf8('')]))
  if (seen.size === 0n || seen.root === null) return proof.length === 0
  const first = { size: seen.size, root: seen.root }
  return verifyConsistency({ first, second: head, proof }, by)
}
