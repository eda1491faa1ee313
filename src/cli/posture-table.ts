/**
 * `posture report` for people at a terminal: figures, then what is open, in at most 100 columns.
 */
import { iso } from '../elevation/ids.ts'
import { isOpen } from '../posture/finding.ts'
import { percent } from '../posture/report-charts.ts'
import type { Report } from '../posture/report.ts'
import { tellUse } from './reconcile-use.ts'
import { type Terminal, table } from './terminal.ts'

/**
 * Prints the report; the last part of an ARN says which resource, the whole is in the other forms.
 */
export const printReport = (
  to: Terminal,
  { figures, findings, closed, collectedAt, use }: Report
): void => {
  const { workgroups, targets, locations, bySeverity, meanSecondsToMend } = figures
  const shares = [
    ['workgroups in order', workgroups],
    ['targets in order', targets],
    ['classified locations under customer managed keys', locations]
  ] as const
  to.out(`collected ${iso(collectedAt)}`)
  for (const [what, share] of shares)
    to.out(`${percent(share).padStart(5)}  ${what} (${share.count} of ${share.of})`)
  to.out(
    `open: ${Object.entries(bySeverity)
      .map(([severity, count]) => `${count} ${severity}`)
      .join(', ')}; waived: ${figures.waived}; closed: ${figures.closed}`
  )
  if (meanSecondsToMend !== null)
    to.out(`mean time to mend: ${Math.round(meanSecondsToMend / 3600)} hours`)
  if (findings.length > 0) {
    to.out('')
    table(
      to,
      ['severity', 'finding', 'resource', 'owner', 'since'],
      findings.map(({ finding, firstSeen }) => [
        isOpen(finding) ? finding.severity : 'waived',
        finding.code,
        shortOf(finding.resource),
        cut(finding.owner ?? '-', 20),
        iso(firstSeen).slice(0, 10)
      ])
    )
  }
  if (closed.length > 0) {
    to.out('')
    table(
      to,
      ['closed', 'finding', 'resource', 'since'],
      closed.map(({ finding, openedAt, closedAt }) => [
        closedAt === null ? '' : iso(closedAt).slice(0, 10),
        finding.code,
        shortOf(finding.resource),
        iso(openedAt).slice(0, 10)
      ])
    )
  }
  if (use !== null) {
    to.out('')
    tellUse(to, use)
  }
}

/** What follows the account: `workgroup/claims-pii`. */
const shortOf = (arn: string): string => cut(arn.split(':').slice(5).join(':') || arn, 60)

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text
