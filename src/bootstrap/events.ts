/**
 * Which changes EventBridge tells the broker, so that it looks again at once instead of at its next
 * interval: management events of CloudTrail that may open or close a finding. IAM's events are in
 * us-east-1 alone (us-gov-west-1 in GovCloud, cn-north-1 in China), whatever Region is used.
 * Source: EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".
 */
import type { Partition } from '../iam/partition.ts'

/** Of each service, the calls that change what findings are about. */
const changes: Readonly<Record<string, readonly string[]>> = {
  'aws.athena': [
    'CreateWorkGroup',
    'UpdateWorkGroup',
    'DeleteWorkGroup',
    'TagResource',
    'UntagResource'
  ],
  'aws.kms': [
    'CreateGrant',
    'CancelKeyDeletion',
    'DisableKey',
    'DisableKeyRotation',
    'EnableKey',
    'EnableKeyRotation',
    'PutKeyPolicy',
    'ScheduleKeyDeletion',
    'TagResource',
    'UntagResource'
  ],
  'aws.iam': [
    'AttachRolePolicy',
    'AttachUserPolicy',
    'CreatePolicyVersion',
    'DeleteRolePermissionsBoundary',
    'DeleteRolePolicy',
    'DetachRolePolicy',
    'PutRolePermissionsBoundary',
    'PutRolePolicy',
    'PutUserPolicy',
    'SetDefaultPolicyVersion',
    'UpdateAssumeRolePolicy',
    'UpdateRole'
  ],
  'aws.s3': [
    'DeleteBucketEncryption',
    'DeleteBucketPolicy',
    'PutBucketEncryption',
    'PutBucketPolicy'
  ],
  'aws.glue': ['CreateTable', 'DeleteTable', 'UpdateTable']
}

/** Services whose events the broker takes. */
export const eventSources: readonly string[] = Object.keys(changes)

/** The pattern of the rule. */
export const eventPattern = {
  source: eventSources,
  'detail-type': ['AWS API Call via CloudTrail'],
  detail: { eventName: [...new Set(Object.values(changes).flat())].toSorted() }
} as const

/** The Region that IAM's events are in. */
export const iamEventsRegion = (partition: Partition): string =>
  ({ aws: 'us-east-1', 'aws-us-gov': 'us-gov-west-1', 'aws-cn': 'cn-north-1' })[partition]
