/**
 * Locks: nothing is asked, approved, started or read under one, and what is open under it ends.
 * Operators and security lock, security alone lifts, nobody their own; auditors see. A lock counts
 * from its commit on, on every replica; the worker (lock-sweep.ts) then ends what it covers.
 */
import { type PersonId, parsePersonId, parseTargetId } from '../elevation/ids.ts'
import { type Lock, type LockScope, lockKey } from '../elevation/lock.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { hasRole } from '../policy/people.ts'
import type { Deps } from './deps.ts'
import { lockedName } from './locked.ts'
import { entryOf, personal } from './record.ts'

/** As somebody sends it: exactly one of the three. */
export type LockInput = {
  readonly person?: string | undefined
  readonly target?: string | undefined
  readonly all?: true | undefined
}

export type LockAsk = { readonly what: LockInput; readonly reason: string }

/** `isNew` false: it was set before, and is as it was. */
export type LockSet = { readonly lock: Lock; readonly isNew: boolean }

export const lock = async (
  deps: Deps,
  by: PersonId,
  { what, reason }: LockAsk
): Promise<Result<LockSet>> => {
  const policy = deps.policy()
  if (!hasRole(policy, by, 'security') && !hasRole(policy, by, 'operator')) {
    return refuse('policy_denied', 'Only security or operators lock. Ask one of them, now.')
  }
  const scope = scopeOf(what)
  if (!scope.ok) return scope
  const made = { scope: scope.value, by, at: deps.clock.now() }
  const entry = entryFor(deps, 'access.locked', { ...made, reason })
  const done = await deps.locks.setLock(made, [entry])
  if (done.kind === 'committed') return accept({ lock: made, isNew: true })
  const before = await deps.locks.lockOn([lockKey(made.scope)])
  return before ? accept({ lock: before, isNew: false }) : again
}

export const unlock = async (
  deps: Deps,
  by: PersonId,
  { what, reason }: LockAsk
): Promise<Result<Lock>> => {
  if (!hasRole(deps.policy(), by, 'security')) {
    return refuse('policy_denied', 'Only security lifts a lock. Ask whoever has that role.')
  }
  const scope = scopeOf(what)
  if (!scope.ok) return scope
  if (scope.value.kind === 'person' && scope.value.person === by) {
    const next = 'Ask somebody else of security.'
    return refuse('policy_denied', `Nobody lifts the lock on themselves. ${next}`)
  }
  const own = await deps.locks.lockOn([lockKey({ kind: 'person', person: by })])
  if (own)
    return refuse('locked', `You are locked by ${own.by}. Somebody else of security lifts it.`)
  const before = await deps.locks.lockOn([lockKey(scope.value)])
  if (before === null) {
    return refuse('conflict', `${lockedName(scope.value)} is not locked: nothing to lift.`)
  }
  const entry = entryFor(deps, 'access.unlocked', { ...before, by, at: deps.clock.now(), reason })
  const done = await deps.locks.liftLock(scope.value, [entry])
  return done.kind === 'committed' ? accept(before) : again
}

/** All that are set, the oldest first. */
export const locks = async (deps: Deps, person: PersonId): Promise<Result<readonly Lock[]>> => {
  const may = (['security', 'operator', 'auditor'] as const).some((role) =>
    hasRole(deps.policy(), person, role)
  )
  return may
    ? accept(await deps.locks.locks())
    : refuse('policy_denied', 'Only security, operators and auditors see the locks.')
}

const again = refuse('conflict', 'Somebody changed it at the same moment. Look again and repeat.')

/** A target or person that the policy does not know can be locked: it may know it tomorrow. */
const scopeOf = ({ person, target, all }: LockInput): Result<LockScope> => {
  const given = [person, target, all].filter((one) => one !== undefined)
  if (given.length !== 1) return refuse('invalid_ask', 'Name one: a person, a target, or all.')
  if (all === true) return accept({ kind: 'all' })
  const who = person === undefined ? null : parsePersonId(person)
  if (who !== null) return accept({ kind: 'person', person: who })
  const which = target === undefined ? null : parseTargetId(target)
  if (which !== null) return accept({ kind: 'target', target: which })
  const kind = person === undefined ? 'target' : 'person'
  return refuse('invalid_ask', `That is not the id of a ${kind}.`)
}

const entryFor = (
  deps: Deps,
  type: 'access.locked' | 'access.unlocked',
  { scope, by, at, reason }: Lock & { readonly reason: string }
) =>
  entryOf(deps, deps.ids.entry(), {
    type,
    at,
    actor: by,
    elevation: null,
    target: scope.kind === 'target' ? scope.target : null,
    policyDigest: deps.policy().digest,
    data: { scope: scope.kind, person: scope.kind === 'person' ? scope.person : null },
    personal: { reason: personal(deps, reason) }
  })
