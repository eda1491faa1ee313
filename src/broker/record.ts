/**
 * Writing things down: a transition's next state and its ledger entries in one commit, and the
 * entry of an attempt that was refused. Nothing is answered before this has resolved; a decision or
 * a session not before its entry is under a signed checkpoint.
 */
import type { Elevation } from '../elevation/elevation.ts'
import type { EventType, LedgerEvent, Personal } from '../elevation/event.ts'
import { type PersonId, iso } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import type { Step } from '../elevation/transitions.ts'
import { type Entry, makeEntry } from '../ledger/entry.ts'
import type { Change, LedgerLog, Reviews, Stored } from '../ports.ts'
import type { Attempt } from './broker.ts'
import type { Deps } from './deps.ts'
import { lockedOut } from './locked.ts'

export const personal = (deps: Deps, value: string): Personal => ({ salt: deps.ids.salt(), value })

/**
 * Commits a transition against the version it was computed from. A refused transition and a lost
 * race come back as refusals; both change nothing.
 */
export const commit = async <S extends Elevation>(
  deps: Deps,
  from: Stored | null,
  taken: Step<S>,
  beside: Pick<Change, 'idempotency' | 'standing'> = {}
): Promise<Result<Stored<S>>> => {
  if (!taken.ok) return taken
  const version = from === null ? 1 : from.version + 1
  const entries = taken.events.map((event, n) =>
    entryOf(deps, `${taken.next.id}:${version}:${n}`, event)
  )
  const outcome = await deps.elevations.commit({
    elevation: taken.next,
    expectedVersion: from?.version ?? null,
    entries,
    ...beside
  })
  if (outcome.kind === 'conflict') {
    const locked = await lockedOut(deps, taken.next)
    if (locked) return locked
    return refuse('conflict', 'Somebody changed it at the same moment. Look again and repeat.')
  }
  if (taken.events.some(({ type }) => receipted.has(type))) await receipt(deps.log, outcome.indexes)
  return accept({
    elevation: taken.next,
    version,
    ledger: [...(from?.ledger ?? []), ...outcome.indexes]
  })
}

/** What is only answered when it is under a signed checkpoint. */
const receipted: ReadonlySet<EventType> = new Set([
  'approval.recorded',
  'elevation.approved',
  'session.issued',
  'session.vended'
] as const)

/** The same reviews, each answered when its entries are under a signed checkpoint. */
export const receiptedReviews = (reviews: Reviews, log: LedgerLog): Reviews => ({
  review: async (review, entries) => {
    const done = await reviews.review(review, entries)
    if (done.kind === 'committed') await receipt(log, done.indexes)
    return done
  }
})

/** Rejects where the entries are not under a signed checkpoint within a second. */
export const receipt = (log: LedgerLog, indexes: readonly number[]): Promise<void> =>
  log.included(Math.max(-1, ...indexes))

/** Runs a verb; if it refuses a known person, the attempt is in the ledger before the answer is. */
export const attempted = async <T>(
  deps: Deps,
  who: { readonly person: PersonId; readonly verb: string; readonly elevation: string | null },
  run: () => Promise<Result<T>>
): Promise<Result<T>> => {
  const result = await run()
  if (!result.ok) {
    await recordRefused(deps, who.person, { ...who, code: result.refusal.code })
  }
  return result
}

/** One `attempt.refused` entry. What the person typed is kept only where it has an id's form. */
export const recordRefused = async (
  deps: Deps,
  person: PersonId,
  attempt: Attempt
): Promise<void> => {
  const event: LedgerEvent = {
    type: 'attempt.refused',
    at: deps.clock.now(),
    actor: person,
    elevation: null,
    target: null,
    policyDigest: deps.policy().digest,
    data: { verb: attempt.verb, code: attempt.code, elevation: plainId(attempt.elevation) }
  }
  await append(deps, event)
}

export const append = (deps: Deps, event: LedgerEvent): Promise<void> => {
  const key = deps.ids.entry()
  return deps.ledger.append([entryOf(deps, key, event)])
}

const plainId = (text: string | null): string | null =>
  text !== null && /^[0-9A-Z]{26}$/.test(text) ? text : null

export const entryOf = (deps: Deps, key: string, event: LedgerEvent): Entry =>
  makeEntry(
    key,
    {
      id: deps.ids.entry(),
      type: event.type,
      at: iso(event.at),
      actor: event.actor,
      elevation: event.elevation,
      target: event.target,
      policy: event.policyDigest,
      data: event.data
    },
    Object.entries(event.personal ?? {}).map(([name, kept]) => ({ name, ...kept }))
  )
