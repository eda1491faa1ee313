/**
 * What collecting facts about workgroups, keys, buckets, tables and principals needs, apart from
 * the broker's own policy, so that another role can hold it. It reads settings and names, no row,
 * no query's result and no object, and changes nothing. A key whose policy neither delegates to the
 * account nor names the collector stays unread, which collecting tells.
 */
import type { Target } from '../elevation/target.ts'
import { keyArns, unique } from './arns.ts'
import { checkTarget } from './names.ts'
import { partitionOf } from './partition.ts'
import type { PolicyDocument, Statement } from './policy-document.ts'
import type { IamResult } from './refusals.ts'

/**
 * Every workgroup, key and table of the accounts and Regions of the targets: what is not declared
 * is what is looked for. The buckets are named by tables and workgroups, so no list of them is
 * known before. sts:GetCallerIdentity needs no permission.
 */
export const collectorPolicy = (ask: {
  readonly targets: readonly Target[]
}): IamResult<PolicyDocument> => {
  const unsafe = ask.targets.flatMap(checkTarget)
  if (unsafe.length > 0) return { ok: false, refusals: unsafe }
  const everywhere = (service: string, ...rests: readonly string[]): readonly string[] =>
    unique(
      ask.targets.flatMap(({ role, region, account }) =>
        rests.map((rest) => `arn:${partitionOf(role)}:${service}:${region}:${account}:${rest}`)
      )
    )
  const statements: readonly Statement[] = [
    { Sid: 'List', Effect: 'Allow', Action: listings, Resource: '*' },
    {
      Sid: 'Workgroups',
      Effect: 'Allow',
      Action: [
        'athena:GetWorkGroup',
        'athena:ListTagsForResource',
        'athena:ListQueryExecutions',
        'athena:BatchGetQueryExecution'
      ],
      Resource: everywhere('athena', 'workgroup/*')
    },
    {
      Sid: 'Keys',
      Effect: 'Allow',
      Action: [
        'kms:DescribeKey',
        'kms:GetKeyRotationStatus',
        'kms:GetKeyPolicy',
        'kms:ListResourceTags',
        'kms:ListGrants'
      ],
      Resource: unique([...everywhere('kms', 'key/*'), ...foreignKeys(ask.targets)])
    },
    {
      Sid: 'Tables',
      Effect: 'Allow',
      Action: ['glue:GetDatabases', 'glue:GetTables'],
      Resource: everywhere('glue', 'catalog', 'database/*', 'table/*')
    },
    {
      Sid: 'Buckets',
      Effect: 'Allow',
      Action: ['s3:GetBucketLocation', 's3:GetEncryptionConfiguration', 's3:GetBucketPolicy'],
      Resource: unique(ask.targets.map(({ role }) => `arn:${partitionOf(role)}:s3:::*`))
    }
  ]
  return { ok: true, value: { Version: '2012-10-17', Statement: statements } }
}

/** Actions without a resource type (Service Authorization Reference). */
const listings = [
  'athena:ListWorkGroups',
  'kms:ListKeys',
  'kms:ListAliases',
  'iam:GetAccountAuthorizationDetails',
  'iam:ListRoles'
] as const

/** Keys of other accounts, which their own policies must open too. */
const foreignKeys = (targets: readonly Target[]): readonly string[] =>
  targets.flatMap((target) => keyArns(target).filter((arn) => arn.split(':')[4] !== target.account))
