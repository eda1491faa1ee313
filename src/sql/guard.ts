/**
 * The guard: every rule over what a query turned out to read. All of them are asked, so that one
 * answer tells everything that is wrong; a query that none of them refuses may run.
 */
import { functionKind } from './functions.ts'
import { aggregateOnlyColumns, deniedColumns, leftOutColumns, stars } from './guard-columns.ts'
import { crossJoins } from './guard-joins.ts'
import { missingLimit } from './guard-limit.ts'
import { unnarrowedScans } from './guard-partition.ts'
import {
  foreignCatalogs,
  metadataTables,
  sampledTables,
  ungrantedTables,
  ungrantedViews,
  unknownTables
} from './guard-tables.ts'
import type { Objection, Resolution } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'

export type Rule = {
  readonly name: string
  readonly judge: (resolution: Resolution, restrictions: Restrictions) => readonly Objection[]
}

const unresolvedNames = ({ problems }: Resolution): readonly Objection[] => problems

const unknownFunctions = ({ functions }: Resolution): readonly Objection[] =>
  functions
    .filter(({ name }) => functionKind(name) === null)
    .map(({ at, name }) => ({
      code: 'FUNCTION_FORBIDDEN',
      rule: 'functions',
      at,
      message: `${name} is no function that queries may call`,
      object: { function: name },
      ...(name.includes('.') ? { hint: 'call functions by their own name alone' } : {})
    }))

const forbiddenFunctions = (
  { functions }: Resolution,
  { isForbidden }: Restrictions
): readonly Objection[] =>
  functions
    .filter(({ name }) => isForbidden(name))
    .map(({ at, name }) => ({
      code: 'FUNCTION_FORBIDDEN',
      rule: 'forbid_functions',
      at,
      message: `the function ${name} is forbidden`,
      object: { function: name }
    }))

const parameters = ({ parameters: places }: Resolution): readonly Objection[] =>
  places.map((at) => ({
    code: 'PARAMETERS',
    rule: 'parameters',
    at,
    message: '? stands for a value that nobody gives',
    hint: 'write the value itself'
  }))

/** The rules, each by itself: without any one of them something would be let through. */
export const rules: readonly Rule[] = [
  { name: 'names', judge: unresolvedNames },
  { name: 'catalogs', judge: foreignCatalogs },
  { name: 'metadata', judge: metadataTables },
  { name: 'unknown_tables', judge: unknownTables },
  { name: 'tables', judge: ungrantedTables },
  { name: 'views', judge: ungrantedViews },
  { name: 'tablesample', judge: sampledTables },
  { name: 'deny_columns', judge: deniedColumns },
  { name: 'columns', judge: leftOutColumns },
  { name: 'aggregate_only_columns', judge: aggregateOnlyColumns },
  { name: 'star', judge: stars },
  { name: 'functions', judge: unknownFunctions },
  { name: 'forbid_functions', judge: forbiddenFunctions },
  { name: 'parameters', judge: parameters },
  { name: 'require_partition_predicate', judge: unnarrowedScans },
  { name: 'require_limit', judge: missingLimit },
  { name: 'forbid_cross_join', judge: crossJoins }
]

/** What each of these rules says, in no order. */
export const judge = (
  resolution: Resolution,
  restrictions: Restrictions,
  by: readonly Rule[] = rules
): readonly Objection[] => by.flatMap((rule) => rule.judge(resolution, restrictions))
