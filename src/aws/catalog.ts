/**
 * Tables as the Glue Data Catalog describes them. GetTables answers only tables its caller may see
 * (Glue Developer Guide, "Filter tables by GetTables permission") and so can answer short or empty
 * pages before the last. Refuses a list that does not end: a part of a catalog is no catalog.
 */
import { type Column, GetTablesCommand, GlueClient, type Table } from '@aws-sdk/client-glue'
import type { AwsAnswer, CatalogPlace, CatalogTable, Catalogs } from '../ports.ts'
import { type AwsSettings, ask, clientSettings } from './answer.ts'
import { perRegion } from './clients.ts'

const action = 'glue:GetTables'
const tablesPerPage = 100
const mostPages = 200

/** Catalogs of any region; `close` ends the connections. */
export const glueCatalogs = (settings: AwsSettings): Catalogs & { readonly close: () => void } => {
  const clients = perRegion((region) => new GlueClient(clientSettings(settings, region)))
  return {
    close: clients.close,
    tables: async (place, at) => {
      const tables = new Map<string, CatalogTable>()
      for (const database of new Set(place.databases)) {
        const found = await tablesOf(clients.in(place.region), place, database)
        if (!found.ok) return found
        for (const table of found.value) {
          const described = describe(table)
          if (described) tables.set(`${database}.${table.Name}`, described)
        }
      }
      return { ok: true, value: { at, tables } }
    }
  }
}

const tablesOf = async (
  client: GlueClient,
  place: CatalogPlace,
  database: string
): Promise<AwsAnswer<readonly Table[]>> => {
  const found: Table[] = []
  let token: string | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const command = new GetTablesCommand({
      CatalogId: place.account,
      DatabaseName: database,
      MaxResults: tablesPerPage,
      NextToken: token
    })
    const page = await ask(action, (options) => client.send(command, options))
    if (!page.ok) return page.kind === 'not_found' ? { ok: true, value: [] } : page
    found.push(...(page.value.TableList ?? []))
    const next = page.value.NextToken
    if (next === undefined || next === '') return { ok: true, value: found }
    if (next === token) return incomplete
    token = next
  }
  return incomplete
}

/** Null where a name or a type is missing: a column that nobody described might be any column. */
const describe = (table: Table): CatalogTable | null => {
  const own = columnsOf(table.StorageDescriptor?.Columns)
  const keys = columnsOf(table.PartitionKeys)
  if (table.Name === undefined || own === null || keys === null) return null
  return {
    type: table.TableType === 'VIRTUAL_VIEW' ? 'view' : 'table',
    columns: [...own, ...keys],
    partitionKeys: keys.map(([name]) => name),
    version: table.VersionId ?? null
  }
}

const columnsOf = (
  columns: readonly Column[] | undefined
): readonly (readonly [string, string])[] | null => {
  const found: (readonly [string, string])[] = []
  for (const { Name, Type } of columns ?? []) {
    if (Name === undefined || Type === undefined) return null
    found.push([Name, Type])
  }
  return found
}

const incomplete: AwsAnswer<never> = {
  ok: false,
  kind: 'unavailable',
  action,
  name: 'IncompleteAnswer',
  requestId: null
}
