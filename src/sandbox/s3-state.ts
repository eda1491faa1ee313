/**
 * What the sandbox's S3 keeps: buckets and their objects, in memory, as ciphertext only. The
 * plaintext of an object or of its data key is never part of the state. Amazon S3 User Guide,
 * "Using server-side encryption with AWS KMS keys".
 */
import { randomBytes } from 'node:crypto'
import type { PolicyDocument } from '../iam/policy-document.ts'
import type { Sealed } from './s3-crypto.ts'

/** A bucket's default encryption, or what an object was written with. */
export type S3Encryption =
  | { readonly algorithm: 'AES256' }
  | {
      readonly algorithm: 'aws:kms'
      readonly keyArn: string
      readonly bucketKeyEnabled: boolean
    }

/** One object at rest. `wrappedKey` is its data key as KMS (or S3 itself, AES256) encrypted it. */
export type S3Object = {
  readonly encryption: S3Encryption
  readonly wrappedKey: Buffer
  readonly sealed: Sealed
  /** plaintext length in bytes */
  readonly size: number
  /** without quotes */
  readonly etag: string
  readonly contentType: string
  readonly lastModified: Date
}

export type S3Bucket = {
  readonly name: string
  encryption: S3Encryption
  policy?: PolicyDocument
  readonly objects: Map<string, S3Object>
}

export type S3State = {
  readonly buckets: Map<string, S3Bucket>
  /** wraps the data keys of AES256 objects; belongs to S3 and is reachable through no API */
  readonly ownKey: Buffer
}

/** No buckets, and a fresh key of S3's own. */
export function emptyS3(): S3State {
  return { buckets: new Map(), ownKey: randomBytes(32) }
}
