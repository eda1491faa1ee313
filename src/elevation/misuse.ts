/**
 * Refused queries of an active elevation: each is counted in it, and the one that reaches its
 * rule's limit begins its end. Beside transitions.ts, which makes the end itself.
 */
import type { Active, Ending } from './elevation.ts'
import type { Json, LedgerEvent, Personal } from './event.ts'
import type { Instant } from './ids.ts'
import { type Step, beginEnd } from './transitions.ts'

export type Misuse = {
  /** what the entry says of the refusal; no text of the query */
  readonly data: { readonly [key: string]: Json }
  /** the query's text */
  readonly sql: Personal
  readonly policyDigest: string
  /** as many end it; null = none does */
  readonly limit: number | null
  readonly settleMilliseconds: number
  readonly now: Instant
}

/** One more refused query; the elevation is ending where that was one too many. */
export const queryRefused = (from: Active, misuse: Misuse): Step<Active | Ending> => {
  const { data, sql, policyDigest, limit, settleMilliseconds, now } = misuse
  const refusedQueries = (from.refusedQueries ?? 0) + 1
  const refused: LedgerEvent = {
    type: 'query.refused',
    at: now,
    actor: from.ask.requester,
    elevation: from.id,
    target: from.ask.target,
    policyDigest,
    data: { ...data, refused: refusedQueries },
    personal: { sql }
  }
  if (limit === null || refusedQueries < limit) {
    return { ok: true, next: { ...from, refusedQueries }, events: [refused] }
  }
  const begun = beginEnd(from, { how: 'revoked', by: 'broker', settleMilliseconds, now })
  if (!begun.ok) return begun
  const why = { why: 'refused_queries', refused: refusedQueries }
  const ended = begun.events.map((event) => ({ ...event, data: { ...event.data, ...why } }))
  return { ok: true, next: begun.next, events: [refused, ...ended] }
}
