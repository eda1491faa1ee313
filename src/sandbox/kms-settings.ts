/**
 * KMS keys as a whole, and what about them can be changed: ListKeys, ListAliases,
 * EnableKeyRotation, TagResource, PutKeyPolicy. A policy that would lock its own writer out is
 * refused unless that is asked for. Aliases of AWS's own keys are listed too. Source: AWS KMS API
 * Reference.
 */
import { Type } from 'typebox'
import { authorize, judge } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import { accountOf, authorizeKey, findKey, requireEnabled } from './kms-keys.ts'
import { keyTrail } from './kms-trail.ts'
import { pageOf } from './pages.ts'
import type { Page } from './pages.ts'
import { parseInput } from './parse-input.ts'
import { parseKeyPolicyText } from './policy-text.ts'
import type { JsonObject, Operation } from './service.ts'
import type { KmsKey, World } from './world.ts'

/** Needs kms:ListKeys, which no key policy gives; 1,000 a page at most, 100 unless told. */
export const listKeys: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { Limit = 100, Marker } = parseInput(pageInput(1000), input)
    authorize(world, call, { action: 'kms:ListKeys', resource: '*' })
    const keys = ownKeys(world).map(({ arn, keyId }) => ({ KeyArn: arn, KeyId: keyId }))
    const page = pageOf(keys, { name: ({ KeyId }) => KeyId, size: Limit, marker: Marker })
    return answer('Keys', page)
  }
}

/** Needs kms:ListAliases; 100 a page at most, 50 unless told. */
export const listAliases: Operation = {
  readOnly: true,
  run: (world, call, input) => {
    const { Limit = 50, Marker } = parseInput(pageInput(100), input)
    authorize(world, call, { action: 'kms:ListAliases', resource: '*' })
    const aliases = ownKeys(world).flatMap((key) =>
      (key.aliases ?? []).map((AliasName) => ({
        AliasName,
        AliasArn: `${key.arn.split(':').slice(0, 5).join(':')}:${AliasName}`,
        TargetKeyId: key.keyId
      }))
    )
    const page = pageOf(aliases, { name: (one) => one.AliasName, size: Limit, marker: Marker })
    return answer('Aliases', page)
  }
}

export const enableKeyRotation: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const { KeyId, RotationPeriodInDays: days } = parseInput(RotationInput, input)
    const key = changing(world, call, KeyId)
    requireEnabled(key)
    if (key.origin === 'EXTERNAL') throw cannotRotate(key)
    key.rotationEnabled = true
    if (days !== undefined) key.rotationPeriodDays = days
    return {}
  },
  trail: keyTrail
}

export const tagKey: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const { KeyId, Tags } = parseInput(TagInput, input)
    const key = changing(world, call, KeyId)
    const added = Tags.map(({ TagKey, TagValue }) => [TagKey, TagValue] as const)
    key.tags = { ...key.tags, ...Object.fromEntries(added) }
    return {}
  },
  trail: keyTrail
}

export const putKeyPolicy: Operation = {
  readOnly: false,
  run: (world, call, input) => {
    const asked = parseInput(PolicyInput, input)
    const key = changing(world, call, asked.KeyId)
    if ((asked.PolicyName ?? 'default') !== 'default') {
      throw new AwsFault('NotFoundException', 400, 'No such policy exists')
    }
    const policy = parseKeyPolicyText(asked.Policy)
    const after = {
      action: 'kms:PutKeyPolicy',
      resource: key.arn,
      resourcePolicy: policy.document,
      resourceAccount: accountOf(key)
    }
    const isSafe = judge(world, call, after).decision === 'allow'
    if (!isSafe && asked.BypassPolicyLockoutSafetyCheck !== true) {
      const message =
        'The new key policy will not allow you to update the key policy in the future.'
      throw new AwsFault('MalformedPolicyDocumentException', 400, message)
    }
    key.policy = policy
    return {}
  },
  trail: keyTrail
}

/** Material from elsewhere cannot be rotated, nor asked whether it is. */
export function cannotRotate(key: KmsKey): AwsFault {
  const message = `${key.arn} origin is EXTERNAL which is not valid for this operation.`
  return new AwsFault('UnsupportedOperationException', 400, message)
}

const KeyRef = Type.String({ minLength: 1, maxLength: 2048 })

const pageInput = (most: number) =>
  Type.Object({
    Limit: Type.Optional(Type.Integer({ minimum: 1, maximum: most })),
    Marker: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
    // ListAliases of one key; a filter that is not honoured would answer more than was asked for
    KeyId: Type.Optional(Type.Never())
  })

const RotationInput = Type.Object({
  KeyId: KeyRef,
  RotationPeriodInDays: Type.Optional(Type.Integer({ minimum: 90, maximum: 2560 }))
})

const TagInput = Type.Object({
  KeyId: KeyRef,
  Tags: Type.Array(
    Type.Object({
      TagKey: Type.String({ minLength: 1, maxLength: 128 }),
      TagValue: Type.String({ maxLength: 256 })
    }),
    { maxItems: 50 }
  )
})

const PolicyInput = Type.Object({
  KeyId: KeyRef,
  PolicyName: Type.Optional(Type.String({ maxLength: 128 })),
  Policy: Type.String({ minLength: 1, maxLength: 131_072 }),
  BypassPolicyLockoutSafetyCheck: Type.Optional(Type.Boolean())
})

function ownKeys(world: World): readonly KmsKey[] {
  return [...world.keys.values()].filter((key) => accountOf(key) === world.account)
}

/** None of these changes crosses accounts, whatever the key's policy says. */
function changing(world: World, call: Call, keyRef: string): KmsKey {
  const key = findKey(world, keyRef)
  requireOwn(world, call, key)
  authorizeKey(world, call, { key })
  return key
}

/** AwsFault AccessDenied for a key of another account. */
export function requireOwn(world: World, call: Call, key: KmsKey): void {
  if (accountOf(key) === world.account) return
  const who = `User: ${call.caller.arn} is not authorized to perform: kms:${call.action}`
  const why = 'because the resource does not exist in this Region or is of another account'
  throw new AwsFault('AccessDenied', 403, `${who} on resource: ${key.arn} ${why}`)
}

function answer(list: string, page: Page<JsonObject> | null): JsonObject {
  if (page === null) {
    throw new AwsFault('InvalidMarkerException', 400, 'The marker is not one of this list.')
  }
  const { items, next } = page
  const more = next === undefined ? {} : { NextMarker: next }
  return { [list]: items, Truncated: next !== undefined, ...more }
}
