/**
 * What Athena asks of Glue and S3 for a query: each hop is a call of its own with the caller's
 * permissions and `aws:CalledVia` athena.amazonaws.com, authorised and recorded like one over the
 * wire. Source: Amazon Athena User Guide, "Use CalledVia context keys for Athena".
 */
import type { ResultPlace } from './athena-state.ts'
import { forward } from './call.ts'
import type { Call, ServiceName } from './call.ts'
import { getDatabase, getTable } from './glue-catalog.ts'
import type { GlueTable } from './glue-state.ts'
import { bucketLocation, listObjects } from './s3-bucket.ts'
import type { Listing } from './s3-bucket.ts'
import { getObject, putObject } from './s3-objects.ts'
import type { ObjectName } from './s3-objects.ts'
import { invoke } from './service.ts'
import type { JsonObject } from './service.ts'
import type { World } from './world.ts'

/** `s3://BUCKET/KEY` taken apart; `key` may be a prefix. Throws RangeError for anything else. */
export function parseLocation(location: string): ObjectName {
  const match = /^s3:\/\/([^/]+)\/(.*)$/s.exec(location)
  const [, bucket, key] = match ?? []
  if (bucket === undefined || key === undefined) throw new RangeError('not an S3 location')
  return { bucket, key }
}

/** Athena always looks at `default`, so that permission is needed for every query. */
export async function lookAtDefaultDatabase(world: World, call: Call): Promise<void> {
  await hop(world, call, {
    service: 'glue',
    action: 'GetDatabase',
    about: { name: 'default' },
    run: (at) => getDatabase(world, at, 'default')
  })
}

export async function fetchTable(
  world: World,
  call: Call,
  name: { readonly database: string; readonly table: string }
): Promise<GlueTable> {
  return hop(world, call, {
    service: 'glue',
    action: 'GetTable',
    about: { databaseName: name.database, name: name.table },
    run: (at) => getTable(world, at, name)
  })
}

/** One page of the objects below a location. */
export async function listLocation(
  world: World,
  call: Call,
  page: { readonly location: string; readonly continuationToken?: string }
): Promise<Listing> {
  const { bucket, key: prefix } = parseLocation(page.location)
  const token = page.continuationToken
  return hop(world, call, {
    service: 's3',
    action: 'ListObjectsV2',
    about: { bucketName: bucket, prefix },
    run: (at) =>
      listObjects(world, at, {
        bucket,
        prefix,
        maxKeys: 1000,
        ...(token === undefined ? {} : { continuationToken: token })
      })
  })
}

export async function readObject(world: World, call: Call, name: ObjectName): Promise<string> {
  const { body } = await hop(world, call, {
    service: 's3',
    action: 'GetObject',
    about: { bucketName: name.bucket, key: name.key },
    run: (at) => getObject(world, at, name)
  })
  return body.toString('utf8')
}

/** Athena verifies the result bucket before it runs anything. */
export async function lookAtResultBucket(
  world: World,
  call: Call,
  output: ResultPlace
): Promise<void> {
  const { bucket } = parseLocation(output.location)
  await hop(world, call, {
    service: 's3',
    action: 'GetBucketLocation',
    about: { bucketName: bucket },
    run: (at) => bucketLocation(world, at, bucket)
  })
}

/** Writes the result object with the encryption of its place. */
export async function writeResult(
  world: World,
  call: Call,
  result: { readonly output: ResultPlace; readonly csv: string }
): Promise<void> {
  const name = parseLocation(result.output.location)
  await hop(world, call, {
    service: 's3',
    action: 'PutObject',
    about: { bucketName: name.bucket, key: name.key },
    run: (at) =>
      putObject(world, at, {
        ...name,
        body: Buffer.from(result.csv),
        contentType: 'application/octet-stream',
        ...encryptionOf(result.output)
      })
  })
}

async function hop<T>(
  world: World,
  call: Call,
  to: {
    readonly service: ServiceName
    readonly action: string
    readonly about: JsonObject
    readonly run: (at: Call) => T | Promise<T>
  }
): Promise<T> {
  const answers: T[] = []
  const at = { ...forward(call, 'athena', to), now: world.clock.now() }
  await invoke(world, at, {
    operation: {
      readOnly: to.action !== 'PutObject',
      run: async () => {
        answers.push(await to.run(at))
        return {}
      },
      trail: () => ({ requestParameters: to.about })
    },
    input: {}
  })
  const [answer] = answers
  if (answer === undefined) throw new TypeError(`${to.action} answered nothing`)
  return answer
}

function encryptionOf(output: ResultPlace): Pick<Parameters<typeof putObject>[2], 'encryption'> {
  const { encryption } = output
  if (encryption === undefined) return {}
  return encryption.option === 'SSE_S3'
    ? { encryption: { algorithm: 'AES256' } }
    : { encryption: { algorithm: 'aws:kms', keyId: encryption.keyArn } }
}
