/**
 * What a target's tables look like: held no longer than allowed and asked for once, shown only to
 * who may ask, over HTTP and in the terminal; and Glue's own manners in the sandbox.
 */
import { GetTablesCommand, GlueClient } from '@aws-sdk/client-glue'
import { pino } from 'pino'
import t from 'tap'
import { catalogs, targetDetail } from '../src/broker/catalog.ts'
import { type Answer, type Api, objectOf, text } from '../src/cli/api.ts'
import { targets as showTargets } from '../src/cli/targets.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { type Instant, instant } from '../src/elevation/ids.ts'
import type { Target } from '../src/elevation/target.ts'
import { buildApp } from '../src/http/app.ts'
import type { AwsAnswer, CatalogPlace, CatalogSnapshot, CatalogTable } from '../src/ports.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import { startLive } from './fixtures-live.ts'
import { codeOf } from './fixtures-sandbox.ts'
import { openRole, sessionOf } from './fixtures-wire.ts'
import { handClock, memoryBroker } from './fakes/memory-broker.ts'

const [claims, payments] = seedTargets()
if (!claims || !payments) throw new Error('two targets are seeded')

const columns = (...names: readonly string[]) => names.map((name) => [name, 'string'] as const)
const tableOf = (...names: readonly string[]): CatalogTable => {
  return { type: 'table', columns: columns(...names), partitionKeys: [], version: '1' }
}
const failed = (kind: 'denied' | 'unavailable' | 'throttled' | 'invalid'): AwsAnswer<never> => {
  return { ok: false, kind, action: 'glue:GetTables', name: 'Name', requestId: null }
}

/** A catalog whose answers a test gives, and what it was asked. */
const scene = () => {
  let now = Date.UTC(2026, 10, 21, 10)
  const asked: CatalogPlace[] = []
  const open: ((answer: AwsAnswer<ReadonlyMap<string, CatalogTable>>) => void)[] = []
  const clock = { now: () => instant(now) }
  const settings = {
    owner: 'one',
    brokerRoleArn: 'arn:aws:iam::123456789012:role/sallyport-broker',
    leaseSeconds: 30,
    settleSeconds: 60,
    catalogMaxAgeSeconds: 60
  }
  const tables = async (place: CatalogPlace, at: Instant): Promise<AwsAnswer<CatalogSnapshot>> => {
    asked.push(place)
    const answer = await new Promise<AwsAnswer<ReadonlyMap<string, CatalogTable>>>((resolve) => {
      open.push(resolve)
    })
    return answer.ok ? { ok: true, value: { at, tables: answer.value } } : answer
  }
  return {
    of: catalogs({ catalogs: { tables }, clock, settings }),
    asked,
    answer: (with_: AwsAnswer<ReadonlyMap<string, CatalogTable>>, which = 0) => {
      const [resolve] = open.splice(which, 1)
      if (!resolve) throw new Error('nothing was asked')
      resolve(with_)
    },
    move: (seconds: number) => {
      now += seconds * 1000
    }
  }
}

const some = { ok: true, value: new Map([['claims.customers', tableOf('ssn')]]) } as const
const other = { ok: true, value: new Map([['claims.customers', tableOf('email')]]) } as const

t.test('a catalog is held until it is as old as allowed, then asked for again', async (t) => {
  const s = scene()
  const first = s.of(claims)
  s.answer(some)
  t.match(await first, { ok: true, value: { tables: some.value } })
  s.move(59)
  t.match(await s.of(claims), { ok: true, value: { tables: some.value } })
  t.equal(s.asked.length, 1)
  t.same(s.asked[0], { region: 'eu-west-1', account: '123456789012', databases: ['claims'] })
  s.move(1)
  const second = s.of(claims)
  t.equal(s.asked.length, 2)
  s.answer(other)
  t.match(await second, { ok: true, value: { tables: other.value } })
  s.move(-3600)
  const third = s.of(claims)
  t.equal(s.asked.length, 3, 'what comes from the future is not believed')
  s.answer(some)
  t.ok((await third).ok)
})

t.test('many who ask at once are one call; another target is another', async (t) => {
  const s = scene()
  const many = [s.of(claims), s.of(claims), s.of(payments), s.of(claims)]
  t.equal(s.asked.length, 2)
  s.answer(some)
  s.answer({ ok: true, value: new Map() })
  const [first, second, elsewhere, last] = await Promise.all(many)
  t.same(first, second)
  t.same(first, last)
  t.match(elsewhere, { ok: true, value: { tables: new Map() } })
  await s.of(claims)
  t.equal(s.asked.length, 2)
})

t.test('a failing catalog is refused, whatever was known before, until it answers', async (t) => {
  const s = scene()
  const known = s.of(claims)
  s.answer(some)
  t.ok((await known).ok)
  s.move(60)
  const rows = [
    ['unavailable', 'aws_unavailable'],
    ['throttled', 'aws_unavailable'],
    ['denied', 'aws_refused'],
    ['invalid', 'aws_refused']
  ] as const
  for (const [kind, code] of rows) {
    const both = [s.of(claims), s.of(claims)]
    s.answer(failed(kind))
    for (const one of await Promise.all(both)) t.match(one, { ok: false, refusal: { code } })
  }
  t.equal(s.asked.length, 5, 'who asked together failed together')
  const again = s.of(claims)
  s.answer(other)
  t.match(await again, { ok: true, value: { tables: other.value } })
})

t.test('an answer that took longer than it may be old is refused, and not held', async (t) => {
  const s = scene()
  const late = s.of(claims)
  s.move(60)
  s.answer(some)
  t.match(await late, { ok: false, refusal: { code: 'aws_unavailable' } })
  const next = s.of(claims)
  t.equal(s.asked.length, 2)
  s.answer(some)
  t.ok((await next).ok)
})

t.test('a target that moved is not answered with where it was', async (t) => {
  const s = scene()
  const moved: Target = { ...claims, region: 'eu-central-1' }
  const before = s.of(claims)
  const after = s.of(moved)
  t.equal(s.asked.length, 2)
  s.answer(other, 1)
  t.match(await after, { ok: true, value: { tables: other.value } })
  s.answer(some)
  t.match(await before, { ok: true, value: { tables: some.value } })
  const again = s.of(moved)
  t.equal(s.asked.length, 3, 'the older place was answered last and is what is held')
  s.answer(other)
  t.match(await again, { ok: true, value: { tables: other.value } })
})

t.test('each column has its class, and what the catalog lacks is told', async (t) => {
  const target: Target = {
    ...claims,
    columns: {
      'claims.customers': { ssn: 'direct', gone: 'quasi' },
      'claims.claims': { any: 'direct' }
    }
  }
  const customers = tableOf('ssn', 'constructor', '__proto__')
  const snapshot = {
    at: instant(0),
    tables: new Map([
      ['claims.customers', { ...customers, partitionKeys: ['__proto__'] }],
      ['claims.secret', tableOf('salary')]
    ])
  }
  const offer = {
    target: target.id,
    workgroup: 'claims-pii',
    region: 'eu-west-1',
    classification: 'pii',
    tables: ['claims.customers', 'claims.claims'],
    rules: []
  }
  const found = await targetDetail(async () => ({ ok: true, value: snapshot }), offer, target)
  t.strictSame(found, {
    ok: true,
    value: {
      ...offer,
      catalog: {
        at: 0,
        tables: [
          {
            table: 'claims.customers',
            type: 'table',
            version: '1',
            partitionKeys: ['__proto__'],
            columns: [
              { name: 'ssn', type: 'string', class: 'direct' },
              { name: 'constructor', type: 'string', class: null },
              { name: '__proto__', type: 'string', class: null }
            ]
          }
        ],
        missing: ['claims.claims', 'claims.customers.gone']
      }
    }
  })
})

t.test('GET /v1/targets/{target} answers one offer with its catalog', async (t) => {
  const clock = handClock()
  const memory = memoryBroker(clock.now)
  const app = await buildApp({
    broker: memory.broker,
    auth: async (authorization) => {
      const subject = authorization?.replace('Bearer ', '') ?? ''
      return { ok: true, subject, signIn: { authAt: null, acr: null, amr: [] } }
    },
    logger: pino({ level: 'silent' }),
    requestId: () => 'one'
  })
  t.teardown(() => app.close())
  const as = (who: string, url: string) =>
    app.inject({ url, headers: { authorization: `Bearer ${who}` } })
  const found = await as('alice', '/v1/targets/claims-pii')
  t.equal(found.statusCode, 200)
  t.equal(found.headers['cache-control'], 'no-store')
  t.strictSame(found.json(), {
    target: 'claims-pii',
    workgroup: 'claims-pii',
    region: 'eu-west-1',
    classification: 'pii',
    tables: ['claims.customers'],
    rules: [{ rule: 'claims-investigation', mode: 'credentials', maxDuration: 14400 }],
    catalog: {
      at: '2026-11-21T10:00:00.000Z',
      tables: [
        {
          table: 'claims.customers',
          type: 'table',
          version: '3',
          partitionKeys: ['dt'],
          columns: [
            { name: 'ssn', type: 'string', class: 'direct' },
            { name: 'dt', type: 'date', class: null }
          ]
        }
      ],
      missing: ['claims.gone']
    }
  })
  const absent = await as('alice', '/v1/targets/claims-pii-2')
  const hidden = await as('eve', '/v1/targets/claims-pii')
  t.equal(absent.statusCode, 404)
  t.same({ ...hidden.json(), instance: '' }, { ...absent.json(), instance: '' })
  t.same(memory.attempts.map(({ verb, code }) => [verb, code]), [
    ['target', 'unknown_target'],
    ['target', 'unknown_target']
  ])
  for (const path of ['/v1/targets/', '/v1/targets/claims-pii/', '/v1//targets/claims-pii']) {
    t.equal((await as('alice', path)).statusCode, 404, path)
  }
  for (const path of ['%00', '..%2f', '__proto__', 'x'.repeat(2000), 'CLAIMS-PII']) {
    const { statusCode } = await as('alice', `/v1/targets/${path}`)
    t.equal(statusCode, 404, path)
  }
  t.equal((await app.inject({ url: '/v1/targets/claims-pii' })).statusCode, 403)
})

const long = (length: number) => 'n'.repeat(length)

const terminalOf = (json: boolean) => {
  const lines: string[] = []
  const errors: string[] = []
  const to: Terminal = {
    json,
    colour: false,
    out: (line) => void lines.push(line),
    err: (line) => void errors.push(line)
  }
  return { to, lines, errors }
}
const says = (body: Readonly<Record<string, unknown>>): Api => {
  const answer = async (): Promise<Answer> => ({ ok: true, body })
  return { get: answer, post: answer }
}

t.test('no line of `targets` is wider than 100 columns, whatever the names', async (t) => {
  const rules = [{ rule: long(63), mode: 'credentials', maxDuration: 14_400 }]
  const table = {
    table: `${long(255)}.${long(255)}`,
    type: 'table',
    version: '1',
    partitionKeys: [long(255), 'dt'],
    columns: [
      { name: long(255), type: `struct<${long(3000)}:string>`, class: long(200) },
      { name: 'evil\u001b[31m\u202e', type: 'string', class: null }
    ]
  }
  const offer = {
    target: long(63),
    workgroup: long(128),
    region: 'us-gov-west-1',
    classification: long(63),
    tables: [table.table],
    rules
  }
  const catalog = { at: '2026-11-21T10:00:00.000Z', tables: [table], missing: [long(600), 'a.b'] }
  for (const [body, id] of [
    [{ targets: [offer, offer] }, undefined],
    [{ ...offer, catalog }, long(63)],
    [{ targets: [] }, undefined]
  ] as const) {
    const { to, lines } = terminalOf(false)
    t.equal(await showTargets(says(body), to, id), 0)
    t.ok(lines.length > 0)
    t.same(lines.filter((line) => line.length > 100), [])
    t.notMatch(lines.join(), /[\p{Cc}\p{Bidi_Control}]/u)
  }
  const all = terminalOf(true)
  await showTargets(says({ targets: [offer, offer] }), all.to, undefined)
  t.same(all.lines.map((line) => JSON.parse(line)), [offer, offer])
  const one = terminalOf(true)
  await showTargets(says({ ...offer, catalog }), one.to, long(63))
  t.same(one.lines.map((line) => JSON.parse(line)), [{ ...offer, catalog }])
})

t.test('from Glue through broker and API to the terminal', async (t) => {
  const { sandbox, as, advance } = await startLive(t)
  const { world } = sandbox
  const alice = await as('alice')
  const calls = () => world.events.all().filter(({ eventName }) => eventName === 'GetTables')
  const detail = async () => {
    const answer = await alice.get('/v1/targets/claims-pii')
    if (!answer.ok) throw new Error(text(answer.problem['detail']))
    return objectOf(answer.body['catalog'])
  }
  const first = await detail()
  t.match(first, {
    tables: [{ table: 'claims.customers', type: 'table' }, { table: 'claims.claims' }]
  })
  const [customers] = Array.isArray(first['tables']) ? first['tables'].map(objectOf) : []
  t.same(
    customers?.['columns'],
    world.glue.databases
      .get('claims')
      ?.tables.get('customers')
      ?.columns.map(({ name, type }) => {
        const classes = new Map([['full_name', 'direct'], ['email', 'direct'], ['ssn', 'direct']])
        const plain = name === 'created_at' ? 'plain' : 'quasi'
        return { name, type, class: classes.get(name) ?? plain }
      })
  )
  t.same(await detail(), first)
  t.equal(calls().length, 1, 'held for a minute')
  const sessionIssuer = { userName: 'sallyport-broker' }
  t.match(calls()[0], { userIdentity: { sessionContext: { sessionIssuer } } })

  const eve = await as('eve')
  const strangers = [
    await eve.get('/v1/targets/claims-pii'),
    await alice.get('/v1/targets/nothing-here')
  ].map((answer) => (answer.ok ? null : { ...answer.problem, instance: '' }))
  t.match(strangers[0], { code: 'unknown_target', status: 404 })
  t.same(strangers[0], strangers[1])
  t.equal(calls().length, 1, 'a stranger costs no call')

  advance(60)
  world.glue.databases.get('claims')?.tables.delete('customers')
  t.match(await detail(), { tables: [{ table: 'claims.claims' }] })
  const { to, lines } = terminalOf(false)
  t.equal(await showTargets(alice, to, 'claims-pii'), 0)
  t.match(lines.join('\n'), /not in the catalog: .*claims\.customers/)
  t.ok(lines.includes('claims.claims'))
  t.same(lines.filter((line) => line.length > 100), [])

  advance(60)
  world.roles.get('sallyport-broker')?.policies.clear()
  const refused = await alice.get('/v1/targets/claims-pii')
  t.match(refused, { ok: false, exit: 1, problem: { code: 'aws_refused', status: 502 } })
  const silent = terminalOf(false)
  t.equal(await showTargets(alice, silent.to, 'claims-pii'), 1)
  t.match(silent.errors[0], /AccessDeniedException/)
  const erin = await as('erin')
  const entries = await erin.get('/v1/ledger/entries')
  t.match(JSON.stringify(entries), /"verb":"target"/)
})

t.test('Glue lists what its caller may see, if the database itself may be seen', async (t) => {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  t.teardown(sandbox.close)
  const { world, endpoint, region } = sandbox
  const list = async (allowed: readonly string[]): Promise<string> => {
    const role = openRole(world, `lister-${allowed.length}-${allowed.at(-1)?.length}`, [])
    const Resource = allowed.map((rest) => `arn:aws:glue:${region}:${sandbox.account}:${rest}`)
    const statement = { Effect: 'Allow', Action: 'glue:GetTables', Resource } as const
    role.policies.set('list', storedPolicy({ Version: '2012-10-17', Statement: [statement] }))
    const glue = new GlueClient({
      endpoint,
      region,
      credentials: sessionOf(world, role, 'lister'),
      maxAttempts: 1
    })
    t.teardown(() => glue.destroy())
    const asked = glue.send(new GetTablesCommand({ DatabaseName: 'claims' }))
    const code = await codeOf(asked)
    return code === 'ok' ? ((await asked).TableList ?? []).map(({ Name }) => Name).join() : code
  }
  t.equal(await list(['catalog', 'database/claims', 'table/claims/*']), 'claims,customers')
  t.equal(await list(['catalog', 'database/claims', 'table/claims/cu*']), 'customers')
  t.equal(await list(['catalog', 'database/claims']), '')
  t.equal(await list(['catalog', 'table/claims/*']), 'AccessDeniedException')
  t.equal(await list(['database/claims', 'table/claims/*']), 'AccessDeniedException')
})
