/**
 * A policy's rules and denies by target and then by whom they name, and its people by group, so
 * that a decision costs the same among ten rules and among ten thousand. Built once per policy, at
 * its first decision; what is needed for one target only is made when that target is first asked
 * for.
 */
import { type PersonId, type RuleId, type TargetId, parsePersonId } from '../elevation/ids.ts'
import { activePerson, isAmong } from './people.ts'
import type { Deny, Person, Policy, Rule, SubjectRef } from './policy.ts'
import { byId, byMostGiven } from './terms.ts'

export type RuleIndex = {
  readonly byId: ReadonlyMap<RuleId, Rule>
  /** in the order of `byMostGiven` */
  readonly rules: Lookup<Rule>
  /** in the order of their ids */
  readonly denies: Lookup<Deny>
  /** active people by group, nested ones included, sorted */
  readonly members: ReadonlyMap<string, readonly PersonId[]>
  /** by rule, filled as they are asked for: everybody who could decide for others, sorted */
  readonly approvers: Map<RuleId, readonly PersonId[]>
}

/** Rules or denies by target. */
export type Lookup<T> = {
  readonly all: Shelf<T>
  /** those that name no target and so are about every one */
  readonly everywhere: Shelf<T>
  readonly byTarget: ReadonlyMap<TargetId, Shelf<T>>
}

/** The index of this policy. */
export const ruleIndex = (policy: Policy): RuleIndex => {
  const known = indexes.get(policy)
  if (known !== undefined) return known
  const built: RuleIndex = {
    byId: new Map(policy.rules.map((rule) => [rule.id, rule])),
    rules: lookupOf(policy.rules.toSorted(byMostGiven)),
    denies: lookupOf(policy.denies.toSorted(byId)),
    members: membersOf(policy),
    approvers: new Map()
  }
  indexes.set(policy, built)
  return built
}

/** What applies to this person on this target, in order. Throws where the person cannot be read. */
export const applying = <T extends Applies>(
  { byTarget, everywhere }: Lookup<T>,
  target: TargetId,
  person: Person
): readonly T[] => {
  const shelf = byTarget.get(target)
  const here = shelf === undefined ? none : onShelf(shelf, person)
  return everywhere.entries.length === 0 ? valuesOf(here) : both(here, onShelf(everywhere, person))
}

/** All that applies to this person on any target, in order. */
export const applyingAnywhere = <T extends Applies>(
  { all }: Lookup<T>,
  person: Person
): readonly T[] => valuesOf(onShelf(all, person))

/** What applies to somebody on this target, in order. */
export const applyingToAnybody = <T extends Applies>(
  { byTarget, everywhere }: Lookup<T>,
  target: TargetId
): readonly T[] => both(byTarget.get(target)?.entries ?? none, everywhere.entries)

/** Active people whom the references name, distinct and sorted. */
export const peopleOf = (
  policy: Policy,
  { members }: RuleIndex,
  refs: readonly SubjectRef[]
): readonly PersonId[] => {
  const ids = refs.flatMap((ref) => {
    switch (ref.kind) {
      case 'person': {
        const id = parsePersonId(ref.name)
        return id === null || activePerson(policy, id) === null ? [] : [id]
      }
      case 'group':
        return members.get(ref.name) ?? []
    }
  })
  return [...new Set(ids)].toSorted()
}

/** Puts a value at the end of the list of its key. */
export const add = <K, T>(lists: Map<K, T[]>, key: K, value: T): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

type Applies = Pick<Rule | Deny, 'requesters' | 'targets'>

type Entry<T> = { readonly of: T; readonly place: number }

type ByWhom<T> = {
  readonly person: ReadonlyMap<string, readonly Entry<T>[]>
  readonly group: ReadonlyMap<string, readonly Entry<T>[]>
}

/**
 * Entries in order; `byWhom` is made when it is first needed, for most targets are rarely asked.
 */
type Shelf<T> = { readonly entries: Entry<T>[]; byWhom: ByWhom<T> | null }

/** So few are looked through faster than a person's groups are looked up. */
const few = 4

const none: readonly never[] = []

const indexes = new WeakMap<Policy, RuleIndex>()

const lookupOf = <T extends Applies>(ordered: readonly T[]): Lookup<T> => {
  const all = emptyShelf<T>()
  const everywhere = emptyShelf<T>()
  const byTarget = new Map<TargetId, Shelf<T>>()
  for (const [place, of] of ordered.entries()) {
    const entry = { of, place }
    all.entries.push(entry)
    if (of.targets === null) everywhere.entries.push(entry)
    for (const target of of.targets ?? none) {
      const shelf = byTarget.get(target) ?? emptyShelf<T>()
      shelf.entries.push(entry)
      byTarget.set(target, shelf)
    }
  }
  return { all, everywhere, byTarget }
}

const emptyShelf = <T>(): Shelf<T> => ({ entries: [], byWhom: null })

const membersOf = ({ people }: Policy): ReadonlyMap<string, readonly PersonId[]> => {
  const members = new Map<string, PersonId[]>()
  for (const { id, active, groups } of people.values()) {
    if (active) for (const group of groups) add(members, group, id)
  }
  for (const ids of members.values()) ids.sort()
  return members
}

const onShelf = <T extends Applies>(shelf: Shelf<T>, person: Person): readonly Entry<T>[] => {
  const { entries } = shelf
  if (entries.length <= few) return entries.filter(({ of }) => isAmong(person, of.requesters))
  shelf.byWhom ??= byWhom(entries)
  const lists = [shelf.byWhom.person.get(person.id) ?? none]
  for (const group of person.groups) lists.push(shelf.byWhom.group.get(group) ?? none)
  const found = lists.filter((list) => list.length > 0)
  return found.length < 2 ? (found[0] ?? none) : inOrder(new Set(found.flat()))
}

const byWhom = <T extends Applies>(entries: readonly Entry<T>[]): ByWhom<T> => {
  const person = new Map<string, Entry<T>[]>()
  const group = new Map<string, Entry<T>[]>()
  for (const entry of entries) {
    for (const { kind, name } of entry.of.requesters) {
      add(kind === 'person' ? person : group, name, entry)
    }
  }
  return { person, group }
}

const both = <T>(here: readonly Entry<T>[], everywhere: readonly Entry<T>[]): readonly T[] =>
  valuesOf(inOrder([...here, ...everywhere]))

const inOrder = <T>(entries: Iterable<Entry<T>>): readonly Entry<T>[] =>
  [...entries].toSorted((a, b) => a.place - b.place)

const valuesOf = <T>(entries: readonly Entry<T>[]): readonly T[] => entries.map(({ of }) => of)
