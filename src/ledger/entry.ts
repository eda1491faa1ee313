/**
 * A ledger entry: the exact bytes that are hashed. Example on one line, keys sorted (RFC 8785):
 * {"actor":"bob","at":"2026-11-21T10:00:00.000Z","commitments":{},"data":{…},"elevation":"01J…",
 *  "id":"…","policy":"sha256:…","target":"claims-pii","type":"approval.recorded","v":1}
 * Free text and personal data are not in it: `commitments` hold SHA-256(salt || value).
 */
import { type CanonicalJson, canonicalText } from './canonical.ts'
import { type EntryBody, maxEntryBytes } from './envelope.ts'
import { sha256, sha256Hex } from './hash.ts'

export { type EntryBody, maxEntryBytes }

/** What opens a commitment: kept beside the ledger, never in a leaf. */
export type Opening = {
  /** whose words they are: the entry's actor */
  readonly person: string
  readonly name: string
  readonly salt: string
  readonly value: string
}

export type Entry = {
  /** unique per event, so that a retry cannot write it twice */
  readonly key: string
  readonly elevation: string | null
  readonly body: Uint8Array
  /** SHA-256(0x00 || body), RFC 6962 section 2.1 */
  readonly leaf: Uint8Array
  readonly openings: readonly Opening[]
}

/** Bytes and leaf hash of one entry. Throws where the body is over 16 KiB or not canonical JSON. */
export const makeEntry = (
  key: string,
  body: Omit<EntryBody, 'v' | 'commitments'>,
  words: readonly Omit<Opening, 'person'>[]
): Entry => {
  const openings = words.map((word) => ({ person: body.actor, ...word }))
  const commitments = Object.fromEntries(
    openings.map(({ name, salt, value }) => [name, commitment(salt, value)])
  )
  const bytes = Buffer.from(canonicalText({ v: 1, ...body, commitments }))
  if (bytes.length > maxEntryBytes) throw new RangeError('ledger entry over 16 KiB')
  return { key, elevation: body.elevation, body: bytes, leaf: leafHash(bytes), openings }
}

/** SHA-256(salt bytes || UTF-8 value), lower-case hex. `salt` is hex of 32 random bytes. */
export const commitment = (salt: string, value: string): string =>
  sha256Hex(Buffer.concat([Buffer.from(salt, 'hex'), Buffer.from(value, 'utf8')]))

/** `sha256:` and the hex SHA-256 of a value's canonical bytes. */
export const digest = (value: CanonicalJson): string => `sha256:${sha256Hex(canonicalText(value))}`

/** RFC 6962 leaf hash, 32 bytes. */
export const leafHash = (body: Uint8Array): Uint8Array =>
  sha256(Buffer.concat([Buffer.of(0), body]))
