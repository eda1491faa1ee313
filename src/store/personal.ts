/**
 * Personal values under lock: AES-256-GCM (NIST SP 800-38D) with a key per person and a random
 * 96-bit nonce. Person, entry and name are its additional data, so that what was put into another
 * row does not open. Layout: version 1 byte, nonce 12, tag 16, ciphertext.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Opening } from '../ledger/entry.ts'

/** Where a value belongs. */
export type Place = { readonly person: string; readonly entryKey: string; readonly name: string }

export const keyBytes = 32

export const newKey = (): Uint8Array => new Uint8Array(randomBytes(keyBytes))

/** Salt and value of an opening, locked to its place. */
export const sealOpening = (key: Uint8Array, entryKey: string, opening: Opening): Uint8Array => {
  const { person, name, salt, value } = opening
  const plain = Buffer.concat([Buffer.from(salt, 'hex'), Buffer.from(value, 'utf8')])
  return lock(key, boundTo({ person, entryKey, name }), plain)
}

/** The opening again; null where the key is another, or the bytes are not this place's. */
export const openSealed = (key: Uint8Array, place: Place, sealed: Uint8Array): Opening | null => {
  const plain = unlock(key, boundTo(place), sealed)
  if (plain === null || plain.length < saltBytes) return null
  const salt = Buffer.from(plain.subarray(0, saltBytes)).toString('hex')
  const value = Buffer.from(plain.subarray(saltBytes)).toString('utf8')
  return { person: place.person, name: place.name, salt, value }
}

/** `context` is what both sides must say the same, part by part. */
export const lock = (
  key: Uint8Array,
  context: readonly string[],
  plain: Uint8Array
): Uint8Array => {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(additional(context))
  const text = Buffer.concat([cipher.update(plain), cipher.final()])
  return new Uint8Array(Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), text]))
}

/** Null where key, context or bytes are not those of `lock`. */
export const unlock = (
  key: Uint8Array,
  context: readonly string[],
  locked: Uint8Array
): Uint8Array | null => {
  if (locked.length < headBytes || locked[0] !== version) return null
  const nonce = locked.subarray(1, 1 + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(additional(context)).setAuthTag(locked.subarray(1 + nonceBytes, headBytes))
  try {
    return Buffer.concat([decipher.update(locked.subarray(headBytes)), decipher.final()])
  } catch {
    return null
  }
}

const version = 1
const nonceBytes = 12
const tagBytes = 16
const headBytes = 1 + nonceBytes + tagBytes
const saltBytes = 32

const boundTo = ({ person, entryKey, name }: Place): readonly string[] => [
  'opening',
  person,
  entryKey,
  name
]

/** JSON of a list of texts has one spelling, so no two contexts have the same bytes. */
const additional = (context: readonly string[]): Uint8Array => Buffer.from(JSON.stringify(context))
