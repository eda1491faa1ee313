/**
 * One log file as a stream of bytes, compressed or not: its records to the matcher, what is wrong
 * with it to the caller. Memory does not grow with the file.
 */
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Matcher } from './match.ts'
import { type RecordFault, splitter } from './records.ts'
import { useOf, wantedEvents } from './use.ts'

export type FileFault = {
  readonly code: RecordFault['code'] | 'not_gzip' | 'unreadable'
  /** name of the file */
  readonly file: string
  /** bytes into its uncompressed text; null where there is none */
  readonly at: number | null
}

export type FileRead = { readonly bytes: number; readonly faults: readonly FileFault[] }

const mostFaults = 100

/** Reads to the end, or to the first place from where on it cannot be read. */
export const readLog = async (
  given: { readonly file: string; readonly bytes: Readable; readonly isCompressed: boolean },
  to: Matcher
): Promise<FileRead> => {
  const { file } = given
  const faults: FileFault[] = []
  const fault = (code: FileFault['code'], at: number | null): void => {
    if (faults.length < mostFaults) faults.push({ code, file, at })
  }
  let first = ''
  let last = ''
  // times come in order more or less: few of them are the first or last so far
  const time = (text: string): void => {
    const isFirst = first === '' || text < first
    if (!isFirst && text <= last) return
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return
    const at = Date.parse(text)
    if (Number.isNaN(at)) return
    if (isFirst) first = text
    if (text > last) last = text
    to.saw(at)
  }
  const records = splitter({
    wanted: wantedEvents,
    record: (value) => {
      const use = useOf(value)
      if (use === 'bad') fault('bad_record', total)
      else if (use !== null) to.use(use)
    },
    fault: ({ code, at }) => fault(code, at),
    time
  })
  let total = 0
  try {
    for await (const chunk of plainBytes(given)) {
      total += chunk.length
      records.push(chunk)
    }
    records.end()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const cut = code === 'Z_BUF_ERROR'
    if (!cut) fault(code.startsWith('Z_') ? 'not_gzip' : 'unreadable', total)
    // what came before it broke off counts
    records.end(cut)
  }
  return { bytes: total, faults }
}

async function* plainBytes(given: {
  readonly bytes: Readable
  readonly isCompressed: boolean
}): AsyncGenerator<Uint8Array> {
  const { bytes, isCompressed } = given
  if (!isCompressed) {
    for await (const chunk of bytes) if (chunk instanceof Uint8Array) yield chunk
    return
  }
  const open = createGunzip({ chunkSize: 262_144 })
  bytes.once('error', (error) => open.destroy(error))
  for await (const chunk of bytes.pipe(open)) if (chunk instanceof Uint8Array) yield chunk
}
