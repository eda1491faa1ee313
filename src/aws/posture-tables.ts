/**
 * Where the tables of a catalog have their data. All databases, declared or not: a table that
 * points into a classified location from elsewhere is what is looked for. AWS Glue Web API
 * Reference: GetDatabases, GetTables (which leaves out tables its caller may not see, without a
 * word).
 */
import { GetDatabasesCommand, GetTablesCommand, type GlueClient } from '@aws-sdk/client-glue'
import type { TableFacts } from '../posture/facts.ts'
import { eachOf, listAll } from './posture-pages.ts'
import type { Scan } from './posture-scan.ts'
import type { Place } from './posture-workgroups.ts'

/** Every table of the account's catalog in the client's Region. */
export const tablesIn = async (
  scan: Scan,
  client: GlueClient,
  place: Place
): Promise<readonly TableFacts[]> => {
  const { partition, account, region } = place
  const root = `arn:${partition}:glue:${region}:${account}`
  const databases = await listAll(scan, {
    call: 'glue:GetDatabases',
    resource: null,
    send: (NextToken, options) => {
      const page = { CatalogId: account, NextToken, MaxResults: scan.page(100) }
      return client.send(new GetDatabasesCommand(page), options)
    },
    items: (page) => page.DatabaseList,
    next: (page) => page.NextToken
  })
  const names = databases.items.flatMap(({ Name }) => Name ?? [])
  scan.expect('glue', names.length)
  const tables = await eachOf(names, async (database) => {
    const { items } = await listAll(scan, {
      call: 'glue:GetTables',
      resource: `${root}:database/${database}`,
      // deleted since it was listed: nothing is left to be seen
      absent: (code) => code === 'EntityNotFoundException',
      send: (NextToken, options) => {
        const page = { NextToken, MaxResults: scan.page(100) }
        const command = { CatalogId: account, DatabaseName: database, ...page }
        return client.send(new GetTablesCommand(command), options)
      },
      items: (page) => page.TableList,
      next: (page) => page.NextToken
    })
    scan.did('glue')
    return items.flatMap(({ Name: table, StorageDescriptor: storage }) => {
      if (table === undefined) return []
      const location = storage?.Location
      return [
        {
          arn: `${root}:table/${database}/${table}`,
          database,
          table,
          location: location === undefined || location === '' ? null : location
        }
      ]
    })
  })
  return tables.flat()
}
