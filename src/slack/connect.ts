/**
 * Slack in both directions, put together: people's clicks to the broker's verbs, the broker's state
 * to messages. Deciding goes on without it: nothing here is awaited by a verb.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { Elevations } from '../ports.ts'
import { type SlackApp, type SlackAppParts, makeSlackApp } from './app.ts'
import { type Delivery, startDelivery } from './delivery.ts'
import type { OutboxParts } from './outbox.ts'
import type { Schedule } from './receiver.ts'
import { makeSlackClient } from './slack-client.ts'

export type SlackParts = Pick<
  SlackAppParts,
  'broker' | 'policy' | 'config' | 'consoleUrl' | 'now' | 'logger'
> & {
  readonly elevations: Elevations
  readonly store: SlackAppParts['seen'] & OutboxParts['turn'] & OutboxParts['messages']
  /** names this process where replicas take turns */
  readonly owner: string
}

export type Slack = {
  /** the route, for the API's listener; null in Socket Mode */
  readonly plugin: FastifyPluginAsync | null
  readonly start: () => void
  /** Takes nothing more, finishes what is under way, and stops delivering. */
  readonly stop: () => Promise<void>
  readonly counts: Delivery['counts']
}

const schedule: Schedule = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

/** Delivers from now on; requests are taken once the route listens or `start` has connected. */
export const connectSlack = (parts: SlackParts): Slack => {
  const { broker, policy, config, consoleUrl, now, logger, store, elevations, owner } = parts
  const client = makeSlackClient({ token: config.botToken(), apiUrl: config.apiUrl })
  const delivery = startDelivery({
    elevations,
    turn: store,
    messages: store,
    policy,
    slack: client,
    team: config.team,
    consoleUrl,
    now,
    schedule,
    log: logger,
    owner
  })
  const app: SlackApp = makeSlackApp({
    broker,
    policy,
    config,
    consoleUrl,
    client,
    seen: store,
    wake: delivery.wake,
    now,
    schedule,
    logger
  })
  return {
    plugin: app.plugin,
    start: app.start,
    stop: async () => {
      await app.stop()
      await delivery.stop()
    },
    counts: delivery.counts
  }
}
