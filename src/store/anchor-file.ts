/**
 * Anchors in a file of their own: one JSON line per checkpoint, only ever appended and fsynced. It
 * lies outside the data folder, since whoever restores that one must not restore this along. Lines
 * that a crash tore are passed over. {"at":"2026-…Z","size":7,"checkpoint":"origin\n7\n…"}
 */
import { type FileHandle, open } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { StoreError } from './error.ts'

export type AnchorFile = {
  /** the checkpoint of the last line that can be read; null = the file is new */
  readonly last: Uint8Array | null
  /** Durable when it resolves. */
  readonly append: (anchor: {
    readonly at: string
    readonly size: number
    readonly checkpoint: Uint8Array
  }) => Promise<void>
  /** A line of another kind, which says why the checkpoints after it are not those before. */
  readonly note: (line: Readonly<Record<string, string | number | null>>) => Promise<void>
  readonly close: () => Promise<void>
}

/** More than any two lines: a checkpoint of ours is a few hundred bytes. */
const tailBytes = 262_144

/** Opens or makes the file. Rejects with a StoreError. */
export const openAnchorFile = async (path: string, dataFolder: string): Promise<AnchorFile> => {
  const within = relative(resolve(dataFolder), resolve(path))
  if (!within.startsWith('..') && !isAbsolute(within)) {
    const what = `the anchor file is in the data folder; choose another: ${path}`
    throw new StoreError('exposed', what)
  }
  try {
    const file = await open(path, 'a+', 0o644)
    const { last, isWhole } = await readTail(file, path)
    const write = appender(file, isWhole)
    return { last, append: anchorOver(write), note: write, close: () => file.close() }
  } catch (cause) {
    if (cause instanceof StoreError) throw cause
    throw new StoreError('not_writable', `the anchor file cannot be written: ${path}`, { cause })
  }
}

type Write = AnchorFile['note']

const anchorOver =
  (write: Write): AnchorFile['append'] =>
  ({ at, size, checkpoint }) =>
    write({ at, size, checkpoint: Buffer.from(checkpoint).toString('utf8') })

const appender = (file: FileHandle, wasWhole: boolean): Write => {
  let isWhole = wasWhole
  return async (line) => {
    const text = `${isWhole ? '' : '\n'}${JSON.stringify(line)}\n`
    isWhole = false
    await file.appendFile(text)
    isWhole = true
    await file.sync()
  }
}

const readTail = async (
  file: FileHandle,
  path: string
): Promise<{ readonly last: Uint8Array | null; readonly isWhole: boolean }> => {
  const found = await file.stat()
  if (!found.isFile()) throw new StoreError('exposed', `not a regular file: ${path}`)
  const from = Math.max(0, found.size - tailBytes)
  const tail = Buffer.alloc(found.size - from)
  await file.read(tail, 0, tail.length, from)
  const text = tail.toString('utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  const last = lines.toReversed().map(parseLine).find((checkpoint) => checkpoint !== null)
  if (last === undefined && lines.length > 0) {
    throw new StoreError('corrupt', `no anchor in it can be read: ${path}`)
  }
  return { last: last ?? null, isWhole: text === '' || text.endsWith('\n') }
}

const parseLine = (line: string): Uint8Array | null => {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('checkpoint' in value)) return null
    return typeof value.checkpoint === 'string' ? Buffer.from(value.checkpoint) : null
  } catch {
    return null
  }
}
