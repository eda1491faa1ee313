/**
 * The use of keys in the HTML report: what each month and each cost center asked of them, as bars
 * with their numbers, and every row of it in a table. Cost centers are tags that others wrote.
 */
import { barChart, escaped } from './report-charts.ts'
import type { KeyUse } from './use-file.ts'

/** The section; rows come with the latest month first. */
export const useHtml = (use: readonly KeyUse[]): string => {
  const [latest] = use
  if (latest === undefined) {
    return '<section><h2>Use of keys</h2><p>No requests were read from the logs.</p></section>'
  }
  const months = sums(use, ({ month }) => month)
  const centers = sums(
    use.filter(({ month }) => month === latest.month),
    ({ costCenter }) => costCenter
  )
  const requests = use.reduce((sum, one) => sum + one.requests, 0)
  const cost = use.reduce((sum, one) => sum + one.cost, 0)
  const byMonth = months.toSorted(([a], [b]) => Number(a > b) - Number(a < b)).slice(-12)
  const byCenter = centers.toSorted(([, a], [, b]) => b - a).slice(0, 10)
  return [
    '<section><h2>Use of keys</h2><div class="figures">',
    chart('Requests by month', byMonth),
    chart(`Requests in ${latest.month} by cost center`, byCenter),
    '</div>',
    `<p>${requests} requests, about ${cost.toFixed(4)} USD.</p>`,
    '<table><thead><tr><th>Month</th><th>Cost center</th><th>Targets</th><th>Key</th>',
    '<th>Requests</th><th>Per object</th><th>USD</th><th>Elevations</th></tr></thead><tbody>',
    ...use.map(rowHtml),
    '</tbody></table>',
    '<p class="soft">Per object: S3 asked for one object each, for want of a Bucket Key.</p>',
    '</section>'
  ].join('\n')
}

type Sums = readonly (readonly [name: string, requests: number])[]

const sums = (use: readonly KeyUse[], nameOf: (one: KeyUse) => string): Sums => {
  const by = new Map<string, number>()
  for (const one of use) by.set(nameOf(one), (by.get(nameOf(one)) ?? 0) + one.requests)
  return [...by]
}

const chart = (title: string, bars: Sums): string => {
  const made = barChart(
    title,
    bars.map(([label, count]) => ({ label, count, tone: 'plain' }))
  )
  return `<figure><figcaption>${escaped(title)}</figcaption>${made}</figure>`
}

const rowHtml = (one: KeyUse): string => {
  const cells = [
    one.month,
    one.costCenter,
    one.targets.join(' '),
    one.key,
    String(one.requests),
    String(one.withoutBucketKey),
    one.cost.toFixed(4),
    String(one.elevations)
  ]
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}
