/**
 * How many findings were open at the end of each of the last twelve weeks, by severity, and now. A
 * finding counts from the look that first showed it to the look that no longer did.
 */
import type { VNode } from 'preact'
import type { FindingsSince } from '../broker/posture.ts'
import { type Instant, instant, iso } from '../elevation/ids.ts'
import type { KeptFinding } from '../ports-posture.ts'
import { severities } from '../posture/finding.ts'
import { BarChart } from './chart.tsx'
import { Card, Empty } from './pieces.tsx'
import { posture as words } from './words-posture.ts'

const weeks = 12
const dayMilliseconds = 86_400_000

/** The first instant that the trend counts at. */
export const trendBegin = (now: Instant): Instant =>
  instant(now - weeks * 7 * dayMilliseconds)

export type TrendPoint = {
  readonly at: Instant
  /** by severity, the worst first */
  readonly counts: readonly number[]
}

/** One point a week, the last one now. */
export const trendOf = (spells: readonly KeptFinding[], now: Instant): readonly TrendPoint[] =>
  Array.from({ length: weeks + 1 }, (_, n) => {
    const at = instant(now - (weeks - n) * 7 * dayMilliseconds)
    const open = spells.filter(
      ({ openedAt, closedAt }) => openedAt <= at && (closedAt === null || closedAt > at)
    )
    const counts = severities.map(
      (severity) => open.filter(({ finding }) => finding.severity === severity).length
    )
    return { at, counts }
  })

export const Trend = ({
  of: { open, closed, isCut },
  now
}: {
  readonly of: FindingsSince
  readonly now: Instant
}): VNode => {
  const points = trendOf([...open, ...closed], now)
  const isEmpty = points.every(({ counts }) => counts.every((count) => count === 0))
  return (
    <Card title={words.trend}>
      {isEmpty ? (
        <Empty title={words.trendNone}>{words.trendNoneNext}</Empty>
      ) : (
        <>
          <BarChart
            id="trend"
            title={words.trendTitle}
            width="half"
            xAxis={words.trendX(iso(now).slice(0, 4))}
            yAxis={words.trendY}
            series={severities.map((one) => words.severities[one])}
            tones={severities}
            isStacked
            groups={points.map(({ at, counts }, n) => ({
              label: n === weeks ? words.now : iso(at).slice(5, 10),
              values: counts
            }))}
          />
          <p class="quiet small">{isCut ? words.trendCut : words.trendNote}</p>
        </>
      )}
    </Card>
  )
}
