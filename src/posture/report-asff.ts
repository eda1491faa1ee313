/**
 * A report in the AWS Security Finding Format 2018-10-08, as BatchImportFindings takes it: a list,
 * of which a call takes 100 at most. Waived findings are SUPPRESSED, closed ones RESOLVED and
 * archived. Lengths are those of the format; longer text is cut.
 */
import { type Instant, iso } from '../elevation/ids.ts'
import { partitionOf } from '../iam/partition.ts'
import type { Finding, Kind, Severity } from './finding.ts'
import type { Report } from './report.ts'
import { accountOf, regionOf } from './scene.ts'

/** The JSON text of the list. `product` is the default product of the account that imports. */
export const reportAsff = (report: Report): string => {
  const account = report.accounts[0] ?? '000000000000'
  const at = report.judgedAt
  const open = report.findings.map(({ finding, firstSeen, lastSeen }) =>
    asffOf(finding, { account, at, firstSeen, lastSeen, isClosed: false })
  )
  const closed = report.closed.map(({ finding, openedAt, closedAt }) =>
    asffOf(finding, { account, at, firstSeen: openedAt, lastSeen: closedAt ?? at, isClosed: true })
  )
  return `${JSON.stringify([...open, ...closed], null, 2)}\n`
}

type When = {
  readonly account: string
  readonly at: Instant
  readonly firstSeen: Instant
  readonly lastSeen: Instant
  readonly isClosed: boolean
}

const labels: Readonly<Record<Severity, string>> = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'MEDIUM',
  low: 'LOW'
}

const types: Readonly<Record<Kind, string>> = {
  workgroup: 'AwsAthenaWorkGroup',
  key: 'AwsKmsKey',
  role: 'AwsIamRole',
  bucket: 'AwsS3Bucket',
  table: 'Other',
  target: 'Other',
  gap: 'Other',
  use: 'Other'
}

const asffOf = (finding: Finding, { account, at, firstSeen, lastSeen, isClosed }: When) => {
  const { id, code, kind, severity, resource, waiver } = finding
  const owner = /^[0-9]{12}$/.test(accountOf(resource)) ? accountOf(resource) : account
  const region = regionOf(resource) || 'us-east-1'
  const partition = partitionOf(resource) ?? 'aws'
  const status = workflowOf(finding, isClosed)
  return {
    SchemaVersion: '2018-10-08',
    Id: id,
    ProductArn: `arn:${partition}:securityhub:${region}:${owner}:product/${owner}/default`,
    ProductName: 'Sallyport',
    GeneratorId: `sallyport/${code}`,
    AwsAccountId: owner,
    Types: ['Software and Configuration Checks/AWS Security Best Practices'],
    FirstObservedAt: iso(firstSeen),
    LastObservedAt: iso(lastSeen),
    CreatedAt: iso(firstSeen),
    UpdatedAt: iso(at),
    Severity: { Label: labels[severity] },
    Title: cut(finding.title, 256),
    Description: cut(`${finding.shows}. ${finding.why}`, 1024),
    Remediation: { Recommendation: { Text: cut(finding.mend.cli.join('; '), 512) } },
    ProductFields: {
      'sallyport/Code': code,
      'sallyport/Targets': cut(finding.targets.join(' '), 2048),
      'sallyport/Owner': cut(finding.owner ?? '', 2048),
      ...(waiver === null
        ? {}
        : {
            'sallyport/WaivedBy': waiver.by,
            'sallyport/WaivedUntil': waiver.until,
            'sallyport/WaiverReason': cut(waiver.reason, 2048)
          })
    },
    Resources: [
      { Type: types[kind], Id: cut(resource, 512), Partition: partition, Region: region }
    ],
    Compliance: { Status: isClosed ? 'PASSED' : 'FAILED' },
    Workflow: { Status: status },
    RecordState: isClosed ? 'ARCHIVED' : 'ACTIVE'
  }
}

const workflowOf = ({ waiver }: Finding, isClosed: boolean): string => {
  if (isClosed) return 'RESOLVED'
  return waiver?.state === 'holds' ? 'SUPPRESSED' : 'NEW'
}

/** By code points, so that no pair is halved. */
const cut = (text: string, most: number): string => {
  const units = Array.from(text)
  return units.length > most ? `${units.slice(0, most - 1).join('')}…` : text
}
