/**
 * request, extend, approve, deny, cancel, end, revoke, status: one call each, told to people or as
 * JSON.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { parseDuration, printDuration } from '../elevation/duration.ts'
import { type Instant, instant, iso, plus, seconds } from '../elevation/ids.ts'
import { type Api, type Json, objectOf, tell, text } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { sqlIn, tellRefused } from './query-text.ts'
import { type Terminal, paint, plain, table, wrap } from './terminal.ts'

export type AskOptions = {
  readonly target: string
  readonly duration: string
  readonly reason: string
  readonly ticket?: string
  readonly tables?: readonly string[]
  readonly columns?: readonly string[]
  readonly breakGlass?: boolean
  readonly wait?: boolean
  /** file with the one query that may run; `-` is stdin */
  readonly sql?: string
  /** ISO 8601 UTC, or `+` and a length from now */
  readonly start?: string
}

export type ExtendOptions = Pick<AskOptions, 'duration' | 'reason' | 'ticket'>

const pollMs = 1000

/** Asks; with `wait` stays until it is decided: exit 0 approved, 1 anything else. */
export const request = async (api: Api, to: Terminal, options: AskOptions): Promise<ExitCode> => {
  const { wait: isWaiting, breakGlass, sql: file, start, ...ask } = options
  const startAt = start === undefined ? undefined : startOf(start, instant(Date.now()))
  if (startAt === null) {
    to.err('--start is UTC like 2026-11-21T10:15:00Z, or a length from now such as +2h')
    return exits.usage
  }
  const path = breakGlass === true ? '/v1/break-glass' : '/v1/elevations'
  const sql = file === undefined ? null : await sqlIn(file)
  if (sql !== null && !sql.ok) {
    to.err(sql.line)
    return exits.usage
  }
  const body = {
    ...ask,
    ...(sql === null ? {} : { sql: sql.text }),
    ...(startAt === undefined ? {} : { startAt })
  }
  const answer = await api.post(path, body, { 'idempotency-key': randomUUID() })
  if (!answer.ok) return sql === null ? tell(to, answer) : tellRefused(to, sql.text, answer)
  const id = text(answer.body['id'])
  if (!isWaiting) {
    show(to, answer.body)
    return exits.done
  }
  if (!to.json)
    to.err(`${id} waits for a decision. Ctrl-C leaves it waiting; \`sallyport status ${id}\`.`)
  let latest = answer.body
  while (latest['state'] === 'pending') {
    await wait(pollMs)
    const next = await api.get(`/v1/elevations/${id}`)
    if (!next.ok) return tell(to, next)
    latest = next.body
  }
  show(to, latest)
  return latest['state'] === 'approved' ? exits.done : exits.refused
}

/** Asks for another window that goes on from one's own active one. */
export const extend = async (
  api: Api,
  to: Terminal,
  { id, ...body }: ExtendOptions & { readonly id: string }
): Promise<ExitCode> => {
  const path = `/v1/elevations/${encodeURIComponent(id)}/extend`
  const answer = await api.post(path, body, { 'idempotency-key': randomUUID() })
  if (!answer.ok) return tell(to, answer)
  show(to, answer.body)
  return exits.done
}

/** An instant as it was typed, or a length from now; null where `+` is followed by no length. */
export const startOf = (typed: string, now: Instant): string | null => {
  if (!typed.startsWith('+')) return typed
  const length = parseDuration(typed.slice(1))
  return length === null ? null : iso(plus(now, length))
}

/** approve, deny, cancel, end, revoke, review. */
export const act = async (
  api: Api,
  to: Terminal,
  what: { readonly verb: string; readonly id: string; readonly body?: object }
): Promise<ExitCode> => {
  const answer = await api.post(
    `/v1/elevations/${encodeURIComponent(what.id)}/${what.verb}`,
    what.body
  )
  if (!answer.ok) return tell(to, answer)
  show(to, answer.body)
  return exits.done
}

/** One elevation, or everything one has and waits for. */
export const status = async (api: Api, to: Terminal, id: string | undefined): Promise<ExitCode> => {
  if (id !== undefined) {
    const one = await api.get(`/v1/elevations/${encodeURIComponent(id)}`)
    if (!one.ok) return tell(to, one)
    show(to, one.body)
    return exits.done
  }
  const answer = await api.get('/v1/elevations?limit=50')
  if (!answer.ok) return tell(to, answer)
  const found = answer.body['elevations']
  const rows = Array.isArray(found) ? found.map(objectOf) : []
  if (to.json) {
    for (const row of rows) to.out(JSON.stringify(row))
    return exits.done
  }
  if (rows.length === 0) {
    to.out('Nothing asked and nothing waiting. `sallyport request --help` says how to ask.')
    return exits.done
  }
  const cells = rows.map((row) => [
    text(row['id']),
    text(row['state']),
    text(row['target']),
    text(row['requester']),
    lengthOf(row['duration']),
    text(row['notAfter']) || text(row['startAt']) || text(row['createdAt'])
  ])
  table(to, ['ELEVATION', 'STATE', 'TARGET', 'REQUESTER', 'FOR', 'ENDS, STARTS OR ASKED'], cells)
  return exits.done
}

const show = (to: Terminal, elevation: Json): void => {
  if (to.json) {
    to.out(JSON.stringify(elevation))
    return
  }
  const id = text(elevation['id'])
  const state = text(elevation['state'])
  const about = `${text(elevation['target'])} for ${lengthOf(elevation['duration'])}`
  to.out(`${paint(to, 'bold', id)}  ${colourOf(to, state)}  ${plain(about)}`)
  const approvals = elevation['approvals']
  for (const approval of Array.isArray(approvals) ? approvals.map(objectOf) : []) {
    to.out(`  approved by ${plain(text(approval['by']))} at ${plain(text(approval['at']))}`)
  }
  showQuery(to, objectOf(elevation['query']))
  showChain(to, elevation)
  const start = text(elevation['startAt'])
  if (start) to.out(`  starts ${plain(start)} at the earliest`)
  const reasons = elevation['reasons']
  for (const reason of Array.isArray(reasons) ? reasons : []) to.out(`  - ${plain(text(reason))}`)
  const end = text(elevation['notAfter'])
  if (end) to.out(`  window ends ${plain(end)}`)
  const steps = elevation['mode'] === 'brokered' ? { ...nextStep, ...nextBrokered } : nextStep
  const next = steps[state]
  if (next) to.out(`  ${next.replaceAll('ID', id)}`)
}

/** What it goes on from, and how long the chain was before. */
const showChain = (to: Terminal, elevation: Json): void => {
  const from = text(elevation['extends'])
  if (from === '') return
  const { place, secondsBefore } = objectOf(elevation['chain'])
  const before = lengthOf(secondsBefore)
  to.out(`  extends ${plain(from)}, ask ${text(place)} of a chain, ${before} so far`)
}

/** What the elevation is bound to; nothing where any query may run. */
const showQuery = (to: Terminal, { shape, reads }: Json): void => {
  const asked = text(shape)
  if (asked === '') return
  for (const line of wrap(`only this may run: ${asked}`, 96)) to.out(`  ${line}`)
  for (const [name, columns] of Object.entries(objectOf(reads))) {
    const names = Array.isArray(columns) ? columns.map(text) : []
    const line = `it reads ${name}: ${names.length === 0 ? '(rows only)' : names.join(', ')}`
    for (const part of wrap(line, 96)) to.out(`  ${part}`)
  }
}

const nextStep: Readonly<Record<string, string>> = {
  pending: 'next: wait for a decision, or `sallyport cancel ID`',
  approved: 'next: `sallyport credentials ID` starts the window',
  active:
    'next: `sallyport credentials ID` for fresh credentials, `sallyport extend ID` for longer, ' +
    '`sallyport end ID` when done',
  ending: 'next: nothing to do, access is being taken away'
}

const nextBrokered: Readonly<Record<string, string>> = {
  approved: 'next: `sallyport query ID "SELECT …"` starts the window',
  active:
    'next: `sallyport query ID "SELECT …"`, `sallyport extend ID` for longer, ' +
    '`sallyport end ID` when done'
}

const colourOf = (to: Terminal, state: string): string => {
  if (state === 'approved' || state === 'active') return paint(to, 'green', state)
  if (state === 'pending' || state === 'issuing') return paint(to, 'yellow', state)
  return paint(to, 'dim', plain(state))
}

const lengthOf = (value: unknown): string =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? printDuration(seconds(value))
    : ''
