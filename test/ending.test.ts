/**
 * Ending for certain: locks that win over everything under way on any replica, what a new policy
 * ends, the deny of ended sessions, and the probe that says when AWS really refused.
 */
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Broker } from '../src/broker/broker.ts'
import { roleDenier } from '../src/broker/deny-role.ts'
import type { Deps } from '../src/broker/deps.ts'
import type { LockInput } from '../src/broker/lock.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { policySweep } from '../src/broker/policy-sweep.ts'
import { makeWork, work } from '../src/broker/work.ts'
import type { Active, Elevation } from '../src/elevation/elevation.ts'
import { type Instant, seconds } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import type { Policy, Rule } from '../src/policy/policy.ts'
import { systemIds } from '../src/system.ts'
import type { FakeAws } from './fakes/aws.ts'
import { alice, ask, bob, byCli, carol, dave, depsOver, erin, examplePolicy, got, roomy, sam } from './fixtures-broker.ts'
import { person } from './fixtures-elevation.ts'
import { openHere } from './fixtures-store.ts'

const oscar = person('oscar')
const window = 3600

type Scene = {
  readonly deps: Deps
  /** two replicas over one store and one AWS */
  readonly one: Broker
  readonly two: Broker
  readonly aws: FakeAws
  readonly advance: (milliseconds: number) => void
  readonly settle: () => Promise<void>
  readonly change: (edit: (policy: Policy) => Policy) => void
  readonly entries: () => Promise<readonly Entry[]>
  /** what /metrics was told, in seconds */
  readonly seen: { readonly revocation: number[]; readonly lateness: number[] }
}

type Entry = {
  readonly type: string
  readonly elevation: string | null
  readonly actor: string
  readonly data: Readonly<Record<string, unknown>>
  readonly commitments: object
}

const scene = async (t: Pick<Test, 'teardown'>): Promise<Scene> => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-ending-'))
  let now = Date.UTC(2026, 10, 21, 10)
  let policy = roomy(await examplePolicy())
  const store = openHere(join(data, 'store'), () => now)
  t.teardown(async () => {
    await store.close()
    rmSync(data, { recursive: true })
  })
  const seen = { revocation: [] as number[], lateness: [] as number[] }
  const meters = {
    revocation: { observe: (length: number) => void seen.revocation.push(length) },
    expiryLateness: { observe: (length: number) => void seen.lateness.push(length) }
  }
  const { deps, aws } = depsOver({ store, now: () => now, policy: () => policy }, { meters })
  const other = { ...deps, settings: { ...deps.settings, owner: 'two' } }
  return {
    deps,
    one: makeBroker(deps, () => {}),
    two: makeBroker(other, () => {}),
    aws,
    advance: (length) => {
      now += length
    },
    settle: async () => {
      for (let n = 0; n < 6; n++) {
        const faults = await work(deps)
        if (faults.length > 0) throw new Error('work failed', { cause: faults[0]?.cause })
        now += 40_000
      }
    },
    change: (edit) => {
      policy = edit(policy)
    },
    entries: async () =>
      (await store.entries(0, 10_000)).map((row) => JSON.parse(Buffer.from(row.body).toString())),
    seen
  }
}

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const asked = async ({ one }: Scene, by = alice): Promise<string> =>
  got(await one.submit(byCli(by), ask)).elevation.elevation.id
const approved = async (s: Scene, by = alice): Promise<string> => {
  const id = await asked(s, by)
  got(await s.one.approve(byCli(bob), id))
  return id
}
const active = async (s: Scene, by = alice): Promise<Active> => {
  const { elevation } = got(await s.one.credentials(byCli(by), await approved(s, by))).elevation
  if (elevation.state !== 'active') throw new Error('it is not active')
  return elevation
}
const stateOf = async ({ one }: Scene, id: string): Promise<Elevation> =>
  got(await one.get(erin, id)).elevation
const how = (elevation: Elevation): string =>
  'how' in elevation ? `${elevation.state} ${elevation.how} ${elevation.by}` : elevation.state

/** So many copies of an active elevation, each with a session of its own. */
const copies = async (s: Scene, of: Active, count: number): Promise<readonly Active[]> => {
  const made = Array.from({ length: count }, (): Active => {
    const id = systemIds.elevation()
    const session = { assumedRoleId: `AROAFAKE:jit-${id}`, accessKeyId: 'ASIAFAKE' }
    return { ...of, id, session, grants: [] }
  })
  for (const elevation of made) {
    await s.deps.elevations.commit({ elevation, expectedVersion: null, entries: [] })
  }
  return made
}

const of = (what: LockInput) => ({ what, reason: 'because' })
const locked = (s: Scene, what: LockInput) => s.one.lock(sam, { what, reason: 'suspected break-in' })

// abuse 131, I14
t.test('abuse 131: the kill switch stops every verb on every replica with its commit, and ends all', async (t) => {
  const s = await scene(t)
  const open = { pending: await asked(s), approved: await approved(s), active: (await active(s)).id, daves: (await active(s, dave)).id }
  got(await locked(s, { all: true }))
  const rows: readonly (readonly [string, () => Promise<Result<unknown>>])[] = [
    ['submit', () => s.two.submit(byCli(alice), ask)],
    ['approve', () => s.two.approve(byCli(bob), open.pending)],
    ['activate', () => s.two.activate(byCli(alice), open.approved)],
    ['credentials of an approved one', () => s.two.credentials(byCli(alice), open.approved)],
    ['credentials of an active one', () => s.two.credentials(byCli(alice), open.active)]
  ]
  const calls = s.aws.calls.length
  for (const [name, attempt] of rows) t.equal(code(await attempt()), 'locked', name)
  t.match(await s.two.preview(byCli(alice), ask), { value: { decision: 'deny', reasons: [{ condition: 'locked', message: /Security lifts/ }] } })
  t.equal(s.aws.calls.length, calls, 'AWS was asked for nothing')
  await s.settle()
  t.equal(how(await stateOf(s, open.pending)), 'cancelled')
  t.equal(how(await stateOf(s, open.approved)), 'cancelled')
  t.equal(how(await stateOf(s, open.active)), 'ended revoked sam')
  t.equal(how(await stateOf(s, open.daves)), 'ended revoked sam')
  t.equal(s.aws.live.size, 0)
  const entries = await s.entries()
  t.match(entries.find(({ type }) => type === 'access.locked'), {
    actor: 'sam', elevation: null, data: { scope: 'all', person: null }, commitments: { reason: /^[0-9a-f]{64}$/ }
  })
  t.equal(entries.filter(({ type, data }) => type === 'elevation.ending' && data['why'] === 'access_locked').length, 2)
  t.notMatch(JSON.stringify(entries), /break-in/)
  t.strictSame(await s.deps.locks.unsweptLocks(), [], 'what is swept is not looked at again')
  got(await s.one.unlock(sam, { what: { all: true }, reason: 'it was a drill' }))
  t.equal(how(await stateOf(s, open.active)), 'ended revoked sam', 'what a lock ended stays ended')
  t.equal(code(await s.two.submit(byCli(alice), ask)), 'ok')
})

t.test('a lock on a person or a target stops those and nobody else', async (t) => {
  const s = await scene(t)
  const [hers, his] = [await active(s), await active(s, dave)]
  got(await locked(s, { person: 'alice' }))
  t.equal(code(await s.two.submit(byCli(alice), ask)), 'locked')
  t.equal(code(await s.two.credentials(byCli(dave), his.id)), 'ok')
  await s.settle()
  t.equal(how(await stateOf(s, hers.id)), 'ended revoked sam')
  t.equal((await stateOf(s, his.id)).state, 'active')
  const id = await asked(s, dave)
  got(await locked(s, { person: 'bob' }))
  t.equal(code(await s.two.approve(byCli(bob), id)), 'locked', 'who is locked approves nothing')
  got(await s.two.approve(byCli(carol), id))
  got(await s.one.unlock(sam, { what: { person: 'bob' }, reason: 'ok' }))
  const second = await asked(s, dave)
  got(await s.two.approve(byCli(bob), second))
  got(await locked(s, { person: 'bob' }))
  t.equal(code(await s.two.activate(byCli(dave), second)), 'locked', 'nor does what he approved start')
  got(await s.one.unlock(sam, { what: { person: 'bob' }, reason: 'ok' }))
  t.equal(code(await s.two.activate(byCli(dave), second)), 'ok')
  got(await locked(s, { target: 'claims-pii' }))
  t.equal(code(await s.two.submit(byCli(dave), ask)), 'locked')
  t.equal(code(await s.two.submit(byCli(sam), ask)), 'unknown_target', 'who may not ask does not learn of it')
})

t.test('security and operators lock, security alone lifts, nobody their own', async (t) => {
  const s = await scene(t)
  const rows: readonly (readonly [string, () => Promise<Result<unknown>>, string])[] = [
    ['an analyst locks', () => s.one.lock(alice, of({ person: 'bob' })), 'policy_denied'],
    ['an auditor locks', () => s.one.lock(erin, of({ all: true })), 'policy_denied'],
    ['an operator locks', () => s.one.lock(oscar, of({ person: 'sam' })), 'ok'],
    ['twice is once', () => s.one.lock(sam, of({ person: 'sam' })), 'ok'],
    ['an operator lifts', () => s.one.unlock(oscar, of({ person: 'sam' })), 'policy_denied'],
    ['security lifts its own', () => s.one.unlock(sam, of({ person: 'sam' })), 'policy_denied'],
    ['who is locked lifts no other lock either', () => s.one.unlock(sam, of({ all: true })), 'locked'],
    ['nothing is named', () => s.one.lock(sam, of({})), 'invalid_ask'],
    ['two are named', () => s.one.lock(sam, of({ person: 'bob', all: true })), 'invalid_ask'],
    ['no id', () => s.one.lock(sam, of({ target: 'Claims PII' })), 'invalid_ask'],
    ['an auditor looks', () => s.one.locks(erin), 'ok'],
    ['an analyst looks', () => s.one.locks(alice), 'policy_denied']
  ]
  for (const [name, attempt, expected] of rows) t.equal(code(await attempt()), expected, name)
  t.match(got(await s.one.locks(erin)), [{ scope: { kind: 'person', person: 'sam' }, by: 'oscar' }])
  s.change((policy) => ({ ...policy, roles: { ...policy.roles, security: [{ kind: 'person', name: 'oscar' }] } }))
  t.equal(code(await s.one.unlock(oscar, of({ all: true }))), 'conflict', 'what is not locked')
  const types = (await s.entries()).map(({ type }) => type)
  t.equal(types.filter((type) => type === 'access.locked').length, 1)
  t.equal(types.filter((type) => type === 'attempt.refused').length, 10)
})

// abuse 77, I2, I14
t.test('abuse 77: a lock that is set at any moment of issuing keeps the credentials inside', async (t) => {
  for (const moment of ['create', 'assume'] as const) {
    for (const verb of ['credentials', 'activate', 'again'] as const) {
      if (verb === 'again' && moment === 'create') continue
      const s = await scene(t)
      const id = verb === 'again' ? (await active(s)).id : await approved(s)
      s.aws.before = async (call) => {
        if (call === moment && (await s.deps.locks.locks()).length === 0) got(await locked(s, { person: 'alice' }))
      }
      const attempt = verb === 'activate' ? s.two.activate(byCli(alice), id) : s.two.credentials(byCli(alice), id)
      t.equal(code(await attempt), 'locked', `${verb} at ${moment}`)
      await s.settle()
      t.match(how(await stateOf(s, id)), /^ended revoked sam$/)
      t.equal(s.aws.live.size, 0)
    }
  }
  const s = await scene(t)
  const id = await approved(s)
  const log = { ...s.deps.log, included: async () => void (await locked(s, { all: true })) }
  const late = makeBroker({ ...s.deps, log }, () => {})
  t.equal(code(await late.credentials(byCli(alice), id)), 'locked', 'between the commit and the answer')
})

t.test('an elevation is not ended before AWS was seen to refuse its session', async (t) => {
  const s = await scene(t)
  const { id, session } = await active(s)
  s.aws.allowed = 3
  got(await s.one.revoke(sam, id, 'enough'))
  s.advance(400)
  await work(s.deps)
  t.match(await stateOf(s, id), { state: 'ending', attempts: 1, stuckSince: null })
  t.equal(s.aws.live.size, 0, 'the probe kept no grant alive')
  t.strictSame([...s.aws.denied.values()], [{ ids: [session.assumedRoleId], issuedBefore: null }])
  s.advance(70_000)
  await work(s.deps)
  t.match(await stateOf(s, id), { state: 'ending' }, 'it was swept, and is let through still')
  await s.settle()
  const ended = await stateOf(s, id)
  t.match(ended, { state: 'ended', how: 'revoked', by: 'sam', deniedAt: Number })
  const entries = (await s.entries()).filter((entry) => entry.elevation === id)
  const seen = entries.find(({ type }) => type === 'session.denied')
  const deniedAt = 'deniedAt' in ended ? ended.deniedAt : undefined
  t.match(entries.at(-1), { type: 'elevation.ended', data: { deniedAt: new Date(deniedAt ?? 0).toISOString() } })
  t.strictSame(s.seen.revocation, [Number(seen?.data['milliseconds']) / 1000])
  t.not(seen?.data['accessKeyId'], session.accessKeyId)
  t.notMatch(JSON.stringify(entries), /CANARY/)
})

t.test('a session that is let through on and on is stuck, and over when its tokens are', async (t) => {
  const s = await scene(t)
  const { id } = await active(s)
  s.aws.allowed = 1_000_000
  got(await s.one.revoke(sam, id, 'enough'))
  const stuck = async (): Promise<Elevation> => {
    await s.settle()
    return stateOf(s, id)
  }
  let now = await stuck()
  for (let n = 0; n < 5 && now.state === 'ending' && now.stuckSince === null; n++) now = await stuck()
  t.match(now, { state: 'ending', stuckSince: Number })
  s.advance((window + 1800) * 1000)
  await s.settle()
  t.match(await stateOf(s, id), { state: 'ended' })
  const seen = (await s.entries()).find(({ type }) => type === 'session.denied')
  t.match(seen, { data: { accessKeyId: null } }, 'none was tried: every token of it has expired')
})

t.test('what expires is probed too, and is no revocation', async (t) => {
  const s = await scene(t)
  const { id } = await active(s)
  s.advance(window * 1000 + 40)
  await s.settle()
  t.match(await stateOf(s, id), { state: 'ended', how: 'expired', deniedAt: Number })
  t.strictSame(s.seen, { revocation: [], lateness: [0.04] })
  t.equal(s.aws.denied.size, 0, 'its own policy denies it')
})

// abuse 125, 126
t.test('abuse 125, 126: few end at a time, and neither a probe nor a broken row keeps a removal waiting', async (t) => {
  const s = await scene(t)
  const first = await active(s)
  const many = await copies(s, first, 60)
  const [broken] = many
  let running = 0
  let most = 0
  const hang = new EventEmitter()
  const released = once(hang, 'release')
  s.aws.before = async (call) => {
    if (call === 'probe') await released
    if (call !== 'find') return
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
  }
  const queryRows = {
    ...s.deps.queryRows,
    openQueries: async (id: Elevation['id']) => {
      if (id === broken?.id) throw new Error('poison')
      return s.deps.queryRows.openQueries(id)
    }
  }
  const lane = makeWork({ ...s.deps, queryRows })
  got(await locked(s, { target: 'claims-pii' }))
  const faults = [...(await lane.round())]
  const removed = async (): Promise<number> =>
    (await s.entries()).filter(({ type }) => type === 'access.removed').length
  while ((await removed()) < many.length) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await removed(), many.length, 'all but the broken one, while every probe hangs')
  t.ok(most <= 32 && most > 1, `${most} looks at a time`)
  t.equal(s.aws.live.size, 0)
  hang.emit('release')
  faults.push(...(await lane.idle()))
  t.strictSame(faults.map(({ elevation }) => elevation), [broken?.id])
  await lane.stop()
})

t.test('abuse 125: while the process is slow to turn fewer end at a time, and more again after', async (t) => {
  const s = await scene(t)
  const many = await copies(s, await active(s), 200)
  let turnMs = 50
  let running = 0
  let begun = 0
  const most = { first: 0, slow: 0, after: 0 }
  s.aws.before = async (call) => {
    if (call !== 'find') return
    begun += 1
    running += 1
    if (begun === 100) turnMs = 1
    const when = begun <= 40 ? 'first' : begun <= 100 ? 'slow' : 'after'
    most[when] = Math.max(most[when], running)
    await new Promise((resolve) => setImmediate(resolve))
    running -= 1
  }
  const lane = makeWork({ ...s.deps, turn: async () => turnMs })
  got(await locked(s, { target: 'claims-pii' }))
  await lane.round()
  t.strictSame(await lane.idle(), [])
  t.ok(begun > many.length, `${begun} looks`)
  t.equal(most.slow, 2)
  t.ok(most.after > 8, `${most.after} at a time after`)
  await lane.stop()
})

t.test('a revoke does not queue behind what expired, however much that is', async (t) => {
  const s = await scene(t)
  const many = await copies(s, await active(s), 60)
  s.advance(600_000)
  const revoked = await active(s, dave)
  s.advance((window - 300) * 1000)
  got(await s.one.revoke(bob, revoked.id, 'wrong person'))
  const lane = makeWork({ ...s.deps, turn: async () => 50 })
  await lane.round()
  t.strictSame(await lane.idle(), [])
  const removed = (await s.entries()).filter(({ type }) => type === 'access.removed').map(({ elevation }) => elevation)
  t.equal(removed.length, many.length + 2)
  t.ok(removed.indexOf(revoked.id) < 20, `the ${removed.indexOf(revoked.id)}th`)
  await lane.stop()
})

t.test('beyond 120 ended sessions a role denies all that is older, and proves them in turns', async (t) => {
  const s = await scene(t)
  const first = await active(s)
  const many = await copies(s, first, 130)
  got(await locked(s, { all: true }))
  const sets: (readonly [number, Instant | null])[] = []
  s.aws.before = async (call) => {
    const [set] = s.aws.denied.values()
    if (call === 'deny' && set) sets.push([set.ids.length, set.issuedBefore])
  }
  await s.settle()
  for (const { id } of [first, ...many]) t.equal((await stateOf(s, id)).state, 'ended')
  const cuts = sets.filter(([, cut]) => cut !== null)
  t.ok(cuts.length > 0)
  t.ok(cuts.every(([count, cut]) => count === 120 && cut === Date.UTC(2026, 10, 21, 10) + 5000))
  t.equal((await s.entries()).filter(({ type }) => type === 'session.denied').length, 131)
  t.equal((await s.entries()).filter(({ type }) => type === 'ending.retried').length, 0)
  s.advance((window + 1800) * 1000)
  await work(s.deps)
  t.strictSame([...s.aws.denied.values()], [{ ids: [], issuedBefore: null }], 'pruned when no token is left')
})

t.test('two replicas never put an older deny over a newer one, and a lost one comes back', async (t) => {
  const s = await scene(t)
  const first = await active(s)
  const [second] = await copies(s, first, 1)
  if (second === undefined) throw new Error('a copy is missing')
  const { roleArn, region } = first.intent
  const role = { roleArn, region }
  const mine = roleDenier(s.deps)
  const theirs = roleDenier({ ...s.deps, settings: { ...s.deps.settings, owner: 'two' } })
  got(await s.one.revoke(sam, first.id, 'one'))
  let isLate = true
  const answers: string[] = []
  s.aws.before = async (call) => {
    if (call !== 'deny' || !isLate) return
    isLate = false
    got(await s.two.revoke(sam, second.id, 'two'))
    answers.push((await theirs(role)).kind)
  }
  answers.push((await mine(role)).kind)
  t.strictSame(answers, ['elsewhere', 'written'])
  const both = [first, second].map(({ session }) => session.assumedRoleId).toSorted()
  t.strictSame([...(s.aws.denied.get(roleArn)?.ids ?? [])].toSorted(), both)
  t.equal((await theirs(role)).kind, 'written', 'the turn was given back')
  const third = await active(s)
  got(await s.one.revoke(sam, third.id, 'three'))
  const until = third.intent.notAfter
  await s.deps.endings.takeRole({ roleArn, owner: 'dead', now: third.issuedAt, until })
  await work(s.deps)
  t.strictSame([(await stateOf(s, third.id)).state, s.aws.live.size], ['ending', 0], 'all but the deny is taken away')
  await s.deps.endings.giveRole(roleArn, 'dead')
  s.aws.denied.clear()
  await work(s.deps)
  t.strictSame([...(s.aws.denied.get(roleArn)?.ids ?? [])].toSorted(), [...both, third.session.assumedRoleId].toSorted())
})

const inactive = (policy: Policy): Policy => {
  const who = policy.people.get(alice)
  return who ? { ...policy, people: new Map([...policy.people, [alice, { ...who, active: false }]]) } : policy
}
const rules = (policy: Policy, over: Partial<Rule>): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, ...over }))
})

// abuse 52, 57
t.test('who is not active in a new policy has nothing open any more', async (t) => {
  const s = await scene(t)
  const open = [await asked(s), await approved(s), (await active(s)).id]
  const his = await active(s, dave)
  s.change(inactive)
  await s.settle()
  const states = await Promise.all(open.map(async (id) => how(await stateOf(s, id))))
  t.strictSame(states, ['lapsed', 'lapsed', 'ended revoked broker'])
  t.equal((await stateOf(s, his.id)).state, 'active')
  t.match((await s.entries()).find(({ type }) => type === 'elevation.ending'), { data: { why: 'person_inactive' } })
})

t.test('of one person too, a new policy is looked at in turns with other work', async (t) => {
  const s = await scene(t)
  const count = 60
  await copies(s, await active(s), count)
  const sweep = policySweep(s.deps)
  const round = (): Promise<boolean> =>
    sweep(({ cause }) => {
      throw new Error('a sweep failed', { cause })
    })
  while (await round());
  s.change(inactive)
  const ended: number[] = []
  do {
    ended.push((await s.entries()).filter(({ type }) => type === 'elevation.ending').length)
  } while (await round())
  t.equal(ended.at(-1), count + 1, 'all of it is ended')
  t.ok(ended.length > 3, `in several turns: ${ended.join(', ')}`)
})

t.test('a narrower policy ends what runs only where its rule, then or now, says so', async (t) => {
  const narrower: readonly (readonly [string, (policy: Policy) => Policy, boolean])[] = [
    ['nothing changes', (policy) => ({ ...policy }), false],
    ['a longer window', (policy) => rules(policy, { maxDuration: seconds(7 * 3600) }), false],
    ['a shorter window', (policy) => rules(policy, { maxDuration: seconds(600) }), true],
    ['through the broker only', (policy) => rules(policy, { mode: 'brokered' }), true],
    ['nobody of that group', (policy) => rules(policy, { requesters: [] }), true],
    ['the rule is gone', (policy) => ({ ...policy, rules: [] }), true],
    ['the target is gone', (policy) => ({ ...policy, targets: new Map() }), true],
    ['the hour has passed', (policy) => rules(policy, { when: [{ days: new Set(), hours: null, zone: 'UTC' }] }), false]
  ]
  const s = await scene(t)
  const original = s.deps.policy()
  for (const [name, edit, isEnded] of narrower) {
    for (const says of ['then', 'now', 'never'] as const) {
      s.change(() => rules(original, { mode: 'credentials', revokeOnChange: says === 'then' }))
      const { id } = await active(s)
      const lane = makeWork(s.deps)
      await lane.round()
      s.change((policy) => edit(rules(policy, { revokeOnChange: says === 'now' })))
      await lane.round()
      await lane.idle()
      s.change(() => original)
      const mayTell = says === 'then' || (says === 'now' && name !== 'the rule is gone')
      const { state } = await stateOf(s, id)
      t.equal(state, isEnded && mayTell ? 'ending' : 'active', `${name}, ${says}`)
    }
  }
})
