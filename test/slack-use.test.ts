/**
 * Slack as people use it: the command, the form, the home tab and the buttons, over the route and
 * over Socket Mode; and whether the scopes of the manifest suffice, judged by another's Slack.
 */
import t from 'tap'
import { type ManifestFlags, slackManifest } from '../src/cli/slack.ts'
import { seconds } from '../src/elevation/ids.ts'
import type { Policy } from '../src/policy/policy.ts'
import { cardOf } from '../src/slack/card.ts'
import { handlers } from '../src/slack/handlers/all.ts'
import { manifest, oneClick } from '../src/slack/manifest.ts'
import {
  actions,
  askFields,
  callbacks,
  command,
  extendFields,
  fieldAction,
  fieldBlock
} from '../src/slack/names.ts'
import { makeSlackClient } from '../src/slack/slack-client.ts'
import { approvalMessage } from '../src/slack/views/approval-message.ts'
import { startEmulate } from './fakes/emulate.ts'
import { startSlackSocket } from './fakes/slack-socket.ts'
import { alice, bob, byCli, got } from './fixtures-broker.ts'
import { person } from './fixtures-elevation.ts'
import {
  askView,
  channel,
  extendView,
  handleOf,
  homeOpened,
  payloadOf,
  reasonView,
  scene,
  team
} from './slack-scene.ts'

const alone = (user: string) => `D${user.slice(1)}`

t.test('the command, the shortcut and the button open the form with what one may ask for', async (t) => {
  const s = await scene(t)
  const shortcut = payloadOf({
    type: 'shortcut',
    callback_id: callbacks.ask,
    trigger_id: '9.9.9',
    user: { id: 'U0ALICE', team_id: team },
    team: { id: team }
  })
  const bodies = [
    s.commandBody({ user: 'U0ALICE' }),
    s.commandBody({ user: 'U0ALICE' }, '  claims-pii '),
    shortcut,
    s.clickBody({ user: 'U0ALICE' }, actions.ask)
  ]
  for (const body of bodies) {
    const answer = await s.sent({ body })
    t.equal(answer.statusCode, 200)
    t.equal(answer.body, '')
  }
  const views = s.calls('views.open').map(({ args }) => args['view'] ?? '')
  t.equal(views.length, 4)
  for (const view of views) {
    t.match(view, /"value":"claims-pii"/)
    t.match(view, callbacks.ask)
  }
  t.match(views[1], /Will be asked/, 'who will be asked is said before the texts are written')
  t.match(views[1], /<@U0BOB>/)
  t.notMatch(views[0], /Will be asked/)
  t.strictSame(s.told(), [])
})

t.test('each choice in the form is previewed, and draws only the form it was made in', async (t) => {
  const s = await scene(t)
  const view = askView({ reason: '', ticket: '' })
  const choose = (more: object) =>
    s.sent({
      body: s.clickBody({ user: 'U0ALICE' }, fieldAction('target'), undefined, {
        container: { type: 'view', view_id: 'V0FORM' },
        channel: undefined,
        view: { id: 'V0FORM', ...view, ...more }
      })
    })
  await choose({})
  const [drawn] = s.calls('views.update')
  t.match(drawn?.args, { view_id: 'V0FORM', hash: 'h1' })
  t.match(drawn?.args['view'], /Will be asked/)
  await choose({ callback_id: callbacks.deny })
  t.equal(s.calls('views.update').length, 1, 'no other view is drawn over')
  await choose({ state: { values: {} } })
  t.match(s.calls('views.update')[1]?.args['view'], callbacks.ask, 'nothing chosen is an empty form')
  const left = askView({ target: 'claims-pii', tables: ['payments.payments'] }, 'payments-pii')
  const tables = fieldBlock('tables', 'payments-pii')
  const values = { ...view.state.values, [tables]: left.state.values[tables] }
  await choose({ state: { values } })
  t.match(s.calls('views.update')[2]?.args['view'], /Will be asked/, 'tables of another target are left behind')
  t.equal((await s.entries()).length, 0, 'a preview is nobody’s attempt')
})

t.test('a sent form is an ask by its sender, once, whichever replica gets it', async (t) => {
  const s = await scene(t)
  const other = await s.replica()
  const view = { id: 'V0ONCE', ...askView({ columns: ['claims.customers.ssn'] }) }
  const bodies = Array.from({ length: 6 }, () => s.formBody({ user: 'U0ALICE' }, view))
  const answers = await Promise.all(bodies.map((body, n) => (n % 2 === 0 ? s : other).send({ body })))
  await Promise.all([s.slack.idle(), other.slack.idle()])
  t.strictSame(answers.map(({ statusCode, body }) => `${statusCode}${body}`), Array.from({ length: 6 }, () => '200'))
  const asked = (await s.entries()).filter(({ type }) => type === 'elevation.requested')
  t.equal(asked.length, 1)
  const { elevation } = await s.stored(String(asked[0]?.['elevation']))
  t.match(elevation, {
    state: 'pending',
    ask: {
      requester: 'alice',
      target: 'claims-pii',
      duration: 3600,
      ticket: 'CLM-4711',
      tables: ['claims.customers'],
      columns: ['claims.customers.ssn']
    }
  })
  t.ok(s.wakes.every((id) => id === elevation.id) && s.wakes.length > 0)
  t.strictSame(await s.refusals(), [])
})

t.test('what is wrong with a form is told at its field, at once, and is in the ledger', async (t) => {
  const s = await scene(t)
  const rows: readonly (readonly [string, object, string, string])[] = [
    ['too long', { duration: '5h' }, fieldBlock('duration', 'claims-pii'), 'policy_denied'],
    ['no length', { duration: 'long' }, fieldBlock('duration', 'claims-pii'), 'invalid_ask'],
    ['a short reason', { reason: 'because' }, fieldBlock('reason', null), 'policy_denied'],
    ['no ticket', { ticket: undefined }, fieldBlock('ticket', null), 'policy_denied'],
    ['another ticket', { ticket: 'JIRA-1' }, fieldBlock('ticket', null), 'policy_denied'],
    ['a table of another target', { tables: ['payments.payments'] }, fieldBlock('tables', 'claims-pii'), 'policy_denied'],
    ['a target that is not', { target: 'nothing' }, fieldBlock('target', null), 'unknown_target']
  ]
  for (const [sentence, typed, block, code] of rows) {
    const answer = await s.sent({ body: s.formBody({ user: 'U0ALICE' }, askView(typed)) })
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { response_action: 'errors' }, sentence)
    t.strictSame(Object.keys(answer.json().errors), [block], sentence)
    t.equal((await s.refusals()).at(-1), `alice submit ${code}`, sentence)
  }
  t.equal((await s.refusals()).length, rows.length)
  t.notOk((await s.entries()).some(({ type }) => type === 'elevation.requested'))
})

t.test('a slow store delays no answer: the form is drawn again with what came of it', async (t) => {
  const held: (() => void)[] = []
  const s = await scene(t, {
    schedule: (milliseconds, run) => {
      // the time is over at once for a form, and never for anything else
      if (milliseconds === 150) run()
      return () => {}
    },
    broker: (broker) => ({
      ...broker,
      preview: async (...args) => {
        await new Promise<void>((resolve) => held.push(resolve))
        return broker.preview(...args)
      }
    })
  })
  const good = await s.sent({ body: s.formBody({ user: 'U0ALICE' }, { ...askView(), id: 'V0GOOD' }) })
  t.match(good.json(), { response_action: 'update', view: { type: 'modal' } })
  t.match(s.calls('views.update').at(-1)?.args, { view_id: 'V0GOOD', view: /Asked/ })
  t.equal((await s.entries())[0]?.['type'], 'elevation.requested')
  const wrong = { ...askView({ reason: 'because', ticket: 'JIRA-1' }), id: 'V0WRONG' }
  t.match((await s.sent({ body: s.formBody({ user: 'U0ALICE' }, wrong) })).json(), { response_action: 'update' })
  const args = s.calls('views.update').at(-1)?.args ?? { view: '' }
  t.match(args, { view_id: 'V0WRONG' })
  t.match(args['view'], /JIRA-1/, 'what was typed is still there')
  t.match(args['view'], /because/)
  t.strictSame(await s.refusals(), ['alice submit policy_denied'])
  for (const release of held) release()
})

t.test('who is not acknowledged in time gets 503 before Slack hangs up', async (t) => {
  const s = await scene(t, {
    schedule: (milliseconds, run) => {
      if (milliseconds > 1000) run()
      return () => {}
    }
  })
  t.equal((await s.sent({ body: s.commandBody({ user: 'U0ALICE' }, 'help') })).statusCode, 503)
})

t.test('start, end, cancel, deny, revoke and details are one click each, and draw the home tab', async (t) => {
  const s = await scene(t)
  const click = (user: string, action: string, value: string, more: object = {}) =>
    s.sent({ body: s.clickBody({ user }, action, value, more) })
  const state = async (id: string) => (await s.stored(id)).elevation.state
  const home = { view: { id: 'V0HOME', type: 'home' }, container: { type: 'view', view_id: 'V0HOME' }, channel: undefined }

  const one = await s.asked()
  const { id } = one.elevation
  await click('U0BOB', actions.details, handleOf(one))
  t.match(s.calls('views.open').at(-1)?.args['view'], /Hamburg/, 'the whole reason, for an approver')
  await click('U0BOB', actions.approve, handleOf(one), home)
  t.equal(await state(id), 'approved')
  t.match(s.calls('views.publish').at(-1)?.args, { user_id: 'U0BOB' })
  await click('U0ALICE', actions.start, handleOf(one), home)
  t.equal(await state(id), 'active')
  await click('U0ALICE', actions.end, handleOf(one), home)
  t.equal(await state(id), 'ending')
  t.equal(s.calls('views.publish').length, 3)

  const two = await s.asked()
  await click('U0ALICE', actions.cancel, handleOf(two))
  t.equal(await state(two.elevation.id), 'cancelled')

  const three = await s.asked()
  await click('U0BOB', actions.deny, handleOf(three))
  t.match(s.calls('views.open').at(-1)?.args['view'], /sallyport_deny/)
  await s.sent({ body: s.formBody({ user: 'U0BOB' }, reasonView(handleOf(three), ' not so ')) })
  t.match((await s.stored(three.elevation.id)).elevation, { state: 'denied', by: 'bob' })

  const four = await s.asked()
  got(await s.broker.approve(byCli(bob), four.elevation.id))
  got(await s.broker.activate(byCli(alice), four.elevation.id))
  await click('U0CAROL', actions.revoke, handleOf(four))
  const form = reasonView(handleOf(four), 'it was not me', callbacks.revoke)
  await s.sent({ body: s.formBody({ user: 'U0CAROL' }, form) })
  t.match((await s.stored(four.elevation.id)).elevation, { state: 'ending', how: 'revoked', by: 'carol' })

  t.equal((await click('U0BOB', actions.console, 'anything')).statusCode, 200)
  const seen = s.calls('views.open').length
  await click('U0DAVE', actions.details, handleOf(four))
  t.equal(s.calls('views.open').length, seen, 'not for whoever may not see it')
  t.strictSame(await s.refusals(), [`dave get unknown_elevation ${four.elevation.id}`])
})

t.test('a start is picked in the form, where a rule lets it be scheduled', async (t) => {
  const planned = (policy: Policy): Policy => ({
    ...policy,
    rules: policy.rules.map((rule) => (rule.approval.kind === 'breakGlass' ? rule : { ...rule, startAhead: seconds(7 * 86_400) }))
  })
  const s = await scene(t, { policy: planned })
  await s.sent({ body: s.commandBody({ user: 'U0ALICE' }, 'claims-pii') })
  t.match(s.calls('views.open')[0]?.args['view'], /"type":"datetimepicker"/)
  const startAt = new Date(s.now() + 26 * 3_600_000).toISOString()
  const choose = await s.sent({
    body: s.clickBody({ user: 'U0ALICE' }, fieldAction('startAt'), undefined, {
      container: { type: 'view', view_id: 'V0FORM' },
      channel: undefined,
      view: { id: 'V0FORM', ...askView({ startAt }) }
    })
  })
  t.equal(choose.statusCode, 200)
  const drawn = s.calls('views.update').at(-1)?.args['view'] ?? ''
  t.match(drawn, /not before/)
  t.match(drawn, `"initial_date_time":${Date.parse(startAt) / 1000}`)
  const far = await s.sent({ body: s.formBody({ user: 'U0ALICE' }, askView({ startAt: new Date(s.now() + 9 * 86_400_000).toISOString() })) })
  t.strictSame(Object.keys(far.json().errors), [fieldBlock('startAt', 'claims-pii')])
  await s.sent({ body: s.formBody({ user: 'U0ALICE' }, askView({ startAt })) })
  const made = (await s.entries()).filter(({ type }) => type === 'elevation.requested')
  t.match(made, [{ data: { startAt } }])
  const stored = await s.stored(String(made[0]?.['elevation']))
  got(await s.broker.approve(byCli(bob), stored.elevation.id))
  await s.sent({ body: s.clickBody({ user: 'U0ALICE' }, actions.start, handleOf(stored)) })
  t.match(s.told().at(-1), /Its start has not come yet/)
  t.match((await s.stored(stored.elevation.id)).elevation, { state: 'approved' })
  t.strictSame(await s.refusals(), ['alice submit policy_denied', `alice activate too_early ${stored.elevation.id}`])
})

t.test('a window is extended from its button by one form, once, and by nobody else', async (t) => {
  const s = await scene(t)
  const one = await s.asked()
  const { id } = one.elevation
  got(await s.broker.approve(byCli(bob), id))
  got(await s.broker.activate(byCli(alice), id))
  const before = await s.stored(id)
  await s.sent({ body: s.clickBody({ user: 'U0ALICE' }, actions.extend, handleOf(one)) })
  const opened = s.calls('views.open').at(-1)?.args['view'] ?? ''
  t.match(opened, callbacks.extend)
  t.match(opened, handleOf(one))
  const view = { id: 'V0EXTEND', ...extendView(handleOf(one), { duration: '2h', reason: ' more of the ring\nto look at ', ticket: 'CLM-4712' }) }
  const other = await s.replica()
  const bodies = Array.from({ length: 4 }, () => s.formBody({ user: 'U0ALICE' }, view))
  await Promise.all(bodies.map((body, n) => (n % 2 === 0 ? s : other).send({ body })))
  await Promise.all([s.slack.idle(), other.slack.idle()])
  const made = (await s.entries()).filter(({ type }) => type === 'elevation.requested')
  t.equal(made.length, 2)
  const next = (await s.stored(String(made[1]?.['elevation']))).elevation
  t.match(next, {
    state: 'pending',
    ask: { requester: 'alice', duration: 7200, reason: 'more of the ring to look at', ticket: 'CLM-4712', tables: ['claims.customers'], extends: { elevation: id, place: 2 } }
  })
  t.strictSame(await s.stored(id), before)
  t.ok(s.wakes.includes(next.id))

  const empty = await s.sent({ body: s.formBody({ user: 'U0ALICE' }, extendView(handleOf(one), { duration: '', reason: '  ' })) })
  t.strictSame(Object.keys(empty.json().errors), [extendFields.duration, extendFields.reason])
  const again = extendView(handleOf(one), { duration: '1h', reason: 'more of the ring to look at', ticket: 'CLM-4712' })
  await s.sent({ body: s.formBody({ user: 'U0ALICE' }, again) })
  t.match(s.told().at(-1), /extended already/)
  await s.sent({ body: s.formBody({ user: 'U0BOB' }, again) })
  await s.sent({ body: s.formBody({ user: 'U0DAVE' }, again) })
  await s.sent({ body: s.formBody({ user: 'U0ALICE' }, extendView('v1 nothing', { duration: '1h', reason: 'x' })) })
  t.strictSame(await s.refusals(), [
    `alice extend already_extended ${id}`, `bob extend unknown_elevation ${id}`, `dave extend unknown_elevation ${id}`,
    'alice extend invalid_request'
  ])
  got(await s.broker.end(alice, id))
})

t.test('status, done and help answer the one who asks, alone where the app may not speak', async (t) => {
  const s = await scene(t)
  const command = (user: string, text: string, more: Record<string, string> = {}) =>
    s.sent({ body: s.commandBody({ user }, text, more) })
  const last = () => s.calls('chat.postEphemeral').at(-1)?.args ?? {}
  await command('U0ALICE', 'help')
  t.match(last(), { channel, user: 'U0ALICE', blocks: /status/ })
  await command('U0ALICE', 'help', { channel_id: 'C0OTHER' })
  t.match(last(), { channel: alone('U0ALICE'), user: 'U0ALICE' })
  await command('U0ALICE', 'what is this')
  t.match(last()['blocks'], /help/)

  const first = await s.asked()
  await command('U0BOB', 'status')
  t.match(last()['blocks'], first.elevation.id)
  await command('U0ALICE', 'done')
  t.match(last()['text'], /no window/)
  got(await s.broker.approve(byCli(bob), first.elevation.id))
  got(await s.broker.activate(byCli(alice), first.elevation.id))
  const second = await s.asked()
  got(await s.broker.approve(byCli(bob), second.elevation.id))
  got(await s.broker.activate(byCli(alice), second.elevation.id))
  await command('U0ALICE', 'done')
  t.match(last()['blocks'], actions.end, 'of several one is chosen')
  await command('U0ALICE', `done ${first.elevation.id}`)
  t.equal((await s.stored(first.elevation.id)).elevation.state, 'ending')
  await command('U0ALICE', 'DONE')
  t.equal((await s.stored(second.elevation.id)).elevation.state, 'ending')
  await command('U0ALICE', 'done 42')
  t.strictSame(await s.refusals(), ['alice end unknown_elevation'])
})

t.test('the home tab has what is mine and what waits for me, and nothing for strangers', async (t) => {
  const s = await scene(t, { users: { U0NEW: {}, U0GUEST: { is_restricted: true } } })
  const stored = await s.asked()
  const open = async (user: string, more: object = {}) => {
    const body = s.eventBody({ ...homeOpened(user), ...more })
    t.equal((await s.sent({ body, type: 'application/json' })).statusCode, 200)
    return s.calls('views.publish').at(-1)?.args ?? {}
  }
  const mine = await open('U0ALICE')
  t.match(mine, { user_id: 'U0ALICE', view: /"type":"home"/ })
  const waiting = await open('U0BOB')
  t.match(waiting['view'], handleOf(stored))
  for (const user of ['U0NEW', 'U0GUEST']) {
    const { view } = await open(user)
    t.notMatch(view, /claims-pii/, user)
  }
  const before = s.calls('views.publish').length
  await open('U0BOB', { tab: 'messages' })
  t.equal(s.calls('views.publish').length, before, 'the messages tab is Slack’s own')
})

t.test('when the store fails, nothing is done and whoever acted is told so', async (t) => {
  const broken = { on: '' }
  const down = Object.assign(new Error('disk full: /secret/place'), { name: 'StoreError' })
  const s = await scene(t, {
    seen: (seen) => ({
      claim: (key, until) => (broken.on === 'claim' ? Promise.reject(down) : seen.claim(key, until))
    }),
    broker: (broker) => ({
      ...broker,
      approve: (...args) => (broken.on === 'approve' ? Promise.reject(down) : broker.approve(...args)),
      list: (...args) => (broken.on === 'list' ? Promise.reject(down) : broker.list(...args))
    })
  })
  const stored = await s.asked()
  const bodies = () => ({
    claim: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)),
    approve: s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored)),
    list: s.commandBody({ user: 'U0BOB' }, 'status')
  })
  for (const on of ['claim', 'approve', 'list'] as const) {
    broken.on = on
    const before = s.told().length
    t.equal((await s.sent({ body: bodies()[on] })).statusCode, 200)
    const told = s.told().slice(before)
    t.equal(told.length, 1, on)
    t.match(told[0], /not available/)
    t.notMatch(told[0], /secret/)
  }
  t.match((await s.stored(stored.elevation.id)).elevation, { state: 'pending', approvals: [] })
})

t.test('Socket Mode is the same app: no route, the same verbs, once, and it comes back', async (t) => {
  const appToken = 'xapp-1-A0SALLY-fixture'
  const link = await startSlackSocket(appToken)
  t.teardown(() => link.close())
  const due: (() => void)[] = []
  const s = await scene(t, {
    settings: { appToken: () => appToken, signingSecrets: [] },
    socketUrl: link.url,
    schedule: (milliseconds, run) => {
      // only the next try to connect, which is made when the test says so
      if (milliseconds >= 1000 && milliseconds !== 2800) due.push(run)
      return () => {}
    }
  })
  t.equal(s.slack.plugin, null)
  t.equal((await s.send({ body: s.commandBody({ user: 'U0BOB' }, 'help') })).statusCode, 404)

  link.refuse(1)
  s.slack.start()
  await until(() => due.length === 1)
  const connected = link.connected()
  due.shift()?.()
  await connected
  await until(() => s.lines.some((line) => line.includes('slack_connected')))

  const stored = await s.asked()
  const click = JSON.parse(
    new URLSearchParams(s.clickBody({ user: 'U0BOB' }, actions.approve, handleOf(stored))).get('payload') ?? ''
  )
  // sent again under another envelope, as Slack does when it has not seen the first answer
  t.strictSame(await Promise.all(['e1', 'e2', 'e3'].map((id) => link.send(envelope(id, click)))), [{}, {}, {}])
  await s.slack.idle()
  t.match((await s.stored(stored.elevation.id)).elevation, { state: 'approved', approvals: [{ by: 'bob' }] })
  t.strictSame(await s.refusals(), [])
  const form = JSON.parse(
    new URLSearchParams(s.formBody({ user: 'U0ALICE' }, askView({ duration: '5h' }))).get('payload') ?? ''
  )
  t.match(await link.send(envelope('e4', form)), { response_action: 'errors' })

  link.drop()
  await until(() => due.length > 0)
  const again = link.connected()
  due.shift()?.()
  await again
  await until(() => s.lines.filter((line) => line.includes('slack_connected')).length === 2)
  const other = await s.asked()
  const second = { ...click, trigger_id: 'another', actions: [{ ...click.actions[0], value: handleOf(other) }] }
  await link.send(envelope('e5', second))
  await s.slack.idle()
  t.equal((await s.stored(other.elevation.id)).elevation.state, 'approved')
  t.notMatch(s.lines.join(''), /xapp-|xoxb-/, 'no token in a line')
})

const envelope = (id: string, payload: unknown) => ({
  envelope_id: id,
  type: 'interactive',
  accepts_response_payload: true,
  payload
})

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

t.test('the scopes of the manifest suffice for everything, and none is there for nothing', async (t) => {
  const { bot } = manifest({ url: null, matchEmail: false }).oauth_config.scopes
  const names = ['alice', 'bob', 'carol']
  const token = 'xoxb-app-with-the-scopes'
  const less = bot.map((scope) => [`xoxb-app-without-${scope.replace(':', '-')}`, bot.filter((one) => one !== scope)] as const)
  const judge = await startEmulate({
    tokens: { [token]: bot, ...Object.fromEntries(less) },
    people: names,
    channel: 'asks'
  })
  t.teardown(() => judge.close())
  const { members } = (await judge.call('users.list', {})) as { members: { id: string; name: string; team_id: string }[] }
  const { channels } = (await judge.call('conversations.list', {})) as { channels: { id: string; name: string }[] }
  const userOf = (name: string) => members.find((one) => one.name === name)?.id ?? ''
  const [place = ''] = channels.flatMap(({ id, name }) => (name === 'asks' ? [id] : []))
  const [{ team_id: home } = { team_id: '' }] = members

  const s = await scene(t, {
    api: { url: judge.url, token },
    settings: { team: home },
    policy: (policy) => ({
      ...policy,
      bySlack: new Map(names.map((name) => [`${home}/${userOf(name)}`, person(name)])),
      people: new Map(
        [...policy.people].map(([id, one]) =>
          names.includes(id) ? [id, { ...one, slack: [{ team: home, user: userOf(id) }] }] : [id, one]
        )
      )
    })
  })
  const by = (name: string) => ({ user: userOf(name), team: home })
  const trigger = async (name: string) => {
    const given = await judge.call('views.generateTriggerId', { user_id: userOf(name) }, token)
    return { trigger_id: String(given['trigger_id']) }
  }
  const failed = () => s.lines.filter((line) => /"level":[45]0/.test(line))
  const inChannel = { container: { type: 'message', channel_id: place }, channel: { id: place } }

  await s.sent({ body: s.commandBody(by('alice'), 'claims-pii', { channel_id: place, ...(await trigger('alice')) }) })
  t.strictSame(failed(), [], 'the form is opened')
  await s.sent({ body: s.commandBody(by('alice'), 'help', { channel_id: place }) })
  await s.sent({ body: s.formBody(by('alice'), askView()) })
  const [made] = await s.entries()
  const stored = await s.stored(String(made?.['elevation']))
  const value = handleOf(stored)
  for (const action of [actions.details, actions.deny, actions.revoke]) {
    const more = { ...inChannel, ...(await trigger('bob')) }
    await s.sent({ body: s.clickBody(by('bob'), action, value, more) })
  }
  await s.sent({ body: s.eventBody(homeOpened(userOf('bob')), { team_id: home }), type: 'application/json' })
  await s.sent({ body: s.clickBody(by('alice'), actions.approve, value, inChannel) })
  await s.sent({ body: s.formBody(by('alice'), reasonView(value, 'mine')) })
  await s.sent({ body: s.clickBody(by('bob'), actions.approve, value, inChannel) })
  t.strictSame(failed(), [], 'everything that was said was taken')
  t.equal((await s.stored(stored.elevation.id)).elevation.state, 'approved')

  const card = cardOf(s.deps.policy(), stored, { team: home, consoleUrl: null })
  const message = approvalMessage(card, { now: s.deps.clock.now(), place: 'channel' })
  const mark = { elevation: stored.elevation.id, key: 'ask' }
  const everything = async (by_: string): Promise<readonly string[]> => {
    const client = makeSlackClient({ token: by_, apiUrl: judge.url })
    const alone = await client.conversation(userOf('carol'))
    const posted = await client.post({ channel: place, message, mark })
    const edited = posted.ok ? await client.edit({ posted: posted.value, message, mark }) : posted
    const whispered = await client.whisper({ channel: place, user: userOf('carol'), message })
    const looked = await client.user(userOf('carol'))
    return [alone, posted, edited, whispered, looked].map((one) => (one.ok ? 'ok' : one.fault.kind))
  }
  t.strictSame([...new Set(await everything(token))], ['ok'])
  for (const [lesser, scopes] of less) {
    if (scopes.includes('commands')) t.ok((await everything(lesser)).includes('not_allowed'), lesser)
  }
})

t.test('the manifest asks for what the handlers take, by URL or by Socket Mode', async (t) => {
  const made = manifest({ url: 'https://sallyport.acme.example/', matchEmail: false })
  const at = 'https://sallyport.acme.example/slack/events'
  const named = (kind: string) => handlers.flatMap((one) => (one.kind === kind ? [one.name] : []))
  t.strictSame(made.features.slash_commands.map((one) => one.command), named('command'))
  t.strictSame(made.features.shortcuts.map((one) => one.callback_id), named('shortcut'))
  t.strictSame(made.settings.event_subscriptions.bot_events, named('event'))
  t.strictSame(named('command'), [command])
  t.strictSame(named('shortcut'), [callbacks.ask])
  const clicked = [...Object.values(actions), ...askFields.map(fieldAction)]
  t.strictSame(named('action').toSorted(), clicked.toSorted(), 'every button has a handler')
  t.strictSame(named('form').toSorted(), [callbacks.ask, callbacks.deny, callbacks.extend, callbacks.revoke].toSorted())
  t.equal(new Set(handlers.map(({ kind, name }) => `${kind} ${name}`)).size, handlers.length)
  t.match(made, {
    features: { slash_commands: [{ url: at }] },
    settings: {
      interactivity: { is_enabled: true, request_url: at },
      event_subscriptions: { request_url: at },
      socket_mode_enabled: false,
      org_deploy_enabled: false
    },
    oauth_config: { scopes: { bot: ['chat:write', 'commands', 'im:write', 'users:read'] } }
  })
  const socket = manifest({ url: null, matchEmail: true })
  t.match(socket.settings, { socket_mode_enabled: true, interactivity: { is_enabled: true } })
  t.notMatch(JSON.stringify(socket), /https?:/)
  t.ok(socket.oauth_config.scopes.bot.includes('users:read.email'))
  const link = new URL(oneClick(made))
  t.strictSame(JSON.parse(link.searchParams.get('manifest_json') ?? ''), JSON.parse(JSON.stringify(made)))
  t.ok(link.href.length < 8000)
})

t.test('`slack manifest` prints it, and refuses what Slack could not reach', async (t) => {
  const run = (flags: ManifestFlags, json = false) => {
    const lines: string[] = []
    const errors: string[] = []
    const out = (line: string) => void lines.push(line)
    const err = (line: string) => void errors.push(line)
    const exit = slackManifest({ json, colour: false, out, err }, flags)
    return { exit, text: lines.join('\n'), errors }
  }
  const socket = JSON.parse(JSON.stringify(manifest({ url: null, matchEmail: false })))
  t.match(run({ socket: true }), { exit: 0, errors: [] })
  t.strictSame(JSON.parse(run({ socket: true }).text), socket)
  t.strictSame(JSON.parse(run({ socket: true }, true).text), socket)
  t.notMatch(run({ socket: true }, true).text, '\n')
  t.match(run({ url: 'https://sallyport.acme.example', matchEmail: true }).text, /users:read.email/)
  t.match(run({ socket: true, link: true }).text, /^https:\/\/api\.slack\.com\/apps\?new_app=1&manifest_json=/)
  const bad: readonly ManifestFlags[] = [
    {},
    { socket: true, url: 'https://sallyport.acme.example' },
    { url: 'http://sallyport.acme.example' },
    { url: 'https://sallyport.acme.example/path' },
    { url: 'https://u:p@sallyport.acme.example' },
    { url: 'sallyport' }
  ]
  for (const flags of bad) t.match(run(flags), { exit: 2, text: '', errors: [String] })
})
