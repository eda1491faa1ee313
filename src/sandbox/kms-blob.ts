/**
 * Ciphertext of KMS: AES-256-GCM under the key's material with the encryption context as additional
 * data. A blob of another key, a changed byte or another context is refused without saying which.
 * Layout: version 1 byte, key id 16 bytes, nonce 12, tag 16, ciphertext.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { AwsFault } from './fault.ts'
import type { KmsKey, World } from './world.ts'

type Pairs = Readonly<Record<string, string>>

/** The blob of `plaintext` under the key. */
export function seal(key: KmsKey, plaintext: Buffer, context: Pairs): Buffer {
  const nonce = randomBytes(12)
  const header = Buffer.concat([Buffer.from([VERSION]), keyIdBytes(key)])
  const cipher = createCipheriv('aes-256-gcm', key.material, nonce)
  cipher.setAAD(additionalData(header, context))
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([header, nonce, cipher.getAuthTag(), sealed])
}

/** The key a blob names, or AwsFault InvalidCiphertextException. */
export function keyOfBlob(world: World, blob: Buffer): KmsKey {
  const named = blob.subarray(1, 17)
  const key = [...world.keys.values()].find((one) => keyIdBytes(one).equals(named))
  if (blob.length < HEADER + 28 || blob[0] !== VERSION || key === undefined) throw invalid()
  return key
}

/** The plaintext, or AwsFault InvalidCiphertextException. */
export function unseal(key: KmsKey, blob: Buffer, context: Pairs): Buffer {
  const header = blob.subarray(0, HEADER)
  const nonce = blob.subarray(HEADER, HEADER + 12)
  const decipher = createDecipheriv('aes-256-gcm', key.material, nonce)
  decipher.setAAD(additionalData(header, context))
  decipher.setAuthTag(blob.subarray(HEADER + 12, HEADER + 28))
  try {
    return Buffer.concat([decipher.update(blob.subarray(HEADER + 28)), decipher.final()])
  } catch {
    throw invalid()
  }
}

const VERSION = 1
const HEADER = 17

function keyIdBytes(key: KmsKey): Buffer {
  return Buffer.from(key.keyId.replaceAll('-', ''), 'hex')
}

// Names and values are JSON strings in sorted order, so no two contexts have the same bytes.
function additionalData(header: Buffer, context: Pairs): Buffer {
  const pairs = Object.entries(context).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))])
}

function invalid(): AwsFault {
  return new AwsFault('InvalidCiphertextException', 400, 'The ciphertext or context is not valid.')
}
