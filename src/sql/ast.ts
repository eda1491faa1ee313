/**
 * The typed tree of a Trino query (grammar of version 414), named after Trino's own grammar.
 * Every node says where it stands in the text. Chains (AND, OR, +, ||, UNION, JOIN) are lists,
 * so no walk recurses over their length; what does nest, chains of `[…]` included, is at most
 * 100 deep.
 * Parentheses leave no node, as in Trino: `(t).x` is `t.x`. Queries alone have a tree; what of them
 * is not supported is for the resolver to say.
 */
import type { JsonForm } from './ast-json.ts'
import type { CurrentName, Literal } from './ast-literal.ts'
import type { Matching, PatternRecognition } from './ast-pattern.ts'
import type { TableFunction } from './ast-table-function.ts'
import type { DataType } from './ast-type.ts'
import type { Stretch } from './tokens.ts'

type Node<K extends string> = { readonly kind: K; readonly at: Stretch }
/** At least one. */
export type Some<T> = readonly [T, ...(readonly T[])]

/**
 * `value` is what was written without its quotes (`""` undone), `name` the same in ASCII lower
 * case.
 */
export type Identifier = Node<'Identifier'> & {
  readonly value: string
  readonly isQuoted: boolean
  readonly name: string
}
/** `a.b.c`: a table, or a function. */
export type QualifiedName = Node<'QualifiedName'> & { readonly parts: Some<Identifier> }

/* Queries */

/**
 * A query with what precedes and follows its body. ORDER BY belongs to the body when that is a
 * `QuerySpecification`.
 */
export type Query = Node<'Query'> & {
  readonly recursive: Recursive | null
  readonly with: readonly NamedQuery[]
  readonly body: QueryBody
  readonly orderBy: readonly SortItem[]
  readonly offset: RowCount | null
  readonly limit: Limit | FetchFirst | null
}
/** The word RECURSIVE after WITH. */
export type Recursive = Node<'Recursive'>
/** One CTE: `name (columns) AS (query)`. */
export type NamedQuery = Node<'NamedQuery'> & {
  readonly name: Identifier
  readonly columnAliases: readonly Identifier[]
  readonly query: Query
}
export type QueryBody = QuerySpecification | SetOperation | Table | Values | TableSubquery
/** SELECT … FROM … WHERE … GROUP BY … HAVING … WINDOW. `from` items are separated by commas. */
export type QuerySpecification = Node<'QuerySpecification'> & {
  readonly quantifier: SetQuantifier | null
  readonly select: Some<SelectItem>
  readonly from: readonly Relation[]
  readonly where: Expression | null
  readonly groupBy: GroupBy | null
  readonly having: Expression | null
  readonly windows: readonly WindowDefinition[]
}
export type SetQuantifier = 'DISTINCT' | 'ALL'
/**
 * Left to right: `first UNION term UNION ALL term …`; INTERSECT binds tighter and stands as a term
 * of its own.
 */
export type SetOperation = Node<'SetOperation'> & {
  readonly first: QueryBody
  readonly rest: Some<SetTerm>
}
export type SetTerm = Node<'SetTerm'> & {
  readonly operator: 'UNION' | 'EXCEPT' | 'INTERSECT'
  readonly quantifier: SetQuantifier | null
  readonly body: QueryBody
}
/** A table by name: as a relation in FROM, or as a query, `TABLE t`, which has no period. */
export type Table = Node<'Table'> & {
  readonly name: QualifiedName
  readonly period: QueryPeriod | null
}
/** Time travel: `FOR TIMESTAMP AS OF end`. */
export type QueryPeriod = Node<'QueryPeriod'> & {
  readonly type: 'TIMESTAMP' | 'VERSION'
  readonly end: Expression
}
/** `VALUES row, row`; a row is a `Row` or, with one column, any expression. */
export type Values = Node<'Values'> & { readonly rows: Some<Expression> }
/** `(query)`: as a relation in FROM, or as (part of) a query. */
export type TableSubquery = Node<'TableSubquery'> & { readonly query: Query }

export type SelectItem = SingleColumn | AllColumns
export type SingleColumn = Node<'SingleColumn'> & {
  readonly expression: Expression
  readonly alias: Identifier | null
}
/** `*` (target null) or `target.*`, where the target is a relation's name or a row. */
export type AllColumns = Node<'AllColumns'> & {
  readonly target: Expression | null
  readonly aliases: readonly Identifier[]
}

/** `count` null for `?`. */
export type RowCount = Node<'RowCount'> & { readonly count: string | null }
/** LIMIT; `count` null for ALL. */
export type Limit = Node<'Limit'> & { readonly count: RowCount | null }
/** FETCH FIRST; `count` null when not said, which is one row. */
export type FetchFirst = Node<'FetchFirst'> & {
  readonly count: RowCount | null
  readonly withTies: boolean
}
export type SortItem = Node<'SortItem'> & {
  readonly expression: Expression
  readonly ordering: 'ASC' | 'DESC' | null
  readonly nulls: 'FIRST' | 'LAST' | null
}

export type GroupBy = Node<'GroupBy'> & {
  readonly quantifier: SetQuantifier | null
  readonly elements: Some<GroupingElement>
}
/** `SimpleGroupBy` has one set: `a`, `(a, b)`, or `()`, which is the empty one. */
export type GroupingElement = Node<'SimpleGroupBy' | 'Rollup' | 'Cube' | 'GroupingSets'> & {
  readonly sets: readonly (readonly Expression[])[]
}

/* Relations */

export type Relation =
  | Table
  | AliasedRelation
  | TableSubquery
  | Unnest
  | Lateral
  | Join
  | SampledRelation
  | PatternRecognition
  | TableFunction
/** `relation AS alias (columns)`. */
export type AliasedRelation = Node<'AliasedRelation'> & {
  readonly relation: Relation
  readonly alias: Identifier
  readonly columnAliases: readonly Identifier[]
}
export type Unnest = Node<'Unnest'> & {
  readonly expressions: Some<Expression>
  readonly withOrdinality: boolean
}
export type Lateral = Node<'Lateral'> & { readonly query: Query }
/**
 * Left to right: `first JOIN step.right … JOIN step.right …`. A join in `right` stood further right
 * before its ON.
 */
export type Join = Node<'Join'> & { readonly first: Relation; readonly rest: Some<JoinStep> }
/** `criteria` is null for CROSS only. */
export type JoinStep = Node<'JoinStep'> & {
  readonly type: 'CROSS' | 'INNER' | 'LEFT' | 'RIGHT' | 'FULL'
  readonly right: Relation
  readonly criteria: JoinOn | JoinUsing | JoinNatural | null
}
export type JoinOn = Node<'JoinOn'> & { readonly expression: Expression }
export type JoinUsing = Node<'JoinUsing'> & { readonly columns: Some<Identifier> }
/** NATURAL, in front of the join: on all columns that both sides have. */
export type JoinNatural = Node<'JoinNatural'>
export type SampledRelation = Node<'SampledRelation'> & {
  readonly relation: Relation
  readonly method: 'BERNOULLI' | 'SYSTEM'
  readonly percentage: Expression
}

/* Expressions */

export type Expression =
  | Literal
  | ColumnReference
  | Logical
  | Not
  | Predicate
  | Operation
  | Access
  | Call
  | SpecialForm
  | JsonForm
  | Subquery

/** `a`, `t.a`, `s.t.a.field`: which parts are the column is for the resolver to say. */
export type ColumnReference = Node<'ColumnReference'> & { readonly parts: Some<Identifier> }
export type Logical = Node<'Logical'> & {
  readonly operator: 'AND' | 'OR'
  readonly terms: Some<Expression>
}
export type Not = Node<'Not'> & { readonly value: Expression }

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>='
export type Predicate =
  | (Node<'Comparison'> & {
      readonly operator: ComparisonOperator
      readonly left: Expression
      readonly right: Expression
    })
  | (Node<'QuantifiedComparison'> & {
      readonly operator: ComparisonOperator
      readonly quantifier: 'ALL' | 'SOME' | 'ANY'
      readonly value: Expression
      readonly query: Query
    })
  | (Node<'Between'> & Negatable & { readonly lower: Expression; readonly upper: Expression })
  | (Node<'InList'> & Negatable & { readonly items: Some<Expression> })
  | (Node<'InSubquery'> & Negatable & { readonly query: Query })
  | (Node<'Like'> &
      Negatable & {
        readonly pattern: Expression
        readonly escape: Expression | null
      })
  | (Node<'IsNull'> & Negatable)
  | (Node<'IsDistinctFrom'> & Negatable & { readonly right: Expression })
type Negatable = { readonly value: Expression; readonly isNegated: boolean }

/** `Arithmetic` goes left to right with operators of one precedence, `Concatenation` is `||`. */
export type Operation =
  | (Node<'Arithmetic'> & { readonly first: Expression; readonly rest: Some<ArithmeticStep> })
  | (Node<'ArithmeticUnary'> & { readonly operator: '+' | '-'; readonly value: Expression })
  | (Node<'Concatenation'> & { readonly terms: Some<Expression> })
  | (Node<'AtTimeZone'> & { readonly value: Expression; readonly zone: Literal })
export type ArithmeticStep = {
  readonly operator: '+' | '-' | '*' | '/' | '%'
  readonly value: Expression
}

/** `base.field` is a `Dereference` only when the base is no name: a call, a subscript, a row. */
export type Access =
  | (Node<'Dereference'> & { readonly base: Expression; readonly field: Identifier })
  | (Node<'Subscript'> & { readonly base: Expression; readonly index: Expression })

export type Call = FunctionCall | Measure | Listagg | Lambda
/**
 * `isStar` for `count(*)`; `coalesce`, `if`, `nullif`, `try` are calls like any other. Patterns
 * alone have `processing`, and a `label` as in `count(A.*)`.
 */
export type FunctionCall = Node<'FunctionCall'> & {
  readonly name: QualifiedName
  readonly processing: 'RUNNING' | 'FINAL' | null
  readonly isStar: boolean
  readonly label: Identifier | null
  readonly quantifier: SetQuantifier | null
  readonly arguments: readonly Expression[]
  readonly orderBy: readonly SortItem[]
  readonly filter: Expression | null
  readonly nullTreatment: 'IGNORE' | 'RESPECT' | null
  readonly over: Over | null
}
/** `name OVER w`: what a window that recognises a pattern measures. */
export type Measure = Node<'Measure'> & { readonly name: Identifier; readonly over: Over }
/** `LISTAGG(value, 'separator' ON OVERFLOW …) WITHIN GROUP (ORDER BY …)`. */
export type Listagg = Node<'Listagg'> & {
  readonly quantifier: SetQuantifier | null
  readonly value: Expression
  readonly separator: string | null
  readonly overflow: ListaggOverflow | null
  readonly withinGroup: Some<SortItem>
  readonly filter: Expression | null
}
export type ListaggOverflow =
  | { readonly kind: 'Error' }
  | { readonly kind: 'Truncate'; readonly filler: string | null; readonly withCount: boolean }
/** `x -> body`, `(x, y) -> body`. Its parameters shadow columns in the body. */
export type Lambda = Node<'Lambda'> & {
  readonly parameters: readonly Identifier[]
  readonly body: Expression
}

/** OVER w, by reference, or OVER (…), with a specification. */
export type Over = WindowReference | WindowSpecification
export type WindowReference = Node<'WindowReference'> & { readonly name: Identifier }
export type WindowSpecification = Node<'WindowSpecification'> & {
  readonly existingName: Identifier | null
  readonly partitionBy: readonly Expression[]
  readonly orderBy: readonly SortItem[]
  readonly frame: WindowFrame | null
}
export type WindowDefinition = Node<'WindowDefinition'> & {
  readonly name: Identifier
  readonly window: WindowSpecification
}
/** `end` null when BETWEEN is not said, `matching` where it recognises no pattern. */
export type WindowFrame = Node<'WindowFrame'> & {
  readonly type: 'RANGE' | 'ROWS' | 'GROUPS'
  readonly start: FrameBound
  readonly end: FrameBound | null
  readonly matching: Matching | null
}
/** `value` null for UNBOUNDED; CURRENT ROW is a type of its own. */
export type FrameBound =
  | (Node<'FrameBound'> & {
      readonly type: 'PRECEDING' | 'FOLLOWING'
      readonly value: Expression | null
    })
  | (Node<'FrameBound'> & { readonly type: 'CURRENT_ROW'; readonly value: null })

/** What the grammar spells with words of its own. */
export type SpecialForm =
  | (Node<'Row'> & { readonly items: Some<Expression> })
  | (Node<'ArrayConstructor'> & { readonly items: readonly Expression[] })
  | (Node<'Case'> & {
      readonly operand: Expression | null
      readonly whens: Some<WhenClause>
      readonly otherwise: Expression | null
    })
  | (Node<'Cast'> & {
      readonly isTry: boolean
      readonly value: Expression
      readonly type: DataType
    })
  | (Node<'Extract'> & { readonly field: Identifier; readonly value: Expression })
  | (Node<'Trim'> & {
      readonly specification: 'LEADING' | 'TRAILING' | 'BOTH' | null
      readonly character: Expression | null
      readonly value: Expression
    })
  | (Node<'Position'> & { readonly needle: Expression; readonly value: Expression })
  | (Node<'Substring'> & {
      readonly value: Expression
      readonly start: Expression
      readonly length: Expression | null
    })
  | (Node<'Normalize'> & {
      readonly value: Expression
      readonly form: 'NFD' | 'NFC' | 'NFKD' | 'NFKC' | null
    })
  | (Node<'Grouping'> & { readonly columns: readonly ColumnReference[] })
  | (Node<'CurrentValue'> & { readonly name: CurrentName; readonly precision: string | null })
export type WhenClause = Node<'WhenClause'> & {
  readonly condition: Expression
  readonly result: Expression
}
export type Subquery =
  | (Node<'SubqueryExpression'> & { readonly query: Query })
  | (Node<'Exists'> & { readonly query: Query })
