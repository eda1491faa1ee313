/**
 * What a witness remembers: its key, and of each log the last checkpoint it cosigned, one file per
 * origin. A file is replaced whole and is durable before the answer. Refused: a second process,
 * files that others can write, and whatever cannot be read back: to forget is to cosign a fork.
 */
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex } from '../ledger/hash.ts'
import { parseNote } from '../ledger/note.ts'
import { type TreeHead, parseCheckpointText } from '../ledger/checkpoint.ts'
import { type Signer, parseSignerKey, signerKeyText } from '../ledger/sign.ts'
import { StoreError } from './error.ts'
import { makeKeyFile, readKeyFile } from './key-file.ts'
import { replaceFile, unfinishedOf } from './whole-file.ts'

export type WitnessFolder = {
  readonly signer: Signer
  /** the last of this origin that was kept; null = none was */
  readonly seen: (origin: string) => TreeHead | null
  /** Durable when it returns. Throws StoreError. */
  readonly keep: (head: TreeHead, checkpoint: Uint8Array) => void
  readonly close: () => void
}

const ending = '.checkpoint'

/** Opens or makes the folder; `name` is the witness's own. Throws StoreError. */
export const openWitnessFolder = (folder: string, name: string): WitnessFolder => {
  prepare(folder)
  const lock = lockFolder(folder)
  try {
    const heads = readHeads(folder)
    return {
      signer: keyIn(folder, { name, mayMake: heads.size === 0 }),
      seen: (origin) => heads.get(origin) ?? null,
      keep: (head, checkpoint) => {
        replaceFile(join(folder, fileOf(head.origin)), checkpoint)
        heads.set(head.origin, head)
      },
      close: () => lock.close()
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Made at the first start, and never anew by a witness that has cosigned. */
const keyIn = (
  folder: string,
  { name, mayMake }: { readonly name: string; readonly mayMake: boolean }
): Signer => {
  const path = join(folder, 'witness.key')
  const file = { path, what: 'signing key' }
  if (mayMake && readKeyFile(file) === null) makeKeyFile(file, signerKeyText(name, randomBytes(32)))
  const signer = parseSignerKey(readKeyFile(file) ?? '')
  if (signer === null) throw new StoreError('corrupt', `missing, or not a signing key: ${path}`)
  if (signer.name === name) return signer
  throw new StoreError('corrupt', `${path} is the key of ${signer.name}: start it with that --name`)
}

const fileOf = (origin: string): string => `${sha256Hex(origin)}${ending}`

const prepare = (folder: string): void => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new StoreError('not_writable', `the folder cannot be made: ${folder}`, { cause })
  }
  if (process.platform !== 'win32' && (statSync(folder).mode & 0o022) !== 0) {
    throw new StoreError('exposed', `other users can write it; run: chmod go-w '${folder}'`)
  }
}

/** SQLite's lock on a file of its own: the kernel gives it back when a process dies. */
const lockFolder = (folder: string): DatabaseSyncInstance => {
  let lock: DatabaseSyncInstance | null = null
  try {
    lock = new DatabaseSync(join(folder, 'witness.lock'), { timeout: 0 })
    lock.exec('pragma journal_mode = memory; begin exclusive')
    return lock
  } catch (cause) {
    lock?.close()
    const message = `another process has this folder open, or it is not writable: ${folder}`
    throw new StoreError('in_use', message, { cause })
  }
}

const readHeads = (folder: string): Map<string, TreeHead> => {
  const heads = new Map<string, TreeHead>()
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (name.endsWith(unfinishedOf(ending))) rmSync(path)
    if (!name.endsWith(ending)) continue
    const isFile = lstatSync(path).isFile()
    const note = isFile ? parseNote(readFileSync(path)) : null
    const head = note && parseCheckpointText(note.text)
    if (!head || fileOf(head.origin) !== name) {
      throw new StoreError('corrupt', `not a checkpoint that was cosigned: ${path}`)
    }
    heads.set(head.origin, head)
  }
  return heads
}
