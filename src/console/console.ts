/**
 * The console: pages rendered on the server, on the API's listener under /console, with sessions,
 * parsers and failures of their own. No rule lives here: a page calls one broker verb and shows
 * what it said.
 */
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import type { Broker } from '../broker/broker.ts'
import type { Instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { ConsoleSessions } from '../ports-console.ts'
import type { LedgerSearch } from '../ports-search.ts'
import type { Elevations, SlackTurn } from '../ports.ts'
import { accessPages } from './access-pages.tsx'
import { approvalPages } from './approval-pages.tsx'
import { askPages } from './ask-pages.tsx'
import { assetRoutes } from './assets.ts'
import { type Auditing, auditPages } from './audit-pages.ts'
import { cookiesFor } from './cookie.ts'
import { elevationPages } from './elevation-pages.tsx'
import { extendPages } from './extend-pages.tsx'
import { failures } from './failures.tsx'
import { guard } from './guard.ts'
import { makeLive } from './live.ts'
import type { Pages } from './pages.ts'
import { queryPages } from './query-pages.tsx'
import { sessionPages } from './session-pages.tsx'
import { signInPages } from './sign-in-pages.tsx'
import type { IssuerConfig } from './sign-in.ts'

export type ConsoleParts = {
  readonly broker: Broker
  readonly policy: () => Policy
  readonly sessions: ConsoleSessions
  readonly elevations: Pick<Elevations, 'get'>
  readonly changed: SlackTurn['changed']
  /** how many entries the ledger has */
  readonly entryCount: () => Promise<number>
  readonly entriesAt: LedgerSearch['entriesAt']
  readonly wordOf: Pages['wordOf']
  /** as browsers see it, ending in `/console` */
  readonly url: string
  /** who signs people in; the first is offered first */
  readonly issuers: readonly IssuerConfig[]
  readonly now: () => Instant
  readonly logger: Logger
  /** absent: no pages for auditors and operators */
  readonly auditing?: Auditing
}

/** A ledger of a million entries takes 8,000 files to verify; others share the address. */
const perPerson = { pages: 1200, files: 3600 }

/** The plugin for the API's listener, to be registered under `/console`. */
export const makeConsole = (parts: ConsoleParts): FastifyPluginAsync => {
  const { broker, policy, sessions, now, logger } = parts
  const cookies = cookiesFor(parts.url)
  const { origin } = new URL(parts.url)
  return async (app) => {
    await app.register(cookie)
    readForms(app)
    await app.register(formbody, { bodyLimit: formBytes })
    app.decorateRequest('viewer', null)
    failures(app, broker)
    guard(app, { broker, policy, sessions, cookies, origin, now, perPerson })
    const live = makeLive({
      changed: parts.changed,
      sessions,
      now,
      every,
      failed: (cause) => logger.error({ event: 'console_live_failed', message: messageOf(cause) })
    })
    app.addHook('preClose', (done) => {
      live.close()
      done()
    })
    const pages: Pages = {
      app,
      broker,
      policy,
      now,
      logger,
      live,
      elevations: parts.elevations,
      entryCount: parts.entryCount,
      wordOf: parts.wordOf,
      entriesAt: parts.entriesAt
    }
    assetRoutes(app)
    signInPages(pages, { sessions, cookies, url: parts.url, issuers: parts.issuers })
    sessionPages(pages, { sessions, cookies })
    accessPages(pages)
    askPages(pages)
    approvalPages(pages)
    elevationPages(pages)
    queryPages(pages)
    extendPages(pages)
    if (parts.auditing) auditPages({ ...pages, ...parts.auditing })
  }
}

/** A query of the largest size that the broker reads, percent-encoded. */
const formBytes = 800_000

const readForms = (app: FastifyInstance): void => app.removeAllContentTypeParsers()

const every = (milliseconds: number, run: () => void): (() => void) => {
  const timer = setInterval(run, milliseconds)
  timer.unref()
  return () => clearInterval(timer)
}

const messageOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : 'not an error'
