/**
 * Slack in both directions, put together: people's clicks to the broker's verbs, the broker's state
 * to messages. Deciding goes on without it: nothing here is awaited by a verb.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { Elevations } from '../ports.ts'
import type { FindingAlerts } from '../ports-posture.ts'
import { type SlackApp, type SlackAppParts, makeSlackApp } from './app.ts'
import { type Delivery, startDelivery } from './delivery.ts'
import { type FindingTeller, startFindingAlerts } from './finding-alerts.ts'
import { type LedgerPosts, ledgerPosts } from './ledger-posts.ts'
import type { OutboxParts } from './outbox.ts'
import type { Schedule } from './receiver.ts'
import { makeSlackClient } from './slack-client.ts'

export type SlackParts = Pick<
  SlackAppParts,
  'broker' | 'policy' | 'config' | 'consoleUrl' | 'now' | 'logger'
> & {
  readonly elevations: Elevations
  /** findings, told in the channels of their targets */
  readonly alerts: FindingAlerts
  /** where checkpoints are posted; null = nowhere */
  readonly ledgerChannel: string | null
  readonly store: SlackAppParts['seen'] & OutboxParts['turn'] & OutboxParts['messages']
  /** names this process where replicas take turns */
  readonly owner: string
}

export type Slack = {
  /** the route, for the API's listener; null in Socket Mode */
  readonly plugin: FastifyPluginAsync | null
  readonly start: () => void
  /** Hears of each checkpoint; posted where a channel is configured. */
  readonly anchor: LedgerPosts['tell']
  /** Takes nothing more, finishes what is under way, and stops delivering. */
  readonly stop: () => Promise<void>
  readonly counts: () => ReturnType<Delivery['counts']> | null
}

const schedule: Schedule = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

const againMs = 30_000

/**
 * Delivers from `start` on, once Slack has said that the token is of the configured workspace: an
 * ask is told nowhere else. Requests are taken once the route listens or `start` has connected.
 */
export const connectSlack = (parts: SlackParts): Slack => {
  const { broker, policy, config, consoleUrl, now, logger, store, elevations, owner } = parts
  const client = makeSlackClient({ token: config.botToken(), apiUrl: config.apiUrl })
  const posts = ledgerPosts({ channel: parts.ledgerChannel, client, schedule, logger })
  let delivery: Delivery | null = null
  let findings: FindingTeller | null = null
  let planned: (() => void) | null = null
  let isStopped = false
  const deliver = (): Delivery => startDelivery({
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
  const begin = async (): Promise<void> => {
    const team = await client.team()
    if (isStopped) return
    if (!team.ok) {
      logger.warn({ event: 'slack_not_reached', fault: team.fault })
      planned = schedule(againMs, () => void begin())
    } else if (team.value === config.team) {
      delivery = deliver()
      const { alerts } = parts
      findings = startFindingAlerts({ alerts, seen: store, policy, client, now, schedule, logger })
    } else {
      logger.error({ event: 'slack_wrong_team', configured: config.team, token: team.value })
    }
  }
  const app: SlackApp = makeSlackApp({
    broker,
    policy,
    config,
    consoleUrl,
    client,
    seen: store,
    wake: (elevation, posted) => delivery?.wake(elevation, posted),
    now,
    schedule,
    logger
  })
  return {
    plugin: app.plugin,
    start: () => {
      app.start()
      void begin()
    },
    anchor: posts.tell,
    stop: async () => {
      isStopped = true
      planned?.()
      await app.stop()
      await posts.stop()
      await Promise.all([delivery?.stop(), findings?.stop()])
    },
    counts: () => delivery?.counts() ?? null
  }
}
