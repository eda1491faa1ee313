/**
 * C2SP tlog-tiles: where the hashes and entries of a log lie. A tile of level L holds up to 256
 * roots of 256^L leaves, 32 bytes each; a bundle holds the same leaves' bodies, each after its
 * length as a big-endian uint16. Only tiles at the right edge are partial, and their path says how
 * wide they are.
 */
import { maxEntryBytes } from './envelope.ts'
import { hashBytes } from './primitives.ts'

/** Entries per bundle, hashes per tile. */
export const tileWidth = 256
const bits = 8n
const highestLevel = 7
const tileForm =
  /^tile\/(entries|[0-7])\/((?:x[0-9]{3}\/){0,6}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** What a tile and a bundle of our entries may be long, in bytes. */
export const mostTileBytes = tileWidth * hashBytes
export const mostBundleBytes = tileWidth * (2 + maxEntryBytes)

/** 0..7 for hashes, or the bodies themselves. */
export type Level = number | 'entries'

export type Tile = {
  readonly level: Level
  /** place of the tile among those of its level */
  readonly n: bigint
  /** 1 to 256 */
  readonly width: number
}

/** `tile/0/x001/234`, `tile/entries/000.p/17`: full tiles have no `.p`. */
export const tilePath = ({ level, n, width }: Tile): string => {
  const digits = String(n)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.../g) ?? []
  const place = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${place}${width < tileWidth ? `.p/${width}` : ''}`
}

/** A tile from its path, or null where the path is none or not the one spelling of it. */
export const parseTilePath = (path: string): Tile | null => {
  const match = tileForm.exec(path)
  const [, kind = '', place = '', partial] = match ?? []
  if (!match) return null
  const width = partial === undefined ? tileWidth : Number(partial)
  const level = kind === 'entries' ? kind : Number(kind)
  const tile: Tile = { level, n: BigInt(place.replaceAll(/[x/]/g, '')), width }
  return tilePath(tile) === path ? tile : null
}

/** How wide tile `n` of a level is in a log of `size` entries: 0 where it is not there. */
export const widthOf = (level: Level, n: bigint, size: bigint): number => {
  const left = countOf(level, size) - n * BigInt(tileWidth)
  if (left <= 0n) return 0
  return left >= BigInt(tileWidth) ? tileWidth : Number(left)
}

/** Whether a log of exactly `size` entries has this file, at this width. */
export const isPartOf = ({ level, n, width }: Tile, size: bigint): boolean =>
  widthOf(level, n, size) === width

/** How many hashes a level holds in all, or how many entries there are. */
export const countOf = (level: Level, size: bigint): bigint =>
  level === 'entries' ? size : size >> (bits * BigInt(level))

/** The levels of a log of this size, the lowest first; none where it is empty. */
export const levelsOf = (size: bigint): readonly number[] =>
  Array.from({ length: highestLevel + 1 }, (_, level) => level).filter(
    (level) => countOf(level, size) > 0n
  )

/**
 * What is hashed of each entry of a bundle, 0x00 and the body, as views into `bundle`: the low byte
 * of each length becomes that zero, so the bundle is used up. Null unless it holds exactly `count`.
 */
export const leafMessages = (bundle: Uint8Array, count: number): readonly Uint8Array[] | null => {
  const messages: Uint8Array[] = []
  let at = 0
  while (at + 2 <= bundle.length && messages.length < count) {
    const body = at + 2
    at = body + (((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0))
    if (at > bundle.length) return null
    bundle[body - 1] = 0
    messages.push(new Uint8Array(bundle.buffer, bundle.byteOffset + body - 1, at - body + 1))
  }
  return messages.length === count && at === bundle.length ? messages : null
}
