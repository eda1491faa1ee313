/**
 * Whether a lock stands against what somebody is about to do. The store refuses it in the very
 * transaction; this says so in words, and keeps what needs no transaction (STS, results) from
 * happening.
 */
import type { Elevation } from '../elevation/elevation.ts'
import type { PersonId, TargetId } from '../elevation/ids.ts'
import { type Lock, type LockScope, keysAgainst, keysFor } from '../elevation/lock.ts'
import { type Refusal, refuse } from '../elevation/refusal.ts'
import type { Deps } from './deps.ts'

type Refused = { readonly ok: false; readonly refusal: Refusal }

/** The refusal where one of these people, the target or everything is locked; null = none is. */
export const lockedFor = async (
  deps: Pick<Deps, 'locks'>,
  of: { readonly people: readonly PersonId[]; readonly target: TargetId }
): Promise<Refused | null> => refusedBy(await deps.locks.lockOn(keysFor(of)))

/** The refusal where a lock keeps the elevation from its state; null = none does. */
export const lockedOut = async (
  deps: Pick<Deps, 'locks'>,
  elevation: Elevation
): Promise<Refused | null> => {
  const keys = keysAgainst(elevation)
  return keys.length === 0 ? null : refusedBy(await deps.locks.lockOn(keys))
}

/** `Everything`, `The target claims-pii` or `alice`. */
export const lockedName = (scope: LockScope): string => {
  switch (scope.kind) {
    case 'all':
      return 'Everything'
    case 'person':
      return scope.person
    case 'target':
      return `The target ${scope.target}`
  }
}

const refusedBy = (lock: Lock | null): Refused | null =>
  lock && refuse('locked', `${lockedName(lock.scope)} is locked by ${lock.by}. Security lifts it.`)
