/** My access: what one holds and waits for, what one may ask for, and what was before. */
import type { VNode } from 'preact'
import type { TargetOffer } from '../broker/broker.ts'
import { printDuration } from '../elevation/duration.ts'
import { type Elevation, isScheduled } from '../elevation/elevation.ts'
import { type Instant, seconds } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { Act, Card, ElevationLink, Empty, Left, State, Time } from './pieces.tsx'
import { deadlineOf, isOpen } from './states.ts'
import { type Viewer, viewerOf } from './viewer.ts'
import { work } from './words-work.ts'
import { words } from './words.ts'

const path = '/console'
const mostBefore = 12

/** Adds the page and its stream. */
export const accessPages = ({ app, broker, now, live, elevations, entryCount }: Pages): void => {
  app.get('', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const { person } = viewer.caller
    const at = await entryCount()
    const mine = await broker.list(person, { mine: true, limit: 60 })
    return sendPage(reply, {
      title: words.access.title,
      lead: words.access.lead,
      viewer,
      at: path,
      live: `/console/live?from=${at}`,
      actions: (
        <a class="button primary" href="/console/ask">
          {work.ask.title}
        </a>
      ),
      body: <Body viewer={viewer} mine={mine} offers={broker.targets(person)} now={now()} />
    })
  })

  app.get('/live', forViewers, (request, reply) => {
    const viewer = viewerOf(request)
    live.open(
      { request, reply },
      {
        viewer,
        isAbout: async (id) =>
          (await elevations.get(id))?.elevation.ask.requester === viewer.caller.person
      }
    )
  })
}

type BodyParts = {
  readonly viewer: Viewer
  readonly mine: readonly Stored[]
  readonly offers: readonly TargetOffer[]
  readonly now: Instant
}

const Body = ({ viewer, mine, offers, now }: BodyParts): VNode => {
  const open = mine.filter(({ elevation }) => isOpen(elevation))
  const before = mine.filter(({ elevation }) => !isOpen(elevation)).slice(0, mostBefore)
  return (
    <>
      <section class="stack" aria-labelledby="now">
        <h2 id="now">{words.access.now}</h2>
        {open.length === 0 ? (
          <div class="card">
            <Empty title={words.access.nothingNow}>{words.access.nothingNext}</Empty>
          </div>
        ) : (
          <div class="tiles">
            {open.map(({ elevation }) => (
              <Held key={elevation.id} viewer={viewer} elevation={elevation} now={now} />
            ))}
          </div>
        )}
      </section>
      <section class="stack" aria-labelledby="offers">
        <h2 id="offers">{words.access.offers}</h2>
        {offers.length === 0 ? (
          <div class="card">
            <Empty title={words.access.noOffers}>{words.access.noOffersNext}</Empty>
          </div>
        ) : (
          <div class="tiles">
            {offers.map((offer) => (
              <Offer key={offer.target} offer={offer} />
            ))}
          </div>
        )}
      </section>
      {before.length === 0 ? null : <Before rows={before} />}
    </>
  )
}

type HeldParts = {
  readonly viewer: Viewer
  readonly elevation: Elevation
  readonly now: Instant
}

const Held = ({ viewer, elevation, now }: HeldParts): VNode => (
  <article class="card tile">
    <div class="row between">
      <h3>
        <ElevationLink id={elevation.id}>{elevation.ask.target}</ElevationLink>
      </h3>
      <State of={elevation} />
    </div>
    <Waits elevation={elevation} now={now} />
    <p class="quiet said">{elevation.ask.reason}</p>
    <div class="foot">
      <div class="row">
        <Next viewer={viewer} elevation={elevation} />
      </div>
    </div>
  </article>
)

const Waits = ({ elevation, now }: Pick<HeldParts, 'elevation' | 'now'>): VNode => {
  const until = deadlineOf(elevation)
  if (until === null) return <p class="quiet">{work.modes[elevation.terms.mode]}</p>
  return (
    <p>
      <Left until={until} now={now} /> {work.elevation.left}{' '}
      <span class="quiet">
        · {work.elevation.until} <Time at={until} />
      </span>
    </p>
  )
}

/** What one does next with it. */
const Next = ({ viewer, elevation }: Pick<HeldParts, 'viewer' | 'elevation'>): VNode | null => {
  const to = (more: string): string => elevationPath(elevation.id, more)
  switch (elevation.state) {
    case 'pending':
      return (
        <a class="button" href={to('/cancel')}>
          {work.elevation.cancel}
        </a>
      )
    case 'approved':
      return (
        <>
          {isScheduled(elevation) ? null : (
            <Act viewer={viewer} to={to('/activate')} label={work.elevation.start} kind="primary" />
          )}
          <a class="button" href={to('/cancel')}>
            {work.elevation.cancel}
          </a>
        </>
      )
    case 'active':
      return (
        <>
          {elevation.terms.mode === 'brokered' ? (
            <a class="button primary" href={to('/query')}>
              {work.elevation.runQuery}
            </a>
          ) : (
            <a class="button" href={to('#credentials')}>
              {work.elevation.credentials}
            </a>
          )}
          <a class="button danger" href={to('/end')}>
            {work.elevation.end}
          </a>
        </>
      )
    case 'issuing':
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return null
  }
}

const Offer = ({ offer }: { readonly offer: TargetOffer }): VNode => (
  <article class="card tile">
    <div class="row between">
      <h3>{offer.target}</h3>
      <span class={offer.classification === 'pii' ? 'tag direct' : 'tag'}>
        {offer.classification}
      </span>
    </div>
    <ul class="quiet">
      {offer.rules.map(({ rule, mode, maxDuration }) => (
        <li key={rule}>
          {words.access.upTo} {printDuration(maxDuration)}, {work.modes[mode]}
        </li>
      ))}
    </ul>
    <p class="quiet">
      {words.access.tables(offer.tables.length)} · {offer.region}
    </p>
    <div class="foot">
      <a class="button" href={`/console/ask?target=${encodeURIComponent(offer.target)}`}>
        {words.access.ask}
        <span class="hidden-label"> {offer.target}</span>
      </a>
    </div>
  </article>
)

const Before = ({ rows }: { readonly rows: readonly Stored[] }): VNode => (
  <Card title={words.access.before} isFlush>
    <ElevationTable rows={rows} />
  </Card>
)

/** Elevations as a table; with `who`, of other people. */
export const ElevationTable = ({
  rows,
  who
}: {
  readonly rows: readonly Stored[]
  readonly who?: boolean
}): VNode => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">{words.columns.target}</th>
          {who === true ? <th scope="col">{words.columns.who}</th> : null}
          <th scope="col">{words.columns.state}</th>
          <th scope="col">{words.columns.length}</th>
          <th scope="col">{words.columns.why}</th>
          <th scope="col">{words.columns.asked}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ elevation }) => (
          <tr key={elevation.id}>
            <td>
              <ElevationLink id={elevation.id}>{elevation.ask.target}</ElevationLink>
            </td>
            {who === true ? <td>{elevation.ask.requester}</td> : null}
            <td>
              <State of={elevation} />
            </td>
            <td>{printDuration(seconds(elevation.ask.duration))}</td>
            <td class="said">{short(elevation.ask.reason)}</td>
            <td>
              <Time at={elevation.createdAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text)
