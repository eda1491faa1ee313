/**
 * What operators do to the ledger itself: `POST /v1/ledger/accept-restore` goes on with one that is
 * not the one that was anchored, and is served even then; `POST /v1/ledger/rotate-key`; and
 * `POST /v1/ledger/backup` copies the store while it runs.
 */
import { personOf } from './access.ts'
import { CopiedSchema, ReasonBody, RestoredSchema, RotatedSchema } from './documents.ts'
import { type RouteParts, answer } from './route.ts'

export const upkeepRoutes = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/ledger/accept-restore',
    {
      config: { access: 'person', verb: 'acceptRestore', servedWhileHeld: true },
      schema: {
        summary: 'Goes on with a restored ledger, for operators',
        body: ReasonBody,
        response: { 200: RestoredSchema }
      }
    },
    async (request, reply) => {
      const size = await broker.acceptRestore(personOf(request), request.body.reason)
      return answer(reply, size, (before) => ({ size: before }))
    }
  )

  app.post(
    '/v1/ledger/rotate-key',
    {
      config: { access: 'person', verb: 'rotateKey' },
      schema: {
        summary: 'Another key for the ledger, signed by both, for operators',
        body: ReasonBody,
        response: { 200: RotatedSchema }
      }
    },
    async (request, reply) => {
      const key = await broker.rotateKey(personOf(request), request.body.reason)
      return answer(reply, key, (text) => ({ key: text }))
    }
  )

  app.post(
    '/v1/ledger/backup',
    {
      config: { access: 'person', verb: 'copyStore' },
      schema: {
        summary: 'A copy of the embedded store in its data folder, for operators',
        body: ReasonBody,
        response: { 200: CopiedSchema }
      }
    },
    async (request, reply) => {
      const copied = await broker.copyStore(personOf(request), request.body.reason)
      return answer(reply, copied, ({ file, bytes }) => ({ file, bytes }))
    }
  )
}
