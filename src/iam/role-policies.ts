/**
 * The static documents of the role whose sessions are issued: what its sessions may ever do, what
 * they never may, its boundary, who may assume it, and the deny of ended sessions.
 * They are upper bounds for all targets of the role together; only the session policy narrows a
 * session to one target. None of them was tried on live AWS; try the TLS guard there first.
 */
import { type Instant, iso } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import { catalogArns, keyArns, locationArns, unique, workgroupArn } from './arns.ts'
import { checkName, checkTarget } from './names.ts'
import { dnsSuffix, partitionOf } from './partition.ts'
import type { PolicyDocument, Statement } from './policy-document.ts'
import type { IamResult } from './refusals.ts'

/**
 * Identity policy: an Allow for the smallest union of the targets, and Denies for the rest. There
 * is no kms:Decrypt in it: that comes from grants alone. No policy can require that a session
 * policy was passed, so whoever may assume the role without one gets all of this.
 */
export const jitRolePolicy = (targets: readonly Target[]): IamResult<PolicyDocument> =>
  checked(targets, () => [...maximum(targets), ...guard(targets)])

/**
 * Boundary: the same union plus the key actions, so that it bounds what anyone who may write the
 * role's inline policies (the broker) could add. It grants nothing.
 */
export const jitBoundary = (targets: readonly Target[]): IamResult<PolicyDocument> =>
  checked(targets, () => [
    ...maximum(targets),
    {
      Sid: 'MaxKeys',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: unique(targets.flatMap(keyArns))
    }
  ])

/** Only the broker, only under a name of its own, with a source identity and its two tags. */
export const jitTrustPolicy = (ask: {
  readonly brokerRoleArn: string
  /** where broker and role are in different accounts */
  readonly externalId?: string
}): IamResult<PolicyDocument> => {
  const { brokerRoleArn, externalId } = ask
  const unsafe = [
    checkName('role', brokerRoleArn, 'brokerRoleArn'),
    externalId === undefined ? null : checkName('external id', externalId, 'externalId')
  ].filter((one) => one !== null)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  const principal = { Principal: { AWS: brokerRoleArn } } as const
  const someone = { 'sts:SourceIdentity': '?*' } as const
  return documentOf([
    {
      Sid: 'OnlyBroker',
      Effect: 'Allow',
      ...principal,
      Action: 'sts:AssumeRole',
      Condition: {
        StringLike: { 'sts:RoleSessionName': 'jit-*', ...someone },
        ...(externalId === undefined ? {} : { StringEquals: { 'sts:ExternalId': externalId } })
      }
    },
    {
      Sid: 'Identity',
      Effect: 'Allow',
      ...principal,
      Action: 'sts:SetSourceIdentity',
      Condition: { StringLike: someone }
    },
    {
      Sid: 'Tags',
      Effect: 'Allow',
      ...principal,
      Action: 'sts:TagSession',
      Condition: {
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['jit:request', 'jit:workgroup'] },
        StringLike: { 'aws:RequestTag/jit:request': '?*' }
      }
    }
  ])
}

/** Which sessions of a role are denied; the whole of it. */
export type DenySet = {
  /** `aws:userid` of sessions */
  readonly ids: readonly string[]
  /** there are more: every session of the role issued before is denied; null = there are not */
  readonly issuedBefore: Instant | null
}

/**
 * Everything is denied to sessions that were ended early (`aws:userid`, from
 * AssumeRole's AssumedRoleId). PutRolePolicy replaces the whole document, so pass all of them.
 * A document of 120 ids has 6,700 characters; a role's inline policies together may have 10,240.
 */
export const endedSessionsPolicy = (
  assumedRoleIds: readonly [string, ...string[]],
  issuedBefore: Instant | null = null
): IamResult<PolicyDocument> => {
  const unsafe = assumedRoleIds
    .map((id, index) => checkName('assumed role id', id, `assumedRoleIds[${index}]`))
    .filter((one) => one !== null)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  return documentOf([
    {
      Sid: 'Ended',
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:userid': unique(assumedRoleIds) } }
    },
    ...(issuedBefore === null ? [] : [issuedEarlier(issuedBefore)])
  ])
}

/** Also of those that are still open: their owners fetch new ones. */
const issuedEarlier = (than: Instant): Statement => ({
  Sid: 'EndedBefore',
  Effect: 'Deny',
  Action: '*',
  Resource: '*',
  Condition: { DateLessThan: { 'aws:TokenIssueTime': iso(than).replace('.000Z', 'Z') } }
})

const maximum = (targets: readonly Target[]): readonly Statement[] => {
  const results = targets.flatMap((target) =>
    target.results.kind === 'bucket' ? locationArns(target, target.results.location) : []
  )
  return [
    {
      Sid: 'MaxQueries',
      Effect: 'Allow',
      Action: [
        'athena:StartQueryExecution',
        'athena:StopQueryExecution',
        'athena:GetQueryExecution',
        'athena:GetQueryResults',
        'athena:GetQueryResultsStream',
        'athena:GetQueryRuntimeStatistics',
        'athena:GetWorkGroup'
      ],
      Resource: unique(targets.map(workgroupArn))
    },
    {
      Sid: 'MaxCatalog',
      Effect: 'Allow',
      Action: [
        'glue:GetDatabase',
        'glue:GetTable',
        'glue:GetTables',
        'glue:GetPartition',
        'glue:GetPartitions',
        'glue:BatchGetPartition'
      ],
      Resource: unique(targets.flatMap((one) => catalogArns(one, one.data)))
    },
    {
      Sid: 'MaxData',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:ListBucket', 's3:GetBucketLocation'],
      Resource: unique(
        targets.flatMap((one) => one.data.flatMap((set) => locationArns(one, set.location)))
      ),
      Condition: { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'athena.amazonaws.com' } }
    },
    ...(results.length === 0 ? [] : [resultStatement(unique(results))])
  ]
}

const resultStatement = (places: readonly string[]): Statement => ({
  Sid: 'MaxResults',
  Effect: 'Allow',
  Action: [
    's3:GetObject',
    's3:PutObject',
    's3:GetBucketLocation',
    's3:AbortMultipartUpload',
    's3:ListMultipartUploadParts',
    's3:ListBucketMultipartUploads'
  ],
  Resource: places
})

/** Explicit denies bind even what is given to a session directly, by a grant or a bucket policy. */
const guard = (targets: readonly Target[]): readonly Statement[] => [
  {
    Sid: 'KmsOnlyViaDataServices',
    Effect: 'Deny',
    Action: 'kms:*',
    Resource: '*',
    Condition: { StringNotEquals: { 'kms:ViaService': unique(targets.flatMap(dataServices)) } }
  },
  {
    Sid: 'NothingElse',
    Effect: 'Deny',
    NotAction: [
      'athena:StartQueryExecution',
      'athena:StopQueryExecution',
      'athena:GetQuery*',
      'athena:GetWorkGroup',
      'glue:Get*',
      'glue:BatchGetPartition',
      's3:GetObject',
      's3:PutObject',
      's3:AbortMultipartUpload',
      's3:ListMultipartUploadParts',
      's3:ListBucket',
      's3:ListBucketMultipartUploads',
      's3:GetBucketLocation',
      'kms:Decrypt',
      'kms:GenerateDataKey'
    ],
    Resource: '*'
  },
  {
    Sid: 'Tls',
    Effect: 'Deny',
    Action: '*',
    Resource: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } }
  }
]

const dataServices = (target: Target): readonly string[] => {
  const suffix = dnsSuffix(partitionOf(target.role) ?? 'aws')
  return ['s3', 'athena', 'glue'].map((service) => `${service}.${target.region}.${suffix}`)
}

/** Builds only from targets of one and the same role whose every name is safe. */
const checked = (
  targets: readonly Target[],
  build: () => readonly Statement[]
): IamResult<PolicyDocument> => {
  const unsafe = targets.flatMap(checkTarget)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  if (new Set(targets.map((target) => target.role)).size !== 1) {
    throw new Error('a role policy is for the targets of exactly one role')
  }
  return documentOf(build())
}

const documentOf = (
  Statement: readonly Statement[]
): { readonly ok: true; readonly value: PolicyDocument } => ({
  ok: true,
  value: { Version: '2012-10-17', Statement }
})
