/** What every route file is given, and how a verb's result becomes an answer. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import type { Result } from '../elevation/refusal.ts'
import type { SchemaTypes } from './documents.ts'
import { refusalProblem, sendProblem } from './problem.ts'

export type App = ReturnType<typeof withSchemaTypes>

export type RouteParts = {
  readonly app: App
  readonly broker: Broker
}

/** The same app; its handlers see the types of their route's schemas. */
export const withSchemaTypes = (app: FastifyInstance) => app.withTypeProvider<SchemaTypes>()

/**
 * The value rendered, or the refusal as a problem. The verb has put a refusal of a known person in
 * the ledger itself; nothing is recorded here.
 */
export const answer = <T>(
  reply: FastifyReply,
  result: Result<T>,
  render: (value: T) => unknown
): FastifyReply =>
  result.ok ? reply.send(render(result.value)) : sendProblem(reply, refusalProblem(result.refusal))

/** For routes whose body may be left out: absent is the same as `{}`. */
export const bodyMayBeAbsent = (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: () => void
): void => {
  request.body ??= {}
  done()
}
