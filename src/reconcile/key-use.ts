/**
 * The use of the targets' keys by month and cost center: requests, what they cost about, and the
 * elevations beside them. Memory grows with keys and days, not with requests: an event that comes
 * twice counts once if no 50,000 others lie between.
 * Source: AWS KMS pricing, "Request pricing"; each request is in the log of the key's own account.
 */
import type { Target } from '../elevation/target.ts'
import { keyArns, workgroupArn } from '../iam/arns.ts'
import type { Ledger } from './held.ts'
import type { KeyRequest } from './key-request.ts'

export type KeyUse = {
  /** `2026-11`, UTC */
  readonly month: string
  readonly costCenter: string
  /** where it is from: the key's tag, those of its targets' workgroups, or the targets' owners */
  readonly costCenterFrom: 'key' | 'workgroup' | 'owner'
  /** every target that declares the key */
  readonly targets: readonly string[]
  readonly key: string
  /** Decrypt and GenerateDataKey */
  readonly requests: number
  readonly decrypts: number
  readonly dataKeys: number
  /** of the requests those that S3 made for one object, for want of a Bucket Key */
  readonly withoutBucketKey: number
  /** USD, estimated from the price per 10,000 requests */
  readonly cost: number
  /** issued in that month on its targets; one counts at each key of its target */
  readonly elevations: number
}

export type KeyMeterOptions = {
  readonly targets: readonly Target[]
  readonly ledger: Ledger
  /** `cost-center` tags by ARN of key or workgroup */
  readonly costCenters: ReadonlyMap<string, string>
  /** USD per 10,000 requests */
  readonly price: number
}

export type KeyMeter = {
  readonly request: (one: KeyRequest) => void
  /** a row for each month and key with requests, or with elevations between the two ISO instants */
  readonly rows: (span: {
    readonly oldest: string | null
    readonly newest: string | null
  }) => readonly KeyUse[]
  /** the same requests by day, the earliest first */
  readonly days: () => readonly KeyUseDay[]
}

export type KeyUseDay = Pick<
  KeyUse,
  'costCenter' | 'key' | 'requests' | 'withoutBucketKey' | 'cost'
> & {
  /** `2026-11-20`, UTC */
  readonly day: string
}

/** Public list price of us-east-1, USD per 10,000 requests to symmetric keys. */
export const listPrice = 0.03

type Count = { decrypts: number; dataKeys: number; withoutBucketKey: number }

/** Counts the requests to the keys that the targets declare; all others are passed over. */
export const keyMeter = (options: KeyMeterOptions): KeyMeter => {
  const byKey = new Map<string, readonly Target[]>()
  for (const target of options.targets) {
    for (const key of keyArns(target)) byKey.set(key, [...(byKey.get(key) ?? []), target])
  }
  const days = new Map<string, Map<string, Count>>()
  const isNew = firstTimes()
  const request = ({ operation, id, at, account, key, s3 }: KeyRequest): void => {
    // a call from another account is in both logs, with an id in each
    if (!byKey.has(key) || account !== key.split(':')[4] || !isNew(id)) return
    const count = countOf(days, dayOf(at), key)
    if (operation === 'Decrypt') count.decrypts += 1
    else count.dataKeys += 1
    if (s3 === 'object') count.withoutBucketKey += 1
  }
  return {
    request,
    rows: ({ oldest, newest }) => {
      const months = monthsOf(days)
      const issued = issuedBy(options.ledger)
      const from = oldest?.slice(0, 7) ?? ''
      const to = newest?.slice(0, 7) ?? ''
      for (const [key, targets] of byKey) {
        for (const month of targets.flatMap(({ id }) => [...(issued.get(id)?.keys() ?? [])])) {
          if (month >= from && month <= to) countOf(months, month, key)
        }
      }
      return [...months]
        .flatMap(([month, counts]) =>
          [...counts].map(([key, count]): KeyUse => {
            const targets = byKey.get(key) ?? []
            const requests = count.decrypts + count.dataKeys
            return {
              month,
              ...centerOf(key, targets, options.costCenters),
              targets: targets.map(({ id }) => id),
              key,
              requests,
              ...count,
              cost: costOf(requests, options.price),
              elevations: targets.reduce(
                (sum, { id }) => sum + (issued.get(id)?.get(month) ?? 0),
                0
              )
            }
          })
        )
        .toSorted((a, b) => compare(orderOf(a), orderOf(b)))
    },
    days: () =>
      [...days]
        .flatMap(([day, counts]) =>
          [...counts].map(([key, { decrypts, dataKeys, withoutBucketKey }]): KeyUseDay => {
            const { costCenter } = centerOf(key, byKey.get(key) ?? [], options.costCenters)
            const requests = decrypts + dataKeys
            const cost = costOf(requests, options.price)
            return { day, key, costCenter, requests, withoutBucketKey, cost }
          })
        )
        .toSorted((a, b) => compare(a.day, b.day) || compare(a.key, b.key))
  }
}

type Counts = Map<string, Map<string, Count>>

const monthsOf = (days: Counts): Counts => {
  const months: Counts = new Map()
  for (const [day, counts] of days) {
    for (const [key, { decrypts, dataKeys, withoutBucketKey }] of counts) {
      const count = countOf(months, day.slice(0, 7), key)
      count.decrypts += decrypts
      count.dataKeys += dataKeys
      count.withoutBucketKey += withoutBucketKey
    }
  }
  return months
}

/** USD, to a millionth. */
const costOf = (requests: number, price: number): number =>
  Math.round(requests * price * 100) / 1_000_000

const mostIds = 50_000

/** True for an id that is not among the latest; two sets take turns. */
const firstTimes = (): ((id: string) => boolean) => {
  let now = new Set<string>()
  let before = new Set<string>()
  return (id) => {
    if (now.has(id) || before.has(id)) return false
    now.add(id)
    if (now.size >= mostIds) {
      before = now
      now = new Set()
    }
    return true
  }
}

const countOf = (times: Counts, time: string, key: string): Count => {
  const counts = times.get(time) ?? new Map<string, Count>()
  const count = counts.get(key) ?? { decrypts: 0, dataKeys: 0, withoutBucketKey: 0 }
  times.set(time, counts.set(key, count))
  return count
}

/** Elevations issued, by target and month. */
const issuedBy = ({ held }: Ledger): ReadonlyMap<string, ReadonlyMap<string, number>> => {
  const by = new Map<string, Map<string, number>>()
  for (const { target, from, isIssued } of held.values()) {
    if (!isIssued) continue
    const months = by.get(target) ?? new Map<string, number>()
    const month = monthOf(from)
    by.set(target, months.set(month, (months.get(month) ?? 0) + 1))
  }
  return by
}

const centerOf = (
  key: string,
  targets: readonly Target[],
  tags: ReadonlyMap<string, string>
): Pick<KeyUse, 'costCenter' | 'costCenterFrom'> => {
  const own = tags.get(key)
  if (own !== undefined) return { costCenter: own, costCenterFrom: 'key' }
  const named = targets.map((target) => tags.get(workgroupArn(target)))
  if (named.every((one) => one !== undefined)) {
    return { costCenter: joined(named), costCenterFrom: 'workgroup' }
  }
  return { costCenter: joined(targets.map(({ owner }) => owner)), costCenterFrom: 'owner' }
}

const joined = (names: readonly string[]): string => [...new Set(names)].toSorted().join(' + ')

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7)

const orderOf = ({ month, costCenter, key }: KeyUse): string => `${month}\n${costCenter}\n${key}`

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)
