/**
 * The data folder before SQLite touches it: 0700 and 0600 when made here, refused when others can
 * read the files or write the folder, or when it lies on a network file system, where neither the
 * lock that keeps a second process out nor fsync can be relied on (sqlite.org/faq.html#q5).
 */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
  statfsSync,
  statSync
} from 'node:fs'
import { join } from 'node:path'
import { StoreError } from './error.ts'

/** `f_type` of statfs(2) for network and cluster file systems (linux/magic.h). */
const networkFileSystems = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x564c, 'NCP'],
  [0x73757245, 'Coda'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2']
])

/** Makes folder and file where absent; the file's path. Throws StoreError. */
export const prepareFolder = (folder: string): string => {
  const file = join(folder, 'sallyport.db')
  prepared(folder, () => {
    refuseNetwork(folder)
    create(file)
    for (const path of [file, `${file}-wal`]) refuseFile(path)
  })
  return file
}

/** Makes a folder for keys alone, on whatever file system, where absent. Throws StoreError. */
export const prepareKeyFolder = (folder: string): void => prepared(folder, () => {})

const prepared = (folder: string, check: () => void): void => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    refuseOthers(folder, statSync(folder), 0o022)
    check()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const message = `the data folder cannot be used: ${folder}`
    throw new StoreError('not_writable', message, { cause: error })
  }
}

/** Name of the network file system with this statfs type, or null for any other. */
export const networkFileSystem = (type: number): string | null =>
  networkFileSystems.get(type >>> 0) ?? null

const refuseNetwork = (folder: string): void => {
  const name = networkFileSystem(statfsSync(folder).type)
  if (name === null) return
  const message = `${folder} is on ${name}; choose a folder on a local disk`
  throw new StoreError('network_file_system', message)
}

/** SQLite gives its log the mode of the file, so making the file first settles both. */
const create = (file: string): void => {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) throw error
  }
}

const refuseFile = (path: string): void => {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isFile()) throw new StoreError('exposed', `not a regular file: ${path}`)
  refuseOthers(path, found, 0o077)
}

const refuseOthers = (path: string, found: Stats, bits: number): void => {
  // Windows has access lists; the mode Node shows there says nothing.
  if (process.platform === 'win32' || (found.mode & bits) === 0) return
  throw new StoreError('exposed', `other users have access; run: chmod go-rwx '${path}'`)
}
