/**
 * One log file as a stream of bytes, compressed or not: its records to the matcher, what is wrong
 * with it to the caller. Memory does not grow with the file.
 */
import { type Readable, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { keyEvents, keyRequestOf } from './key-request.ts'
import type { KeyMeter } from './key-use.ts'
import type { Matcher } from './match.ts'
import { type RecordFault, splitter } from './records.ts'
import { useOf, wantedEvents } from './use.ts'

export type FileFault = {
  readonly code: RecordFault['code'] | 'not_gzip' | 'unreadable' | 'denied' | 'gone' | 'not_listed'
  /** name of the file; for `not_listed` of the place */
  readonly file: string
  /** bytes into its uncompressed text; null where there is none */
  readonly at: number | null
}

export type FileRead = { readonly bytes: number; readonly faults: readonly FileFault[] }

/** Who is told what the file holds. */
export type LogReaders = Pick<Matcher, 'saw' | 'use'> & Partial<Pick<KeyMeter, 'request'>>

const mostFaults = 100

/** Reads to the end, or to the first place from where on it cannot be read. */
export const readLog = async (
  given: { readonly file: string; readonly bytes: Readable; readonly isCompressed: boolean },
  to: LogReaders
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
  const tell = (value: unknown): void => {
    const use = useOf(value)
    const request = to.request === undefined ? null : keyRequestOf(value)
    if (use === 'bad' || request === 'bad') return fault('bad_record', total)
    if (use !== null) to.use(use)
    if (request !== null) to.request?.(request)
  }
  const records = splitter({
    wanted: to.request === undefined ? wantedEvents : metered,
    record: tell,
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
    // what came before it broke off counts
    if (code === 'Z_BUF_ERROR') records.end(true)
    else fault(code.startsWith('Z_') ? 'not_gzip' : (refusals[code] ?? 'unreadable'), total)
  }
  return { bytes: total, faults }
}

const metered = [...new Set([...wantedEvents, ...keyEvents])]

const refusals: Readonly<Record<string, FileFault['code']>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  ENOENT: 'gone'
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
  // whichever fails or is left takes the other with it: a source left open keeps its connection
  pipeline(bytes, open, () => undefined)
  for await (const chunk of open) if (chunk instanceof Uint8Array) yield chunk
}
