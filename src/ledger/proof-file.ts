/**
 * One file that proves one entry offline, C2SP tlog-proof: index, inclusion proof and checkpoint,
 * with the entry's bytes as `extra`. `extra` is trusted only in so far as its leaf hash is what is
 * proved.
 */
import { base64, fromBase64, textOf, utf8 } from './bytes.ts'
import { type TreeHead, openCheckpoint, parseSize } from './checkpoint.ts'
import { type EntryBody, parseEntry } from './envelope.ts'
import { leafHashOf } from './merkle.ts'
import type { VerifierKey } from './note.ts'
import { type Primitives, hashBytes } from './primitives.ts'
import { type Proof, verifyInclusion } from './proof.ts'

export type ProofFile = {
  readonly index: bigint
  readonly proof: Proof
  /** the entry's exact bytes */
  readonly entry: Uint8Array
  /** the signed note, as it was published */
  readonly checkpoint: Uint8Array
}

export type VerifiedProof =
  | { readonly ok: true; readonly index: bigint; readonly head: TreeHead; readonly body: EntryBody }
  | { readonly ok: false; readonly code: ProofFault }

export type ProofFault =
  | 'proof_malformed'
  | 'proof_checkpoint'
  | 'proof_not_included'
  | 'proof_entry'

const firstLine = 'c2sp.org/tlog-proof@v1'
/** A path is no longer than a tree of 2^64 entries is high. */
const longestPath = 64

/** The text of a `.tlog-proof` file. */
export const proofFileText = ({ index, proof, entry, checkpoint }: ProofFile): string => {
  const note = textOf(checkpoint)
  if (note === null) throw new RangeError('a checkpoint is UTF-8')
  const path = proof.map((hash) => `${base64(hash)}\n`).join('')
  return `${firstLine}\nextra ${base64(entry)}\nindex ${index}\n${path}\n${note}`
}

/** The parts of such a file, none of them verified; null where it is malformed. */
export const parseProofFile = (bytes: Uint8Array): ProofFile | null => {
  const text = textOf(bytes)
  const split = text?.indexOf('\n\n') ?? -1
  if (text === null || split < 0) return null
  const [first, extra = '', number = '', ...path] = text.slice(0, split).split('\n')
  const entry = extra.startsWith('extra ') ? fromBase64(extra.slice(6)) : null
  const index = number.startsWith('index ') ? parseSize(number.slice(6)) : null
  if (first !== firstLine || entry === null || index === null) return null
  if (path.length > longestPath) return null
  const proof: Uint8Array[] = []
  for (const line of path) {
    const hash = fromBase64(line)
    if (hash?.length !== hashBytes) return null
    proof.push(hash)
  }
  return { index, proof, entry, checkpoint: utf8(text.slice(split + 2)) }
}

/** The entry that a proof file proves, to whoever trusts one of these keys. */
export const verifyProofFile = async (
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  by: Primitives
): Promise<VerifiedProof> => {
  const file = parseProofFile(bytes)
  if (file === null) return { ok: false, code: 'proof_malformed' }
  const { index, proof, entry } = file
  const opened = await openCheckpoint(file.checkpoint, keys, by)
  if (!opened.ok) return { ok: false, code: 'proof_checkpoint' }
  const { head } = opened
  const leaf = await leafHashOf(entry, by)
  const isIncluded = await verifyInclusion({ index, leaf, proof, ...head }, by)
  if (!isIncluded) return { ok: false, code: 'proof_not_included' }
  const parsed = parseEntry(entry)
  if (!parsed.ok) return { ok: false, code: 'proof_entry' }
  return { ok: true, index, head, body: parsed.body }
}
