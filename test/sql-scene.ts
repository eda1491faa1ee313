/** The catalog and the guardrails of the evasion corpus, and checks in their words. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { unrestricted } from '../src/policy/guardrails.ts'
import { type Catalog, parseCatalog } from '../src/sql/catalog.ts'
import { type Verdict, check } from '../src/sql/check.ts'
import type { Grant, Guardrail } from '../src/sql/restrictions.ts'
import { root } from './place.ts'

type Tables = Record<string, { type: 'table' | 'view'; columns: [string, string][]; partition_keys?: string[] }>

type GrantDocument = {
  readonly same_as?: string
  readonly allow?: string[]
  readonly deny_columns?: Record<string, string[]>
  readonly aggregate_only_columns?: Record<string, string[]>
  readonly require_partition_predicate?: boolean
  readonly require_limit?: number
  readonly forbid_cross_join?: boolean
  readonly forbid_functions?: string[]
  readonly default_database?: string
}

export type Evasion = {
  readonly id: string
  readonly sql: string
  readonly schema_ref: string
  readonly expect: 'allow' | 'deny'
  readonly code?: string
  readonly may_refuse?: boolean
}

const here = join(root, 'test')
const schema = JSON.parse(readFileSync(join(here, 'sql-schema.json'), 'utf8')) as {
  default_catalog: string
  catalog: Tables
  grants: Record<string, GrantDocument>
}

export const catalogOf = (document: unknown): Catalog => {
  const parsed = parseCatalog(document)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.catalog
}

/** The catalog as the file of `sallyport guard` has it. */
export const catalogDocument = {
  defaultCatalog: schema.default_catalog,
  tables: Object.fromEntries(
    Object.entries(schema.catalog).map(([id, { type, columns, partition_keys: partitionKeys = [] }]) => [
      id,
      { type, columns, partitionKeys }
    ])
  )
}

export const catalog = catalogOf(catalogDocument)

export const open: Guardrail = unrestricted

/** One of the corpus: analyst, analyst_pii, strict, aggregate, logs. */
export const guardrail = (name: string): Guardrail => {
  const named = schema.grants[name]
  if (named === undefined) throw new Error(`no grant ${name}`)
  const all: GrantDocument = { ...(named.same_as ? schema.grants[named.same_as] : {}), ...named }
  return {
    tables: all.allow ?? null,
    denyColumns: all.deny_columns ?? {},
    aggregateOnlyColumns: all.aggregate_only_columns ?? {},
    requirePartitionPredicate: all.require_partition_predicate ?? false,
    requireLimit: all.require_limit ?? null,
    forbidCrossJoin: all.forbid_cross_join ?? false,
    forbidFunctions: all.forbid_functions ?? [],
    defaultDatabase: all.default_database ?? null
  }
}

const made = new Map<string, Guardrail>()
export const guardrailNamed = (name: string): Guardrail => {
  const known = made.get(name) ?? guardrail(name)
  made.set(name, known)
  return known
}

export const lines = (path: string): readonly unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))

export const evasions = lines(join(here, 'sql-evasion.jsonl')) as readonly Evasion[]

export const grantOf = ({ schema_ref: ref }: Evasion): string => ref.split('/').at(-1) ?? ''

export const checked = (sql: string, name = 'analyst', grant: Grant | null = null): Verdict =>
  check({ sql, catalog, guardrail: guardrailNamed(name), grant })

export const codesOf = ({ refusals }: Verdict): readonly string[] => refusals.map(({ code }) => code)

const corpus = resolve(here, '../../shared/corpus/sql')

/** A file of the corpora beside the project; null where they are not. */
export const corpusFile = (name: string): string | null =>
  existsSync(join(corpus, name)) ? join(corpus, name) : null
