/**
 * Posture: where each target stands, what is out of line and what mends it. For auditors, operators
 * and security all of it, for owners what touches their targets; for others it is not there.
 */
import type { VNode } from 'preact'
import type { FindingsRead } from '../broker/posture.ts'
import type { Instant } from '../elevation/ids.ts'
import type { Share } from '../posture/figures.ts'
import { severities } from '../posture/finding.ts'
import { percent } from '../posture/report-charts.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { forViewers } from './pages.ts'
import { Card, Empty, Facts, Field, Time, ageText } from './pieces.tsx'
import { Board } from './posture-board.tsx'
import {
  type PostureFilter,
  filterIn,
  findingStates,
  fitting,
  pathOf,
  posturePath,
  standingsOf
} from './posture-filter.ts'
import { FindingList, findingPage } from './posture-list.tsx'
import { Trend, trendBegin } from './posture-trend.tsx'
import { SideDoorCard } from './side-door-pages.tsx'
import { viewerOf } from './viewer.ts'
import { posture as words } from './words-posture.ts'

const mostFindings = 9999

/** Adds the page. */
export const posturePages = ({ app, posture, now }: AuditPages): void => {
  app.get('/posture', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const filter = filterIn(queryOf(request))
    const { person } = viewer.caller
    const read = shown(await posture.findings(person, { limit: mostFindings }))
    const since = shown(await posture.findingsSince(person, trendBegin(now())))
    const doors = shown(await posture.sideDoors(person))
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: posturePath,
      body: (
        <>
          {read.at === null ? (
            <Never isWaiting={read.isWaiting} />
          ) : (
            <>
              <Look read={read} at={read.at} now={now()} />
              <div class="halves">
                <Trend of={since} now={now()} />
                <SideDoorCard seen={doors} />
              </div>
            </>
          )}
          <FilterForm filter={filter} />
          <Board of={standingsOf(read, filter)} />
          {read.at === null ? null : (
            <Findings
              read={filter.state === 'closed' ? { ...read, findings: since.closed } : read}
              filter={filter}
            />
          )}
        </>
      )
    })
  })
}

const Never = ({ isWaiting }: Pick<FindingsRead, 'isWaiting'>): VNode => (
  <section class="card">
    <Empty title={words.never}>{isWaiting ? words.neverWaiting : words.neverNext}</Empty>
  </section>
)

/** How old the snapshot is, and what share of the account is in order. */
const Look = ({
  read: { shares, isWaiting },
  at,
  now
}: {
  readonly read: FindingsRead
  readonly at: Instant
  readonly now: Instant
}): VNode => (
  <section class="card">
    <Facts
      of={[
        [
          words.looked,
          <>
            <Time at={at} /> <span class="quiet">· {words.ago(ageText(now - at))}</span>
          </>
        ],
        shares === null ? null : [words.compliant, <b>{shareText(shares.workgroups)}</b>],
        shares === null ? null : [words.places, shareText(shares.locations)]
      ]}
    />
    {isWaiting ? <p class="note warn">{words.waiting}</p> : null}
  </section>
)

const shareText = (share: Share): string =>
  share.of === 0 ? words.noneThere : words.share(percent(share), share.count, share.of)

const FilterForm = ({ filter: { typed, fault } }: { readonly filter: PostureFilter }): VNode => (
  <section class="card">
    <form class="find" method="get" action={posturePath} role="search" aria-label={words.filter}>
      <Field name="target" label={words.target} {...(fault === null ? {} : { fault })}>
        {(attributes) => (
          <input
            type="text"
            value={typed.target}
            autocomplete="off"
            spellcheck={false}
            maxLength={63}
            {...attributes}
          />
        )}
      </Field>
      <Choice
        name="severity"
        label={words.severity}
        typed={typed.severity}
        options={severities.map((one) => [one, words.severities[one]])}
      />
      <Choice
        name="state"
        label={words.state}
        typed={typed.state}
        options={findingStates.map((one) => [one, words.states[one]])}
      />
      <div class="row">
        <button class="primary">{words.find}</button>
        <a class="button" href={posturePath}>
          {words.clear}
        </a>
      </div>
    </form>
  </section>
)

const Choice = (parts: {
  readonly name: string
  readonly label: string
  readonly typed: string
  readonly options: readonly (readonly [value: string, text: string])[]
}): VNode => (
  <Field name={parts.name} label={parts.label}>
    {(attributes) => (
      <select {...attributes}>
        <option value="">{words.any}</option>
        {parts.options.map(([value, text]) => (
          <option key={value} value={value} selected={value === parts.typed}>
            {text}
          </option>
        ))}
      </select>
    )}
  </Field>
)

const Findings = ({
  read,
  filter
}: {
  readonly read: FindingsRead
  readonly filter: PostureFilter
}): VNode => {
  const found = fitting(filter, read)
  if (found.length === 0) {
    const isAll = read.findings.length === 0
    const none = filter.state === 'closed' ? words.noneClosed : words.none
    return (
      <Card title={words.findings}>
        <Empty title={isAll ? none : words.noneFits}>
          {isAll ? words.noneNext : words.noneFitsNext}
        </Empty>
      </Card>
    )
  }
  const { rows, next } = findingPage(found, filter.from)
  return (
    <section class="stack" aria-labelledby="findings">
      <div class="row between">
        <h2 id="findings">{words.findings}</h2>
        <span class="quiet">{words.count(found.length, read.findings.length)}</span>
      </div>
      <FindingList rows={rows} />
      {next === null && filter.from === null ? null : (
        <nav class="pager" aria-label={words.findings}>
          {next === null ? null : (
            <a class="button" rel="next" href={pathOf(filter, next)}>
              {words.more}
            </a>
          )}
          {filter.from === null ? null : <a href={pathOf(filter, null)}>{words.first}</a>}
        </nav>
      )}
    </section>
  )
}
