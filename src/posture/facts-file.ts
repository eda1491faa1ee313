/**
 * A saved snapshot, read strictly: the JSON text of `Facts` and nothing else, in any order of keys
 * and lists. Refused, each with its place: over 128 MiB, no JSON, an unknown or missing field, a
 * wrong type, a moment that is none, a resource twice.
 */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Facts } from './facts.ts'

export type FactsIssue = {
  /** JSON Pointer (RFC 6901); empty = the text as a whole */
  readonly place: string
  readonly message: string
}

export type FactsRead =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly issues: readonly FactsIssue[] }

/** The most a snapshot may hold, in bytes. */
export const maxFactsBytes = 134_217_728

/** The facts of a text, or at most twenty issues. */
export const parseFacts = (text: string): FactsRead => {
  if (Buffer.byteLength(text) > maxFactsBytes) return refused('larger than 128 MiB')
  const value = jsonOf(text)
  if (value === undefined) return refused('not JSON')
  if (!snapshot.Check(value)) {
    const issues = snapshot.Errors(value).map(({ instancePath, message }) => {
      return { place: instancePath, message }
    })
    return { ok: false, issues: issues.slice(0, mostIssues) }
  }
  const issues = [...moments(value), ...repeats(value)]
  return issues.length > 0
    ? { ok: false, issues: issues.slice(0, mostIssues) }
    : { ok: true, facts: value }
}

const mostIssues = 20

const refused = (message: string): FactsRead => ({ ok: false, issues: [{ place: '', message }] })

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const closed = { additionalProperties: false } as const
const text = Type.String({ maxLength: 4096 })
const policy = Type.String({ maxLength: 131_072 })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(one: T) =>
  Type.Union([one, Type.Null()])
const arn = Type.String({ pattern: '^arn:', maxLength: 2048 })
const count = Type.Integer({ minimum: 0 })
const tags = Type.Record(Type.String(), text)
const moment = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?Z$'
})

const gap = Type.Object(
  { call: text, resource: orNull(text), code: text, message: text },
  closed
)

const workgroup = Type.Object(
  {
    arn,
    name: text,
    state: Type.Enum(['ENABLED', 'DISABLED']),
    engine: Type.Enum(['sql', 'spark']),
    createdAt: orNull(moment),
    enforced: Type.Boolean(),
    results: Type.Object(
      {
        location: orNull(text),
        encryption: orNull(Type.Enum(['SSE_S3', 'SSE_KMS', 'CSE_KMS'])),
        key: orNull(text),
        expectedBucketOwner: orNull(text)
      },
      closed
    ),
    managedResults: orNull(Type.Object({ key: orNull(text) }, closed)),
    minimumEncryption: Type.Boolean(),
    bytesScannedCutoff: orNull(count),
    metrics: Type.Boolean(),
    executionRole: orNull(text),
    identityCenter: Type.Boolean(),
    tags,
    lastQueryAt: orNull(moment),
    databases: Type.Array(text),
    reusedResults: count
  },
  closed
)

const grant = Type.Object(
  {
    id: text,
    name: orNull(text),
    grantee: text,
    retiring: orNull(text),
    issuingAccount: orNull(text),
    operations: Type.Array(text),
    constraints: orNull(Type.Record(Type.String(), tags)),
    createdAt: orNull(moment)
  },
  closed
)

const key = Type.Object(
  {
    arn,
    manager: Type.Enum(['CUSTOMER', 'AWS']),
    state: text,
    spec: text,
    usage: text,
    origin: text,
    multiRegion: Type.Boolean(),
    createdAt: orNull(moment),
    deletionAt: orNull(moment),
    materialExpiresAt: orNull(moment),
    rotation: orNull(
      Type.Object({ enabled: Type.Boolean(), periodDays: orNull(count) }, closed)
    ),
    aliases: Type.Array(text),
    tags,
    policy: orNull(policy),
    grants: orNull(Type.Array(grant)),
    grantDryRun: Type.Optional(text)
  },
  closed
)

const bucket = Type.Object(
  {
    name: text,
    region: orNull(text),
    encryption: orNull(
      Type.Object(
        {
          algorithm: Type.Enum(['AES256', 'aws:kms', 'aws:kms:dsse']),
          key: orNull(text),
          bucketKey: Type.Boolean()
        },
        closed
      )
    ),
    policy: orNull(policy)
  },
  closed
)

const table = Type.Object(
  { arn, database: text, table: text, location: orNull(text) },
  closed
)

const principal = Type.Object(
  {
    arn,
    kind: Type.Enum(['role', 'user']),
    id: text,
    policies: Type.Array(
      Type.Object(
        { name: text, from: Type.Enum(['inline', 'attached', 'group']), text: policy },
        closed
      )
    ),
    boundary: orNull(policy),
    trust: orNull(policy),
    maxSessionSeconds: orNull(count),
    lastUsedAt: orNull(moment),
    tags
  },
  closed
)

const snapshot = Compile(
  Type.Object(
    {
      version: Type.Literal(1),
      at: moment,
      accounts: Type.Array(Type.String({ pattern: '^[0-9]{12}$' })),
      gaps: Type.Array(gap),
      workgroups: Type.Array(workgroup),
      keys: Type.Array(key),
      buckets: Type.Array(bucket),
      tables: Type.Array(table),
      principals: Type.Array(principal)
    },
    closed
  )
)

/** A form that fits but names no moment, such as February 30. */
const moments = (facts: Facts): readonly FactsIssue[] => {
  return [
    ...issue('/at', facts.at),
    ...facts.workgroups.flatMap(({ createdAt, lastQueryAt }, n) => [
      ...issue(`/workgroups/${n}/createdAt`, createdAt),
      ...issue(`/workgroups/${n}/lastQueryAt`, lastQueryAt)
    ]),
    ...facts.keys.flatMap(({ createdAt, deletionAt, materialExpiresAt, grants }, n) => [
      ...issue(`/keys/${n}/createdAt`, createdAt),
      ...issue(`/keys/${n}/deletionAt`, deletionAt),
      ...issue(`/keys/${n}/materialExpiresAt`, materialExpiresAt),
      ...(grants ?? []).flatMap((one, m) =>
        issue(`/keys/${n}/grants/${m}/createdAt`, one.createdAt)
      )
    ]),
    ...facts.principals.flatMap(({ lastUsedAt }, n) =>
      issue(`/principals/${n}/lastUsedAt`, lastUsedAt)
    )
  ]
}

const issue = (place: string, value: string | null): readonly FactsIssue[] =>
  value === null || new Date(value).toJSON()?.startsWith(value.slice(0, 19))
    ? []
    : [{ place, message: 'in no calendar' }]

/** The same resource twice: which of the two is true is not for us to say. */
const repeats = (facts: Facts): readonly FactsIssue[] => {
  const lists = [
    ['workgroups', facts.workgroups.map((one) => one.arn)],
    ['keys', facts.keys.map((one) => one.arn)],
    ['buckets', facts.buckets.map((one) => one.name)],
    ['tables', facts.tables.map((one) => one.arn)],
    ['principals', facts.principals.map((one) => one.arn)]
  ] as const
  return lists.flatMap(([list, names]) => {
    const seen = new Set<string>()
    return names.flatMap((name, at) => {
      const before = seen.has(name)
      seen.add(name)
      return before ? [{ place: `/${list}/${at}`, message: 'the same resource twice' }] : []
    })
  })
}
