/**
 * The words of Trino's grammar (version 414) the parser looks for, and which of them are reserved.
 * A word that is not reserved is also a name wherever the grammar takes one. Words the parser
 * never looks for are plain names to it, which is the same to Trino.
 */
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
  'AFTER', 'ALL', 'ANY', 'ARRAY', 'ASC', 'AT', 'BERNOULLI', 'BOTH', 'COUNT', 'CURRENT', 'DAY',
  'DESC', 'DOUBLE', 'ERROR', 'FETCH', 'FILTER', 'FINAL', 'FIRST', 'FOLLOWING', 'FUNCTION', 'GROUPS',
  'HOUR', 'IGNORE', 'INTERVAL', 'LAST', 'LATERAL', 'LEADING', 'LIMIT', 'MAP', 'MATCH_RECOGNIZE',
  'MEASURES', 'MINUTE', 'MONTH', 'NEXT', 'NFC', 'NFD', 'NFKC', 'NFKD', 'NULLS', 'OFFSET', 'ONLY',
  'ORDINALITY', 'OVER', 'OVERFLOW', 'PARTITION', 'PATTERN', 'POSITION', 'PRECEDING', 'PRECISION',
  'RANGE', 'RESPECT', 'ROW', 'ROWS', 'RUNNING', 'SECOND', 'SESSION', 'SETS', 'SOME', 'SUBSTRING',
  'SYSTEM', 'TABLESAMPLE', 'TIES', 'TIME', 'TIMESTAMP', 'TO', 'TRAILING', 'TRUNCATE', 'TRY_CAST',
  'UNBOUNDED', 'WINDOW', 'WITHIN', 'WITHOUT', 'YEAR', 'ZONE'
] as const

export type ReservedWord = (typeof reservedWords)[number]
export type FreeWord = (typeof freeWords)[number]
export type Word = ReservedWord | FreeWord

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
