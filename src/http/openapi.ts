/** `GET /openapi.json`: OpenAPI 3.1, made from the schemas that the routes are checked with. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { problemType } from './problem.ts'
import { namedSchemas } from './serializers.ts'

/** Registers the collector; call it before the first route. */
export const openapi = async (app: FastifyInstance): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sallyport',
        version: '1',
        description: 'Just-in-time elevation for Amazon Athena. Errors are RFC 9457 problems.'
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }
      }
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, at) => nameOf($id, at) }
  })
  for (const schema of namedSchemas) app.addSchema(schema)
  app.addHook('onRoute', (route) => {
    const access = route.config?.access
    const { response, ...schema } = route.schema ?? {}
    const problem = {
      description: 'Anything else',
      content: { [problemType]: { schema: { $ref: 'Problem#' } } }
    }
    route.schema = {
      ...schema,
      operationId: route.config?.verb ?? 'openapi',
      security: access === 'person' ? [{ bearer: [] }] : [],
      response: { ...(typeof response === 'object' ? response : {}), default: problem }
    }
  })
}

/** The route itself, after all others are declared. */
export const openapiRoute = (app: FastifyInstance): void => {
  app.get(
    '/openapi.json',
    { config: { access: 'public' }, schema: { summary: 'This document' } },
    () => app.swagger()
  )
}

const nameOf = (id: unknown, at: number): string => (typeof id === 'string' ? id : `schema-${at}`)
