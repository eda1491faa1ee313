/** Use reconciled: every call on a target belongs to an elevation, or is found. */
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { exits } from '../src/cli/exit.ts'
import { reconcile } from '../src/cli/reconcile.ts'
import type { EntryBody } from '../src/ledger/envelope.ts'
import { foldLedger } from '../src/reconcile/held.ts'
import { keyRequestOf } from '../src/reconcile/key-request.ts'
import { keyMeter } from '../src/reconcile/key-use.ts'
import { readLog } from '../src/reconcile/log-file.ts'
import { type Reconciled, matcher } from '../src/reconcile/match.ts'
import { type RecordFault, mostRecordBytes, splitter } from '../src/reconcile/records.ts'
import { useOf, wantedEvents } from '../src/reconcile/use.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import { clientsFor } from './fixtures-sandbox.ts'
import { shippedPolicies as policies } from './place.ts'

const account = '123456789012'
const region = 'eu-west-1'
const elevation = '01JD8Z0B3Q4S5T6V7W8X9Y0Z1A'
const session = `jit-${elevation}`
const [claims] = seedTargets()
if (claims === undefined) throw new Error('no target')
const targets = seedTargets()
const key = claims.data[0]?.key ?? ''
const sessionArn = `arn:aws:sts::${account}:assumed-role/sallyport-claims/${session}`

let entries = 0
const entry = (type: EntryBody['type'], at: string, data: EntryBody['data'] = {}, of: string | null = elevation): EntryBody => ({
  v: 1,
  id: `0199f0c4-7a10-4c3e-9d21-${String(++entries).padStart(12, '0')}`,
  type,
  at: `2026-11-20T${at}:00.000Z`,
  actor: 'broker',
  elevation: of,
  target: of === null ? null : 'claims-pii',
  policy: null,
  data,
  commitments: {}
})
const grants = [{ name: `jit/${elevation}/data`, key }]
const story: readonly EntryBody[] = [
  entry('elevation.requested', '09:00', { mode: 'brokered' }),
  entry('issue.intent', '10:00', { sessionName: session, role: claims.role, grants, notAfter: '2026-11-20T12:00:00.000Z' }),
  entry('session.issued', '10:01', { grants: [{ name: `jit/${elevation}/data`, grantId: 'g-1' }] }),
  entry('query.allowed', '10:10', { query: 'q' }),
  entry('query.ended', '10:12', { query: 'q', athena: 'athena-1' }),
  entry('access.removed', '11:00'),
  entry('ledger.read', '23:59', {}, null)
]
const ledgerOf = (all: readonly EntryBody[]) => {
  const fold = foldLedger()
  for (const one of all) fold.add(one)
  return fold.ledger()
}

type Json = Readonly<Record<string, unknown>>
let events = 0
const event = (eventName: string, at: string, more: Json = {}): Json => ({
  eventVersion: '1.11',
  userIdentity: { type: 'AssumedRole', arn: sessionArn, accountId: account },
  eventTime: `2026-11-20T${at}:00Z`,
  eventSource: sources[eventName] ?? 'ec2.amazonaws.com',
  eventName,
  awsRegion: region,
  recipientAccountId: account,
  eventID: `e-${++events}`,
  ...more
})
const sources: Readonly<Record<string, string>> = {
  StartQueryExecution: 'athena.amazonaws.com',
  Decrypt: 'kms.amazonaws.com',
  CreateGrant: 'kms.amazonaws.com',
  AssumeRole: 'sts.amazonaws.com'
}
const query = (at: string, id = 'athena-1', more: Json = {}): Json =>
  event('StartQueryExecution', at, {
    requestParameters: { workGroup: 'claims-pii', queryString: 'SELECT "}]{\\" 1' },
    responseElements: { queryExecutionId: id },
    ...more
  })
const decrypt = (at: string, more: Json = {}): Json =>
  event('Decrypt', at, {
    requestParameters: { encryptionContext: { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' } },
    resources: [{ ARN: key, type: 'AWS::KMS::Key' }],
    ...more
  })
const assume = (at: string, name = session): Json =>
  event('AssumeRole', at, { requestParameters: { roleArn: claims.role, roleSessionName: name } })
const grant = (at: string, name = `jit/${elevation}/data`, id = 'g-1'): Json =>
  event('CreateGrant', at, {
    requestParameters: { keyId: key, granteePrincipal: sessionArn, name },
    responseElements: { grantId: id }
  })
const someone = { userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${account}:user/eve`, accountId: account } }
const before = event('ListBuckets', '08:00')
const after = event('ListBuckets', '22:00')
const ordinary = [grant('10:00'), assume('10:00'), query('10:10'), decrypt('10:11')]

const textOf = (records: readonly Json[]): string => JSON.stringify({ Records: records })

const read = async (files: readonly (readonly Json[])[], ledger = ledgerOf(story)): Promise<Reconciled> => {
  const match = matcher(ledger, targets)
  for (const [n, records] of files.entries()) {
    const bytes = Readable.from([gzipSync(textOf(records))])
    const { faults } = await readLog({ file: `f${n}`, bytes, isCompressed: true }, match)
    if (faults.length > 0) throw new Error(JSON.stringify(faults))
  }
  return match.result()
}
const codes = ({ findings }: Reconciled): readonly string[] => findings.map(({ code, shows }) => `${code} ${shows}`)
const idOf = (record: Json): string => String(record['eventID'])

t.test('use belongs to an elevation or is found', async (t) => {
  const stranger = query('10:20', 'x', someone)
  const late = decrypt('11:00')
  const unseen = query('10:30', 'athena-2')
  const other = assume('10:05', 'jit-01JD8Z0B3Q4S5T6V7W8X9Y0Z1B')
  const forged = grant('10:05', 'backup', 'g-9')
  const swapped = grant('10:06', `jit/${elevation}/data`, 'g-8')
  const rows: readonly (readonly [string, readonly Json[], readonly string[]])[] = [
    ['an ordinary elevation', ordinary, []],
    ['a query of somebody else', [...ordinary, stranger], [`use_unmatched ${idOf(stranger)}`]],
    ['a Decrypt from the moment access was removed', [...ordinary, late], [`use_after_end ${idOf(late)}`]],
    ['a Decrypt just before', [...ordinary, decrypt('10:59')], []],
    ['a query that no guardrail saw', [...ordinary, unseen], [`query_not_validated ${idOf(unseen)}`]],
    ['a session of no elevation', [...ordinary, other], [`use_unmatched ${idOf(other)}`]],
    ['a grant of another name', [...ordinary, forged], [`use_unmatched ${idOf(forged)}`]],
    ['a grant of this name that is not the one made', [...ordinary, swapped], [`use_unmatched ${idOf(swapped)}`]],
    ['a denied call', [...ordinary, decrypt('12:30', { ...someone, errorCode: 'AccessDenied' })], []],
    ['a call of a service', [...ordinary, decrypt('12:30', { userIdentity: { type: 'AWSService', invokedBy: 'athena.amazonaws.com' } })], []],
    ['another workgroup', [...ordinary, query('10:20', 'x', { ...someone, requestParameters: { workGroup: 'else' } })], []],
    ['nothing used', [grant('10:00'), assume('10:00')], [`session_unused ${session}`]],
    ['a grant not used', [grant('10:00'), assume('10:00'), query('10:10')], [`grant_unused jit/${elevation}/data`]]
  ]
  for (const [name, records, wanted] of rows) {
    t.same(codes(await read([[before, ...records, after]])), wanted, name)
  }
})

t.test('what is younger than the lag is not judged', async (t) => {
  const stranger = query('11:46', 'x', someone)
  const at = async (newest: string) => codes(await read([[before, ...ordinary, stranger, event('ListBuckets', newest)]]))
  t.same(await at('12:00'), [])
  t.same(await at('12:01'), [`use_unmatched ${idOf(stranger)}`])
  t.same(codes(await read([[before, assume('10:00'), event('ListBuckets', '11:14')]])), [], 'unused until 15 minutes after the end')
  t.same(codes(await read([[before, ...ordinary, stranger, after]], ledgerOf(story.slice(0, -1)))), [], 'nor what is after the ledger')
  const running = story.filter(({ type }) => type !== 'query.ended')
  t.equal((await read([[before, ...ordinary, after]], ledgerOf(running))).undecided, 1, 'a query still running')
})

t.test('order, files, duplicates and another run change no finding', async (t) => {
  const all = [before, ...ordinary, query('10:20', 'x', someone), query('10:40', 'y', someone), decrypt('11:30'), query('10:30', 'athena-2'), after]
  const { findings } = await read([all])
  t.equal(findings.length, 3)
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
      fc.integer({ min: 1, max: all.length }),
      async (records, at) => {
        t.same((await read([records.slice(0, at), records.slice(at)])).findings, findings)
      }
    ),
    { numRuns: 20 }
  )
})

const split = (bytes: Uint8Array, cuts: readonly number[]) => {
  const got: unknown[] = []
  const faults: RecordFault[] = []
  const of = splitter({ wanted: wantedEvents, record: (one) => got.push(one), fault: (one) => faults.push(one) })
  let from = 0
  for (const cut of [...cuts.filter((one) => one <= bytes.length).toSorted((a, b) => a - b), bytes.length]) {
    of.push(bytes.subarray(from, cut))
    from = cut
  }
  of.end()
  return { got, faults }
}

t.test('cutting the stream anywhere changes neither records nor faults', async () => {
  const odd = fc.string({ unit: 'binary', maxLength: 20 })
  const record = fc.record({
    eventName: fc.constantFrom(...wantedEvents, 'PutObject', '"eventName":"Decrypt"'),
    text: odd,
    nested: fc.record({ eventName: odd, deep: fc.array(fc.record({ text: odd }), { maxLength: 3 }) })
  })
  const spaces = fc.constantFrom('', ' ', '\n\t')
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), spaces, fc.array(fc.nat(1500), { maxLength: 12 }), fc.nat(1500), (records, space, cuts, short) => {
      const text = `${space}{${space}"Records"${space}:${space}[${records.map((one) => JSON.stringify(one)).join(`${space},${space}`)}${space}]${space}}${space}`
      const bytes = Buffer.from(text)
      const whole = split(bytes, [])
      const wanted = records.filter((one) => wantedEvents.some((name) => name === one.eventName))
      const got = new Set(whole.got.map((one) => JSON.stringify(one)))
      const part = bytes.subarray(0, Math.min(short, bytes.length - space.length - 1))
      const early = split(part, [])
      return (
        JSON.stringify(split(bytes, cuts)) === JSON.stringify(whole) &&
        wanted.every((one) => got.has(JSON.stringify(one))) &&
        whole.faults.length === 0 &&
        JSON.stringify(split(part, cuts)) === JSON.stringify(early) &&
        early.faults.length === 1
      )
    }),
    { numRuns: 150 }
  )
})

t.test('a file that is no log, or not all of one, is told with its place', async (t) => {
  const good = textOf([before, decrypt('10:11'), after])
  const long = textOf([{ eventName: 'Decrypt', text: 'x'.repeat(mostRecordBytes) }])
  const rows: readonly (readonly [string, Buffer, boolean, string, number])[] = [
    ['a digest', Buffer.from('{"awsAccountId":"123456789012"}'), false, 'foreign', 0],
    ['nothing', Buffer.alloc(0), false, 'truncated', 0],
    ['a list', Buffer.from('[]'), false, 'foreign', 0],
    ['text after it', Buffer.from(`${good} x`), false, 'foreign', good.length + 1],
    ['a number among records', Buffer.from('{"Records":[1]}'), false, 'foreign', 12],
    ['a record over the limit', Buffer.from(long), false, 'record_too_long', 12],
    ['an end too early', Buffer.from(good.slice(0, -2)), false, 'truncated', good.length - 2],
    ['no gzip', Buffer.from(good), true, 'not_gzip', 0],
    ['a truncated gzip', gzipSync(good).subarray(0, -12), true, 'truncated', -1]
  ]
  for (const [name, bytes, isCompressed, code, at] of rows) {
    const match = matcher(ledgerOf(story), targets)
    const { faults } = await readLog({ file: 'f', bytes: Readable.from([bytes]), isCompressed }, match)
    t.equal(faults[0]?.code, code, name)
    if (at >= 0) t.equal(faults[0]?.at, at, `${name}: where`)
  }
  t.equal(useOf({ eventSource: 'kms.amazonaws.com', eventName: 'Decrypt' }), 'bad', 'a record that lacks its members')
  t.equal(useOf({ eventSource: 'else.amazonaws.com', eventName: 'Decrypt' }), null)
})

const emptyLedger = `sallyport.local/log\n0\n${Buffer.alloc(32).toString('base64')}\n\n— x y\n`

t.test('the command exits 1 with findings and where something was not read', async (t) => {
  const dir = t.testdir({ logs: { a: {} }, ledger: {} })
  const lines: string[] = []
  const to = { json: true, colour: false, out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
  const options = { from: join(dir, 'logs'), ledger: join(dir, 'ledger'), policies, env: {} }
  t.equal(await reconcile(to, { ...options, from: join(dir, 'none') }), exits.usage)
  t.equal(await reconcile(to, options), exits.usage, 'no ledger there')
  writeFileSync(join(dir, 'ledger', 'checkpoint'), emptyLedger)
  t.equal(await reconcile(to, options), exits.usage, 'no log there')
  writeFileSync(join(dir, 'logs', 'a', '1.json.gz'), gzipSync(textOf([before, after])))
  lines.length = 0
  t.equal(await reconcile(to, options), exits.done)
  t.match(JSON.parse(lines.join('')), { findings: [], files: 1, unreadFiles: 0, told: null })
  lines.length = 0
  t.equal(await reconcile({ ...to, json: false }, options), exits.done)
  t.match(lines.at(-1), 'nothing of it was written to a ledger')
  t.equal(await reconcile(to, { ...options, tell: true }), exits.config, 'no token')
  mkdirSync(join(dir, 'logs', 'b'))
  writeFileSync(join(dir, 'logs', 'b', '2.json'), 'no log')
  lines.length = 0
  t.equal(await reconcile(to, options), exits.refused)
  t.match(JSON.parse(lines.join('')), { files: 2, unreadFiles: 1, faults: [{ code: 'foreign', at: 0 }] })
})

/** What `reconcile` says and how it ends, of the log files below a prefix at an endpoint. */
const fromS3 = async (t: Test, env: Readonly<Record<string, string>>, from: string) => {
  const dir = t.testdir({ checkpoint: emptyLedger })
  const lines: string[] = []
  const to = { json: true, colour: false, out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  Object.assign(process.env, env)
  const exit = await reconcile(to, { from, ledger: dir, policies, env: process.env })
  return { exit, said: lines.join('\n') }
}

t.test('log files are read out of S3, page by page, and what S3 does not give is told', async (t) => {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  const admin = clientsFor(sandbox, sandbox.keys.admin)
  t.teardown(() => {
    admin.destroy()
    return sandbox.close()
  })
  const Bucket = 'acme-trail'
  const objects = new Map()
  sandbox.world.s3.buckets.set(Bucket, { name: Bucket, encryption: { algorithm: 'AES256' }, objects })
  const put = (Key: string, Body: Buffer) => admin.s3.send(new PutObjectCommand({ Bucket, Key, Body }))
  const file = (name: string) => `AWSLogs/${account}/CloudTrail/${name}`
  const stranger = query('10:20', 'x', someone)
  await put(file('1.json.gz'), gzipSync(textOf([before, stranger])))
  await put(file('2.json'), Buffer.from(textOf([after])))
  await put(`AWSLogs/${account}/CloudTrail-Digest/1.json.gz`, gzipSync('{"digestStartTime":"x"}'))
  await put('other/1.json.gz', gzipSync('{}'))
  // names that fill the first page, so that the logs are on the second
  const filler = objects.get('other/1.json.gz')
  for (let n = 0; n < 1000; n++) objects.set(`AWSLogs/${account}/A/${n}`, filler)
  const { accessKeyId, secretAccessKey } = sandbox.keys.admin
  const env = {
    AWS_ENDPOINT_URL: sandbox.endpoint.replace('127.0.0.1', 'localhost'),
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey
  }
  const whole = await fromS3(t, env, `s3://${Bucket}/AWSLogs/`)
  t.match(JSON.parse(whole.said), { files: 2, unreadFiles: 0, faults: [], newest: '2026-11-20T22:00:00.000Z' })
  t.equal(whole.exit, exits.done, 'nothing in an empty ledger is old enough to be judged')

  await put(file('3-cut.json.gz'), gzipSync(textOf([before, after])).subarray(0, -20))
  await put(file('4-gone.json.gz'), gzipSync('{}'))
  await put(file('5-denied.json.gz'), gzipSync('{}'))
  await put(file('6-plain.json.gz'), Buffer.alloc(300_000, 'no gzip '))
  const get = objects.get.bind(objects)
  objects.get = (name) => (name === file('4-gone.json.gz') ? undefined : get(name))
  const refused = { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/${file('5-denied.json.gz')}` } as const
  sandbox.world.s3.buckets.set(Bucket, { name: Bucket, encryption: { algorithm: 'AES256' }, objects, policy: { Version: '2012-10-17', Statement: [refused] } })
  const torn = await fromS3(t, env, `s3://${Bucket}/AWSLogs/`)
  t.equal(torn.exit, exits.refused)
  const { faults, files, unreadFiles } = JSON.parse(torn.said)
  t.same({ files, unreadFiles }, { files: 6, unreadFiles: 4 })
  t.same(
    faults.map((one: { code: string; file: string }) => `${one.code} ${one.file.split('/').at(-1)}`),
    ['truncated 3-cut.json.gz', 'gone 4-gone.json.gz', 'denied 5-denied.json.gz', 'not_gzip 6-plain.json.gz']
  )

  t.equal((await fromS3(t, env, `s3://${Bucket}/AWSlogs/`)).exit, exits.usage, 'a prefix that holds nothing')
  t.same(await fromS3(t, env, 's3://acme-none/'), { exit: exits.unavailable, said: 's3://acme-none/ cannot be listed (NoSuchBucket)' })
})

t.test('an object or a listing that breaks off is told, and frees its connection', async (t) => {
  const body = gzipSync(textOf([before, ...ordinary, after]))
  // more of them than a client has connections
  const names = ['cut.json.gz', ...Array.from({ length: 60 }, (_, n) => `plain-${n}.json.gz`)]
  const plainText = Buffer.alloc(8_000_000, 'no gzip ')
  const page = `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>${['whole.json.gz', ...names].map((name) => `<Contents><Key>${name}</Key></Contents>`).join('')}</ListBucketResult>`
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    if (searchParams.has('continuation-token')) {
      response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
    } else if (searchParams.has('list-type')) {
      response.end(page)
    } else if (pathname.endsWith('whole.json.gz')) {
      response.end(body)
    } else if (pathname.includes('plain')) {
      response.end(plainText)
    } else {
      response.writeHead(200, { 'content-length': body.length })
      response.write(body.subarray(0, 100), () => response.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { exit, said } = await fromS3(
    t,
    { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: region, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' },
    's3://acme-trail/'
  )
  t.equal(exit, exits.refused)
  const { faults, files, newest } = JSON.parse(said)
  t.equal(files, 62)
  t.equal(newest, '2026-11-20T22:00:00.000Z')
  const count = (code: string) => faults.filter((one: { code: string }) => one.code === code).length
  t.same([count('unreadable'), count('not_gzip'), faults.length], [1, 60, 62])
  t.match(faults.at(-1), { code: 'not_listed', file: 's3://acme-trail/' })
})

const context = (arn: string) => ({ requestParameters: { encryptionContext: { 'aws:s3:arn': arn } } })
const dataKey = (at: string, more: Json = {}): Json => ({
  ...decrypt(at, more),
  eventName: 'GenerateDataKey'
})
const meterFor = (centers: ReadonlyMap<string, string> = new Map()) =>
  keyMeter({ targets, ledger: ledgerOf(story), costCenters: centers, price: 0.03 })

t.test('use of keys is counted by month, once each, and has a price and a cost center', async (t) => {
  const january = { eventTime: '2027-01-01T00:00:00Z' }
  const twice = decrypt('10:11')
  const records = [
    twice,
    twice,
    decrypt('10:12', context('arn:aws:s3:::acme-claims/curated/a.parquet')),
    dataKey('10:13', context('arn:aws:s3:::acme-claims')),
    dataKey('10:14', { requestParameters: { keyId: 'alias/prod-claims-data' } }),
    decrypt('10:15', { userIdentity: { type: 'AWSService', invokedBy: 'athena.amazonaws.com' } }),
    decrypt('10:16', january),
    decrypt('10:17', { errorCode: 'AccessDenied' }),
    decrypt('10:18', { recipientAccountId: '999999999999' }),
    decrypt('10:19', { resources: [{ ARN: key.replace(/[^/]+$/, 'another') }] }),
    query('10:10')
  ]
  const rows = async (centers?: ReadonlyMap<string, string>) => {
    const match = matcher(ledgerOf(story), targets)
    const meter = meterFor(centers)
    const bytes = Readable.from([gzipSync(textOf(records))])
    const { faults } = await readLog({ file: 'f', bytes, isCompressed: true }, { ...match, request: meter.request })
    t.same(faults, [])
    return meter.rows({ oldest: '2026-11-20T08:00:00.000Z', newest: '2027-01-01T00:00:00.000Z' })
  }
  const row = {
    month: '2026-11',
    costCenter: claims.owner,
    costCenterFrom: 'owner',
    targets: ['claims-pii'],
    key,
    requests: 5,
    decrypts: 3,
    dataKeys: 2,
    withoutBucketKey: 1,
    cost: 0.000015,
    elevations: 1
  }
  const results = { key: claims.results.key, requests: 0, decrypts: 0, dataKeys: 0, withoutBucketKey: 0, cost: 0 }
  const next = { month: '2027-01', requests: 1, decrypts: 1, dataKeys: 0, withoutBucketKey: 0, cost: 0.000003, elevations: 0 }
  const found = await rows()
  t.same(
    found.toSorted((a, b) => b.requests - a.requests),
    [row, { ...row, ...next }, { ...row, ...results }],
    'a key of the target that nobody asked is there for its elevations'
  )
  const workgroup = `arn:aws:athena:${region}:${account}:workgroup/claims-pii`
  const centerOf = async (centers: ReadonlyMap<string, string>) => {
    const one = (await rows(centers)).find(({ requests }) => requests === 5)
    return `${one?.costCenterFrom} ${one?.costCenter}`
  }
  t.equal(await centerOf(new Map([[workgroup, 'w-1']])), 'workgroup w-1')
  t.equal(await centerOf(new Map([[workgroup, 'w-1'], [key, 'k-1']])), 'key k-1')
  t.equal(keyRequestOf({ eventSource: 'kms.amazonaws.com', eventName: 'GenerateDataKey' }), 'bad')
})

t.test('the use of keys is a table, a document or CSV alone on stdout', async (t) => {
  const dir = t.testdir({ ledger: { checkpoint: emptyLedger }, logs: { '1.json': textOf([before, decrypt('10:11', context('arn:aws:s3:::b/o')), after]) } })
  const facts = { version: 1, at: '2026-11-20T00:00:00.000Z', accounts: [], gaps: [], workgroups: [], keys: [keyFacts], buckets: [], tables: [], principals: [] }
  writeFileSync(join(dir, 'facts.json'), JSON.stringify(facts))
  const options = { from: join(dir, 'logs'), ledger: join(dir, 'ledger'), policies, env: {} }
  const said = async (json: boolean, more: Partial<Parameters<typeof reconcile>[1]>) => {
    const out: string[] = []
    const err: string[] = []
    const exit = await reconcile({ json, colour: false, out: (line) => out.push(line), err: (line) => err.push(line) }, { ...options, ...more })
    if (json && out.length !== 1) throw new Error(err.join('\n'))
    return { exit, out: out.join('\n'), err: err.join('\n') }
  }
  const named = { facts: join(dir, 'facts.json') }
  const document = JSON.parse((await said(true, { ...named, use: 'table', price: '9999' })).out)
  t.match(document, { findings: [], use: [{ month: '2026-11', costCenter: '=cmd()', requests: 1, withoutBucketKey: 1, cost: 0.9999 }] })
  const csv = await said(false, { ...named, use: 'csv' })
  t.equal(csv.exit, exits.done)
  t.same(csv.out.split('\r\n').slice(1), [`2026-11,'=cmd(),key,claims-pii,${key},1,1,0,1,0.000003,0`])
  t.match(csv.err, '1 files', 'the rest is on stderr')
  const long = await said(false, { use: 'table' })
  t.match(long.out, 'cost center')
  t.ok(long.out.split('\n').every((line) => line.length <= 100))
  t.notMatch(JSON.parse((await said(true, {})).out), { use: [] })
  for (const more of [{ price: '0.03' }, named, { use: 'csv', price: '-1' }, { use: 'csv', facts: join(dir, 'none') }] as const) {
    t.equal((await said(false, more)).exit, exits.usage)
  }
})

const keyFacts = {
  arn: key,
  manager: 'CUSTOMER',
  state: 'Enabled',
  spec: 'SYMMETRIC_DEFAULT',
  usage: 'ENCRYPT_DECRYPT',
  origin: 'AWS_KMS',
  multiRegion: false,
  createdAt: null,
  deletionAt: null,
  materialExpiresAt: null,
  rotation: null,
  aliases: [],
  tags: { 'cost-center': '=cmd()' },
  policy: null,
  grants: null
}
