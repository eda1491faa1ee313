/**
 * Who may call a route is written at the route (`config.access`); a route without it stops the
 * start. Finer questions (auditor, approver, requester) are the broker's. Refuses every spelling
 * of a path but one.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../broker/broker.ts'
import type { PersonId } from '../elevation/ids.ts'

/**
 * public: anybody, without a token; person: somebody in the directory with a valid token; signed:
 * the route itself proves who sent each body; session: the console's own guard finds the person by
 * their cookie.
 */
export type Access = 'public' | 'person' | 'signed' | 'session'

const kinds: readonly unknown[] = ['public', 'person', 'signed', 'session']

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access
    /** the broker verb behind the route, as the ledger names it */
    readonly verb?: string
    /** also while the ledger is held back */
    readonly servedWhileHeld?: true
  }
}

/** Makes registering a route without `access` throw; call it before the first route. */
export const demandAccess = (app: FastifyInstance): void => {
  app.addHook('onRoute', ({ method, url, config }) => {
    const access: unknown = config?.access
    if (!kinds.includes(access)) {
      throw new Error(`route ${String(method)} ${url} declares no access`)
    }
  })
}

/** Remembers who asks; guard.ts alone calls it, after the token and the directory agreed. */
export const setCaller = (request: FastifyRequest, caller: Caller): void =>
  request.setDecorator('caller', caller)

/** Null before authentication, and on public routes. */
export const knownPerson = (request: FastifyRequest): PersonId | null =>
  request.getDecorator<Caller | null>('caller')?.person ?? null

/** Who calls on a route with access `person`, and how they signed in; throws elsewhere. */
export const callerOf = (request: FastifyRequest): Caller => {
  const caller = request.getDecorator<Caller | null>('caller')
  if (caller === null) throw new Error('the route has no caller')
  return caller
}

/** The person of `callerOf`. */
export const personOf = (request: FastifyRequest): PersonId => callerOf(request).person

/**
 * Whether the path is spelled exactly as the route is declared: no percent encoding, doubled
 * slash or other case in its fixed segments. `:name` segments are the handler's to judge, but for
 * an empty one; so is what a last `*` stands for, but for percent encoding.
 */
export const isCanonicalPath = (url: string, declared: string): boolean => {
  if (url === declared) return true
  const [whole = ''] = url.split('?', 1)
  if (declared.endsWith('/*')) {
    const before = declared.slice(0, -1)
    return whole.startsWith(before) && /^[^%]+$/.test(whole.slice(before.length))
  }
  const path = whole.split('/')
  const wanted = declared.split('/')
  return (
    path.length === wanted.length &&
    wanted.every((segment, at) =>
      segment.startsWith(':') ? path[at] !== '' : segment === path[at]
    )
  )
}
