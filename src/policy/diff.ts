/**
 * Who gains and who loses what when one policy becomes another: every person on every target, by
 * the rules they have there. Nothing gained goes untold: a rule is passed over only where one rule
 * of before gave the same person at least as much in every setting. What cannot be compared counts
 * as gained and as lost.
 */
import type { PersonId, TargetId } from '../elevation/ids.ts'
import { type DutyChange, approverChanges, dutyChanges } from './diff-duties.ts'
import { postureChanges } from './diff-posture.ts'
import { type Facet, compareRules, printRule } from './diff-rules.ts'
import { givesLess, givesMore } from './diff-sides.ts'
import { type TargetFacet, compareTargets } from './diff-targets.ts'
import { compareDenied, isAlwaysDenied, printWhen } from './diff-windows.ts'
import type { Both, Change, Difference } from './difference.ts'
import { type Members, indexMembers } from './members.ts'
import type { Deny, Policy, Rule } from './policy.ts'

/**
 * Every difference, roles and accounts first, then by target; people with the same difference on a
 * target are one. Only one target's differences are held at a time.
 */
export const diffPolicies = function* (old: Policy, now: Policy): Generator<Difference> {
  const members = {
    old: indexMembers(old.people.values()),
    now: indexMembers(now.people.values())
  }
  yield* dutyChanges({ old, now }, members)
  yield* postureChanges({ old: old.posture, now: now.posture })
  const sides = { old: sideOf(old, members.old), now: sideOf(now, members.now) }
  const classes = classesOf(sides)
  const compare = rememberingPairs(members)
  const approvers = approverChanges(members)
  const targets = [...new Set([...old.targets.keys(), ...now.targets.keys()])].toSorted()
  for (const target of targets) {
    yield* targetDifferences({ target, sides, classes, approvers, compare })
  }
}

/** What a policy says, by target and by person. */
type Side = {
  readonly policy: Policy
  readonly rulesOn: ReadonlyMap<TargetId, readonly Rule[]>
  /** the denies that name targets, and `everywhere` those that name none */
  readonly deniesOn: ReadonlyMap<TargetId, readonly Deny[]>
  readonly everywhere: readonly Deny[]
  /** the rules and denies that are about a person */
  readonly about: ReadonlyMap<PersonId, ReadonlySet<Rule | Deny>>
}

/** People who are the same to both policies: the same rules and denies are about them. */
type Class = {
  readonly people: readonly PersonId[]
  readonly about: Both<ReadonlySet<Rule | Deny>>
}

type Classes = {
  /** the classes a rule is about */
  readonly of: Both<ReadonlyMap<Rule | Deny, readonly Class[]>>
  /** a different number for each rule and deny of both policies */
  readonly numbers: ReadonlyMap<Rule | Deny, number>
}

type ComparePair = (before: Rule, after: Rule) => readonly Facet[]

const sideOf = (policy: Policy, members: Members): Side => {
  const about = new Map<PersonId, Set<Rule | Deny>>()
  for (const one of [...policy.rules, ...policy.denies]) {
    for (const person of members.among(one.requesters)) {
      about.set(person, (about.get(person) ?? new Set()).add(one))
    }
  }
  return {
    policy,
    about,
    rulesOn: byTarget(policy.rules),
    deniesOn: byTarget(policy.denies),
    everywhere: policy.denies.filter(({ targets }) => targets === null)
  }
}

const byTarget = <T extends { readonly targets: readonly TargetId[] | null }>(
  all: readonly T[]
): ReadonlyMap<TargetId, readonly T[]> => {
  const found = new Map<TargetId, T[]>()
  for (const one of all) {
    for (const target of new Set(one.targets ?? [])) push(found, target, one)
  }
  return found
}

const classesOf = (sides: Both<Side>): Classes => {
  const numbers = new Map<Rule | Deny, number>()
  for (const { rules, denies } of [sides.old.policy, sides.now.policy]) {
    for (const one of [...rules, ...denies]) numbers.set(one, numbers.get(one) ?? numbers.size)
  }
  const keyOf = (about: ReadonlySet<Rule | Deny>): string => keyBy(numbers, about)
  const found = new Map<string, { people: PersonId[]; about: Class['about'] }>()
  const people = new Set([...sides.old.about.keys(), ...sides.now.about.keys()])
  for (const person of people) {
    const about = {
      old: sides.old.about.get(person) ?? nothing,
      now: sides.now.about.get(person) ?? nothing
    }
    const key = `${keyOf(about.old)}|${keyOf(about.now)}`
    const known = found.get(key)
    if (known === undefined) found.set(key, { people: [person], about })
    else known.people.push(person)
  }
  const of = (side: keyof Both<Side>): ReadonlyMap<Rule | Deny, readonly Class[]> => {
    const classes = new Map<Rule | Deny, Class[]>()
    for (const one of found.values()) for (const each of one.about[side]) push(classes, each, one)
    return classes
  }
  return { of: { old: of('old'), now: of('now') }, numbers }
}

const keyBy = (numbers: Classes['numbers'], all: Iterable<Rule | Deny>): string => {
  let key = ''
  for (const one of all) key += `${numbers.get(one) ?? ''} `
  return key
}

const push = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

const nothing: ReadonlySet<Rule | Deny> = new Set()

/** Two rules are compared once, however many people and targets they are about. */
const rememberingPairs = (members: Both<Members>): ComparePair => {
  const known = new Map<Rule, Map<Rule, readonly Facet[]>>()
  return (before, after) => {
    const row = known.get(before) ?? new Map<Rule, readonly Facet[]>()
    known.set(before, row)
    const found = row.get(after) ?? compareRules(before, after, members)
    row.set(after, found)
    return found
  }
}

type OnTarget = {
  readonly target: TargetId
  readonly sides: Both<Side>
  readonly classes: Classes
  readonly approvers: (rules: Both<readonly Rule[]>) => readonly DutyChange[]
  readonly compare: ComparePair
}

const targetDifferences = function* (on: OnTarget): Generator<Difference> {
  const { target, sides, approvers, compare } = on
  const rules = both(sides, ({ rulesOn }) => rulesOn.get(target) ?? [])
  const { old: before, now: after } = both(sides, ({ policy }) => policy.targets.get(target))
  const targetFacets = before && after ? compareTargets(before, after) : []
  const groups = new Map<string, { readonly change: Change; readonly people: PersonId[] }>()
  const tell = (change: Change, people: readonly PersonId[]): void => {
    const key = JSON.stringify(change)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { change, people: [...people] })
    else for (const person of people) known.people.push(person)
  }
  for (const { had, has, people } of accessesOn(on, rules)) {
    for (const change of accessChanges({ had, has, targetFacets, compare })) tell(change, people)
  }
  for (const { person, change } of approvers(rules)) tell(change, [person])
  for (const { change, people } of groups.values()) {
    yield { ...change, people: people.toSorted(), target }
  }
}

/** What some people have on one target. */
type Access = { readonly rules: readonly Rule[]; readonly denies: readonly Deny[] }

type Accesses = { readonly had: Access; readonly has: Access; readonly people: PersonId[] }

/** Everybody with a rule on the target, together with all who have the very same there. */
const accessesOn = (
  { target, sides, classes }: OnTarget,
  rules: Both<readonly Rule[]>
): Iterable<Accesses> => {
  const found = new Map<Class, Both<Rule[]>>()
  for (const side of ['old', 'now'] as const) {
    for (const rule of rules[side]) {
      for (const one of classes.of[side].get(rule) ?? []) {
        const known = found.get(one) ?? { old: [], now: [] }
        known[side].push(rule)
        found.set(one, known)
      }
    }
  }
  const denies = both(sides, ({ deniesOn, everywhere }) => [
    ...everywhere,
    ...(deniesOn.get(target) ?? [])
  ])
  const accesses = new Map<string, Accesses>()
  for (const [{ people, about }, theirs] of found) {
    const had = { rules: theirs.old, denies: denies.old.filter((deny) => about.old.has(deny)) }
    const has = { rules: theirs.now, denies: denies.now.filter((deny) => about.now.has(deny)) }
    const lists = [had.rules, had.denies, has.rules, has.denies]
    const key = lists.map((list) => keyBy(classes.numbers, list)).join('|')
    const known = accesses.get(key)
    if (known === undefined) accesses.set(key, { had, has, people: [...people] })
    else for (const person of people) known.people.push(person)
  }
  return accesses.values()
}

type Question = {
  readonly had: Access
  readonly has: Access
  readonly targetFacets: readonly TargetFacet[]
  readonly compare: ComparePair
}

const accessChanges = ({ had, has, targetFacets, compare }: Question): readonly Change[] => {
  const [mayNot, mayNotNow] = [isAlwaysDenied(had.denies), isAlwaysDenied(has.denies)]
  if (mayNot && mayNotNow) return []
  const denied = { what: 'deny', rule: null, from: printDenies(had), to: printDenies(has) } as const
  const hasBoth = had.rules.length > 0 && has.rules.length > 0
  if (mayNot && hasBoth) return [{ ...denied, change: 'gains' }]
  if (mayNotNow && hasBoth) return [{ ...denied, change: 'loses' }]
  const before = mayNot ? [] : had.rules
  const after = mayNotNow ? [] : has.rules
  const gains = after.flatMap((rule) => gained(rule, before, (old) => compare(old, rule)))
  const losses = before.flatMap((rule) => lost(rule, after, (now) => compare(rule, now)))
  if (before.length === 0 || after.length === 0) return [...gains, ...losses]
  const side = compareDenied(had.denies, has.denies)
  const common = [...targetFacets, ...(side === 'same' ? [] : [{ ...denied, side }])]
  return [
    ...gains,
    ...common.filter((one) => givesMore(one.side)).map((one) => changeOf('gains', null, one)),
    ...losses,
    ...common.filter((one) => givesLess(one.side)).map((one) => changeOf('loses', null, one))
  ]
}

/** What the rule gives beyond each rule of before: nothing where one of them gave as much. */
const gained = (rule: Rule, before: readonly Rule[], compare: Look): readonly Change[] => {
  const near = nearest(rule, before, (old) => compare(old).filter(({ side }) => givesMore(side)))
  if (near !== null) return near.map((one) => changeOf('gains', rule, one))
  return [{ change: 'gains', what: routeOf(rule), rule: rule.id, from: null, to: printRule(rule) }]
}

const lost = (rule: Rule, after: readonly Rule[], compare: Look): readonly Change[] => {
  const near = nearest(rule, after, (now) => compare(now).filter(({ side }) => givesLess(side)))
  if (near !== null) return near.map((one) => changeOf('loses', rule, one))
  return [{ change: 'loses', what: routeOf(rule), rule: rule.id, from: printRule(rule), to: null }]
}

type Look = (other: Rule) => readonly Facet[]

/** The settings told of the rule of the same id, else of the one with the fewest; null: no rule. */
const nearest = (rule: Rule, others: readonly Rule[], compare: Look): readonly Facet[] | null => {
  let near: readonly Facet[] | null = null
  let isSame = false
  for (const other of others) {
    if (routeOf(other) !== routeOf(rule)) continue
    const facets = compare(other)
    if (facets.length === 0) return []
    const isNearer = near === null || facets.length < near.length
    if (other.id === rule.id || (!isSame && isNearer)) near = facets
    isSame ||= other.id === rule.id
  }
  return near
}

/** Break-glass is asked for by name; no other ask falls under such a rule. */
const routeOf = ({ approval }: Rule): 'ask' | 'breakGlass' =>
  approval.kind === 'breakGlass' ? 'breakGlass' : 'ask'

const changeOf = (
  change: Change['change'],
  rule: Rule | null,
  { what, from, to }: Pick<Change, 'what' | 'from' | 'to'>
): Change => ({ change, what, rule: rule?.id ?? null, from, to })

const printDenies = ({ denies }: Access): string | null =>
  denies.length === 0
    ? null
    : denies
        .map(({ id, when }) => [id, printWhen(when)].filter((part) => part !== null).join(' '))
        .toSorted()
        .join(', ')

const both = <T, R>({ old, now }: Both<T>, read: (side: T) => R): Both<R> => ({
  old: read(old),
  now: read(now)
})
