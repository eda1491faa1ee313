/**
 * Asking and looking. An `Idempotency-Key` is bound to the person and to what was asked: the same
 * ask under the same key is answered with the same elevation (200), another one is refused (422).
 */
import { hash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import type { AskInput, Submitted } from '../broker/broker.ts'
import { type ElevationId, parseElevationId } from '../elevation/ids.ts'
import type { Result } from '../elevation/refusal.ts'
import type { Stored } from '../ports.ts'
import { callerOf, personOf } from './access.ts'
import {
  AskBody,
  ElevationParams,
  ElevationRef,
  ElevationsSchema,
  ExtendBody,
  ListQuery,
  SubmitHeaders
} from './documents.ts'
import { elevationDocument } from './elevation-document.ts'
import { refusalProblem, sendProblem } from './problem.ts'
import { queryBodyBytes } from './query-documents.ts'
import { type RouteParts, answer } from './route.ts'

export const elevationRoutes = (parts: RouteParts): void => {
  submitRoutes(parts)
  extendRoute(parts)
  readRoutes(parts)
}

const submitRoutes = ({ app, broker }: RouteParts): void => {
  const routes = [
    { url: '/v1/elevations', breakGlass: false, summary: 'Ask for an elevation' },
    {
      url: '/v1/break-glass',
      breakGlass: true,
      summary: 'Ask without an approval before; everybody named is told, somebody else reviews it'
    }
  ]
  for (const { url, breakGlass, summary } of routes) {
    app.post(
      url,
      {
        config: { access: 'person', verb: 'submit' },
        bodyLimit: queryBodyBytes,
        schema: {
          summary,
          headers: SubmitHeaders,
          body: AskBody,
          response: { 200: ElevationRef, 201: ElevationRef }
        }
      },
      async (request, reply) => {
        const ask = { ...request.body, breakGlass }
        const caller = callerOf(request)
        const key = request.headers['idempotency-key']
        const result =
          key === undefined
            ? await broker.submit(caller, ask)
            : await broker.submit(caller, ask, { key, bodyHash: bodyHash(url, ask) })
        return sendSubmitted(reply, result)
      }
    )
  }
}

const extendRoute = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/elevations/:id/extend',
    {
      config: { access: 'person', verb: 'extend' },
      schema: {
        summary: 'Ask for another window that goes on from your active one, which stays as it is',
        params: ElevationParams,
        headers: SubmitHeaders,
        body: ExtendBody,
        response: { 200: ElevationRef, 201: ElevationRef }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const caller = callerOf(request)
      const { duration, reason, ticket } = request.body
      const key = request.headers['idempotency-key']
      const said = JSON.stringify([`POST extend ${id}`, duration, reason, ticket ?? null])
      const once = key === undefined ? undefined : { key, bodyHash: hash('sha256', said, 'hex') }
      return sendSubmitted(reply, await broker.extend(caller, id, request.body, once))
    }
  )
}

const sendSubmitted = (reply: FastifyReply, result: Result<Submitted>): FastifyReply => {
  if (!result.ok) return sendProblem(reply, refusalProblem(result.refusal))
  const { elevation, isReplay } = result.value
  if (isReplay) reply.header('idempotent-replay', 'true')
  reply.header('location', `/v1/elevations/${elevation.elevation.id}`)
  return reply.code(isReplay ? 200 : 201).send(elevationDocument(elevation))
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
const bodyHash = (url: string, ask: AskInput): string => {
  const { target, duration, reason, ticket, tables, columns, sql, startAt } = ask
  const said = [target, duration, reason, ticket ?? null, tables ?? null, columns ?? null]
  const bound = sql === undefined ? [] : [sql]
  const start = startAt === undefined ? [] : [{ startAt }]
  return hash('sha256', JSON.stringify([`POST ${url}`, ...said, ...bound, ...start]), 'hex')
}

const nextPage = (rows: readonly Stored[], page: number): ElevationId | null =>
  rows.length < page ? null : (rows.at(-1)?.elevation.id ?? null)
