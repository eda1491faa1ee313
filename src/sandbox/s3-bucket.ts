/**
 * S3 buckets: finding one, its ARNs, and the operations on the bucket itself (ListObjectsV2,
 * GetBucketEncryption, GetBucketLocation). A bucket that does not exist is NoSuchBucket for
 * everyone, as in S3. Amazon S3 API Reference, "Error responses".
 */
import type { PolicyDocument } from '../iam/policy-document.ts'
import { authorize } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import type { S3Bucket, S3Encryption, S3Object } from './s3-state.ts'
import type { World } from './world.ts'

export type ListAsk = {
  readonly bucket: string
  readonly prefix: string
  /** 0..1000 */
  readonly maxKeys: number
  /** opaque, from the page before */
  readonly continuationToken?: string
  readonly startAfter?: string
}

export type Listing = {
  readonly entries: readonly { readonly key: string; readonly object: S3Object }[]
  /** absent on the last page */
  readonly nextToken?: string
}

/** The bucket, or AwsFault `NoSuchBucket` (404). */
export function findBucket(world: World, name: string): S3Bucket {
  const bucket = world.s3.buckets.get(name)
  if (bucket !== undefined) return bucket
  throw new AwsFault('NoSuchBucket', 404, 'The specified bucket does not exist', {
    BucketName: name
  })
}

/** `arn:P:s3:::BUCKET` */
export function bucketArn(world: World, bucket: string): string {
  return `arn:${world.partition}:s3:::${bucket}`
}

/** `arn:P:s3:::BUCKET/KEY` */
export function objectArn(world: World, bucket: string, key: string): string {
  return `${bucketArn(world, bucket)}/${key}`
}

/** The bucket policy as `authorize` takes it; nothing where the bucket has none. */
export function policyOf(bucket: S3Bucket): { readonly resourcePolicy?: PolicyDocument } {
  return bucket.policy === undefined ? {} : { resourcePolicy: bucket.policy }
}

/** Keys in UTF-8 order below a prefix, a page at a time. Needs s3:ListBucket. */
export function listObjects(world: World, call: Call, ask: ListAsk): Listing {
  const bucket = findBucket(world, ask.bucket)
  authorize(world, call, {
    action: 's3:ListBucket',
    resource: bucketArn(world, ask.bucket),
    context: {
      's3:max-keys': String(ask.maxKeys),
      ...(ask.prefix === '' ? {} : { 's3:prefix': ask.prefix })
    },
    ...policyOf(bucket)
  })
  const after =
    ask.continuationToken === undefined ? (ask.startAfter ?? '') : keyOfToken(ask.continuationToken)
  const wanted = [...bucket.objects]
    .map(([key, object]) => ({ key, object }))
    .filter(({ key }) => key.startsWith(ask.prefix) && compareKeys(key, after) > 0)
    .toSorted((a, b) => compareKeys(a.key, b.key))
  const entries = wanted.slice(0, ask.maxKeys)
  const last = entries.at(-1)
  return last === undefined || entries.length === wanted.length
    ? { entries }
    : { entries, nextToken: tokenOfKey(last.key) }
}

/** The default encryption. Needs s3:GetEncryptionConfiguration. */
export function bucketEncryption(world: World, call: Call, name: string): S3Encryption {
  const bucket = findBucket(world, name)
  authorize(world, call, {
    action: 's3:GetEncryptionConfiguration',
    resource: bucketArn(world, name),
    ...policyOf(bucket)
  })
  return bucket.encryption
}

/** The region the bucket is in. Needs s3:GetBucketLocation. */
export function bucketLocation(world: World, call: Call, name: string): string {
  const bucket = findBucket(world, name)
  authorize(world, call, {
    action: 's3:GetBucketLocation',
    resource: bucketArn(world, name),
    ...policyOf(bucket)
  })
  return world.region
}

function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function tokenOfKey(key: string): string {
  return Buffer.from(`1:${key}`).toString('base64url')
}

function keyOfToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString()
  if (text.startsWith('1:') && tokenOfKey(text.slice(2)) === token) return text.slice(2)
  throw new AwsFault('InvalidArgument', 400, 'The continuation token provided is incorrect', {
    ArgumentName: 'continuation-token'
  })
}
