/**
 * What the sandbox's Glue Data Catalog keeps: databases, tables and where their data is. Names are
 * lower case, as Glue stores them. Glue Web API Reference, "Table structure".
 */
export type GlueColumn = { readonly name: string; readonly type: string }

export type GlueTable = {
  readonly database: string
  readonly name: string
  readonly description: string
  /** absent: a table; a view has columns and no data of its own */
  readonly type?: 'VIRTUAL_VIEW'
  readonly columns: readonly GlueColumn[]
  readonly partitionKeys: readonly GlueColumn[]
  /** `s3://BUCKET/PREFIX/`; every object below it is JSON lines with one row each */
  readonly location: string
  readonly createdAt: Date
  /** counts up at each change; absent: never changed */
  readonly version?: number
}

export type GlueDatabase = {
  readonly name: string
  readonly description: string
  readonly createdAt: Date
  readonly tables: Map<string, GlueTable>
}

export type GlueState = { readonly databases: Map<string, GlueDatabase> }

/** A catalog without databases. */
export function emptyGlue(): GlueState {
  return { databases: new Map() }
}
