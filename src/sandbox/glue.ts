/**
 * Glue on the wire: GetDatabase, GetDatabases, GetTable, GetTables (at most 100 a page each),
 * GetPartitions. What changes the catalog is authorised and then refused as not spoken. AWS Glue
 * Web API Reference.
 */
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import {
  authorizeGlue,
  findTable,
  getDatabase,
  getDatabases,
  getTable,
  getTables
} from './glue-catalog.ts'
import type { GlueName } from './glue-catalog.ts'
import type { GlueColumn, GlueDatabase, GlueTable } from './glue-state.ts'
import { pageOf } from './pages.ts'
import { parseInput } from './parse-input.ts'
import type { JsonObject, JsonService, Operation } from './service.ts'
import type { World } from './world.ts'

const Name = Type.String({ minLength: 1, maxLength: 255 })
const CatalogId = Type.Optional(Type.String({ minLength: 1, maxLength: 255 }))

const GetDatabaseInput = Type.Object({ CatalogId, Name })
const GetDatabasesInput = Type.Object({
  CatalogId,
  MaxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  NextToken: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  // a filter that is not honoured would answer more than was asked for
  ResourceShareType: Type.Optional(Type.Never()),
  AttributesToGet: Type.Optional(Type.Never())
})
const GetTableInput = Type.Object({ CatalogId, DatabaseName: Name, Name })
const GetTablesInput = Type.Object({
  CatalogId,
  DatabaseName: Name,
  MaxResults: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  NextToken: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  // a filter that is not honoured would answer more than was asked for
  Expression: Type.Optional(Type.Never()),
  AttributesToGet: Type.Optional(Type.Never()),
  QueryAsOfTime: Type.Optional(Type.Never()),
  TransactionId: Type.Optional(Type.Never())
})
const GetPartitionsInput = Type.Object({ CatalogId, DatabaseName: Name, TableName: Name })

/** What an operation that is not spoken names, wherever it names it. */
const UnspokenInput = Type.Object({
  DatabaseName: Type.Optional(Name),
  TableName: Type.Optional(Name),
  Name: Type.Optional(Name),
  TableInput: Type.Optional(Type.Object({ Name })),
  DatabaseInput: Type.Optional(Type.Object({ Name }))
})

export const glueService: JsonService = {
  protocol: 'json',
  name: 'glue',
  jsonVersion: '1.1',
  targetPrefix: 'AWSGlue',
  operations: {
    GetDatabase: reading(GetDatabaseInput, (world, call, input) => {
      const database = getDatabase(world, call, input.Name)
      return { Database: describeDatabase(world, database) }
    }),
    GetDatabases: reading(GetDatabasesInput, (world, call, input) => {
      const page = pageOf(getDatabases(world, call), {
        name: ({ name }) => name,
        size: input.MaxResults ?? 100,
        marker: input.NextToken
      })
      if (page === null) throw badToken()
      return {
        DatabaseList: page.items.map((database) => describeDatabase(world, database)),
        ...(page.next === undefined ? {} : { NextToken: page.next })
      }
    }),
    GetTable: reading(GetTableInput, (world, call, input) => {
      const name = { database: input.DatabaseName, table: input.Name }
      return { Table: describe(world, getTable(world, call, name)) }
    }),
    GetTables: reading(GetTablesInput, (world, call, input) => {
      const { DatabaseName: database, MaxResults: size = 100, NextToken: token } = input
      const after = token === undefined ? {} : { after: tableOfToken(token, database) }
      const { tables, next } = getTables(world, call, { database, size, ...after })
      return {
        TableList: tables.map((table) => describe(world, table)),
        ...(next === undefined ? {} : { NextToken: tokenOf(next, database) })
      }
    }),
    // no table of the sandbox is partitioned
    GetPartitions: reading(GetPartitionsInput, (world, call, input) => {
      const name = { database: input.DatabaseName, table: input.TableName }
      authorizeGlue(world, call, { action: 'glue:GetPartitions', name })
      findTable(world, name)
      return { Partitions: [] }
    }),
    ...Object.fromEntries(
      [
        'GetPartition',
        'BatchGetPartition',
        'CreateDatabase',
        'UpdateDatabase',
        'DeleteDatabase',
        'CreateTable',
        'UpdateTable',
        'DeleteTable',
        'CreatePartition',
        'DeletePartition'
      ].map((action) => [action, unspoken(action)])
    )
  }
}

function reading<S extends TSchema>(
  schema: S,
  answer: (world: World, call: Call, input: Static<S>) => JsonObject
): Operation {
  return {
    readOnly: true,
    run: (world, call, input) => {
      const asked = parseGlue(schema, input)
      requireOwnCatalog(world, input)
      return answer(world, call, asked)
    },
    trail: (_world, input) => ({ requestParameters: namesOf(input) })
  }
}

function unspoken(action: string): Operation {
  return {
    readOnly: action.startsWith('Get') || action.startsWith('BatchGet'),
    run: (world, call, input) => {
      const name = nameAsked(parseGlue(UnspokenInput, input))
      authorizeGlue(world, call, { action: `glue:${action}`, name })
      throw new AwsFault(
        'UnknownOperationException',
        400,
        `The sandbox does not speak glue:${action}.`
      )
    },
    trail: (_world, input) => ({ requestParameters: namesOf(input) })
  }
}

function nameAsked(input: Static<typeof UnspokenInput>): GlueName | null {
  const table = input.TableName ?? input.TableInput?.Name ?? input.Name
  if (input.DatabaseName !== undefined) {
    return { database: input.DatabaseName, ...(table === undefined ? {} : { table }) }
  }
  const database = input.DatabaseInput?.Name ?? input.Name
  return database === undefined ? null : { database }
}

function parseGlue<S extends TSchema>(schema: S, input: JsonObject): Static<S> {
  try {
    return parseInput(schema, input)
  } catch (error) {
    if (!(error instanceof AwsFault)) throw error
    throw new AwsFault('InvalidInputException', 400, error.message)
  }
}

function requireOwnCatalog(world: World, input: JsonObject): void {
  if (input.CatalogId === undefined || input.CatalogId === world.account) return
  throw new AwsFault('EntityNotFoundException', 400, 'Catalog not found.')
}

function namesOf(input: JsonObject): JsonObject {
  const named = [
    ['databaseName', input.DatabaseName],
    ['tableName', input.TableName],
    ['name', input.Name]
  ]
  return Object.fromEntries(named.filter(([, value]) => typeof value === 'string'))
}

function describe(world: World, table: GlueTable): JsonObject {
  return {
    Name: table.name,
    DatabaseName: table.database,
    Description: table.description,
    CreateTime: seconds(table.createdAt),
    TableType: table.type ?? 'EXTERNAL_TABLE',
    PartitionKeys: table.partitionKeys.map(describeColumn),
    Parameters: { classification: 'json', EXTERNAL: 'TRUE' },
    StorageDescriptor: {
      Columns: table.columns.map(describeColumn),
      Location: table.location,
      InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
      OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
      SerdeInfo: { SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe' }
    },
    CatalogId: world.account,
    IsRegisteredWithLakeFormation: false,
    VersionId: String(table.version ?? 0)
  }
}

function tokenOf(table: string, database: string): string {
  return Buffer.from(`${database.toLowerCase()}/${table}`).toString('base64url')
}

function tableOfToken(token: string, database: string): string {
  const text = Buffer.from(token, 'base64url').toString()
  const start = `${database.toLowerCase()}/`
  if (text.startsWith(start) && tokenOf(text.slice(start.length), database) === token) {
    return text.slice(start.length)
  }
  throw badToken()
}

function badToken(): AwsFault {
  return new AwsFault('InvalidInputException', 400, 'The NextToken is not valid.')
}

function describeDatabase(world: World, database: GlueDatabase): JsonObject {
  return {
    Name: database.name,
    Description: database.description,
    CreateTime: seconds(database.createdAt),
    CatalogId: world.account
  }
}

function describeColumn(column: GlueColumn): JsonObject {
  return { Name: column.name, Type: column.type }
}

function seconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000)
}
