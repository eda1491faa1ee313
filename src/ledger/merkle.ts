/**
 * RFC 6962 section 2.1 (RFC 9162 section 2.1.1) hashes over batches, for those who verify: leaf
 * SHA-256(0x00 || body), node SHA-256(0x01 || left || right). Hashes lie one after the other, 32
 * bytes each, as in a tile.
 */
import { concat } from './bytes.ts'
import { type Primitives, hashBytes } from './primitives.ts'

const nodeBytes = 1 + 2 * hashBytes

export const leafHashOf = async (body: Uint8Array, by: Primitives): Promise<Uint8Array> =>
  by.sha256([concat([Uint8Array.of(0), body])])

export const nodeHashOf = async (
  left: Uint8Array,
  right: Uint8Array,
  by: Primitives
): Promise<Uint8Array> => by.sha256([concat([Uint8Array.of(1), left, right])])

/** The root of the empty tree: SHA-256 of nothing. */
export const emptyRoot = async (by: Primitives): Promise<Uint8Array> =>
  by.sha256([new Uint8Array()])

/**
 * The root over neighbouring subtrees, of which all but the last are perfect and of one height. One
 * without a neighbour goes up as it is: the same tree as RFC 6962's split at the largest power of
 * 2.
 */
export const rootOver = async (hashes: Uint8Array, by: Primitives): Promise<Uint8Array> => {
  let level = hashes
  while (level.length > hashBytes) {
    const pairs = Math.floor(level.length / (2 * hashBytes))
    const above = await by.sha256(nodeMessages(level, pairs))
    const single = level.subarray(pairs * 2 * hashBytes)
    level = single.length > 0 ? concat([above, single]) : above
  }
  return level
}

/**
 * The root of a tree from what its tiles of each level hold beyond the full ones: `levels[l]` are
 * the last 0 to 256 subtrees of 256^l leaves. No leaves at all is the empty tree.
 */
export const rootOfLevels = async (
  levels: readonly Uint8Array[],
  by: Primitives
): Promise<Uint8Array> => {
  let tail = new Uint8Array()
  for (const hashes of levels) {
    if (hashes.length > 0) tail = new Uint8Array(await rootOver(concat([hashes, tail]), by))
  }
  return tail.length === 0 ? emptyRoot(by) : tail
}

const nodeMessages = (hashes: Uint8Array, pairs: number): readonly Uint8Array[] => {
  const block = new Uint8Array(pairs * nodeBytes)
  const messages: Uint8Array[] = []
  for (let from = 0, at = 0; at < block.length; ) {
    messages.push(new Uint8Array(block.buffer, at, nodeBytes))
    block[at++] = 1
    for (const end = at + 2 * hashBytes; at < end; ) block[at++] = hashes[from++] ?? 0
  }
  return messages
}
