/** Two whole brokers on one PostgreSQL and one sandbox: whatever is asked of both is done once. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { type Answer, api, objectOf, text } from '../src/cli/api.ts'
import { readConfig } from '../src/config.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { parseNote, parseVerifierKey } from '../src/ledger/note.ts'
import { type Running, startBroker } from '../src/main.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { findPostgres, startCluster, withoutPostgres } from './fixtures-postgres.ts'
import { shippedPolicies } from './place.ts'

const body = (answer: Answer): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${text(answer.problem['code'])}: ${text(answer.problem['detail'])}`)
  return answer.body
}

const twoBrokers = async (t: Test, bin: string): Promise<void> => {
  const cluster = await startCluster(bin)
  t.teardown(cluster.stop)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-two-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  t.teardown(() => sandbox.close())
  const database = await cluster.empty()
  const told: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void told.push(line) })
  const start = async (): Promise<Running> => {
    const read = readConfig({
      SALLYPORT_PORT: '0',
      SALLYPORT_OPS_PORT: '0',
      SALLYPORT_DATABASE_URL: cluster.url(database),
      SALLYPORT_DATABASE_OWNER_URL: cluster.url(database, 'owner'),
      SALLYPORT_DATA_DIR: join(folder, 'data'),
      SALLYPORT_POLICIES: shippedPolicies,
      SALLYPORT_OIDC_ISSUER: sandbox.issuer,
      AWS_ENDPOINT_URL: sandbox.endpoint,
      SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`
    })
    if (!read.ok) throw new Error(read.problems.join('; '))
    const broker = await startBroker(read.config, {
      logger,
      aws: { credentials: async () => sandbox.keys.broker },
      limits: { perPerson: 1_000_000, perAddress: 1_000_000 },
      timing: { leaseSeconds: 5, settleSeconds: 1 }
    })
    t.teardown(() => broker.close())
    return broker
  }
  // at once, on a database without tables
  const brokers = await Promise.all([start(), start()])
  const tokens = new Map<string, string>()
  const as = async (person: string, at: number) => {
    const known = tokens.get(person)
    const fetched = known ?? text(objectOf(await (await fetch(`${sandbox.issuer}/token`, { method: 'POST', body: new URLSearchParams({ person }) })).json())['access_token'])
    tokens.set(person, fetched)
    return api({ SALLYPORT_URL: brokers[at % 2]?.url ?? '', SALLYPORT_TOKEN: fetched })
  }
  const grantsOf = (id: string): number =>
    [...sandbox.world.grants.values()].filter(({ name }) => name?.includes(id)).length

  const ask = { target: 'claims-pii', duration: '4m', reason: 'suspected fraud ring', ticket: 'CLM-4711', tables: ['claims.customers'] }

  await t.test('what one was asked the other approves, and both start it once', async (t) => {
    for (let n = 0; n < 4; n++) {
      const id = text(body(await (await as('alice', n)).post('/v1/elevations', ask))['id'])
      body(await (await as('bob', n + 1)).post(`/v1/elevations/${id}/approve`))
      const both = await Promise.all(
        [0, 1].map(async (at) => (await as('alice', at)).post(`/v1/elevations/${id}/activate`))
      )
      t.equal(both.filter(({ ok }) => ok).length, 1, 'one of both')
      t.equal(grantsOf(id), 2)
      body(await (await as('alice', n + 1)).post(`/v1/elevations/${id}/end`))
      const reader = await as('erin', n)
      while (text(body(await reader.get(`/v1/elevations/${id}`))['state']) !== 'ended') await wait(20)
      t.equal(grantsOf(id), 0)
    }
  })

  await t.test('abuse 131: a lock that one sets the other obeys at once, and what is open ends', async (t) => {
    const id = text(body(await (await as('alice', 0)).post('/v1/elevations', ask))['id'])
    body(await (await as('bob', 1)).post(`/v1/elevations/${id}/approve`))
    body(await (await as('alice', 0)).post(`/v1/elevations/${id}/activate`))
    const what = { all: true, reason: 'suspected break-in' }
    const callers = await Promise.all([0, 1].map(async (at) => [await as('alice', at), await as('dave', at)] as const))
    t.match(await (await as('oscar', 0)).post('/v1/locks', what), { ok: true, body: { isNew: true } })
    for (const [alice, dave] of callers) {
      // who holds nothing yet: alice is refused for what she holds, until that has ended
      t.match(await dave.post('/v1/elevations', ask), { ok: false, problem: { code: 'locked' } })
      t.match(await alice.post(`/v1/elevations/${id}/credentials`), { ok: false })
    }
    const reader = await as('erin', 1)
    while (text(body(await reader.get(`/v1/elevations/${id}`))['state']) !== 'ended') await wait(20)
    t.equal(grantsOf(id), 0)
    t.match(body(await reader.get(`/v1/elevations/${id}`)), { how: 'revoked', deniedAt: String })
    t.match(await (await as('sam', 1)).delete('/v1/locks', what), { ok: true })
    const again = text(body(await (await as('alice', 0)).post('/v1/elevations', ask))['id'])
    body(await (await as('alice', 1)).post(`/v1/elevations/${again}/cancel`))
  })

  await t.test('both serve one ledger', async (t) => {
    const [a, b] = await Promise.all([0, 1].map(async (at) => (await as('erin', at)).get('/v1/ledger/entries?limit=1000')))
    t.ok(a?.ok && b?.ok)
    const errors = told.map((line) => objectOf(JSON.parse(line))).filter((line) => Number(line['level']) >= 50)
    // that a commit took long is this machine's; the next try is told by what came of it
    const slow = /^the (?:store|database) did not confirm/
    t.strictSame(errors.filter(({ message }) => !slow.test(text(message))), [])
  })

  await t.test('a key that one changes both sign with from then on', async (t) => {
    const key = text(body(await (await as('oscar', 0)).post('/v1/ledger/rotate-key', { reason: 'yearly' }))['key'])
    const { id } = (await parseVerifierKey(key, nodePrimitives)) ?? {}
    await brokers[0]?.close()
    // it was running before the change, and seals alone now
    const asked = text(body(await (await as('alice', 1)).post('/v1/elevations', ask))['id'])
    body(await (await as('bob', 1)).post(`/v1/elevations/${asked}/approve`))
    body(await (await as('alice', 1)).post(`/v1/elevations/${asked}/cancel`))
    const signed = await (await as('erin', 1)).bytes('/v1/ledger/checkpoint')
    const note = signed.ok ? parseNote(signed.bytes) : null
    t.strictSame(note?.signatures.map((one) => one.id), [id])
    brokers[0] = await start()
  })

  await t.test('the one that is left goes on', async (t) => {
    await brokers[1]?.close()
    const id = text(body(await (await as('alice', 0)).post('/v1/elevations', ask))['id'])
    t.match(body(await (await as('bob', 0)).post(`/v1/elevations/${id}/approve`)), { state: 'approved' })
  })
}

const bin = findPostgres()
if (bin === null) withoutPostgres('two brokers on one database')
else t.test('two brokers', { timeout: 240_000 }, (t) => twoBrokers(t, bin))
