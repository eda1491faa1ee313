/**
 * The ops listener: `/livez` (the process answers), `/readyz` (what it needs answers) and
 * `/metrics` (counts). Its own port, no tokens; it tells names of checks, counts and nothing else.
 */
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Meters } from './meters.ts'
import { type MetricSource, metricsPage, metricsType } from './metrics.ts'

export type ReadyCheck = {
  readonly name: string
  /** rejects when it is not ready; one that takes over two seconds counts as failed */
  readonly check: () => Promise<void>
  /** it is told, and the broker is ready all the same */
  readonly isAdvice?: boolean
}

export type OpsParts = {
  readonly logger: FastifyBaseLogger
  readonly checks: readonly ReadyCheck[]
  /** default: none */
  readonly metrics?: readonly MetricSource[]
  /** what is counted as it happens; default: nothing */
  readonly meters?: Pick<Meters, 'page'>
}

const checkTimeoutMs = 2000

/** Ready to `inject` or `listen`. */
export const buildOps = ({ logger, checks, metrics = [], meters }: OpsParts): FastifyInstance => {
  const app: FastifyInstance = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024,
    requestTimeout: 5000,
    connectionTimeout: 10_000,
    http: { headersTimeout: 5000, connectionsCheckingInterval: 1000 }
  })
  app.server.maxConnections = 100
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/livez', () => ({ status: 'live' }))
  app.get('/metrics', async (_request, reply) => {
    const page = await (meters?.page(metrics) ?? metricsPage(null, metrics))
    return reply.type(metricsType).send(page)
  })
  app.get('/readyz', async (request, reply) => {
    const results = await Promise.all(checks.map(runCheck))
    const failed = results.filter(({ error }) => error !== null)
    for (const { name, error } of failed) {
      const message = error instanceof Error ? error.message : 'failed'
      request.log.warn({ event: 'not_ready', check: name, message })
    }
    const told = results.map(({ name, error }) => ({ name, ok: error === null }))
    const isReady = failed.every(({ isAdvice }) => isAdvice)
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not_ready', checks: told })
  })
  return app
}

/** What came of a check; `error` null = it is good. */
export const runCheck = async ({ name, check, isAdvice = false }: ReadyCheck) => {
  try {
    await Promise.race([check(), tooLate()])
    return { name, isAdvice, error: null }
  } catch (error) {
    return { name, isAdvice, error: error ?? new Error('failed') }
  }
}

const tooLate = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    const signal = AbortSignal.timeout(checkTimeoutMs)
    signal.addEventListener('abort', () => reject(new Error('no answer in time')), { once: true })
  })
