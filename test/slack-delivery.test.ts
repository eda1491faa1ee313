/** What people are told in Slack, whatever Slack does: a real store, a fixture API, a clock by hand. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import type { Elevation } from '../src/elevation/elevation.ts'
import { type ElevationId, instant } from '../src/elevation/ids.ts'
import { makeEntry } from '../src/ledger/entry.ts'
import type { SlackOutcome } from '../src/ports.ts'
import { connectSlack } from '../src/slack/connect.ts'
import { startDelivery } from '../src/slack/delivery.ts'
import { warnAt } from '../src/slack/notices.ts'
import { type OutboxParts, makeOutbox } from '../src/slack/outbox.ts'
import { makeSlackClient } from '../src/slack/slack-client.ts'
import {
  type SlackApi,
  type SlackFact,
  type SlackFailure,
  fixtureToken,
  startSlackApi
} from './fakes/slack-api.ts'
import { active, approved, at, ended, ending, everyState, idOf, pending, person } from './fixtures-elevation.ts'
import { loaded } from './policy-documents.ts'
import { memoryBroker } from './fakes/memory-broker.ts'
import { openHere } from './fixtures-store.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sallyport-delivery-'))
t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
const team = 'T0ACME'

type Approval = { readonly from?: string; readonly channel?: string | null; readonly more?: string }

const policyWith = ({ from = 'group:stewards', channel = null, more = '' }: Approval = {}) => {
  const where = `${channel === null ? '' : `, channel: ${channel}`}${more}`
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001'
  return loaded({
    'people.yaml': `groups: [{ id: analysts }, { id: stewards }, { id: security }]
people:
  - { id: alice, groups: [analysts], slack: [{ team: ${team}, user: U0ALICE }] }
  - { id: dave, groups: [analysts] }
  - { id: bob, groups: [stewards], slack: [{ team: ${team}, user: U0BOB }] }
  - { id: carol, groups: [stewards], slack: [{ team: ${team}, user: U0CAROL }] }
  - { id: nora, groups: [stewards] }
  - { id: otto, groups: [stewards], slack: [{ team: T0ELSE, user: U0OTTO }] }
  - { id: sam, groups: [security], slack: [{ team: ${team}, user: U0SAM }] }
  - { id: sue, groups: [security], slack: [{ team: ${team}, user: U0SUE }] }
roles: { auditor: [], operator: [], security: [group:security] }
`,
    'targets/claims-pii.yaml': `target: claims-pii
account: "123456789012"
region: eu-west-1
workgroup: claims-pii
role: arn:aws:iam::123456789012:role/sallyport-claims
classification: pii
owner: group:stewards
data:
  - { database: claims, tables: [claims, customers], location: s3://acme-data/c/, key: ${key}, bucketKey: true }
results: { location: s3://acme-results/pii/, key: ${key} }
columns:
  claims.customers: { ssn: direct }
`,
    'rules.yaml': `rules:
  - id: claims-investigation
    targets: [claims-pii]
    requesters: [group:analysts]
    maxDuration: 4h
    activateWithin: 8h
    mode: credentials
    approval: { from: [${from}], quorum: 1, within: 2h${where} }
  - id: claims-oncall
    targets: [claims-pii]
    requesters: [group:analysts]
    maxDuration: 1h
    activateWithin: 8h
    mode: credentials
    require: { reason: { minLength: 20 }, ticket: "INC-<digits>" }
    approval:
      breakGlass: true
      notify: [group:security]
      review: [person:sam, person:bob]
      channel: C0ALARM
`
  })
}

const users: Readonly<Record<string, SlackFact>> = {
  U0ALICE: {},
  U0BOB: {},
  U0CAROL: {},
  U0SAM: {},
  U0SUE: {}
}

const words = (id: ElevationId, value: string) =>
  makeEntry(
    randomUUID(),
    {
      id: randomUUID(),
      type: 'elevation.denied',
      at: '2026-11-21T10:00:00.000Z',
      actor: 'bob',
      elevation: id,
      target: 'claims-pii',
      policy: null,
      data: {}
    },
    value === '' ? [] : [{ name: 'reason', salt: '5a'.repeat(32), value }]
  )

/** A broker's store, a Slack, and one process that tells; more of them by `another`. */
const setUp = async (given: { readonly approval?: Approval; readonly timeoutMs?: number } = {}) => {
  const clock = { now: at(0) }
  const now = () => clock.now
  const api = await startSlackApi({ team, users, channels: ['C0CLAIMS', 'C0ALARM'], now })
  const store = openHere(join(mkdtempSync(join(scratch, 's')), 'data'), () => at(0))
  const slack = makeSlackClient({ token: fixtureToken, apiUrl: api.url, timeoutMs: given.timeoutMs ?? 5000 })
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const versions = new Map<string, number>()
  const policies = { now: policyWith(given.approval) }
  const wake = { wanted: false }

  const partsOf = (over: Partial<OutboxParts> = {}): OutboxParts => ({
    elevations: store,
    turn: store.slack,
    messages: store.slack,
    policy: () => policies.now,
    slack,
    team,
    consoleUrl: null,
    now,
    schedule: (_, run) => {
      setImmediate(run)
      return () => {}
    },
    log,
    owner: 'one',
    ...over
  })
  const another = (over: Partial<OutboxParts> = {}) =>
    makeOutbox(partsOf(over), (milliseconds) => {
      if (milliseconds <= 0) wake.wanted = true
    })
  const outbox = another()

  /** Rounds until there is nothing left to do at this moment. */
  const rounds = async (of = outbox): Promise<void> => {
    for (let more = true; more; ) {
      wake.wanted = false
      const wait = await of.round()
      await of.settled()
      more = wait === 0 || wake.wanted
    }
  }
  /** Lets so much time pass, second by second. */
  const pass = async (seconds: number, of = outbox): Promise<void> => {
    for (let n = 0; n < seconds; n++) {
      clock.now = instant(clock.now + 1000)
      await rounds(of)
    }
  }
  const change = async (elevation: Elevation, reason = ''): Promise<void> => {
    const { id } = elevation
    const version = versions.get(id) ?? null
    const entries = [words(id, reason)]
    const done = await store.commit({ elevation, expectedVersion: version, entries })
    if (done.kind === 'conflict') throw new Error('the test changed it out of order')
    versions.set(id, (version ?? 0) + 1)
  }
  const keys = (place: string) => api.shown(place).map(({ metadata }) => metadata.event_payload?.key)
  const texts = (place: string) => api.shown(place).map(({ text }) => text)
  const count = (method: string) => api.calls.filter((call) => call.method === method).length
  const events = (name: string) => lines.filter(({ event }) => event === name)
  await rounds()
  t.teardown(async () => {
    await api.close()
    await store.close()
  })
  return { api, store, slack, clock, policies, partsOf, another, outbox, rounds, pass, change, keys, texts, count, events }
}

const glass = (elevation: Elevation): Elevation => {
  const rule = policyWith().rules.find(({ id }) => id === 'claims-oncall')
  if (rule === undefined) throw new Error('no such rule')
  return {
    ...elevation,
    ask: { ...elevation.ask, breakGlass: true },
    terms: { ...elevation.terms, rule: rule.id, quorum: 0 },
    approvals: []
  }
}

/** Every button's action in a message, e.g. `approve`. */
const actionsIn = (api: SlackApi, place: string, key: string): readonly string[] => {
  const message = api.shown(place).find(({ metadata }) => metadata.event_payload?.key === key)
  const text = JSON.stringify(message?.blocks ?? [])
  return [...text.matchAll(/"action_id":"sallyport_([a-z]+)"/g)].map(([, name = '']) => name)
}

t.test('every step is told once, to whom it concerns, and what was shown is kept right', async (t) => {
  const { api, change, rounds, pass, keys, clock, count, texts } = await setUp()
  await change(pending(idOf(1)))
  await rounds()
  t.strictSame(keys('U0ALICE'), ['own:pending'])
  t.strictSame(keys('U0BOB'), ['ask:bob'])
  t.strictSame(keys('U0CAROL'), ['ask:carol'])
  t.strictSame(actionsIn(api, 'U0BOB', 'ask:bob'), ['approve', 'deny', 'details'])
  t.strictSame(api.places().toSorted(), ['D0ALICE', 'D0BOB', 'D0CAROL'], 'nobody else is told')

  clock.now = at(1)
  await change(approved(idOf(1)))
  await pass(3)
  t.strictSame(keys('U0ALICE'), ['own:pending', 'own:approved'])
  t.ok(actionsIn(api, 'U0ALICE', 'own:approved').includes('start'))
  t.strictSame(keys('U0BOB'), ['ask:bob', 'receipt:bob'])
  t.strictSame(actionsIn(api, 'U0BOB', 'receipt:bob'), ['revoke'])
  t.strictSame(actionsIn(api, 'U0BOB', 'ask:bob'), [])
  t.strictSame(actionsIn(api, 'U0CAROL', 'ask:carol'), [])
  t.match(texts('U0CAROL')[0], /approved/)

  const issuing = everyState(idOf(1)).issuing
  await change(issuing)
  await change(active(idOf(1)))
  await pass(5)
  t.strictSame(keys('U0ALICE'), ['own:pending', 'own:approved', 'own:active'])
  t.notOk(actionsIn(api, 'U0ALICE', 'own:approved').includes('start'))

  clock.now = instant(warnAt(active(idOf(1))) - 1000)
  await rounds()
  t.equal(keys('U0ALICE').length, 3)
  await pass(1)
  t.strictSame(keys('U0ALICE').slice(3), ['own:warning'])

  clock.now = at(62)
  await change({ ...ending(idOf(1)), how: 'expired', by: 'broker' })
  await pass(5)
  await change(ended(idOf(1)))
  await pass(8)
  t.strictSame(keys('U0ALICE').slice(4), ['own:ended'])
  t.strictSame(actionsIn(api, 'U0BOB', 'receipt:bob'), [])
  t.match(texts('U0BOB')[0], /ended/)
  const posts = count('chat.postMessage')
  await pass(60)
  t.equal(count('chat.postMessage'), posts)
  t.equal(posts, 5 + 2 + 1)
})

t.test('that a window can start is told when it can, and only then offered', async (t) => {
  const { api, change, rounds, pass, keys, clock, texts } = await setUp()
  const one = approved(idOf(1))
  const scheduled: Elevation = { ...one, ask: { ...one.ask, startAt: at(60) }, activateBy: at(540) }
  await change(scheduled)
  await pass(3)
  t.strictSame(keys('U0ALICE'), ['own:approved'])
  t.notOk(actionsIn(api, 'U0ALICE', 'own:approved').includes('start'))
  clock.now = at(60)
  await rounds()
  t.strictSame(keys('U0ALICE'), ['own:approved'], 'the broker has not looked yet')
  await change({ ...scheduled, startableSince: at(60) })
  await pass(3)
  t.strictSame(keys('U0ALICE'), ['own:approved', 'own:startable'])
  t.match(texts('U0ALICE')[1], /can start now/)
  t.ok(actionsIn(api, 'U0ALICE', 'own:startable').includes('start'))
  t.notOk(actionsIn(api, 'U0ALICE', 'own:approved').includes('start'), 'one message offers it')
  const { activateBy: _, startableSince: __, ...rest } = { ...scheduled, startableSince: at(60) }
  await change({ ...rest, state: 'lapsed', why: 'not_activated', lapsedAt: at(540) } as Elevation)
  await pass(5)
  t.notOk(actionsIn(api, 'U0ALICE', 'own:startable').includes('start'))
})

t.test('the warning comes 10 minutes before the end, or a fifth of a shorter window before', (t) => {
  const rows: readonly (readonly [number, number])[] = [
    [122, 112],
    [52, 42],
    [27, 22],
    [2 + 15 / 60, 2 + 12 / 60]
  ]
  for (const [end, warned] of rows) t.equal(warnAt(active(idOf(1), at(end))), at(warned))
  t.end()
})

t.test('a window that ends before its warning is never warned of', async (t) => {
  const { change, pass, rounds, keys, clock } = await setUp()
  await change(active(idOf(1)))
  await rounds()
  await change(ending(idOf(1)))
  clock.now = at(61)
  await pass(5)
  t.notOk(keys('U0ALICE').includes('own:warning'))
  t.ok(keys('U0ALICE').includes('own:ending'), 'a revocation is told at once')
})

t.test('a denial is told with the words of whoever denied it', async (t) => {
  const { api, change, rounds, pass } = await setUp()
  await change(pending(idOf(1)), 'why it was asked')
  await rounds()
  await change(everyState(idOf(1)).denied, 'use the <!channel> sample instead')
  await pass(3)
  const told = api.shown('U0ALICE').find(({ metadata }) => metadata.event_payload?.key === 'own:denied')
  t.match(JSON.stringify(told?.blocks), 'sample instead')
  t.notMatch(JSON.stringify(told?.blocks.filter((block) => JSON.stringify(block).includes('mrkdwn'))), /<!channel>/)
})

t.test('what ends otherwise is told too, but not what the requester did', async (t) => {
  const rows: readonly (readonly [string, Elevation, readonly string[]])[] = [
    ['lapsed', everyState(idOf(1)).lapsed, ['own:lapsed']],
    ['withdrawn', everyState(idOf(1)).cancelled, []],
    ['taken back', { ...everyState(idOf(1)).cancelled, by: person('bob') }, ['own:cancelled']]
  ]
  for (const [name, elevation, told] of rows) {
    const { change, rounds, pass, keys } = await setUp()
    await change(pending(idOf(1)))
    await rounds()
    await change(elevation)
    await pass(3)
    t.strictSame(keys('U0ALICE'), ['own:pending', ...told], name)
  }
  const { change, rounds, pass, keys } = await setUp()
  await change(everyState(idOf(2)).issuing)
  await change(everyState(idOf(2)).failed)
  await rounds()
  const stuck = ending(idOf(3))
  await change({ ...stuck, stuckSince: at(40), attempts: 10 })
  await pass(3)
  t.strictSame(keys('U0ALICE'), ['own:failed', 'own:stuck'])
})

t.test('where the rule has a channel the ask is one message there, whoever may decide it', async (t) => {
  const { api, change, rounds, pass, keys, texts } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  await change(pending(idOf(1)))
  await rounds()
  t.strictSame(keys('C0CLAIMS'), ['ask'])
  t.strictSame(api.places().toSorted(), ['C0CLAIMS', 'D0ALICE'])
  t.notMatch(JSON.stringify(api.shown('C0CLAIMS')), 'Fraud case', 'no free text in a channel')
  await change(approved(idOf(1)))
  await pass(2)
  t.strictSame(keys('C0CLAIMS'), ['ask'])
  t.match(texts('C0CLAIMS')[0], /approved/)
  t.strictSame(actionsIn(api, 'C0CLAIMS', 'ask'), [])
  for (const { args } of api.calls.filter(({ method }) => method === 'chat.postMessage')) {
    t.equal(args['unfurl_links'], 'false')
    t.equal(args['unfurl_media'], 'false')
  }
})

const reminding = ', remindAfter: 30m, escalateAfter: 1h, escalateTo: [group:security, person:alice]'

t.test('an ask that waits is told again under its message, then to those named, each once', async (t) => {
  const { api, change, rounds, pass, keys, texts, clock } = await setUp({
    approval: { channel: 'C0CLAIMS', more: reminding }
  })
  await change(pending(idOf(1)))
  await pass(2)
  t.strictSame(keys('C0CLAIMS'), ['ask'])
  const [ask] = api.shown('C0CLAIMS')
  clock.now = at(31)
  await pass(4)
  t.strictSame(keys('C0CLAIMS'), ['ask', 'remind:ask'])
  const posts = api.calls.filter(({ method }) => method === 'chat.postMessage')
  const threads = posts.map(({ args }) => args['thread_ts']).filter((ts) => ts !== undefined)
  t.strictSame(threads, [ask?.ts], 'in its thread')
  t.match(JSON.stringify(api.shown('C0CLAIMS')[0]), 'approvers were reminded', 'and by its edit')
  t.match(JSON.stringify(api.shown('C0CLAIMS')[1]), /U0BOB.*U0CAROL/)
  clock.now = at(61)
  await pass(4)
  t.strictSame(keys('U0SAM'), ['escalate:sam'])
  t.strictSame(keys('U0SUE'), ['escalate:sue'])
  t.notOk(keys('U0ALICE').some((key) => key?.startsWith('escalate')), 'never the requester')
  t.notMatch(JSON.stringify(api.shown('U0SAM')), /Fraud case|"button"/, 'no free text, nothing to click')
  await change(approved(idOf(1)))
  await pass(4)
  t.match(texts('U0SAM')[0], /approved/)
  t.match(texts('C0CLAIMS')[1], /approved/)
  await rounds()
  t.strictSame(keys('C0CLAIMS'), ['ask', 'remind:ask'], 'each once')
})

t.test('what is decided in time is never told again', async (t) => {
  const { change, pass, keys, clock } = await setUp({ approval: { more: reminding } })
  await change(pending(idOf(1)))
  await pass(2)
  await change(approved(idOf(1)))
  clock.now = at(61)
  await pass(4)
  for (const place of ['U0BOB', 'U0CAROL', 'U0SAM']) {
    t.notOk(keys(place).some((key) => /^(remind|escalate)/.test(key ?? '')), place)
  }
})

t.test('whoever has no Slack account here is told nothing, and it is no error', async (t) => {
  const { api, change, pass, events, store } = await setUp({ approval: { from: 'person:nora' } })
  await change(pending(idOf(1), { requester: person('dave') }))
  await change(pending(idOf(2)))
  await pass(3)
  t.strictSame(api.places(), ['D0ALICE'])
  t.strictSame(await store.slack.of(idOf(1)), [])
  t.strictSame(events('slack_gave_up'), [])
})

t.test('break-glass is told to everybody named and in their channel, even when it is over', async (t) => {
  const { api, change, pass, keys } = await setUp()
  await change(glass(active(idOf(1))))
  await pass(2)
  await change(glass(ended(idOf(2))))
  await pass(2)
  for (const name of ['sam', 'sue', 'bob']) {
    t.strictSame(keys(`U0${name.toUpperCase()}`), [`ask:${name}`, `ask:${name}`], name)
  }
  t.strictSame(keys('C0ALARM'), ['ask', 'ask'])
  t.strictSame(keys('U0CAROL'), [])
  t.match(JSON.stringify(api.shown('U0SAM')), /Break-glass/)
})

t.test('whatever Slack does wrong, each message arrives, once, in order', async (t) => {
  const lostTwice = ['lost', 'hang']
  const failures: readonly (readonly [string, SlackFailure])[] = [
    ['429', { kind: 'limited', seconds: 7 }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['hang', { kind: 'hang' }],
    ['a page', { kind: 'page' }],
    ['internal_error', { kind: 'error', error: 'internal_error' }],
    ['ratelimited', { kind: 'error', error: 'ratelimited' }],
    ['a text', { kind: 'error', error: 'It is <b>broken</b>' }],
    ['invalid_auth', { kind: 'error', error: 'invalid_auth' }],
    ['missing_scope', { kind: 'error', error: 'missing_scope' }],
    ['lost', { kind: 'lost' }]
  ]
  for (const [name, failure] of failures) {
    await t.test(name, async (t) => {
      const { api, change, rounds, pass, keys, store } = await setUp({
        approval: { channel: 'C0CLAIMS' },
        timeoutMs: failure.kind === 'hang' ? 100 : 5000
      })
      api.fail('chat.postMessage', failure, { times: 6 })
      api.fail('conversations.open', failure, { times: 1 })
      for (const n of [1, 2, 3]) await change(pending(idOf(n)))
      await rounds()
      await change(approved(idOf(2)))
      await pass(90)
      api.fail('chat.update', failure, { times: 2 })
      await change(approved(idOf(1)))
      await pass(90)
      const ids = api.shown('C0CLAIMS').map(({ metadata }) => metadata.event_payload?.elevation)
      const once = [...new Set(ids)]
      t.strictSame(once, [idOf(1), idOf(2), idOf(3)], 'in order')
      if (!lostTwice.includes(name)) t.strictSame(ids, once, 'once')
      t.strictSame(new Set(keys('U0ALICE')), new Set(['own:pending', 'own:approved']))
      t.notOk(api.calls.some(({ args }) => args['channel'] === 'U0ALICE'), 'never by user id')
      const all = (await Promise.all([1, 2, 3].map((n) => store.slack.of(idOf(n))))).flat()
      t.ok(all.every((one) => one.wanted === one.sent && one.gaveUp === null))
      t.equal((await store.entries(0, 99)).length, 5, 'nothing but the test wrote to the ledger')
      t.strictSame(
        (await store.list({ limit: 9 })).map(({ elevation }) => elevation.state),
        ['pending', 'approved', 'approved'],
        'nothing was decided'
      )
    })
  }
})

t.test('Retry-After is kept to the second, by all of it', async (t) => {
  const { api, change, pass, rounds, clock } = await setUp()
  api.fail('chat.postMessage', { kind: 'limited', seconds: 30 }, { times: 1 })
  for (const n of [1, 2, 3]) await change(pending(idOf(n)))
  await rounds()
  const begun = clock.now
  await pass(29)
  t.strictSame(api.calls.filter((call) => call.at > begun), [])
  await pass(6)
  for (const place of ['U0ALICE', 'U0BOB', 'U0CAROL']) t.equal(api.shown(place).length, 3, place)
})

t.test('what changes while a message is on its way is shown after it', async (t) => {
  const { api, slack, change, another, rounds, pass } = await setUp({
    approval: { channel: 'C0CLAIMS' }
  })
  const meanwhile = { done: false }
  const post: typeof slack.post = async (what) => {
    const posted = await slack.post(what)
    if (what.channel === 'C0CLAIMS' && !meanwhile.done) {
      meanwhile.done = true
      await change(approved(idOf(1)))
      await outbox.round()
    }
    return posted
  }
  const outbox = another({ slack: { ...slack, post } })
  await change(pending(idOf(1)))
  await rounds(outbox)
  await pass(3, outbox)
  t.match(api.shown('C0CLAIMS'), [{ text: /approved/, edits: 1 }])
})

t.test('what Slack will not have is given up, visibly, and holds up nobody', async (t) => {
  const codes = ['channel_not_found', 'not_in_channel', 'user_not_found', 'account_inactive', 'is_archived']
  for (const error of codes) {
    const { api, change, pass, keys, events, outbox, count } = await setUp()
    api.fail('conversations.open', { kind: 'error', error }, { where: ({ users: user }) => user === 'U0BOB' })
    await change(pending(idOf(1)))
    await change(pending(idOf(2)))
    await pass(5)
    t.strictSame(keys('U0CAROL'), ['ask:carol', 'ask:carol'], error)
    t.strictSame(keys('U0ALICE'), ['own:pending', 'own:pending'])
    t.match(events('slack_gave_up'), [
      { elevation: idOf(1), key: 'ask:bob', place: 'U0BOB', code: error },
      { elevation: idOf(2), key: 'ask:bob', place: 'U0BOB', code: error }
    ])
    t.equal(outbox.counts().gaveUp, 2)
    const opened = count('conversations.open')
    await pass(120)
    t.equal(count('conversations.open'), opened, 'it is not tried again as it is')
    api.heal()
    await change(approved(idOf(1)))
    await pass(2)
    t.ok(keys('U0BOB').includes('receipt:bob'), 'what is new is tried')
  }
})

t.test('a channel that cannot be told stands back for the approvers alone', async (t) => {
  const { change, pass, keys, events } = await setUp({ approval: { channel: 'C0GONE' } })
  await change(pending(idOf(1)))
  await pass(2)
  t.match(events('slack_gave_up'), [{ place: 'C0GONE', code: 'channel_not_found' }])
  await change(pending(idOf(1)))
  await pass(3)
  t.strictSame(keys('U0BOB'), ['ask:bob'])
  t.strictSame(keys('U0CAROL'), ['ask:carol'])
})

t.test('a message that somebody deleted is posted anew while the ask goes on', async (t) => {
  const { api, change, pass, rounds, keys } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  await change(pending(idOf(1)))
  await rounds()
  const [old] = api.shown('C0CLAIMS')
  api.remove('C0CLAIMS', old?.ts ?? '')
  await change(approved(idOf(1)))
  await pass(2)
  t.strictSame(keys('C0CLAIMS'), ['ask'])
  api.remove('C0CLAIMS', api.shown('C0CLAIMS')[0]?.ts ?? '')
  await change(everyState(idOf(1)).lapsed)
  await pass(3)
  t.strictSame(keys('C0CLAIMS'), [], 'not when it is over')
})

t.test('a place is told at most once a second, the others at the same time', async (t) => {
  const { api, change, pass, rounds, clock } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  for (let n = 1; n <= 20; n++) await change(pending(idOf(n)))
  const begun = clock.now
  await rounds()
  await pass(25)
  const posts = api.calls.filter(({ method }) => method === 'chat.postMessage')
  for (const place of ['C0CLAIMS', 'D0ALICE']) {
    const times = posts.flatMap(({ args, at: when }) => (args['channel'] === place ? [when] : []))
    t.strictSame(times, Array.from({ length: 20 }, (_, n) => begun + n * 1000), place)
    const ids = api.shown(place).map(({ metadata }) => metadata.event_payload?.elevation)
    t.strictSame(ids, Array.from({ length: 20 }, (_, n) => idOf(n + 1)), 'in the order of the asks')
  }
})

t.test('a crash between the post and its note shows it twice at most, both of them marked', async (t) => {
  const { api, store, change, another, rounds, pass } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  const dying = { ...store.slack, note: (_: SlackOutcome) => new Promise<void>(() => {}) }
  await change(pending(idOf(1)))
  const first = another({ messages: dying })
  await first.round()
  while (api.places().length < 2) await new Promise((resolve) => setImmediate(resolve))
  const second = another()
  await rounds(second)
  await pass(5, second)
  const marks = api.shown('C0CLAIMS').map(({ metadata }) => metadata.event_payload)
  t.strictSame(marks, [
    { elevation: idOf(1), key: 'ask' },
    { elevation: idOf(1), key: 'ask' }
  ])
  const third = another()
  await pass(5, third)
  t.equal(api.shown('C0CLAIMS').length, 2)
})

t.test('a copy left behind by a lost answer is put right when somebody clicks it', async (t) => {
  const { api, change, outbox, rounds, pass } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  api.fail('chat.postMessage', { kind: 'lost' }, { times: 1, where: ({ channel }) => channel === 'C0CLAIMS' })
  await change(pending(idOf(1)))
  await rounds()
  await pass(5)
  const [copy, noted] = api.shown('C0CLAIMS')
  await change(approved(idOf(1)))
  await pass(2)
  t.match([copy, noted], [{ edits: 0 }, { edits: 0 }])
  t.match(api.shown('C0CLAIMS'), [{ text: /waiting/ }, { text: /approved/ }])
  for (const ts of [copy?.ts ?? '', noted?.ts ?? '']) {
    outbox.clicked({ elevation: idOf(1), posted: { channel: 'C0CLAIMS', ts } })
  }
  await pass(2)
  t.match(api.shown('C0CLAIMS'), [{ text: /approved/, edits: 1 }, { text: /approved/, edits: 1 }])
  await change(everyState(idOf(1)).lapsed)
  await pass(3)
  t.match(api.shown('C0CLAIMS'), [{ text: /lapsed/ }, { text: /lapsed/ }])
  t.equal(api.shown('C0CLAIMS').length, 2)
})

t.test('a click tries once more what was given up', async (t) => {
  const { api, change, outbox, rounds, pass } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  await change(pending(idOf(1)))
  await rounds()
  api.fail('chat.update', { kind: 'error', error: 'cant_update_message' }, { times: 1 })
  await change(everyState(idOf(1)).cancelled)
  await pass(5)
  t.match(api.shown('C0CLAIMS'), [{ text: /waiting/ }])
  outbox.clicked({ elevation: idOf(1), posted: null })
  await pass(2)
  t.match(api.shown('C0CLAIMS'), [{ text: /withdrawn/ }])
})

t.test('a note that the store did not take at once is not forgotten', async (t) => {
  const { api, store, change, another, rounds, pass } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  const busy = { left: 3 }
  const note = async (outcome: SlackOutcome): Promise<void> => {
    if (busy.left-- > 0) throw new Error('overloaded')
    await store.slack.note(outcome)
  }
  const outbox = another({ messages: { ...store.slack, note } })
  await change(pending(idOf(1)))
  await rounds(outbox)
  await pass(5, outbox)
  t.equal(api.shown('C0CLAIMS').length, 1)
  t.equal(api.shown('U0ALICE').length, 1)
})

t.test('of several processes one tells; another takes over when it is gone', async (t) => {
  const { api, change, another, outbox, rounds, pass, clock } = await setUp()
  const two = another({ owner: 'two' })
  const three = another({ owner: 'three' })
  for (let n = 1; n <= 5; n++) {
    await change(pending(idOf(n)))
    await Promise.all([outbox.round(), two.round(), three.round()])
    await Promise.all([outbox.settled(), two.settled(), three.settled()])
  }
  await pass(6)
  t.equal(api.shown('U0ALICE').length, 5)
  t.strictSame(two.counts(), { posted: 0, edited: 0, retried: 0, gaveUp: 0 })
  await change(pending(idOf(6)))
  clock.now = instant(clock.now + 50_000)
  await rounds(two)
  t.equal(api.shown('U0ALICE').length, 5, 'the turn is not over')
  clock.now = instant(clock.now + 61_000)
  await Promise.all([rounds(two), rounds(three)])
  t.equal(api.shown('U0ALICE').length, 6)
  await Promise.all([pass(3, two), pass(3, three)])
  await outbox.round()
  t.equal(api.shown('U0ALICE').length, 6, 'whoever lost the turn is quiet')
  await change(pending(idOf(7)))
  await two.stop()
  await three.stop()
  await rounds(outbox)
  t.equal(api.shown('U0ALICE').length, 7, 'what is given back is taken at once')
})

t.test('1,000 changes while Slack is down arrive as what is true in the end', async (t) => {
  const { api, store, change, pass, rounds, keys } = await setUp({ approval: { channel: 'C0CLAIMS' } })
  api.fail('*', { kind: 'status', status: 503 })
  for (let n = 1; n <= 100; n++) {
    const id = idOf(n)
    for (let votes = 0; votes < 7; votes++) await change(pending(id))
    await change(approved(id))
    await change(everyState(id).issuing)
    await change(n % 5 === 0 ? active(id) : { ...ending(id), how: 'failed', by: 'broker' })
    if (n % 25 === 0) await rounds()
  }
  await pass(3)
  t.strictSame(api.places(), [])
  const entries = await store.entries(0, 5000)
  t.equal(entries.length, 1000)
  api.heal()
  await pass(120)
  t.equal(api.shown('C0CLAIMS').length, 100)
  t.ok(
    api.shown('C0CLAIMS').every(({ edits }) => edits === 0),
    'posted as it is, not edited into it'
  )
  t.strictSame(keys('U0ALICE'), Array.from({ length: 20 }, () => 'own:active'))
  t.strictSame(await store.entries(0, 5000), entries)
})

t.test('where Slack is switched on later, what is open is told and what is over is not', async (t) => {
  const { store, change, another, clock, rounds, pass, keys, outbox } = await setUp()
  await outbox.stop()
  await change(pending(idOf(1)))
  await change(everyState(idOf(2)).lapsed)
  clock.now = at(120 + 24 * 60 + 1)
  const late = another()
  await rounds(late)
  await pass(3, late)
  t.strictSame(keys('U0BOB'), ['ask:bob'])
  t.strictSame(keys('U0ALICE'), ['own:pending'])
  t.strictSame(await store.slack.of(idOf(2)), [])
})

t.test('when the policy changes, those who may decide now are told', async (t) => {
  const { api, change, rounds, pass, keys, policies } = await setUp({ approval: { from: 'person:bob' } })
  await change(pending(idOf(1)))
  await rounds()
  t.strictSame(api.places().toSorted(), ['D0ALICE', 'D0BOB'])
  policies.now = policyWith({ from: 'person:carol' })
  await pass(3)
  t.strictSame(keys('U0CAROL'), ['ask:carol'])
  t.strictSame(keys('U0BOB'), ['ask:bob'])
})

t.test('what was given up is tried once more when somebody new takes the turn', async (t) => {
  const { api, change, another, outbox, rounds, pass, keys } = await setUp()
  api.fail('conversations.open', { kind: 'error', error: 'account_inactive' })
  await change(pending(idOf(1)))
  await pass(2)
  t.strictSame(api.places(), [])
  api.heal()
  await outbox.stop()
  const next = another({ owner: 'two' })
  await rounds(next)
  t.strictSame(keys('U0BOB'), ['ask:bob'])
})

t.test('a damaged row is passed over, the others are told', async (t) => {
  const { store, change, another, rounds, keys, events } = await setUp()
  const corrupt = Object.assign(new Error('damaged'), { code: 'corrupt' })
  const get = async (id: ElevationId) => {
    if (id === idOf(1)) throw corrupt
    return store.get(id)
  }
  const outbox = another({ elevations: { get } })
  await change(pending(idOf(1)))
  await change(pending(idOf(2)))
  await rounds(outbox)
  t.strictSame(keys('U0BOB'), ['ask:bob'])
  t.match(events('slack_not_read'), [{ elevation: idOf(1) }])
})

t.test('while the store fails nothing is lost, and the loop goes on', async (t) => {
  const { store, change, partsOf, keys, events } = await setUp()
  const broken = { left: 2 }
  const changed: typeof store.slack.changed = async (index, limit) => {
    if (broken.left-- > 0) throw new Error('unavailable')
    return store.slack.changed(index, limit)
  }
  await change(pending(idOf(1)))
  const delivery = startDelivery(
    partsOf({
      turn: { ...store.slack, changed },
      now: () => instant(Date.now()),
      schedule: (milliseconds, run) => {
        const timer = setTimeout(run, Math.min(milliseconds, 5))
        return () => clearTimeout(timer)
      }
    })
  )
  while (delivery.counts().posted < 3) await new Promise((resolve) => setImmediate(resolve))
  await delivery.stop()
  t.strictSame(keys('U0BOB'), ['ask:bob'])
  t.equal(events('slack_delivery_failed').length, 2)
})

t.test('a Slack that hangs holds up no change and no other place', async (t) => {
  const { api, change, partsOf, keys } = await setUp({ timeoutMs: 2000 })
  api.fail('chat.postMessage', { kind: 'hang' }, { where: ({ channel }) => channel === 'D0BOB' })
  const delivery = startDelivery(
    partsOf({
      now: () => instant(Date.now()),
      schedule: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds)
        return () => clearTimeout(timer)
      }
    })
  )
  const begun = performance.now()
  for (let n = 1; n <= 20; n++) {
    await change(pending(idOf(n)))
    delivery.wake(idOf(n))
  }
  const changedIn = performance.now() - begun
  while (delivery.counts().posted < 4) await new Promise((resolve) => setImmediate(resolve))
  t.ok(keys('U0CAROL').length >= 1 && keys('U0ALICE').length >= 1)
  t.strictSame(keys('U0BOB'), [])
  // held up by each they would take forty seconds
  t.ok(changedIn < 5000, `${changedIn} ms`)
  await delivery.stop()
})

t.test('every answer of Slack has one class', async (t) => {
  const { api, slack } = await setUp({ timeoutMs: 10_000 })
  const hurried = makeSlackClient({ token: fixtureToken, apiUrl: api.url, timeoutMs: 100 })
  const message = { text: 'hello', blocks: [] }
  const mark = { elevation: idOf(1), key: 'ask' }
  const rows: readonly (readonly [SlackFailure, object])[] = [
    [{ kind: 'limited', seconds: 30 }, { kind: 'limited', seconds: 30 }],
    [{ kind: 'limited', seconds: 0 }, { kind: 'limited', seconds: 1 }],
    [{ kind: 'limited', seconds: 999_999 }, { kind: 'limited', seconds: 3600 }],
    [{ kind: 'status', status: 500 }, { kind: 'unavailable', code: 'http_500' }],
    [{ kind: 'status', status: 404 }, { kind: 'unavailable', code: 'http_404' }],
    [{ kind: 'hang' }, { kind: 'unavailable', code: 'timeout' }],
    [{ kind: 'page' }, { kind: 'unavailable', code: 'unreadable_answer' }],
    [{ kind: 'error', error: 'fatal_error' }, { kind: 'unavailable', code: 'fatal_error' }],
    [{ kind: 'error', error: 'token_revoked' }, { kind: 'not_allowed', code: 'token_revoked' }],
    [{ kind: 'error', error: 'missing_scope' }, { kind: 'not_allowed', code: 'missing_scope' }],
    [{ kind: 'error', error: 'not_in_channel' }, { kind: 'refused', code: 'not_in_channel' }],
    [{ kind: 'error', error: 'account_inactive' }, { kind: 'refused', code: 'account_inactive' }]
  ]
  for (const [failure, fault] of rows) {
    api.fail('chat.postMessage', failure, { times: 1 })
    const client = failure.kind === 'hang' ? hurried : slack
    const answer = await client.post({ channel: 'C0CLAIMS', message, mark })
    t.match(answer, { ok: false, fault }, JSON.stringify(failure))
  }
  t.match(await slack.post({ channel: 'C0CLAIMS', message, mark }), { ok: true, value: { channel: 'C0CLAIMS' } })
  const wrong = makeSlackClient({ token: 'xoxb-other', apiUrl: api.url })
  t.match(await wrong.user('U0BOB'), { ok: false, fault: { kind: 'not_allowed', code: 'invalid_auth' } })
  const nowhere = makeSlackClient({ token: fixtureToken, apiUrl: 'http://127.0.0.1:9/api/' })
  t.match(await nowhere.user('U0BOB'), { ok: false, fault: { kind: 'unavailable', code: 'unreachable' } })
})

t.test('an account is told as Slack tells it, an address only where it is confirmed', async (t) => {
  const rows: readonly (readonly [SlackFact, Record<string, unknown>])[] = [
    [{}, { team, isDeleted: false, isBot: false, isGuest: false, isStranger: false, email: null }],
    [{ deleted: true }, { isDeleted: true }],
    [{ is_bot: true }, { isBot: true }],
    [{ is_restricted: true }, { isGuest: true }],
    [{ is_ultra_restricted: true }, { isGuest: true }],
    [{ is_stranger: true, team_id: 'T0ELSE' }, { isStranger: true, team: 'T0ELSE' }],
    [{ profile: { email: 'x@acme.example' } }, { email: null }],
    [{ is_email_confirmed: true, profile: { email: 'x@acme.example' } }, { email: 'x@acme.example' }]
  ]
  for (const [fact, told] of rows) {
    const api = await startSlackApi({ team, users: { U1: fact }, channels: [] })
    const slack = makeSlackClient({ token: fixtureToken, apiUrl: api.url })
    t.match(await slack.user('U1'), { ok: true, value: told }, JSON.stringify(fact))
    await api.close()
  }
})

t.test('an ask is told only in the workspace that the token is of', async (t) => {
  for (const [tokenOf, isTold] of [[team, true], ['T0ELSE', false]] as const) {
    const { store, change } = await setUp({ approval: { channel: 'C0CLAIMS' } })
    await change(pending(idOf(1)))
    const api = await startSlackApi({ team: tokenOf, users, channels: ['C0CLAIMS'] })
    const logged: Record<string, unknown>[] = []
    const slack = connectSlack({
      broker: memoryBroker(() => at(0)).broker,
      policy: () => policyWith({ channel: 'C0CLAIMS' }),
      config: {
        botToken: () => fixtureToken,
        signingSecrets: [() => 's'.repeat(32)],
        appToken: null,
        team,
        matchEmail: false,
        apiUrl: api.url
      },
      consoleUrl: null,
      ledgerChannel: null,
      now: () => at(0),
      logger: pino({ level: 'trace' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
      elevations: store,
      alerts: store.posture,
      store: store.slack,
      owner: 'one'
    })
    const isSettled = (): boolean =>
      isTold
        ? api.calls.some(({ method }) => method === 'chat.postMessage')
        : logged.some(({ event }) => event === 'slack_wrong_team')
    slack.start()
    while (!isSettled()) await new Promise(setImmediate)
    await slack.stop()
    t.equal(api.calls.some(({ method }) => method === 'chat.postMessage'), isTold, tokenOf)
    await api.close()
  }
})
