/**
 * The input of CreateGrant: what a grant may permit, to whom and under which constraint. Grants to
 * AWS services are understood only as far as the policies that refuse them need it. Source: AWS KMS
 * API Reference, CreateGrant and GrantConstraints.
 */
import { Type } from 'typebox'
import type { Context } from './authorize.ts'
import { AwsFault } from './fault.ts'
import { validation } from './kms-faults.ts'
import { encryptionContextKeys } from './kms-keys.ts'
import { parseInput } from './parse-input.ts'
import type { GrantConstraints, World } from './world.ts'

export type GrantWish = {
  readonly keyRef: string
  readonly operations: readonly string[]
  readonly grantee?: string
  readonly granteeService?: string
  readonly retiring?: string
  readonly retiringService?: string
  readonly constraints?: GrantConstraints
  readonly sourceArn?: string
  readonly name?: string
  readonly dryRun: boolean
}

/** The wish, or AwsFault ValidationError. Whether the principals exist is asked later. */
export function parseGrant(input: unknown): GrantWish {
  const parsed = parseInput(CreateGrantInput, input)
  if ((parsed.GranteePrincipal === undefined) === (parsed.GranteeServicePrincipal === undefined)) {
    throw validation('granteePrincipal', 'Specify a grantee or a grantee service, not both.')
  }
  if (parsed.RetiringPrincipal !== undefined && parsed.RetiringServicePrincipal !== undefined) {
    throw validation('retiringPrincipal', 'Specify a principal or a service, not both.')
  }
  requireConstraint(parsed.Constraints)
  const { SourceArn, ...pairs } = parsed.Constraints ?? {}
  if ((SourceArn === undefined) !== (parsed.GranteeServicePrincipal === undefined)) {
    throw validation('constraints', 'SourceArn belongs to a grant to a service, and it needs one.')
  }
  return {
    keyRef: parsed.KeyId,
    operations: [...new Set(parsed.Operations)].toSorted(),
    dryRun: parsed.DryRun === true,
    ...(Object.keys(pairs).length === 0 ? {} : { constraints: pairs }),
    ...present('grantee', parsed.GranteePrincipal),
    ...present('granteeService', parsed.GranteeServicePrincipal),
    ...present('retiring', parsed.RetiringPrincipal),
    ...present('retiringService', parsed.RetiringServicePrincipal),
    ...present('sourceArn', SourceArn),
    ...present('name', parsed.Name)
  }
}

/** The condition keys of CreateGrant. */
export function grantContext(wish: GrantWish, direct: boolean): Context {
  const { constraints } = wish
  const pairs = { ...constraints?.EncryptionContextEquals, ...constraints?.EncryptionContextSubset }
  return {
    ...encryptionContextKeys(pairs),
    'kms:GrantOperations': wish.operations,
    'kms:GrantIsForAWSResource': String(!direct),
    ...present('kms:GranteePrincipal', wish.grantee),
    ...present('kms:GranteeServicePrincipal', wish.granteeService),
    ...present('kms:RetiringPrincipal', wish.retiring),
    ...present('kms:RetiringServicePrincipal', wish.retiringService),
    ...present('kms:GrantConstraintSourceArn', wish.sourceArn),
    ...present('kms:GrantConstraintType', Object.keys(constraints ?? {})[0])
  }
}

/**
 * The unique id of the role behind a principal; undefined for users and for whole accounts.
 * AwsFault InvalidArnException where the ARN is not a principal's or its role or user does not
 * exist. The session of a role need not exist.
 */
export function principalRoleId(world: World, arn: string): string | undefined {
  const match = PRINCIPAL.exec(arn)?.groups
  if (match === undefined) throw invalidArn(arn)
  const { partition, account, home, root, user, role, session } = match
  if (partition !== world.partition) throw invalidArn(arn)
  if (root !== undefined || (account ?? home) !== world.account) return undefined
  if (user !== undefined) {
    if ([...world.users.values()].some((one) => one.arn === arn)) return undefined
    throw invalidArn(arn)
  }
  const found =
    role === undefined
      ? world.roles.get(session ?? '')
      : [...world.roles.values()].find((one) => one.arn === arn)
  if (found === undefined) throw invalidArn(arn)
  return found.roleId
}

const PRINCIPAL = new RegExp(
  '^arn:(?<partition>[a-z-]+):(?:' +
    'iam::(?<account>\\d{12}):' +
    '(?:(?<root>root)|user/(?<user>[\\w+=,.@/-]+)|role/(?<role>[\\w+=,.@/-]+))|' +
    'sts::(?<home>\\d{12}):assumed-role/(?<session>[\\w+=,.@-]{1,64})/[\\w+=,.@-]{2,64})$'
)

const OPERATIONS = [
  'Decrypt',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'CreateGrant',
  'RetireGrant',
  'DescribeKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext'
] as const

const PrincipalText = Type.String({ minLength: 1, maxLength: 256, pattern: '^[\\w+=,.@:/-]+$' })

const Pairs = Type.Record(Type.String(), Type.String(), { maxProperties: 8 })

const CreateGrantInput = Type.Object({
  KeyId: Type.String({ minLength: 1, maxLength: 2048 }),
  Operations: Type.Array(Type.Enum(OPERATIONS), { minItems: 1 }),
  GranteePrincipal: Type.Optional(PrincipalText),
  GranteeServicePrincipal: Type.Optional(PrincipalText),
  RetiringPrincipal: Type.Optional(PrincipalText),
  RetiringServicePrincipal: Type.Optional(PrincipalText),
  Constraints: Type.Optional(
    Type.Object(
      {
        EncryptionContextEquals: Type.Optional(Pairs),
        EncryptionContextSubset: Type.Optional(Pairs),
        SourceArn: Type.Optional(Type.String({ minLength: 1, maxLength: 512 }))
      },
      { additionalProperties: false }
    )
  ),
  Name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: '^[a-zA-Z0-9:/_-]+$' })),
  DryRun: Type.Optional(Type.Boolean())
})

function requireConstraint(constraints: GrantConstraints | undefined): void {
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints ?? {}
  if (equals !== undefined && subset !== undefined) {
    throw validation('constraints', 'Specify EncryptionContextEquals or -Subset, not both.')
  }
  for (const pairs of [equals, subset]) {
    if (pairs === undefined) continue
    const length = Object.entries(pairs).flat().join('').length
    if (length === 0 || length > 384) {
      throw validation('constraints', 'A constraint has 1 to 8 pairs of 384 characters in all.')
    }
  }
}

function present<Name extends string>(
  name: Name,
  value: string | undefined
): Partial<Record<Name, string>>
function present(name: string, value: string | undefined): Partial<Record<string, string>> {
  return value === undefined ? {} : { [name]: value }
}

function invalidArn(arn: string): AwsFault {
  return new AwsFault('InvalidArnException', 400, `ARN does not refer to a valid principal: ${arn}`)
}
