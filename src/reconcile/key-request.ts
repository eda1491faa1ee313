/**
 * What a CloudTrail record says about a paid request to a KMS key: Decrypt and GenerateDataKey.
 * Refused requests are left out. Source: AWS KMS Developer Guide, "Logging AWS KMS API calls with
 * AWS CloudTrail"; S3 User Guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys".
 */
import { fieldAt, keyOf, textAt, timeOf } from './record-fields.ts'

export const keyEvents = ['Decrypt', 'GenerateDataKey'] as const

export type KeyRequest = {
  readonly operation: (typeof keyEvents)[number]
  /** `eventID` */
  readonly id: string
  /** epoch milliseconds */
  readonly at: number
  /** whose log it is in */
  readonly account: string
  /** ARN, or as the caller named it */
  readonly key: string
  /** what S3's encryption context names: a bucket has a Bucket Key, an object has none */
  readonly s3: 'bucket' | 'object' | null
}

/** The request, null = another event, `bad` = a record that lacks what its event has. */
export const keyRequestOf = (value: unknown): KeyRequest | 'bad' | null => {
  const operation = keyEvents.find((name) => name === textAt(value, 'eventName'))
  if (operation === undefined || textAt(value, 'eventSource') !== 'kms.amazonaws.com') return null
  if (textAt(value, 'errorCode') !== null) return null
  const id = textAt(value, 'eventID')
  const at = timeOf(value)
  const key = keyOf(value)
  if (id === null || at === null || key === null) return 'bad'
  const account = textAt(value, 'recipientAccountId') ?? ''
  return { operation, id, at, account, key, s3: s3Of(value) }
}

const s3Of = (value: unknown): KeyRequest['s3'] => {
  const context = fieldAt(fieldAt(value, 'requestParameters'), 'encryptionContext')
  const arn = textAt(context, 'aws:s3:arn')
  if (arn === null) return null
  return arn.includes('/') ? 'object' : 'bucket'
}
