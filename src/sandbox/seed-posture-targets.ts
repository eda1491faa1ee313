/**
 * Two more targets, which hardly anything is right about, and the keys and buckets of theirs and of
 * those who never declared a target. Made up, as all of the seeded account.
 */
import { parseTargetId } from '../elevation/ids.ts'
import type { TargetId } from '../elevation/ids.ts'
import type { Target } from '../elevation/target.ts'
import { BUCKETS, keyArn, roleArn } from './names.ts'
import { seedTargets } from './seed-targets.ts'

export const POSTURE_KEYS = {
  research: '1a2b3c4d-0002-4000-8000-000000000001',
  warehouse: '1a2b3c4d-0002-4000-8000-000000000002',
  exports: '1a2b3c4d-0002-4000-8000-000000000003',
  partner: '1a2b3c4d-0002-4000-8000-000000000004',
  /** AWS manages it */
  s3: '1a2b3c4d-0002-4000-8000-000000000005',
  lab: 'mrk-1a2b3c4d000240008000000000000006'
} as const

export const POSTURE_BUCKETS = {
  research: 'acme-research',
  adhoc: 'acme-adhoc-results',
  exports: 'acme-exports'
} as const

export const POSTURE_ROLES = {
  research: 'sallyport-research',
  bi: 'acme-bi-service',
  notebooks: 'acme-notebooks',
  admin: 'acme-platform-admin'
} as const

/** research-pii and research-open: one key for both, though one of them is no personal data. */
export function postureTargets(): readonly Target[] {
  const [example] = seedTargets()
  if (example === undefined) throw new Error('there are seeded targets')
  const shared = {
    ...example,
    role: roleArn(POSTURE_ROLES.research),
    owner: 'group:claims-data',
    columns: {}
  }
  const key = keyArn(POSTURE_KEYS.research)
  const bucket = POSTURE_BUCKETS.research
  return [
    {
      ...shared,
      id: idOf('research-pii'),
      workgroup: 'research-pii',
      data: [
        {
          database: 'research',
          tables: ['cohorts'],
          location: { bucket, prefix: 'curated/' },
          key,
          bucketKey: true
        }
      ],
      results: {
        kind: 'bucket',
        location: { bucket: BUCKETS.results, prefix: 'research-pii/' },
        key,
        bucketKey: true
      }
    },
    {
      ...shared,
      id: idOf('research-open'),
      workgroup: 'research-open',
      classification: 'internal',
      data: [
        {
          database: 'research',
          tables: ['surveys'],
          location: { bucket, prefix: 'open/' },
          key,
          bucketKey: true
        }
      ],
      results: { kind: 'managed', key: null }
    }
  ]
}

function idOf(text: string): TargetId {
  const id = parseTargetId(text)
  if (id === null) throw new Error(`${text} is no target id`)
  return id
}
