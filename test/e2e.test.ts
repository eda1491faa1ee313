/**
 * The whole way over the real wire: HTTP API, broker, SQLite, the AWS SDK, and a sandbox that says
 * no. One clock, moved by hand, drives the broker and the sandbox alike.
 */
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Answer, objectOf, text } from '../src/cli/api.ts'
import { type AwsLogin, decrypt as decryptAs, query as queryAs } from '../src/cli/demo-analyst.ts'
import { startLive } from './fixtures-live.ts'

const ask = {
  target: 'claims-pii',
  duration: '4m',
  reason: 'suspected fraud ring in Hamburg',
  ticket: 'CLM-4711',
  tables: ['claims.customers']
}
const sql = 'SELECT count(*) AS n FROM claims.customers'

const body = (answer: Answer): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${text(answer.problem['code'])}: ${text(answer.problem['detail'])}`)
  return answer.body
}

const s = await startLive(t)

/** Moves the clock on until the worker has ended it. */
const ended = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const erin = await s.as('erin')
  for (let n = 1; n < 2000; n++) {
    const now = body(await erin.get(path))
    if (['ended', 'failed'].includes(text(now['state']))) return now
    await wait(20)
    if (n % 10 === 0) s.advance(30)
  }
  throw new Error('it never ended')
}

const query = (login: AwsLogin, workgroup: string, text: string) =>
  queryAs({ ...login, systemClockOffset: s.moved() }, workgroup, text)
const grantsOf = (path: string): number =>
  [...s.sandbox.world.grants.values()].filter(({ name }) => name?.includes(path.slice(-26))).length

const issue = async (by = 'alice'): Promise<{ readonly path: string; readonly login: AwsLogin }> => {
  const analyst = await s.as(by)
  const path = `/v1/elevations/${text(body(await analyst.post('/v1/elevations', ask))['id'])}`
  body(await (await s.as('bob')).post(`${path}/approve`))
  const vended = body(await analyst.post(`${path}/credentials`))
  const { endpoint, region } = s.sandbox
  return {
    path,
    login: {
      endpoint,
      region,
      credentials: {
        accessKeyId: text(vended['AccessKeyId']),
        secretAccessKey: text(vended['SecretAccessKey']),
        sessionToken: text(vended['SessionToken'])
      }
    }
  }
}

t.test('the session reads its table until the window ends, and AWS itself ends it', async (t) => {
  const { path, login } = await issue()
  t.match(await query(login, 'claims-pii', sql), { ok: true })
  t.equal(grantsOf(path), 2)
  s.advance(241)
  t.match(await query(login, 'claims-pii', sql), { ok: false, refused: 'AccessDeniedException' })
  t.match(await ended(path), { state: 'ended', how: 'expired' })
  t.equal(grantsOf(path), 0)
})

t.test('an early end denies the session on its role before the window is over', async (t) => {
  const { path, login } = await issue()
  const other = await issue('dave')
  t.match(await query(login, 'claims-pii', sql), { ok: true })
  body(await (await s.as('alice')).post(`${path}/end`))
  const denied = () => s.sandbox.world.events.all().some((event) => event.eventName === 'PutRolePolicy')
  while (!denied()) await wait(5)
  t.match(await query(login, 'claims-pii', sql), { ok: false, refused: 'AccessDeniedException' })
  t.match(await query(other.login, 'claims-pii', sql), { ok: true }, 'another session of the role lives on')
  t.match(await ended(path), { state: 'ended', how: 'released' })
  body(await (await s.as('dave')).post(`${other.path}/end`))
  t.match(await ended(other.path), { state: 'ended', how: 'released' })
})

/** Entries of an elevation, oldest first, as its auditor reads them. */
const entriesOf = async (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const erin = await s.as('erin')
  const { ledger } = body(await erin.get(path))
  const indexes = new Set(Array.isArray(ledger) ? ledger : [])
  const { entries } = body(await erin.get('/v1/ledger/entries?from=0&limit=1000'))
  const all = Array.isArray(entries) ? entries.map(objectOf) : []
  return all.filter(({ index }) => indexes.has(index)).map((entry) => objectOf(entry['body']))
}

t.test('the ledger says when AWS itself refused the session, with credentials nobody was given', async (t) => {
  const { path, login } = await issue()
  const before = s.sandbox.world.sessions.size
  body(await (await s.as('alice')).post(`${path}/end`))
  const erin = await s.as('erin')
  // by the clock as it is: how long the refusal took is part of the entry
  while (text(body(await erin.get(path))['deniedAt'] ?? '') === '') await wait(20)
  t.match(await ended(path), { state: 'ended', how: 'released' })
  const entries = await entriesOf(path)
  const types = entries.map(({ type }) => text(type))
  const seen = objectOf(entries.find(({ type }) => type === 'session.denied')?.['data'])
  t.strictSame(types.slice(-4), ['elevation.ending', 'access.removed', 'session.denied', 'elevation.ended'])
  t.match(seen, { how: 'released', accessKeyId: /^ASIA/ })
  t.ok(Number(seen['milliseconds']) < 30_000, `${text(seen['milliseconds'])} ms`)
  t.not(seen['accessKeyId'], login.credentials.accessKeyId)
  t.equal(s.sandbox.world.sessions.size, before + 1)
  const tried = s.sandbox.world.events.all().filter(({ userIdentity }) => JSON.stringify(userIdentity).includes(text(seen['accessKeyId'])))
  t.ok(tried.length >= 2)
  t.ok(tried.every(({ eventName }) => eventName === 'GetWorkGroup' || eventName === 'GetDatabase'), 'it read nothing')
})

// abuse 131
t.test('abuse 131: a lock on the target ends its sessions, and nothing is issued until it is lifted', async (t) => {
  const [hers, his] = [await issue(), await issue('dave')]
  const sam = await s.as('sam')
  const what = { target: 'claims-pii', reason: 'suspected break-in' }
  t.match(await (await s.as('oscar')).post('/v1/locks', what), { ok: true, body: { isNew: true } })
  const refused = await (await s.as('alice')).post('/v1/elevations', ask)
  t.match(refused, { ok: false, exit: 1, problem: { status: 423, code: 'locked', detail: /Security lifts it/ } })
  t.match(await (await s.as('alice')).post(`${hers.path}/credentials`), { ok: false, problem: { code: /locked|ended/ } })
  for (const { path, login } of [hers, his]) {
    t.match(await ended(path), { state: 'ended', how: 'revoked' })
    t.match(await query(login, 'claims-pii', sql), { ok: false, refused: 'AccessDeniedException' })
    t.equal(grantsOf(path), 0)
  }
  t.match(await sam.delete('/v1/locks', what), { ok: true })
  const again = await issue()
  t.match(await query(again.login, 'claims-pii', sql), { ok: true })
  body(await (await s.as('alice')).post(`${again.path}/end`))
  await ended(again.path)
})

t.test('a session of one target reaches nothing of another', async (t) => {
  const { path, login } = await issue()
  t.match(await query(login, 'payments-pii', 'SELECT 1'), { ok: false, refused: 'AccessDeniedException' })
  t.match(await query(login, 'legacy-reports', 'SELECT 1'), { ok: false, refused: 'AccessDeniedException' })
  t.match(await query(login, 'claims-pii', 'SELECT * FROM claims.claims'), { ok: false, refused: 'FAILED' })
  t.match(await query(login, 'claims-pii', 'SELECT * FROM payments.payments'), { ok: false, refused: 'FAILED' })
  const [object] = s.sandbox.world.s3.buckets.get('acme-claims')?.objects.values() ?? []
  const ciphertext = object?.wrappedKey ?? Buffer.alloc(0)
  for (const context of [{}, { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' }]) {
    t.match(await decryptAs({ ...login, systemClockOffset: s.moved() }, { ciphertext, context }), { ok: false, refused: 'AccessDeniedException' })
  }
  body(await (await s.as('alice')).post(`${path}/end`))
  await ended(path)
})

t.test('a running query is stopped when the window ends', async (t) => {
  const { path, login } = await issue()
  const four = ['a', 'b', 'c', 'd'].map((name) => `claims.customers ${name}`).join(', ')
  // no join by order, which the engine would sort in memory until it has none left
  const endless = `SELECT count(*) FROM ${four} WHERE length(a.full_name || b.email || c.city || d.full_name) = 0`
  const { executions } = s.sandbox.world.athena
  const before = executions.size
  const running = query(login, 'claims-pii', endless)
  const last = () => (executions.size > before ? [...executions.values()].at(-1) : undefined)
  const objects = s.sandbox.world.s3.buckets.get('acme-claims')?.objects ?? new Map()
  const customers = [...objects].filter(([key]) => key.startsWith('curated/customers/'))
  const bytes = customers.reduce((sum, [, object]) => sum + object.size, 0)
  t.ok(bytes > 0)
  // past the last hop: from here on only the engine works, until somebody stops it
  while ((last()?.scannedBytes ?? 0) < bytes) {
    await wait(5)
  }
  s.advance(241)
  await ended(path)
  t.equal(last()?.state, 'CANCELLED')
  t.match(await running, { ok: false })
})

t.test('when AWS refuses, nothing is delivered and nothing stays', async (t) => {
  const alice = await s.as('alice')
  const path = `/v1/elevations/${text(body(await alice.post('/v1/elevations', ask))['id'])}`
  body(await (await s.as('bob')).post(`${path}/approve`))
  const [first] = s.sandbox.world.keys.values()
  for (const key of s.sandbox.world.keys.values()) if (key !== first) key.state = 'Disabled'
  const answer = await alice.post(`${path}/credentials`)
  t.match(answer, { ok: false, problem: { code: 'aws_refused', status: 502 } })
  for (const key of s.sandbox.world.keys.values()) key.state = 'Enabled'
  t.match(await ended(path), { state: 'failed' })
  t.equal(grantsOf(path), 0)
})
