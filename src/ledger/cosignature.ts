/**
 * C2SP tlog-cosignature, Ed25519 (`cosignature/v1`): a witness says that at this time the largest
 * tree it has seen of a log is the one of this checkpoint. Its key has type 0x04, so that no
 * signature of a log can be taken for one. Refused: times beyond 2^63 - 1 and before 1 second.
 */
import { base64, concat, fromBase64, hex, isEqual, utf8 } from './bytes.ts'
import { type NoteSignature, isKeyName, parseNote, signatureLine } from './note.ts'
import type { Primitives } from './primitives.ts'

/** A witness's key: kept apart from a log's by its type, which is part of its id. */
export type WitnessKey = {
  readonly witness: string
  /** first four bytes of SHA-256(name || 0x0A || 0x04 || public key), as 8 hex digits */
  readonly id: string
  readonly publicKey: Uint8Array
}

export type Cosignature = {
  readonly key: WitnessKey
  /** POSIX seconds, by the witness's clock */
  readonly time: bigint
}

export type Cosigned =
  | { readonly ok: true; readonly by: readonly Cosignature[] }
  | { readonly ok: false; readonly code: 'malformed' | 'bad_signature' }

export const cosignatureType = 4
const timeBytes = 8
const signatureBytes = 64
const latest = 2n ** 63n - 1n

/** Id of a witness's key as 8 hex digits. */
export const witnessKeyId = async (
  name: string,
  publicKey: Uint8Array,
  by: Primitives
): Promise<string> => {
  const message = concat([utf8(`${name}\n`), Uint8Array.of(cosignatureType), publicKey])
  return hex((await by.sha256([message])).subarray(0, 4))
}

/** `name+id+base64(0x04 || public key)`, or null; the id is checked. */
export const parseWitnessKey = async (text: string, by: Primitives): Promise<WitnessKey | null> => {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  const [, name = '', id = '', encoded = ''] = match ?? []
  const key = fromBase64(encoded)
  if (!isKeyName(name) || key?.length !== 33 || key[0] !== cosignatureType) return null
  const publicKey = key.subarray(1)
  return (await witnessKeyId(name, publicKey, by)) === id ? { witness: name, id, publicKey } : null
}

/** A witness's key as text, which `parseWitnessKey` reads. */
export const witnessKeyText = ({ witness, id, publicKey }: WitnessKey): string =>
  `${witness}+${id}+${base64(concat([Uint8Array.of(cosignatureType), publicKey]))}`

/** What a witness signs: two lines of its own, then the text of the note. */
export const cosignedText = (text: string, time: bigint): string =>
  `cosignature/v1\ntime ${time}\n${text}`

/** The line of a cosignature, without its newline; `signature` is of `cosignedText`. */
export const cosignatureLine = ({ key, time }: Cosignature, signature: Uint8Array): string => {
  const stamped = new Uint8Array(timeBytes)
  new DataView(stamped.buffer).setBigUint64(0, time)
  return signatureLine({ name: key.witness, id: key.id, signature: concat([stamped, signature]) })
}

/**
 * The cosignatures of known witnesses below a note, the first of each; none of another is looked
 * at, and a wrong one of a known witness spoils the note.
 */
export const cosignatures = async (
  bytes: Uint8Array,
  keys: readonly WitnessKey[],
  by: Primitives
): Promise<Cosigned> => {
  const note = parseNote(bytes)
  if (note === null) return { ok: false, code: 'malformed' }
  const found: Cosignature[] = []
  for (const key of keys) {
    const line = note.signatures.find(({ name, id }) => name === key.witness && id === key.id)
    if (line === undefined || found.some((one) => isEqual(one.key.publicKey, key.publicKey)))
      continue
    const time = await timeOf(line, { key, text: note.text }, by)
    if (time === null) return { ok: false, code: 'bad_signature' }
    found.push({ key, time })
  }
  return { ok: true, by: found }
}

const timeOf = async (
  { signature: stamped }: NoteSignature,
  { key, text }: { readonly key: WitnessKey; readonly text: string },
  by: Primitives
): Promise<bigint | null> => {
  if (stamped.length !== timeBytes + signatureBytes) return null
  const time = new DataView(stamped.buffer, stamped.byteOffset).getBigUint64(0)
  if (time < 1n || time > latest) return null
  const message = utf8(cosignedText(text, time))
  const signature = stamped.subarray(timeBytes)
  const { publicKey } = key
  return (await by.verifySignature({ publicKey, message, signature })) ? time : null
}
