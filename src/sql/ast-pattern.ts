/**
 * Row pattern recognition: MATCH_RECOGNIZE after a relation, and the same clauses in the frame of a
 * window. Chains within a pattern are lists; what nests in it is counted like anything else.
 */
import type { Expression, Identifier, Relation, Some, SortItem } from './ast.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }

/** `relation MATCH_RECOGNIZE (…)`; an alias stands around it. */
export type PatternRecognition = Node<'PatternRecognition'> & {
  readonly relation: Relation
  readonly match: MatchRecognize
}
export type MatchRecognize = Node<'MatchRecognize'> & {
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortItem[]
  readonly rowsPerMatch: RowsPerMatch | null
  readonly matching: Matching
}
export type RowsPerMatch = 'ONE' | 'ALL' | 'ALL_SHOW_EMPTY' | 'ALL_OMIT_EMPTY' | 'ALL_UNMATCHED'

/** `pattern` is null in a frame only, which may leave it out. */
export type Matching = {
  readonly measures: readonly MeasureDefinition[]
  readonly skipTo: SkipTo | null
  readonly search: 'INITIAL' | 'SEEK' | null
  readonly pattern: RowPattern | null
  readonly subsets: readonly SubsetDefinition[]
  readonly definitions: readonly VariableDefinition[]
}
export type MeasureDefinition = Node<'MeasureDefinition'> & {
  readonly expression: Expression
  readonly name: Identifier
}
export type SubsetDefinition = Node<'SubsetDefinition'> & {
  readonly name: Identifier
  readonly union: Some<Identifier>
}
export type VariableDefinition = Node<'VariableDefinition'> & {
  readonly name: Identifier
  readonly expression: Expression
}
/** AFTER MATCH SKIP; a `variable` for TO, TO FIRST and TO LAST of one. */
export type SkipTo = Node<'SkipTo'> &
  (
    | { readonly position: 'NEXT_ROW' | 'PAST_LAST_ROW'; readonly variable: null }
    | { readonly position: 'FIRST' | 'LAST' | 'VARIABLE'; readonly variable: Identifier }
  )

/** `a b | c`: concatenation binds tighter. An anchor is `^` or `$`, an exclusion `{- … -}`. */
export type RowPattern =
  | (Node<'PatternAlternation' | 'PatternConcatenation' | 'PatternPermutation'> & {
      readonly patterns: Some<RowPattern>
    })
  | (Node<'QuantifiedPattern'> & {
      readonly pattern: RowPattern
      readonly quantifier: PatternQuantifier
    })
  | (Node<'PatternVariable'> & { readonly name: Identifier })
  | (Node<'PatternAnchor'> & { readonly mark: '^' | '$' })
  | (Node<'PatternExclusion'> & { readonly pattern: RowPattern })
  | Node<'EmptyPattern'>
/** `*`, `+`, `?`, `{2}` (from 2 to 2), `{2,}`, `{,2}`; reluctant with a `?` after it. */
export type PatternQuantifier = { readonly isReluctant: boolean } & (
  | { readonly kind: '*' | '+' | '?' }
  | { readonly kind: 'range'; readonly from: string | null; readonly to: string | null }
)
