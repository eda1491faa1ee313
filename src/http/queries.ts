/**
 * Queries of a brokered elevation: start, look, stop, and the check that runs nothing. A refusal of
 * the guard is the problem `query_refused` with `refusals` and `reads`. All of it is the
 * requester's alone; for anybody else there is no such elevation.
 */
import { iso } from '../elevation/ids.ts'
import type { QueryVerdict } from '../elevation/refusal.ts'
import type { QueryStatus } from '../broker/query-verbs.ts'
import { callerOf, personOf } from './access.ts'
import { ElevationParams, EmptyBody, SubmitHeaders } from './documents.ts'
import { refusalProblem, sendProblem } from './problem.ts'
import {
  CheckBody,
  QueryBody,
  QueryParams,
  StartedSchema,
  StatusSchema,
  VerdictSchema,
  queryBodyBytes
} from './query-documents.ts'
import { resultRoutes } from './query-results.ts'
import { type RouteParts, answer, bodyMayBeAbsent } from './route.ts'

export const queryRoutes = (parts: RouteParts): void => {
  startRoute(parts)
  lookRoutes(parts)
  resultRoutes(parts)
  checkRoute(parts)
}

const startRoute = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/elevations/:id/queries',
    {
      config: { access: 'person', verb: 'query' },
      bodyLimit: queryBodyBytes,
      schema: {
        summary: 'Checks a query and runs exactly its text; starts the window where it is approved',
        params: ElevationParams,
        headers: SubmitHeaders,
        body: QueryBody,
        response: { 202: StartedSchema }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const { sql } = request.body
      const clientToken = request.headers['idempotency-key']
      const asked = clientToken === undefined ? { sql } : { sql, clientToken }
      const result = await broker.query(callerOf(request), id, asked)
      if (!result.ok) return sendProblem(reply, refusalProblem(result.refusal))
      const { id: query, state, verdict, isReplay } = result.value
      if (isReplay) reply.header('idempotent-replay', 'true')
      reply.header('location', `/v1/elevations/${id}/queries/${query}`)
      return reply.code(202).send({ id: query, state, reads: verdict.reads })
    }
  )
}

const lookRoutes = ({ app, broker }: RouteParts): void => {
  app.get(
    '/v1/elevations/:id/queries/:qid',
    {
      config: { access: 'person', verb: 'queryStatus' },
      schema: {
        summary: 'How far a query is, what it has scanned, how it ended',
        params: QueryParams,
        response: { 200: StatusSchema }
      }
    },
    async (request, reply) => {
      const { id, qid } = request.params
      return answer(reply, await broker.queryStatus(personOf(request), id, qid), statusDocument)
    }
  )

  app.post(
    '/v1/elevations/:id/queries/:qid/stop',
    {
      config: { access: 'person', verb: 'stopQuery' },
      preValidation: bodyMayBeAbsent,
      schema: {
        summary: 'Stops it where it runs; how it was left',
        params: QueryParams,
        body: EmptyBody,
        response: { 200: StatusSchema }
      }
    },
    async (request, reply) => {
      const { id, qid } = request.params
      return answer(reply, await broker.stopQuery(personOf(request), id, qid), statusDocument)
    }
  )
}

const checkRoute = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/check-query',
    {
      config: { access: 'person', verb: 'checkQuery' },
      bodyLimit: queryBodyBytes,
      schema: {
        summary:
          'Whether a query could run, of an elevation or of a target; nothing is run or kept',
        body: CheckBody,
        response: { 200: VerdictSchema }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.checkQuery(callerOf(request), request.body), verdictDocument)
  )
}

const statusDocument = ({ at, ...status }: QueryStatus) => ({ ...status, at: iso(at) })

const verdictDocument = ({ decision, refusals, reads, shape }: QueryVerdict) => ({
  decision,
  refusals,
  reads,
  shape
})
