/**
 * Fastify's own compiler of answers' schemas, each schema compiled once a process: `Problem` is an
 * answer of every route, and compiling takes longer than everything else a start does.
 */
import fastify, { type FastifySerializerCompiler } from 'fastify'
import { ElevationSchema, ProblemSchema } from './documents.ts'

type Compile = FastifySerializerCompiler<unknown>

/** What an answer's schema may name. */
export const namedSchemas = [ElevationSchema, ProblemSchema] as const

/** For apps that have the named schemas and no others. */
export const serializerCompiler = (): Promise<Compile> => (shared ??= remembering())

let shared: Promise<Compile> | null = null

/** What a schema means is in its JSON; Fastify's compiler does not look at the route. */
const remembering = async (): Promise<Compile> => {
  const compile = await fastifys()
  const known = new Map<string, ReturnType<Compile>>()
  return (route) => {
    const key = JSON.stringify(route.schema)
    const serialize = known.get(key) ?? compile(route)
    known.set(key, serialize)
    return serialize
  }
}

/** An app that nobody listens with: Fastify shows its compiler once a route has needed it. */
const fastifys = async (): Promise<Compile> => {
  const app = fastify()
  for (const schema of namedSchemas) app.addSchema(schema)
  app.get('/', { schema: { response: { 200: { type: 'null' } } } }, () => null)
  await app.ready()
  const { serializerCompiler: compile } = app
  await app.close()
  if (!compile) throw new Error('Fastify has compiled nothing')
  return compile
}
