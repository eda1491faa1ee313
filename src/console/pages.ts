/** What every file of pages is given to add its routes, and what its routes have in common. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { ElevationId, Instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { LedgerSearch } from '../ports-search.ts'
import type { Elevations } from '../ports.ts'
import type { Live } from './live.ts'

export type Pages = {
  /** paths are below /console; the guard has run, `viewerOf(request)` is there */
  readonly app: FastifyInstance
  readonly broker: Broker
  readonly policy: () => Policy
  readonly now: () => Instant
  readonly logger: Logger
  readonly live: Live
  readonly elevations: Pick<Elevations, 'get'>
  /** how many entries the ledger has: what a page is drawn at */
  readonly entryCount: () => Promise<number>
  /** the words of whoever denied or revoked it last; null = none were given */
  readonly wordOf: (id: ElevationId) => Promise<string | null>
  /** the ledger's entries at these indexes, ascending */
  readonly entriesAt: LedgerSearch['entriesAt']
}

/** The options of every route of the console: pages are no part of the API's description. */
export const forViewers = {
  config: { access: 'session' as const },
  schema: { hide: true }
}

/** The same, of files that a script of a page fetches by the hundred. */
export const forPrograms = {
  config: { access: 'session' as const, isForPrograms: true as const },
  schema: { hide: true }
}

/** Without a session, too: signing in, and the files pages are made of. */
export const forAnybody = {
  config: { access: 'session' as const, isForAnybody: true as const },
  schema: { hide: true }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** guard.ts lets those pass who have no session */
    readonly isForAnybody?: true
    /** counted apart from the pages that people look at */
    readonly isForPrograms?: true
  }
}
