/**
 * CloudTrail log files below an S3 prefix: names page by page, bytes as they come.
 * Source: S3 API, ListObjectsV2, GetObject.
 */
import { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'

export type TrailFile = { readonly name: string; readonly open: () => Promise<Readable> }

/** Every object whose name ends like a log file; errors of AWS are thrown as they are. */
export async function* trailFiles(
  place: { readonly bucket: string; readonly prefix: string },
  client: S3Client = new S3Client({})
): AsyncGenerator<TrailFile> {
  const { bucket, prefix } = place
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token })
      })
    )
    for (const { Key: key } of page.Contents ?? []) {
      if (key === undefined || !/\.json(?:\.gz)?$/.test(key)) continue
      yield { name: `s3://${bucket}/${key}`, open: () => opened(client, bucket, key) }
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
}

const opened = async (client: S3Client, bucket: string, key: string): Promise<Readable> => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
  if (Body instanceof Readable) return Body
  throw new TypeError('S3 answered no stream of bytes')
}
