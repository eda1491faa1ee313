/**
 * Types and values between Glue, DuckDB and Athena's results. Closed lists: a column type that is
 * not here cannot be queried. Amazon Athena User Guide, "Data types in Amazon Athena".
 */
import { QueryFailure } from './athena-failure.ts'

/** The DuckDB type of a Glue column type; QueryFailure for one that is not spoken here. */
export function duckdbType(glueType: string): string {
  const type = glueType.toLowerCase()
  const plain = fromGlue.get(type)
  if (plain !== undefined) return plain
  const decimal = /^decimal\((\d{1,2}),(\d{1,2})\)$/.exec(type)
  if (decimal !== null) return `DECIMAL(${decimal[1]}, ${decimal[2]})`
  throw new QueryFailure(`HIVE_UNSUPPORTED_FORMAT: Unsupported Hive type: ${glueType}`)
}

/** The type name Athena answers for a DuckDB result column. */
export function athenaType(duckdbTypeName: string): string {
  const [name = ''] = duckdbTypeName.split('(', 1)
  return toAthena.get(name) ?? 'varchar'
}

/** A value as Athena writes it to its CSV, or null. */
export function athenaValue(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null
  if (typeof value !== 'string') return JSON.stringify(value)
  if (type !== 'timestamp') return value
  const [whole = '', fraction = ''] = value.split('.')
  return `${whole}.${fraction.slice(0, 3).padEnd(3, '0')}`
}

const fromGlue: ReadonlyMap<string, string> = new Map([
  ['string', 'VARCHAR'],
  ['varchar', 'VARCHAR'],
  ['boolean', 'BOOLEAN'],
  ['int', 'INTEGER'],
  ['integer', 'INTEGER'],
  ['bigint', 'BIGINT'],
  ['double', 'DOUBLE'],
  ['date', 'DATE'],
  ['timestamp', 'TIMESTAMP']
])

const toAthena: ReadonlyMap<string, string> = new Map([
  ['BOOLEAN', 'boolean'],
  ['TINYINT', 'tinyint'],
  ['SMALLINT', 'smallint'],
  ['INTEGER', 'integer'],
  ['BIGINT', 'bigint'],
  // DuckDB's type of sum(bigint), which is bigint in Athena
  ['HUGEINT', 'bigint'],
  ['FLOAT', 'float'],
  ['DOUBLE', 'double'],
  ['DECIMAL', 'decimal'],
  ['VARCHAR', 'varchar'],
  ['DATE', 'date'],
  ['TIMESTAMP', 'timestamp']
])
