/**
 * Server-sent events (html.spec.whatwg.org, section 9.2): a page is told that what it shows has
 * changed, never what, and loads itself again. One look at the ledger's end a second for all
 * streams together, and none while there is no stream. A stream ends with its session.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServerResponse } from 'node:http'
import { type ElevationId, type Instant, type PersonId, instant } from '../elevation/ids.ts'
import type { ConsoleSessions } from '../ports-console.ts'
import type { SlackTurn } from '../ports.ts'
import { PageError } from './failure.ts'
import { queryOf } from './form.ts'
import type { Viewer } from './viewer.ts'

export type LiveParts = {
  /** which elevations the entries after an index are about */
  readonly changed: SlackTurn['changed']
  readonly sessions: Pick<ConsoleSessions, 'use'>
  readonly now: () => Instant
  readonly failed: (cause: unknown) => void
  /** runs it again and again; the function returned calls it off */
  readonly every: (milliseconds: number, run: () => void) => () => void
}

export type Live = {
  /** Answers with a stream from the ledger index that the page was drawn at (`from`). */
  readonly open: (
    exchange: { readonly request: FastifyRequest; readonly reply: FastifyReply },
    stream: { readonly viewer: Viewer; readonly isAbout: About }
  ) => void
  readonly count: () => number
  readonly close: () => void
}

/** Whether somebody who sees the page should load it again. */
export type About = (id: ElevationId) => Promise<boolean>

type Stream = {
  readonly person: PersonId
  readonly session: string
  readonly raw: ServerResponse
  readonly isAbout: About
  seen: number
}

export const perSession = 6
export const inAll = 1000
const beatMilliseconds = 15_000
const lookMilliseconds = 1000
const mostEntries = 1000

/** Streams of one process; every replica looks for itself. */
export const makeLive = (parts: LiveParts): Live => {
  const streams = new Set<Stream>()
  let stops: readonly (() => void)[] = []
  let isLooking = false

  const drop = (stream: Stream): void => {
    streams.delete(stream)
    stream.raw.end()
    if (streams.size > 0) return
    for (const stop of stops) stop()
    stops = []
  }

  const look = async (): Promise<void> => {
    const from = Math.min(...[...streams].map(({ seen }) => seen))
    const { elevations, next } = await parts.changed(from, mostEntries)
    if (next === from) return
    for (const stream of streams) {
      if (stream.seen >= next) continue
      const isAbout = await anyOf(elevations, stream.isAbout)
      stream.seen = next
      if (isAbout) stream.raw.write(`id: ${next}\nevent: changed\ndata: ${next}\n\n`)
    }
  }

  const lookOnce = (): void => {
    if (isLooking || streams.size === 0) return
    isLooking = true
    look()
      .catch(parts.failed)
      .finally(() => {
        isLooking = false
      })
  }

  const beat = async (): Promise<void> => {
    for (const stream of streams) {
      const now = parts.now()
      const session = await parts.sessions.use(stream.session, now, instant(0))
      if (session === null) drop(stream)
      else stream.raw.write(': still here\n\n')
    }
  }

  return {
    open: ({ request, reply }, { viewer, isAbout }) => {
      const mine = [...streams].filter(({ session }) => session === viewer.session)
      if (streams.size >= inAll) throw new PageError('too_many_requests')
      // the oldest is a page that was left
      if (mine.length >= perSession) mine.slice(0, 1).forEach(drop)
      const seen = startOf(request)
      const { raw } = reply
      reply.hijack()
      raw.socket?.setTimeout(0)
      raw.writeHead(200, { ...headersOf(reply), ...streamHeaders })
      raw.write('retry: 2000\n\n')
      const { person } = viewer.caller
      const stream: Stream = { person, session: viewer.session, raw, isAbout, seen }
      streams.add(stream)
      raw.once('close', () => drop(stream))
      if (stops.length === 0) {
        stops = [
          parts.every(lookMilliseconds, lookOnce),
          parts.every(beatMilliseconds, () => void beat().catch(parts.failed))
        ]
      }
      lookOnce()
    },
    count: () => streams.size,
    close: () => {
      for (const stream of streams) drop(stream)
    }
  }
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no'
} as const

const headersOf = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : []
    )
  )

/** What a browser that lost its stream saw last, else what its page was drawn at. */
const startOf = (request: FastifyRequest): number => {
  const [last, from] = [request.headers['last-event-id'], queryOf(request).one('from')]
  const seen = typeof last === 'string' ? last : from
  if (!/^[0-9]{1,15}$/.test(seen)) throw new PageError('invalid_request')
  return Number(seen)
}

const anyOf = async (ids: readonly ElevationId[], isAbout: About): Promise<boolean> => {
  for (const id of ids) if (await isAbout(id)) return true
  return false
}
