/**
 * S3, Glue and the seed data of the sandbox over HTTP with the real SDK and with the awscli:
 * objects rest as ciphertext that is bound to their name.
 */
import {
  GetDatabaseCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand
} from '@aws-sdk/client-glue'
import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand
} from '@aws-sdk/client-s3'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { REGION } from '../src/sandbox/names.ts'
import { seedTables } from '../src/sandbox/seed-tables.ts'
import { codeOf } from './fixtures-sandbox.ts'
import { issue, owner, ownBucket, ownKey, startSeeded, stored } from './sandbox-seeded.ts'

const seeded = await startSeeded()
const { sandbox } = seeded
const { world } = sandbox
t.teardown(seeded.close)

t.test('Glue describes what it is asked for, to who may read every ancestor', async (t) => {
  const admin = owner(seeded)
  const { Table } = await admin.glue.send(
    new GetTableCommand({ DatabaseName: 'claims', Name: 'CUSTOMERS' })
  )
  t.equal(Table?.StorageDescriptor?.Location, 's3://acme-claims/curated/customers/')
  t.ok(Table?.StorageDescriptor?.Columns?.some(({ Name }) => Name === 'ssn'))
  const tables = await admin.glue.send(new GetTablesCommand({ DatabaseName: 'claims' }))
  t.same(tables.TableList?.map(({ Name }) => Name), ['claims', 'customers'])
  const partitions = new GetPartitionsCommand({ DatabaseName: 'claims', TableName: 'claims' })
  t.same((await admin.glue.send(partitions)).Partitions, [])
  const absent = admin.glue.send(new GetDatabaseCommand({ Name: 'absent' }))
  t.equal(await codeOf(absent), 'EntityNotFoundException')
  const filter = new GetTablesCommand({ DatabaseName: 'claims', Expression: 'c*' })
  t.equal(await codeOf(admin.glue.send(filter)), 'InvalidInputException')
  const { clients: alice } = await issue(seeded, { grants: false, tables: ['claims.claims'] })
  const listed = await alice.glue.send(new GetTablesCommand({ DatabaseName: 'claims' }))
  t.same(listed.TableList?.map(({ Name }) => Name), ['claims'], 'others are left out')
})

t.test('S3 stores, ranges, lists and describes objects', async (t) => {
  const { s3 } = owner(seeded)
  const Bucket = 'owned'
  ownBucket(seeded, Bucket, { algorithm: 'aws:kms', keyArn: ownKey, bucketKeyEnabled: true })
  for (const Key of ['a/1', 'a/ü & <2>', 'a/3', 'b/1']) {
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }))
  }
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/ü & <2>' }))
  t.equal(await got.Body?.transformToString(), 'body of a/ü & <2>')
  t.match(got, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: ownKey, BucketKeyEnabled: true })
  for (const [Range, body, answered] of [
    ['bytes=0-3', 'body', 'bytes 0-3/11'],
    ['bytes=8-', 'a/1', 'bytes 8-10/11'],
    ['bytes=-1', '1', 'bytes 10-10/11']
  ] as const) {
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/1', Range }))
    t.equal(await part.Body?.transformToString(), body)
    t.equal(part.ContentRange, answered)
  }
  const beyond = s3.send(new GetObjectCommand({ Bucket, Key: 'a/1', Range: 'bytes=11-' }))
  t.equal(await codeOf(beyond), 'InvalidRange')
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/1' }))
  t.equal(head.ContentLength, 11)
  const first = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/', MaxKeys: 2 }))
  t.same(first.Contents?.map(({ Key, Size }) => [Key, Size]), [['a/1', 11], ['a/3', 11]])
  const second = await s3.send(
    new ListObjectsV2Command({
      Bucket,
      Prefix: 'a/',
      ContinuationToken: first.NextContinuationToken
    })
  )
  t.same(second.Contents?.map(({ Key }) => Key), ['a/ü & <2>'])
  t.equal(second.IsTruncated, false)
  const { ServerSideEncryptionConfiguration: encryption } = await s3.send(
    new GetBucketEncryptionCommand({ Bucket })
  )
  t.match(encryption?.Rules?.[0], {
    BucketKeyEnabled: true,
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ownKey }
  })
  const location = await s3.send(new GetBucketLocationCommand({ Bucket }))
  t.equal(location.LocationConstraint, 'eu-west-1')
})

t.test('S3 refuses in its own words', async (t) => {
  const { s3 } = owner(seeded)
  ownBucket(seeded, 'plain', { algorithm: 'AES256' })
  const Bucket = 'plain'
  const put = (more: object): Promise<unknown> =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...more }))
  const refused: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['NoSuchKey', () => s3.send(new GetObjectCommand({ Bucket, Key: 'absent' }))],
    ['NoSuchBucket', () => s3.send(new GetObjectCommand({ Bucket: 'absent', Key: 'k' }))],
    ['KMS.NotFoundException', () => put({ ServerSideEncryption: 'aws:kms' })],
    ['InvalidArgument', () => put({ ServerSideEncryption: 'aws:fsx' })],
    ['InvalidArgument', () => put({ SSEKMSKeyId: ownKey })],
    ['NotImplemented', () => put({ IfNoneMatch: '*' })],
    ['NotImplemented', () => put({ Tagging: 'a=b' })],
    ['KeyTooLongError', () => put({ Key: 'k'.repeat(1025) })],
    ['AccessDenied', () => put({ ExpectedBucketOwner: '999999999999' })],
    ['InvalidArgument', () => s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'x' }))]
  ]
  for (const [code, call] of refused) t.equal(await codeOf(call()), code)
  t.equal(world.s3.buckets.get(Bucket)?.objects.size, 0, 'nothing was stored')
})

t.test('an object is bound to its name: moved ciphertext does not open', async (t) => {
  const { s3 } = owner(seeded)
  ownBucket(seeded, 'here', { algorithm: 'aws:kms', keyArn: ownKey, bucketKeyEnabled: true })
  ownBucket(seeded, 'there', { algorithm: 'aws:kms', keyArn: ownKey, bucketKeyEnabled: true })
  ownBucket(seeded, 'each', { algorithm: 'aws:kms', keyArn: ownKey, bucketKeyEnabled: false })
  ownBucket(seeded, 'own', { algorithm: 'AES256' })
  const move = (from: string, to: string): void => {
    world.s3.buckets.get(to)?.objects.set('moved', stored(seeded, from, 'k'))
  }
  for (const Bucket of ['here', 'each', 'own']) {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'secret text' }))
    t.notOk(stored(seeded, Bucket, 'k').sealed.ciphertext.includes('secret'))
  }
  const moves = [
    ['here', 'here', 'InternalError'],
    ['here', 'there', 'KMS.InvalidCiphertextException'],
    ['each', 'each', 'KMS.InvalidCiphertextException'],
    ['own', 'own', 'InternalError']
  ] as const
  for (const [from, to, code] of moves) {
    move(from, to)
    const call = s3.send(new GetObjectCommand({ Bucket: to, Key: 'moved' }))
    t.equal(await codeOf(call), code, `${from} to ${to}`)
  }
})

t.test('the seed is the same every time and nobody in it exists', (t) => {
  const [customers, claimRows, payments] = seedTables()
  const rows = customers?.parts.join('\n').split('\n').map((line) => JSON.parse(line)) ?? []
  t.same(seedTables(), [customers, claimRows, payments])
  t.equal(rows.length, 3000)
  t.ok(rows.every(({ ssn }) => /^9\d\d-(0[1-9]|[1-4]\d)-\d{4}$/.test(ssn)))
  t.ok(rows.every(({ email }) => /^[a-z.]+\.\d+@example\.com$/.test(email)))
  t.equal(new Set(rows.map(({ email }) => email)).size, 3000)
  t.equal(claimRows?.parts.join('\n').split('\n').length, 6000)
  t.equal(payments?.parts.join('\n').split('\n').length, 5000)
  t.end()
})

t.test('the awscli starts a query and reads its rows', async (t) => {
  const aws = findAwscli()
  if (aws === null) {
    t.not(process.env.CI, 'true', 'CI must have the awscli')
    t.comment('NOT TRIED: there is no awscli on this machine (Debian: apt-get install awscli)')
    return
  }
  const { credentials } = await issue(seeded)
  const run = async (...words: readonly string[]): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(
      aws,
      ['--endpoint-url', sandbox.endpoint, '--region', REGION, '--output', 'json', ...words],
      {
        env: {
          PATH: process.env.PATH,
          HOME: t.testdir(),
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_SESSION_TOKEN: credentials.sessionToken,
          AWS_EC2_METADATA_DISABLED: 'true'
        }
      }
    )
    return JSON.parse(stdout)
  }
  const sql = 'SELECT count(*) AS n FROM claims.customers'
  const where = ['--work-group', 'claims-pii'] as const
  const started = await run('athena', 'start-query-execution', ...where, '--query-string', sql)
  t.match(started, { QueryExecutionId: /^[0-9a-f-]{36}$/ })
  const last = [...world.athena.executions.values()].at(-1)
  await last?.finished
  const results = await run('athena', 'get-query-results', '--query-execution-id', last?.id ?? '')
  t.match(results, {
    ResultSet: { Rows: [{ Data: [{ VarCharValue: 'n' }] }, { Data: [{ VarCharValue: '3000' }] }] }
  })
})

/** Debian's first: a newer one of another packager may lie before it on the PATH. */
function findAwscli(): string | null {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'aws')).find((file) => existsSync(file)) ?? null
}
