/**
 * `reconcile`: CloudTrail log files against the ledger. Exit 1 with findings, and where a file
 * could not be read whole: what was not read cannot be called clean.
 */
import type { TrailFile } from '../aws/trail-files.ts'
import type { Policy } from '../policy/policy.ts'
import { type KeyMeter, type KeyUse, keyMeter } from '../reconcile/key-use.ts'
import type { Ledger } from '../reconcile/held.ts'
import { readLedger } from '../reconcile/ledger-export.ts'
import { type FileFault, type LogReaders, readLog } from '../reconcile/log-file.ts'
import { type Reconciled, type UseFinding, matcher } from '../reconcile/match.ts'
import { api, tell as tellRefused } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { folderReader } from './ledger-verify.ts'
import { policyIn } from './policy-loaded.ts'
import { type LogFiles, filesOf, isFolder } from './reconcile-files.ts'
import { type Told, tellBroker } from './reconcile-tell.ts'
import { costCentersIn, priceOf, tellUse, useCsv } from './reconcile-use.ts'
import { type Terminal, paint, plain, table } from './terminal.ts'

export type ReconcileOptions = {
  /** a folder, or `s3://BUCKET/PREFIX` */
  readonly from: string
  /** folder of an exported ledger */
  readonly ledger: string
  readonly policies: string
  /** also the use of keys by month; `csv`: only that on stdout, all else on stderr */
  readonly use?: 'table' | 'csv'
  /** a snapshot of `posture collect`, for the `cost-center` tags */
  readonly facts?: string
  /** USD per 10,000 requests to KMS */
  readonly price?: string
  /** has the broker keep what was found; absent: nothing is written to any ledger */
  readonly tell?: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** 0 where all use belongs to elevations, 1 where not; 2, 69 and 78 where it cannot be told. */
export const reconcile = async (to: Terminal, options: ReconcileOptions): Promise<ExitCode> => {
  const { from, use } = options
  const endpoint = options.env['AWS_ENDPOINT_URL']
  const files = filesOf(from, endpoint === undefined ? {} : { endpoint })
  if (files === null) return usage(to, `${from} is no folder and no s3://BUCKET/PREFIX`)
  if (!isFolder(options.ledger)) return usage(to, `${options.ledger} is no folder`)
  const policy = await policyIn(to, options.policies)
  if (policy === null) return exits.config
  const read = await readLedger(folderReader(options.ledger))
  if (!read.ok) return usage(to, `${options.ledger}: ${read.path}: ${read.message}`)
  const meter = await meterOf(to, options, { policy, ledger: read.ledger })
  if (typeof meter === 'number') return meter
  const match = matcher(read.ledger, [...policy.targets.values()])
  const seen = await readAll(files, meter === null ? match : { ...match, request: meter.request })
  if (seen.files === 0 && seen.gap !== null) {
    to.err(plain(`${from} cannot be listed (${seen.gap})`))
    return exits.unavailable
  }
  // a mistyped prefix holds nothing, and nothing is not clean
  if (seen.files === 0) return usage(to, `${from} holds no log files (*.json, *.json.gz)`)
  const result = match.result()
  const rows = meter?.rows(result) ?? null
  const told = options.tell === true
    ? await tellBroker(api(options.env), {
        result,
        targets: [...policy.targets.values()],
        isWhole: seen.unread === 0,
        days: meter?.days() ?? []
      })
    : null
  if (told !== null && !told.ok) {
    tellOf(to, result, { seen, rows, use, told: 'refused' })
    return tellRefused(to, told)
  }
  tellOf(to, result, { seen, rows, use, told })
  return isBad(result, seen) ? exits.refused : exits.done
}

type Output = {
  readonly seen: Seen
  readonly rows: readonly KeyUse[] | null
  readonly use: ReconcileOptions['use']
  readonly told: Told | 'refused' | null
}

const tellOf = (to: Terminal, result: Reconciled, { seen, rows, use, told }: Output): void => {
  if (to.json) to.out(documentOf(result, { seen, rows, use, told }))
  else if (rows !== null && use === 'csv') {
    tell({ ...to, out: to.err, colour: false }, result, { seen, told })
    to.out(useCsv(rows))
  } else {
    tell(to, result, { seen, told })
    if (rows !== null) tellUse(to, rows)
  }
}

type Seen = {
  readonly files: number
  readonly bytes: number
  /** files that were not read whole, and places that were not listed whole */
  readonly unread: number
  /** the first 1,000 */
  readonly faults: readonly FileFault[]
  /** why a place could not be listed */
  readonly gap: string | null
}

const mostFaults = 1000

const meterOf = async (
  to: Terminal,
  { use, facts, price }: ReconcileOptions,
  { policy, ledger }: { readonly policy: Policy; readonly ledger: Ledger }
): Promise<KeyMeter | ExitCode | null> => {
  if (use === undefined) {
    if (facts === undefined && price === undefined) return null
    return usage(to, '--facts and --price are for --use')
  }
  const usd = priceOf(price)
  if (usd === null) return usage(to, '--price is USD per 10,000 requests, like 0.03')
  const costCenters = await costCentersIn(to, facts)
  if (costCenters === null) return exits.usage
  return keyMeter({ targets: [...policy.targets.values()], ledger, costCenters, price: usd })
}

const readAll = async (files: LogFiles, to: LogReaders): Promise<Seen> => {
  const seen = { files: 0, bytes: 0, unread: 0 }
  const faults: FileFault[] = []
  let gap: string | null = null
  for await (const file of files) {
    const isGap = 'error' in file
    if (isGap) gap ??= file.error
    else seen.files += 1
    const got = isGap ? lost('not_listed', file.name) : await readOne(file, to)
    seen.bytes += got.bytes
    if (got.faults.length > 0) seen.unread += 1
    faults.push(...got.faults.slice(0, Math.max(0, mostFaults - faults.length)))
  }
  return { ...seen, faults, gap }
}

const readOne = async ({ name, open }: TrailFile, to: LogReaders) => {
  const opened = await open()
  if (!opened.ok) return lost(opened.code, name)
  return await readLog({ file: name, bytes: opened.bytes, isCompressed: name.endsWith('.gz') }, to)
}

const lost = (code: FileFault['code'], file: string) => ({
  bytes: 0,
  faults: [{ code, file, at: null }]
})

const isBad = ({ findings }: Reconciled, { unread }: Seen): boolean =>
  findings.length > 0 || unread > 0

const documentOf = (result: Reconciled, { seen, rows, told }: Output): string => {
  const { files, bytes, unread, faults } = seen
  return JSON.stringify({
    ...result,
    files,
    bytes,
    unreadFiles: unread,
    faults,
    ...(rows === null ? {} : { use: rows }),
    // null: nothing was written to a ledger
    told
  })
}

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
  { seen, told }: Pick<Output, 'seen' | 'told'>
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
  const summary = `${result.findings.length} findings, ${seen.unread} files not read whole`
  to.out(paint(to, isBad(result, seen) ? 'red' : 'green', summary))
  to.out(toldLine(told))
}

const toldLine = (told: Output['told']): string => {
  if (told === null) return 'nothing of it was written to a ledger: --tell has the broker do that'
  if (told === 'refused') return 'the broker did not take all of it; telling it again does no harm'
  const { opened, closed, open } = told
  return `in the ledger of the broker: ${opened} opened, ${closed} closed, ${open} open now`
}

const usage = (to: Terminal, line: string): ExitCode => {
  to.err(plain(line))
  return exits.usage
}
