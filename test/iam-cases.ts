/**
 * What a session of one elevation may and may not do, and what the broker may grant: one table for
 * the evaluator and for a simulated AWS over HTTP. The role is shared with a second target, so each
 * refusal about that target shows that the session policy, not the role, draws the line.
 */
import type { ElevationId, Instant, TargetId } from '../src/elevation/ids.ts'
import { instant, iso, parseElevationId, parseTargetId } from '../src/elevation/ids.ts'
import { tablesOf, type Target } from '../src/elevation/target.ts'
import { sessionArn } from '../src/iam/assume-role.ts'
import { brokerPolicy, keyPolicy } from '../src/iam/broker-policies.ts'
import { createGrantParameters, planGrants } from '../src/iam/create-grant.ts'
import type {
  AccessRequest,
  GrantFact,
  OneOrMany,
  PolicyDocument,
  PolicySet
} from '../src/iam/policy-document.ts'
import type { IamResult } from '../src/iam/refusals.ts'
import { jitBoundary, jitRolePolicy } from '../src/iam/role-policies.ts'
import { sessionPolicy } from '../src/iam/session-policy.ts'

export const account = '123456789012'
export const region = 'eu-west-1'
export const roleArn = `arn:aws:iam::${account}:role/sallyport-claims`
export const brokerRoleArn = `arn:aws:iam::${account}:role/sallyport-broker`
export const adminRoleArn = `arn:aws:iam::${account}:role/key-admin`
const keyOf = (id: string): string => `arn:aws:kms:${region}:${account}:key/${id}`
export const claimsKey = keyOf('11111111-1111-4111-8111-111111111111')
export const paymentsKey = keyOf('22222222-2222-4222-8222-222222222222')

export const now: Instant = instant(Date.UTC(2026, 10, 21, 10, 0, 0))
export const notAfter: Instant = instant(Date.UTC(2026, 10, 21, 10, 15, 0))

const must = <T>(value: T | null): T => {
  if (value === null) throw new Error('a fixture id that does not parse')
  return value
}
export const unwrap = <T>(result: IamResult<T>): T => {
  if (!result.ok) throw new Error(result.refusals.map((refusal) => refusal.message).join('; '))
  return result.value
}

export const elevation: ElevationId = must(parseElevationId('01JD6Z8Q4N0000000000000001'))
export const otherElevation: ElevationId = must(parseElevationId('01JD6Z8Q4N0000000000000002'))
const targetId = (id: string): TargetId => must(parseTargetId(id))

/** The elevation of these cases is about all tables of this target. */
export const claims: Target = {
  id: targetId('claims-pii'),
  account,
  region,
  workgroup: 'claims-pii',
  role: roleArn,
  classification: 'pii',
  owner: 'group:claims-data',
  data: [
    {
      database: 'claims',
      tables: ['customers', 'claims'],
      location: { bucket: 'acme-claims', prefix: 'curated/' },
      key: claimsKey,
      bucketKey: true
    }
  ],
  results: {
    kind: 'bucket',
    location: { bucket: 'acme-athena-results', prefix: 'claims-pii/' },
    key: claimsKey,
    bucketKey: true
  },
  columns: { 'claims.customers': { ssn: 'direct', email: 'direct', dob: 'quasi' } }
}

/** Another target of the same role. */
export const payments: Target = {
  ...claims,
  id: targetId('payments-pii'),
  workgroup: 'payments-pii',
  data: [
    {
      database: 'payments',
      tables: ['payments'],
      location: { bucket: 'acme-payments', prefix: 'curated/' },
      key: paymentsKey,
      bucketKey: true
    }
  ],
  results: {
    kind: 'bucket',
    location: { bucket: 'acme-athena-results', prefix: 'payments-pii/' },
    key: paymentsKey,
    bucketKey: true
  },
  columns: {}
}

/** none · live: as planned · other session: another elevation's · unbound: no bucket constraint */
export type Grants = 'none' | 'live' | 'other session' | 'unbound'

export type CreateGrantAsk = {
  readonly GranteePrincipal?: string
  readonly GranteeServicePrincipal?: string
  readonly RetiringPrincipal?: string
  readonly Operations?: readonly string[]
  readonly bucketArn?: string
}

export type Case = {
  readonly name: string
  readonly expect: 'allow' | 'deny'
  readonly caller: 'session' | 'broker'
  readonly action: string
  readonly resource: string
  /** condition keys besides time and TLS */
  readonly context: Readonly<Record<string, OneOrMany<string>>>
  readonly grants: Grants
  readonly at: Instant
  /** for kms:CreateGrant: the parameters that `context` stands for */
  readonly createGrant?: CreateGrantAsk
}

type Row = readonly [
  name: string,
  action: string,
  resource: string,
  context?: Case['context'],
  grants?: Grants
]

const athena = (workgroup: string): string =>
  `arn:aws:athena:${region}:${account}:workgroup/${workgroup}`
const glue = (rest: string): string => `arn:aws:glue:${region}:${account}:${rest}`
const s3 = (rest: string): string => `arn:aws:s3:::${rest}`
const viaAthena = {
  'aws:CalledVia': ['athena.amazonaws.com'],
  'aws:CalledViaFirst': 'athena.amazonaws.com',
  'aws:CalledViaLast': 'athena.amazonaws.com'
}
const via = (service: string, bucket: string): Case['context'] => ({
  'kms:ViaService': `${service}.${region}.amazonaws.com`,
  'kms:EncryptionContext:aws:s3:arn': s3(bucket)
})
const direct = (bucket: string): Case['context'] => ({
  'kms:EncryptionContext:aws:s3:arn': s3(bucket)
})
const part = 'acme-claims/curated/customers/part-0.parquet'
const resultFile = 'acme-athena-results/claims-pii/7f3c.csv'

const allowed: readonly Row[] = [
  ['starts a query in the workgroup', 'athena:StartQueryExecution', athena('claims-pii')],
  ['stops a query in the workgroup', 'athena:StopQueryExecution', athena('claims-pii')],
  ['reads a query of the workgroup', 'athena:GetQueryExecution', athena('claims-pii')],
  ['reads results of the workgroup', 'athena:GetQueryResults', athena('claims-pii')],
  ['streams results of the workgroup', 'athena:GetQueryResultsStream', athena('claims-pii')],
  ['reads the workgroup', 'athena:GetWorkGroup', athena('claims-pii')],
  ['reads a listed table', 'glue:GetTable', glue('table/claims/customers')],
  ['reads the other listed table', 'glue:GetTable', glue('table/claims/claims')],
  ['reads the database of the table', 'glue:GetTable', glue('database/claims')],
  ['reads the catalog of the table', 'glue:GetTable', glue('catalog')],
  ['reads partitions of a listed table', 'glue:GetPartitions', glue('table/claims/customers')],
  ['reads the database default', 'glue:GetDatabase', glue('database/default')],
  ['reads data through Athena', 's3:GetObject', s3(part), viaAthena],
  ['lists the data bucket through Athena', 's3:ListBucket', s3('acme-claims'), viaAthena],
  ['writes a result', 's3:PutObject', s3(resultFile), viaAthena],
  ['aborts a result upload', 's3:AbortMultipartUpload', s3(resultFile), viaAthena],
  ['reads a result file itself', 's3:GetObject', s3(resultFile)],
  ['decrypts data through S3', 'kms:Decrypt', claimsKey, via('s3', 'acme-claims')],
  ['decrypts results through S3', 'kms:Decrypt', claimsKey, via('s3', 'acme-athena-results')],
  [
    'decrypts data through S3 under a grant bound to nothing',
    'kms:Decrypt',
    claimsKey,
    via('s3', 'acme-claims'),
    'unbound'
  ],
  [
    'makes a data key for a result',
    'kms:GenerateDataKey',
    claimsKey,
    via('s3', 'acme-athena-results')
  ]
]

/** Each is tried with the grants of the elevation and with one that is bound to nothing. */
const refusedDecrypts: readonly (readonly [string, string, Case['context']])[] = [
  ['decrypts directly with the right context', claimsKey, direct('acme-claims')],
  ['decrypts directly without a context', claimsKey, {}],
  ['decrypts through DynamoDB', claimsKey, via('dynamodb', 'acme-claims')],
  ['decrypts under another key', paymentsKey, via('s3', 'acme-payments')],
  ['decrypts under the same key for another bucket', claimsKey, via('s3', 'acme-payments')],
  ['decrypts for a look-alike bucket', claimsKey, via('s3', 'acme-claims-copy')],
  ['decrypts for an object of a look-alike', claimsKey, via('s3', 'acme-claims-copy/curated/a')]
]

const refused: readonly Row[] = [
  ['starts a query in primary', 'athena:StartQueryExecution', athena('primary')],
  ['starts a query in a look-alike', 'athena:StartQueryExecution', athena('claims-pii-2')],
  ['starts a query in another target', 'athena:StartQueryExecution', athena('payments-pii')],
  ['reads results of another workgroup', 'athena:GetQueryResults', athena('payments-pii')],
  ['changes the workgroup', 'athena:UpdateWorkGroup', athena('claims-pii')],
  ['lists the workgroup’s queries', 'athena:ListQueryExecutions', athena('claims-pii')],
  ['reads queries in bulk', 'athena:BatchGetQueryExecution', athena('claims-pii')],
  ['saves a query', 'athena:CreateNamedQuery', athena('claims-pii')],
  ['reads another table of the database', 'glue:GetTable', glue('table/claims/adjusters')],
  ['reads a table of another target', 'glue:GetTable', glue('table/payments/payments')],
  ['reads another database', 'glue:GetDatabase', glue('database/payments')],
  ['creates a table', 'glue:CreateTable', glue('table/claims/customers')],
  ['changes a table', 'glue:UpdateTable', glue('table/claims/customers')],
  ['reads data itself', 's3:GetObject', s3(part)],
  ['lists the data bucket itself', 's3:ListBucket', s3('acme-claims')],
  [
    'reads data through another service',
    's3:GetObject',
    s3(part),
    { 'aws:CalledVia': ['cloudformation.amazonaws.com'] }
  ],
  ['reads another prefix', 's3:GetObject', s3('acme-claims/raw/customers.csv'), viaAthena],
  ['reads a look-alike prefix', 's3:GetObject', s3('acme-claims/curated-2/a'), viaAthena],
  ['reads a look-alike bucket', 's3:GetObject', s3('acme-claims-copy/curated/a'), viaAthena],
  ['reads another target’s bucket', 's3:GetObject', s3('acme-payments/curated/a'), viaAthena],
  ['writes data', 's3:PutObject', s3(part), viaAthena],
  ['deletes data', 's3:DeleteObject', s3(part), viaAthena],
  [
    'reads results of another workgroup in S3',
    's3:GetObject',
    s3('acme-athena-results/payments-pii/7f3c.csv')
  ],
  [
    'writes results of another workgroup in S3',
    's3:PutObject',
    s3('acme-athena-results/payments-pii/7f3c.csv'),
    viaAthena
  ],
  ['decrypts without a grant', 'kms:Decrypt', claimsKey, via('s3', 'acme-claims'), 'none'],
  [
    'decrypts under a grant to another session',
    'kms:Decrypt',
    claimsKey,
    via('s3', 'acme-claims'),
    'other session'
  ],
  ...refusedDecrypts.flatMap(([name, key, context]): readonly Row[] => [
    [name, 'kms:Decrypt', key, context, 'live'],
    [`${name}, grant bound to nothing`, 'kms:Decrypt', key, context, 'unbound']
  ]),
  [
    'makes a data key for the data bucket',
    'kms:GenerateDataKey',
    claimsKey,
    via('s3', 'acme-claims')
  ],
  ['makes a data key directly', 'kms:GenerateDataKey', claimsKey, direct('acme-athena-results')],
  ['encrypts', 'kms:Encrypt', claimsKey, via('s3', 'acme-claims'), 'unbound'],
  ['makes a grant', 'kms:CreateGrant', claimsKey],
  ['changes the key policy', 'kms:PutKeyPolicy', claimsKey],
  ['changes its role', 'iam:PutRolePolicy', roleArn],
  ['reads its role', 'iam:GetRole', roleArn],
  ['passes a role', 'iam:PassRole', brokerRoleArn],
  ['assumes its role again', 'sts:AssumeRole', roleArn],
  ['assumes the broker’s role', 'sts:AssumeRole', brokerRoleArn]
]

/** The session: what it may do, the same refused from the end on, and what it never may. */
export const sessionCases: readonly Case[] = [
  ...allowed.map((row) => sessionCase(row, 'allow', now)),
  ...allowed.map((row) => sessionCase(row, 'allow', instant(notAfter - 1000))),
  ...allowed.map((row) => sessionCase(row, 'deny', notAfter)),
  ...allowed.map((row) => sessionCase(row, 'deny', instant(notAfter + 3600_000))),
  ...refused.map((row) => sessionCase(row, 'deny', now))
]

function sessionCase(row: Row, expect: Case['expect'], at: Instant): Case {
  const [name, action, resource, context = {}, grants = 'live'] = row
  const caller = 'session'
  return { name: `${name} at ${iso(at)}`, expect, caller, action, resource, context, grants, at }
}

const good: CreateGrantAsk = {
  GranteePrincipal: sessionArn(roleArn, elevation),
  RetiringPrincipal: brokerRoleArn,
  Operations: ['Decrypt']
}
const { Operations: _operations, ...withoutOperations } = good
const { RetiringPrincipal: _retiring, ...withoutRetiring } = good
const { GranteePrincipal: _grantee, ...withoutGrantee } = good
const foreign = 'arn:aws:sts::999999999999:assumed-role/sallyport-claims/jit-x'

const fenceRows: readonly (readonly [string, Case['expect'], CreateGrantAsk])[] = [
  ['a Decrypt grant for a session', 'allow', good],
  ['the same bound to a bucket', 'allow', { ...good, bucketArn: s3('acme-claims') }],
  ['Decrypt and GenerateDataKey', 'deny', { ...good, Operations: ['Decrypt', 'GenerateDataKey'] }],
  ['CreateGrant', 'deny', { ...good, Operations: ['CreateGrant'] }],
  ['no operations', 'deny', withoutOperations],
  ['an empty list of operations', 'deny', { ...good, Operations: [] }],
  ['a grant to the role', 'deny', { ...good, GranteePrincipal: roleArn }],
  ['a grant to the broker', 'deny', { ...good, GranteePrincipal: brokerRoleArn }],
  ['a grant to the account', 'deny', { ...good, GranteePrincipal: `arn:aws:iam::${account}:root` }],
  ['a grant to another account', 'deny', { ...good, GranteePrincipal: foreign }],
  [
    'a grant to a session that is not ours',
    'deny',
    { ...good, GranteePrincipal: sessionArn(roleArn, elevation).replace('jit-', 'mine-') }
  ],
  [
    'a grant to a service',
    'deny',
    { ...withoutGrantee, GranteeServicePrincipal: 'athena.amazonaws.com' }
  ],
  ['no retiring principal', 'deny', withoutRetiring],
  ['another retiring principal', 'deny', { ...good, RetiringPrincipal: roleArn }]
]

const brokerRows: readonly (readonly [string, Case['expect'], string, string])[] = [
  ['revokes a grant', 'allow', 'kms:RevokeGrant', claimsKey],
  ['lists grants', 'allow', 'kms:ListGrants', claimsKey],
  ['finds its own grants', 'allow', 'kms:ListRetirableGrants', '*'],
  ['stops a query', 'allow', 'athena:StopQueryExecution', athena('claims-pii')],
  ['counts the rows of a query', 'allow', 'athena:GetQueryRuntimeStatistics', athena('claims-pii')],
  ['denies ended sessions', 'allow', 'iam:PutRolePolicy', roleArn],
  ['decrypts', 'deny', 'kms:Decrypt', claimsKey],
  ['makes a data key', 'deny', 'kms:GenerateDataKeyWithoutPlaintext', claimsKey],
  ['changes the key policy', 'deny', 'kms:PutKeyPolicy', claimsKey],
  ['starts a query', 'deny', 'athena:StartQueryExecution', athena('claims-pii')],
  ['reads results', 'deny', 'athena:GetQueryResults', athena('claims-pii')],
  ['lifts the boundary', 'deny', 'iam:DeleteRolePermissionsBoundary', roleArn],
  ['changes who may assume the role', 'deny', 'iam:UpdateAssumeRolePolicy', roleArn],
  ['changes its own role', 'deny', 'iam:PutRolePolicy', brokerRoleArn]
]

/** The broker: the fence around CreateGrant, and the rest of its rights. */
export const brokerCases: readonly Case[] = [
  ...fenceRows.map(([name, expect, createGrant]): Case => ({
    name: `the broker grants: ${name}`,
    expect,
    caller: 'broker',
    action: 'kms:CreateGrant',
    resource: claimsKey,
    context: createGrantContext(createGrant),
    grants: 'none',
    at: now,
    createGrant
  })),
  ...brokerRows.map(([name, expect, action, resource]): Case => {
    const facts = { action, resource, context: {}, grants: 'live', at: now } as const
    return { name: `the broker ${name}`, expect, caller: 'broker', ...facts }
  })
]

function createGrantContext(ask: CreateGrantAsk): Case['context'] {
  const keys: Readonly<Record<string, OneOrMany<string> | undefined>> = {
    'kms:GranteePrincipal': ask.GranteePrincipal,
    'kms:GranteeServicePrincipal': ask.GranteeServicePrincipal,
    'kms:RetiringPrincipal': ask.RetiringPrincipal,
    'kms:GrantOperations': ask.Operations,
    'kms:GrantConstraintType': ask.bucketArn && 'EncryptionContextEquals',
    'kms:EncryptionContext:aws:s3:arn': ask.bucketArn,
    'kms:GrantIsForAWSResource': 'false'
  }
  return Object.fromEntries(
    Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))
  )
}

export const targets: readonly Target[] = [claims, payments]
export const madeSessionPolicy = unwrap(
  sessionPolicy({ target: claims, tables: tablesOf(claims), notAfter })
)

const grantFacts = (of: ElevationId, bound: boolean): readonly GrantFact[] =>
  unwrap(planGrants({ elevation: of, target: claims, tables: tablesOf(claims) })).map(
    (grant, index): GrantFact => {
      const made = unwrap(createGrantParameters({ grant, elevation: of, roleArn, brokerRoleArn }))
      return {
        grantId: `grant-${index}`,
        keyArn: made.KeyId,
        granteePrincipal: made.GranteePrincipal,
        operations: made.Operations,
        ...(bound && made.Constraints ? { constraints: made.Constraints } : {})
      }
    }
  )

const facts: Readonly<Record<Grants, readonly GrantFact[]>> = {
  none: [],
  live: grantFacts(elevation, true),
  'other session': grantFacts(otherElevation, false),
  unbound: grantFacts(elevation, false)
}

const identity = unwrap(jitRolePolicy(targets))
const boundary = unwrap(jitBoundary(targets))
const brokerIdentity = unwrap(brokerPolicy({ targets, brokerRoleArn, personalKey: null }))
const keyPolicies: ReadonlyMap<string, PolicyDocument> = new Map(
  [claimsKey, paymentsKey].map((key) => {
    const policy = keyPolicy({ key, targets, brokerRoleArn, adminRoleArn, producerRoleArns: [] })
    return [key, unwrap(policy)]
  })
)

export const requestOf = (one: Case): AccessRequest => {
  const arn = sessionArn(roleArn, elevation)
  const broker = `arn:aws:sts::${account}:assumed-role/sallyport-broker/broker`
  return {
    principal:
      one.caller === 'session'
        ? { kind: 'session', arn, roleArn, account }
        : { kind: 'session', arn: broker, roleArn: brokerRoleArn, account },
    action: one.action,
    resource: one.resource,
    context: {
      'aws:CurrentTime': iso(one.at).replace('.000Z', 'Z'),
      'aws:SecureTransport': 'true',
      ...one.context
    }
  }
}

export const policiesOf = (one: Case, grantsLimitedBySession: boolean): PolicySet => {
  const resource = keyPolicies.get(one.resource)
  return {
    ...(one.caller === 'session'
      ? { identity: [identity], session: madeSessionPolicy.document, boundary }
      : { identity: [brokerIdentity] }),
    ...(resource ? { resource } : {}),
    resourceAccount: account,
    grants: facts[one.grants],
    grantsLimitedBySession
  }
}

/** Every case as the evaluator takes it. */
export const evaluations = (): readonly {
  readonly request: AccessRequest
  readonly policies: PolicySet
}[] =>
  [...sessionCases, ...brokerCases].map((one) => {
    return { request: requestOf(one), policies: policiesOf(one, true) }
  })
