/**
 * Where tables, results and ended executions lie in the stage of the policy cases; a case moves
 * them to make its condition happen.
 */
import { randomUUID } from 'node:crypto'
import type { World } from '../src/sandbox/world.ts'
import { sessionArn } from '../src/iam/assume-role.ts'
import { claimsKey, elevation, roleArn } from './iam-cases.ts'

/** the result file that ends every execution placed here */
export const RESULT = 'claims-pii/7f3c.csv'
export const DATA_FOLDER = 's3://acme-claims/curated/customers/'
export const QUERY = 'SELECT count(*) FROM claims.customers'

export function placeTable(world: World, location: string): void {
  const createdAt = world.clock.now()
  for (const name of ['default', 'claims', 'payments']) {
    if (!world.glue.databases.has(name)) {
      world.glue.databases.set(name, { name, description: '', createdAt, tables: new Map() })
    }
  }
  const tables = [['claims', 'customers'], ['claims', 'claims'], ['claims', 'adjusters']] as const
  for (const [database, name] of [...tables, ['payments', 'payments'] as const]) {
    world.glue.databases.get(database)?.tables.set(name, {
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

export function placeWorkGroup(world: World, name: string): void {
  world.athena.workGroups.set(name, {
    name,
    description: '',
    state: 'ENABLED',
    enforce: true,
    results: { location: `s3://acme-athena-results/${name}/` },
    createdAt: world.clock.now()
  })
}

export function placeResults(world: World, location: string): void {
  const workGroup = world.athena.workGroups.get('claims-pii')
  if (workGroup === undefined) throw new Error('no workgroup')
  world.athena.workGroups.set('claims-pii', {
    ...workGroup,
    results: { location, encryption: { option: 'SSE_KMS', keyArn: claimsKey } }
  })
}

/**
 * Runs `work` while the bucket's own policy gives these actions to the session by its ARN, which no
 * session policy's silence takes away: what comes after them is then asked for.
 */
export async function whileOpen<T>(
  world: World,
  open: { readonly bucket: string; readonly actions: readonly string[] },
  work: () => Promise<T>
): Promise<T> {
  const bucket = world.s3.buckets.get(open.bucket)
  if (bucket === undefined) throw new Error(`no bucket ${open.bucket}`)
  const arn = `arn:aws:s3:::${open.bucket}`
  bucket.policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: sessionArn(roleArn, elevation) },
        Action: open.actions,
        Resource: [arn, `${arn}/*`]
      }
    ]
  }
  try {
    return await work()
  } finally {
    delete bucket.policy
  }
}

export function placeExecution(world: World, workGroup: string): string {
  const id = randomUUID()
  world.athena.executions.set(id, {
    id,
    workGroup,
    query: QUERY,
    database: 'claims',
    output: { location: `s3://acme-athena-results/${RESULT}` },
    submittedAt: world.clock.now(),
    completedAt: world.clock.now(),
    stopper: new AbortController(),
    state: 'SUCCEEDED',
    columns: [{ name: 'n', type: 'bigint' }],
    scannedBytes: 0,
    engineMillis: 0,
    finished: Promise.resolve()
  })
  return id
}
