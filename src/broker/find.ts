/**
 * Who sees an elevation: its requester, whoever may decide it, and auditors. For everybody else it
 * does not exist, in the very same words.
 */
import { type PersonId, parseElevationId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { mayDecide } from '../policy/approvers.ts'
import { mayReview } from '../policy/break-glass.ts'
import { hasRole } from '../policy/people.ts'
import type { Stored } from '../ports.ts'
import type { ListQuery } from './broker.ts'
import type { Deps } from './deps.ts'

const absent = refuse(
  'unknown_elevation',
  'There is no such elevation, or it is not yours to see. `GET /v1/elevations` lists yours.'
)

/** The elevation if this person may see it. */
export const find = async (deps: Deps, person: PersonId, id: string): Promise<Result<Stored>> => {
  const parsed = parseElevationId(id)
  const stored = parsed === null ? null : await deps.elevations.get(parsed)
  return stored && maySee(deps, person, stored) ? accept(stored) : absent
}

/** The elevation if it is this person's own. */
export const findOwn = async (
  deps: Deps,
  person: PersonId,
  id: string
): Promise<Result<Stored>> => {
  const found = await find(deps, person, id)
  return found.ok && found.value.elevation.ask.requester !== person ? absent : found
}

/** Newest first: one's own, or everything one may see. */
export const list = async (
  deps: Deps,
  person: PersonId,
  query: ListQuery
): Promise<readonly Stored[]> => {
  const { mine, ...rest } = query
  if (mine) return deps.elevations.list({ ...rest, requester: person })
  if (hasRole(deps.policy(), person, 'auditor')) return deps.elevations.list(rest)
  const rows = await deps.elevations.list({ ...rest, limit: longestScan })
  return rows.filter((stored) => maySee(deps, person, stored)).slice(0, query.limit)
}

const longestScan = 1000

const maySee = (deps: Deps, person: PersonId, { elevation }: Stored): boolean =>
  elevation.ask.requester === person ||
  hasRole(deps.policy(), person, 'auditor') ||
  hasRole(deps.policy(), person, 'security') ||
  mayDecide(deps.policy(), elevation, person).ok ||
  mayReview(deps.policy(), elevation, person).ok
