/** How the broker itself is doing, as operators and auditors are shown it. */
import type { Instant } from './elevation/ids.ts'

export type SystemView = {
  readonly checks: readonly {
    readonly name: string
    readonly isGood: boolean
    /** it is told, and the broker is ready all the same */
    readonly isAdvice: boolean
    /** null = it is good */
    readonly why: string | null
  }[]
  readonly ledger: {
    readonly entries: number
    /** so many of them under a signed checkpoint */
    readonly signed: number
    /** verifier key, C2SP signed-note */
    readonly key: string
    /** why it is held back; null = it is not */
    readonly held: string | null
    /** since when a signed checkpoint waits to be anchored; null = all are */
    readonly unanchoredSince: Instant | null
  }
  readonly work: {
    /** open elevations by state, each counted up to ten thousand */
    readonly open: Readonly<Record<string, number>>
    /** since when the oldest due work waits; null = none does */
    readonly dueSince: Instant | null
    readonly issuingSince: Instant | null
    readonly endingSince: Instant | null
    readonly pastEnd: number
    /** messages to Slack that are late, and since when the oldest */
    readonly slackWaiting: number
    readonly slackSince: Instant | null
  }
  readonly schema: number
}
