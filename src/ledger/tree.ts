/**
 * The growing tree, for those who write: a frontier holds the roots of the perfect subtrees a tree
 * of that size is made of (RFC 6962 section 2.1), so that a leaf is appended in O(log n) without
 * reading.
 */
import { sha256 } from './hash.ts'
import { hashBytes } from './primitives.ts'

export type Frontier = {
  /** number of leaves */
  readonly size: bigint
  /** one root per 1 bit of `size`, the largest subtree first */
  readonly peaks: readonly Uint8Array[]
}

export const emptyFrontier: Frontier = { size: 0n, peaks: [] }

/** SHA-256(0x01 || left || right), 32 bytes. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  const message = new Uint8Array(1 + 2 * hashBytes)
  message[0] = 1
  message.set(left, 1)
  message.set(right, 1 + hashBytes)
  return sha256(message)
}

/**
 * The frontier with one more leaf; `leaf` is its leaf hash (`leafHash`, entry.ts). Changes nothing.
 */
export const appendLeaf = ({ size, peaks }: Frontier, leaf: Uint8Array): Frontier => {
  let root = leaf
  let kept = peaks.length
  for (let rest = size; (rest & 1n) === 1n; rest >>= 1n) {
    kept -= 1
    const left = peaks[kept]
    if (left === undefined) throw new RangeError('a frontier has one root per 1 bit of its size')
    root = nodeHash(left, root)
  }
  return { size: size + 1n, peaks: [...peaks.slice(0, kept), root] }
}

/** The root hash of the tree, 32 bytes; of no leaves SHA-256(""). */
export const rootOf = ({ peaks }: Frontier): Uint8Array => {
  const last = peaks.at(-1)
  if (last === undefined) return sha256(new Uint8Array())
  return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

/** The roots one after the other: what a store keeps beside the size. */
export const frontierBytes = ({ peaks }: Frontier): Uint8Array => Buffer.concat(peaks)

/** The frontier a store kept, or null where the bytes cannot be those of this size. */
export const parseFrontier = (size: bigint, bytes: Uint8Array): Frontier | null => {
  const count = size.toString(2).replaceAll('0', '').length
  if (size < 0n || bytes.length !== count * hashBytes) return null
  const peaks = Array.from({ length: count }, (_, n) =>
    bytes.slice(n * hashBytes, (n + 1) * hashBytes)
  )
  return { size, peaks }
}
