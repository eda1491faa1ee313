/** Every rule of the guard is needed: without any one of them a query passes that all of them refuse. */
import t from 'tap'
import { judge, rules } from '../src/sql/guard.ts'
import { parse } from '../src/sql/parser.ts'
import { resolve } from '../src/sql/resolve.ts'
import { type Grant, restrictionsOf } from '../src/sql/restrictions.ts'
import { catalog, checked, codesOf, guardrailNamed } from './sql-scene.ts'

type Case = { readonly sql: string; readonly under?: string; readonly grant?: Grant; readonly code: string }

const narrow = "dt = '2024-01-01'"

/** Rule → what it alone refuses. */
const alone: Readonly<Record<string, Case>> = {
  names: { sql: 'SELECT nosuch FROM pii.customers', code: 'UNKNOWN_COLUMN' },
  catalogs: { sql: 'SELECT table_name FROM information_schema.tables', code: 'CATALOG_NOT_ALLOWED' },
  metadata: { sql: 'SELECT lower_bounds FROM "pii"."customers$files"', code: 'METADATA_TABLE' },
  unknown_tables: { sql: 'SELECT x FROM pii.nosuch', code: 'UNKNOWN_TABLE' },
  tables: { sql: 'SELECT salary FROM pii.payroll', code: 'TABLE_NOT_GRANTED' },
  views: { sql: 'SELECT ssn FROM pii.v_customers', code: 'VIEW_NOT_ALLOWED' },
  tablesample: { sql: 'SELECT id FROM pii.customers TABLESAMPLE BERNOULLI (10)', code: 'UNSUPPORTED' },
  deny_columns: { sql: 'SELECT id FROM pii.customers WHERE ssn IS NULL', code: 'COLUMN_DENIED' },
  columns: {
    sql: 'SELECT name FROM pii.customers',
    grant: { tables: ['pii.customers'], columns: ['pii.customers.id'] },
    code: 'COLUMN_DENIED'
  },
  aggregate_only_columns: { sql: 'SELECT max(email) FROM customers', under: 'aggregate', code: 'AGGREGATE_ONLY' },
  star: { sql: 'WITH t AS (SELECT * FROM pii.customers) SELECT id FROM t', code: 'STAR' },
  functions: { sql: 'SELECT evil(id) FROM pii.customers', code: 'FUNCTION_FORBIDDEN' },
  forbid_functions: { sql: 'SELECT from_base64(requestparameters) FROM cloudtrail', under: 'logs', code: 'FUNCTION_FORBIDDEN' },
  parameters: { sql: 'SELECT id FROM pii.customers WHERE id = ?', code: 'PARAMETERS' },
  require_partition_predicate: {
    sql: 'SELECT id FROM pii.customers LIMIT 5',
    under: 'strict',
    code: 'PARTITION_PREDICATE_REQUIRED'
  },
  require_limit: { sql: `SELECT id FROM pii.customers WHERE ${narrow}`, under: 'strict', code: 'LIMIT_REQUIRED' },
  forbid_cross_join: { sql: 'SELECT 1 FROM pii.v_safe a, pii.v_safe b LIMIT 5', under: 'strict', code: 'CROSS_JOIN' }
}

t.same(Object.keys(alone).toSorted(), rules.map(({ name }) => name).toSorted(), 'every rule has its case')

for (const rule of rules) {
  t.test(`without ${rule.name} something would pass`, async (t) => {
    const { sql, under = 'analyst', grant = null, code } = alone[rule.name] ?? { sql: '', code: '' }
    const parsed = parse(sql)
    if (!parsed.ok) throw new Error(sql)
    const guardrail = guardrailNamed(under)
    const restrictions = restrictionsOf(guardrail, grant)
    const { isGranted } = restrictions
    const { defaultDatabase } = guardrail
    const resolution = resolve({ query: parsed.query, catalog, defaultDatabase, isGranted })
    t.ok(codesOf(checked(sql, under, grant)).includes(code))
    t.same(judge(resolution, restrictions, rules.filter((other) => other !== rule)), [])
  })
}
