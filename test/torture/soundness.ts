/**
 * Whether a data folder holds what was acknowledged: opened by the store as at any start, entries
 * without a gap, each strictly an entry, the signed checkpoint that of the first entries, and every
 * acknowledged entry at its index.
 */
import { isEqual } from '../../src/ledger/bytes.ts'
import { openCheckpoint } from '../../src/ledger/checkpoint.ts'
import { leafHash } from '../../src/ledger/entry.ts'
import { type EntryBody, parseEntry } from '../../src/ledger/envelope.ts'
import { nodePrimitives } from '../../src/ledger/hash.ts'
import type { VerifierKey } from '../../src/ledger/note.ts'
import { appendLeaf, emptyFrontier, rootOf } from '../../src/ledger/tree.ts'
import type { Store } from '../../src/store/store.ts'

/** What a client was told, and wrote down before it went on. */
export type Acknowledged = {
  readonly index: number
  /** told only after it was under a signed checkpoint */
  readonly isSealed: boolean
  /** what the entry has to say */
  readonly is: Readonly<Partial<Record<'id' | 'elevation' | 'type' | 'actor', string>>>
}

export type Soundness = {
  readonly entries: number
  readonly signed: number
  /** indexes of acknowledged entries that are not there as they were told, or not signed for */
  readonly lost: readonly number[]
  /** what else is wrong; null = nothing */
  readonly fault: string | null
}

/** Reads all of it. */
export const soundness = async (
  store: Pick<Store, 'entries' | 'log'>,
  key: VerifierKey,
  told: readonly Acknowledged[]
): Promise<Soundness> => {
  const bodies: EntryBody[] = []
  const head = await store.log.head()
  const signed = head?.signed ?? 0
  const opened = head?.checkpoint ? await openCheckpoint(head.checkpoint, [key], nodePrimitives) : null
  let fault = opened && !opened.ok ? `checkpoint: ${opened.code}` : null
  let frontier = emptyFrontier
  for (;;) {
    const rows = await store.entries(bodies.length, 5000)
    for (const { index, body, leaf } of rows) {
      const parsed = parseEntry(body)
      if (index !== bodies.length) fault ??= `no entry ${bodies.length}`
      if (!parsed.ok || !isEqual(leafHash(body), leaf)) return { entries: index, signed, lost: [], fault: `entry ${index}` }
      bodies.push(parsed.body)
      frontier = appendLeaf(frontier, leaf)
      const isSigned = opened?.ok === true && BigInt(bodies.length) === opened.head.size
      if (isSigned && !isEqual(rootOf(frontier), opened.head.root)) fault ??= 'the signed root is another'
    }
    if (rows.length === 0) break
  }
  if (signed > bodies.length) fault ??= `${signed} signed, ${bodies.length} there`
  const lost = told
    .filter(({ index, isSealed, is }) => {
      const body = bodies[index]
      const isThere = body && names.every((name) => is[name] === undefined || is[name] === body[name])
      return !isThere || (isSealed && index >= signed)
    })
    .map(({ index }) => index)
  return { entries: bodies.length, signed, lost, fault }
}

const names = ['id', 'elevation', 'type', 'actor'] as const
