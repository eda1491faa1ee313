/**
 * Brokered queries over the real wire: HTTP API, broker, the AWS SDK, and a sandbox that runs them
 * under the session's own rights.
 */
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Answer, objectOf, text } from '../src/cli/api.ts'
import { startLive } from './fixtures-live.ts'

const s = await startLive(t)
const ask = {
  target: 'payments-pii',
  duration: '10m',
  reason: 'duplicate payments to one account',
  ticket: 'CLM-4711'
}
const good = 'SELECT payment_id, method FROM payments.payments ORDER BY payment_id LIMIT 2000'

const body = (answer: Answer): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${text(answer.problem['code'])}: ${text(answer.problem['detail'])}`)
  return answer.body
}

const approved = async (): Promise<string> => {
  const alice = await s.as('alice')
  const path = `/v1/elevations/${text(body(await alice.post('/v1/elevations', ask))['id'])}`
  for (const approver of ['bob', 'carol', 'sam', 'dave', 'erin']) {
    await (await s.as(approver)).post(`${path}/approve`)
    if (body(await alice.get(path))['state'] === 'approved') return path
  }
  throw new Error('nobody approved it')
}

const over = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const alice = await s.as('alice')
  for (;;) {
    const now = body(await alice.get(path))
    if (!['queued', 'running'].includes(text(now['state']))) return now
    await wait(20)
  }
}

const path = await approved()

t.test('an honest query runs as itself, and its rows are its requester’s', async (t) => {
  const alice = await s.as('alice')
  const started = body(await alice.post(`${path}/queries`, { sql: good }))
  const query = `${path}/queries/${text(started['id'])}`
  const ended = await over(query)
  t.match(ended, { state: 'succeeded', failure: null })
  t.ok(Number(ended['bytesScanned']) > 0)
  const [run, ...more] = [...s.sandbox.world.athena.executions.values()]
  t.same(more, [])
  t.match(run, { query: good, database: 'payments', workGroup: 'payments-pii' })
  const rows: unknown[] = []
  let cursor: string | null = null
  do {
    const page: Readonly<Record<string, unknown>> = body(
      await alice.get(`${query}/results?limit=7${cursor === null ? '' : `&cursor=${cursor}`}`)
    )
    t.match(page['columns'], [{ name: 'payment_id' }, { name: 'method', type: 'varchar' }])
    rows.push(...(Array.isArray(page['rows']) ? page['rows'] : []))
    cursor = page['next'] === null ? null : text(page['next'])
  } while (cursor !== null)
  t.ok(rows.length > 14)
  t.equal(new Set(rows.map((row) => JSON.stringify(row))).size, rows.length)
  t.notOk(JSON.stringify(rows).includes('payment_id'), 'the names are no row')
  t.match(body(await alice.get(query)), { rows: rows.length })
  const { entries } = body(await (await s.as('erin')).get('/v1/ledger/entries?limit=1000'))
  const last = (Array.isArray(entries) ? entries : []).find((entry) => entry.body.type === 'query.ended')
  t.match(last, { body: { data: { rows: rows.length, bytesScanned: ended['bytesScanned'] } } })
  for (const other of ['bob', 'erin', 'sam']) {
    t.match(await (await s.as(other)).get(`${query}/results?limit=1`), { problem: { status: 404 } })
  }
  t.match(await alice.post(`${path}/credentials`), { problem: { code: 'brokered_mode' } })
  s.advance(120)
  t.match(await over(`${path}/queries/${text(body(await alice.post(`${path}/queries`, { sql: good }))['id'])}`), {
    state: 'succeeded'
  })
})

t.test('a star and a renamed column are refused, and Athena never hears of them', async (t) => {
  const alice = await s.as('alice')
  const before = s.sandbox.world.athena.executions.size
  for (const [sql, code] of [
    ['SELECT * FROM payments.payments LIMIT 10', 'STAR'],
    ['SELECT a AS b FROM (SELECT account_last4 AS a FROM payments.payments) LIMIT 10', 'COLUMN_DENIED']
  ]) {
    const answer = await alice.post(`${path}/queries`, { sql })
    t.match(answer, { ok: false, problem: { code: 'query_refused', status: 422 } })
    const refusals = answer.ok ? [] : answer.problem['refusals']
    const codes = (Array.isArray(refusals) ? refusals : []).map((one: unknown) => objectOf(one)['code'])
    t.ok(codes.includes(code), `${sql}: ${codes.join()}`)
  }
  t.equal(s.sandbox.world.athena.executions.size, before)
})

t.test('the end of the window stops what runs', async (t) => {
  const alice = await s.as('alice')
  const four = ['a', 'b', 'c', 'd'].map((name) => `JOIN payments.payments ${name} ON p.method <> ${name}.payment_id`)
  const endless = `SELECT count(*) AS n FROM payments.payments p ${four.join(' ')} LIMIT 1`
  const started = body(await alice.post(`${path}/queries`, { sql: endless }))
  const last = () => [...s.sandbox.world.athena.executions.values()].at(-1)
  const objects = s.sandbox.world.s3.buckets.get('acme-payments')?.objects ?? new Map()
  const payments = [...objects].filter(([key]) => key.startsWith('curated/payments/'))
  const bytes = payments.reduce((sum, [, object]) => sum + object.size, 0)
  t.ok(bytes > 0)
  // past the last hop: from here on only the engine works, until somebody stops it
  while ((last()?.scannedBytes ?? 0) < bytes) await wait(5)
  body(await alice.post(`${path}/end`))
  t.match(await over(`${path}/queries/${text(started['id'])}`), { state: 'cancelled' })
  t.equal(last()?.state, 'CANCELLED')
})
