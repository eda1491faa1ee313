/**
 * `POST …/credentials`: an AWS credential_process document. The only place where a secret leaves:
 * never cached, never repeated for an Idempotency-Key, never by GET.
 */
import type { Vended } from '../broker/broker.ts'
import { notAfterOf } from '../elevation/elevation.ts'
import { iso } from '../elevation/ids.ts'
import { callerOf } from './access.ts'
import { CredentialsSchema, ElevationParams, EmptyBody } from './documents.ts'
import { type RouteParts, answer, bodyMayBeAbsent } from './route.ts'

export const credentialRoutes = ({ app, broker }: RouteParts): void => {
  app.post(
    '/v1/elevations/:id/credentials',
    {
      config: { access: 'person', verb: 'credentials' },
      preValidation: bodyMayBeAbsent,
      schema: {
        summary: 'Fresh credentials of your own elevation; starts its window',
        params: ElevationParams,
        body: EmptyBody,
        response: { 200: CredentialsSchema }
      }
    },
    async (request, reply) =>
      answer(reply, await broker.credentials(callerOf(request), request.params.id), processDocument)
  )
}

const processDocument = ({ credentials, usableUntil, elevation: { elevation } }: Vended) => {
  const notAfter = notAfterOf(elevation)
  return {
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey.reveal(),
    SessionToken: credentials.sessionToken.reveal(),
    Expiration: iso(usableUntil),
    notAfter: notAfter === null ? null : iso(notAfter)
  }
}
