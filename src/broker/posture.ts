/**
 * Posture as people ask for it: the findings that are open, a scan now, and events that say that
 * something was changed. Who watches over all sees all; who owns a target sees what touches it.
 */
import type { Instant, PersonId, TargetId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { activePerson, hasRole } from '../policy/people.ts'
import type { Policy, Role } from '../policy/policy.ts'
import type { Findings, KeptFinding, PostureShares } from '../ports-posture.ts'
import { byWeight } from '../posture/finding.ts'
import type { Deps } from './deps.ts'
import { attempted } from './record.ts'

export type FindingsRead = {
  /** when the latest snapshot was begun; null = there is none */
  readonly at: Instant | null
  /** a scan was asked for and has not come yet */
  readonly isWaiting: boolean
  /** worst first */
  readonly findings: readonly KeptFinding[]
  /** those that the reader sees, by id */
  readonly targets: readonly TargetId[]
  /**
   * of the whole account, for whoever sees all of it; null = nothing was looked at, or is not
   * theirs
   */
  readonly shares: PostureShares | null
}

export type PostureQuery = { readonly target?: string | undefined; readonly limit: number }

export type Posture = {
  readonly findings: (person: PersonId, query: PostureQuery) => Promise<Result<FindingsRead>>
  /** A scan as soon as one may begin; resolves before it has. */
  readonly scan: (person: PersonId) => Promise<Result<Instant>>
  /** The same, because of what AWS told. */
  readonly event: (person: PersonId) => Promise<Result<Instant>>
}

/** `wake` has the watch look at once; null = nobody watches here. */
export const makePosture = (
  deps: Deps,
  { store, wake }: { readonly store: Findings; readonly wake: (() => void) | null }
): Posture => {
  const on = <T>(verb: string, person: PersonId, run: () => Promise<Result<T>>) =>
    attempted(deps, { person, verb, elevation: null }, run)
  const want = async (person: PersonId): Promise<Result<Instant>> => {
    if (!hasRole(deps.policy(), person, 'operator')) {
      return refuse('policy_denied', 'Only operators have the account looked at. Ask one of them.')
    }
    if (wake === null) {
      const how = 'Set SALLYPORT_POSTURE_INTERVAL and start again.'
      return refuse('policy_denied', `Nobody watches workgroups and keys here. ${how}`)
    }
    const now = deps.clock.now()
    await store.wantScan(now)
    wake()
    return accept(now)
  }
  return {
    findings: (person, query) =>
      on('postureFindings', person, () => read(deps, store, { person, query })),
    scan: (person) => on('postureScan', person, () => want(person)),
    event: (person) => on('postureEvent', person, () => want(person))
  }
}

const seeing: readonly Role[] = ['auditor', 'operator', 'security']

const read = async (
  deps: Deps,
  store: Findings,
  { person, query }: { readonly person: PersonId; readonly query: PostureQuery }
): Promise<Result<FindingsRead>> => {
  const policy = deps.policy()
  const isAll = seeing.some((role) => hasRole(policy, person, role))
  const own = isAll ? null : ownedBy(policy, person)
  if (own?.length === 0) {
    const who = 'Only auditors, operators, security and owners of targets see findings.'
    return refuse('policy_denied', `${who} Ask one of them.`)
  }
  const [{ at, wantedAt }, open, figures] = await Promise.all([
    store.scanState(),
    store.openFindings(),
    isAll ? store.findingFigures(deps.clock.now()) : null
  ])
  const { target } = query
  const mine = own === null ? null : new Set<string>(own)
  const findings = open
    .filter(({ finding }) => mine === null || finding.targets.some((id) => mine.has(id)))
    .filter(({ finding }) => target === undefined || finding.targets.includes(target))
    .toSorted((a, b) => byWeight(a.finding, b.finding))
  const isWaiting = wantedAt !== null && (at === null || wantedAt > at)
  return accept({
    at,
    isWaiting,
    findings: findings.slice(0, query.limit),
    targets: [...(own ?? policy.targets.keys())].toSorted(),
    shares: figures?.shares ?? null
  })
}

/** Ids of the targets whose owner is this person or a group they are in. */
export const ownedBy = (policy: Policy, id: PersonId): readonly TargetId[] => {
  const person = activePerson(policy, id)
  if (person === null) return []
  return [...policy.targets.values()]
    .filter(({ owner }) => {
      const [kind, name = ''] = owner.split(':')
      return kind === 'person' ? name === person.id : person.groups.has(name)
    })
    .map((target) => target.id)
}
