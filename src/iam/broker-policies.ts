/**
 * The static documents on the broker's side: its own identity policy and the policy of each
 * customer managed key. The broker may make Decrypt grants for JIT sessions and end them; it can
 * never decrypt data itself, only what people typed, under a key that is no target's. None of this
 * was tried on live AWS; whether kms:GranteePrincipal is compared as sent (StringLike on a session
 * ARN) is the first thing to try there.
 */
import type { Target } from '../elevation/target.ts'
import { bucketArn, keyArns, locationArns, tableArns, unique, workgroupArn } from './arns.ts'
import { checkName, checkTarget } from './names.ts'
import { dnsSuffix, partitionOf } from './partition.ts'
import type { ConditionBlock, PolicyDocument, Statement } from './policy-document.ts'
import type { IamRefusal, IamResult } from './refusals.ts'

/**
 * What the broker may do: assume the JIT roles, make and end grants, stop queries, read what the
 * targets' tables look like (GetTables answers no others), deny ended sessions. Its IAM writes are
 * bounded only by the roles' boundary, which it cannot change.
 */
export const brokerPolicy = (ask: {
  readonly targets: readonly Target[]
  readonly brokerRoleArn: string
  /** ARN of the key that locks people's keys; null = a file does */
  readonly personalKey: string | null
}): IamResult<PolicyDocument> => {
  const { targets, brokerRoleArn, personalKey } = ask
  const unsafe = unsafeNames(targets, [['brokerRoleArn', brokerRoleArn]])
  const roles = unique(targets.map((target) => target.role))
  const keys = unique(targets.flatMap(keyArns))
  const wrong = [...unsafe, ...(personalKey === null ? [] : unfitKey(personalKey, keys))]
  if (wrong.length > 0) return { ok: false, refusals: wrong }
  return documentOf([
    {
      Sid: 'Mint',
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Resource: roles
    },
    ...(keys.length === 0
      ? []
      : ([
          {
            Sid: 'Grant',
            Effect: 'Allow',
            Action: 'kms:CreateGrant',
            Resource: keys,
            Condition: grantFence(brokerRoleArn, roles)
          },
          { Sid: 'Ungrant', Effect: 'Allow', Action: endGrants, Resource: keys }
        ] as const)),
    { Sid: 'FindMine', Effect: 'Allow', Action: 'kms:ListRetirableGrants', Resource: '*' },
    {
      Sid: 'Athena',
      Effect: 'Allow',
      Action: [
        'athena:ListQueryExecutions',
        'athena:BatchGetQueryExecution',
        'athena:GetQueryExecution',
        'athena:GetQueryRuntimeStatistics',
        'athena:StopQueryExecution'
      ],
      Resource: unique(targets.map(workgroupArn))
    },
    {
      Sid: 'Catalog',
      Effect: 'Allow',
      Action: 'glue:GetTables',
      Resource: unique(targets.flatMap((target) => tableArns(target, target.data)))
    },
    {
      Sid: 'Lock',
      Effect: 'Allow',
      Action: ['iam:GetRolePolicy', 'iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
      Resource: roles
    },
    ...(personalKey === null
      ? [deny('NeverData', [...neverOnKeys, ...neverElse])]
      : personal(personalKey))
  ])
}

const deny = (Sid: string, Action: readonly string[]): Statement => ({
  Sid,
  Effect: 'Deny',
  Action,
  Resource: '*'
})

/** The one key it encrypts and decrypts with, in that context alone; never with any other. */
const personal = (key: string): readonly Statement[] => [
  {
    Sid: 'Personal',
    Effect: 'Allow',
    Action: ownUse,
    Resource: key,
    Condition: { StringEquals: { 'kms:EncryptionContext:sallyport': 'personal' } }
  },
  { Sid: 'NeverDecrypt', Effect: 'Deny', Action: ownUse, NotResource: key },
  deny('NeverData', [...neverOnKeys.filter((one) => !isOwnUse(one)), ...neverElse])
]

const ownUse: readonly string[] = ['kms:Decrypt', 'kms:Encrypt']
const isOwnUse = (action: string): boolean => ownUse.includes(action)

/** A key ARN that is safe to write and that no target's data lies under. */
const unfitKey = (key: string, keys: readonly string[]): readonly IamRefusal[] => {
  const unsafe = checkName('key', key, 'personalKey')
  if (unsafe !== null) return [unsafe]
  if (!keys.includes(key)) return []
  const message = 'the key of a target cannot lock what people typed; take one of its own'
  return [{ code: 'invalid_ask', where: 'personalKey', value: key, message }]
}

/**
 * The policy of one key. It does not delegate to the account, so no IAM policy can give Decrypt;
 * whoever holds `adminRoleArn` is the only way back in. JIT roles may make new data keys for their
 * own results, which reads nothing. Managed results get none: what Athena needs is not documented.
 */
export const keyPolicy = (ask: {
  readonly key: string
  /** all targets; those that do not use the key do not matter */
  readonly targets: readonly Target[]
  readonly brokerRoleArn: string
  readonly adminRoleArn: string
  /** roles that write the data: they may make data keys through S3 */
  readonly producerRoleArns: readonly string[]
}): IamResult<PolicyDocument> => {
  const { key, brokerRoleArn, adminRoleArn, producerRoleArns } = ask
  const targets = ask.targets.filter((target) => keyArns(target).includes(key))
  const unsafe = unsafeNames(targets, [
    ['brokerRoleArn', brokerRoleArn],
    ['adminRoleArn', adminRoleArn],
    ...producerRoleArns.map((arn, at): [string, string] => [`producerRoleArns[${at}]`, arn])
  ])
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  const broker = { Principal: { AWS: brokerRoleArn }, Resource: '*' } as const
  const roles = unique(targets.map((target) => target.role))
  return documentOf([
    {
      Sid: 'KeyAdmins',
      Effect: 'Allow',
      Principal: { AWS: adminRoleArn },
      Action: administerKey,
      Resource: '*'
    },
    ...(roles.length === 0
      ? []
      : [
          {
            Sid: 'BrokerCreatesDecryptGrantsForJitSessions',
            Effect: 'Allow',
            ...broker,
            Action: 'kms:CreateGrant',
            Condition: grantFence(brokerRoleArn, roles)
          } as const
        ]),
    { Sid: 'BrokerEndsAndInspects', Effect: 'Allow', ...broker, Action: inspectKey },
    ...targets.flatMap((target) => writesResults(target, key)),
    ...producerRoleArns.map((arn) => produces(arn, key)),
    { Sid: 'BrokerNeverTouchesData', Effect: 'Deny', ...broker, Action: neverOnKeys }
  ])
}

const endGrants = ['kms:RevokeGrant', 'kms:ListGrants'] as const

/** No IAM policy opens a key whose policy does not: what is collected of it is named here. */
const inspectKey = [
  ...endGrants,
  'kms:DescribeKey',
  'kms:GetKeyRotationStatus',
  'kms:GetKeyPolicy',
  'kms:ListResourceTags'
] as const

/** Keeps a key, and never uses it. */
export const administerKey = [
  'kms:Describe*',
  'kms:List*',
  'kms:Get*',
  'kms:PutKeyPolicy',
  'kms:Enable*',
  'kms:Disable*',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:RotateKeyOnDemand',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:CancelKeyDeletion'
] as const

const neverOnKeys = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey*',
  'kms:ReEncrypt*',
  'kms:PutKeyPolicy',
  'kms:DisableKey',
  'kms:ScheduleKeyDeletion'
] as const

const neverElse = [
  'athena:StartQueryExecution',
  'athena:GetQueryResults*',
  'iam:UpdateAssumeRolePolicy',
  'iam:DeleteRolePermissionsBoundary',
  'iam:PutRolePermissionsBoundary',
  'iam:AttachRolePolicy',
  'iam:PassRole'
] as const

/**
 * Decrypt only, for a JIT session only, retired by the broker. ForAllValues holds on a missing key,
 * hence Null. A grant to a service has no kms:GranteePrincipal, so StringLike refuses it.
 */
const grantFence = (brokerRoleArn: string, roles: readonly string[]): ConditionBlock => ({
  StringLike: { 'kms:GranteePrincipal': roles.map(anySession) },
  StringEquals: { 'kms:RetiringPrincipal': brokerRoleArn },
  'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt'] },
  Null: { 'kms:GrantOperations': 'false' }
})

const anySession = (role: string): string => {
  const [, partition = '', , , account = ''] = role.split(':')
  return `arn:${partition}:sts::${account}:assumed-role/${role.split('/').at(-1) ?? ''}/jit-*`
}

/** Names the role, so the session policy limits it. No Bucket Key: the context is the object. */
const writesResults = (target: Target, key: string): readonly Statement[] => {
  const { results } = target
  if (results.kind === 'managed' || results.key !== key) return []
  const via = { 'kms:ViaService': s3Service(target.role, target.region) }
  const context = 'kms:EncryptionContext:aws:s3:arn'
  return [
    {
      Sid: `JitWritesResults${target.id.replace(/[^a-z0-9]/g, '')}`,
      Effect: 'Allow',
      Principal: { AWS: target.role },
      Action: 'kms:GenerateDataKey',
      Resource: '*',
      Condition: results.bucketKey
        ? { StringEquals: { ...via, [context]: bucketArn(target, results.location.bucket) } }
        : {
            StringEquals: via,
            StringLike: { [context]: locationArns(target, results.location).slice(1) }
          }
    }
  ]
}

const produces = (role: string, key: string): Statement => ({
  Effect: 'Allow',
  Principal: { AWS: role },
  Action: 'kms:GenerateDataKey',
  Resource: '*',
  Condition: { StringEquals: { 'kms:ViaService': s3Service(key, key.split(':')[3] ?? '') } }
})

const s3Service = (arn: string, region: string): string =>
  `s3.${region}.${dnsSuffix(partitionOf(arn) ?? 'aws')}`

const unsafeNames = (
  targets: readonly Target[],
  roles: readonly (readonly [where: string, arn: string])[]
) => [
  ...targets.flatMap(checkTarget),
  ...roles.map(([where, arn]) => checkName('role', arn, where)).filter((one) => one !== null)
]

const documentOf = (
  Statement: readonly Statement[]
): { readonly ok: true; readonly value: PolicyDocument } => ({
  ok: true,
  value: { Version: '2012-10-17', Statement }
})
