/**
 * The key the ledger is signed with: one file of one line, 0600, made at the first start. Refused:
 * one that others can read, that is no regular file, or that is a key of another origin. It is
 * never made anew for a log that was signed already.
 */
import { randomBytes } from 'node:crypto'
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
import { type Signer, parseSignerKey, signerKeyText } from '../ledger/sign.ts'
import { StoreError } from './error.ts'

export type KeyPlace = {
  readonly path: string
  /** the log's origin, which is the key's name */
  readonly origin: string
  /** whether a key may be made where there is none: no checkpoint was signed yet */
  readonly mayMake: boolean
}

/** The signer of the file. Throws StoreError. */
export const ledgerKey = ({ path, origin, mayMake }: KeyPlace): Signer => {
  const found = read(path)
  if (found === null && !mayMake) {
    const what = `the key the ledger is signed with is missing: ${path}`
    throw new StoreError('corrupt', `${what}; put it back, since no other is believed`)
  }
  if (found === null) make(path, origin)
  const text = found ?? read(path) ?? ''
  const signer = parseSignerKey(text.replace(/\n$/, ''))
  if (signer === null) throw new StoreError('corrupt', `not a signing key: ${path}`)
  if (signer.name === origin) return signer
  const told = `${path} is the key of the origin ${signer.name}, not ${origin}`
  throw new StoreError('corrupt', `${told}; set SALLYPORT_LEDGER_ORIGIN to it`)
}

const longestKey = 4096

const read = (path: string): string | null => {
  const file = open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  if (file === null) return null
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > longestKey) {
      throw new StoreError('corrupt', `not a signing key: ${path}`)
    }
    // Windows has access lists; the mode Node shows there says nothing
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new StoreError('exposed', `other users have access; run: chmod go-rwx '${path}'`)
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/** Whole or not at all: a name of its own first, then the one that everybody reads. */
const make = (path: string, origin: string): void => {
  const seed = randomBytes(32)
  const part = `${path}.${process.pid}.new`
  try {
    const file = openSync(part, 'wx', 0o600)
    try {
      writeSync(file, `${signerKeyText(origin, seed)}\n`)
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
    throw new StoreError('not_writable', `cannot make the signing key: ${path}`, { cause })
  }
}

const open = (path: string, flags: number): number | null => {
  try {
    return openSync(path, flags)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    const isLink = codeOf(cause) === 'ELOOP'
    const what = isLink ? 'not a regular file' : 'the signing key cannot be read'
    throw new StoreError(isLink ? 'exposed' : 'not_writable', `${what}: ${path}`, { cause })
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : null
