/**
 * KMS as S3 uses it in-process: data keys made and opened under a KMS key, with the caller's own
 * permissions. Each call is authorised and recorded like one over the wire. Pass the S3 call itself
 * (`call.service` is `s3`): the hop to KMS, with kms:ViaService and aws:CalledVia, is made here.
 */
import { Type } from 'typebox'
import { forward } from './call.ts'
import type { Call } from './call.ts'
import { kmsOperations } from './kms.ts'
import { parseInput } from './parse-input.ts'
import { invoke } from './service.ts'
import type { World } from './world.ts'

export type EncryptionContext = Readonly<Record<string, string>>

export type DataKey = {
  /** AES-256 key, 32 bytes */
  readonly plaintext: Buffer
  readonly ciphertext: Buffer
  readonly keyArn: string
}

/**
 * A new data key under `keyId` (id or ARN). `call` is the call of the service that stores the data
 * (S3); this makes the hop to KMS from it. Throws AwsFault: AccessDenied, NotFoundException,
 * DisabledException, KMSInvalidStateException.
 */
export const generateDataKey = async (
  world: World,
  call: Call,
  ask: { readonly keyId: string; readonly encryptionContext: EncryptionContext }
): Promise<DataKey> => {
  const output = await invoke(
    world,
    forward(call, call.service, { service: 'kms', action: 'GenerateDataKey' }),
    {
      operation: kmsOperations.GenerateDataKey,
      input: { KeyId: ask.keyId, KeySpec: 'AES_256', EncryptionContext: ask.encryptionContext }
    }
  )
  const made = parseInput(DataKeyOutput, output)
  return {
    plaintext: Buffer.from(made.Plaintext, 'base64'),
    ciphertext: Buffer.from(made.CiphertextBlob, 'base64'),
    keyArn: made.KeyId
  }
}

/**
 * Opens a data key made by `generateDataKey`. The same faults, and InvalidCiphertextException when
 * the blob or the encryption context is not the one it was made with.
 */
export const decrypt = async (
  world: World,
  call: Call,
  ask: { readonly ciphertext: Buffer; readonly encryptionContext: EncryptionContext }
): Promise<{ readonly plaintext: Buffer; readonly keyArn: string }> => {
  const output = await invoke(
    world,
    forward(call, call.service, { service: 'kms', action: 'Decrypt' }),
    {
      operation: kmsOperations.Decrypt,
      input: {
        CiphertextBlob: ask.ciphertext.toString('base64'),
        EncryptionContext: ask.encryptionContext
      }
    }
  )
  const opened = parseInput(DecryptOutput, output)
  return { plaintext: Buffer.from(opened.Plaintext, 'base64'), keyArn: opened.KeyId }
}

const DataKeyOutput = Type.Object({
  Plaintext: Type.String(),
  CiphertextBlob: Type.String(),
  KeyId: Type.String()
})

const DecryptOutput = Type.Object({ Plaintext: Type.String(), KeyId: Type.String() })
