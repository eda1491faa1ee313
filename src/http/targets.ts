/** `GET /v1/targets`: what one may ask for. `POST /v1/preview`: the decision, nothing stored. */
import { personOf } from './access.ts'
import { AskBody, PreviewSchema, TargetsSchema } from './documents.ts'
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

  app.post(
    '/v1/preview',
    {
      config: { access: 'person', verb: 'preview' },
      schema: {
        summary: 'What would be decided, and why; nothing is stored',
        body: AskBody,
        response: { 200: PreviewSchema }
      }
    },
    (request, reply) =>
      answer(reply, broker.preview(personOf(request), request.body), (preview) => preview)
  )
}
