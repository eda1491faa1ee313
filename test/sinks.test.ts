/** Log sinks: entries as OCSF, in order, at least once, and never in anybody's way. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { api, objectOf, text } from '../src/cli/api.ts'
import { serve } from '../src/cli/serve.ts'
import { readConfig } from '../src/config.ts'
import { entryTypes } from '../src/ledger/envelope.ts'
import { buildOps } from '../src/http/ops.ts'
import { startBroker } from '../src/main.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { appendLines } from '../src/sinks/file.ts'
import { httpSink, retryAfterMilliseconds } from '../src/sinks/http.ts'
import { type SinkNews, type SinkStore, startLoop } from '../src/sinks/loop.ts'
import { kinds, ocsfLine } from '../src/sinks/ocsf.ts'
import { type Sink, sinkOf } from '../src/sinks/sink.ts'
import { startSinks } from '../src/start/sinks.ts'
import { openStore } from '../src/store/open.ts'
import { entriesOf, entryOf } from './ledger-scene.ts'
import { engineHere } from './fixtures-store.ts'
import { scriptOf, shippedPolicies } from './place.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-sinks-'))
t.teardown(() => rmSync(folder, { recursive: true }))

type Line = Readonly<Record<string, unknown>>
const lineOf = (n: number, special: Parameters<typeof entryOf>[1] = {}): Line => {
  const { key, body } = entryOf(n, special)
  return objectOf(JSON.parse(ocsfLine({ index: n, key, body })))
}
const uidOf = (line: string): string => text(objectOf(objectOf(JSON.parse(line))['metadata'])['uid'])
const keys = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, n) => `k${from + n}`)

/** What the schema says of the classes, by hand from schema.ocsf.io/1.3.0: activities and required members. */
const classes: Readonly<Record<number, { readonly activities: readonly number[]; readonly needs: readonly string[] }>> = {
  2003: { activities: [0, 1, 2, 3, 99], needs: ['finding_info', 'compliance'] },
  3001: { activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 99], needs: ['user'] },
  3003: { activities: [0, 1, 2, 99], needs: ['user', 'privileges'] },
  3004: { activities: [0, 1, 2, 3, 4, 99], needs: ['entity'] },
  6003: { activities: [0, 1, 2, 3, 4, 99], needs: ['actor', 'api', 'src_endpoint'] },
  6005: { activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 99], needs: ['actor', 'database', 'src_endpoint'] }
}

t.test('every type of entry is an event of a class that OCSF has', async (t) => {
  t.strictSame(Object.keys(kinds).toSorted(), [...entryTypes].toSorted())
  for (const [n, type] of entryTypes.entries()) {
    const line = lineOf(n, { type, data: {} })
    const uid = Number(line['class_uid'])
    const known = classes[uid]
    t.ok(known?.activities.includes(Number(line['activity_id'])), `${type} has an activity of ${uid}`)
    for (const name of known?.needs ?? []) t.ok(line[name], `${type} has ${name}`)
    t.equal(line['type_uid'], uid * 100 + Number(line['activity_id']), type)
    t.equal(line['category_uid'], Math.floor(uid / 1000), type)
    const statuses = uid === 2003 ? [1, 3, 4] : [1, 2]
    t.ok([1, 2, 3, 4].includes(Number(line['severity_id'])) && statuses.includes(Number(line['status_id'])))
  }
})

t.test('an event says what the entry says, and holds the very bytes of it', async (t) => {
  const { key, body } = entryOf(3, { values: { reason: 'suspected fraud ring' } })
  const told = ocsfLine({ index: 3, key, body })
  t.notMatch(told, 'fraud')
  t.ok(told.endsWith(`,"unmapped":${Buffer.from(body).toString()}}`))
  t.match(JSON.parse(told), {
    class_uid: 3004,
    class_name: 'Entity Management',
    activity_id: 3,
    type_uid: 300403,
    time: 1_790_000_003_000,
    metadata: {
      version: '1.3.0',
      product: { name: 'sallyport' },
      log_provider: 'sallyport',
      uid: 'k3',
      sequence: 3,
      event_code: 'approval.recorded',
      correlation_uid: '01JD0000000000000000000000'
    },
    actor: { user: { uid: 'person3' } },
    entity: { type: 'elevation', uid: '01JD0000000000000000000000' },
    unmapped: { type: 'approval.recorded', actor: 'person3' }
  })
  t.strictSame(lineOf(1, { actor: 'broker' })['actor'], { app_name: 'sallyport' })
  const issued = { sessionArn: 'arn:aws:sts::1:assumed-role/r/jit', accessKeyId: 'ASIA1' }
  t.match(lineOf(1, { type: 'session.issued', actor: 'broker', data: issued }), {
    type_uid: 300301,
    user: { uid: issued.sessionArn, credential_uid: 'ASIA1' },
    session: { uid: '01JD0000000000000000000000' },
    privileges: ['claims-pii']
  })
  const refused = { verb: 'approve', code: 'self_approval' }
  t.match(lineOf(1, { type: 'attempt.refused', data: refused }), {
    type_uid: 600399,
    status_id: 2,
    status_code: 'self_approval',
    api: { operation: 'approve' }
  })
  t.match(lineOf(1, { type: 'pii.erased', data: { person: 'alice' } }), {
    type_uid: 300404,
    entity: { type: 'personal data', uid: 'alice' }
  })
  t.throws(() => ocsfLine({ index: 0, key: 'k', body: Buffer.from('{}') }))
})

const deferred = () => {
  const settle: { resolve?: () => void } = {}
  const promise = new Promise<void>((resolve) => {
    settle.resolve = resolve
  })
  return { promise, resolve: () => settle.resolve?.() }
}

/** A store in memory with so many entries, and a wait that is over at once. */
const memory = (count: number) => {
  const log = entriesOf(count)
  const cursors = new Map<string, number>()
  const store: SinkStore = {
    cursor: async (sink) => cursors.get(sink) ?? 0,
    moveCursor: async (sink, next) => void cursors.set(sink, Math.max(next, cursors.get(sink) ?? 0)),
    keyedEntries: async (from, limit) =>
      log.slice(from, from + limit).map(({ key, body }, n) => ({ index: from + n, key, body })),
    count: async () => log.length
  }
  return { store, cursors }
}

/** Runs a loop until it has nothing to do; gives what it waited, buried and told. */
const runLoop = async (store: SinkStore, send: Sink['send'], name = 'one') => {
  const waits: number[] = []
  const buried: string[] = []
  const news: SinkNews[] = []
  let clock = 0
  const idle = deferred()
  const loop = startLoop({
    sink: { name, send },
    store,
    bury: async (line) => void buried.push(uidOf(line)),
    now: () => clock,
    sleep: async (milliseconds, signal) => {
      clock += milliseconds
      waits.push(milliseconds)
      if ((await loop.figures()).lag > 0) return
      idle.resolve()
      if (!signal.aborted) await once(signal, 'abort')
    },
    told: (one) => void news.push(one)
  })
  await idle.promise
  const figures = await loop.figures()
  await loop.stop()
  return { waits, buried, news, figures }
}

t.test('entries come in order, each once while nothing goes wrong', async (t) => {
  const { store, cursors } = memory(250)
  const had: string[] = []
  const { figures } = await runLoop(store, async (lines) => {
    had.push(...lines.map(uidOf))
    return { kind: 'taken' }
  })
  t.strictSame(had, keys(0, 250))
  t.equal(cursors.get('one'), 250)
  t.match(figures, { entries: { taken: 250, dead_letter: 0, retried: 0 }, lag: 0, isUp: true })
})

t.test('what another replica has sent is not sent again', async (t) => {
  const { store, cursors } = memory(250)
  const had: string[] = []
  await runLoop(store, async (lines) => {
    had.push(...lines.map(uidOf))
    cursors.set('one', 200)
    return { kind: 'taken' }
  })
  t.strictSame(had, [...keys(0, 100), ...keys(200, 250)])
})

t.test('a sink that fails is tried again, slower each time, and told of once a minute', async (t) => {
  const { store } = memory(3)
  let tries = 0
  const { waits, news, figures } = await runLoop(store, async () =>
    ++tries <= 10 ? { kind: 'failed', reason: 'http_503', waitMilliseconds: tries === 2 ? 9000 : null } : { kind: 'taken' }
  )
  t.strictSame(waits, [500, 9000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 1000])
  t.strictSame(news.map(({ kind }) => kind), ['failed', 'failed', 'failed', 'failed', 'recovered'])
  t.match(figures, { entries: { taken: 3, retried: 30 }, isUp: true, lag: 0 })
})

t.test('an entry that is refused by itself is a dead letter; those around it are not', async (t) => {
  const { store } = memory(7)
  const had: string[] = []
  const { buried, news, figures } = await runLoop(store, async (lines) => {
    const uids = lines.map(uidOf)
    if (uids.includes('k2') || uids.includes('k5')) return { kind: 'refused', reason: 'http_400' }
    had.push(...uids)
    return { kind: 'taken' }
  })
  t.strictSame(buried, ['k2', 'k5'])
  t.strictSame(had, ['k0', 'k1', 'k3', 'k4', 'k6'])
  t.match(figures, { entries: { taken: 5, dead_letter: 2 }, lag: 0 })
  t.match(news, [{ kind: 'failed', sink: 'one', reason: 'http_400' }])
})

type Answer = (request: IncomingMessage, response: ServerResponse, uids: readonly string[]) => void

const endpoint = async (answer: Answer) => {
  const had: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      const uids = body.trimEnd().split('\n').map(uidOf)
      had.push(...uids)
      answer(request, response, uids)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${address.port}/in`, had, close }
}

t.test('HTTP: what each answer means', async (t) => {
  const cases = [
    [200, {}, { kind: 'taken' }],
    [204, {}, { kind: 'taken' }],
    [400, {}, { kind: 'refused', reason: 'http_400' }],
    [413, {}, { kind: 'refused', reason: 'http_413' }],
    [408, {}, { kind: 'failed', reason: 'http_408', waitMilliseconds: null }],
    [429, { 'retry-after': '7' }, { kind: 'failed', reason: 'http_429', waitMilliseconds: 7000 }],
    [503, {}, { kind: 'failed', reason: 'http_503', waitMilliseconds: null }],
    [302, { location: 'http://127.0.0.1:1/' }, { kind: 'failed', reason: 'http_302' }]
  ] as const
  const [line = ''] = entriesOf(1).map(({ key, body }) => ocsfLine({ index: 0, key, body }))
  for (const [status, headers, want] of cases) {
    const at = await endpoint((request, response) => {
      t.equal(request.headers['content-type'], 'application/x-ndjson')
      response.writeHead(status, headers).end()
    })
    t.match(await httpSink(at.url, Date.now)([line], new AbortController().signal), want, String(status))
    await at.close()
  }
  const gone = await endpoint(() => {})
  await gone.close()
  const nobody = await httpSink(gone.url, Date.now)([line], new AbortController().signal)
  t.match(nobody, { kind: 'failed', reason: 'ECONNREFUSED' })
  const dates = [
    ['Thu, 01 Jan 1970 00:00:05 GMT', 4000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['999999', 300_000],
    ['soon', null]
  ] as const
  for (const [given, want] of dates) t.equal(retryAfterMilliseconds(given, 1000), want, given)
})

t.test('a sender killed at any moment leaves nothing out', async (t) => {
  const data = join(folder, 'killed')
  const store = await openStore({ folder: data, timeoutMilliseconds: 60_000 })
  await store.append(entriesOf(1000))
  await store.close()
  let batches = 0
  const killed = deferred()
  const at = await endpoint((_request, response) => {
    batches += 1
    // the fourth batch has arrived and is not answered any more
    if (batches === 4) return killed.resolve()
    response.writeHead(200).end()
  })
  const script = scriptOf('sinks-child')
  const child = spawn(process.execPath, [...process.execArgv, script, data, at.url], { stdio: 'inherit' })
  const ended = once(child, 'exit')
  await killed.promise
  child.kill('SIGKILL')
  await ended
  t.equal(at.had.length, 400)
  const again = await openStore({ folder: data, timeoutMilliseconds: 60_000 })
  const tables = { ...again.sinks, count: () => again.log.count() }
  const sink = sinkOf({ kind: 'http', url: () => at.url }, Date.now)
  t.equal(await tables.cursor(sink.name), 300)
  await runLoop(tables, sink.send, sink.name)
  t.strictSame(at.had, [...keys(0, 400), ...keys(300, 1000)])
  await again.close()
  await at.close()
})

t.test('a file is only its owner\'s, may be rotated away, and has whole lines after a crash', async (t) => {
  const path = join(folder, 'audit.jsonl')
  const { name, send } = sinkOf({ kind: 'file', path }, Date.now)
  t.match(name, /^audit\.jsonl-[0-9a-f]{8}$/)
  const { signal } = new AbortController()
  t.strictSame(await send(['a', 'b'], signal), { kind: 'taken' })
  t.equal(statSync(path).mode & 0o777, 0o600)
  renameSync(path, `${path}.1`)
  await send(['c'], signal)
  t.equal(readFileSync(`${path}.1`, 'utf8'), 'a\nb\n')
  t.equal(readFileSync(path, 'utf8'), 'c\n')
  writeFileSync(path, 'c\ntor')
  await appendLines(path, ['d'])
  t.equal(readFileSync(path, 'utf8'), 'c\ntor\nd\n')
  const missing = sinkOf({ kind: 'file', path: join(folder, 'nowhere/x') }, Date.now)
  t.match(await missing.send(['a'], signal), { kind: 'failed', reason: 'ENOENT' })
})

t.test('sinks of one process go their own ways; the ops listener counts them', async (t) => {
  const data = join(folder, 'several')
  const store = await openStore({ folder: data, timeoutMilliseconds: 60_000 })
  await store.append(entriesOf(20))
  const at = await endpoint((_request, response) => response.writeHead(400).end())
  const lines: Line[] = []
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(objectOf(JSON.parse(line))) })
  const path = join(folder, 'beside.jsonl')
  const sinks = startSinks(
    { sinks: [{ kind: 'http', url: () => at.url }, { kind: 'file', path }], dataDir: data },
    { store: { ...store.sinks, count: () => store.log.count() }, now: () => 0, logger }
  )
  const ops = buildOps({ logger: pino({ level: 'silent' }), checks: [], metrics: [sinks.metrics] })
  const page = async () => (await ops.inject({ url: '/metrics' })).body
  let counted = await page()
  while (!/lag_entries\{[^}]*\} 0\nsally.*lag_entries\{[^}]*\} 0\n/.test(counted)) counted = await page()
  const { name } = sinkOf({ kind: 'http', url: () => at.url }, Date.now)
  t.match(counted, `sallyport_sink_entries_total{sink="${name}",outcome="dead_letter"} 20\n`)
  t.match(counted, `sallyport_sink_lag_entries{sink="${name}"} 0\n`)
  t.match(counted, /sallyport_sink_entries_total\{sink="beside\.jsonl-[0-9a-f]{8}",outcome="taken"\} 20\n/)
  const dead = join(data, `dead-letter-${name}.jsonl`)
  t.strictSame(readFileSync(dead, 'utf8').trimEnd().split('\n').map(uidOf), keys(0, 20))
  t.equal(statSync(dead).mode & 0o777, 0o600)
  t.strictSame(readFileSync(path, 'utf8').trimEnd().split('\n').map(uidOf), keys(0, 20))
  const alerts = lines.filter(({ event }) => event === 'sink_failed')
  t.match(alerts, [{ level: 50, sink: name, reason: 'http_400' }])
  t.equal(alerts.length, 1)
  t.notMatch(JSON.stringify(alerts), '/in')
  await sinks.stop()
  await ops.close()
  await store.close()
  await at.close()
})

t.test('an approval is answered while a sink hangs, and its entry is in the log lines', async (t) => {
  const hanging = deferred()
  const held: ServerResponse[] = []
  const at = await endpoint((_request, response) => {
    held.push(response)
    hanging.resolve()
  })
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  const read = readConfig({
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: join(folder, 'hanging'),
    SALLYPORT_POLICIES: shippedPolicies,
    SALLYPORT_OIDC_ISSUER: sandbox.issuer,
    SALLYPORT_LOG_SINKS: at.url,
    AWS_ENDPOINT_URL: sandbox.endpoint,
    SALLYPORT_BROKER_ROLE_ARN: `arn:aws:iam::${sandbox.account}:role/sallyport-broker`
  })
  if (!read.ok) throw new Error(read.problems.join('; '))
  const lines: Line[] = []
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(objectOf(JSON.parse(line))) })
  const broker = await startBroker(read.config, {
    logger,
    engine: engineHere,
    aws: { credentials: async () => sandbox.keys.broker }
  })
  const as = async (person: string) => {
    const body = new URLSearchParams({ person })
    const response = await fetch(`${sandbox.issuer}/token`, { method: 'POST', body })
    return api({ SALLYPORT_URL: broker.url, SALLYPORT_TOKEN: text(objectOf(await response.json())['access_token']) })
  }
  const alice = await as('alice')
  const bob = await as('bob')
  await hanging.promise
  const asked = await alice.post('/v1/elevations', {
    target: 'claims-pii',
    duration: '2h',
    reason: 'suspected fraud ring around a repair shop',
    ticket: 'CLM-4711'
  })
  const id = asked.ok ? text(asked.body['id']) : ''
  const approved = await bob.post(`/v1/elevations/${id}/approve`)
  t.match(approved, { ok: true, body: { id } })
  t.ok(held.length === 1 && held[0]?.writableEnded === false, 'the first request still waits')
  const written = lines.filter(({ event, elevation }) => event === 'entries_written' && elevation === id)
  t.match(written[1]?.['keys'], [`${id}:2:0`])
  t.equal(Number(Array.isArray(written[1]?.['indexes'])), 1)
  await broker.close()
  await sandbox.close()
  await at.close()
})

const given = (sinks: string) => ({
  SALLYPORT_OIDC_ISSUER: 'https://idp.example',
  SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport',
  SALLYPORT_LOG_SINKS: sinks
})

t.test('places out of their form refuse to start with exit 78, and are not printed', async (t) => {
  const bad = [
    '',
    ',',
    'stdout,',
    'stdout,stdout',
    'stderr',
    'file:x',
    'file:/',
    'file:/a/',
    'ftp://h/s3cr3t',
    'http://siem.example/s3cr3t',
    'http://localhost:1/s3cr3t',
    'https://u:s3cr3t@siem.example/',
    'https://siem.example/#s3cr3t',
    'stdout, https://siem.example'
  ]
  for (const sinks of bad) {
    const problems: string[] = []
    const to = { json: false, colour: false, out: () => {}, err: (line: string) => void problems.push(line) }
    t.equal(await serve(to, given(sinks)), 78, sinks)
    t.equal(problems.length, 1)
    t.match(problems[0], /^SALLYPORT_LOG_SINKS.* must be different places separated by commas: stdout/)
    t.notMatch(problems[0], 's3cr3t')
  }
  const read = readConfig(given('stdout,file:/var/log/a.jsonl,https://siem.example/s3cr3t?a=1,http://127.0.0.1:9/x'))
  t.notMatch(JSON.stringify(read), 's3cr3t')
  t.match(read, { config: { sinks: [{ kind: 'stdout' }, { kind: 'file', path: '/var/log/a.jsonl' }, { kind: 'http' }, {}] } })
})
