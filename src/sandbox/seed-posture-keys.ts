/**
 * Keys with something wrong of nearly every kind: rotation, alias, tags, state, imported material,
 * policies that let half the account decrypt, and grants that nobody retires. Each of them lets the
 * account's own policies decide who may look at it, so that a collector can.
 */
import { randomBytes } from 'node:crypto'
import type { OneOrMany, PolicyDocument, Statement } from '../iam/policy-document.ts'
import { ACCOUNT, keyArn, PARTITION, roleArn, ROLES, TAGS } from './names.ts'
import { storedPolicy } from './policy-text.ts'
import type { Ago } from './seed-posture.ts'
import { POSTURE_BUCKETS, POSTURE_KEYS, POSTURE_ROLES } from './seed-posture-targets.ts'
import { randomId } from './sessions.ts'
import type { Grant, KmsKey, World } from './world.ts'

const partnerAccount = '210987654321'
const root = `arn:${PARTITION}:iam::${ACCOUNT}:root`

export function seedPostureKeys(world: World, ago: Ago): void {
  for (const key of keys(ago)) world.keys.set(key.keyId, key)
  for (const grant of grants(ago)) {
    world.grants.set(grant.grantId, { ...grant, serial: world.grantTokens.size + 1 })
    world.grantTokens.set(randomBytes(96).toString('base64'), grant.grantId)
  }
}

function keys(ago: Ago): readonly KmsKey[] {
  const base = { state: 'Enabled', rotationEnabled: true, createdAt: ago(500) } as const
  const made = (keyId: string, own: Partial<KmsKey> & Pick<KmsKey, 'policy'>): KmsKey => ({
    ...base,
    keyId,
    arn: keyArn(keyId),
    description: 'A key of the seeded account',
    material: randomBytes(32),
    tags: {},
    ...own
  })
  const delegating = storedPolicy(policyOf(delegation))
  return [
    made(POSTURE_KEYS.research, {
      policy: storedPolicy(researchPolicy()),
      aliases: ['alias/researchkey'],
      tags: { owner: 'research' },
      rotationPeriodDays: 730
    }),
    made(POSTURE_KEYS.warehouse, {
      policy: delegating,
      aliases: ['alias/prod-warehouse-results'],
      tags: TAGS,
      state: 'Disabled'
    }),
    made(POSTURE_KEYS.exports, {
      policy: delegating,
      aliases: ['alias/prod-exports-data'],
      tags: TAGS,
      state: 'PendingDeletion',
      deletionAt: ago(-9)
    }),
    made(POSTURE_KEYS.partner, {
      policy: delegating,
      aliases: ['alias/prod-partner-feed'],
      tags: TAGS,
      rotationEnabled: false,
      origin: 'EXTERNAL',
      materialExpiresAt: ago(-12)
    }),
    made(POSTURE_KEYS.s3, {
      policy: storedPolicy(awsPolicy()),
      aliases: ['alias/aws/s3'],
      manager: 'AWS'
    }),
    made(POSTURE_KEYS.lab, {
      policy: delegating,
      aliases: ['alias/dev-lab-data'],
      rotationEnabled: false,
      multiRegion: true
    })
  ]
}

const policyOf = (...Statement: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement
})

const allow = (
  Sid: string,
  AWS: OneOrMany<string>,
  Action: OneOrMany<string>
): Statement => ({ Sid, Effect: 'Allow', Principal: { AWS }, Action, Resource: '*' })

const delegation = allow('AccountDecides', root, 'kms:*')

/** Delegation, a user with everything, an administrator who decrypts, others, and everybody. */
function researchPolicy(): PolicyDocument {
  return policyOf(
    delegation,
    allow('Owner', `arn:${PARTITION}:iam::${ACCOUNT}:user/dora`, 'kms:*'),
    allow('Admins', roleArn(ROLES.keyAdmin), ['kms:PutKeyPolicy', 'kms:Decrypt']),
    allow('Grants', roleArn(POSTURE_ROLES.bi), ['kms:CreateGrant', 'kms:ListGrants']),
    allow('Readers', roleArn(POSTURE_ROLES.notebooks), 'kms:Decrypt'),
    allow('Partner', `arn:${PARTITION}:iam::${partnerAccount}:root`, 'kms:Decrypt'),
    {
      ...allow('Reports', '*', ['kms:Decrypt', 'kms:DescribeKey']),
      Condition: { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } }
    }
  )
}

/** As AWS writes it for its own key of S3. */
function awsPolicy(): PolicyDocument {
  return policyOf(
    {
      ...allow('ThroughS3', '*', [
        'kms:Encrypt',
        'kms:Decrypt',
        'kms:GenerateDataKey*',
        'kms:DescribeKey'
      ]),
      Condition: {
        StringEquals: {
          'kms:CallerAccount': ACCOUNT,
          'kms:ViaService': 's3.eu-west-1.amazonaws.com'
        }
      }
    },
    allow('Metadata', root, ['kms:Describe*', 'kms:Get*', 'kms:List*'])
  )
}

function grants(ago: Ago): readonly Omit<Grant, 'serial'>[] {
  const on = (keyId: string, days: number) => ({
    grantId: randomBytes(32).toString('hex'),
    keyId,
    keyArn: keyArn(keyId),
    issuingAccount: root,
    createdAt: ago(days)
  })
  const broker = roleArn(ROLES.broker)
  const jit = `arn:${PARTITION}:sts::${ACCOUNT}:assumed-role/${POSTURE_ROLES.research}`
  const context = { 'aws:s3:arn': `arn:${PARTITION}:s3:::${POSTURE_BUCKETS.research}` }
  return [
    // the broker's own, and weeks older than any elevation lasts
    {
      ...on(POSTURE_KEYS.research, 40),
      granteePrincipal: `${jit}/jit-01JA0000000000000000000000`,
      retiringPrincipal: broker,
      operations: ['Decrypt'],
      constraints: { EncryptionContextSubset: context },
      name: 'jit/01JA0000000000000000000000/data'
    },
    // of a role that was deleted
    {
      ...on(POSTURE_KEYS.research, 300),
      granteePrincipal: roleArn('acme-former-etl'),
      granteeRoleId: `AROA${randomId(17)}`,
      operations: ['Decrypt']
    },
    {
      ...on(POSTURE_KEYS.research, 200),
      granteePrincipal: roleArn(POSTURE_ROLES.bi),
      operations: ['Decrypt', 'GenerateDataKey', 'CreateGrant'],
      name: 'bi'
    },
    {
      ...on(POSTURE_KEYS.research, 100),
      granteePrincipal: `arn:${PARTITION}:iam::${partnerAccount}:root`,
      operations: ['Decrypt', 'DescribeKey'],
      name: 'partner'
    }
  ]
}
