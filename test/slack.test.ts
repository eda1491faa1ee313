/**
 * Slack as somebody hostile would use it, by the numbers of the abuse cases (4.1 of the threat
 * list): signed requests through the real route, a real broker on a real store.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { instant, seconds } from '../src/elevation/ids.ts'
import type { PeopleApproval } from '../src/policy/policy.ts'
import { actions } from '../src/slack/names.ts'
import { readRequest } from '../src/slack/request.ts'
import { verifySigned } from '../src/slack/signature.ts'
import type { SlackFailure } from './fakes/slack-api.ts'
import { alice, bob, byCli, dave, got } from './fixtures-broker.ts'
import { person } from './fixtures-elevation.ts'
import { root } from './place.ts'
import {
  type Who,
  askView,
  formType,
  handleOf,
  homeOpened,
  reasonView,
  scene,
  secret,
  signature,
  team
} from './slack-scene.ts'

t.test('1: what is not signed reaches nobody, ssl_check least of all', async (t) => {
  const s = await scene(t)
  const click = s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(await s.asked()))
  const payload = new URLSearchParams(click).get('payload') ?? ''
  const bodies: readonly (readonly [string, string])[] = [
    ['ssl_check=1&payload=', formType],
    ['ssl_check=0&payload=', formType],
    ['ssl_check=true&payload=', formType],
    ['ssl_check=1&ssl_check=1&payload=', formType],
    [`ssl_check=1&payload=${encodeURIComponent(payload)}`, formType],
    [`ssl_check=1&${s.commandBody({ user: 'U0BOB' })}`, formType],
    [JSON.stringify({ ssl_check: 1, ...JSON.parse(payload) }), 'application/json'],
    ['', formType],
    [click, formType]
  ]
  for (const [body, type] of bodies) {
    const answer = await s.app.inject({
      method: 'POST',
      url: '/slack/events',
      payload: body,
      headers: { 'content-type': type }
    })
    t.equal(answer.statusCode, 401, body.slice(0, 40))
    t.equal(answer.body, '')
  }
  await s.slack.idle()
  t.strictSame(s.api.calls, [])
  t.equal((await s.entries()).length, 1, 'only the ask itself')

  const signed = await s.sent({ body: 'ssl_check=1&token=x' })
  t.equal(signed.statusCode, 200, 'Slack itself may look at the certificate')
  const command = s.commandBody({ user: 'U0BOB' }, 'help')
  for (const body of [`${command}&user_id=U0CAROL`, `ssl_check=1&${click}`, `${click}&${click}`, 'ssl_check=true', 'payload=%5B1']) {
    t.equal((await s.sent({ body })).statusCode, 400, `signed, yet not understood: ${body.slice(-20)}`)
  }
  t.strictSame(s.api.calls, [])
})

t.test('2: without a secret there is no app', async (t) => {
  // that short and empty secrets stop the start is in config.test.ts
  await t.rejects(scene(t, { settings: { signingSecrets: [] } }))
})

t.test('3: a signed body is too old after five minutes, and too young before', async (t) => {
  const s = await scene(t)
  const stored = await s.asked()
  const body = s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored))
  const at = Math.floor(s.now() / 1000)
  for (const off of [-301, 301, -100_000, 3600]) {
    t.equal((await s.sent({ body, at: at + off })).statusCode, 401, `${off} s`)
  }
  t.equal((await s.stored(stored.elevation.id)).elevation.state, 'pending')
  for (const off of [-300, 300]) {
    t.equal((await s.sent({ body: `${body}&`, at: at + off })).statusCode, 200, `${off} s`)
  }
})

t.test('4: the same bytes a hundred times are one vote, here, in another replica and later', async (t) => {
  const s = await scene(t)
  const other = await s.replica()
  const stored = await s.asked()
  const raw = {
    body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)),
    at: Math.floor(s.now() / 1000)
  }
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => (n % 2 === 0 ? s : other).send(raw))
  )
  await Promise.all([s.slack.idle(), other.slack.idle()])
  t.strictSame([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const restarted = await s.replica()
  s.advance(299)
  t.equal((await restarted.send(raw)).statusCode, 200)
  await restarted.slack.idle()
  const { elevation } = await s.stored(stored.elevation.id)
  t.equal(elevation.approvals.length, 1)
  t.strictSame(await s.refusals(), [], 'nobody tried a second time')
  t.equal(s.calls('users.info').length, 1)
})

t.test('5: a signature of any other form is refused without a throw', async (t) => {
  const s = await scene(t)
  const body = s.commandBody({ user: 'U0BOB' }, 'help')
  const at = Math.floor(s.now() / 1000)
  const right = signature(body, at)
  const two = [right, right]
  const bad: readonly Readonly<Record<string, string | string[]>>[] = [
    { 'x-slack-signature': right.replace('v0=', 'v1=') },
    { 'x-slack-signature': right.slice(3) },
    { 'x-slack-signature': right.toUpperCase() },
    { 'x-slack-signature': right.slice(0, -1) },
    { 'x-slack-signature': `${right}0` },
    { 'x-slack-signature': ` ${right}, ${right}` },
    { 'x-slack-signature': two },
    { 'x-slack-signature': `v0=${'g'.repeat(64)}` },
    { 'x-slack-signature': signature(body, at, 'x'.repeat(32)) },
    { 'x-slack-signature': '' },
    { 'x-slack-request-timestamp': '' },
    { 'x-slack-request-timestamp': ` ${at}` },
    { 'x-slack-request-timestamp': `${at}.0` },
    { 'x-slack-request-timestamp': `+${at}` },
    { 'x-slack-request-timestamp': `0x${at.toString(16)}` },
    { 'x-slack-request-timestamp': '9'.repeat(400) },
    { 'x-slack-request-timestamp': [String(at), String(at)] }
  ]
  for (const headers of bad) {
    t.equal((await s.sent({ body, headers })).statusCode, 401, JSON.stringify(headers).slice(0, 60))
  }
  const now = instant(s.now())
  const anything = fc.oneof(fc.string(), fc.constant(undefined), fc.constant(two), fc.integer())
  const near = fc.tuple(fc.nat(66), fc.string({ maxLength: 1 })).map(
    ([place, char]) => `${right.slice(0, place)}${char}${right.slice(place + 1)}`
  )
  fc.assert(
    fc.property(fc.oneof(anything, near), fc.oneof(anything, fc.constant(String(at))), (given, when) => {
      const signed = verifySigned({
        secrets: [() => secret],
        timestamp: when,
        signature: given,
        body: Buffer.from(body),
        now
      })
      const base = createHash('sha256').update(`v0:${at}:${body}`).digest('hex')
      return given === right && when === String(at) ? signed?.signatureBase === base : signed === null
    }),
    { numRuns: 10_000 }
  )
  t.strictSame(s.api.calls, [])
})

t.test('5: during a rotation both secrets count, and no third', async (t) => {
  const next = 'the-next-signing-secret-00000000'
  const s = await scene(t, { settings: { signingSecrets: [() => next, () => secret] } })
  const body = s.commandBody({ user: 'U0BOB' }, 'help')
  t.equal((await s.sent({ body })).statusCode, 200)
  t.equal((await s.sent({ body: `${body}&a=1`, secret: next })).statusCode, 200)
  t.equal((await s.sent({ body: `${body}&a=2`, secret: 'x'.repeat(32) })).statusCode, 401)
})

t.test('6: the signature is over the bytes; compressed and other media are refused', async (t) => {
  const s = await scene(t)
  const body = `${s.commandBody({ user: 'U0BOB' })}&text=a+b%20c%C3%A9`.replace('text=&', '')
  const same = body.replace('a+b%20c', 'a%20b+c')
  const at = Math.floor(s.now() / 1000)
  const headers = { 'x-slack-signature': signature(body, at) }
  t.equal((await s.sent({ body, headers })).statusCode, 200)
  t.equal((await s.sent({ body: same, headers })).statusCode, 401, 'the same fields, other bytes')
  for (const encoding of ['gzip', 'deflate', 'br', 'identity']) {
    const answer = await s.sent({ body: gzipSync(body), headers: { 'content-encoding': encoding } })
    t.equal(answer.statusCode, 415, encoding)
  }
  t.equal((await s.sent({ body: Buffer.from([0x61, 0x3d, 0xff]) })).statusCode, 400, 'not UTF-8')
  t.equal((await s.sent({ body, type: 'text/plain' })).statusCode, 400)
  t.equal((await s.sent({ body, type: 'application/json' })).statusCode, 400)
  t.equal((await s.sent({ body: 'x'.repeat(102_401) })).statusCode, 413)
  t.equal((await s.sent({ body: '{"type":"url_verification","challenge":"abc"}', type: 'application/json' })).body, '{"challenge":"abc"}')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('application/json', formType), (bytes, type) => {
      const { kind } = readRequest(type, bytes)
      return ['unreadable', 'dispatch', 'ssl_check', 'challenge'].includes(kind)
    }),
    { numRuns: 2000 }
  )
})

t.test('7: there is one way in', async (t) => {
  const s = await scene(t)
  const routes = s.app.printRoutes({ commonPrefix: false })
  t.equal([...routes.matchAll(/slack/g)].length, 1, 'one route')
  const body = s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(await s.asked()))
  for (const url of ['/slack/events/', '/slack//events', '/Slack/events', '/slack/%65vents', '/slack']) {
    t.equal((await s.send({ body }, url)).statusCode, 404, url)
  }
  for (const method of ['GET', 'PUT', 'HEAD', 'DELETE'] as const) {
    t.equal((await s.app.inject({ method, url: '/slack/events' })).statusCode, 404, method)
  }
  const unknown = await s.sent({ body: s.clickBody({ user: 'U0BOB' }, 'sallyport_other', 'x') })
  t.equal(unknown.statusCode, 404, 'signed, but nobody handles it')
  const src = join(root, 'src')
  const callers = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && readFileSync(join(src, name), 'utf8').includes('processEvent')
  )
  t.strictSame(callers, ['slack/receiver.ts'], 'and one place that feeds Bolt')
  t.strictSame(s.api.calls, [])
})

t.test('8: a button is one elevation as it was shown, and nothing else', async (t) => {
  const s = await scene(t)
  const [one, other] = [await s.asked(), await s.asked()]
  const [id, foreign] = [one.elevation.id, other.elevation.askDigest]
  const click = (value?: string) =>
    s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, value) })
  await click(`v1 ${id} ${foreign}`)
  t.strictSame(await s.refusals(), [`bob approve stale_ask ${id}`])
  t.strictSame(s.wakes, [id], 'the message is drawn again')
  t.match(s.told(), [/^U0BOB: What was shown is not what is asked/])
  const values = [
    undefined, '', id, `v1 ${id}`, `v2 ${handleOf(one).slice(3)}`, `${handleOf(one)} `, ` ${handleOf(one)}`,
    `${handleOf(one)}\n`, `v1 ${id.toLowerCase()} ${one.elevation.askDigest}`, `v1 ../${id} ${foreign}`,
    JSON.stringify({ id, approved: true }), 'v1 '.repeat(1000)
  ]
  for (const value of values) {
    const before = (await s.refusals()).length
    await click(value)
    t.strictSame((await s.refusals()).slice(before), ['bob approve invalid_request'], `value ${value?.slice(0, 40)}`)
  }
  for (const { elevation } of [one, other]) {
    t.strictSame((await s.stored(elevation.id)).elevation.approvals, [])
  }
  await click(handleOf(other))
  t.match((await s.stored(other.elevation.id)).elevation, {
    state: 'approved',
    approvals: [{ by: 'bob', via: 'slack' }]
  })
  t.equal((await s.stored(id)).elevation.state, 'pending')
})

t.test('9: only a full, living account of the one workspace is somebody', async (t) => {
  const s = await scene(t, {
    users: {
      U0DELETED: { deleted: true },
      U0BOT: { is_bot: true },
      U0GUEST: { is_restricted: true },
      U0SINGLE: { is_restricted: true, is_ultra_restricted: true },
      U0STRANGER: { is_stranger: true },
      U0FOREIGN: { team_id: 'T0OTHER' },
      U0NEW: {}
    }
  })
  const users = ['U0DELETED', 'U0BOT', 'U0GUEST', 'U0SINGLE', 'U0STRANGER', 'U0FOREIGN', 'U0GONE']
  const accounts = [
    ...users.map((user) => ({ team, user })),
    { team: 'T0OTHER', user: 'U0BOB' },
    { team, user: 'U0BOB' }
  ]
  // each of them is bob by the directory, and still nobody by that account
  s.change(({ bySlack, ...policy }) => ({
    ...policy,
    bySlack: new Map([...bySlack, ...accounts.map((one) => [`${one.team}/${one.user}`, bob] as const)])
  }))
  const stored = await s.asked()
  const rows: readonly (readonly [string, Who, string | null])[] = [
    ['deactivated', { user: 'U0DELETED' }, 'slack_deactivated'],
    ['a bot', { user: 'U0BOT' }, 'slack_bot'],
    ['a guest', { user: 'U0GUEST' }, 'slack_guest'],
    ['a single-channel guest', { user: 'U0SINGLE' }, 'slack_guest'],
    ['a stranger', { user: 'U0STRANGER' }, 'slack_stranger'],
    ['of another workspace, as Slack says', { user: 'U0FOREIGN' }, 'slack_other_team'],
    ['not shown to this workspace', { user: 'U0GONE' }, 'slack_stranger'],
    ['in another workspace', { user: 'U0BOB', team: 'T0OTHER' }, 'slack_other_team'],
    ['at home in another workspace', { user: 'U0BOB', home: 'T0OTHER' }, 'slack_other_team'],
    ['in no workspace', { user: 'U0BOB', team: null }, null],
    ['in no workspace, at home in ours', { user: 'U0BOB', team: null, home: team }, null],
    ['nobody in the directory', { user: 'U0NEW' }, null]
  ]
  for (const [sentence, by, code] of rows) {
    const before = await s.refusals()
    const told = s.told().length
    t.equal((await s.sent({ body: s.clickBody(by, actions.approve, handleOf(stored)) })).statusCode, 200)
    const noted = code === null ? [] : [`bob approve ${code} ${stored.elevation.id}`]
    t.strictSame((await s.refusals()).slice(before.length), noted, sentence)
    t.ok(s.told().length > told, `${sentence} is told what to do`)
    await s.sent({ body: s.commandBody({ ...by, team: by.home ?? by.team ?? 'E0ORG' }, 'status') })
    await s.sent({ body: s.formBody(by, askView()) })
  }
  t.match((await s.stored(stored.elevation.id)).elevation, { state: 'pending', approvals: [] })
  t.equal((await s.entries()).filter(({ type }) => type === 'elevation.requested').length, 1)
  await s.sent({ body: s.clickBody({ user: 'U0BOB', home: team }, actions.approve, handleOf(stored)) })
  t.equal((await s.stored(stored.elevation.id)).elevation.state, 'approved', 'the living account')
})

t.test('10: an e-mail address makes nobody somebody else', async (t) => {
  const confirmed = { is_email_confirmed: true }
  const users = {
    U0BOB: { ...confirmed, profile: { email: 'alice@acme.example', display_name: 'carol' } },
    U0LIKEBOB: { ...confirmed, profile: { email: 'bob@acme.example', display_name: 'bob' } },
    U0ERIN: { ...confirmed, profile: { email: 'Erin@acme.example' } },
    U0UNSURE: { is_email_confirmed: false, profile: { email: 'erin@acme.example' } },
    U0TWICE: { ...confirmed, profile: { email: 'twice@acme.example' } },
    U0LEFT: { ...confirmed, profile: { email: 'erin@acme.example' } }
  }
  const people = async (matchEmail: boolean) => {
    const s = await scene(t, { users, settings: { matchEmail } })
    s.change((policy) => ({
      ...policy,
      people: new Map(
        [...policy.people].map(([id, one]) => [
          id,
          { ...one, emails: [...one.emails, ...(/^(dave|sam)$/.test(id) ? ['twice@acme.example'] : [])],
            active: one.active && id !== 'ivan' }
        ])
      ),
      bySlack: new Map([...policy.bySlack, [`${team}/U0LEFT`, person('ivan')]])
    }))
    const stored = await s.asked()
    for (const user of Object.keys(users)) await s.sent({ body: s.commandBody({ user }, 'done') })
    for (const user of ['U0LIKEBOB', 'U0BOB']) {
      await s.sent({ body: s.clickBody({ user }, actions.approve, handleOf(stored)) })
    }
    t.match((await s.stored(stored.elevation.id)).elevation.approvals, [{ by: 'bob' }])
    return s.told().filter((text) => /no window/.test(text)).map((text) => text.split(':')[0])
  }
  t.strictSame(await people(false), ['U0BOB'], 'by the mapping alone')
  t.strictSame(await people(true), ['U0BOB', 'U0ERIN'], 'and by what is confirmed, unique and not mapped')
})

t.test('11: one human with two accounts has one vote, and none on their own ask', async (t) => {
  const s = await scene(t, {
    users: { U0BOBTWO: {}, U0ALICETWO: {} },
    policy: (policy) => ({
      ...policy,
      bySlack: new Map([
        ...policy.bySlack, [`${team}/U0BOBTWO`, bob], [`${team}/U0ALICETWO`, alice]
      ]),
      rules: policy.rules.map((rule) =>
        rule.approval.kind === 'people' ? { ...rule, approval: { ...rule.approval, quorum: 2 } } : rule
      )
    })
  })
  const stored = await s.asked()
  const { id } = stored.elevation
  for (const user of ['U0ALICE', 'U0ALICETWO', 'U0BOB', 'U0BOBTWO']) {
    await s.sent({ body: s.clickBody({ user }, actions.approve, handleOf(stored)) })
  }
  await s.broker.approve(byCli(bob), id)
  const { elevation } = await s.stored(id)
  t.match(elevation, { state: 'pending', approvals: [{ by: 'bob' }] })
  t.equal(elevation.approvals.length, 1)
  t.strictSame(await s.refusals(), [
    `alice approve self_approval ${id}`,
    `alice approve self_approval ${id}`,
    `bob approve already_voted ${id}`,
    `bob approve already_voted ${id}`
  ])
})

t.test('12: fifty clicks at once, some sent again by Slack, are one vote', async (t) => {
  const s = await scene(t)
  const stored = await s.asked()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      s.send({
        body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)),
        headers: n % 3 === 0 ? { 'x-slack-retry-num': '1', 'x-slack-retry-reason': 'http_timeout' } : {}
      })
    )
  )
  await s.slack.idle()
  t.strictSame([...new Set(answers.map(({ statusCode }) => statusCode))], [200])
  const { elevation } = await s.stored(stored.elevation.id)
  t.match(elevation, { state: 'approved', approvals: [{ by: 'bob' }] })
  t.equal(elevation.approvals.length, 1)
  const entries = await s.entries()
  const types = entries.map(({ type }) => type)
  const [vote, ...others] = entries.filter(({ type }) => type === 'approval.recorded')
  t.strictSame(others, [])
  t.match(vote, { data: { signatureBase: /^[0-9a-f]{64}$/ } }, 'what Slack signed, as a hash')
  t.equal(types.filter((type) => type === 'elevation.approved').length, 1)
})

t.test('12: the acknowledgement waits for nothing, and nothing is done before the claim', async (t) => {
  const held: (() => void)[] = []
  const s = await scene(t, {
    seen: (seen) => ({
      claim: async (key, until) => {
        await new Promise<void>((resolve) => held.push(resolve))
        return seen.claim(key, until)
      }
    })
  })
  const stored = await s.asked()
  const bodies = [
    s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)),
    s.commandBody({ user: 'U0BOB' }, 'status'),
    s.formBody({ user: 'U0ALICE' }, askView()),
    s.formBody({ user: 'U0CAROL' }, reasonView(handleOf(stored), 'not so'))
  ]
  for (const body of bodies) t.equal((await s.send({ body })).statusCode, 200)
  const opened = await s.send({ body: s.eventBody(homeOpened('U0BOB')), type: 'application/json' })
  t.equal(opened.statusCode, 200)
  t.strictSame(s.api.calls, [])
  t.match((await s.stored(stored.elevation.id)).elevation, { state: 'pending', approvals: [] })
  for (const release of held) release()
  await s.slack.idle()
  t.not((await s.stored(stored.elevation.id)).elevation.state, 'pending')
})

t.test('13: of two approvers at the same instant one approves, and the other is told', async (t) => {
  const s = await scene(t)
  const other = await s.replica()
  for (let n = 0; n < 10; n++) {
    const stored = await s.asked()
    const before = s.told().length
    await Promise.all([
      s.send({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)) }),
      other.send({ body: s.clickBody({ user: 'U0CAROL' }, actions.approve, handleOf(stored)) })
    ])
    await Promise.all([s.slack.idle(), other.slack.idle()])
    const { elevation } = await s.stored(stored.elevation.id)
    t.equal(elevation.state, 'approved')
    t.equal(elevation.approvals.length, 1)
    t.equal(s.told().length, before + 1)
  }
})

t.test('14: of an approval and a denial at the same instant exactly one counts', async (t) => {
  const s = await scene(t)
  for (let n = 0; n < 10; n++) {
    const stored = await s.asked()
    await Promise.all([
      s.send({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)) }),
      s.send({ body: s.formBody({ user: 'U0CAROL' }, reasonView(handleOf(stored), 'not so')) })
    ])
    await s.slack.idle()
    const { elevation } = await s.stored(stored.elevation.id)
    const types = (await s.entries())
      .filter((entry) => entry['elevation'] === elevation.id)
      .map(({ type }) => type)
    const approved = ['elevation.requested', 'approval.recorded', 'elevation.approved']
    t.strictSame(
      types,
      elevation.state === 'approved' ? approved : ['elevation.requested', 'elevation.denied']
    )
  }
})

t.test('15: a click on what is no longer so changes nothing but the message', async (t) => {
  const s = await scene(t)
  const [late, taken] = [await s.asked(), await s.asked()]
  got(await s.broker.cancel(alice, taken.elevation.id))
  s.advance(7200)
  const ids = [late, taken].map(({ elevation }) => elevation.id)
  const before = await Promise.all(ids.map((id) => s.stored(id)))
  for (const stored of [late, taken]) {
    const value = handleOf(stored)
    await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, value) })
    await s.sent({ body: s.formBody({ user: 'U0BOB' }, reasonView(value, 'no')) })
    await s.sent({ body: s.clickBody({ user: 'U0ALICE' }, actions.start, value) })
  }
  t.strictSame(await Promise.all(ids.map((id) => s.stored(id))), before)
  t.strictSame([...new Set(s.wakes)].toSorted(), ids.toSorted())
  t.equal(s.told().length, 6)
  t.equal((await s.refusals()).length, 6)
})

t.test('16 and 18: the app speaks to its own Slack alone, and in a channel to one person', async (t) => {
  const { fetch } = globalThis
  const asked: string[] = []
  globalThis.fetch = (input, init) => {
    asked.push(String(input instanceof Request ? input.url : input))
    return fetch(input, init)
  }
  t.teardown(() => {
    globalThis.fetch = fetch
  })
  const s = await scene(t)
  const stored = await s.asked()
  const urls = [
    'https://hooks.slack.com.evil/', 'http://169.254.169.254/', 'https://hooks.slack.com@evil.example/',
    'https://hooks.slack.com/commands/T0ACME/1/2'
  ]
  for (const response_url of urls) {
    const more = { response_url, response_urls: [{ response_url }] }
    await s.sent({ body: s.clickBody({ user: 'U0ALICE' }, actions.approve, handleOf(stored), more) })
    await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.details, handleOf(stored), more) })
    await s.sent({ body: s.commandBody({ user: 'U0ALICE' }, 'status', { response_url }) })
  }
  t.equal(s.told().length, 8)
  t.equal(s.calls('views.open').length, 4)
  t.ok(asked.length >= 12)
  t.strictSame(asked.filter((url) => !url.startsWith(s.api.url)), [])
  t.strictSame(s.calls('chat.postMessage'), [])
  t.notMatch(s.told().filter((text) => /U0ALICE/.test(text) && /self|own ask/.test(text)).join(), 'Hamburg')
})

t.test('17: what people write is never markup, wherever it is shown', async (t) => {
  const s = await scene(t)
  const reason =
    'fraud <!channel> <https://evil.example|Approve> *bold* :white_check_mark: Approved by bob & co'
  await s.sent({ body: s.formBody({ user: 'U0ALICE' }, askView({ reason: `${reason}\nline two` })) })
  const [made] = await s.entries()
  const stored = await s.stored(String(made?.['elevation']))
  t.equal(stored.elevation.ask.reason, `${reason} line two`)
  const words = `<!here> no\n<@U0EVE>`
  await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.details, handleOf(stored)) })
  await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.deny, handleOf(stored)) })
  await s.sent({ body: s.eventBody(homeOpened('U0BOB')), type: 'application/json' })
  await s.sent({ body: s.formBody({ user: 'U0BOB' }, reasonView(handleOf(stored), words)) })
  await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.details, handleOf(stored)) })
  await s.sent({ body: s.commandBody({ user: 'U0ALICE' }, '<!channel> <https://evil.example|x>') })
  const views = s.api.calls.flatMap(({ args }) => [args['view'], args['blocks'], args['text']])
  t.ok(views.some((view) => view?.includes('Approved by bob & co')), 'as plain text it is as written')
  const markup = views.flatMap((view) => [...(view ?? '').matchAll(/"type":"mrkdwn","text":("(?:[^"\\]|\\.)*")/g)])
  t.ok(markup.length > 10)
  t.strictSame(markup.filter(([, text]) => /<!(?!date\^)|<https?:|<@U0EVE/.test(text ?? '')), [])
})

t.test('19: Slack may be down in every way: nothing is decided, nothing is lost, others go on', async (t) => {
  const s = await scene(t, { timeoutMs: 1000 })
  const failures: readonly SlackFailure[] = [
    { kind: 'limited', seconds: 30 }, { kind: 'status', status: 500 }, { kind: 'hang' }, { kind: 'page' },
    { kind: 'error', error: 'fatal_error' }, { kind: 'error', error: 'token_revoked' }
  ]
  for (const failure of failures) {
    const stored = await s.asked()
    const { id } = stored.elevation
    s.api.fail('*', failure)
    const answer = await s.send({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)) })
    t.equal(answer.statusCode, 200, failure.kind)
    await s.slack.idle()
    t.equal((await s.stored(id)).elevation.state, 'pending')
    t.equal((await s.refusals()).at(-1), `bob approve slack_unreachable ${id}`)
    t.ok(s.lines.some((line) => /slack_not_told/.test(line)))
    s.api.heal()
    // what can be told again is told again: of the answers alone
    s.api.fail('chat.postEphemeral', failure)
    await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)) })
    t.equal((await s.stored(id)).elevation.state, 'approved', 'it is decided though nothing can be said')
    s.api.heal()
    const other = await s.asked()
    got(await s.broker.approve(byCli(bob), other.elevation.id))
  }
  t.notMatch(s.lines.join(''), /xoxb-/, 'no token in a line')
})

t.test('20: whoever sends it is who asks, whatever the text says', async (t) => {
  const s = await scene(t)
  const mine = await s.asked(dave)
  got(await s.broker.approve(byCli(bob), mine.elevation.id))
  got(await s.broker.activate(byCli(dave), mine.elevation.id))
  const texts = [
    `done ${mine.elevation.id}`, 'done dave', 'done <@U0DAVE>', 'for dave', 'status dave',
    '--as dave claims-pii', `approve ${mine.elevation.id}`, 'claims-pii dave'
  ]
  for (const text of texts) {
    await s.sent({ body: s.commandBody({ user: 'U0ALICE' }, text, { user_name: 'dave' }) })
  }
  t.equal((await s.stored(mine.elevation.id)).elevation.state, 'active')
  const form = askView()
  const more = { requester: 'dave', person: 'dave', user_name: 'dave' }
  await s.sent({ body: s.formBody({ user: 'U0ALICE' }, { ...form, ...more, private_metadata: 'dave' }) })
  const asked = (await s.entries()).filter(({ type }) => type === 'elevation.requested')
  t.strictSame(asked.map(({ actor }) => actor), ['dave', 'alice'])
})

t.test('21: a form that names another elevation, or another ask, is judged anew', async (t) => {
  const s = await scene(t)
  const [stored, own] = [await s.asked(), await s.asked(dave)]
  const rows: readonly (readonly [string, string, string])[] = [
    ['U0BOB', '', 'bob deny invalid_request'],
    ['U0BOB', 'x'.repeat(3000), 'bob deny invalid_request'],
    ['U0BOB', `v1 ${stored.elevation.id} ${own.elevation.askDigest}`, `bob deny stale_ask ${stored.elevation.id}`],
    ['U0DAVE', handleOf(own), `dave deny self_approval ${own.elevation.id}`],
    ['U0DAVE', handleOf(stored), `dave deny unknown_elevation ${stored.elevation.id}`]
  ]
  for (const [user, metadata, refused] of rows) {
    await s.sent({ body: s.formBody({ user }, reasonView(metadata, 'no')) })
    t.equal((await s.refusals()).at(-1), refused)
  }
  for (const { elevation } of [stored, own]) {
    t.equal((await s.stored(elevation.id)).elevation.state, 'pending')
  }
  const empty = await s.sent({ body: s.formBody({ user: 'U0BOB' }, reasonView(handleOf(stored), ' \n ')) })
  t.match(empty.json(), { response_action: 'errors', errors: { sallyport_reason: String } })
  await s.sent({ body: s.formBody({ user: 'U0BOB' }, reasonView(handleOf(stored), 'no')) })
  t.equal((await s.stored(stored.elevation.id)).elevation.state, 'denied')
})

t.test('22: where a rule wants another channel or a sign-in, a click says so and where', async (t) => {
  const s = await scene(t)
  const demands: readonly (readonly [string, Partial<PeopleApproval>])[] = [
    ['channel_not_allowed', { via: new Set(['console', 'cli'] as const) }],
    ['sign_in_too_weak', { via: new Set(['slack', 'cli'] as const), signIn: { within: seconds(300), acr: null, amr: [] } }]
  ]
  for (const [code, demand] of demands) {
    s.change((policy) => ({
      ...policy,
      rules: policy.rules.map((rule) =>
        rule.approval.kind === 'people' ? { ...rule, approval: { ...rule.approval, ...demand } } : rule
      )
    }))
    const stored = await s.asked()
    const { id } = stored.elevation
    await s.sent({ body: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)) })
    t.equal((await s.refusals()).at(-1), `bob approve ${code} ${id}`)
    const told = s.told().at(-1) ?? ''
    t.match(told, `sallyport approve ${id}`)
    t.match(told, `https://sallyport.acme.example/elevations/${id}`)
    t.equal((await s.stored(id)).elevation.state, 'pending')
  }
})
