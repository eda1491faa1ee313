/**
 * The columns that a value is made of. Sets of them are shared by all values that are made of the
 * same: one is copied only when columns of another are added to it.
 */
import type { Column } from './catalog.ts'

export type Lineage = ReadonlySet<Column>

export const none: Lineage = new Set()

/** What has been found of one value; `own` is `all` where nobody else has it. */
export type Gathering = { all: Lineage; own: Set<Column> | null }

export const gathering = (): Gathering => ({ all: none, own: null })

export const gather = (into: Gathering, more: Lineage): void => {
  if (more.size === 0 || more === into.all) return
  if (into.all.size === 0) {
    into.all = more
    return
  }
  if (into.own === null) {
    into.own = new Set(into.all)
    into.all = into.own
  }
  for (const column of more) into.own.add(column)
}

/** What all of these are made of. */
export const gathered = (all: Iterable<Lineage>): Lineage => {
  const into = gathering()
  for (const lineage of all) gather(into, lineage)
  return into.all
}
