/**
 * Problem documents (RFC 9457): everything that is not a success leaves in this form. `type` is
 * the relative reference `/errors#CODE`, kept for ever. What broke inside goes to the log alone.
 */
import type { FastifyError, FastifyReply } from 'fastify'
import { type ProblemCode, problemKinds } from '../broker/refusals.ts'
import type { QueryFault, QueryVerdict, Reason, Refusal } from '../elevation/refusal.ts'

export type ProblemDocument = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ProblemCode
  /** the id of the request, as in the log */
  readonly instance: string
  readonly reasons?: readonly Reason[]
  /** why a query may not run, each with its place */
  readonly refusals?: readonly QueryFault[]
  readonly reads?: QueryVerdict['reads']
}

/** What went wrong, before it has a request to belong to. */
export type Problem = {
  readonly code: ProblemCode
  readonly detail: string
  readonly reasons?: readonly Reason[]
  readonly verdict?: QueryVerdict
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown at the border only, before a verb runs; verbs return their refusals. */
export class BorderError extends Error {
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.code, options)
    this.name = 'BorderError'
    this.problem = problem
  }
}

export const problemType = 'application/problem+json'

/** The whole document, ready to be serialised. */
export const problemDocument = (problem: Problem, instance: string): ProblemDocument => {
  const { status, title } = problemKinds[problem.code]
  const { code, detail, reasons, verdict } = problem
  return {
    type: `/errors#${code}`,
    title,
    status,
    detail,
    code,
    instance,
    ...(reasons === undefined ? {} : { reasons }),
    ...(verdict === undefined ? {} : { refusals: verdict.refusals, reads: verdict.reads })
  }
}

/** Answers with the problem, never cacheable, with `Retry-After` where trying again can help. */
export const sendProblem = (reply: FastifyReply, problem: Problem): FastifyReply => {
  const document = problemDocument(problem, reply.request.id)
  const wait = retryAfterSeconds(problem.code)
  if (wait !== null) reply.header('retry-after', String(wait))
  reply.headers({ 'cache-control': 'no-store', ...problem.headers })
  // bytes, because a text gets a charset parameter, which this media type does not have
  const bytes = Buffer.from(JSON.stringify(document))
  return reply.code(document.status).type(problemType).send(bytes)
}

/** A verb's refusal in words for the caller. */
export const refusalProblem = ({ message, ...rest }: Refusal): Problem => ({
  ...rest,
  detail: message
})

/** Maps whatever was thrown to what the caller may know; nothing of an unknown error is in it. */
export const thrownProblem = (error: unknown): Problem => {
  if (error instanceof BorderError) return error.problem
  if (!(error instanceof Error)) return internal
  if (storeErrors.has(error.name)) {
    return { code: 'ledger_unavailable', detail: 'Nothing was done. Try again shortly.' }
  }
  return frameworkProblem(error)
}

/** Seconds after which the same request may succeed; null = repeating it does not help. */
export const retryAfterSeconds = (code: ProblemCode): number | null => {
  const { status } = problemKinds[code]
  return status === 503 ? 5 : null
}

/** The store and the ledger throw these when they cannot write in time. */
const storeErrors = new Set(['StoreError', 'TimeoutError', 'AbortError'])

const internal: Problem = {
  code: 'internal',
  detail: 'The log of the broker has the cause under this instance.'
}

const nothingHere: Problem = { code: 'not_found', detail: 'There is nothing here.' }

const frameworkProblems: ReadonlyMap<string, Problem> = new Map<string, Problem>([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    { code: 'body_too_large', detail: 'At most 16 KiB, with a query 516, from Slack 100.' }
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    { code: 'unsupported_media_type', detail: 'Send application/json.' }
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    { code: 'invalid_body', detail: 'The body is not as long as it says.' }
  ],
  ['FST_ERR_BAD_URL', nothingHere],
  ['FST_ERR_MAX_PARAM_LENGTH', nothingHere]
])

const frameworkProblem = (error: Error & Partial<FastifyError>): Problem => {
  if (error.validation !== undefined) return schemaProblem(error)
  const known = frameworkProblems.get(error.code ?? '')
  if (known !== undefined) return known
  const { statusCode = 500 } = error
  if (statusCode >= 400 && statusCode < 500) {
    return { code: 'invalid_request', detail: 'The request cannot be read.' }
  }
  return internal
}

const schemaProblem = (error: Partial<FastifyError>): Problem => {
  const context = error.validationContext ?? 'body'
  const reasons = (error.validation ?? []).map(({ instancePath, params, message }): Reason => {
    const extra = params['additionalProperty'] ?? params['missingProperty']
    const last = typeof extra === 'string' ? `/${extra.slice(0, 64)}` : ''
    const condition = `${context}${instancePath}${last}`
    return { outcome: 'unmet', rule: null, condition, message: message ?? 'is not accepted' }
  })
  const detail = `See reasons: each names its place in the ${context}.`
  return { code: context === 'body' ? 'invalid_body' : 'invalid_request', detail, reasons }
}
