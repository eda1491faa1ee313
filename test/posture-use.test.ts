/**
 * Use that belongs to no elevation, told to the broker: findings with entries through the path of a
 * scan, once; the use of keys by month, in the metrics and in every report that has room for it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { keepFacts } from '../src/broker/posture-watch.ts'
import { type UseStatement, makeReconciling } from '../src/broker/reconciled.ts'
import { objectOf, type Answer } from '../src/cli/api.ts'
import { postureReport } from '../src/cli/posture-report.ts'
import { tellBroker } from '../src/cli/reconcile-tell.ts'
import { instant } from '../src/elevation/ids.ts'
import { useCodes } from '../src/policy/finding-codes.ts'
import { loadPolicy } from '../src/policy/load.ts'
import type { Policy, Waiver } from '../src/policy/policy.ts'
import { readPolicyFolder } from '../src/policy-folder.ts'
import { type ReportedUse, useRows } from '../src/posture/use-findings.ts'
import type { Reconciled, UseFinding } from '../src/reconcile/match.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import { metricsPage } from '../src/http/metrics.ts'
import { keyUseMetrics } from '../src/start/figures.ts'
import { alice, ask, byCli, depsOver, erin, examplePolicy } from './fixtures-broker.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { person } from './fixtures-elevation.ts'
import { startLive } from './fixtures-live.ts'
import { openHere } from './fixtures-store.ts'
import { shippedPolicies } from './place.ts'
import { factsWith } from './posture-scene.ts'

const noon = Date.UTC(2026, 10, 21, 10)
const oscar = person('oscar')
const account = '123456789012'
const region = 'eu-west-1'
const [claims] = seedTargets()
if (claims === undefined) throw new Error('no target')
const key = claims.data[0]?.key ?? ''
const eve = `arn:aws:sts::${account}:assumed-role/AWSReservedSSO_x/eve@example.org`

const useOf = (n: number, over: Partial<ReportedUse> = {}): ReportedUse => ({
  id: `use_unmatched:${String(n).padStart(20, '0')}`,
  code: 'use_unmatched',
  target: 'claims-pii',
  elevation: null,
  kind: 'decrypt',
  actor: eve,
  resource: key,
  account,
  region,
  first: '2026-11-20T10:00:00.000Z',
  last: '2026-11-20T11:00:00.000Z',
  events: 3,
  shows: '00000000-0000-4000-8000-000000000001',
  ...over
})
const day = { account, region, from: '2026-11-20T00:00:00.000Z', to: '2026-11-20T23:00:00.000Z' }
const whole = { from: '0000-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z' }
const statement = (uses: readonly ReportedUse[], over: Partial<UseStatement> = {}): UseStatement => ({
  uses,
  covered: [day],
  ...whole,
  ...over
})

const scene = async (t: Pick<Test, 'teardown'>) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-use-'))
  let now = noon
  let policy: Policy = await examplePolicy()
  const store = openHere(join(folder, 'store'), () => now)
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const { deps } = depsOver({ store, now: () => now, policy: () => policy }, { posture: store.posture })
  const reconciling = makeReconciling(deps, store.posture)
  const bodies = async () =>
    (await store.entries(0, 1000))
      .map(({ body }) => objectOf(JSON.parse(Buffer.from(body).toString())))
      .filter(({ type }) => String(type).startsWith('finding.'))
  return {
    store,
    deps,
    tell: async (told: UseStatement, who = oscar) => {
      const kept = await reconciling.uses(who, told)
      return kept.ok ? kept.value : kept.refusal.code
    },
    keyUse: reconciling.keyUse,
    open: async () => (await store.posture.openFindings()).map(({ finding }) => finding),
    bodies,
    types: async () => (await bodies()).map(({ type }) => type),
    scan: async () => {
      await store.posture.takeScan({ owner: 'one', now: instant(now), until: instant(now + 60_000) })
      const facts = { ...factsWith(), at: new Date(now).toISOString() }
      const kept = await keepFacts({ deps, findings: store.posture, owner: 'one' }, facts)
      await store.posture.giveScan('one')
      return kept
    },
    now: () => instant(now),
    advance: (length: number) => {
      now += length * 1000
    },
    change: (edit: (policy: Policy) => Policy) => {
      policy = edit(policy)
    }
  }
}

t.test('a use is opened once with an entry in the name of who told of it, and told again changes nothing', async (t) => {
  const s = await scene(t)
  t.strictSame(await s.tell(statement([useOf(1), useOf(1)])), { opened: 1, closed: 0, open: 1 })
  const before = [await s.open(), await s.bodies()]
  s.advance(60)
  t.strictSame(await s.tell(statement([useOf(1)])), { opened: 0, closed: 0, open: 1 })
  t.strictSame([await s.open(), await s.bodies()], before)
  const [entry] = await s.bodies()
  t.match(entry, {
    type: 'finding.opened',
    actor: 'oscar',
    target: 'claims-pii',
    data: { code: 'use_unmatched', severity: 'high', resource: key }
  })
  t.notMatch(JSON.stringify(entry), /eve@|0{19}1/, 'nothing of who used it, no hash of it')
  t.match(await s.open(), [{ kind: 'use', owner: claims.owner, targets: ['claims-pii'], shows: /eve@example.org/ }])
})

t.test('only what the logs covered is closed, and only by a statement that would have it', async (t) => {
  const s = await scene(t)
  const one = useOf(1)
  await s.tell(statement([one]))
  const cases: readonly (readonly [string, Partial<UseStatement>, number])[] = [
    ['nothing was read whole', { covered: [] }, 0],
    ['of another account', { covered: [{ ...day, account: '999999999999' }] }, 0],
    ['of another region', { covered: [{ ...day, region: 'eu-central-1' }] }, 0],
    ['logs that begin later', { covered: [{ ...day, from: '2026-11-20T10:00:01.000Z' }] }, 0],
    ['logs that end earlier', { covered: [{ ...day, to: '2026-11-20T10:59:59.000Z' }] }, 0],
    ['a slice that ends before it', { to: one.first }, 0],
    ['a slice that begins after it', { from: '2026-11-20T10:00:00.001Z' }, 0],
    ['all of it', {}, 1],
    ['the same again', {}, 0]
  ]
  for (const [name, over, closed] of cases) t.match(await s.tell(statement([], over)), { opened: 0, closed }, name)
  t.strictSame(await s.types(), ['finding.opened', 'finding.closed'])
  s.advance(1)
  t.match(await s.tell(statement([one])), { opened: 1 }, 'it is back')
})

t.test('a narrower or a wider reading of one use is still that use, as the wider tells it', async (t) => {
  const s = await scene(t)
  await s.tell(statement([useOf(1)]))
  const narrow = { first: '2026-11-20T10:30:00.000Z', last: '2026-11-20T10:40:00.000Z', events: 1, shows: 'later' }
  await s.tell(statement([useOf(1, narrow)]))
  t.match(await s.open(), [{ use: { first: useOf(1).first, last: useOf(1).last, events: 3 }, shows: /0001$/ }])
  const wide = { first: '2026-11-20T09:00:00.000Z', last: '2026-11-20T12:00:00.000Z', events: 9, shows: 'earlier' }
  await s.tell(statement([useOf(1, wide)]))
  await s.tell(statement([useOf(1)]))
  t.match(await s.open(), [{ use: { first: wide.first, last: wide.last, events: 9 }, shows: /earlier$/ }])
  t.strictSame(await s.types(), ['finding.opened'])
})

t.test('a scan closes no use, waivers hold for it as they begin and end, and a gate does not ask of it', async (t) => {
  const s = await scene(t)
  await s.tell(statement([useOf(1, { code: 'use_after_end' })]))
  t.match(await s.scan(), { kind: 'kept', closed: 0 })
  const uses = async () => (await s.open()).filter(({ kind }) => kind === 'use')
  t.equal((await uses()).length, 1)
  const waiver: Waiver = { finding: 'use_after_end', resource: key, reason: 'the clock was wrong', by: person('sam'), from: instant(noon), until: instant(noon + 60_000) }
  s.change((policy) => ({ ...policy, posture: { ...policy.posture, waivers: [waiver] } }))
  await s.scan()
  t.match(await uses(), [{ waiver: { state: 'holds', by: 'person:sam' } }])
  s.advance(60)
  await s.scan()
  t.match(await uses(), [{ waiver: { state: 'expired' } }])
  const ofUse = (await s.bodies()).filter(({ data }) => objectOf(data)['code'] === 'use_after_end')
  t.strictSame(ofUse.map(({ type, actor }) => `${String(type)} ${String(actor)}`), ['finding.opened oscar', 'finding.waived broker', 'finding.opened broker'])
  const preview = await makeBroker(s.deps, () => {}).preview(byCli(alice), ask)
  t.match(preview, { ok: true, value: { decision: 'needs_approval' } }, 'critical, and no reason to refuse who asks')
  s.change((policy) => ({ ...policy, targets: new Map([...policy.targets].filter(([id]) => id !== 'claims-pii')) }))
  await s.scan()
  t.strictSame(await uses(), [], 'of no target any more')
})

t.test('operators tell of use, of targets and keys that the policy has, and not while a scan has the turn', async (t) => {
  const s = await scene(t)
  for (const who of [alice, erin]) {
    t.equal(await s.tell(statement([useOf(1)]), who), 'policy_denied')
    t.match(await s.keyUse(who, []), { refusal: { code: 'policy_denied' } })
  }
  t.equal(await s.tell(statement([useOf(1), useOf(2, { target: 'elsewhere' })])), 'unknown_target')
  t.match(await s.keyUse(oscar, [{ ...daily('2026-11-20', 1), key: `${key}x` }]), { refusal: { code: 'unknown_target' } })
  const turn = { owner: 'another', now: s.now(), until: instant(s.now() + 60_000) }
  await s.store.posture.takeScan(turn)
  t.equal(await s.tell(statement([useOf(1)])), 'conflict')
  t.strictSame(await s.open(), [])
  await s.store.posture.giveScan('another')
  t.match(await s.tell(statement([useOf(1)])), { opened: 1 })
  t.not(await s.store.posture.takeScan({ ...turn, owner: 'one' }), null, 'the turn was given back')
})

const daily = (day: string, requests: number, costCenter = 'cc-1') => ({ day, key, costCenter, requests, withoutBucketKey: 0, cost: requests * 0.000003 })

t.test('requests to keys are kept by day, the fullest reading counts, and metrics have two months of them', async (t) => {
  const s = await scene(t)
  const tell = (...days: readonly ReturnType<typeof daily>[]) => s.keyUse(oscar, days)
  t.match(await tell(daily('2026-11-20', 100), daily('2026-11-19', 50), daily('2026-10-31', 7), daily('2026-09-30', 9)), { value: 4 })
  await tell(daily('2026-11-20', 100), daily('2026-11-19', 20), daily('2026-11-18', 5, 'cc-2'))
  t.same(await s.store.posture.keyUse('2026-11', 10), [
    { month: '2026-11', key, costCenter: 'cc-1', requests: 150, withoutBucketKey: 0, cost: 0.00045 },
    { month: '2026-11', key, costCenter: 'cc-2', requests: 5, withoutBucketKey: 0, cost: 0.000015 }
  ])
  const page = await metricsPage(null, [() => keyUseMetrics({ store: s.store, now: s.now })])
  t.match(page, `sallyport_kms_key_requests{month="2026-11",key="${key}",cost_center="cc-1"} 150`)
  t.match(page, `sallyport_kms_key_cost_usd{month="2026-10",key="${key}",cost_center="cc-1"} 0.000021`)
  t.notMatch(page, '2026-09')
  s.advance(500 * 86_400)
  await tell(daily('2028-04-01', 1))
  t.equal((await s.store.posture.keyUse('2026-01', 10)).length, 1, 'days of long ago are forgotten')
})

const found = (n: number, over: Partial<UseFinding> = {}): UseFinding => {
  const { id, code, target, elevation, kind, actor, resource, first, last, events, shows } = useOf(n)
  return { id, code, target, elevation, kind, actor, resource, account, region, first, last, events, shows, ...over }
}
const refusing = async (): Promise<Answer> => ({ ok: false, exit: 1, problem: { code: 'policy_denied' } })
const resultOf = (findings: readonly UseFinding[]): Reconciled => {
  const span = { oldest: day.from, newest: day.to }
  return { findings, matched: 0, young: 0, undecided: 0, passedOver: 0, ...span, covered: [day] }
}

t.test('a run tells in slices that lose nothing between them, and waits for a scan', async (t) => {
  const minute = (n: number): string => new Date(noon - 86_400_000 + n * 60_000).toISOString()
  const findings = Array.from({ length: 450 }, (_, n) => found(n, { first: minute(Math.floor(n / 3)), last: minute(200) }))
  const sent: Readonly<Record<string, unknown>>[] = []
  let refusals = 1
  const post = async (path: string, body: object = {}): Promise<Answer> => {
    if (refusals-- > 0) return { ok: false, exit: 1, problem: { code: 'conflict' } }
    sent.push({ path, ...body })
    return { ok: true, body: { opened: 1, closed: 2, open: 3 } }
  }
  const telling = { result: resultOf(findings), targets: [claims], isWhole: true, days: [daily('2026-11-20', 1)] }
  t.same(await tellBroker({ post }, telling), { ok: true, opened: 3, closed: 6, open: 3 })
  const slices = sent.filter(({ path }) => path === '/v1/posture/reconciled')
  t.equal(slices.length, 3)
  t.strictSame(slices.slice(1).map(({ from }) => from), slices.slice(0, -1).map(({ to }) => to))
  t.strictSame([slices[0]?.['from'], slices.at(-1)?.['to']], [whole.from, whole.to])
  t.equal(slices.flatMap(({ uses }) => uses).length, 450)
  t.match(sent.at(-1), { path: '/v1/posture/key-use', days: [{ day: '2026-11-20' }] })
  sent.length = 0
  await tellBroker({ post }, { ...telling, result: resultOf([found(1, { region: '', kind: 'query', resource: 'claims-pii' })]), isWhole: false, days: [] })
  t.match(sent, [{ covered: [], uses: [{ resource: `arn:aws:athena:${region}:${account}:workgroup/claims-pii` }] }])
  t.match(await tellBroker({ post: refusing }, telling), { ok: false, exit: 1 })
})

t.test('over the wire: opened, listed with what to look at, told again, closed; nobody but operators', async (t) => {
  const live = await startLive(t)
  const [oscarsApi, dave] = await Promise.all([live.as('oscar'), live.as('dave')])
  const telling = { targets: [claims], isWhole: true, days: [daily(new Date().toISOString().slice(0, 10), 3)] }
  const tell = (findings: readonly UseFinding[]) => tellBroker(oscarsApi, { ...telling, result: resultOf(findings) })
  const two = [found(1), found(2, { code: 'grant_unused', kind: 'grant', elevation: '01JD8Z0B3Q4S5T6V7W8X9Y0Z1A' })]
  t.match(await tell(two), { ok: true, opened: 2, closed: 0, open: 2 })
  t.match(await tell(two), { ok: true, opened: 0, closed: 0, open: 2 })
  const listed = await oscarsApi.get('/v1/posture/findings')
  t.match(listed, { body: { findings: [{ code: 'use_unmatched', use: { first: useOf(1).first }, mend: { cli: [/lookup-events .*EventId/] } }, { code: 'grant_unused' }] } })
  t.match(await tell([]), { ok: true, opened: 0, closed: 2, open: 0 })
  t.match(await tellBroker(dave, { ...telling, result: resultOf(two) }), { ok: false, problem: { code: 'policy_denied' } })
  const bad = [{ uses: [{ ...useOf(1), more: 1 }] }, { covered: [{ ...day, account: 'x' }] }, { from: 'now' }, { uses: [useOf(1, { resource: 'x' })] }]
  for (const over of bad) {
    const answer = await oscarsApi.post('/v1/posture/reconciled', { ...statement([]), ...over })
    t.match(answer, { problem: { code: 'invalid_body' } }, JSON.stringify(over))
  }
})

t.test('each code of use has its words, may be waived, and blocks no gate', async (t) => {
  t.strictSame(Object.keys(useRows).toSorted(), [...useCodes].toSorted())
  const files = await readPolicyFolder(shippedPolicies)
  const issues = (from: string, to: string) => {
    const edited = files.map((file) => ({ ...file, text: file.text.replace(from, to) }))
    const loaded = loadPolicy(edited)
    return loaded.ok ? 'fine' : loaded.issues.map(({ code }) => code).join()
  }
  t.equal(issues('finding: workgroup_tag_missing', 'finding: use_unmatched'), 'fine')
  t.not(issues('posture: { block: high, within: 1h }', 'posture: { block: [use_unmatched], within: 1h }'), 'fine')
})

t.test('a report has the use of keys as a table, a document, rows and charts', async (t) => {
  const row = {
    month: '2026-11', costCenter: '=cc<b>', costCenterFrom: 'key', targets: ['claims-pii'], key,
    requests: 1200, decrypts: 1000, dataKeys: 200, withoutBucketKey: 3, cost: 0.0036, elevations: 4
  }
  const older = { ...row, month: '2026-10', requests: 7, costCenter: 'cc-2' }
  const dir = t.testdir({
    'facts.json': JSON.stringify(factsWith()),
    'use.json': JSON.stringify({ findings: [], use: [older, row] }),
    'none.json': JSON.stringify({ findings: [], use: [] }),
    'bad.json': JSON.stringify({ findings: [] })
  })
  const report = async (format: 'table' | 'json' | 'csv' | 'html' | 'asff', use?: string) => {
    const lines: string[] = []
    const line = (text: string): void => void lines.push(text)
    const to = { json: false, colour: false, out: line, err: line }
    const file = join(dir, 'facts.json')
    const given = use === undefined ? {} : { use: join(dir, use) }
    const exit = await postureReport(to, { file, format, since: [], policies: shippedPolicies, now: noon, ...given })
    return { exit, text: lines.join('\n') }
  }
  t.match((await report('table', 'use.json')).text, /2026-11 +=cc<b>.* 1200 [^]*1207 requests to keys/)
  t.match(JSON.parse((await report('json', 'use.json')).text), { use: [{ month: '2026-11' }, { month: '2026-10' }] })
  t.notOk('use' in JSON.parse((await report('json')).text))
  const { text: csv } = await report('csv', 'use.json')
  const [header = '', ...rows] = csv.split('\r\n')
  t.match(header, /^record,severity,code,.*,month,costCenter,key,requests,withoutBucketKey,cost,elevations$/)
  t.match(rows.find((one) => one.startsWith('key use,')), `,2026-11,'=cc<b>,${key},1200,3,0.003600,4`)
  t.match((await report('csv')).text, /^severity,code/)
  const { text: html } = await report('html', 'use.json')
  t.match(html, /<title>Requests by month: 2026-10 7, 2026-11 1200<\/title>/)
  t.match(html, /<title>Requests in 2026-11 by cost center: =cc&lt;b&gt; 1200<\/title>/)
  t.notMatch(html, '<b>')
  t.match((await report('html', 'none.json')).text, 'No requests were read')
  t.notMatch((await report('html')).text, 'Use of keys')
  t.equal((await report('asff', 'use.json')).exit, 0)
  t.equal((await report('html', 'bad.json')).exit, 2)
  t.equal((await report('html', 'absent.json')).exit, 2)
})
