/** Text to tree: what Trino's grammar takes, what is refused and where, and that nothing kills the process. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Query } from '../src/sql/ast.ts'
import { maxBytes, maxTokens, tokensOf } from '../src/sql/lexer.ts'
import { parse } from '../src/sql/parser.ts'
import { type RefusalCode, placeOf } from '../src/sql/refusal.ts'
import { spanOf } from '../src/sql/tokens.ts'
import { freeWords, reservedWords } from '../src/sql/words.ts'
import { root } from './place.ts'
import { printQuery } from './sql-print.ts'

const corpus = join(root, '../shared/corpus/sql')
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
  t.test('corpus: 99 % of the queries of the grammar are parsed, every other is told by its construct', async (t) => {
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
    const share = `${((parsed / queries.length) * 100).toFixed(2)} %`
    t.comment(`${queries.length} queries: ${parsed} parsed (${share}), ${others.length} not as they should be`)
    for (const [message, count] of constructs) t.comment(`  ${count} × ${message}`)
    t.same(others, [])
    t.ok(parsed / queries.length >= 0.99)
    t.same([...constructs.keys()], [], 'no construct of the grammar is left out')
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
    ['SELECT s/**/sn FROM t', 'SELECT s AS sn FROM t'],
    ["SELECT U&'\\0073\\+00006En', u&'it''s \\\\'", "SELECT 'snn', 'it''s \\'"],
    ["SELECT U&'!0027 OR 1!!' UESCAPE '!'", "SELECT ''' OR 1!'"],
    ["SELECT U&'\\+01F600é' UESCAPE '!', U&'!+01F600' UESCAPE '!'", "SELECT '\\+01F600é', '\u{1F600}'"],
    ["SELECT DATE U&'2024' , INTERVAL U&'1' UESCAPE '#' DAY, INTERVAL U&'1' DAY", "SELECT DATE '2024', INTERVAL '1' DAY, INTERVAL '1' DAY"],
    ["SELECT U&'' uescape ')'", "SELECT ''"]
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
    ["SELECT U&'\\007'", 'PARSE_ERROR', 7, 8, 1, 8],
    ["SELECT U&'x' UESCAPE 'a'", 'PARSE_ERROR', 21, 3, 1, 22],
    ['SELECT json_value(a, b FROM c) FROM t', 'PARSE_ERROR', 21, 1, 1, 22],
    ["SELECT * FROM JSON_TABLE(a, 'lax $' COLUMNS (b bigint))", 'UNSUPPORTED', 14, 10, 1, 15],
    ['SELECT * FROM t FOR SNAPSHOT AS OF 1', 'PARSE_ERROR', 20, 8, 1, 21],
    ['SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A { -B- }) DEFINE A AS x)', 'PARSE_ERROR', 46, 1, 1, 47],
    ['SELECT NOT' + ' (NOT'.repeat(101), 'TOO_COMPLEX', 511, 1, 1, 512]
  ]
  for (const [sql, code, offset, length, line, column] of cases) {
    const result = parse(sql)
    t.match(result.ok ? {} : result.refusals[0], { code, offset, length, line, column }, sql.slice(0, 60))
  }
  for (const sql of ["SELECT 'a' 'hunter2-ssn'", "SELECT 'a' U&'hunter2-ssn'", "SELECT U&'hunter2\\'"]) {
    t.notMatch(JSON.stringify(parse(sql)), /hunter2/, 'and none repeats a literal')
  }
  t.same(placeOf('a\nb', 2), { line: 2, column: 1 })
})

t.test('every node knows the stretch of text it was read from', async (t) => {
  const sql = "WITH c(x) AS (SELECT 1) SELECT count(*) FILTER (WHERE a.b = 'é') OVER w AS n FROM s.t AS a WINDOW w AS (ORDER BY 1)"
  const seen: string[] = []
  const tokens = tokensOf(sql)
  JSON.stringify(queryOf(sql), (_, node) => {
    if (!node?.kind) return node
    const { offset, length } = spanOf(tokens, node.at)
    seen.push(`${node.kind} ${sql.slice(offset, offset + length)}`)
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

const matching = (pattern: string): string => `SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (${pattern}) DEFINE A AS true)`

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
    '3,000 JSON calls': [`SELECT ${repeat(3000, 'json_array(1)', ',')}`, null],
    '99 JSON calls in each other': [`SELECT ${'json_array('.repeat(99)}1${')'.repeat(99)}`, null],
    '4,000 JSON calls in each other': [`SELECT ${'json_array('.repeat(4000)}`, 'TOO_COMPLEX'],
    '4,000 keys in each other': [`SELECT ${'json_object(KEY '.repeat(4000)}`, 'TOO_COMPLEX'],
    '90 keys that are columns': [`SELECT ${"json_object(key('x' : 1), KEY VALUE ".repeat(90)}`, 'PARSE_ERROR'],
    '9,000 pattern variables': [matching(repeat(9000, 'A', ' ')), null],
    '4,000 alternatives': [matching(repeat(4000, '(A|B)', '|')), 'TOO_COMPLEX'],
    '2,000 alternatives': [matching(repeat(2000, '(A|B)', '|')), null],
    '90 groups in each other': [matching(`${'('.repeat(90)}A${')'.repeat(90)}`), null],
    '9,000 groups in each other': [matching('('.repeat(9000)), 'TOO_COMPLEX'],
    '90 exclusions in each other': [matching(`${'{- '.repeat(90)}A${' -}'.repeat(90)}`), null],
    '5,000 exclusions in each other': [matching(`${'{- '.repeat(5000)}A${' -}'.repeat(5000)}`), 'TOO_COMPLEX'],
    '5,000 permutations in each other': [matching('PERMUTE('.repeat(5000)), 'TOO_COMPLEX'],
    '2,000 table functions in each other': [`SELECT 1 FROM ${'TABLE(f(TABLE(SELECT 1 FROM '.repeat(2000)}`, 'TOO_COMPLEX'],
    '60 matches in each other': [`SELECT 1 FROM ${'('.repeat(60)}t${' MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS 1))'.repeat(60)}`, null],
    'an open JSON call': ["SELECT json_value(a, 'x' DEFAULT 1 ON", 'PARSE_ERROR'],
    'an open pattern': ['SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (A {1', 'PARSE_ERROR'],
    'an open exclusion': ['SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN ({- A', 'PARSE_ERROR'],
    'an open table function': ['SELECT 1 FROM TABLE(f(TABLE(t) PARTITION BY (', 'PARSE_ERROR'],
    'an open escaped string': ["SELECT U&'a", 'PARSE_ERROR'],
    'an open escape': ["SELECT U&'a' UESCAPE", 'PARSE_ERROR'],
    'a recursion of nothing': ['WITH RECURSIVE', 'PARSE_ERROR'],
    'a period of nothing': ['SELECT 1 FROM t FOR VERSION AS OF', 'PARSE_ERROR']
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
const { query: queries } = fc.letrec<{ query: string; value: string; relation: string; type: string; pattern: string }>((tie) => {
  const name = fc.constantFrom('a', 'B1', '_c', '"d""e"', '"Select"', 'limit', 'row', 'all', 'at', 'filter', 'date', 'array')
  const names = fc.array(name, { minLength: 1, maxLength: 3 })
  const say = (strings: TemplateStringsArray, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((values) => strings.reduce((text, next, i) => `${text}${values[i - 1] ?? ''}${next}`))
  const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(part, { nil: '' })
  const { query, value, relation, type, pattern } = {
    query: tie('query'), value: tie('value'), relation: tie('relation'), type: tie('type'), pattern: tie('pattern')
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
      say`GROUPING(${dotted})`,
      say`json_exists(${value}, 'lax $' PASSING ${value} FORMAT JSON AS ${name} ${fc.constantFrom('', 'UNKNOWN ON ERROR', 'TRUE ON ERROR')})`,
      say`json_value(${value} FORMAT JSON ENCODING UTF8, 'x' RETURNING ${type} DEFAULT ${value} ON EMPTY NULL ON ERROR)`,
      say`json_query(${value}, U&'x' ${fc.constantFrom('', 'WITH WRAPPER', 'WITHOUT ARRAY WRAPPER', 'WITH CONDITIONAL ARRAY WRAPPER')} ${fc.constantFrom('', 'OMIT QUOTES ON SCALAR STRING')} EMPTY OBJECT ON ERROR)`,
      say`json_object(${some(say`${fc.constantFrom('', 'KEY ')}((${value})) VALUE ${value}`)} ABSENT ON NULL WITH UNIQUE RETURNING ${type} FORMAT JSON)`,
      say`json_object(${some(say`((${value})) : ${value}`)})`, say`json_array(${some(value)} ${fc.constantFrom('', 'NULL ON NULL')} RETURNING ${type})`,
      say`json_object(RETURNING ${type})`, say`FINAL count(${name}.*)`, say`RUNNING last(${value})`, fc.constantFrom('m OVER w', '"all" OVER w'),
      say`rank() OVER (MEASURES ${value} AS ${name} ROWS CURRENT ROW AFTER MATCH SKIP PAST LAST ROW SEEK PATTERN (${pattern}) SUBSET u = (a, ${name}))`
    ),
    pattern: fc.oneof(
      deep,
      name,
      say`${pattern} ${pattern}`, say`${pattern} | ${pattern}`, say`(${pattern})${fc.constantFrom('*', '+?', '??', '{2}', '{,3}', '{1,}?')}`,
      say`{- ${pattern} -}`, say`PERMUTE(${some(pattern)}, ${pattern})`, fc.constantFrom('()', '^', '$')
    ),
    relation: fc.oneof(
      deep,
      dotted, say`${dotted} AS ${name} (a, b)`, say`(${query}) ${fc.constantFrom('x', 'AS "y"')}`, say`UNNEST(${some(value)}) WITH ORDINALITY`,
      say`LATERAL (${query})`, say`(${relation} CROSS JOIN ${relation})`, say`(${relation} LEFT JOIN ${relation} ON ${value})`,
      say`(${relation} NATURAL LEFT JOIN ${dotted})`, say`${dotted} FOR ${fc.constantFrom('TIMESTAMP', 'VERSION')} AS OF ((${value}))`,
      say`(${relation}) AS t MATCH_RECOGNIZE (PARTITION BY ${some(value)} ORDER BY ${value} MEASURES ${value} AS ${name} ${fc.constantFrom('', 'ONE ROW PER MATCH', 'ALL ROWS PER MATCH OMIT EMPTY MATCHES')} AFTER MATCH SKIP TO ${fc.constantFrom('', 'FIRST ', 'LAST ')}"d" INITIAL PATTERN (${pattern}) DEFINE ${name} AS ${value}) AS m`,
      say`TABLE(${dotted}(${some(fc.oneof(value, say`${name} => ${value}`, say`DESCRIPTOR(a, b ${type})`, fc.constant('CAST(NULL AS DESCRIPTOR)')))}))`,
      say`TABLE(f(x => TABLE(${query}) AS ${name} (a) PARTITION BY (${some(value)}) KEEP WHEN EMPTY ORDER BY ((${value}) DESC), TABLE(${dotted}) PARTITION BY () COPARTITION (a, b)))`,
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
  const withNamed = fc.tuple(queries, queries).map(([named, query]) => `WITH RECURSIVE n (a) AS (${named}) SELECT * FROM (${query})`)
  fc.assert(fc.property(fc.oneof(queries, withNamed), (sql) => roundTrips(sql)), {
    numRuns: 600,
    examples: [['SELECT a FROM a GROUP BY all OVER w, a'], ['SELECT f(all OVER w)'], ['SELECT all OVER w FROM t'], ['SELECT a FROM a GROUP BY ALL over LIMIT 1'], ['SELECT a FROM a GROUP BY ALL over, a'], ['SELECT a FROM TABLE(f(x => TABLE(a) PARTITION BY ((TABLE a)) ORDER BY (TABLE a)))']]
  })
})
