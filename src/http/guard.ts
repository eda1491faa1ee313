/**
 * What every request passes before its body is read, in this order: not while closing, one
 * spelling of the path, bearer token, directory, limits, no compressed body. Default deny: a
 * request to a route of access `person` goes on only with a person.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { isCanonicalPath, personOf, setCaller } from './access.ts'
import type { Auth } from './auth.ts'
import { securityHeaders } from './headers.ts'
import { BorderError, refusalProblem } from './problem.ts'

export type GuardParts = {
  readonly broker: Broker
  readonly auth: Auth
  /** requests of one person, per minute */
  readonly perPerson: number
  /**
   * per minute and address: requests without a valid token. Those with one are limited by person
   * only, so that a stranger cannot lock out everybody behind the same proxy.
   */
  readonly perAddress: number
  /** why the ledger is held back; nothing but its acceptance is served then */
  readonly held?: () => string | null
}

/** Installs the hooks. Register `@fastify/rate-limit` (global: false) before. */
export const guard = (app: FastifyInstance, parts: GuardParts): void => {
  const timeWindow = 60_000
  const strangers = app.createRateLimit({ max: parts.perAddress, timeWindow })
  const senders = app.createRateLimit({ max: parts.perAddress * 10, timeWindow })
  const people = app.createRateLimit({
    max: parts.perPerson,
    timeWindow,
    keyGenerator: (request) => personOf(request)
  })
  const limit = async (by: typeof people, request: FastifyRequest): Promise<void> => {
    const found = await by(request)
    if (!found.isAllowed && found.isExceeded) throw tooMany(found.ttlInSeconds)
  }
  let isClosing = false

  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders)
    if (isClosing) {
      reply.header('connection', 'close')
      throw new BorderError({ code: 'shutting_down', detail: 'Try again shortly.' })
    }
    const { url = '', config } = request.routeOptions
    const why = parts.held?.() ?? null
    if (why !== null && config.servedWhileHeld !== true) throw heldError(why)
    if (request.is404) return limit(strangers, request)
    if (!isCanonicalPath(request.url, url)) {
      await limit(strangers, request)
      throw new BorderError({ code: 'not_found', detail: 'The path is spelled another way.' })
    }
    if (config.access === 'public') return limit(strangers, request)
    // all of them come from few addresses, or from one where a proxy stands in front
    if (config.access === 'signed' || config.access === 'session') return limit(senders, request)
    const bearer = await parts.auth(request.headers.authorization)
    if (!bearer.ok) {
      await limit(strangers, request)
      throw tokenError(bearer)
    }
    const person = parts.broker.identify(bearer.subject)
    if (!person.ok) {
      await limit(strangers, request)
      throw new BorderError(refusalProblem(person.refusal))
    }
    setCaller(request, {
      person: person.value,
      presence: { via: 'cli', ...bearer.signIn }
    })
    await limit(people, request)
    refuseCompressed(request)
  })
}

const heldError = (why: string): BorderError => {
  const next = 'An operator finds out why, and restores the right data or accepts this'
  const detail = `It is held back: ${why}. ${next}: sallyport ledger accept-restore --reason …`
  return new BorderError({ code: 'ledger_restored', detail })
}

const refuseCompressed = ({ headers }: FastifyRequest): void => {
  if (headers['content-encoding'] === undefined) return
  throw new BorderError({ code: 'unsupported_media_type', detail: 'Send it uncompressed.' })
}

const tooMany = (seconds: number): BorderError =>
  new BorderError({
    code: 'too_many_requests',
    detail: 'Wait as long as Retry-After says.',
    headers: { 'retry-after': String(Math.max(1, seconds)) }
  })

/** RFC 6750 section 3. */
const tokenError = (bearer: Exclude<Awaited<ReturnType<Auth>>, { ok: true }>): Error => {
  if (bearer.code === 'idp_unavailable') {
    const detail = 'Your token cannot be checked now. Try again shortly.'
    return new BorderError({ code: 'idp_unavailable', detail }, { cause: bearer.cause })
  }
  const { error, detail } = bearer
  const why = error === null ? '' : `, error="${error}", error_description="${detail}"`
  const headers = { 'www-authenticate': `Bearer realm="sallyport"${why}` }
  return new BorderError({ code: 'unauthenticated', detail, headers })
}
