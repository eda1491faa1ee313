/**
 * The console's pages for auditors and operators: who sees which, that a search finds and pages,
 * that what is taken away proves itself, and that nothing typed becomes anything but text.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readAhead } from '../src/console/browser/ahead.ts'
import { trendBegin, trendOf } from '../src/console/posture-trend.tsx'
import { type PersonId, instant } from '../src/elevation/ids.ts'
import type { Target } from '../src/elevation/target.ts'
import { parsePack } from '../src/evidence/pack.ts'
import { jsonIn } from '../src/evidence/file.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { parseVerifierKey } from '../src/ledger/note.ts'
import { verifyProofFile } from '../src/ledger/proof-file.ts'
import { tilePath } from '../src/ledger/tiles.ts'
import type { SeenDoors } from '../src/ports-posture.ts'
import type { Facts } from '../src/posture/facts.ts'
import type { Finding } from '../src/posture/finding.ts'
import type { Door } from '../src/posture/side-doors-door.ts'
import { sideDoors } from '../src/posture/side-doors.ts'
import { searchSideDoors } from '../src/start/side-doors.ts'
import { makeEntry } from '../src/ledger/entry.ts'
import { axeFindings, openPage, overhangs, shoot, startBrowser } from './fixtures-browser.ts'
import { auditApp, auditScene, history, hostile } from './fixtures-audit.ts'
import { alice, bob, carol, erin, examplePolicy, sam } from './fixtures-broker.ts'
import { freePort } from './fixtures-console.ts'
import { person } from './fixtures-elevation.ts'
import { root } from './place.ts'
import { findingOf } from './store-findings-contract.ts'

const oscar = person('oscar')
const browser = await startBrowser()
const scene = await auditScene(t)
await scene.store.append(history(scene.now()))
const origin = `http://127.0.0.1:${await freePort()}`
const { app, cookieOf } = await auditApp(t, scene, { origin })
const cookies = new Map<PersonId, string>()
for (const one of [alice, bob, carol, erin, sam, oscar]) cookies.set(one, await cookieOf(one))

const get = (who: PersonId | null, path: string) => {
  const cookie = who === null ? undefined : cookies.get(who)
  return app.inject({
    url: `/console${path}`,
    headers: { accept: 'text/html', ...(cookie === undefined ? {} : { cookie: `sallyport=${cookie}` }) }
  })
}

const forAuditors = [
  '/ledger',
  '/ledger?person=alice&type=elevation.requested',
  '/ledger/3',
  '/ledger/3/proof',
  '/ledger/verify',
  '/ledger/files/key',
  '/ledger/files/checkpoint',
  '/ledger/files/tile/0/000',
  `/evidence?elevation=${scene.used}`,
  '/evidence?from=2026-11-21&to=2026-11-21',
  '/reports'
]
const forOperators = ['/policy', '/policy?as=alice&target=claims-pii&duration=2h', '/system']

t.test('auditors see all of it, operators and security the policy and the system, others nothing', async (t) => {
  const before = (await scene.store.entries(0, 10_000)).length
  for (const path of [...forAuditors, ...forOperators]) {
    t.equal((await get(erin, path)).statusCode, 200, `erin ${path}`)
    for (const who of [oscar, sam]) {
      const wanted = forOperators.includes(path) ? 200 : 404
      t.equal((await get(who, path)).statusCode, wanted, `${who} ${path}`)
    }
    const nothing = (await get(alice, `/elevations/${'0'.repeat(26)}`)).body.replaceAll(/<code>[^<]*<\/code>/g, '')
    for (const who of [alice, bob, carol]) {
      const answer = await get(who, path)
      t.equal(answer.statusCode, 404, `${who} ${path}`)
      if (who === alice) {
        const page = answer.body.replaceAll(/<code>[^<]*<\/code>/g, '')
        t.equal(page, nothing, `${path} is absent in the very same words`)
      }
    }
    const stranger = await get(null, path)
    t.equal(stranger.statusCode, 303, path)
    t.match(stranger.headers['location'], '/console/sign-in')
  }
  const added = (await scene.store.entries(before, 10_000)).map(({ body }) => JSON.parse(Buffer.from(body).toString()))
  const refused = added.filter(({ type, actor }) => type === 'attempt.refused' && actor === 'alice')
  t.ok(refused.length >= forAuditors.length, 'that somebody tried is in the ledger')
  t.ok(added.some(({ type, actor }) => type === 'ledger.read' && actor === 'erin'))
})

t.test('what does not exist is absent, however it is spelled', async (t) => {
  const paths = ['/ledger/999999', '/ledger/-1', '/ledger/01', '/ledger/x', '/ledger/999999/proof', '/ledger/files/tile/9/000', '/ledger/files/tile/0/x00', `/evidence?elevation=${'0'.repeat(26)}`]
  for (const path of paths) t.equal((await get(erin, path)).statusCode, 404, path)
  t.equal((await get(erin, '/evidence?from=2026-01-01')).statusCode < 500, true)
})

t.test('no page is larger than 60 KB, each has the strict policy, and nothing typed is markup', async (t) => {
  for (const path of [...forAuditors, ...forOperators].filter((one) => !/files|proof|evidence/.test(one))) {
    const { body, headers } = await get(erin, path)
    t.ok(Buffer.byteLength(body) <= 60 * 1024, `${path}: ${body.length}`)
    t.match(headers['content-security-policy'], /require-trusted-types-for 'script'/)
    t.equal(headers['cache-control'], 'no-store')
    t.notMatch(body, / style=|<[a-z][^>]* on[a-z]+=/, path)
  }
  const entry = await get(erin, '/ledger/3')
  t.notMatch(entry.body, '<img')
  t.match(entry.body, '&lt;img src=x onerror=alert(1)')
  t.notMatch((await get(erin, '/system')).body, '<b>unknown key')
  const typed = encodeURIComponent('"><script>alert(1)</script>')
  for (const path of [`/ledger?person=${typed}&from=${typed}&after=${typed}`, `/policy?as=${typed}&target=${typed}&about=${typed}`]) {
    const { body, statusCode } = await get(erin, path)
    t.equal(statusCode, 200)
    t.notMatch(body, '<script>alert')
  }
})

/** Indexes on a page, and where the next one is. */
const pageOf = (body: string): { readonly indexes: readonly number[]; readonly next: string | null } => ({
  indexes: [...body.matchAll(/<td class="num"><a href="\/console\/ledger\/(\d+)"/g)].map(([, index]) => Number(index)),
  next: /rel="next" href="\/console([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? null
})

const allPages = async (path: string): Promise<readonly number[]> => {
  const indexes: number[] = []
  for (let at: string | null = path; at !== null; ) {
    const page = pageOf((await get(erin, at)).body)
    indexes.push(...page.indexes)
    at = page.next
  }
  return indexes
}

t.test('a search shows each entry that fits once, newest first, over all its pages', async (t) => {
  const rows = (await scene.store.entries(0, 10_000)).map(({ index, body }) => {
    const { actor, target, type, at }: Readonly<Record<string, string | null>> = JSON.parse(Buffer.from(body).toString())
    return { index, actor, target, type, at: at ?? '' }
  })
  const search = fc.record(
    {
      person: fc.constantFrom('alice', 'bob', 'broker', 'nobody'),
      target: fc.constantFrom('claims-pii', 'payments-pii'),
      type: fc.constantFrom('elevation.requested', 'session.denied', 'no.such'),
      from: fc.constantFrom('2026-09-01', '2026-11-21', 'x'),
      to: fc.constantFrom('2026-10-15', '2026-11-20')
    },
    { requiredKeys: ['person'] }
  )
  await fc.assert(
    fc.asyncProperty(search, async (of) => {
      const wanted = rows
        .filter(({ actor }) => actor === of.person)
        .filter(({ target }) => of.target === undefined || target === of.target)
        .filter(({ type }) => of.type === undefined || of.type === 'no.such' || type === of.type)
        .filter(({ at }) => of.from === undefined || of.from === 'x' || at >= of.from)
        .filter(({ at }) => of.to === undefined || at.slice(0, 10) <= of.to)
        .toSorted((a, b) => (a.at === b.at ? b.index - a.index : a.at < b.at ? 1 : -1))
      const query = new URLSearchParams(Object.entries(of))
      const found = await allPages(`/ledger?${query}`)
      // reading adds entries of who reads
      t.strictSame(found.filter((index) => index < rows.length), wanted.map(({ index }) => index), String(query))
    }),
    { numRuns: 12 }
  )
  t.equal(new Set(await allPages('/ledger')).size >= rows.length, true)
  const nobody = await get(erin, '/ledger?person=nobody')
  t.match(nobody.body, 'No entry fits')
  const wrong = await get(erin, '/ledger?person=Not%20An%20Id&from=2026-13-01')
  t.match(wrong.body, /aria-invalid/)
  t.match(wrong.body, 'value="Not An Id"', 'what was typed is kept')
})

t.test('an entry has its values, and what was erased says by which entry', async (t) => {
  const { body } = await get(erin, '/ledger/0')
  t.match(body, 'erased by entry 2')
  t.notMatch(body, 'something that will be erased')
  const opened = await get(erin, '/ledger/3')
  t.match(opened.body, 'CLM-4711')
  t.match(opened.body, scene.used)
})

t.test('a proof and a pack that were downloaded prove themselves', async (t) => {
  const key = await parseVerifierKey((await get(erin, '/ledger/files/key')).body, nodePrimitives)
  if (key === null) throw new Error('no key')
  const proof = await get(erin, '/ledger/3/proof')
  t.match(proof.headers['content-disposition'], 'attachment; filename="entry-3.tlog-proof"')
  t.match(await verifyProofFile(proof.rawPayload, [key], nodePrimitives), { ok: true, index: 3n })
  const page = await get(erin, `/evidence?elevation=${scene.used}`)
  const data = await get(erin, `/evidence?elevation=${scene.used}&format=json`)
  t.match(page.headers['content-disposition'], /^attachment; filename="sallyport-evidence-.*\.html"$/)
  const [one, other] = [parsePack(JSON.parse(jsonIn(page.body) ?? '')), parsePack(data.json())]
  t.strictSame(one?.entries.map(({ bytes }) => bytes), other?.entries.map(({ bytes }) => bytes))
  t.match(page.body, '&lt;img')
  t.ok(page.body.includes(JSON.stringify(hostile).replaceAll('<', '\\u003c').slice(1, -1)))
})

t.test('reports count what is in the ledger', async (t) => {
  const { body } = await get(erin, '/reports')
  t.match(body, /<title id="asks-title">Asks by week<\/title>/)
  t.match(body, '10-12: asked 9')
  t.match(body, '>bob</a></td><td class="num">')
  t.match(body, /median <b>\d+ min/)
})

t.test('the policy explains a decision with its reasons, and what is wrong with a question', async (t) => {
  const ask = 'as=alice&target=claims-pii&duration=2h&reason=suspected+fraud+ring&ticket=CLM-1'
  t.match((await get(oscar, `/policy?${ask}`)).body, 'Needs approval')
  t.match((await get(oscar, '/policy?as=eve&target=claims-pii&duration=2h&reason=x')).body, 'Denied')
  const wrong = await get(oscar, '/policy?as=nobody&target=&duration=soon')
  t.match(wrong.body, 'there is no such person')
  t.match(wrong.body, 'value="soon"')
  t.notMatch((await get(oscar, '/policy')).body, 'Last changes', 'which only auditors read')
  t.match((await get(erin, '/policy?about=payments-pii')).body, 'payments-review')
  t.notMatch((await get(erin, '/policy?about=payments-pii')).body, 'claims-investigation</h2>')
})

t.test('the system page says what is not good', async (t) => {
  const { body } = await get(oscar, '/system')
  t.match(body, 'rules/claims.yaml:7')
  t.match(body, scene.used)
  t.notMatch(body, `href="/console/elevations/${scene.used}"`, 'an operator does not see elevations')
})

t.test('posture is for who watches over all and for owners, and says that nothing was looked at', async (t) => {
  for (const who of [erin, oscar, sam, carol]) {
    const { statusCode, body } = await get(who, '/posture')
    t.equal(statusCode, 200, who)
    t.match(body, 'Nothing was looked at yet', who)
    t.match(body, 'href="/console/posture" aria-current="page"', who)
  }
  const nothing = (await get(alice, '/posture')).body
  for (const who of [alice, bob]) {
    const { statusCode, body } = await get(who, '/posture')
    t.equal(statusCode, 404, who)
    t.notMatch(body, 'Posture', who)
  }
  t.match(nothing, 'There is nothing here')
  t.notMatch((await get(alice, '')).body, '/console/posture')
  t.equal((await get(null, '/posture')).statusCode, 303)
})

const scan = async (
  opened: readonly Finding[],
  { unseen = [] }: { readonly unseen?: readonly string[] } = {}
): Promise<void> => {
  const { posture } = scene.store
  const now = instant(scene.now())
  await posture.takeScan({ owner: 'test', now, until: instant(scene.now() + 60_000) })
  const shares = { workgroups: { count: 4, of: 6 }, locations: { count: 3, of: 3 } }
  const scanned = { at: now, shares, unseen }
  const done = await posture.keepFindings({ owner: 'test', now, opened, changed: [], closed: [], scanned }, [])
  t.equal(done.kind, 'committed')
}
const waiver = { state: 'holds', by: 'person:sam', reason: 'it <i>moves</i> next week', until: '2026-12-01T00:00:00.000Z' } as const
const command = `aws athena tag-resource --tags '[{"Key":"${hostile}"}]'`

/** Text as a page has it. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
const titles = (body: string): readonly string[] =>
  [...body.matchAll(/<article class="card"><header><h3>([^<]*)</g)].map(([, title]) => title ?? '')

t.test('posture shows where targets stand, what is out of line, and the command that mends it', async (t) => {
  const gone = findingOf('gone', { title: 'Unseen', severity: 'low' })
  await scan([gone])
  scene.advance(7200)
  const mend = { cli: [command, 'aws kms describe-key'], cloudformation: '', terraform: '' }
  await scan(
    [
      findingOf('a', { title: 'Bare', severity: 'critical', shows: hostile, owner: `group:${hostile}`, mend }),
      findingOf('b', { title: 'Later', severity: 'medium', waiver }),
      findingOf('c', { title: 'Elsewhere', severity: 'high', targets: [], resource: 'arn:aws:s3:::x\u202egnp', owner: null }),
      findingOf('d', { title: 'Again', severity: 'medium', waiver: { ...waiver, state: 'expired' } })
    ],
    { unseen: [gone.id] }
  )
  scene.advance(303)
  const { body } = await get(erin, '/posture')
  t.match(body, '5 min 03 s ago')
  t.match(body, '66 % (4 of 6)')
  t.strictSame(titles(body), ['Bare', 'Elsewhere', 'Later', 'Again', 'Unseen'], 'worst first')
  const board = /<section class="stack" aria-labelledby="board">(.*?)<\/section>/.exec(body)?.[1] ?? ''
  t.match(board, /claims-pii<\/a><\/h3><span class="state bad">critical<\/span><\/div><p>Bare<\/p>/)
  t.match(board, '1 critical</span><span class="tag">1 medium</span><span class="tag">1 low</span><span class="tag">1 waived')
  t.match(board, /payments-pii<\/a><\/h3><span class="state good">in order/)
  const [claims, payments] = [...board.matchAll(/datetime="([^"]+)"/g)].map(([, at]) => Date.parse(at ?? ''))
  t.equal((payments ?? 0) - (claims ?? 0), 7_200_000, 'as old as what was looked at least lately')
  t.ok(board.indexOf('claims-pii') < board.indexOf('payments-pii'))
  t.ok(body.includes(`<pre class="block wrap">${escaped(command)}\naws kms describe-key</pre>`))
  t.ok(body.includes(escaped(`group:${hostile}`)))
  t.notMatch(body, /<img|<i>|\u202e/)
  t.match(body, 'person:sam')
  t.match(body, '2026-12-01 00:00 UTC')
  t.match(body, 'Waiver, over since')
  const shown: readonly (readonly [query: string, expected: readonly string[]])[] = [
    ['severity=critical', ['Bare']],
    ['severity=worst', ['Bare', 'Elsewhere', 'Later', 'Again', 'Unseen']],
    ['state=waived', ['Later']],
    ['state=open&severity=medium', ['Again']],
    ['state=unseen', ['Unseen']],
    ['target=claims-pii', ['Bare', 'Later', 'Again', 'Unseen']],
    ['target=payments-pii', []],
    ['target=no-such', []],
    ['target=claims-pii&state=waived&severity=low', []]
  ]
  for (const [query, expected] of shown) {
    const page = (await get(oscar, `/posture?${query}`)).body
    t.strictSame(titles(page), expected, query)
    if (expected.length === 0) t.match(page, 'No finding fits', query)
  }
  t.match((await get(erin, '/posture?target=no-such')).body, 'No target fits')
  const wrong = (await get(erin, `/posture?target=${encodeURIComponent('"><b>X')}&from=${encodeURIComponent('"><b>')}`)).body
  t.match(wrong, /aria-invalid/)
  t.match(wrong, 'value="&quot;>&lt;b>X"', 'what was typed is kept')
  const own = (await get(carol, '/posture')).body
  t.strictSame(titles(own), ['Bare', 'Later', 'Again', 'Unseen'], 'an owner sees what touches theirs')
  t.notMatch(own, '66 %', 'and no figures of the whole')
  t.equal((await get(alice, '/posture')).statusCode, 404)
})

t.test('however much is out of line, each of it is on one page of at most 60 KB, with its whole command', async (t) => {
  const long = `aws kms put-key-policy --policy '${'{"a":"<&>"}'.repeat(3000)}'`
  const many = Array.from({ length: 60 }, (_, n) =>
    findingOf(`many ${n}`, {
      title: `Many ${n}`,
      severity: 'low',
      shows: hostile.repeat(40),
      mend: { cli: [n === 7 ? long : command.repeat(1 + (n % 9))], cloudformation: '', terraform: '' }
    })
  )
  await scan(many)
  const seen: string[] = []
  let pages = 0
  for (let at: string | null = '/posture'; at !== null; pages++) {
    const { body, headers }: Awaited<ReturnType<typeof get>> = await get(erin, at)
    t.ok(Buffer.byteLength(body) <= 60 * 1024, `${at}: ${body.length}`)
    t.match(headers['content-security-policy'], /require-trusted-types-for 'script'/)
    t.notMatch(body, / style=|<[a-z][^>]* on[a-z]+=/)
    seen.push(...titles(body))
    at = /rel="next" href="\/console([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? null
  }
  t.equal(seen.length, 65)
  t.equal(new Set(seen).size, 65, 'each once')
  t.ok(pages > 2, `${pages} pages`)
  const { id } = many[7] ?? findingOf('none')
  const page = (await get(erin, `/posture?from=${encodeURIComponent(id)}`)).body
  t.match(page, 'The command is too long for this page.')
  t.notMatch(page, 'put-key-policy', 'half a command is none')
  const [first] = titles((await get(erin, '/posture?from=key_disabled:00000000000000000000')).body)
  t.equal(first, 'Bare', 'what has gone begins anew')
  scene.advance(3600)
  await scene.store.posture.takeScan({ owner: 'test', now: instant(scene.now()), until: instant(scene.now() + 60_000) })
  const closed = (await scene.store.posture.openFindings())
    .filter(({ finding }) => many.some((one) => one.id === finding.id))
    .map(({ finding, openedAt }) => ({ id: finding.id, openedAt }))
  const change = { owner: 'test', now: instant(scene.now()), opened: [], changed: [], closed, scanned: null }
  t.match(await scene.store.posture.keepFindings(change, []), { kind: 'committed' })
})

t.test('what was closed is listed with how long it stood, page by page, and the trend counts it', async (t) => {
  const page = (await get(erin, '/posture?state=closed')).body
  t.match(page, /<article class="card"><header><h3>Many/)
  t.match(page, /stood for/)
  t.notMatch(page, 'put-key-policy', 'what is closed needs no mending')
  const seen: string[] = []
  for (let at: string | null = '/posture?state=closed'; at !== null; ) {
    const { body }: Awaited<ReturnType<typeof get>> = await get(erin, at)
    t.ok(Buffer.byteLength(body) <= 60 * 1024, at)
    seen.push(...titles(body))
    at = /rel="next" href="\/console([^"]+)"/.exec(body)?.[1]?.replaceAll('&amp;', '&') ?? null
  }
  t.equal(seen.length, 60)
  t.equal(new Set(seen).size, 60, 'each once')
  t.match((await get(erin, '/posture?state=closed&severity=critical')).body, 'No finding fits')
  const { body } = await get(erin, '/posture')
  const chart = /<title id="trend-title">[^]*?<\/svg>/.exec(body)?.[0] ?? ''
  t.match(chart, '<title>now: critical 1, high 1, medium 2, low 1</title>')
  const week = 7 * 86_400_000
  const now = instant(20 * week)
  const spell = (severity: Finding['severity'], from: number, until: number | null) => ({
    finding: findingOf('x', { severity }),
    openedAt: instant(from * week),
    seenAt: now,
    closedAt: until === null ? null : instant(until * week)
  })
  const points = trendOf([spell('critical', 9, 11), spell('low', 19.5, null), spell('low', 0, null), spell('high', 20, 20)], now)
  t.strictSame(points.map(({ counts }) => counts.join(' ')), [
    '0 0 0 1', '1 0 0 1', '1 0 0 1', ...Array.from({ length: 9 }, () => '0 0 0 1'), '0 0 0 2'
  ])
  t.equal(points[0]?.at, trendBegin(now))
})

const vector: { readonly facts: Facts; readonly targets: readonly Target[] } = JSON.parse(
  readFileSync(join(root, 'test/vectors/posture/side-doors.json'), 'utf8')
)
const doors = sideDoors(vector.facts, vector.targets)

const byId = (all: readonly Door[]) => all.map(({ id }) => id).toSorted()

t.test('side doors are searched for on a thread and kept; what takes too long is told', async (t) => {
  const policy = await examplePolicy()
  const ofVector = { ...policy, targets: new Map(vector.targets.map((target) => [target.id, target])) }
  const lines: object[] = []
  const logger = { info: (line: object) => void lines.push(line), warn: (line: object) => void lines.push(line) }
  const kept: SeenDoors[] = []
  const store = { keepSideDoors: async (seen: SeenDoors) => void kept.push(seen) }
  const parts = { store, policy: () => ofVector, logger }
  await searchSideDoors(parts)(vector.facts, new AbortController().signal)
  t.strictSame(byId(kept[0]?.doors ?? []), byId(doors))
  t.match(kept, [{ at: Date.parse(vector.facts.at), count: doors.length }])
  t.match(lines, [{ event: 'side_doors_searched', doors: doors.length }])
  await searchSideDoors({ ...parts, deadlineMs: 1 })(vector.facts, new AbortController().signal)
  t.match(lines[1], { event: 'side_doors_not_searched' })
  await searchSideDoors(parts)(vector.facts, AbortSignal.abort())
  t.equal(lines.length, 2, 'a broker that stops says nothing')
  t.equal(kept.length, 1)
})

t.test('side doors: the graph as a picture in which nothing runs, and each door with its steps', async (t) => {
  t.match((await get(erin, '/posture/side-doors')).body, 'Nobody has searched for side doors yet')
  t.match((await get(erin, '/posture')).body, 'Nobody has searched for side doors yet')
  const { posture } = scene.store
  const odd = (door: Door): Door => ({ ...door, principal: `arn:aws:iam::123456789012:role/${hostile}\u202e` })
  const shown = doors.map((door, n) => (n === 0 ? odd(door) : door))
  await posture.keepSideDoors({ at: instant(scene.now()), count: shown.length, doors: shown })
  const { body } = await get(erin, '/posture/side-doors')
  t.match(body, '<img class="graph" src="/console/posture/side-doors.svg" alt="')
  t.notMatch(body, /<img src=x|\u202e| style=/)
  const certain = doors.filter(({ certainty }) => certainty === 'certain').length
  t.match(body, `${certain} certain, ${doors.length - certain} possible`)
  const listed: string[] = []
  for (let at: string | null = '/posture/side-doors'; at !== null; ) {
    const page: Awaited<ReturnType<typeof get>> = await get(erin, at)
    t.ok(Buffer.byteLength(page.body) <= 60 * 1024, `${at}: ${page.body.length}`)
    listed.push(...[...page.body.matchAll(/<article class="card"><header><h3 class="wrap">([^<]*)</g)].map(([, title]) => title ?? ''))
    at = /rel="next" href="\/console([^"]+)"/.exec(page.body)?.[1] ?? null
  }
  t.equal(listed.length, doors.length)
  t.match((await get(erin, '/posture')).body, 'href="/console/posture/side-doors"')
  const picture = await get(erin, '/posture/side-doors.svg')
  t.match(picture.headers['content-type'], 'image/svg+xml')
  t.match(picture.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; sandbox$/)
  t.match(picture.body, 'claims.customers')
  t.notMatch(picture.body, /<img|<script/)
  const own = (await get(carol, '/posture/side-doors')).body
  t.match(own, 'claims.customers')
  t.notMatch(own, /payments\.|hr\./, 'an owner sees the doors to theirs')
  t.notMatch((await get(carol, '/posture/side-doors.svg')).body, 'payments.')
  await posture.keepSideDoors({ at: instant(scene.now() + 1), count: 0, doors: [] })
  t.match((await get(erin, '/posture')).body, 'No side door')
  await posture.keepSideDoors({ at: instant(scene.now() + 2), count: shown.length, doors: shown })
})

t.test('files for verifying are asked for ahead, each once, and are counted apart from pages', async (t) => {
  const size = 5 * 256 + 7
  const asked: string[] = []
  const paths = new Set(
    [0, 1, 2, 3, 4, 5].flatMap((n) => (['entries', 0] as const).map((level) => tilePath({ level, n: BigInt(n), width: n === 5 ? 7 : 256 })))
  )
  const reader = readAhead(async (path) => {
    asked.push(path)
    return path === 'checkpoint' ? new TextEncoder().encode(`log\n${size}\nroot\n`) : new Uint8Array(4)
  })
  await reader.read('checkpoint', 100)
  await reader.read('tile/entries/000', 100)
  t.ok(asked.includes('tile/entries/005.p/7'), 'ahead')
  t.equal(await reader.read('tile/0/000', 3), 'too_large')
  for (const path of paths) if (!path.endsWith('/000')) await reader.read(path, 100)
  t.strictSame(asked.toSorted(), ['checkpoint', ...paths].toSorted(), 'nothing that is not there')
  const many = await Promise.all(Array.from({ length: 1300 }, () => get(erin, '/ledger/files/key')))
  t.ok(many.every(({ statusCode }) => statusCode === 200), 'more than pages may be loaded in a minute')
})

if (browser !== null) {
  t.teardown(() => browser.close())
  await app.listen({ host: '127.0.0.1', port: Number(new URL(origin).port) })

  const people: readonly (readonly [name: string, who: PersonId | null])[] = [
    ['auditor', erin], ['requester', alice], ['approver', bob], ['owner', carol], ['operator', oscar], ['security', sam], ['nobody', null]
  ]
  const all = ['requester', 'approver', 'owner', 'auditor', 'operator', 'security']
  const watching = ['auditor', 'operator', 'security']
  const pages: readonly (readonly [name: string | null, path: string, heading: string, roles: readonly string[]])[] = [
    [null, '', 'My access', all],
    [null, '/ask', 'Ask for access', all],
    [null, '/sessions', 'Your sessions', all],
    [null, '/sessions/end-all', 'Sign out everywhere?', all],
    ['approvals-auditor', '/approvals', 'Approvals', ['approver', 'owner', 'auditor', 'security']],
    ['elevation-auditor', `/elevations/${scene.used}`, 'Access to claims-pii', ['requester', 'approver', 'owner', 'auditor', 'security']],
    [null, `/elevations/${scene.used}/query`, 'Query claims-pii', ['requester']],
    [null, `/elevations/${scene.used}/revoke`, 'End this access to claims-pii?', ['requester', 'approver', 'owner', 'auditor', 'security']],
    ['ledger', '/ledger?target=claims-pii', 'Ledger', ['auditor']],
    ['ledger-entry', '/ledger/3', 'Entry 3', ['auditor']],
    [null, '/ledger/verify', 'Verify the ledger in this browser', ['auditor']],
    ['posture', '/posture', 'Posture', [...watching, 'owner']],
    ['posture-closed', '/posture?state=closed&severity=low', 'Posture', [...watching, 'owner']],
    ['side-doors', '/posture/side-doors', 'Side doors', [...watching, 'owner']],
    ['reports', '/reports', 'Reports', ['auditor']],
    ['policy', '/policy?as=alice&target=claims-pii&duration=2h&reason=suspected+fraud+ring&ticket=CLM-1', 'Policy', watching],
    ['system', '/system', 'System', watching]
  ]

  const sameForAll = ['/ask', '/sessions', '/sessions/end-all', `/elevations/${scene.used}/revoke`]

  t.test('in a browser each page is there for its roles: no complaint, nothing serious by axe, nothing hangs over', async (t) => {
    const { page, context, complaints } = await openPage(browser, [origin])
    const looked = new Set<string>()
    const look = async (name: string, path: string): Promise<void> => {
      if (looked.has(path)) return
      looked.add(path)
      t.strictSame(await axeFindings(page), [], `${name} ${path}`)
      t.strictSame(await overhangs(page), [], `${path} hangs over`)
    }
    for (const [role, who] of people) {
      await context.clearCookies()
      if (who !== null) {
        await context.addCookies([{ name: 'sallyport', value: cookies.get(who) ?? '', url: origin }])
      }
      for (const [shot, path, heading, roles] of pages) {
        const isTheirs = roles.includes(role)
        const title = isTheirs ? heading : who === null ? 'Sign in' : 'There is nothing here'
        const status = isTheirs || who === null ? 200 : 404
        // what looks the same to everybody is drawn once, and then read as it is answered
        const isSame = !isTheirs || sameForAll.includes(path)
        if (isSame && looked.has(isTheirs ? path : title)) {
          const answer = await page.request.get(`${origin}/console${path}`, { headers: { accept: 'text/html' } })
          t.equal(answer.status(), status, `${path} for ${role}`)
          t.match(await answer.text(), `<h1>${title}</h1>`, `${path} for ${role}`)
          continue
        }
        const answer = await page.goto(`${origin}/console${path}`)
        t.equal(answer?.status(), status, `${path} for ${role}`)
        t.equal(await page.locator('h1').innerText(), title, `${path} for ${role}`)
        if (shot !== null && isTheirs && !looked.has(path)) await shoot(page, shot)
        await look(role, isTheirs ? path : title)
      }
    }
    t.strictSame(complaints, [])
    await context.close()
  })

  t.test('in a browser: text of others is text, commands can be copied, the picture is seen, paper has what is said', async (t) => {
    const { page, context, complaints } = await openPage(browser, [origin])
    await context.addCookies([{ name: 'sallyport', value: cookies.get(erin) ?? '', url: origin }])
    await page.goto(`${origin}/console/elevations/${scene.used}`)
    t.match(await page.locator('main').textContent(), hostile)
    t.equal(await page.locator('main img, main script').count(), 0)
    await page.goto(`${origin}/console/posture`)
    t.equal(await page.locator('main pre').first().innerText(), `${command}\naws kms describe-key`, 'to be copied')
    await page.goto(`${origin}/console/posture/side-doors`)
    t.equal(await page.evaluate("document.querySelector('img.graph').naturalWidth > 0"), true)
    await page.goto(`${origin}/console/posture/side-doors.svg`)
    t.equal(await page.evaluate("getComputedStyle(document.querySelector('.page')).fill"), 'rgb(255, 255, 255)', 'its own style holds')
    await page.setViewportSize({ width: 718, height: 1000 })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    for (const path of ['/ledger', '/posture', '/posture/side-doors', '/reports', '/policy', `/elevations/${scene.used}`]) {
      await page.goto(`${origin}/console${path}`)
      for (const gone of ['header.side', 'main button', 'main input']) {
        t.equal(await page.locator(gone).locator('visible=true').count(), 0, `${path}: ${gone}`)
      }
      const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      t.ok(Number(over) <= 0, `${path} is cut by ${over}`)
      t.equal(await page.evaluate("getComputedStyle(document.querySelector('h1')).color"), 'rgb(0, 0, 0)', `${path} in dark`)
    }
    t.strictSame(complaints, [])
    await context.close()
  })

  t.test('in a browser the ledger verifies, says by whose key, and can be stopped', async (t) => {
    const { page, context, complaints } = await openPage(browser, [origin])
    await context.addCookies([{ name: 'sallyport', value: cookies.get(erin) ?? '', url: origin }])
    await page.goto(`${origin}/console/ledger/verify`)
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.locator('#result .warn', { hasText: 'entries hash to the root' }).waitFor()
    const key = (await get(erin, '/ledger/files/key')).body
    await page.locator('#key').fill(key)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('#result .good', { hasText: 'the key that you gave' }).waitFor()
    await shoot(page, 'ledger-verify')
    t.strictSame(await axeFindings(page), [], 'verify')
    await page.locator('#key').fill(key.replace(/\+.*\+/, '+00000000+'))
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.locator('#result .bad').waitFor()
    await page.locator('#key').fill('')
    t.notOk(await page.getByRole('button', { name: 'Stop' }).isVisible(), 'nothing to stop')
    const held: (() => void)[] = []
    await page.route('**/tile/entries/001*', (route) => new Promise<void>((resolve) => {
      held.push(() => void route.abort().then(resolve, resolve))
    }))
    await page.getByRole('button', { name: 'Verify now' }).click()
    await page.locator('#result', { hasText: '256 of' }).waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator('#result .warn', { hasText: 'Stopped after 256 entries' }).waitFor()
    t.ok(await page.getByRole('button', { name: 'Verify now' }).isEnabled())
    for (const release of held) release()
    t.strictSame(complaints, [])
    await context.close()
  })

  t.test('an entry that is not the sealed one is told by the browser', async (t) => {
    const { page, context } = await openPage(browser, [origin])
    await context.addCookies([{ name: 'sallyport', value: cookies.get(erin) ?? '', url: origin }])
    const other = makeEntry('x', { id: '0199f0c4-7a10-4c3e-9d21-0000000000aa', type: 'attempt.refused', at: '2026-11-21T10:00:00.000Z', actor: 'eve', elevation: null, target: null, policy: null, data: {} }, [])
    await page.route('**/tile/entries/000', async (route) => {
      const bytes = Buffer.from(await (await route.fetch()).body())
      const first = bytes.readUInt16BE(0)
      const size = Buffer.from([other.body.length >> 8, other.body.length & 255])
      await route.fulfill({ body: Buffer.concat([size, other.body, bytes.subarray(2 + first)]) })
    })
    await page.goto(`${origin}/console/ledger/verify`)
    await page.getByRole('button', { name: 'Verify now' }).click()
    const told = page.locator('#result .bad', { hasText: 'Entry 0: ' })
    await told.waitFor()
    t.ok(await told.isVisible())
    await context.close()
  })
}
