/** The adapters over the real SDK against the sandbox, and how every error becomes an answer. */
import { createServer } from 'node:http'
import { inspect } from 'node:util'
import t from 'tap'
import { ask } from '../src/aws/answer.ts'
import { kmsGrants } from '../src/aws/grants.ts'
import { athenaQueries } from '../src/aws/queries.ts'
import { stsSessions } from '../src/aws/sessions.ts'
import { instant } from '../src/elevation/ids.ts'
import type { CreateGrantParameters } from '../src/iam/create-grant.ts'
import { startSandbox } from '../src/sandbox/main.ts'

const sandbox = await startSandbox({ clockControl: false, seed: true })
const settings = { endpoint: sandbox.endpoint, credentials: async () => sandbox.keys.broker }
const grants = kmsGrants(settings)
const sessions = stsSessions(settings)
const queries = athenaQueries(settings)
t.teardown(async () => {
  for (const port of [grants, sessions, queries]) port.close()
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
  const deny = () => sandbox.world.roles.get('sallyport-claims')?.policies.get('SallyportEndedSessions')
  const where = { roleArn: role, region: 'eu-west-1' }
  const ids = ['AROAEXAMPLE000000001:jit-1', 'AROAEXAMPLE000000001:jit-2']
  t.match(await sessions.denyEnded(where, ids), { ok: true })
  for (const id of ids) t.match(deny()?.text, id)
  t.match(await sessions.denyEnded(where, ids.slice(1)), { ok: true })
  t.notMatch(deny()?.text, 'jit-1"')
  t.match(await sessions.denyEnded(where, ['*']), { ok: false, kind: 'invalid' })
  t.match(await sessions.denyEnded(where, []), { ok: true })
  t.equal(deny(), undefined)
  t.match(await sessions.denyEnded(where, []), { ok: true }, 'nothing to remove is removed')
})

t.test('a workgroup without running queries has none to stop', async (t) => {
  const workgroup = { region: 'eu-west-1', name: 'claims-pii' }
  t.same(await queries.stopSince(workgroup, instant(Date.now())), { ok: true, value: [] })
  const unknown = await queries.stopSince({ ...workgroup, name: 'nope' }, instant(Date.now()))
  t.match(unknown, { ok: false, action: 'athena:ListQueryExecutions' })
})

t.test('every error has its kind, and nothing of it but name and request id goes on', async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['AccessDenied', 'denied'], ['AccessDeniedException', 'denied'], ['ExpiredTokenException', 'denied'],
    ['PackedPolicyTooLarge', 'too_large'], ['PackedPolicyTooLargeException', 'too_large'],
    ['MalformedPolicyDocument', 'invalid'], ['ValidationError', 'invalid'], ['InvalidArnException', 'invalid'],
    ['NotFoundException', 'not_found'], ['NoSuchEntityException', 'not_found'],
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
  t.match(await lost.create(parameters(3)), { ok: false, kind: 'unavailable' })
  lost.close()
  closed.close()
})
