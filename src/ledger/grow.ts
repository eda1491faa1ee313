/**
 * Which files a log gets when it grows: every tile and bundle that became full and, at the right
 * edge, the partial ones of the new size. Old partial files may stay where the log is served (C2SP
 * tlog-tiles); an export has only those of its own size.
 */
import { nodeHash } from './tree.ts'
import { hashBytes } from './primitives.ts'
import { type Tile, tilePath, tileWidth } from './tiles.ts'

/**
 * The right edge of a log: exactly the contents of its partial files, so it can be kept as them. A
 * level whose last tile is full, or that is not there, is empty.
 */
export type Edge = {
  readonly size: bigint
  /** the hashes of the partial tile of each level, lowest first */
  readonly tiles: readonly Uint8Array[]
  readonly bundle: Uint8Array
}

export type LogFile = { readonly path: string; readonly bytes: Uint8Array }

export type Grown = {
  readonly edge: Edge
  /** in an order in which no file says more than those before it; each is final for its path */
  readonly files: readonly LogFile[]
}

export const emptyEdge: Edge = { size: 0n, tiles: [], bundle: new Uint8Array() }

/**
 * The files to write and the edge to go on from, when `added` follow the `edge.size` entries there
 * are. No store is read; `added` may be as many as one transaction sequenced.
 */
export const grow = (
  edge: Edge,
  added: readonly { readonly body: Uint8Array; readonly leaf: Uint8Array }[]
): Grown => {
  const files: LogFile[] = []
  const levels: Uint8Array[][] = edge.tiles.map((tile) => hashesOf(tile))
  let bundle: Uint8Array[] = edge.bundle.length > 0 ? [edge.bundle] : []
  let size = edge.size
  for (const { body, leaf } of added) {
    bundle.push(lengthOf(body), body)
    size += 1n
    if (size % BigInt(tileWidth) === 0n) {
      const n = size / BigInt(tileWidth) - 1n
      files.push(fileOf({ level: 'entries', n, width: tileWidth }, bundle))
      bundle = []
    }
    files.push(...addHash(levels, leaf, size))
  }
  const last = partialFiles(size, levels, bundle)
  const tiles = levels.map((tile) => Buffer.concat(tile))
  return { edge: { size, tiles, bundle: Buffer.concat(bundle) }, files: [...files, ...last] }
}

/** One more hash at level 0, and above as far as tiles become full; the full tiles as files. */
const addHash = (levels: Uint8Array[][], leaf: Uint8Array, size: bigint): readonly LogFile[] => {
  const files: LogFile[] = []
  let hash = leaf
  let count = size
  for (let level = 0; ; level++) {
    const tile = (levels[level] ??= [])
    tile.push(hash)
    if (tile.length < tileWidth) return files
    const n = count / BigInt(tileWidth) - 1n
    files.push(fileOf({ level, n, width: tileWidth }, tile))
    hash = rootOfFull(tile)
    levels[level] = []
    count = n + 1n
  }
}

const partialFiles = (
  size: bigint,
  levels: readonly (readonly Uint8Array[])[],
  bundle: readonly Uint8Array[]
): readonly LogFile[] => {
  const files: LogFile[] = []
  const width = Number(size % BigInt(tileWidth))
  const place = size / BigInt(tileWidth)
  if (width > 0) files.push(fileOf({ level: 'entries', n: place, width }, bundle))
  for (const [level, tile] of levels.entries()) {
    const n = (size >> (8n * BigInt(level))) / BigInt(tileWidth)
    if (tile.length > 0) files.push(fileOf({ level, n, width: tile.length }, tile))
  }
  return files
}

const fileOf = (tile: Tile, parts: readonly Uint8Array[]): LogFile => ({
  path: tilePath(tile),
  bytes: Buffer.concat(parts)
})

const hashesOf = (tile: Uint8Array): Uint8Array[] =>
  Array.from({ length: tile.length / hashBytes }, (_, n) =>
    tile.slice(n * hashBytes, (n + 1) * hashBytes)
  )

const lengthOf = (body: Uint8Array): Uint8Array => {
  if (body.length > 65535) throw new RangeError('an entry of a bundle has at most 65,535 bytes')
  return Uint8Array.of(body.length >> 8, body.length & 255)
}

const rootOfFull = (tile: readonly Uint8Array[]): Uint8Array => {
  let level = tile
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let n = 0; n + 1 < level.length; n += 2) {
      const [left, right] = level.slice(n, n + 2)
      if (left && right) above.push(nodeHash(left, right))
    }
    level = above
  }
  const [root] = level
  if (root === undefined) throw new RangeError('a full tile has hashes')
  return root
}
