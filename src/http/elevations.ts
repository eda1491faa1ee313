/**
 * Asking and looking. An `Idempotency-Key` is bound to the person and to what was asked: the same
 * ask under the same key is answered with the same elevation (200), another one is refused (422).
 */
import { hash } from 'node:crypto'
import type { AskInput } from '../broker/broker.ts'
import { type ElevationId, parseElevationId } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'
import { personOf } from './access.ts'
import {
  AskBody,
  ElevationParams,
  ElevationRef,
  ElevationsSchema,
  ListQuery,
  SubmitHeaders
} from './documents.ts'
import { elevationDocument } from './elevation-document.ts'
import { refusalProblem, sendProblem } from './problem.ts'
import { type RouteParts, answer } from './route.ts'

export const elevationRoutes = (parts: RouteParts): void => {
  submitRoute(parts)
  readRoutes(parts)
}

const submitRoute = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/elevations',
    {
      config: { access: 'person', verb: 'submit' },
      schema: {
        summary: 'Ask for an elevation',
        headers: SubmitHeaders,
        body: AskBody,
        response: { 200: ElevationRef, 201: ElevationRef }
      }
    },
    async (request, reply) => {
      const { body, headers } = request
      const person = personOf(request)
      const key = headers['idempotency-key']
      const result =
        key === undefined
          ? await broker.submit(person, body)
          : await broker.submit(person, body, { key, bodyHash: bodyHash(body) })
      if (!result.ok) return sendProblem(reply, refusalProblem(result.refusal))
      const { elevation, isReplay } = result.value
      if (isReplay) reply.header('idempotent-replay', 'true')
      reply.header('location', `/v1/elevations/${elevation.elevation.id}`)
      return reply.code(isReplay ? 200 : 201).send(elevationDocument(elevation))
    }
  )
}

const readRoutes = ({ app, broker }: RouteParts): void => {
  app.get(
    '/v1/elevations',
    {
      config: { access: 'person', verb: 'list' },
      schema: {
        summary: 'Elevations you may see, newest first',
        querystring: ListQuery,
        response: { 200: ElevationsSchema }
      }
    },
    async (request) => {
      const { state, mine, limit = '50', before } = request.query
      const page = Number(limit)
      const start = before === undefined ? null : parseElevationId(before)
      const rows = await broker.list(personOf(request), {
        mine: mine === 'true',
        limit: page,
        ...(state === undefined ? {} : { states: Array.isArray(state) ? state : [state] }),
        ...(start === null ? {} : { before: start })
      })
      return { elevations: rows.map(elevationDocument), next: nextPage(rows, page) }
    }
  )

  app.get(
    '/v1/elevations/:id',
    {
      config: { access: 'person', verb: 'get' },
      schema: {
        summary: 'One elevation',
        params: ElevationParams,
        response: { 200: ElevationRef }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.get(personOf(request), request.params.id), elevationDocument)
  )
}

/** Of the ask as understood, so that the order of members and white space do not matter. */
const bodyHash = ({ target, duration, reason, ticket, tables, columns }: AskInput): string => {
  const said = [target, duration, reason, ticket ?? null, tables ?? null, columns ?? null]
  return hash('sha256', JSON.stringify(['POST /v1/elevations', ...said]), 'hex')
}

const nextPage = (rows: readonly Stored[], page: number): ElevationId | null =>
  rows.length < page ? null : (rows.at(-1)?.elevation.id ?? null)
