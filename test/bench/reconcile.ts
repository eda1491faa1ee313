/** Megabytes of uncompressed CloudTrail log per second that `reconcile` reads, and by how much it grows. */
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
  return [
    { figure: 'reconcile_megabytes', value, unit: 'MB/s per core', target: '>= 50', ok: value >= 50 },
    { figure: 'reconcile_growth', value: grown, unit: 'MB more after 300 MB of log', target: '< 60', ok: grown < 60 }
  ]
}
