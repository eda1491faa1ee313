/**
 * What `/metrics` tells of this broker at each scrape beside what is counted: the store, the
 * ledger, the clock, the keys of the issuer, Slack. The alert rules over it are docker/alerts.yaml.
 */
import type { Metric, MetricSource } from '../http/metrics.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import type { KeyUseMonth, KeyUses } from '../ports-posture.ts'
import type { Store } from '../store/store.ts'
import type { Ledger } from './ledger.ts'
import type { Skew } from './skew.ts'

export type FiguresOf = {
  readonly store: Pick<Store, 'watched' | 'log' | 'posture'>
  readonly ledger: Pick<Ledger, 'check' | 'held' | 'unanchoredSince'>
  readonly skew: Skew
  readonly now: () => Instant
  /** when the issuer's keys were last known to be its own; null = never yet */
  readonly keysGoodAt: () => Instant | null
  /** null = there is no Slack, or not this process's turn to tell */
  readonly slack: () => Readonly<Record<string, number>> | null
  /** grants on each key that only the broker can retire, as last listed */
  readonly grantsOnKeys: () => ReadonlyMap<string, number>
  readonly isPolicyGood: () => boolean
  /** whether workgroups and keys are watched */
  readonly isWatching: boolean
}

/** A source each, so that one that does not answer hides no other. */
export const figuresOf = (of: FiguresOf): readonly MetricSource[] => [
  () => storeMetrics(of),
  () => ledgerMetrics(of),
  postureSource(of),
  () => keyUseMetrics(of),
  async () => ownMetrics(of)
]

const storeMetrics = async ({ store, now }: FiguresOf): Promise<readonly Metric[]> => {
  const at = now()
  const [found, schema] = await Promise.all([store.watched.figures(at), store.watched.schema()])
  const age = (since: Instant | null): number =>
    since === null ? 0 : Math.max(0, at - since) / 1000
  return [
    {
      name: 'sallyport_elevations',
      help: 'Open elevations by state, counted up to 10,000 of each.',
      type: 'gauge',
      samples: Object.entries(found.open).map(([state, value]) => ({ labels: { state }, value }))
    },
    gauge(
      'sallyport_grants_past_end',
      'Elevations whose window is over and whose grants were not removed.',
      found.pastEnd
    ),
    gauge('sallyport_endings_stuck', 'Endings that are stuck.', found.stuck),
    gauge(
      'sallyport_revoke_oldest_seconds',
      'How long the oldest running end has gone on.',
      age(found.endingSince)
    ),
    gauge(
      'sallyport_issuing_oldest_seconds',
      'How long the oldest running issue has gone on.',
      age(found.issuingSince)
    ),
    gauge(
      'sallyport_work_lag_seconds',
      'How long the oldest elevation has waited for its due work.',
      age(found.dueSince)
    ),
    gauge(
      'sallyport_outbox_waiting',
      'Messages to Slack that are late, counted up to 10,000.',
      found.slackWaiting
    ),
    gauge(
      'sallyport_outbox_lag_seconds',
      'How late the oldest message to Slack is.',
      age(found.slackSince)
    ),
    gauge('sallyport_schema', 'Number of the newest migration in the database.', schema)
  ]
}

const ledgerMetrics = async ({ store, ledger, now }: FiguresOf): Promise<readonly Metric[]> => {
  const [count, head] = await Promise.all([store.log.count(), store.log.head()])
  const isSound = await ledger.check().then(
    () => true,
    () => false
  )
  const since = ledger.unanchoredSince()
  return [
    gauge('sallyport_ledger_size', 'Entries in the ledger.', count),
    gauge(
      'sallyport_ledger_unsealed_entries',
      'Entries that are under no signed checkpoint yet.',
      Math.max(0, count - (head?.signed ?? 0))
    ),
    gauge(
      'sallyport_ledger_verify_status',
      '1 while the ledger is sealed in time and the log of its anchors.',
      isSound ? 1 : 0
    ),
    gauge(
      'sallyport_ledger_held',
      '1 while the ledger is held back.',
      ledger.held() === null ? 0 : 1
    ),
    gauge(
      'sallyport_ledger_anchor_age_seconds',
      'How long a signed checkpoint has waited to be anchored.',
      since === null ? 0 : Math.max(0, now() - since) / 1000
    )
  ]
}

/** of a month and a key, and where its cost center changed one for each */
const mostKeyUses = 1000

/** This month and the one before: of all months a page would grow for ever. */
export const keyUseMetrics = async ({
  store,
  now
}: {
  readonly store: { readonly posture: KeyUses }
  readonly now: () => Instant
}): Promise<readonly Metric[]> => {
  const today = new Date(now())
  const before = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 1, 1))
  const used = await store.posture.keyUse(before.toISOString().slice(0, 7), mostKeyUses)
  const labelled = (valueOf: (one: KeyUseMonth) => number): Metric['samples'] =>
    used.map((one) => {
      const { month, key, costCenter } = one
      return { labels: { month, key, cost_center: costCenter }, value: valueOf(one) }
    })
  return [
    {
      name: 'sallyport_kms_key_requests',
      help: 'Requests to keys of targets by month and cost center, as logs that were told of have.',
      type: 'gauge',
      samples: labelled(({ requests }) => requests)
    },
    {
      name: 'sallyport_kms_key_cost_usd',
      help: 'What these requests cost about, in dollars of the price that was told.',
      type: 'gauge',
      samples: labelled(({ cost }) => cost)
    }
  ]
}

const remedyMs = 90 * 86_400_000

/** The age of a snapshot that never came is counted from the start. */
const postureSource = ({ store, now, isWatching }: FiguresOf): MetricSource => {
  const startedAt = now()
  return async () => {
    const since = instant(Math.max(0, now() - remedyMs))
    const { at, shares, open, remedySeconds } = await store.posture.findingFigures(since)
    const age = Math.max(0, now() - (at ?? startedAt)) / 1000
    return [
      {
        name: 'sallyport_posture_findings',
        help: 'Open findings that nobody waived, by severity and target; no target = touches none.',
        type: 'gauge',
        samples: open.map(({ severity, target, count }) => ({
          labels: { severity, target: target ?? '' },
          value: count
        }))
      },
      gauge(
        'sallyport_posture_age_seconds',
        'How long ago workgroups and keys were looked at; 0 where nobody watches.',
        isWatching ? age : 0
      ),
      ...share(
        'sallyport_posture_workgroups_compliant_ratio',
        'Share of workgroups without an open finding of medium or worse.',
        shares?.workgroups
      ),
      ...share(
        'sallyport_posture_locations_under_customer_keys_ratio',
        'Share of data and result locations of targets under customer managed keys.',
        shares?.locations
      ),
      ...known(
        'sallyport_posture_remedy_seconds',
        'How long findings closed within 90 days were open on average.',
        remedySeconds
      )
    ]
  }
}

const share = (
  name: string,
  help: string,
  of: { readonly count: number; readonly of: number } | undefined
): readonly Metric[] => known(name, help, of === undefined || of.of === 0 ? null : of.count / of.of)

/** Not there at all before it is known: a gauge without a value would read 0. */
const known = (name: string, help: string, value: number | null): readonly Metric[] =>
  value === null ? [] : [gauge(name, help, value)]

const ownMetrics = (of: FiguresOf): readonly Metric[] => {
  const { aws, store } = of.skew.figures()
  const goodAt = of.keysGoodAt()
  return [
    {
      name: 'sallyport_clock_skew_seconds',
      help: 'How far the clock of the broker is ahead.',
      type: 'gauge',
      samples: [...skewTo('aws', aws), ...skewTo('store', store)]
    },
    {
      name: 'sallyport_jwks_age_seconds',
      help: 'How long ago the keys of the issuer were last known to be its own.',
      type: 'gauge',
      samples: goodAt === null ? [] : [{ labels: {}, value: Math.max(0, of.now() - goodAt) / 1000 }]
    },
    {
      name: 'sallyport_slack_messages_total',
      help: 'Messages to Slack by what became of them.',
      type: 'counter',
      samples: Object.entries(of.slack() ?? {}).map(([outcome, value]) => ({
        labels: { outcome },
        value
      }))
    },
    {
      name: 'sallyport_kms_grants',
      help: 'Grants that the broker may retire, by key, as last listed.',
      type: 'gauge',
      samples: [...of.grantsOnKeys()].map(([key, value]) => ({ labels: { key }, value }))
    },
    gauge(
      'sallyport_policy_good',
      '1 while the policy folder is what is in force.',
      of.isPolicyGood() ? 1 : 0
    )
  ]
}

const skewTo = (to: string, milliseconds: number | null): Metric['samples'] =>
  milliseconds === null ? [] : [{ labels: { to }, value: milliseconds / 1000 }]

const gauge = (name: string, help: string, value: number): Metric => ({
  name,
  help,
  type: 'gauge',
  samples: [{ labels: {}, value }]
})
