/**
 * What a process did to files, from `strace -f -y -xx`, and the files as a power cut would leave them:
 * what was synced before the cut is there; of what was written since, each write or each sector of
 * 512 bytes is there or not, by chance. Names of files count as durable once they are made.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export type FileEvent =
  | { readonly kind: 'write'; readonly file: string; readonly at: number | null; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: string; readonly size: number }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'unlink'; readonly file: string }

/** How much of what was not synced survives. */
export type Survival = 'nothing' | 'whole writes' | 'sectors' | 'everything'

/** The events of a trace in the order in which they took effect at the earliest (a sync: at its end). */
export const eventsOf = (trace: string): readonly FileEvent[] => {
  const open = new Map<string, string>()
  return trace.split('\n').flatMap((line): readonly FileEvent[] => {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (call.endsWith('<unfinished ...>')) {
      const begun = call.slice(0, -'<unfinished ...>'.length)
      if (/^f(data)?sync/.test(begun)) open.set(thread, begun)
      else return parsed(begun)
    }
    if (/^<\.\.\. f(data)?sync resumed>/.test(call)) {
      const begun = open.get(thread) ?? ''
      return call.endsWith(' = 0') ? parsed(begun) : []
    }
    const isOver = /^\w+\(.*\) += \d+/.test(call)
    return isOver ? parsed(call) : []
  })
}

const parsed = (call: string): readonly FileEvent[] => {
  const [, name = ''] = /^(\w+)\(/.exec(call) ?? []
  const [, path = ''] = /^\w+\(\d+<((?:\\x[0-9a-f]{2})*)>/.exec(call) ?? []
  const file = basename(bytesOf(path).toString())
  switch (name) {
    case 'pwrite64':
    case 'write': {
      const [, data = '', rest = ''] = /, "((?:\\x[0-9a-f]{2})*)"(.*)$/.exec(call) ?? []
      const [, count = '', place] = /^, (\d+)(?:, (\d+))?/.exec(rest) ?? []
      const bytes = bytesOf(data)
      if (bytes.length !== Number(count)) throw new Error('a write is not whole in the trace')
      return [{ kind: 'write', file, at: place === undefined ? null : Number(place), bytes }]
    }
    case 'ftruncate':
      return [{ kind: 'truncate', file, size: Number(/, (\d+)/.exec(call)?.[1]) }]
    case 'fsync':
    case 'fdatasync':
      return [{ kind: 'sync', file }]
    case 'unlink': {
      const [, gone = ''] = /^unlink\("((?:\\x[0-9a-f]{2})*)"/.exec(call) ?? []
      return [{ kind: 'unlink', file: basename(bytesOf(gone).toString()) }]
    }
    default:
      throw new Error(`the trace has a call that is not modelled: ${name}`)
  }
}

const bytesOf = (escaped: string): Buffer => Buffer.from(escaped.replaceAll('\\x', ''), 'hex')

const sectorBytes = 512

export type Cut = {
  /** how many events came before it */
  readonly at: number
  readonly survival: Survival
  /** false: as if no sync had ever been one, which a sound check has to notice */
  readonly heedsSyncs: boolean
  /** 0 to 1 */
  readonly chance: () => number
}

/** Writes into a new folder what is left of the named files. */
export const filesAfter = (events: readonly FileEvent[], cut: Cut, to: { readonly folder: string; readonly names: readonly string[] }): void => {
  const before = events.slice(0, cut.at)
  mkdirSync(to.folder, { recursive: true, mode: 0o700 })
  for (const name of to.names) {
    const own = before.filter(({ file }) => file === name)
    if (own.length === 0) continue
    const synced = cut.heedsSyncs ? own.findLastIndex(({ kind }) => kind === 'sync') : -1
    const left: Left = { bytes: Buffer.alloc(0), size: 0 }
    let isThere = false
    for (const [n, event] of own.entries()) {
      if (event.kind === 'sync') continue
      isThere = event.kind !== 'unlink'
      if (n < synced) apply(left, event)
      else applyPartly(left, event, cut)
    }
    if (!isThere) continue
    writeFileSync(join(to.folder, name), left.bytes.subarray(0, left.size), { mode: 0o600 })
  }
}

/** A file as it is put together again. */
type Left = { bytes: Buffer; size: number }

const apply = (left: Left, event: FileEvent): void => {
  switch (event.kind) {
    case 'write':
      return put(left, event.bytes, event.at ?? left.size)
    case 'truncate':
    case 'unlink': {
      const size = event.kind === 'truncate' ? event.size : 0
      left.bytes.fill(0, Math.min(size, left.size))
      put(left, new Uint8Array(), size)
      left.size = size
      return
    }
    case 'sync':
  }
}

const applyPartly = (left: Left, event: FileEvent, { survival, chance }: Cut): void => {
  if (event.kind === 'unlink' || survival === 'everything') return apply(left, event)
  if (survival === 'nothing') return
  if (event.kind !== 'write' || survival === 'whole writes') {
    if (chance() < 0.5) apply(left, event)
    return
  }
  const at = event.at ?? left.size
  for (let n = 0; n < event.bytes.length; n += sectorBytes) {
    if (chance() < 0.5) put(left, event.bytes.subarray(n, n + sectorBytes), at + n)
  }
}

/** What lies between the end and `at` reads as zeros, as in a sparse file. */
const put = (left: Left, bytes: Uint8Array, at: number): void => {
  const end = at + bytes.length
  if (end > left.bytes.length) left.bytes = Buffer.concat([left.bytes, Buffer.alloc(end)])
  left.bytes.set(bytes, at)
  left.size = Math.max(left.size, end)
}
