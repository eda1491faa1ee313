/** `query` in this process: its terminal, its stdin, its Ctrl-C. */
import { once } from 'node:events'
import { api } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import type { Format } from './query-formats.ts'
import { sqlIn } from './query-text.ts'
import { query } from './query.ts'
import type { Terminal } from './terminal.ts'

export type HereOptions = {
  readonly elevation: string
  /** the text itself; `-` = on stdin */
  readonly sql: string
  readonly format: Format
}

/** As `query`; 2 where stdin cannot be read as text. A second Ctrl-C ends the process at once. */
export const queryHere = async (to: Terminal, options: HereOptions): Promise<ExitCode> => {
  const { stdout, stderr } = process
  const read = options.sql === '-' ? await sqlIn('-') : { ok: true as const, text: options.sql }
  if (!read.ok) {
    to.err(read.line)
    return exits.usage
  }
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    return await query(api(process.env), to, {
      ...options,
      sql: read.text,
      width: stdout.isTTY ? Math.max(narrowest, stdout.columns) : usual,
      draw: stderr.isTTY ? (text) => void stderr.write(text) : null,
      signal: stop.signal,
      write: async (bytes) => {
        if (!stdout.write(bytes)) await once(stdout, 'drain')
      }
    })
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

const usual = 100
const narrowest = 20
