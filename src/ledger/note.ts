/**
 * C2SP signed-note: a text and the signatures of named keys below it. Only Ed25519 (type 0x01) is
 * spoken; signatures of keys that are not known are ignored. Refused: control characters, malformed
 * UTF-8, more than 100 signatures, a wrong signature of a known key, two known keys of one name and
 * id.
 */
import { base64, concat, fromBase64, hex, textOf, utf8 } from './bytes.ts'
import type { Primitives } from './primitives.ts'

export type VerifierKey = {
  readonly name: string
  /** first four bytes of SHA-256(name || 0x0A || 0x01 || public key), as 8 hex digits */
  readonly id: string
  readonly publicKey: Uint8Array
}

export type Note = {
  /** the signed text, with the newline at its end */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

export type NoteSignature = {
  readonly name: string
  readonly id: string
  readonly signature: Uint8Array
}

export type Opened =
  | { readonly ok: true; readonly text: string; readonly by: readonly VerifierKey[] }
  | {
      readonly ok: false
      readonly code: 'malformed' | 'no_known_key' | 'ambiguous_key' | 'bad_signature'
    }

export const ed25519Type = 1
const mostNoteBytes = 1_000_000
const mostSignatures = 100
const dash = '\u2014 '
const separator = '\n\n'

/** Key names are not empty and hold neither white space nor a plus sign. */
export const isKeyName = (name: string): boolean =>
  name !== '' && !/[\p{White_Space}+\p{Cc}\uFFFD]/u.test(name) && name.isWellFormed()

/** Id of a key as 8 hex digits. */
export const keyId = async (name: string, publicKey: Uint8Array, by: Primitives): Promise<string> =>
  hex((await by.sha256([keyMessage(name, publicKey)])).subarray(0, 4))

export const keyMessage = (name: string, publicKey: Uint8Array): Uint8Array =>
  concat([utf8(`${name}\n`), Uint8Array.of(ed25519Type), publicKey])

/** `name+id+base64(0x01 || public key)`, or null; the id is checked. */
export const parseVerifierKey = async (
  text: string,
  by: Primitives
): Promise<VerifierKey | null> => {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  const [, name = '', id = '', encoded = ''] = match ?? []
  const key = fromBase64(encoded)
  if (!isKeyName(name) || key?.length !== 33 || key[0] !== ed25519Type) return null
  const publicKey = key.subarray(1)
  return (await keyId(name, publicKey, by)) === id ? { name, id, publicKey } : null
}

/** A verifier key as text, which `parseVerifierKey` reads. */
export const verifierKeyText = ({ name, id, publicKey }: VerifierKey): string =>
  `${name}+${id}+${base64(concat([Uint8Array.of(ed25519Type), publicKey]))}`

/** A note's parts, none of them verified; null where it is malformed. */
export const parseNote = (bytes: Uint8Array): Note | null => {
  const all = bytes.length > mostNoteBytes ? null : textOf(bytes)
  if (all === null || /(?![\n\u007f-\u009f])\p{Cc}/u.test(all)) return null
  const split = all.lastIndexOf(separator)
  if (split < 0 || !all.endsWith('\n')) return null
  const lines = all.slice(split + separator.length).split('\n').slice(0, -1)
  if (lines.length === 0 || lines.length > mostSignatures) return null
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignature(line)
    if (signature === null) return null
    signatures.push(signature)
  }
  return { text: all.slice(0, split + 1), signatures }
}

/** The text if at least one of `keys` signed it and none of those that did signed it wrongly. */
export const openNote = async (
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
  by: Primitives
): Promise<Opened> => {
  const note = parseNote(bytes)
  if (note === null) return { ok: false, code: 'malformed' }
  const message = utf8(note.text)
  const signers = new Map<string, VerifierKey>()
  for (const { name, id, signature } of note.signatures) {
    const known = keys.filter((key) => key.name === name && key.id === id)
    const [key] = known
    if (key === undefined || signers.has(`${name}+${id}`)) continue
    if (known.length > 1) return { ok: false, code: 'ambiguous_key' }
    const isGood = await by.verifySignature({ publicKey: key.publicKey, message, signature })
    if (!isGood) return { ok: false, code: 'bad_signature' }
    signers.set(`${name}+${id}`, key)
  }
  if (signers.size === 0) return { ok: false, code: 'no_known_key' }
  return { ok: true, text: note.text, by: [...signers.values()] }
}

/** One signature line, without its newline. */
export const signatureLine = ({ name, id, signature }: NoteSignature): string =>
  `${dash}${name} ${base64(concat([bytesOfId(id), signature]))}`

const bytesOfId = (id: string): Uint8Array =>
  Uint8Array.from([0, 2, 4, 6], (at) => parseInt(id.slice(at, at + 2), 16))

const parseSignature = (line: string): NoteSignature | null => {
  const [name = '', encoded = '', ...more] = line.slice(dash.length).split(' ')
  const bytes = fromBase64(encoded)
  if (!line.startsWith(dash) || more.length > 0 || !isKeyName(name)) return null
  if (bytes === null || bytes.length < 5) return null
  return { name, id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}
