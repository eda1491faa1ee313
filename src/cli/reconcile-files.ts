/**
 * The log files that `reconcile` reads: of a folder or below an S3 prefix, one after another. What
 * cannot be listed is told in its place among them. Digest files are no logs.
 * Source: CloudTrail User Guide, "CloudTrail digest file structure".
 */
import { createReadStream, lstatSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrailFile, TrailGap, TrailPlace } from '../aws/trail-files.ts'

export type LogFiles = AsyncIterable<TrailFile | TrailGap>

/** null: neither a folder nor `s3://BUCKET/PREFIX`. `endpoint`: of S3, absent = AWS's. */
export const filesOf = (
  from: string,
  { endpoint }: { readonly endpoint?: string }
): LogFiles | null => {
  const [, bucket, prefix = ''] = place.exec(from) ?? []
  if (bucket !== undefined) {
    return inBucket({ bucket, prefix }, endpoint === undefined ? {} : { endpoint })
  }
  return isFolder(from) ? inFolder(from) : null
}

/** A link to a folder is none. */
export const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** `…/CloudTrail-Digest/…` is what CloudTrail signs about its own files. */
const isLogName = (name: string): boolean =>
  /\.json(?:\.gz)?$/.test(name) && !name.split('/').includes('CloudTrail-Digest')

const place = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/

async function* inBucket(
  where: TrailPlace,
  settings: { readonly endpoint?: string }
): AsyncGenerator<TrailFile | TrailGap> {
  const { trailClient, trailFiles } = await import('../aws/trail-files.ts')
  const client = trailClient(settings)
  try {
    for await (const one of trailFiles(client, where)) {
      if ('error' in one || isLogName(one.name)) yield one
    }
  } finally {
    client.destroy()
  }
}

/** Regular files at any depth; links are not followed. */
async function* inFolder(folder: string): AsyncGenerator<TrailFile | TrailGap> {
  try {
    for await (const entry of await opendir(folder)) {
      const name = join(folder, entry.name)
      if (entry.isDirectory()) yield* inFolder(name)
      else if (entry.isFile() && isLogName(name)) yield { name, open: async () => opened(name) }
    }
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    yield { name: folder, error: 'code' in error ? String(error.code) : error.name }
  }
}

const opened = (name: string) =>
  ({ ok: true, bytes: createReadStream(name, { highWaterMark: 262_144 }) }) as const
