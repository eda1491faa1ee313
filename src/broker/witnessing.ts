/**
 * Asking a witness (C2SP tlog-witness) to cosign our checkpoint: with a proof that it continues the
 * one it cosigned last. What the witness remembers is what nobody here can take back: a log that it
 * has seen larger, or otherwise, was rolled back or forked.
 */
import { base64, concat, textOf, utf8 } from '../ledger/bytes.ts'
import { type TreeHead, parseCheckpointText, parseSize } from '../ledger/checkpoint.ts'
import { type WitnessKey, cosignatures } from '../ledger/cosignature.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { parseNote } from '../ledger/note.ts'
import { consistencyProof } from '../ledger/proof.ts'
import { tileHashes } from '../ledger/tile-hashes.ts'

/**
 * A witness (C2SP tlog-witness): who remembers what a log has shown. Rejects where it is not there.
 */
export interface Witness {
  /** `POST /add-checkpoint` with this body */
  add(body: Uint8Array): Promise<{ readonly status: number; readonly body: Uint8Array }>
}

export type Witnessed =
  /** the checkpoint with the cosignature below it */
  | { readonly kind: 'cosigned'; readonly checkpoint: Uint8Array; readonly size: bigint }
  /** the witness has cosigned this many entries: more than the checkpoint has, or other ones */
  | { readonly kind: 'ahead' | 'forked'; readonly size: bigint }
  /** the witness does not serve us; the answer's status, or what is wrong with it */
  | { readonly kind: 'refused'; readonly why: string }

export type Witnessing = {
  readonly witness: Witness
  readonly key: WitnessKey
  /** a file of our tree, as it is served */
  readonly file: (path: string) => Promise<Uint8Array | null>
  /** entries under the checkpoint that was cosigned last, as far as we know */
  readonly last: bigint
}

const mostTries = 3

/** Rejects where the witness cannot be reached, or our own tiles cannot be read. */
export const askWitness = async (of: Witnessing, checkpoint: Uint8Array): Promise<Witnessed> => {
  const note = parseNote(checkpoint)
  const head = note && parseCheckpointText(note.text)
  if (!head) throw new Error('our own checkpoint cannot be read')
  let old = of.last <= head.size ? of.last : 0n
  for (let tries = 0; tries < mostTries; tries++) {
    const { status, body } = await of.witness.add(await requestOf(of, { old, head, checkpoint }))
    if (status === 200) return cosigned(of.key, { head, checkpoint, lines: body })
    if (status === 422) return { kind: 'forked', size: old }
    const size = status === 409 ? parseSize((textOf(body) ?? '').replace(/\n$/, '')) : null
    if (size === null) return { kind: 'refused', why: `status ${status}` }
    if (size > head.size) return { kind: 'ahead', size }
    if (size === old) return { kind: 'forked', size }
    old = size
  }
  return { kind: 'refused', why: 'it says another size each time' }
}

const requestOf = async (
  { file }: Witnessing,
  of: { readonly old: bigint; readonly head: TreeHead; readonly checkpoint: Uint8Array }
): Promise<Uint8Array> => {
  const { old, checkpoint } = of
  const { size } = of.head
  const tile = async (path: string): Promise<Uint8Array> => {
    const bytes = await file(path)
    if (bytes === null) throw new Error(`the log has lost ${path}`)
    return bytes
  }
  const source = { read: tileHashes({ size, tile }, nodePrimitives), by: nodePrimitives }
  const proof = old === 0n ? [] : await consistencyProof({ first: old, size }, source)
  const lines = [`old ${old}`, ...proof.map(base64), '']
  return concat([utf8(lines.map((line) => `${line}\n`).join('')), checkpoint])
}

/** Only the lines of the witness we know are kept. */
const cosigned = async (
  key: WitnessKey,
  of: { readonly head: TreeHead; readonly checkpoint: Uint8Array; readonly lines: Uint8Array }
): Promise<Witnessed> => {
  const start = `\u2014 ${key.witness} `
  const lines = (textOf(of.lines) ?? '').split('\n').filter((line) => line.startsWith(start))
  const checkpoint = concat([of.checkpoint, utf8(lines.map((line) => `${line}\n`).join(''))])
  const found = await cosignatures(checkpoint, [key], nodePrimitives)
  if (found.ok && found.by.length > 0) return { kind: 'cosigned', checkpoint, size: of.head.size }
  return { kind: 'refused', why: 'its cosignature is not by the key it is known by' }
}
