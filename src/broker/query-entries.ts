/**
 * What the ledger keeps of a query: its shape without literals, what it reads, where it was
 * refused. The text is a commitment under its requester; no name that a text made up is in an
 * entry.
 */
import type { Active } from '../elevation/elevation.ts'
import type { Json, LedgerEvent } from '../elevation/event.ts'
import type { QueryFault, QueryVerdict } from '../elevation/refusal.ts'
import { digest } from '../ledger/entry.ts'
import type { CatalogSnapshot } from '../ports.ts'
import type { QueryRow } from '../ports-queries.ts'
import type { Deps } from './deps.ts'
import { personal } from './record.ts'

type Data = { readonly [key: string]: Json }

/** Characters of a shape that an entry has room for; also of one that is asked for. */
export const longestShape = 3000
/** Bytes of JSON that an entry has room for. */
const longestReads = 5000
const longestVersions = 3000
const mostRefusals = 40

/** It may run: before Athena hears of it. */
export const allowedEvent = (
  deps: Deps,
  elevation: Active,
  about: { readonly row: QueryRow; readonly sql: string; readonly data: Data }
): LedgerEvent => ({
  ...common(deps, elevation),
  type: 'query.allowed',
  actor: elevation.ask.requester,
  data: { query: about.row.id, ...about.data },
  personal: { sql: personal(deps, about.sql) }
})

/** It is over, however it ended. */
export const finishedEvent = (
  deps: Deps,
  row: QueryRow,
  { target }: { readonly target: LedgerEvent['target'] }
): LedgerEvent => ({
  type: 'query.ended',
  at: deps.clock.now(),
  actor: 'broker',
  elevation: row.elevation,
  target,
  policyDigest: deps.policy().digest,
  data: {
    query: row.id,
    athena: row.athenaId,
    state: row.state,
    bytesScanned: row.bytesScanned,
    milliseconds: row.milliseconds,
    rows: row.rows,
    failure: row.failure
  }
})

/** Shape, tables and columns, each as far as an entry has room. */
export const verdictData = ({ shape, reads }: QueryVerdict): Data => ({
  shape: shape === null ? null : shape.slice(0, longestShape),
  ...(shape !== null && shape.length > longestShape ? { shapeLength: shape.length } : {}),
  ...readsData(reads)
})

/** Glue's versions of the tables that are read; their digest where they are too many. */
export const versionsData = ({ reads }: QueryVerdict, { tables }: CatalogSnapshot): Data => {
  const versions = Object.fromEntries(
    Object.keys(reads).map((name) => [name, tables.get(name)?.version ?? null])
  )
  return bytesOf(versions) <= longestVersions ? { versions } : { versionsDigest: digest(versions) }
}

/** Codes and places of what was refused: a message may have a name in it that the text made up. */
export const refusalsData = (refusals: readonly QueryFault[]): Data => ({
  refusals: refusals
    .slice(0, mostRefusals)
    .map(({ code, line, column, offset, length }) => ({ code, line, column, offset, length })),
  ...(refusals.length > mostRefusals ? { refusalsInAll: refusals.length } : {})
})

/** Whether a bound query's reads have room in an entry. */
export const hasRoom = (reads: QueryVerdict['reads']): boolean =>
  bytesOf(reads) <= longestReads && Object.keys(reads).length <= mostTables

const mostTables = 50

const readsData = (reads: QueryVerdict['reads']): Data =>
  hasRoom(reads)
    ? { reads }
    : {
        readsCut: Object.fromEntries(
          Object.entries(reads)
            .slice(0, mostTables)
            .map(([table, columns]) => [table.slice(0, 80), columns.length])
        ),
        readsInAll: Object.keys(reads).length
      }

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

const common = (deps: Deps, { id, ask }: Active) => ({
  at: deps.clock.now(),
  elevation: id,
  target: ask.target,
  policyDigest: deps.policy().digest
})
