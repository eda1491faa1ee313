/**
 * The JSON documents of the API as TypeBox schemas: what is read (closed: unknown members are
 * refused) and what is answered (only what is named here leaves). OpenAPI is made from the same.
 */
import type { FastifyTypeProvider } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { QueryFaultSchema, ReadsSchema } from './query-documents.ts'

/** Gives handlers the types of their route's schemas. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

const closed = { additionalProperties: false } as const
const maybe = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const instantText = Type.String({ description: 'ISO 8601, UTC' })
const lengthNumber = Type.Integer({ description: 'whole seconds' })
const indexNumber = Type.Integer({ description: 'index in the ledger' })
const idText = Type.String({ description: 'ULID' })
const modeText = Type.String({ description: 'brokered or credentials' })
const typed = { minLength: 1, maxLength: 2000 } as const
const named = { minLength: 1, maxLength: 600 } as const

export const states = [
  'pending',
  'approved',
  'issuing',
  'active',
  'ending',
  'ended',
  'denied',
  'cancelled',
  'lapsed',
  'failed'
] as const

export const AskBody = Type.Object(
  {
    target: Type.String({ minLength: 1, maxLength: 63 }),
    duration: Type.String({ minLength: 1, maxLength: 32, description: '2h, 45m or ISO 8601' }),
    reason: Type.String(typed),
    ticket: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    tables: Type.Optional(Type.Array(Type.String(named), { minItems: 1, maxItems: 100 })),
    columns: Type.Optional(Type.Array(Type.String(named), { minItems: 1, maxItems: 500 })),
    sql: Type.Optional(
      Type.String({ description: 'the one query that may run, to the letter; mode brokered' })
    ),
    startAt: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 32,
        description: 'ISO 8601, UTC: its window does not start before; left out: once approved'
      })
    )
  },
  closed
)
const { duration, reason, ticket } = AskBody.properties
export const ExtendBody = Type.Object({ duration, reason, ticket }, closed)
export const ReasonBody = Type.Object({ reason: Type.String(typed) }, closed)
export const ApproveBody = Type.Object(
  {
    digest: Type.Optional(
      Type.String({ maxLength: 100, description: 'digest of the ask that was shown' })
    )
  },
  closed
)
export const EmptyBody = Type.Object({}, closed)

export const ElevationParams = Type.Object({ id: idText })
const StateName = Type.Union(states.map((state) => Type.Literal(state)))
export const ListQuery = Type.Object(
  {
    state: Type.Optional(Type.Union([StateName, Type.Array(StateName, { maxItems: 10 })])),
    mine: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|1[0-9]{2}|200)$' })),
    before: Type.Optional(Type.String({ pattern: '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' }))
  },
  closed
)
export const EntriesQuery = Type.Object(
  {
    from: Type.Optional(Type.String({ pattern: '^(0|[1-9][0-9]{0,14})$' })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$' }))
  },
  closed
)
export const PersonParams = Type.Object({
  person: Type.String({ description: 'id of a person' })
})
export const ErasureSchema = Type.Object({
  person: Type.String(),
  erased: Type.Boolean({ description: 'false: there was nothing to erase' }),
  entry: maybe(indexNumber)
})
/** `*`: what follows `tile/`. */
export const LogFileParams = Type.Object({ '*': Type.String({ description: 'C2SP tlog-tiles' }) })
export const ProofParams = Type.Object({
  id: Type.String({ description: 'index of an entry, or ULID of an elevation' })
})
export const SubmitHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x20-\\x7e]{1,128}$' }))
})

const Reason = Type.Object({
  outcome: Type.String({ description: 'met, unmet or failed (could not be evaluated)' }),
  rule: maybe(Type.String()),
  condition: Type.String(),
  message: Type.String()
})

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '/errors#CODE' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    instance: Type.String({ description: 'id of the request' }),
    reasons: Type.Optional(Type.Array(Reason)),
    refusals: Type.Optional(Type.Array(QueryFaultSchema, { description: 'of a query' })),
    reads: Type.Optional(ReadsSchema)
  },
  { $id: 'Problem' }
)

export const ElevationSchema = Type.Object(
  {
    id: idText,
    state: StateName,
    how: maybe(Type.String({ description: 'why it ended or lapsed' })),
    reasons: Type.Array(Type.String(), { description: 'what the policy did not allow any more' }),
    target: Type.String(),
    requester: Type.String(),
    mode: modeText,
    rule: Type.String(),
    duration: lengthNumber,
    reason: Type.String(),
    ticket: maybe(Type.String()),
    tables: Type.Array(Type.String()),
    columns: maybe(Type.Array(Type.String())),
    query: maybe(
      Type.Object(
        { shape: Type.String({ description: 'without its literals' }), reads: ReadsSchema },
        { description: 'the one query that may run; null: any the guardrail lets through' }
      )
    ),
    breakGlass: Type.Boolean({ description: 'asked without an approval before' }),
    startAt: maybe(Type.String({ description: 'ISO 8601, UTC: its window does not start before' })),
    extends: maybe(Type.String({ description: 'ULID of the elevation that it goes on from' })),
    chain: maybe(
      Type.Object(
        {
          place: Type.Integer({ description: '2: it extends one that extends nothing' }),
          secondsBefore: lengthNumber
        },
        { description: 'where it stands in its chain; null: it extends nothing' }
      )
    ),
    digest: Type.String({ description: 'of the ask: what is approved and issued' }),
    approvals: Type.Array(Type.Object({ by: Type.String(), at: instantText, via: Type.String() })),
    createdAt: instantText,
    decideBy: maybe(instantText),
    decidedAt: maybe(instantText),
    activateBy: maybe(instantText),
    notAfter: maybe(instantText),
    stuckSince: maybe(instantText),
    deniedAt: maybe(
      Type.String({ description: 'ISO 8601, UTC: AWS was seen to refuse its session' })
    ),
    policyDigest: Type.String(),
    ledger: Type.Array(indexNumber)
  },
  { $id: 'Elevation' }
)
export const ElevationRef = Type.Ref('Elevation#')

export const ElevationsSchema = Type.Object({
  elevations: Type.Array(ElevationRef),
  next: maybe(Type.String({ description: 'value of `before` for the next page' }))
})

export const CredentialsSchema = Type.Object({
  Version: Type.Integer({ description: 'of AWS credential_process: 1' }),
  AccessKeyId: Type.String(),
  SecretAccessKey: Type.String(),
  SessionToken: Type.String(),
  Expiration: Type.String({ description: 'ISO 8601: ask again by then' }),
  notAfter: maybe(Type.String({ description: 'ISO 8601: AWS refuses them from here on' }))
})

const offerMembers = {
  target: Type.String(),
  workgroup: Type.String(),
  region: Type.String(),
  classification: Type.String(),
  tables: Type.Array(Type.String()),
  rules: Type.Array(Type.Object({ rule: Type.String(), mode: modeText, maxDuration: lengthNumber }))
}
export const TargetsSchema = Type.Object({ targets: Type.Array(Type.Object(offerMembers)) })

export const TargetParams = Type.Object({ target: Type.String({ description: 'id of a target' }) })

const TableSchema = Type.Object({
  table: Type.String({ description: 'db.table' }),
  type: Type.String({ description: 'table or view' }),
  version: maybe(Type.String({ description: 'VersionId of the Glue table' })),
  partitionKeys: Type.Array(Type.String({ description: 'among the columns, as the last' })),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String({ description: 'as Glue has it' }),
      class: maybe(Type.String({ description: 'null: the target says nothing of this column' }))
    })
  )
})
export const TargetSchema = Type.Object({
  ...offerMembers,
  catalog: Type.Object({
    at: Type.String({ description: 'ISO 8601, UTC: when Glue was asked' }),
    tables: Type.Array(TableSchema),
    missing: Type.Array(
      Type.String({ description: 'db.table or db.table.column that the catalog does not show' })
    )
  })
})

export const PreviewSchema = Type.Object({
  decision: Type.String({ description: 'needs_approval, approved or deny' }),
  rule: maybe(Type.String()),
  mode: maybe(modeText),
  duration: maybe(lengthNumber),
  startAt: maybe(Type.String({ description: 'ISO 8601, UTC; null: once approved' })),
  approvers: Type.Array(Type.String()),
  quorum: maybe(Type.Integer()),
  reasons: Type.Array(Reason)
})

const OpeningSchema = Type.Object({
  state: Type.String({ description: 'opened, erased or MISSING' }),
  value: maybe(Type.String()),
  salt: maybe(Type.String({ description: 'hex of 32 bytes' })),
  erasedBy: maybe(Type.Integer({ description: 'index of the pii.erased entry' }))
})
export const RestoredSchema = Type.Object({
  size: Type.Integer({ description: 'entries before the acceptance' })
})
export const RotatedSchema = Type.Object({
  key: Type.String({ description: 'the new verifier key, C2SP signed-note' })
})

export const CopiedSchema = Type.Object({
  file: Type.String({ description: 'of the machine that the broker runs on' }),
  bytes: Type.Integer()
})

export const EntriesSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      index: indexNumber,
      leaf: Type.String({ description: 'hex of SHA-256(0x00 || bytes), RFC 6962' }),
      body: Type.Unknown({ description: 'the bytes, parsed' }),
      bytes: Type.String({ description: 'base64 of the exact bytes' }),
      openings: Type.Record(Type.String(), OpeningSchema, {
        description: 'what is behind each commitment'
      })
    })
  ),
  next: maybe(Type.Integer({ description: 'value of `from` for the next page' }))
})
