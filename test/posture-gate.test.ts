/**
 * The gate and the watch behind it: what keeps a target from being asked for, approved and started;
 * what a scan opens, closes and keeps; who is told, and once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { Deps } from '../src/broker/deps.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { withDryRuns } from '../src/aws/posture-preflight.ts'
import { makePosture } from '../src/broker/posture.ts'
import { keepFacts } from '../src/broker/posture-watch.ts'
import { work } from '../src/broker/work.ts'
import { objectOf } from '../src/cli/api.ts'
import { postureStory } from '../src/cli/demo-posture.ts'
import { postureFindings, postureScan } from '../src/cli/posture-broker.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { type Instant, instant, seconds } from '../src/elevation/ids.ts'
import type { Reason, Result } from '../src/elevation/refusal.ts'
import { type SeenFinding, gateReasons } from '../src/policy/gate.ts'
import { loadPolicy } from '../src/policy/load.ts'
import type { Policy, PostureGate, Waiver } from '../src/policy/policy.ts'
import { diffPolicies } from '../src/policy/diff.ts'
import { readPolicyFolder } from '../src/policy-folder.ts'
import type { Facts } from '../src/posture/facts.ts'
import { ocsfLine } from '../src/sinks/ocsf.ts'
import { type PostureParts, startPosture } from '../src/start/posture.ts'
import { tellFindings } from '../src/slack/finding-alerts.ts'
import type { Message } from '../src/slack/limits.ts'
import type { SlackAnswer } from '../src/slack/slack-client.ts'
import type { Store } from '../src/store/store.ts'
import { alice, ask, bob, byCli, carol, depsOver, erin, examplePolicy, got } from './fixtures-broker.ts'
import { person, target } from './fixtures-elevation.ts'
import { startLive } from './fixtures-live.ts'
import { openHere } from './fixtures-store.ts'
import { shippedPolicies } from './place.ts'
import { type Patch, factsWith } from './posture-scene.ts'

const claims = target('claims-pii')
const workgroup = 'arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii'
const noon = Date.UTC(2026, 10, 21, 10)
const oscar = person('oscar')
const gate: PostureGate = { block: { kind: 'severity', floor: 'high' }, within: seconds(3600) }

/** The example policy with one target, whose rule has the gate. */
const gated = (policy: Policy, waivers: readonly Waiver[] = []): Policy => ({
  ...policy,
  targets: new Map([...policy.targets].filter(([id]) => id === claims)),
  rules: policy.rules
    .filter(({ targets }) => targets.includes(claims))
    .map((rule) => ({ ...rule, posture: gate, startAhead: seconds(86_400), caps: { pending: 99, active: 99, perDay: null } })),
  posture: { ...policy.posture, waivers }
})

const clear: Patch = [['/workgroups/0/results/encryption', 'SSE_S3'], ['/workgroups/0/results/key', null]]

const scene = async (t: Pick<Test, 'teardown'>) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-posture-'))
  let now = noon
  const original = await examplePolicy()
  let policy = gated(original)
  const open = (): Store => openHere(join(folder, 'store'), () => now)
  let store = open()
  t.teardown(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const around = () => depsOver({ store, now: () => now, policy: () => policy }, { posture: store.posture }).deps
  let deps = around()
  const take = (owner = 'one') =>
    store.posture.takeScan({ owner, now: instant(now), until: instant(now + 60_000) })
  /** What the account is like now, and what became of the findings. */
  const see = async (patch: Patch = [], over: Partial<Facts> = {}) => {
    await take()
    const facts = { ...factsWith(patch), at: new Date(now).toISOString(), ...over }
    return keepFacts({ deps, findings: store.posture, owner: 'one' }, facts)
  }
  const types = async (): Promise<readonly string[]> =>
    (await store.entries(0, 1000))
      .map(({ body }) => String(objectOf(JSON.parse(Buffer.from(body).toString()))['type']))
      .filter((type) => type.startsWith('finding.'))
  return {
    original,
    deps: () => deps,
    store: () => store,
    broker: () => makeBroker(deps, () => {}),
    now: (): Instant => instant(now),
    advance: (length: number) => {
      now += length * 1000
    },
    change: (edit: (policy: Policy) => Policy) => {
      policy = edit(policy)
    },
    reopen: async () => {
      await store.close()
      store = open()
      deps = around()
    },
    take,
    see,
    types
  }
}

const reasonsOf = (result: Result<unknown>): readonly Reason[] => (result.ok ? [] : (result.refusal.reasons ?? []))

t.test('a gate says what blocks, what is not known, and nothing of a window that runs', async (t) => {
  const finding = (over: Partial<SeenFinding> = {}): SeenFinding => ({
    code: 'workgroup_results_sse_s3',
    severity: 'high',
    resource: workgroup,
    shows: 'the encryption option of results is SSE_S3',
    mend: 'aws athena update-work-group',
    ...over
  })
  const codes = { block: { kind: 'codes', codes: ['workgroup_results_sse_s3'] }, within: seconds(60) } as const
  const critical = { ...gate, block: { kind: 'severity', floor: 'critical' } } as const
  const cases: readonly (readonly [string, PostureGate, readonly SeenFinding[] | null, number, readonly string[]])[] = [
    ['nothing is known', gate, null, 0, ['failed']],
    ['nothing is out of line', gate, [], 0, ['met']],
    ['at the floor', gate, [finding()], 0, ['unmet']],
    ['worse than the floor', gate, [finding({ severity: 'critical' })], 0, ['unmet']],
    ['below the floor', gate, [finding({ severity: 'medium' })], 0, ['met']],
    ['below a higher floor', critical, [finding()], 0, ['met']],
    ['of the codes, whatever its severity', codes, [finding({ severity: 'low' })], 0, ['unmet']],
    ['of no code', codes, [finding({ code: 'key_disabled', severity: 'critical' })], 0, ['met']],
    ['one reason each', gate, [finding(), finding({ code: 'key_disabled' })], 0, ['unmet', 'unmet']],
    ['at most five, the rest counted', gate, Array.from({ length: 9 }, () => finding()), 0, Array(5).fill('unmet')],
    ['a millisecond before it is too long ago', gate, [], 3_599_999, ['met']],
    ['too long ago', gate, [], 3_600_000, ['failed']],
    ['too long ago, whatever was found', gate, [finding()], 3_600_000, ['failed']]
  ]
  for (const [name, with_, findings, age, expected] of cases) {
    const seen = findings && { at: instant(noon), findings }
    const about = { gate: with_, rule: 'r', target: 'claims-pii', seen, now: instant(noon + age) }
    for (const stage of ['ask', 'vote', 'start'] as const) {
      const reasons = gateReasons({ ...about, stage })
      t.strictSame(reasons.map(({ outcome }) => outcome), expected, `${name}, ${stage}`)
      t.ok(reasons.every(({ condition, rule }) => condition === 'posture' && rule === 'r'))
    }
    t.strictSame(gateReasons({ ...about, stage: 'vend' }), [], name)
  }
  const hostile = finding({ resource: 'a\u202eb\nc', shows: 'x'.repeat(9999), mend: 'm'.repeat(9999) })
  const [told] = gateReasons({ gate, rule: 'r', target: 'x', seen: { at: instant(noon), findings: [hostile] }, now: instant(noon), stage: 'ask' })
  t.ok((told?.message.length ?? 9999) < 2000)
  t.notMatch(told?.message, /[\n\u202e]/)
})

t.test('a target out of line is refused with the finding and its mend, at the ask, the vote and the start', async (t) => {
  const s = await scene(t)
  const asking = () => s.broker().submit(byCli(alice), ask)
  t.match(await asking(), { refusal: { code: 'policy_denied', reasons: [{ condition: 'posture', outcome: 'failed' }] } }, 'nobody looked')
  await s.see(clear)
  const refused = await asking()
  t.match(refused, { refusal: { code: 'policy_denied', reasons: [{ condition: 'posture', outcome: 'unmet' }] } })
  const [reason] = reasonsOf(refused)
  for (const word of ['workgroup_results_sse_s3', workgroup, 'aws athena update-work-group']) t.match(reason?.message, word)
  t.match(got(await s.broker().preview(byCli(alice), ask)), { decision: 'deny', reasons: [{ condition: 'posture' }] })

  await s.see()
  const { elevation } = got(await asking()).elevation
  s.advance(1)
  await s.see(clear)
  const approving = () => s.broker().approve(byCli(bob), elevation.id)
  t.match(await approving(), { refusal: { code: 'policy_denied', reasons: [{ condition: 'posture' }] } })
  s.advance(1)
  await s.see()
  t.equal(got(await approving()).elevation.state, 'approved')
  s.advance(1)
  await s.see(clear)
  const starting = () => s.broker().credentials(byCli(alice), elevation.id)
  t.match(await starting(), { refusal: { code: 'policy_denied', reasons: [{ condition: 'posture' }] } })
  t.match(await s.broker().get(alice, elevation.id), { value: { elevation: { state: 'approved' } } }, 'the approval stands')
  s.advance(3601)
  t.match(await starting(), { refusal: { reasons: [{ condition: 'posture', outcome: 'failed' }] } }, 'too long ago')
  await s.see()
  t.ok((await starting()).ok)
  s.advance(1)
  await s.see(clear)
  t.ok((await starting()).ok, 'what runs is not ended by it')
})

t.test('a scheduled elevation waits for the mend rather than lapse', async (t) => {
  const s = await scene(t)
  await s.see()
  const startAt = new Date(noon + 1_800_000).toISOString()
  const { elevation } = got(await s.broker().submit(byCli(alice), { ...ask, startAt })).elevation
  got(await s.broker().approve(byCli(bob), elevation.id))
  s.advance(1800)
  await s.see(clear)
  await work(s.deps())
  t.match(await s.broker().get(alice, elevation.id), { value: { elevation: { state: 'approved' } } })
  t.match(await s.broker().credentials(byCli(alice), elevation.id), { refusal: { reasons: [{ condition: 'posture' }] } })
  await s.see()
  t.ok((await s.broker().credentials(byCli(alice), elevation.id)).ok)
})

t.test('a waiver lets through from its first to its last second, whenever it was last judged', async (t) => {
  const s = await scene(t)
  await s.see(clear)
  const open = (await s.store().posture.openFindings()).map(({ finding }) => finding.code)
  const waivers = open.map((finding): Waiver => {
    const days = { from: instant(noon), until: instant(noon + 60_000) }
    return { finding, resource: workgroup, reason: 'it moves next week', by: person('sam'), ...days }
  })
  s.change((policy) => gated(policy, waivers))
  const asking = () => s.broker().preview(byCli(alice), ask)
  t.match(got(await asking()), { decision: 'needs_approval' })
  s.advance(59)
  t.match(got(await asking()), { decision: 'needs_approval' })
  s.advance(1)
  t.match(got(await asking()), { decision: 'deny' })
})

t.test('a finding is opened once and closed once, over restarts, with one entry each', async (t) => {
  const s = await scene(t)
  t.match(await s.see(), { kind: 'kept', opened: 0, closed: 0 })
  t.match(await s.see(clear), { opened: 1, closed: 0 })
  t.match(await s.see(clear), { opened: 0, closed: 0 })
  await s.reopen()
  t.match(await s.see(clear), { opened: 0, closed: 0 }, 'after a restart')
  s.advance(600)
  t.match(await s.see(), { opened: 0, closed: 1 })
  t.match(await s.see(), { opened: 0, closed: 0 })
  s.advance(1)
  t.match(await s.see(clear), { opened: 1, closed: 0 }, 'it is back')
  t.strictSame(await s.types(), ['finding.opened', 'finding.closed', 'finding.opened'])
  t.equal((await s.store().posture.findingFigures(instant(0))).remedySeconds, 600)
})

const gap = (call: string, resource: string | null) => ({ call, resource, code: 'AccessDeniedException', message: 'no' })

t.test('what was not looked at stays open', async (t) => {
  const s = await scene(t)
  await s.see(clear)
  const stays: readonly (readonly [string, Partial<Facts>])[] = [
    ['the listing was not answered', { workgroups: [], gaps: [gap('athena:ListWorkGroups', null)] }],
    ['nor the workgroup by ARN', { workgroups: [], gaps: [gap('athena:GetWorkGroup', workgroup)] }],
    ['nor by name', { workgroups: [], gaps: [gap('athena:GetWorkGroup', 'claims-pii')] }],
    ['nor its key', { gaps: [gap('kms:DescribeKey', 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000002')] }],
    ['another account was collected', { workgroups: [], accounts: ['999999999999'] }]
  ]
  const isOpen = async () =>
    (await s.store().posture.openFindings()).some(({ finding }) => finding.code === 'workgroup_results_sse_s3')
  for (const [name, over] of stays) {
    s.advance(1)
    t.match(await s.see([], over), { kind: 'kept' }, name)
    t.ok(await isOpen(), name)
    const known = await s.store().posture.knownOf(claims)
    t.ok(known?.findings.some(({ code }) => code === 'workgroup_results_sse_s3'), name)
  }
  s.advance(1)
  await s.see([], { gaps: [gap('s3:GetBucketPolicy', 'acme-claims')] })
  t.notOk(await isOpen(), 'another resource that was not answered is no reason')
})

t.test('a waiver is in the ledger when it begins and when it is over', async (t) => {
  const s = await scene(t)
  await s.see(clear)
  const waiver: Waiver = { finding: 'workgroup_results_sse_s3', resource: workgroup, reason: 'it moves next week', by: person('sam'), from: instant(noon), until: instant(noon + 60_000) }
  s.change((policy) => gated(policy, [waiver]))
  t.match(await s.see(clear), { opened: 0, waived: 1 })
  t.match(await s.see(clear), { opened: 0, waived: 0 })
  s.advance(60)
  t.match(await s.see(clear), { opened: 0, closed: 0 })
  t.strictSame(await s.types(), ['finding.opened', 'finding.waived', 'finding.opened'])
  const rows = await s.store().sinks.keyedEntries(0, 10)
  const lines = rows.map((row) => objectOf(JSON.parse(ocsfLine(row))))
  t.match(lines, [
    { class_uid: 2003, category_name: 'Findings', activity_id: 1, severity_id: 4, status_id: 1, compliance: { status_id: 3 }, resources: [{ uid: workgroup }] },
    { activity_id: 2, status_id: 3, unmapped: { data: { by: 'person:sam', until: '2026-11-21T10:01:00.000Z' } } },
    { activity_id: 1, unmapped: { target: 'claims-pii', data: { again: true } } }
  ])
  t.notMatch(JSON.stringify(lines), 'it moves next week')
})

t.test('of two replicas the one with the turn writes, and a lost turn writes nothing more', async (t) => {
  const s = await scene(t)
  await s.take('two')
  const facts = factsWith(clear)
  t.match(await keepFacts({ deps: s.deps(), findings: s.store().posture, owner: 'one' }, facts), { kind: 'lost' })
  t.strictSame(await s.types(), [])
  t.match(await keepFacts({ deps: s.deps(), findings: s.store().posture, owner: 'two' }, facts), { kind: 'kept', opened: 1 })
})

t.test('the watch scans when wanted and at its interval, one replica of several, and judges a new policy at once', async (t) => {
  const s = await scene(t)
  let patch: Patch = clear
  let collected = 0
  const collector: PostureParts['collector'] = {
    collect: async () => {
      collected += 1
      return { ok: true, facts: { ...factsWith(patch), at: new Date(s.now()).toISOString() } }
    }
  }
  const watch = (owner: string, over: Partial<PostureParts> = {}) => {
    const deps: Deps = { ...s.deps(), settings: { ...s.deps().settings, owner } }
    const findings = s.store().posture
    const logger = pino({ level: 'silent' })
    return startPosture({ deps, findings, collector, logger, intervalMs: 900_000, random: () => 0.5, tickMs: 5, ...over })
  }
  const until = async (isSo: () => boolean | Promise<boolean>, name: string) => {
    for (let n = 0; n < 400 && !(await isSo()); n++) await wait(5)
    t.ok(await isSo(), name)
  }
  const codes = async () => (await s.store().posture.openFindings()).map(({ finding }) => finding.waiver?.state ?? finding.code)
  const both = [watch('one'), watch('two')]
  await wait(50)
  t.equal(collected, 0, 'not at once')
  s.advance(60)
  await until(() => collected === 1, 'then once')
  await until(async () => (await codes()).length === 1, 'and kept')
  s.advance(600)
  await wait(50)
  t.equal(collected, 1, 'not before the interval is over')
  s.advance(400)
  await until(() => collected === 2, 'then by one of them')
  await wait(50)
  t.equal(collected, 2)
  s.advance(11)
  await s.store().posture.wantScan(s.now())
  await until(() => collected === 3, 'whichever replica was asked')
  const waiver: Waiver = { finding: 'workgroup_results_sse_s3', resource: workgroup, reason: 'it moves next week', by: person('sam'), from: instant(noon), until: instant(noon + 3_600_000) }
  await wait(50)
  s.change((policy) => gated(policy, [waiver]))
  await until(async () => (await codes()).includes('holds'), 'a waiver')
  s.advance(200)
  t.equal(collected, 3, 'without asking AWS')
  patch = []
  s.advance(20)
  await s.store().posture.wantScan(s.now())
  await until(async () => (await codes()).length === 0, 'mended')
  await Promise.all(both.map((one) => one.stop()))
  t.strictSame(await s.types(), ['finding.opened', 'finding.waived', 'finding.closed'])
})

t.test('what AWS does not answer is tried again in a minute, and closes nothing', async (t) => {
  const s = await scene(t)
  await s.see(clear)
  let tries = 0
  const collector: PostureParts['collector'] = {
    collect: async () => {
      tries += 1
      return { ok: false, code: 'unreachable' }
    }
  }
  const watch = startPosture({ deps: s.deps(), findings: s.store().posture, collector, logger: pino({ level: 'silent' }), intervalMs: 900_000, random: () => 0, tickMs: 5 })
  s.advance(1000)
  const until = async (isSo: () => boolean) => {
    for (let n = 0; n < 400 && !isSo(); n++) await wait(5)
  }
  await until(() => tries === 1)
  await wait(50)
  t.equal(tries, 1)
  s.advance(61)
  await until(() => tries === 2)
  await watch.stop()
  t.equal(tries, 2)
  t.equal((await s.store().posture.openFindings()).length, 1)
  t.not(await s.take('two'), null, 'the turn was given back')
})

t.test('findings are for who watches over all and for owners, scans for operators', async (t) => {
  const s = await scene(t)
  await s.see(clear)
  let woken = 0
  const posture = makePosture(s.deps(), { store: s.store().posture, wake: () => (woken += 1) })
  const reading = async (who: typeof alice, query = {}) => {
    const read = await posture.findings(who, { limit: 10, ...query })
    return read.ok ? read.value.findings.length : read.refusal.code
  }
  const cases = [
    ['an auditor', erin, 1],
    ['an operator', oscar, 1],
    ['security', person('sam'), 1],
    ['the owner', carol, 1],
    ['an analyst', alice, 'policy_denied'],
    ['an approver', bob, 'policy_denied']
  ] as const
  for (const [name, who, expected] of cases) t.equal(await reading(who), expected, name)
  t.equal(await reading(erin, { target: 'payments-pii' }), 0)
  for (const who of [alice, erin, carol]) {
    t.match(await posture.scan(who), { refusal: { code: 'policy_denied' } })
    t.match(await posture.event(who), { refusal: { code: 'policy_denied' } })
  }
  t.equal(woken, 0)
  s.advance(1)
  t.match(await posture.event(oscar), { ok: true })
  t.match(await posture.findings(oscar, { limit: 10 }), { value: { isWaiting: true } })
  t.equal(woken, 1)
  const off = makePosture(s.deps(), { store: s.store().posture, wake: null })
  t.match(await off.scan(oscar), { refusal: { code: 'policy_denied' } })
})

const alerting = (policy: Policy): Policy => ({
  ...policy,
  targets: new Map([...policy.targets].map(([id, one]) => [id, { ...one, alerts: 'C0CLAIMS' }]))
})
const schedule = () => () => {}

t.test('a channel is told once, reminded after a week, and told when it is mended', async (t) => {
  const s = await scene(t)
  s.change(alerting)
  const sent: [string, Message][] = []
  let fails: SlackAnswer<never> | null = null
  const answer = <T>(what: string, message: Message, value: T): SlackAnswer<T> => {
    if (fails !== null) return fails
    sent.push([what, message])
    return { ok: true, value }
  }
  const client = {
    post: async ({ channel, thread, message }: { channel: string; thread?: string; message: Message }) =>
      answer(`${channel} ${thread ?? 'new'}`, message, { channel, ts: '17.1' }),
    edit: async ({ posted, message }: { posted: { ts: string }; message: Message }) => answer(`edit ${posted.ts}`, message, null)
  }
  const parts = { alerts: s.store().posture, seen: s.store().slack, policy: () => s.deps().policy(), client, now: s.now, schedule, logger: pino({ level: 'silent' }) }
  const tell = async () => {
    await Promise.all([tellFindings(parts), tellFindings(parts)])
    return sent.splice(0).map(([what]) => what)
  }
  const hostile: Patch = [...clear, ['/workgroups/0/tags/owner', '<!channel> *x* \u202e']]
  await s.see(hostile)
  fails = { ok: false, fault: { kind: 'unavailable', code: 'down' } }
  t.strictSame(await tell(), [])
  fails = null
  t.strictSame(await tell(), [], 'whoever tried has a while')
  s.advance(241)
  await Promise.all([tellFindings(parts), tellFindings(parts)])
  t.strictSame(sent.map(([what]) => what), ['C0CLAIMS new'])
  t.match(JSON.stringify(sent), /aws athena update-work-group/)
  t.notMatch(JSON.stringify(sent), /<!channel>|\u202e/)
  sent.length = 0
  s.advance(6 * 86_400)
  t.strictSame(await tell(), [])
  s.advance(86_400)
  t.strictSame(await tell(), ['C0CLAIMS 17.1'], 'in its thread')
  s.advance(9 * 86_400)
  t.strictSame(await tell(), [])
  await s.see()
  t.ok((await tell()).includes('edit 17.1'))
  t.strictSame(await tell(), [])
})

const without = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.map(({ posture: _, ...rule }) => rule)
})
const harder = (policy: Policy): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, posture: { ...gate, block: { kind: 'severity', floor: 'medium' } } as const }))
})

t.test('policy diff says a gate, and documents of one that cannot be are refused', async (t) => {
  const old = gated(await examplePolicy())
  const changes = (from: Policy, to: Policy) =>
    new Set([...diffPolicies(from, to)].filter(({ what }) => what.startsWith('posture.')).map(({ change, what }) => `${change} ${what}`))
  t.strictSame(changes(without(old), old), new Set(['loses posture.block', 'loses posture.within']))
  t.strictSame(changes(old, without(old)), new Set(['gains posture.block', 'gains posture.within']))
  t.strictSame(changes(old, harder(old)), new Set(['loses posture.block']))

  const files = await readPolicyFolder(shippedPolicies)
  const issuesOf = (gateText: string) => {
    const edited = files.map((file) =>
      file.path.endsWith('rules/claims.yaml')
        ? { ...file, text: file.text.replace('posture: { block: high, within: 1h }', `posture: ${gateText}`) }
        : file
    )
    const loaded = loadPolicy(edited)
    return loaded.ok ? 'fine' : loaded.issues.map(({ code }) => code).join()
  }
  t.equal(issuesOf('{ block: medium }'), 'fine')
  t.equal(issuesOf('{ block: [key_disabled, role_decrypts], within: 15m }'), 'fine')
  for (const bad of ['{ block: low }', '{ block: [] }', '{ block: [no_such_code] }', '{ within: 1h }', '{ block: high, within: soon }', '{ block: high, more: 1 }', 'high']) {
    t.not(issuesOf(bad), 'fine', bad)
  }
})

t.test('on the sandbox: the change is seen, the ask refused with its mend, and let through once it is made', async (t) => {
  const live = await startLive(t, { SALLYPORT_POSTURE_INTERVAL: '15m' })
  const [dave, operator] = await Promise.all(['dave', 'oscar'].map((name) => live.as(name)))
  if (!dave || !operator) throw new Error('bad fixture')
  const { signal } = new AbortController()
  for await (const step of postureStory({ sandbox: live.sandbox, as: { dave, oscar: operator }, signal })) {
    t.ok(step.ok, `${step.step}: ${step.lines.join(' ')}`)
    live.advance(11)
  }
  const policy = await examplePolicy()
  const asked = async () => {
    const settings = { endpoint: live.sandbox.endpoint, credentials: async () => live.sandbox.keys.broker }
    const broker = `arn:aws:iam::${live.sandbox.account}:role/sallyport-broker`
    const about = { targets: [...policy.targets.values()], brokerRoleArn: broker, signal }
    const facts = factsWith()
    return (await withDryRuns(settings, facts, about)).keys.map(({ grantDryRun }) => grantDryRun)
  }
  t.strictSame(await asked(), ['DryRunOperationException', 'DryRunOperationException'])
  const [key] = [...live.sandbox.world.keys.values()].filter(({ arn }) => arn.endsWith('000000000001'))
  if (!key) throw new Error('bad fixture')
  key.state = 'Disabled'
  t.strictSame(await asked(), ['DisabledException', 'DryRunOperationException'])
  key.state = 'Enabled'
  t.equal([...live.sandbox.world.grants.values()].length, 0, 'nothing is made')
  const lines: string[] = []
  const to = (json: boolean): Terminal => ({
    json,
    colour: false,
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line)
  })
  t.equal(await postureScan(operator, to(false), { wait: true }), 0)
  t.equal(await postureFindings(operator, to(false), {}), 1, 'others of the account')
  t.match(lines.join('\n'), /workgroup_not_enforced +workgroup\/primary/)
  t.equal(await postureFindings(operator, to(true), { target: 'payments-pii' }), 0)
  t.equal(await postureFindings(dave, to(false), {}), 1)
  t.match(lines.at(-1), /auditors, operators, security/)
})
