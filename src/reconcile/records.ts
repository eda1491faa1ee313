/**
 * The records of a CloudTrail log file, `{"Records":[{…},…]}`, out of a stream of its bytes. Only
 * records that name one of the wanted events are parsed; the rest is passed over by a search for
 * bytes. Told with their place, never passed over: text before or after, an end too early, a record
 * over the limit. The answer does not depend on where the stream was cut.
 * Source: CloudTrail User Guide, "CloudTrail log file examples".
 */
export type RecordFault = {
  readonly code: 'foreign' | 'truncated' | 'record_too_long' | 'bad_record'
  /** bytes into the uncompressed file */
  readonly at: number
}

export type Splitter = {
  readonly push: (chunk: Uint8Array) => void
  /** the stream is over; `cut`: it broke off */
  readonly end: (cut?: boolean) => void
}

export type SplitterOptions = {
  /** values of `eventName` that are parsed */
  readonly wanted: readonly string[]
  readonly record: (value: unknown) => void
  readonly fault: (fault: RecordFault) => void
  /** `eventTime` of every record, also of those that are not parsed: how far the file goes */
  readonly time?: (text: string) => void
}

/** CloudTrail's own records are at most 256 KB. */
export const mostRecordBytes = 1_048_576

const head = /^\s*\{\s*"Records"\s*:\s*\[/
const mostHead = 256

export const splitter = (options: SplitterOptions): Splitter => {
  const isWanted = wantedIn(options.wanted)
  let rest: Buffer = Buffer.alloc(0)
  let passed = 0
  let phase: 'head' | 'records' | 'tail' | 'over' = 'head'

  const stop = (code: RecordFault['code'], at: number): void => {
    phase = 'over'
    rest = Buffer.alloc(0)
    options.fault({ code, at: passed + at })
  }
  const begin = (bytes: Buffer): number | null => {
    const match = head.exec(bytes.toString('latin1', 0, mostHead))
    if (match !== null) {
      phase = 'records'
      return match[0].length
    }
    const couldCome = bytes.length < mostHead && isPrefix(bytes.toString('latin1'))
    if (!couldCome) stop('foreign', 0)
    return null
  }
  const take = (bytes: Buffer, start: number, end: number): void => {
    const record = bytes.subarray(start, end)
    if (options.time !== undefined) {
      const at = record.indexOf(timeKey)
      const from = at + timeKey.length
      if (at >= 0) options.time(record.toString('latin1', from, from + 20))
    }
    if (isWanted(record)) parse(record, passed + start)
  }
  const parse = (record: Buffer, at: number): void => {
    const value = parsed(record)
    if (value === undefined) options.fault({ code: 'bad_record', at })
    else options.record(value)
  }
  const keep = (bytes: Buffer, from: number): void => {
    // a view would keep the whole chunk alive
    rest = Buffer.from(bytes.subarray(from))
    passed += from
  }
  const push = (chunk: Uint8Array): void => {
    if (phase === 'over') return
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const bytes = rest.length === 0 ? view : Buffer.concat([rest, view])
    let at = 0
    if (phase === 'head') {
      const begun = begin(bytes)
      if (begun === null) {
        if (phase === 'head') rest = Buffer.from(bytes)
        return
      }
      at = begun
    }
    while (phase === 'records') {
      at = skip(bytes, at, comma)
      const byte = bytes[at]
      if (byte === undefined) return keep(bytes, at)
      if (byte === bracket) {
        phase = 'tail'
        at += 1
        break
      }
      if (byte !== open) return stop('foreign', at)
      const end = endOf(bytes, at)
      if (end === null && bytes.length - at > mostRecordBytes) return stop('record_too_long', at)
      if (end === null) return keep(bytes, at)
      if (end - at > mostRecordBytes) return stop('record_too_long', at)
      take(bytes, at, end)
      at = end
    }
    const odd = tailFault(bytes, at)
    if (odd !== null) return stop('foreign', odd)
    const from = bytes.indexOf(close, at)
    closed ||= from >= 0
    keep(bytes, bytes.length)
  }
  let closed = false
  const tailFault = (bytes: Buffer, at: number): number | null => {
    const first = skip(bytes, at, null)
    if (first === bytes.length) return null
    if (closed || bytes[first] !== close) return first
    const second = skip(bytes, first + 1, null)
    return second === bytes.length ? null : second
  }
  return {
    push,
    end: (cut = false) => {
      if (phase === 'over') return
      if (cut || !closed) stop('truncated', rest.length)
    }
  }
}

const open = 0x7b
const close = 0x7d
const quote = 0x22
const backslash = 0x5c
const bracket = 0x5d
const comma = 0x2c

const skip = (bytes: Buffer, from: number, also: number | null): number => {
  let at = from
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09 && byte !== also) break
  }
  return at
}

/** One past the brace that closes the object at `start`; null where it is not there yet. */
const endOf = (bytes: Buffer, start: number): number | null => {
  let depth = 0
  const { length } = bytes
  for (let at = start; at < length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      const end = endOfString(bytes, at + 1)
      if (end === null) return null
      at = end
    } else if (byte === open) {
      depth += 1
    } else if (byte === close) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return null
}

/** The quote that ends a string; an odd run of backslashes before one belongs to it. */
const endOfString = (bytes: Buffer, from: number): number | null => {
  const { length } = bytes
  for (let at = from; at < length; at++) {
    const byte = bytes[at]
    if (byte === quote) return at
    if (byte === backslash) at += 1
  }
  return null
}

const key = Buffer.from('"eventName"')
// as CloudTrail writes it; it comes before anything that a caller chose
const timeKey = Buffer.from('"eventTime":"')
const escaped = Buffer.from('\\u')

/** A record whose event cannot be told from its bytes is wanted: parsing it will tell. */
const wantedIn = (names: readonly string[]): ((record: Buffer) => boolean) => {
  const values = names.map((name) => Buffer.from(`"${name}"`))
  return (record) => {
    let at = record.indexOf(key)
    if (at < 0) return record.includes(escaped)
    for (; at >= 0; at = record.indexOf(key, at + key.length)) {
      let value = skip(record, at + key.length, null)
      if (record[value] === 0x3a) value = skip(record, value + 1, null)
      for (const name of values) {
        const end = value + name.length
        if (end > record.length) continue
        if (record.compare(name, 0, name.length, value, end) === 0) return true
      }
    }
    return false
  }
}

const isPrefix = (text: string): boolean => {
  const packed = text.replace(/\s/g, '')
  return '{"Records":['.startsWith(packed)
}

const parsed = (record: Buffer): unknown => {
  try {
    return JSON.parse(record.toString('utf8'))
  } catch {
    return undefined
  }
}
