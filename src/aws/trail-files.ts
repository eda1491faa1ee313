/**
 * CloudTrail log files below an S3 prefix: names page by page, bytes as they come. What S3 does not
 * give is told with its name, never left out. Source: S3 API, ListObjectsV2, GetObject.
 */
import { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'

export type OpenRefusal = 'denied' | 'gone' | 'unreadable'

export type Opened =
  | { readonly ok: true; readonly bytes: Readable }
  | { readonly ok: false; readonly code: OpenRefusal }

export type TrailFile = { readonly name: string; readonly open: () => Promise<Opened> }

/** A place that could not be listed to the end; `error` is the name of AWS's error. */
export type TrailGap = { readonly name: string; readonly error: string }

export type TrailPlace = { readonly bucket: string; readonly prefix: string }

/**
 * S3 for long reads: three tries, a bucket of any region, and a body that says nothing for a minute
 * is given up. An endpoint of one's own is asked by path.
 */
export const trailClient = (settings: { readonly endpoint?: string }): S3Client =>
  new S3Client({
    ...settings,
    forcePathStyle: settings.endpoint !== undefined,
    followRegionRedirects: true,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3000, socketTimeout: 60_000 }
  })

/** Every object; a gap is the last thing it tells. */
export async function* trailFiles(
  client: S3Client,
  { bucket, prefix }: TrailPlace
): AsyncGenerator<TrailFile | TrailGap> {
  let token: string | undefined
  do {
    const page = await listed(client, { bucket, prefix }, token)
    if ('error' in page) return yield page
    for (const key of page.keys) {
      yield { name: `s3://${bucket}/${key}`, open: () => opened(client, bucket, key) }
    }
    token = page.token
  } while (token !== undefined)
}

const listed = async (
  client: S3Client,
  { bucket, prefix }: TrailPlace,
  token: string | undefined
): Promise<
  TrailGap | { readonly keys: readonly string[]; readonly token: string | undefined }
> => {
  try {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token })
      })
    )
    const keys = (page.Contents ?? []).map(({ Key }) => Key ?? '')
    return { keys, token: page.NextContinuationToken }
  } catch (error) {
    return { name: `s3://${bucket}/${prefix}`, error: nameOf(error) }
  }
}

const opened = async (client: S3Client, bucket: string, key: string): Promise<Opened> => {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    if (Body instanceof Readable) return { ok: true, bytes: Body }
    return { ok: false, code: 'unreadable' }
  } catch (error) {
    return { ok: false, code: refusals[nameOf(error)] ?? 'unreadable' }
  }
}

const refusals: Readonly<Record<string, OpenRefusal>> = {
  AccessDenied: 'denied',
  NoSuchKey: 'gone'
}

const nameOf = (error: unknown): string =>
  error instanceof Error && /^[A-Za-z.]{1,64}$/.test(error.name) ? error.name : 'Error'
