/**
 * Going on from a window of one's own: a new ask for the same tables, with its own decision, its
 * own session and its own time. The window that runs ends when it would have.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import { problemKinds } from '../broker/refusals.ts'
import type { Refusal } from '../elevation/refusal.ts'
import { newSecret } from './cookie.ts'
import { absent, refusedPage } from './failure.ts'
import { fieldsOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath } from './paths.ts'
import { Csrf, Field } from './pieces.tsx'
import { RefusedNote } from './refused-note.tsx'
import { viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

type OfElevation = { Params: { id: string } }

type Exchange = { readonly request: FastifyRequest<OfElevation>; readonly reply: FastifyReply }

/** Adds the form and its route. */
export const extendPages = ({ app, broker }: Pages): void => {
  const show = async (
    { request, reply }: Exchange,
    refusal: Refusal | null
  ): Promise<FastifyReply> => {
    const viewer = viewerOf(request)
    const found = await broker.get(viewer.caller.person, request.params.id)
    if (!found.ok) throw refusedPage(found.refusal)
    const { id, ask } = found.value.elevation
    if (ask.requester !== viewer.caller.person) throw absent()
    const { one } = fieldsOf(request)
    const once =
      /^[A-Za-z0-9_-]{43}$/.test(one('once')) && refusal === null ? one('once') : newSecret()
    if (refusal !== null) reply.code(problemKinds[refusal.code].status)
    return sendPage(reply, {
      title: work.extend.title(ask.target),
      lead: work.extend.lead,
      viewer,
      at: '/console',
      body: (
        <section class="card">
          {refusal === null ? null : <RefusedNote refusal={refusal} />}
          <form method="post" action={elevationPath(id, '/extend')} data-draft={`extend ${id}`}>
            <Csrf viewer={viewer} />
            <input type="hidden" name="once" value={once} />
            <Field name="duration" label={work.ask.duration} hint={work.extend.durationHint}>
              {(attributes) => (
                <input
                  type="text"
                  {...attributes}
                  required
                  maxLength={20}
                  autocomplete="off"
                  value={one('duration') || '1h'}
                />
              )}
            </Field>
            <Field name="reason" label={work.ask.reason}>
              {(attributes) => (
                <textarea {...attributes} required maxLength={2000} value={one('reason')} />
              )}
            </Field>
            <Field name="ticket" label={work.ask.ticket} hint={work.extend.ticketHint}>
              {(attributes) => (
                <input
                  type="text"
                  {...attributes}
                  maxLength={100}
                  autocomplete="off"
                  value={one('ticket') || (ask.ticket ?? '')}
                />
              )}
            </Field>
            <div class="row">
              <button class="primary">{work.ask.submit}</button>
              <a class="button" href={elevationPath(id)}>
                {work.acts.back}
              </a>
            </div>
          </form>
        </section>
      )
    })
  }

  app.get<OfElevation>('/elevations/:id/extend', forViewers, (request, reply) =>
    show({ request, reply }, null)
  )

  app.post<OfElevation>('/elevations/:id/extend', forViewers, async (request, reply) => {
    const { one } = fieldsOf(request)
    const [ticket, once] = [one('ticket').trim(), one('once')]
    const extension = {
      duration: one('duration').trim(),
      reason: one('reason').trim(),
      ...(ticket === '' ? {} : { ticket })
    }
    const body = JSON.stringify(['console extend', request.params.id, extension])
    const bodyHash = createHash('sha256').update(body).digest('hex')
    const idempotency = once === '' ? undefined : { key: `console-${once}`, bodyHash }
    const { caller } = viewerOf(request)
    const sent = await broker.extend(caller, request.params.id, extension, idempotency)
    return sent.ok
      ? reply.redirect(elevationPath(sent.value.elevation.elevation.id), 303)
      : show({ request, reply }, sent.refusal)
  })
}
