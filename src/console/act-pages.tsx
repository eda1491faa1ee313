/**
 * Acts on an elevation: each is one verb of the broker. What takes something away is confirmed on a
 * page that names it; what is refused is told there, with what was typed.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Broker } from '../broker/broker.ts'
import { problemKinds } from '../broker/refusals.ts'
import type { Elevation } from '../elevation/elevation.ts'
import type { Refusal, Result } from '../elevation/refusal.ts'
import { refusedPage } from './failure.ts'
import { fieldsOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { Csrf, Facts, Field, State } from './pieces.tsx'
import { RefusedNote } from './refused-note.tsx'
import { type Viewer, viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

type Confirmed = 'end' | 'cancel' | 'deny' | 'revoke' | 'review'

const confirmed: readonly Confirmed[] = ['end', 'cancel', 'deny', 'revoke', 'review']

type Exchange = {
  readonly request: FastifyRequest<{ Params: { id: string } }>
  readonly reply: FastifyReply
}

/** Adds a page and its form for each act that is confirmed, and the two that one button does. */
export const actPages = ({ app, broker }: Pages): void => {
  const look = async (viewer: Viewer, id: string): Promise<Elevation> => {
    const found = await broker.get(viewer.caller.person, id)
    if (!found.ok) throw refusedPage(found.refusal)
    return found.value.elevation
  }

  const ask = async ({ request, reply }: Exchange, act: Confirmed, refusal: Refusal | null) => {
    const viewer = viewerOf(request)
    const elevation = await look(viewer, request.params.id)
    const typed = fieldsOf(request).one('reason')
    if (refusal !== null) reply.code(problemKinds[refusal.code].status)
    return sendPage(reply, {
      title: work.acts[act].title(elevation.ask.target),
      lead: work.acts[act].lead,
      viewer,
      body: <Confirm {...{ viewer, elevation, act, refusal, typed }} />
    })
  }

  for (const act of confirmed) {
    const path = `/elevations/:id/${act}`
    app.get<{ Params: { id: string } }>(path, forViewers, (request, reply) =>
      ask({ request, reply }, act, null)
    )
    app.post<{ Params: { id: string } }>(path, forViewers, async (request, reply) => {
      const viewer = viewerOf(request)
      const { id } = request.params
      const reason = fieldsOf(request).one('reason').trim()
      const done = await doIt(broker, act, { viewer, id, reason })
      if (done.ok) return reply.redirect(elevationPath(id), 303)
      return ask({ request, reply }, act, done.refusal)
    })
  }

  app.post<{ Params: { id: string } }>(
    '/elevations/:id/approve',
    forViewers,
    async (request, reply) => {
      const { caller } = viewerOf(request)
      const { id } = request.params
      const shown = fieldsOf(request).one('digest')
      const done = await broker.approve(caller, id, shown === '' ? undefined : shown)
      return done.ok
        ? reply.redirect(elevationPath(id), 303)
        : refused({ request, reply }, done.refusal)
    }
  )

  app.post<{ Params: { id: string } }>(
    '/elevations/:id/activate',
    forViewers,
    async (request, reply) => {
      const { caller } = viewerOf(request)
      const { id } = request.params
      const done = await broker.activate(caller, id)
      return done.ok
        ? reply.redirect(elevationPath(id), 303)
        : refused({ request, reply }, done.refusal)
    }
  )

  /** The refusal, and the way back to the elevation as it is now. */
  const refused = async ({ request, reply }: Exchange, refusal: Refusal): Promise<FastifyReply> => {
    const viewer = viewerOf(request)
    const elevation = await look(viewer, request.params.id)
    return sendPage(reply.code(problemKinds[refusal.code].status), {
      title: problemKinds[refusal.code].title,
      viewer,
      body: (
        <section class="card failure">
          <RefusedNote refusal={refusal} />
          <div class="row">
            <a class="button primary" href={elevationPath(elevation.id)}>
              {work.acts.again}
            </a>
          </div>
        </section>
      )
    })
  }
}

const doIt = (
  broker: Broker,
  act: Confirmed,
  { viewer, id, reason }: { readonly viewer: Viewer; readonly id: string; readonly reason: string }
): Promise<Result<unknown>> => {
  const { person } = viewer.caller
  switch (act) {
    case 'end':
      return broker.end(person, id)
    case 'cancel':
      return broker.cancel(person, id)
    case 'deny':
      return broker.deny(person, id, reason)
    case 'revoke':
      return broker.revoke(person, id, reason)
    case 'review':
      return broker.review(person, id, reason)
  }
}

const Confirm = (parts: {
  readonly viewer: Viewer
  readonly elevation: Elevation
  readonly act: Confirmed
  readonly refusal: Refusal | null
  readonly typed: string
}) => {
  const { viewer, elevation, act, refusal, typed } = parts
  const { button, label } = work.acts[act]
  const isHarm = act !== 'review' && act !== 'cancel'
  return (
    <section class="card">
      {refusal === null ? null : <RefusedNote refusal={refusal} />}
      <Facts
        of={[
          [work.elevation.requester, elevation.ask.requester],
          [
            work.elevation.reason,
            <span key="why" class="said">
              {elevation.ask.reason}
            </span>
          ],
          [work.elevation.id, <code key="id">{elevation.id}</code>],
          [work.acts.state, <State key="state" of={elevation} />]
        ]}
      />
      <form
        method="post"
        action={elevationPath(elevation.id, `/${act}`)}
        data-draft={`${act} ${elevation.id}`}
      >
        <Csrf viewer={viewer} />
        {label === null ? null : (
          <Field name="reason" label={label}>
            {(attributes) => <textarea {...attributes} required maxLength={2000} value={typed} />}
          </Field>
        )}
        <div class="row">
          <button class={isHarm ? 'danger' : 'primary'}>{button}</button>
          <a class="button" href={elevationPath(elevation.id)}>
            {work.acts.back}
          </a>
        </div>
      </form>
    </section>
  )
}
