/** The JSON documents of queries, as documents.ts has the others. */
import { Type } from 'typebox'

/** The longest query is 262,144 bytes, and JSON escapes its quotes and line ends. */
export const queryBodyBytes = 2 * 262_144 + 4096

export const mostRows = 1000

const closed = { additionalProperties: false } as const
const named = Type.String({ minLength: 1, maxLength: 600 })
const sql = Type.String({ description: 'one query, at most 262,144 bytes of UTF-8' })

export const QueryBody = Type.Object({ sql }, closed)

export const CheckBody = Type.Union([
  Type.Object({ elevation: Type.String({ maxLength: 100 }), sql }, closed),
  Type.Object(
    {
      target: Type.String({ minLength: 1, maxLength: 63 }),
      tables: Type.Optional(Type.Array(named, { minItems: 1, maxItems: 100 })),
      columns: Type.Optional(Type.Array(named, { minItems: 1, maxItems: 500 })),
      sql
    },
    closed
  )
])

export const QueryParams = Type.Object({
  id: Type.String({ description: 'ULID' }),
  qid: Type.String({ description: 'ULID of a query' })
})

export const ResultsQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$' }))
  },
  closed
)

export const ReadsSchema = Type.Record(Type.String(), Type.Array(Type.String()), {
  description: 'db.table and its columns that the query reads'
})

export const QueryFaultSchema = Type.Object({
  code: Type.String({ description: 'COLUMN_DENIED, STAR, NOT_READ_ONLY, …' }),
  message: Type.String(),
  line: Type.Integer({ description: 'from 1' }),
  column: Type.Integer({ description: 'from 1, in code points' }),
  offset: Type.Integer({ description: 'from 0, in UTF-16 units' }),
  length: Type.Integer(),
  object: Type.Optional(Type.Record(Type.String(), Type.String())),
  rule: Type.Optional(Type.String({ description: 'of the guardrail' })),
  hint: Type.Optional(Type.String())
})

export const VerdictSchema = Type.Object({
  decision: Type.String({ description: 'allow or refuse' }),
  refusals: Type.Array(QueryFaultSchema),
  reads: ReadsSchema,
  shape: Type.Union([Type.String(), Type.Null()], { description: 'the query without its literals' })
})

export const StartedSchema = Type.Object({
  id: Type.String({ description: 'ULID' }),
  state: Type.String({ description: 'queued or running' }),
  reads: ReadsSchema
})

export const StatusSchema = Type.Object({
  id: Type.String({ description: 'ULID' }),
  state: Type.String({ description: 'queued, running, succeeded, failed or cancelled' }),
  at: Type.String({ description: 'ISO 8601, UTC: when it was let through' }),
  bytesScanned: Type.Integer(),
  milliseconds: Type.Integer({ description: 'so far, or altogether' }),
  rows: Type.Union([Type.Integer(), Type.Null()], { description: 'where they are known' }),
  failure: Type.Union([Type.String(), Type.Null()])
})

export const PageSchema = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  // unknown, so that a thousand rows are not validated value by value on their way out
  rows: Type.Array(Type.Unknown({ description: 'a text or null for each column' })),
  next: Type.Union([Type.String(), Type.Null()], { description: '`cursor` of the next page' }),
  isCut: Type.Boolean({ description: 'there are more rows than are handed out of one query' })
})
