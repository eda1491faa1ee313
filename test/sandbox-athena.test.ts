/**
 * The life of Athena's queries in the sandbox over HTTP with the real SDK: stopped, repeated,
 * limited, listed, and FAILED where there is no engine.
 */
import {
  BatchGetQueryExecutionCommand,
  GetWorkGroupCommand,
  ListQueryExecutionsCommand,
  StopQueryExecutionCommand
} from '@aws-sdk/client-athena'
import type {
  AthenaClient,
  ListQueryExecutionsCommandInput,
  ListQueryExecutionsCommandOutput
} from '@aws-sdk/client-athena'
import t from 'tap'
import { stopAllQueries } from '../src/sandbox/athena-run.ts'
import { openDuckdb } from '../src/sandbox/duckdb.ts'
import { BUCKETS, KEY_IDS, keyArn } from '../src/sandbox/names.ts'
import { codeOf } from './fixtures-sandbox.ts'
import {
  finish,
  issue,
  owner,
  ownBucket,
  read,
  start,
  startSeeded,
  stored
} from './sandbox-seeded.ts'

const seeded = await startSeeded()
const { sandbox } = seeded
const { world } = sandbox
t.teardown(seeded.close)

const ENDLESS = `SELECT sum(length(a.kind || b.kind || c.kind))
  FROM claims a CROSS JOIN claims b CROSS JOIN claims c`

t.test('StopQueryExecution stops what runs and what waits', async (t) => {
  const { clients: alice } = await issue(seeded)
  const stop = (QueryExecutionId: string): Promise<unknown> =>
    alice.athena.send(new StopQueryExecutionCommand({ QueryExecutionId }))
  const running = [await start(alice.athena, ENDLESS), await start(alice.athena, ENDLESS)]
  for (const one of running) await untilRunning(alice.athena, one)
  const waiting = await start(alice.athena, ENDLESS)
  t.equal((await read(alice.athena, waiting)).Status?.State, 'QUEUED', 'two run at once')
  for (const one of [waiting, ...running]) {
    await stop(one)
    t.equal((await read(alice.athena, one)).Status?.State, 'CANCELLED')
    await world.athena.executions.get(one)?.finished
    t.equal((await read(alice.athena, one)).Status?.State, 'CANCELLED', 'and stays so')
    t.notOk(world.s3.buckets.get(BUCKETS.results)?.objects.has(`claims-pii/${one}.csv`))
  }
  await stop(waiting)
  const after = await finish(seeded, alice.athena, { sql: 'SELECT 1' })
  t.equal(after.Status?.State, 'SUCCEEDED', 'the slots are free again')
  await stop(after.QueryExecutionId ?? '')
  t.equal(
    (await read(alice.athena, after.QueryExecutionId ?? '')).Status?.State,
    'SUCCEEDED',
    'what has ended stays as it ended'
  )
})

t.test('one ClientRequestToken starts one query of its caller', async (t) => {
  const { clients: alice } = await issue(seeded)
  const { clients: carol } = await issue(seeded)
  const token = { ClientRequestToken: 'a-token-of-at-least-32-characters' }
  const first = await start(alice.athena, 'SELECT 1', token)
  t.equal(await start(alice.athena, 'SELECT 1', token), first)
  t.equal(await codeOf(start(alice.athena, 'SELECT 2', token)), 'InvalidRequestException')
  t.not(await start(carol.athena, 'SELECT 1', token), first)
})

t.test('without DuckDB a query FAILS and names the package', async (t) => {
  const { clients: alice } = await issue(seeded)
  const installed = world.athena.openEngine
  world.athena.openEngine = (database) =>
    openDuckdb(database, () => Promise.reject(new Error('not found')))
  const { Status } = await finish(seeded, alice.athena, { sql: 'SELECT 1' })
  world.athena.openEngine = installed
  t.equal(Status?.State, 'FAILED')
  t.match(Status?.StateChangeReason, /@duckdb\/node-api/)
})

t.test('an enforced workgroup ignores the client’s settings, another does not', async (t) => {
  const admin = owner(seeded)
  const place = {
    ResultConfiguration: {
      OutputLocation: 's3://elsewhere/mine',
      EncryptionConfiguration: { EncryptionOption: 'SSE_S3' }
    }
  } as const
  ownBucket(seeded, 'elsewhere', { algorithm: 'AES256' })
  const enforced = await finish(seeded, admin.athena, { sql: 'SELECT 1', ...place })
  t.match(enforced.ResultConfiguration?.OutputLocation, /^s3:\/\/acme-athena-results\/claims-pii\//)
  const legacy = { ...place, WorkGroup: 'legacy-reports' }
  const loose = await finish(seeded, admin.athena, { sql: 'SELECT 1', ...legacy })
  t.equal(loose.Status?.State, 'SUCCEEDED')
  t.equal(
    loose.ResultConfiguration?.OutputLocation,
    `s3://elsewhere/mine/${loose.QueryExecutionId}.csv`
  )
  const written = stored(seeded, 'elsewhere', `mine/${loose.QueryExecutionId}.csv`)
  t.equal(written.encryption.algorithm, 'AES256')
  const nowhere = start(admin.athena, 'SELECT 1', { WorkGroup: 'primary' })
  t.equal(await codeOf(nowhere), 'InvalidRequestException')
  const workGroups = ['claims-pii', 'payments-pii', 'legacy-reports']
  const found = workGroups.map((WorkGroup) =>
    admin.athena.send(new GetWorkGroupCommand({ WorkGroup }))
  )
  t.match(
    (await Promise.all(found)).map(({ WorkGroup }) => WorkGroup?.Configuration),
    [
      {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: Number,
        ResultConfiguration: {
          OutputLocation: 's3://acme-athena-results/claims-pii/',
          EncryptionConfiguration: {
            EncryptionOption: 'SSE_KMS',
            KmsKey: keyArn(KEY_IDS.claimsResults)
          }
        }
      },
      {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: Number,
        ResultConfiguration: {
          EncryptionConfiguration: {
            EncryptionOption: 'SSE_KMS',
            KmsKey: keyArn(KEY_IDS.payments)
          }
        }
      },
      {
        EnforceWorkGroupConfiguration: false,
        BytesScannedCutoffPerQuery: undefined,
        ResultConfiguration: { EncryptionConfiguration: { EncryptionOption: 'SSE_S3' } }
      }
    ]
  )
})

t.test('a query that would scan more than the workgroup’s limit is cancelled', async (t) => {
  const { clients: alice } = await issue(seeded)
  const workGroup = world.athena.workGroups.get('claims-pii')
  if (workGroup === undefined) throw new Error('no workgroup')
  world.athena.workGroups.set('claims-pii', { ...workGroup, bytesScannedCutoff: 1000 })
  const { Status } = await finish(seeded, alice.athena, { sql: 'SELECT count(*) FROM customers' })
  world.athena.workGroups.set('claims-pii', workGroup)
  t.equal(Status?.State, 'CANCELLED')
  t.match(Status?.StateChangeReason, /Bytes scanned limit/)
})

t.test('a workgroup’s history lists newest first, in pages', async (t) => {
  const admin = owner(seeded)
  const ids = []
  for (const sql of ['VALUES 1', 'VALUES 2', 'VALUES 3']) ids.push(await start(admin.athena, sql))
  const list = (
    ask: Pick<ListQueryExecutionsCommandInput, 'MaxResults' | 'NextToken'>
  ): Promise<ListQueryExecutionsCommandOutput> =>
    admin.athena.send(new ListQueryExecutionsCommand({ WorkGroup: 'claims-pii', ...ask }))
  const first = await list({ MaxResults: 2 })
  t.same(first.QueryExecutionIds, [ids[2], ids[1]])
  const second = await list({ MaxResults: 1, NextToken: first.NextToken })
  t.same(second.QueryExecutionIds, [ids[0]])
  const batch = await admin.athena.send(
    new BatchGetQueryExecutionCommand({ QueryExecutionIds: [ids[0] ?? '', 'no-such-id'] })
  )
  t.equal(batch.QueryExecutions?.[0]?.Query, 'VALUES 1')
  t.equal(batch.UnprocessedQueryExecutionIds?.[0]?.QueryExecutionId, 'no-such-id')
})

t.test('the event log shows a query’s id and never its text', (t) => {
  const started = world.events.all().filter((one) => one.eventName === 'StartQueryExecution')
  t.ok(started.length > 5)
  t.notMatch(JSON.stringify(world.events.all()), /SELECT/i)
  t.match(JSON.stringify(started), /"queryExecutionId":"[0-9a-f-]{36}"/)
  t.end()
})

t.test('stopping all queries leaves none in flight', async (t) => {
  const { clients: alice } = await issue(seeded)
  const sql = 'SELECT count(*) FROM range(1000000000000)'
  const started = [await start(alice.athena, sql), await start(alice.athena, sql)]
  for (const one of started) await untilRunning(alice.athena, one)
  await stopAllQueries(world)
  for (const one of started) t.equal(world.athena.executions.get(one)?.state, 'CANCELLED')
})

async function untilRunning(athena: AthenaClient, started: string): Promise<void> {
  for (;;) {
    const { Status } = await read(athena, started)
    if (Status?.State !== 'QUEUED') return
  }
}
