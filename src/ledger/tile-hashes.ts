/**
 * Roots of perfect subtrees out of a log's tiles (C2SP tlog-tiles), as proofs are made of them.
 * What a reader gives is not checked here: a proof is only worth what its verification says.
 */
import { rootOver } from './merkle.ts'
import { type Primitives, hashBytes } from './primitives.ts'
import type { ReadHash } from './proof.ts'
import { tilePath, tileWidth, widthOf } from './tiles.ts'

export type TileSource = {
  /** size of the log whose tiles these are */
  readonly size: bigint
  /** a tile's bytes by its path (`tilePath`); of a wider tile its beginning will do */
  readonly tile: (path: string) => Uint8Array | Promise<Uint8Array>
}

/** Reads at most one tile per hash. Throws RangeError where a tile is shorter than it has to be. */
export const tileHashes =
  ({ size, tile }: TileSource, by: Primitives): ReadHash =>
  async (height, n) => {
    const level = Math.floor(height / 8)
    const count = 2 ** (height % 8)
    const first = n * BigInt(count)
    const place = first / BigInt(tileWidth)
    const path = tilePath({ level, n: place, width: widthOf(level, place, size) })
    const at = Number(first % BigInt(tileWidth))
    const hashes = (await tile(path)).subarray(at * hashBytes, (at + count) * hashBytes)
    if (hashes.length !== count * hashBytes) throw new RangeError(`${path} is too short`)
    return rootOver(hashes, by)
  }
