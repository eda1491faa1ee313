/**
 * A report as OCSF 1.3.0 events of the class Compliance Finding (2003), one per line. Closed
 * findings have activity Close and status Resolved, waived ones status Suppressed.
 * Source: schema.ocsf.io, classes/compliance_finding.
 */
import { type Instant, iso } from '../elevation/ids.ts'
import { partitionOf } from '../iam/partition.ts'
import type { Finding, Kind, Severity } from './finding.ts'
import type { Report } from './report.ts'
import { accountOf, regionOf } from './scene.ts'

/** JSON lines. */
export const reportOcsf = (report: Report): string => {
  const at = report.judgedAt
  const open = report.findings.map(({ finding, firstSeen, lastSeen }) =>
    ocsfOf(finding, { at, firstSeen, lastSeen, isClosed: false })
  )
  const closed = report.closed.map(({ finding, openedAt, closedAt }) =>
    ocsfOf(finding, { at, firstSeen: openedAt, lastSeen: closedAt ?? at, isClosed: true })
  )
  return [...open, ...closed].map((one) => `${JSON.stringify(one)}\n`).join('')
}

type When = {
  readonly at: Instant
  readonly firstSeen: Instant
  readonly lastSeen: Instant
  readonly isClosed: boolean
}

const severityIds: Readonly<Record<Severity, number>> = { low: 2, medium: 3, high: 4, critical: 5 }
const severityNames: Readonly<Record<Severity, string>> = {
  low: 'Low',
  medium: 'Medium',
  high: 'High',
  critical: 'Critical'
}

const types: Readonly<Record<Kind, string>> = {
  workgroup: 'AwsAthenaWorkGroup',
  key: 'AwsKmsKey',
  role: 'AwsIamRole',
  bucket: 'AwsS3Bucket',
  table: 'AwsGlueTable',
  target: 'AwsAthenaWorkGroup',
  gap: 'Other',
  use: 'Other'
}

const classUid = 2003

const ocsfOf = (finding: Finding, { at, firstSeen, lastSeen, isClosed }: When) => {
  const { id, code, kind, severity, title, shows, why, resource, mend, waiver } = finding
  const activity = isClosed ? 3 : 1
  const status = statusOf(finding, isClosed)
  const account = accountOf(resource)
  const region = regionOf(resource)
  return {
    category_uid: 2,
    category_name: 'Findings',
    class_uid: classUid,
    class_name: 'Compliance Finding',
    activity_id: activity,
    activity_name: isClosed ? 'Close' : 'Create',
    type_uid: classUid * 100 + activity,
    time: at,
    severity_id: severityIds[severity],
    severity: severityNames[severity],
    status_id: status.id,
    status: status.name,
    message: `${title}: ${shows}`,
    metadata: {
      version: '1.3.0',
      uid: id,
      product: { name: 'Sallyport', vendor_name: 'Sallyport', feature: { name: 'posture' } },
      profiles: ['cloud']
    },
    finding_info: {
      uid: id,
      title,
      desc: `${shows}. ${why}`,
      types: [code],
      first_seen_time: firstSeen,
      last_seen_time: lastSeen,
      created_time: firstSeen
    },
    compliance: {
      control: code,
      standards: ['Sallyport posture'],
      status_id: isClosed ? 1 : 3,
      status: isClosed ? 'Pass' : 'Fail'
    },
    remediation: { desc: mend.cli.join('\n') },
    resources: [
      {
        uid: resource,
        type: types[kind],
        cloud_partition: partitionOf(resource) ?? 'aws',
        ...(region === '' ? {} : { region }),
        ...(finding.owner === null ? {} : { owner: { name: finding.owner } })
      }
    ],
    cloud: {
      provider: 'AWS',
      ...(region === '' ? {} : { region }),
      ...(/^[0-9]{12}$/.test(account)
        ? { account: { uid: account, type_id: 10, type: 'AWS Account' } }
        : {})
    },
    unmapped: {
      targets: finding.targets,
      ...(waiver === null ? {} : { waiver }),
      judged: iso(at)
    }
  }
}

const statusOf = (
  { waiver }: Finding,
  isClosed: boolean
): { readonly id: number; readonly name: string } => {
  if (isClosed) return { id: 4, name: 'Resolved' }
  return waiver?.state === 'holds' ? { id: 3, name: 'Suppressed' } : { id: 1, name: 'New' }
}
