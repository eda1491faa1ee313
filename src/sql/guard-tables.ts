/**
 * Which tables may be read at all: those of the grant, in the one catalog, under their own names.
 * A table that is unknown reads the same as one that is not granted: nobody learns what there is.
 */
import type { RefusalCode } from './refusal.ts'
import type { Objection, Resolution, Stranger } from './resolution.ts'
import type { Restrictions } from './restrictions.ts'

export const foreignCatalogs = (resolution: Resolution): readonly Objection[] =>
  tablesStanding(resolution, 'catalog', {
    code: 'CATALOG_NOT_ALLOWED',
    rule: 'catalogs',
    message: 'is in another catalog or in information_schema',
    hint: `only tables of ${resolution.catalog} may be read`
  })

export const metadataTables = (resolution: Resolution): readonly Objection[] =>
  tablesStanding(resolution, 'metadata', {
    code: 'METADATA_TABLE',
    rule: 'hidden',
    message: 'is a metadata table',
    hint: 'names with $ tell of files, partitions and minima; they are not read'
  })

export const unknownTables = (resolution: Resolution): readonly Objection[] =>
  tablesStanding(resolution, 'unknown', {
    code: 'UNKNOWN_TABLE',
    rule: 'tables',
    message: notInGrant
  })

export const ungrantedTables = (resolution: Resolution): readonly Objection[] =>
  tablesStanding(resolution, 'notGranted', {
    code: 'TABLE_NOT_GRANTED',
    rule: 'tables',
    message: notInGrant
  })

export const ungrantedViews = (resolution: Resolution): readonly Objection[] =>
  tablesStanding(resolution, 'view', {
    code: 'VIEW_NOT_ALLOWED',
    rule: 'views',
    message: notInGrant,
    hint: 'a view is read only when it is granted by its name'
  })

/** A sample of a table whose columns are restricted is another way to ask for its rows. */
export const sampledTables = (
  { samples, catalog }: Resolution,
  { isDenied, isAggregateOnly, isLeftOut }: Restrictions
): readonly Objection[] =>
  samples
    .filter(({ table }) =>
      [isDenied, isAggregateOnly, isLeftOut].some((isRefused) => table.columns.some(isRefused))
    )
    .map(({ at, table }) => ({
      code: 'UNSUPPORTED',
      rule: 'tablesample',
      at,
      message: `TABLESAMPLE of ${table.id}, which has restricted columns`,
      object: { catalog, database: table.database, table: table.name }
    }))

/** The one sentence for what is not there and what is not granted. */
export const notInGrant = 'is not in the grant'

const tablesStanding = (
  { strangers }: Resolution,
  standing: Stranger['standing'],
  { message, ...rest }: {
    readonly code: RefusalCode
    readonly rule: string
    readonly message: string
    readonly hint?: string
  }
): readonly Objection[] =>
  strangers
    .filter((stranger) => stranger.standing === standing)
    .map(({ at, catalog, database, name }) => ({
      ...rest,
      at,
      message: `table ${database === null ? name : `${database}.${name}`} ${message}`,
      object: { catalog, ...(database === null ? {} : { database }), table: name }
    }))
