/**
 * One elevation: what was asked, what may be done about it by whoever looks, and one time line from
 * the ask to the end, an entry of the ledger a line. For whom it is not, it is not there.
 */
import type { Elevation } from '../elevation/elevation.ts'
import { parseElevationId } from '../elevation/ids.ts'
import { mayDecide } from '../policy/approvers.ts'
import { mayReview } from '../policy/break-glass.ts'
import type { Stored } from '../ports.ts'
import { actPages } from './act-pages.tsx'
import { ElevationBody } from './elevation-body.tsx'
import { refusedPage } from './failure.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { storyOf } from './story.ts'
import { type Viewer, viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

/** Adds the page, its stream, and what is done from it. */
export const elevationPages = (pages: Pages): void => {
  const { app, broker, policy, now, live } = pages

  app.get<{ Params: { id: string } }>('/elevations/:id', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const found = await broker.get(viewer.caller.person, request.params.id)
    if (!found.ok) throw refusedPage(found.refusal)
    const stored = found.value
    const { elevation, ledger } = stored
    const isDecider = mayDecide(policy(), elevation, viewer.caller.person).ok
    const isMine = elevation.ask.requester === viewer.caller.person
    return sendPage(reply, {
      title: work.elevation.title(elevation.ask.target),
      viewer,
      at: isMine ? '/console' : '/console/approvals',
      live: elevationPath(elevation.id, `/live?from=${(ledger.at(-1) ?? 0) + 1}`),
      body: (
        <ElevationBody
          viewer={viewer}
          elevation={elevation}
          policy={policy()}
          now={now()}
          story={storyOf(await pages.entriesAt(ledger))}
          earlier={isMine ? null : await earlierOf(pages, viewer, stored)}
          word={hasWord(elevation) ? await pages.wordOf(elevation.id) : null}
          isDecider={isDecider}
          isReviewer={mayReview(policy(), elevation, viewer.caller.person).ok}
        />
      )
    })
  })

  app.get<{ Params: { id: string } }>(
    '/elevations/:id/live',
    forViewers,
    async (request, reply) => {
      const viewer = viewerOf(request)
      const found = await broker.get(viewer.caller.person, request.params.id)
      if (!found.ok) throw refusedPage(found.refusal)
      const id = parseElevationId(request.params.id)
      live.open({ request, reply }, { viewer, isAbout: async (one) => one === id })
    }
  )

  actPages(pages)
}

/** Somebody's words about what they denied or ended. */
const hasWord = (elevation: Elevation): boolean =>
  elevation.state === 'denied' || ('how' in elevation && elevation.how === 'revoked')

const mostEarlier = 8

/** Of this person what the viewer may see, the latest first. */
const earlierOf = async (
  { broker }: Pages,
  { caller }: Viewer,
  { elevation }: Stored
): Promise<readonly Stored[]> => {
  const seen = await broker.list(caller.person, { mine: false, before: elevation.id, limit: 200 })
  return seen
    .filter((one) => one.elevation.ask.requester === elevation.ask.requester)
    .slice(0, mostEarlier)
}
