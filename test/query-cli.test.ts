/**
 * `sallyport query` and `request --sql` against an API on 127.0.0.1 that answers as the broker does:
 * tables that fit, formats, refusals under their line, Ctrl-C, stdin. In this process, and as it is
 * installed (dist) where signals and pipes matter.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { api } from '../src/cli/api.ts'
import { extend, request, startOf } from '../src/cli/elevations.ts'
import { instant } from '../src/elevation/ids.ts'
import { lengthText, sizeText } from '../src/cli/query-progress.ts'
import { type QueryOptions, query } from '../src/cli/query.ts'
import { cells, resultTable } from '../src/cli/result-table.ts'
import { startLive } from './fixtures-live.ts'
import { builtCli as main } from './place.ts'

const id = '01JD6QZ5S0ABCDEFGHJKMNPQRS'
const queries = `/v1/elevations/${id}/queries`
const qid = '01JD6QZ5S0ABCDEFGHJKMNPQRT'
const sql = 'SELECT city\nFROM claims.customers'

type Answered = { readonly status?: number; readonly body?: unknown; readonly raw?: (to: ServerResponse) => void }
type Asked = { readonly at: string; readonly body: string; readonly accept: string }
type Routes = Readonly<Record<string, (asked: Asked, count: number) => Answered>>

const status = (state: string, more: object = {}) => ({
  body: { id: qid, state, bytesScanned: 12_400_000, milliseconds: 3200, rows: null, failure: null, ...more }
})
const page = (rows: readonly (readonly (string | null)[])[], next: string | null = null) => ({
  body: {
    columns: [{ name: 'city', type: 'varchar' }, { name: 'n', type: 'bigint' }],
    rows, next, isCut: false
  }
})
const fine: Routes = {
  [`POST ${queries}`]: () => ({ status: 202, body: { id: qid, state: 'running', reads: {} } }),
  [`GET ${queries}/${qid}`]: () => status('succeeded'),
  [`GET ${queries}/${qid}/results`]: () => page([['Köln', '9'], [null, '10']]),
  [`POST ${queries}/${qid}/stop`]: () => status('cancelled')
}

/** The API, until the test is over; what it was asked, in order. */
const serve = async (t: Test, routes: Routes) => {
  const asked: Asked[] = []
  const counts = new Map<string, number>()
  const handle = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    const [path = '', search = ''] = (from.url ?? '').split('?')
    const route = `${from.method} ${path}`
    const one = { at: search === '' ? route : `${route}?${search}`, body: await textOf(from), accept: String(from.headers.accept) }
    asked.push(one)
    const count = (counts.get(route) ?? 0) + 1
    counts.set(route, count)
    const { status: code = 200, body, raw } = routes[route]?.(one, count) ?? { status: 404, body: {} }
    if (raw) raw(to)
    else to.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((from, to) => void handle(from, to))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  t.teardown(() => new Promise((done) => server.closeAllConnections() ?? server.close(done)))
  const { port } = server.address() as AddressInfo
  return { asked, env: { SALLYPORT_URL: `http://127.0.0.1:${port}`, SALLYPORT_TOKEN: 'secret' } }
}

const terminal = (json = false) => {
  const said = { out: [] as string[], err: [] as string[], drawn: '' }
  const to = {
    json,
    colour: false,
    out: (line: string) => void said.out.push(line),
    err: (line: string) => void said.err.push(line)
  }
  return { to, said }
}

const run = async (t: Test, routes: Routes, options: Partial<QueryOptions> & { readonly json?: boolean } = {}) => {
  const { asked, env } = await serve(t, { ...fine, ...routes })
  const { to, said } = terminal(options.json)
  let poured = ''
  const code = await query(api(env), to, {
    elevation: id,
    sql,
    format: options.json ? 'json' : 'table',
    width: 100,
    draw: (text) => void (said.drawn += text),
    signal: new AbortController().signal,
    write: async (bytes) => void (poured += Buffer.from(bytes).toString()),
    ...options
  })
  return { ...said, code, asked, poured }
}

const drawnLine = (text: string): string => `\r\u001b[K${text}  (Ctrl-C stops it)`

t.test('a query is started with its exact text, followed, and shown as a table', async (t) => {
  const { code, out, err, drawn, asked } = await run(t, {
    [`GET ${queries}/${qid}`]: (_, count) =>
      count === 1 ? status('queued', { bytesScanned: 0, milliseconds: 90 }) : status(count < 3 ? 'running' : 'succeeded')
  })
  t.equal(code, 0)
  t.same(out, ['city   n', '────  ──', 'Köln   9', 'NULL  10'])
  t.same(err, ['2 rows', '12.4 MB scanned, 3.2 s'])
  const shown = [drawnLine('queued for 90 ms, 0 bytes scanned'), drawnLine('running for 3.2 s, 12.4 MB scanned')]
  t.equal(drawn, `${shown.join('')}\r\u001b[K`, 'one line, drawn over itself and taken away')
  t.same(JSON.parse(asked[0]?.body ?? ''), { sql })
  const quiet = await run(t, { [`GET ${queries}/${qid}`]: (_, n) => status(n < 2 ? 'running' : 'succeeded') }, { draw: null })
  t.equal(quiet.drawn, '')
})

t.test('pages follow each other under one header', async (t) => {
  const { out, err, asked } = await run(t, {
    [`GET ${queries}/${qid}/results`]: (_, count) =>
      count === 1 ? page([['Ulm', '1']], 'a+/=b') : page([['Düsseldorf', '2']])
  })
  t.same(out, ['city  n', '────  ─', 'Ulm   1', 'Düs…  2'])
  t.equal(err[0], '2 rows')
  t.equal(asked.at(-1)?.at, `GET ${queries}/${qid}/results?cursor=a%2B%2F%3Db`)
})

t.test('json and csv are handed on as they come, byte for byte', async (t) => {
  for (const [format, type, body] of [
    ['json', 'application/x-ndjson', '{"city":"Köln"}\n{"city":null}\n'],
    ['csv', 'text/csv', 'city\r\n"Köln, am Rhein"\r\n']
  ] as const) {
    const results = { [`GET ${queries}/${qid}/results`]: () => ({ raw: (to: ServerResponse) => void to.end(body) }) }
    const { code, poured, out, asked } = await run(t, results, { format })
    t.match([code, poured, out], [0, body, []])
    t.equal(asked.at(-1)?.accept, type)
  }
  const cut = await run(t, {
    [`GET ${queries}/${qid}/results`]: () => ({
      raw: (to) => {
        to.write('city\r\n')
        setImmediate(() => to.destroy())
      }
    })
  }, { format: 'csv' })
  t.equal(cut.code, 69, 'rows that break off are not all of them')
  t.match(cut.err.join(), 'not all of it')
})

const refusal = (more: object = {}) => ({
  code: 'COLUMN_DENIED', message: 'column ssn is denied', line: 2, column: 9, offset: 16, length: 3, hint: 'leave it out', ...more
})
const refusedBy = (refusals: unknown): Routes => ({
  [`POST ${queries}`]: () => ({
    status: 422,
    body: { title: 'The query may not run', status: 422, code: 'query_refused', detail: 'See refusals.', refusals }
  })
})

t.test('a refusal shows its line, a caret under the place, the reason and the hint; exit 1', async (t) => {
  const text = "SELECT 1,\n  a, b.ssn -- '\u001b[2J"
  const { code, out, err } = await run(t, refusedBy([refusal(), refusal({ code: 'STAR', line: 1, column: 8, offset: 7, length: 1, hint: undefined })]), { sql: text })
  t.match([code, out], [1, []])
  t.same(err, [
    'refused for 2 reasons; nothing was run',
    '',
    'COLUMN_DENIED at line 2, column 9',
    "    a, b.ssn -- '\uFFFD[2J",
    '      ^^^'.padStart(11),
    '  column ssn is denied',
    '  hint: leave it out',
    '',
    'STAR at line 1, column 8',
    '  SELECT 1,',
    '         ^',
    '  column ssn is denied'
  ])
  const many = await run(t, refusedBy(Array.from({ length: 1000 }, () => refusal())), { sql: text })
  t.equal(many.err.at(-1), '\nand 980 more')
  const json = await run(t, refusedBy([refusal()]), { json: true })
  t.match([json.code, json.out, JSON.parse(json.err.join(''))], [1, [], { code: 'query_refused', refusals: [{ line: 2 }] }])
  for (const odd of [undefined, 'x', [7], [{ line: 'x' }], [refusal({ offset: -1 })], [refusal({ length: 1e99 })]]) {
    const told = await run(t, refusedBy(odd))
    t.match([told.code, told.err], [1, [/^The query may not run: See refusals\. \(query_refused\)$/]], JSON.stringify(odd))
  }
  const far = await run(t, refusedBy([refusal({ offset: 9_000_000, length: 5 })]))
  t.equal(far.code, 1, 'a place that the text does not have')
})

t.test('what fails, is stopped or is not there says so', async (t) => {
  const failed = await run(t, { [`GET ${queries}/${qid}`]: () => status('failed', { failure: 'no\u001b bytes' }) })
  t.match([failed.code, failed.err], [1, ['The query failed: no\uFFFD bytes']])
  const cancelled = await run(t, { [`GET ${queries}/${qid}`]: () => status('cancelled') })
  t.match([cancelled.code, cancelled.err], [1, ['The query was stopped.']])
  const problem = { title: 'The elevation has ended', code: 'ended', detail: 'Ask again.' }
  const over = await run(t, { [`GET ${queries}/${qid}/results`]: () => ({ status: 409, body: problem }) })
  t.match([over.code, over.err], [1, ['The elevation has ended: Ask again. (ended)']])
  const busy = await run(t, {
    [`GET ${queries}/${qid}`]: (_, count) =>
      count > 1
        ? status('succeeded')
        : { raw: (to) => void to.writeHead(503, { 'retry-after': '0' }).end('{"code":"ledger_unavailable"}') }
  })
  t.equal(busy.code, 0, 'what says when to try again is tried again')
})

t.test('Ctrl-C stops the query where it runs, and says where it could not', async (t) => {
  const stop = async (routes: Routes) => {
    const ctrlC = new AbortController()
    const running = () => {
      ctrlC.abort()
      return status('running')
    }
    return run(t, { [`GET ${queries}/${qid}`]: running, ...routes }, { signal: ctrlC.signal })
  }
  const { code, err, asked } = await stop({})
  t.match([code, err], [130, ['Stopped.']])
  t.equal(asked.at(-1)?.at, `POST ${queries}/${qid}/stop`)
  const unable = await stop({ [`POST ${queries}/${qid}/stop`]: () => ({ status: 503, body: { code: 'aws_unavailable' } }) })
  t.equal(unable.code, 130)
  t.match(unable.err.join('\n'), 'It may still run.')
  const reading = new AbortController()
  const half = await run(t, {
    [`GET ${queries}/${qid}/results`]: () => ({ raw: (to) => void to.write('city\r\n') })
  }, { format: 'csv', signal: reading.signal, write: async () => reading.abort() })
  t.match([half.code, half.err], [130, []], 'while the rows come there is nothing to stop')
})

const tableOf = (names: readonly string[], rows: readonly (readonly (string | null)[])[], width: number) => {
  const { to, said } = terminal()
  const columns = names.map((name) => {
    const [label = '', type = 'varchar'] = name.split(':')
    return { name: label, type }
  })
  const table = resultTable(to, { columns, first: rows, width })
  table.head()
  table.rows(rows)
  return { lines: said.out, leftOut: table.leftOut }
}

t.test('a table fits, aligns numbers, cuts what is long and obeys nothing that is in a value', (t) => {
  t.same(tableOf(['a:decimal(12,2)', 'b:varchar', 'c:double'], [['1.00', '1.00', '-2.5E10'], [null, '', '3']], 100).lines, [
    '   a  b           c', '────  ────  ───────', '1.00  1.00  -2.5E10', 'NULL              3'
  ])
  t.same(tableOf(['id', 'note'], [['1', 'x'.repeat(90)]], 20).lines[2], `1   ${'x'.repeat(15)}…`)
  t.same(tableOf(['k', 'v'], [['漢字', 'e\u0301'], ['abcd', 'ok']], 100).lines.slice(2), ['漢字  e\u0301', 'abcd  ok'])
  t.same(tableOf(['a'], [['x\u001b[31m\r\n\ty\u202E']], 100).lines[2], 'x\uFFFD[31m y\uFFFD')
  const wide = tableOf(Array.from({ length: 60 }, (_, n) => `column_${n}`), [], 100)
  t.equal(wide.leftOut, 60 - 17, 'seventeen columns of four cells and their gaps')
  t.same(tableOf(['a', 'b'], [], 100).lines, ['a  b', '─  ─'], 'no rows')
  const value = fc.option(fc.string({ unit: fc.constantFrom('a', '漢', '\u0301', '\n', '\u001b', '😀', ' ', '…'), maxLength: 90 }))
  const rows = fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { maxLength: 5 })
  const fits = fc.property(rows, fc.integer({ min: 20, max: 120 }), (given, width) => {
    const { lines, leftOut } = tableOf(['a:bigint', 'bb', 'ccc:double', 'd', 'eeeee'], given, width)
    const most = Math.max(...lines.map(cells))
    const hasControls = lines.some((line) => /[\p{Cc}\p{Bidi_Control}]/u.test(line))
    return lines.length === given.length + 2 && most <= width && !hasControls && (width < 28 || leftOut === 0)
  })
  t.doesNotThrow(() => fc.assert(fits))
  t.end()
})

t.test('sizes and lengths are told as people say them', (t) => {
  for (const [bytes, told] of [[0, '0 bytes'], [999, '999 bytes'], [1000, '1.0 kB'], [12_400_000, '12.4 MB'], [3e15, '3.0 PB'], ['x', '0 bytes'], [Number.NaN, '0 bytes']] as const) {
    t.equal(sizeText(bytes), told)
  }
  for (const [length, told] of [[0, '0 ms'], [999, '999 ms'], [3200, '3.2 s'], [245_000, '4 min 05 s'], [null, '0 ms']] as const) {
    t.equal(lengthText(length), told)
  }
  t.end()
})

t.test('an ask is bound to the text of a file, to the byte, and shows what it reads', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-query-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'one.sql')
  const text = "\uFEFFSELECT  city\r\nFROM claims.customers WHERE city = 'Köln'\n\n"
  writeFileSync(file, text)
  const elevation = {
    id, state: 'approved', target: 'claims-pii', mode: 'brokered', duration: 3600, approvals: [],
    query: { shape: 'SELECT city FROM claims.customers WHERE city = ?', reads: { 'claims.customers': ['city'], 'claims.claims': [] } }
  }
  const { env, asked } = await serve(t, { 'POST /v1/elevations': (_, n) => (n === 1 ? { status: 201, body: elevation } : { status: 422, body: { code: 'query_refused', refusals: [refusal({ line: 1, column: 1, offset: 0 })] } }) })
  const ask = { target: 'claims-pii', duration: '1h', reason: 'r', sql: file }
  const first = terminal()
  t.equal(await request(api(env), first.to, ask), 0)
  t.equal(JSON.parse(asked[0]?.body ?? '').sql, text)
  t.same(first.said.out, [
    `${id}  approved  claims-pii for 1h`,
    '  only this may run: SELECT city FROM claims.customers WHERE city = ?',
    '  it reads claims.customers: city',
    '  it reads claims.claims: (rows only)',
    `  next: \`sallyport query ${id} "SELECT …"\` starts the window`
  ])
  const second = terminal()
  t.equal(await request(api(env), second.to, ask), 1, 'a text that may not run is refused when it is asked')
  t.match(second.said.err.join('\n'), /COLUMN_DENIED at line 1, column 1\n/)
  for (const [name, bytes] of [['none', null], ['latin1', Buffer.from('SELECT \xff', 'latin1')], ['huge', Buffer.alloc(1_048_577, 32)]] as const) {
    if (bytes !== null) writeFileSync(join(folder, name), bytes)
    const third = terminal()
    t.equal(await request(api(env), third.to, { ...ask, sql: join(folder, name) }), 2, name)
    t.match(third.said.err, [new RegExp(`${name}: `)])
  }
  t.equal(asked.length, 2)
})

t.test('on the sandbox, end to end: asked with one query, approved, run, and no other', async (t) => {
  const live = await startLive(t)
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(live.as))
  if (!alice || !bob || !carol) throw new Error('a person is missing')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-query-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const bound = "SELECT currency, count(*) AS n FROM payments.payments WHERE method = 'cheque' GROUP BY 1 ORDER BY 2 LIMIT 5\n"
  const ask = async (text: string) => {
    writeFileSync(join(folder, 'one.sql'), text)
    const { to, said } = terminal(true)
    const asked = { target: 'payments-pii', duration: '10m', reason: 'Were cheques paid out twice?', ticket: 'CLM-7' }
    const code = await request(alice, to, { ...asked, sql: join(folder, 'one.sql') })
    return { code, said }
  }
  const star = await ask('SELECT * FROM payments.payments LIMIT 1')
  t.match([star.code, star.said.out], [1, []])
  t.match(JSON.parse(star.said.err.join('')), { code: 'query_refused', refusals: [{ code: 'STAR', offset: 7 }] })
  const { code, said } = await ask(bound)
  t.equal(code, 0)
  const elevation = JSON.parse(said.out.join(''))
  t.match(elevation.query, { reads: { 'payments.payments': ['currency', 'method'] } })
  t.notMatch(JSON.stringify(elevation.query), 'cheque', 'no literal of it is shown to anybody')
  const path = `/v1/elevations/${elevation.id}`
  for (const by of [bob, carol]) t.ok((await by.post(`${path}/approve`)).ok)
  const run1 = async (by: typeof alice, text: string, format: QueryOptions['format'] = 'table') => {
    const { to, said: told } = terminal()
    let poured = ''
    const options = { elevation: elevation.id, sql: text, format, width: 100, draw: null, signal: new AbortController().signal }
    const write = async (bytes: Uint8Array) => void (poured += Buffer.from(bytes).toString())
    return { code: await query(by, to, { ...options, write }), ...told, poured }
  }
  const other = await run1(alice, bound.trim())
  t.match([other.code, other.err.join()], [1, /query_not_the_asked_one/], 'a line end less is another text')
  const rows = await run1(alice, bound)
  t.match([rows.code, rows.out.length, rows.out[0]], [0, 4, 'currency     n'], rows.err.join())
  const csv = await run1(alice, bound, 'csv')
  t.match([csv.code, csv.poured.split('\r\n')[0]], [0, 'currency,n'])
  const json = await run1(alice, bound, 'json')
  t.match(json.poured.trim().split('\n').map((line) => Object.keys(JSON.parse(line))), [['currency', 'n'], ['currency', 'n']])
  for (const by of [bob, carol]) t.match(await run1(by, bound), { code: 1, out: [], err: [/unknown_elevation/] })
  const refused = await alice.post(`${path}/credentials`)
  t.match(refused, { ok: false, problem: { code: 'brokered_mode' } })
})

/** As it is installed, in a process of its own without a terminal. */
const spawned = (env: Readonly<Record<string, string>>, args: readonly string[]) => {
  const child = spawn(process.execPath, [main, 'query', ...args], { env: { PATH: process.env['PATH'] ?? '', ...env } })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  return { child, done: Promise.all([ended, textOf(child.stdout), textOf(child.stderr)]) }
}

t.test('as it is installed: stdin, formats, wrong usage, Ctrl-C', async (t) => {
  const { env, asked } = await serve(t, fine)
  const piped = spawned(env, [id, '-'])
  piped.child.stdin.end(`${sql}\n`)
  const [code, out, err] = await piped.done
  t.match([code, out, err], [0, 'city   n\n────  ──\nKöln   9\nNULL  10\n', '2 rows\n12.4 MB scanned, 3.2 s\n'])
  t.same(JSON.parse(asked[0]?.body ?? ''), { sql: `${sql}\n` })
  const rows: readonly (readonly [readonly string[], number])[] = [[[], 2], [[id], 2], [[id, sql, '--format', 'xml'], 2]]
  for (const [args, expected] of rows) {
    const wrong = spawned(env, args)
    t.match(await wrong.done, [expected, '', /./], args.join(' '))
  }
  const bad = spawned(env, [id, '-'])
  bad.child.stdin.end(Buffer.from([0xff]))
  t.match(await bad.done, [2, '', /^stdin: /])

  const interrupt = () => {
    running.child.kill('SIGINT')
    return status('running')
  }
  const slow = await serve(t, { ...fine, [`GET ${queries}/${qid}`]: interrupt })
  const running = spawned(slow.env, [id, sql])
  t.match(await running.done, [130, '', 'Stopped.\n'], 'no progress line without a terminal')
  t.equal(slow.asked.at(-1)?.at, `POST ${queries}/${qid}/stop`)
})

t.test('a start is an instant or a length from now, and an extension says nothing of its target', async (t) => {
  const now = instant(Date.UTC(2026, 10, 21, 10))
  const rows: readonly (readonly [string, string | null])[] = [
    ['+2h', '2026-11-21T12:00:00.000Z'], ['+PT30M', '2026-11-21T10:30:00.000Z'], ['2026-11-22T08:00Z', '2026-11-22T08:00Z'],
    ['+soon', null], ['+', null], ['tomorrow', 'tomorrow']
  ]
  for (const [typed, expected] of rows) t.equal(startOf(typed, now), expected, typed)
  const startAt = '2026-11-22T08:00:00.000Z'
  const asked = {
    id, state: 'approved', target: 'claims-pii', duration: 3600, approvals: [], mode: 'credentials', startAt,
    extends: qid, chain: { place: 2, secondsBefore: 7200 }, reasons: []
  }
  const s = await serve(t, {
    'POST /v1/elevations': () => ({ status: 201, body: asked }),
    [`POST /v1/elevations/${id}/extend`]: () => ({ status: 201, body: { ...asked, startAt: null, state: 'pending' } }),
    'GET /v1/elevations': () => ({ body: { elevations: [asked] } })
  })
  const ask = { target: 'claims-pii', duration: '1h', reason: 'because' }
  const first = terminal()
  t.equal(await request(api(s.env), first.to, { ...ask, start: startAt }), 0)
  t.match(first.said.out.join('\n'), /starts 2026-11-22T08:00:00.000Z at the earliest/)
  t.strictSame(JSON.parse(s.asked[0]?.body ?? ''), { ...ask, startAt })
  const bad = terminal()
  t.equal(await request(api(s.env), bad.to, { ...ask, start: '+soon' }), 2)
  t.equal(s.asked.length, 1, 'what is no start is not asked for')
  const more = terminal()
  t.equal(await extend(api(s.env), more.to, { id, duration: '1h', reason: 'more' }), 0)
  t.match(more.said.out.join('\n'), `extends ${qid}, ask 2 of a chain, 2h so far`)
  t.strictSame(JSON.parse(s.asked[1]?.body ?? ''), { duration: '1h', reason: 'more' })
})
