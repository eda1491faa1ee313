/**
 * KMS: symmetric keys, data keys, encryption, and reading keys. Key material is random per key and
 * lives in memory only. Not spoken: keys by their alias, the rotation itself, asymmetric keys,
 * ReEncrypt, Nitro recipients. Source: AWS KMS API Reference.
 */
import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Call } from './call.ts'
import type { Trail } from './events.ts'
import { AwsFault } from './fault.ts'
import { createGrant } from './grants.ts'
import { retireGrant, revokeGrant } from './grants-end.ts'
import { listGrants, listRetirableGrants } from './grants-list.ts'
import { keyOfBlob, seal, unseal } from './kms-blob.ts'
import { dryRun, validation } from './kms-faults.ts'
import {
  accountOf,
  authorizeKey,
  encryptionContextKeys,
  findKey,
  requireEnabled
} from './kms-keys.ts'
import {
  cannotRotate,
  enableKeyRotation,
  listAliases,
  listKeys,
  putKeyPolicy,
  requireOwn,
  tagKey
} from './kms-settings.ts'
import { keyResource, keyTrail } from './kms-trail.ts'
import { pageOf } from './pages.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject, JsonService, Operation } from './service.ts'
import { shown } from './trail-members.ts'
import type { KmsKey, World } from './world.ts'

const describeKey: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const key = inspected(world, call, input)
    return { KeyMetadata: metadata(key) }
  },
  trail: keyTrail
}

const getKeyPolicy: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const key = inspected(world, call, input)
    requireOwn(world, call, key)
    const { PolicyName = 'default' } = parseInput(PolicyNameInput, input)
    if (PolicyName !== 'default') {
      throw new AwsFault('NotFoundException', 400, 'No such policy exists')
    }
    return { Policy: key.policy.text, PolicyName: 'default' }
  },
  trail: keyTrail
}

const getKeyRotationStatus: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const key = inspected(world, call, input)
    if (key.origin === 'EXTERNAL') throw cannotRotate(key)
    const isOn = key.rotationEnabled && key.state !== 'PendingDeletion'
    return {
      KeyId: key.arn,
      KeyRotationEnabled: isOn,
      ...(isOn ? { RotationPeriodInDays: key.rotationPeriodDays ?? 365 } : {})
    }
  },
  trail: keyTrail
}

const listResourceTags: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const key = inspected(world, call, input)
    requireOwn(world, call, key)
    const { Limit = 50, Marker } = parseInput(TagsInput, input)
    const tags = Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }))
    const page = pageOf(tags, { name: ({ TagKey }) => TagKey, size: Limit, marker: Marker })
    if (page === null) {
      throw new AwsFault('InvalidMarkerException', 400, 'The marker is not one of this list.')
    }
    const { items, next } = page
    return {
      Tags: items,
      Truncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next })
    }
  },
  trail: keyTrail
}

const encrypt: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { KeyId, Plaintext, DryRun, ...ask } = parseInput(EncryptInput, input)
    const context = ask.EncryptionContext ?? {}
    const key = usable(world, call, { keyRef: KeyId, context })
    const plaintext = decodeBlob(Plaintext, 'plaintext')
    if (plaintext.length < 1 || plaintext.length > 4096) {
      throw validation('plaintext', 'Member must have length between 1 and 4096')
    }
    if (DryRun === true) throw dryRun()
    return {
      CiphertextBlob: seal(key, plaintext, context).toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT'
    }
  },
  trail: keyTrail
}

const generateDataKey: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { KeyId, KeySpec, NumberOfBytes, DryRun, ...ask } = parseInput(DataKeyInput, input)
    const context = ask.EncryptionContext ?? {}
    if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
      throw validation('keySpec', 'Please specify either number of bytes or key spec.')
    }
    const key = usable(world, call, { keyRef: KeyId, context })
    if (DryRun === true) throw dryRun()
    const plaintext = randomBytes(NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32))
    return {
      CiphertextBlob: seal(key, plaintext, context).toString('base64'),
      Plaintext: plaintext.toString('base64'),
      KeyId: key.arn
    }
  },
  trail: keyTrail
}

const decrypt: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { CiphertextBlob, KeyId, DryRun, ...ask } = parseInput(DecryptInput, input)
    const context = ask.EncryptionContext ?? {}
    const blob = decodeBlob(CiphertextBlob, 'ciphertextBlob')
    const key = keyOfBlob(world, blob)
    authorizeKey(world, call, { key, context: encryptionContextKeys(context) })
    requireEnabled(key)
    if (KeyId !== undefined && findKey(world, KeyId) !== key) {
      const message = 'The key ID in the request does not identify the key of the ciphertext.'
      throw new AwsFault('IncorrectKeyException', 400, message)
    }
    const plaintext = unseal(key, blob, context)
    if (DryRun === true) throw dryRun()
    return {
      Plaintext: plaintext.toString('base64'),
      KeyId: key.arn,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT'
    }
  },
  trail: decryptTrail
}

/** Authorised as AWS does, so that a policy can be tried, but done for nobody. */
const notDone: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    inspected(world, call, input)
    const message = `The sandbox does not speak kms:${call.action}.`
    throw new AwsFault('UnsupportedOperationException', 400, message)
  },
  trail: keyTrail
}

/** Every operation, for the wire and for the services that call KMS in-process. */
export const kmsOperations = {
  CreateGrant: createGrant,
  Decrypt: decrypt,
  DescribeKey: describeKey,
  EnableKeyRotation: enableKeyRotation,
  Encrypt: encrypt,
  GenerateDataKey: generateDataKey,
  GenerateDataKeyWithoutPlaintext: notDone,
  GetKeyPolicy: getKeyPolicy,
  GetKeyRotationStatus: getKeyRotationStatus,
  ListAliases: listAliases,
  ListGrants: listGrants,
  ListKeys: listKeys,
  ListResourceTags: listResourceTags,
  ListRetirableGrants: listRetirableGrants,
  PutKeyPolicy: putKeyPolicy,
  RetireGrant: retireGrant,
  RevokeGrant: revokeGrant,
  TagResource: tagKey
} as const satisfies Record<string, Operation>

export const kmsService: JsonService = {
  protocol: 'json',
  name: 'kms',
  jsonVersion: '1.1',
  targetPrefix: 'TrentService',
  operations: kmsOperations
}

const KeyRef = Type.String({ minLength: 1, maxLength: 2048 })

const ContextPairs = Type.Optional(Type.Record(Type.String(), Type.String()))

const KeyInput = Type.Object({ KeyId: KeyRef })

const PolicyNameInput = Type.Object({ PolicyName: Type.Optional(Type.String({ maxLength: 128 })) })

const TagsInput = Type.Object({
  Limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
  Marker: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 }))
})

const EncryptInput = Type.Object({
  KeyId: KeyRef,
  Plaintext: Type.String({ maxLength: 8192 }),
  EncryptionContext: ContextPairs,
  DryRun: Type.Optional(Type.Boolean())
})

const DataKeyInput = Type.Object({
  KeyId: KeyRef,
  KeySpec: Type.Optional(Type.Union([Type.Literal('AES_256'), Type.Literal('AES_128')])),
  NumberOfBytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1024 })),
  EncryptionContext: ContextPairs,
  DryRun: Type.Optional(Type.Boolean())
})

const DecryptInput = Type.Object({
  CiphertextBlob: Type.String({ minLength: 1, maxLength: 8192 }),
  KeyId: Type.Optional(KeyRef),
  EncryptionContext: ContextPairs,
  DryRun: Type.Optional(Type.Boolean())
})

function inspected(world: World, call: Call, input: JsonObject): KmsKey {
  const key = findKey(world, parseInput(KeyInput, input).KeyId)
  authorizeKey(world, call, { key })
  return key
}

function usable(
  world: World,
  call: Call,
  ask: { readonly keyRef: string; readonly context: Readonly<Record<string, string>> }
): KmsKey {
  const key = findKey(world, ask.keyRef)
  authorizeKey(world, call, { key, context: encryptionContextKeys(ask.context) })
  requireEnabled(key)
  return key
}

function metadata(key: KmsKey): JsonObject {
  const { deletionAt, materialExpiresAt } = key
  return {
    AWSAccountId: accountOf(key),
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: seconds(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    Origin: key.origin ?? 'AWS_KMS',
    KeyManager: key.manager ?? 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: key.multiRegion ?? false,
    ...(deletionAt === undefined ? {} : { DeletionDate: seconds(deletionAt) }),
    ...(materialExpiresAt === undefined
      ? {}
      : { ValidTo: seconds(materialExpiresAt), ExpirationModel: 'KEY_MATERIAL_EXPIRES' })
  }
}

function seconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000)
}

function decodeBlob(text: string, member: string): Buffer {
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  if (!isBase64) throw validation(member, 'Member must be base64')
  return Buffer.from(text, 'base64')
}

// Decrypt names its key only inside the blob; the record shows the key, never the blob.
function decryptTrail(world: World, input: JsonObject): Trail {
  const { CiphertextBlob } = input
  const named = typeof CiphertextBlob === 'string' ? Buffer.from(CiphertextBlob, 'base64') : null
  const keyHex = named?.subarray(1, 17).toString('hex')
  const key = [...world.keys.values()].find((one) => one.keyId.replaceAll('-', '') === keyHex)
  return {
    requestParameters: {
      encryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      ...shown(input, ['EncryptionContext'])
    },
    resources: key === undefined ? [] : keyResource(world, key.keyId)
  }
}
