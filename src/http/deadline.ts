/**
 * Every request is answered, whatever its handler does. Fastify's own `handlerTimeout` is over as
 * soon as the body was read, so that it never ends a request that had one; the socket's timeout
 * counts from the last byte of the request instead (nodejs.org/api/http.html, server.setTimeout).
 */
import type { FastifyInstance } from 'fastify'
import { BorderError } from './problem.ts'

/**
 * Answers `handler_timeout` when the socket's timeout (`connectionTimeout` of the app) finds a
 * request without its answer. Register it before every other hook.
 */
export const deadline = (app: FastifyInstance): void => {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.once('timeout', () => {
      if (reply.sent) return
      const detail = 'It may still happen: read the state first.'
      void reply.send(new BorderError({ code: 'handler_timeout', detail }))
    })
    done()
  })
}
