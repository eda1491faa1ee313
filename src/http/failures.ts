/**
 * Where everything thrown ends: one problem document for the caller, the cause for the log, and one
 * ledger entry where a known person was refused before a verb ran. A refusal that cannot be
 * recorded is answered as `ledger_unavailable`. Too many requests are not recorded: a flood of
 * refusals must not become a flood of entries.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { problemKinds } from '../broker/refusals.ts'
import { parseElevationId } from '../elevation/ids.ts'
import { knownPerson } from './access.ts'
import type { Meters } from './meters.ts'
import {
  type Problem,
  problemDocument,
  problemType,
  sendProblem,
  thrownProblem
} from './problem.ts'

/** Installs the error and not-found handlers and the one log line, and count, of every request. */
export const failures = (
  app: FastifyInstance,
  { broker, answered }: { readonly broker: Broker; readonly answered?: Meters['answered'] }
): void => {
  app.setErrorHandler((error, request, reply) => fail(broker, error, { request, reply }))
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, { code: 'not_found', detail: 'There is nothing here. /openapi.json lists.' })
  )
  app.addHook('onResponse', async (request, reply) => {
    answered?.({
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000
    })
    request.log.info({
      event: 'http_request',
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      person: knownPerson(request)
    })
  })
}

/** For what the router refuses before any hook, such as a path that cannot be decoded. */
export const failFramework = (
  error: Error,
  _request: FastifyRequest,
  reply: FastifyReply
): FastifyReply => sendProblem(reply, thrownProblem(error))

/** For what is not HTTP enough to become a request: the answer is written on the socket. */
export const failRaw = (requestId: () => string) => (error: Error, socket: Socket): void => {
  if (!socket.writable || socket.destroyed) return
  const document = problemDocument(rawProblem(error), requestId())
  const body = JSON.stringify(document)
  const head = [
    `HTTP/1.1 ${document.status} ${document.code}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'Connection: close'
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply }

const fail = async (broker: Broker, error: unknown, exchange: Exchange): Promise<FastifyReply> => {
  const { request, reply } = exchange
  const problem = thrownProblem(error)
  if (problemKinds[problem.code].status >= 500) logCause(request, problem, error)
  try {
    await record(broker, request, problem)
  } catch (unrecorded) {
    const instead = thrownProblem(unrecorded)
    logCause(request, instead, unrecorded)
    return sendProblem(reply, instead)
  }
  return sendProblem(reply, problem)
}

const record = async (broker: Broker, request: FastifyRequest, problem: Problem): Promise<void> => {
  const person = knownPerson(request)
  const { code } = problem
  if (person === null || problemKinds[code].status >= 500 || code === 'too_many_requests') return
  const { params } = request
  const id = typeof params === 'object' && params !== null && 'id' in params ? params.id : null
  const elevation = typeof id === 'string' ? parseElevationId(id) : null
  const verb = request.routeOptions.config.verb ?? 'unknown'
  await broker.refused(person, { verb, elevation, code })
}

const logCause = (request: FastifyRequest, { code }: Problem, error: unknown): void =>
  request.log.error({ event: 'http_failed', code, causes: causes(error) })

/** Names, messages and stacks along the chain; never the other members an error may carry. */
const causes = (error: unknown): readonly object[] => {
  const found: object[] = []
  for (let at = error; at instanceof Error && found.length < 5; at = at.cause) {
    found.push({ name: at.name, message: at.message, stack: at.stack })
  }
  return found
}

const rawProblem = (error: Error): Problem => {
  const code = 'code' in error ? error.code : null
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 'headers_too_large', detail: 'Header fields have at most 16 KiB.' }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'request_timeout', detail: 'Send header fields and body without a pause.' }
  }
  return { code: 'invalid_request', detail: 'The request is not HTTP/1.1.' }
}
