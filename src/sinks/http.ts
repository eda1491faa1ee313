/**
 * Entries to an HTTP endpoint, as JSON lines in one POST. 2xx is taken; 4xx is a refusal except 408
 * and 429, which like 5xx, a redirect, a broken connection and five seconds of silence are tried
 * again, after `Retry-After` where it is given (RFC 9110 section 10.2.3).
 */
import type { Sent, Sink } from './sink.ts'

const timeoutMilliseconds = 5000
/** Nobody is believed who wants us to wait longer. */
const longestWaitMilliseconds = 300_000

/** `now`: epoch milliseconds, for a `Retry-After` that names a date. */
export const httpSink =
  (url: string, now: () => number): Sink['send'] =>
  async (lines, signal) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'user-agent': 'sallyport' },
        body: `${lines.join('\n')}\n`,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMilliseconds)])
      })
      await response.body?.cancel()
      const wait = retryAfterMilliseconds(response.headers.get('retry-after'), now())
      return outcomeOf(response.status, wait)
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error), waitMilliseconds: null }
    }
  }

const outcomeOf = (status: number, waitMilliseconds: number | null): Sent => {
  if (status >= 200 && status < 300) return { kind: 'taken' }
  const reason = `http_${status}`
  const isRefusal = status >= 400 && status < 500 && status !== 408 && status !== 429
  if (isRefusal) return { kind: 'refused', reason }
  return { kind: 'failed', reason, waitMilliseconds }
}

/** Of seconds or of an HTTP date; null = not given, or neither of them. */
export const retryAfterMilliseconds = (given: string | null, now: number): number | null => {
  if (given === null) return null
  const wait = /^[0-9]{1,9}$/.test(given) ? Number(given) * 1000 : Date.parse(given) - now
  return Number.isNaN(wait) ? null : Math.min(Math.max(0, wait), longestWaitMilliseconds)
}

/** A code; the message may hold the URL. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timeout'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreachable'
}
