/**
 * GetQueryResults: the result file read back through S3 with the caller's own permissions, a page
 * at a time, its header row first as in Athena. Source: Amazon Athena API Reference,
 * GetQueryResults.
 */
import type { Static } from 'typebox'
import { readCsv } from './athena-csv.ts'
import type { CsvRow } from './athena-csv.ts'
import { findExecution } from './athena-executions.ts'
import { parseLocation, readObject } from './athena-hops.ts'
import type { ResultsInput } from './athena-input.ts'
import type { QueryState } from './athena-state.ts'
import { invalidRequest } from './athena-workgroup.ts'
import type { Call } from './call.ts'
import type { QueryColumn } from './duckdb.ts'
import type { JsonObject } from './service.ts'
import type { World } from './world.ts'

/**
 * One page. Needs athena:GetQueryResults, s3:GetObject and the result key. InvalidRequestException
 * until the query has SUCCEEDED.
 */
export async function queryResults(
  world: World,
  call: Call,
  input: Static<typeof ResultsInput>
): Promise<JsonObject> {
  const action = 'athena:GetQueryResults'
  const execution = findExecution(world, call, { action, id: input.QueryExecutionId })
  requireSucceeded(execution.state)
  const rows = readCsv(await readObject(world, call, parseLocation(execution.output.location)))
  const from = input.NextToken === undefined ? 0 : offsetOf(input.NextToken, execution.id)
  const to = from + (input.MaxResults ?? 1000)
  return {
    UpdateCount: 0,
    ResultSet: {
      Rows: rows.slice(from, to).map(describeRow),
      ResultSetMetadata: { ColumnInfo: execution.columns.map(describeColumn) }
    },
    ...(to < rows.length ? { NextToken: tokenOf(to, execution.id) } : {})
  }
}

function requireSucceeded(state: QueryState): void {
  if (state === 'SUCCEEDED') return
  throw state === 'QUEUED' || state === 'RUNNING'
    ? invalidRequest(`Query has not yet finished. Current state: ${state}`)
    : invalidRequest(`Query did not finish successfully. Final query state: ${state}`)
}

function describeRow(row: CsvRow): JsonObject {
  return { Data: row.map((value) => (value === null ? {} : { VarCharValue: value })) }
}

function describeColumn({ name, type }: QueryColumn): JsonObject {
  return {
    CatalogName: 'hive',
    SchemaName: '',
    TableName: '',
    Name: name,
    Label: name,
    Type: type,
    Precision: precision.get(type) ?? 0,
    Scale: 0,
    Nullable: 'UNKNOWN',
    CaseSensitive: type === 'varchar'
  }
}

const precision: ReadonlyMap<string, number> = new Map([
  ['varchar', 2_147_483_647],
  ['bigint', 19],
  ['integer', 10],
  ['double', 17],
  ['decimal', 38],
  ['timestamp', 3]
])

function tokenOf(offset: number, id: string): string {
  return Buffer.from(`${id}:${offset}`).toString('base64url')
}

function offsetOf(token: string, id: string): number {
  const text = Buffer.from(token, 'base64url').toString()
  const offset = text.startsWith(`${id}:`) ? text.slice(id.length + 1) : ''
  if (/^[1-9]\d{0,8}$/.test(offset)) return Number(offset)
  throw invalidRequest('The NextToken is not valid.')
}
