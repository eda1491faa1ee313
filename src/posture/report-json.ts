/** A report as one JSON document: findings whole, times in ISO 8601 UTC, shares as counts. */
import { iso } from '../elevation/ids.ts'
import type { Reported, Report } from './report.ts'

/** The document, indented, with a line end. */
export const reportJson = ({
  collectedAt,
  judgedAt,
  accounts,
  findings,
  closed,
  figures,
  use
}: Report): string => {
  const document = {
    collectedAt: iso(collectedAt),
    judgedAt: iso(judgedAt),
    accounts,
    figures,
    ...(use === null ? {} : { use }),
    findings: findings.map(findingDocument),
    closed: closed.map(({ finding, openedAt, closedAt }) => ({
      id: finding.id,
      code: finding.code,
      severity: finding.severity,
      resource: finding.resource,
      owner: finding.owner,
      firstSeen: iso(openedAt),
      closedAt: closedAt === null ? null : iso(closedAt)
    }))
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

export const findingDocument = ({ finding, firstSeen, lastSeen }: Reported) => ({
  ...finding,
  firstSeen: iso(firstSeen),
  lastSeen: iso(lastSeen)
})
