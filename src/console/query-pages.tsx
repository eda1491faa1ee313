/**
 * Queries of one's own brokered elevation: the box with its verdict, the query as it runs, its rows
 * by the page, and all of them as CSV. The text is the requester's alone: it is on the page of the
 * box while it is typed, and nowhere else.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { problemKinds } from '../broker/refusals.ts'
import type { Elevation } from '../elevation/elevation.ts'
import type { Refusal } from '../elevation/refusal.ts'
import { newSecret } from './cookie.ts'
import { csvLine } from './csv.ts'
import { absent, refusedPage } from './failure.ts'
import { fieldsOf, queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { QueryBox } from './query-box.tsx'
import { QueryStanding, Rows } from './query-rows.tsx'
import { type ShownVerdict, refusedVerdict, shownVerdict } from './query-verdict.tsx'
import { viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

type OfElevation = { Params: { id: string } }
type OfQuery = { Params: { id: string; qid: string } }

const rowsPerPage = 100
const rowsPerRead = 1000

/** Adds the routes. */
export const queryPages = (pages: Pages): void => {
  const { app, broker } = pages

  const own = async (request: FastifyRequest<OfElevation>): Promise<Elevation> => {
    const { person } = viewerOf(request).caller
    const found = await broker.get(person, request.params.id)
    if (!found.ok) throw refusedPage(found.refusal)
    if (found.value.elevation.ask.requester !== person) throw absent()
    return found.value.elevation
  }

  const box = async (
    {
      request,
      reply
    }: { readonly request: FastifyRequest<OfElevation>; readonly reply: FastifyReply },
    typed: { readonly sql: string; readonly once: string },
    verdict: ShownVerdict | null
  ): Promise<FastifyReply> => {
    const viewer = viewerOf(request)
    const elevation = await own(request)
    return sendPage(reply, {
      title: work.query.title(elevation.ask.target),
      lead: work.query.lead,
      viewer,
      at: '/console',
      body: <QueryBox {...{ viewer, elevation, verdict, ...typed }} />
    })
  }

  const typedIn = (request: FastifyRequest) => {
    const { one } = fieldsOf(request)
    const once = /^[A-Za-z0-9_-]{43}$/.test(one('once')) ? one('once') : newSecret()
    return { sql: one('sql'), once }
  }

  app.get<OfElevation>('/elevations/:id/query', forViewers, (request, reply) =>
    box({ request, reply }, { sql: '', once: newSecret() }, null)
  )

  app.post<OfElevation>('/elevations/:id/check', forViewers, async (request, reply) => {
    const typed = typedIn(request)
    const { caller } = viewerOf(request)
    const checked = await broker.checkQuery(caller, {
      elevation: request.params.id,
      sql: typed.sql
    })
    const verdict = checked.ok ? shownVerdict(checked.value) : refusedVerdict(checked.refusal)
    if (request.headers.accept === 'application/json') return reply.send(verdict)
    return box({ request, reply }, typed, verdict)
  })

  app.post<OfElevation>('/elevations/:id/query', forViewers, async (request, reply) => {
    const typed = typedIn(request)
    const { caller } = viewerOf(request)
    const input = { sql: typed.sql, clientToken: `console-${typed.once}` }
    const started = await broker.query(caller, request.params.id, input)
    if (started.ok) {
      return reply.redirect(elevationPath(request.params.id, `/queries/${started.value.id}`), 303)
    }
    const { refusal } = started
    reply.code(problemKinds[refusal.code].status)
    return box({ request, reply }, { ...typed, once: newSecret() }, refusedVerdict(refusal))
  })

  app.get<OfQuery>('/elevations/:id/queries/:qid', forViewers, async (request, reply) => {
    const viewer = viewerOf(request)
    const { id, qid } = request.params
    const elevation = await own(request)
    const status = await broker.queryStatus(viewer.caller.person, id, qid)
    if (!status.ok) throw refusedPage(status.refusal)
    const cursor = queryOf(request).one('cursor')
    const rows =
      status.value.state === 'succeeded'
        ? await broker.queryResults(viewer.caller.person, id, {
            query: qid,
            limit: rowsPerPage,
            ...(cursor === '' ? {} : { cursor })
          })
        : null
    return sendPage(reply, {
      title: work.query.title(elevation.ask.target),
      viewer,
      at: '/console',
      ...(isUnderWay(status.value.state) ? { again: 1500 } : {}),
      body: (
        <>
          <QueryStanding viewer={viewer} elevation={elevation} status={status.value} />
          {rows === null ? null : (
            <Rows
              path={elevationPath(id, `/queries/${qid}`)}
              result={rows}
              isFirst={cursor === ''}
            />
          )}
        </>
      )
    })
  })

  app.post<OfQuery>('/elevations/:id/queries/:qid/stop', forViewers, async (request, reply) => {
    const { id, qid } = request.params
    const stopped = await broker.stopQuery(viewerOf(request).caller.person, id, qid)
    if (!stopped.ok) throw refusedPage(stopped.refusal)
    return reply.redirect(elevationPath(id, `/queries/${qid}`), 303)
  })

  app.get<OfQuery>('/elevations/:id/queries/:qid/rows.csv', forViewers, async (request, reply) => {
    const { id, qid } = request.params
    const { person } = viewerOf(request).caller
    const page = (cursor: string | null) =>
      broker.queryResults(person, id, {
        query: qid,
        limit: rowsPerRead,
        ...(cursor === null ? {} : { cursor })
      })
    const first = await page(null)
    if (!first.ok) throw refusedPage(first.refusal)
    const lines = async function* (): AsyncGenerator<string> {
      yield csvLine(first.value.columns.map(({ name }) => name))
      for (let at = first.value; ;) {
        yield at.rows.map(csvLine).join('')
        if (at.next === null) return
        const next = await page(at.next)
        // what is not whole breaks off instead of ending as if it were
        if (!next.ok) throw new RowsEnded(next.refusal)
        at = next.value
      }
    }
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${qid.replace(/[^0-9A-Z]/g, '')}.csv"`)
      .send(Readable.from(lines()))
  })
}

const isUnderWay = (state: string): boolean => state === 'queued' || state === 'running'

class RowsEnded extends Error {
  constructor({ code }: Refusal) {
    super(code)
    this.name = 'RowsEnded'
  }
}
