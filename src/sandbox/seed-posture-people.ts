/**
 * Principals with something wrong: a JIT role whom others than the broker may assume, without a
 * boundary, for twelve hours and with Decrypt of its own; services and people who read what an
 * elevation should be needed for, by group, managed policy and AWS's own AdministratorAccess.
 */
import type { OneOrMany, PolicyDocument, Statement } from '../iam/policy-document.ts'
import { ACCOUNT, keyArn, PARTITION, roleArn, ROLES } from './names.ts'
import { storedPolicy } from './policy-text.ts'
import type { Ago } from './seed-posture.ts'
import { POSTURE_BUCKETS, POSTURE_KEYS, POSTURE_ROLES } from './seed-posture-targets.ts'
import { randomId } from './sessions.ts'
import type { ManagedPolicy, Role, User, World } from './world.ts'

const policyArn = (name: string): string => `arn:${PARTITION}:iam::${ACCOUNT}:policy/${name}`
const administrator = `arn:${PARTITION}:iam::aws:policy/AdministratorAccess`
const readLake = policyArn('DataLakeReadAll')
const peopleBoundary = policyArn('PeopleBoundary')

export function seedPosturePeople(world: World, ago: Ago): void {
  for (const policy of managedPolicies(ago)) world.managedPolicies.set(policy.arn, policy)
  for (const role of roles(ago)) world.roles.set(role.name, role)
  world.groups.set('data-science', {
    name: 'data-science',
    groupId: `AGPA${randomId(17)}`,
    arn: `arn:${PARTITION}:iam::${ACCOUNT}:group/data-science`,
    policies: new Map([['QueryAdhoc', storedPolicy(document(allow('athena:*', '*')))]]),
    attached: [readLake]
  })
  for (const user of users()) world.users.set(user.name, user)
}

function roles(ago: Ago): readonly Role[] {
  const base = { path: '/', policies: new Map(), maxSessionSeconds: 3600, createdAt: ago(500) }
  const made = (name: string, own: Partial<Role> & Pick<Role, 'trust'>): Role => ({
    ...base,
    name,
    roleId: `AROA${randomId(17)}`,
    arn: roleArn(name),
    ...own
  })
  const research = `arn:${PARTITION}:s3:::${POSTURE_BUCKETS.research}/*`
  return [
    made(POSTURE_ROLES.research, {
      trust: trusting({ AWS: [roleArn(ROLES.broker), `arn:${PARTITION}:iam::${ACCOUNT}:root`] }),
      policies: new Map([
        [
          'Research',
          storedPolicy(
            document(
              allow('kms:Decrypt', keyArn(POSTURE_KEYS.research)),
              allow(['s3:GetObject', 's3:PutObject'], research),
              allow(['athena:StartQueryExecution', 'athena:GetQueryResults'], '*'),
              allow(['glue:GetTable', 'glue:GetDatabase'], '*')
            )
          )
        ]
      ]),
      maxSessionSeconds: 43_200,
      lastUsedAt: ago(4)
    }),
    made(POSTURE_ROLES.bi, {
      trust: trusting({ Service: 'athena.amazonaws.com' }),
      attached: [readLake],
      lastUsedAt: ago(1),
      tags: { owner: 'bi' }
    }),
    made(POSTURE_ROLES.notebooks, {
      trust: trusting({ Service: 'athena.amazonaws.com' }),
      attached: [readLake],
      lastUsedAt: ago(6)
    }),
    made(POSTURE_ROLES.admin, {
      trust: trusting({ AWS: `arn:${PARTITION}:iam::${ACCOUNT}:root` }),
      attached: [administrator],
      maxSessionSeconds: 14_400,
      lastUsedAt: ago(2)
    })
  ]
}

function users(): readonly User[] {
  const made = (name: string, own: Partial<User>): User => ({
    name,
    userId: `AIDA${randomId(17)}`,
    arn: `arn:${PARTITION}:iam::${ACCOUNT}:user/${name}`,
    policies: new Map(),
    ...own
  })
  const nothingOfLake = document(allow(['athena:*', 'glue:*'], '*'))
  return [
    made('dora', { groups: ['data-science'], tags: { owner: 'research' } }),
    // in the group, and bounded to what opens no data
    made('finn', {
      groups: ['data-science'],
      boundary: { arn: peopleBoundary, policy: storedPolicy(nothingOfLake) }
    })
  ]
}

function managedPolicies(ago: Ago): readonly ManagedPolicy[] {
  const made = (arn: string, ...statements: readonly Statement[]): ManagedPolicy => ({
    name: arn.split('/').at(-1) ?? '',
    policyId: `ANPA${randomId(17)}`,
    arn,
    policy: storedPolicy(document(...statements)),
    createdAt: ago(600)
  })
  return [
    made(administrator, allow('*', '*')),
    made(peopleBoundary, allow(['athena:*', 'glue:*'], '*')),
    made(
      readLake,
      allow(['s3:GetObject', 's3:ListBucket', 's3:GetBucketLocation'], '*'),
      allow(['glue:GetTable', 'glue:GetTables', 'glue:GetDatabase', 'glue:GetPartitions'], '*'),
      allow('kms:Decrypt', '*')
    )
  ]
}

function allow(Action: OneOrMany<string>, Resource: OneOrMany<string>): Statement {
  return { Effect: 'Allow', Action, Resource }
}

function document(...Statement: readonly Statement[]): PolicyDocument {
  return { Version: '2012-10-17', Statement }
}

function trusting(Principal: Readonly<Record<string, OneOrMany<string>>>) {
  return storedPolicy(document({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }))
}
