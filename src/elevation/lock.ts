/**
 * What a lock covers. A lock stops asking, approving, starting and running queries, and ends what
 * is open under it; it is asked for by its keys, so that one look in the store answers.
 */
import type { Elevation } from './elevation.ts'
import { type Instant, type PersonId, type TargetId, parsePersonId, parseTargetId } from './ids.ts'

export type LockScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'person'; readonly person: PersonId }
  | { readonly kind: 'target'; readonly target: TargetId }

export type Lock = { readonly scope: LockScope; readonly by: PersonId; readonly at: Instant }

/** `all`, `person:ID` or `target:ID`. */
export const lockKey = (scope: LockScope): string => {
  switch (scope.kind) {
    case 'all':
      return 'all'
    case 'person':
      return `person:${scope.person}`
    case 'target':
      return `target:${scope.target}`
  }
}

/** The scope of a key, or null. */
export const parseLockKey = (key: string): LockScope | null => {
  if (key === 'all') return { kind: 'all' }
  const [kind, name = '', ...rest] = key.split(':')
  if (rest.length > 0) return null
  const person = kind === 'person' ? parsePersonId(name) : null
  const target = kind === 'target' ? parseTargetId(name) : null
  if (person !== null) return { kind: 'person', person }
  return target === null ? null : { kind: 'target', target }
}

/** Keys of the locks that stop these people from what they would do on a target. */
export const keysFor = (of: {
  readonly people: readonly PersonId[]
  readonly target: TargetId
}): readonly [string, ...string[]] => [
  lockKey({ kind: 'all' }),
  lockKey({ kind: 'target', target: of.target }),
  ...new Set(of.people.map((person) => lockKey({ kind: 'person', person })))
]

/**
 * Keys of the locks under which an elevation may not come into its state; none where every lock
 * lets it. Until the session is there, a locked approver's approval does not count.
 */
export const keysAgainst = (elevation: Elevation): readonly string[] => {
  const { ask, approvals } = elevation
  switch (elevation.state) {
    case 'pending':
    case 'approved':
    case 'issuing':
      return keysFor({
        people: [ask.requester, ...approvals.map(({ by }) => by)],
        target: ask.target
      })
    case 'active':
      return keysFor({ people: [ask.requester], target: ask.target })
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return []
  }
}
