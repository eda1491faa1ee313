/**
 * Locks: `POST /v1/locks` sets one, `DELETE /v1/locks` lifts it, both with what it is on and why in
 * the body; `GET /v1/locks` lists them.
 */
import { type Static, Type } from 'typebox'
import { iso } from '../elevation/ids.ts'
import type { Lock } from '../elevation/lock.ts'
import { personOf } from './access.ts'
import { type RouteParts, answer } from './route.ts'

const nameText = { minLength: 1, maxLength: 63 } as const
const LockBody = Type.Object(
  {
    person: Type.Optional(Type.String({ ...nameText, description: 'id of a person' })),
    target: Type.Optional(Type.String({ ...nameText, description: 'id of a target' })),
    all: Type.Optional(Type.Literal(true, { description: 'everything' })),
    reason: Type.String({ minLength: 1, maxLength: 2000 })
  },
  { additionalProperties: false, description: 'exactly one of person, target and all' }
)

const maybeText = Type.Union([Type.String(), Type.Null()])
const lockMembers = {
  scope: Type.String({ description: 'person, target or all' }),
  person: maybeText,
  target: maybeText,
  by: Type.String(),
  at: Type.String({ description: 'ISO 8601, UTC' })
}
const LockSchema = Type.Object(lockMembers)
const LockSetSchema = Type.Object({
  ...lockMembers,
  isNew: Type.Boolean({ description: 'false: it was set already' })
})
const LocksSchema = Type.Object({ locks: Type.Array(LockSchema) })

export const lockRoutes = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/locks',
    {
      config: { access: 'person', verb: 'lock' },
      schema: {
        summary: 'Stop a person, a target or everything, and end what is open; security, operators',
        body: LockBody,
        response: { 200: LockSetSchema }
      }
    },
    async (request, reply) => {
      const done = await broker.lock(personOf(request), askOf(request.body))
      return answer(reply, done, ({ lock, isNew }) => ({ ...lockDocument(lock), isNew }))
    }
  )

  app.delete(
    '/v1/locks',
    {
      config: { access: 'person', verb: 'unlock' },
      schema: {
        summary: 'Lift a lock; what it ended stays ended; security',
        body: LockBody,
        response: { 200: LockSchema }
      }
    },
    async (request, reply) => {
      const done = await broker.unlock(personOf(request), askOf(request.body))
      return answer(reply, done, lockDocument)
    }
  )

  app.get(
    '/v1/locks',
    {
      config: { access: 'person', verb: 'locks' },
      schema: {
        summary: 'All locks, the oldest first; security, operators, auditors',
        response: { 200: LocksSchema }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.locks(personOf(request)), (locks) => ({
        locks: locks.map(lockDocument)
      }))
  )
}

const askOf = ({ reason, ...what }: Static<typeof LockBody>) => ({ what, reason })

const lockDocument = ({ scope, by, at }: Lock): Static<typeof LockSchema> => ({
  scope: scope.kind,
  person: scope.kind === 'person' ? scope.person : null,
  target: scope.kind === 'target' ? scope.target : null,
  by,
  at: iso(at)
})
