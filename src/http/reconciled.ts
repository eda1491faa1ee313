/**
 * What `reconcile` found in CloudTrail's logs: `POST /v1/posture/reconciled` keeps uses without an
 * elevation, and the like, as findings; `POST /v1/posture/key-use` keeps the requests to each key
 * by day. Both may be sent again: the same once more changes nothing.
 */
import { Type } from 'typebox'
import {
  type Reconciling,
  type UseStatement,
  mostDays,
  mostUses,
  useCodes
} from '../broker/reconciled.ts'
import { personOf } from './access.ts'
import { type RouteParts, answer } from './route.ts'

const closed = { additionalProperties: false } as const
const instantText = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$',
  description: 'ISO 8601, UTC, with milliseconds'
})
const account = '[0-9]{12}'
const region = '[a-z0-9-]{1,32}'
const place = {
  account: Type.String({ pattern: `^${account}$` }),
  region: Type.String({ pattern: `^${region}$` })
}
/** A record may say neither; then nothing of it is ever known to be gone. */
const maybePlace = {
  account: Type.String({ pattern: `^(?:${account})?$` }),
  region: Type.String({ pattern: `^(?:${region})?$` })
}
const named = Type.String({ minLength: 1, maxLength: 1024 })
const arn = Type.String({ pattern: '^arn:[ -~]+$', maxLength: 1024 })
const count = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 })

const kinds = ['query', 'decrypt', 'session', 'grant'] as const

const UseSchema = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z_]{1,32}:[0-9a-f]{20}$' }),
    code: Type.Union(useCodes.map((code) => Type.Literal(code))),
    target: Type.String({ minLength: 1, maxLength: 63 }),
    elevation: Type.Union([Type.String({ pattern: '^[0-9A-Z]{26}$' }), Type.Null()]),
    kind: Type.Union(kinds.map((kind) => Type.Literal(kind))),
    actor: named,
    resource: arn,
    ...maybePlace,
    first: instantText,
    last: instantText,
    events: count,
    shows: named
  },
  closed
)

const StatementBody = Type.Object(
  {
    uses: Type.Array(UseSchema, { maxItems: mostUses }),
    covered: Type.Array(Type.Object({ ...place, from: instantText, to: instantText }, closed), {
      maxItems: 1000,
      description: 'what was read whole; empty = nothing is closed'
    }),
    from: instantText,
    to: Type.String({ ...instantText, description: 'all uses first seen before it are here' })
  },
  closed
)

const KeptSchema = Type.Object({
  opened: Type.Integer(),
  closed: Type.Integer(),
  open: Type.Integer({ description: 'all uses that are open now' })
})

const KeyUseBody = Type.Object(
  {
    days: Type.Array(
      Type.Object(
        {
          day: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' }),
          key: arn,
          costCenter: Type.String({ maxLength: 256 }),
          requests: count,
          withoutBucketKey: count,
          cost: Type.Number({ minimum: 0, maximum: 1_000_000 })
        },
        closed
      ),
      { maxItems: mostDays }
    )
  },
  closed
)

/** a statement of the most uses, of middling length */
const bodyLimit = 1_048_576

export const reconciledRoutes = (
  { app }: Pick<RouteParts, 'app'>,
  reconciling: Reconciling
): void => {
  app.post(
    '/v1/posture/reconciled',
    {
      bodyLimit,
      config: { access: 'person', verb: 'postureReconciled' },
      schema: {
        summary: 'Uses of targets that belong to no elevation, as findings; operators',
        body: StatementBody,
        response: { 200: KeptSchema }
      }
    },
    async (request, reply) => {
      const statement: UseStatement = request.body
      return answer(reply, await reconciling.uses(personOf(request), statement), (kept) => kept)
    }
  )

  app.post(
    '/v1/posture/key-use',
    {
      bodyLimit,
      config: { access: 'person', verb: 'postureKeyUse' },
      schema: {
        summary: 'Requests to the keys of targets by day; operators',
        body: KeyUseBody,
        response: { 200: Type.Object({ days: Type.Integer() }) }
      }
    },
    async (request, reply) => {
      const kept = await reconciling.keyUse(personOf(request), request.body.days)
      return answer(reply, kept, (days) => ({ days }))
    }
  )
}
