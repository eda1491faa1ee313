/**
 * Reading the Glue Data Catalog as a caller. A call on a table needs its permission on the
 * catalog, the database and the table; a list leaves out the tables its caller has no permission
 * on. Source: AWS Glue Developer Guide, "Specifying AWS Glue resource ARNs" ("all ancestors"),
 * "Filter tables by GetTables permission".
 */
import { authorize, judge } from './authorize.ts'
import type { Call } from './call.ts'
import { AwsFault } from './fault.ts'
import type { GlueDatabase, GlueTable } from './glue-state.ts'
import type { World } from './world.ts'

/** A database, or with `table` a table; names in any case. */
export type GlueName = { readonly database: string; readonly table?: string }

/** AwsFault AccessDenied unless the caller holds `action` on the name and on all above it. */
export function authorizeGlue(
  world: World,
  call: Call,
  ask: { readonly action: string; readonly name: GlueName | null }
): void {
  for (const resource of glueArns(world, ask.name)) {
    authorize(world, call, { action: ask.action, resource })
  }
}

/** Needs glue:GetDatabase; EntityNotFoundException when absent. */
export function getDatabase(world: World, call: Call, database: string): GlueDatabase {
  authorizeGlue(world, call, { action: 'glue:GetDatabase', name: { database } })
  return findDatabase(world, database)
}

/** Every database. Needs glue:GetDatabases on the catalog and on each of them. */
export function getDatabases(world: World, call: Call): readonly GlueDatabase[] {
  const action = 'glue:GetDatabases'
  const databases = [...world.glue.databases.values()]
  authorizeGlue(world, call, { action, name: null })
  for (const { name: database } of databases) {
    authorizeGlue(world, call, { action, name: { database } })
  }
  return databases
}

/** Needs glue:GetTable; EntityNotFoundException when absent. */
export function getTable(
  world: World,
  call: Call,
  name: { readonly database: string; readonly table: string }
): GlueTable {
  authorizeGlue(world, call, { action: 'glue:GetTable', name })
  return findTable(world, name)
}

export type TablePage = {
  readonly database: string
  readonly size: number
  /** name of the last table of the page before */
  readonly after?: string
}

/**
 * A page of a database's tables by name, `next` where more follow. Needs glue:GetTables on catalog
 * and database; tables the caller has it not on are left out, so a page can be short or empty.
 */
export function getTables(
  world: World,
  call: Call,
  page: TablePage
): { readonly tables: readonly GlueTable[]; readonly next?: string } {
  const action = 'glue:GetTables'
  const { database, size, after = '' } = page
  authorizeGlue(world, call, { action, name: { database } })
  const rest = [...findDatabase(world, database).tables.values()]
    .filter((table) => table.name > after)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const shown = rest.slice(0, size)
  const last = shown.at(-1)
  return {
    tables: shown.filter((table) => {
      const resource = glueArns(world, { database, table: table.name }).at(-1) ?? ''
      return judge(world, call, { action, resource }).decision === 'allow'
    }),
    ...(rest.length > size && last !== undefined ? { next: last.name } : {})
  }
}

/** The table, without asking for permission. EntityNotFoundException when absent. */
export function findTable(
  world: World,
  name: { readonly database: string; readonly table: string }
): GlueTable {
  const table = findDatabase(world, name.database).tables.get(name.table.toLowerCase())
  if (table !== undefined) return table
  throw new AwsFault('EntityNotFoundException', 400, `Entity Not Found: table ${name.table}`)
}

function findDatabase(world: World, name: string): GlueDatabase {
  const database = world.glue.databases.get(name.toLowerCase())
  if (database !== undefined) return database
  throw new AwsFault('EntityNotFoundException', 400, `Database ${name} not found.`)
}

function glueArns(world: World, name: GlueName | null): readonly string[] {
  const root = `arn:${world.partition}:glue:${world.region}:${world.account}`
  if (name === null) return [`${root}:catalog`]
  const database = name.database.toLowerCase()
  const above = [`${root}:catalog`, `${root}:database/${database}`]
  if (name.table === undefined) return above
  return [...above, `${root}:table/${database}/${name.table.toLowerCase()}`]
}
