/** How this broker is doing, gathered when somebody looks: what readiness asks, ledger, work. */
import type { ReadyCheck } from '../http/ops.ts'
import { runCheck } from '../http/ops.ts'
import type { Instant } from '../elevation/ids.ts'
import type { SystemView } from '../ports-system.ts'
import type { Store } from '../store/store.ts'
import type { Ledger } from './ledger.ts'

export const systemView = (of: {
  readonly checks: readonly ReadyCheck[]
  readonly store: Pick<Store, 'watched' | 'log'>
  readonly ledger: Pick<Ledger, 'held' | 'unanchoredSince' | 'log'>
  readonly now: () => Instant
}) => async (): Promise<SystemView> => {
  const { store, ledger } = of
  const [checks, figures, schema, entries, head] = await Promise.all([
    Promise.all(of.checks.map(runCheck)),
    store.watched.figures(of.now()),
    store.watched.schema(),
    store.log.count(),
    store.log.head()
  ])
  const { open, dueSince, issuingSince, endingSince, pastEnd, slackWaiting, slackSince } = figures
  return {
    checks: checks.map(({ name, isAdvice, error }) => ({
      name,
      isAdvice,
      isGood: error === null,
      why: error === null ? null : error instanceof Error ? error.message : 'failed'
    })),
    ledger: {
      entries,
      signed: head?.signed ?? 0,
      key: ledger.log.key,
      held: ledger.held(),
      unanchoredSince: ledger.unanchoredSince()
    },
    work: { open, dueSince, issuingSince, endingSince, pastEnd, slackWaiting, slackSince },
    schema
  }
}
