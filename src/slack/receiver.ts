/**
 * Slack's requests on one Fastify route. Order: size, no compression, signature over the raw bytes,
 * then parsing, then Bolt. The same signed bytes are dispatched once: whoever sends them again gets
 * the first answer. Who has not been acknowledged after 2.8 s gets 503, since Slack hangs up at 3.
 */
import type { App, Receiver } from '@slack/bolt'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Instant } from '../elevation/ids.ts'
import { readRequest } from './request.ts'
import { type Verified, verifySigned } from './signature.ts'

export const route = '/slack/events'
export const bodyLimitBytes = 102_400
export const ackMilliseconds = 2800

/** Runs it after so many milliseconds; the function returned calls it off. */
export type Schedule = (milliseconds: number, run: () => void) => () => void

export type ReceiverParts = {
  readonly secrets: readonly (() => string)[]
  readonly now: () => Instant
  readonly schedule: Schedule
  readonly logger: Logger
}

export type SlackReceiver = Receiver & { readonly plugin: FastifyPluginAsync }

/** The name of a request, under which it is claimed before anything is done about it. */
export const seenKey = 'sallyportSeen'
/** What Slack signed, as a vote's entry names it; only of requests that came signed. */
export const signatureBaseKey = 'sallyportSignatureBase'

type Answer = { readonly status: number; readonly body: unknown }
type Dispatch = (body: Record<string, unknown>, signed: Verified) => Promise<Answer>

/** A receiver for Bolt and the plugin that feeds it. */
export const httpReceiver = (parts: ReceiverParts): SlackReceiver => {
  const bound: { app: App | null } = { app: null }
  const dispatch: Dispatch = (body, signed) => {
    const { app } = bound
    return app === null ? Promise.resolve(unavailable) : dispatchTo(app, parts, { body, signed })
  }
  return {
    init: (app) => {
      bound.app = app
    },
    start: () => Promise.resolve(null),
    stop: () => Promise.resolve(null),
    plugin: pluginOf(parts, dispatch)
  }
}

const unavailable: Answer = { status: 503, body: null }

const pluginOf = (parts: ReceiverParts, dispatch: Dispatch): FastifyPluginAsync => {
  const answered = firstAnswers(parts.now)
  return async (app) => {
    readBytes(app)
    app.addHook('onRequest', async (request, reply) => {
      if (request.headers['content-encoding'] !== undefined) return reply.code(415).send()
      return undefined
    })
    app.post(
      route,
      { config: { access: 'signed' }, schema: { hide: true }, bodyLimit: bodyLimitBytes },
      async (request, reply) => {
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const signed = verify(parts, request, bytes)
        if (signed === null) return reply.code(401).send()
        const read = readRequest(request.headers['content-type'], bytes)
        switch (read.kind) {
          case 'unreadable':
            return reply.code(400).send()
          case 'ssl_check':
            return reply.code(200).send()
          case 'challenge':
            return reply.code(200).send({ challenge: read.challenge })
          case 'dispatch':
            return send(reply, await answered(signed.key, () => dispatch(read.body, signed)))
        }
      }
    )
  }
}

/** Every media type as bytes: the signature is over these, and their type is read after it. */
const readBytes = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
}

const verify = (
  { secrets, now }: ReceiverParts,
  { headers }: FastifyRequest,
  body: Uint8Array
): Verified | null =>
  verifySigned({
    secrets,
    timestamp: headers['x-slack-request-timestamp'],
    signature: headers['x-slack-signature'],
    body,
    now: now()
  })

const send = (reply: FastifyReply, { status, body }: Answer): FastifyReply => {
  const isNothing = body === null || body === undefined || body === ''
  return reply.code(status).send(isNothing ? undefined : body)
}

const dispatchTo = (
  app: App,
  { schedule, logger }: ReceiverParts,
  { body, signed }: { readonly body: Record<string, unknown>; readonly signed: Verified }
): Promise<Answer> =>
  new Promise((resolve) => {
    const callOff = schedule(ackMilliseconds, () => resolve(unavailable))
    const answer = (status: number, with_: unknown): void => {
      callOff()
      resolve({ status, body: with_ })
    }
    const ack = async (response?: unknown): Promise<void> => answer(200, response)
    const customProperties = {
      [seenKey]: signed.key,
      [signatureBaseKey]: signed.signatureBase
    }
    app.processEvent({ body, ack, customProperties }).then(
      // only the first answer counts: this one is for what nobody has a handler for
      () => answer(404, null),
      (error: unknown) => {
        logFailure(logger, 'slack_dispatch_failed', error)
        answer(500, null)
      }
    )
  })

/**
 * Answers by key, the first one for everybody who asks meanwhile or later. Remembered a little
 * longer than a signature is accepted; the store, not this, keeps a body from running twice.
 */
const firstAnswers = (now: () => Instant) => {
  const known = new Map<string, { readonly at: Instant; readonly answer: Promise<Answer> }>()
  return (key: string, make: () => Promise<Answer>): Promise<Answer> => {
    const at = now()
    for (const [old, entry] of known) {
      if (at - entry.at <= remembered && known.size < mostRemembered) break
      known.delete(old)
    }
    const before = known.get(key)
    if (before !== undefined) return before.answer
    const answer = make()
    known.set(key, { at, answer })
    return answer
  }
}

const remembered = 660_000
const mostRemembered = 10_000

/** Name and message of what broke; never the members an error may carry. */
export const logFailure = (logger: Logger, event: string, error: unknown): void => {
  const { name, message } = error instanceof Error ? error : new Error('not an error')
  logger.error({ event, name, message })
}
