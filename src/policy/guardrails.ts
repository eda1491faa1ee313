/**
 * Guardrail documents to `Guardrail`. Refused: tables that no target has, and a column that is both
 * denied and allowed in aggregates. Targets list only their classified columns, so a column is
 * told only where it nearly is one of them.
 */
import type { SourceDocument } from './document.ts'
import type { GuardrailDocument } from './guardrail-schema.ts'
import { errorAt, hint, quote, warningAt } from './issue.ts'
import { textsAt } from './names.ts'
import { type Part, valueAt } from './part.ts'
import type { Guardrail, PolicyIssue, Restrictions } from './policy.ts'
import type { RuleDocument } from './rule-schema.ts'
import type { TargetDocument } from './target-schema.ts'

/** Of no guardrail: nothing is restricted. */
export const unrestricted: Restrictions = {
  tables: null,
  denyColumns: {},
  aggregateOnlyColumns: {},
  requirePartitionPredicate: false,
  requireLimit: null,
  forbidCrossJoin: false,
  forbidFunctions: [],
  defaultDatabase: null
}

/** What guardrails name that is not there; `targets` are all of the organisation's. */
export const guardrailIssues = (
  documents: readonly SourceDocument[],
  targets: readonly TargetDocument[]
): readonly PolicyIssue[] => {
  const tables = new Set(targets.flatMap(tableNames))
  const classified = new Map(targets.flatMap(({ columns }) => Object.entries(columns ?? {})))
  return documents.flatMap((document) => [
    ...tablesNamed(document)
      .filter(({ text }) => text.includes('.') && !tables.has(text))
      .map((named) => {
        const message = `no target has the table ${quote(named.text)}${hint(named.text, tables)}`
        return errorAt(named, 'unresolved', message)
      }),
    ...columnsNamed(document).flatMap((named) => {
      const known = Object.keys(classified.get(named.table) ?? {})
      const nearest = known.includes(named.text) ? '' : hint(named.text, known)
      const message = `${quote(named.text)} is no classified column of ${named.table}${nearest}`
      return nearest === '' ? [] : [warningAt(named, 'unresolved', message)]
    }),
    ...twoWays(document)
  ])
}

/** Rules whose guardrail allows no table of one of their targets. */
export const wiringIssues = (
  rules: readonly Part<RuleDocument>[],
  guardrails: readonly GuardrailDocument[],
  targets: readonly TargetDocument[]
): readonly PolicyIssue[] => {
  const allowed = new Map(guardrails.map(({ guardrail, tables }) => [guardrail, tables]))
  const owned = new Map(targets.map((target) => [target.target, tableNames(target)]))
  return rules.flatMap(({ document, path, value }) => {
    const tables = allowed.get(value.guardrail ?? '')
    if (tables === undefined) return []
    const readable = new Set(tables)
    return value.targets
      .filter((target) => owned.get(target)?.every((name) => !readable.has(name)))
      .map((target) => {
        const place = { document, path: [...path, 'guardrail'] }
        return warningAt(place, 'contradiction', `it allows no table of ${quote(target)}`)
      })
  })
}

/** A guardrail whose document has no issues. */
export const guardrailOf = (value: GuardrailDocument): Guardrail => ({
  id: value.guardrail,
  tables: value.tables ?? null,
  denyColumns: value.denyColumns ?? {},
  aggregateOnlyColumns: value.aggregateOnlyColumns ?? {},
  requirePartitionPredicate: value.requirePartitionPredicate ?? false,
  requireLimit: value.requireLimit ?? null,
  forbidCrossJoin: value.forbidCrossJoin ?? false,
  forbidFunctions: value.forbidFunctions ?? [],
  defaultDatabase: value.defaultDatabase ?? null
})

/** `database.table` of every table of a target's document. */
export const tableNames = ({ data }: Pick<TargetDocument, 'data'>): readonly string[] =>
  data.flatMap(({ database, tables }) => tables.map((name) => `${database}.${name}`))

const columnLists = ['denyColumns', 'aggregateOnlyColumns'] as const

const tablesNamed = (document: SourceDocument) => [
  ...textsAt([document], ['tables', '*']),
  ...columnLists.flatMap((list) =>
    keysOf(valueAt(document.value, list)).map((text) => ({ document, path: [list, text], text }))
  )
]

const columnsNamed = (document: SourceDocument) =>
  columnLists.flatMap((list) =>
    textsAt([document], [list, '*', '*']).map((named) => {
      return { ...named, list, table: String(named.path[1]) }
    })
  )

const twoWays = (document: SourceDocument): readonly PolicyIssue[] => {
  const named = columnsNamed(document)
  const denied = new Set(named.filter(isDenied).map(({ table, text }) => `${table}.${text}`))
  return named
    .filter((column) => !isDenied(column) && denied.has(`${column.table}.${column.text}`))
    .map((column) => {
      return errorAt(column, 'contradiction', `${quote(column.text)} is in denyColumns too`)
    })
}

const isDenied = ({ list }: { readonly list: string }): boolean => list === 'denyColumns'

const keysOf = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
