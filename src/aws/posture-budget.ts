/**
 * How fast the collector may ask, and when it asks again. A token bucket per service: calls leave
 * at its rate however quickly AWS answers. A throttled call waits with full jitter and slows its
 * whole service down. Clock, wait and chance come in, so that the arithmetic can be tried without
 * waiting.
 */

export type Timing = {
  /** milliseconds that never go back */
  readonly now: () => number
  /** rejects where the signal is aborted */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
  /** from 0 up to, not including, 1 */
  readonly random: () => number
}

/** `perSecond` in the long run; `burst` at once after a rest. */
export type Rate = { readonly perSecond: number; readonly burst: number }

export type Service = 'athena' | 'kms' | 'iam' | 'glue' | 's3'

/**
 * What is asked of each service, per second.
 *
 * KMS quotas per account and Region (KMS Developer Guide, "Request quotas"): ListGrants 100/s,
 * ListKeys and ListAliases 500/s, GetKeyPolicy and GetKeyRotationStatus 1,000/s, DescribeKey and
 * ListResourceTags 2,000/s. One key takes DescribeKey, GetKeyRotationStatus, GetKeyPolicy,
 * ListResourceTags and ListGrants (a page of 100): 500 keys = 2,500 calls, with 1 page of ListKeys
 * (1,000) and 5 of ListAliases (100) 2,506. At 40/s: 62 s, at most 40% of the tightest quota even
 * where a key's thousands of grants make ListGrants the only call.
 *
 * Athena quotas (General Reference, "Amazon Athena endpoints and quotas"): ListQueryExecutions 5/s
 * (burst 10), BatchGetQueryExecution 20/s (40); of GetWorkGroup, ListWorkGroups and
 * ListTagsForResource none is published. One workgroup takes GetWorkGroup, ListTagsForResource,
 * ListQueryExecutions and BatchGetQueryExecution: 1,000 workgroups = 4,000 calls and 20 pages of
 * ListWorkGroups (50). At 4/s in all, which is below 5/s whatever the calls are: 1,003 s, 17 min;
 * ListQueryExecutions is one in four, 1/s, and leaves the other 4/s to those who work there.
 *
 * IAM publishes no rate; 1,000 principals are some ten pages. Glue and S3 (3,500 writes and 5,500
 * reads a second per prefix; bucket settings lower, unpublished) are asked as gently.
 */
export const rates: Readonly<Record<Service, Rate>> = {
  athena: { perSecond: 4, burst: 10 },
  kms: { perSecond: 40, burst: 20 },
  iam: { perSecond: 5, burst: 5 },
  glue: { perSecond: 10, burst: 10 },
  s3: { perSecond: 20, burst: 20 }
}

export type Bucket = {
  /** Resolved when the next call may leave; first come, first served. */
  readonly take: (signal: AbortSignal) => Promise<void>
  /** Nobody's next call leaves before so many milliseconds, and then one by one. */
  readonly pause: (milliseconds: number) => void
}

/** A full bucket. */
export const tokenBucket = ({ perSecond, burst }: Rate, timing: Timing): Bucket => {
  const step = 1000 / perSecond
  const spare = (burst - 1) * step
  // when the bucket would be full again, were nothing more taken
  let full = timing.now()
  return {
    take: async (signal) => {
      const now = timing.now()
      full = Math.max(full, now)
      const at = full - spare
      full += step
      if (at > now) await timing.wait(at - now, signal)
    },
    pause: (milliseconds) => {
      full = Math.max(full, timing.now() + milliseconds + spare)
    }
  }
}

const firstMs = 250
const longestMs = 20_000

/** How long to wait after so many tries (1 = the first has failed): full jitter, doubling. */
export const backOff = (tries: number, random: () => number): number =>
  Math.round(random() * Math.min(longestMs, firstMs * 2 ** tries))
