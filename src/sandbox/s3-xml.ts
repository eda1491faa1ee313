/**
 * S3's XML answers, and the headers that describe an object. Amazon S3 API Reference:
 * ListObjectsV2, GetBucketEncryption, GetBucketLocation, GetObject.
 */
import type { ListAsk, Listing } from './s3-bucket.ts'
import type { S3Encryption, S3Object } from './s3-state.ts'
import type { RawResponse } from './service.ts'
import { escapeXml } from './xml.ts'

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** An answer without a body. */
export function emptyAnswer(
  status: number,
  headers: Readonly<Record<string, string>>
): RawResponse {
  return { status, headers, body: Buffer.alloc(0) }
}

/** `ListBucketResult` of one page. */
export function listAnswer(ask: ListAsk, listing: Listing, urlEncoded: boolean): RawResponse {
  const spell = (key: string): string => escapeXml(urlEncoded ? encodeURIComponent(key) : key)
  const contents = listing.entries.map(({ key, object }) =>
    element('Contents', [
      `<Key>${spell(key)}</Key>`,
      `<LastModified>${object.lastModified.toISOString()}</LastModified>`,
      `<ETag>&quot;${object.etag}&quot;</ETag>`,
      `<Size>${object.size}</Size>`,
      '<StorageClass>STANDARD</StorageClass>'
    ])
  )
  return xml('ListBucketResult', [
    `<Name>${escapeXml(ask.bucket)}</Name>`,
    `<Prefix>${spell(ask.prefix)}</Prefix>`,
    `<KeyCount>${listing.entries.length}</KeyCount>`,
    `<MaxKeys>${ask.maxKeys}</MaxKeys>`,
    ...(urlEncoded ? ['<EncodingType>url</EncodingType>'] : []),
    `<IsTruncated>${listing.nextToken !== undefined}</IsTruncated>`,
    ...optional('ContinuationToken', ask.continuationToken),
    ...optional('NextContinuationToken', listing.nextToken),
    ...contents
  ])
}

/** `ServerSideEncryptionConfiguration` with its one rule. */
export function encryptionAnswer(encryption: S3Encryption): RawResponse {
  const kms = encryption.algorithm === 'aws:kms'
  return xml('ServerSideEncryptionConfiguration', [
    element('Rule', [
      element('ApplyServerSideEncryptionByDefault', [
        `<SSEAlgorithm>${encryption.algorithm}</SSEAlgorithm>`,
        ...optional('KMSMasterKeyID', kms ? encryption.keyArn : undefined)
      ]),
      `<BucketKeyEnabled>${kms && encryption.bucketKeyEnabled}</BucketKeyEnabled>`
    ])
  ])
}

/** `LocationConstraint`; empty for us-east-1, as S3 has it. */
export function locationAnswer(region: string): RawResponse {
  return xml('LocationConstraint', [region === 'us-east-1' ? '' : escapeXml(region)])
}

/** `x-amz-server-side-encryption...` of an object. */
export function encryptionHeaders(encryption: S3Encryption): Readonly<Record<string, string>> {
  if (encryption.algorithm === 'AES256') return { 'x-amz-server-side-encryption': 'AES256' }
  return {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyArn,
    ...(encryption.bucketKeyEnabled
      ? { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' }
      : {})
  }
}

/** Headers of GetObject and HeadObject, without the length. */
export function objectHeaders(object: S3Object): Readonly<Record<string, string>> {
  return {
    'accept-ranges': 'bytes',
    'content-type': object.contentType,
    etag: `"${object.etag}"`,
    'last-modified': object.lastModified.toUTCString(),
    ...encryptionHeaders(object.encryption)
  }
}

function xml(root: string, children: readonly string[]): RawResponse {
  const text =
    `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${NAMESPACE}">` +
    `${children.join('')}</${root}>`
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) }
}

function element(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

function optional(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`<${name}>${escapeXml(value)}</${name}>`]
}
