/** Text to tree: what Trino's grammar takes, what is refused and where, and that nothing kills the process. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Query } from '../src/sql/ast.ts'
import { maxBytes, maxTokens } from '../src/sql/lexer.ts'
import { parse } from '../src/sql/parser.ts'
import { type RefusalCode, placeOf } from '../src/sql/refusal.ts'
import { freeWords, reservedWords } from '../src/sql/words.ts'
import { printQuery } from './sql-print.ts'

const corpus = resolve(import.meta.dirname, '../../shared/corpus/sql')
type Row = {
  readonly id: string
  readonly sql: string
  readonly class?: string
  readonly trino414?: boolean
  readonly layer?: string
  readonly code?: string
}
const rowsOf = (file: string): readonly Row[] =>
  readFileSync(join(corpus, file), 'utf8').trim().split('\n').map((line) => JSON.parse(line))

const codesOf = (sql: string): readonly RefusalCode[] => {
  const result = parse(sql)
  return result.ok ? [] : result.refusals.map((refusal) => refusal.code)
}
/** The tree without its places. */
const shape = (node: unknown): string => JSON.stringify(node, (key, value: unknown) => (key === 'at' ? undefined : value))
const queryOf = (sql: string): Query => {
  const result = parse(sql)
  if (!result.ok) throw new RangeError(`${result.refusals[0].message} in ${sql}`)
  return result.query
}
const expressionOf = (sql: string): unknown => {
  const { body } = queryOf(`SELECT ${sql}`)
  const item = body.kind === 'QuerySpecification' ? body.select[0] : undefined
  return item?.kind === 'SingleColumn' ? item.expression : item
}
const roundTrips = (sql: string): boolean => {
  const query = queryOf(sql)
  return shape(queryOf(printQuery(query))) === shape(query)
}

if (existsSync(corpus)) {
  t.test('corpus: every query of the grammar is parsed, save constructs refused by name', async (t) => {
    const queries = rowsOf('valid.jsonl').filter((row) => row.class === 'query' && row.trino414)
    const constructs = new Map<string, number>()
    const others: string[] = []
    let parsed = 0
    for (const { id, sql } of queries) {
      const result = parse(sql)
      if (result.ok) {
        parsed++
        if (!roundTrips(sql)) others.push(`${id} changes when printed`)
        continue
      }
      const [{ code, message }] = result.refusals
      if (code === 'UNSUPPORTED') constructs.set(message, (constructs.get(message) ?? 0) + 1)
      else others.push(`${id} ${code} ${message}`)
    }
    const refused = [...constructs.values()].reduce((sum, count) => sum + count, 0)
    t.comment(`${queries.length} queries: ${parsed} parsed, ${refused} refused by construct, ${others.length} otherwise`)
    for (const [message, count] of constructs) t.comment(`  ${count} × ${message}`)
    t.same(others, [])
    t.ok(parsed / (queries.length - refused) >= 0.99)
    t.same([...constructs.keys()].map((message) => message.replace(' is not supported', '')).toSorted(), [
      'JSON_ARRAY', 'JSON_EXISTS', 'JSON_OBJECT', 'JSON_QUERY', 'JSON_VALUE', 'MATCH_RECOGNIZE', 'NATURAL JOIN',
      "U&'' literals are not supported", 'WITH RECURSIVE', 'a table function', 'pattern recognition', 'time travel'
    ].toSorted())
  })

  t.test('corpus: what the grammar does not take, and what is no query, is refused', async (t) => {
    const invalid = rowsOf('invalid.jsonl').filter((row) => row.layer === 'grammar')
    t.same(invalid.filter(({ sql }) => parse(sql).ok).map(({ id }) => id), [], `${invalid.length} that are no Trino`)
    const athena = rowsOf('athena_only.jsonl')
    const named = athena.filter(({ sql }) => codesOf(sql)[0] === 'NOT_READ_ONLY')
    t.comment(`${invalid.length} invalid and ${athena.length} of Athena only, ${named.length} of them told as not read-only`)
    t.same(athena.filter(({ sql }) => parse(sql).ok).map(({ id }) => id), [], `${athena.length} of Athena only`)
    const others = rowsOf('valid.jsonl').filter((row) => row.class !== 'query')
    t.same(others.filter(({ sql }) => codesOf(sql)[0] !== 'NOT_READ_ONLY').map(({ id }) => id), [], `${others.length} statements`)
  })
} else {
  t.comment('the corpora are not beside the project: run without them')
}

t.test('a statement that does more than read is told by its name', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['EXPLAIN ANALYZE SELECT 1', 'EXPLAIN ANALYZE'],
    ['explain (type io) SELECT 1', 'EXPLAIN'],
    ['CREATE TABLE x AS SELECT 1', 'CREATE TABLE'],
    ['create external table `x` (a int)', 'CREATE EXTERNAL'],
    ["UNLOAD (SELECT 1) TO 's3://x/'", 'UNLOAD'],
    ['/* SELECT */ DROP TABLE t', 'DROP TABLE'],
    ['-- SELECT\rMSCK REPAIR TABLE t', 'MSCK REPAIR'],
    ['PREPARE p FROM SELECT 1', 'PREPARE'],
    ['EXECUTE p', 'EXECUTE'],
    ["USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'l' SELECT f(1)", 'USING EXTERNAL'],
    ['WITH FUNCTION f(x bigint) RETURNS bigint RETURN x SELECT f(1)', 'WITH FUNCTION'],
    ['SHOW TABLES', 'SHOW TABLES'],
    ['DESC t', 'DESC'],
    ['VACUUM t', 'VACUUM'],
    ["OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE a = 'x'", 'OPTIMIZE']
  ]
  for (const [sql, name] of cases) {
    const result = parse(sql)
    t.equal(result.ok ? '' : result.refusals[0].code, 'NOT_READ_ONLY', sql)
    t.ok(!result.ok && result.refusals[0].message.startsWith(`${name} is`), sql)
  }
  t.same(codesOf('WITH function AS (SELECT 1 AS a) SELECT a FROM function'), [])
})

t.test('what is lexed as Trino lexes it', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ["SELECT 'a\\'", "SELECT 'a\\'"],
    ["SELECT 'it''s'", "SELECT 'it''s'"],
    ['SELECT "a""b"', 'SELECT "a""b"'],
    ['SELECT 1 /* a /* b */ + 2 /* c */', 'SELECT 1 + 2'],
    ['SELECT 1 -- x\r+ 2', 'SELECT 1 + 2'],
    ['SELECT 1 -- x\n+ 2', 'SELECT 1 + 2'],
    ['SELECT 1;', 'SELECT 1'],
    ['SELECT\r1\r\nFROM\tt', 'SELECT 1 FROM t'],
    ["SELECT 'é', a /* é */ FROM t -- é", "SELECT 'é', a FROM t"],
    ['SELECT 1.5e3, .5, 1., 1E-5, 1.5x', 'SELECT 1.5e3, .5, 1., 1E-5, 1.5 AS x'],
    ["SELECT x'0a Ff'", "SELECT X'0AFF'"],
    ['SELECT a != b', 'SELECT a <> b'],
    ['SELECT s/**/sn FROM t', 'SELECT s AS sn FROM t']
  ]
  for (const [written, meant] of cases) t.equal(shape(queryOf(written)), shape(queryOf(meant)), written)
})

t.test('precedence and chains', async (t) => {
  const same: readonly (readonly [string, string])[] = [
    ['a OR b AND NOT c = d', 'a OR (b AND (NOT (c = d)))'],
    ['a + b * -c', 'a + (b * (-c))'],
    ['a || b + c', 'a || (b + c)'],
    ["-a AT TIME ZONE 'UTC'", "-(a AT TIME ZONE 'UTC')"],
    ['(t).x', 't.x'],
    ['(t.a)[1].b', 't.a[1].b'],
    ['a BETWEEN 1 AND 2 AND b', '(a BETWEEN 1 AND 2) AND b'],
    ['x -> x + 1', '(x) -> (x + 1)'],
    ['(1, 2)', 'ROW(1, 2)'],
    ['a at', 'a AS at'],
    ['count(*) filter', 'count(*) AS filter'],
    ['trim(both)', 'trim(both)'],
    ["trim('a' FROM b)", "trim(b, 'a')"]
  ]
  for (const [written, meant] of same) t.equal(shape(expressionOf(written)), shape(expressionOf(meant)), written)
  t.match(expressionOf('a - b + c - d'), { kind: 'Arithmetic', rest: [{ operator: '-' }, { operator: '+' }, { operator: '-' }] })
  t.match(expressionOf('-1'), { kind: 'NumericLiteral', text: '-1' })
  t.match(expressionOf('position(a IN b)'), { kind: 'Position' })
  t.match(expressionOf('position(a, b)'), { kind: 'FunctionCall' })
  t.match(expressionOf('substring(a, 1, 2)'), { kind: 'FunctionCall' })
  t.match(expressionOf('a IN (SELECT 1)'), { kind: 'InSubquery' })
  t.match(expressionOf('a IN ((SELECT 1))'), { kind: 'InList' })
  t.match(expressionOf('a IN ((SELECT 1) UNION SELECT 2)'), { kind: 'InSubquery' })
  t.match(expressionOf('((SELECT 1) + 1)'), { kind: 'Arithmetic' })
  t.match(expressionOf('a = ANY (SELECT 1)'), { kind: 'QuantifiedComparison' })
  t.match(expressionOf('(a + b).*'), { kind: 'AllColumns' })
  const { body } = queryOf('SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4')
  t.match(body, { kind: 'SetOperation', rest: [{ operator: 'UNION', body: { kind: 'SetOperation' } }, { operator: 'EXCEPT' }] })
  const joined = queryOf('SELECT 1 FROM a JOIN b JOIN c ON x ON y CROSS JOIN d, e limit 5')
  t.match(joined, {
    body: { from: [{ kind: 'Join', rest: [{ right: { kind: 'Join' } }, { type: 'CROSS' }] }, { kind: 'Table' }] },
    limit: { kind: 'Limit', count: { count: '5' } }
  })
  t.match(queryOf('SELECT 1 FROM t limit'), { body: { from: [{ kind: 'AliasedRelation', alias: { name: 'limit' } }] } })
  t.match(queryOf('SELECT 1 FROM ((SELECT 1) x CROSS JOIN y)'), { body: { from: [{ kind: 'Join' }] } })
  t.match(queryOf('SELECT 1 FROM t GROUP BY (a), (b + c) * d, (), ROLLUP (e, (f, g))'), {
    body: { groupBy: { elements: [{ kind: 'SimpleGroupBy' }, { kind: 'SimpleGroupBy' }, { sets: [[]] }, { kind: 'Rollup' }] } }
  })
})

t.test('a word is a name exactly when it is not reserved', async (t) => {
  for (const word of freeWords) {
    t.same(codesOf(`SELECT t.${word}, ${word} FROM ${word} AS ${word} ORDER BY ${word}`), [], word)
  }
  for (const word of reservedWords) t.ok(codesOf(`SELECT t.${word} FROM t`).length > 0, word)
  t.same(codesOf('SELECT "select", "table".x FROM "from" AS "where"'), [])
})

t.test('every refusal stands at its place', async (t) => {
  const cases: readonly (readonly [sql: string, code: RefusalCode, offset: number, length: number, line: number, column: number])[] = [
    ['SELECT a FROM', 'PARSE_ERROR', 13, 0, 1, 14],
    ['SELECT a\n  FROM t WHERE WHERE b', 'PARSE_ERROR', 24, 5, 2, 16],
    ["SELECT '\u{1F600}' AS FROM t", 'PARSE_ERROR', 15, 4, 1, 15],
    ['SELECT a\r\nFROM `t`', 'PARSE_ERROR', 15, 1, 2, 6],
    ['SELECT 1; DROP TABLE t', 'MULTIPLE_STATEMENTS', 10, 4, 1, 11],
    ['SELECT 1;;', 'MULTIPLE_STATEMENTS', 9, 1, 1, 10],
    ['SELECT \u017Fsn FROM t', 'NON_ASCII', 7, 1, 1, 8],
    ['SELECT "\u017Fsn" FROM t', 'NON_ASCII', 8, 1, 1, 9],
    ['SELECT\u00A01', 'PARSE_ERROR', 6, 1, 1, 7],
    ['SELECT a # b', 'PARSE_ERROR', 9, 1, 1, 10],
    ['SELECT 1a', 'PARSE_ERROR', 7, 1, 1, 8],
    ["SELECT U&'x'", 'UNSUPPORTED', 7, 3, 1, 8],
    ['SELECT json_value(a, b FROM c) FROM t', 'UNSUPPORTED', 7, 10, 1, 8],
    ['SELECT * FROM a NATURAL JOIN b', 'UNSUPPORTED', 16, 12, 1, 17],
    ['WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a', 'UNSUPPORTED', 5, 9, 1, 6],
    ["SELECT * FROM t FOR TIMESTAMP AS OF DATE '2024-01-01'", 'UNSUPPORTED', 16, 19, 1, 17],
    ['SELECT * FROM TABLE(f(input => TABLE(t)))', 'UNSUPPORTED', 14, 5, 1, 15],
    ["SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A {1,} | ^ B $) DEFINE A AS x) m", 'UNSUPPORTED', 16, 15, 1, 17],
    ['SELECT NOT' + ' (NOT'.repeat(101), 'TOO_COMPLEX', 511, 1, 1, 512]
  ]
  for (const [sql, code, offset, length, line, column] of cases) {
    const result = parse(sql)
    t.match(result.ok ? {} : result.refusals[0], { code, offset, length, line, column }, sql.slice(0, 60))
  }
  const all = parse('SELECT json_array(a) FROM a NATURAL JOIN b WHERE WHERE')
  t.same(all.ok ? [] : all.refusals.map(({ code }) => code), ['UNSUPPORTED', 'UNSUPPORTED', 'PARSE_ERROR'], 'all of them, in order')
  const secret = parse("SELECT 'a' 'hunter2-ssn'")
  t.notMatch(JSON.stringify(secret), /hunter2/, 'and none repeats a literal')
  t.same(placeOf('a\nb', 2), { line: 2, column: 1 })
})

t.test('every node knows the stretch of text it was read from', async (t) => {
  const sql = "WITH c(x) AS (SELECT 1) SELECT count(*) FILTER (WHERE a.b = 'é') OVER w AS n FROM s.t AS a WINDOW w AS (ORDER BY 1)"
  const seen: string[] = []
  JSON.stringify(queryOf(sql), (_, node) => {
    if (node?.kind) seen.push(`${node.kind} ${sql.slice(node.at.offset, node.at.offset + node.at.length)}`)
    return node
  })
  for (const expected of [
    `Query ${sql}`, 'NamedQuery c(x) AS (SELECT 1)', 'QualifiedName s.t', 'AliasedRelation s.t AS a', 'ColumnReference a.b',
    "Comparison a.b = 'é'", "FunctionCall count(*) FILTER (WHERE a.b = 'é') OVER w", 'WindowReference OVER w',
    'WindowDefinition w AS (ORDER BY 1)', 'SortItem 1', 'Identifier n'
  ]) {
    t.ok(seen.includes(expected), expected)
  }
})

const repeat = (count: number, part: string, by = ''): string => Array.from({ length: count }, () => part).join(by)

t.test('bad input is refused, or parsed, and never kills the process', async (t) => {
  const cases: Readonly<Record<string, readonly [sql: string, code: RefusalCode | null]>> = {
    empty: ['', 'PARSE_ERROR'],
    'white space': [' \r\n\t', 'PARSE_ERROR'],
    'a comment': ['/* */ --', 'PARSE_ERROR'],
    'a semicolon': ['  ;', 'PARSE_ERROR'],
    'a byte order mark': ['\uFEFFSELECT 1', 'PARSE_ERROR'],
    NUL: ['SELECT 1\0', 'PARSE_ERROR'],
    'NUL in a string': ["SELECT 'a\0'", 'PARSE_ERROR'],
    'half a surrogate pair': ["SELECT '\uD800'", 'PARSE_ERROR'],
    'an open string': ["SELECT 'a", 'PARSE_ERROR'],
    'an open binary literal': ["SELECT X'0", 'PARSE_ERROR'],
    'an open name': ['SELECT "a', 'PARSE_ERROR'],
    'an open comment': ['SELECT 1 /* a', 'PARSE_ERROR'],
    'an open parenthesis': ['SELECT (1', 'PARSE_ERROR'],
    'an open bracket': ['SELECT a[1', 'PARSE_ERROR'],
    'an open case': ['SELECT CASE WHEN a THEN b', 'PARSE_ERROR'],
    'crossed brackets': ['SELECT a[(1])', 'PARSE_ERROR'],
    'an empty name': ['SELECT ""', 'PARSE_ERROR'],
    'a backquoted name': ['SELECT `a`', 'PARSE_ERROR'],
    'an escaped name': ['SELECT U&"s\\0073n"', 'PARSE_ERROR'],
    'as long as may be': [`SELECT 1 --${'x'.repeat(maxBytes - 11)}`, null],
    'a byte too long': [`SELECT 1 --${'x'.repeat(maxBytes - 10)}`, 'TOO_COMPLEX'],
    'a byte too long in two-byte letters': [`SELECT 1 --x${'é'.repeat((maxBytes - 12) / 2)}x`, 'TOO_COMPLEX'],
    '10,000 parentheses': [`SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`, 'TOO_COMPLEX'],
    '100 parentheses': [`SELECT ${'('.repeat(100)}1${')'.repeat(100)}`, null],
    '101 parentheses': [`SELECT ${'('.repeat(101)}1${')'.repeat(101)}`, 'TOO_COMPLEX'],
    '5,000 ORs': [`SELECT 1 WHERE ${repeat(5000, 'a', ' OR ')}`, null],
    '9,000 items': [`SELECT a IN (${repeat(9000, '1', ',')})`, null],
    '100,000 items': [`SELECT a IN (${repeat(100_000, '1', ',')})`, 'TOO_COMPLEX'],
    'as many tokens as may be': [`SELECT ${repeat(maxTokens / 2, '1', '+')}`, null],
    'a token more': [`SELECT ${repeat(maxTokens / 2, '1', '+')};`, 'TOO_COMPLEX'],
    '6,000 unions': [repeat(6000, 'SELECT 1', ' UNION '), null],
    '6,000 joins': [`SELECT 1 FROM a${' CROSS JOIN a'.repeat(6000)}`, null],
    '9,000 joins that wait for ON': [`SELECT 1 FROM a${' JOIN a'.repeat(9000)}`, 'TOO_COMPLEX'],
    '9,000 fields': [`SELECT a${'.a'.repeat(9000)}`, null],
    '5,000 subscripts': [`SELECT a${'[1]'.repeat(5000)}`, 'TOO_COMPLEX'],
    'subscripts around subscripts': [`SELECT ${'('.repeat(60)}a${`${'[1]'.repeat(30)})`.repeat(60)}`, 'TOO_COMPLEX'],
    '99 subscripts': [`SELECT (a)${'[1]'.repeat(99)}, (a)${'[1]'.repeat(99)}`, null],
    '9,000 NOTs': [`SELECT ${'NOT '.repeat(9000)}a`, 'TOO_COMPLEX'],
    '9,000 signs': [`SELECT ${'- '.repeat(9000)}a`, 'TOO_COMPLEX'],
    '9,000 lambdas': [`SELECT ${'x -> '.repeat(9000)}x`, 'TOO_COMPLEX'],
    '4,000 cases': [`SELECT ${'CASE WHEN a THEN '.repeat(4000)}`, 'TOO_COMPLEX'],
    '4,000 time zones': [`SELECT a${" AT TIME ZONE 'x'".repeat(4000)}`, 'TOO_COMPLEX'],
    '9,000 arrays after a type': [`SELECT CAST(a AS b${' ARRAY'.repeat(9000)})`, 'TOO_COMPLEX'],
    '9,000 arrays before a type': [`SELECT CAST(a AS ${'ARRAY<'.repeat(9000)}`, 'TOO_COMPLEX'],
    '90 parentheses around a query, 100 times': [`SELECT ${repeat(100, `${'('.repeat(90)}SELECT 1${')'.repeat(90)}`, '+')}`, null],
    '99 trims': [`SELECT ${'trim('.repeat(99)}a${')'.repeat(99)}`, null],
    '65,000 comments': [`${'/**/'.repeat(65_000)}SELECT 1`, null],
    '260,000 brackets': ['['.repeat(260_000), 'TOO_COMPLEX'],
    '3,000 unsupported calls': [`SELECT ${repeat(3000, 'json_array(1)', ',')}`, 'UNSUPPORTED']
  }
  let worst = { name: '', took: 0 }
  for (const [name, [sql, code]] of Object.entries(cases)) {
    const start = performance.now()
    const [first = null] = codesOf(sql)
    const took = performance.now() - start
    if (took > worst.took) worst = { name, took }
    t.equal(first, code, name)
  }
  t.comment(`the worst of them, ${worst.name}, took ${worst.took.toFixed(1)} ms`)
})

t.test('any text at all has an answer', async () => {
  const bits = [...freeWords, ...reservedWords, '(', ')', '[', ']', ',', '.', ';', '=', '->', '*', "'", '"', '/*', '*/', '--', '\n', '1', 'a', '?', '|']
  const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom(...bits), { maxLength: 60 }).map((parts) => parts.join(' ')))
  fc.assert(
    fc.property(texts, (sql) => {
      const result = parse(sql)
      if (result.ok) return roundTrips(sql)
      return result.refusals.every(({ code, offset, length }) => code !== 'INTERNAL' && offset + length <= sql.length)
    }),
    { numRuns: 2000 }
  )
})

/** Texts of the grammar, most of its rules among them. */
const { query: queries } = fc.letrec<{ query: string; value: string; relation: string; type: string }>((tie) => {
  const name = fc.constantFrom('a', 'B1', '_c', '"d""e"', '"Select"', 'limit', 'row', 'all', 'at', 'filter', 'date', 'array')
  const names = fc.array(name, { minLength: 1, maxLength: 3 })
  const say = (strings: TemplateStringsArray, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((values) => strings.reduce((text, next, i) => `${text}${values[i - 1] ?? ''}${next}`))
  const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(part, { nil: '' })
  const { query, value, relation, type } = {
    query: tie('query'), value: tie('value'), relation: tie('relation'), type: tie('type')
  }
  const some = (part: fc.Arbitrary<string>, by = ', '): fc.Arbitrary<string> =>
    fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(by))
  const window = say`(${maybe(say` PARTITION BY ${some(value)}`)}${maybe(say` ORDER BY ${value} DESC NULLS LAST`)}${maybe(fc.constantFrom(' ROWS UNBOUNDED PRECEDING', ' RANGE BETWEEN 1 PRECEDING AND CURRENT ROW'))})`
  const deep = { maxDepth: 4, depthIdentifier: fc.createDepthIdentifier(), withCrossShrink: true }
  const dotted = names.map((parts) => parts.join('.'))
  return {
    type: fc.oneof(
      deep,
      fc.constantFrom('bigint', 'decimal(10, 2)', 'double precision', 'timestamp(3) with time zone', 'interval year to month', 'time'),
      say`array(${type})`, say`map<${type}, ${type}>`, say`row(x ${type}, ${type})`, say`${type} array`
    ),
    value: fc.oneof(
      deep,
      dotted,
      fc.constantFrom('1', '-1', '.5', '1e3', "'x''y'", "X'0a'", 'NULL', 'true', '?', "DATE '2024-01-01'", "INTERVAL -'1' DAY", 'CURRENT_DATE', 'localtime(3)'),
      say`((${value}) ${fc.constantFrom('+', '-', '*', '/', '%', '||', 'AND', 'OR', '=', '<>', '>=')} (${value}))`,
      say`((${value}) AND (${value}) OR a + (${value}) - b * (${value}) = c)`,
      say`NOT (${value})`, say`- (${value})`, say`(${value}, ${value})`,
      say`((${value}) ${fc.constantFrom('', 'NOT ')}IN (${some(value)}))`, say`((${value}) IN (${query}))`, say`((${value}) LIKE 'a' ESCAPE 'b')`,
      say`((${value}) NOT BETWEEN (${value}) AND (${value}))`, say`((${value}) IS NOT NULL)`, say`((${value}) IS DISTINCT FROM (${value}))`,
      say`((${value}) > ALL (${query}))`, say`EXISTS (${query})`, say`(${query})`, say`(${value}).x[${fc.constant('1')}]`, say`(${value})[(${value})]`,
      say`((${value}) AT TIME ZONE 'UTC')`,
      say`f(${maybe(some(value))})`, say`count(*) FILTER (WHERE ${value})`, say`s.f(DISTINCT ${value} ORDER BY ${value})`, say`rank() OVER ${window}`,
      say`lag(${value}) IGNORE NULLS OVER w`, say`f((x, y) -> ${value})`, say`listagg(${value}, ',' ON OVERFLOW TRUNCATE WITH COUNT) WITHIN GROUP (ORDER BY ${value})`,
      say`CASE ${maybe(value)} WHEN ${value} THEN ${value} ELSE ${value} END`, say`CAST(${value} AS ${type})`, say`TRY_CAST(${value} AS ${type})`,
      say`ARRAY[${maybe(some(value))}]`, say`ROW(${some(value)})`, say`EXTRACT(year FROM (${value}))`, say`TRIM(BOTH (${value}) FROM (${value}))`,
      say`POSITION((${value}) IN (${value}))`, say`SUBSTRING((${value}) FROM (${value}) FOR (${value}))`, say`NORMALIZE((${value}), NFC)`,
      say`GROUPING(${dotted})`
    ),
    relation: fc.oneof(
      deep,
      dotted, say`${dotted} AS ${name} (a, b)`, say`(${query}) ${fc.constantFrom('x', 'AS "y"')}`, say`UNNEST(${some(value)}) WITH ORDINALITY`,
      say`LATERAL (${query})`, say`(${relation} CROSS JOIN ${relation})`, say`(${relation} LEFT JOIN ${relation} ON ${value})`,
      say`(${relation} JOIN ${relation} USING (a, b))`, say`(${relation}) TABLESAMPLE BERNOULLI (10)`
    ),
    query: fc.oneof(
      deep,
      say`TABLE ${dotted}`,
      say`SELECT ${maybe(fc.constant('DISTINCT '))}${some(fc.oneof(value, fc.constantFrom('*', 't.*', '(t).* AS (a)'), say`${value} AS ${name}`))} FROM ${some(relation)}`,
      say`SELECT ${value} FROM ${relation} WHERE ${value} GROUP BY ${some(fc.oneof(value, say`ROLLUP (${some(value)})`, say`GROUPING SETS ((), (${value}))`))} HAVING ${value} WINDOW w AS ${window}`,
      say`VALUES ${some(value)}`,
      say`(${query}) ${fc.constantFrom('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT DISTINCT')} SELECT 1`,
      say`SELECT 1 UNION SELECT 2 INTERSECT (${query}) ORDER BY ${value} OFFSET 2 ROWS FETCH FIRST 3 ROWS WITH TIES`,
      say`SELECT ${value} ORDER BY ${value} LIMIT ${fc.constantFrom('1', 'ALL', '?')}`
    )
  }
})

t.test('parse, print and parse again gives the same tree', async () => {
  const withNamed = fc.tuple(queries, queries).map(([named, query]) => `WITH n (a) AS (${named}) SELECT * FROM (${query})`)
  fc.assert(fc.property(fc.oneof(queries, withNamed), (sql) => roundTrips(sql)), { numRuns: 600 })
})
