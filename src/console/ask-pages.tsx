/**
 * Asking: the form, the preview of what the policy would say (with or without scripts), and sending
 * it. A form has a token of its own: sent twice, it is one ask. What was typed stays.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import type { AskInput } from '../broker/broker.ts'
import { problemKinds } from '../broker/refusals.ts'
import type { Refusal, Result } from '../elevation/refusal.ts'
import { signInFaults } from '../policy/sign-in.ts'
import type { Preview } from '../broker/broker.ts'
import { AskForm } from './ask-form.tsx'
import { type ShownPreview, faultsOf, shownPreview } from './ask-preview.tsx'
import { newSecret } from './cookie.ts'
import { demandsOf } from './facts.ts'
import { type Fields, fieldsOf, queryOf } from './form.ts'
import { sendPage } from './frame.tsx'
import { type Pages, forViewers } from './pages.ts'
import { elevationPath, signInPath } from './paths.ts'
import { viewerOf } from './viewer.ts'
import { work } from './words-work.ts'

/** Adds the routes. */
export const askPages = (pages: Pages): void => {
  const { app, broker, policy, now } = pages

  const show = (
    { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
    fields: Fields,
    preview: ShownPreview | null
  ): FastifyReply => {
    const viewer = viewerOf(request)
    const offers = broker.targets(viewer.caller.person)
    const offer = offers.find(({ target }) => target === fields.one('target')) ?? null
    const demands = offer === null ? [] : demandsOf(policy(), offer)
    const isWeak = demands.some(
      ({ signIn }) =>
        signIn !== null && signInFaults(signIn, viewer.caller.presence, now()).length > 0
    )
    const wanted = demands.find(({ signIn }) => signIn !== null)?.signIn ?? null
    return sendPage(reply, {
      title: offer === null ? work.ask.title : work.ask.titleOf(offer.target),
      lead: work.ask.lead,
      viewer,
      at: '/console',
      body: (
        <AskForm
          viewer={viewer}
          offers={offers}
          chosen={offer}
          demands={demands}
          policy={policy()}
          typed={fields}
          once={/^[A-Za-z0-9_-]{43}$/.test(fields.one('once')) ? fields.one('once') : newSecret()}
          preview={preview}
          signIn={
            isWeak && offer !== null
              ? signInPath(`/console/ask?target=${offer.target}`, wanted)
              : null
          }
        />
      )
    })
  }

  app.get('/ask', forViewers, (request, reply) => show({ request, reply }, queryOf(request), null))

  app.post('/preview', forViewers, async (request, reply) => {
    const fields = fieldsOf(request)
    const { caller } = viewerOf(request)
    const result = await broker.preview(caller, askIn(fields))
    const preview = shownPreview(result, fields.one('breakGlass') === 'yes')
    if (request.headers.accept === 'application/json') return reply.send(preview)
    return show({ request, reply }, fields, preview)
  })

  app.post('/ask', forViewers, async (request, reply) => {
    const fields = fieldsOf(request)
    const { caller } = viewerOf(request)
    const ask = askIn(fields)
    const once = fields.one('once')
    const idempotency = { key: `console-${once}`, bodyHash: bodyHashOf(ask) }
    const result = await broker.submit(caller, ask, once === '' ? undefined : idempotency)
    if (result.ok) return reply.redirect(elevationPath(result.value.elevation.elevation.id), 303)
    reply.code(problemKinds[result.refusal.code].status)
    return show({ request, reply }, fields, refusedAsk(result.refusal))
  })
}

/** What a form says, as `submit` takes it; whether it makes sense is for the broker. */
const askIn = (fields: Fields): AskInput => {
  const { one, all } = fields
  const [ticket, sql, startAt] = [one('ticket').trim(), one('sql'), one('startAt').trim()]
  const tables = all('tables')
  return {
    target: one('target'),
    duration: one('duration').trim(),
    reason: one('reason').trim(),
    ...(ticket === '' ? {} : { ticket }),
    ...(tables.length === 0 ? {} : { tables }),
    ...(sql.trim() === '' ? {} : { sql }),
    // a field of a date and time has no zone; its label says that it is UTC
    ...(startAt === '' ? {} : { startAt: startAt.endsWith('Z') ? startAt : `${startAt}Z` }),
    ...(one('breakGlass') === 'yes' ? { breakGlass: true } : {})
  }
}

const refusedAsk = (refusal: Refusal): ShownPreview => {
  const result: Result<Preview> = { ok: false, refusal }
  return {
    ...shownPreview(result, false),
    title: work.ask.notTaken,
    faults: faultsOf(refusal.reasons ?? [])
  }
}

/** The same form sent again is the same body. */
const bodyHashOf = (ask: AskInput): string =>
  createHash('sha256')
    .update(JSON.stringify(['console', ask]))
    .digest('hex')
