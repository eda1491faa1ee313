/**
 * An account with something wrong of nearly every kind, beside claims-pii, which stays as it is:
 * the workgroups, buckets and tables of it; keys and people are in files of their own. payments-pii
 * gets faults that UpdateWorkGroup and EnableKeyRotation mend. Put over the seeded data, never
 * instead.
 */
import { randomUUID } from 'node:crypto'
import type { WorkGroup } from './athena-state.ts'
import { BUCKETS, KEY_IDS, keyArn, roleArn, WORKGROUPS } from './names.ts'
import type { S3Bucket } from './s3-state.ts'
import { seedPostureKeys } from './seed-posture-keys.ts'
import { seedPosturePeople } from './seed-posture-people.ts'
import { POSTURE_BUCKETS, POSTURE_KEYS, POSTURE_ROLES } from './seed-posture-targets.ts'
import type { World } from './world.ts'

/** Over a world that was seeded with data. */
export function seedPosture(world: World): void {
  const ago = (days: number): Date => new Date(world.clock.now().getTime() - days * 86_400_000)
  seedPostureKeys(world, ago)
  seedPosturePeople(world, ago)
  for (const bucket of buckets()) world.s3.buckets.set(bucket.name, bucket)
  addTables(world)
  for (const group of workGroups(ago)) world.athena.workGroups.set(group.name, group)
  spoilPayments(world)
  addExecutions(world, ago)
}

/** A moment so many days ago; negative = to come. */
export type Ago = (days: number) => Date

function workGroups(ago: Ago): readonly WorkGroup[] {
  const loose = { description: '', state: 'ENABLED', enforce: false, createdAt: ago(400) } as const
  const adhoc = `s3://${POSTURE_BUCKETS.adhoc}/`
  const kms = (id: string) => ({ option: 'SSE_KMS', keyArn: keyArn(id) }) as const
  return [
    {
      ...loose,
      name: 'research-pii',
      description: 'Cohorts of patients; results go to the ad hoc bucket',
      results: { location: `${adhoc}research/`, encryption: kms(POSTURE_KEYS.warehouse) },
      minimumEncryption: true,
      tags: { owner: 'research' }
    },
    {
      ...loose,
      name: 'research-open',
      description: 'Declared with managed results, set up without',
      state: 'DISABLED',
      enforce: true,
      results: { location: `${adhoc}open/`, encryption: { option: 'SSE_S3' } },
      bytesScannedCutoff: 5_000_000_000_000
    },
    {
      ...loose,
      name: 'adhoc',
      description: 'Whoever needs a quick answer',
      results: { location: `${adhoc}anything/` }
    },
    {
      ...loose,
      name: 'marketing',
      description: 'Campaign reports',
      enforce: true,
      results: { location: `${adhoc}marketing/`, encryption: kms(POSTURE_KEYS.s3) },
      bytesScannedCutoff: 100_000_000_000,
      metrics: true,
      tags: { owner: 'marketing', classification: 'internal', 'cost-center': 'marketing-12' }
    },
    {
      ...loose,
      name: 'notebooks',
      description: 'Spark notebooks of data science',
      enforce: true,
      engine: 'PySpark engine version 3',
      executionRole: roleArn(POSTURE_ROLES.notebooks),
      results: { location: `${adhoc}notebooks/`, encryption: { option: 'SSE_S3' } }
    },
    {
      ...loose,
      name: 'dashboards',
      description: 'Sign-in with Identity Center',
      enforce: true,
      identityCenter: true,
      executionRole: roleArn(POSTURE_ROLES.bi),
      managed: { keyArn: null },
      bytesScannedCutoff: 100_000_000_000,
      tags: { owner: 'bi', classification: 'internal', 'cost-center': 'bi-3' }
    },
    {
      ...loose,
      name: 'archive-2023',
      description: 'Year-end reports of 2023',
      createdAt: ago(1000),
      enforce: true,
      results: { location: `${adhoc}archive/`, encryption: kms(POSTURE_KEYS.exports) },
      bytesScannedCutoff: 10_000_000_000,
      metrics: true,
      tags: { owner: 'finance', classification: 'internal', 'cost-center': 'finance-1' }
    }
  ]
}

/**
 * Another key than declared, not enforced, no scan limit: all of it is one UpdateWorkGroup away.
 */
function spoilPayments(world: World): void {
  const group = world.athena.workGroups.get(WORKGROUPS.payments)
  const key = world.keys.get(KEY_IDS.payments)
  if (group?.results === undefined || key === undefined) throw new Error('the data is not seeded')
  world.athena.workGroups.set(group.name, {
    ...group,
    enforce: false,
    bytesScannedCutoff: undefined,
    results: {
      ...group.results,
      encryption: { option: 'SSE_KMS', keyArn: keyArn(KEY_IDS.claimsResults) }
    }
  })
  key.rotationEnabled = false
}

function buckets(): readonly S3Bucket[] {
  const anyone = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject' } as const
  return [
    {
      name: POSTURE_BUCKETS.research,
      encryption: { algorithm: 'AES256' },
      policy: {
        Version: '2012-10-17',
        Statement: [
          { Sid: 'Shared', ...anyone, Resource: `arn:aws:s3:::${POSTURE_BUCKETS.research}/*` }
        ]
      },
      objects: new Map()
    },
    { name: POSTURE_BUCKETS.adhoc, encryption: { algorithm: 'AES256' }, objects: new Map() },
    {
      name: POSTURE_BUCKETS.exports,
      encryption: {
        algorithm: 'aws:kms',
        keyArn: keyArn(POSTURE_KEYS.exports),
        bucketKeyEnabled: false
      },
      objects: new Map()
    }
  ]
}

/** One table that lies elsewhere than declared, one as declared, and one over another's data. */
function addTables(world: World): void {
  const createdAt = world.clock.now()
  const placed = [
    ['research', 'cohorts', `s3://${POSTURE_BUCKETS.exports}/cohorts/`],
    ['research', 'surveys', `s3://${POSTURE_BUCKETS.research}/open/surveys/`],
    ['scratch', 'customers_copy', `s3://${BUCKETS.claims}/curated/customers/`]
  ] as const
  for (const [database, name, location] of placed) {
    const known = world.glue.databases.get(database)
    const tables = known?.tables ?? new Map()
    if (known === undefined) {
      world.glue.databases.set(database, { name: database, description: '', createdAt, tables })
    }
    tables.set(name, {
      database,
      name,
      description: '',
      columns: [{ name: 'customer_id', type: 'string' }],
      partitionKeys: [],
      location,
      createdAt
    })
  }
}

function addExecutions(world: World, ago: Ago): void {
  const ran = [
    ['adhoc', 'research', 1, false],
    ['adhoc', 'scratch', 2, false],
    ['marketing', 'default', 3, false],
    ['dashboards', 'default', 3, false],
    ['research-pii', 'research', 4, true],
    ['archive-2023', 'default', 130, false]
  ] as const
  for (const [workGroup, database, days, reusesResults] of ran.toReversed()) {
    const id = randomUUID()
    world.athena.executions.set(id, {
      id,
      workGroup,
      query: 'SELECT 1',
      database,
      reusesResults,
      output: { location: `s3://${POSTURE_BUCKETS.adhoc}/${id}.csv` },
      submittedAt: ago(days),
      completedAt: ago(days),
      stopper: new AbortController(),
      state: 'SUCCEEDED',
      columns: [],
      rowCount: 0,
      scannedBytes: 0,
      engineMillis: 5,
      finished: Promise.resolve()
    })
  }
}
