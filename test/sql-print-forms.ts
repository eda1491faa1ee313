/** The forms that have words of their own, printed: JSON functions, row patterns, arguments of table functions. */
import type { JsonForm, JsonFormat, JsonInput, JsonOutput, JsonPath, JsonValueBehavior } from '../src/sql/ast-json.ts'
import type { Matching, PatternQuantifier, RowPattern, RowsPerMatch, SkipTo } from '../src/sql/ast-pattern.ts'
import type { TableArgument, TableFunctionArgument } from '../src/sql/ast-table-function.ts'
import { aliases, dotted, expression, list, name, operand, printQuery, set, sortItem, text, type, words } from './sql-print.ts'

export const json = (node: JsonForm): string => {
  switch (node.kind) {
    case 'JsonExists':
      return `JSON_EXISTS(${words(path(node), node.onError && `${node.onError} ON ERROR`)})`
    case 'JsonValue': {
      const { returning, onEmpty, onError } = node
      const behaviors = words(onEmpty && `${behavior(onEmpty)} ON EMPTY`, onError && `${behavior(onError)} ON ERROR`)
      return `JSON_VALUE(${words(path(node), returning && `RETURNING ${type(returning)}`, behaviors)})`
    }
    case 'JsonQuery': {
      const wrapper = node.wrapper && { WITHOUT: 'WITHOUT', CONDITIONAL: 'WITH CONDITIONAL', UNCONDITIONAL: 'WITH' }[node.wrapper]
      const onEmpty = node.onEmpty && `${node.onEmpty.replace('_', ' ')} ON EMPTY`
      const onError = node.onError && `${node.onError.replace('_', ' ')} ON ERROR`
      return `JSON_QUERY(${words(path(node), output(node.returning), wrapper && `${wrapper} WRAPPER`, node.quotes && `${node.quotes} QUOTES`, onEmpty, onError)})`
    }
    case 'JsonObject': {
      const members = list(node.members, ({ key, value }) => `KEY ${operand(key)} VALUE ${input(value)}`)
      const keys = node.uniqueKeys && `${node.uniqueKeys} UNIQUE KEYS`
      return `JSON_OBJECT(${words(members, node.nulls && `${node.nulls} ON NULL`, keys, output(node.returning))})`
    }
    case 'JsonArray':
      return `JSON_ARRAY(${words(list(node.items, input), node.nulls && `${node.nulls} ON NULL`, output(node.returning))})`
  }
}

const format = (node: JsonFormat | null): string =>
  words(node && 'FORMAT JSON', node !== null && node !== 'JSON' && `ENCODING ${node}`)
const input = (node: JsonInput): string => words(expression(node.value), format(node.format))
const output = (node: JsonOutput | null): string => (node ? words('RETURNING', type(node.type), format(node.format)) : '')
const path = (node: JsonPath): string =>
  words(
    `${input(node.input)}, ${text(node.path)}`,
    node.passing.length > 0 && `PASSING ${list(node.passing, (one) => `${input(one.input)} AS ${name(one.name)}`)}`
  )
const behavior = (node: JsonValueBehavior): string => (node.kind === 'Default' ? `DEFAULT ${expression(node.value)}` : node.kind)

/** What stands before the rows, and after them. */
export const clauses = (node: Matching): readonly [string, string] => [
  node.measures.length > 0 ? `MEASURES ${list(node.measures, (one) => `${expression(one.expression)} AS ${name(one.name)}`)}` : '',
  words(
    node.skipTo && skip(node.skipTo),
    node.search,
    node.pattern && `PATTERN (${pattern(node.pattern)})`,
    node.subsets.length > 0 && `SUBSET ${list(node.subsets, (one) => `${name(one.name)} =${aliases(one.union)}`)}`,
    node.definitions.length > 0 && `DEFINE ${list(node.definitions, (one) => `${name(one.name)} AS ${expression(one.expression)}`)}`
  )
]

export const rows: Readonly<Record<RowsPerMatch, string>> = {
  ONE: 'ONE ROW PER MATCH',
  ALL: 'ALL ROWS PER MATCH',
  ALL_SHOW_EMPTY: 'ALL ROWS PER MATCH SHOW EMPTY MATCHES',
  ALL_OMIT_EMPTY: 'ALL ROWS PER MATCH OMIT EMPTY MATCHES',
  ALL_UNMATCHED: 'ALL ROWS PER MATCH WITH UNMATCHED ROWS'
}

const skip = (node: SkipTo): string => {
  if (node.variable === null) return `AFTER MATCH SKIP ${node.position === 'NEXT_ROW' ? 'TO NEXT ROW' : 'PAST LAST ROW'}`
  return words('AFTER MATCH SKIP TO', node.position !== 'VARIABLE' && node.position, name(node.variable))
}

const pattern = (node: RowPattern): string => {
  switch (node.kind) {
    case 'PatternAlternation':
      return node.patterns.map((one) => (one.kind === 'PatternAlternation' ? `(${pattern(one)})` : pattern(one))).join(' | ')
    case 'PatternConcatenation':
      return node.patterns.map((one) => (one.kind === 'QuantifiedPattern' ? pattern(one) : patternPart(one))).join(' ')
    case 'PatternPermutation':
      return `PERMUTE(${list(node.patterns, pattern)})`
    case 'QuantifiedPattern':
      return `${patternPart(node.pattern)}${quantifier(node.quantifier)}`
    case 'PatternVariable':
      return name(node.name)
    case 'PatternAnchor':
      return node.mark
    case 'PatternExclusion':
      return `{- ${pattern(node.pattern)} -}`
    case 'EmptyPattern':
      return '()'
  }
}

const patternPart = (node: RowPattern): string =>
  ['PatternAlternation', 'PatternConcatenation', 'QuantifiedPattern'].includes(node.kind) ? `(${pattern(node)})` : pattern(node)
const quantifier = (node: PatternQuantifier): string =>
  `${node.kind === 'range' ? `{${node.from ?? ''},${node.to ?? ''}}` : node.kind}${node.isReluctant ? '?' : ''}`

export const argument = (node: TableFunctionArgument): string => words(node.name && `${name(node.name)} =>`, argumentValue(node.value))
const argumentValue = (node: TableFunctionArgument['value']): string => {
  if (node.kind === 'TableArgument') return tableArgument(node)
  if (node.kind !== 'Descriptor') return expression(node)
  if (node.fields.length === 0) return 'CAST(NULL AS DESCRIPTOR)'
  return `DESCRIPTOR(${list(node.fields, (field) => words(name(field.name), field.type && type(field.type)))})`
}
const tableArgument = (node: TableArgument): string =>
  words(
    `TABLE(${node.table.kind === 'Query' ? printQuery(node.table) : dotted(node.table.parts)})`,
    node.alias && `AS ${name(node.alias)}${aliases(node.columnAliases)}`,
    node.partitionBy && `PARTITION BY ${set(node.partitionBy)}`,
    node.whenEmpty && `${node.whenEmpty} WHEN EMPTY`,
    node.orderBy.length > 0 && `ORDER BY (${list(node.orderBy, sortItem)})`
  )
