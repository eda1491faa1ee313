/**
 * `query ID SQL`: one query through the broker, which checks it, runs it and keeps the credentials.
 * Rows go to stdout, everything about them to stderr. Refused: exit 1, each reason under its line
 * of the query. Ctrl-C stops the query, also where it already runs on Athena.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, type Json, type QueryApi, type Refused, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Format } from './query-formats.ts'
import { type Draw, type Progress, lengthText, progressOn, sizeText } from './query-progress.ts'
import { tellRefused } from './query-text.ts'
import { type ResultRow, type ResultTable, resultTable } from './result-table.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type QueryOptions = {
  readonly elevation: string
  /** exactly what is checked and run */
  readonly sql: string
  readonly format: Format
  /** cells of the terminal; 100 where stdout is none */
  readonly width: number
  /** to stderr as it is; null where nobody looks at it */
  readonly draw: Draw | null
  /** Ctrl-C */
  readonly signal: AbortSignal
  /** bytes to stdout, resolved when more may come */
  readonly write: (bytes: Uint8Array) => Promise<void>
}

/** Exit 0 with the rows, 1 refused, failed or stopped, 69 no broker, 130 after Ctrl-C. */
export const query = async (
  api: QueryApi,
  to: Terminal,
  options: QueryOptions
): Promise<ExitCode> => {
  const { elevation, sql, signal } = options
  const queries = `/v1/elevations/${encodeURIComponent(elevation)}/queries`
  const started = await api.post(queries, { sql })
  if (!started.ok) return tellRefused(to, sql, started)
  const path = `${queries}/${encodeURIComponent(text(started.body['id']))}`
  const progress = progressOn(to, to.json ? null : options.draw)
  const ended = await untilEnded(api, { path, signal, progress })
  progress.clear()
  if (ended === 'interrupted') return stopped(api, to, path)
  if (!ended.ok) return tell(to, ended)
  if (text(ended.body['state']) !== 'succeeded') return failed(to, ended.body)
  const shown = await show(api, to, { ...options, path })
  if (shown !== null) return signal.aborted ? exits.interrupted : tell(to, shown)
  if (!to.json) to.err(paint(to, 'dim', costOf(ended.body)))
  return exits.done
}

const firstPollMs = 50
const lastPollMs = 1000

type Watch = {
  readonly path: string
  readonly signal: AbortSignal
  readonly progress: Progress
}

const untilEnded = async (
  api: QueryApi,
  { path, signal, progress }: Watch
): Promise<Answer | 'interrupted'> => {
  for (let pause = firstPollMs; ; pause = Math.min(lastPollMs, pause * 1.5)) {
    if (signal.aborted) return 'interrupted'
    const answer = await api.get(path)
    if (!answer.ok && answer.retryAfter === undefined) return answer
    const state = answer.ok ? text(answer.body['state']) : ''
    if (answer.ok && state !== 'queued' && state !== 'running') return answer
    if (answer.ok) progress.show(answer.body)
    const length = answer.ok ? pause : (answer.retryAfter ?? 1) * 1000
    await wait(length, undefined, { signal }).catch(() => undefined)
  }
}

const stopped = async (api: QueryApi, to: Terminal, path: string): Promise<ExitCode> => {
  const answer = await api.post(`${path}/stop`)
  if (!answer.ok) {
    tell(to, answer)
    to.err('It may still run. It ends with the elevation at the latest.')
  } else {
    to.err('Stopped.')
  }
  return exits.interrupted
}

const failed = (to: Terminal, status: Json): ExitCode => {
  if (to.json) {
    to.err(JSON.stringify(status))
    return exits.refused
  }
  const how = text(status['state']) === 'cancelled' ? 'The query was stopped' : 'The query failed'
  const why = text(status['failure'])
  to.err(`${paint(to, 'red', how)}${why === '' ? '.' : `: ${plain(why)}`}`)
  return exits.refused
}

type Shown = QueryOptions & { readonly path: string }

/** Null where all of it was shown. */
const show = (api: QueryApi, to: Terminal, options: Shown): Promise<Refused | null> => {
  switch (options.format) {
    case 'table':
      return showTable(api, to, options)
    case 'json':
      return api.pour(`${options.path}/results`, { ...options, accept: 'application/x-ndjson' })
    case 'csv':
      return api.pour(`${options.path}/results`, { ...options, accept: 'text/csv' })
  }
}

/** The first page settles the widths; no more than a page is held. */
const showTable = async (api: QueryApi, to: Terminal, options: Shown): Promise<Refused | null> => {
  const { path, width, signal } = options
  let table: ResultTable | null = null
  let rows = 0
  for (let cursor = ''; ;) {
    const search = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`
    const page = await api.get(`${path}/results${search}`)
    if (!page.ok) return page
    const found = rowsIn(page.body)
    if (table === null) {
      table = resultTable(to, { columns: columnsIn(page.body), first: found, width })
      table.head()
    }
    table.rows(found)
    rows += found.length
    cursor = text(page.body['next'])
    if (cursor === '' || signal.aborted) break
  }
  const left = table.leftOut
  if (left > 0) to.err(`${left} more columns do not fit; --format csv has them all`)
  to.err(paint(to, 'dim', rows === 1 ? '1 row' : `${rows} rows`))
  return null
}

const columnsIn = (page: Json) =>
  (Array.isArray(page['columns']) ? page['columns'] : [])
    .map(objectOf)
    .map(({ name, type }) => ({ name: text(name), type: text(type) }))

const rowsIn = (page: Json): readonly ResultRow[] =>
  (Array.isArray(page['rows']) ? page['rows'] : []).map((row: unknown) =>
    Array.isArray(row) ? row.map((value) => (typeof value === 'string' ? value : null)) : []
  )

const costOf = (status: Json): string =>
  `${sizeText(status['bytesScanned'])} scanned, ${lengthText(status['milliseconds'])}`
