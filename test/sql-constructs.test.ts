/** The constructs of the grammar with words of their own: what tree each has, and that none of them hides what a query reads. */
import t from 'tap'
import type { Query } from '../src/sql/ast.ts'
import { parse } from '../src/sql/parser.ts'
import { shapeOf } from '../src/sql/shape.ts'
import { printQuery } from './sql-print.ts'
import { checked, codesOf } from './sql-scene.ts'

const queryOf = (sql: string): Query => {
  const result = parse(sql)
  if (!result.ok) throw new RangeError(`${result.refusals[0].message} in ${sql}`)
  return result.query
}
const withoutPlaces = (node: unknown): string => JSON.stringify(node, (key, value: unknown) => (key === 'at' ? undefined : value))
const matching = (pattern: string): string => `SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (${pattern}) DEFINE A AS true)`

/** `SELECT …` with the tree of its first item, `FROM …` with that of its first relation, `WITH …` with that of the query. */
const constructs: Readonly<Record<string, readonly (readonly [sql: string, tree: object])[]>> = {
  'WITH RECURSIVE': [
    ['WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t', { recursive: { kind: 'Recursive' }, with: [{ name: { name: 't' } }] }],
    ['WITH t AS (SELECT 1) SELECT * FROM t', { recursive: null }]
  ],
  'JSON functions': [
    ["SELECT json_exists(a, 'lax $.b')", { kind: 'JsonExists', input: { value: { kind: 'ColumnReference' }, format: null }, path: 'lax $.b', passing: [], onError: null }],
    ["SELECT JSON_EXISTS(a FORMAT JSON ENCODING UTF16, 'x' PASSING b AS p, c FORMAT JSON AS \"Q\" UNKNOWN ON ERROR)", {
      input: { format: 'UTF16' }, passing: [{ name: { name: 'p' } }, { input: { format: 'JSON' }, name: { value: 'Q' } }], onError: 'UNKNOWN'
    }],
    ["SELECT json_value(a, 'x' RETURNING decimal(10, 2) DEFAULT b ON EMPTY ERROR ON ERROR)", {
      kind: 'JsonValue', returning: { kind: 'GenericType' }, onEmpty: { kind: 'Default', value: { kind: 'ColumnReference' } }, onError: { kind: 'Error' }
    }],
    ["SELECT json_value(a, 'x' NULL ON ERROR)", { returning: null, onEmpty: null, onError: { kind: 'Null' } }],
    ["SELECT json_query(a, 'x' RETURNING varchar FORMAT JSON WITH ARRAY WRAPPER OMIT QUOTES ON SCALAR STRING EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR)", {
      kind: 'JsonQuery', returning: { format: 'JSON' }, wrapper: 'UNCONDITIONAL', quotes: 'OMIT', onEmpty: 'EMPTY_ARRAY', onError: 'EMPTY_OBJECT'
    }],
    ["SELECT json_query(a, 'x' WITHOUT WRAPPER)", { wrapper: 'WITHOUT', quotes: null, onError: null }],
    ['SELECT json_object()', { kind: 'JsonObject', members: [], nulls: null, uniqueKeys: null, returning: null }],
    ['SELECT json_object(RETURNING varchar(10))', { members: [], returning: { type: { kind: 'GenericType' } } }],
    ["SELECT json_object('a' : b, KEY c VALUE d FORMAT JSON, e VALUE 1 ABSENT ON NULL WITHOUT UNIQUE KEYS)", {
      members: [{ key: { value: 'a' } }, { value: { format: 'JSON' } }, { key: { kind: 'ColumnReference' } }], nulls: 'ABSENT', uniqueKeys: 'WITHOUT'
    }],
    ['SELECT json_object(key : 1, KEY VALUE 2, KEY KEY VALUE value, key(3) : 4, KEY VALUE VALUE 5, key.x VALUE 6)', {
      members: [
        { key: { parts: [{ name: 'key' }] } }, { key: { parts: [{ name: 'key' }] } }, { key: { parts: [{ name: 'key' }] } },
        { key: { kind: 'FunctionCall' } }, { key: { parts: [{ name: 'value' }] } }, { key: { parts: [{ name: 'key' }, { name: 'x' }] } }
      ]
    }],
    ['SELECT json_array(a, (SELECT 1), NULL NULL ON NULL RETURNING varbinary FORMAT JSON ENCODING UTF32)', {
      kind: 'JsonArray', items: [{}, { value: { kind: 'SubqueryExpression' } }, { value: { kind: 'NullLiteral' } }], nulls: 'NULL', returning: { format: 'UTF32' }
    }],
    ['SELECT json_array(returning)', { items: [{ value: { kind: 'ColumnReference' } }], returning: null }]
  ],
  'time travel': [
    ["FROM t FOR TIMESTAMP AS OF current_timestamp - INTERVAL '1' DAY AS x", { relation: { kind: 'Table', period: { type: 'TIMESTAMP', end: { kind: 'Arithmetic' } } } }],
    ['FROM a.b FOR VERSION AS OF 1', { kind: 'Table', name: { parts: [{}, {}] }, period: { type: 'VERSION' } }],
    ['FROM t AS version', { kind: 'AliasedRelation', relation: { period: null } }]
  ],
  'NATURAL JOIN': [
    ['FROM a NATURAL JOIN b NATURAL FULL OUTER JOIN c', {
      kind: 'Join', rest: [{ type: 'INNER', criteria: { kind: 'JoinNatural' } }, { type: 'FULL', criteria: { kind: 'JoinNatural' } }]
    }]
  ],
  'table functions': [
    ['FROM TABLE(f())', { kind: 'TableFunction', arguments: [], copartition: [] }],
    ['FROM TABLE(s.f(1, x => a + 1, DESCRIPTOR(a, b bigint), y => CAST(NULL AS DESCRIPTOR), descriptor)) AS t (a)', {
      relation: {
        name: { parts: [{}, {}] },
        arguments: [
          { name: null, value: { kind: 'NumericLiteral' } }, { name: { name: 'x' }, value: { kind: 'Arithmetic' } },
          { value: { kind: 'Descriptor', fields: [{ type: null }, { type: { kind: 'GenericType' } }] } },
          { value: { kind: 'Descriptor', fields: [] } }, { value: { kind: 'ColumnReference' } }
        ]
      }
    }],
    ['FROM TABLE(f(i => TABLE(a.b) AS t (x) PARTITION BY (c, d) PRUNE WHEN EMPTY ORDER BY (e DESC), TABLE(SELECT 1) keep KEEP WHEN EMPTY ORDER BY e COPARTITION (a, b), (c, d)))', {
      arguments: [
        { value: { kind: 'TableArgument', table: { kind: 'QualifiedName' }, alias: { name: 't' }, partitionBy: [{}, {}], whenEmpty: 'PRUNE', orderBy: [{ ordering: 'DESC' }] } },
        { value: { table: { kind: 'Query' }, alias: { name: 'keep' }, partitionBy: null, whenEmpty: 'KEEP', orderBy: [{}] } }
      ],
      copartition: [[{}, {}], [{}, {}]]
    }],
    ['FROM TABLE(f(TABLE(t) PARTITION BY (a + 1) * 2, TABLE(t) PARTITION BY ()))', {
      arguments: [{ value: { partitionBy: [{ kind: 'Arithmetic' }] } }, { value: { partitionBy: [] } }]
    }]
  ],
  'pattern recognition': [
    ['FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)', {
      kind: 'PatternRecognition', relation: { kind: 'Table' },
      match: { partitionBy: [], orderBy: [], rowsPerMatch: null, matching: { measures: [], skipTo: null, search: null, pattern: { kind: 'PatternVariable' } } }
    }],
    ['FROM t AS x MATCH_RECOGNIZE (PARTITION BY a, b ORDER BY c DESC MEASURES A.d AS e, FINAL LAST(B.d) AS f ALL ROWS PER MATCH WITH UNMATCHED ROWS AFTER MATCH SKIP TO LAST B SEEK PATTERN (A B+) SUBSET U = (A, B) DEFINE B AS d > PREV(d), A AS true) AS m (p)', {
      kind: 'AliasedRelation',
      relation: {
        relation: { kind: 'AliasedRelation' },
        match: {
          partitionBy: [{}, {}], orderBy: [{}], rowsPerMatch: 'ALL_UNMATCHED',
          matching: {
            measures: [{ name: { name: 'e' } }, { expression: { processing: 'FINAL' } }], skipTo: { position: 'LAST', variable: { name: 'b' } },
            search: 'SEEK', subsets: [{ union: [{}, {}] }], definitions: [{}, {}]
          }
        }
      }
    }],
    ['FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO NEXT ROW INITIAL PATTERN (A | B C*? | ({- D -}){2,}? $) DEFINE A AS true)', {
      match: {
        matching: {
          skipTo: { position: 'NEXT_ROW' }, search: 'INITIAL',
          pattern: {
            kind: 'PatternAlternation',
            patterns: [
              { kind: 'PatternVariable' },
              { kind: 'PatternConcatenation', patterns: [{}, { kind: 'QuantifiedPattern', quantifier: { kind: '*', isReluctant: true } }] },
              { patterns: [{ pattern: { kind: 'PatternExclusion' }, quantifier: { kind: 'range', from: '2', to: null, isReluctant: true } }, { mark: '$' }] }
            ]
          }
        }
      }
    }],
    ['FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP TO first PATTERN (^ () PERMUTE(A, B){2} C{,3}) DEFINE A AS true)', {
      match: {
        matching: {
          skipTo: { position: 'VARIABLE', variable: { name: 'first' } },
          pattern: {
            patterns: [
              { mark: '^' }, { kind: 'EmptyPattern' }, { pattern: { kind: 'PatternPermutation' }, quantifier: { from: '2', to: '2' } },
              { quantifier: { from: null, to: '3' } }
            ]
          }
        }
      }
    }],
    ['SELECT rank() OVER (MEASURES A.x AS m ROWS BETWEEN CURRENT ROW AND 5 FOLLOWING PATTERN (A))', { over: { frame: { type: 'ROWS', matching: { measures: [{}], pattern: {} } } } }],
    ['SELECT rank() OVER (ROWS CURRENT ROW SEEK)', { over: { frame: { matching: { search: 'SEEK', pattern: null } } } }],
    ['SELECT rank() OVER (ROWS CURRENT ROW)', { over: { frame: { matching: null } } }],
    ['SELECT m OVER w', { kind: 'Measure', name: { name: 'm' }, over: { kind: 'WindowReference' } }],
    ['SELECT FINAL count(A.*)', { processing: 'FINAL', isStar: true, label: { name: 'a' } }],
    ['SELECT running', { kind: 'ColumnReference' }]
  ]
}

t.test('a tree for every construct of the grammar', async (t) => {
  for (const [name, cases] of Object.entries(constructs)) {
    for (const [text, tree] of cases) {
      const isRelation = text.startsWith('FROM')
      const query = queryOf(isRelation ? `SELECT 1 ${text}` : text)
      const body = query.body.kind === 'QuerySpecification' ? query.body : null
      const item = body?.select[0]
      const read = isRelation ? body?.from[0] : item?.kind === 'SingleColumn' ? item.expression : item
      t.match(text.startsWith('WITH') ? query : read, tree, `${name}: ${text}`)
      t.equal(withoutPlaces(queryOf(printQuery(query))), withoutPlaces(query), text)
      t.equal(shapeOf(queryOf(printQuery(query))), shapeOf(query), text)
    }
  }
})

t.test('what is near one of these constructs and none of them is refused', async (t) => {
  const patterns = ['A**', 'A{}', 'A{1', 'A{1:2}', '|A', 'A|', 'A,B', '{- -}', 'PERMUTE()', 'A || B', '{-A}', '?', 'select']
  const texts = [
    String.raw`'\'`, String.raw`'\00'`, String.raw`'\+00'`, String.raw`'\xyzw'`, String.raw`'\D800'`, String.raw`'\+110000'`, `'a' UESCAPE ''`,
    `'a' UESCAPE '!!'`, `'a' UESCAPE '+'`, `'a' UESCAPE ''''`, `'a' UESCAPE ' '`, `'a' UESCAPE U&'!'`, `'a' UESCAPE 'é'`, ' x'
  ]
  const cases = [
    'WITH RECURSIVE SELECT 1', 'RECURSIVE t AS (SELECT 1) SELECT 1', 'SELECT RECURSIVE',
    'SELECT json_exists(a)', 'SELECT json_exists(a, b)', "SELECT json_exists(a, 'x' NULL ON ERROR)", "SELECT json_exists(a, 'x' PASSING b)",
    "SELECT json_value(a, 'x' ERROR ON ERROR NULL ON EMPTY)", "SELECT json_value(a, 'x' EMPTY ON EMPTY)", "SELECT json_value(a, 'x', 1)",
    "SELECT json_value(a FORMAT TEXT, 'x')", "SELECT json_query(a, 'x' WITH WRAPPER WITHOUT WRAPPER)", "SELECT json_query(a, 'x' OMIT QUOTES ON SCALAR VARCHAR)",
    "SELECT json_query(a, 'x' EMPTY ON EMPTY)", 'SELECT json_object(a, b)', 'SELECT json_object(a : )', 'SELECT json_object(NULL ON NULL)',
    'SELECT json_array(NULL ON NULL)', 'SELECT json_array(a : b)', 'SELECT json_array(a ABSENT ON EMPTY)', 'SELECT json_array', 'SELECT json_value',
    'SELECT 1 FROM t FOR VERSION OF 1', 'SELECT 1 FROM t FOR VERSION AS OF', 'TABLE t FOR VERSION AS OF 1', 'SELECT 1 FROM (SELECT 1) FOR VERSION AS OF 1',
    'SELECT 1 FROM a NATURAL CROSS JOIN b', 'SELECT 1 FROM a NATURAL b', 'SELECT 1 FROM a NATURAL JOIN b ON true',
    'SELECT 1 FROM TABLE(t)', 'SELECT 1 FROM TABLE f()', 'SELECT 1 FROM TABLE(f(x => ))', 'SELECT 1 FROM TABLE(f(TABLE t))', 'SELECT 1 FROM TABLE(f(a COPARTITION (a)))',
    'SELECT 1 FROM TABLE(f(TABLE(t) KEEP EMPTY WHEN))', 'SELECT 1 FROM TABLE(f(DESCRIPTOR(a b c)))', 'SELECT 1 FROM TABLE(f(1),)',
    'SELECT 1 FROM t MATCH_RECOGNIZE ()', 'SELECT 1 FROM t MATCH_RECOGNIZE (DEFINE A AS true)', 'SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (A))',
    'SELECT 1 FROM t MATCH_RECOGNIZE (PATTERN (A B', ...patterns.map(matching),
    'SELECT 1 FROM t MATCH_RECOGNIZE (ONE ROWS PER MATCH PATTERN (A) DEFINE A AS 1)', 'SELECT 1 FROM t MATCH_RECOGNIZE (ONE ROW PER MATCH OMIT EMPTY MATCHES PATTERN (A) DEFINE A AS 1)',
    'SELECT 1 FROM t MATCH_RECOGNIZE (AFTER MATCH SKIP PAST FIRST ROW PATTERN (A) DEFINE A AS 1)', 'SELECT rank() OVER (MEASURES a AS b)', 'SELECT rank() OVER (PATTERN (A))',
    'SELECT FINAL a.b', 'SELECT a.b OVER w', 'SELECT count(a.b.*)', `${matching('A')} MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS 1)`,
    ...texts.map((text) => `SELECT U&${text}`), "SELECT 'a' UESCAPE '!'", "SELECT U& 'a'", "SELECT U &'a'"
  ]
  for (const sql of cases) {
    const result = parse(sql)
    t.equal(result.ok ? 'parsed' : result.refusals[0].code, 'PARSE_ERROR', sql)
  }
})

t.test('a JSON function reads what stands in it, wherever it stands', async (t) => {
  const allowed: readonly (readonly [sql: string, columns: readonly string[], made: readonly string[]])[] = [
    ["json_exists(name, 'lax $.x' PASSING id AS \"a\", country AS b)", ['country', 'id', 'name'], ['country', 'id', 'name']],
    ["json_value(name, 'strict $' RETURNING bigint DEFAULT id ON EMPTY DEFAULT 1 ON ERROR)", ['id', 'name'], ['id', 'name']],
    ["json_query(attrs['k'] FORMAT JSON, 'lax $.email' WITH WRAPPER)", ['attrs'], ['attrs']],
    ["json_object(KEY country VALUE id, 'ssn' : name, 'x' : (SELECT max(dt) FROM pii.customers))", ['country', 'dt', 'id', 'name'], ['country', 'dt', 'id', 'name']],
    ['json_array(id, transform(tags, email -> email || name))', ['id', 'name', 'tags'], ['id', 'name', 'tags']],
    ["U&'ssn \\0073sn' || name", ['name'], ['name']]
  ]
  for (const [item, columns, made] of allowed) {
    const verdict = checked(`SELECT ${item} AS x FROM pii.customers`)
    t.same([codesOf(verdict), verdict.reads], [[], { 'pii.customers': columns }], item)
    t.same(verdict.outputs, [{ name: 'x', columns: made.map((name) => `pii.customers.${name}`) }], item)
  }
  t.same(codesOf(checked("SELECT json_value('{}', 'lax $') FROM pii.customers WHERE dt = json_value('[1]', 'lax $') LIMIT 1", 'strict')), [])
  t.same(codesOf(checked("SELECT json_object('n' : count(ssn)) FROM customers", 'aggregate')), [], 'a count within one is a count')
})

/** Each hides a denied column, or a table that is not granted, behind one of the constructs. */
const hidden: Readonly<Record<string, readonly string[]>> = {
  COLUMN_DENIED: [
    "SELECT json_exists(ssn, 'lax $') FROM pii.customers",
    "SELECT json_exists('{}', 'lax $' PASSING ssn AS x) FROM pii.customers",
    "SELECT json_exists('{}', 'lax $' PASSING '[]' FORMAT JSON AS y, json_array(ssn) FORMAT JSON AS \"x\") FROM pii.customers",
    "SELECT json_value('{}', 'lax $.x' DEFAULT ssn ON EMPTY) FROM pii.customers",
    "SELECT json_value('{}', 'lax $.x' NULL ON EMPTY DEFAULT \"SSN\" ON ERROR) FROM pii.customers",
    "SELECT json_query(CAST(ssn AS varchar) FORMAT JSON ENCODING UTF8, 'lax $') FROM pii.customers",
    'SELECT json_object(KEY ssn VALUE 1) FROM pii.customers',
    'SELECT json_object(ssn : 1) FROM pii.customers',
    'SELECT json_object(1 VALUE (SELECT max(ssn) FROM pii.customers)) FROM sales.orders',
    'SELECT json_array(1, 2, 3, (ssn) ABSENT ON NULL RETURNING varchar) FROM pii.customers',
    "SELECT id FROM pii.customers WHERE json_exists(email, U&'lax \\0024')",
    "SELECT id FROM pii.customers ORDER BY json_value(address.zip, 'lax $')",
    'SELECT count(*) FROM pii.customers GROUP BY json_array(ssn)',
    'SELECT rank() OVER (PARTITION BY json_array(ssn)) FROM pii.customers',
    "SELECT transform(tags, x -> json_value(ssn, 'lax $')) FROM pii.customers",
    "SELECT U&'\\0027 FROM t --', ssn FROM pii.customers",
    "SELECT U&'!' UESCAPE '#', ssn FROM pii.customers",
    "SELECT U&'##' UESCAPE '#' || ssn FROM pii.customers",
    'WITH RECURSIVE t(n) AS (SELECT ssn FROM pii.customers UNION ALL SELECT n FROM t) SELECT 1',
    'WITH RECURSIVE a AS (SELECT 1 AS x), b AS (SELECT ssn FROM pii.customers) SELECT x FROM a',
    'SELECT 1 FROM pii.customers FOR TIMESTAMP AS OF (SELECT max(ssn) FROM pii.customers)',
    'SELECT ssn FROM pii.customers FOR VERSION AS OF 1',
    'SELECT c.email FROM pii.customers FOR VERSION AS OF 1 AS c',
    'SELECT 1 FROM pii.customers a NATURAL JOIN pii.customers b',
    'SELECT x.id FROM pii.customers c NATURAL LEFT JOIN (SELECT id, ssn FROM pii.customers) x',
    'SELECT FINAL last(ssn) FROM pii.customers',
    'SELECT m OVER (PARTITION BY ssn) FROM pii.customers',
    'SELECT m OVER w FROM pii.customers WINDOW w AS (ORDER BY ssn MEASURES A.id AS m ROWS CURRENT ROW PATTERN (A))'
  ],
  TABLE_NOT_GRANTED: [
    'SELECT json_array((SELECT max(salary) FROM pii.payroll))',
    "SELECT json_value('{}', 'lax $' DEFAULT (SELECT max(iban) FROM pii.payroll) ON ERROR)",
    'SELECT id FROM pii.payroll FOR VERSION AS OF 1',
    'SELECT 1 FROM sales.orders FOR VERSION AS OF (SELECT max(salary) FROM pii.payroll)',
    'SELECT o.dt FROM sales.orders o NATURAL JOIN pii.payroll',
    'WITH RECURSIVE payroll AS (SELECT id FROM pii.payroll) SELECT id FROM payroll',
    'SELECT id FROM pii.payroll MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true)'
  ],
  UNSUPPORTED: [
    'WITH RECURSIVE t AS (SELECT id FROM pii.customers) SELECT id FROM t',
    'SELECT 1 WHERE EXISTS (WITH RECURSIVE t(n) AS (VALUES 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t)',
    'WITH RECURSIVE t(ssn) AS (SELECT id FROM pii.customers UNION ALL SELECT ssn FROM t) SELECT ssn FROM t',
    "SELECT id FROM pii.customers FOR TIMESTAMP AS OF TIMESTAMP '2024-01-01 00:00:00 UTC'",
    'WITH t AS (SELECT id FROM pii.customers) SELECT id FROM t FOR VERSION AS OF 1',
    'SELECT 1 FROM (SELECT id FROM pii.v_safe FOR VERSION AS OF 3 TABLESAMPLE BERNOULLI (10)) x',
    'SELECT 1 FROM (SELECT id FROM pii.customers) a NATURAL JOIN (SELECT id FROM pii.v_safe) b',
    'SELECT 1 FROM (VALUES 1) a(x) NATURAL FULL JOIN (VALUES 1) b(x)',
    'SELECT * FROM TABLE(exclude_columns(input => TABLE(pii.customers), columns => DESCRIPTOR(email)))',
    "SELECT * FROM TABLE(system.query(query => 'SELECT ssn FROM pii.customers'))",
    'SELECT * FROM TABLE(sequence(1, (SELECT max(length(ssn)) FROM pii.customers)))',
    'SELECT 1 FROM pii.v_safe CROSS JOIN TABLE(f(TABLE(SELECT ssn FROM pii.customers) AS v_safe (id)))',
    'SELECT e FROM pii.customers MATCH_RECOGNIZE (PARTITION BY country ORDER BY id MEASURES A.email AS e PATTERN (A) DEFINE A AS A.id > 0)',
    'SELECT 1 FROM pii.customers MATCH_RECOGNIZE (ALL ROWS PER MATCH PATTERN ({- A -} | ^ B{1,}? $) DEFINE A AS ssn LIKE U&\'1%\') AS m',
    'SELECT 1 WHERE 1 IN (SELECT 1 FROM (pii.v_safe a JOIN pii.v_safe b ON a.id = b.id) MATCH_RECOGNIZE (ORDER BY ssn PATTERN (A) DEFINE A AS true))',
    'SELECT rank() OVER (MEASURES A.ssn AS m ROWS CURRENT ROW PATTERN (A)) FROM pii.customers',
    'SELECT rank() OVER (ROWS CURRENT ROW DEFINE A AS ssn IS NULL) FROM pii.customers',
    'SELECT 1 FROM pii.customers WINDOW w AS (ROWS CURRENT ROW PATTERN (A) DEFINE A AS ssn IS NULL)',
    'SELECT 1 FROM pii.customers ORDER BY sum(id) OVER (ROWS CURRENT ROW SEEK PATTERN (A) DEFINE A AS ssn IS NULL)',
    'SELECT RUNNING count(A.*) FROM pii.customers',
    'SELECT count(ssn.*) FROM pii.customers',
    'SELECT ssn OVER (ROWS CURRENT ROW) FROM pii.customers',
    'SELECT transform(tags, x -> FINAL last(x)) FROM pii.customers'
  ],
  FUNCTION_FORBIDDEN: [
    'SELECT "$json_value"(id) FROM pii.customers',
    'SELECT pii."json_array"(id) FROM pii.customers'
  ]
}

t.test('what is hidden behind a construct is found', async (t) => {
  for (const [code, cases] of Object.entries(hidden)) {
    for (const sql of cases) {
      const verdict = checked(sql)
      t.equal(verdict.decision, 'refuse', sql)
      t.ok(codesOf(verdict).includes(code), `${code}: ${sql}`)
    }
  }
  for (const item of ["json_value(email, 'lax $')", "json_object('n' : email)", "count(json_array(email))", "count(email) FILTER (WHERE json_exists(ssn, 'lax $'))"]) {
    t.ok(codesOf(checked(`SELECT ${item} FROM customers`, 'aggregate')).includes('AGGREGATE_ONLY'), item)
  }
})

t.test('a construct that is refused is told by its name, at its place, with all else that is wrong', async (t) => {
  const cases: readonly (readonly [sql: string, told: string, word: string])[] = [
    ['WITH RECURSIVE a AS (SELECT 1 AS x) SELECT x FROM a', 'WITH RECURSIVE', 'RECURSIVE'],
    ["SELECT id FROM pii.customers FOR TIMESTAMP AS OF DATE '2024-01-01'", 'time travel', "FOR TIMESTAMP AS OF DATE '2024-01-01'"],
    ['SELECT 1 FROM pii.v_safe NATURAL JOIN sales.orders', 'NATURAL JOIN', 'NATURAL JOIN'],
    ['SELECT 1 FROM TABLE(f(1))', 'a table function', 'TABLE(f(1))'],
    ['SELECT 1 FROM pii.v_safe MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS x)', 'MATCH_RECOGNIZE', 'MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS x)'],
    ['SELECT FINAL sum(id) FROM pii.v_safe', 'pattern recognition', 'FINAL sum(id)'],
    ['SELECT count(A.*) FROM pii.v_safe', 'pattern recognition', 'count(A.*)'],
    ['SELECT m OVER w FROM pii.v_safe WINDOW w AS ()', 'pattern recognition', 'm OVER w'],
    ['SELECT rank() OVER (ROWS CURRENT ROW SEEK) FROM pii.v_safe', 'pattern recognition', 'ROWS CURRENT ROW SEEK']
  ]
  for (const [sql, told, word] of cases) {
    const { refusals } = checked(sql)
    t.same(refusals.map(({ code, message, offset, length }) => [code, message, sql.slice(offset, offset + length)]), [
      ['UNSUPPORTED', `${told} is not supported`, word]
    ], sql)
  }
  const all = checked('WITH RECURSIVE a AS (SELECT ssn FROM pii.customers) SELECT json_array(nosuch) FROM sales.orders NATURAL JOIN pii.v_safe')
  t.same(codesOf(all), ['UNSUPPORTED', 'COLUMN_DENIED', 'UNKNOWN_COLUMN', 'UNSUPPORTED'])
})

t.test('the reads of a construct that is refused are right too', async (t) => {
  const cases: readonly (readonly [sql: string, reads: Record<string, readonly string[]>])[] = [
    ['SELECT order_id FROM sales.orders NATURAL JOIN pii.v_safe', { 'pii.v_safe': ['country', 'dt'], 'sales.orders': ['country', 'dt', 'order_id'] }],
    ['SELECT country FROM pii.v_safe a NATURAL JOIN pii.v_safe b', { 'pii.v_safe': ['country', 'dt', 'id'] }],
    ['SELECT id FROM pii.customers FOR VERSION AS OF (SELECT max(order_id) FROM sales.orders)', { 'pii.customers': ['id'], 'sales.orders': ['order_id'] }],
    ['WITH RECURSIVE t(n) AS (SELECT id FROM pii.customers UNION ALL SELECT n + 1 FROM t) SELECT n FROM t', { 'pii.customers': ['id'] }]
  ]
  for (const [sql, reads] of cases) t.same([codesOf(checked(sql)), checked(sql).reads], [['UNSUPPORTED'], reads], sql)
})

t.test('a chain of joins on what both sides have is measured', async (t) => {
  const natural = `SELECT 1 FROM pii.v_safe${' NATURAL JOIN pii.v_safe'.repeat(4000)}`
  const using = `SELECT 1 FROM pii.v_safe${' JOIN pii.v_safe USING (id, country, dt)'.repeat(1500)}`
  for (const sql of [natural, using]) t.same(codesOf(checked(sql)), ['TOO_COMPLEX'], sql.slice(0, 60))
  t.same(codesOf(checked(`SELECT 1 FROM pii.v_safe${' JOIN pii.v_safe USING (id)'.repeat(100)}`)), [])
})

t.test('the shape of a construct has its structure and none of its values', async (t) => {
  const cases: readonly (readonly [sql: string, shape: string])[] = [
    ['SELECT a, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC', 'SELECT a, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC'],
    ['SELECT a FROM t GROUP BY ROLLUP (1, (2, b)), CUBE (3) ORDER BY 123456789', 'SELECT a FROM t GROUP BY ROLLUP (1, (2, b)), CUBE (3) ORDER BY ?'],
    ["SELECT rank() OVER (ORDER BY 1), array_agg(a ORDER BY 2) FROM t GROUP BY 1 + 1, '2'", 'SELECT rank() OVER (ORDER BY ?), array_agg(a ORDER BY ?) FROM t GROUP BY ? + ?, ?'],
    ['with recursive T(n) as (values 1) select * from t', 'WITH RECURSIVE t(n) AS (VALUES ?) SELECT * FROM t'],
    ["SELECT U&'\\0031' , json_value(a, 'lax $.secret' PASSING 'x' AS \"123-45\" DEFAULT 'y' ON EMPTY)", 'SELECT ?, JSON_VALUE(a, ? PASSING ? AS "?" DEFAULT ? ON EMPTY)'],
    ["SELECT json_object('a' : 1, KEY 'b' VALUE 2, 'c' : d), json_array(1, 2, a)", 'SELECT JSON_OBJECT(? : ?, ? : d), JSON_ARRAY(?, a)'],
    ["SELECT a FROM t FOR VERSION AS OF 'v' NATURAL LEFT JOIN u", 'SELECT a FROM t FOR VERSION AS OF ? NATURAL LEFT JOIN u'],
    ["SELECT a FROM TABLE(f(x => 'y', TABLE(t) ORDER BY a))", 'SELECT a FROM TABLE(f(x => ?, TABLE(t) ORDER BY a))'],
    ['SELECT a FROM t MATCH_RECOGNIZE (PATTERN ((A{3})) DEFINE A AS b > 5)', 'SELECT a FROM t MATCH_RECOGNIZE (PATTERN (a{?}) DEFINE a AS b > ?)']
  ]
  for (const [sql, shape] of cases) t.equal(shapeOf(queryOf(sql)), shape, sql)
})
