/**
 * Inclusion and consistency proofs, RFC 9162 sections 2.1.3 and 2.1.4, for sizes up to 2^64 - 1.
 * They are made from whatever can tell the root of a perfect subtree, and verified against root
 * hashes that the caller trusts. The empty tree proves nothing and is refused (section 2.1.4.2,
 * first > 0).
 */
import { isEqual } from './bytes.ts'
import { nodeHashOf } from './merkle.ts'
import { type Primitives, hashBytes } from './primitives.ts'

/** The root of the `n`th perfect subtree of 2^height leaves; it lies wholly within the tree. */
export type ReadHash = (height: number, n: bigint) => Uint8Array | Promise<Uint8Array>

export type Proof = readonly Uint8Array[]

type Range = { readonly from: bigint; readonly to: bigint }
export type Source = { readonly read: ReadHash; readonly by: Primitives }

/** The path from the leaf's sibling up, for 0 <= index < size; RangeError otherwise. */
export const inclusionProof = async (
  { index, size }: { readonly index: bigint; readonly size: bigint },
  source: Source
): Promise<Proof> => {
  if (index < 0n || index >= size) throw new RangeError('no entry of that index')
  const path: Uint8Array[] = []
  let range: Range = { from: 0n, to: size }
  while (range.to - range.from > 1n) {
    const middle = range.from + largestPower(range.to - range.from)
    const isLeft = index < middle
    const other = isLeft ? { from: middle, to: range.to } : { from: range.from, to: middle }
    path.unshift(await rangeRoot(other, source))
    range = isLeft ? { from: range.from, to: middle } : { from: middle, to: range.to }
  }
  return path
}

/**
 * That the tree of `size` begins with that of `first`, for 0 < first <= size; RangeError otherwise.
 */
export const consistencyProof = async (
  { first, size }: { readonly first: bigint; readonly size: bigint },
  source: Source
): Promise<Proof> => {
  if (first <= 0n || first > size) throw new RangeError('no earlier tree of that size')
  const path: Uint8Array[] = []
  let range: Range = { from: 0n, to: size }
  while (first < range.to) {
    const middle = range.from + largestPower(range.to - range.from)
    const isLeft = first <= middle
    const other = isLeft ? { from: middle, to: range.to } : { from: range.from, to: middle }
    path.unshift(await rangeRoot(other, source))
    range = isLeft ? { from: range.from, to: middle } : { from: middle, to: range.to }
  }
  return range.from === 0n ? path : [await rangeRoot(range, source), ...path]
}

/**
 * Whether the proof shows that `leaf` (a leaf hash) is entry `index` of the tree with this root.
 */
export const verifyInclusion = async (
  claim: {
    readonly index: bigint
    readonly size: bigint
    readonly leaf: Uint8Array
    readonly root: Uint8Array
    readonly proof: Proof
  },
  by: Primitives
): Promise<boolean> => {
  const { index, size, leaf, root, proof } = claim
  if (index < 0n || index >= size || !areHashes([leaf, root, ...proof])) return false
  let place = index
  let last = size - 1n
  let hash = leaf
  for (const sibling of proof) {
    if (last === 0n) return false
    if ((place & 1n) === 1n || place === last) {
      hash = await nodeHashOf(sibling, hash, by)
      while ((place & 1n) === 0n && place !== 0n) {
        place >>= 1n
        last >>= 1n
      }
    } else {
      hash = await nodeHashOf(hash, sibling, by)
    }
    place >>= 1n
    last >>= 1n
  }
  return last === 0n && isEqual(hash, root)
}

/** Whether the proof shows that the tree of `second` begins with the whole tree of `first`. */
export const verifyConsistency = async (
  claim: {
    readonly first: { readonly size: bigint; readonly root: Uint8Array }
    readonly second: { readonly size: bigint; readonly root: Uint8Array }
    readonly proof: Proof
  },
  by: Primitives
): Promise<boolean> => {
  const { first, second, proof } = claim
  if (first.size <= 0n || first.size > second.size) return false
  if (first.size === second.size) return proof.length === 0 && isEqual(first.root, second.root)
  if (!areHashes([first.root, second.root, ...proof])) return false
  const isPerfect = (first.size & (first.size - 1n)) === 0n
  const [start, ...path] = isPerfect ? [first.root, ...proof] : proof
  if (start === undefined) return false
  let place = first.size - 1n
  let last = second.size - 1n
  while ((place & 1n) === 1n) {
    place >>= 1n
    last >>= 1n
  }
  let old = start
  let now = start
  for (const hash of path) {
    if (last === 0n) return false
    if ((place & 1n) === 1n || place === last) {
      old = await nodeHashOf(hash, old, by)
      now = await nodeHashOf(hash, now, by)
      while ((place & 1n) === 0n && place !== 0n) {
        place >>= 1n
        last >>= 1n
      }
    } else {
      now = await nodeHashOf(now, hash, by)
    }
    place >>= 1n
    last >>= 1n
  }
  return last === 0n && isEqual(old, first.root) && isEqual(now, second.root)
}

/** The root over a range whose perfect subtrees, the largest first, begin at its start. */
const rangeRoot = async ({ from, to }: Range, source: Source): Promise<Uint8Array> => {
  const roots: Uint8Array[] = []
  for (let at = from; at < to; ) {
    const width = largestPower(to - at + 1n)
    roots.push(await source.read(width.toString(2).length - 1, at / width))
    at += width
  }
  let root = roots.pop() ?? new Uint8Array()
  for (const left of roots.toReversed()) root = await nodeHashOf(left, root, source.by)
  return root
}

/** The largest power of two below `count`, for count > 1. */
const largestPower = (count: bigint): bigint => 1n << BigInt((count - 1n).toString(2).length - 1)

const areHashes = (hashes: readonly Uint8Array[]): boolean =>
  hashes.every(({ length }) => length === hashBytes)
