/**
 * NATURAL JOIN, which Trino parses and does not run: refused, and read all the same, so that all
 * else that is wrong is told too. It joins on the names that both sides have.
 */
import { type Gathering, gather, gathering } from './lineage.ts'
import type { Stretch } from './tokens.ts'
import { type Resolver, note, spend, unsupported } from './resolution.ts'
import { type Part, type Relation, fieldsOf, listOf, made, partOf, relationOf } from './scope.ts'

/**
 * Both sides are read of each common name; the merged column stands first, has no qualifier, and
 * has been read here.
 */
export const joinNatural = (
  resolver: Resolver,
  [left, right]: readonly [Relation, Relation],
  at: Stretch
): Relation => {
  unsupported(resolver, 'NATURAL JOIN', at)
  const names = namesOf(right)
  const common = new Map<string, Gathering>()
  for (const name of namesOf(left)) if (names.has(name)) common.set(name, gathering())
  const others: Part[] = []
  for (const part of [...left.parts, ...right.parts]) {
    const { list } = part.fields
    const kept = list.filter((field) => {
      const lineage = field.name === null ? undefined : common.get(field.name)
      if (lineage === undefined) return true
      note(resolver, { part, field }, { at, isCounted: false })
      gather(lineage, field.lineage)
      spend(resolver, lineage.all.size)
      return false
    })
    if (kept.length === list.length) others.push(part)
    else if (kept.length > 0) others.push({ ...part, fields: fieldsOf(kept) })
  }
  const merged = [...common].map(([name, { all }]) => made(name, all, null))
  return relationOf([partOf(merged), ...others], left.isOpaque || right.isOpaque)
}

const namesOf = (relation: Relation): ReadonlySet<string> =>
  new Set(listOf(relation).flatMap(({ name }) => name ?? []))
