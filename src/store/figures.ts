/**
 * What operators watch of the store, read at each scrape: how many elevations are open, what is
 * late and what is stuck. Every count stops at `mostCounted`, so that a scrape never costs a full
 * scan.
 */
import type { Ending } from '../elevation/elevation.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import { integer } from './columns.ts'
import type { Engine, Query } from './engine.ts'
import { parseStored } from './rows.ts'

const openStates = ['pending', 'approved', 'issuing', 'active', 'ending'] as const

export type StoreFigures = {
  /** at most `mostCounted` each */
  readonly open: Readonly<Record<(typeof openStates)[number], number>>
  /** active although the window ended over `graceMs` ago, or its removal has failed since then */
  readonly pastEnd: number
  readonly stuck: number
  /** since when the longest running end goes on, likewise the issue; null = there is none */
  readonly endingSince: Instant | null
  readonly issuingSince: Instant | null
  /** the earliest due instant that has come */
  readonly dueSince: Instant | null
  /** messages to Slack that should have been shown by now, and since when the oldest */
  readonly slackWaiting: number
  readonly slackSince: Instant | null
}

export interface FigureTables {
  figures(now: Instant): Promise<StoreFigures>
  /** number of the newest migration that the database has */
  schema(): Promise<number>
}

const mostCounted = 10_000
const mostRead = 1000
const graceMs = 5000

/** The figures over any engine. */
export const figuresOver = (engine: Engine): FigureTables => {
  const count = async (query: Query): Promise<number> => {
    const [row] = await engine.read(query)
    return row ? integer(row, 'found') : 0
  }
  const oldest = async (state: 'issuing' | 'ending') =>
    (await engine.read(oldestIn(state))).map(parseStored)
  return {
    schema: () => count({ text: 'select max(number) as found from schema_migration', values: [] }),
    figures: async (now) => {
      const counts = await Promise.all(openStates.map((state) => count(countIn(state))))
      const [slack] = await engine.read(slackLate(now))
      const [issuing, ending, late, overdue] = await Promise.all([
        oldest('issuing'),
        oldest('ending'),
        count(countLate(instant(now - graceMs))),
        engine.read(earliestDue(now))
      ])
      const endings = ending
        .map(({ elevation }) => elevation)
        .filter((one) => one.state === 'ending')
      const [pending = 0, approved = 0, issuingCount = 0, active = 0, endingCount = 0] = counts
      const due = overdue[0]
      return {
        open: { pending, approved, issuing: issuingCount, active, ending: endingCount },
        pastEnd: late + endings.filter((one) => isLate(one, now)).length,
        stuck: endings.filter(({ stuckSince }) => stuckSince !== null).length,
        endingSince: earliest(endings.map(({ endingSince }) => endingSince)),
        issuingSince: earliest(
          issuing.flatMap(({ elevation }) =>
            elevation.state === 'issuing' ? [elevation.intent.startedAt] : []
          )
        ),
        dueSince: due ? instant(integer(due, 'due_at')) : null,
        slackWaiting: slack ? integer(slack, 'found') : 0,
        slackSince: typeof slack?.['since'] === 'number' ? instant(slack['since']) : null
      }
    }
  }
}

const isLate = ({ attempts, intent }: Ending, now: Instant): boolean =>
  attempts > 0 && intent.notAfter < now - graceMs

const earliest = (all: readonly Instant[]): Instant | null =>
  all.toSorted((a, b) => a - b)[0] ?? null

const countIn = (state: string): Query => ({
  text: `select count(*) as found from
    (select 1 as one from elevation where state = $1 limit ${mostCounted}) as capped`,
  values: [state]
})

const countLate = (since: Instant): Query => ({
  text: `select count(*) as found from
    (select 1 as one from elevation
      where due_at is not null and due_at <= $1 and state = 'active' limit ${mostCounted}) as capped`,
  values: [since]
})

const oldestIn = (state: string): Query => ({
  text: `select e.id, e.state, e.version, e.body, null as ledger from elevation e
    where e.state = $1 order by e.id limit ${mostRead}`,
  values: [state]
})

const earliestDue = (now: Instant): Query => ({
  text: `select due_at from elevation
    where due_at is not null and due_at <= $1 order by due_at limit 1`,
  values: [now]
})

const slackLate = (now: Instant): Query => ({
  text: `select count(*) as found, min(due_at) as since from
    (select due_at from slack_message
      where wanted > sent and due_at <= $1 limit ${mostCounted}) as capped`,
  values: [now]
})
