/**
 * Who may call a route is written at the route (`config.access`); a route without it stops the
 * start. Finer questions (auditor, approver, requester) are the broker's. Refuses every spelling
 * of a path but one.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { PersonId } from '../elevation/ids.ts'

/** public: anybody, without a token; person: somebody in the directory with a valid token. */
export type Access = 'public' | 'person'

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access
    /** the broker verb behind the route, as the ledger names it */
    readonly verb?: string
  }
}

/** Makes registering a route without `access` throw; call it before the first route. */
export const demandAccess = (app: FastifyInstance): void => {
  app.addHook('onRoute', ({ method, url, config }) => {
    const access: unknown = config?.access
    if (access !== 'public' && access !== 'person') {
      throw new Error(`route ${String(method)} ${url} declares no access`)
    }
  })
}

/** Remembers who asks; guard.ts alone calls it, after the token and the directory agreed. */
export const setPerson = (request: FastifyRequest, person: PersonId): void =>
  request.setDecorator('person', person)

/** Null before authentication, and on public routes. */
export const knownPerson = (request: FastifyRequest): PersonId | null =>
  request.getDecorator<PersonId | null>('person')

/** The person on a route with access `person`; throws elsewhere. */
export const personOf = (request: FastifyRequest): PersonId => {
  const person = knownPerson(request)
  if (person === null) throw new Error('the route has no person')
  return person
}

/**
 * Whether the path is spelled exactly as the route is declared: no percent encoding, doubled
 * slash or other case in its fixed segments. `:name` segments are the handler's to judge, but for
 * an empty one.
 */
export const isCanonicalPath = (url: string, declared: string): boolean => {
  const path = url.split('?', 1).join('').split('/')
  const wanted = declared.split('/')
  return (
    path.length === wanted.length &&
    wanted.every((segment, at) =>
      segment.startsWith(':') ? path[at] !== '' : segment === path[at]
    )
  )
}
