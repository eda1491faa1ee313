/** What the page of an elevation shows: the ask, the decision, the story. */
import type { VNode } from 'preact'
import { printDuration } from '../elevation/duration.ts'
import type { Elevation } from '../elevation/elevation.ts'
import type { Instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { Stored } from '../ports.ts'
import { ElevationTable } from './access-pages.tsx'
import { Choices } from './elevation-choices.tsx'
import { type TableFacts, reasonsOf, tablesOfAsk } from './facts.ts'
import { Card, ElevationLink, Empty, Facts, Left, State, Time } from './pieces.tsx'
import { deadlineOf, howText } from './states.ts'
import type { StoryLine } from './story.ts'
import type { Viewer } from './viewer.ts'
import { audit } from './words-audit.ts'
import { work } from './words-work.ts'

export type ElevationParts = {
  readonly viewer: Viewer
  readonly elevation: Elevation
  readonly policy: Policy
  readonly now: Instant
  readonly story: readonly StoryLine[]
  /** of somebody else; null = it is one's own */
  readonly earlier: readonly Stored[] | null
  /** of whoever denied or revoked it; null = there are none */
  readonly word: string | null
  readonly isDecider: boolean
  readonly isReviewer: boolean
}

const words = work.elevation

export const ElevationBody = (parts: ElevationParts): VNode => {
  const { elevation, policy, earlier, story } = parts
  return (
    <>
      <Standing {...parts} />
      <div class="cols">
        <div class="stack">
          <Asked elevation={elevation} />
          <Tables of={tablesOfAsk(policy, elevation)} isAll={elevation.ask.columns === null} />
          {earlier === null ? null : (
            <Card title={words.earlier} isFlush>
              {earlier.length === 0 ? (
                <Empty title={words.noEarlier} />
              ) : (
                <ElevationTable rows={earlier} />
              )}
            </Card>
          )}
        </div>
        <div class="stack">
          <Choices {...parts} />
          <Card title={words.why}>
            <ul class="dots quiet">
              {reasonsOf(policy, elevation).map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </Card>
          {parts.viewer.roles.auditor ? <Evidence id={elevation.id} /> : null}
          <Story of={story} isAuditor={parts.viewer.roles.auditor} />
        </div>
      </div>
    </>
  )
}

/** The state, large, and how long it lasts. */
const Standing = ({ elevation, now, word }: ElevationParts): VNode => {
  const until = deadlineOf(elevation)
  const how = howText(elevation)
  return (
    <section class="row">
      <State of={elevation} />
      {until === null ? null : (
        <span>
          <Left until={until} now={now} /> {words.left}{' '}
          <span class="quiet">
            · {words.until} <Time at={until} />
          </span>
        </span>
      )}
      {how === null ? null : <span class="quiet">{how}</span>}
      {word === null ? null : <blockquote class="said">{word}</blockquote>}
    </section>
  )
}

const Asked = ({ elevation }: { readonly elevation: Elevation }): VNode => {
  const { ask, terms } = elevation
  return (
    <Card title={words.ask}>
      <Facts
        of={[
          [words.requester, <b key="who">{ask.requester}</b>],
          [
            words.reason,
            <span key="why" class="said">
              {ask.reason}
            </span>
          ],
          ask.ticket === null ? null : [words.ticket, ask.ticket],
          [words.length, printDuration(ask.duration)],
          ask.startAt === undefined ? null : [words.startAt, <Time key="from" at={ask.startAt} />],
          ask.extends === undefined
            ? null
            : [
                words.extends,
                <ElevationLink key="extends" id={ask.extends.elevation}>
                  <code>{ask.extends.elevation}</code>
                </ElevationLink>
              ],
          [
            words.mode,
            <span key="mode">
              <b>{work.modes[terms.mode]}</b>.{' '}
              <span class="quiet">
                {terms.mode === 'brokered' ? work.modes.brokeredLong : work.modes.credentialsLong}
              </span>
            </span>
          ],
          ask.query === undefined
            ? null
            : [
                words.query,
                <code key="query" class="said">
                  {ask.query.shape}
                </code>
              ],
          [words.rule, <code key="rule">{terms.rule}</code>],
          [words.id, <code key="id">{elevation.id}</code>],
          [words.digest, <code key="digest">{elevation.askDigest}</code>]
        ]}
      />
    </Card>
  )
}

const Tables = ({
  of,
  isAll
}: {
  readonly of: readonly TableFacts[]
  readonly isAll: boolean
}): VNode => (
  <Card title={words.tables}>
    {of.map(({ table, columns }) => (
      <div key={table} class="tight">
        <div class="row">
          <code>{table}</code>
          <span class="quiet">{isAll ? words.allColumns : words.someColumns}</span>
        </div>
        {columns.length === 0 ? (
          <p class="quiet">{words.noClasses}</p>
        ) : (
          <p class="tags">
            {columns.map(({ name, class: kind }) => (
              <span key={name} class={`tag ${kind ?? ''}`}>
                {name} · {kind ?? words.unclassified}
              </span>
            ))}
          </p>
        )}
      </div>
    ))}
  </Card>
)

const Evidence = ({ id }: { readonly id: string }): VNode => (
  <Card title={audit.ledger.packTitle}>
    <p class="quiet">{audit.ledger.packAbout}</p>
    <div class="row">
      <a class="button" href={`/console/evidence?elevation=${encodeURIComponent(id)}`}>
        {audit.ledger.evidence}
      </a>
    </div>
  </Card>
)

const Story = ({
  of,
  isAuditor
}: {
  readonly of: readonly StoryLine[]
  readonly isAuditor: boolean
}): VNode => (
  <Card title={words.story} aside={words.storyLead}>
    <ol class="line">
      {of.map(({ index, at, actor, title, tone, more }) => (
        <li key={index} class={tone}>
          <div>
            <div class="what">
              <b>{title}</b>
              <Time at={at} />
            </div>
            <div class="more">
              <span>
                {actor} ·{' '}
                {isAuditor ? (
                  <a href={`/console/ledger/${index}`}>{words.entry(index)}</a>
                ) : (
                  words.entry(index)
                )}
              </span>
              {more.map((line) => (
                <span key={line}>{line}</span>
              ))}
            </div>
          </div>
        </li>
      ))}
    </ol>
  </Card>
)
