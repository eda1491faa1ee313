/**
 * Use against elevations. Each use of a target has to belong to an elevation, within its window
 * and, where the broker runs the queries, be a query it let pass; each grant and session has to be
 * used.
 * Nothing that is younger than the lag is judged: CloudTrail delivers minutes late. What is found
 * depends on the events alone, not on their order or how often they come.
 */
import { createHash } from 'node:crypto'
import type { Target } from '../elevation/target.ts'
import { keyArns } from '../iam/arns.ts'
import type { Held, Ledger } from './held.ts'
import type { Use, UseKind } from './use.ts'

export type UseCode =
  | 'use_unmatched'
  | 'use_after_end'
  | 'query_not_validated'
  | 'grant_unused'
  | 'session_unused'

export type UseFinding = {
  /** `CODE:` and 20 hex digits, the same at every run */
  readonly id: string
  readonly code: UseCode
  readonly target: string
  readonly elevation: string | null
  readonly kind: UseKind
  /** who, and on what */
  readonly actor: string
  readonly resource: string
  /** whose log tells of it, or should; of several the first by name */
  readonly account: string
  readonly region: string
  /** ISO 8601 UTC */
  readonly first: string
  readonly last: string
  /** different events; counted to 1,000 */
  readonly events: number
  /** `eventID` of the first, or the grant's name */
  readonly shows: string
}

export type Reconciled = {
  readonly findings: readonly UseFinding[]
  /** uses of the targets that belong to an elevation */
  readonly matched: number
  /** not judged: younger than the lag, or after the ledger's newest entry */
  readonly young: number
  /** queries whose Athena id the ledger does not have yet */
  readonly undecided: number
  /** denied calls and calls of AWS services */
  readonly passedOver: number
  readonly oldest: string | null
  readonly newest: string | null
  /** what is judged of each account and region with any call that could be use */
  readonly covered: readonly Covered[]
}

/** ISO 8601 UTC, both included. */
export type Covered = {
  readonly account: string
  readonly region: string
  readonly from: string
  readonly to: string
}

export type Matcher = {
  readonly saw: (at: number) => void
  readonly use: (use: Use) => void
  readonly result: () => Reconciled
}

export const lagMilliseconds = 900_000
const mostCounted = 1000

type Place = Pick<Use, 'account' | 'region'>
type Span = { oldest: number; newest: number }

type Group = {
  readonly code: UseCode
  readonly target: string
  readonly held: Held | null
  readonly kind: UseKind
  readonly actor: string
  readonly resource: string
  /** account and region */
  place: Place
  readonly id: string
  /** the earliest events, by id */
  seen: Map<string, number>
  last: number
}

export const matcher = (ledger: Ledger, targets: readonly Target[]): Matcher => {
  const targetsOf = finder(targets)
  const byId = new Map<string, Target>(targets.map((one) => [one.id, one]))
  const placeOf = (target: string): Place => {
    const { account = '', region = '' } = byId.get(target) ?? {}
    return { account, region }
  }
  const bySession = new Map([...ledger.held.values()].map((one) => [one.sessionName, one]))
  const byGrant = new Map(
    [...ledger.held.values()].flatMap((one) =>
      one.grants.map((grant) => [grant.name, one] as const)
    )
  )
  const groups = new Map<string, Group>()
  const used = new Set<string>()
  const usedKeys = new Set<string>()
  const count = { matched: 0, young: 0, undecided: 0, passedOver: 0 }
  const span = { oldest: Number.POSITIVE_INFINITY, newest: 0 }
  const places = new Map<string, Place & Span>()
  // the newest event is known only at the end: the young ones wait, within the lag and no more
  let waiting: Use[] = []
  let most = mostWaiting

  const find = (
    code: UseCode,
    use: Use,
    { target, held }: { readonly target: string; readonly held: Held | null }
  ): void => {
    const day = new Date(use.at).toISOString().slice(0, 10)
    const { kind, actor, resource } = use
    const of = held === null ? [actor, day] : [held.id, use.made ?? '']
    const id = idOf([code, target, kind, resource, ...of])
    const seen = new Map<string, number>()
    const known = groups.get(id)
    const place = { account: use.account, region: use.region }
    const made: Group = { code, target, held, kind, actor, resource, place, id, seen, last: 0 }
    const group = known ?? made
    groups.set(id, group)
    if (nameOf(place) < nameOf(group.place)) group.place = place
    group.seen.set(use.id, use.at)
    group.last = Math.max(group.last, use.at)
    if (group.seen.size > 2 * mostCounted) group.seen = new Map(earliest(group.seen))
  }
  const judge = (use: Use, about: readonly string[]): void => {
    const named = use.kind === 'grant' ? byGrant.get(use.name ?? '') : undefined
    const held = (use.kind === 'grant' ? named : bySession.get(use.session ?? '')) ?? null
    if (held === null || !about.includes(held.target) || !belongs(use, held)) {
      return find('use_unmatched', use, { target: about[0] ?? '', held: null })
    }
    const { target } = held
    if (use.at >= held.until) return find('use_after_end', use, { target, held })
    if (use.kind === 'query' && held.brokered && !held.queries.has(use.made ?? '')) {
      if (held.unended > 0) count.undecided += 1
      else return find('query_not_validated', use, { target, held })
    }
    count.matched += 1
  }
  const use = (one: Use): void => {
    reach(places, one)
    const about = targetsOf(one)
    if (about.length === 0) return
    if (one.isRefused || one.isService) {
      count.passedOver += 1
      return
    }
    if (one.session !== null && (one.kind === 'query' || one.kind === 'decrypt')) {
      used.add(one.session)
      if (one.kind === 'decrypt') usedKeys.add(`${one.session} ${one.resource}`)
    }
    if (one.at > ledger.newest) count.young += 1
    else if (one.at > span.newest - lagMilliseconds) waiting.push(one)
    else judge(one, about)
    if (waiting.length >= most) release()
  }
  const release = (): void => {
    const until = span.newest - lagMilliseconds
    const old = waiting.filter((one) => one.at <= until)
    waiting = waiting.filter((one) => one.at > until)
    for (const one of old) judge(one, targetsOf(one))
    most = Math.max(mostWaiting, 2 * waiting.length)
  }
  return {
    saw: (at) => {
      span.oldest = Math.min(span.oldest, at)
      span.newest = Math.max(span.newest, at)
    },
    use,
    result: () => {
      release()
      const unused = [...ledger.held.values()].flatMap((held) =>
        unusedOf(held, { span, used, usedKeys, placeOf })
      )
      const findings = [...[...groups.values()].map(findingOf), ...unused]
      const known = span.newest > 0
      return {
        findings: findings.toSorted((a, b) => compare(a.first, b.first) || compare(a.id, b.id)),
        ...count,
        young: count.young + waiting.length,
        oldest: known ? new Date(span.oldest).toISOString() : null,
        newest: known ? new Date(span.newest).toISOString() : null,
        covered: coveredOf(places, Math.min(span.newest - lagMilliseconds, ledger.newest))
      }
    }
  }
}

const mostWaiting = 100_000
/** more accounts and regions than one trail has */
const mostPlaces = 10_000

const reach = (places: Map<string, Place & Span>, { account, region, at }: Use): void => {
  const name = nameOf({ account, region })
  const place = places.get(name)
  if (place === undefined) {
    if (places.size < mostPlaces) places.set(name, { account, region, oldest: at, newest: at })
    return
  }
  place.oldest = Math.min(place.oldest, at)
  place.newest = Math.max(place.newest, at)
}

const nameOf = ({ account, region }: Place): string => `${account} ${region}`

/** Nothing after `until` was judged. */
const coveredOf = (
  places: ReadonlyMap<string, Place & Span>,
  until: number
): readonly Covered[] =>
  [...places.values()]
    .filter(({ oldest }) => oldest <= until)
    .map(({ account, region, oldest, newest }) => ({
      account,
      region,
      from: new Date(oldest).toISOString(),
      to: new Date(Math.min(newest, until)).toISOString()
    }))
    .toSorted((a, b) => compare(nameOf(a), nameOf(b)))

/** The first ones, whatever order they came in. */
const earliest = (seen: ReadonlyMap<string, number>): readonly (readonly [string, number])[] =>
  [...seen].toSorted((a, b) => a[1] - b[1] || compare(a[0], b[0])).slice(0, mostCounted)

const belongs = (use: Use, held: Held): boolean => {
  if (use.kind === 'session') return use.resource === held.role
  if (use.kind !== 'grant') return true
  const grant = held.grants.find(({ name }) => name === use.name)
  if (grant === undefined || grant.key !== use.resource) return false
  return grant.id === null || grant.id === use.made
}

const unusedOf = (
  held: Held,
  given: {
    readonly span: { readonly oldest: number; readonly newest: number }
    readonly used: ReadonlySet<string>
    readonly usedKeys: ReadonlySet<string>
    readonly placeOf: (target: string) => Place
  }
): readonly UseFinding[] => {
  const { span, used, usedKeys, placeOf } = given
  const isCovered = held.from >= span.oldest && held.until + lagMilliseconds <= span.newest
  if (!held.isIssued || !isCovered) return []
  const of = (code: UseCode, kind: UseKind, resource: string, shows: string): UseFinding => ({
    id: idOf([code, held.id, shows]),
    code,
    target: held.target,
    elevation: held.id,
    kind,
    actor: held.sessionName,
    resource,
    ...(kind === 'grant' ? placeIn(resource) : placeOf(held.target)),
    first: new Date(held.from).toISOString(),
    last: new Date(held.until).toISOString(),
    events: 0,
    shows
  })
  if (!used.has(held.sessionName)) {
    return [of('session_unused', 'session', held.role, held.sessionName)]
  }
  return held.grants
    .filter(({ key }) => !usedKeys.has(`${held.sessionName} ${key}`))
    .map(({ key, name }) => of('grant_unused', 'grant', key, name))
}

/** `arn:partition:service:region:account:rest` */
const placeIn = (arn: string): Place => {
  const [, , , region = '', account = ''] = arn.split(':')
  return { account, region }
}

const findingOf = (group: Group): UseFinding => {
  const { code, target, held, kind, actor, resource, place, last } = group
  const events = earliest(group.seen)
  const first = events[0]?.[1] ?? 0
  return {
    id: group.id,
    code,
    target,
    elevation: held?.id ?? null,
    kind,
    actor,
    resource,
    ...place,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    events: events.length,
    shows: events[0]?.[0] ?? ''
  }
}

const idOf = (parts: readonly string[]): string =>
  `${parts[0]}:${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)}`

const compare = (a: string, b: string): number => {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** The targets that a use is about, by workgroup, key or role; several may share a key or role. */
const finder = (targets: readonly Target[]): ((use: Use) => readonly string[]) => {
  const by = new Map<string, string[]>()
  const put = (key: string, id: string): void => {
    by.set(key, [...(by.get(key) ?? []), id])
  }
  for (const one of targets) {
    put(`query ${one.account} ${one.region} ${one.workgroup}`, one.id)
    put(`session ${one.role}`, one.id)
    for (const key of keyArns(one)) put(`key ${key}`, one.id)
  }
  return ({ kind, account, region, resource }) => {
    if (kind === 'query') return by.get(`query ${account} ${region} ${resource}`) ?? []
    return by.get(`${kind === 'session' ? 'session' : 'key'} ${resource}`) ?? []
  }
}
