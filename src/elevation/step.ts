/**
 * What a transition gives back: the next state with its ledger events, or a refusal; and the parts
 * that transitions make it from. Only they use these.
 */
import type { Active, Approved, Ending, Issuing, Pending } from './elevation.ts'
import type { EventType, Json, LedgerEvent, Personal } from './event.ts'
import type { Instant, PersonId } from './ids.ts'
import type { Refusal } from './refusal.ts'

export type Step<S> =
  | {
      readonly ok: true
      readonly next: S
      readonly events: readonly [LedgerEvent, ...LedgerEvent[]]
    }
  | { readonly ok: false; readonly refusal: Refusal }

type Carried = Pick<Pending, 'id' | 'ask' | 'policyDigest'>

export const undecided = (from: Pending | Approved) => {
  const { id, ask, askDigest, terms, policyDigest, createdAt, approvals } = from
  return { id, ask, askDigest, terms, policyDigest, createdAt, approvals }
}

export const issuedOf = (from: Issuing | Active | Ending) => {
  const { id, ask, askDigest, terms, policyDigest, createdAt, approvals, decidedAt, intent } = from
  return { id, ask, askDigest, terms, policyDigest, createdAt, approvals, decidedAt, intent }
}

export const step = <S>(next: S, first: LedgerEvent, ...more: readonly LedgerEvent[]): Step<S> => ({
  ok: true,
  next,
  events: [first, ...more]
})

export const event = (
  of: Carried,
  type: EventType,
  actor: PersonId | 'broker',
  at: Instant,
  data: { readonly [key: string]: Json },
  personal?: Readonly<Record<string, Personal>>
): LedgerEvent => ({
  type,
  at,
  actor,
  elevation: of.id,
  target: of.ask.target,
  policyDigest: of.policyDigest,
  data,
  ...(personal ? { personal } : {})
})
