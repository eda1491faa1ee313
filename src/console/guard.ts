/**
 * What every request of the console passes: the session of its cookie, that its person is still in
 * the directory, their rate, and for everything that is sent, that our own page sent it: the
 * session's token in the form, and the browser's word on where the request comes from.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { ConsoleSessions } from '../ports-console.ts'
import { type Cookies, csrfOf, digestOf, isSame, secretIn } from './cookie.ts'
import { PageError } from './failure.ts'
import { fieldsOf } from './form.ts'
import { consoleHeaders } from './headers.ts'
import { type Viewer, knownViewer, rolesOf } from './viewer.ts'

export type GuardParts = {
  readonly broker: Broker
  readonly policy: () => Policy
  readonly sessions: ConsoleSessions
  readonly cookies: Cookies
  /** scheme, host and port as browsers see them */
  readonly origin: string
  readonly now: () => Instant
  /** requests of one person, per minute: for pages, and for files that a page's script fetches */
  readonly perPerson: { readonly pages: number; readonly files: number }
}

export const idleMilliseconds = 30 * 60_000
export const longestMilliseconds = 8 * 3_600_000

/** Installs the hooks; `viewer` must have been decorated. */
export const guard = (app: FastifyInstance, parts: GuardParts): void => {
  const limited = (max: number) =>
    app.createRateLimit({
      max,
      timeWindow: 60_000,
      keyGenerator: (request) => knownViewer(request)?.caller.person ?? ''
    })
  const [pages, files] = [limited(parts.perPerson.pages), limited(parts.perPerson.files)]
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(consoleHeaders)
    const viewer = await viewerIn(request, parts)
    if (viewer !== null) {
      request.setDecorator('viewer', viewer)
      // the one line of the log says who it was
      request.setDecorator('caller', viewer.caller)
      const found = await (request.routeOptions.config.isForPrograms ? files : pages)(request)
      if (!found.isAllowed && found.isExceeded) throw new PageError('too_many_requests')
      return
    }
    const { isForAnybody } = request.routeOptions.config
    if (isForAnybody !== true && !request.is404 && request.method !== 'POST') {
      throw new PageError('unauthenticated')
    }
  })
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'POST' || request.is404) return
    if (!isFromUs(request, parts.origin)) throw new PageError('invalid_request', otherSite)
    const viewer = knownViewer(request)
    // what was typed is shown again, so it has to be read first
    if (viewer === null) throw new PageError('unauthenticated')
    if (!isSame(fieldsOf(request).one('csrf'), viewer.csrf)) {
      throw new PageError('invalid_request', oldForm)
    }
  })
}

const otherSite = 'It did not come from a page of this console.'
const oldForm = 'The form is of another session. Load the page again, then send it.'

const viewerIn = async (request: FastifyRequest, parts: GuardParts): Promise<Viewer | null> => {
  const secret = secretIn(request, parts.cookies.session)
  if (secret === null) return null
  const now = parts.now()
  const digest = digestOf(secret)
  const session = await parts.sessions.use(digest, now, instant(now + idleMilliseconds))
  if (session === null) return null
  const person = parts.broker.identify(session.subject)
  // the directory may have changed since; whoever is somebody else by now signs in again
  if (!person.ok || person.value !== session.person) return null
  const { authAt, acr, amr } = session
  return {
    caller: { person: person.value, presence: { via: 'console', authAt, acr, amr } },
    roles: rolesOf(parts.policy(), person.value),
    csrf: csrfOf(secret),
    session: digest
  }
}

/**
 * Fetch Metadata where the browser sends it, and its Origin: one of them at least. Pages send no
 * referrer, so that the Origin of a form is `null`; that alone says nothing.
 */
const isFromUs = ({ headers }: FastifyRequest, origin: string): boolean => {
  const site = headers['sec-fetch-site']
  const from = headers.origin
  if (site !== undefined && site !== 'same-origin') return false
  if (from !== undefined && from !== 'null') return from === origin
  return site === 'same-origin'
}
