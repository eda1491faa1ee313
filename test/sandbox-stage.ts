/**
 * The stage of the policy cases: a sandbox with the cases' roles, keys and key policies, objects
 * under those keys, workgroups, the grants of the elevation and its session.
 */
import { CreateGrantCommand } from '@aws-sdk/client-kms'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import { randomBytes, randomUUID } from 'node:crypto'
import type { ElevationId } from '../src/elevation/ids.ts'
import { tablesOf } from '../src/elevation/target.ts'
import { assumeRoleParameters, sessionArn } from '../src/iam/assume-role.ts'
import { createGrantParameters, planGrants } from '../src/iam/create-grant.ts'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import { sessionCaller } from '../src/sandbox/caller.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import type { Sandbox } from '../src/sandbox/main.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { putObject } from '../src/sandbox/s3-objects.ts'
import { openSession } from '../src/sandbox/sessions.ts'
import type { KmsKey, Role, World } from '../src/sandbox/world.ts'
import { clientsFor } from './fixtures-sandbox.ts'
import type { Clients } from './fixtures-sandbox.ts'
import {
  account,
  brokerRoleArn,
  claims,
  claimsKey,
  elevation,
  madeSessionPolicy,
  now,
  otherElevation,
  paymentsKey,
  policiesOf,
  roleArn,
  sessionCases,
  unwrap
} from './iam-cases.ts'
import type { Case, Grants } from './iam-cases.ts'
import {
  DATA_FOLDER,
  placeExecution,
  placeResults,
  placeTable,
  placeWorkGroup,
  RESULT
} from './sandbox-places.ts'

export type Stage = {
  readonly sandbox: Sandbox
  readonly world: World
  /** the clock underneath */
  readonly time: { now: number }
  readonly session: Clients
  readonly broker: Clients
  /** an execution that is over, by workgroup */
  readonly ended: ReadonlyMap<string, string>
  /** the data key of an object in the data bucket, as KMS encrypted it */
  readonly wrappedKey: Buffer
}

/** A sandbox with the roles, keys, objects and grants of the cases. */
export async function setStage(grants: Grants): Promise<Stage> {
  const time = { now: Number(now) }
  const sandbox = await startSandbox({
    clockControl: false,
    seed: false,
    now: () => new Date(time.now)
  })
  const { world } = sandbox
  placeRoles(world)
  const wrappedKey = await placeObjects(world)
  placeTable(world, DATA_FOLDER)
  for (const name of ['claims-pii', 'payments-pii', 'primary', 'claims-pii-2']) {
    placeWorkGroup(world, name)
  }
  placeResults(world, 's3://acme-athena-results/claims-pii/')
  const broker = clientsFor(sandbox, sandbox.keys.broker, time.now)
  await placeGrants(broker, grants)
  const assume = unwrap(
    assumeRoleParameters({
      elevation,
      roleArn,
      policy: madeSessionPolicy,
      sourceIdentity: 'alice',
      now
    })
  )
  // longer than the window, so that it is the policy and not the session that ends
  const assumed = await broker.sts.send(
    new AssumeRoleCommand({ ...assume, DurationSeconds: 3600 })
  )
  const session = clientsFor(
    sandbox,
    {
      accessKeyId: assumed.Credentials?.AccessKeyId ?? '',
      secretAccessKey: assumed.Credentials?.SecretAccessKey ?? '',
      sessionToken: assumed.Credentials?.SessionToken ?? ''
    },
    time.now
  )
  const ended = new Map(
    [...world.athena.workGroups.keys()].map((name) => [name, placeExecution(world, name)])
  )
  return { sandbox, world, time, session, broker, ended, wrappedKey }
}

function policyFor(one: Partial<Case>): ReturnType<typeof policiesOf> {
  const [sample] = sessionCases
  if (sample === undefined) throw new Error('no cases')
  return policiesOf({ ...sample, ...one }, true)
}

function placeRoles(world: World): void {
  const jit = policyFor({ caller: 'session' })
  const replace = (
    name: string,
    documents: readonly PolicyDocument[],
    more: Partial<Role>
  ): void => {
    const role = world.roles.get(name)
    if (role === undefined) throw new Error(`no role ${name}`)
    const policies = documents.map((document, at) => [`p${at}`, storedPolicy(document)] as const)
    world.roles.set(name, { ...role, ...more, policies: new Map(policies) })
  }
  if (jit.boundary === undefined) throw new Error('the cases have no boundary')
  replace('sallyport-claims', jit.identity, {
    boundary: {
      arn: `arn:aws:iam::${account}:policy/jit-boundary`,
      policy: storedPolicy(jit.boundary)
    }
  })
  replace('sallyport-broker', policyFor({ caller: 'broker' }).identity, {})
}

const open: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }]
}

/** Objects are written while the keys are open, then the keys get the policies of the cases. */
async function placeObjects(world: World): Promise<Buffer> {
  for (const arn of [claimsKey, paymentsKey]) world.keys.set(keyId(arn), makeKey(arn, open))
  for (const name of ['acme-claims', 'acme-payments', 'acme-athena-results']) {
    world.s3.buckets.set(name, {
      name,
      encryption: { algorithm: 'aws:kms', keyArn: claimsKey, bucketKeyEnabled: true },
      objects: new Map()
    })
  }
  world.s3.buckets.set('acme-claims-copy', {
    name: 'acme-claims-copy',
    encryption: { algorithm: 'aws:kms', keyArn: claimsKey, bucketKeyEnabled: false },
    objects: new Map()
  })
  const write = writerOf(world)
  await write('acme-claims/curated/customers/part-0.parquet', claimsKey)
  await write(`acme-athena-results/${RESULT}`, claimsKey)
  await write('acme-athena-results/payments-pii/7f3c.csv', paymentsKey)
  for (const at of ['acme-claims/raw/customers.csv', 'acme-claims/curated-2/a']) {
    await write(at, claimsKey)
  }
  await write('acme-claims-copy/curated/a', claimsKey)
  await write('acme-claims-copy/with-bucket-key/a', claimsKey, true)
  await write('acme-payments/curated/a', claimsKey)
  await write('acme-payments/under-payments-key/a', paymentsKey)
  await write('acme-claims/curated/under-payments-key/a', paymentsKey)
  for (const arn of [claimsKey, paymentsKey]) {
    const key = world.keys.get(keyId(arn))
    const policy = policyFor({ resource: arn }).resource
    if (key === undefined || policy === undefined) throw new Error('no key policy')
    world.keys.set(keyId(arn), { ...key, policy: storedPolicy(policy) })
  }
  const object = world.s3.buckets
    .get('acme-claims')
    ?.objects.get('curated/customers/part-0.parquet')
  if (object === undefined) throw new Error('the data object is missing')
  return object.wrappedKey
}

type Write = (at: string, key: string, bucketKeyEnabled?: boolean) => Promise<void>

function writerOf(world: World): Write {
  const admin: Role = {
    name: 'writer',
    path: '/',
    roleId: 'AROAWRITER',
    arn: `arn:aws:iam::${account}:role/writer`,
    trust: storedPolicy(open),
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
  }
  world.roles.set(admin.name, admin)
  const session = openSession(world, {
    role: admin,
    sessionName: 'writer',
    seconds: 900,
    now: world.clock.now(),
    tags: {},
    transitiveTagKeys: []
  })
  const call = {
    caller: sessionCaller(world, session),
    service: 's3',
    action: 'PutObject',
    region: world.region,
    now: world.clock.now(),
    requestId: randomUUID(),
    chain: [],
    viaService: null,
    secureTransport: true,
    sourceIp: '127.0.0.1',
    userAgent: 'test'
  } as const
  return async (at, key, bucketKeyEnabled) => {
    const [bucket = '', ...rest] = at.split('/')
    const csv = at.endsWith('.csv') && bucket === 'acme-athena-results'
    await putObject(world, call, {
      bucket,
      key: rest.join('/'),
      body: Buffer.from(csv ? '"n"\n"1"\n' : '{"customer_id":"C1"}\n'),
      contentType: 'text/plain',
      encryption: {
        algorithm: 'aws:kms',
        keyId: key,
        ...(bucketKeyEnabled === undefined ? {} : { bucketKeyEnabled })
      }
    })
  }
}

function keyId(arn: string): string {
  return arn.split('/').at(-1) ?? ''
}

function makeKey(arn: string, policy: PolicyDocument): KmsKey {
  return {
    keyId: keyId(arn),
    arn,
    description: '',
    material: randomBytes(32),
    policy: storedPolicy(policy),
    rotationEnabled: true,
    tags: {},
    createdAt: new Date(Number(now)),
    state: 'Enabled'
  }
}

async function placeGrants(broker: Clients, grants: Grants): Promise<void> {
  if (grants === 'none') return
  const grantee: ElevationId = grants === 'other session' ? otherElevation : elevation
  const planned = unwrap(
    planGrants({ elevation: grantee, target: claims, tables: tablesOf(claims) })
  )
  for (const grant of planned) {
    const made = unwrap(
      createGrantParameters({ grant, elevation: grantee, roleArn, brokerRoleArn })
    )
    const { Constraints, ...unbound } = made
    await broker.kms.send(
      new CreateGrantCommand({
        ...unbound,
        Operations: [...unbound.Operations],
        ...(grants === 'live' && Constraints !== undefined ? { Constraints } : {})
      })
    )
  }
}

/** The same session's clients, signing with another time. */
export function atTime(stage: Stage, time: number): Stage {
  const credentials = [...stage.world.sessions.values()].find(
    (session) => session.arn === sessionArn(roleArn, elevation)
  )
  if (credentials === undefined) throw new Error('no session')
  return { ...stage, session: clientsFor(stage.sandbox, credentials, time) }
}
