/**
 * A copy of the running SQLite store in one file, `backup/<instant>.db` of the data folder:
 * complete and consistent (sqlite.org/lang_vacuum.html, VACUUM INTO), 0600, without what was
 * erased. The keys are not in it: `ledger.key` and `personal.key` are kept apart, or the copy
 * undoes no erasure.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync
} from 'node:fs'
import { join } from 'node:path'
import { type Instant, iso } from '../elevation/ids.ts'
import { StoreError } from './error.ts'

export type Copied = { readonly file: string; readonly bytes: number }

/** Copies into `backup` of the folder; durable when it resolves. Writes wait meanwhile. */
export const backUp = async (
  folder: string,
  copyTo: (file: string) => Promise<void>,
  now: Instant
): Promise<Copied> => {
  const place = join(folder, 'backup')
  const file = join(place, `${iso(now).replaceAll(':', '')}.db`)
  const part = `${file}.part`
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 })
    // SQLite fills an empty file as it does one that is not there, and leaves its mode
    closeSync(openSync(part, 'wx', 0o600))
    await copyTo(part)
    synced(part)
    renameSync(part, file)
    synced(place)
    return { file, bytes: statSync(file).size }
  } catch (cause) {
    rmSync(part, { force: true })
    if (cause instanceof StoreError) throw cause
    throw new StoreError('not_writable', `the copy cannot be written: ${place}`, { cause })
  }
}

const synced = (path: string): void => {
  const opened = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
