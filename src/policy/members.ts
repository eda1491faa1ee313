/**
 * The active people behind references, from an index of groups rather than a look at everybody, so
 * that judging many rules over a large directory stays linear.
 */
import type { PersonId } from '../elevation/ids.ts'
import type { Person, SubjectRef } from './policy.ts'

export type Members = {
  /** the different active people these references name; the set is not to be changed */
  readonly among: (refs: readonly SubjectRef[]) => ReadonlySet<PersonId>
  readonly hasSlack: (id: PersonId) => boolean
}

/** Indexes a directory once. */
export const indexMembers = (people: Iterable<Person>): Members => {
  const byRef = new Map<string, Set<PersonId>>()
  const add = (key: string, id: PersonId): void => {
    const found = byRef.get(key)
    if (found === undefined) byRef.set(key, new Set([id]))
    else found.add(id)
  }
  const linked = new Set<PersonId>()
  for (const { id, groups, active, slack } of people) {
    if (!active) continue
    if (slack.length > 0) linked.add(id)
    add(`person:${id}`, id)
    for (const group of groups) add(`group:${group}`, id)
  }
  const unions = new Map<string, ReadonlySet<PersonId>>()
  return {
    hasSlack: (id) => linked.has(id),
    among: (refs) => {
      const keys = refs.map(({ kind, name }) => `${kind}:${name}`)
      const [only = '', ...more] = keys
      if (more.length === 0) return byRef.get(only) ?? new Set()
      const key = keys.join(' ')
      const known = unions.get(key)
      if (known !== undefined) return known
      const union = new Set(keys.flatMap((one) => [...(byRef.get(one) ?? [])]))
      unions.set(key, union)
      return union
    }
  }
}
