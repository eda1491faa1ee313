/** What the event log shows of calls on KMS keys: never plaintext, ciphertext or a grant token. */
import type { Trail } from './events.ts'
import type { JsonObject } from './service.ts'
import { shown } from './trail-members.ts'
import type { World } from './world.ts'

/** For the operations that name their key in KeyId. */
export function keyTrail(world: World, input: JsonObject): Trail {
  const { KeyId } = input
  return {
    requestParameters: shown(input, ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext']),
    resources: typeof KeyId === 'string' ? keyResource(world, KeyId) : []
  }
}

/** The key as the record's resource; none where it does not exist. */
export function keyResource(world: World, keyRef: string): NonNullable<Trail['resources']> {
  const key = world.keys.get(keyRef.split('/').at(-1) ?? '')
  return key === undefined
    ? []
    : [{ ARN: key.arn, accountId: world.account, type: 'AWS::KMS::Key' }]
}
