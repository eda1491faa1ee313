/**
 * People and groups to who is who. A group has the people who name it and those of the groups it
 * includes, at any depth. Refused: a group that includes itself, and two people who share an
 * e-mail address or a token's `sub` in any case, for they may be one human with two votes.
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
  readonly issues: readonly PolicyIssue[]
}

/** The directory of all well-formed people and groups, and what is wrong between them. */
export const buildDirectory = (
  people: readonly Part<PersonDocument>[],
  groups: readonly Part<GroupDocument>[]
): Directory => {
  const includedIn = parentsOf(groups)
  const built = people.map(({ value }) => personOf(value, includedIn))
  return {
    people: new Map(built.map((person) => [person.id, person])),
    bySubject: new Map(built.flatMap(({ id, subjects }) => subjects.map((sub) => [sub, id]))),
    issues: [...cycles(groups, includedIn), ...sharedIdentities(people)]
  }
}

const personOf = (
  { id, emails = [], subjects = [id], groups = [], active = true }: PersonDocument,
  includedIn: ReadonlyMap<string, readonly string[]>
): Person => ({
  id: checked(parsePersonId(id)),
  emails,
  subjects,
  groups: upwards(groups, includedIn),
  active
})

/** Group to the groups that include it. */
const parentsOf = (groups: readonly Part<GroupDocument>[]): ReadonlyMap<string, string[]> => {
  const parents = new Map<string, string[]>()
  for (const { value } of groups) {
    for (const included of value.includes ?? []) {
      parents.set(included, [...(parents.get(included) ?? []), value.id])
    }
  }
  return parents
}

/** These groups and all that include them; ends on cycles, for a set grows only by new names. */
const upwards = (
  start: readonly string[],
  includedIn: ReadonlyMap<string, readonly string[]>
): ReadonlySet<string> => {
  const reached = new Set(start)
  for (const group of reached) {
    for (const parent of includedIn.get(group) ?? []) reached.add(parent)
  }
  return reached
}

const cycles = (
  groups: readonly Part<GroupDocument>[],
  includedIn: ReadonlyMap<string, readonly string[]>
): readonly PolicyIssue[] =>
  groups
    .filter(({ value }) => upwards(includedIn.get(value.id) ?? [], includedIn).has(value.id))
    .map(({ value, document, path }) => {
      const place = { document, path: [...path, 'includes'] }
      return errorAt(place, 'bad_value', `group ${quote(value.id)} includes itself`)
    })

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
    ...(value.subjects ?? []).map(claim('subjects', 'sub'))
  ]
}
