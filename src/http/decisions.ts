/** What people do to an elevation: one route per verb. Who may is the broker's to say. */
import type { Caller } from '../broker/broker.ts'
import type { PersonId } from '../elevation/ids.ts'
import type { Result } from '../elevation/refusal.ts'
import type { Stored } from '../ports.ts'
import { callerOf, personOf } from './access.ts'
import { ApproveBody, ElevationParams, ElevationRef, EmptyBody, ReasonBody } from './documents.ts'
import { elevationDocument } from './elevation-document.ts'
import { type RouteParts, answer, bodyMayBeAbsent } from './route.ts'

export const decisionRoutes = (parts: RouteParts): void => {
  const { app, broker } = parts
  const response = { 200: ElevationRef }

  app.post(
    '/v1/elevations/:id/approve',
    {
      config: { access: 'person', verb: 'approve' },
      preValidation: bodyMayBeAbsent,
      schema: {
        summary: 'Approve, naming the digest of what was shown',
        params: ElevationParams,
        body: ApproveBody,
        response
      }
    },
    async (request, reply) => {
      const { id } = request.params
      const result = await broker.approve(callerOf(request), id, request.body.digest)
      return answer(reply, result, elevationDocument)
    }
  )

  withReason(parts, { verb: 'deny', summary: 'Deny; final', run: broker.deny })
  withReason(parts, { verb: 'revoke', summary: 'End it for its requester', run: broker.revoke })
  withReason(parts, {
    verb: 'review',
    summary: 'Say that you looked at a break-glass elevation',
    run: broker.review
  })
  const { cancel, activate, end } = broker
  plain(parts, {
    verb: 'cancel',
    summary: 'Withdraw your ask',
    run: ({ person }, id) => cancel(person, id)
  })
  plain(parts, { verb: 'activate', summary: 'Start the window', run: activate })
  plain(parts, {
    verb: 'end',
    summary: 'End your window early',
    run: ({ person }, id) => end(person, id)
  })
}

type Verb<Who, Rest extends readonly unknown[]> = {
  readonly verb: string
  readonly summary: string
  readonly run: (who: Who, id: string, ...rest: Rest) => Promise<Result<Stored>>
}

const withReason = (
  { app }: RouteParts,
  { verb, summary, run }: Verb<PersonId, [reason: string]>
): void => {
  app.post(
    `/v1/elevations/:id/${verb}`,
    {
      config: { access: 'person', verb },
      schema: {
        summary,
        params: ElevationParams,
        body: ReasonBody,
        response: { 200: ElevationRef }
      }
    },
    async (request, reply) => {
      const result = await run(personOf(request), request.params.id, request.body.reason)
      return answer(reply, result, elevationDocument)
    }
  )
}

const plain = ({ app }: RouteParts, { verb, summary, run }: Verb<Caller, []>): void => {
  app.post(
    `/v1/elevations/:id/${verb}`,
    {
      config: { access: 'person', verb },
      preValidation: bodyMayBeAbsent,
      schema: {
        summary,
        params: ElevationParams,
        body: EmptyBody,
        response: { 200: ElevationRef }
      }
    },
    async (request, reply) =>
      answer(reply, await run(callerOf(request), request.params.id), elevationDocument)
  )
}
