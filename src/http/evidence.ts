/**
 * `GET /v1/ledger/find`: entries by person, target, type and time; `GET /v1/ledger/evidence`: an
 * evidence pack of an elevation or of a time. Both for auditors, both read entries of the ledger.
 */
import { Type } from 'typebox'
import type { Audit } from '../broker/audit.ts'
import { refuse } from '../elevation/refusal.ts'
import type { EntryPlace } from '../ports-search.ts'
import { personOf } from './access.ts'
import { type RouteParts, answer } from './route.ts'

const instantForm = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$'
const named = { minLength: 1, maxLength: 63 } as const
const closed = { additionalProperties: false } as const
const time = (description: string) =>
  Type.Optional(Type.String({ pattern: instantForm, description }))

const FindQuery = Type.Object(
  {
    actor: Type.Optional(Type.String({ ...named, description: 'id of a person, or broker' })),
    target: Type.Optional(Type.String(named)),
    type: Type.Optional(Type.String(named)),
    from: time('at or after, ISO 8601 with milliseconds, UTC'),
    to: time('before'),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|1[0-9]{2}|200)$' })),
    after: Type.Optional(
      Type.String({ pattern: `${instantForm.slice(0, -1)}/(0|[1-9][0-9]{0,14})$` })
    )
  },
  closed
)

const EvidenceQuery = Type.Object(
  {
    elevation: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    from: time('with `to`, instead of an elevation'),
    to: time('before'),
    wholePolicy: Type.Optional(
      Type.Literal('true', {
        description: 'with the text that the policy digest is of, people too'
      })
    )
  },
  closed
)

const maybeText = Type.Union([Type.String(), Type.Null()])
const FoundSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      index: Type.Integer(),
      bytes: Type.String({ description: 'base64 of the exact bytes' }),
      body: Type.Unknown({ description: 'the bytes, parsed' })
    })
  ),
  next: Type.Union([
    Type.String({ description: 'value of `after` for the next page' }),
    Type.Null()
  ]),
  size: Type.Integer({ description: 'entries of the ledger' }),
  indexed: Type.Integer({ description: 'so many of them, from the first, can be found' })
})
const PackSchema = Type.Object({
  kind: Type.String(),
  v: Type.Integer(),
  madeAt: Type.String(),
  madeFor: Type.String(),
  about: Type.Unknown({ description: 'elevation, or from and to' }),
  elevations: Type.Array(
    Type.Object({
      id: Type.String(),
      facts: Type.Array(Type.Array(Type.String())),
      sessionPolicy: maybeText
    })
  ),
  entries: Type.Array(
    Type.Object({
      index: Type.Integer(),
      bytes: Type.String(),
      path: Type.Array(Type.String({ description: 'base64 of a hash' })),
      openings: Type.Unknown({ description: 'opened, erased or MISSING, by name' })
    })
  ),
  checkpoint: Type.String({ description: 'C2SP tlog-checkpoint' }),
  key: Type.String({ description: 'as the broker says it is' }),
  policies: Type.Array(Type.Object({ digest: Type.String(), excerpt: maybeText, text: maybeText }))
})

export const evidenceRoutes = ({ app }: RouteParts, audit: Audit): void => {
  app.get(
    '/v1/ledger/find',
    {
      config: { access: 'person', verb: 'findEntries' },
      schema: {
        summary: 'Ledger entries by person, target, type and time, newest first, for auditors',
        querystring: FindQuery,
        response: { 200: FoundSchema }
      }
    },
    async (request, reply) => {
      const { limit = '50', after, ...filter } = request.query
      const page = { after: after === undefined ? null : placeIn(after), limit: Number(limit) }
      const found = await audit.findEntries(personOf(request), filter, page)
      return answer(reply, found, ({ rows, next, size, indexed }) => ({
        entries: rows.map(({ index, body }) => {
          const bytes = Buffer.from(body)
          const parsed: unknown = JSON.parse(bytes.toString('utf8'))
          return { index, bytes: bytes.toString('base64'), body: parsed }
        }),
        next: next && `${next.at}/${next.index}`,
        size,
        indexed
      }))
    }
  )

  app.get(
    '/v1/ledger/evidence',
    {
      config: { access: 'person', verb: 'evidence' },
      schema: {
        summary: 'What happened under an elevation or within a time, with its proofs, for auditors',
        querystring: EvidenceQuery,
        response: { 200: PackSchema }
      }
    },
    async (request, reply) => {
      const { elevation, from, to, wholePolicy } = request.query
      const person = personOf(request)
      const whole = { wholePolicy: wholePolicy === 'true' }
      if (elevation !== undefined && from === undefined && to === undefined) {
        return answer(reply, await audit.evidence(person, { elevation, ...whole }), (pack) => pack)
      }
      if (elevation !== undefined || from === undefined || to === undefined) {
        return answer(reply, eitherOr, (pack) => pack)
      }
      return answer(reply, await audit.evidence(person, { from, to, ...whole }), (pack) => pack)
    }
  )
}

const eitherOr = refuse('invalid_ask', 'Give either elevation, or from and to.')

const placeIn = (after: string): EntryPlace => {
  const [at = '', index = ''] = after.split('/')
  return { at, index: Number(index) }
}
