/**
 * Posture as people ask for it: the findings that are open, a scan now, and events that say that
 * something was changed. Who watches over all sees all; who owns a target sees what touches it.
 */
import type { Instant, PersonId, TargetId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { activePerson, hasRole } from '../policy/people.ts'
import type { Policy, Role } from '../policy/policy.ts'
import type {
  Findings,
  KeptFinding,
  PostureShares,
  SeenDoors,
  SideDoors
} from '../ports-posture.ts'
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

/** Findings that stood at some time since then, waived ones included. */
export type FindingsSince = {
  readonly open: readonly KeptFinding[]
  /** those closed since, the latest first */
  readonly closed: readonly KeptFinding[]
  /** not all that were closed are here */
  readonly isCut: boolean
}

export type Posture = {
  readonly findings: (person: PersonId, query: PostureQuery) => Promise<Result<FindingsRead>>
  readonly findingsSince: (person: PersonId, since: Instant) => Promise<Result<FindingsSince>>
  /** Who reads which of the targets without an elevation; null = nobody searched yet. */
  readonly sideDoors: (person: PersonId) => Promise<Result<SeenDoors | null>>
  /** A scan as soon as one may begin; resolves before it has. */
  readonly scan: (person: PersonId) => Promise<Result<Instant>>
  /** The same, because of what AWS told. */
  readonly event: (person: PersonId) => Promise<Result<Instant>>
}

/** `wake` has the watch look at once; null = nobody watches here. */
export const makePosture = (
  deps: Deps,
  { store, wake }: { readonly store: Findings & SideDoors; readonly wake: (() => void) | null }
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
    findingsSince: (person, since) =>
      on('postureHistory', person, () => readSince(deps, store, { person, since })),
    sideDoors: (person) => on('postureSideDoors', person, () => readDoors(deps, store, person)),
    scan: (person) => on('postureScan', person, () => want(person)),
    event: (person) => on('postureEvent', person, () => want(person))
  }
}

const seeing: readonly Role[] = ['auditor', 'operator', 'security']

/** Whose targets a reader sees: `own` null = all that there are. */
const sightOf = (
  policy: Policy,
  person: PersonId
): Result<{ readonly own: ReadonlySet<string> | null }> => {
  if (seeing.some((role) => hasRole(policy, person, role))) return accept({ own: null })
  const own = new Set<string>(ownedBy(policy, person))
  if (own.size > 0) return accept({ own })
  const who = 'Only auditors, operators, security and owners of targets see findings.'
  return refuse('policy_denied', `${who} Ask one of them.`)
}

const isSeen = (own: ReadonlySet<string> | null, targets: readonly string[]): boolean =>
  own === null || targets.some((target) => own.has(target))

const read = async (
  deps: Deps,
  store: Findings,
  { person, query }: { readonly person: PersonId; readonly query: PostureQuery }
): Promise<Result<FindingsRead>> => {
  const policy = deps.policy()
  const sight = sightOf(policy, person)
  if (!sight.ok) return sight
  const { own } = sight.value
  const [{ at, wantedAt }, open, figures] = await Promise.all([
    store.scanState(),
    store.openFindings(),
    own === null ? store.findingFigures(deps.clock.now()) : null
  ])
  const { target } = query
  const findings = open
    .filter(({ finding }) => isSeen(own, finding.targets))
    .filter(({ finding }) => target === undefined || finding.targets.includes(target))
    .toSorted((a, b) => byWeight(a.finding, b.finding))
  const isWaiting = wantedAt !== null && (at === null || wantedAt > at)
  return accept({
    at,
    isWaiting,
    findings: findings.slice(0, query.limit),
    targets: [...policy.targets.keys()].filter((id) => isSeen(own, [id])).toSorted(),
    shares: figures?.shares ?? null
  })
}

const mostClosed = 2000

const readSince = async (
  deps: Deps,
  store: Findings,
  { person, since }: { readonly person: PersonId; readonly since: Instant }
): Promise<Result<FindingsSince>> => {
  const sight = sightOf(deps.policy(), person)
  if (!sight.ok) return sight
  const { own } = sight.value
  const [open, closed] = await Promise.all([
    store.openFindings(),
    store.closedFindings(since, mostClosed + 1)
  ])
  const isTheirs = ({ finding }: KeptFinding): boolean => isSeen(own, finding.targets)
  return accept({
    open: open.filter(isTheirs),
    closed: closed.slice(0, mostClosed).filter(isTheirs).toReversed(),
    isCut: closed.length > mostClosed
  })
}

const readDoors = async (
  deps: Deps,
  store: SideDoors,
  person: PersonId
): Promise<Result<SeenDoors | null>> => {
  const sight = sightOf(deps.policy(), person)
  if (!sight.ok) return sight
  const { own } = sight.value
  const seen = await store.sideDoors()
  if (seen === null || own === null) return accept(seen)
  const doors = seen.doors.filter(({ target }) => own.has(target))
  return accept({ ...seen, doors, count: doors.length })
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
