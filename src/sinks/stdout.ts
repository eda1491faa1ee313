/**
 * Entries on standard output, through pino's own destination: whole lines between those of the log.
 */
import { pino } from 'pino'
import type { Sink } from './sink.ts'

export const stdoutSink = (): Sink['send'] => {
  const out = pino.destination({ dest: 1, sync: true })
  let fault: string | null = null
  out.on('error', (error: Error) => {
    fault = 'code' in error ? String(error.code) : error.name
  })
  return async (lines) => {
    fault = null
    out.write(`${lines.join('\n')}\n`)
    return fault === null
      ? { kind: 'taken' }
      : { kind: 'failed', reason: fault, waitMilliseconds: null }
  }
}
