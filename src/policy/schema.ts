/**
 * The documents of a policies directory as TypeBox schemas, which are JSON Schema for editors too.
 * An unknown key is refused everywhere. Each `description` ends the sentence "NAME must be …" in
 * an issue. Lengths of time, tickets and ARNs that contradict each other are judged in `forms.ts`
 * and `targets.ts`.
 */
import { type Static, type TSchema, Type } from 'typebox'

const closed = { additionalProperties: false } as const

const text = (pattern: string, description: string, maxLength = 2048) =>
  Type.String({ pattern, description, maxLength })

const id = text(
  '^[a-z0-9][a-z0-9._-]{1,62}$',
  '2 to 63 of a-z 0-9 . _ -, starting with a letter or digit'
)
const ref = text('^(?:person|group):[a-z0-9][a-z0-9._-]{1,62}$', 'person:ID or group:NAME')
const table = text('^[a-z0-9_][a-z0-9_-]{0,254}$', 'a name of a-z 0-9 _ - as Glue has it')
const length = Type.String({ description: 'a length with its unit, such as 45m, 4h or PT2H30M' })
const roleArn = text(
  '^arn:aws(?:-cn|-us-gov)?:iam::[0-9]{12}:role/' +
    '(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$',
  'the ARN of an IAM role',
  640
)
const key = text(
  '^arn:aws(?:-cn|-us-gov)?:kms:[a-z0-9-]+:[0-9]{12}:key/(?:mrk-[0-9a-f]{32}|[0-9a-f-]{36})$',
  'the full ARN of a KMS key (no alias)'
)
const location = text(
  '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/(?:[A-Za-z0-9._=+@-]+/)*$',
  's3://BUCKET/PREFIX/ of A-Z a-z 0-9 . _ = + @ -, with a slash at the end',
  600
)

const set = <T extends TSchema>(items: T, description: string) =>
  Type.Array(items, { uniqueItems: true, maxItems: 10_000, description })
const some = <T extends TSchema>(items: T, description: string) =>
  Type.Array(items, { uniqueItems: true, minItems: 1, maxItems: 10_000, description })
const list = <T extends TSchema>(items: T) => Type.Array(items, { maxItems: 100_000 })

const PersonDocument = Type.Object(
  {
    id,
    emails: Type.Optional(
      set(text('^[!-?A-~]+@[!-?A-~]+$', 'an e-mail address in ASCII', 254), 'a list of addresses')
    ),
    subjects: Type.Optional(
      // OpenID Connect Core 1.0 section 2: `sub` has at most 255 ASCII characters
      some(text('^[!-~]+$', '1 to 255 ASCII characters, the `sub` of a token', 255), 'a list')
    ),
    groups: Type.Optional(set(id, 'a list of groups')),
    active: Type.Optional(Type.Boolean({ description: 'true or false' }))
  },
  closed
)

const GroupDocument = Type.Object(
  { id, includes: Type.Optional(some(id, 'a list of groups')) },
  closed
)

const DataSetDocument = Type.Object(
  {
    database: table,
    tables: some(table, 'a list of at least one table'),
    location,
    key,
    bucketKey: Type.Boolean({ description: 'true or false' })
  },
  closed
)

const ResultsDocument = Type.Object(
  {
    location: Type.Optional(location),
    bucketKey: Type.Optional(Type.Boolean({ description: 'true or false' })),
    key: Type.Optional(key),
    managed: Type.Optional(Type.Literal(true, { description: 'true, or left out' }))
  },
  closed
)

const columnClasses = Type.Record(
  text('^[a-z0-9_]{1,255}$', 'a column name of a-z 0-9 _'),
  text('^[a-z][a-z0-9-]{0,62}$', 'a class of a-z 0-9 -, such as direct or quasi'),
  closed
)

/** One Athena workgroup. */
export const TargetDocument = Type.Object(
  {
    target: id,
    account: text('^[0-9]{12}$', 'twelve digits in quotes'),
    region: text('^[a-z]{2}(?:-gov)?-[a-z]+-[0-9]$', 'a region such as eu-west-1'),
    workgroup: text('^[A-Za-z0-9._-]{1,128}$', '1 to 128 of A-Z a-z 0-9 . _ -'),
    role: roleArn,
    classification: text('^[a-z][a-z0-9-]{0,62}$', 'a word of a-z 0-9 -, such as pii'),
    owner: ref,
    data: Type.Array(DataSetDocument, {
      minItems: 1,
      maxItems: 100,
      description: 'a list of at least one data set'
    }),
    results: ResultsDocument,
    columns: Type.Optional(
      Type.Record(text('^[a-z0-9_-]+[.][a-z0-9_-]+$', 'database.table'), columnClasses, closed)
    )
  },
  closed
)

const RuleDocument = Type.Object(
  {
    id,
    targets: some(id, 'a list of at least one target'),
    requesters: some(ref, 'a list of at least one person:ID or group:NAME'),
    maxDuration: length,
    activateWithin: length,
    mode: Type.Optional(
      Type.Enum(['brokered', 'credentials'], { description: 'brokered or credentials' })
    ),
    require: Type.Optional(
      Type.Object(
        {
          reason: Type.Optional(
            Type.Object(
              {
                minLength: Type.Integer({
                  minimum: 1,
                  maximum: 500,
                  description: 'a whole number from 1 to 500'
                })
              },
              closed
            )
          ),
          ticket: Type.Optional(
            Type.String({
              description: 'literal text, <digits>, <letters> and *, of 1 to 100 ASCII characters'
            })
          )
        },
        closed
      )
    ),
    approval: Type.Object(
      {
        from: some(ref, 'a list of at least one person:ID or group:NAME'),
        quorum: Type.Integer({
          minimum: 1,
          maximum: 20,
          description: 'a whole number from 1 to 20, of different people'
        }),
        within: length
      },
      closed
    )
  },
  closed
)

const DenyDocument = Type.Object(
  {
    id,
    requesters: some(ref, 'a list of at least one person:ID or group:NAME'),
    targets: Type.Optional(some(id, 'a list of at least one target'))
  },
  closed
)

const RolesDocument = Type.Object(
  {
    auditor: Type.Optional(set(ref, 'a list of person:ID or group:NAME')),
    operator: Type.Optional(set(ref, 'a list of person:ID or group:NAME')),
    security: Type.Optional(set(ref, 'a list of person:ID or group:NAME'))
  },
  closed
)

/** Everything but targets; a file may hold any of these keys. */
export const OrganisationDocument = Type.Object(
  {
    people: Type.Optional(list(PersonDocument)),
    groups: Type.Optional(list(GroupDocument)),
    roles: Type.Optional(RolesDocument),
    rules: Type.Optional(list(RuleDocument)),
    deny: Type.Optional(list(DenyDocument))
  },
  closed
)

/** The schema of each part that is used alone, by the key it stands under. */
export const partSchemas = {
  people: PersonDocument,
  groups: GroupDocument,
  roles: RolesDocument,
  rules: RuleDocument,
  deny: DenyDocument
} as const

export type PersonDocument = Static<typeof PersonDocument>
export type GroupDocument = Static<typeof GroupDocument>
export type TargetDocument = Static<typeof TargetDocument>
export type RuleDocument = Static<typeof RuleDocument>
export type DenyDocument = Static<typeof DenyDocument>
export type RolesDocument = Static<typeof RolesDocument>
