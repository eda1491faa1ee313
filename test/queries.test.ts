/**
 * Brokered queries over the real store: nothing runs before it is written down, nobody but the
 * requester sees a row, and the end of a window is the end of its queries.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Broker } from '../src/broker/broker.ts'
import type { Deps } from '../src/broker/deps.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { mostResultRows } from '../src/broker/query-results.ts'
import { work } from '../src/broker/work.ts'
import type { PersonId } from '../src/elevation/ids.ts'
import { seconds } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import { parseEntry } from '../src/ledger/envelope.ts'
import type { Guardrail, Policy, Rule } from '../src/policy/policy.ts'
import { checkNow } from '../src/start/check-now.ts'
import { startChecks } from '../src/start/checks.ts'
import type { FakeAws, FakeRun } from './fakes/aws.ts'
import {
  alice,
  ask,
  bob,
  byCli,
  carol,
  depsOver,
  erin,
  examplePolicy,
  eve,
  got,
  roomy,
  sam
} from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'
import { storeQueriesContract } from './store-queries-contract.ts'

const literal = 'CANARY-literal'
const good = `SELECT city, count(*) AS n FROM customers WHERE city <> '${literal}' GROUP BY city LIMIT 10`
const bad = `SELECT x AS y FROM (SELECT ssn AS x FROM claims.customers WHERE city = '${literal}') t LIMIT 10`

type Scene = {
  readonly deps: Deps
  readonly broker: Broker
  /** another process over the same store */
  readonly other: Broker
  readonly aws: FakeAws
  readonly advance: (length: number) => void
  readonly settle: () => Promise<void>
  readonly change: (edit: (policy: Policy) => Policy) => void
  readonly entries: () => Promise<readonly ReturnType<typeof bodyOf>[]>
  readonly active: (over?: Partial<typeof ask>) => Promise<string>
}

const bodyOf = (bytes: Uint8Array) => {
  const parsed = parseEntry(bytes)
  if (!parsed.ok) throw new Error('not an entry')
  return parsed.body
}

const brokered = (policy: Policy, over: Partial<Rule> = {}): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, mode: 'brokered' as const, ...over }))
})

const columns = (...names: readonly string[]) => names.map((name) => [name, 'varchar'] as const)

const scene = async (st: Pick<typeof t, 'teardown'>): Promise<Scene> => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-queries-'))
  let now = Date.UTC(2026, 10, 21, 10)
  let policy = brokered(roomy(await examplePolicy()))
  const store = openHere(join(data, 'store'), () => now)
  st.teardown(async () => {
    await store.close()
    rmSync(data, { recursive: true })
  })
  const { deps, aws } = depsOver({ store, now: () => now, policy: () => policy })
  const table = { type: 'table', partitionKeys: [], version: '7' } as const
  aws.tables.set('claims.customers', {
    ...table,
    columns: columns('customer_id', 'full_name', 'email', 'ssn', 'dob', 'city', 'state')
  })
  aws.tables.set('claims.claims', { ...table, columns: columns('claim_id', 'customer_id', 'kind') })
  const broker = makeBroker(deps, () => {})
  return {
    deps,
    broker,
    other: makeBroker(deps, () => {}),
    aws,
    advance: (length) => {
      now += length * 1000
    },
    settle: async () => {
      for (let n = 0; n < 25; n++) {
        const faults = await work(deps)
        if (faults.length > 0) throw new Error('work failed', { cause: faults[0]?.cause })
        now += 10_000
      }
    },
    change: (edit) => {
      policy = edit(policy)
    },
    entries: async () => (await store.entries(0, 1000)).map(({ body }) => bodyOf(body)),
    active: async (over = {}) => {
      const { elevation } = got(await broker.submit(byCli(alice), { ...ask, ...over }))
      const { id } = elevation.elevation
      got(await broker.approve(byCli(bob), id))
      got(await broker.activate(byCli(alice), id))
      return id
    }
  }
}

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const types = async (s: Scene): Promise<readonly string[]> => (await s.entries()).map(({ type }) => type)
const only = (s: Scene): FakeRun => {
  const [run, ...more] = s.aws.running.values()
  if (!run || more.length > 0) throw new Error('not one run')
  return run
}
const done = (run: FakeRun, rows: FakeRun['rows'] = []): void => {
  run.state = { state: 'succeeded', bytesScanned: 1234, milliseconds: 56, rows: null, failure: null }
  run.rows = rows
}
const run = (s: Scene, id: string, sql = good, by = alice) => s.broker.query(byCli(by), id, { sql })

t.test('what may run is written down first, and Athena gets the very text', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  s.aws.before = async (call) => {
    if (call === 'start') t.equal((await types(s)).at(-1), 'query.allowed')
  }
  const started = got(await run(s, id))
  t.match(started, { state: 'running', isReplay: false, verdict: { decision: 'allow', refusals: [] } })
  t.match(only(s), { sql: good, database: 'claims' })
  t.equal([...s.aws.running.keys()][0], `query-${started.id}`)
  const entry = (await s.entries()).at(-1)
  t.match(entry, {
    type: 'query.allowed',
    actor: 'alice',
    elevation: id,
    commitments: { sql: /^[0-9a-f]{64}$/ },
    data: {
      query: started.id,
      reads: { 'claims.customers': ['city'] },
      versions: { 'claims.customers': '7' },
      guardrail: 'pii-standard',
      workgroup: 'claims-pii',
      database: 'claims'
    }
  })
  t.notMatch(JSON.stringify(await s.entries()), literal)
  t.equal(s.aws.calls.filter((call) => call === 'assume').length, 1, 'the session of the activation')
})

t.test('its end is one entry, whoever sees it first', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const { id: query } = got(await run(s, id))
  t.match(got(await s.broker.queryStatus(alice, id, query)), { state: 'running', failure: null })
  done(only(s), [['1'], [null]])
  const seen = await Promise.all([
    s.broker.queryStatus(alice, id, query),
    s.other.queryStatus(alice, id, query),
    work(s.deps)
  ])
  t.match(got(seen[0]), { state: 'succeeded', bytesScanned: 1234, milliseconds: 56, rows: null })
  await s.settle()
  const ends = (await s.entries()).filter(({ type }) => type === 'query.ended')
  t.match(ends, [{ data: { query, state: 'succeeded', bytesScanned: 1234, milliseconds: 56 } }])
  t.equal(ends.length, 1)
})

t.test('nobody polls: the worker writes the end down', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  got(await run(s, id))
  done(only(s))
  await work(s.deps)
  t.notOk((await types(s)).includes('query.ended'), 'not before it is due')
  s.advance(6)
  await work(s.deps)
  t.ok((await types(s)).includes('query.ended'))
})

t.test('rows are the requester’s, by page, from any replica, and only so many', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const { id: query } = got(await run(s, id))
  const page = (broker: Broker, by: PersonId, cursor?: string, limit = 1000) =>
    broker.queryResults(by, id, { query, cursor, limit })
  t.equal(code(await page(s.broker, alice)), 'query_not_succeeded')
  const all = Array.from({ length: 2500 }, (_, n) => [String(n)])
  done(only(s), all)
  const seen: (readonly (string | null)[])[] = []
  let cursor: string | undefined
  do {
    const next = got(await page(seen.length > 0 ? s.other : s.broker, alice, cursor))
    t.same(next.columns, [{ name: 'n', type: 'bigint' }])
    seen.push(...next.rows)
    cursor = next.next ?? undefined
    t.equal(next.isCut, false)
  } while (cursor !== undefined)
  t.same(seen, all)
  t.equal(got(await s.broker.queryStatus(alice, id, query)).rows, 2500)
  t.equal((await types(s)).filter((type) => type === 'session.vended').length, 1, 'the other process')
  for (const other of [bob, carol, eve, erin, sam]) {
    t.equal(code(await page(s.broker, other)), 'unknown_elevation', other)
    t.equal(code(await s.broker.queryStatus(other, id, query)), 'unknown_elevation', other)
    t.equal(code(await s.broker.stopQuery(other, id, query)), 'unknown_elevation', other)
    t.equal(code(await run(s, id, good, other)), 'unknown_elevation', other)
    const text = { elevation: id, sql: good }
    t.equal(code(await s.broker.checkQuery(byCli(other), text)), 'unknown_elevation', other)
  }
  const first = got(await page(s.broker, alice, undefined, 10)).next ?? ''
  const forged = Buffer.from(JSON.stringify(['10', 0, 0])).toString('base64url')
  for (const one of ['', '.', 'x', `${first}x`, `${first.split('.')[0]}.${forged}`]) {
    t.equal(code(await page(s.broker, alice, one)), 'invalid_ask', one)
  }
  for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
    t.equal(code(await page(s.broker, alice, undefined, limit)), 'invalid_ask', String(limit))
  }
  only(s).rows = Array.from({ length: mostResultRows + 1 }, () => ['1'])
  let count = 0
  let last = got(await page(s.broker, alice))
  for (count += last.rows.length; last.next !== null; count += last.rows.length) {
    last = got(await page(s.broker, alice, last.next))
  }
  t.same([count, last.isCut], [mostResultRows, true])
  for (const other of ['01JQ0000000000000000000000', 'x', '']) {
    t.equal(code(await s.broker.queryStatus(alice, id, other)), 'unknown_query')
  }
  const second = await s.active({ tables: ['claims.claims'] })
  t.equal(code(await s.broker.queryStatus(alice, second, query)), 'unknown_query')
})

t.test('what may not run is refused with its places, and counted', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const refused = await run(s, id, bad)
  t.match(refused, {
    ok: false,
    refusal: {
      code: 'query_refused',
      verdict: { refusals: [{ code: 'COLUMN_DENIED', line: 1, offset: bad.indexOf('ssn'), length: 3 }] }
    }
  })
  const entry = (await s.entries()).at(-1)
  t.match(entry, {
    type: 'query.refused',
    actor: 'alice',
    commitments: { sql: /^[0-9a-f]{64}$/ },
    data: { refused: 1, refusals: [{ code: 'COLUMN_DENIED', line: 1 }], shape: /ssn AS x/ }
  })
  t.notMatch(JSON.stringify(entry), literal)
  t.notMatch(JSON.stringify(refused), literal)
  t.match(got(await s.broker.get(alice, id)), { elevation: { state: 'active', refusedQueries: 1 } })
  const absent = await run(s, id, 'SELECT 1 FROM claims.nothing LIMIT 1')
  const ungranted = await run(s, id, 'SELECT 1 FROM claims.claims LIMIT 1')
  const [one, other] = [absent, ungranted].map((result) =>
    JSON.stringify(result).replaceAll(/nothing|claims|"(offset|column|length)":\d+/g, '')
  )
  t.equal(one, other, 'whether a table is there is not told')
  t.equal(s.aws.running.size, 0)
  t.notOk((await types(s)).includes('attempt.refused'))
  for (const sql of ['', '\uFEFF', 'SELECT 1; SELECT 2', 'DROP TABLE x', 'a\0b', '('.repeat(100_000)]) {
    t.equal(code(await run(s, id, sql)), 'query_refused', JSON.stringify(sql.slice(0, 20)))
  }
  t.equal(code(await run(s, id, `SELECT '\ud800' LIMIT 1`)), 'invalid_ask')
})

t.test('a check runs nothing, counts nothing and writes nothing', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const before = (await types(s)).length
  const check = (input: Parameters<Broker['checkQuery']>[1]) => s.broker.checkQuery(byCli(alice), input)
  t.equal(got(await check({ elevation: id, sql: good })).decision, 'allow')
  t.match(got(await check({ elevation: id, sql: bad })), { refusals: [{ code: 'COLUMN_DENIED' }] })
  t.equal(got(await check({ target: 'claims-pii', sql: good })).decision, 'allow')
  const narrow = { target: 'claims-pii', columns: ['claims.customers.state'], sql: good }
  t.match(got(await check(narrow)), { decision: 'refuse' })
  t.equal(code(await check({ target: 'nothing', sql: good })), 'unknown_target')
  t.equal((await types(s)).length, before)
})

t.test('too many refused queries end the elevation where its rule says so', async (t) => {
  const s = await scene(t)
  s.change((policy) => brokered(policy, { endAfterRefusals: 3 }))
  const id = await s.active()
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => run(s, id, bad)))
  t.same(answers.map(code).toSorted(), ['ended', 'ended', 'query_refused', 'query_refused', 'query_refused'])
  const entries = await s.entries()
  t.equal(entries.filter(({ type }) => type === 'query.refused').length, 3)
  t.match(
    entries.find(({ type }) => type === 'elevation.ending'),
    { actor: 'broker', data: { how: 'revoked', why: 'refused_queries', refused: 3 } }
  )
  t.equal(code(await run(s, id)), 'ended')
  await s.settle()
  t.match(got(await s.broker.get(alice, id)), { elevation: { state: 'ended', how: 'revoked', by: 'broker' } })
})

t.test('an elevation bound to one query runs that text, to the letter', async (t) => {
  const s = await scene(t)
  t.match(await s.broker.submit(byCli(alice), { ...ask, sql: bad }), {
    ok: false,
    refusal: { code: 'query_refused', verdict: { refusals: [{ code: 'COLUMN_DENIED' }] } }
  })
  const id = await s.active({ sql: good })
  const { elevation } = got(await s.broker.get(bob, id))
  t.match(elevation.ask.query, {
    commitment: /^[0-9a-f]{64}$/,
    shape: /^SELECT city, COUNT\(\*\) AS n FROM customers WHERE city <> \?/i,
    reads: { 'claims.customers': ['city'] }
  })
  t.notMatch(JSON.stringify(elevation), literal)
  t.notMatch(JSON.stringify(await s.entries()), literal)
  for (const other of [`${good} `, good.toLowerCase(), good.replace('10', '11'), 'SELECT 1 LIMIT 1']) {
    t.equal(code(await run(s, id, other)), 'query_not_the_asked_one', other)
  }
  t.match((await s.entries()).at(-1), { type: 'query.refused', data: { refused: 4, notTheAskedOne: true } })
  got(await run(s, id))
  got(await run(s, id))
  t.equal(s.aws.running.size, 2)
  s.change((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, mode: 'credentials' as const })) }))
  t.equal(code(await s.broker.submit(byCli(alice), { ...ask, sql: good })), 'invalid_ask')
})

t.test('credentials stay inside, and an approved elevation starts with its first query', async (t) => {
  const s = await scene(t)
  const { elevation } = got(await s.broker.submit(byCli(alice), ask)).elevation
  t.equal(code(await run(s, elevation.id)), 'not_active')
  got(await s.broker.approve(byCli(bob), elevation.id))
  t.equal(code(await s.broker.credentials(byCli(alice), elevation.id)), 'brokered_mode')
  t.notOk((await types(s)).includes('issue.intent'))
  got(await run(s, elevation.id))
  t.match(got(await s.broker.get(alice, elevation.id)), { elevation: { state: 'active' } })
  t.equal(code(await s.broker.credentials(byCli(alice), elevation.id)), 'brokered_mode')
  s.change((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, mode: 'credentials' as const })) }))
  t.equal(code(await s.broker.credentials(byCli(alice), elevation.id)), 'brokered_mode')
  got(await run(s, elevation.id))
  const handing = await s.active()
  t.equal(code(await run(s, handing)), 'not_brokered')
  s.change(brokered)
  t.equal(code(await s.broker.credentials(byCli(alice), handing)), 'brokered_mode')
})

t.test('the same token and text is the same query', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const ask = (clientToken: string, sql = good) => s.broker.query(byCli(alice), id, { sql, clientToken })
  const both = (await Promise.all([ask('one'), ask('one')])).map(got)
  t.equal(both[0]?.id, both[1]?.id)
  t.same(both.map(({ isReplay }) => Number(isReplay)).toSorted((a, b) => a - b), [0, 1])
  t.equal(only(s).replays, 0)
  t.equal(code(await ask('one', `${good} `)), 'idempotency_mismatch')
  t.not(got(await ask('two')).id, both[0]?.id)
  for (const token of ['', 'a b', 'ü', 'x'.repeat(129)]) t.equal(code(await ask(token)), 'invalid_ask', token)
})

t.test('the end of a window stops its own queries by their ids', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const kept = await s.active()
  const { id: query } = got(await run(s, id))
  const { id: other } = got(await run(s, kept))
  got(await s.broker.end(alice, id))
  t.equal(code(await run(s, id)), 'ended')
  t.equal(code(await s.broker.queryResults(alice, id, { query, limit: 1 })), 'ended')
  await work(s.deps)
  t.match(got(await s.broker.queryStatus(alice, id, query)), { state: 'cancelled' })
  t.match(got(await s.broker.queryStatus(alice, kept, other)), { state: 'running' })
  t.match((await s.entries()).find(({ type }) => type === 'query.ended'), { data: { query, state: 'cancelled' } })
  for (let n = 0; n < 20; n++) {
    await work(s.deps)
    s.advance(10)
  }
  t.match(got(await s.broker.get(alice, id)), { elevation: { state: 'ended' } })
  t.equal((await types(s)).filter((type) => type === 'query.ended').length, 1)
})

t.test('an end between the entry and the start wins', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  s.aws.before = async (call) => {
    if (call !== 'start') return
    s.aws.before = null
    got(await s.broker.end(alice, id))
    await work(s.deps)
  }
  t.equal(code(await run(s, id)), 'ended')
  t.equal(only(s).state.state, 'cancelled', 'Athena had it, and was told to stop')
  t.match((await s.entries()).find(({ type }) => type === 'query.ended'), { data: { state: 'cancelled' } })
  const before = s.aws.running.size
  s.aws.before = null
  const second = await s.active()
  const { checks } = s.deps
  const check = async (of: Parameters<typeof checks.check>[0]) => {
    got(await s.broker.end(alice, second))
    return checks.check(of)
  }
  const late = makeBroker({ ...s.deps, checks: { check } }, () => {})
  t.equal(code(await late.query(byCli(alice), second, { sql: good })), 'ended')
  t.equal(s.aws.running.size, before, 'ended during the check: Athena never heard of it')
})

t.test('when Athena or STS fails nothing is forgotten', async (t) => {
  for (const [on, how, expected, told] of [
    ['start', 'refused', 'aws_refused', ['query.allowed', 'query.ended', 'attempt.refused']],
    ['start', 'lost', 'aws_unavailable', ['query.allowed', 'query.ended', 'attempt.refused']],
    ['tables', 'lost', 'aws_unavailable', ['attempt.refused']]
  ] as const) {
    const s = await scene(t)
    const id = await s.active()
    const before = (await types(s)).length
    s.aws.fault = { on, how, times: 1 }
    t.equal(code(await run(s, id)), expected, `${on} ${how}`)
    t.same((await types(s)).slice(before), told, `${on} ${how}`)
    got(await run(s, id))
  }
  const s = await scene(t)
  const id = await s.active()
  s.aws.fault = { on: 'assume', how: 'refused', times: 1 }
  t.equal(code(await s.other.query(byCli(alice), id, { sql: good })), 'aws_refused')
  got(await s.other.query(byCli(alice), id, { sql: good }))
})

t.test('a process that dies between the entry and the start leaves no query open', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  s.aws.before = async (call) => {
    if (call === 'start') throw new Error('killed')
  }
  await t.rejects(run(s, id), { message: 'killed' })
  t.equal((await types(s)).at(-1), 'query.allowed')
  s.aws.before = null
  s.advance(30)
  await work(s.deps)
  t.equal((await types(s)).at(-1), 'query.allowed')
  s.advance(31)
  await work(s.deps)
  t.match((await s.entries()).at(-1), { type: 'query.ended', data: { state: 'failed', athena: null } })
  t.equal(s.aws.running.size, 0)
})

t.test('the ledger that cannot be written keeps a query from running', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  const deps = { ...s.deps, log: { ...s.deps.log, included: async () => Promise.reject(new Error('no')) } }
  const broker = makeBroker(deps, () => {})
  await t.rejects(broker.query(byCli(alice), id, { sql: good }))
  t.equal(s.aws.running.size, 0)
})

t.test('the policy of now holds: guardrail, people, window and catalog', async (t) => {
  const s = await scene(t)
  const id = await s.active()
  got(await run(s, id))
  const guarded = (edit: (guardrail: Guardrail) => Guardrail | null) =>
    s.change((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) => ({ ...rule, guardrail: rule.guardrail && edit(rule.guardrail) }))
    }))
  guarded((guardrail) => ({ ...guardrail, denyColumns: { 'claims.customers': ['ssn', 'city'] } }))
  t.match(await run(s, id), { refusal: { verdict: { refusals: [{ code: 'COLUMN_DENIED' }] } } })
  guarded(() => null)
  t.equal(code(await run(s, id)), 'policy_denied', 'it had a guardrail when it was asked')
  const open = await s.active({ columns: ['claims.customers.city'] })
  const star = 'SELECT * FROM claims.customers'
  t.match(await run(s, open, star), { refusal: { code: 'query_refused' } })
  got(await run(s, open, 'SELECT city FROM claims.customers'))
  const { catalogs } = s.deps
  const late = makeBroker(
    {
      ...s.deps,
      catalogs: {
        tables: async (place, at) => {
          const answer = await catalogs.tables(place, at)
          s.advance(61)
          return answer
        }
      }
    },
    () => {}
  )
  t.equal(code(await late.query(byCli(alice), open, { sql: good })), 'aws_unavailable', 'stale')
  s.change((policy) => ({ ...policy, rules: [] }))
  t.not(code(await run(s, open)), 'ok')
  s.advance(3600)
  t.equal(code(await run(s, open)), 'ended')
})

t.test('a session that runs out is made again, and never past the window', async (t) => {
  const s = await scene(t)
  s.change((policy) => ({ ...policy, rules: policy.rules.map((rule) => ({ ...rule, maxDuration: seconds(14_400) })) }))
  const id = await s.active({ duration: '3h' })
  got(await run(s, id))
  s.advance(3600)
  await Promise.all([run(s, id), run(s, id)])
  t.equal(s.aws.calls.filter((call) => call === 'assume').length, 2, 'once for both')
  t.equal((await types(s)).filter((type) => type === 'session.vended').length, 1)
  s.advance(2 * 3600)
  t.equal(code(await run(s, id)), 'ended')
  t.equal(s.aws.calls.filter((call) => call === 'assume').length, 2)
})

t.test('long texts are checked in a thread that is ended when it takes too long', async (t) => {
  const checks = startChecks()
  const short = startChecks({ deadlineMilliseconds: 0, inline: 0 })
  t.teardown(() => Promise.all([checks.close(), short.close()]))
  const s = await scene(t)
  const catalog = {
    at: s.deps.clock.now(),
    tables: new Map([['a.b', { type: 'table' as const, columns: columns('c'), partitionKeys: [], version: null }]])
  }
  const guardrail = {
    tables: null, denyColumns: {}, aggregateOnlyColumns: {}, requirePartitionPredicate: false,
    requireLimit: null, forbidCrossJoin: false, forbidFunctions: [], defaultDatabase: 'a'
  }
  const of = (sql: string) => ({ sql, catalog, guardrail, grant: { tables: ['a.b'], columns: null } })
  const padding = `/*${' '.repeat(5000)}*/`
  const texts = [`SELECT c FROM b ${padding}`, `SELECT d FROM b ${padding}`, `SELECT ${'('.repeat(20_000)}`]
  t.same(await Promise.all(texts.map((sql) => checks.check(of(sql)))), texts.map((sql) => checkNow(of(sql))))
  t.match(await short.check(of('SELECT c FROM b')), { full: { decision: 'refuse', refusals: [{ code: 'TOO_COMPLEX' }] } })
  t.match(await checks.check(of(`SELECT c FROM b ${padding}`)), { full: { decision: 'allow' } }, 'and again')
  await checks.close()
  t.match(await checks.check(of(texts[0] ?? '')), { shown: { refusals: [{ code: 'INTERNAL' }] } })
})

t.test('the rows of queries in the embedded store', async (t) => {
  await storeQueriesContract(t, async () => {
    const data = mkdtempSync(join(tmpdir(), 'sallyport-query-rows-'))
    const store = openHere(join(data, 'store'), () => Date.UTC(2026, 10, 21, 10))
    t.teardown(async () => {
      await store.close()
      rmSync(data, { recursive: true })
    })
    return store
  })
})
