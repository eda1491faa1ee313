/**
 * The files of the sealed tree as C2SP tlog-tiles has them: full hash tiles as they are kept,
 * partial ones from the head, bundles from the entries themselves. Nothing beyond the head exists.
 */
import { concat } from '../ledger/bytes.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { rootOfLevels } from '../ledger/merkle.ts'
import { hashBytes } from '../ledger/primitives.ts'
import { countOf, levelsOf, parseTilePath, tilePath, tileWidth, widthOf } from '../ledger/tiles.ts'
import type { SealStore, StoredHead } from './seal.ts'

/** The bytes of a tile or bundle; null where the tree has none of that path. */
export const treeFile = async (store: SealStore, path: string): Promise<Uint8Array | null> => {
  const tile = parseTilePath(path)
  const head = tile === null ? null : await store.head()
  if (tile === null || head === null) return null
  const { level, n, width } = tile
  const kept = widthOf(level, n, BigInt(head.size))
  if (width > kept) return null
  if (level === 'entries') return bundle(store, Number(n) * tileWidth, width)
  const isFull = kept === tileWidth
  const hashes = isFull ? await store.tile(tilePath({ ...tile, width: kept })) : head.edge[level]
  if (!hashes || hashes.length < width * hashBytes) throw new Error(`the ledger has lost ${path}`)
  return hashes.subarray(0, width * hashBytes)
}

/** The root over the first `size` entries, which are at most those of the head. */
export const rootAt = async (
  store: SealStore,
  head: StoredHead,
  size: bigint
): Promise<Uint8Array> => {
  if (size === BigInt(head.size)) return head.root
  const levels: Uint8Array[] = []
  for (const level of levelsOf(size)) {
    const count = countOf(level, size)
    const width = Number(count % BigInt(tileWidth))
    const path = tilePath({ level, n: count / BigInt(tileWidth), width })
    const hashes = width === 0 ? new Uint8Array() : await treeFile(store, path)
    if (hashes === null) throw new RangeError('the tree was never of that size')
    levels.push(hashes)
  }
  return rootOfLevels(levels, nodePrimitives)
}

const bundle = async (store: SealStore, first: number, count: number): Promise<Uint8Array> => {
  const rows = await store.entries(first, count)
  if (rows.length !== count) throw new Error(`the ledger has lost entries from ${first} on`)
  return concat(rows.flatMap(({ body }) => [lengthOf(body), body]))
}

/** A big-endian uint16. */
const lengthOf = ({ length }: Uint8Array): Uint8Array => Uint8Array.of(length >> 8, length & 255)
