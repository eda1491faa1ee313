/**
 * The words of Trino's grammar (version 414) the parser looks for, and which of them are reserved.
 * A word that is not reserved is also a name wherever the grammar takes one. Words the parser
 * never looks for are plain names to it, which is the same to Trino.
 */
import { letterA } from './lexer-units.ts'

export const reservedWords = [
  'ALTER', 'AND', 'AS', 'BETWEEN', 'BY', 'CASE', 'CAST', 'CONSTRAINT', 'CREATE', 'CROSS', 'CUBE',
  'CURRENT_CATALOG', 'CURRENT_DATE', 'CURRENT_PATH', 'CURRENT_ROLE', 'CURRENT_SCHEMA',
  'CURRENT_TIME', 'CURRENT_TIMESTAMP', 'CURRENT_USER', 'DEALLOCATE', 'DELETE', 'DESCRIBE',
  'DISTINCT', 'DROP', 'ELSE', 'END', 'ESCAPE', 'EXCEPT', 'EXECUTE', 'EXISTS', 'EXTRACT', 'FALSE',
  'FOR', 'FROM', 'FULL', 'GROUP', 'GROUPING', 'HAVING', 'IN', 'INNER', 'INSERT', 'INTERSECT',
  'INTO', 'IS', 'JOIN', 'JSON_ARRAY', 'JSON_EXISTS', 'JSON_OBJECT', 'JSON_QUERY', 'JSON_TABLE',
  'JSON_VALUE', 'LEFT', 'LIKE', 'LISTAGG', 'LOCALTIME', 'LOCALTIMESTAMP', 'NATURAL', 'NORMALIZE',
  'NOT', 'NULL', 'ON', 'OR', 'ORDER', 'OUTER', 'PREPARE', 'RECURSIVE', 'RIGHT', 'ROLLUP', 'SELECT',
  'SKIP', 'TABLE', 'THEN', 'TRIM', 'TRUE', 'UESCAPE', 'UNION', 'UNNEST', 'USING', 'VALUES', 'WHEN',
  'WHERE', 'WITH'
] as const

export const freeWords = [
  'ABSENT', 'AFTER', 'ALL', 'ANY', 'ARRAY', 'ASC', 'AT', 'BERNOULLI', 'BOTH', 'CONDITIONAL',
  'COPARTITION', 'COUNT', 'CURRENT', 'DAY', 'DEFAULT', 'DEFINE', 'DESC', 'DESCRIPTOR', 'DOUBLE',
  'EMPTY', 'ENCODING', 'ERROR', 'FETCH', 'FILTER', 'FINAL', 'FIRST', 'FOLLOWING', 'FORMAT',
  'FUNCTION', 'GROUPS', 'HOUR', 'IGNORE', 'INITIAL', 'INTERVAL', 'JSON', 'KEEP', 'KEY', 'KEYS',
  'LAST', 'LATERAL', 'LEADING', 'LIMIT', 'MAP', 'MATCH', 'MATCHES', 'MATCH_RECOGNIZE', 'MEASURES',
  'MINUTE', 'MONTH', 'NEXT', 'NFC', 'NFD', 'NFKC', 'NFKD', 'NULLS', 'OBJECT', 'OF', 'OFFSET',
  'OMIT', 'ONE', 'ONLY', 'ORDINALITY', 'OVER', 'OVERFLOW', 'PARTITION', 'PASSING', 'PAST',
  'PATTERN', 'PER', 'PERMUTE', 'POSITION', 'PRECEDING', 'PRECISION', 'PRUNE', 'QUOTES', 'RANGE',
  'RESPECT', 'RETURNING', 'ROW', 'ROWS', 'RUNNING', 'SCALAR', 'SECOND', 'SEEK', 'SESSION', 'SETS',
  'SHOW', 'SOME', 'SUBSET', 'SUBSTRING', 'SYSTEM', 'TABLESAMPLE', 'TIES', 'TIME', 'TIMESTAMP', 'TO',
  'TRAILING', 'TRUNCATE', 'TRY_CAST', 'UNBOUNDED', 'UNCONDITIONAL', 'UNIQUE', 'UNKNOWN',
  'UNMATCHED', 'UTF16', 'UTF32', 'UTF8', 'VALUE', 'VERSION', 'WINDOW', 'WITHIN', 'WITHOUT',
  'WRAPPER', 'YEAR', 'ZONE'
] as const

export type ReservedWord = (typeof reservedWords)[number]
export type FreeWord = (typeof freeWords)[number]
export type Word = ReservedWord | FreeWord

/** The word of the grammar that stands there in any case, if what stands there is one. */
export const wordAt = (sql: string, from: number, to: number): Word | null => {
  const like = wordsLike[likeness(to - from, sql.charCodeAt(from))]
  if (like !== undefined) for (const word of like) if (isWritten(sql, from, word)) return word
  return null
}

/** One number for a length and a first letter, in any case; below zero for what no word has. */
const likeness = (length: number, first: number): number =>
  length > 32 ? -1 : length * 32 + (first & 31)

/** Those of one length and first letter: one to three, so that no text is cut out to look it up. */
const wordsLike: readonly (readonly Word[])[] = [...reservedWords, ...freeWords].reduce(
  (all: Word[][], word) => {
    const like = likeness(word.length, word.charCodeAt(0))
    all[like] = [...(all[like] ?? []), word]
    return all
  },
  []
)

/** Whether the word stands there, in any case, given that as many units of a word do. */
const isWritten = (sql: string, from: number, word: Word): boolean => {
  for (let at = 1; at < word.length; at++) {
    const unit = sql.charCodeAt(from + at)
    if ((unit >= letterA ? unit - 32 : unit) !== word.charCodeAt(at)) return false
  }
  return true
}

/**
 * First words of statements that are no queries: Trino's own, and those Athena adds
 * (Hive DDL, UNLOAD, OPTIMIZE, VACUUM, USING EXTERNAL FUNCTION).
 */
export const statementWords: ReadonlySet<string> = new Set([
  'ABORT', 'ALTER', 'ANALYZE', 'CALL', 'CLUSTER', 'COMMENT', 'COMMIT', 'COPY', 'CREATE',
  'DEALLOCATE', 'DELETE', 'DENY', 'DESC', 'DESCRIBE', 'DFS', 'DROP', 'EXECUTE', 'EXPLAIN', 'EXPORT',
  'GRANT', 'IMPORT', 'INSERT', 'KILL', 'LOAD', 'LOCK', 'MERGE', 'MSCK', 'OPTIMIZE', 'PREPARE',
  'REFRESH', 'RELOAD', 'REPAIR', 'REPLACE', 'RESET', 'REVOKE', 'ROLLBACK', 'SET', 'SHOW', 'START',
  'TRUNCATE', 'UNLOAD', 'UNLOCK', 'UPDATE', 'USE', 'USING', 'VACUUM'
])

/**
 * Second words that belong to the name of such a statement, as in `CREATE TABLE` or `EXPLAIN
 * ANALYZE`.
 */
export const secondWords: ReadonlySet<string> = new Set([
  'ANALYZE', 'CATALOG', 'COLUMNS', 'CREATE', 'DATABASE', 'DATABASES', 'EXTERNAL', 'FUNCTION',
  'FUNCTIONS', 'IMMEDIATE', 'INPUT', 'INTO', 'MATERIALIZED', 'OUTPUT', 'PARTITIONS', 'PATH',
  'PREPARE', 'REPAIR', 'ROLE', 'SCHEMA', 'SCHEMAS', 'SESSION', 'STATS', 'TABLE', 'TABLES',
  'TBLPROPERTIES', 'TRANSACTION', 'VIEW', 'VIEWS'
])
