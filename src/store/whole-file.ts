/**
 * Files that are there whole or not at all: written beside, fsynced, renamed, and the folder
 * fsynced, so that a crash leaves the old one or the new one. 0600, as keys are among them.
 */
import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from './error.ts'

/** Name of what is being written. */
export const unfinishedOf = (path: string): string => `${path}.part`

/** Durable when it returns. Throws StoreError. */
export const replaceFile = (path: string, bytes: Uint8Array): void => {
  const part = unfinishedOf(path)
  try {
    const file = openSync(part, 'w', 0o600)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
    syncFolder(dirname(path))
  } catch (cause) {
    throw new StoreError('not_writable', `cannot be written: ${path}`, { cause })
  }
}

/** Makes names in the folder durable. */
export const syncFolder = (folder: string): void => {
  const handle = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
