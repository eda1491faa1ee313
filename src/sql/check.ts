/**
 * The check of one query before it runs: text → what it reads, and every reason why it may not.
 * Pure. Fail-closed: what is not understood is refused, an exception is `INTERNAL`, running out of
 * stack or measure is `TOO_COMPLEX`. The text that was checked is the text that may run, to the
 * letter.
 */
import type { Query } from './ast.ts'
import type { Catalog, Column, Table } from './catalog.ts'
import { judge } from './guard.ts'
import { type Parsed, parse } from './parser.ts'
import { type Finding, type Refusal, refusalsOf } from './refusal.ts'
import { type Objection, type Resolution, TooComplex } from './resolution.ts'
import { resolve } from './resolve.ts'
import { type Grant, type Guardrail, restrictionsOf } from './restrictions.ts'
import { located } from './tokens.ts'

export type Check = {
  readonly sql: string
  readonly catalog: Catalog
  readonly guardrail: Guardrail
  /** what an elevation holds to; left out: the guardrail alone */
  readonly grant?: Grant | null
}

export type Verdict = {
  readonly decision: 'allow' | 'refuse'
  /** in the order of the text, at most a thousand of one rule; none when allowed */
  readonly refusals: readonly Refusal[]
  /** `database.table` → its columns, sorted: what Trino's access control would be asked */
  readonly reads: Readonly<Record<string, readonly string[]>>
  /** each column of the answer and the `database.table.column`s its value is made of */
  readonly outputs: readonly VerdictOutput[]
  /** its tree, of which `shapeOf` makes a text without literals; null where there is none */
  readonly query: Query | null
}

export type VerdictOutput = { readonly name: string | null; readonly columns: readonly string[] }

/** Checks one text. Never throws. */
export const check = ({ sql, catalog, guardrail, grant = null }: Check): Verdict => {
  try {
    const parsed = parse(sql)
    if (!parsed.ok) return refused(parsed.refusals)
    return checkQuery(parsed, { sql, catalog, guardrail, grant })
  } catch (error) {
    return refused(refusalsOf(sql, [findingOf(error, sql)]))
  }
}

/**
 * The verdict as its requester may see it: whether a table or a view that is not in the grant
 * exists is not told, in code, sentence or hint.
 */
export const asRequesterSees = (verdict: Verdict): Verdict => ({
  ...verdict,
  refusals: verdict.refusals.map((refusal) => {
    if (!hiding.has(refusal.code)) return refusal
    const { message, line, column, offset, length, object = {} } = refusal
    const place = { line, column, offset, length }
    return { code: 'TABLE_NOT_GRANTED', message, ...place, object, rule: 'tables' }
  })
})

const hiding: ReadonlySet<Refusal['code']> = new Set([
  'UNKNOWN_TABLE',
  'TABLE_NOT_GRANTED',
  'VIEW_NOT_ALLOWED'
])

const checkQuery = (
  { query, tokens }: Extract<Parsed, { readonly ok: true }>,
  { sql, catalog, guardrail, grant }: Check & { readonly grant: Grant | null }
): Verdict => {
  const restrictions = restrictionsOf(guardrail, grant)
  const { isGranted } = restrictions
  const { defaultDatabase } = guardrail
  const resolution = resolve({ query, catalog, defaultDatabase, isGranted })
  const judged = judge(resolution, restrictions)
  const objections = judged.length === 0 ? unsaid(query, resolution) : judged
  const refusals = refusalsOf(sql, objections.map((one) => located(tokens, one)))
  return {
    decision: refusals.length === 0 ? 'allow' : 'refuse',
    refusals: distinct(refusals),
    reads: readsOf(resolution),
    outputs: resolution.outputs.map(({ name, columns }) => ({
      name,
      columns: [...columns].map((column) => `${column.table.id}.${column.name}`).toSorted()
    })),
    query
  }
}

/** What could not be resolved hides what is read of it: should no rule say so, this does. */
const unsaid = ({ at }: Query, { strangers, problems }: Resolution): readonly Objection[] =>
  strangers.length === 0 && problems.length === 0
    ? []
    : [{ code: 'INTERNAL', message: 'the query could not be resolved', at }]

const readsOf = ({ reads, stars, specifications }: Resolution): Verdict['reads'] => {
  const columns = new Set<Column>()
  for (const { column } of reads) columns.add(column)
  for (const star of stars) for (const column of star.columns) columns.add(column)
  const all = new Map<Table, string[]>()
  for (const { scans } of specifications) for (const { table } of scans) all.set(table, [])
  for (const { table, name } of columns) {
    const names = all.get(table)
    if (names === undefined) all.set(table, [name])
    else names.push(name)
  }
  const sorted = [...all].toSorted(([one], [other]) => (one.id < other.id ? -1 : 1))
  return Object.fromEntries(sorted.map(([table, names]) => [table.id, names.toSorted()]))
}

/** The same is said once of one place. */
const distinct = (refusals: readonly Refusal[]): readonly Refusal[] =>
  refusals.filter((one, n) => {
    // they are in the order of the text: those of one place follow one another
    for (let before = n - 1; before >= 0; before--) {
      const other = refusals[before]
      if (other === undefined || other.offset !== one.offset) return true
      const isSame = other.length === one.length && other.code === one.code
      if (isSame && other.message === one.message) return false
    }
    return true
  })

const refused = (refusals: readonly Refusal[]): Verdict => ({
  decision: 'refuse',
  refusals,
  reads: {},
  outputs: [],
  query: null
})

const findingOf = (error: unknown, sql: string): Finding => {
  const at = { offset: 0, length: sql.length }
  if (error instanceof TooComplex) return { code: 'TOO_COMPLEX', message: error.message, at }
  return error instanceof RangeError
    ? { code: 'TOO_COMPLEX', message: 'the query is too deep to be checked', at }
    : { code: 'INTERNAL', message: 'the query could not be checked', at }
}
