/**
 * C2SP tlog-checkpoint: origin, size and root hash on three lines, as a signed note whose key is
 * named like the origin. Refused: extension lines, leading zeros, sizes beyond 2^64 - 1, a root
 * that is not 32 bytes, a note that only keys of other names signed.
 */
import { base64, fromBase64 } from './bytes.ts'
import { type Note, type Opened, type VerifierKey, isKeyName, openNote } from './note.ts'
import { type Primitives, hashBytes } from './primitives.ts'

export type TreeHead = {
  readonly origin: string
  /** number of entries, up to 2^64 - 1 */
  readonly size: bigint
  readonly root: Uint8Array
}

export type OpenedCheckpoint =
  | { readonly ok: true; readonly head: TreeHead; readonly by: readonly VerifierKey[] }
  | {
      readonly ok: false
      readonly code: Extract<Opened, { readonly ok: false }>['code'] | 'other_origin'
    }

/** What a checkpoint may be long, in bytes: three lines and 100 signatures. */
export const mostCheckpointBytes = 65536
const largest = 2n ** 64n - 1n

/** The three lines that are signed. */
export const checkpointText = ({ origin, size, root }: TreeHead): string =>
  `${origin}\n${size}\n${base64(root)}\n`

/** The tree head of a note's text, or null. */
export const parseCheckpointText = (text: string): TreeHead | null => {
  const [origin = '', number = '', encoded = '', end, ...more] = text.split('\n')
  const root = fromBase64(encoded)
  if (end !== '' || more.length > 0 || !isKeyName(origin)) return null
  if (root?.length !== hashBytes) return null
  const size = parseSize(number)
  return size === null ? null : { origin, size, root }
}

/** A decimal without leading zeros up to 2^64 - 1, or null. */
export const parseSize = (text: string): bigint | null => {
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text)) return null
  const size = BigInt(text)
  return size <= largest ? size : null
}

/** The head of a checkpoint that a known key named like its origin has signed. */
export const openCheckpoint = async (
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  by: Primitives
): Promise<OpenedCheckpoint> => {
  const opened = await openNote(bytes, keys, by)
  if (!opened.ok) return opened
  const head = parseCheckpointText(opened.text)
  if (head === null) return { ok: false, code: 'malformed' }
  const isNamedSo = opened.by.some(({ name }) => name === head.origin)
  return isNamedSo ? { ok: true, head, by: opened.by } : { ok: false, code: 'other_origin' }
}

/** Whether a key of the log itself, known or not, stands below the note. */
export const isSignedAs = (note: Note, origin: string): boolean =>
  note.signatures.some(({ name }) => name === origin)
