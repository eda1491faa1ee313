/**
 * The HTTP edge, built apart from listening: parse, call one broker verb, render. No rule lives
 * here. Fastify's own defaults have no timeouts and 1 MiB bodies; every bound is set here.
 */
import rateLimit from '@fastify/rate-limit'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  LogController
} from 'fastify'
import type { Audit } from '../broker/audit.ts'
import type { Broker } from '../broker/broker.ts'
import type { Posture } from '../broker/posture.ts'
import type { Reconciling } from '../broker/reconciled.ts'
import { demandAccess } from './access.ts'
import type { Auth } from './auth.ts'
import { credentialRoutes } from './credentials.ts'
import { deadline } from './deadline.ts'
import { decisionRoutes } from './decisions.ts'
import { elevationRoutes } from './elevations.ts'
import { evidenceRoutes } from './evidence.ts'
import { failFramework, failRaw, failures } from './failures.ts'
import { guard } from './guard.ts'
import { readJson } from './json-body.ts'
import { ledgerRoutes } from './ledger.ts'
import type { Meters } from './meters.ts'
import { lockRoutes } from './locks.ts'
import { openapi, openapiRoute } from './openapi.ts'
import { postureRoutes } from './posture.ts'
import { reconciledRoutes } from './reconciled.ts'
import { BorderError } from './problem.ts'
import { queryRoutes } from './queries.ts'
import { withSchemaTypes } from './route.ts'
import { serializerCompiler } from './serializers.ts'
import { targetRoutes } from './targets.ts'
import { upkeepRoutes } from './upkeep.ts'

export type Limits = {
  /** requests a minute of one person */
  readonly perPerson: number
  /** requests a minute of one address without a valid token */
  readonly perAddress: number
  /** open sockets; more are dropped */
  readonly connections: number
  /** from the last byte of a request until it is answered, finished or not */
  readonly answerMilliseconds: number
}

export type AppParts = {
  readonly broker: Broker
  /** absent: neither searches nor evidence packs */
  readonly audit?: Audit
  /** absent: nothing of findings is told */
  readonly posture?: Posture
  /** absent: nobody tells of use */
  readonly reconciling?: Reconciling
  readonly auth: Auth
  readonly logger: FastifyBaseLogger
  /** a new id, never given before; `instance` of problems and `reqId` of the log */
  readonly requestId: () => string
  readonly limits?: Partial<Limits>
  /** why the ledger is held back, as a sentence; null or absent = it is not */
  readonly held?: () => string | null
  /** hears of each request when it is answered */
  readonly answered?: Meters['answered']
  /** another edge's route on the same listener, with its own parser and its own proof of origin */
  readonly slack?: FastifyPluginAsync
  /** the pages under /console, with their own sessions, parsers and failures */
  readonly console?: FastifyPluginAsync
}

export const defaultLimits: Limits = {
  perPerson: 600,
  perAddress: 600,
  connections: 1000,
  answerMilliseconds: 14_000
}
export const bodyLimitBytes = 16_384

/** The API, ready to `inject` or `listen`. Rejects where a route declares no access. */
export const buildApp = async (parts: AppParts): Promise<FastifyInstance> => {
  const { broker, auth } = parts
  const limits = { ...defaultLimits, ...parts.limits }
  const app: FastifyInstance = fastify(options(parts, limits))
  app.server.maxConnections = limits.connections
  app.decorateRequest('caller', null)
  readStrictJson(app)
  demandAccess(app)
  await openapi(app)
  app.setSerializerCompiler(await serializerCompiler())
  await app.register(rateLimit, { global: false })
  failures(app, { broker, ...(parts.answered ? { answered: parts.answered } : {}) })
  deadline(app)
  guard(app, { broker, auth, ...limits, ...(parts.held ? { held: parts.held } : {}) })

  const routes = { app: withSchemaTypes(app), broker }
  targetRoutes(routes)
  elevationRoutes(routes)
  decisionRoutes(routes)
  credentialRoutes(routes)
  queryRoutes(routes)
  lockRoutes(routes)
  ledgerRoutes(routes)
  if (parts.audit) evidenceRoutes(routes, parts.audit)
  if (parts.posture) postureRoutes(routes, parts.posture)
  if (parts.reconciling) reconciledRoutes(routes, parts.reconciling)
  upkeepRoutes(routes)
  openapiRoute(app)
  if (parts.slack) await app.register(parts.slack)
  if (parts.console) await app.register(parts.console, { prefix: '/console' })
  return app
}

const options = ({ logger, requestId }: AppParts, { answerMilliseconds }: Limits) => ({
  loggerInstance: logger,
  // failures.ts writes the one line of a request
  logController: new LogController({ disableRequestLogging: true }),
  genReqId: () => requestId(),
  trustProxy: false,
  bodyLimit: bodyLimitBytes,
  requestTimeout: 10_000,
  // deadline.ts answers what it finds unanswered
  connectionTimeout: answerMilliseconds,
  keepAliveTimeout: 30_000,
  maxRequestsPerSocket: 1000,
  // the header timeout is looked at only once an interval, which is 30 s by default
  http: { headersTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 },
  // guard.ts answers while closing, as a problem document
  return503OnClosing: false,
  exposeHeadRoutes: false,
  routerOptions: {
    caseSensitive: true,
    ignoreTrailingSlash: false,
    ignoreDuplicateSlashes: false,
    useSemicolonDelimiter: false,
    // an id of any length reaches its verb, so that a malformed one answers as an absent one
    maxParamLength: 16_384
  },
  ajv: {
    customOptions: {
      removeAdditional: false as const,
      coerceTypes: false as const,
      allErrors: false
    }
  },
  onProtoPoisoning: 'error' as const,
  onConstructorPoisoning: 'error' as const,
  frameworkErrors: failFramework,
  clientErrorHandler: failRaw(requestId)
})

const readStrictJson = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, bytes, done) => {
    const read = readJson(Buffer.from(bytes))
    if (read.ok) done(null, read.value)
    else done(new BorderError({ code: 'invalid_body', detail: read.why }))
  })
}
