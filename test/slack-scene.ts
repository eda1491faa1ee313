/**
 * A broker on a real store with Slack in front: signed requests come in through the API's own
 * listener by `inject`, and what the app says goes to a Slack on 127.0.0.1.
 */
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import type { AskInput, Broker } from '../src/broker/broker.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { instant } from '../src/elevation/ids.ts'
import { buildApp } from '../src/http/app.ts'
import type { Policy } from '../src/policy/policy.ts'
import type { Seen, Stored } from '../src/ports.ts'
import { type SlackSettings, makeSlackApp } from '../src/slack/app.ts'
import {
  type AskField,
  callbacks,
  extendFields,
  fieldAction,
  fieldBlock,
  printHandle,
  reasonField
} from '../src/slack/names.ts'
import type { Schedule } from '../src/slack/receiver.ts'
import { makeSlackClient } from '../src/slack/slack-client.ts'
import { type SlackFact, fixtureToken, startSlackApi } from './fakes/slack-api.ts'
import { alice, ask, byCli, depsOver, erin, examplePolicy, got, roomy } from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'

export const team = 'T0ACME'
export const channel = 'C0ASKS'
export const secret = '8f742231b10e8888abcd99yyyzzz85a5'
export const formType = 'application/x-www-form-urlencoded'

export type Raw = {
  readonly body: string | Buffer
  readonly type?: string
  readonly secret?: string
  /** seconds since the epoch; default: now */
  readonly at?: number
  readonly headers?: Readonly<Record<string, string | string[]>>
}

export type Who = {
  readonly user: string
  readonly team?: string | null
  /** `user.team_id` of the payload */
  readonly home?: string
}

export type Given = {
  readonly users?: Readonly<Record<string, SlackFact>>
  readonly settings?: Partial<SlackSettings>
  readonly seen?: (seen: Seen) => Seen
  readonly broker?: (broker: Broker) => Broker
  readonly policy?: (policy: Policy) => Policy
  readonly schedule?: Schedule
  readonly timeoutMs?: number
  /** where Socket Mode asks for its connection */
  readonly socketUrl?: string
  /** a Slack of another kind; its token */
  readonly api?: { readonly url: string; readonly token: string }
}

const people: Readonly<Record<string, SlackFact>> = {
  U0ALICE: {},
  U0BOB: {},
  U0CAROL: {},
  U0DAVE: {},
  U0SAM: {}
}

/** No time passes by itself: what waits for a timer waits for ever. */
export const noTimers: Schedule = () => () => {}

export const signature = (text: string | Buffer, at: number, by = secret): string =>
  `v0=${createHmac('sha256', by).update(`v0:${at}:`).update(text).digest('hex')}`

// one store for the scenes of a file, which run one after the other: opening one takes long
let now = 0
let triggers = 0
const opened = (async () => {
  const data = mkdtempSync(join(tmpdir(), 'sallyport-slack-'))
  const store = openHere(join(data, 'store'), () => now)
  t.teardown(async () => {
    await store.close()
    rmSync(data, { recursive: true })
  })
  return store
})()

/** An interaction as Slack posts it. */
export const payloadOf = (payload: object): string =>
  new URLSearchParams({ payload: JSON.stringify(payload) }).toString()

export const scene = async (t: Test, given: Given = {}) => {
  now = Date.UTC(2026, 10, 21, 10)
  let policy = (given.policy ?? ((one: Policy) => one))(roomy(await examplePolicy()))
  const store = await opened
  const past = (await store.entries(0, 100_000)).length
  const { deps } = depsOver({ store, now: () => now, policy: () => policy })
  const plain = makeBroker(deps, () => {})
  const broker = given.broker?.(plain) ?? plain
  const api = await startSlackApi({ team, users: { ...people, ...given.users }, channels: [channel] })
  t.teardown(() => api.close())
  const wakes: string[] = []
  const lines: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line) => void lines.push(line) })
  const { url: apiUrl, token } = given.api ?? { url: api.url, token: fixtureToken }
  const settings: SlackSettings = {
    botToken: () => token,
    signingSecrets: [() => secret],
    appToken: null,
    team,
    matchEmail: false,
    apiUrl: given.socketUrl ?? apiUrl,
    ...given.settings
  }
  /** One more replica: another process would share the store and Slack, and nothing else. */
  const replica = async () => {
    const slack = makeSlackApp({
      broker,
      policy: () => policy,
      config: settings,
      consoleUrl: 'https://sallyport.acme.example',
      client: makeSlackClient({ token, apiUrl, timeoutMs: given.timeoutMs ?? 8000 }),
      seen: (given.seen ?? ((one: Seen) => one))(store.slack),
      wake: (id) => void wakes.push(id),
      now: () => instant(now),
      schedule: given.schedule ?? noTimers,
      logger
    })
    const app = await buildApp({
      broker,
      auth: async () => ({ ok: false, code: 'unauthenticated', error: null, detail: 'none' }),
      logger,
      requestId: () => randomUUID(),
      limits: { perAddress: 100_000 }
    })
    if (slack.plugin) await app.register(slack.plugin)
    t.teardown(async () => {
      await slack.stop()
      await app.close()
    })
    const send = async (raw: Raw, url = '/slack/events') => {
      const at = raw.at ?? Math.floor(now / 1000)
      return app.inject({
        method: 'POST',
        url,
        payload: raw.body,
        headers: {
          'content-type': raw.type ?? formType,
          'x-slack-request-timestamp': String(at),
          'x-slack-signature': signature(raw.body, at, raw.secret),
          ...raw.headers
        }
      })
    }
    return { app, slack, send }
  }
  const first = await replica()

  const who = ({ user, team: at = team, home }: Who) => ({
    user: { id: user, name: 'whoever', ...(home === undefined ? {} : { team_id: home }) },
    team: at === null ? null : { id: at, domain: 'acme' },
    trigger_id: `1.2.${++triggers}`,
    token: 'unused',
    api_app_id: 'A0SALLY',
    response_url: 'https://hooks.slack.com.evil.example/answer'
  })
  const clickBody = (by: Who, action: string, value?: string, more: object = {}): string =>
    payloadOf({
      type: 'block_actions',
      ...who(by),
      container: { type: 'message', channel_id: channel, message_ts: '1.1' },
      channel: { id: channel, name: 'asks' },
      actions: [
        { type: 'button', action_id: action, block_id: 'b', action_ts: '1.1', ...(value === undefined ? {} : { value }) }
      ],
      ...more
    })
  const formBody = (by: Who, view: object): string =>
    payloadOf({ type: 'view_submission', ...who(by), view: { id: `V${++triggers}`, ...view } })
  const commandBody = (by: Who, text = '', more: Readonly<Record<string, string>> = {}): string =>
    new URLSearchParams({
      command: '/elevate',
      text,
      user_id: by.user,
      user_name: 'whoever',
      team_id: by.team ?? team,
      channel_id: channel,
      trigger_id: `1.2.${++triggers}`,
      response_url: 'https://hooks.slack.com.evil.example/answer',
      ...more
    }).toString()
  const eventBody = (event: object, more: object = {}): string =>
    JSON.stringify({ type: 'event_callback', team_id: team, event_id: `Ev${++triggers}`, event, ...more })

  /** Sends, and waits until nothing is under way. */
  const sent = async (raw: Raw) => {
    const answer = await first.send(raw)
    await first.slack.idle()
    return answer
  }
  const entries = async () =>
    (await deps.ledger.entries(past, 10_000)).map(
      (row): Record<string, unknown> => JSON.parse(Buffer.from(row.body).toString())
    )
  const calls = (method: string) => api.calls.filter((call) => call.method === method)

  return {
    ...first,
    deps,
    broker,
    api,
    wakes,
    lines,
    replica,
    sent,
    clickBody,
    formBody,
    commandBody,
    eventBody,
    entries,
    calls,
    now: () => now,
    advance: (seconds: number) => {
      now += seconds * 1000
    },
    change: (edit: (policy: Policy) => Policy) => {
      policy = edit(policy)
    },
    /** what was said to somebody alone, as the blocks' text */
    told: () => calls('chat.postEphemeral').map(({ args }) => `${args['user']}: ${args['text']} ${args['blocks']}`),
    asked: async (by = alice, input = ask): Promise<Stored> =>
      got(await plain.submit(byCli(by), input)).elevation,
    stored: async (id: string): Promise<Stored> => got(await plain.get(erin, id)),
    refusals: async () =>
      (await entries())
        .filter(({ type }) => type === 'attempt.refused')
        .map((entry) => {
          const { verb, code, elevation } = entry['data'] as Readonly<Record<string, unknown>>
          return [entry['actor'], verb, code, ...(elevation === null ? [] : [elevation])].join(' ')
        })
  }
}

export const handleOf = ({ elevation }: Stored): string =>
  printHandle({ elevation: elevation.id, digest: elevation.askDigest })

type Element = { readonly value?: string; readonly selected?: readonly string[]; readonly moment?: number | null }

const state = (fields: readonly (readonly [block: string, action: string, element: Element])[]) => ({
  values: Object.fromEntries(
    fields.map(([block, action, { value, selected, moment }]) => {
      if (moment !== undefined) return [block, { [action]: { type: 'datetimepicker', selected_date_time: moment } }]
      const options = selected?.map((one) => ({ text: { type: 'plain_text', text: one }, value: one }))
      const element =
        options === undefined ? { value: value ?? null } : { selected_option: options[0] ?? null, selected_options: options }
      return [block, { [action]: element }]
    })
  )
})

/** The form of an ask, filled in. */
export const askView = (typed: Partial<AskInput> = {}, of = typed.target ?? ask.target) => {
  const { target, duration, reason, ticket, tables, columns, startAt } = { ...ask, ...typed }
  const field = (name: AskField, element: Element) =>
    [fieldBlock(name, of), fieldAction(name), element] as const
  return {
    type: 'modal',
    callback_id: callbacks.ask,
    hash: 'h1',
    state: state([
      field('target', { selected: [target] }),
      field('duration', { selected: [duration] }),
      field('startAt', { moment: startAt === undefined ? null : Math.floor(Date.parse(startAt) / 1000) }),
      field('tables', { selected: tables ?? [] }),
      field('columns', { selected: columns ?? [] }),
      field('otherColumns', { value: '' }),
      field('reason', { value: reason }),
      field('ticket', { value: ticket ?? '' })
    ])
  }
}

/** The form of a denial, or of a revocation. */
export const reasonView = (metadata: string, value: string, callback: string = callbacks.deny) => ({
  type: 'modal',
  callback_id: callback,
  private_metadata: metadata,
  state: state([[reasonField.block, reasonField.action, { value }]])
})

/** The form of an extension, filled in. */
export const extendView = (
  metadata: string,
  { duration, reason, ticket = '' }: { readonly duration: string; readonly reason: string; readonly ticket?: string }
) => ({
  type: 'modal',
  callback_id: callbacks.extend,
  private_metadata: metadata,
  state: state([
    [extendFields.duration, extendFields.duration, { selected: duration === '' ? [] : [duration] }],
    [extendFields.reason, extendFields.reason, { value: reason }],
    [extendFields.ticket, extendFields.ticket, { value: ticket }]
  ])
})

export const homeOpened = (user: string) => ({ type: 'app_home_opened', user, tab: 'home', channel: 'D1' })
