/**
 * Sessions of brokered elevations: their credentials are in this process's memory and nowhere else.
 * A process that has none, or whose own run out, has STS make new ones under the same session name
 * and says so in the ledger; never past notAfter.
 */
import type { Active } from '../elevation/elevation.ts'
import type { ElevationId, Instant } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { vended } from '../elevation/transitions.ts'
import type { SessionCredentials, Stored } from '../ports.ts'
import { awsRefused } from './activate.ts'
import type { Deps } from './deps.ts'
import { assumeParameters } from './plan.ts'
import { commit } from './record.ts'
import { againOnConflict } from './standing.ts'

export type QuerySessions = {
  /** Credentials that an elevation was just issued. */
  readonly keep: (id: ElevationId, credentials: SessionCredentials) => void
  /** AWS refused these: the next who asks gets others. */
  readonly drop: (id: ElevationId, credentials: SessionCredentials) => void
  /** Credentials of an active elevation that are good for another minute. */
  readonly of: (id: ElevationId) => Promise<Result<SessionCredentials>>
}

const marginMs = 60_000

/** One set of credentials and at most one call in flight per elevation. */
export const querySessions = (deps: Deps): QuerySessions => {
  const held = new Map<ElevationId, SessionCredentials>()
  const asked = new Map<ElevationId, Promise<Result<SessionCredentials>>>()

  const dropOld = (now: Instant): void => {
    for (const [id, { expiration }] of held) if (expiration <= now) held.delete(id)
  }
  const keep = (id: ElevationId, credentials: SessionCredentials): void => {
    dropOld(deps.clock.now())
    held.set(id, credentials)
  }
  const fresh = async (id: ElevationId): Promise<Result<SessionCredentials>> => {
    const made = await againOnConflict(() => assumeAgain(deps, id))
    if (made.ok) keep(id, made.value)
    return made
  }

  return {
    keep,
    drop: (id, credentials) => {
      if (held.get(id) === credentials) held.delete(id)
    },
    of: async (id) => {
      const known = held.get(id)
      if (known && known.expiration > deps.clock.now() + marginMs) return accept(known)
      const before = asked.get(id)
      if (before) return before
      const call = fresh(id).finally(() => asked.delete(id))
      asked.set(id, call)
      return call
    }
  }
}

const assumeAgain = async (deps: Deps, id: ElevationId): Promise<Result<SessionCredentials>> => {
  const stored = await deps.elevations.get(id)
  if (stored === null || !isActive(stored)) return overNow
  const { elevation } = stored
  const { ask, intent } = elevation
  const of = { id, requester: ask.requester, intent }
  const parameters = assumeParameters(of, deps.clock.now())
  if (!parameters.ok) return parameters
  const session = await deps.sessions.assume(parameters.value, intent.region)
  if (!session.ok) return awsRefused(session)
  const taken = vended(elevation, session.value.accessKeyId, deps.clock.now())
  const done = await commit(deps, stored, taken)
  return done.ok ? accept(session.value) : done
}

/** The window is over, or somebody ended it. */
export const overNow = refuse('ended', 'The window is over. Ask again if you still need it.')

export const isActive = (stored: Stored): stored is Stored<Active> =>
  stored.elevation.state === 'active'
