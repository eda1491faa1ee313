/**
 * Who may read the ledger, and the entry of it: one per person and minute, whatever was read and
 * from whichever replica, because its event key is the person and the minute.
 */
import type { Json } from '../elevation/event.ts'
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { hasRole } from '../policy/people.ts'
import type { Deps } from './deps.ts'
import { entryOf } from './record.ts'

const minuteMs = 60_000

/** Refuses everybody but auditors. */
export const auditing = (deps: Deps, person: PersonId): Result<null> =>
  hasRole(deps.policy(), person, 'auditor')
    ? accept(null)
    : refuse('policy_denied', 'Only auditors read the ledger. Ask whoever keeps policies/roles.')

export type NoteRead = (person: PersonId, data: { readonly [key: string]: Json }) => Promise<void>

/**
 * The first read of a person in a minute is in the ledger when this resolves; `data` says of what.
 */
export const noteReads = (deps: Deps): NoteRead => {
  const last = new Map<PersonId, number>()
  return async (person, data) => {
    const at = deps.clock.now()
    const minute = Math.floor(at / minuteMs)
    if (last.get(person) === minute) return
    const entry = entryOf(deps, `ledger.read:${person}:${minute}`, {
      type: 'ledger.read',
      at,
      actor: person,
      elevation: null,
      target: null,
      policyDigest: deps.policy().digest,
      data
    })
    await deps.ledger.append([entry])
    last.set(person, minute)
  }
}
