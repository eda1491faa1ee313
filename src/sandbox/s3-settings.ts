/**
 * Settings of a bucket that are read or changed as a whole: its policy, and its default encryption.
 * PutBucketEncryption takes one rule with AES256 or aws:kms and a key named by its ARN; anything
 * else is MalformedXML. Amazon S3 API Reference: GetBucketPolicy, PutBucketEncryption.
 */
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import { bucketArn, findBucket, policyOf } from './s3-bucket.ts'
import type { S3Bucket, S3Encryption } from './s3-state.ts'
import type { RawResponse } from './service.ts'
import type { World } from './world.ts'

/** The policy's text as JSON. Needs s3:GetBucketPolicy; AwsFault NoSuchBucketPolicy without one. */
export function getBucketPolicy(world: World, call: Call, name: string): RawResponse {
  const bucket = allowed(world, call, { name, action: 's3:GetBucketPolicy' })
  if (bucket.policy === undefined) {
    const message = 'The bucket policy does not exist'
    throw new AwsFault('NoSuchBucketPolicy', 404, message, { BucketName: name })
  }
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(bucket.policy))
  }
}

/** Needs s3:PutEncryptionConfiguration; counts for what is written from now on. */
export function putBucketEncryption(
  world: World,
  call: Call,
  ask: { readonly name: string; readonly body: Buffer }
): void {
  const bucket = allowed(world, call, { name: ask.name, action: 's3:PutEncryptionConfiguration' })
  bucket.encryption = encryptionIn(ask.body.toString('utf8'))
}

function allowed(
  world: World,
  call: Call,
  { name, action }: { readonly name: string; readonly action: string }
): S3Bucket {
  const bucket = findBucket(world, name)
  authorize(world, call, { action, resource: bucketArn(world, name), ...policyOf(bucket) })
  return bucket
}

function encryptionIn(xml: string): S3Encryption {
  const only = (name: string): string | null => {
    const found = [...xml.matchAll(new RegExp(`<${name}>([^<>]*)</${name}>`, 'g'))]
    if (found.length > 1) throw malformed()
    return found[0]?.[1] ?? null
  }
  const key = only('KMSMasterKeyID')
  const bucketKey = only('BucketKeyEnabled') ?? 'false'
  const isKey = key !== null && /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(key)
  if (!/^(true|false)$/.test(bucketKey)) throw malformed()
  const algorithm = only('SSEAlgorithm')
  if (algorithm === 'AES256' && key === null) return { algorithm }
  if (algorithm === 'aws:kms' && isKey) {
    return { algorithm, keyArn: key, bucketKeyEnabled: bucketKey === 'true' }
  }
  throw malformed()
}

function malformed(): AwsFault {
  const message = 'The XML you provided was not well-formed or did not validate against our schema'
  return new AwsFault('MalformedXML', 400, message)
}
