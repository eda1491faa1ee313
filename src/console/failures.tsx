/**
 * Where everything thrown ends: a page that says what happened and what to do, the cause for the
 * log, and one ledger entry where a known person was refused before a verb ran. Who has no session
 * is sent to sign in and comes back; what they had typed is shown, since it cannot be sent any
 * more.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { VNode } from 'preact'
import type { Broker } from '../broker/broker.ts'
import { type ProblemCode, problemKinds } from '../broker/refusals.ts'
import { parseElevationId } from '../elevation/ids.ts'
import { PageError } from './failure.ts'
import { fieldsOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { consoleHeaders } from './headers.ts'
import { signInPath } from './paths.ts'
import { knownViewer } from './viewer.ts'
import { audit } from './words-audit.ts'
import { work } from './words-work.ts'
import { words } from './words.ts'

/** Installs the handlers of errors and of paths that are nothing. */
export const failures = (app: FastifyInstance, broker: Broker): void => {
  app.setErrorHandler(async (error, request, reply) => {
    reply.headers(consoleHeaders)
    const { code, detail } = pageErrorOf(error)
    const { status } = problemKinds[code]
    if (status >= 500) logCause(request, code, error)
    await record(broker, request, code)
    if (status === 503 || status === 429) reply.header('retry-after', '5')
    if (code === 'unauthenticated') return signInFirst(request, reply)
    return sendFailure(reply.code(status), request, { code, detail })
  })
  app.setNotFoundHandler((request, reply) => {
    reply.headers(consoleHeaders)
    return sendFailure(reply.code(404), request, { code: 'not_found', detail: null })
  })
}

type Shown = { readonly code: ProblemCode; readonly detail: string | null }

const sendFailure = (
  reply: FastifyReply,
  request: FastifyRequest,
  { code, detail }: Shown
): FastifyReply => {
  const said = words.failures[code] ?? { title: problemKinds[code].title, next: words.failed.next }
  return sendPage(reply, {
    title: said.title,
    viewer: knownViewer(request),
    // what was only looked at is looked at again by itself
    ...(request.method === 'GET' && problemKinds[code].status === 503 ? { again: 5000 } : {}),
    body: (
      <section class="card failure">
        {detail === null ? null : <p>{detail}</p>}
        <p>{said.next}</p>
        <p>
          <a class="button" href="/console">
            {words.failed.home}
          </a>
        </p>
        <p class="quiet">
          {words.failed.reference} <code>{request.id}</code>
        </p>
      </section>
    )
  })
}

const signInFirst = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const wantsPage = request.headers.accept?.includes('text/html') ?? true
  if (request.method === 'GET' && wantsPage) return reply.redirect(signInPath(request.url), 303)
  const typed = fieldsOf(request)
    .typed()
    .filter(([name, value]) => value !== '' && !carried.has(name))
  return sendPage(reply.code(401), {
    title: words.signIn.over,
    viewer: null,
    body: (
      <section class="card failure">
        <p>{words.signIn.overNext}</p>
        <p>
          <a class="button primary" href={signInPath(backOf(request))}>
            {words.signIn.again}
          </a>
        </p>
        {typed.length === 0 ? null : <Typed fields={typed} />}
      </section>
    )
  })
}

/** Fields that our pages put there, not people. */
const carried: ReadonlySet<string> = new Set(['once', 'digest', 'session'])

const Typed = ({ fields }: { readonly fields: readonly (readonly [string, string])[] }): VNode => (
  <>
    <h2>{words.signIn.typed}</h2>
    <dl class="facts">
      {fields.map(([name, value], n) => (
        <div key={n}>
          <dt>{labels.get(name) ?? name}</dt>
          <dd class="said">{value}</dd>
        </div>
      ))}
    </dl>
  </>
)

const labels: ReadonlyMap<string, string> = new Map([
  ['target', audit.ledger.target],
  ['duration', work.ask.duration],
  ['reason', work.ask.reason],
  ['ticket', work.ask.ticket],
  ['tables', work.ask.tables],
  ['startAt', work.ask.startAt],
  ['sql', work.ask.sqlLabel]
])

/** The page of a form is where its action is, or above it. */
const backOf = ({ url }: FastifyRequest): string => {
  const [path = ''] = url.split('?', 1)
  const elevation = /^\/console\/elevations\/[^/]+/.exec(path)?.[0]
  if (elevation !== undefined) return elevation
  return path.startsWith('/console/ask') ? '/console/ask' : '/console'
}

const pageErrorOf = (error: unknown): Shown => {
  if (error instanceof PageError) return error
  if (!(error instanceof Error)) return { code: 'internal', detail: null }
  // what the listener itself refuses before a page is reached, such as while it closes
  if ('problem' in error && isProblem(error.problem)) {
    const { code, detail } = error.problem
    return { code, detail }
  }
  if (['StoreError', 'TimeoutError', 'AbortError'].includes(error.name)) {
    return { code: 'ledger_unavailable', detail: null }
  }
  const status = 'statusCode' in error ? error.statusCode : 500
  if (status === 413) return { code: 'body_too_large', detail: null }
  if (status === 415) return { code: 'unsupported_media_type', detail: null }
  return typeof status === 'number' && status >= 400 && status < 500
    ? { code: 'invalid_request', detail: null }
    : { code: 'internal', detail: null }
}

const isProblem = (
  value: unknown
): value is { readonly code: ProblemCode; readonly detail: string } =>
  typeof value === 'object' &&
  value !== null &&
  'code' in value &&
  'detail' in value &&
  typeof value.detail === 'string' &&
  typeof value.code === 'string' &&
  Object.hasOwn(problemKinds, value.code)

/** As the API does it: not a flood of requests, and nothing of what was not the person's doing. */
const record = async (
  broker: Broker,
  request: FastifyRequest,
  code: ProblemCode
): Promise<void> => {
  const viewer = knownViewer(request)
  if (viewer === null || problemKinds[code].status >= 500) return
  if (code === 'too_many_requests' || code === 'not_found') return
  const { params } = request
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : null
  const elevation = typeof id === 'string' ? parseElevationId(id) : null
  await broker.refused(viewer.caller.person, { verb: 'console', elevation, code })
}

const logCause = (request: FastifyRequest, code: ProblemCode, error: unknown): void => {
  const causes: object[] = []
  for (let at = error; at instanceof Error && causes.length < 5; at = at.cause) {
    causes.push({ name: at.name, message: at.message, stack: at.stack })
  }
  request.log.error({ event: 'console_failed', code, causes })
}
