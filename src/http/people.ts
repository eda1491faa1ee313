/** `POST /v1/people/{person}/erase`: destroys what opens somebody's commitments; for security. */
import { callerOf } from './access.ts'
import { ErasureSchema, PersonParams, ReasonBody } from './documents.ts'
import { type RouteParts, answer } from './route.ts'

export const peopleRoutes = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/people/:person/erase',
    {
      config: { access: 'person', verb: 'erase' },
      schema: {
        summary: "Erases a person's personal data, for ever",
        params: PersonParams,
        body: ReasonBody,
        response: { 200: ErasureSchema }
      }
    },
    async (request, reply) => {
      const { reason } = request.body
      const done = await broker.erase(callerOf(request), { of: request.params.person, reason })
      return answer(reply, done, ({ person, entry }) => ({ person, erased: entry !== null, entry }))
    }
  )
}
