/**
 * AES-256-GCM as S3 applies it to objects and, for AES256 objects, to their data keys. The
 * object's ARN is authenticated with the bytes, so ciphertext moved to another key or bucket does
 * not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

export type Sealed = {
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `key` is 32 bytes and `arn` the object's ARN. */
export function seal(key: Buffer, arn: string, plaintext: Buffer): Sealed {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(arn))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { nonce, ciphertext, tag: cipher.getAuthTag() }
}

/** The plaintext, or null when key, ARN or bytes are not the ones that were sealed. */
export function open(key: Buffer, arn: string, sealed: Sealed): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.nonce, {
    authTagLength: TAG_BYTES
  })
  decipher.setAAD(Buffer.from(arn)).setAuthTag(sealed.tag)
  try {
    return Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()])
  } catch {
    return null
  }
}

/** A data key under S3's own key: nonce, tag, ciphertext. */
export function wrapKey(ownKey: Buffer, arn: string, dataKey: Buffer): Buffer {
  const { nonce, tag, ciphertext } = seal(ownKey, arn, dataKey)
  return Buffer.concat([nonce, tag, ciphertext])
}

/** The data key, or null when it was wrapped for another object. */
export function unwrapKey(ownKey: Buffer, arn: string, wrapped: Buffer): Buffer | null {
  const body = NONCE_BYTES + TAG_BYTES
  return open(ownKey, arn, {
    nonce: wrapped.subarray(0, NONCE_BYTES),
    tag: wrapped.subarray(NONCE_BYTES, body),
    ciphertext: wrapped.subarray(body)
  })
}
