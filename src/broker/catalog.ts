/**
 * What the Glue Data Catalog says of a target's tables, never older than `catalogMaxAgeSeconds`
 * and asked for once at a time per target. What is stale or cannot be had is refused, never
 * guessed: who chooses columns, and whatever checks a statement, goes by this.
 */
import type { TargetId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { type Target, tablesOf } from '../elevation/target.ts'
import type { AwsAnswer, CatalogPlace, CatalogSnapshot, CatalogTable } from '../ports.ts'
import { awsRefused } from './activate.ts'
import { unknownTarget } from './ask.ts'
import type { TableDetail, TargetDetail, TargetOffer } from './broker.ts'
import type { Deps } from './deps.ts'

/** The catalog of a target's databases, fresh: `aws_unavailable` or `aws_refused` otherwise. */
export type CatalogOf = (target: Target) => Promise<Result<CatalogSnapshot>>

type Asked = { readonly place: string; readonly answer: Promise<AwsAnswer<CatalogSnapshot>> }
type Held = { readonly place: string; readonly snapshot: CatalogSnapshot }

/** Holds one snapshot and at most one call in flight per target. */
export const catalogs = (
  deps: Pick<Deps, 'catalogs' | 'clock' | 'settings'>
): CatalogOf => {
  const held = new Map<TargetId, Held>()
  const asked = new Map<TargetId, Asked>()
  const isFresh = ({ at }: CatalogSnapshot): boolean => {
    const age = deps.clock.now() - at
    return age >= 0 && age < deps.settings.catalogMaxAgeSeconds * 1000
  }

  const callFor = (id: TargetId, place: CatalogPlace, name: string): Asked => {
    const before = asked.get(id)
    if (before?.place === name) return before
    const call = { place: name, answer: deps.catalogs.tables(place, deps.clock.now()) }
    asked.set(id, call)
    return call
  }
  const answerOf = async (id: TargetId, call: Asked): Asked['answer'] => {
    try {
      return await call.answer
    } finally {
      if (asked.get(id) === call) asked.delete(id)
    }
  }

  return async (target) => {
    const place = placeOf(target)
    const name = JSON.stringify(place)
    const known = held.get(target.id)
    if (known?.place === name && isFresh(known.snapshot)) return accept(known.snapshot)
    const answer = await answerOf(target.id, callFor(target.id, place, name))
    if (!answer.ok) return awsRefused(answer)
    if (!isFresh(answer.value)) return stale
    held.set(target.id, { place: name, snapshot: answer.value })
    return accept(answer.value)
  }
}

/**
 * What a person may ask for, with its tables as they are now and the class of each column. Without
 * an offer `unknown_target`, in the same words whether the target exists or not.
 */
export const targetDetail = async (
  catalogOf: CatalogOf,
  offer: TargetOffer | undefined,
  target: Target | undefined
): Promise<Result<TargetDetail>> => {
  if (!offer || !target) return unknownTarget
  const found = await catalogOf(target)
  if (!found.ok) return found
  const { at, tables } = found.value
  return accept({
    ...offer,
    catalog: {
      at,
      tables: tablesOf(target).flatMap((name) => {
        const table = tables.get(name)
        return table ? [tableDetail(target, name, table)] : []
      }),
      missing: missingOf(target, tables)
    }
  })
}

const stale = refuse(
  'aws_unavailable',
  'glue:GetTables took so long that its answer is too old to rely on. Try again in a while.'
)

const placeOf = ({ region, account, data }: Target): CatalogPlace => ({
  region,
  account,
  databases: [...new Set(data.map(({ database }) => database))]
})

const tableDetail = (target: Target, name: string, table: CatalogTable): TableDetail => {
  const classes = classesOf(target, name)
  return {
    table: name,
    type: table.type,
    version: table.version,
    partitionKeys: table.partitionKeys,
    columns: table.columns.map(([column, type]) => {
      return { name: column, type, class: classes.get(column) ?? null }
    })
  }
}

/** Tables the target names and the catalog does not show, then classified columns likewise. */
const missingOf = (
  target: Target,
  tables: ReadonlyMap<string, CatalogTable>
): readonly string[] => [
  ...tablesOf(target).filter((name) => !tables.has(name)),
  ...tablesOf(target).flatMap((name) => {
    const there = tables.get(name)?.columns.map(([column]) => column)
    return [...classesOf(target, name).keys()]
      .filter((column) => there && !there.includes(column))
      .map((column) => `${name}.${column}`)
  })
]

const classesOf = (target: Target, table: string): ReadonlyMap<string, string> =>
  new Map(Object.entries(Object.hasOwn(target.columns, table) ? (target.columns[table] ?? {}) : {}))
