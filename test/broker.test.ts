/**
 * The verbs over a real store: who may do what, the order of issuing, and what is left after each
 * call to AWS failed in either of its two ways.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { AskInput, Broker, Caller } from '../src/broker/broker.ts'
import type { Deps } from '../src/broker/deps.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { policyChanged } from '../src/broker/policy-changes.ts'
import { work } from '../src/broker/work.ts'
import type { Elevation } from '../src/elevation/elevation.ts'
import { instant, parseElevationId, type PersonId, type Seconds } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import type { Presence } from '../src/policy/circumstances.ts'
import type { PeopleApproval, Policy, Rule } from '../src/policy/policy.ts'
import type { Stored } from '../src/ports.ts'
import type { FakeAws } from './fakes/aws.ts'
import {
  alice,
  ask,
  bob,
  byCli,
  carol,
  dave,
  depsOver,
  erin,
  eve,
  examplePolicy,
  got,
  roomy,
  sam
} from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'

type Scene = {
  readonly deps: Deps
  readonly broker: Broker
  readonly aws: FakeAws
  readonly advance: (length: number) => void
  readonly settle: () => Promise<void>
  readonly change: (edit: (policy: Policy) => Policy) => void
  /** as the example files say it */
  readonly original: Policy
  readonly types: () => Promise<readonly string[]>
  readonly ledgerText: () => Promise<string>
}

const scene = async (t: Pick<typeof import('tap').t, 'teardown'>): Promise<Scene> => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-broker-'))
  let now = Date.UTC(2026, 10, 21, 10)
  const original = await examplePolicy()
  let policy = roomy(original)
  const store = openHere(join(data, 'store'), () => now)
  t.teardown(async () => {
    await store.close()
    rmSync(data, { recursive: true })
  })
  const { deps, aws } = depsOver({ store, now: () => now, policy: () => policy })
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 25; n++) {
      const faults = await work(deps)
      if (faults.length > 0) throw new Error('work failed', { cause: faults[0]?.cause })
      now += 10_000
    }
  }
  return {
    deps,
    broker: makeBroker(deps, () => {}),
    aws,
    settle,
    advance: (length) => {
      now += length * 1000
    },
    change: (edit) => {
      policy = edit(policy)
    },
    original,
    types: async () => (await bodies(deps)).map((body) => String(body['type'])),
    ledgerText: async () => JSON.stringify(await bodies(deps))
  }
}

const bodies = async (deps: Deps): Promise<readonly Record<string, unknown>[]> =>
  (await deps.ledger.entries(0, 10_000)).map((row) => JSON.parse(Buffer.from(row.body).toString()))

const code = (result: Result<unknown>): string => (result.ok ? 'ok' : result.refusal.code)
const asked = async ({ broker }: Scene, by = alice): Promise<string> =>
  got(await broker.submit(byCli(by), ask)).elevation.elevation.id
const approvedBy = async (s: Scene): Promise<string> => {
  const id = await asked(s)
  got(await s.broker.approve(byCli(bob), id))
  return id
}
const stateOf = async (s: Scene, id: string): Promise<Elevation> =>
  got(await s.broker.get(erin, id)).elevation

t.test('one elevation from ask to end leaves every step in the ledger and nothing in AWS', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  const vended = got(await s.broker.credentials(byCli(alice), id))
  t.equal(vended.elevation.elevation.state, 'active')
  t.equal(s.aws.live.size, 2)
  t.same(s.aws.calls.slice(0, 3), ['create', 'create', 'assume'])
  const again = got(await s.broker.credentials(byCli(alice), id))
  t.not(again.credentials.accessKeyId, vended.credentials.accessKeyId)
  t.equal(again.usableUntil, vended.usableUntil, 'fresh credentials do not move the end')
  s.advance(3600)
  t.equal(code(await s.broker.credentials(byCli(alice), id)), 'ended')
  await s.settle()
  t.equal((await stateOf(s, id)).state, 'ended')
  t.equal(s.aws.live.size, 0)
  t.same(await s.types(), [
    'elevation.requested', 'approval.recorded', 'elevation.approved', 'issue.intent', 'session.issued',
    'session.vended', 'attempt.refused', 'elevation.ending', 'access.removed',
    'session.denied', 'elevation.ended'
  ])
  t.notMatch(await s.ledgerText(), /CANARY|Hamburg|CLM-4711/, 'no secret and no free text')
  const stored = got(await s.broker.get(alice, id))
  t.equal(stored.ledger.length, 10, 'an elevation knows its own entries')
})

t.test('who may do what: every refusal has its code and one entry, and changes nothing', async (t) => {
  const s = await scene(t)
  const id = await asked(s)
  const approved = await approvedBy(s)
  const denied = await asked(s, dave)
  got(await s.broker.deny(carol, denied, 'not your case'))
  const unknown = '01JD6QZ5S0ABCDEFGHJKMNPQRS'
  const with_ = (change: Partial<AskInput>) => s.broker.submit(byCli(alice), { ...ask, ...change })
  const rows: readonly (readonly [string, () => Promise<Result<unknown>>, string])[] = [
    ['alice approves her own ask', () => s.broker.approve(byCli(alice), id), 'self_approval'],
    ['alice denies her own ask', () => s.broker.deny(alice, id, 'no'), 'self_approval'],
    ['eve does not see it', () => s.broker.approve(byCli(eve), id), 'unknown_elevation'],
    ['dave may ask, but not approve', () => s.broker.approve(byCli(dave), id), 'unknown_elevation'],
    ['an auditor sees, but does not approve', () => s.broker.approve(byCli(erin), id), 'not_an_approver'],
    ['an absent elevation looks the same', () => s.broker.approve(byCli(eve), unknown), 'unknown_elevation'],
    ['a malformed id looks the same', () => s.broker.approve(byCli(eve), '../etc'), 'unknown_elevation'],
    ['approving twice', () => s.broker.approve(byCli(bob), approved), 'already_decided'],
    ['approving after a denial', () => s.broker.approve(byCli(bob), denied), 'already_decided'],
    ['approving something else than was shown', () => s.broker.approve(byCli(bob), id, 'sha256:00'), 'stale_ask'],
    ['cancelling somebody else\'s', () => s.broker.cancel(bob, id), 'unknown_elevation'],
    ['cancelling what is denied', () => s.broker.cancel(dave, denied), 'already_decided'],
    ['activating another\'s', () => s.broker.activate(byCli(bob), approved), 'unknown_elevation'],
    ['activating what is not approved', () => s.broker.activate(byCli(alice), id), 'not_approved'],
    ['credentials of another\'s', () => s.broker.credentials(byCli(bob), approved), 'unknown_elevation'],
    ['credentials before approval', () => s.broker.credentials(byCli(alice), id), 'not_active'],
    ['ending another\'s', () => s.broker.end(bob, approved), 'unknown_elevation'],
    ['ending what never began', () => s.broker.end(alice, approved), 'not_active'],
    ['the requester revokes', () => s.broker.revoke(alice, id, 'x'), 'self_approval'],
    ['the ledger is the auditors\'', () => s.broker.entries(alice, 0, 10), 'policy_denied'],
    ['an unknown target', () => with_({ target: 'nope' }), 'unknown_target'],
    ['a target without a rule for her', () => s.broker.submit(byCli(sam), ask), 'unknown_target'],
    ['a length of 0', () => with_({ duration: '0h' }), 'invalid_ask'],
    ['a negative length', () => with_({ duration: '-1h' }), 'invalid_ask'],
    ['a length without unit', () => with_({ duration: '60' }), 'invalid_ask'],
    ['a length in floats', () => with_({ duration: '1e9' }), 'invalid_ask'],
    ['a length by the calendar', () => with_({ duration: 'P1Y' }), 'invalid_ask'],
    ['a length over the maximum', () => with_({ duration: '5h' }), 'policy_denied'],
    ['an empty reason', () => with_({ reason: '   ' }), 'invalid_ask'],
    ['a short reason', () => with_({ reason: 'because' }), 'policy_denied'],
    ['a reason with a bidi override', () => with_({ reason: `${ask.reason}\u202e` }), 'invalid_ask'],
    ['a reason with a lone surrogate', () => with_({ reason: `${ask.reason}\ud800` }), 'invalid_ask'],
    ['no ticket', () => with_({ ticket: undefined }), 'policy_denied'],
    ['a ticket of another form', () => with_({ ticket: 'CLM-12x' }), 'policy_denied'],
    ['a table of another target', () => with_({ tables: ['payments.payments'] }), 'policy_denied'],
    ['no tables at all', () => with_({ tables: [] }), 'invalid_ask']
  ]
  for (const [sentence, attempt, expected] of rows) {
    const before = { states: await states(s), entries: (await s.types()).length }
    t.equal(code(await attempt()), expected, sentence)
    t.same(await states(s), before.states)
    t.same((await s.types()).slice(before.entries), ['attempt.refused'], `${sentence}: one entry`)
  }
  t.equal(s.aws.calls.length, 0)
})

const states = async (s: Scene): Promise<readonly string[]> =>
  (await s.deps.elevations.list({ limit: 100 })).map(
    ({ elevation, version }) => `${elevation.id} ${elevation.state} ${version}`
  )

t.test('the same idempotency key gives the same elevation, or is refused for another body', async (t) => {
  const s = await scene(t)
  const key = { key: 'k1', bodyHash: 'a' }
  const [first, second] = await Promise.all([
    s.broker.submit(byCli(alice), ask, key),
    s.broker.submit(byCli(alice), ask, key)
  ])
  const id = got(first).elevation.elevation.id
  t.equal(got(second).elevation.elevation.id, id)
  t.same([got(first).isReplay, got(second).isReplay].map(String).sort(), ['false', 'true'])
  t.equal(code(await s.broker.submit(byCli(alice), ask, { key: 'k1', bodyHash: 'b' })), 'idempotency_mismatch')
  t.not(got(await s.broker.submit(byCli(dave), ask, key)).elevation.elevation.id, id)
})

t.test('of a vote and a denial at the same moment exactly one counts', async (t) => {
  const s = await scene(t)
  for (let n = 0; n < 10; n++) {
    const id = await asked(s)
    const both = await Promise.all([
      s.broker.approve(byCli(bob), id),
      s.broker.deny(carol, id, 'no'),
      s.broker.approve(byCli(bob), id)
    ])
    t.equal(both.filter((result) => result.ok).length, 1)
  }
})

t.test('the narrower of the policy then and now holds when the window starts', async (t) => {
  const edits: readonly (readonly [string, (policy: Policy) => Policy, string])[] = [
    ['the rule is gone', (policy) => ({ ...policy, rules: [] }), 'policy_denied'],
    ['the requester left', (policy) => without(policy, alice), 'policy_denied'],
    ['the approver left', (policy) => without(policy, bob), 'policy_denied'],
    ['two have to approve now', (policy) => quorum(policy, 2), 'policy_denied']
  ]
  const s = await scene(t)
  const original = s.deps.policy()
  for (const [sentence, edit, expected] of edits) {
    const id = await approvedBy(s)
    s.change(edit)
    t.equal(code(await s.broker.activate(byCli(alice), id)), expected, sentence)
    const stored = await s.deps.elevations.get(idOf(id))
    t.equal(stored?.elevation.state, 'lapsed')
    t.equal(s.aws.calls.length, 0)
    s.change(() => original)
  }
  const id = await approvedBy(s)
  s.change((policy) => ({
    ...policy,
    rules: policy.rules.map((rule) => ({ ...rule, maxDuration: 900 as typeof rule.maxDuration }))
  }))
  const { elevation } = got(await s.broker.activate(byCli(alice), id))
  if (elevation.state !== 'active') throw new Error('not active')
  t.equal(elevation.intent.notAfter - elevation.intent.startedAt, 900_000, 'the window is cut')
})

const idOf = (text: string) => {
  const id = parseElevationId(text)
  if (id === null) throw new Error('not an id')
  return id
}
const without = (policy: Policy, gone: PersonId): Policy => ({
  ...policy,
  people: new Map([...policy.people].map(([id, one]) => [id, id === gone ? { ...one, active: false } : one]))
})
const quorum = (policy: Policy, votes: number): Policy => ({
  ...policy,
  rules: policy.rules.map((rule) => {
    const { approval } = rule
    if (approval.kind !== 'people') return rule
    const [{ of }] = approval.sets
    return { ...rule, approval: { ...approval, quorum: votes, sets: [{ of, atLeast: votes }] } }
  })
})

t.test('whatever call fails, in either way, nothing is delivered and nothing is left', async (t) => {
  const s = await scene(t)
  for (const on of ['create', 'assume'] as const) {
    for (const how of ['refused', 'lost', 'late'] as const) {
      const id = await approvedBy(s)
      s.aws.fault = { on, how, times: 1 }
      const answer = await s.broker.credentials(byCli(alice), id)
      t.equal(code(answer), how === 'refused' ? 'aws_refused' : 'aws_unavailable', `${on} ${how}`)
      t.equal((await stateOf(s, id)).state, 'ending')
      await s.settle()
      t.equal((await stateOf(s, id)).state, 'failed')
      t.equal(s.aws.live.size, 0)
    }
  }
})

t.test('an ending survives every failure of every call, and ends only when all is gone', async (t) => {
  const s = await scene(t)
  for (const on of ['deny', 'find', 'revoke', 'stop'] as const) {
    for (const how of ['lost', 'late'] as const) {
      const id = await approvedBy(s)
      got(await s.broker.activate(byCli(alice), id))
      s.aws.fault = { on, how, times: 3 }
      t.equal(got(await s.broker.end(alice, id)).elevation.state, 'ending')
      await s.settle()
      t.match(await stateOf(s, id), { state: 'ended', how: 'released', by: 'alice' }, `${on} ${how}`)
      t.equal(s.aws.live.size, 0)
      t.ok([...s.aws.denied.values()][0]?.ids.includes(`AROAFAKE:jit-${id}`), 'its session is denied on the role')
    }
  }
})

t.test('a key that fails keeps no grant of another alive', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  got(await s.broker.activate(byCli(alice), id))
  t.equal(s.aws.live.size, 2)
  got(await s.broker.end(alice, id))
  s.aws.fault = { on: 'find', how: 'lost', times: 1 }
  await work(s.deps)
  t.equal(s.aws.live.size, 0, 'known grants are revoked even where the look failed')
  t.match(await stateOf(s, id), { state: 'ending', attempts: 1 })
  await s.settle()
  t.match(await stateOf(s, id), { state: 'ended' })
})

t.test('a process that dies between two calls leaves nothing behind', async (t) => {
  const dying = new Error('killed')
  const s = await scene(t)
  for (const at of ['create', 'assume'] as const) {
    const id = await approvedBy(s)
    s.aws.before = async (call) => {
      if (call === at) throw dying
    }
    await t.rejects(s.broker.activate(byCli(alice), id), dying)
    s.aws.before = null
    t.equal((await stateOf(s, id)).state, 'issuing')
    await work(s.deps)
    t.equal((await stateOf(s, id)).state, 'issuing', 'its lease still runs')
    await s.settle()
    t.equal((await stateOf(s, id)).state, 'failed')
    t.equal(s.aws.live.size, 0)
  }
})

t.test('a grant that lands after its issuer was revoked is found by the sweep', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  let late: (() => void) | null = null
  s.aws.before = async (call) => {
    if (call !== 'create' || late) return
    const keep = [...s.aws.live]
    late = () => keep.forEach(([grantId, grant]) => s.aws.live.set(grantId, grant))
    got(await s.broker.revoke(bob, id, 'wrong person'))
  }
  t.equal(code(await s.broker.credentials(byCli(alice), id)), 'conflict')
  await work(s.deps)
  const stored = await stateOf(s, id)
  t.equal(stored.state, 'ending')
  const key = stored.state === 'ending' ? (stored.intent.grants[0]?.keyArn ?? '') : ''
  s.aws.live.set('late', { key, name: `jit/${id}/data`, parameters: '' })
  await s.settle()
  t.match(await stateOf(s, id), { state: 'ended', how: 'revoked', by: 'bob' })
  t.equal(s.aws.live.size, 0)
})

t.test('a revoke between the commit and the answer keeps the credentials inside', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  got(await s.broker.activate(byCli(alice), id))
  s.aws.before = async (call) => {
    if (call === 'assume') got(await s.broker.revoke(carol, id, 'enough'))
  }
  t.equal(code(await s.broker.credentials(byCli(alice), id)), 'conflict')
})

t.test('what is not decided or not used in time lapses', async (t) => {
  const s = await scene(t)
  const undecided = await asked(s)
  const unused = await approvedBy(s)
  s.advance(7200)
  t.equal(code(await s.broker.approve(byCli(bob), undecided)), 'lapsed')
  await work(s.deps)
  t.match(await stateOf(s, undecided), { state: 'lapsed', why: 'not_decided' })
  s.advance(8 * 3600)
  t.equal(code(await s.broker.activate(byCli(alice), unused)), 'lapsed')
  t.match(await stateOf(s, unused), { state: 'lapsed', why: 'not_activated' })
})

t.test('people see their own, approvers what they may decide, auditors everything', async (t) => {
  const s = await scene(t)
  const hers = await asked(s)
  const his = await asked(s, dave)
  const seen = async (who: PersonId, mine = false): Promise<readonly string[]> =>
    (await s.broker.list(who, { mine, limit: 50 })).map((stored: Stored) => stored.elevation.id).sort()
  t.same(await seen(alice), [hers])
  t.same(await seen(bob), [hers, his].sort())
  t.same(await seen(bob, true), [])
  t.same(await seen(erin), [hers, his].sort())
  t.same(await seen(eve), [])
  const rows = got(await s.broker.entries(erin, 0, 10))
  t.equal(rows.length, 2)
  t.equal((await s.types()).at(-1), 'ledger.read')
})

t.test('a preview is the decision, and stores nothing', async (t) => {
  const s = await scene(t)
  t.match(got(await s.broker.preview(byCli(alice), ask)), {
    decision: 'needs_approval',
    rule: 'claims-investigation',
    quorum: 1,
    approvers: ['bob', 'carol']
  })
  const refused = got(await s.broker.preview(byCli(alice), { ...ask, duration: '9h', ticket: 'none' }))
  t.equal(refused.decision, 'deny')
  t.same(
    refused.reasons.map((reason) => [reason.outcome, reason.condition]),
    [['unmet', 'duration'], ['unmet', 'ticket']]
  )
  const brokered = { ...ask, target: 'payments-pii', duration: '1h', tables: undefined }
  t.match(got(await s.broker.preview(byCli(alice), brokered)), {
    decision: 'needs_approval',
    mode: 'brokered',
    quorum: 2
  })
  t.same(await s.types(), [])
})

type Edit = (rule: Rule) => Rule
const edited = (s: Scene, edit: Edit): void =>
  s.change((policy) => ({
    ...policy,
    rules: policy.rules.map((rule) => (rule.id === 'claims-investigation' ? edit(rule) : rule))
  }))
const people = (rule: Rule): PeopleApproval => {
  if (rule.approval.kind !== 'people') throw new Error('not a rule that people approve')
  return rule.approval
}

t.test('abuse 63, 64: caps hold, also for asks and starts at the same instant', async (t) => {
  const s = await scene(t)
  edited(s, (rule) => ({ ...rule, caps: { pending: 2, active: 2, perDay: null } }))
  const asks = await Promise.all(Array.from({ length: 6 }, () => s.broker.submit(byCli(alice), ask)))
  t.equal(asks.filter(({ ok }) => ok).length, 2)
  t.same([...new Set(asks.filter(({ ok }) => !ok).map(code))], ['policy_denied'])
  const ids = asks.flatMap((result) => (result.ok ? [result.value.elevation.elevation.id] : []))
  for (const id of ids) got(await s.broker.approve(byCli(bob), id))
  edited(s, (rule) => ({ ...rule, caps: { pending: 2, active: 1, perDay: null } }))
  const starts = await Promise.all(ids.map((id) => s.broker.activate(byCli(alice), id)))
  t.equal(starts.filter(({ ok }) => ok).length, 1, 'one window at a time')
  const waiting = ids.find((_, n) => !starts[n]?.ok) ?? ''
  t.equal(code(await s.broker.activate(byCli(alice), waiting)), 'policy_denied')
  t.match(await stateOf(s, waiting), { state: 'approved' }, 'it may be used once the other has ended')
  got(await s.broker.end(alice, ids.find((_, n) => starts[n]?.ok) ?? ''))
  got(await s.broker.activate(byCli(alice), waiting))

  edited(s, (rule) => ({ ...rule, caps: { pending: 9, active: 9, perDay: 9000 as Seconds } }))
  t.equal(code(await s.broker.submit(byCli(alice), ask)), 'policy_denied', 'two hours of 2:30 are used')
  got(await s.broker.submit(byCli(alice), { ...ask, duration: '30m' }))
  s.advance(25 * 3600)
  await s.settle()
  got(await s.broker.submit(byCli(alice), { ...ask, duration: '2h' }))
})

t.test('a rule that approves by itself does so at once, and only so often', async (t) => {
  const s = await scene(t)
  edited(s, (rule) => ({ ...rule, approval: { kind: 'auto', perDay: 2 } }))
  const id = await asked(s)
  t.match(await stateOf(s, id), { state: 'approved', approvals: [] })
  t.same(await s.types(), ['elevation.requested', 'elevation.approved'])
  got(await s.broker.activate(byCli(alice), id))
  await asked(s)
  t.equal(code(await s.broker.submit(byCli(alice), ask)), 'policy_denied')
  edited(s, (rule) => ({ ...rule, approval: { kind: 'auto', perDay: 9 } }))
  const third = await asked(s)
  s.change(() => roomy(s.original))
  t.equal(code(await s.broker.activate(byCli(alice), third)), 'policy_denied', 'people approve now')
})

t.test('abuse 66: break glass is announced, short, and reviewed by somebody else before the next', async (t) => {
  const s = await scene(t)
  const security = { kind: 'group', name: 'security' } as const
  s.change((policy) => ({
    ...policy,
    rules: policy.rules.flatMap((rule) =>
      rule.id === 'claims-investigation'
        ? [
            rule,
            {
              ...rule,
              id: 'claims-break-glass' as Rule['id'],
              maxDuration: 1800 as Seconds,
              approval: {
                kind: 'breakGlass' as const,
                notify: [security],
                review: [security],
                channel: null
              }
            }
          ]
        : rule.approval.kind === 'breakGlass' ? [] : [rule]
    )
  }))
  const glass: AskInput = { ...ask, duration: '30m', breakGlass: true }
  t.equal(code(await s.broker.submit(byCli(alice), { ...glass, duration: '1h' })), 'policy_denied')
  const id = got(await s.broker.submit(byCli(alice), glass)).elevation.elevation.id
  t.same((await s.types()).slice(1), ['elevation.requested', 'breakglass.used', 'elevation.approved'])
  t.match(await s.ledgerText(), /"told":\["sam"\]/)
  t.equal(code(await s.broker.activate(byCli(bob), id)), 'unknown_elevation')
  got(await s.broker.credentials(byCli(alice), id))
  t.equal(code(await s.broker.submit(byCli(alice), glass)), 'policy_denied', 'not reviewed yet')
  t.equal(code(await s.broker.submit(byCli(alice), { ...ask, tables: [] })), 'invalid_ask')
  const rows: readonly (readonly [string, PersonId, string])[] = [
    ['its requester does not review it', alice, 'self_approval'],
    ['nobody sees it who is not named', dave, 'unknown_elevation'],
    ['an auditor sees it, and is not a reviewer', erin, 'not_an_approver']
  ]
  for (const [sentence, who, expected] of rows) {
    t.equal(code(await s.broker.review(who, id, 'looked at it')), expected, sentence)
  }
  const both = await Promise.all([s.broker.review(sam, id, 'fine'), s.broker.review(sam, id, 'fine')])
  t.same(both.map(code).toSorted(), ['already_decided', 'ok'])
  t.ok((await s.types()).includes('breakglass.reviewed'))
  got(await s.broker.submit(byCli(alice), glass))
  const normal = await asked(s, dave)
  t.equal(code(await s.broker.review(sam, normal, 'x')), 'not_an_approver', 'only break-glass is reviewed')
})

t.test('where and how somebody votes and starts is the rule\'s to say', async (t) => {
  const s = await scene(t)
  const from = (who: PersonId, presence: Partial<Presence>): Caller => ({
    person: who,
    presence: { ...byCli(who).presence, ...presence }
  })
  const signIn = { within: 900 as Seconds, acr: null, amr: ['mfa'] }
  edited(s, (rule) => ({
    ...rule,
    via: new Set(['cli']),
    signIn,
    approval: { ...people(rule), via: new Set(['console']), signIn }
  }))
  const old = instant(Date.UTC(2026, 10, 21, 9))
  t.equal(code(await s.broker.submit(from(alice, { via: 'slack' }), ask)), 'policy_denied')
  t.equal(code(await s.broker.submit(from(alice, { authAt: old }), ask)), 'policy_denied')
  const id = await asked(s)
  const votes: readonly (readonly [Partial<Presence>, string])[] = [
    [{}, 'channel_not_allowed'],
    [{ via: 'console', authAt: old }, 'sign_in_too_weak'],
    [{ via: 'console', amr: ['pwd'] }, 'sign_in_too_weak'],
    [{ via: 'console', authAt: null }, 'sign_in_too_weak'],
    [{ via: 'console', acr: 'urn:acme:loa:2' }, 'ok']
  ]
  for (const [presence, expected] of votes) {
    t.equal(code(await s.broker.approve(from(bob, presence), id)), expected)
  }
  t.match(await stateOf(s, id), { approvals: [{ by: 'bob', via: 'console' }] })
  const vote = (await bodies(s.deps)).find((body) => body['type'] === 'approval.recorded')
  t.match(vote, { data: { acr: 'urn:acme:loa:2', signedInAt: String } }, 'what shows that it was his')
  t.equal(code(await s.broker.activate(from(alice, { authAt: old }), id)), 'policy_denied')
  t.match(await stateOf(s, id), { state: 'approved' }, 'a fresh sign-in may still start it')
  got(await s.broker.activate(byCli(alice), id))
  const denied = await asked(s, dave)
  got(await s.broker.deny(bob, denied, 'a denial is taken from anywhere'))
})

t.test('abuse 51: who joins the approvers after the ask decides it only where the rule says so', async (t) => {
  const s = await scene(t)
  const joined = (policy: Policy): Policy => ({
    ...policy,
    people: new Map(
      [...policy.people].map(([id, one]) => [
        id,
        id === dave ? { ...one, groups: new Set(['privacy']) } : one
      ])
    )
  })
  const before = await asked(s)
  s.change(joined)
  t.equal(code(await s.broker.approve(byCli(dave), before)), 'unknown_elevation')
  s.change(() => roomy(s.original))
  edited(s, (rule) => ({ ...rule, approval: { ...people(rule), membershipAsOf: 'now' } }))
  const open = await asked(s)
  s.change(joined)
  got(await s.broker.approve(byCli(dave), open))
})

t.test('abuse 54: two who approve each other are told apart, and kept apart where the rule says so', async (t) => {
  const s = await scene(t)
  s.change((policy) => ({
    ...policy,
    people: new Map(
      [...policy.people].map(([id, one]) => [
        id,
        id === bob ? { ...one, groups: new Set(['privacy', 'fraud-analysts']) }
          : id === alice ? { ...one, groups: new Set(['privacy', 'fraud-analysts']) } : one
      ])
    )
  }))
  const hers = await asked(s)
  got(await s.broker.approve(byCli(bob), hers))
  const his = await asked(s, bob)
  edited(s, (rule) => ({
    ...rule,
    approval: { ...people(rule), noReciprocalWithin: 86_400 as Seconds }
  }))
  t.equal(code(await s.broker.approve(byCli(alice), his)), 'reciprocal_approval')
  edited(s, (rule) => ({ ...rule, approval: { ...people(rule), noReciprocalWithin: null } }))
  got(await s.broker.approve(byCli(alice), his))
  t.equal((await s.ledgerText()).match(/"reciprocal":true/g)?.length, 1, 'auditors see it anyway')
})

t.test('outside its hours an elevation is neither started nor vended, and does not lapse for it', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  const sunday = { days: new Set(['sun'] as const), hours: null, zone: 'UTC' }
  edited(s, (rule) => ({ ...rule, when: [sunday] }))
  t.equal(code(await s.broker.activate(byCli(alice), id)), 'policy_denied')
  t.match(await stateOf(s, id), { state: 'approved' })
  s.change(() => roomy(s.original))
  const weekend = {
    id: 'nobody-on-saturdays' as Rule['id'],
    requesters: [{ kind: 'person' as const, name: 'alice' }],
    targets: null,
    when: [{ days: new Set(['sat'] as const), hours: null, zone: 'UTC' }]
  }
  s.change((policy) => ({ ...policy, denies: [...policy.denies, weekend] }))
  t.equal(code(await s.broker.activate(byCli(alice), id)), 'policy_denied')
  t.match(await stateOf(s, id), { state: 'approved' }, 'nor for a deny that passes')
  s.change(() => roomy(s.original))
  got(await s.broker.activate(byCli(alice), id))
  edited(s, (rule) => ({ ...rule, when: [sunday] }))
  t.equal(code(await s.broker.credentials(byCli(alice), id)), 'policy_denied')
})

t.test('abuse 68: what is decided stays decided, its reason included, whoever writes', async (t) => {
  const s = await scene(t)
  const id = await approvedBy(s)
  t.equal(code(await s.broker.deny(carol, id, 'on second thoughts')), 'already_decided')
  t.equal(code(await s.broker.deny(bob, id, 'I changed my mind')), 'already_decided')
  const denied = await asked(s, dave)
  got(await s.broker.deny(carol, denied, 'not your case'))
  t.equal(code(await s.broker.approve(byCli(carol), denied)), 'already_decided')
  const stored = await s.deps.elevations.get(idOf(denied))
  if (!stored) throw new Error('not stored')
  const { elevation, version } = stored
  const edits: readonly Elevation[] = [
    { ...elevation, ask: { ...elevation.ask, reason: 'another reason' } } as Elevation,
    { ...(await stateOf(s, id)), id: elevation.id } as Elevation
  ]
  for (const edit of edits) {
    const change = { elevation: edit, expectedVersion: version, entries: [] }
    t.match(await s.deps.elevations.commit(change), { kind: 'conflict' })
  }
  t.strictSame(await s.deps.elevations.get(idOf(denied)), stored)
})

t.test('the policy of the start is written once, though the store was slow to say so', async (t) => {
  const s = await scene(t)
  const to = s.original
  const slow = (failures: number): Deps => ({
    ...s.deps,
    ledger: {
      ...s.deps.ledger,
      append: async (entries) => {
        await s.deps.ledger.append(entries)
        if (failures-- > 0) throw new Error('not confirmed in time')
      }
    }
  })
  await policyChanged(slow(4), { from: null, to })
  t.strictSame(await s.types(), ['policy.changed'])
  await t.rejects(policyChanged(slow(5), { from: null, to }), /not confirmed/)
  await t.rejects(policyChanged(slow(1), { from: to, to }), /not confirmed/, 'while it runs the next poll asks again')
})
