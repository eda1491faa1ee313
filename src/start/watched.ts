/**
 * What the broker watches of itself: its meters, its clock against AWS's and the store's, and the
 * grants on its keys. AWS is asked who the broker is, which tells what time it is there.
 */
import { type Meters, makeMeters } from '../http/meters.ts'
import type { ReadyCheck } from '../http/ops.ts'
import type { Instant } from '../elevation/ids.ts'
import type { AwsAnswer } from '../ports.ts'
import type { RetirableGrants } from '../ports-orphans.ts'
import type { Store } from '../store/store.ts'
import { migrations } from '../store/schema.ts'
import { sqliteDialect } from '../store/sqlite-dialect.ts'
import { type Skew, watchSkew } from './skew.ts'

export type Watched = {
  readonly meters: Meters
  readonly skew: Skew
  readonly checks: readonly ReadyCheck[]
  /** the same, counted by key at each listing */
  readonly counting: (grants: RetirableGrants) => RetirableGrants
  readonly grantsOnKeys: () => ReadonlyMap<string, number>
  /** Not ready from now on. */
  readonly drain: () => void
  readonly stop: () => void
}

export type WatchedParts = {
  readonly store: Pick<Store, 'clock' | 'watched'>
  readonly now: () => Instant
  /** null = there is no AWS to ask */
  readonly identity: {
    /** the broker's own ARN */
    readonly ask: () => Promise<AwsAnswer<string>>
    readonly close: () => void
  } | null
}

/** Asks AWS at once. */
export const startWatching = ({ store, now, identity }: WatchedParts): Watched => {
  const meters = makeMeters()
  let whoAmI: string | null = null
  let isDraining = false
  let onKeys = new Map<string, number>()
  const { clock } = store
  const skew = watchSkew({
    now,
    store: clock === null ? null : () => clock.skewMilliseconds(),
    ask:
      identity &&
      (async () => {
        const answer = await identity.ask()
        meters.awsCalled('sts:GetCallerIdentity', answer.ok ? 'ok' : answer.kind)
        if (answer.ok) whoAmI = answer.value
      })
  })
  const known = migrations(sqliteDialect).length
  return {
    meters,
    skew,
    checks: [
      {
        name: 'serving',
        check: async () => {
          if (isDraining) throw new Error('it is shutting down')
        }
      },
      { name: 'clock', check: skew.check },
      {
        name: 'schema',
        check: async () => {
          const schema = await store.watched.schema()
          if (schema < known) throw new Error(`the database has ${schema} of ${known} migrations`)
        }
      },
      ...(identity === null
        ? []
        : [
            {
              name: 'aws',
              check: async () => {
                if (whoAmI === null) throw new Error('AWS has not said yet who the broker is')
              },
              isAdvice: true
            }
          ])
    ],
    counting: (grants) => ({
      retirable: async (region, principal) => {
        const answer = await grants.retirable(region, principal)
        if (!answer.ok) return answer
        const inRegion = new Map<string, number>()
        for (const { keyArn } of answer.value) inRegion.set(keyArn, (inRegion.get(keyArn) ?? 0) + 1)
        const others = [...onKeys].filter(([key]) => key.split(':')[3] !== region)
        onKeys = new Map([...others, ...inRegion])
        return answer
      }
    }),
    grantsOnKeys: () => onKeys,
    drain: () => {
      isDraining = true
    },
    stop: () => {
      skew.stop()
      meters.stop()
      identity?.close()
    }
  }
}
