/**
 * A report as one HTML file: no script, nothing loaded from elsewhere (its own policy forbids it),
 * charts inline. Names that others chose are escaped wherever they stand. It prints.
 */
import { type Instant, iso } from '../elevation/ids.ts'
import { type Waived, isOpen, severities } from './finding.ts'
import { barChart, escaped, percent, shareChart } from './report-charts.ts'
import { reportStyle } from './report-style.ts'
import { useHtml } from './report-use.ts'
import type { Reported, Report } from './report.ts'

/** The whole document. */
export const reportHtml = (report: Report): string => {
  const { findings, closed, collectedAt, judgedAt, accounts } = report
  const open = findings.filter(({ finding }) => isOpen(finding))
  const waived = findings.filter(({ finding }) => !isOpen(finding))
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>Posture, ${day(collectedAt)}</title>`,
    `<style>${reportStyle}</style></head><body>`,
    '<header><h1>Posture of workgroups, keys, roles and buckets</h1>',
    `<p class="soft">Collected ${time(collectedAt)}, judged ${time(judgedAt)}; accounts ${escaped(accounts.join(', ')) || 'none'}.</p></header>`,
    '<main>',
    figuresHtml(report),
    ...(report.use === null ? [] : [useHtml(report.use)]),
    section('Open', open.map(findingHtml), 'Nothing is open.'),
    ...(waived.length === 0 ? [] : [section('Waived', waived.map(findingHtml), '')]),
    ...(closed.length === 0 ? [] : [closedHtml(report)]),
    '</main></body></html>\n'
  ].join('\n')
}

const figuresHtml = ({ figures }: Report): string => {
  const { workgroups, targets, locations, bySeverity, byAge, byOwner } = figures
  const mended = figures.meanSecondsToMend
  return [
    '<section><h2>Figures</h2><div class="figures">',
    figure(
      `Workgroups in order: ${percent(workgroups)}`,
      shareChart('Workgroups in order', workgroups)
    ),
    figure(`Targets in order: ${percent(targets)}`, shareChart('Targets in order', targets)),
    figure(
      `Classified locations under customer managed keys: ${percent(locations)}`,
      shareChart('Classified locations under customer managed keys', locations)
    ),
    figure(
      'Open by severity',
      barChart(
        'Open by severity',
        severities.map((one) => ({ label: one, count: bySeverity[one], tone: one }))
      )
    ),
    figure(
      'Open by age',
      barChart(
        'Open by age',
        byAge.map(({ days, count }) => ({
          label: days === null ? 'longer' : `under ${days} days`,
          count,
          tone: 'plain'
        }))
      )
    ),
    figure(
      'Open by owner',
      barChart(
        'Open by owner',
        byOwner
          .slice(0, 10)
          .map(({ owner, count }) => ({ label: owner ?? 'nobody', count, tone: 'plain' }))
      )
    ),
    '</div>',
    `<p>Mean time to mend: ${mended === null ? 'nothing was closed' : `${length(mended)}, of ${figures.closed} closed`}. Waived: ${figures.waived}.</p>`,
    '</section>'
  ].join('\n')
}

const figure = (caption: string, chart: string): string =>
  `<figure><figcaption>${escaped(caption)}</figcaption>${chart}</figure>`

const section = (title: string, parts: readonly string[], none: string): string =>
  `<section><h2>${title} (${parts.length})</h2>${parts.length === 0 ? `<p>${none}</p>` : parts.join('\n')}</section>`

const findingHtml = ({ finding, firstSeen }: Reported): string => {
  const { severity, code, title, resource, shows, why, mend, owner, targets, waiver } = finding
  const whose = [
    `owner ${owner ?? 'nobody'}`,
    ...(targets.length === 0 ? [] : [`targets ${targets.join(', ')}`]),
    `first seen ${day(firstSeen)}`
  ]
  return [
    `<article id="${escaped(finding.id)}"><p class="severity ${severity}">${severity}</p>`,
    `<h3>${escaped(title)}</h3>`,
    `<p><code>${escaped(resource)}</code></p>`,
    `<p>${escaped(sentence(shows))} ${escaped(why)}</p>`,
    `<p class="soft"><code>${code}</code> · ${whose.map(escaped).join(' · ')}</p>`,
    ...(waiver === null ? [] : [`<p>${escaped(waiverSentence(waiver))}</p>`]),
    `<pre>${escaped(mend.cli.join('\n'))}</pre>`,
    '<details><summary>CloudFormation and Terraform</summary>',
    `<pre>${escaped(mend.cloudformation)}</pre><pre>${escaped(mend.terraform)}</pre></details>`,
    '</article>'
  ].join('\n')
}

const closedHtml = ({ closed }: Report): string => {
  const rows = closed.map(({ finding, openedAt, closedAt }) => {
    const stood = closedAt === null ? '' : length((closedAt - openedAt) / 1000)
    return `<tr><td>${finding.severity}</td><td>${escaped(finding.title)}</td><td><code>${escaped(finding.resource)}</code></td><td>${stood}</td></tr>`
  })
  return `<section><h2>Closed since (${closed.length})</h2><table><thead><tr><th>Severity</th><th>Finding</th><th>Resource</th><th>Stood</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></section>`
}

const waiverSentence = ({ by, until, state, reason }: Waived): string =>
  `Waived by ${by} until ${until}${state === 'expired' ? ', which is over' : ''}: ${reason}`

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const day = (at: Instant): string => iso(at).slice(0, 10)
const time = (at: Instant): string => `${iso(at).slice(0, 16).replace('T', ' ')} UTC`

const length = (lengthSeconds: number): string => {
  const hours = lengthSeconds / 3600
  return hours < 48 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`
}
