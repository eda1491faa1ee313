/**
 * Opens the store, embedded or the configured database, with what locks the keys of people: the KMS
 * key of the configuration, else `personal.key` in the data folder. Refused: a key that is missing,
 * or another than the one before.
 */
import type { Config } from '../config.ts'
import { StoreError } from '../store/error.ts'
import { type StartEngine, openStore } from '../store/open.ts'
import type { KeyWrap } from '../store/personal-key.ts'
import type { Store } from '../store/store.ts'
import { StartError } from './error.ts'

type Given = {
  /** the key wrap of a KMS key, by its ARN */
  readonly kms: (keyArn: string) => KeyWrap & { readonly close: () => void }
  /** stands in for the embedded store's own thread */
  readonly engine?: StartEngine
}

type StoreConfig = Pick<Config, 'dataDir' | 'personalKmsKey'> & Partial<Pick<Config, 'database'>>

/** Rejects with a StartError. */
export const startStore = async (
  { dataDir: folder, personalKmsKey, database = null }: StoreConfig,
  { kms, ...given }: Given
): Promise<Store> => {
  const ownerUrl = database?.ownerUrl?.() ?? null
  const options = { ...given, ...(database && { database: { url: database.url(), ownerUrl } }) }
  const keyWrap = personalKmsKey === null ? null : kms(personalKmsKey)
  try {
    if (keyWrap === null) return await openStore({ folder, ...options })
    const store = await openStore({ folder, keyWrap, ...options })
    return { ...store, close: () => store.close().finally(keyWrap.close) }
  } catch (cause) {
    keyWrap?.close()
    if (!(cause instanceof StoreError)) throw cause
    throw new StartError('unavailable', [cause.message], { cause })
  }
}
