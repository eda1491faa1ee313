/**
 * JOIN … USING: one column of each name, made of those of both sides.
 * Refused: names that are not one column of either side.
 */
import type { JoinUsing } from './ast.ts'
import type { Column } from './catalog.ts'
import { gathered } from './lineage.ts'
import { type JoinRead, type Resolver, note, problem, spend } from './resolution.ts'
import {
  type Field,
  type Part,
  type Place,
  type Relation,
  type Scan,
  columnsOf,
  fieldNamed,
  fieldsOf,
  partOf,
  relationOf,
  scanOf
} from './scope.ts'
import { commonType } from './type-of.ts'

/** Both sides are read; the merged column stands first and has no qualifier. */
export const joinUsing = (
  resolver: Resolver,
  { left, right, criteria, type }: {
    readonly left: Relation
    readonly right: Relation
    readonly criteria: JoinUsing
    readonly type: JoinRead['type']
  }
): Relation => {
  const taken = new Map<Part, Set<Field>>()
  const merged = criteria.columns.map((column): Field => {
    const pair = [left, right].map((side): Place | null => {
      const place = fieldNamed(side, [column], 1)
      if (place !== null && place !== 'several') return place
      if (place === null && side.isOpaque) return null
      const code = place === null ? 'UNKNOWN_COLUMN' : 'AMBIGUOUS_COLUMN'
      const message =
        place === null
          ? `there is no column ${column.name} on both sides`
          : `more than one column answers to ${column.name} on one side`
      problem(resolver, code, message, { at: column.at })
      return null
    })
    const found = pair.flatMap((place) => place ?? [])
    for (const place of found) {
      const { part, field } = place
      taken.set(part, (taken.get(part) ?? new Set()).add(field))
      note(resolver, place, { at: column.at, isCounted: false })
    }
    // where one side may be missing, its own column is not what the merged one holds
    const sides = { INNER: found, LEFT: pair.slice(0, 1), RIGHT: pair.slice(1) }
    const kept = type === 'LEFT' || type === 'RIGHT' || type === 'INNER' ? sides[type] : []
    const sources = joinedSources(kept)
    // a chain of joins USING one column has that of every table in it
    spend(resolver, sources.columns.length)
    const lineage = gathered(found.map(({ field }) => field.lineage))
    const common = commonType(pair.map((place) => place?.field.type ?? null))
    return { name: column.name, ...sources, lineage, type: common }
  })
  const others = [...left.parts, ...right.parts].flatMap((part) => without(part, taken.get(part)))
  return relationOf([partOf(merged), ...others], left.isOpaque || right.isOpaque)
}

/** The columns of several fields and their scans; a long chain has thousands. */
const joinedSources = (places: readonly (Place | null)[]): Pick<Field, 'columns' | 'scans'> => {
  const columns: Column[] = []
  const scans: Scan[] = []
  for (const place of places) {
    if (place === null) continue
    for (const [n, column] of columnsOf(place).entries()) {
      const scan = scanOf(place, n)
      if (scan === null) continue
      columns.push(column)
      scans.push(scan)
    }
  }
  return { columns, scans }
}

/** Nothing where no field is left. */
const without = (part: Part, taken: ReadonlySet<Field> | undefined): Part | readonly [] => {
  if (taken === undefined) return part
  const left = part.fields.list.filter((field) => !taken.has(field))
  return left.length === 0 ? [] : { ...part, fields: fieldsOf(left) }
}
