/**
 * S3 on the wire, path style: which operation a request is, and its answer. Spoken: GetObject,
 * PutObject, HeadObject, ListObjectsV2, GetBucketEncryption, PutBucketEncryption, GetBucketPolicy,
 * GetBucketLocation. Other operations are authorised first and then refused as NotImplemented.
 * Amazon S3 API Reference.
 */
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import { bucketEncryption, bucketLocation, listObjects } from './s3-bucket.ts'
import { getObject, headObject, putObject } from './s3-objects.ts'
import { encryptionAsked, listAsked, rangeAsked, refuseUnspokenHeaders } from './s3-request.ts'
import { getBucketPolicy, putBucketEncryption } from './s3-settings.ts'
import { unspokenOperation } from './s3-unspoken.ts'
import {
  emptyAnswer,
  encryptionAnswer,
  encryptionHeaders,
  listAnswer,
  locationAnswer,
  objectHeaders
} from './s3-xml.ts'
import type { RawOperation, RawRequest, RawResponse, RawService } from './service.ts'
import type { World } from './world.ts'

export const s3Service: RawService = {
  protocol: 'rest-xml',
  name: 's3',
  route: (request) => {
    const spoken = route(request)
    if (spoken === null) return unspokenOperation(request)
    return {
      action: spoken.action,
      readOnly: !spoken.action.startsWith('Put'),
      trail: {
        requestParameters: {
          bucketName: request.bucket,
          ...(request.key === '' ? {} : { key: request.key })
        }
      },
      run: (world, call) => {
        refuseForeignOwner(world, request)
        refuseUnspokenHeaders(request)
        return spoken.run(world, call)
      }
    }
  }
}

type Spoken = Pick<RawOperation, 'action' | 'run'>

function route(request: RawRequest): Spoken | null {
  if (request.bucket === '') return null
  return request.key === '' ? routeBucket(request) : routeObject(request)
}

function routeBucket(request: RawRequest): Spoken | null {
  const { bucket, query } = request
  if (request.method === 'PUT' && query.has('encryption')) {
    return {
      action: 'PutBucketEncryption',
      run: (world, call) => {
        putBucketEncryption(world, call, { name: bucket, body: request.body })
        return emptyAnswer(200, {})
      }
    }
  }
  if (request.method !== 'GET') return null
  if (query.has('policy')) {
    return {
      action: 'GetBucketPolicy',
      run: (world, call) => getBucketPolicy(world, call, bucket)
    }
  }
  if (query.get('list-type') === '2') {
    return {
      action: 'ListObjectsV2',
      run: (world, call) => {
        const ask = listAsked(request)
        return listAnswer(ask, listObjects(world, call, ask), query.get('encoding-type') === 'url')
      }
    }
  }
  if (query.has('encryption')) {
    return {
      action: 'GetBucketEncryption',
      run: (world, call) => encryptionAnswer(bucketEncryption(world, call, bucket))
    }
  }
  if (query.has('location')) {
    return {
      action: 'GetBucketLocation',
      run: (world, call) => locationAnswer(bucketLocation(world, call, bucket))
    }
  }
  return null
}

function routeObject(request: RawRequest): Spoken | null {
  const others = [...request.query.keys()].filter((name) => name !== 'x-id')
  if (others.length > 0) return null
  if (request.method === 'GET') {
    return { action: 'GetObject', run: (world, call) => answerGet(world, call, request) }
  }
  if (request.method === 'HEAD') {
    return { action: 'HeadObject', run: (world, call) => answerHead(world, call, request) }
  }
  if (request.method === 'PUT') {
    return { action: 'PutObject', run: (world, call) => answerPut(world, call, request) }
  }
  return null
}

async function answerGet(world: World, call: Call, request: RawRequest): Promise<RawResponse> {
  const { object, body } = await getObject(world, call, request)
  const range = rangeAsked(request.headers.range, body.length)
  if (range === null) return { status: 200, headers: objectHeaders(object), body }
  return {
    status: 206,
    headers: {
      ...objectHeaders(object),
      'content-range': `bytes ${range.start}-${range.end}/${body.length}`
    },
    body: body.subarray(range.start, range.end + 1)
  }
}

function answerHead(world: World, call: Call, request: RawRequest): RawResponse {
  const object = headObject(world, call, request)
  return emptyAnswer(200, { ...objectHeaders(object), 'content-length': String(object.size) })
}

async function answerPut(world: World, call: Call, request: RawRequest): Promise<RawResponse> {
  const encryption = encryptionAsked(request)
  const object = await putObject(world, call, {
    bucket: request.bucket,
    key: request.key,
    body: request.body,
    contentType: request.headers['content-type'] ?? 'binary/octet-stream',
    ...(encryption === undefined ? {} : { encryption })
  })
  return emptyAnswer(200, { etag: `"${object.etag}"`, ...encryptionHeaders(object.encryption) })
}

function refuseForeignOwner(world: World, request: RawRequest): void {
  const owner = request.headers['x-amz-expected-bucket-owner']
  if (owner === undefined || owner === world.account) return
  throw new AwsFault('AccessDenied', 403, 'Access Denied')
}
