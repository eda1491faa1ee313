/**
 * A change of the log's key, on disk: the new key beside the old one (`ledger.key.next`) with the
 * index from which its entry is to be looked for, then in the old one's place. Public halves of
 * keys that were are kept (`ledger.key.retired`). After a crash anywhere the files are those of one
 * step.
 */
import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { utf8 } from '../ledger/bytes.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { type VerifierKey, parseVerifierKey, verifierKeyText } from '../ledger/note.ts'
import { type Signer, parseSignerKey, signerKeyText } from '../ledger/sign.ts'
import { StoreError } from './error.ts'
import { makeKeyFile, readKeyFile } from './key-file.ts'
import { replaceFile, syncFolder } from './whole-file.ts'

export type NextKey = {
  readonly signer: Signer
  /** its entry has this index or a higher one */
  readonly from: number
}

/** The key that is to follow, or null. Throws StoreError. */
export const nextKey = (path: string): NextKey | null => {
  const text = readKeyFile(nextOf(path))
  if (text === null) return null
  const [line = '', from = ''] = text.split('\n')
  const signer = parseSignerKey(line)
  if (signer === null || !/^[0-9]{1,15}$/.test(from)) {
    throw new StoreError('corrupt', `not a signing key: ${path}.next`)
  }
  return { signer, from: Number(from) }
}

/** Makes one; where there is one already, that one. Throws StoreError. */
export const makeNextKey = (path: string, origin: string, from: number): NextKey => {
  makeKeyFile(nextOf(path), `${signerKeyText(origin, randomBytes(32))}\n${from}`)
  const made = nextKey(path)
  if (made === null) throw new StoreError('not_writable', `cannot make the key: ${path}.next`)
  return made
}

/**
 * The next key takes the old one's place; the old one's private half is gone. Nothing where there
 * is no next one, or where it is the old one, but that a file left of a change goes.
 */
export const takeNextKey = async (path: string, old: VerifierKey): Promise<void> => {
  const next = nextKey(path)
  if (next === null) return
  if (next.signer.id !== old.id) {
    const [line = ''] = (readKeyFile(nextOf(path)) ?? '').split('\n')
    const before = await retiredKeys(path)
    const keys = [...before.filter(({ id }) => id !== old.id), old]
    replaceFile(`${path}.retired`, utf8(keys.map((key) => `${verifierKeyText(key)}\n`).join('')))
    replaceFile(path, utf8(`${line}\n`))
  }
  rmSync(nextOf(path).path, { force: true })
  syncFolder(dirname(path))
}

/** Another text whenever the key or the next one is another file than before. */
export const keyStamp = (path: string): string =>
  [path, nextOf(path).path]
    .map((one) => statSync(one, { bigint: true, throwIfNoEntry: false }))
    .map((found) => (found ? `${found.ino} ${found.mtimeNs} ${found.size}` : 'none'))
    .join(', ')

/** Public halves of the keys before this one, the oldest first. */
export const retiredKeys = async (path: string): Promise<readonly VerifierKey[]> => {
  const text = readKeyFile({ path: `${path}.retired`, what: 'list of retired keys' }) ?? ''
  const keys: VerifierKey[] = []
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const key = await parseVerifierKey(line, nodePrimitives)
    if (key === null) throw new StoreError('corrupt', `not a list of keys: ${path}.retired`)
    keys.push(key)
  }
  return keys
}

const nextOf = (path: string) => ({ path: `${path}.next`, what: 'signing key' })
