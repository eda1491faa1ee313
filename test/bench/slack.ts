/**
 * Slack's two waits: how soon a click is acknowledged while the store takes a second for everything,
 * and how long App Home takes with 1,000 asks waiting. Slack is a fixture on 127.0.0.1.
 */
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pino } from 'pino'
import { readConfig } from '../../src/config.ts'
import { instant } from '../../src/elevation/ids.ts'
import { buildApp } from '../../src/http/app.ts'
import { startBroker } from '../../src/main.ts'
import { makeSlackApp } from '../../src/slack/app.ts'
import { actions, printHandle } from '../../src/slack/names.ts'
import { makeSlackClient } from '../../src/slack/slack-client.ts'
import { openStore } from '../../src/store/open.ts'
import { memoryBroker } from '../fakes/memory-broker.ts'
import { fixtureToken, startSlackApi } from '../fakes/slack-api.ts'
import { idOf, pending, person, target } from '../fixtures-elevation.ts'
import { type Figure, rounded } from './figures.ts'

const team = 'T0ACME'
const secret = '8f742231b10e8888abcd99yyyzzz85a5'
const clicks = 200
const waiting = 1000
const logger = pino({ level: 'silent' })

const signed = (body: string, type: string) => {
  const at = Math.floor(Date.now() / 1000)
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')
  return {
    'content-type': type,
    'x-slack-request-timestamp': String(at),
    'x-slack-signature': `v0=${signature}`
  }
}

const slackHere = () =>
  startSlackApi({ team, users: { U0BOB: {}, U0ALICE: {} }, channels: ['C0ASKS'] })

const ack = async (): Promise<Figure> => {
  const api = await slackHere()
  const now = () => instant(Date.now())
  const { broker } = memoryBroker(now)
  const slack = makeSlackApp({
    broker,
    policy: () => {
      throw new Error('not before the store has answered')
    },
    config: {
      botToken: () => fixtureToken,
      signingSecrets: [() => secret],
      appToken: null,
      team,
      matchEmail: false,
      apiUrl: api.url
    },
    consoleUrl: null,
    client: makeSlackClient({ token: fixtureToken, apiUrl: api.url }),
    seen: { claim: () => wait(1000, false) },
    wake: () => {},
    now,
    schedule: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds)
      return () => clearTimeout(timer)
    },
    logger
  })
  const app = await buildApp({
    broker,
    auth: async () => ({ ok: false, code: 'unauthenticated', error: null, detail: 'none' }),
    logger,
    requestId: () => randomUUID(),
    limits: { perAddress: 100_000 },
    ...(slack.plugin ? { slack: slack.plugin } : {})
  })
  const value = printHandle({ elevation: idOf(1), digest: `sha256:${'0'.repeat(64)}` })
  const click = async (n: number): Promise<number> => {
    await wait(n * 10)
    const payload = new URLSearchParams({
      payload: JSON.stringify({
        type: 'block_actions',
        user: { id: 'U0BOB' },
        team: { id: team },
        trigger_id: `1.${n}`,
        channel: { id: 'C0ASKS' },
        actions: [{ type: 'button', action_id: actions.approve, block_id: 'b', action_ts: `${n}`, value }]
      })
    }).toString()
    const began = performance.now()
    const headers = signed(payload, 'application/x-www-form-urlencoded')
    const answer = await app.inject({ method: 'POST', url: '/slack/events', payload, headers })
    if (answer.statusCode !== 200) throw new Error(`a click was answered ${answer.statusCode}`)
    return performance.now() - began
  }
  const times = await Promise.all(Array.from({ length: clicks }, (_, n) => click(n)))
  await slack.stop()
  await app.close()
  await api.close()
  const p99 = rounded(times.toSorted((a, b) => a - b)[Math.floor(clicks * 0.99)] ?? Number.NaN, 1)
  return { figure: 'slack_ack_p99_store_slow_by_1s', value: p99, unit: 'ms', target: '<= 200', ok: p99 <= 200 }
}

const home = async (): Promise<Figure> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-slack-bench-'))
  const store = await openStore({ folder: join(folder, 'data') })
  for (let n = 0; n < waiting; n += 1) {
    const requester = person(n % 2 ? 'alice' : 'dave')
    const one = pending(idOf(n), { requester, target: target('claims-pii') })
    const decideBy = instant(Date.now() + 3_600_000)
    await store.commit({ elevation: { ...one, decideBy }, expectedVersion: null, entries: [] })
  }
  await store.close()
  const api = await slackHere()
  const read = readConfig({
    SALLYPORT_PORT: '0',
    SALLYPORT_OPS_PORT: '0',
    SALLYPORT_DATA_DIR: join(folder, 'data'),
    SALLYPORT_POLICIES: new URL('../../policies', import.meta.url).pathname,
    SALLYPORT_OIDC_ISSUER: 'http://127.0.0.1:1',
    SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport-broker',
    SALLYPORT_SLACK_BOT_TOKEN: fixtureToken,
    SALLYPORT_SLACK_SIGNING_SECRET: secret,
    SALLYPORT_SLACK_TEAM: team,
    SALLYPORT_SLACK_API_URL: api.url,
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1'
  })
  if (!read.ok) throw new Error(read.problems.join('; '))
  const broker = await startBroker(read.config, { logger })
  const shown = () => api.calls.filter(({ method }) => method === 'views.publish').length
  const times: number[] = []
  for (let n = 0; n < 7; n += 1) {
    const before = shown()
    const body = JSON.stringify({
      type: 'event_callback',
      team_id: team,
      event_id: `Ev${n}`,
      event: { type: 'app_home_opened', user: 'U0BOB', tab: 'home', channel: 'D0BOB' }
    })
    const began = performance.now()
    const headers = signed(body, 'application/json')
    const answer = await fetch(`${broker.url}/slack/events`, { method: 'POST', body, headers })
    if (!answer.ok) throw new Error(`the event was answered ${answer.status}`)
    while (shown() === before) await wait(2)
    times.push(performance.now() - began)
  }
  await broker.close()
  await api.close()
  rmSync(folder, { recursive: true })
  const worst = rounded(Math.max(...times.slice(1)), 0)
  return {
    figure: 'slack_home_with_1000_waiting',
    value: worst,
    unit: 'ms',
    target: '<= 500',
    ok: worst <= 500,
    beside: { firstMs: rounded(times[0] ?? Number.NaN, 0) }
  }
}

export const slackFigures = async (): Promise<readonly Figure[]> => [await ack(), await home()]
