/** Row pattern recognition without its literals. The numbers of a quantifier are literals too. */
import type {
  MatchRecognize,
  Matching,
  PatternQuantifier,
  RowPattern,
  SkipTo
} from './ast-pattern.ts'
import { type Inner, commas, expressionShape, nameShape, orderShape } from './shape-expression.ts'

export const matchShape = (node: MatchRecognize, inner: Inner): string => {
  const { partitionBy, orderBy, rowsPerMatch, matching } = node
  const { measures, rest } = matchingShape(matching, inner)
  const parts = [
    partitionBy.length === 0 ? '' : `PARTITION BY ${commas(partitionBy, inner)}`,
    orderShape(orderBy, inner),
    measures,
    rowsPerMatch === null ? '' : rows[rowsPerMatch],
    rest
  ]
  return `MATCH_RECOGNIZE (${joined(parts)})`
}

/** What precedes the rows, and what follows them. */
export const matchingShape = (
  { measures, skipTo, search, pattern, subsets, definitions }: Matching,
  inner: Inner
): { readonly measures: string; readonly rest: string } => {
  const measured = measures.map(
    ({ expression, name }) => `${expressionShape(expression, inner)} AS ${nameShape(name)}`
  )
  const sets = subsets.map(
    ({ name, union }) => `${nameShape(name)} = (${union.map(nameShape).join(', ')})`
  )
  const defined = definitions.map(
    ({ name, expression }) => `${nameShape(name)} AS ${expressionShape(expression, inner)}`
  )
  const parts = [
    skipTo === null ? '' : skipShape(skipTo),
    search ?? '',
    pattern === null ? '' : `PATTERN (${patternShape(pattern)})`,
    listed('SUBSET', sets),
    listed('DEFINE', defined)
  ]
  return { measures: listed('MEASURES', measured), rest: joined(parts) }
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ')

const listed = (word: string, shapes: readonly string[]): string =>
  shapes.length === 0 ? '' : `${word} ${shapes.join(', ')}`

const rows = {
  ONE: 'ONE ROW PER MATCH',
  ALL: 'ALL ROWS PER MATCH',
  ALL_SHOW_EMPTY: 'ALL ROWS PER MATCH SHOW EMPTY MATCHES',
  ALL_OMIT_EMPTY: 'ALL ROWS PER MATCH OMIT EMPTY MATCHES',
  ALL_UNMATCHED: 'ALL ROWS PER MATCH WITH UNMATCHED ROWS'
} as const

const skipShape = ({ position, variable }: SkipTo): string => {
  if (variable === null) return `AFTER MATCH SKIP ${skips[position]}`
  const place = position === 'VARIABLE' ? '' : `${position} `
  return `AFTER MATCH SKIP TO ${place}${nameShape(variable)}`
}

const skips = { NEXT_ROW: 'TO NEXT ROW', PAST_LAST_ROW: 'PAST LAST ROW' } as const

const patternShape = (node: RowPattern): string => {
  switch (node.kind) {
    case 'PatternAlternation':
      return node.patterns.map(patternShape).join(' | ')
    case 'PatternConcatenation':
      return node.patterns.map(part).join(' ')
    case 'PatternPermutation':
      return `PERMUTE(${node.patterns.map(patternShape).join(', ')})`
    case 'QuantifiedPattern':
      return `${part(node.pattern)}${quantifierShape(node.quantifier)}`
    case 'PatternVariable':
      return nameShape(node.name)
    case 'PatternAnchor':
      return node.mark
    case 'PatternExclusion':
      return `{- ${patternShape(node.pattern)} -}`
    case 'EmptyPattern':
      return '()'
  }
}

const chains: ReadonlySet<RowPattern['kind']> = new Set([
  'PatternAlternation',
  'PatternConcatenation',
  'QuantifiedPattern'
])

/** One spelling, however it was bracketed. */
const part = (node: RowPattern): string =>
  chains.has(node.kind) ? `(${patternShape(node)})` : patternShape(node)

const quantifierShape = (quantifier: PatternQuantifier): string => {
  const range = quantifier.kind === 'range' ? '{?}' : quantifier.kind
  return quantifier.isReluctant ? `${range}?` : range
}
