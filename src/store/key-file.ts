/**
 * A key in a file of its own: one line, 0600, made whole or not at all. Refused: a file that others
 * can read, a link, or what is too long for a key.
 */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync
} from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from './error.ts'

/** `what` names the key in errors, such as `signing key`. */
export type KeyFile = { readonly path: string; readonly what: string }

/** The line of the file, null where there is none. Throws StoreError. */
export const readKeyFile = ({ path, what }: KeyFile): string | null => {
  const file = open({ path, what })
  if (file === null) return null
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > longestKey) {
      throw new StoreError('corrupt', `not a ${what}: ${path}`)
    }
    // Windows has access lists; the mode Node shows there says nothing
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new StoreError('exposed', `other users have access; run: chmod go-rwx '${path}'`)
    }
    return readFileSync(file, 'utf8').replace(/\n$/, '')
  } finally {
    closeSync(file)
  }
}

/** Whole or not at all: a name of its own first, then the one that everybody reads. */
export const makeKeyFile = ({ path, what }: KeyFile, line: string): void => {
  const part = `${path}.${process.pid}.new`
  try {
    const file = openSync(part, 'wx', 0o600)
    try {
      writeSync(file, `${line}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    try {
      linkSync(part, path)
    } catch (error) {
      // another replica was first: its key counts
      if (codeOf(error) !== 'EEXIST') throw error
    } finally {
      unlinkSync(part)
    }
    const folder = openSync(dirname(path), constants.O_RDONLY)
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (cause) {
    throw new StoreError('not_writable', `cannot make the ${what}: ${path}`, { cause })
  }
}

const longestKey = 4096

const open = ({ path, what }: KeyFile): number | null => {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    const isLink = codeOf(cause) === 'ELOOP'
    const told = isLink ? 'not a regular file' : `the ${what} cannot be read`
    throw new StoreError(isLink ? 'exposed' : 'not_writable', `${told}: ${path}`, { cause })
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : null
