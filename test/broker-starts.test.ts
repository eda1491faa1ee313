/**
 * Scheduled starts and extensions over a real store: what is approved for later is looked at again
 * when its start comes, and an extension is an elevation of its own that changes nothing of the one
 * it goes on from.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { AskInput, ExtensionInput } from '../src/broker/broker.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { work } from '../src/broker/work.ts'
import type { Elevation } from '../src/elevation/elevation.ts'
import { iso, instant, type PersonId, seconds } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import type { Policy, Rule } from '../src/policy/policy.ts'
import { alice, ask, bob, byCli, carol, dave, depsOver, erin, eve, examplePolicy, got, roomy, sam } from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'

const hour = 3600
const day = 24 * hour
const saturday = Date.UTC(2026, 10, 21, 10)

const scene = async (t: Pick<typeof import('tap').t, 'teardown'>) => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-starts-'))
  let now = saturday
  const original = await examplePolicy()
  let policy = roomy(original)
  const store = openHere(join(data, 'store'), () => now)
  t.teardown(async () => {
    await store.close()
    rmSync(data, { recursive: true })
  })
  const { deps, aws } = depsOver({ store, now: () => now, policy: () => policy })
  const change = (edit: (policy: Policy) => Policy): void => {
    policy = edit(policy)
  }
  const edit = (over: (rule: Rule) => Partial<Rule>): void =>
    change((one) => ({
      ...one,
      rules: one.rules.map((rule) => (rule.id === 'claims-investigation' ? { ...rule, ...over(rule) } : rule))
    }))
  edit(() => ({ startAhead: seconds(7 * day) }))
  const broker = makeBroker(deps, () => {})
  return {
    deps,
    aws,
    broker,
    change,
    edit,
    original,
    now: () => now,
    advance: (length: number) => {
      now += length * 1000
    },
    round: async (): Promise<void> => {
      const faults = await work(deps)
      if (faults.length > 0) throw new Error('work failed', { cause: faults[0]?.cause })
    },
    asked: async (more: Partial<AskInput> = {}, by: PersonId = alice): Promise<string> =>
      got(await broker.submit(byCli(by), { ...ask, ...more })).elevation.elevation.id,
    stateOf: async (id: string): Promise<Elevation> => got(await broker.get(erin, id)).elevation,
    entries: async (): Promise<readonly Record<string, unknown>[]> =>
      (await deps.ledger.entries(0, 10_000)).map((row) => JSON.parse(Buffer.from(row.body).toString()))
  }
}

type Scene = Awaited<ReturnType<typeof scene>>

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const inHours = (s: Scene, hours: number): string => iso(instant(s.now() + hours * hour * 1000))
const more: ExtensionInput = { duration: '2h', reason: 'the ring is larger than was thought', ticket: 'CLM-4711' }
const extended = async (s: Scene, id: string, input = more): Promise<string> =>
  got(await s.broker.extend(byCli(alice), id, input)).elevation.elevation.id
const running = async (s: Scene): Promise<string> => {
  const id = await s.asked()
  got(await s.broker.approve(byCli(bob), id))
  got(await s.broker.activate(byCli(alice), id))
  return id
}

t.test('a scheduled window starts at its start, not before, whatever the clock did meanwhile', async (t) => {
  const s = await scene(t)
  const startAt = inHours(s, 26)
  const preview = got(await s.broker.preview(byCli(alice), { ...ask, startAt }))
  t.equal(preview.startAt, Date.parse(startAt))
  const id = await s.asked({ startAt })
  got(await s.broker.approve(byCli(bob), id))
  t.match(await s.stateOf(id), { state: 'approved', activateBy: Date.parse(startAt) + 8 * hour * 1000 })
  for (const length of [0, hour, 9 * hour, 15 * hour]) {
    s.advance(length)
    await s.round()
    t.equal(code(await s.broker.activate(byCli(alice), id)), 'too_early')
    t.equal(code(await s.broker.credentials(byCli(alice), id)), 'too_early')
  }
  t.same(s.aws.calls, [])
  s.advance(hour)
  await s.round()
  t.match(await s.stateOf(id), { state: 'approved', startableSince: s.now() })
  s.advance(-hour)
  t.equal(code(await s.broker.activate(byCli(alice), id)), 'too_early', 'a clock set back opens nothing')
  s.advance(hour)
  await s.round()
  got(await s.broker.activate(byCli(alice), id))
  t.match(await s.stateOf(id), { state: 'active', intent: { startedAt: s.now(), notAfter: s.now() + hour * 1000 } })
  const told = (await s.entries()).filter(({ type }) => type === 'elevation.startable')
  t.match(told, [{ actor: 'broker', elevation: id, data: { startAt } }])
  t.equal(told.length, 1)
})

t.test('a scheduled window that nobody starts lapses from its start on, not from its approval', async (t) => {
  const s = await scene(t)
  const id = await s.asked({ startAt: inHours(s, 20) })
  got(await s.broker.approve(byCli(bob), id))
  s.advance(27 * hour)
  await s.round()
  t.match(await s.stateOf(id), { state: 'approved' })
  s.advance(hour)
  await s.round()
  t.match(await s.stateOf(id), { state: 'lapsed', why: 'not_activated' })
  const slept = await s.asked({ startAt: inHours(s, 20) })
  got(await s.broker.approve(byCli(bob), slept))
  s.advance(28 * hour)
  await s.round()
  t.match(await s.stateOf(slept), { state: 'lapsed', why: 'not_activated' }, 'nobody looked meanwhile')
})

t.test('how far ahead is the rule’s to say, and a start has one form', async (t) => {
  const s = await scene(t)
  const asks = async (startAt: string): Promise<string> =>
    code(await s.broker.submit(byCli(alice), { ...ask, startAt }))
  t.equal(await asks(inHours(s, 7 * 24)), 'ok')
  t.equal(await asks(inHours(s, 7 * 24 + 1)), 'start_not_allowed')
  for (const typed of ['tomorrow', '2026-11-22', '2026-11-22T10:00:00', '2026-11-22T10:00:00+01:00', '2026-11-31T10:00:00Z', inHours(s, 0), inHours(s, -1), inHours(s, 24 * 400), '']) {
    t.equal(await asks(typed), 'invalid_ask', typed)
  }
  t.equal(await asks('2026-11-22T10:00Z'), 'ok')
  s.edit(() => ({ maxDuration: seconds(1800) }))
  t.equal(await asks(inHours(s, 7 * 24 + 1)), 'policy_denied', 'where more than the start is wrong')
  s.change(() => roomy(s.original))
  const refused = await s.broker.submit(byCli(alice), { ...ask, startAt: inHours(s, 1) })
  t.match(refused, { ok: false, refusal: { code: 'start_not_allowed', reasons: [{ condition: 'startAt' }] } })
})

t.test('what is approved for later is asked about its own hour', async (t) => {
  const s = await scene(t)
  const sundays = { days: new Set(['sun'] as const), hours: null, zone: 'UTC' }
  s.edit(() => ({ when: [sundays] }))
  t.equal(code(await s.broker.submit(byCli(alice), ask)), 'policy_denied')
  const id = await s.asked({ startAt: inHours(s, 24) })
  got(await s.broker.approve(byCli(bob), id))
  s.advance(day)
  await s.round()
  got(await s.broker.activate(byCli(alice), id))
  s.advance(-day)
  const late = await s.asked({ startAt: inHours(s, 30) })
  got(await s.broker.approve(byCli(bob), late))
  s.advance(40 * hour - 1)
  await s.round()
  t.match(await s.stateOf(late), { state: 'lapsed', why: 'not_activated' })
})

t.test('when the start comes the policy and its people are asked again, and say why not', async (t) => {
  const changes: readonly (readonly [string, (s: Scene) => void, string])[] = [
    ['the rule is gone', (s) => s.change((one) => ({ ...one, rules: [] })), 'policy_changed'],
    ['its hours are others', (s) => s.edit(() => ({ when: [{ days: new Set(['mon'] as const), hours: null, zone: 'UTC' }] })), 'policy_changed'],
    ['the approver has left', (s) => s.change((one) => without(one, bob)), 'policy_changed'],
    ['the requester has left', (s) => s.change((one) => without(one, alice)), 'policy_changed'],
    ['it wants a longer reason', (s) => s.edit(() => ({ reasonMinLength: 100 })), 'policy_changed'],
    ['its mode is another', (s) => s.edit(() => ({ mode: 'brokered' })), 'policy_changed']
  ]
  for (const [sentence, edit, why] of changes) {
    await t.test(sentence, async (t) => {
      const s = await scene(t)
      const id = await s.asked({ startAt: inHours(s, 20) })
      got(await s.broker.approve(byCli(bob), id))
      const before = await s.stateOf(id)
      edit(s)
      s.advance(20 * hour - 1)
      const isLeft = sentence === 'the requester has left'
      // who is not active any more loses everything at once
      await s.round()
      if (!isLeft) t.strictSame(await s.stateOf(id), before, 'not before')
      s.advance(hour)
      await s.round()
      const after = await s.stateOf(id)
      t.match(after, { state: 'lapsed', why })
      if (after.state === 'lapsed' && !isLeft) t.ok((after.reasons ?? []).length > 0, `${after.reasons?.join()}`)
      t.same(s.aws.calls, [])
    })
  }
  await t.test('its approver is locked', async (t) => {
    const s = await scene(t)
    const id = await s.asked({ startAt: inHours(s, 20) })
    got(await s.broker.approve(byCli(bob), id))
    got(await s.broker.lock(sam, { what: { person: 'bob' }, reason: 'a lost laptop' }))
    await s.round()
    t.match(await s.stateOf(id), { state: 'approved' })
    s.advance(20 * hour)
    await s.round()
    t.match(await s.stateOf(id), { state: 'lapsed', why: 'policy_changed', reasons: [/bob is locked/] })
  })
  await t.test('what only the requester can show is for their own start', async (t) => {
    const s = await scene(t)
    const id = await s.asked({ startAt: inHours(s, 20) })
    got(await s.broker.approve(byCli(bob), id))
    s.edit(() => ({ signIn: { within: seconds(60), acr: null, amr: [] } }))
    s.advance(20 * hour)
    await s.round()
    t.match(await s.stateOf(id), { state: 'approved', startableSince: s.now() })
    t.equal(code(await s.broker.activate(byCli(alice), id)), 'policy_denied')
    t.match(await s.stateOf(id), { state: 'approved' })
  })
})

const without = (policy: Policy, id: PersonId): Policy => {
  const people = new Map(policy.people)
  const one = people.get(id)
  if (one !== undefined) people.set(id, { ...one, active: false })
  return { ...policy, people }
}

t.test('two replicas at the same start say it once', async (t) => {
  const s = await scene(t)
  for (let n = 0; n < 5; n++) {
    got(await s.broker.approve(byCli(bob), await s.asked({ startAt: inHours(s, 20) })))
  }
  s.advance(20 * hour)
  await Promise.all([work(s.deps), work({ ...s.deps, settings: { ...s.deps.settings, owner: 'two' } })])
  const told = (await s.entries()).filter(({ type }) => type === 'elevation.startable')
  t.equal(told.length, 5)
})

t.test('what is scheduled counts under the caps of the day it is for', async (t) => {
  const s = await scene(t)
  s.edit(() => ({ caps: { pending: 9, active: 9, perDay: seconds(4 * hour) } }))
  await s.asked({ duration: '4h', startAt: inHours(s, 72) })
  const asks = async (hours: number): Promise<string> =>
    code(await s.broker.submit(byCli(alice), { ...ask, duration: '1h', ...(hours === 0 ? {} : { startAt: inHours(s, hours) }) }))
  t.equal(await asks(72), 'policy_denied', 'beside it')
  t.equal(await asks(48), 'policy_denied', 'within a day before')
  t.equal(await asks(99), 'policy_denied', 'within a day after')
  t.equal(await asks(101), 'ok')
  t.equal(await asks(0), 'ok', 'today is another day')
})

t.test('an extension is another elevation of the same, approved anew, and leaves its origin alone', async (t) => {
  const s = await scene(t)
  const id = await running(s)
  s.advance(1800)
  const before = await s.stateOf(id)
  const next = await extended(s, id)
  const asked = await s.stateOf(next)
  if (before.state !== 'active') throw new Error(before.state)
  t.match(asked, {
    state: 'pending',
    ask: {
      requester: 'alice', target: 'claims-pii', duration: 7200, tables: ['claims.customers'], columns: null,
      extends: { elevation: id, notAfter: before.intent.notAfter, place: 2, seconds: 3600 }
    }
  })
  t.not(asked.askDigest, before.askDigest)
  t.equal(code(await s.broker.activate(byCli(alice), next)), 'not_approved', 'an approval is no other’s')
  t.equal(code(await s.broker.approve(byCli(alice), next)), 'self_approval')
  got(await s.broker.approve(byCli(carol), next))
  s.advance(600)
  got(await s.broker.activate(byCli(alice), next))
  const after = await s.stateOf(next)
  if (after.state !== 'active') throw new Error(after.state)
  t.equal(after.intent.sessionName, `jit-${next}`)
  t.equal(after.intent.notAfter, s.now() + 7200_000, 'it runs from its own start')
  t.strictSame(await s.stateOf(id), before, 'nothing of the first has changed')
  const [first] = (await s.entries()).filter(({ elevation }) => elevation === next)
  t.match(first, { type: 'elevation.requested', data: { extends: { elevation: id, place: 2, secondsBefore: 3600 } } })
})

t.test('who may extend what, and how often', async (t) => {
  const s = await scene(t)
  const pending = await s.asked({ duration: '30m' })
  const id = await running(s)
  const refused = async (who: PersonId, of: string, input = more): Promise<string> =>
    code(await s.broker.extend(byCli(who), of, input))
  t.equal(await refused(alice, pending), 'not_active')
  t.equal(await refused(bob, id), 'unknown_elevation', 'an approver sees it and does not extend it')
  t.equal(await refused(eve, id), 'unknown_elevation')
  t.equal(await refused(alice, 'nothing'), 'unknown_elevation')
  t.equal(await refused(alice, id, { ...more, duration: '9h' }), 'policy_denied')
  t.equal(await refused(alice, id, { ...more, ticket: undefined }), 'policy_denied')
  t.equal(await refused(alice, id, { ...more, reason: '' }), 'invalid_ask')
  s.edit(() => ({ extensions: 0 }))
  t.equal(await refused(alice, id), 'extension_not_allowed')
  s.edit(() => ({ extensions: 2 }))
  const second = await extended(s, id)
  t.equal(await refused(alice, id), 'already_extended')
  got(await s.broker.deny(bob, second, 'not under this ticket'))
  const third = await extended(s, id)
  got(await s.broker.approve(byCli(bob), third))
  t.equal(await refused(alice, third), 'not_active')
  got(await s.broker.activate(byCli(alice), third))
  t.equal(await refused(alice, id), 'already_extended', 'also while it runs')
  const fourth = await extended(s, third)
  t.match(await s.stateOf(fourth), { ask: { extends: { elevation: third, place: 3, seconds: 3600 + 7200 } } })
  got(await s.broker.approve(byCli(bob), fourth))
  got(await s.broker.activate(byCli(alice), fourth))
  t.equal(await refused(alice, fourth), 'extension_not_allowed', 'two in a row')
  s.advance(hour)
  t.equal(await refused(alice, id), 'not_active', 'its window is over')
  await s.round()
  t.equal(await refused(alice, id), 'not_active')
  const tried = (await s.entries()).filter(({ type }) => type === 'attempt.refused')
  t.ok(tried.some(({ data }) => JSON.stringify(data).includes('"verb":"extend"')))
})

t.test('caps neither forbid an extension nor are got round by one', async (t) => {
  const s = await scene(t)
  const id = await running(s)
  s.edit(() => ({ extensions: 5, caps: { pending: 9, active: 1, perDay: seconds(4 * hour) } }))
  t.equal(code(await s.broker.submit(byCli(alice), ask)), 'policy_denied', 'one at a time')
  const both = await Promise.all([s.broker.extend(byCli(alice), id, more), s.broker.extend(byCli(alice), id, more)])
  t.same(both.map(code).toSorted(), ['already_extended', 'ok'])
  const next = both.flatMap((one) => (one.ok ? [one.value.elevation.elevation.id] : []))[0] ?? ''
  t.equal(code(await s.broker.submit(byCli(alice), ask)), 'policy_denied', 'the extension is open as well')
  got(await s.broker.approve(byCli(bob), next))
  got(await s.broker.activate(byCli(alice), next))
  t.equal(code(await s.broker.extend(byCli(alice), next, { ...more, duration: '1h' })), 'policy_denied', 'two at a time are enough')
  got(await s.broker.end(alice, id))
  t.equal(code(await s.broker.extend(byCli(alice), next, more)), 'policy_denied', 'three hours of four were asked for')
  t.equal(code(await s.broker.extend(byCli(alice), next, { ...more, duration: '1h' })), 'ok')
})

t.test('a window that was revoked is not gone on from', async (t) => {
  for (const isApproved of [false, true]) {
    const s = await scene(t)
    const id = await running(s)
    const next = await extended(s, id)
    if (isApproved) got(await s.broker.approve(byCli(bob), next))
    got(await s.broker.revoke(sam, id, 'it was not them'))
    const used = isApproved ? s.broker.activate(byCli(alice), next) : s.broker.approve(byCli(bob), next)
    t.equal(code(await used), 'policy_denied')
    t.match(await s.stateOf(next), { state: 'lapsed', why: 'extended_revoked' })
  }
  const s = await scene(t)
  const id = await running(s)
  const next = await extended(s, id)
  got(await s.broker.approve(byCli(bob), next))
  got(await s.broker.end(alice, id))
  got(await s.broker.activate(byCli(alice), next))
  t.match(await s.stateOf(next), { state: 'active' }, 'given back early it is')
})

t.test('the same key gives the same extension; an ask that is bound to a query stays bound', async (t) => {
  const s = await scene(t)
  const once = { key: 'k', bodyHash: 'h' }
  const id = await running(s)
  const first = got(await s.broker.extend(byCli(alice), id, more, once))
  const again = got(await s.broker.extend(byCli(alice), id, more, once))
  t.strictSame([again.isReplay, again.elevation.elevation.id], [true, first.elevation.elevation.id])
  t.equal(code(await s.broker.extend(byCli(alice), id, more, { ...once, bodyHash: 'other' })), 'idempotency_mismatch')
  s.edit(() => ({ mode: 'brokered' }))
  s.aws.tables.set('claims.customers', {
    type: 'table', partitionKeys: [], version: '7', columns: [['city', 'varchar']]
  })
  const sql = 'select city from claims.customers limit 10'
  const bound = await s.asked({ sql }, dave)
  got(await s.broker.approve(byCli(bob), bound))
  got(await s.broker.activate(byCli(dave), bound))
  const of = (await s.stateOf(bound)).ask.query
  const next = got(await s.broker.extend(byCli(dave), bound, more)).elevation.elevation.ask.query
  t.strictSame([next?.shape, next?.reads], [of?.shape, of?.reads])
  t.not(next?.commitment, of?.commitment, 'the same text under another salt')
})
