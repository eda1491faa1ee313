/**
 * Which key a log has at the end, told by its own `ledger.key_rotated` entries: each is signed by
 * the key before it and the one after, none comes back. An auditor trusts the last if one was
 * pinned.
 */
import type { EntryBody } from './envelope.ts'
import { type Fault, faultAt } from './fault.ts'
import type { VerifierKey } from './note.ts'
import type { Primitives } from './primitives.ts'
import { parseRotation } from './rotation.ts'

export type KeyHistory = {
  /** Takes in an entry of type `ledger.key_rotated`. */
  readonly add: (index: bigint, body: EntryBody) => Promise<Fault | null>
  /** Every key the log says it has had, oldest first; none where it never changed. */
  readonly keys: () => readonly VerifierKey[]
}

export const keyHistory = (origin: string, by: Primitives): KeyHistory => {
  const keys: VerifierKey[] = []
  return {
    keys: () => keys,
    add: async (index, body) => {
      const rotation = await parseRotation(body, origin, by)
      if (rotation === null) {
        return faultAt('key_rotation', index, 'not a note about two keys, signed by both')
      }
      const { from, to } = rotation
      const current = keys.at(-1)
      if (current !== undefined && current.id !== from.id) {
        return faultAt('key_rotation', index, `the key was ${current.id}, not ${from.id}`)
      }
      if (keys.some(({ id }) => id === to.id)) {
        return faultAt('key_rotation', index, `the key ${to.id} was in use before`)
      }
      if (current === undefined) keys.push(from)
      keys.push(to)
      return null
    }
  }
}

/**
 * The keys a pinned one vouches for: itself where the log never changed its key, or all of them.
 */
export const trustedKeys = (
  pinned: readonly VerifierKey[],
  history: readonly VerifierKey[]
): readonly VerifierKey[] => {
  const isPinned = history.some((key) => pinned.some((one) => isSameKey(one, key)))
  const more = isPinned ? history : []
  return [...pinned, ...more.filter((key) => !pinned.some((one) => isSameKey(one, key)))]
}

/** By the whole public key: ids are only 32 bits. */
export const isSameKey = (a: VerifierKey, b: VerifierKey): boolean =>
  a.name === b.name && a.publicKey.every((byte, n) => byte === b.publicKey[n])
