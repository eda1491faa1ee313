/**
 * Where entries go besides the ledger: standard output, a file, an HTTP endpoint. A sink takes
 * lines and says what became of them. pino's own transports cannot: they swallow what fails and
 * confirm nothing, and a cursor may only move on past what was taken.
 */
import { hash } from 'node:crypto'
import { fileSink } from './file.ts'
import { httpSink } from './http.ts'
import { stdoutSink } from './stdout.ts'

/** One place of the configuration. A URL is behind a function, since its path may be a token. */
export type Place =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: () => string }

export type Sent =
  | { readonly kind: 'taken' }
  /** never to be taken as it is */
  | { readonly kind: 'refused'; readonly reason: string }
  /** to be tried again, not before so many milliseconds where it was said */
  | { readonly kind: 'failed'; readonly reason: string; readonly waitMilliseconds: number | null }

export type Sink = {
  /** `[A-Za-z0-9._-]`, the same as long as the place is the same; tells no secret of it */
  readonly name: string
  /** All of the lines or none. Never rejects; gives up when `signal` aborts. */
  readonly send: (lines: readonly string[], signal: AbortSignal) => Promise<Sent>
}

/** The sink of a place; `now` in epoch milliseconds. Nothing is opened yet. */
export const sinkOf = (place: Place, now: () => number): Sink => {
  switch (place.kind) {
    case 'stdout':
      return { name: 'stdout', send: stdoutSink() }
    case 'file':
      return {
        name: nameOf(place.path.split('/').at(-1) ?? '', place.path),
        send: fileSink(place.path)
      }
    case 'http': {
      const url = place.url()
      return { name: nameOf(new URL(url).hostname, url), send: httpSink(url, now) }
    }
  }
}

const nameOf = (shown: string, whole: string): string =>
  `${shown.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${hash('sha256', whole).slice(0, 8)}`
