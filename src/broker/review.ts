/**
 * The review of a break-glass elevation: whoever its rule names says afterwards, in writing, that
 * they looked at it. Until then its requester cannot break glass again. Never the requester.
 */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { reviewed } from '../elevation/reviewed.ts'
import { mayReview } from '../policy/break-glass.ts'
import type { Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { find } from './find.ts'
import { entryOf, personal } from './record.ts'

export const review = async (
  deps: Deps,
  person: PersonId,
  { id, note }: { readonly id: string; readonly note: string }
): Promise<Result<Stored>> => {
  const found = await find(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  const may = mayReview(deps.policy(), elevation, person)
  if (!may.ok) return refuse(may.code, may.message)
  const now = deps.clock.now()
  const event = reviewed(elevation, { by: person, note: personal(deps, note) }, now)
  const entry = entryOf(deps, `${elevation.id}:review`, event)
  const done = await deps.reviews.review({ elevation: elevation.id, by: person, at: now }, [entry])
  if (done.kind === 'conflict') {
    return refuse('already_decided', 'It has been reviewed already; nothing was changed.')
  }
  return accept({ ...found.value, ledger: [...found.value.ledger, ...done.indexes] })
}
