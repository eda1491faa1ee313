/**
 * Megabytes of uncompressed CloudTrail log per second that `reconcile` reads, in this process and as
 * users run it, from `dist`, with the most memory that the command ever has.
 */
import { spawn } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { foldLedger } from '../../src/reconcile/held.ts'
import { readLog } from '../../src/reconcile/log-file.ts'
import { matcher } from '../../src/reconcile/match.ts'
import { seedTargets } from '../../src/sandbox/seed-targets.ts'
import { type Figure, rounded } from './figures.ts'

const names = ['PutObject', 'ListBuckets', 'AssumeRole', 'DescribeInstances', 'Decrypt', 'GetQueryResults', 'PutMetricData', 'StartQueryExecution']

/** A record of about 1,500 bytes, one in eight about each of the events that matter. */
const record = (n: number): object => ({
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: `AROAEXAMPLE0000000001:session-${n}`,
    arn: `arn:aws:sts::123456789012:assumed-role/service-${n % 50}/session-${n}`,
    accountId: '123456789012',
    sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::123456789012:role/service-${n % 50}` } }
  },
  eventTime: new Date(Date.parse('2026-11-20T10:00:00Z') + n * 1000).toISOString().replace('.000Z', 'Z'),
  eventSource: n % 2 === 0 ? 's3.amazonaws.com' : 'kms.amazonaws.com',
  eventName: names[n % names.length],
  awsRegion: 'eu-west-1',
  sourceIPAddress: '192.0.2.1',
  userAgent: 'aws-sdk-js/3.0 '.repeat(20),
  requestParameters: { bucketName: `bucket-${n % 9}`, key: `${'part/'.repeat(60)}${n}` },
  responseElements: null,
  eventID: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  recipientAccountId: '123456789012',
  eventCategory: 'Management'
})

export const reconcile = async (): Promise<readonly Figure[]> => {
  const files = Array.from({ length: 8 }, (_, file) => {
    const Records = Array.from({ length: 4000 }, (__, n) => record(file * 4000 + n))
    return gzipSync(JSON.stringify({ Records }))
  })
  const match = matcher(foldLedger().ledger(), seedTargets())
  const run = async (rounds: number): Promise<{ readonly bytes: number; readonly cpu: number }> => {
    const began = process.cpuUsage()
    let bytes = 0
    for (let round = 0; round < rounds; round++) {
      for (const file of files) {
        bytes += (await readLog({ file: 'f', bytes: Readable.from([file]), isCompressed: true }, match)).bytes
      }
    }
    const { user, system } = process.cpuUsage(began)
    return { bytes, cpu: user + system }
  }
  await run(2)
  const before = process.memoryUsage().rss
  const { bytes, cpu } = await run(6)
  const value = rounded(bytes / cpu, 1)
  const grown = rounded(Math.max(0, process.memoryUsage().rss - before) / 1_000_000, 0)
  const command = await asCommand(files)
  return [
    { figure: 'reconcile_megabytes', value, unit: 'MB/s per core', target: '>= 50', ok: value >= 50 },
    { figure: 'reconcile_growth', value: grown, unit: 'MB more after 300 MB of log', target: '< 60', ok: grown < 60 },
    {
      figure: 'reconcile_command_megabytes',
      value: command.rate,
      unit: 'MB/s per core, the start included',
      target: '>= 50',
      ok: command.rate >= 50
    },
    {
      figure: 'reconcile_command_rss',
      value: command.rss,
      unit: 'MB at most',
      target: '< 200',
      ok: command.rss < 200,
      beside: { megabytesRead: command.megabytes }
    }
  ]
}

const rounds = 16
const root = new URL('../..', import.meta.url).pathname
const emptyLedger = `sallyport.local/log\n0\n${Buffer.alloc(32).toString('base64')}\n\n— x y\n`

/** `sallyport reconcile --use` over many files, with CPU time and memory as the kernel counts them. */
const asCommand = async (
  files: readonly Uint8Array[]
): Promise<{ readonly rate: number; readonly rss: number; readonly megabytes: number }> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reconcile-'))
  try {
    mkdirSync(join(folder, 'ledger'))
    mkdirSync(join(folder, 'logs'))
    writeFileSync(join(folder, 'ledger', 'checkpoint'), emptyLedger)
    for (const [n, file] of files.entries()) {
      writeFileSync(join(folder, 'logs', `${n}.json.gz`), file)
      for (let round = 1; round < rounds; round++) {
        linkSync(join(folder, 'logs', `${n}.json.gz`), join(folder, 'logs', `${n}-${round}.json.gz`))
      }
    }
    const args = ['reconcile', '--json', '--use', '--from', join(folder, 'logs'), '--ledger', join(folder, 'ledger')]
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: root })
    const said: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
    let seen = { rss: 0, cpu: 0 }
    const watch = setInterval(() => {
      seen = usedBy(child.pid ?? 0) ?? seen
    }, 20)
    await new Promise((resolve) => child.once('close', resolve))
    clearInterval(watch)
    const megabytes = Number(/"bytes":(\d+)/.exec(Buffer.concat(said).toString())?.[1]) / 1_000_000
    return { rate: rounded(megabytes / seen.cpu, 1), rss: seen.rss, megabytes: rounded(megabytes, 0) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** proc(5): `VmHWM` in kB; fields 14 and 15 of `stat`, in hundredths of a second. */
const usedBy = (pid: number): { readonly rss: number; readonly cpu: number } | null => {
  try {
    const high = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const cpu = (Number(fields[11]) + Number(fields[12])) / 100
    return Number.isNaN(high) ? null : { rss: rounded((high * 1024) / 1_000_000, 0), cpu }
  } catch {
    return null
  }
}
