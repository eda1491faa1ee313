/**
 * Entries at the end of a file, fsynced. It is opened for each batch, so that one rotated away is
 * followed by a new one; only its owner can read it. What a crash tore off gets an end of line.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Sink } from './sink.ts'

export const fileSink =
  (path: string): Sink['send'] =>
  async (lines) => {
    try {
      await appendLines(path, lines)
      return { kind: 'taken' }
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      return { kind: 'failed', reason, waitMilliseconds: null }
    }
  }

/** Durable when it resolves. Rejects with the error of the file system. */
export const appendLines = async (path: string, lines: readonly string[]): Promise<void> => {
  const { O_APPEND, O_CREAT, O_RDWR, O_NONBLOCK } = constants
  // a pipe that nobody reads would block for ever
  const file = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NONBLOCK, 0o600)
  try {
    await file.appendFile(`${(await endsTorn(file)) ? '\n' : ''}${lines.join('\n')}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
}

const endsTorn = async (file: FileHandle): Promise<boolean> => {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== 0x0a
}
