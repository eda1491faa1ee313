/**
 * Signing notes (C2SP signed-note) with Ed25519 keys. A signer may also be one whose key lies
 * elsewhere: then `sign` answers later, which is why it belongs after the commit, never inside it.
 */
import { base64, concat, fromBase64, textOf, utf8 } from './bytes.ts'
import { type TreeHead, checkpointText } from './checkpoint.ts'
import { ed25519, sha256Hex } from './hash.ts'
import {
  type VerifierKey,
  ed25519Type,
  isKeyName,
  keyMessage,
  parseNote,
  signatureLine
} from './note.ts'
import { rotationText } from './rotation.ts'

export type Signer = VerifierKey & {
  /** the 64-byte Ed25519 signature of a message */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

const seedBytes = 32

/**
 * A signer from 32 random bytes; `name` is the log's origin. Throws RangeError where it cannot be.
 */
export const signerOf = (name: string, seed: Uint8Array): Signer => {
  if (!isKeyName(name)) throw new RangeError('a key name has no white space and no plus sign')
  if (seed.length !== seedBytes) throw new RangeError('an Ed25519 seed is 32 bytes')
  const { publicKey, sign } = ed25519(seed)
  const id = sha256Hex(keyMessage(name, publicKey)).slice(0, 8)
  return { name, id, publicKey, sign }
}

/** The private key as text, `PRIVATE+KEY+name+id+base64(0x01 || seed)`: a secret. */
export const signerKeyText = (name: string, seed: Uint8Array): string => {
  const key = base64(concat([Uint8Array.of(ed25519Type), seed]))
  return `PRIVATE+KEY+${name}+${signerOf(name, seed).id}+${key}`
}

/** A signer from `signerKeyText`, or null; the id is checked. */
export const parseSignerKey = (text: string): Signer | null => {
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  const [, name = '', id = '', encoded = ''] = match ?? []
  const key = fromBase64(encoded)
  if (!isKeyName(name) || key?.length !== 1 + seedBytes || key[0] !== ed25519Type) return null
  const signer = signerOf(name, key.subarray(1))
  return signer.id === id ? signer : null
}

/**
 * The note with one signature line per signer. Throws RangeError where the text cannot be a note's.
 */
export const signNote = async (text: string, signers: readonly Signer[]): Promise<Uint8Array> => {
  const message = utf8(text)
  const lines: string[] = []
  for (const { name, id, sign } of signers) {
    lines.push(signatureLine({ name, id, signature: await sign(message) }))
  }
  const note = utf8(`${text}\n${lines.map((line) => `${line}\n`).join('')}`)
  if (!text.endsWith('\n') || !text.isWellFormed() || parseNote(note)?.text !== text) {
    throw new RangeError('not a text that a note can carry')
  }
  return note
}

/** A checkpoint; at least one signer is named like the origin, or RangeError. */
export const signCheckpoint = async (
  head: TreeHead,
  signers: readonly Signer[]
): Promise<Uint8Array> => {
  if (!signers.some(({ name }) => name === head.origin)) {
    throw new RangeError('a checkpoint is signed by a key named like its origin')
  }
  return signNote(checkpointText(head), signers)
}

/** `data` of a `ledger.key_rotated` entry with this id: the note that both keys sign. */
export const rotationData = async (
  { origin, id }: { readonly origin: string; readonly id: string },
  { from, to }: { readonly from: Signer; readonly to: Signer }
): Promise<{ readonly note: string }> => {
  const note = textOf(await signNote(rotationText(origin, id, { from, to }), [from, to]))
  if (note === null) throw new RangeError('a note is UTF-8')
  return { note }
}
