/**
 * Posture: `GET /v1/posture/findings` is what is open, `POST /v1/posture/scan` has the account
 * looked at, and `POST /v1/posture/events` takes what an EventBridge API destination sends when a
 * workgroup, key, role, bucket or table was changed (Amazon EventBridge User Guide, "AWS service
 * event metadata").
 */
import { type Static, Type } from 'typebox'
import { iso } from '../elevation/ids.ts'
import type { FindingsRead, Posture } from '../broker/posture.ts'
import { personOf } from './access.ts'
import { type RouteParts, answer, bodyMayBeAbsent } from './route.ts'

const text = Type.String()
const maybeText = Type.Union([Type.String(), Type.Null()])
const instantText = Type.String({ description: 'ISO 8601, UTC' })

/** As EventBridge sends it; what is in `detail` is not looked at, for AWS is asked anew. */
const EventBody = Type.Object(
  {
    version: Type.Literal('0'),
    id: Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' }),
    source: Type.Union(
      ['aws.athena', 'aws.kms', 'aws.iam', 'aws.s3', 'aws.glue'].map((name) => Type.Literal(name))
    ),
    account: Type.String({ pattern: '^[0-9]{12}$' }),
    time: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' }),
    region: Type.String({ pattern: '^[a-z0-9-]{1,32}$' }),
    'detail-type': Type.String({ minLength: 1, maxLength: 256 }),
    resources: Type.Array(Type.String({ maxLength: 2048 }), { maxItems: 100 }),
    detail: Type.Record(Type.String(), Type.Unknown()),
    'replay-name': Type.Optional(Type.String({ maxLength: 256 }))
  },
  { additionalProperties: false, description: 'an event of Amazon EventBridge' }
)

const WantedSchema = Type.Object({ wantedAt: instantText })

const FindingSchema = Type.Object({
  id: text,
  code: text,
  kind: text,
  severity: text,
  title: text,
  resource: text,
  targets: Type.Array(text),
  shows: text,
  why: text,
  mend: Type.Object({ cli: Type.Array(text), cloudformation: text, terraform: text }),
  owner: maybeText,
  waiver: Type.Union([
    Type.Object({ state: text, by: text, reason: text, until: instantText }),
    Type.Null()
  ]),
  use: Type.Optional(
    Type.Object({
      id: text,
      elevation: maybeText,
      account: text,
      region: text,
      first: instantText,
      last: instantText,
      events: Type.Integer()
    })
  ),
  firstSeen: instantText,
  lastSeen: instantText
})

const FindingsSchema = Type.Object({
  at: Type.Union([instantText, Type.Null()], {
    description: 'when the latest snapshot was begun; null = nothing was looked at yet'
  }),
  isWaiting: Type.Boolean({ description: 'a scan was asked for and has not come yet' }),
  findings: Type.Array(FindingSchema, { description: 'what is open, the worst first' })
})

const FindingsQuery = Type.Object(
  {
    target: Type.Optional(Type.String({ minLength: 1, maxLength: 63 })),
    limit: Type.Optional(
      Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: '1 to 9999, default 500' })
    )
  },
  { additionalProperties: false }
)

const NoBody = Type.Object({}, { additionalProperties: false })

export const postureRoutes = ({ app }: Pick<RouteParts, 'app'>, posture: Posture): void => {
  app.get(
    '/v1/posture/findings',
    {
      config: { access: 'person', verb: 'postureFindings' },
      schema: {
        summary: 'What is out of line; auditors, operators, security, and owners of targets',
        querystring: FindingsQuery,
        response: { 200: FindingsSchema }
      }
    },
    async (request, reply) => {
      const { target, limit = '500' } = request.query
      const query = { target, limit: Number(limit) }
      return answer(reply, await posture.findings(personOf(request), query), findingsDocument)
    }
  )

  app.post(
    '/v1/posture/scan',
    {
      config: { access: 'person', verb: 'postureScan' },
      preValidation: bodyMayBeAbsent,
      schema: {
        summary: 'Look at the account as soon as possible; operators',
        body: NoBody,
        response: { 202: WantedSchema }
      }
    },
    async (request, reply) => wanted(reply, await posture.scan(personOf(request)))
  )

  app.post(
    '/v1/posture/events',
    {
      // the most that an event of EventBridge has
      bodyLimit: 262_144,
      config: { access: 'person', verb: 'postureEvent' },
      schema: {
        summary: 'An event of Amazon EventBridge: something was changed; operators',
        body: EventBody,
        response: { 202: WantedSchema }
      }
    },
    async (request, reply) => wanted(reply, await posture.event(personOf(request)))
  )
}

const wanted = (
  reply: Parameters<typeof answer>[0],
  result: Awaited<ReturnType<Posture['scan']>>
) => answer(result.ok ? reply.code(202) : reply, result, (at) => ({ wantedAt: iso(at) }))

const findingsDocument = ({
  at,
  isWaiting,
  findings
}: FindingsRead): Static<typeof FindingsSchema> => ({
  at: at === null ? null : iso(at),
  isWaiting,
  findings: findings.map(({ finding, openedAt, seenAt }) => ({
    ...finding,
    targets: [...finding.targets],
    mend: { ...finding.mend, cli: [...finding.mend.cli] },
    firstSeen: iso(openedAt),
    lastSeen: iso(seenAt)
  }))
})
