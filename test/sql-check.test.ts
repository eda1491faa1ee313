/** A query is checked before it runs: what it reads is what Trino would be asked, and refused is refused. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { printVerdict } from '../src/cli/guard-verdict.ts'
import { guard } from '../src/cli/guard.ts'
import { parseCatalog } from '../src/sql/catalog.ts'
import { asRequesterSees, check } from '../src/sql/check.ts'
import { tokensOf } from '../src/sql/lexer.ts'
import { shapeOf } from '../src/sql/shape.ts'
import { parseType } from '../src/sql/types.ts'
import {
  catalog,
  catalogDocument,
  catalogOf,
  checked,
  codesOf,
  corpusFile,
  evasions,
  grantOf,
  guardrailNamed,
  lines,
  open
} from './sql-scene.ts'

t.test('what must not pass is refused, and what is honest is allowed', async (t) => {
  let stricter = 0
  const wrong = evasions.filter((one) => {
    const { decision } = checked(one.sql, grantOf(one))
    if (decision === (one.expect === 'allow' ? 'allow' : 'refuse')) return false
    if (one.may_refuse) stricter++
    return !one.may_refuse
  })
  t.same(wrong.map(({ id, sql }) => [id, sql]), [])
  t.comment(`evasions: ${evasions.length - stricter} of ${evasions.length} as expected, ${stricter} may be stricter`)
})

t.test('a refusal has the code of its reason, or another that is true too', async (t) => {
  const alsoTrue: Readonly<Record<string, string>> = {
    e093: 'CATALOG_NOT_ALLOWED',
    e211: 'UNSUPPORTED',
    e212: 'UNSUPPORTED',
    e330: 'TOO_COMPLEX'
  }
  for (const one of evasions.filter(({ expect }) => expect === 'deny')) {
    const wanted = alsoTrue[one.id] ?? one.code ?? ''
    t.ok(codesOf(checked(one.sql, grantOf(one))).includes(wanted), `${one.id} ${wanted}`)
  }
})

const shaped = (sql: string): string | null => {
  const { query } = checked(sql)
  return query && shapeOf(query)
}

type Access = {
  readonly id: string
  readonly sql: string
  readonly kind: string
  readonly schema_ref: string
  readonly access?: Record<string, string[]>
  readonly table?: string
  readonly columns_accessed?: string[]
  readonly deny_privileges?: string[]
  readonly outputs?: { output: string; sources: string[] }[]
  readonly needs_catalog?: string
  readonly secondary?: boolean
  readonly trino_differs?: boolean
}

type Schema = { readonly catalog: string | null; readonly schema: string | null; readonly tables: Record<string, string[]> }

const mock: Schema = {
  catalog: 'mock',
  schema: 'default',
  tables: { tests_table_unnest: ['test_varchar_array', 'test_bigint_array', 'test_bigint'] }
}

const typeOf = (name: string): string => (/array$|^phones$/.test(name) ? 'array(varchar)' : 'varchar')

const schemaOf = (one: Access) => {
  const path = corpusFile(one.schema_ref)
  const read = (): Schema => JSON.parse(readFileSync(path ?? '', 'utf8')) as Schema
  const schema = one.needs_catalog === 'mock' ? mock : read()
  const database = schema.schema ?? 'db'
  const tables = Object.entries(schema.tables).map(([table, columns]) => [
    `${database}.${table}`,
    { type: 'table', columns: columns.map((name) => [name, typeOf(name)]) }
  ])
  const defaultCatalog = schema.catalog ?? 'awsdatacatalog'
  return {
    database,
    prefix: `${defaultCatalog}.`,
    catalog: catalogOf({ defaultCatalog, tables: Object.fromEntries(tables) })
  }
}

const sorted = (lists: Readonly<Record<string, readonly string[]>>): string =>
  JSON.stringify(
    Object.keys(lists)
      .toSorted()
      .map((name) => [name, lists[name]?.toSorted()])
  )

const same = (isSame: boolean) => (isSame ? 'equal' : 'different')

const accessOf = (one: Access): 'equal' | 'refused' | 'different' => {
  const { database, prefix, catalog: of } = schemaOf(one)
  const verdict = check({ sql: one.sql, catalog: of, guardrail: { ...open, defaultDatabase: database } })
  if (verdict.decision === 'refuse') return 'refused'
  const own = Object.entries(verdict.reads).map(([id, columns]) => [id.slice(database.length + 1), columns] as const)
  const reads = Object.fromEntries(own)
  if (one.access) return same(sorted(reads) === sorted(one.access))
  if (one.columns_accessed) return same(sorted({ x: reads[one.table ?? ''] ?? [] }) === sorted({ x: one.columns_accessed }))
  if (one.outputs) {
    const outputs = verdict.outputs.map(({ name, columns }) => [name, columns.map((column) => prefix + column)])
    return same(JSON.stringify(outputs) === JSON.stringify(one.outputs.map(({ output, sources }) => [output, sources.toSorted()])))
  }
  const denied = new Set(one.deny_privileges)
  return same(one.kind !== 'must-be-refused' && !Object.values(reads).flat().some((column) => denied.has(column)))
}

t.test('tables and columns are those that Trino asks its access control for', async (t) => {
  const path = corpusFile('access.jsonl')
  if (path === null) {
    t.comment('the corpora are not beside the project')
    return
  }
  const counts: Record<string, number> = {}
  for (const one of lines(path) as readonly Access[]) {
    const answer = accessOf(one)
    const group = `${one.secondary ? 'secondary' : 'oracle'} ${answer}`
    counts[group] = (counts[group] ?? 0) + 1
    if (!one.trino_differs) t.not(answer, 'different', one.id)
  }
  t.comment(`access: ${JSON.stringify(counts)}`)
  t.ok((counts['oracle equal'] ?? 0) >= 172)
})

t.test('names mean what they mean to Trino', async (t) => {
  const pii = 'analyst_pii'
  const table: readonly (readonly [sql: string, reads: Record<string, string[]> | string])[] = [
    // the longest prefix first, what is left are fields
    ['SELECT customers.profile.tier FROM customers', { 'pii.customers': ['profile'] }],
    ['SELECT pii.customers.profile.tier FROM customers', { 'pii.customers': ['profile'] }],
    ['SELECT awsdatacatalog.pii.customers.profile.prefs.lang FROM customers', { 'pii.customers': ['profile'] }],
    ['SELECT profile.nosuch FROM customers', 'UNKNOWN_COLUMN'],
    ['SELECT id.x FROM customers', 'UNKNOWN_COLUMN'],
    ['SELECT c.id FROM customers', 'UNKNOWN_COLUMN'],
    // a level where the prefix is a column is not looked past
    ['SELECT (SELECT profile.ssn FROM (SELECT 1 AS profile) x) FROM customers profile', 'UNKNOWN_COLUMN'],
    // siblings do not see each other, LATERAL and UNNEST do
    ['SELECT 1 FROM customers c, (SELECT c.id AS x) y', 'UNKNOWN_COLUMN'],
    ['SELECT 1 FROM customers c CROSS JOIN LATERAL (SELECT c.id AS x) y', { 'pii.customers': ['id'] }],
    ['SELECT 1 FROM customers c, UNNEST(c.tags) AS y(tag)', { 'pii.customers': ['tags'] }],
    ['SELECT 1 FROM UNNEST(c.tags) AS y(tag), customers c', 'UNKNOWN_COLUMN'],
    // USING reads both sides, takes the qualifier, and leaves the rest
    ['SELECT id FROM customers JOIN pii.v_safe USING (id)', { 'pii.customers': ['id'], 'pii.v_safe': ['id'] }],
    ['SELECT customers.id FROM customers JOIN pii.v_safe USING (id)', 'UNKNOWN_COLUMN'],
    ['SELECT 1 FROM customers JOIN pii.v_safe USING (name)', 'UNKNOWN_COLUMN'],
    ['SELECT 1 FROM (customers a JOIN customers b ON a.id = b.id) JOIN pii.v_safe USING (id)', 'AMBIGUOUS_COLUMN'],
    // aliases of the output are seen by ORDER BY alone
    ['SELECT id AS x FROM customers ORDER BY x', { 'pii.customers': ['id'] }],
    ['SELECT id AS name FROM customers ORDER BY name', { 'pii.customers': ['id'] }],
    ['SELECT id AS name FROM customers ORDER BY customers.name', { 'pii.customers': ['id', 'name'] }],
    ['SELECT id AS x FROM customers WHERE x = 1', 'UNKNOWN_COLUMN'],
    ['SELECT id AS x, count(*) FROM customers GROUP BY x', 'UNKNOWN_COLUMN'],
    ['SELECT id AS x FROM customers GROUP BY id HAVING x > 1', 'UNKNOWN_COLUMN'],
    ['SELECT id FROM customers GROUP BY 2', 'UNKNOWN_COLUMN'],
    ['SELECT id FROM customers ORDER BY 0', 'UNKNOWN_COLUMN'],
    ['(SELECT id FROM customers) ORDER BY name', 'UNKNOWN_COLUMN'],
    // CTEs: unqualified, not in themselves, later ones see earlier ones, charged when unused
    ['WITH a AS (SELECT id FROM customers), b AS (SELECT id FROM a) SELECT 1', { 'pii.customers': ['id'] }],
    ['WITH a AS (SELECT id FROM b), b AS (SELECT 1 AS id) SELECT id FROM a', 'UNKNOWN_TABLE'],
    ['WITH a AS (SELECT 1 AS x) SELECT x FROM pii.a', 'UNKNOWN_TABLE'],
    ['WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT x FROM a', 'UNSUPPORTED'],
    ['WITH a(x, y) AS (SELECT id FROM customers) SELECT x FROM a', 'UNKNOWN_COLUMN'],
    ['SELECT x FROM (SELECT id FROM customers) AS t(x, y)', 'UNKNOWN_COLUMN'],
    // set operations by position
    ['SELECT id FROM customers UNION SELECT id, name FROM customers', 'UNKNOWN_COLUMN'],
    ['SELECT id AS x FROM customers UNION SELECT 1 ORDER BY x', { 'pii.customers': ['id'] }],
    ['SELECT id FROM customers UNION SELECT 1 ORDER BY name', 'UNKNOWN_COLUMN'],
    // lambdas shadow; a quoted or hidden name is no other
    ['SELECT transform(tags, id -> id) FROM customers', { 'pii.customers': ['tags'] }],
    ['SELECT transform(tags, x -> x || name) FROM customers', { 'pii.customers': ['name', 'tags'] }],
    ['SELECT "$bucket" FROM customers', 'HIDDEN_COLUMN'],
    ['SELECT id, id FROM customers ORDER BY id', 'AMBIGUOUS_COLUMN'],
    // the columns of UNNEST: by their type, or by the names given
    ['SELECT k FROM customers, UNNEST(attrs) AS u(k, v)', { 'pii.customers': ['attrs'] }],
    ['SELECT k FROM customers, UNNEST(attrs) AS u(k)', 'UNKNOWN_COLUMN'],
    ['SELECT x FROM customers, UNNEST(transform(tags, t -> t)) AS u(x)', { 'pii.customers': ['tags'] }],
    ['SELECT 1 FROM customers, UNNEST(transform(tags, t -> t))', 'UNSUPPORTED'],
    ['SELECT a.* FROM customers c CROSS JOIN (SELECT 1 AS x) a', { 'pii.customers': [] }],
    ['SELECT nosuch.* FROM customers', 'UNKNOWN_COLUMN'],
    ['SELECT profile.* FROM customers', 'UNSUPPORTED'],
    ['SELECT 1 FROM sales.orders profile WHERE EXISTS (SELECT profile.* FROM customers)', 'UNSUPPORTED'],
    ['VALUES (1, 2), (3)', 'UNKNOWN_COLUMN']
  ]
  for (const [sql, wanted] of table) {
    const verdict = checked(sql, pii)
    if (typeof wanted === 'string') t.ok(codesOf(verdict).includes(wanted), sql)
    else t.same([verdict.decision, verdict.reads], ['allow', wanted], sql)
  }
})

t.test('fields that Trino drops take no name away from a column outside', async (t) => {
  const rows = [
    `coalesce(ARRAY[CAST(ROW(1) AS ROW(ssn int))], ARRAY[CAST(ROW(1) AS ROW(x int))])`,
    `ARRAY[CAST(ROW(1) AS ROW(ssn int)), CAST(ROW(1) AS ROW(x int))]`,
    `concat(ARRAY[CAST(ROW(1) AS ROW(ssn int))], ARRAY[ARRAY[CAST(ROW(1) AS ROW(ssn int))]])`,
    `CASE WHEN true THEN ARRAY[CAST(ROW(1) AS ROW(ssn int))] ELSE ARRAY[ROW(1)] END`,
    `if(true, ARRAY[CAST(ROW(1) AS ROW(ssn int))], NULL)`,
    `array_remove(ARRAY[CAST(ROW(1) AS ROW(ssn int))], ROW(1))`,
    `max(CAST(ROW(1) AS ROW(ssn int)), 2)`
  ]
  for (const row of rows) {
    const sql = `SELECT (SELECT ssn FROM UNNEST(${row})) FROM pii.customers`
    t.equal(checked(sql).decision, 'refuse', row)
  }
  const honest = 'SELECT (SELECT ssn FROM UNNEST(ARRAY[CAST(ROW(1) AS ROW(ssn int))])) FROM pii.customers'
  t.same(checked(honest).reads, { 'pii.customers': [] })
})

t.test('a column that may only be counted is read nowhere else', async (t) => {
  const allowed = [
    'SELECT count(email) FROM customers',
    'SELECT approx_distinct(email, 0.01) * 2 FROM customers',
    'SELECT country FROM customers GROUP BY country HAVING count(DISTINCT ssn) > 5 ORDER BY count(email)'
  ]
  const refused = [
    'SELECT email FROM customers',
    'SELECT count(lower(email)) FROM customers',
    'SELECT count(email) FILTER (WHERE id = 1) FROM customers',
    'SELECT count(email) OVER () FROM customers',
    'SELECT max(email) FROM customers',
    'SELECT approx_distinct(id, email) FROM customers',
    'SELECT (SELECT count(c.email) FROM sales.orders) FROM customers c',
    'SELECT id FROM customers WHERE count(email) > 1',
    'SELECT count(x) FROM (SELECT email AS x FROM customers)',
    'SELECT count(*) FROM customers a JOIN customers b USING (email)'
  ]
  for (const sql of allowed) t.same(codesOf(checked(sql, 'aggregate')), [], sql)
  for (const sql of refused) t.ok(codesOf(checked(sql, 'aggregate')).includes('AGGREGATE_ONLY'), sql)
  t.ok(codesOf(checked('SELECT * FROM customers', 'aggregate')).includes('STAR'))
})

t.test('partitions are narrowed, joins related and rows limited in the query itself', async (t) => {
  const narrow = "dt >= '2024-01-01'"
  const allowed = [
    `SELECT id FROM pii.customers WHERE '2024' <= dt AND country = 'DE' LIMIT 5`,
    `SELECT id FROM pii.customers WHERE dt = date_format(current_date - interval '1' day, '%Y') LIMIT 5`,
    `SELECT id FROM pii.customers c JOIN sales.orders o ON c.id = o.customer_id AND c.${narrow} AND o.${narrow} LIMIT 5`,
    `SELECT id FROM pii.customers c JOIN sales.orders o USING (dt) WHERE ${narrow} AND c.id > o.customer_id LIMIT 5`,
    `SELECT 1 FROM pii.customers a JOIN pii.customers b USING (dt) JOIN pii.customers c USING (dt) WHERE ${narrow} LIMIT 5`,
    `(SELECT id FROM pii.customers WHERE ${narrow} LIMIT 5)`,
    `SELECT id FROM pii.customers WHERE ${narrow} FETCH FIRST ROW ONLY`,
    `SELECT t FROM pii.customers CROSS JOIN UNNEST(tags) AS u(t) WHERE ${narrow} LIMIT 5`,
    'SELECT id FROM pii.v_safe LIMIT 5'
  ]
  const refused: readonly (readonly [code: string, sql: string])[] = [
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE ${narrow} OR id = 1 LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE NOT (${narrow}) LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE substr(dt, 1) = '2' LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE dt = country LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE dt IN (SELECT '2024') LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers WHERE dt NOT IN ('2024') LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT a.id FROM pii.customers a JOIN pii.customers b ON a.id = b.id WHERE a.${narrow} LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT id FROM pii.customers c LEFT JOIN sales.orders o ON c.id = o.customer_id AND o.${narrow} WHERE c.${narrow} LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `SELECT 1 FROM (SELECT 1 AS x FROM pii.customers) WHERE EXISTS (SELECT 1 FROM sales.orders WHERE ${narrow}) LIMIT 5`],
    ['PARTITION_PREDICATE_REQUIRED', `TABLE sales.orders LIMIT 5`],
    ['LIMIT_REQUIRED', `SELECT id FROM pii.customers WHERE ${narrow} LIMIT ALL`],
    ['LIMIT_REQUIRED', `SELECT id FROM pii.customers WHERE ${narrow} LIMIT 1001`],
    ['LIMIT_REQUIRED', `SELECT id FROM pii.v_safe UNION ALL (SELECT id FROM pii.v_safe LIMIT 5)`],
    ['CROSS_JOIN', `SELECT 1 FROM pii.v_safe a JOIN pii.v_safe b ON a.id = b.id OR true LIMIT 5`],
    ['CROSS_JOIN', `SELECT 1 FROM pii.v_safe a JOIN pii.v_safe b ON a.id = 1 AND b.id = 1 LIMIT 5`],
    ['CROSS_JOIN', `SELECT 1 FROM pii.v_safe a CROSS JOIN UNNEST(sequence(1, 9)) AS u(n) LIMIT 5`],
    ['CROSS_JOIN', `SELECT 1 FROM pii.v_safe a CROSS JOIN LATERAL (SELECT a.id) AS u(n) LIMIT 5`]
  ]
  for (const sql of allowed) t.same(codesOf(checked(sql, 'strict')), [], sql)
  for (const [code, sql] of refused) t.ok(codesOf(checked(sql, 'strict')).includes(code), sql)
})

t.test('a requester cannot tell a table that is not there from one that is not granted', async (t) => {
  const seen = (table: string) => {
    const sql = `SELECT x.salary, nosuch FROM ${table} x JOIN pii.customers c ON x.id = c.id WHERE c.ssn = '1'`
    const { refusals } = asRequesterSees(checked(sql))
    return JSON.stringify(refusals).replaceAll(/pii.pay....|"table":"pay...."/g, 'it')
  }
  t.equal(seen('pii.payroll'), seen('pii.paynone'))
  t.match(seen('pii.payroll'), /TABLE_NOT_GRANTED.*COLUMN_DENIED/)
  const view = asRequesterSees(checked('SELECT id FROM pii.v_customers'))
  t.same(codesOf(view), ['TABLE_NOT_GRANTED'])
  t.same(codesOf(checked('SELECT id FROM pii.v_customers')), ['VIEW_NOT_ALLOWED'])
})

t.test('an elevation is held to the tables and columns that it asked for', async (t) => {
  const grant = { tables: ['pii.customers'], columns: ['pii.customers.id', 'pii.customers.country'] }
  t.same(codesOf(checked('SELECT id FROM pii.customers', 'analyst', grant)), [])
  t.same(codesOf(checked('SELECT name FROM pii.customers', 'analyst', grant)), ['COLUMN_DENIED'])
  t.same(codesOf(checked('SELECT * FROM sales.orders', 'analyst', grant)), ['TABLE_NOT_GRANTED'])
  const free = { ...open, defaultDatabase: 'sales' }
  const star = check({ sql: 'SELECT * FROM pii.customers', catalog, guardrail: free, grant })
  t.same(codesOf(star), ['STAR'])
  t.same(codesOf(check({ sql: 'SELECT id FROM pii.v_safe', catalog, guardrail: free })), ['VIEW_NOT_ALLOWED'])
})

t.test('a refusal says where, what, and what to do', async (t) => {
  const { refusals } = checked('SELECT id,\n  ssn FROM pii.customers')
  t.match(refusals, [{ code: 'COLUMN_DENIED', line: 2, column: 3, offset: 13, length: 3, rule: 'deny_columns' }])
  t.same(refusals[0]?.object, { catalog: 'awsdatacatalog', database: 'pii', table: 'customers', column: 'ssn' })
  const several = checked('SELECT ssn, nosuch, f(1) FROM pii.customers WHERE email IS NULL')
  t.same(codesOf(several), ['COLUMN_DENIED', 'UNKNOWN_COLUMN', 'FUNCTION_FORBIDDEN', 'COLUMN_DENIED'])
  const printed: string[] = []
  const to = { json: false, colour: false, out: (line: string) => void printed.push(line), err: () => undefined }
  const sql = `SELECT id,\n\t'${'é'.repeat(200)}', ssn FROM pii.customers`
  printVerdict(to, sql, checked(sql))
  const caret = printed.find((line) => line.trim().startsWith('^')) ?? ''
  const above = printed[printed.indexOf(caret) - 1] ?? ''
  t.equal(above.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1), 'ssn')
  t.ok(printed.every((line) => line.length <= 100))
})

t.test('the shape of a query has its structure and none of its values', async (t) => {
  const shape = shaped
  t.equal(
    shape(`SELECT Id, "Name" n FROM pii.customers WHERE name IN ('Smith', 'Jones') AND dt = '2024' LIMIT 5`),
    'SELECT id, "name" AS n FROM pii.customers WHERE name IN (?) AND dt = ? LIMIT ?'
  )
  for (const { sql } of evasions) {
    const text = shaped(sql) ?? ''
    for (const [literal = ''] of sql.matchAll(/'[^']{4,}'/g)) t.notOk(text.includes(literal), literal)
  }
  t.equal(shape('SELECT id AS "Jane Doe" FROM pii.customers'), 'SELECT id AS "?" FROM pii.customers')
  t.equal(shape('select  ID from PII.customers where name=\'a\''), shape('SELECT id FROM pii.customers WHERE name = \'b\''))
})

const rows = (count: number, row: (n: number) => string, between = ', '): string =>
  Array.from({ length: count }, (_, n) => row(n)).join(between)

t.test('the worst of texts is answered at once', async (t) => {
  const doubling = Array.from({ length: 40 }, (_, n) => `t${n + 1} AS (SELECT a.*, b.* FROM t${n} a CROSS JOIN t${n} b)`)
  const texts = [
    '',
    ' ',
    'x'.repeat(262_145),
    `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
    `SELECT id FROM pii.customers WHERE ${Array.from({ length: 5000 }, () => 'id=1').join(' OR ')}`,
    `SELECT id FROM pii.customers WHERE id IN (${Array.from({ length: 100_000 }, () => '1').join(',')})`,
    `SELECT ${Array.from({ length: 9000 }, () => 'ssn').join(',')} FROM pii.customers`,
    `SELECT 1 FROM ${Array.from({ length: 4000 }, (_, n) => `pii.v_safe a${n}`).join(',')}`,
    `WITH t0 AS (SELECT id FROM pii.customers), ${doubling.join(', ')} SELECT 1`,
    `SELECT ${Array.from({ length: 9000 }, () => 'a').join('.')} FROM pii.customers`,
    `SELECT id FROM pii.customers ${'UNION SELECT id FROM pii.customers '.repeat(2400)}`,
    `SELECT id${'[1]'.repeat(6000)} FROM pii.customers`,
    `SELECT 1 FROM pii.v_safe a ${Array.from({ length: 1500 }, (_, n) => `JOIN pii.v_safe b${n} ON a.id = b${n}.id`).join(' ')}`
  ]
  check({ sql: 'SELECT 1', catalog, guardrail: guardrailNamed('strict') })
  for (const sql of texts) {
    const began = performance.now()
    const { refusals } = check({ sql, catalog, guardrail: guardrailNamed('strict') })
    const ms = performance.now() - began
    t.ok(refusals.length > 0, sql.slice(0, 60))
    t.notOk(refusals.some(({ code }) => code === 'INTERNAL'))
    // four times what it may take, for a machine that does other things besides
    t.ok(ms <= 1000, `${Math.round(ms)} ms`)
    t.comment(`${Math.round(ms)} ms, ${refusals[0]?.code}: ${sql.slice(0, 50)}`)
  }
  const accepted = [
    `SELECT ${rows(9900, () => 'id')} FROM customers`,
    `SELECT 1 FROM customers WHERE id IN (${rows(9900, (n) => String(n))})`,
    `SELECT 1 FROM customers WHERE ${rows(4900, () => 'id = 1', ' AND ')}`,
    rows(1900, (n) => `SELECT id AS x${n} FROM customers`, ' UNION ALL '),
    `SELECT ${rows(2400, () => '(SELECT id FROM customers)')}`,
    `SELECT ${rows(60, () => `${'lower('.repeat(90)}name${')'.repeat(90)}`)} FROM customers`,
    `SELECT 1 FROM pii.v_safe a ${rows(300, (n) => `JOIN pii.v_safe b${n} ON a.id = b${n}.id`, ' ')}`,
    `SELECT id FROM customers a ${rows(100, (n) => `JOIN customers b${n} USING (id)`, ' ')}`,
    `SELECT * FROM pii.v_safe a ${rows(250, (n) => `JOIN pii.v_safe b${n} USING (id)`, ' ')}`,
    `WITH ${rows(1000, (n) => `t${n} AS (SELECT id FROM ${n === 0 ? 'customers' : `t${n - 1}`})`)} SELECT id FROM t999`,
    `${'SELECT t.* FROM ('.repeat(49)}SELECT * FROM customers${') t'.repeat(49)}`
  ]
  const free = { ...open, defaultDatabase: 'pii', tables: ['pii.customers', 'pii.v_safe'] }
  for (const sql of accepted) {
    const began = performance.now()
    const { decision } = check({ sql, catalog, guardrail: free })
    const ms = performance.now() - began
    t.equal(decision, 'allow', sql.slice(0, 60))
    t.ok(ms <= 1000, `${Math.round(ms)} ms`)
    t.comment(`${Math.round(ms)} ms, allowed: ${sql.slice(0, 50)}`)
  }
  const bare = catalogOf({ defaultCatalog: 'c', tables: { 'a.bare': { type: 'table', columns: [] } } })
  const sql = `SELECT 1 FROM ${rows(6000, (n) => `a.bare t${n}`)}`
  t.match(check({ sql, catalog: bare, guardrail: open }).refusals, [{ code: 'TOO_COMPLEX' }], 'a table without columns is joined too')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (sql) => check({ sql, catalog, guardrail: open }).decision.length > 0)
  )
})

t.test('catalogs and types are parsed whole or not at all', async (t) => {
  t.same(parseType('struct<a:string,b:array<row(c decimal(10,2), d timestamp(3) with time zone)>>'), {
    kind: 'row',
    fields: [
      { name: 'a', type: { kind: 'plain', name: 'string' } },
      {
        name: 'b',
        type: {
          kind: 'array',
          element: {
            kind: 'row',
            fields: [
              { name: 'c', type: { kind: 'plain', name: 'decimal (10,2)' } },
              { name: 'd', type: { kind: 'plain', name: 'timestamp (3) with time zone' } }
            ]
          }
        }
      }
    ]
  })
  for (const bad of ['', 'array(', 'map(varchar)', 'row()', 'array(a))', 'row(a b c,', `${'array('.repeat(60)}a${')'.repeat(60)}`]) {
    t.equal(parseType(bad), null, bad)
  }
  const faults = (document: unknown) => {
    const parsed = parseCatalog(document)
    return parsed.ok ? [] : parsed.faults.map(({ path }) => path)
  }
  const column = (tables: unknown) => faults({ defaultCatalog: 'c', tables })
  t.same(faults([]), [''])
  t.same(faults({ defaultCatalog: '', tables: [], more: 1 }), ['', 'defaultCatalog', 'tables'])
  t.same(column({ t: {}, 'a.b': 1, 'a.c': { type: 'x' } }), ['tables["t"]', 'tables["a.b"]', 'tables["a.c"].type'])
  t.same(column({ 'a.b': { type: 'table', columns: [['x', 'y'], ['X', 'y'], [1]] } }), [
    'tables["a.b"].columns[1]',
    'tables["a.b"].columns[2]'
  ])
  const added = catalogOf({ defaultCatalog: 'c', tables: { 'A.b': { type: 'table', columns: [], partitionKeys: ['DT'] } } })
  t.equal(added.databases.get('a')?.get('b')?.columns[0]?.isPartitionKey, true)
})

t.test('guard answers a verdict per statement, and wrong files by name and place', async (t) => {
  const box = mkdtempSync(join(tmpdir(), 'sallyport-guard-'))
  t.teardown(() => rmSync(box, { recursive: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(box, name), text)
    return join(box, name)
  }
  const files = {
    catalog: file('catalog.json', JSON.stringify(catalogDocument)),
    guardrail: file('guardrail.yaml', 'tables: [pii.customers]\ndenyColumns:\n  pii.customers: [ssn]\n')
  }
  const run = async (input: string | Buffer, more: object = {}, json = true) => {
    const out: string[] = []
    const err: string[] = []
    const to = { json, colour: false, out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) }
    const stdin = (async function* () {
      yield Buffer.from(input)
    })()
    const code = await guard(to, { ...files, input: stdin, isTerminal: !json, ...more })
    return { code, out, err: err.join('\n') }
  }
  const allowed = await run('SELECT id FROM pii.customers')
  t.same([allowed.code, JSON.parse(allowed.out[0] ?? '')], [
    0,
    { id: null, decision: 'allow', refusals: [], reads: { 'pii.customers': ['id'] } }
  ])
  const refused = await run('SELECT ssn FROM pii.customers')
  t.match([refused.code, JSON.parse(refused.out[0] ?? '')], [1, { decision: 'refuse', refusals: [{ code: 'COLUMN_DENIED', line: 1, column: 8 }] }])
  const rows = await run('{"id":"a","sql":"SELECT 1"}\n\n{"id":2,"sql":"SELECT ssn FROM pii.customers"}\n', { jsonl: true })
  t.same([rows.code, ...rows.out.map((line) => JSON.parse(line) as { id: unknown; decision: string }).map(({ id, decision }) => [id, decision])], [
    1,
    ['a', 'allow'],
    [2, 'refuse']
  ])
  t.match((await run('SELECT ssn FROM pii.customers', {}, false)).out.join('\n'), /\n {2}SELECT ssn FROM pii\.customers\n {9}\^{3}\n/)
  t.match((await run('SELECT id FROM pii.customers', {}, false)).out.join('\n'), /allowed\n.*\npii\.customers {2}id/)
  const text = JSON.stringify({ tables: ['pii.customers'], requireLimit: 5 }, null, '\t')
  t.equal((await run('SELECT 1', { guardrail: file('guardrail.json', text) })).code, 1)
  t.match(JSON.parse((await run(Buffer.from('\uFEFFSELECT 1'))).out[0] ?? ''), { decision: 'refuse' })
  const wrong: readonly (readonly [input: string | Buffer, more: object, err: RegExp])[] = [
    ['SELECT 1', { catalog: join(box, 'none') }, /none: ENOENT/],
    ['SELECT 1', { catalog: file('c1', '{') }, /c1: not JSON/],
    ['SELECT 1', { catalog: file('c2', '{"defaultCatalog":"c","tables":{"a.b":{"type":"table","columns":[1]}}}') }, /c2: tables\["a\.b"\]\.columns\[0\] must be/],
    ['SELECT 1', { guardrail: file('g1', 'denyColumn: {}\n') }, /g1:1: denyColumn: unknown key.*denyColumns/],
    ['SELECT 1', { guardrail: file('g2', 'requireLimit: many\n') }, /g2:1: requireLimit/],
    ['SELECT 1', { guardrail: file('g3', 'denyColumns: {a.b: [c]}\naggregateOnlyColumns: {a.b: [c]}\n') }, /in denyColumns too/],
    ['{"sql":1}', { jsonl: true }, /stdin, line 1: must be/],
    ['{"sql":"SELECT 1"}\n{', { jsonl: true }, /stdin, line 2: must be/],
    [Buffer.from([0x53, 0xff]), {}, /stdin is not UTF-8/],
    [Buffer.from([0x53, 0xff]), { jsonl: true }, /stdin, line 1: not UTF-8/]
  ]
  for (const [input, more, err] of wrong) {
    const answer = await run(input, more)
    t.match([answer.code, answer.err], [2, err], String(err))
  }
})

/* What holds of every query */

const honest = evasions.filter(({ sql, schema_ref: ref }) => ref.endsWith('analyst') && shaped(sql) !== null)
const anyQuery = fc.constantFrom(...honest.map(({ sql }) => sql.replace(/;\s*$/, '')))
const summary = (sql: string, name = 'analyst') => {
  const { decision, reads } = checked(sql, name)
  return JSON.stringify([decision, reads])
}

const rewrite = (sql: string, between: (n: number) => string, word: (text: string, n: number) => string): string => {
  const { kinds, starts, ends } = tokensOf(sql)
  let text = ''
  for (let n = 0; n < kinds.length - 1; n++) {
    const token = sql.slice(starts[n], ends[n])
    text += between(n) + (/^[A-Za-z_]\w*$/.test(token) ? word(token, n) : token)
  }
  return text
}

t.test('comments, white space and case change nothing', async () => {
  const gaps = fc.infiniteStream(fc.constantFrom(' ', '\n', '\t', '\r\n', ' /* ssn, */ ', ' -- , email\n', '/**/ /* /* */'))
  const cases = fc.infiniteStream(fc.boolean())
  fc.assert(
    fc.property(anyQuery, gaps, cases, (sql, gap, upper) => {
      const written = rewrite(
        sql,
        () => gap.next().value ?? ' ',
        (text) => (upper.next().value ? text.toUpperCase() : text.toLowerCase())
      )
      return summary(written) === summary(sql)
    }),
    { numRuns: 400 }
  )
})

t.test('a query within another reads what it reads alone', async () => {
  const ways = [
    (sql: string) => `SELECT 1 FROM (${sql}) AS wrapped`,
    (sql: string) => `WITH wrapped AS (${sql}) SELECT * FROM wrapped`,
    (sql: string) => `WITH wrapped AS (${sql}) SELECT 1`,
    (sql: string) => `SELECT 1 WHERE EXISTS (${sql})`,
    // a query in brackets of its own has no WITH
    (sql: string) => (/^with/i.test(sql) ? sql : `(${sql}) UNION ALL ((${sql}))`)
  ]
  fc.assert(
    fc.property(anyQuery, fc.constantFrom(...ways), (sql, way) => summary(way(sql)) === summary(sql)),
    { numRuns: 400 }
  )
})

type Made = { readonly columns: readonly string[]; readonly where: string; readonly order: number; readonly isJoined: boolean }

const names = ['id', 'email', 'ssn', 'name', 'country', 'profile.tier', 'tags[1]', "attrs['k']"]
const anyMade: fc.Arbitrary<Made> = fc.record({
  columns: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }),
  where: fc.constantFrom(...names.slice(0, 5)),
  order: fc.nat(5),
  isJoined: fc.boolean()
})

const written = ({ columns, where, order, isJoined }: Made, alias: string, output: string): string => {
  const items = columns.map((column, n) => `${alias}.${column} AS ${output}${n}`)
  const join = isJoined ? ` JOIN sales.orders ${alias}o ON ${alias}o.customer_id = ${alias}.id` : ''
  return `SELECT ${items.join(', ')} FROM pii.customers AS ${alias}${join} WHERE ${alias}.${where} IS NOT NULL ORDER BY ${output}${order % columns.length}`
}

t.test('aliases change nothing, and a column more is never read as less', async () => {
  const alias = fc.integer({ min: 0, max: 99 }).map((n) => `n${n}_`)
  fc.assert(
    fc.property(anyMade, alias, alias, (made, one, other) => {
      return summary(written(made, one, `${other}x`)) === summary(written(made, other, `${one}y`))
    })
  )
  fc.assert(
    fc.property(anyMade, fc.constantFrom(...names), (made, more) => {
      const before = checked(written(made, 'a', 'x')).reads
      const after = checked(written({ ...made, columns: [...made.columns, more] }, 'a', 'x')).reads
      return Object.entries(before).every(([id, columns]) => columns.every((column) => after[id]?.includes(column)))
    })
  )
})

t.test('fewer grants never allow more', async () => {
  const tables = Object.keys(catalogDocument.tables)
  const everyTable = [...catalog.databases.values()].flatMap((named) => [...named.values()])
  const columns = everyTable.flatMap((table) => table.columns.map(({ name }) => `${table.id}.${name}`))
  const anyGrant = fc.record({ tables: fc.subarray(tables), columns: fc.subarray(columns, { minLength: columns.length - 9 }) })
  fc.assert(
    fc.property(anyQuery, anyGrant, fc.subarray(tables), fc.subarray(columns), (sql, grant, some, few) => {
      const less = {
        tables: grant.tables.filter((table) => some.includes(table)),
        columns: grant.columns.filter((column) => few.includes(column))
      }
      const isAllowed = (of: typeof grant | null) => checked(sql, 'analyst', of).decision === 'allow'
      return (!isAllowed(less) || isAllowed(grant)) && (!isAllowed(grant) || isAllowed(null))
    }),
    { numRuns: 300 }
  )
})
