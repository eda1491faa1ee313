/**
 * SHA-256 and Ed25519 (RFC 8032) by node:crypto: all of it that the ledger uses, apart from salts,
 * which come in as arguments.
 */
import { type KeyObject, createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import { type Primitives, hashBytes } from './primitives.ts'

/** What precedes the 32 bytes of an Ed25519 key in PKCS #8 and SPKI (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const spki = Buffer.from('302a300506032b6570032100', 'hex')

/** SHA-256, 32 bytes. */
export const sha256 = (message: Uint8Array): Uint8Array => {
  const out = Buffer.allocUnsafe(hashBytes)
  out.write(hash('sha256', message, 'binary'), 0, 'binary')
  return out
}

export const sha256Hex = (message: Uint8Array | string): string => hash('sha256', message, 'hex')

export const nodePrimitives: Primitives = {
  // one character per byte: a string costs a third of a Buffer, and is copied once per batch
  sha256: (messages) => {
    let all = ''
    for (const message of messages) all += hash('sha256', message, 'binary')
    return Buffer.from(all, 'binary')
  },
  verifySignature: ({ publicKey, message, signature }) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    const der = Buffer.concat([spki, publicKey])
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  }
}

/** An Ed25519 key from its 32-byte seed: the public half, and what signs with the private one. */
export const ed25519 = (
  seed: Uint8Array
): { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array } => {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
  return { publicKey: publicBytes(key), sign: (message) => sign(null, message, key) }
}

const publicBytes = (key: KeyObject): Uint8Array =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(spki.length)
