/**
 * Queries checked per second over TPC-DS, with names resolved and the guardrail held against them,
 * beside what dt-sql-parser and node-sql-parser need only to parse them; then how long one query of
 * 2 KB takes, and one of 64 KB. All sides take turns in one run. The queries are read from the
 * corpora beside the project; without them there are no figures.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { join, resolve } from 'node:path'
import { type Catalog, parseCatalog } from '../../src/sql/catalog.ts'
import { check } from '../../src/sql/check.ts'
import type { Guardrail } from '../../src/sql/restrictions.ts'
import { type Figure, median, rounded } from './figures.ts'

const corpus = resolve(import.meta.dirname, '../../../shared/corpus/sql')
const rounds = 9
const warmMs = 3000
const roundMs = 250

type Side = (sql: string) => boolean

export const sqlFigures = async (): Promise<readonly Figure[]> => {
  if (!existsSync(join(corpus, 'access.jsonl'))) return []
  const queries = tpcds()
  const one: Side = (sql) => check({ sql, catalog, guardrail }).decision === 'allow'
  // before the others are loaded, which leave more to collect than ours
  const bySize = sizes(one)
  const sides: Readonly<Record<string, Side>> = { checked: one, ...(await others()) }
  const taken = Object.entries(sides).map(([name, side]) => [name, queries.filter(side).length] as const)
  const accepted = Object.fromEntries(taken)
  if (accepted['checked'] !== queries.length) throw new Error('a query of TPC-DS is refused')
  const rates: Record<string, number[]> = {}
  for (const side of Object.values(sides)) rate(side, queries, warmMs)
  for (let round = 0; round < rounds; round++) {
    for (const [name, side] of Object.entries(sides)) (rates[name] ??= []).push(rate(side, queries, roundMs))
  }
  const perSecond = Object.fromEntries(Object.entries(rates).map(([name, all]) => [name, rounded(median(all), 0)]))
  const ours = perSecond['checked'] ?? Number.NaN
  const dt = perSecond['dtSqlParser'] ?? Number.NaN
  const times = rounded(ours / dt, 1)
  return [
    {
      figure: 'sql_tpcds_checked',
      value: ours,
      unit: 'queries/s',
      target: '>= 10x of what dt-sql-parser parses',
      ok: times >= 10,
      beside: {
        ...perSecond,
        timesDtSqlParser: times,
        queries: queries.length,
        parsedByDtSqlParser: accepted['dtSqlParser'] ?? Number.NaN,
        parsedByNodeSqlParser: accepted['nodeSqlParser'] ?? Number.NaN
      }
    },
    ...bySize
  ]
}

/** Queries per second, of whole passes over all of them, for at least so many milliseconds. */
const rate = (side: Side, queries: readonly string[], ms: number): number => {
  const began = performance.now()
  let passes = 0
  do {
    for (const sql of queries) side(sql)
    passes++
  } while (performance.now() - began < ms)
  return (passes * queries.length * 1000) / (performance.now() - began)
}

/** By the clock, as whoever waits has it; the processor's time, all threads, is beside it. */
const sizes = (one: Side): readonly Figure[] => {
  const small = ofBytes(2048)
  const large = ofBytes(65_536)
  const times = (sql: string, count: number): readonly Times[] =>
    Array.from({ length: count }, () => {
      const [clock, cpu] = [performance.now(), process.cpuUsage()]
      one(sql)
      const { user, system } = process.cpuUsage(cpu)
      return { cpuMs: (user + system) / 1000, clockMs: performance.now() - clock }
    })
  times(small, 2000)
  times(large, 60)
  // as much text in either half of a turn, so that it takes about as long: what else the machine
  // does, and collecting what the checks leave, then falls on both alike
  const many = Math.round(large.length / small.length)
  const turns = Array.from({ length: 120 }, () => [times(small, many), times(large, 1)] as const)
  const smalls = turns.flatMap(([fast]) => fast)
  const larges = turns.flatMap(([, slow]) => slow)
  const means = turns.map(([fast]) => meanOf(fast))
  const p99 = rounded(at(smalls, 'clockMs', 0.99), 3)
  const ratio = rounded(at(larges, 'clockMs', 0.5) / at(means, 'clockMs', 0.5))
  return [
    {
      figure: 'sql_2kb_check_p99',
      value: p99,
      unit: 'ms',
      target: '<= 1',
      ok: p99 <= 1,
      beside: {
        p50Ms: rounded(at(smalls, 'clockMs', 0.5), 3),
        cpuP50Ms: rounded(at(smalls, 'cpuMs', 0.5), 3),
        cpuP99Ms: rounded(at(smalls, 'cpuMs', 0.99), 3)
      }
    },
    {
      figure: 'sql_64kb_to_2kb',
      value: ratio,
      unit: 'ratio of times',
      target: '<= 40',
      ok: ratio <= 40,
      beside: {
        ms64KB: rounded(at(larges, 'clockMs', 0.5)),
        cpuRatio: rounded(at(larges, 'cpuMs', 0.5) / at(means, 'cpuMs', 0.5)),
        ratioOfMedians: rounded(at(larges, 'clockMs', 0.5) / at(smalls, 'clockMs', 0.5)),
        ratioOfTexts: rounded(large.length / small.length)
      }
    }
  ]
}

type Times = { readonly cpuMs: number; readonly clockMs: number }

const meanOf = (all: readonly Times[]): Times => {
  const mean = (which: keyof Times): number =>
    all.reduce((sum, one) => sum + one[which], 0) / all.length
  return { cpuMs: mean('cpuMs'), clockMs: mean('clockMs') }
}

const at = (all: readonly Times[], which: keyof Times, share: number): number => {
  const sorted = all.map((one) => one[which]).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}

/** The same joins, predicates and aggregates, as often as they fit. */
const part = (n: number): string =>
  `SELECT i.i_item_id, sum(ss.ss_net_paid) AS paid${n} FROM store_sales ss JOIN item i ON ss.ss_item_sk = i.i_item_sk JOIN date_dim d ON d.d_date_sk = ss.ss_sold_date_sk WHERE d.d_year = 2000 AND i.i_category IN ('Music', 'Books') GROUP BY i.i_item_id HAVING count(*) > ${n}`

const ofBytes = (bytes: number): string => {
  const parts: string[] = []
  let length = 0
  for (let n = 0; length + part(n).length + 11 <= bytes; n++) {
    parts.push(part(n))
    length += part(n).length + 11
  }
  return parts.join(' UNION ALL ')
}

const catalogOfTpcds = (): Catalog => {
  const text = readFileSync(join(corpus, 'schema-tpcds.json'), 'utf8')
  const { tables } = JSON.parse(text) as { tables: Record<string, string[]> }
  const parsed = parseCatalog({
    defaultCatalog: 'awsdatacatalog',
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, columns]) => [
        `tpcds.${name}`,
        { type: 'table', columns: columns.map((column) => [column, 'varchar']) }
      ])
    )
  })
  if (!parsed.ok) throw new Error('the schema of TPC-DS is no catalog')
  return parsed.catalog
}

const catalog = existsSync(join(corpus, 'schema-tpcds.json')) ? catalogOfTpcds() : { name: '', databases: new Map() }

const guardrail: Guardrail = {
  tables: null,
  denyColumns: { 'tpcds.customer': ['c_email_address', 'c_login'] },
  aggregateOnlyColumns: {},
  requirePartitionPredicate: false,
  requireLimit: null,
  forbidCrossJoin: false,
  forbidFunctions: [],
  defaultDatabase: 'tpcds'
}

type Row = { readonly sql: string; readonly schema_ref: string }

const tpcds = (): readonly string[] =>
  readFileSync(join(corpus, 'access.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
    .filter(({ schema_ref: ref }) => ref === 'schema-tpcds.json')
    .map(({ sql }) => sql)
    .filter((sql) => !/c_email_address|c_login/.test(sql))

/** dt-sql-parser is for bundlers: its modules do not say that they are, and leave out endings. */
const asBundled = `
  export const resolve = async (specifier, context, next) => {
    const isWithin = /dt-sql-parser/.test(context.parentURL ?? '') && specifier.startsWith('.')
    for (const end of isWithin ? ['.js', '/index.js', ''] : ['']) {
      try {
        const found = await next(specifier + end, context)
        return /dt-sql-parser/.test(found.url) ? { ...found, format: 'module' } : found
      } catch (error) {
        if (end === '') throw error
      }
    }
  }`

type DtSqlParser = {
  readonly TrinoSQL: new () => { readonly parse: (sql: string, onError: () => void) => object }
}

type NodeSqlParser = {
  readonly Parser: new () => { readonly astify: (sql: string, options: { readonly database: string }) => object }
}

/** What only parses, and whether it takes the query. Of what node-sql-parser has, `athena` takes most. */
const others = async (): Promise<Readonly<Record<string, Side>>> => {
  register(`data:text/javascript,${encodeURIComponent(asBundled)}`)
  // named by a variable, for its types are written for bundlers too
  const name = 'dt-sql-parser'
  const { TrinoSQL } = (await import(name)) as DtSqlParser
  const { Parser } = createRequire(import.meta.url)('node-sql-parser') as NodeSqlParser
  const dt = new TrinoSQL()
  const node = new Parser()
  return {
    dtSqlParser: (sql) => {
      let isValid = true
      dt.parse(sql, () => (isValid = false))
      return isValid
    },
    nodeSqlParser: (sql) => {
      try {
        node.astify(sql, { database: 'athena' })
        return true
      } catch {
        return false
      }
    }
  }
}
