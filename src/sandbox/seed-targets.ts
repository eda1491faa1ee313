/**
 * The two targets of the example policies, as the seeded roles and keys need them. A test holds
 * them against `policies/targets/`.
 */
import { parseTargetId } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import { ACCOUNT, BUCKETS, KEY_IDS, keyArn, REGION, roleArn, ROLES, WORKGROUPS } from './names.ts'

/** claims-pii and payments-pii, without the classes of their columns. */
export function seedTargets(): readonly Target[] {
  return [
    target({
      workgroup: WORKGROUPS.claims,
      role: roleArn(ROLES.claims),
      database: 'claims',
      tables: ['customers', 'claims'],
      bucket: BUCKETS.claims,
      dataKey: keyArn(KEY_IDS.claimsData),
      resultKey: keyArn(KEY_IDS.claimsResults)
    }),
    target({
      workgroup: WORKGROUPS.payments,
      role: roleArn(ROLES.payments),
      database: 'payments',
      tables: ['payments'],
      bucket: BUCKETS.payments,
      dataKey: keyArn(KEY_IDS.payments),
      resultKey: keyArn(KEY_IDS.payments)
    })
  ]
}

type Facts = {
  readonly workgroup: string
  readonly role: string
  readonly database: string
  readonly tables: readonly string[]
  readonly bucket: string
  readonly dataKey: string
  readonly resultKey: string
}

function target(facts: Facts): Target {
  const { workgroup, role, database, tables, bucket, dataKey, resultKey } = facts
  const id = parseTargetId(workgroup)
  if (id === null) throw new Error(`${workgroup} is no target id`)
  return {
    id,
    account: ACCOUNT,
    region: REGION,
    workgroup,
    role,
    classification: 'pii',
    owner: 'group:claims-data',
    data: [
      { database, tables, location: { bucket, prefix: 'curated/' }, key: dataKey, bucketKey: true }
    ],
    results: {
      kind: 'bucket',
      location: { bucket: BUCKETS.results, prefix: `${workgroup}/` },
      key: resultKey,
      bucketKey: true
    },
    columns: {}
  }
}
