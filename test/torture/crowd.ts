/**
 * Very many active elevations, written into an empty place by SQL, since asking for them would take
 * days: copies of one that was really issued, each with an id and an end of its own. Those that are
 * not to end here are short; nothing reads them but by their columns.
 */
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import type { Active } from '../../src/elevation/elevation.ts'
import { iso } from '../../src/elevation/ids.ts'
import type { Place, Places } from './places.ts'

export type Copies = {
  readonly of: Active
  /** the first has this number, and ids of numbers that differ are different */
  readonly from: number
  readonly count: number
  /** the end of the first, epoch milliseconds, and how much later each next one ends, in whole seconds */
  readonly firstEndsAt: number
  readonly everyMs: number
  /** without what is needed to end them */
  readonly isShort?: boolean
}

/** Writes them; no broker may run on an SQLite place. */
export const writeCopies = async (places: Places, place: Place, copies: Copies): Promise<void> => {
  if (place.database === null) {
    const db = new DatabaseSync(join(place.folder, 'sallyport.db'))
    try {
      db.exec(sqliteText(copies))
      db.exec('pragma wal_checkpoint(truncate)')
    } finally {
      db.close()
    }
    return
  }
  await places.cluster?.sql(place.database, `${postgresText(copies)}; analyze sallyport.elevation`)
}

/** When the n-th of them ends: a window ends with a whole second. */
export const endOfCopy = ({ firstEndsAt, everyMs }: Pick<Copies, 'firstEndsAt' | 'everyMs'>, n: number): number =>
  Math.floor((firstEndsAt + n * everyMs) / 1000) * 1000

/** The id of a number: its digits are digits of a ULID, too. */
export const idOfCopy = (n: number): string => `01KAJTH8G0${String(n).padStart(16, '0')}`

const columns = `(id, state, version, due_at, role_arn, assumed_role_id, not_after, body, window_seconds,
  window_at, ending_step, requester, target, created_at, approved_by)`

const sqliteText = (copies: Copies): string =>
  `insert into elevation ${columns}
  with recursive n (i) as (select ${copies.from} union all select i + 1 from n where i < ${copies.from + copies.count - 1}),
    m (i, id, ends) as (select i, '01KAJTH8G0' || printf('%016d', i), cast(${endsAt(copies)} as integer) from n)
  ${rows(copies, `strftime('%Y-%m-%dT%H:%M:%SZ', ends / 1000, 'unixepoch')`)}`

const postgresText = (copies: Copies): string =>
  `set search_path = sallyport;
  with m (i, id, ends) as (
    select i, '01KAJTH8G0' || lpad(i::text, 16, '0'), (${endsAt(copies)})::bigint
    from generate_series(${copies.from}::bigint, ${copies.from + copies.count - 1}::bigint) as n (i))
  insert into elevation ${columns}
  ${rows(copies, `to_char(to_timestamp(floor(ends / 1000.0)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`)}`

const endsAt = ({ from, firstEndsAt, everyMs }: Copies): string =>
  `floor((${firstEndsAt} + (i - ${from}) * ${everyMs}) / 1000.0) * 1000`

const rows = ({ of, isShort }: Copies, end: string): string => {
  const { id, intent, ask } = of
  const marks = { ...intent, notAfter: endMark, ...(isShort ? { sessionPolicy: '{}', grants: [] } : {}) }
  const { session, ...rest } = of
  const copy = { ...rest, session, ...(isShort ? { grants: [] } : {}), intent: marks }
  const isoEnd = iso(intent.notAfter).replace('.000Z', 'Z')
  const body = JSON.stringify(copy).replaceAll(id, '@id@').replaceAll(isoEnd, '@iso@').replace(`"${endMark}"`, '@end@')
  const assumed = session.assumedRoleId.replaceAll(id, '@id@')
  const made = `replace(replace(replace(${quoted(body)}, '@id@', id), '@iso@', ${end}), '@end@', cast(ends as text))`
  return `select id, 'active', 1, ends, ${quoted(intent.roleArn)}, replace(${quoted(assumed)}, '@id@', id), ends,
    ${made}, 900, ends, null, ${quoted(ask.requester)}, ${quoted(ask.target)}, ${of.createdAt}, 'people' from m`
}

const endMark = '@@end@@'

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
