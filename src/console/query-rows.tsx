/** How a query stands, and its rows as a table. */
import type { VNode } from 'preact'
import type { QueryPage, QueryStatus } from '../broker/query-verbs.ts'
import type { Elevation } from '../elevation/elevation.ts'
import type { Result } from '../elevation/refusal.ts'
import { elevationPath } from './paths.ts'
import { Act, Card, Empty, Facts, Time } from './pieces.tsx'
import type { Viewer } from './viewer.ts'
import { work } from './words-work.ts'

const words = work.query

const tones = { queued: 'busy', running: 'busy', succeeded: 'good', failed: 'bad', cancelled: '' }

export const QueryStanding = ({
  viewer,
  elevation,
  status
}: {
  readonly viewer: Viewer
  readonly elevation: Elevation
  readonly status: QueryStatus
}): VNode => {
  const path = elevationPath(elevation.id, `/queries/${status.id}`)
  const isUnderWay = status.state === 'queued' || status.state === 'running'
  return (
    <Card
      title={words.status}
      aside={<span class={`state ${tones[status.state]}`}>{words.states[status.state]}</span>}
    >
      <Facts
        of={[
          [words.began, <Time key="at" at={status.at} />],
          [words.scanned, `${status.bytesScanned.toLocaleString('en')} B`],
          [words.took, `${(status.milliseconds / 1000).toFixed(1)} s`],
          status.rows === null ? null : [words.rows, status.rows.toLocaleString('en')]
        ]}
      />
      {status.failure === null ? null : <p class="note bad said">{status.failure}</p>}
      <div class="row">
        {isUnderWay ? (
          <>
            <a class="button" href={path}>
              {words.again}
            </a>
            <Act viewer={viewer} to={`${path}/stop`} label={words.stop} kind="danger" />
          </>
        ) : (
          <a class="button" href={elevationPath(elevation.id, '/query')}>
            {words.another}
          </a>
        )}
        <a class="button" href={elevationPath(elevation.id)}>
          {words.toElevation}
        </a>
      </div>
    </Card>
  )
}

const isNumber = /^(tinyint|smallint|integer|int|bigint|real|float|double|decimal)\b/i

export const Rows = ({
  path,
  result,
  isFirst
}: {
  readonly path: string
  readonly result: Result<QueryPage>
  readonly isFirst: boolean
}): VNode => {
  if (!result.ok) {
    return (
      <section class="card">
        <Empty title={words.gone}>{result.refusal.message}</Empty>
      </section>
    )
  }
  const { columns, rows, next, isCut } = result.value
  if (rows.length === 0 && next === null) {
    return (
      <section class="card">
        <Empty title={words.none}>{words.noneNext}</Empty>
      </section>
    )
  }
  const classes = columns.map(({ type }) => (isNumber.test(type) ? 'num' : undefined))
  return (
    <Card title={words.rows} aside={<a href={`${path}/rows.csv`}>{words.csv}</a>} isFlush>
      <div class="scroll" tabIndex={0} role="region" aria-label={words.rows}>
        <table class="data">
          <thead>
            <tr>
              {columns.map(({ name }, n) => (
                <th key={n} scope="col" class={classes[n]}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, n) => (
              <tr key={n}>
                {row.map((value, column) => (
                  <td key={column} class={classes[column]}>
                    {value === null ? <span class="null">{words.null}</span> : value}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="pager" hidden={isFirst && next === null && !isCut}>
        {isFirst ? null : (
          <a class="button" href={path}>
            {words.first}
          </a>
        )}
        {next === null ? null : (
          <a class="button" href={`${path}?cursor=${encodeURIComponent(next)}`}>
            {words.next}
          </a>
        )}
        {isCut ? <span class="quiet">{words.cut}</span> : null}
      </div>
    </Card>
  )
}
