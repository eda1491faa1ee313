/**
 * Whether the broker can do its work: readiness, ledger, workers, stuck ends; operators and
 * auditors.
 */
import type { VNode } from 'preact'
import type { Instant } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'
import type { SystemView } from '../ports-system.ts'
import { type AuditPages, shown } from './audit-pages.ts'
import { sendPage } from './frame.tsx'
import { forViewers } from './pages.ts'
import { Card, ElevationLink, Empty, Facts, State, Time } from './pieces.tsx'
import { viewerOf } from './viewer.ts'
import { audit } from './words-audit.ts'

const words = audit.system

/** Adds the page. */
export const systemPages = ({ app, audit: verbs, system }: AuditPages): void => {
  app.get('/system', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const endings = shown(await verbs.endings(viewer.caller.person))
    const view = await system()
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: '/console/system',
      body: (
        <Body
          view={view}
          endings={endings}
          isAuditor={viewer.roles.auditor || viewer.roles.security}
        />
      )
    })
  })
}

type Endings = readonly Stored<Extract<Stored['elevation'], { readonly state: 'ending' }>>[]

const Body = ({
  view,
  endings,
  isAuditor
}: {
  readonly view: SystemView
  readonly endings: Endings
  readonly isAuditor: boolean
}): VNode => {
  const stuck = endings.filter(({ elevation }) => elevation.stuckSince !== null).length
  return (
    <>
      {stuck === 0 ? null : (
        <p class="note bad" role="alert">
          {words.stuckNote(stuck)}
        </p>
      )}
      <div class="halves">
        <div class="stack">
          <Card title={words.checks}>
            <ul class="stack-small">
              {view.checks.map(({ name, isGood, isAdvice, why }) => (
                <li key={name}>
                  <span class={`state ${isGood ? 'good' : isAdvice ? 'warn' : 'bad'}`}>
                    {isGood ? words.good : words.bad}
                  </span>{' '}
                  <b>{name}</b> {isAdvice ? <span class="quiet">{words.advice}</span> : null}
                  {why === null ? null : <p class="said">{why}</p>}
                </li>
              ))}
            </ul>
          </Card>
          <Ledger of={view.ledger} />
        </div>
        <Work of={view} />
      </div>
      <Card title={words.endings} isFlush={endings.length > 0}>
        {endings.length === 0 ? (
          <Empty title={words.endingsNone}>{words.endingsNext}</Empty>
        ) : (
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  {[
                    words.elevation,
                    words.who,
                    words.target,
                    words.began,
                    words.tries,
                    words.state
                  ].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {endings.map(({ elevation }) => (
                  <tr key={elevation.id}>
                    <td class="mono">
                      {isAuditor ? (
                        <ElevationLink id={elevation.id}>{elevation.id}</ElevationLink>
                      ) : (
                        elevation.id
                      )}
                    </td>
                    <td>{elevation.ask.requester}</td>
                    <td>{elevation.ask.target}</td>
                    <td>
                      <Time at={elevation.endingSince} />
                    </td>
                    <td class="num">{elevation.attempts}</td>
                    <td>
                      <State of={elevation} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Card>
    </>
  )
}

const Ledger = ({ of }: { readonly of: SystemView['ledger'] }): VNode => (
  <Card title={words.ledger}>
    <Facts
      of={[
        [words.entries, of.entries.toLocaleString('en')],
        [words.unsigned, String(Math.max(0, of.entries - of.signed))],
        [
          words.anchored,
          of.unanchoredSince === null ? (
            words.allAnchored
          ) : (
            <>
              {words.waiting} <Time at={of.unanchoredSince} />
            </>
          )
        ],
        [words.held, of.held ?? words.notHeld],
        [words.key, <code class="wrap">{of.key}</code>]
      ]}
    />
  </Card>
)

const Work = ({ of: { work, schema } }: { readonly of: SystemView }): VNode => (
  <Card title={words.work}>
    <Facts
      of={[
        [
          words.open,
          Object.entries(work.open)
            .map(([state, count]) => `${count} ${state}`)
            .join(', ')
        ],
        [words.due, <Since at={work.dueSince} />],
        [words.issuing, <Since at={work.issuingSince} />],
        [words.ending, <Since at={work.endingSince} />],
        [words.past, String(work.pastEnd)],
        [
          words.slack,
          <>
            {work.slackWaiting} {work.slackSince === null ? null : <Since at={work.slackSince} />}
          </>
        ],
        [words.schema, String(schema)]
      ]}
    />
  </Card>
)

const Since = ({ at }: { readonly at: Instant | null }): VNode =>
  at === null ? (
    <>{words.none}</>
  ) : (
    <>
      {words.since} <Time at={at} />
    </>
  )
