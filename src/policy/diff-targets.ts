/**
 * Two versions of a target compared by what a window on it opens. A table more gives more; another
 * place, key, role or workgroup gives something else, which counts as both more and less.
 */
import { type Target, tablesOf } from '../elevation/target.ts'
import { type Side, itemsGive } from './diff-sides.ts'

export type TargetFacet = {
  readonly what: 'tables' | 'target'
  readonly side: Exclude<Side, 'same'>
  readonly from: string | null
  readonly to: string | null
}

/** What differs between the two, of the tables and of everything else AWS is told. */
export const compareTargets = (before: Target, after: Target): readonly TargetFacet[] => {
  const [had, has] = [tablesOf(before), tablesOf(after)]
  const side = itemsGive(had, has)
  const places = placeFacet(before, after)
  if (side === 'same') return places
  return [{ what: 'tables', side, from: without(had, has), to: without(has, had) }, ...places]
}

const placeFacet = (before: Target, after: Target): readonly TargetFacet[] => {
  const [had, has] = [placesOf(before), placesOf(after)]
  const differ = [...had.keys()].filter((name) => has.has(name) && had.get(name) !== has.get(name))
  if (differ.length === 0) return []
  const print = (places: ReadonlyMap<string, string>): string =>
    differ.map((name) => `${name} ${places.get(name) ?? ''}`).join(', ')
  return [{ what: 'target', side: 'other', from: print(had), to: print(has) }]
}

/** Of a table only what comes with it; whether it is there at all is told of the tables. */
const placesOf = ({ account, region, workgroup, role, results, data, alerts }: Target) =>
  new Map([
    ['account', account],
    ['region', region],
    ['workgroup', workgroup],
    ['role', role],
    ['results', JSON.stringify(results)],
    ['alerts', alerts ?? 'nowhere'],
    ...data.flatMap(({ database, tables, location, key, bucketKey }) =>
      tables.map((table) => {
        const place = `s3://${location.bucket}/${location.prefix} ${key}`
        return [`${database}.${table}`, bucketKey ? `${place} by bucket key` : place] as const
      })
    )
  ])

const without = (some: readonly string[], others: readonly string[]): string | null => {
  const left = some.filter((item) => !others.includes(item))
  return left.length === 0 ? null : left.toSorted().join(', ')
}
