/**
 * S3 objects: PutObject, GetObject, HeadObject. Bytes rest under a data key that KMS makes and
 * opens with the caller's own permissions: who may not kms:Decrypt gets AccessDenied, whatever S3
 * allows. Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys", "Amazon S3
 * Bucket Keys".
 */
import { createHash, randomBytes } from 'node:crypto'
import { authorize, judge } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import { decrypt, generateDataKey } from './kms-crypto.ts'
import { bucketArn, findBucket, objectArn, policyOf } from './s3-bucket.ts'
import { open, seal, unwrapKey, wrapKey } from './s3-crypto.ts'
import type { S3Bucket, S3Encryption, S3Object } from './s3-state.ts'
import type { World } from './world.ts'

export type ObjectName = { readonly bucket: string; readonly key: string }

/** What one PutObject asks for; the bucket's default counts for everything left out. */
export type PutEncryption =
  | { readonly algorithm: 'AES256' }
  | {
      readonly algorithm: 'aws:kms'
      readonly keyId?: string
      readonly bucketKeyEnabled?: boolean
    }

export type PutAsk = ObjectName & {
  readonly body: Buffer
  readonly contentType: string
  readonly encryption?: PutEncryption
}

/**
 * Stores the object as ciphertext and answers what is kept. Needs s3:PutObject and, unless AES256,
 * kms:GenerateDataKey on the key. AwsFault: AccessDenied, NoSuchBucket, KeyTooLongError, `KMS.*`.
 */
export async function putObject(world: World, call: Call, ask: PutAsk): Promise<S3Object> {
  const bucket = findBucket(world, ask.bucket)
  if (Buffer.byteLength(ask.key) > 1024) {
    throw new AwsFault('KeyTooLongError', 400, 'Your key is too long')
  }
  // XML 1.0, in which keys are listed, has no spelling for these
  if (/\p{Cc}/u.test(ask.key)) {
    throw new AwsFault('InvalidArgument', 400, 'Control characters in keys are not spoken here')
  }
  const arn = objectArn(world, ask.bucket, ask.key)
  authorize(world, call, {
    action: 's3:PutObject',
    resource: arn,
    context: putContext(ask.encryption),
    ...policyOf(bucket)
  })
  const wanted = wantedEncryption(bucket, ask)
  const made = await makeDataKey(world, call, { name: ask, wanted })
  const sealed = seal(made.plaintext, arn, ask.body)
  const object: S3Object = {
    encryption: made.encryption,
    wrappedKey: made.wrapped,
    sealed,
    size: ask.body.length,
    etag: createHash('sha256').update(sealed.ciphertext).digest('hex').slice(0, 32),
    contentType: ask.contentType,
    lastModified: world.clock.now()
  }
  bucket.objects.set(ask.key, object)
  return object
}

/**
 * The object's bytes. Needs s3:GetObject and, unless AES256, kms:Decrypt. AwsFault: AccessDenied,
 * NoSuchBucket, NoSuchKey (only for who may list the bucket), `KMS.*`, InternalError when the
 * stored bytes do not belong to this name.
 */
export async function getObject(
  world: World,
  call: Call,
  name: ObjectName
): Promise<{ readonly object: S3Object; readonly body: Buffer }> {
  const object = headObject(world, call, name)
  const arn = objectArn(world, name.bucket, name.key)
  const dataKey = await openDataKey(world, call, { name, object })
  const body = dataKey === null ? null : open(dataKey, arn, object.sealed)
  if (body !== null) return { object, body }
  throw new AwsFault('InternalError', 500, 'We encountered an internal error. Please try again.')
}

/** What is known of the object without its bytes. Needs s3:GetObject, no key. */
export function headObject(world: World, call: Call, name: ObjectName): S3Object {
  const bucket = findBucket(world, name.bucket)
  const resource = objectArn(world, name.bucket, name.key)
  const ask = { action: 's3:GetObject', resource, ...policyOf(bucket) }
  authorize(world, call, ask)
  const object = bucket.objects.get(name.key)
  if (object !== undefined) return object
  const list = {
    action: 's3:ListBucket',
    resource: bucketArn(world, name.bucket),
    ...policyOf(bucket)
  }
  if (judge(world, call, list).decision !== 'allow') {
    throw new AwsFault('AccessDenied', 403, 'Access Denied')
  }
  throw new AwsFault('NoSuchKey', 404, 'The specified key does not exist.', { Key: name.key })
}

type MadeKey = {
  readonly plaintext: Buffer
  readonly wrapped: Buffer
  readonly encryption: S3Encryption
}

type WantedEncryption =
  | { readonly algorithm: 'AES256' }
  | { readonly algorithm: 'aws:kms'; readonly keyId: string; readonly bucketKeyEnabled: boolean }

function wantedEncryption(bucket: S3Bucket, ask: PutAsk): WantedEncryption {
  const standing = bucket.encryption
  const wanted = ask.encryption ?? standing
  if (wanted.algorithm === 'AES256') return wanted
  const keyId = 'keyArn' in wanted ? wanted.keyArn : (wanted.keyId ?? keyOf(standing))
  if (keyId === undefined) {
    throw new AwsFault('KMS.NotFoundException', 400, 'The sandbox has no AWS managed key aws/s3')
  }
  const bucketKeyEnabled =
    wanted.bucketKeyEnabled ?? (standing.algorithm === 'aws:kms' && standing.bucketKeyEnabled)
  return { algorithm: 'aws:kms', keyId, bucketKeyEnabled }
}

function keyOf(encryption: S3Encryption): string | undefined {
  return encryption.algorithm === 'aws:kms' ? encryption.keyArn : undefined
}

async function makeDataKey(
  world: World,
  call: Call,
  job: { readonly name: ObjectName; readonly wanted: WantedEncryption }
): Promise<MadeKey> {
  const { name, wanted } = job
  if (wanted.algorithm === 'AES256') {
    const plaintext = randomBytes(32)
    const arn = objectArn(world, name.bucket, name.key)
    return { plaintext, wrapped: wrapKey(world.s3.ownKey, arn, plaintext), encryption: wanted }
  }
  const { bucketKeyEnabled } = wanted
  const made = await throughKms(() =>
    generateDataKey(world, call, {
      keyId: wanted.keyId,
      encryptionContext: encryptionContext(world, name, bucketKeyEnabled)
    })
  )
  return {
    plaintext: made.plaintext,
    wrapped: made.ciphertext,
    encryption: { algorithm: 'aws:kms', keyArn: made.keyArn, bucketKeyEnabled }
  }
}

async function openDataKey(
  world: World,
  call: Call,
  job: { readonly name: ObjectName; readonly object: S3Object }
): Promise<Buffer | null> {
  const { name, object } = job
  if (object.encryption.algorithm === 'AES256') {
    const arn = objectArn(world, name.bucket, name.key)
    return unwrapKey(world.s3.ownKey, arn, object.wrappedKey)
  }
  const { bucketKeyEnabled } = object.encryption
  const opened = await throughKms(() =>
    decrypt(world, call, {
      ciphertext: object.wrappedKey,
      encryptionContext: encryptionContext(world, name, bucketKeyEnabled)
    })
  )
  return opened.plaintext
}

function encryptionContext(
  world: World,
  name: ObjectName,
  bucketKeyEnabled: boolean
): Readonly<Record<string, string>> {
  return {
    'aws:s3:arn': bucketKeyEnabled
      ? bucketArn(world, name.bucket)
      : objectArn(world, name.bucket, name.key)
  }
}

/** S3 answers a refusal of KMS as its own AccessDenied and other KMS errors as `KMS.NAME`. */
async function throughKms<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof AwsFault) || error.code.startsWith('AccessDenied')) throw error
    throw new AwsFault(`KMS.${error.code}`, 400, error.message)
  }
}

function putContext(encryption: PutEncryption | undefined): Readonly<Record<string, string>> {
  if (encryption === undefined) return {}
  const header = 's3:x-amz-server-side-encryption'
  if (encryption.algorithm === 'AES256' || encryption.keyId === undefined) {
    return { [header]: encryption.algorithm }
  }
  return {
    [header]: encryption.algorithm,
    [`${header}-aws-kms-key-id`]: encryption.keyId
  }
}
