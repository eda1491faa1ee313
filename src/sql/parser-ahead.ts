/**
 * What Trino's parser finds out by trying every alternative, this one decides from the tokens
 * ahead:
 * whether a bracket holds a query, and whether a word that could be a name starts a clause.
 * Each decision looks at a few tokens or at one level of brackets, so parsing stays linear.
 */
import { type Cursor, isName, partnerOf, peek } from './parser-cursor.ts'
import type { TokenKind } from './tokens.ts'

/**
 * What stands in the parentheses that open at token `n`: a query; nothing but a query in
 * parentheses
 * of its own (`wrapped`, which is a query too, but `x IN ((SELECT 1))` is a list); or no query.
 */
export const queryIn = (c: Cursor, n: number): 'query' | 'wrapped' | 'none' => {
  const kinds = c.tokens.kinds
  let first = n + 1
  while (kinds[first] === '(') first++
  if (!startsQuery(kinds[first], kinds[first + 1])) return 'none'
  if (first === n + 1) return 'query'
  // A query in inner parentheses takes no WITH of its own: there it is a subquery, so an expression
  // or relation.
  if (kinds[first] === 'WITH') return 'none'
  for (let open = first - 1; open > n; open--) {
    const after = partnerOf(c, open) + 1
    if (kinds[after] !== ')' && !continuesQuery(c, after)) return 'none'
  }
  return kinds[partnerOf(c, n + 1) + 1] === ')' ? 'wrapped' : 'query'
}

const startsQuery = (kind: TokenKind | undefined, next: TokenKind | undefined): boolean =>
  kind === 'SELECT' || kind === 'WITH' || kind === 'VALUES' || (kind === 'TABLE' && next !== '(')

const continuesQuery = (c: Cursor, n: number): boolean => {
  const kind = c.tokens.kinds[n]
  if (kind === 'UNION' || kind === 'EXCEPT' || kind === 'INTERSECT' || kind === 'ORDER') return true
  return startsLimit(kind, c.tokens.kinds[n + 1])
}

const startsLimit = (kind: TokenKind | undefined, next: TokenKind | undefined): boolean => {
  if (kind === 'LIMIT') return next === 'INTEGER' || next === '?' || next === 'ALL'
  if (kind === 'OFFSET') return next === 'INTEGER' || next === '?'
  return kind === 'FETCH' && (next === 'FIRST' || next === 'NEXT')
}

/** Whether the next token is an alias: a name, and not the word that starts the clause after. */
export const isAliasNext = (c: Cursor): boolean => {
  const kind = peek(c)
  if (!isName(kind)) return false
  if (kind === 'NAME' || kind === 'QUOTED_NAME') return true
  const next = peek(c, 1)
  if (startsLimit(kind, next)) return false
  if (kind === 'WINDOW') return !(isName(next) && peek(c, 2) === 'AS' && peek(c, 3) === '(')
  if (kind === 'TABLESAMPLE') return !(
    (next === 'BERNOULLI' || next === 'SYSTEM') && peek(c, 2) === '('
  )
  return !(kind === 'MATCH_RECOGNIZE' && next === '(')
}

const expressionWords: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'STRING', 'UNICODE_STRING', 'BINARY', 'INTEGER', 'DECIMAL', 'DOUBLE_VALUE', '(', '?', '+', '-',
  'CASE', 'CAST', 'CURRENT_CATALOG', 'CURRENT_DATE', 'CURRENT_PATH', 'CURRENT_SCHEMA',
  'CURRENT_TIME', 'CURRENT_TIMESTAMP', 'CURRENT_USER', 'EXISTS', 'EXTRACT', 'FALSE', 'GROUPING',
  'JSON_ARRAY', 'JSON_EXISTS', 'JSON_OBJECT', 'JSON_QUERY', 'JSON_VALUE', 'LISTAGG', 'LOCALTIME',
  'LOCALTIMESTAMP', 'NORMALIZE', 'NOT', 'NULL', 'TRIM', 'TRUE'
])

/** Whether an expression can begin with a token of this kind. */
export const startsExpression = (kind: TokenKind): boolean =>
  isName(kind) || expressionWords.has(kind)
