/**
 * The guard as the broker's port takes it: a snapshot of Glue in, a verdict without the query's
 * tree out, in full and as its requester may see it. Nothing is refused here that the guard lets
 * through.
 */
import type { QueryVerdict } from '../elevation/refusal.ts'
import type { CatalogSnapshot } from '../ports.ts'
import type { CheckOf, Checked } from '../ports-queries.ts'
import { type Catalog, parseCatalog } from '../sql/catalog.ts'
import { type Verdict, asRequesterSees, check } from '../sql/check.ts'
import { type Finding, refusalsOf } from '../sql/refusal.ts'
import { shapeOf } from '../sql/shape.ts'

/** Athena's name of the account's own Glue Data Catalog. */
const catalogName = 'awsdatacatalog'

/** One check, on this thread. Never throws. */
export const checkNow = ({ sql, catalog: snapshot, guardrail, grant }: CheckOf): Checked => {
  const catalog = catalogOf(snapshot)
  if (catalog === null) return refusedAs(sql, 'INTERNAL', 'the catalog cannot be understood')
  return shownBoth(check({ sql, catalog, guardrail, grant }))
}

/** A text that was refused without the guard having come to an end. */
export const refusedAs = (
  sql: string,
  code: Extract<Finding['code'], 'TOO_COMPLEX' | 'INTERNAL'>,
  message: string
): Checked => {
  const refusals = refusalsOf(sql, [{ code, message, at: { offset: 0, length: sql.length } }])
  const verdict = { decision: 'refuse', refusals, reads: {}, shape: null } as const
  return { full: verdict, shown: verdict }
}

const shownBoth = (verdict: Verdict): Checked => {
  const shape = verdict.query && shapeOrNull(verdict.query)
  const plain = ({ decision, refusals, reads }: Verdict): QueryVerdict => {
    return { decision, refusals, reads, shape }
  }
  const full = plain(verdict)
  return { full, shown: hiding(plain(asRequesterSees(verdict))) }
}

/** What a refused query would have read is not told: names that were resolved are there. */
const hiding = (shown: QueryVerdict): QueryVerdict =>
  shown.refusals.some(({ code }) => code === 'TABLE_NOT_GRANTED') ? { ...shown, reads: {} } : shown

const shapeOrNull = (query: NonNullable<Verdict['query']>): string | null => {
  try {
    return shapeOf(query)
  } catch (error) {
    // a tree that is too deep to be printed; the verdict stands by itself
    if (error instanceof RangeError) return null
    throw error
  }
}

const known = new WeakMap<CatalogSnapshot, Catalog | null>()

const catalogOf = (snapshot: CatalogSnapshot): Catalog | null => {
  const before = known.get(snapshot)
  if (before !== undefined) return before
  const tables = [...snapshot.tables].map(
    ([name, { type, columns, partitionKeys }]) => [name, { type, columns, partitionKeys }] as const
  )
  const parsed = parseCatalog({ defaultCatalog: catalogName, tables: Object.fromEntries(tables) })
  const catalog = parsed.ok ? parsed.catalog : null
  known.set(snapshot, catalog)
  return catalog
}
