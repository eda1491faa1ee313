/**
 * `GET /v1/targets`: what one may ask for; `/{target}`: one of them, with its tables and columns.
 * `POST /v1/preview`: the decision, nothing stored.
 */
import { iso } from '../elevation/ids.ts'
import { callerOf, personOf } from './access.ts'
import { AskBody, PreviewSchema, TargetParams, TargetSchema, TargetsSchema } from './documents.ts'
import { queryBodyBytes } from './query-documents.ts'
import { type RouteParts, answer } from './route.ts'

export const targetRoutes = ({ app, broker }: RouteParts): void => {
  app.get(
    '/v1/targets',
    {
      config: { access: 'person', verb: 'targets' },
      schema: {
        summary: 'Targets you may ask for, and under which rules',
        response: { 200: TargetsSchema }
      }
    },
    (request) => ({ targets: broker.targets(personOf(request)) })
  )

  app.get(
    '/v1/targets/:target',
    {
      config: { access: 'person', verb: 'target' },
      schema: {
        summary: 'One of them, with its tables and columns as the Glue Data Catalog has them now',
        params: TargetParams,
        response: { 200: TargetSchema }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.target(personOf(request), request.params.target), (detail) => {
        const { catalog } = detail
        return { ...detail, catalog: { ...catalog, at: iso(catalog.at) } }
      })
  )

  app.post(
    '/v1/preview',
    {
      config: { access: 'person', verb: 'preview' },
      bodyLimit: queryBodyBytes,
      schema: {
        summary: 'What would be decided, and why; nothing is stored',
        body: AskBody,
        response: { 200: PreviewSchema }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.preview(callerOf(request), request.body), (preview) => {
        const { startAt } = preview
        return { ...preview, startAt: startAt === null ? null : iso(startAt) }
      })
  )
}
