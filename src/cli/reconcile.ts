/**
 * `reconcile`: CloudTrail log files against the ledger. Exit 1 with findings, and where a file
 * could not be read whole: what was not read cannot be called clean.
 */
import { createReadStream, lstatSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readLedger } from '../reconcile/ledger-export.ts'
import { type FileFault, readLog } from '../reconcile/log-file.ts'
import { type Reconciled, type UseFinding, matcher } from '../reconcile/match.ts'
import type { TrailFile } from '../aws/trail-files.ts'
import { type ExitCode, exits } from './exit.ts'
import { folderReader } from './ledger-verify.ts'
import { policyIn } from './policy-loaded.ts'
import { type Terminal, paint, plain, table } from './terminal.ts'

export type ReconcileOptions = {
  /** a folder, or `s3://BUCKET/PREFIX` */
  readonly from: string
  /** folder of an exported ledger */
  readonly ledger: string
  readonly policies: string
}

/** Exit 0 where all use belongs to elevations, 1 where not, 2 and 78 where it cannot be told. */
export const reconcile = async (to: Terminal, options: ReconcileOptions): Promise<ExitCode> => {
  const files = filesOf(options.from)
  if (files === null) return usage(to, `${options.from} is no folder and no s3://BUCKET/PREFIX`)
  if (!isFolder(options.ledger)) return usage(to, `${options.ledger} is no folder`)
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const read = await readLedger(folderReader(options.ledger))
  if (!read.ok) return usage(to, `${options.ledger}: ${read.path}: ${read.message}`)
  const match = matcher(read.ledger, [...policy.targets.values()])
  const seen = { files: 0, bytes: 0 }
  const faults: FileFault[] = []
  let unread = 0
  for await (const file of files) {
    const got = await readOne(file, match)
    seen.files += 1
    seen.bytes += got.bytes
    if (got.faults.length > 0) unread += 1
    faults.push(...got.faults.slice(0, Math.max(0, mostFaults - faults.length)))
  }
  const result = match.result()
  if (to.json) to.out(JSON.stringify({ ...result, ...seen, unreadFiles: unread, faults }))
  else tell(to, result, { ...seen, unread, faults })
  return result.findings.length > 0 || unread > 0 ? exits.refused : exits.done
}

const mostFaults = 1000

const readOne = async (file: TrailFile, to: ReturnType<typeof matcher>) => {
  try {
    const bytes = await file.open()
    return await readLog({ file: file.name, bytes, isCompressed: file.name.endsWith('.gz') }, to)
  } catch {
    return { bytes: 0, faults: [{ code: 'unreadable', file: file.name, at: null }] } as const
  }
}

const place = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/

const filesOf = (from: string): AsyncIterable<TrailFile> | null => {
  const [, bucket, prefix = ''] = place.exec(from) ?? []
  if (bucket !== undefined) return inBucket(bucket, prefix)
  return isFolder(from) ? inFolder(from) : null
}

async function* inBucket(bucket: string, prefix: string): AsyncGenerator<TrailFile> {
  const { trailFiles } = await import('../aws/trail-files.ts')
  yield* trailFiles({ bucket, prefix })
}

/** Regular files at any depth; links are not followed. */
async function* inFolder(folder: string): AsyncGenerator<TrailFile> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const name = join(folder, entry.name)
    if (entry.isDirectory()) yield* inFolder(name)
    else if (entry.isFile() && /\.json(?:\.gz)?$/.test(name)) {
      yield { name, open: async () => createReadStream(name, { highWaterMark: 262_144 }) }
    }
  }
}

const isFolder = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true

const says: Readonly<Record<UseFinding['code'], string>> = {
  use_unmatched: 'use without an elevation',
  use_after_end: 'use after the end',
  query_not_validated: 'query that no guardrail saw',
  grant_unused: 'grant never used',
  session_unused: 'session never used'
}

const tell = (
  to: Terminal,
  result: Reconciled,
  seen: {
    readonly files: number
    readonly bytes: number
    readonly unread: number
    readonly faults: readonly FileFault[]
  }
): void => {
  if (result.findings.length > 0) {
    table(
      to,
      ['first', 'what', 'target', 'who', 'shows'],
      result.findings.map((one) => [
        one.first.slice(0, 19),
        says[one.code],
        one.target,
        one.elevation ?? one.actor,
        one.shows
      ])
    )
  }
  for (const { code, file, at } of seen.faults) {
    const from = at === null ? '' : ` from byte ${at} on`
    to.out(paint(to, 'yellow', plain(`not read: ${file}${from} (${code})`)))
  }
  const megabytes = Math.round(seen.bytes / 1_000_000)
  const span = `from ${result.oldest ?? '-'} to ${result.newest ?? '-'}`
  to.out(`${seen.files} files, ${megabytes} MB, ${span}`)
  to.out(`${result.matched} uses belong to elevations, ${result.young} are too young to judge`)
  const bad = result.findings.length > 0 || seen.unread > 0
  const summary = `${result.findings.length} findings, ${seen.unread} files not read whole`
  to.out(paint(to, bad ? 'red' : 'green', summary))
}

const usage = (to: Terminal, line: string): ExitCode => {
  to.err(plain(line))
  return exits.usage
}
