/**
 * A query in the sandbox over HTTP with the real SDK, from the session that asks to the rows it
 * reads: Athena reaches Glue, S3 and KMS with the caller's own permissions, hop by hop.
 */
import {
  GetQueryResultsCommand,
  ListQueryExecutionsCommand,
  StartQueryExecutionCommand
} from '@aws-sdk/client-athena'
import type { AthenaClient } from '@aws-sdk/client-athena'
import { GetTableCommand } from '@aws-sdk/client-glue'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import fc from 'fast-check'
import t from 'tap'
import { readCsv, writeCsv } from '../src/sandbox/athena-csv.ts'
import { BUCKETS, KEY_IDS, keyArn } from '../src/sandbox/names.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { codeOf } from './fixtures-sandbox.ts'
import { finish, issue, start, startSeeded, stored } from './sandbox-seeded.ts'

const seeded = await startSeeded()
const { sandbox } = seeded
const { world } = sandbox
t.teardown(seeded.close)

t.test('a session with its grants reads the rows of its tables', async (t) => {
  const { clients: alice } = await issue(seeded)
  const sql = `SELECT c.kind, count(*) AS n, sum(c.amount) AS total, min(c.opened_on) AS first
     FROM claims c JOIN awsdatacatalog.claims.customers p ON p.customer_id = c.customer_id
     GROUP BY c.kind ORDER BY c.kind`
  const ended = await finish(seeded, alice.athena, { sql })
  t.equal(ended.Status?.State, 'SUCCEEDED')
  t.match(ended, {
    WorkGroup: 'claims-pii',
    ResultConfiguration: {
      OutputLocation: `s3://acme-athena-results/claims-pii/${ended.QueryExecutionId}.csv`,
      EncryptionConfiguration: {
        EncryptionOption: 'SSE_KMS',
        KmsKey: keyArn(KEY_IDS.claimsResults)
      }
    }
  })
  t.ok((ended.Statistics?.DataScannedInBytes ?? 0) > 1_000_000)
  const results = await alice.athena.send(
    new GetQueryResultsCommand({ QueryExecutionId: ended.QueryExecutionId })
  )
  const columns = results.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []
  t.same(
    columns.map(({ Name, Type }) => [Name, Type]),
    [['kind', 'varchar'], ['n', 'bigint'], ['total', 'decimal'], ['first', 'date']]
  )
  const [header, ...rows] = await rowsOf(alice.athena, ended.QueryExecutionId ?? '')
  t.same(header, ['kind', 'n', 'total', 'first'], 'the header is the first row')
  t.equal(rows.length, 5)
  t.equal(rows.reduce((sum, row) => sum + Number(row[1]), 0), 6000)
})

t.test('results rest encrypted under the results key and page as Athena pages', async (t) => {
  const { clients: alice } = await issue(seeded)
  const sql = 'SELECT ssn, email FROM customers ORDER BY 1 LIMIT 5'
  const ended = await finish(seeded, alice.athena, { sql })
  const QueryExecutionId = ended.QueryExecutionId ?? ''
  const key = `claims-pii/${QueryExecutionId}.csv`
  const object = stored(seeded, BUCKETS.results, key)
  t.match(object.encryption, { keyArn: keyArn(KEY_IDS.claimsResults), bucketKeyEnabled: true })
  t.notOk(object.sealed.ciphertext.includes('@example.com'))
  const pages: number[] = []
  let NextToken: string | undefined
  do {
    const page = await alice.athena.send(
      new GetQueryResultsCommand({ QueryExecutionId, MaxResults: 2, NextToken })
    )
    pages.push(page.ResultSet?.Rows?.length ?? 0)
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  t.same(pages, [2, 2, 2])
  const file = await alice.s3.send(new GetObjectCommand({ Bucket: BUCKETS.results, Key: key }))
  t.match(await file.Body?.transformToString(), /^"ssn","email"\n"9\d\d-/)
  const bad = new GetQueryResultsCommand({ QueryExecutionId, NextToken: 'bm90IG1pbmU' })
  t.equal(await codeOf(alice.athena.send(bad)), 'InvalidRequestException')
})

t.test('a session without a grant gets a FAILED query in AWS’s words and no rows', async (t) => {
  const { clients: eve } = await issue(seeded, { grants: false })
  const before = world.s3.buckets.get(BUCKETS.results)?.objects.size
  const ended = await finish(seeded, eve.athena, { sql: 'SELECT * FROM customers' })
  t.equal(ended.Status?.State, 'FAILED')
  t.match(
    ended.Status?.StateChangeReason,
    /^Access denied when reading s3:\/\/acme-claims\/curated\/customers\/[^:]+: User: arn:aws:sts:/
  )
  const refusal = /\/jit-\w+ is not authorized to perform: kms:Decrypt/
  t.match(ended.Status?.StateChangeReason, refusal)
  t.match(ended.Status?.AthenaError, { ErrorCategory: 2, Retryable: false })
  const results = new GetQueryResultsCommand({ QueryExecutionId: ended.QueryExecutionId })
  t.equal(await codeOf(eve.athena.send(results)), 'InvalidRequestException')
  t.equal(world.s3.buckets.get(BUCKETS.results)?.objects.size, before, 'nothing was written')
})

t.test('every hop of a query is asked for with the caller’s own permissions', async (t) => {
  const { clients: alice } = await issue(seeded)
  const role = world.roles.get('sallyport-claims')
  const hops = [
    's3:GetBucketLocation',
    'glue:GetDatabase',
    'glue:GetTable',
    's3:ListBucket',
    's3:GetObject',
    'kms:Decrypt',
    's3:PutObject',
    'kms:GenerateDataKey'
  ]
  for (const action of hops) {
    role?.policies.set(
      'without-one-hop',
      storedPolicy({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Action: action, Resource: '*' }]
      })
    )
    const ended = await finish(seeded, alice.athena, { sql: 'SELECT count(*) FROM customers' })
    const said = ended.Status?.StateChangeReason ?? ''
    t.equal(ended.Status?.State, 'FAILED', action)
    t.ok(said.includes(`is not authorized to perform: ${action}`), `${action}: ${said}`)
  }
  role?.policies.delete('without-one-hop')
  const ended = await finish(seeded, alice.athena, { sql: 'SELECT count(*) FROM customers' })
  t.equal(ended.Status?.State, 'SUCCEEDED')
  const trail = world.events.all().slice(-12)
  const hop = (source: string, name: string): unknown =>
    trail.find((one) => one.eventSource === source && one.eventName === name)?.sourceIPAddress
  t.equal(hop('glue.amazonaws.com', 'GetTable'), 'athena.amazonaws.com')
  t.equal(hop('s3.amazonaws.com', 'GetObject'), 'athena.amazonaws.com')
  t.equal(hop('kms.amazonaws.com', 'Decrypt'), 's3.amazonaws.com')
})

t.test('a session stays inside its tables, its workgroup and Athena', async (t) => {
  const { clients: alice } = await issue(seeded, { grants: true, tables: ['claims.claims'] })
  const failed = [
    'SELECT * FROM claims.customers',
    'SELECT * FROM payments.payments',
    'SELECT 1 FROM claims WHERE EXISTS (SELECT 1 FROM payments.payments)',
    'WITH claims AS (SELECT * FROM customers) SELECT * FROM claims'
  ]
  for (const sql of failed) {
    const { Status } = await finish(seeded, alice.athena, { sql })
    t.equal(Status?.State, 'FAILED', sql)
    t.match(Status?.StateChangeReason, /not authorized to perform: glue:GetTable/, sql)
  }
  const refused: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['another workgroup', () => start(alice.athena, 'SELECT 1', { WorkGroup: 'payments-pii' })],
    ['a look-alike', () => start(alice.athena, 'SELECT 1', { WorkGroup: 'claims-pii-2' })],
    [
      'no workgroup is primary',
      () => alice.athena.send(new StartQueryExecutionCommand({ QueryString: 'SELECT 1' }))
    ],
    [
      'the history of the workgroup',
      () => alice.athena.send(new ListQueryExecutionsCommand({ WorkGroup: 'claims-pii' }))
    ],
    ['data itself', () => alice.s3.send(new GetObjectCommand(dataObject()))],
    ['the data’s head', () => alice.s3.send(new HeadObjectCommand(dataObject()))],
    [
      'the list of the data',
      () => alice.s3.send(new ListObjectsV2Command({ Bucket: BUCKETS.claims, Prefix: 'curated/' }))
    ],
    [
      'the other table’s description',
      () => alice.glue.send(new GetTableCommand({ DatabaseName: 'claims', Name: 'customers' }))
    ]
  ]
  for (const [what, call] of refused) {
    t.match(await codeOf(call()), /^(AccessDenied(Exception)?|403|Forbidden|Unknown)$/, what)
  }
})

t.test('one SELECT is run, over tables of the catalog only', async (t) => {
  const { clients: alice } = await issue(seeded)
  const refused: readonly (readonly [string, RegExp])[] = [
    ['DROP TABLE claims.claims', /NOT_SUPPORTED/],
    ['SHOW TABLES', /NOT_SUPPORTED/],
    ['DESCRIBE claims.claims', /NOT_SUPPORTED/],
    ['EXPLAIN SELECT 1', /NOT_SUPPORTED/],
    ['SET threads = 4', /NOT_SUPPORTED/],
    ["COPY (SELECT 1) TO '/tmp/out'", /NOT_SUPPORTED/],
    ["ATTACH '/tmp/out'", /NOT_SUPPORTED/],
    ['SELECT 1; SELECT 2', /NOT_SUPPORTED/],
    ['-- nothing', /NOT_SUPPORTED/],
    ['SELEC 1', /SYNTAX_ERROR/],
    ["SELECT * FROM read_text('/etc/hostname')", /FUNCTION_NOT_FOUND/],
    ["SELECT * FROM query('SELECT 1')", /FUNCTION_NOT_FOUND/],
    ["SELECT * FROM '/etc/hostname'", /TABLE_NOT_FOUND|not authorized/],
    ['SELECT * FROM information_schema.tables', /not authorized/],
    ['SELECT * FROM other.claims.claims', /CATALOG_NOT_FOUND/],
    ['SELECT nothing FROM claims', /QUERY_FAILED/],
    ['SELECT * FROM range(200000)', /at most 100000 rows/]
  ]
  for (const [sql, reason] of refused) {
    const { Status } = await finish(seeded, alice.athena, { sql })
    t.equal(Status?.State, 'FAILED', sql)
    t.match(Status?.StateChangeReason, reason, sql)
  }
})

t.test('values come back as Athena writes them', async (t) => {
  const { clients: alice } = await issue(seeded)
  const sql = `SELECT NULL AS nothing, '' AS empty, 'a"b,' || chr(10) || 'c' AS text, 1 + 1,
       TRUE AS yes, TIMESTAMP '2026-01-02 03:04:05' AS at, DATE '2026-01-02' AS day`
  const ended = await finish(seeded, alice.athena, { sql })
  const [header, row] = await rowsOf(alice.athena, ended.QueryExecutionId ?? '')
  t.same(header, ['nothing', 'empty', 'text', '_col3', 'yes', 'at', 'day'])
  t.same(row, [
    undefined,
    '',
    'a"b,\nc',
    '2',
    'true',
    '2026-01-02 03:04:05.000',
    '2026-01-02'
  ])
})

t.test('a result file reads back as it was written', async (t) => {
  const value = fc.option(fc.string({ unit: 'binary' }), { nil: null })
  const rows = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }))
  fc.assert(
    fc.property(rows, (one) => {
      t.same(readCsv(writeCsv(one)), one)
    }),
    { numRuns: 50 }
  )
})

async function rowsOf(athena: AthenaClient, QueryExecutionId: string): Promise<unknown[][]> {
  const { ResultSet } = await athena.send(new GetQueryResultsCommand({ QueryExecutionId }))
  return (ResultSet?.Rows ?? []).map(({ Data }) => (Data ?? []).map((one) => one.VarCharValue))
}

function dataObject(): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: BUCKETS.claims, Key: 'curated/claims/part-0000.jsonl' }
}
