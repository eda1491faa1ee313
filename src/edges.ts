/**
 * The edges for people, put together where they are configured: Slack and the console. Each is
 * loaded only then; the broker is the same without them.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import type { Broker } from './broker/broker.ts'
import type { Deps } from './broker/deps.ts'
import type { Config } from './config.ts'
import type { Auditing } from './console/audit-pages.ts'
import type { Slack } from './slack/connect.ts'
import type { Store } from './store/store.ts'

export type Edge = {
  readonly broker: Broker
  readonly deps: Deps
  readonly store: Store
  readonly logger: Logger
}

/** The console where it is configured. */
export const pagesOf = async (
  { console: settings }: Config,
  { broker, deps, store, logger }: Edge,
  auditing: Auditing
): Promise<FastifyPluginAsync | null> => {
  if (settings === null) return null
  const { makeConsole } = await import('./console/console.ts')
  return makeConsole({
    broker,
    policy: deps.policy,
    sessions: store.console,
    elevations: store,
    changed: (index, limit) => store.slack.changed(index, limit),
    entryCount: () => store.log.count(),
    entriesAt: (indexes) => store.search.entriesAt(indexes),
    wordOf: (id) => store.slack.word(id),
    ...settings,
    now: () => deps.clock.now(),
    logger,
    auditing
  })
}

/** Slack where it is configured; the broker is the same without it. */
export const slackOf = async (
  { slack: settings, consoleUrl }: Config,
  parts: Edge
): Promise<Slack | null> => {
  const { broker, deps, store, logger } = parts
  if (settings === null) return null
  // Bolt takes half a second to load, which a broker without Slack need not wait for
  const { connectSlack } = await import('./slack/connect.ts')
  return connectSlack({
    broker,
    policy: deps.policy,
    config: settings,
    ledgerChannel: settings.ledgerChannel,
    consoleUrl,
    now: () => deps.clock.now(),
    logger,
    elevations: store,
    alerts: store.posture,
    store: store.slack,
    owner: deps.settings.owner
  })
}
