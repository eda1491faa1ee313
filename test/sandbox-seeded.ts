/**
 * Sessions and queries for tests of a seeded sandbox: JIT sessions of claims-pii as the broker
 * makes them, an owner whom IAM lets do everything, and buckets under a key of the owner's.
 */
import { GetQueryExecutionCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena'
import type {
  AthenaClient,
  QueryExecution,
  StartQueryExecutionCommandInput
} from '@aws-sdk/client-athena'
import { CreateGrantCommand } from '@aws-sdk/client-kms'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { randomBytes } from 'node:crypto'
import { instant, parseElevationId, parseTargetId } from '../src/elevation/ids.ts'
import { tablesOf } from '../src/elevation/target.ts'
import type { Target } from '../src/elevation/target.ts'
import { assumeRoleParameters } from '../src/iam/assume-role.ts'
import { createGrantParameters, planGrants } from '../src/iam/create-grant.ts'
import { sessionPolicy } from '../src/iam/session-policy.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import type { Sandbox } from '../src/sandbox/main.ts'
import { ACCOUNT, BUCKETS, KEY_IDS, keyArn, REGION, roleArn } from '../src/sandbox/names.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import type { S3Encryption, S3Object } from '../src/sandbox/s3-state.ts'
import { openSession } from '../src/sandbox/sessions.ts'
import { clientsFor } from './fixtures-sandbox.ts'
import type { Clients, Credentials } from './fixtures-sandbox.ts'
import { unwrap } from './iam-cases.ts'

export type Seeded = {
  readonly sandbox: Sandbox
  readonly broker: Clients
  /** everything that was handed out, to be destroyed at the end */
  readonly clients: Clients[]
  readonly close: () => Promise<void>
}

export type Issued = { readonly clients: Clients; readonly credentials: Credentials }

/** A seeded sandbox with the broker's clients. */
export async function startSeeded(): Promise<Seeded> {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  const broker = clientsFor(sandbox, sandbox.keys.broker)
  const clients = [broker]
  const close = async (): Promise<void> => {
    for (const one of clients) one.destroy()
    await sandbox.close()
  }
  return { sandbox, broker, clients, close }
}

const id = parseTargetId('claims-pii')
if (id === null) throw new Error('a target id that does not parse')
const claims: Target = {
  id,
  account: ACCOUNT,
  region: REGION,
  workgroup: 'claims-pii',
  role: roleArn('sallyport-claims'),
  classification: 'pii',
  owner: 'group:claims-data',
  data: [
    {
      database: 'claims',
      tables: ['customers', 'claims'],
      location: { bucket: BUCKETS.claims, prefix: 'curated/' },
      key: keyArn(KEY_IDS.claimsData),
      bucketKey: true
    }
  ],
  results: {
    kind: 'bucket',
    location: { bucket: BUCKETS.results, prefix: 'claims-pii/' },
    key: keyArn(KEY_IDS.claimsResults),
    bucketKey: true
  },
  columns: {}
}

let elevations = 0

/** A JIT session of claims-pii as the broker makes it, for some tables, with or without grants. */
export async function issue(
  { sandbox, broker, clients }: Seeded,
  wish: { readonly grants: boolean; readonly tables?: readonly string[] } = { grants: true }
): Promise<Issued> {
  elevations += 1
  const count = String(elevations).padStart(2, '0')
  const elevation = parseElevationId(`01JD6Z8Q4N00000000000000${count}`)
  if (elevation === null) throw new Error('an elevation id that does not parse')
  const tables = wish.tables ?? tablesOf(claims)
  const now = instant(Date.now())
  const policy = unwrap(
    sessionPolicy({ target: claims, tables, notAfter: instant(now + 900_000) })
  )
  for (const grant of wish.grants
    ? unwrap(planGrants({ elevation, target: claims, tables }))
    : []) {
    const brokerRoleArn = roleArn('sallyport-broker')
    const made = unwrap(
      createGrantParameters({ grant, elevation, roleArn: claims.role, brokerRoleArn })
    )
    await broker.kms.send(new CreateGrantCommand(made))
  }
  const assume = assumeRoleParameters({
    elevation,
    roleArn: claims.role,
    policy,
    sourceIdentity: 'alice',
    now
  })
  const { Credentials: made } = await broker.sts.send(new AssumeRoleCommand(unwrap(assume)))
  const credentials = {
    accessKeyId: made?.AccessKeyId ?? '',
    secretAccessKey: made?.SecretAccessKey ?? '',
    sessionToken: made?.SessionToken ?? ''
  }
  const own = clientsFor(sandbox, credentials)
  clients.push(own)
  return { credentials, clients: own }
}

/** A session of a role that IAM lets do everything; keys still say who may use them. */
export function owner({ sandbox, clients }: Seeded): Clients {
  const { world } = sandbox
  const role = {
    name: 'owner',
    path: '/',
    roleId: 'AROAOWNER',
    arn: roleArn('owner'),
    trust: storedPolicy({ Version: '2012-10-17', Statement: [] }),
    policies: new Map([
      [
        'all',
        storedPolicy({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }]
        })
      ]
    ]),
    maxSessionSeconds: 3600,
    createdAt: world.clock.now()
  } as const
  world.roles.set(role.name, role)
  const session = openSession(world, {
    role,
    sessionName: 'owner',
    seconds: 3600,
    now: world.clock.now(),
    tags: {},
    transitiveTagKeys: []
  })
  const own = clientsFor(sandbox, session)
  clients.push(own)
  return own
}

export const ownKey = keyArn('1a2b3c4d-0009-4000-8000-000000000009')

/** Buckets of the owner's, under a key whose policy names the owner's role. */
export function ownBucket({ sandbox }: Seeded, name: string, encryption: S3Encryption): void {
  const { world } = sandbox
  world.keys.set(ownKey.split('/')[1] ?? '', {
    keyId: ownKey.split('/')[1] ?? '',
    arn: ownKey,
    description: '',
    material: randomBytes(32),
    policy: storedPolicy({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: roleArn('owner') }, Action: 'kms:*', Resource: '*' }
      ]
    }),
    rotationEnabled: false,
    tags: {},
    createdAt: world.clock.now(),
    state: 'Enabled'
  })
  world.s3.buckets.set(name, { name, encryption, objects: new Map() })
}

export type Ask = Partial<StartQueryExecutionCommandInput>

export async function start(athena: AthenaClient, sql: string, ask: Ask = {}): Promise<string> {
  const { QueryExecutionId } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      WorkGroup: 'claims-pii',
      QueryExecutionContext: { Database: 'claims' },
      ...ask
    })
  )
  return QueryExecutionId ?? ''
}

export async function read(
  athena: AthenaClient,
  QueryExecutionId: string
): Promise<QueryExecution> {
  const answer = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
  if (answer.QueryExecution === undefined) throw new Error('no execution')
  return answer.QueryExecution
}

/** Starts a query and reads it once it has ended. */
export async function finish(
  { sandbox }: Seeded,
  athena: AthenaClient,
  query: { readonly sql: string } & Ask
): Promise<QueryExecution> {
  const { sql, ...ask } = query
  const started = await start(athena, sql, ask)
  await sandbox.world.athena.executions.get(started)?.finished
  return read(athena, started)
}

/** What rests of an object. */
export function stored({ sandbox }: Seeded, bucket: string, key: string): S3Object {
  const object = sandbox.world.s3.buckets.get(bucket)?.objects.get(key)
  if (object === undefined) throw new Error(`no object ${bucket}/${key}`)
  return object
}
