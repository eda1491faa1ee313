/**
 * DuckDB as the sandbox's query engine: one fresh in-memory database per query, without files,
 * network or extensions, its configuration locked, that holds only the tables it was given. One
 * SELECT, WITH or VALUES statement is run; everything else is refused. The package is optional.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { readsOf } from './duckdb-reads.ts'
import type { TableName } from './duckdb-reads.ts'
import { athenaType, athenaValue, duckdbType } from './duckdb-types.ts'
import type { GlueColumn } from './glue-state.ts'
import { QueryFailure } from './athena-failure.ts'

export type QueryColumn = { readonly name: string; readonly type: string }

export type QueryRows = {
  readonly columns: readonly QueryColumn[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** Every method throws QueryFailure for what the query, not the sandbox, got wrong. */
export type Engine = {
  /** the tables the text reads, each once; a name it defines itself (WITH) is not one */
  readonly tablesOf: (text: string) => Promise<readonly TableName[]>
  /** makes the table; `lines` are JSON objects, one row each */
  readonly load: (name: TableName, columns: readonly GlueColumn[], lines: string) => Promise<void>
  readonly run: (text: string) => Promise<QueryRows>
  /** makes what runs now, or starts later, fail; returns at once */
  readonly stop: () => void
  readonly close: () => void
}

/** `database` is what unqualified table names mean. */
export type OpenEngine = (database: string) => Promise<Engine>

type LoadPackage = () => Promise<Pick<typeof import('@duckdb/node-api'), 'DuckDBInstance'>>

const CONFIG = {
  threads: '1',
  memory_limit: '256MB',
  temp_directory: '',
  enable_external_access: 'false',
  autoload_known_extensions: 'false',
  autoinstall_known_extensions: 'false'
}

const ROW_LIMIT = 100_000

/** interrupting a statement that DuckDB has not begun yet has no effect, so it is repeated */
const INTERRUPT_EVERY_MILLIS = 20

/**
 * Opens an engine. QueryFailure that names the package when it is not installed. `loadPackage`
 * stands in for the import in tests.
 */
export async function openDuckdb(
  database: string,
  loadPackage: LoadPackage = () => import('@duckdb/node-api')
): Promise<Engine> {
  const { DuckDBInstance } = await loadPackage().catch((cause: unknown) => {
    throw new QueryFailure(
      'The sandbox runs queries in DuckDB: install the optional package @duckdb/node-api',
      { cause }
    )
  })
  const instance = await DuckDBInstance.create(':memory:', CONFIG)
  const connection = await instance.connect()
  const schema = identifier(database)
  await connection.run("ATTACH ':memory:' AS awsdatacatalog")
  await connection.run(`CREATE SCHEMA awsdatacatalog.${schema}`)
  await connection.run(`USE awsdatacatalog.${schema}`)
  await connection.run('SET lock_configuration = true')
  let interrupting: NodeJS.Timeout | undefined
  return {
    tablesOf: async (text) => readsOf(await serialize(connection, text), database),
    load: (name, columns, lines) => load(connection, { name, columns, lines }),
    run: (text) => run(connection, text),
    stop: () => {
      connection.interrupt()
      interrupting ??= setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MILLIS)
    },
    close: () => {
      clearInterval(interrupting)
      connection.closeSync()
      instance.closeSync()
    }
  }
}

async function serialize(connection: DuckDBConnection, text: string): Promise<string> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [text])
  const [[parse] = []] = reader.getRowsJson()
  if (typeof parse !== 'string') throw new QueryFailure('SYNTAX_ERROR: The text cannot be parsed')
  return parse
}

async function load(
  connection: DuckDBConnection,
  table: {
    readonly name: TableName
    readonly columns: readonly GlueColumn[]
    readonly lines: string
  }
): Promise<void> {
  const schema = `awsdatacatalog.${identifier(table.name.database)}`
  const target = `${schema}.${identifier(table.name.table)}`
  const columns = table.columns.map(({ name, type }) => ({ name, type: duckdbType(type) }))
  const declared = columns.map(({ name, type }) => `${identifier(name)} ${type}`)
  const taken = columns.map(({ name, type }) => {
    const path = literal(`$."${name.replaceAll('"', '')}"`)
    return `CAST(json_extract_string(line, ${path}) AS ${type})`
  })
  await connection.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  await connection.run(`CREATE TABLE ${target} (${declared.join(', ')})`)
  await failing('HIVE_BAD_DATA', () =>
    connection.run(
      `INSERT INTO ${target} SELECT ${taken.join(', ')}
       FROM (SELECT unnest(string_split($1::VARCHAR, chr(10))) AS line) WHERE line <> ''`,
      [table.lines]
    )
  )
}

async function run(connection: DuckDBConnection, text: string): Promise<QueryRows> {
  return failing('QUERY_FAILED', async () => {
    const reader = await connection.streamAndReadUntil(text, ROW_LIMIT + 1)
    if (reader.currentRowCount > ROW_LIMIT) {
      throw new QueryFailure(`The sandbox answers at most ${ROW_LIMIT} rows`)
    }
    const types = reader.columnTypes().map((type) => athenaType(String(type)))
    return {
      columns: reader.columnNames().map((name, at) => ({
        name: columnName(name, at),
        type: types[at] ?? 'varchar'
      })),
      rows: reader
        .getRowsJson()
        .map((row) => row.map((value, at) => athenaValue(value, types[at] ?? 'varchar')))
    }
  })
}

/** DuckDB names a column without a name after its text; Athena calls it `_col` and its number. */
function columnName(name: string, at: number): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name.toLowerCase() : `_col${at}`
}

/** What DuckDB says about a query is the query's fault; the first line says it. */
async function failing<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof QueryFailure || !(cause instanceof Error)) throw cause
    throw new QueryFailure(`${name}: ${cause.message.split('\n', 1)[0]}`, { cause })
  }
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
