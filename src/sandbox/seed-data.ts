/**
 * The data half of the seeded account: buckets, catalog, objects and workgroups. Objects are
 * written as the producer role through the same PutObject and KMS as every other, so what rests is
 * ciphertext under the table's key. Two workgroups comply; `legacy-reports` does not, on purpose.
 */
import { randomUUID } from 'node:crypto'
import type { WorkGroup } from './athena-state.ts'
import { PRIMARY } from './athena-workgroup.ts'
import type { Call } from './call.ts'
import { sessionCaller } from './caller.ts'
import { ACCOUNT, BUCKETS, KEY_IDS, keyArn, ROLES, TAGS, WORKGROUPS } from './names.ts'
import { putObject } from './s3-objects.ts'
import type { S3Encryption } from './s3-state.ts'
import { seedTables } from './seed-tables.ts'
import type { SeedTable } from './seed-tables.ts'
import { openSession } from './sessions.ts'
import type { World } from './world.ts'

/** Fills S3, Glue and Athena. The producer role and the keys must be there. */
export async function seedData(world: World): Promise<void> {
  addBuckets(world)
  addWorkGroups(world)
  addDatabases(world)
  const call = producerCall(world)
  for (const table of seedTables()) await addTable(world, call, table)
}

function addBuckets(world: World): void {
  const standing: readonly (readonly [string, string])[] = [
    [BUCKETS.claims, KEY_IDS.claimsData],
    [BUCKETS.payments, KEY_IDS.payments],
    // each workgroup names its own key for what it writes here
    [BUCKETS.results, KEY_IDS.claimsResults]
  ]
  for (const [name, keyId] of standing) {
    const encryption: S3Encryption = {
      algorithm: 'aws:kms',
      keyArn: keyArn(keyId),
      bucketKeyEnabled: true
    }
    world.s3.buckets.set(name, { name, encryption, objects: new Map() })
  }
}

function addWorkGroups(world: World): void {
  const createdAt = world.clock.now()
  const compliant = (name: string, keyId: string, description: string): WorkGroup => ({
    name,
    description,
    state: 'ENABLED',
    enforce: true,
    results: {
      location: `s3://${BUCKETS.results}/${name}/`,
      encryption: { option: 'SSE_KMS', keyArn: keyArn(keyId) }
    },
    bytesScannedCutoff: 1_000_000_000,
    expectedBucketOwner: ACCOUNT,
    metrics: true,
    tags: TAGS,
    createdAt
  })
  const loose = { state: 'ENABLED', enforce: false, createdAt } as const
  const workGroups: readonly WorkGroup[] = [
    compliant(WORKGROUPS.claims, KEY_IDS.claimsResults, 'Claims with personal data'),
    compliant(WORKGROUPS.payments, KEY_IDS.payments, 'Payments with personal data'),
    {
      ...loose,
      name: WORKGROUPS.legacy,
      description: 'Old reports; does not enforce its configuration',
      results: {
        location: `s3://${BUCKETS.results}/${WORKGROUPS.legacy}/`,
        encryption: { option: 'SSE_S3' }
      }
    },
    { ...loose, name: PRIMARY, description: 'The workgroup every account has' }
  ]
  for (const workGroup of workGroups) world.athena.workGroups.set(workGroup.name, workGroup)
}

function addDatabases(world: World): void {
  const createdAt = world.clock.now()
  const databases = [
    ['default', 'The database every account has'],
    ['claims', 'Customers and their claims'],
    ['payments', 'Payments to customers']
  ] as const
  for (const [name, description] of databases) {
    world.glue.databases.set(name, { name, description, createdAt, tables: new Map() })
  }
}

/** The table's data is below `curated/TABLE/` of its database's bucket. */
async function addTable(world: World, call: Call, seed: SeedTable): Promise<void> {
  const bucket = seed.database === 'claims' ? BUCKETS.claims : BUCKETS.payments
  const prefix = `curated/${seed.table}/`
  world.glue.databases.get(seed.database)?.tables.set(seed.table, {
    database: seed.database,
    name: seed.table,
    description: seed.description,
    columns: seed.columns,
    partitionKeys: [],
    location: `s3://${bucket}/${prefix}`,
    createdAt: world.clock.now()
  })
  for (const [at, lines] of seed.parts.entries()) {
    await putObject(world, call, {
      bucket,
      key: `${prefix}part-${String(at).padStart(4, '0')}.jsonl`,
      body: Buffer.from(lines),
      contentType: 'application/x-ndjson'
    })
  }
}

/** Throws when the account has no producer role: seeding needs one. */
function producerCall(world: World): Call {
  const role = world.roles.get(ROLES.producer)
  if (role === undefined) throw new Error(`the seeded account has no role ${ROLES.producer}`)
  const now = world.clock.now()
  const session = openSession(world, {
    role,
    sessionName: 'seed',
    seconds: 900,
    now,
    tags: {},
    transitiveTagKeys: []
  })
  return {
    caller: sessionCaller(world, session),
    service: 's3',
    action: 'PutObject',
    region: world.region,
    now,
    requestId: randomUUID(),
    chain: [],
    viaService: null,
    secureTransport: true,
    sourceIp: '127.0.0.1',
    userAgent: 'sandbox-seed'
  }
}
