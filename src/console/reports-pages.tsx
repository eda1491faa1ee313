/** Figures of the last twelve weeks for auditors, as charts that were drawn on the server. */
import type { VNode } from 'preact'
import type { Histogram, Reports } from '../broker/reports.ts'
import { instant } from '../elevation/ids.ts'
import type { Unused } from '../ports-search.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { BarChart } from './chart.tsx'
import { sendPage } from './frame.tsx'
import { forViewers } from './pages.ts'
import { Card, ElevationLink, Empty, Time } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { audit } from './words-audit.ts'

const words = audit.reports

/** Adds the page. */
export const reportsPages = ({ app, audit: verbs }: AuditPages): void => {
  app.get('/reports', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const found = shown(await verbs.reports(viewer.caller.person))
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: '/console/reports',
      body: <Body of={found} />
    })
  })
}

const Body = ({ of }: { readonly of: Reports }): VNode => (
  <>
    <Weeks
      id="asks"
      title={words.asks}
      yAxis={words.asksAxis}
      of={of}
      series={[
        [words.requested, 'elevation.requested'],
        [words.approved, 'elevation.approved'],
        [words.denied, 'elevation.denied'],
        [words.lapsed, 'elevation.lapsed']
      ]}
    />
    <Weeks
      id="misuse"
      title={words.misuse}
      yAxis={words.misuseAxis}
      of={of}
      series={[
        [words.refusedQueries, 'query.refused'],
        [words.refusedAttempts, 'attempt.refused'],
        [words.brokenGlass, 'breakglass.used']
      ]}
    />
    <div class="halves">
      <Lengths id="deciding" title={words.deciding} of={of.deciding} most={of.most.lengths} />
      <Lengths id="revoking" title={words.revoking} of={of.revoking} most={of.most.lengths} />
      <Card title={words.deciders} isFlush>
        <People
          empty={words.decidersNone}
          names={[words.approved, words.denied]}
          rows={of.deciders.map(({ person, approved, denied }) => [person, approved, denied])}
        />
      </Card>
      <Card title={words.refused} isFlush>
        <People
          empty={words.refusedNone}
          names={[words.attempts, words.queries]}
          rows={of.refused.map(({ person, attempts, queries }) => [person, attempts, queries])}
        />
      </Card>
      <UnusedOnes title={words.neverStarted} rows={of.neverStarted} />
      <UnusedOnes title={words.neverUsed} rows={of.neverUsed} />
    </div>
  </>
)

const Weeks = (parts: {
  readonly id: string
  readonly title: string
  readonly yAxis: string
  readonly of: Reports
  readonly series: readonly (readonly [name: string, type: string])[]
}): VNode => {
  const groups = parts.of.weeks.map(({ from, counts }) => ({
    label: from.slice(5),
    values: parts.series.map(([, type]) => counts[type] ?? 0)
  }))
  const isEmpty = groups.every(({ values }) => values.every((value) => value === 0))
  return (
    <Card title={parts.title}>
      {isEmpty ? (
        <Empty title={words.nothing}>{words.nothingNext}</Empty>
      ) : (
        <BarChart
          id={parts.id}
          title={parts.title}
          width="wide"
          xAxis={`${words.weekAxis} (${parts.of.weeks[0]?.from.slice(0, 4) ?? ''})`}
          yAxis={parts.yAxis}
          series={parts.series.map(([name]) => name)}
          groups={groups}
        />
      )}
    </Card>
  )
}

const Lengths = (parts: {
  readonly id: string
  readonly title: string
  readonly of: Histogram
  readonly most: number
}): VNode => {
  const { buckets, count, median, p95 } = parts.of
  return (
    <Card title={parts.title} aside={words.latest(parts.most)}>
      {count === 0 ? (
        <Empty title={words.nothing} />
      ) : (
        <>
          <p>
            {words.median} <b>{lengthText(median ?? 0)}</b>, {words.p95}{' '}
            <b>{lengthText(p95 ?? 0)}</b>
          </p>
          <BarChart
            id={parts.id}
            title={parts.title}
            width="half"
            xAxis={words.lengthAxis}
            yAxis={words.lengthsAxis}
            series={[words.lengthsAxis]}
            groups={buckets.map(({ below, count: found }, n) => ({
              label:
                below === null
                  ? `≥ ${lengthText(buckets[n - 1]?.below ?? 0)}`
                  : `< ${lengthText(below)}`,
              values: [found]
            }))}
          />
        </>
      )}
    </Card>
  )
}

/** `45 s`, `5 min`, `2 h`, `1 d`: the largest unit that makes at least one. */
const lengthText = (seconds: number): string => {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${tenths(seconds / 60)} min`
  return seconds < 86_400 ? `${tenths(seconds / 3600)} h` : `${tenths(seconds / 86_400)} d`
}

const tenths = (value: number): string => String(Math.round(value * 10) / 10)

const mostPeople = 50

const People = (parts: {
  readonly empty: string
  readonly names: readonly [string, string]
  readonly rows: readonly (readonly [person: string, first: number, second: number])[]
}): VNode =>
  parts.rows.length === 0 ? (
    <Empty title={parts.empty} />
  ) : (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{words.person}</th>
            {parts.names.map((name) => (
              <th key={name} scope="col" class="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {parts.rows.slice(0, mostPeople).map(([person, first, second]) => (
            <tr key={person}>
              <td>
                <a href={`/console/ledger?person=${person}`}>{person}</a>
              </td>
              <td class="num">{first}</td>
              <td class="num">{second}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )

const UnusedOnes = ({
  title,
  rows
}: {
  readonly title: string
  readonly rows: readonly Unused[]
}): VNode => (
  <Card title={title} isFlush={rows.length > 0}>
    {rows.length === 0 ? (
      <Empty title={words.unusedNone} />
    ) : (
      <div class="scroll">
        <table>
          <tbody>
            {rows.map(({ elevation, requester, target, at }) => (
              <tr key={elevation}>
                <td>
                  <Time at={instant(Date.parse(at))} />
                </td>
                <td>{requester}</td>
                <td>
                  <ElevationLink id={elevation}>{target}</ElevationLink>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </Card>
)
