/**
 * Socket Mode: the same payloads over a connection that we open, so no public URL is needed and
 * nothing is signed. Bolt's own reconnecting is off, because a Slack that is down would reject a
 * promise nobody holds; here every try is caught, and the next comes later, for ever.
 */
import { createHash } from 'node:crypto'
import { SocketModeReceiver } from '@slack/bolt'
import type { Logger as BoltLogger } from '@slack/bolt'
import type { Logger } from 'pino'
import { type Schedule, logFailure, seenKey } from './receiver.ts'

export type SocketParts = {
  readonly appToken: () => string
  readonly apiUrl: string
  readonly schedule: Schedule
  readonly logger: Logger
  readonly boltLogger: BoltLogger
}

export type Socket = {
  readonly receiver: SocketModeReceiver
  /** Starts connecting; it never rejects and does not wait for Slack. */
  readonly start: () => void
  readonly stop: () => Promise<void>
}

export const socketMode = (parts: SocketParts): Socket => {
  const { schedule, logger } = parts
  const receiver = new SocketModeReceiver({
    appToken: parts.appToken(),
    logger: parts.boltLogger,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: clientOptions(parts) },
    customPropertiesExtractor: (args: {
      readonly body?: unknown
      readonly envelope_id?: unknown
    }) => ({
      [seenKey]: envelopeKey(args.body, args.envelope_id)
    })
  })
  const state = { isStopped: false, failures: 0, callOff: () => {} }
  const connect = (): void => {
    if (state.isStopped) return
    receiver.start().then(
      () => {
        state.failures = 0
        logger.info({ event: 'slack_connected' })
      },
      (error: unknown) => {
        if (!state.isStopped) logFailure(logger, 'slack_not_connected', error)
        later()
      }
    )
  }
  // a try that fails may be told twice, by its promise and by the event: one next try is enough
  const later = (): void => {
    state.callOff()
    const wait = Math.min(longestWait, firstWait * 2 ** state.failures)
    state.failures += 1
    state.callOff = schedule(wait, connect)
  }
  receiver.client.on('disconnected', () => {
    if (!state.isStopped) later()
  })
  return {
    receiver,
    start: connect,
    stop: async () => {
      state.isStopped = true
      state.callOff()
      await receiver.stop()
    }
  }
}

const firstWait = 1000
const longestWait = 60_000

const clientOptions = ({ apiUrl }: SocketParts) => ({
  slackApiUrl: apiUrl,
  timeout: 8000,
  retryConfig: { retries: 0 },
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false
})

/** What Slack sends again keeps its trigger or event id, under another envelope. */
const envelopeKey = (body: unknown, envelope: unknown): string => {
  const { event_id: event, trigger_id: trigger } = isRecord(body) ? body : {}
  const id = [event, trigger, envelope].find((one) => typeof one === 'string')
  return createHash('sha256')
    .update(`socket ${String(id)}`)
    .digest('hex')
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
