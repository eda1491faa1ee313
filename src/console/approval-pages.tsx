/**
 * The queue: what waits for the viewer's decision, what waits for others, what runs that they may
 * end, and what has to be reviewed. Auditors and security see what waits, and decide nothing here.
 */
import type { VNode } from 'preact'
import { printDuration } from '../elevation/duration.ts'
import type { Elevation } from '../elevation/elevation.ts'
import type { Instant } from '../elevation/ids.ts'
import { mayDecide } from '../policy/approvers.ts'
import { mayReview } from '../policy/break-glass.ts'
import type { Stored } from '../ports.ts'
import { ElevationTable } from './access-pages.tsx'
import { absent } from './failure.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { Card, ElevationLink, Empty, Left } from './pieces.tsx'
import { typesOf } from './story.ts'
import { type Viewer, viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

const words = work.approvals
const most = 100

/** Adds the page and its stream. */
export const approvalPages = (pages: Pages): void => {
  const { app, policy, now, live, elevations, entryCount } = pages

  app.get('/approvals', forViewers, async (request, reply) => {
    const viewer = seeingViewer(viewerOf(request))
    const at = await entryCount()
    const queue = await queueOf(pages, viewer)
    return sendPage(reply, {
      title: words.title,
      lead: words.lead,
      viewer,
      at: '/console/approvals',
      live: `/console/approvals/live?from=${at}`,
      body: <Queue {...queue} now={now()} />
    })
  })

  app.get('/approvals/live', forViewers, (request, reply) => {
    const viewer = seeingViewer(viewerOf(request))
    const { roles, caller } = viewer
    live.open(
      { request, reply },
      {
        viewer,
        isAbout: async (id) => {
          const found = await elevations.get(id)
          if (found === null || found.elevation.ask.requester === caller.person) return false
          return (
            roles.auditor ||
            roles.security ||
            mayDecide(policy(), found.elevation, caller.person).ok
          )
        }
      }
    )
  })
}

const seeingViewer = (viewer: Viewer): Viewer => {
  const { approver, auditor, security } = viewer.roles
  if (!approver && !auditor && !security) throw absent()
  return viewer
}

type Queued = {
  readonly waiting: readonly Stored[]
  readonly others: readonly Stored[]
  readonly running: readonly Stored[]
  readonly reviews: readonly Stored[]
}

const queueOf = async (
  { broker, policy, entriesAt }: Pages,
  { caller }: Viewer
): Promise<Queued> => {
  const { person } = caller
  const [pending, running, used] = await Promise.all([
    broker.list(person, { mine: false, states: ['pending'], limit: most }),
    broker.list(person, {
      mine: false,
      states: ['approved', 'issuing', 'active', 'ending'],
      limit: most
    }),
    broker.list(person, { mine: false, states: ['active', 'ending', 'ended'], limit: most })
  ])
  const isOthers = ({ elevation }: Stored): boolean => elevation.ask.requester !== person
  const isMineToDecide = ({ elevation }: Stored): boolean =>
    mayDecide(policy(), elevation, person).ok &&
    !elevation.approvals.some(({ by }) => by === person)
  const waiting = pending.filter(isOthers)
  const reviewable = used.filter(({ elevation }) => mayReview(policy(), elevation, person).ok)
  const isReviewed = await Promise.all(
    reviewable.map(async ({ ledger }) =>
      typesOf(await entriesAt(ledger)).has('breakglass.reviewed')
    )
  )
  return {
    waiting: waiting.filter(isMineToDecide).toReversed(),
    others: waiting.filter((one) => !isMineToDecide(one)),
    running: running.filter(isOthers),
    reviews: reviewable.filter((_, n) => isReviewed[n] === false)
  }
}

const Queue = ({
  waiting,
  others,
  running,
  reviews,
  now
}: Queued & { readonly now: Instant }): VNode => (
  <>
    <section class="stack" aria-labelledby="waiting">
      <h2 id="waiting">{words.waiting}</h2>
      {waiting.length === 0 ? (
        <div class="card">
          <Empty title={words.nothing}>{words.nothingNext}</Empty>
        </div>
      ) : (
        <div class="tiles">
          {waiting.map(({ elevation }) => (
            <Waiting key={elevation.id} elevation={elevation} now={now} />
          ))}
        </div>
      )}
    </section>
    <Listed title={words.reviews} rows={reviews} />
    <Listed title={words.running} rows={running} />
    <Listed title={words.others} rows={others} />
  </>
)

const Listed = ({
  title,
  rows
}: {
  readonly title: string
  readonly rows: readonly Stored[]
}): VNode | null =>
  rows.length === 0 ? null : (
    <Card title={title} isFlush>
      <ElevationTable rows={rows} who />
    </Card>
  )

const Waiting = ({
  elevation,
  now
}: {
  readonly elevation: Elevation
  readonly now: Instant
}): VNode => {
  const { ask, id, approvals, terms } = elevation
  return (
    <article class="card tile">
      <div class="row between">
        <h3>
          <ElevationLink id={id}>{ask.target}</ElevationLink>
        </h3>
        {elevation.state === 'pending' ? (
          <span class="quiet">
            <Left until={elevation.decideBy} now={now} /> {work.elevation.left}
          </span>
        ) : null}
      </div>
      <p>
        {words.by} <b>{ask.requester}</b>, {printDuration(ask.duration)}
      </p>
      <p class="said">{ask.reason}</p>
      <div class="foot">
        <a class="button primary" href={elevationPath(id)}>
          {words.look}
          <span class="hidden-label">
            : {ask.target} {words.by} {ask.requester}
          </span>
        </a>
        <span class="quiet">
          {words.votes(approvals.length, terms.quorum)}
        </span>
      </div>
    </article>
  )
}
