/**
 * The seeded account: the broker's role and a session of it, the JIT roles with boundary and trust,
 * the keys with their policies, an administrator's user, and the data. Secrets are random at every
 * start. Policies come from iam/, so the sandbox enforces what the product would set up on AWS.
 */
import { randomBytes } from 'node:crypto'
import type { Target } from '../elevation/target.ts'
import { brokerPolicy, keyPolicy } from '../iam/broker-policies.ts'
import { collectorPolicy } from '../iam/collector-policy.ts'
import type { PolicyDocument } from '../iam/policy-document.ts'
import type { IamResult } from '../iam/refusals.ts'
import { jitBoundary, jitRolePolicy, jitTrustPolicy } from '../iam/role-policies.ts'
import { ACCOUNT, KEY_IDS, keyArn, PARTITION, roleArn, ROLES, TAGS } from './names.ts'
import { storedPolicy } from './policy-text.ts'
import { seedData } from './seed-data.ts'
import { seedTargets } from './seed-targets.ts'
import { openSession, randomId } from './sessions.ts'
import type { Boundary, Role, World } from './world.ts'

export type SeededKeys = {
  /** a session of role/sallyport-broker for 12 hours */
  readonly broker: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
    readonly expiration: Date
  }
  /** the long-term key of user/sandbox-admin, who may do anything that no key policy closes */
  readonly admin: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const BROKER_SECONDS = 43_200

/** Fills an empty world; `data: false` leaves out buckets, tables and workgroups. */
export async function seed(world: World, options: { readonly data: boolean }): Promise<SeededKeys> {
  const targets = seedTargets()
  const broker = addRoles(world, targets)
  for (const [name, keyId] of Object.entries(KEY_IDS)) {
    const purpose = name === 'payments' ? 'payments-data' : `claims-${name.slice(6).toLowerCase()}`
    addKey(world, { keyId, alias: `alias/prod-${purpose}`, targets })
  }
  const admin = addAdmin(world)
  if (options.data) await seedData(world)
  const session = openSession(world, {
    role: broker,
    sessionName: 'broker',
    seconds: BROKER_SECONDS,
    now: world.clock.now(),
    tags: {},
    transitiveTagKeys: []
  })
  const { accessKeyId, secretAccessKey, sessionToken, notAfter } = session
  return { broker: { accessKeyId, secretAccessKey, sessionToken, expiration: notAfter }, admin }
}

const ADMIN = 'sandbox-admin'

function addRoles(world: World, targets: readonly Target[]): Role {
  const brokerRoleArn = roleArn(ROLES.broker)
  const byAdmin = trusts(`arn:${PARTITION}:iam::${ACCOUNT}:user/${ADMIN}`)
  for (const name of [ROLES.claims, ROLES.payments]) {
    const own = targets.filter((target) => target.role === roleArn(name))
    addRole(world, {
      name,
      trust: made(jitTrustPolicy({ brokerRoleArn })),
      policies: { JitMaximum: made(jitRolePolicy(own)) },
      boundary: made(jitBoundary(own)),
      maxSessionSeconds: 3600
    })
  }
  addRole(world, { name: ROLES.keyAdmin, trust: byAdmin, policies: {}, maxSessionSeconds: 3600 })
  addRole(world, {
    name: ROLES.producer,
    trust: byAdmin,
    policies: { WriteData: producerPolicy(targets) },
    maxSessionSeconds: 3600
  })
  return addRole(world, {
    name: ROLES.broker,
    trust: byAdmin,
    policies: {
      Broker: made(brokerPolicy({ targets, brokerRoleArn, personalKey: null })),
      Collector: made(collectorPolicy({ targets }))
    },
    maxSessionSeconds: BROKER_SECONDS
  })
}

type RoleFacts = {
  readonly name: string
  readonly trust: PolicyDocument
  readonly policies: Readonly<Record<string, PolicyDocument>>
  readonly boundary?: PolicyDocument
  readonly maxSessionSeconds: number
}

function addRole(world: World, facts: RoleFacts): Role {
  const { name, trust, policies, boundary, maxSessionSeconds } = facts
  const own = boundary && addBoundary(world, name, boundary)
  const role: Role = {
    name,
    path: '/',
    roleId: `AROA${randomId(17)}`,
    arn: roleArn(name),
    trust: storedPolicy(trust),
    policies: new Map(
      Object.entries(policies).map(([policy, document]) => [policy, storedPolicy(document)])
    ),
    ...(own === undefined ? {} : { boundary: own }),
    maxSessionSeconds,
    createdAt: world.clock.now()
  }
  world.roles.set(name, role)
  return role
}

/** A boundary is a managed policy that nobody has attached. */
function addBoundary(world: World, role: string, document: PolicyDocument): Boundary {
  const name = `${role}-boundary`
  const arn = `arn:${PARTITION}:iam::${ACCOUNT}:policy/${name}`
  const policy = storedPolicy(document)
  const policyId = `ANPA${randomId(17)}`
  world.managedPolicies.set(arn, { name, arn, policyId, policy, createdAt: world.clock.now() })
  return { arn, policy }
}

type KeyAsk = {
  readonly keyId: string
  readonly alias: string
  readonly targets: readonly Target[]
}

function addKey(world: World, { keyId, alias, targets }: KeyAsk): void {
  const arn = keyArn(keyId)
  const policy = keyPolicy({
    key: arn,
    targets,
    brokerRoleArn: roleArn(ROLES.broker),
    adminRoleArn: roleArn(ROLES.keyAdmin),
    producerRoleArns: [roleArn(ROLES.producer)]
  })
  world.keys.set(keyId, {
    keyId,
    arn,
    description: 'A key of the seeded account',
    material: randomBytes(32),
    policy: storedPolicy(made(policy)),
    rotationEnabled: true,
    tags: TAGS,
    aliases: [alias],
    createdAt: world.clock.now(),
    state: 'Enabled'
  })
}

function addAdmin(world: World): SeededKeys['admin'] {
  const everything = { Effect: 'Allow', Action: '*', Resource: '*' } as const
  const policy = storedPolicy({ Version: '2012-10-17', Statement: [everything] })
  world.users.set(ADMIN, {
    name: ADMIN,
    userId: `AIDA${randomId(17)}`,
    arn: `arn:${PARTITION}:iam::${ACCOUNT}:user/${ADMIN}`,
    policies: new Map([['Everything', policy]])
  })
  const key = {
    accessKeyId: `AKIA${randomId(16)}`,
    secretAccessKey: randomBytes(30).toString('base64')
  }
  world.accessKeys.set(key.accessKeyId, { ...key, userName: ADMIN })
  return key
}

function trusts(arn: string): PolicyDocument {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: arn }, Action: 'sts:AssumeRole' }]
  }
}

function producerPolicy(targets: readonly Target[]): PolicyDocument {
  const places = targets.flatMap((target) =>
    target.data.map(
      ({ location }) => `arn:${PARTITION}:s3:::${location.bucket}/${location.prefix}*`
    )
  )
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: places }]
  }
}

// The names are ours; a refusal here is a bug in the seed.
function made(result: IamResult<PolicyDocument>): PolicyDocument {
  if (result.ok) return result.value
  throw new Error(`seed: ${result.refusals.map((refusal) => refusal.message).join('; ')}`)
}
