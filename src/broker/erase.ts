/**
 * Erasing somebody's personal data: their key, the values it locks, and the words of their
 * elevations, in one transaction with the `pii.erased` entry that makes it lawful. Refused:
 * everybody but security, one's own data, and a person of whom an elevation is not over.
 */
import { type PersonId, iso, parsePersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { makeEntry } from '../ledger/entry.ts'
import { hasRole } from '../policy/people.ts'
import type { Erasure } from './broker.ts'
import type { Deps } from './deps.ts'
import { personal } from './record.ts'

export const erase = async (
  deps: Deps,
  by: PersonId,
  { of, reason }: { readonly of: string; readonly reason: string }
): Promise<Result<Erasure>> => {
  const policy = deps.policy()
  if (!hasRole(policy, by, 'security')) {
    return refuse('policy_denied', 'Only security erases personal data. Ask whoever has that role.')
  }
  const person = parsePersonId(of)
  if (person === null) return refuse('invalid_ask', 'That is not the id of a person.')
  if (person === by) {
    return refuse('policy_denied', 'Nobody erases their own traces. Ask somebody else of security.')
  }
  const id = deps.ids.entry()
  const entry = makeEntry(
    `pii.erased:${person}:${id}`,
    {
      id,
      type: 'pii.erased',
      at: iso(deps.clock.now()),
      actor: by,
      elevation: null,
      target: null,
      policy: policy.digest,
      data: { person }
    },
    [{ name: 'reason', ...personal(deps, reason) }]
  )
  const done = await deps.ledger.erase(person, entry)
  switch (done.kind) {
    case 'open':
      return refuse(
        'conflict',
        `${person} has an elevation that is not over. End or cancel it first.`
      )
    case 'nothing':
      return accept({ person, entry: null })
    case 'erased':
      return accept({ person, entry: done.index })
  }
}
