/**
 * What an S3 request's headers and query ask for, checked: encryption, byte range, page. Headers
 * that would change the meaning of a call and are not spoken here are refused, never ignored.
 */
import { AwsFault } from './fault.ts'
import type { ListAsk } from './s3-bucket.ts'
import type { PutEncryption } from './s3-objects.ts'
import type { RawRequest } from './service.ts'

/** Inclusive positions. */
export type ByteRange = { readonly start: number; readonly end: number }

/** AwsFault `NotImplemented` (501) for a header the sandbox does not honour. */
export function refuseUnspokenHeaders(request: RawRequest): void {
  const name = Object.keys(request.headers).find((header) =>
    unspoken.some((start) => header.startsWith(start))
  )
  if (name === undefined) return
  throw new AwsFault(
    'NotImplemented',
    501,
    'A header you provided implies functionality that is not implemented',
    { Header: name }
  )
}

/** The encryption a PutObject names, or undefined for the bucket's default. */
export function encryptionAsked(request: RawRequest): PutEncryption | undefined {
  const algorithm = request.headers['x-amz-server-side-encryption']
  const keyId = request.headers['x-amz-server-side-encryption-aws-kms-key-id']
  const bucketKey = request.headers['x-amz-server-side-encryption-bucket-key-enabled']
  if (algorithm === 'aws:kms') {
    return {
      algorithm,
      ...(keyId === undefined ? {} : { keyId }),
      ...(bucketKey === undefined ? {} : { bucketKeyEnabled: booleanOf(bucketKey) })
    }
  }
  if (keyId !== undefined) {
    throw invalid(
      'Server Side Encryption with AWS KMS managed key requires HTTP header ' +
        'x-amz-server-side-encryption : aws:kms'
    )
  }
  if (algorithm === undefined) return undefined
  if (algorithm === 'AES256') return { algorithm }
  throw invalid('The encryption method specified is not supported')
}

/** The page a ListObjectsV2 asks for. */
export function listAsked(request: RawRequest): ListAsk {
  const { query } = request
  const maxKeys = query.get('max-keys') ?? '1000'
  if (!/^\d{1,9}$/.test(maxKeys)) throw invalid('Provided max-keys not an integer or out of range')
  if (query.has('delimiter')) {
    throw new AwsFault('NotImplemented', 501, 'The parameter delimiter is not implemented')
  }
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  return {
    bucket: request.bucket,
    prefix: query.get('prefix') ?? '',
    maxKeys: Math.min(Number(maxKeys), 1000),
    ...(token === null ? {} : { continuationToken: token }),
    ...(startAfter === null ? {} : { startAfter })
  }
}

/**
 * The bytes a `Range` header names of `size`, or null when there is no header or, as S3 does, it is
 * not one plain range. AwsFault `InvalidRange` (416) beyond the end.
 */
export function rangeAsked(header: string | undefined, size: number): ByteRange | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  const first = match?.[1] ?? ''
  const last = match?.[2] ?? ''
  if (first === '' && last === '') return null
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (start < size && start <= end) return { start, end }
  if (start < size && first !== '' && last !== '') return null
  throw new AwsFault('InvalidRange', 416, 'The requested range is not satisfiable')
}

const unspoken = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'x-amz-copy-source',
  'x-amz-server-side-encryption-customer-',
  'x-amz-server-side-encryption-context',
  'x-amz-object-lock-',
  'x-amz-tagging',
  'x-amz-acl',
  'x-amz-grant-'
]

function booleanOf(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw invalid('The bucket key setting must be true or false')
}

function invalid(message: string): AwsFault {
  return new AwsFault('InvalidArgument', 400, message)
}
