/**
 * What became of a query, and its rows: the requester's alone, whoever else may see the elevation.
 * Rows only while the window runs, with the session that read them, and so many of one query.
 */
import { parseQueryId } from '../elevation/ids.ts'
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { sha256Hex } from '../ledger/hash.ts'
import type { Stored } from '../ports.ts'
import type { QueryRow, ResultPage } from '../ports-queries.ts'
import { awsRefused } from './activate.ts'
import type { Deps } from './deps.ts'
import { findOwn } from './find.ts'
import { heldTo } from './query-check.ts'
import { isOver, lookFor, shownState } from './query-look.ts'
import { lockedOut } from './locked.ts'
import { type QuerySessions, isActive, overNow } from './query-sessions.ts'
import type { QueryPage, QueryStatus, ResultsQuery } from './query-verbs.ts'

/** Of one query, however its pages are asked for. */
export const mostResultRows = 100_000
/** UTF-8 bytes of values. */
export const mostResultBytes = 100_000_000

type Of = { readonly elevation: string; readonly query: string }

export const queryStatus = async (
  deps: Deps,
  person: PersonId,
  of: Of
): Promise<Result<QueryStatus>> => {
  const found = await findRow(deps, person, of)
  if (!found.ok) return found
  const row = await lookFor(deps, found.value.row)
  return row.ok ? accept(await statusOf(deps, row.value)) : row
}

/** Stops it where it runs. */
export const stopQuery = async (
  deps: Deps,
  person: PersonId,
  of: Of
): Promise<Result<QueryStatus>> => {
  const found = await findRow(deps, person, of)
  if (!found.ok) return found
  const { row } = found.value
  if (!isOver(row.state) && row.athenaId !== null) {
    const stopped = await deps.runs.stop({ region: row.region, id: row.athenaId })
    if (!stopped.ok) return awsRefused(stopped)
  }
  const now = await lookFor(deps, row)
  return now.ok ? accept(await statusOf(deps, now.value)) : now
}

/** A page; the cursor of the next one is made here and nowhere else. */
export const queryResults = async (
  { deps, sessions }: { readonly deps: Deps; readonly sessions: QuerySessions },
  person: PersonId,
  { elevation, query, cursor, limit }: Of & ResultsQuery
): Promise<Result<QueryPage>> => {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) return badLimit
  const found = await findRow(deps, person, { elevation, query })
  if (!found.ok) return found
  const { stored } = found.value
  if (!isActive(stored) || deps.clock.now() >= stored.elevation.intent.notAfter) return overNow
  const held = heldTo(deps, stored.elevation)
  if (!held.ok) return held
  const locked = await lockedOut(deps, stored.elevation)
  if (locked) return locked
  const looked = await lookFor(deps, found.value.row)
  if (!looked.ok) return looked
  const row = looked.value
  if (row.state !== 'succeeded' || row.athenaId === null) {
    return refuse('query_not_succeeded', `It is ${shownState(row.state)}; it has no rows to read.`)
  }
  const place = cursor === undefined ? start : parseCursor(row, cursor)
  if (place === null) return badCursor
  const credentials = await sessions.of(stored.elevation.id)
  if (!credentials.ok) return credentials
  const at = { region: row.region, id: row.athenaId }
  const asked = { cursor: place.token, limit: Math.min(limit, mostResultRows - place.rows) }
  const page = await deps.runs.results(credentials.value, at, asked)
  if (!page.ok && page.kind === 'denied') sessions.drop(stored.elevation.id, credentials.value)
  if (!page.ok) return awsRefused(page)
  // a lock or an end that was committed while Athena answered wins
  const lockedSince = await lockedOut(deps, stored.elevation)
  if (lockedSince) return lockedSince
  const now = await deps.elevations.get(stored.elevation.id)
  if (now === null || !isActive(now)) return overNow
  return accept(await cut(deps, row, { place, page: page.value }))
}

type Place = {
  /** Athena's; null = the first page */
  readonly token: string | null
  /** handed out before */
  readonly rows: number
  readonly bytes: number
}

const start: Place = { token: null, rows: 0, bytes: 0 }

const cut = async (
  deps: Deps,
  row: QueryRow,
  { place, page }: { readonly place: Place; readonly page: ResultPage }
): Promise<QueryPage> => {
  let { bytes } = place
  const rows: ResultPage['rows'][number][] = []
  for (const one of page.rows) {
    bytes += one.reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), 0)
    if (bytes > mostResultBytes) break
    rows.push(one)
  }
  const count = place.rows + rows.length
  const { columns } = page
  const isWhole = rows.length === page.rows.length
  if (isWhole && page.next === null) {
    await deps.queryRows.noteRows(row.id, count)
    return { columns, rows, next: null, isCut: false }
  }
  if (!isWhole || count >= mostResultRows) return { columns, rows, next: null, isCut: true }
  const next = printCursor(row, { token: page.next, rows: count, bytes })
  return { columns, rows, next, isCut: false }
}

/** With a hash under the row's own key: a cursor that counts less would hand out more. */
const printCursor = (row: QueryRow, { token, rows, bytes }: Place): string => {
  const text = Buffer.from(JSON.stringify([token, rows, bytes])).toString('base64url')
  return `${sealOf(row, text)}.${text}`
}

const parseCursor = (row: QueryRow, cursor: string): Place | null => {
  const [seal, text = '', ...more] = cursor.split('.')
  if (more.length > 0 || seal !== sealOf(row, text)) return null
  const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
  const [token, rows, bytes]: unknown[] = Array.isArray(value) ? value : []
  return typeof token === 'string' && typeof rows === 'number' && typeof bytes === 'number'
    ? { token, rows, bytes }
    : null
}

/** Hashed twice, so that nobody can go on from one seal to another. */
const sealOf = ({ cursorKey }: QueryRow, text: string): string =>
  sha256Hex(`${cursorKey}${sha256Hex(`${cursorKey}${text}`)}`)

const findRow = async (
  deps: Deps,
  person: PersonId,
  { elevation, query }: Of
): Promise<Result<{ readonly stored: Stored; readonly row: QueryRow }>> => {
  const found = await findOwn(deps, person, elevation)
  if (!found.ok) return found
  const id = parseQueryId(query)
  const row = id === null ? null : await deps.queryRows.queryOf(id)
  if (row === null || row.elevation !== found.value.elevation.id || row.requester !== person) {
    return refuse('unknown_query', 'There is no such query of this elevation.')
  }
  return accept({ stored: found.value, row })
}

const statusOf = async (deps: Deps, row: QueryRow): Promise<QueryStatus> => {
  const { id, at, bytesScanned, milliseconds, rows, state } = row
  const failure = row.failure ?? (await reasonOf(deps, row))
  return { id, state: shownState(state), at, bytesScanned, milliseconds, rows, failure }
}

/** Athena's words, for the requester alone and kept nowhere. */
const reasonOf = async (
  deps: Deps,
  { state, region, athenaId }: QueryRow
): Promise<string | null> => {
  if ((state !== 'failed' && state !== 'cancelled') || athenaId === null) return null
  const answer = await deps.runs.state({ region, id: athenaId })
  return answer.ok ? answer.value.failure : null
}

const badLimit = refuse('invalid_ask', 'limit: a whole number from 1 to 1000.')
const badCursor = refuse('invalid_ask', 'cursor: `next` of a page before, of the same query.')
