/**
 * The input of AssumeRole and its limits: names, duration, session policy, tags and the packed size
 * of policy and tags. AWS does not publish the packing; here it is DEFLATE against 1,024 bytes,
 * which lets an ordinary policy of 2,048 characters through and refuses one of random text, as
 * reported of AWS. Source: AWS STS API Reference, AssumeRole; IAM User Guide, "Passing session
 * tags".
 */
import { deflateRawSync } from 'node:zlib'
import { Type } from 'typebox'
import { AwsFault } from './fault.ts'
import { parseInput } from './parse-input.ts'
import { parsePolicyText } from './policy-text.ts'
import type { StoredPolicy } from './world.ts'

export type AssumeRoleWish = {
  readonly roleArn: string
  readonly roleSessionName: string
  readonly durationSeconds?: number
  readonly sourceIdentity?: string
  readonly externalId?: string
  readonly policy?: StoredPolicy
  readonly tags: Readonly<Record<string, string>>
  readonly transitiveTagKeys: readonly string[]
}

/** The wish, or AwsFault ValidationError, InvalidParameterValue or MalformedPolicyDocument. */
export function parseAssumeRole(input: unknown): AssumeRoleWish {
  const parsed = parseInput(AssumeRoleInput, input)
  if (parsed.PolicyArns !== undefined || parsed.SerialNumber !== undefined) {
    throw new AwsFault('ValidationError', 400, 'PolicyArns and MFA are not spoken here.')
  }
  const tags = parsed.Tags ?? []
  requireDistinct(tags.map((tag) => tag.Key))
  const transitiveTagKeys = parsed.TransitiveTagKeys ?? []
  requireAmong(
    transitiveTagKeys,
    tags.map((tag) => tag.Key)
  )
  return {
    roleArn: parsed.RoleArn,
    roleSessionName: parsed.RoleSessionName,
    tags: Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value])),
    transitiveTagKeys,
    ...(parsed.DurationSeconds === undefined
      ? {}
      : { durationSeconds: duration(parsed.DurationSeconds) }),
    ...(parsed.SourceIdentity === undefined ? {} : { sourceIdentity: parsed.SourceIdentity }),
    ...(parsed.ExternalId === undefined ? {} : { externalId: parsed.ExternalId }),
    ...(parsed.Policy === undefined ? {} : { policy: parsePolicyText(parsed.Policy) })
  }
}

/**
 * Percent of the packing budget that session policy and tags (inherited ones too) take; 0 without
 * any. Above 100: AwsFault PackedPolicyTooLarge.
 */
export function packedPolicySize(
  policy: StoredPolicy | undefined,
  tags: Readonly<Record<string, string>>
): number {
  const text = `${policy?.text ?? ''}${Object.entries(tags).flat().join('\n')}`
  if (text === '') return 0
  const percent = Math.ceil((deflateRawSync(text, { level: 9 }).length / PACKED_BYTES) * 100)
  if (percent > 100) {
    throw new AwsFault(
      'PackedPolicyTooLarge',
      400,
      `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`
    )
  }
  return percent
}

const PACKED_BYTES = 1024

const NAME = '^[\\w+=,.@-]*$'
const TAG_TEXT = '^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$'

const AssumeRoleInput = Type.Object({
  RoleArn: Type.String({
    maxLength: 2048,
    pattern: '^arn:[a-z-]+:iam::[0-9]{12}:role/[\\w+=,.@/-]+$'
  }),
  RoleSessionName: Type.String({ minLength: 2, maxLength: 64, pattern: NAME }),
  DurationSeconds: Type.Optional(Type.String({ pattern: '^[0-9]{1,9}$' })),
  SourceIdentity: Type.Optional(
    Type.String({ minLength: 2, maxLength: 64, pattern: '^(?!aws:)[\\w+=,.@-]*$' })
  ),
  ExternalId: Type.Optional(
    Type.String({ minLength: 2, maxLength: 1224, pattern: '^[\\w+=,.@:/-]*$' })
  ),
  Policy: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  Tags: Type.Optional(
    Type.Array(
      Type.Object({
        Key: Type.String({ minLength: 1, maxLength: 128, pattern: TAG_TEXT }),
        Value: Type.String({ maxLength: 256, pattern: TAG_TEXT })
      }),
      { maxItems: 50 }
    )
  ),
  TransitiveTagKeys: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 50 })
  ),
  PolicyArns: Type.Optional(Type.Unknown()),
  SerialNumber: Type.Optional(Type.Unknown())
})

function duration(digits: string): number {
  const seconds = Number(digits)
  if (seconds >= 900 && seconds <= 43_200) return seconds
  const limit = seconds < 900 ? 'greater than or equal to 900' : 'less than or equal to 43200'
  throw new AwsFault(
    'ValidationError',
    400,
    `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy ` +
      `constraint: Member must have value ${limit}`
  )
}

function requireDistinct(keys: readonly string[]): void {
  const lower = keys.map((key) => key.toLowerCase())
  if (new Set(lower).size !== lower.length) {
    const message = 'Duplicate tag keys found. Please note that Tag keys are case insensitive.'
    throw new AwsFault('InvalidParameterValue', 400, message)
  }
  if (lower.some((key) => key.startsWith('aws:'))) {
    throw new AwsFault('ValidationError', 400, 'Tag keys may not start with aws:')
  }
}

function requireAmong(transitive: readonly string[], keys: readonly string[]): void {
  const missing = transitive.find((key) => !keys.includes(key))
  if (missing === undefined) return
  const message = 'The specified transitive tag key must be included in the requested tags.'
  throw new AwsFault('ValidationError', 400, message)
}
