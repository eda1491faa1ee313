/**
 * Slack as a channel of the broker: Bolt behind our own route or behind Socket Mode, with the same
 * handlers. Everything is acknowledged first and claimed in the store before anything is done, so
 * what Slack sends twice is done once, by whichever replica. What breaks is told to whoever acted.
 */
import { App, type Context, LogLevel, type Logger as BoltLogger } from '@slack/bolt'
import type { FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import { type ElevationId, type Instant, instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { Seen } from '../ports.ts'
import { brokenWords, wordsMessage } from './answers.ts'
import { type Edge, tell } from './edge.ts'
import { handlers } from './handlers/all.ts'
import type { Handler } from './handlers/handler.ts'
import { readActor } from './payloads.ts'
import {
  type Schedule,
  httpReceiver,
  logFailure,
  seenKey,
  signatureBaseKey
} from './receiver.ts'
import type { Posted, SlackClient } from './slack-client.ts'
import { socketMode } from './socket.ts'

export type SlackSettings = {
  readonly botToken: () => string
  /** one, or two during a rotation; not needed in Socket Mode */
  readonly signingSecrets: readonly (() => string)[]
  /** Socket Mode; null = Slack posts to our route */
  readonly appToken: (() => string) | null
  readonly team: string
  readonly matchEmail: boolean
  readonly apiUrl: string
}

export type SlackAppParts = {
  readonly broker: Broker
  readonly policy: () => Policy
  readonly config: SlackSettings
  readonly consoleUrl: string | null
  readonly client: SlackClient
  readonly seen: Seen
  readonly wake: (elevation: ElevationId, posted?: Posted) => void
  readonly now: () => Instant
  readonly schedule: Schedule
  readonly logger: Logger
}

export type SlackApp = {
  /** the route, for the API's listener; null in Socket Mode */
  readonly plugin: FastifyPluginAsync | null
  readonly start: () => void
  /** Takes nothing more and waits for what is under way. */
  readonly stop: () => Promise<void>
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>
}

/** Throws where the settings have neither a signing secret nor an app token. */
export const makeSlackApp = (parts: SlackAppParts): SlackApp => {
  const { config, logger, schedule, now } = parts
  const { appToken, signingSecrets } = config
  const boltLogger = loggerOf(logger)
  const socket =
    appToken === null
      ? null
      : socketMode({ appToken, apiUrl: config.apiUrl, schedule, logger, boltLogger })
  if (socket === null && signingSecrets.length === 0) throw new Error('no way in from Slack')
  const http = httpReceiver({ secrets: signingSecrets, now, schedule, logger })
  const app = new App({
    receiver: socket?.receiver ?? http,
    // Bolt makes no call of its own: answers go out through our client alone
    authorize: () => Promise.resolve({}),
    convoStore: false,
    ignoreSelf: false,
    logger: boltLogger
  })
  app.error(async (error) => {
    throw error
  })
  const work = underWay()
  const edge = { ...parts, team: config.team, matchEmail: config.matchEmail }
  for (const handler of handlers) handle(app, handler, { edge, seen: parts.seen, work })
  return {
    plugin: socket === null ? http.plugin : null,
    start: () => socket?.start(),
    stop: async () => {
      await socket?.stop()
      await work.idle()
    },
    idle: work.idle
  }
}

type Wiring = {
  readonly edge: Omit<Edge, 'signatureBase'>
  readonly seen: Seen
  readonly work: ReturnType<typeof underWay>
}

type Turn = {
  readonly body: unknown
  readonly context: Context
  readonly ack: (answer?: never) => Promise<void>
}

const handle = (app: App, handler: Handler, wiring: Wiring): void => {
  const { work } = wiring
  const edgeOf = (context: Context): Edge => {
    const base: unknown = context[signatureBaseKey]
    return { ...wiring.edge, signatureBase: typeof base === 'string' ? base : null }
  }
  switch (handler.kind) {
    case 'command':
    case 'shortcut':
    case 'action': {
      const run = ({ ack, body, context }: Pick<Turn, 'ack' | 'body' | 'context'>) =>
        work.add(async () => {
          await ack()
          await once(wiring, { body, context }, () => handler.run(edgeOf(context), body))
        })
      if (handler.kind === 'command') app.command(handler.name, run)
      else if (handler.kind === 'shortcut') app.shortcut(handler.name, run)
      else app.action(handler.name, run)
      return
    }
    case 'event':
      // Bolt has acknowledged it already
      app.event(handler.name, ({ body, context }) =>
        work.add(() => once(wiring, { body, context }, () => handler.run(edgeOf(context), body)))
      )
      return
    case 'form':
      app.view(handler.name, ({ ack, body, context }) =>
        work.add(async () => {
          const { answer, after } = await handler.check(edgeOf(context), body)
          await (answer === null ? ack() : ack(answer))
          if (after !== null) await once(wiring, { body, context }, after)
        })
      )
  }
}

/** Does it where the request was not claimed before; what throws is logged and told in words. */
const once = async (
  { edge, seen }: Wiring,
  { body, context }: Pick<Turn, 'body' | 'context'>,
  run: () => Promise<void>
): Promise<void> => {
  try {
    const key: unknown = context[seenKey]
    if (typeof key !== 'string') throw new Error('a request without a name')
    if (await seen.claim(`slack ${key}`, instant(edge.now() + claimedMilliseconds))) await run()
  } catch (error) {
    logFailure(edge.logger, 'slack_handler_failed', error)
    const actor = readActor(body)
    if (actor !== null) await tell(edge, actor, wordsMessage(brokenWords))
  }
}

/** Longer than a signature is accepted: five minutes after a time five minutes ahead. */
const claimedMilliseconds = 660_000

const underWay = () => {
  const running = new Set<Promise<void>>()
  const idle = async (): Promise<void> => {
    while (running.size > 0) await Promise.allSettled(running)
  }
  const add = (run: () => Promise<void>): Promise<void> => {
    const done = run().finally(() => running.delete(done))
    running.add(done)
    return done
  }
  return { add, idle }
}

/**
 * Bolt's lines hold payloads and tokens at lower levels; here they are warnings and errors only.
 */
const loggerOf = (logger: Logger): BoltLogger => ({
  debug: () => {},
  info: () => {},
  warn: (...words) => logger.warn({ event: 'slack_bolt', message: wordsOf(words) }),
  error: (...words) => logger.error({ event: 'slack_bolt', message: wordsOf(words) }),
  setLevel: () => {},
  getLevel: () => LogLevel.WARN,
  setName: () => {}
})

const wordsOf = (words: readonly unknown[]): string =>
  words
    .flatMap((word) =>
      word instanceof Error ? [word.message] : typeof word === 'string' ? [word] : []
    )
    .join(' ')
    .slice(0, 500)
