/**
 * Locks the keys of people by `personal.key`: one file of one line, 0600, made at the first start.
 * It is never made anew where people's keys are locked by one already.
 */
import { StoreError } from './error.ts'
import { makeKeyFile, readKeyFile } from './key-file.ts'
import { keyBytes, lock, newKey, unlock } from './personal.ts'

/**
 * Locks the keys of people, by a key that no database holds. Rejects where it cannot be asked now.
 */
export interface KeyWrap {
  wrap(person: string, key: Uint8Array): Promise<Uint8Array>
  /** null = changed, of another person, or locked by another key */
  unwrap(person: string, wrapped: Uint8Array): Promise<Uint8Array | null>
}

export type PersonalKeyPlace = {
  readonly path: string
  /** whether a key may be made where there is none: no person has a key yet */
  readonly mayMake: boolean
}

/** Throws StoreError: missing, exposed, not a key. */
export const personalKeyFile = ({ path, mayMake }: PersonalKeyPlace): KeyWrap => {
  const file = { path, what: 'key of personal data' }
  const found = readKeyFile(file)
  if (found === null && !mayMake) {
    const what = `the key that personal data is locked by is missing: ${path}`
    throw new StoreError('corrupt', `${what}; put it back, since nothing else opens what is there`)
  }
  if (found === null) makeKeyFile(file, textOf(newKey()))
  const key = parse(found ?? readKeyFile(file) ?? '')
  if (key === null) throw new StoreError('corrupt', `not a key of personal data: ${path}`)
  return wrapUnder(key)
}

/** Under a key of 32 bytes that is at hand. */
export const wrapUnder = (key: Uint8Array): KeyWrap => ({
  wrap: async (person, bytes) => lock(key, ['person', person], bytes),
  unwrap: async (person, wrapped) => unlock(key, ['person', person], wrapped)
})

const form = 'sallyport-personal-key/v1'

const textOf = (key: Uint8Array): string => `${form} ${Buffer.from(key).toString('base64')}`

const parse = (line: string): Uint8Array | null => {
  const [name, base64 = '', ...more] = line.split(' ')
  const key = Buffer.from(base64, 'base64')
  const isKey = name === form && more.length === 0 && key.toString('base64') === base64
  return isKey && key.length === keyBytes ? new Uint8Array(key) : null
}
