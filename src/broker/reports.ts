/**
 * Figures over the last twelve weeks, counted from the ledger's index: what was asked, decided,
 * refused, how long things took, what was never used. Weeks begin on Monday, UTC.
 */
import { terminalStates } from '../elevation/elevation.ts'
import { type Instant, instant, iso } from '../elevation/ids.ts'
import type { LedgerSearch, Span, Unused } from '../ports-search.ts'

export type Week = {
  /** the Monday, `YYYY-MM-DD` */
  readonly from: string
  /** by type of entry */
  readonly counts: Readonly<Record<string, number>>
}

/** Lengths in whole seconds: how many fell below each bound and not below the one before. */
export type Histogram = {
  readonly buckets: readonly { readonly below: number | null; readonly count: number }[]
  readonly count: number
  /** null = there are none */
  readonly median: number | null
  readonly p95: number | null
}

export type Reports = {
  readonly from: string
  readonly to: string
  readonly weeks: readonly Week[]
  /** from the ask to its approval or denial */
  readonly deciding: Histogram
  /** from the beginning of an end until AWS was seen to refuse the session */
  readonly revoking: Histogram
  /** most votes first */
  readonly deciders: readonly {
    readonly person: string
    readonly approved: number
    readonly denied: number
  }[]
  /** refused attempts and queries by person, most first */
  readonly refused: readonly {
    readonly person: string
    readonly attempts: number
    readonly queries: number
  }[]
  /** approved and never started, and started and never used; the latest first */
  readonly neverStarted: readonly Unused[]
  readonly neverUsed: readonly Unused[]
  /** lengths and unused ones are of the latest so many */
  readonly most: { readonly lengths: number; readonly unused: number }
}

/** What is counted by week. */
export const weekly = [
  'elevation.requested',
  'elevation.approved',
  'elevation.denied',
  'elevation.lapsed',
  'query.refused',
  'attempt.refused',
  'breakglass.used'
] as const

const weeksShown = 12
const dayMs = 86_400_000
const weekMs = 7 * dayMs
const most = { lengths: 5000, unused: 20 } as const
const decidingBounds = [60, 300, 900, 3600, 14_400, 86_400]
const revokingBounds = [5, 15, 30, 60, 120, 300]

export const reports = async (search: LedgerSearch, now: Instant): Promise<Reports> => {
  while ((await search.takeIn(2000)) > 0);
  const from = instant(Math.max(0, mondayOf(now) - (weeksShown - 1) * weekMs))
  const since = iso(from)
  const [days, votes, refused, decided, revoked, neverStarted, neverUsed] = await Promise.all([
    search.perDay(weekly, since),
    search.perActor(['approval.recorded', 'elevation.denied'], since),
    search.perActor(['attempt.refused', 'query.refused'], since),
    search.spans({
      first: 'elevation.requested',
      last: ['elevation.approved', 'elevation.denied'],
      since,
      limit: most.lengths
    }),
    search.spans({
      first: 'elevation.ending',
      last: ['session.denied'],
      since,
      limit: most.lengths
    }),
    search.unused({
      had: 'elevation.approved',
      without: ['issue.intent'],
      states: ['lapsed', 'cancelled'],
      since,
      limit: most.unused
    }),
    search.unused({
      had: 'session.issued',
      without: ['session.vended', 'query.allowed'],
      states: terminalStates,
      since,
      limit: most.unused
    })
  ])
  const weeks = Array.from({ length: weeksShown }, (_, n): Week => {
    const begins = from + n * weekMs
    const within = days.filter(({ day }) => {
      const at = Date.parse(day)
      return at >= begins && at < begins + weekMs
    })
    const counts = Object.fromEntries(weekly.map((type) => [type, sumOf(within, type)]))
    return { from: iso(instant(begins)).slice(0, 10), counts }
  })
  return {
    from: since,
    to: iso(now),
    weeks,
    deciding: histogram(decided, decidingBounds),
    revoking: histogram(revoked, revokingBounds),
    deciders: byPerson(votes, 'approval.recorded', 'elevation.denied').map(
      ({ person, first, second }) => ({ person, approved: first, denied: second })
    ),
    refused: byPerson(refused, 'attempt.refused', 'query.refused').map(
      ({ person, first, second }) => ({ person, attempts: first, queries: second })
    ),
    neverStarted,
    neverUsed,
    most
  }
}

/** Midnight of the Monday before; 1970-01-01 was a Thursday. */
const mondayOf = (at: number): number => {
  const day = Math.floor(at / dayMs)
  return (day - ((day + 3) % 7)) * dayMs
}

type Counted = { readonly type: string; readonly count: number }

const sumOf = (rows: readonly Counted[], type: string): number =>
  rows.filter((row) => row.type === type).reduce((sum, { count }) => sum + count, 0)

const byPerson = (
  rows: readonly (Counted & { readonly actor: string })[],
  first: string,
  second: string
): readonly { readonly person: string; readonly first: number; readonly second: number }[] => {
  const people = [...new Set(rows.map(({ actor }) => actor))]
  return people
    .map((person) => {
      const own = rows.filter(({ actor }) => actor === person)
      return { person, first: sumOf(own, first), second: sumOf(own, second) }
    })
    .toSorted((a, b) => b.first + b.second - a.first - a.second)
}

const histogram = (spans: readonly Span[], bounds: readonly number[]): Histogram => {
  const lengths = spans
    .map(({ from, to }) => Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000)))
    .toSorted((a, b) => a - b)
  const all = [...bounds, null]
  const buckets = all.map((below, n) => {
    const above = bounds[n - 1] ?? 0
    const count = lengths.filter(
      (length) => length >= (n === 0 ? 0 : above) && (below === null || length < below)
    ).length
    return { below, count }
  })
  return { buckets, count: lengths.length, median: at(lengths, 0.5), p95: at(lengths, 0.95) }
}

const at = (sorted: readonly number[], share: number): number | null =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
