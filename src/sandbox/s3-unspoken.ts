/**
 * S3 operations that the sandbox knows by name only. Each asks for its permission first, so that a
 * caller without it is refused as on AWS, and is then refused as not spoken here. Source: Service
 * Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
 */
import { authorize } from './authorize.ts'
import { AwsFault } from './fault.ts'
import { bucketArn, findBucket, objectArn, policyOf } from './s3-bucket.ts'
import type { RawOperation, RawRequest } from './service.ts'
import type { World } from './world.ts'

type Level = 'service' | 'bucket' | 'object'

/** Method, level and the query parameter that tells them apart; the first that fits counts. */
type Unspoken = {
  readonly method: string
  readonly level: Level
  readonly parameter?: string
  readonly action: string
  readonly permission: string
}

const table: readonly Unspoken[] = [
  {
    method: 'GET',
    level: 'service',
    action: 'ListBuckets',
    permission: 's3:ListAllMyBuckets'
  },
  {
    method: 'GET',
    level: 'bucket',
    parameter: 'uploads',
    action: 'ListMultipartUploads',
    permission: 's3:ListBucketMultipartUploads'
  },
  {
    method: 'PUT',
    level: 'bucket',
    parameter: 'policy',
    action: 'PutBucketPolicy',
    permission: 's3:PutBucketPolicy'
  },
  { method: 'GET', level: 'bucket', action: 'ListObjects', permission: 's3:ListBucket' },
  { method: 'HEAD', level: 'bucket', action: 'HeadBucket', permission: 's3:ListBucket' },
  { method: 'PUT', level: 'bucket', action: 'CreateBucket', permission: 's3:CreateBucket' },
  { method: 'DELETE', level: 'bucket', action: 'DeleteBucket', permission: 's3:DeleteBucket' },
  { method: 'POST', level: 'bucket', action: 'DeleteObjects', permission: 's3:DeleteObject' },
  {
    method: 'GET',
    level: 'object',
    parameter: 'uploadId',
    action: 'ListParts',
    permission: 's3:ListMultipartUploadParts'
  },
  {
    method: 'DELETE',
    level: 'object',
    parameter: 'uploadId',
    action: 'AbortMultipartUpload',
    permission: 's3:AbortMultipartUpload'
  },
  { method: 'POST', level: 'object', action: 'CreateMultipartUpload', permission: 's3:PutObject' },
  { method: 'PUT', level: 'object', action: 'UploadPart', permission: 's3:PutObject' },
  { method: 'DELETE', level: 'object', action: 'DeleteObject', permission: 's3:DeleteObject' },
  { method: 'GET', level: 'object', action: 'GetObjectAttributes', permission: 's3:GetObject' }
]

/** The operation this request would be, or null where not even its permission is known. */
export function unspokenOperation(request: RawRequest): RawOperation | null {
  const level = levelOf(request)
  const known = table.find(
    (row) =>
      row.method === request.method &&
      row.level === level &&
      (row.parameter === undefined || request.query.has(row.parameter))
  )
  if (known === undefined) return null
  return {
    action: known.action,
    readOnly: request.method === 'GET' || request.method === 'HEAD',
    trail: { requestParameters: { bucketName: request.bucket, key: request.key } },
    run: (world, call) => {
      const bucket = world.s3.buckets.get(request.bucket)
      authorize(world, call, {
        action: known.permission,
        resource: resourceOf(world, request),
        ...(bucket === undefined ? {} : policyOf(bucket))
      })
      if (level !== 'service' && known.action !== 'CreateBucket') {
        findBucket(world, request.bucket)
      }
      throw refusal(known)
    }
  }
}

/** No multipart upload ever starts here, so an upload id names nothing. */
function refusal(known: Unspoken): AwsFault {
  if (known.parameter === 'uploadId') {
    return new AwsFault('NoSuchUpload', 404, 'The specified upload does not exist.')
  }
  return new AwsFault('NotImplemented', 501, `The sandbox does not speak ${known.action}`)
}

function levelOf(request: RawRequest): Level {
  if (request.bucket === '') return 'service'
  return request.key === '' ? 'bucket' : 'object'
}

function resourceOf(world: World, request: RawRequest): string {
  const level = levelOf(request)
  if (level === 'service') return '*'
  if (level === 'bucket') return bucketArn(world, request.bucket)
  return objectArn(world, request.bucket, request.key)
}
