/**
 * The key of each person, made when their first value is written and destroyed when their data is
 * erased: kept in memory, and in the store only as the key wrap gives it back. A value is written
 * only while the key that locked it is the person's.
 */
import { isEqual } from '../ledger/bytes.ts'
import type { Entry, Opening } from '../ledger/entry.ts'
import { bytes, text } from './columns.ts'
import type { Engine, Query, Row, Step } from './engine.ts'
import { StoreError } from './error.ts'
import type { KeyWrap } from './personal-key.ts'
import { newKey, openSealed, sealOpening } from './personal.ts'

/** A value under lock, and the wrapped key that has to be the person's still. */
export type SealedOpening = {
  readonly person: string
  readonly entryKey: string
  readonly name: string
  readonly sealed: Uint8Array
  readonly wrapped: Uint8Array
}

export type SealedEntry = { readonly entry: Entry; readonly openings: readonly SealedOpening[] }

export type PeopleKeys = {
  readonly seal: (entries: readonly Entry[]) => Promise<readonly SealedEntry[]>
  readonly sealOne: (entryKey: string, opening: Opening) => Promise<SealedOpening>
  /** Whether a person's data was erased since: seal again. */
  readonly isStale: (entries: readonly SealedEntry[]) => Promise<boolean>
  /** From a row with entry_key, name, person, sealed and wrapped; null = it does not open. */
  readonly open: (row: Row) => Promise<Opening | null>
  readonly forget: (person: string) => void
}

type Held = { readonly key: Uint8Array; readonly wrapped: Uint8Array }

export const peopleKeys = (engine: Engine, wrap: KeyWrap, now: () => number): PeopleKeys => {
  const held = new Map<string, Held>()
  const coming = new Map<string, Promise<Held>>()

  const hold = (person: string, one: Held): Held => {
    held.set(person, one)
    return one
  }

  const wrappedOf = async (person: string): Promise<Uint8Array | null> => {
    const [row] = await engine.read(selectKey(person))
    return row === undefined ? null : bytes(row, 'wrapped')
  }

  const unwrapped = async (person: string, wrapped: Uint8Array): Promise<Held | null> => {
    const known = held.get(person)
    if (known && isEqual(known.wrapped, wrapped)) return known
    const key = await asked(wrap.unwrap(person, wrapped))
    return key === null ? null : hold(person, { key: new Uint8Array(key), wrapped })
  }

  /** The person's key as it is, or one made now; asked for once however many wait for it. */
  const keyOf = (person: string): Held | Promise<Held> => {
    const known = held.get(person) ?? coming.get(person)
    if (known) return known
    const found = findKey(person).finally(() => coming.delete(person))
    coming.set(person, found)
    return found
  }

  const findKey = async (person: string): Promise<Held> => {
    const stored = await wrappedOf(person)
    if (stored !== null) {
      const found = await unwrapped(person, stored)
      if (found === null) throw notOpened()
      return found
    }
    const key = newKey()
    const wrapped = new Uint8Array(await asked(wrap.wrap(person, key)))
    const { kind } = await engine.write({ steps: [insertKey(person, wrapped, now())] })
    // somebody else made one meanwhile: theirs counts
    return kind === 'committed' ? hold(person, { key, wrapped }) : findKey(person)
  }

  const sealOne = async (entryKey: string, opening: Opening): Promise<SealedOpening> => {
    const { person, name } = opening
    const { key, wrapped } = await keyOf(person)
    return { person, entryKey, name, wrapped, sealed: sealOpening(key, entryKey, opening) }
  }

  return {
    sealOne,
    seal: async (entries) => {
      const sealed: SealedEntry[] = []
      for (const entry of entries) {
        const openings: SealedOpening[] = []
        for (const opening of entry.openings) openings.push(await sealOne(entry.key, opening))
        sealed.push({ entry, openings })
      }
      return sealed
    },
    isStale: async (entries) => {
      let stale = false
      for (const { person, wrapped } of entries.flatMap(({ openings }) => openings)) {
        const stored = await wrappedOf(person)
        if (stored !== null && isEqual(stored, wrapped)) continue
        held.delete(person)
        stale = true
      }
      return stale
    },
    open: async (row) => {
      const [person, entryKey, name] = [
        text(row, 'person'),
        text(row, 'entry_key'),
        text(row, 'name')
      ]
      const found = await unwrapped(person, bytes(row, 'wrapped'))
      return found && openSealed(found.key, { person, entryKey, name }, bytes(row, 'sealed'))
    },
    forget: (person) => void held.delete(person)
  }
}

/** Throws where keys are there that this wrap does not open. */
export const requireOpens = async (engine: Engine, wrap: KeyWrap): Promise<void> => {
  const [row] = await engine.read(firstKey)
  if (row === undefined) return
  const opened = await asked(wrap.unwrap(text(row, 'person'), bytes(row, 'wrapped')))
  if (opened === null) throw notOpened()
}

/**
 * Keeps what shows by which key those of people are locked, unless another replica has: one that
 * starts with another key is refused at once, and not when it first meets a person.
 */
export const keepProbe = async (engine: Engine, wrap: KeyWrap, at: number): Promise<void> => {
  if (await hasKeys(engine)) return
  const wrapped = new Uint8Array(await asked(wrap.wrap(nobody, newKey())))
  await engine.write({ steps: [insertKey(nobody, wrapped, at)] })
}

/** No id of a person has this form. */
const nobody = '*'

export const hasKeys = async (engine: Engine): Promise<boolean> =>
  (await engine.read(firstKey)).length > 0

const firstKey: Query = {
  text: 'select person, wrapped from person_key order by person limit 1',
  values: []
}

const selectKey = (person: string): Query => ({
  text: 'select wrapped from person_key where person = $1',
  values: [person]
})

const insertKey = (person: string, wrapped: Uint8Array, at: number): Step => ({
  text: `insert into person_key (person, wrapped, made_at) values ($1, $2, $3)
    on conflict (person) do nothing`,
  values: [person, wrapped, at],
  ifNone: 'conflict'
})

const asked = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer
  } catch (cause) {
    const message = 'the key that personal data is locked by cannot be asked now'
    throw new StoreError('unavailable', message, { cause })
  }
}

const notOpened = (): StoreError => {
  const what = 'personal data is locked by another key'
  const how = 'put personal.key back, or set SALLYPORT_PERSONAL_KMS_KEY as it was'
  return new StoreError('corrupt', `${what}; ${how}`)
}
