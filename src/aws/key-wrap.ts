/**
 * People's keys locked by a KMS key (Encrypt and Decrypt of KMS API Reference). The encryption
 * context names the person, so that CloudTrail does too and a key put into another person's row
 * does not open.
 */
import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import type { AwsAnswer } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { regionOf } from './clients.ts'

export type KmsKeyWrap = {
  readonly wrap: (person: string, key: Uint8Array) => Promise<Uint8Array>
  /** null = changed, of another person, or locked by another key */
  readonly unwrap: (person: string, wrapped: Uint8Array) => Promise<Uint8Array | null>
  readonly close: () => void
}

/**
 * `keyArn` names its region too; `close` ends the connections. Rejects with the call and AWS's
 * error name where KMS refuses.
 */
export const kmsKeyWrap = (settings: AwsSettings, keyArn: string): KmsKeyWrap => {
  const client = new KMSClient(clientSettings(settings, regionOf(keyArn)))
  const about = (person: string) => ({
    KeyId: keyArn,
    EncryptionContext: { sallyport: 'personal', person }
  })
  return {
    close: () => client.destroy(),
    wrap: async (person, key) => {
      const command = new EncryptCommand({ ...about(person), Plaintext: key })
      const done = await ask('kms:Encrypt', (options) => client.send(command, options))
      if (!done.ok) throw refused(done)
      return blobOf('kms:Encrypt', done.value.CiphertextBlob)
    },
    unwrap: async (person, wrapped) => {
      const command = new DecryptCommand({ ...about(person), CiphertextBlob: wrapped })
      const done = await ask('kms:Decrypt', (options) => client.send(command, options))
      if (done.ok) return blobOf('kms:Decrypt', done.value.Plaintext)
      if (notOfThisKey.has(done.name)) return null
      throw refused(done)
    }
  }
}

const notOfThisKey: ReadonlySet<string> = new Set([
  'InvalidCiphertextException',
  'IncorrectKeyException'
])

const refused = ({ action, name }: Extract<AwsAnswer<never>, { readonly ok: false }>): Error =>
  new Error(`${action}: ${name}`)

const blobOf = (action: string, blob: Uint8Array | undefined): Uint8Array => {
  if (blob === undefined) throw new Error(`${action}: an answer without what was asked for`)
  return blob
}
