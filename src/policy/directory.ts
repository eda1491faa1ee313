/**
 * People and groups to who is who. A group has the people who name it and those of the groups it
 * includes. Refused: a group that includes itself or is nested over eight deep, and two people who
 * share an e-mail address, a Slack account or a token's `sub` in any case, for they may be one
 * human with two votes.
 */
import type { PersonId } from '../elevation/ids.ts'
import { parsePersonId } from '../elevation/ids.ts'
import { type Place, errorAt, quote } from './issue.ts'
import { type Part, checked } from './part.ts'
import type { Person, PolicyIssue } from './policy.ts'
import type { GroupDocument, PersonDocument } from './schema.ts'

export type Directory = {
  readonly people: ReadonlyMap<PersonId, Person>
  readonly bySubject: ReadonlyMap<string, PersonId>
  /** by `TEAM/USER` */
  readonly bySlack: ReadonlyMap<string, PersonId>
  readonly issues: readonly PolicyIssue[]
}

/** The directory of all well-formed people and groups, and what is wrong between them. */
export const buildDirectory = (
  people: readonly Part<PersonDocument>[],
  groups: readonly Part<GroupDocument>[]
): Directory => {
  const groupsOf = makeGroupsOf(groups)
  const built = people.map(({ value }) => personOf(value, groupsOf))
  return {
    people: new Map(built.map((person) => [person.id, person])),
    bySubject: new Map(built.flatMap(({ id, subjects }) => subjects.map((sub) => [sub, id]))),
    bySlack: new Map(built.flatMap(({ id, slack }) => slack.map((one) => [printSlack(one), id]))),
    issues: [...nestingIssues(groups), ...sharedIdentities(people)]
  }
}

type GroupsOf = (start: readonly string[]) => ReadonlySet<string>

const personOf = (
  { id, emails = [], subjects = [id], slack = [], groups = [], active = true }: PersonDocument,
  groupsOf: GroupsOf
): Person => ({
  id: checked(parsePersonId(id)),
  emails,
  subjects,
  slack,
  groups: groupsOf(groups),
  active
})

/** `TEAM/USER` */
const printSlack = ({ team, user }: Person['slack'][number]): string => `${team}/${user}`

/**
 * From the groups somebody names to all they are in. Whoever names the same shares one set. Ends on
 * cycles, for a set grows only by new names.
 */
const makeGroupsOf = (groups: readonly Part<GroupDocument>[]): GroupsOf => {
  const includedIn = new Map<string, string[]>()
  for (const { value } of groups) {
    for (const included of value.includes ?? []) pushTo(includedIn, included, value.id)
  }
  const known = new Map<string, ReadonlySet<string>>()
  return (start) => {
    const key = start.toSorted().join(' ')
    const before = known.get(key)
    if (before !== undefined) return before
    const reached = new Set(start)
    for (const group of reached) {
      for (const parent of includedIn.get(group) ?? []) reached.add(parent)
    }
    known.set(key, reached)
    return reached
  }
}

const pushTo = <T>(lists: Map<string, T[]>, key: string, item: T): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}

const deepest = 8

/**
 * Groups that include themselves, and groups with more than eight levels. Levels are given from the
 * bottom up; what gets none is on a circle or above one, and what nothing without a level includes
 * is above.
 */
const nestingIssues = (groups: readonly Part<GroupDocument>[]): readonly PolicyIssue[] => {
  const byId = new Map(groups.map((group) => [group.value.id, group]))
  const below = (id: string) => (byId.get(id)?.value.includes ?? []).filter((one) => byId.has(one))
  const above = new Map<string, string[]>()
  for (const id of byId.keys()) for (const one of below(id)) pushTo(above, one, id)
  const parents = (id: string) => above.get(id) ?? []
  const levels = levelsOf([...byId.keys()], below, parents)
  const left = [...byId.keys()].filter((id) => !levels.has(id))
  const isLeft = (id: string): boolean => !levels.has(id)
  const tops = levelsOf(left, (id) => parents(id).filter(isLeft), (id) => below(id).filter(isLeft))
  return groups.flatMap(({ value: { id }, document, path }) => {
    const place = { document, path: [...path, 'includes'] }
    if (levels.get(id) === deepest + 1) {
      return [errorAt(place, 'too_large', `group ${quote(id)} is nested over ${deepest} deep`)]
    }
    return isLeft(id) && !tops.has(id)
      ? [errorAt(place, 'bad_value', `group ${quote(id)} includes itself`)]
      : []
  })
}

/** One more than the highest level below; none for what is on a circle or above one. */
const levelsOf = (
  ids: readonly string[],
  below: (id: string) => readonly string[],
  above: (id: string) => readonly string[]
): ReadonlyMap<string, number> => {
  const open = new Map(ids.map((id) => [id, below(id).length]))
  const levels = new Map<string, number>()
  const ready = ids.filter((id) => open.get(id) === 0)
  const reached = new Map(ready.map((id) => [id, 1]))
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    const level = reached.get(id) ?? 1
    levels.set(id, level)
    for (const parent of above(id)) {
      reached.set(parent, Math.max(reached.get(parent) ?? 1, level + 1))
      const rest = (open.get(parent) ?? 0) - 1
      open.set(parent, rest)
      if (rest === 0) ready.push(parent)
    }
  }
  return levels
}

type Claim = Place & { readonly identity: string; readonly by: string }

const sharedIdentities = (people: readonly Part<PersonDocument>[]): readonly PolicyIssue[] => {
  const owners = new Map<string, string>()
  const claims = people.flatMap(claimsOf)
  // an id stays its person's own, even where other subjects are listed for that person
  for (const { value } of people) owners.set(`sub ${value.id}`, value.id)
  return claims.flatMap((claim) => {
    const owner = owners.get(claim.identity)
    if (owner === undefined) owners.set(claim.identity, claim.by)
    if (owner === undefined || owner === claim.by) return []
    const message = `${quote(claim.identity)} is also ${quote(owner)}; one human is one person`
    return [errorAt(claim, 'duplicate', message)]
  })
}

const claimsOf = ({ value, document, path }: Part<PersonDocument>): readonly Claim[] => {
  const claim = (list: string, kind: string) => (text: string, index: number) => ({
    document,
    path: [...path, list, index],
    identity: `${kind} ${text.toLowerCase()}`,
    by: value.id
  })
  return [
    ...(value.emails ?? []).map(claim('emails', 'e-mail')),
    ...(value.subjects ?? []).map(claim('subjects', 'sub')),
    ...(value.slack ?? []).map(printSlack).map(claim('slack', 'Slack account'))
  ]
}
