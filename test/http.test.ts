/** The HTTP edge without a socket: what each route takes, answers and refuses. */
import { request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import helmet from '@fastify/helmet'
import fc from 'fast-check'
import fastify, { type InjectOptions } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { problemKinds } from '../src/broker/refusals.ts'
import { accept, refuse } from '../src/elevation/refusal.ts'
import { type Limits, buildApp } from '../src/http/app.ts'
import type { Auth } from '../src/http/auth.ts'
import { securityHeaders } from '../src/http/headers.ts'
import { readJson } from '../src/http/json-body.ts'
import { queryBodyBytes } from '../src/http/query-documents.ts'
import { csvLines, jsonLines } from '../src/http/row-lines.ts'
import { buildOps } from '../src/http/ops.ts'
import { memoryAudit } from './fakes/memory-audit.ts'
import { memoryPosture } from './fakes/memory-posture.ts'
import { canary, handClock, memoryBroker } from './fakes/memory-broker.ts'
import { memoryRows } from './fakes/memory-queries.ts'

const ask = { target: 'claims-pii', duration: '2h', reason: 'claim 4711 looks forged' }
const absentId = '01JD0000000000000000000999'

/** `Bearer NAME` is NAME here; tokens have their own file. */
const byName: Auth = async (authorization) => {
  const name = /^Bearer ([a-z-]+)$/.exec(authorization ?? '')?.[1]
  if (name === 'idp-down') {
    return { ok: false, code: 'idp_unavailable', cause: new Error('down') }
  }
  return name === undefined
    ? { ok: false, code: 'unauthenticated', error: null, detail: 'Send a bearer token.' }
    : { ok: true, subject: name, signIn: { authAt: null, acr: null, amr: [] } }
}

const start = async (t: Test, limits?: Partial<Limits>) => {
  const clock = handClock()
  const memory = memoryBroker(clock.now)
  const { audit, asked: audited } = memoryAudit()
  const { posture, reconciling, asked: watched } = memoryPosture()
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  let requests = 0
  const app = await buildApp({
    broker: memory.broker,
    audit,
    posture,
    reconciling,
    auth: byName,
    logger,
    requestId: () => `request-${++requests}`,
    ...(limits ? { limits } : {})
  })
  t.teardown(() => app.close())
  const as = (who: string, method: 'GET' | 'POST' | 'DELETE', url: string, more: InjectOptions = {}) =>
    app.inject({
      method,
      url,
      ...more,
      headers: { authorization: `Bearer ${who}`, ...more.headers }
    })
  const asked = async (): Promise<string> => {
    const answer = await as('alice', 'POST', '/v1/elevations', { payload: ask })
    return String(answer.json().id)
  }
  return { ...memory, app, as, asked, audited, watched, clock, lines }
}

const idsOf = (page: { elevations: { id: string }[] }) => page.elevations.map(({ id }) => id)
const json: Readonly<Record<string, string>> = { 'content-type': 'application/json' }

t.test('an elevation is asked for, approved, used; the document has every member', async (t) => {
  const { as, clock } = await start(t)
  const made = await as('alice', 'POST', '/v1/elevations', { payload: { ...ask, ticket: 'CLM-1' } })
  t.equal(made.statusCode, 201)
  const { id } = made.json()
  t.equal(made.headers['location'], `/v1/elevations/${id}`)
  t.strictSame(made.json(), {
    id,
    state: 'pending',
    how: null,
    reasons: [],
    target: 'claims-pii',
    requester: 'alice',
    mode: 'credentials',
    rule: 'claims-investigation',
    duration: 7200,
    reason: ask.reason,
    ticket: 'CLM-1',
    tables: ['claims.customers'],
    columns: null,
    query: null,
    breakGlass: false,
    startAt: null,
    extends: null,
    chain: null,
    digest: 'sha256:ask',
    approvals: [],
    createdAt: '2026-11-21T10:00:00.000Z',
    decideBy: '2026-11-21T12:00:00.000Z',
    decidedAt: null,
    activateBy: null,
    notAfter: null,
    stuckSince: null,
    deniedAt: null,
    policyDigest: 'sha256:policy',
    ledger: [1]
  })
  clock.move(60_000)
  const payload = { digest: 'sha256:ask' }
  const approved = await as('bob', 'POST', `/v1/elevations/${id}/approve`, { payload })
  t.equal(approved.statusCode, 200)
  t.match(approved.json(), {
    state: 'approved',
    approvals: [{ by: 'bob', at: '2026-11-21T10:01:00.000Z' }],
    decidedAt: '2026-11-21T10:01:00.000Z',
    activateBy: '2026-11-21T11:01:00.000Z',
    decideBy: null
  })
  const active = await as('alice', 'POST', `/v1/elevations/${id}/activate`)
  t.match(active.json(), { state: 'active', notAfter: '2026-11-21T12:01:00.000Z' })
  t.notMatch(active.body, /AccessKey|session/i)
  const read = await as('alice', 'GET', `/v1/elevations/${id}`)
  t.match(read.json(), { id, state: 'active' })
  t.equal(read.headers['cache-control'], 'no-store')
})

t.test('a start is asked for as an instant, and an extension by its origin alone', async (t) => {
  const { as, asked, ran, attempts } = await start(t)
  const startAt = '2026-11-22T08:00:00.000Z'
  const planned = await as('alice', 'POST', '/v1/elevations', { payload: { ...ask, startAt } })
  t.match(planned.json(), { state: 'pending', startAt, extends: null, chain: null })
  const headers = { 'idempotency-key': 'start' }
  const first = await as('alice', 'POST', '/v1/elevations', { payload: { ...ask, startAt }, headers })
  t.equal(first.statusCode, 201)
  const other = await as('alice', 'POST', '/v1/elevations', { payload: ask, headers })
  t.equal(other.json().code, 'idempotency_mismatch', 'another start is another ask')

  const id = await asked()
  const payload = { duration: '1h', reason: 'more to look at', ticket: 'CLM-2' }
  const extend = (by: string, more: object = {}, of = id) =>
    as(by, 'POST', `/v1/elevations/${of}/extend`, { payload, ...more })
  t.equal((await extend('alice')).json().code, 'not_active')
  await as('bob', 'POST', `/v1/elevations/${id}/approve`, { payload: {} })
  await as('alice', 'POST', `/v1/elevations/${id}/activate`)
  const key = { headers: { 'idempotency-key': 'more' } }
  const made = await extend('alice', key)
  t.equal(made.statusCode, 201)
  t.match(made.json(), { state: 'pending', extends: id, chain: { place: 2, secondsBefore: 7200 }, reason: payload.reason })
  t.equal(made.headers['location'], `/v1/elevations/${made.json().id}`)
  const again = await extend('alice', key)
  t.strictSame([again.statusCode, again.headers['idempotent-replay'], again.json().id], [200, 'true', made.json().id])
  const changed = await extend('alice', { ...key, payload: { ...payload, duration: '2h' } })
  t.equal(changed.json().code, 'idempotency_mismatch')
  t.equal((await extend('bob')).json().code, 'unknown_elevation', 'it is the requester’s alone')
  ran.length = 0
  attempts.length = 0
  for (const more of [{ target: 'payments-pii' }, { tables: ['a.b'] }, { sql: 'select 1' }, { startAt }, { breakGlass: true }, { extends: id }]) {
    const answer = await extend('alice', { payload: { ...payload, ...more } })
    t.equal(answer.json().code, 'invalid_body', Object.keys(more).join())
  }
  t.strictSame(ran, [], 'what it goes on from is nobody’s to say')
  t.equal(attempts.length, 6)
})

t.test('credentials are a credential_process document, never cached or repeated', async (t) => {
  const { as, asked, lines } = await start(t)
  const id = await asked()
  await as('bob', 'POST', `/v1/elevations/${id}/approve`)
  const headers = { 'idempotency-key': 'same' }
  const first = await as('alice', 'POST', `/v1/elevations/${id}/credentials`, { headers })
  t.equal(first.statusCode, 200)
  t.equal(first.headers['cache-control'], 'no-store')
  t.match(first.json(), {
    Version: 1,
    AccessKeyId: /^ASIAEXAMPLE/,
    SecretAccessKey: canary,
    SessionToken: `${canary}-token`,
    Expiration: '2026-11-21T12:00:00.000Z',
    notAfter: '2026-11-21T12:00:00.000Z'
  })
  const second = await as('alice', 'POST', `/v1/elevations/${id}/credentials`, { headers })
  t.not(second.json().AccessKeyId, first.json().AccessKeyId)
  t.equal((await as('alice', 'GET', `/v1/elevations/${id}/credentials`)).statusCode, 404)
  t.equal((await as('bob', 'POST', `/v1/elevations/${id}/credentials`)).statusCode, 404)
  t.notMatch(lines.join(''), canary)
})

t.test('an idempotency key belongs to one person and one ask', async (t) => {
  const { as, clock, attempts } = await start(t)
  const send = (who: string, payload: object, key = 'k 1') =>
    as(who, 'POST', '/v1/elevations', { payload, headers: { 'idempotency-key': key } })
  const first = await send('alice', ask)
  t.equal(first.statusCode, 201)
  t.notOk(first.headers['idempotent-replay'])
  clock.move(1000)
  const { reason, duration, target } = ask
  const again = await send('alice', { reason, duration, target })
  t.equal(again.statusCode, 200)
  t.equal(again.headers['idempotent-replay'], 'true')
  t.equal(again.json().id, first.json().id)
  const other = await send('alice', { ...ask, duration: '3h' })
  t.match(other.json(), { status: 422, code: 'idempotency_mismatch' })
  const bobs = await send('bob', ask)
  t.equal(bobs.statusCode, 201)
  t.not(bobs.json().id, first.json().id)
  for (const key of ['x'.repeat(129), 'k\u00e9']) {
    t.match((await send('alice', ask, key)).json(), { status: 400, code: 'invalid_request' })
  }
  t.strictSame(attempts.map(({ code }) => code), [
    'idempotency_mismatch',
    'invalid_request',
    'invalid_request'
  ])
})

t.test('a list is newest first, by state, mine, in pages', async (t) => {
  const { as, asked } = await start(t)
  const ids = [await asked(), await asked(), await asked()].toReversed()
  const list = async (query: string, who = 'alice') =>
    (await as(who, 'GET', `/v1/elevations${query}`)).json()
  t.strictSame(idsOf(await list('')), ids)
  const page = await list('?limit=2&mine=true&state=pending&state=active')
  t.strictSame(idsOf(page), ids.slice(0, 2))
  t.equal(page.next, ids[1])
  t.match(await list(`?limit=2&before=${page.next}`), { elevations: [{ id: ids[2] }], next: null })
  t.strictSame(idsOf(await list('?state=active')), [])
  t.strictSame(idsOf(await list('?mine=true', 'bob')), [])
  t.strictSame(idsOf(await list('', 'eve')), [])
  const wrong = ['state=no', 'limit=0', 'limit=201', 'limit=1e2', 'mine=1', 'x=1', 'before=1']
  for (const bad of wrong) {
    t.match(await list(`?${bad}`), { status: 400, code: 'invalid_request' }, bad)
  }
})

t.test('targets, preview and the ledger answer in their documents', async (t) => {
  const { as, ran } = await start(t)
  t.match((await as('alice', 'GET', '/v1/targets')).json(), {
    targets: [{ target: 'claims-pii', rules: [{ mode: 'credentials', maxDuration: 14400 }] }]
  })
  const preview = await as('alice', 'POST', '/v1/preview', { payload: ask })
  t.match(preview.json(), { decision: 'needs_approval', quorum: 1, reasons: [{ outcome: 'met' }] })
  const entries = await as('olga', 'GET', '/v1/ledger/entries?from=40&limit=2')
  t.match(entries.json(), {
    entries: [
      {
        index: 40,
        leaf: '07'.repeat(32),
        body: { type: 'elevation.requested', v: 1 },
        openings: { reason: { state: 'erased', value: null, salt: null, erasedBy: 9 } }
      },
      { index: 41 }
    ],
    next: 42
  })
  const [{ bytes }] = entries.json().entries
  t.equal(Buffer.from(bytes, 'base64').toString(), '{"type":"elevation.requested","v":1}')
  t.match((await as('olga', 'GET', '/v1/ledger/entries')).json(), { next: null })
  t.match((await as('alice', 'GET', '/v1/ledger/entries')).json(), { code: 'policy_denied' })
  t.strictSame(ran, ['targets', 'preview', 'entries', 'entries', 'entries'])
})

t.test('entries are found and evidence is taken by auditors, as their documents say', async (t) => {
  const { as, audited } = await start(t)
  const find = (query: string, who = 'olga') => as(who, 'GET', `/v1/ledger/find${query}`)
  const at = '2026-11-21T10:00:00.000Z'
  const found = await find(`?actor=alice&target=claims-pii&type=query.refused&from=${at}&to=${at}&limit=9&after=${at}/12`)
  t.strictSame(found.json(), {
    entries: [
      {
        index: 7,
        bytes: Buffer.from('{"type":"elevation.requested","v":1}').toString('base64'),
        body: { type: 'elevation.requested', v: 1 }
      }
    ],
    next: `${at}/7`,
    size: 9,
    indexed: 8
  })
  t.strictSame(audited, [
    {
      filter: { actor: 'alice', target: 'claims-pii', type: 'query.refused', from: at, to: at },
      page: { after: { at, index: 12 }, limit: 9 }
    }
  ])
  const evidence = (query: string, who = 'olga') => as(who, 'GET', `/v1/ledger/evidence${query}`)
  t.match((await evidence('?elevation=one')).json(), {
    about: { elevation: 'one' },
    elevations: [{ facts: [['state', 'ended']] }],
    entries: [{ openings: { reason: { state: 'erased', by: 8 } } }],
    policies: [{ text: null }]
  })
  t.match((await evidence(`?from=${at}&to=${at}&wholePolicy=true`)).json(), { about: { from: at, to: at } })
  t.match(audited.at(-1), { wholePolicy: true })
  for (const bad of ['?x=1', '?limit=0', '?limit=201', '?from=yesterday', '?after=1', '?actor=']) {
    t.match((await find(bad)).json(), { status: 400, code: 'invalid_request' }, bad)
  }
  for (const bad of ['', `?from=${at}`, `?elevation=one&from=${at}&to=${at}`]) {
    t.match((await evidence(bad)).json(), { status: 422, code: 'invalid_ask' }, bad)
  }
  for (const who of ['alice', 'bob', 'eve']) {
    t.match((await find('', who)).json(), { status: 403, code: 'policy_denied' })
    t.match((await evidence('?elevation=one', who)).json(), { status: 403, code: 'policy_denied' })
  }
  t.equal((await as('nobody', 'GET', '/v1/ledger/find')).statusCode, 403)
})

t.test('the log is served as files, and what is not there is a problem', async (t) => {
  const { as, attempts, ran } = await start(t)
  const texts = { checkpoint: 'checkpoint', key: 'log+0a0b0c0d+AQ==\n', 'proof/3': '3' }
  for (const [path, said] of Object.entries(texts)) {
    const answer = await as('olga', 'GET', `/v1/ledger/${path}`)
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
    t.equal(answer.body, said)
  }
  for (const path of ['tile/0/x001/067', 'tile/entries/000.p/17', 'tile/what/ever']) {
    const answer = await as('olga', 'GET', `/v1/ledger/${path}`)
    t.equal(answer.headers['content-type'], 'application/octet-stream')
    t.equal(answer.body, path, 'the verb judges it, as it was sent')
  }
  t.match((await as('olga', 'GET', '/v1/ledger/proof/7')).json(), { status: 404, code: 'not_found' })
  t.strictSame(attempts, [])
  ran.length = 0
  for (const path of ['tile/0/%300%30', 'tile/', 'tile', 'tile/0/000%00', 'tile//0/000?x=%30']) {
    const answer = await as('olga', 'GET', `/v1/ledger/${path}`)
    if (path.includes('?')) t.equal(answer.body, 'tile//0/000')
    else t.match(answer.json(), { status: 404, code: 'not_found' }, path)
  }
  t.strictSame(ran, ['logFile'])
  for (const path of ['key', 'checkpoint', 'tile/0/000', 'proof/3']) {
    t.match((await as('alice', 'GET', `/v1/ledger/${path}`)).json(), { code: 'policy_denied' })
  }
})

const honest = `SELECT city FROM claims.customers WHERE city = '${canary}'`

t.test('a query is started, looked at, read and stopped', async (t) => {
  const { as, asked, lines, attempts } = await start(t)
  const id = await asked()
  const path = `/v1/elevations/${id}/queries`
  const begin = (sql: string, headers = {}) => as('alice', 'POST', path, { payload: { sql }, headers })
  const started = await begin(honest, { 'idempotency-key': 'k' })
  t.equal(started.statusCode, 202)
  const qid = started.json().id
  t.equal(started.headers['location'], `${path}/${qid}`)
  t.strictSame(started.json(), { id: qid, state: 'running', reads: { 'claims.customers': ['city', 'customer_id'] } })
  const status = {
    id: qid, state: 'succeeded', at: '2026-11-21T10:00:00.000Z', bytesScanned: 1_234_567,
    milliseconds: 890, rows: memoryRows, failure: null
  }
  t.strictSame((await as('alice', 'GET', `${path}/${qid}`)).json(), status)
  t.match((await as('alice', 'POST', `${path}/${qid}/stop`)).json(), { state: 'succeeded' }, 'over is over')

  const later = (await begin('SELECT later')).json().id
  t.match((await as('alice', 'GET', `${path}/${later}`)).json(), { state: 'running', rows: null })
  const early = await as('alice', 'GET', `${path}/${later}/results`)
  t.match(early.json(), { status: 409, code: 'query_not_succeeded' })
  t.match((await as('alice', 'POST', `${path}/${later}/stop`)).json(), { state: 'cancelled' })
  t.match((await as('alice', 'GET', `${path}/${absentId}`)).json(), { status: 404, code: 'unknown_query' })

  attempts.length = 0
  for (const payload of [{}, { sql: 1 }, { sql: honest, x: 1 }, []]) {
    t.match((await as('alice', 'POST', path, { payload })).json(), { status: 400, code: 'invalid_body' })
  }
  t.strictSame(attempts.map(({ verb, elevation }) => [verb, elevation]), Array(4).fill(['query', id]))
  const longest = await begin(`SELECT '${'"'.repeat(262_144 - 9)}'`)
  t.equal(longest.statusCode, 202, 'the longest query, every character of it escaped')
  t.notMatch(lines.join(''), canary)
})

t.test('a refused query has each place in its problem, and a check runs nothing', async (t) => {
  const { as, asked, attempts, ran } = await start(t)
  const id = await asked()
  const sql = 'SELECT ssn FROM claims.customers'
  const refused = await as('alice', 'POST', `/v1/elevations/${id}/queries`, { payload: { sql } })
  t.equal(refused.headers['content-type'], 'application/problem+json')
  const fault = { code: 'COLUMN_DENIED', line: 1, column: 8, offset: 7, length: 3, hint: 'name the columns you need' }
  t.match(refused.json(), {
    status: 422, code: 'query_refused', refusals: [fault], reads: { 'claims.customers': ['ssn'] }
  })
  t.strictSame(attempts, [{ person: 'alice', verb: 'query', elevation: id, code: 'query_refused' }])
  attempts.length = 0
  ran.length = 0
  const check = (payload: object) => as('alice', 'POST', '/v1/check-query', { payload })
  const told = await check({ elevation: id, sql })
  t.match([told.statusCode, told.json()], [200, { decision: 'refuse', refusals: [fault], shape: String }])
  const ofTarget = await check({ target: 'claims-pii', tables: ['claims.customers'], sql: 'SELECT 1' })
  t.match(ofTarget.json(), { decision: 'allow' })
  t.strictSame([ran, attempts], [['checkQuery', 'checkQuery'], []])
  const both = { elevation: id, target: 'claims-pii', sql }
  for (const wrong of [{ sql }, both, { elevation: id, tables: ['a.b'], sql }, { target: 'x' }]) {
    t.match((await check(wrong)).json(), { code: 'invalid_body' })
  }
})

t.test("queries are the requester's alone: for anybody else there is no such elevation", async (t) => {
  const { as, asked } = await start(t)
  const id = await asked()
  const path = `/v1/elevations/${id}/queries`
  const qid = (await as('alice', 'POST', path, { payload: { sql: honest } })).json().id
  const absent = await as('bob', 'GET', `/v1/elevations/${absentId}/queries/${qid}`)
  const { instance: _, ...problem } = absent.json()
  t.match(problem, { status: 404, code: 'unknown_elevation' })
  for (const who of ['bob', 'olga', 'eve']) {
    const answers = [
      await as(who, 'POST', path, { payload: { sql: honest } }),
      await as(who, 'GET', `${path}/${qid}`),
      await as(who, 'GET', `${path}/${qid}/results`),
      await as(who, 'GET', `${path}/${qid}/results`, { headers: { accept: 'text/csv' } }),
      await as(who, 'POST', `${path}/${qid}/stop`)
    ]
    for (const answer of answers) {
      const { instance: __, ...rest } = answer.json()
      t.strictSame(rest, problem, who)
    }
  }
})

t.test('rows come in pages as JSON, or all of them as JSON lines and CSV', async (t) => {
  const { as, asked, ran } = await start(t)
  const id = await asked()
  const path = `/v1/elevations/${id}/queries`
  const qid = (await as('alice', 'POST', path, { payload: { sql: honest } })).json().id
  const read = (more: string, accept = '*/*') =>
    as('alice', 'GET', `${path}/${qid}/results${more}`, { headers: { accept } })
  const page = (await read('?limit=4')).json()
  t.strictSame(page, {
    columns: [{ name: 'customer_id', type: 'bigint' }, { name: 'city', type: 'varchar' }],
    rows: [...Array.from({ length: 3 }, (_, n) => [String(n), 'Köln, "am Rhein"']), ['3', null]],
    next: '4',
    isCut: false
  })
  const last = (await read(`?cursor=${memoryRows - 1}`)).json()
  t.match([last.rows.length, last.next], [1, null])
  for (const bad of ['limit=0', 'limit=1001', 'cursor=', 'x=1']) {
    t.match((await read(`?${bad}`)).json(), { status: 400, code: 'invalid_request' }, bad)
  }
  t.match((await read('?cursor=zzz')).json(), { code: 'invalid_ask' })

  ran.length = 0
  const streamed = await read('', 'application/x-ndjson')
  t.equal(streamed.headers['content-type'], 'application/x-ndjson')
  t.equal(streamed.headers['cache-control'], 'no-store')
  const rows = streamed.body.trimEnd().split('\n').map((line) => JSON.parse(line))
  t.equal(rows.length, memoryRows)
  t.strictSame(rows[0], { customer_id: '0', city: 'Köln, "am Rhein"' })
  t.strictSame(rows[3], { customer_id: '3', city: null })
  t.strictSame(ran, Array(3).fill('queryResults'), 'each page is asked for once')
  const csv = await read('', 'text/html, text/csv;q=0.9')
  t.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
  const records = csv.body.split('\r\n')
  t.strictSame(records.slice(0, 2), ['customer_id,city', '0,"Köln, ""am Rhein"""'])
  t.equal(records[4], '3,')
  t.equal(records.length, memoryRows + 2)
})

t.test('rows that are not all of them break off, and none are fetched that nobody takes', async (t) => {
  const { broker } = memoryBroker(handClock().now)
  let pages = 0
  let ending: 'cut' | 'refused' | 'never' = 'never'
  const row = ['1', 'x'.repeat(2000)]
  const queryResults: typeof broker.queryResults = async () => {
    pages++
    if (pages > 2 && ending === 'refused') return refuse('ended', 'The elevation has ended.')
    const columns = [{ name: 'a', type: 'bigint' }, { name: 'b', type: 'varchar' }]
    const isCut = pages > 2 && ending === 'cut'
    return accept({ columns, rows: Array(500).fill(row), next: isCut ? null : '1', isCut })
  }
  const app = await buildApp({
    broker: { ...broker, queryResults },
    auth: byName,
    logger: pino({ level: 'silent' }),
    requestId: () => 'request'
  })
  t.teardown(() => app.close())
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `${base}/v1/elevations/x/queries/y/results`
  const headers = { authorization: 'Bearer alice', accept: 'text/csv' }
  for (const how of ['cut', 'refused'] as const) {
    pages = 0
    ending = how
    const answer = await fetch(url, { headers })
    t.equal(answer.status, 200)
    await t.rejects(answer.text(), how)
  }
  pages = 0
  ending = 'never'
  const gone = new AbortController()
  const endless = await fetch(url, { headers, signal: gone.signal })
  const reader = endless.body?.getReader()
  await reader?.read()
  for (let before = -1; before !== pages; ) {
    before = pages
    for (let n = 0; n < 20; n++) await app.inject({ url: '/openapi.json' })
  }
  t.ok(pages < 60, `${pages} pages of 1 MB went into the sockets' buffers, and then no more`)
  gone.abort()
})

/** One record of RFC 4180; what is empty without quotes is null. */
const recordOf = (line: string): readonly (string | null)[] =>
  [...line.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,|\r\n$)/gy)].map(([, quoted, bare]) =>
    quoted === undefined ? bare || null : quoted.replaceAll('""', '"')
  )

const columnsOf = (...names: readonly string[]) => names.map((name) => ({ name, type: 'varchar' }))

t.test('a value is itself again in CSV and JSON lines, whatever it is', async (t) => {
  const columns = columnsOf('a', 'b', 'a')
  t.equal(jsonLines.row(columns, ['1', null, '']), '{"a":"1","b":null,"a_2":""}\n')
  const clash = columnsOf('a', 'a_2', 'a')
  t.equal(jsonLines.row(clash, ['1', '2', '3']), '{"a":"1","a_2":"2","a_3":"3"}\n')
  t.equal(csvLines.row(columns, [null, '', ' x']), ',""," x"\r\n')
  const value = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', '\t', ';', '=', 'é') }))
  const isItself = fc.property(fc.array(value, { minLength: 3, maxLength: 3 }), (values) => {
    const json = JSON.parse(jsonLines.row(columns, values))
    t.strictSame([json.a, json.b, json.a_2], values)
    t.strictSame(recordOf(csvLines.row(columns, values)), values)
  })
  fc.assert(isItself, { numRuns: 50 })
})

type Headers = Record<string, string>

const formType = 'application/x-www-form-urlencoded'
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const body = (more: string) => `{"target":"claims-pii","duration":"2h","reason":"because"${more}}`

t.test('a bad body reaches no verb and leaves one entry of a known person', async (t) => {
  const { app, as, attempts, ran } = await start(t)
  const cases: readonly (readonly [string, string | Buffer | undefined, Headers, string])[] = [
    ['no body', undefined, {}, 'invalid_body'],
    ['an empty body', '', json, 'invalid_body'],
    ['not JSON', '{', json, 'invalid_body'],
    ['text after the JSON', body('') + body(''), json, 'invalid_body'],
    ['an array', '[]', json, 'invalid_body'],
    ['null', 'null', json, 'invalid_body'],
    ['no reason', '{"target":"claims-pii","duration":"2h"}', json, 'invalid_body'],
    ['a number as length', body('').replace('"2h"', '7200'), json, 'invalid_body'],
    ['an empty reason', body('').replace('because', ''), json, 'invalid_body'],
    ['an unknown member', body(',"state":"approved"'), json, 'invalid_body'],
    ['another requester', body(',"requester":"bob"'), json, 'invalid_body'],
    ['a member twice', body(',"target":"other"'), json, 'invalid_body'],
    ['a member twice, escaped', body(',"t\\u0061rget":"other"'), json, 'invalid_body'],
    ['__proto__', body(',"__proto__":{"state":"approved"}'), json, 'invalid_body'],
    ['__proto__, escaped', body(',"\\u005f_proto__":{}'), json, 'invalid_body'],
    ['constructor', body(',"constructor":{"prototype":{}}'), json, 'invalid_body'],
    ['depth nine', body(`,"tables":${deep(8)}`), json, 'invalid_body'],
    ['a lone surrogate', body('').replace('because', '\\ud800'), json, 'invalid_body'],
    ['not UTF-8', Buffer.from(body(',"ticket":"\xff"'), 'latin1'), json, 'invalid_body'],
    ['a byte order mark', `\ufeff${body('')}`, json, 'invalid_body'],
    ['1 MB', body(`,"ticket":"${'x'.repeat(1_000_000)}"`), json, 'body_too_large'],
    ['more than a query needs', body('').padEnd(queryBodyBytes + 1), json, 'body_too_large'],
    ['gzip', gzipSync(body('')), { ...json, 'content-encoding': 'gzip' }, 'unsupported_media_type'],
    ['a form', 'target=x', { 'content-type': formType }, 'unsupported_media_type'],
    ['text', body(''), { 'content-type': 'text/plain' }, 'unsupported_media_type'],
    ['no content type', body(''), { 'content-type': '' }, 'unsupported_media_type']
  ]
  for (const [name, payload, headers, code] of cases) {
    attempts.length = 0
    const more = payload === undefined ? { headers } : { payload, headers }
    const answer = await as('alice', 'POST', '/v1/elevations', more)
    t.match(answer.json(), { code, status: answer.statusCode, type: `/errors#${code}` }, name)
    t.strictSame(attempts, [{ person: 'alice', verb: 'submit', elevation: null, code }], name)
    attempts.length = 0
    const stranger = await app.inject({ method: 'POST', url: '/v1/elevations', ...more })
    t.match(stranger.json(), { code: 'unauthenticated' }, `${name}, without a token`)
    t.strictSame(attempts, [], name)
  }
  t.strictSame(ran, [])
  const longest = { payload: body('').padEnd(queryBodyBytes), headers: json }
  const whole = await as('alice', 'POST', '/v1/elevations', longest)
  t.equal(whole.statusCode, 201)
  const deny = (size: number) => {
    const payload = '{"reason":"r"}'.padEnd(size)
    return as('bob', 'POST', `/v1/elevations/${absentId}/deny`, { payload, headers: json })
  }
  t.match((await deny(16_385)).json(), { code: 'body_too_large' }, 'what carries no query')
  t.match((await deny(16_384)).json(), { code: 'unknown_elevation' })
})

t.test('a body error names its place, and an attempt on an elevation names it', async (t) => {
  const { as, attempts } = await start(t)
  const submit = (payload: object) => as('alice', 'POST', '/v1/elevations', { payload })
  const wrong = await submit({ ...ask, tables: ['a.b', 7] })
  t.match(wrong.json().reasons, [{ outcome: 'unmet', rule: null, condition: 'body/tables/1' }])
  const extra = await submit({ ...ask, admin: true })
  t.match(extra.json().reasons, [{ condition: 'body/admin' }])
  attempts.length = 0
  const bodies = { deny: {}, revoke: {}, cancel: { x: 1 }, approve: { x: 1 }, end: [] }
  for (const [verb, payload] of Object.entries(bodies)) {
    await as('bob', 'POST', `/v1/elevations/${absentId}/${verb}`, { payload })
    t.match(attempts.pop(), { person: 'bob', verb, elevation: absentId, code: 'invalid_body' })
  }
  t.strictSame(attempts, [])
})

t.test('a refusal of a verb is a problem, recorded by the verb alone', async (t) => {
  const { as, asked, attempts } = await start(t)
  const id = await asked()
  const cases = [
    ['alice', 'approve', {}, 403, 'self_approval'],
    ['bob', 'approve', { digest: 'sha256:old' }, 409, 'stale_ask'],
    ['alice', 'activate', {}, 409, 'not_approved'],
    ['alice', 'credentials', {}, 409, 'not_active'],
    ['alice', 'end', {}, 409, 'not_active'],
    ['bob', 'revoke', { reason: 'wrong claim' }, 409, 'not_active'],
    ['bob', 'deny', { reason: 'no' }, 409, 'already_decided']
  ] as const
  for (const [who, verb, payload, status, code] of cases) {
    attempts.length = 0
    const answer = await as(who, 'POST', `/v1/elevations/${id}/${verb}`, { payload })
    t.equal(answer.statusCode, status)
    t.equal(answer.headers['content-type'], 'application/problem+json')
    t.match(answer.json(), { code, status, title: problemKinds[code].title, instance: /^request-/ })
    t.strictSame(attempts, [{ person: who, verb, elevation: id, code }])
  }
  const cancelled = await as('alice', 'POST', `/v1/elevations/${id}/cancel`)
  t.match(cancelled.json(), { state: 'cancelled' })
})

t.test('break glass is its own route, and its key is another than that of an ask', async (t) => {
  const { as } = await start(t)
  const headers = { 'idempotency-key': 'k' }
  const asked = await as('alice', 'POST', '/v1/elevations', { payload: ask, headers })
  t.match(asked.json(), { breakGlass: false })
  const glass = { payload: { ...ask, ticket: 'CLM-1' } }
  const broken = await as('alice', 'POST', '/v1/break-glass', glass)
  t.match([broken.statusCode, broken.json()], [201, { breakGlass: true }])
  const reused = await as('alice', 'POST', '/v1/break-glass', { payload: ask, headers })
  t.match([reused.statusCode, reused.json()], [422, { code: 'idempotency_mismatch' }])
  const sneaked = { payload: { ...ask, breakGlass: true } }
  t.equal((await as('alice', 'POST', '/v1/elevations', sneaked)).statusCode, 400)
})

t.test("someone else's elevation is answered exactly like none and like no id", async (t) => {
  const { as, asked } = await start(t)
  const id = await asked()
  const malformed = ['x', 'x'.repeat(5000), '...', '%00', '__proto__', `${id}.`, id.toLowerCase()]
  const ids = [id, absentId, ...malformed]
  const verbs = ['approve', 'deny', 'cancel', 'activate', 'end', 'revoke', 'credentials', 'extend']
  const bodies: Readonly<Record<string, object>> = {
    '/deny': { reason: 'r' }, '/revoke': { reason: 'r' }, '/extend': { duration: '1h', reason: 'r' }
  }
  for (const verb of ['', ...verbs.map((name) => `/${name}`)]) {
    const answers = await Promise.all(
      ids.map(async (one) => {
        const payload = bodies[verb] ?? {}
        const more = verb === '' ? {} : { payload }
        const method = verb === '' ? 'GET' : 'POST'
        const answer = await as('eve', method, `/v1/elevations/${one}${verb}`, more)
        const { instance, ...rest } = answer.json()
        t.type(instance, 'string')
        const { 'content-length': _, date: __, ...headers } = answer.headers
        return { status: answer.statusCode, headers, rest }
      })
    )
    for (const one of answers) t.strictSame(one, answers[0], verb)
    t.match(answers[0], { status: 404, rest: { code: 'unknown_elevation' } })
  }
})

/** One request whose path is sent as it is written; inject would tidy dots away. */
const sendRaw = (port: number, path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; body: string }>((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      const { statusCode = 0 } = response
      text(response).then((body) => resolve({ status: statusCode, body }), reject)
    })
      .on('error', reject)
      .end()
  })

const spellings: readonly ((url: string) => string)[] = [
  (url) => `/${url}`,
  (url) => url.replaceAll('/', '//'),
  (url) => `${url}/`,
  (url) => url.replace('/v1/', '/V1/'),
  (url) => url.replace('/v1/', '/v1/./'),
  (url) => url.replace('/v1/', '/v1/x/../'),
  (url) => url.replace('/v1/', '/%76%31/'),
  (url) => url.replace('/v1/', '/v1%2f'),
  (url) => url.replace('/v1/', '/v1\\'),
  (url) => url.replace('/v1/', '/v1/%2e%2e/v1/'),
  (url) => url.replace('/v1/', '/public/..%2fv1/'),
  (url) => url.replace('/v1', '/v1;x=1'),
  (url) => url.replace('elev', '%65lev').replace('targ', '%74arg').replace('ledg', '%6cedg'),
  (url) => url.replace('elev', 'ELEV').replace('targ', 'TARG').replace('ledg', 'LEDG'),
  (url) => url.replace('/v1/', '/v1/%zz/'),
  (url) => `/openapi.json/..${url}`,
  (url) => `/openapi.json%2f..${url}`,
  (url) => `http://sallyport${url}/`
]
const tails: readonly ((url: string) => string)[] = [
  (url) => `${url}.`,
  (url) => `${url};x`,
  (url) => `${url}%20`,
  (url) => `${url}%00`
]

t.test('another spelling of a path never answers and never reaches a verb', async (t) => {
  const { app, as, asked, ran } = await start(t)
  const id = await asked()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const olga = { authorization: 'Bearer olga' }
  const routes = ['/v1/targets', '/v1/elevations', '/v1/ledger/entries', '/v1/ledger/checkpoint', `/v1/elevations/${id}`]
  ran.length = 0
  for (const url of routes) {
    for (const change of url.endsWith(id) ? spellings : [...spellings, ...tails]) {
      const other = change(url)
      const known = await sendRaw(port, other, olga)
      t.match(JSON.parse(known.body), { status: 404, code: 'not_found' }, other)
      t.ok([401, 404].includes((await sendRaw(port, other, {})).status), other)
    }
  }
  t.strictSame(ran, [])
  for (const url of routes) {
    t.match((await app.inject({ url })).json(), { code: 'unauthenticated' })
    const headers = { 'x-forwarded-user': 'olga' }
    t.match((await app.inject({ url, headers })).json(), { status: 401 })
    t.equal((await app.inject({ url, method: 'HEAD' })).statusCode, 404)
  }
  t.strictSame(ran, [])
  for (const odd of ['..', '%2e%2e', '%2e%2e%2f..']) {
    const answer = await sendRaw(port, `/v1/elevations/${odd}`, olga)
    t.match(JSON.parse(answer.body), { status: 404, code: 'unknown_elevation' }, odd)
  }
  t.equal((await as('olga', 'GET', routes[0] ?? '')).statusCode, 200)
})

t.test('what is not quite HTTP gets a problem too, and every wait has an end', async (t) => {
  const { app } = await start(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { server } = app
  const { port } = server.address() as AddressInfo
  const say = async (words: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(words)
    return text(socket)
  }
  const garbage = await say('EHLO sallyport\r\n\r\n')
  t.match(garbage, /^HTTP\/1\.1 400 .*\r\n/)
  t.match(garbage, /application\/problem\+json/)
  t.match(garbage, /"code":"invalid_request"/)
  const huge = await say(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
  t.match(huge, /"code":"headers_too_large"/)
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = server
  t.strictSame({ headersTimeout, requestTimeout, timeout, keepAliveTimeout }, {
    headersTimeout: 5000,
    requestTimeout: 10_000,
    timeout: 14_000,
    keepAliveTimeout: 30_000
  })
  t.equal(server.maxRequestsPerSocket, 1000)
  t.equal(server.maxConnections, 1000)
})

t.test('while it closes, it says so', async (t) => {
  const { app, ran } = await start(t)
  const late: string[] = []
  app.addHook('preClose', async () => {
    const { port } = app.server.address() as AddressInfo
    const { status, body } = await sendRaw(port, '/v1/targets', { authorization: 'Bearer alice' })
    late.push(`${status} ${body}`)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  await app.close()
  t.match(late.join(''), /^503 .*"code":"shutting_down"/)
  t.strictSame(ran, [])
})

t.test('a route that declares no access stops the start', async (t) => {
  const { app } = await start(t)
  const late = (config: object) => app.get('/v1/late', { config }, () => 'open')
  t.throws(() => late({}), /declares no access/)
  t.throws(() => late({ access: 'everybody' }), /declares no access/)
})

t.test('who is not known gets the problem that says so', async (t) => {
  const { app, as, attempts } = await start(t)
  const none = await app.inject({ url: '/v1/targets' })
  t.match(none.json(), { status: 401, code: 'unauthenticated', type: '/errors#unauthenticated' })
  t.equal(none.headers['www-authenticate'], 'Bearer realm="sallyport"')
  const mallory = await as('mallory', 'GET', '/v1/targets')
  t.match(mallory.json(), { status: 403, code: 'unknown_person' })
  const down = await as('idp-down', 'GET', '/v1/targets')
  t.match(down.json(), { status: 503, code: 'idp_unavailable' })
  t.equal(down.headers['retry-after'], '5')
  t.strictSame(attempts, [])
})

t.test('what breaks inside is told by code and instance only; the log has the cause', async (t) => {
  const { as, asked, breakWith, lines } = await start(t)
  const id = await asked()
  const cause = new Error('SQLITE_IOERR')
  const secretive = Object.assign(new Error('row 7 of table x', { cause }), {
    config: { password: canary }
  })
  breakWith(secretive)
  const broken = await as('alice', 'GET', `/v1/elevations/${id}`)
  const instance = broken.json().instance
  t.strictSame(broken.json(), {
    type: '/errors#internal',
    title: 'Something broke inside',
    status: 500,
    detail: 'The log of the broker has the cause under this instance.',
    code: 'internal',
    instance
  })
  const logged = lines.filter((line) => line.includes(instance)).join('')
  t.match(logged, /SQLITE_IOERR/)
  t.notMatch(lines.join(''), canary)

  for (const name of ['StoreError', 'TimeoutError']) {
    breakWith(Object.assign(new Error('disk'), { name }))
    const store = await as('alice', 'GET', `/v1/elevations/${id}`)
    t.match(store.json(), { status: 503, code: 'ledger_unavailable' })
    t.equal(store.headers['retry-after'], '5')
    const unrecorded = await as('alice', 'POST', '/v1/elevations', { payload: {} })
    t.match(unrecorded.json(), { status: 503, code: 'ledger_unavailable' })
  }
})

t.test('a log line never has a token, reason, query or id from outside', async (t) => {
  const { app, as, lines } = await start(t)
  await as('alice', 'POST', '/v1/elevations', { payload: { ...ask, reason: canary } })
  await as('alice', 'POST', '/v1/elevations', { payload: { ...ask, [canary]: 1 } })
  await as('alice', 'GET', `/v1/elevations/${canary}?x=${canary}`)
  const headers = { authorization: `Bearer ${canary}`, cookie: canary }
  await app.inject({ url: `/${canary}`, headers })
  t.notMatch(lines.join(''), canary)
  t.match(JSON.parse(lines[0] ?? '{}'), {
    event: 'http_request',
    reqId: 'request-1',
    method: 'POST',
    route: '/v1/elevations',
    status: 201,
    ms: Number,
    person: 'alice'
  })
})

t.test('a person and the strangers of an address are limited apart', async (t) => {
  const { app, as, attempts } = await start(t, { perPerson: 3, perAddress: 2 })
  const stranger = async () => (await app.inject({ url: '/v1/targets' })).statusCode
  t.strictSame([await stranger(), await stranger(), await stranger()], [401, 401, 429])
  t.equal((await app.inject({ url: '/nowhere' })).statusCode, 429)
  t.equal((await app.inject({ url: '/openapi.json' })).statusCode, 429)
  const alice = async () => (await as('alice', 'GET', '/v1/targets')).statusCode
  t.strictSame([await alice(), await alice(), await alice(), await alice()], [200, 200, 200, 429])
  const over = await as('alice', 'GET', '/v1/targets')
  t.match(over.json(), { status: 429, code: 'too_many_requests' })
  t.match(over.headers['retry-after'], /^[1-9][0-9]?$/)
  t.equal((await as('bob', 'GET', '/v1/targets')).statusCode, 200)
  t.strictSame(attempts, [])
})

t.test('OpenAPI 3.1 lists every route, who may call it and what it answers', async (t) => {
  const { app } = await start(t)
  const answer = await app.inject({ url: '/openapi.json' })
  t.equal(answer.statusCode, 200)
  const document = answer.json()
  t.match(document.openapi, /^3\.1\./)
  const listed = Object.entries<object>(document.paths)
    .flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`))
    .toSorted()
  t.strictSame(listed, [
    'DELETE /v1/locks',
    'GET /openapi.json',
    'GET /v1/elevations',
    'GET /v1/elevations/{id}',
    'GET /v1/elevations/{id}/queries/{qid}',
    'GET /v1/elevations/{id}/queries/{qid}/results',
    'GET /v1/ledger/checkpoint',
    'GET /v1/ledger/entries',
    'GET /v1/ledger/evidence',
    'GET /v1/ledger/find',
    'GET /v1/ledger/key',
    'GET /v1/ledger/proof/{id}',
    'GET /v1/ledger/tile/{*}',
    'GET /v1/locks',
    'GET /v1/posture/findings',
    'GET /v1/targets',
    'GET /v1/targets/{target}',
    'POST /v1/break-glass',
    'POST /v1/check-query',
    'POST /v1/elevations',
    'POST /v1/elevations/{id}/activate',
    'POST /v1/elevations/{id}/approve',
    'POST /v1/elevations/{id}/cancel',
    'POST /v1/elevations/{id}/credentials',
    'POST /v1/elevations/{id}/deny',
    'POST /v1/elevations/{id}/end',
    'POST /v1/elevations/{id}/extend',
    'POST /v1/elevations/{id}/queries',
    'POST /v1/elevations/{id}/queries/{qid}/stop',
    'POST /v1/elevations/{id}/review',
    'POST /v1/elevations/{id}/revoke',
    'POST /v1/ledger/accept-restore',
    'POST /v1/ledger/backup',
    'POST /v1/ledger/rotate-key',
    'POST /v1/locks',
    'POST /v1/people/{person}/erase',
    'POST /v1/posture/events',
    'POST /v1/posture/key-use',
    'POST /v1/posture/reconciled',
    'POST /v1/posture/scan',
    'POST /v1/preview'
  ])
  const submit = document.paths['/v1/elevations'].post
  t.strictSame(submit.security, [{ bearer: [] }])
  t.match(submit.requestBody.content['application/json'].schema, { additionalProperties: false })
  t.ok(submit.responses['201'])
  t.ok(submit.responses.default.content['application/problem+json'])
  t.ok(document.components.schemas.Elevation.properties.notAfter)
  for (const [ref] of answer.body.matchAll(/#\/components\/[A-Za-z/]+/g)) {
    const found = ref.split('/').slice(1).reduce((at, name) => at?.[name], document)
    t.ok(found, ref)
  }
})

t.test('findings are read by who watches, and a scan is wanted by operators and by events of AWS', async (t) => {
  const { as, watched } = await start(t)
  const read = await as('olga', 'GET', '/v1/posture/findings?target=claims-pii&limit=2')
  t.match(read.json(), {
    at: '2026-11-21T10:00:00.000Z',
    isWaiting: false,
    findings: [{ code: 'workgroup_tag_missing', severity: 'high', firstSeen: '2026-11-21T10:00:00.000Z', mend: { cli: [String] }, waiver: null }]
  })
  const event = {
    version: '0',
    id: '0199f0c4-7a10-4c3e-9d21-000000000001',
    source: 'aws.athena',
    account: '123456789012',
    time: '2026-11-21T10:00:00Z',
    region: 'eu-west-1',
    'detail-type': 'AWS API Call via CloudTrail',
    resources: [],
    detail: { eventName: 'UpdateWorkGroup', requestParameters: { deep: ['x'.repeat(100_000)] } }
  }
  const wanted = await as('olga', 'POST', '/v1/posture/events', { payload: event })
  t.strictSame([wanted.statusCode, wanted.json()], [202, { wantedAt: '2026-11-21T10:00:00.000Z' }])
  t.equal((await as('olga', 'POST', '/v1/posture/scan')).statusCode, 202)
  t.strictSame(watched, ['findings claims-pii 2', 'event', 'scan'])
  for (const [method, url, payload] of [
    ['GET', '/v1/posture/findings'],
    ['POST', '/v1/posture/scan'],
    ['POST', '/v1/posture/events', event],
    ['POST', '/v1/posture/key-use', { days: [] }],
    ['POST', '/v1/posture/reconciled', { uses: [], covered: [], from: '2026-11-21T10:00:00.000Z', to: '2026-11-21T10:00:00.000Z' }]
  ] as const) {
    const more = payload === undefined ? {} : { payload }
    t.match((await as('alice', method, url, more)).json(), { status: 403, code: 'policy_denied' }, url)
    t.equal((await as('nobody', method, url, more)).statusCode, 403, url)
  }
  const asked = watched.length
  const bad = [{ source: 'aws.ec2' }, { version: '1' }, { account: '1' }, { more: 1 }, { time: 'now' }, { resources: 'x' }, { detail: 1 }]
  for (const over of bad) {
    const answer = await as('olga', 'POST', '/v1/posture/events', { payload: { ...event, ...over } })
    t.match(answer.json(), { status: 400, code: 'invalid_body' }, JSON.stringify(over))
  }
  for (const query of ['?limit=0', '?limit=10000', '?x=1']) {
    t.equal((await as('olga', 'GET', `/v1/posture/findings${query}`)).statusCode, 400, query)
  }
  t.equal((await as('olga', 'POST', '/v1/posture/scan', { payload: { all: true } })).statusCode, 400)
  t.equal(watched.length, asked)
})

t.test('a lock is set, lifted and listed; its body names what and why, and nothing else', async (t) => {
  const { as, ran } = await start(t)
  const reason = 'suspected break-in'
  const set = await as('olga', 'POST', '/v1/locks', { payload: { all: true, reason } })
  const all = { scope: 'all', person: null, target: null, by: 'olga' }
  t.strictSame([set.statusCode, set.json().isNew], [200, true])
  t.match(set.json(), all)
  const lifted = await as('olga', 'DELETE', '/v1/locks', { payload: { all: true, reason } })
  t.match(lifted.json(), { status: 409, code: 'conflict' })
  const { locks } = (await as('olga', 'GET', '/v1/locks')).json()
  t.match(locks, [{ scope: 'target', person: null, target: 'claims-pii', by: 'olga' }])
  t.match((await as('alice', 'GET', '/v1/locks')).json(), { status: 403, code: 'policy_denied' })
  t.strictSame(ran, ['lock', 'unlock', 'locks', 'locks'])
  for (const payload of [{ all: true }, { all: false, reason }, { all: true, reason, until: 'x' }, { person: '', reason }, { reason: '' }]) {
    for (const method of ['POST', 'DELETE'] as const) {
      const refused = await as('olga', method, '/v1/locks', { payload })
      t.match(refused.json(), { status: 400, code: 'invalid_body' }, `${method} ${JSON.stringify(payload)}`)
    }
  }
  t.equal(ran.length, 4)
})

t.test('every answer carries the headers of a careful API', async (t) => {
  const { app, as } = await start(t)
  const answers = [await as('alice', 'GET', '/v1/targets'), await app.inject({ url: '/none' })]
  for (const answer of answers) {
    t.equal(answer.headers['cache-control'], 'no-store')
    t.equal(answer.headers['x-content-type-options'], 'nosniff')
    t.match(answer.headers['content-security-policy'], /default-src 'none'/)
    t.notOk(answer.headers['access-control-allow-origin'])
    t.notOk(answer.headers['x-powered-by'])
  }
})

t.test('helmet would send nothing else, but for what only old browsers read', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  const old = { dnsPrefetchControl: false, ieNoOpen: false, xssFilter: false }
  const pagesOnly = { originAgentCluster: false, permittedCrossDomainPolicies: false }
  await app.register(helmet, { contentSecurityPolicy: false, ...old, ...pagesOnly })
  app.get('/', (_request, reply) => reply.send())
  const { headers } = await app.inject('/')
  const ofHelmet = Object.entries(headers).filter(([name]) => /^(cross|referrer|strict|x)-/.test(name))
  t.equal(ofHelmet.length, 6)
  t.match(securityHeaders, Object.fromEntries(ofHelmet))
})

const never = () => new Promise<never>(() => {})

t.test('a handler that does not end is answered for, with a body or without', async (t) => {
  const { broker } = memoryBroker(handClock().now)
  const app = await buildApp({
    broker: { ...broker, submit: never, list: never },
    auth: byName,
    logger: pino({ level: 'silent' }),
    requestId: () => 'request',
    limits: { answerMilliseconds: 1000 }
  })
  t.teardown(() => app.close())
  const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/v1/elevations`
  const headers = { ...json, authorization: 'Bearer alice' }
  const answers = [{}, { method: 'POST', body: JSON.stringify(ask) }].map(async (init) => {
    const answer = await fetch(url, { ...init, headers })
    t.equal(answer.status, 503)
    t.match(await answer.json(), { code: 'handler_timeout', status: 503 })
  })
  await Promise.all(answers)
})

t.test('strict JSON reads what JSON.parse reads, and nothing twice', async (t) => {
  const forbidden = /"(__proto__|constructor|prototype)":/
  const lone = /\p{Surrogate}/u
  const readsAlike = fc.property(fc.json({ maxDepth: 4 }), (json) => {
    fc.pre(!forbidden.test(json) && !lone.test(json))
    const read = readJson(Buffer.from(json))
    if (!read.ok) return read.why.includes('well-formed')
    return JSON.stringify(read.value) === JSON.stringify(JSON.parse(json))
  })
  const graphemes = fc.string({ minLength: 1, unit: 'grapheme' })
  const refusesTwice = fc.property(graphemes, fc.json({ maxDepth: 2 }), (name, value) => {
    const member = `${JSON.stringify(name)} : ${value}`
    return !readJson(Buffer.from(`{${member}, "x\\"":[], ${member}}`)).ok
  })
  t.doesNotThrow(() => fc.assert(readsAlike))
  t.doesNotThrow(() => fc.assert(refusesTwice))
})

t.test('the ops listener says alive, ready, or which check failed', async (t) => {
  const logger = pino({ level: 'silent' })
  let isUp = true
  const ops = buildOps({
    logger,
    checks: [
      { name: 'store', check: async () => {} },
      { name: 'idp', check: () => (isUp ? Promise.resolve() : Promise.reject(new Error(canary))) }
    ]
  })
  t.teardown(() => ops.close())
  t.strictSame((await ops.inject({ url: '/livez' })).json(), { status: 'live' })
  t.equal((await ops.inject({ url: '/readyz' })).statusCode, 200)
  isUp = false
  const down = await ops.inject({ url: '/readyz' })
  t.equal(down.statusCode, 503)
  t.strictSame(down.json(), {
    status: 'not_ready',
    checks: [
      { name: 'store', ok: true },
      { name: 'idp', ok: false }
    ]
  })
})
