/**
 * The same primitives by WebCrypto: what a verifier in a browser passes instead of Node's. Nothing
 * here is imported on a server.
 */
import { type Primitives, hashBytes } from './primitives.ts'

/** What of SubtleCrypto is used: `crypto.subtle` fits. */
export type Subtle<Key> = {
  digest(algorithm: string, data: Uint8Array): Promise<ArrayBuffer>
  importKey(
    format: 'raw',
    key: Uint8Array,
    algorithm: string,
    extractable: boolean,
    usages: 'verify'[]
  ): Promise<Key>
  verify(algorithm: string, key: Key, signature: Uint8Array, data: Uint8Array): Promise<boolean>
}

export const webPrimitives = <Key>(subtle: Subtle<Key>): Primitives => ({
  sha256: async (messages) => {
    const hashes = await Promise.all(messages.map((message) => subtle.digest('SHA-256', message)))
    const out = new Uint8Array(hashes.length * hashBytes)
    for (const [n, hash] of hashes.entries()) out.set(new Uint8Array(hash), n * hashBytes)
    return out
  },
  verifySignature: async ({ publicKey, message, signature }) => {
    if (publicKey.length !== 32 || signature.length !== 64) return false
    try {
      const key = await subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
      return await subtle.verify('Ed25519', key, signature, message)
    } catch {
      return false
    }
  }
})
