/** The adapters over the real SDK against the sandbox, and how every error becomes an answer. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import t from 'tap'
import { ask } from '../src/aws/answer.ts'
import { glueCatalogs } from '../src/aws/catalog.ts'
import { kmsGrants } from '../src/aws/grants.ts'
import { sessionProbes } from '../src/aws/probe.ts'
import { athenaQueries } from '../src/aws/queries.ts'
import { stsSessions } from '../src/aws/sessions.ts'
import { instant, parseElevationId } from '../src/elevation/ids.ts'
import { Secret } from '../src/elevation/secret.ts'
import { assumeRoleParameters } from '../src/iam/assume-role.ts'
import type { CreateGrantParameters } from '../src/iam/create-grant.ts'
import { sessionPolicy } from '../src/iam/session-policy.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { examplePolicy } from './fixtures-broker.ts'
import { target as targetOf } from './fixtures-elevation.ts'

const sandbox = await startSandbox({ clockControl: false, seed: true })
const settings = { endpoint: sandbox.endpoint, credentials: async () => sandbox.keys.broker }
const grants = kmsGrants(settings)
const sessions = stsSessions(settings)
const queries = athenaQueries(settings)
const catalogs = glueCatalogs(settings)
t.teardown(async () => {
  for (const port of [grants, sessions, queries, catalogs]) port.close()
  await sandbox.close()
})

const key = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001'
const role = 'arn:aws:iam::123456789012:role/sallyport-claims'
const parameters = (n: number, bucket = 'acme-claims'): CreateGrantParameters => ({
  KeyId: key,
  GranteePrincipal: `arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-${n}`,
  RetiringPrincipal: 'arn:aws:iam::123456789012:role/sallyport-broker',
  Operations: ['Decrypt'],
  Constraints: { EncryptionContextEquals: { 'aws:s3:arn': `arn:aws:s3:::${bucket}` } },
  Name: `jit/${n}/data`
})
const value = <T>(answer: { readonly ok: boolean; readonly value?: T }): T | undefined => answer.value

t.test('a repeated CreateGrant is the same grant, and every page is looked through', async (t) => {
  const [first, second] = [await grants.create(parameters(1)), await grants.create(parameters(1))]
  t.ok(first.ok)
  t.same(first, second)
  for (let n = 100; n < 230; n++) t.ok((await grants.create(parameters(n))).ok)
  t.equal(value(await grants.find(key, 'jit/'))?.length, 131)
  t.equal(value(await grants.find(key, 'jit/1/'))?.length, 1)
  const id = first.ok ? first.value.grantId : ''
  t.match(await grants.revoke(key, id), { ok: true })
  t.match(await grants.revoke(key, id), { ok: true }, 'what is gone is revoked')
  t.same(value(await grants.find(key, 'jit/1/')), [])
})

t.test('a definite no is told from what may have happened', async (t) => {
  const wide = { ...parameters(2), GranteePrincipal: 'arn:aws:iam::123456789012:role/sallyport-broker' }
  t.match(await grants.create(wide), { ok: false, kind: 'denied', action: 'kms:CreateGrant' })
  t.match(await grants.find(key.replace(/.$/, '9'), 'jit/'), { ok: false, kind: /not_found|denied/ })
})

t.test('the deny of ended sessions is replaced whole, and removed when nobody is left', async (t) => {
  const document = () => sandbox.world.roles.get('sallyport-claims')?.policies.get('SallyportEndedSessions')
  const where = { roleArn: role, region: 'eu-west-1' }
  const ids = ['AROAEXAMPLE000000001:jit-1', 'AROAEXAMPLE000000001:jit-2']
  const deny = (list: readonly string[]) => sessions.denyEnded(where, { ids: list, issuedBefore: null })
  t.match(await deny(ids), { ok: true })
  for (const id of ids) t.match(document()?.text, id)
  t.match(await deny(ids.slice(1)), { ok: true })
  t.notMatch(document()?.text, 'jit-1"')
  t.match(await deny(['*']), { ok: false, kind: 'invalid' })
  t.match(await deny([]), { ok: true })
  t.equal(document(), undefined)
  t.match(await deny([]), { ok: true }, 'nothing to remove is removed')
})

t.test('a session is probed on until both services refuse it, and a fault is no refusal', async (t) => {
  const target = (await examplePolicy()).targets.get(targetOf('claims-pii'))
  const elevation = parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQRS')
  if (!target || elevation === null) throw new Error('bad fixture')
  const notAfter = instant(Date.now() + 600_000)
  const policy = sessionPolicy({ target, tables: ['claims.customers'], notAfter })
  if (!policy.ok) throw new Error('refused')
  const wanted = { elevation, roleArn: role, policy: policy.value, sourceIdentity: 'alice', now: instant(Date.now()) }
  const asked = assumeRoleParameters(wanted)
  const session = asked.ok ? await sessions.assume(asked.value, 'eu-west-1') : asked
  if (!session.ok) throw new Error('no session')
  const probes = sessionProbes(settings)
  const at = { region: 'eu-west-1', workgroup: 'claims-pii', database: 'claims' }
  const where = { roleArn: role, region: 'eu-west-1' }
  const probing = probes.isRefused(session.value, at)
  const calls = () => sandbox.world.events.all().filter(({ eventName }) => eventName === 'GetWorkGroup')
  while (calls().length < 2) await new Promise((resolve) => setImmediate(resolve))
  t.ok(calls().every(({ errorCode }) => errorCode === undefined), 'it is let through at first')
  t.match(await sessions.denyEnded(where, { ids: [session.value.assumedRoleId], issuedBefore: null }), { ok: true })
  t.same(await probing, { ok: true, value: true })
  const forged = { ...session.value, secretAccessKey: new Secret('another') }
  t.match(await probes.isRefused(forged, at), { ok: false }, 'a signature that does not fit proves nothing')
  const nowhere = sessionProbes({ ...settings, endpoint: 'http://127.0.0.1:1' })
  t.match(await nowhere.isRefused(session.value, at), { ok: false, kind: 'unavailable' })
  t.match(await sessions.denyEnded(where, { ids: [], issuedBefore: null }), { ok: true })
})

t.test('a workgroup without running queries has none to stop', async (t) => {
  const workgroup = { region: 'eu-west-1', name: 'claims-pii' }
  t.same(await queries.stopSince(workgroup, instant(Date.now())), { ok: true, value: [] })
  const unknown = await queries.stopSince({ ...workgroup, name: 'nope' }, instant(Date.now()))
  t.match(unknown, { ok: false, action: 'athena:ListQueryExecutions' })
})

const place = { region: 'eu-west-1', account: '123456789012', databases: ['claims'] }
const at = instant(Date.UTC(2026, 10, 21, 10))
const table = (Name: string, ...Columns: readonly object[]) => {
  return { Name, StorageDescriptor: { Columns } }
}
type Page = (n: number) => readonly [status: number, body: unknown]
const nothing: Page = () => [200, {}]
const listed = () =>
  sandbox.world.events.all().filter(({ eventName }) => eventName === 'GetTables').length

t.test('a catalog is every page of every database, and only what the broker may see', async (t) => {
  // what the collector may read beside it is another role's where that role is not the broker's
  sandbox.world.roles.get('sallyport-broker')?.policies.delete('Collector')
  const claims = sandbox.world.glue.databases.get('claims')
  const like = claims?.tables.get('customers')
  if (!claims || !like) throw new Error('the claims are seeded')
  const more = Array.from({ length: 230 }, (_, n) => `a${String(n).padStart(3, '0')}`)
  for (const name of more) claims.tables.set(name, { ...like, name })
  const partitionKeys = [{ name: 'dt', type: 'date' }]
  claims.tables.set('customers', { ...like, type: 'VIRTUAL_VIEW', partitionKeys, version: 7 })
  const found = value(await catalogs.tables({ ...place, databases: ['claims', 'payments'] }, at))
  t.equal(found?.at, at)
  const seen = ['claims.claims', 'claims.customers', 'payments.payments']
  t.same([...(found?.tables.keys() ?? [])], seen)
  t.equal(listed(), 4, 'two pages of nothing that may be seen are not the end')
  t.strictSame(found?.tables.get('claims.customers'), {
    type: 'view',
    columns: [...like.columns.map(({ name, type }) => [name, type]), ['dt', 'date']],
    partitionKeys: ['dt'],
    version: '7'
  })
  t.match(found?.tables.get('claims.claims'), { type: 'table', partitionKeys: [], version: '0' })
  t.match(found?.tables.get('claims.claims')?.columns[3], ['amount', 'decimal(12,2)'])
  const everybody = glueCatalogs({ ...settings, credentials: async () => sandbox.keys.admin })
  t.equal(value(await everybody.tables(place, at))?.tables.size, 232)
  t.equal(listed(), 7)
  const absent = await everybody.tables({ ...place, databases: ['nope', 'payments'] }, at)
  t.same([...(value(absent)?.tables.keys() ?? [])], ['payments.payments'], 'no database, no table')
  everybody.close()
  const elsewhere = await catalogs.tables({ ...place, databases: ['claims', 'secrets'] }, at)
  t.match(elsewhere, { ok: false, kind: 'denied', action: 'glue:GetTables' }, 'never a part')
  for (const name of more) claims.tables.delete(name)
})

t.test('a catalog that does not end, or breaks off, is an error and never a part', async (t) => {
  let page = nothing
  let asked = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const [status, body] = page(asked++)
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(body))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as AddressInfo
  const broken = glueCatalogs({ ...settings, endpoint: `http://127.0.0.1:${port}` })
  t.teardown(() => {
    broken.close()
    server.close()
  })
  const column = { Name: 'ssn', Type: 'string' }
  const one = [table('customers', column)]
  const incomplete = { ok: false, kind: 'unavailable', name: 'IncompleteAnswer' }
  page = () => [200, { TableList: one, NextToken: 'again' }]
  t.match(await broken.tables(place, at), incomplete, 'the same token twice')
  t.equal(asked, 2)
  page = (n) => [200, { TableList: one, NextToken: `page ${n}` }]
  t.match(await broken.tables(place, at), incomplete, 'always another token')
  t.equal(asked, 202)
  page = (n) =>
    n === 202
      ? [200, { TableList: one, NextToken: 'next' }]
      : [400, { __type: 'AccessDeniedException', message: 'no' }]
  t.match(await broken.tables(place, at), { ok: false, kind: 'denied' })
  page = () => [400, { __type: 'GlueEncryptionException', message: 'no' }]
  t.match(await broken.tables(place, at), { ok: false, kind: 'invalid' })
  const odd = [table('nameless', column, { Type: 'int' }), table('typeless', { Name: 'n' })]
  page = () => [200, { TableList: [...one, ...odd, { Name: 'bare' }] }]
  const found = value(await broken.tables(place, at))
  t.same([...(found?.tables.keys() ?? [])], ['claims.customers', 'claims.bare'])
  const bare = { type: 'table', columns: [], partitionKeys: [], version: null }
  t.strictSame(found?.tables.get('claims.bare'), bare)
  page = nothing
  t.equal(value(await broken.tables(place, at))?.tables.size, 0)
})

t.test('every error has its kind, and nothing of it but name and request id goes on', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['AccessDenied', 'denied'], ['AccessDeniedException', 'denied'], ['ExpiredTokenException', 'denied'],
    ['PackedPolicyTooLarge', 'too_large'], ['PackedPolicyTooLargeException', 'too_large'],
    ['MalformedPolicyDocument', 'invalid'], ['ValidationError', 'invalid'], ['InvalidArnException', 'invalid'],
    ['NotFoundException', 'not_found'], ['NoSuchEntityException', 'not_found'],
    ['EntityNotFoundException', 'not_found'], ['InvalidInputException', 'invalid'],
    ['ThrottlingException', 'throttled'], ['TimeoutError', 'unavailable'], ['Whatever', 'unavailable']
  ]
  for (const [name, kind] of rows) {
    const error = Object.assign(new Error('CANARY token=abc'), { name, $metadata: { requestId: 'r1' }, $response: 'CANARY' })
    const answer = await ask('sts:AssumeRole', () => Promise.reject(error))
    t.same(answer, { ok: false, action: 'sts:AssumeRole', kind, name, requestId: 'r1' })
    t.notMatch(inspect(answer, { depth: 9 }), 'CANARY')
  }
})

t.test('an AWS that cannot be reached is an answer, not an exception', async (t) => {
  const closed = createServer((request) => request.destroy()).listen(0, '127.0.0.1')
  await new Promise((done) => closed.once('listening', done))
  const address = closed.address()
  const endpoint = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const lost = kmsGrants({ ...settings, endpoint })
  const blind = glueCatalogs({ ...settings, endpoint })
  t.match(await blind.tables(place, at), { ok: false, kind: 'unavailable' })
  blind.close()
  t.match(await lost.create(parameters(3)), { ok: false, kind: 'unavailable' })
  lost.close()
  closed.close()
})
