/**
 * S3 buckets: where they are, how they encrypt, and whom their policy lets in. Only buckets that a
 * target, a table or a workgroup names are asked about, so that s3:ListAllMyBuckets is not needed
 * and the other buckets of the account stay unread. Amazon S3 API Reference: GetBucketLocation,
 * GetBucketEncryption, GetBucketPolicy.
 */
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  type S3Client,
  type ServerSideEncryptionRule
} from '@aws-sdk/client-s3'
import type { BucketFacts } from '../posture/facts.ts'
import { eachOf } from './posture-pages.ts'
import type { Scan } from './posture-scan.ts'

/** What can be read of each; a bucket that does not exist, or is not ours to see, is gaps. */
export const bucketsNamed = async (
  scan: Scan,
  client: S3Client,
  names: readonly string[]
): Promise<readonly BucketFacts[]> => {
  scan.expect('s3', names.length)
  return eachOf(names, async (name) => {
    const facts = {
      name,
      region: await regionOf(scan, client, name),
      encryption: await encryptionOf(scan, client, name),
      policy: await policyOf(scan, client, name)
    }
    scan.did('s3')
    return facts
  })
}

/** The bucket of `s3://BUCKET/PREFIX` (Hive also writes s3a and s3n); null for anything else. */
export const bucketOf = (location: string | null): string | null =>
  /^s3[an]?:\/\/([^/]+)/.exec(location ?? '')?.[1] ?? null

const regionOf = async (scan: Scan, client: S3Client, Bucket: string): Promise<string | null> => {
  const got = await scan.ask({
    call: 's3:GetBucketLocation',
    resource: Bucket,
    send: (options) => client.send(new GetBucketLocationCommand({ Bucket }), options)
  })
  if (!got.ok) return null
  const { LocationConstraint: region } = got.value
  // the two Regions that S3 has no name for, and an old one for
  if (region === undefined) return 'us-east-1'
  return region === 'EU' ? 'eu-west-1' : region
}

const encryptionOf = async (
  scan: Scan,
  client: S3Client,
  Bucket: string
): Promise<BucketFacts['encryption']> => {
  const got = await scan.ask({
    call: 's3:GetBucketEncryption',
    resource: Bucket,
    absent: (code) => code === 'ServerSideEncryptionConfigurationNotFoundError',
    send: (options) => client.send(new GetBucketEncryptionCommand({ Bucket }), options)
  })
  const [rule] = got.ok ? (got.value.ServerSideEncryptionConfiguration?.Rules ?? []) : []
  return rule === undefined ? null : ruleOf(rule)
}

const ruleOf = (rule: ServerSideEncryptionRule): BucketFacts['encryption'] => {
  const { ApplyServerSideEncryptionByDefault: standard, BucketKeyEnabled = false } = rule
  switch (standard?.SSEAlgorithm) {
    case 'AES256':
    case 'aws:kms':
    case 'aws:kms:dsse':
      return {
        algorithm: standard.SSEAlgorithm,
        key: standard.KMSMasterKeyID ?? null,
        bucketKey: BucketKeyEnabled
      }
    case 'aws:backup':
    case 'aws:fsx':
    case undefined:
      return null
  }
}

const policyOf = async (scan: Scan, client: S3Client, Bucket: string): Promise<string | null> => {
  const got = await scan.ask({
    call: 's3:GetBucketPolicy',
    resource: Bucket,
    absent: (code) => code === 'NoSuchBucketPolicy',
    send: (options) => client.send(new GetBucketPolicyCommand({ Bucket }), options)
  })
  return got.ok ? (got.value.Policy ?? null) : null
}
