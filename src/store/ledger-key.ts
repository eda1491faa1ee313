/**
 * The key the ledger is signed with: one file of one line, 0600, made at the first start. Refused:
 * one that others can read, that is no regular file, or that is a key of another origin. It is
 * never made anew for a log that was signed already.
 */
import { randomBytes } from 'node:crypto'
import { type Signer, parseSignerKey, signerKeyText } from '../ledger/sign.ts'
import { StoreError } from './error.ts'
import { makeKeyFile, readKeyFile } from './key-file.ts'

export type KeyPlace = {
  readonly path: string
  /** the log's origin, which is the key's name */
  readonly origin: string
  /** whether a key may be made where there is none: no checkpoint was signed yet */
  readonly mayMake: boolean
}

/** The signer of the file. Throws StoreError. */
export const ledgerKey = ({ path, origin, mayMake }: KeyPlace): Signer => {
  const file = { path, what: 'signing key' }
  const found = readKeyFile(file)
  if (found === null && !mayMake) {
    const what = `the key the ledger is signed with is missing: ${path}`
    throw new StoreError('corrupt', `${what}; put it back, since no other is believed`)
  }
  if (found === null) makeKeyFile(file, signerKeyText(origin, randomBytes(32)))
  const signer = parseSignerKey(found ?? readKeyFile(file) ?? '')
  if (signer === null) throw new StoreError('corrupt', `not a signing key: ${path}`)
  if (signer.name === origin) return signer
  const told = `${path} is the key of the origin ${signer.name}, not ${origin}`
  throw new StoreError('corrupt', `${told}; set SALLYPORT_LEDGER_ORIGIN to it`)
}
