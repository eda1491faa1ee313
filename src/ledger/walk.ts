/**
 * One pass over a log's bundles and tiles, in the order of its entries and in constant memory:
 * every body is hashed, every tile of every level compared with what follows from those below it,
 * and the root computed. The first difference ends it.
 */
import { concat, isEqual } from './bytes.ts'
import { type ExportReader, found } from './export-reader.ts'
import { type EntryRange, type Fault, fault } from './fault.ts'
import { rootOfLevels, rootOver } from './merkle.ts'
import { type Primitives, hashBytes } from './primitives.ts'
import {
  type Level,
  leafMessages,
  mostBundleBytes,
  mostTileBytes,
  tilePath,
  tileWidth,
  widthOf
} from './tiles.ts'

export type Walk = {
  readonly reader: ExportReader
  readonly by: Primitives
  readonly size: bigint
  /** sizes at which the root is wanted too, ascending, each at most `size` */
  readonly marks: readonly bigint[]
  /** told of every bundle: the index of its first entry, and the bodies each after a zero byte */
  readonly visit?: (first: bigint, messages: readonly Uint8Array[]) => Promise<Fault | null>
}

export type Walked =
  | {
      readonly ok: true
      readonly root: Uint8Array
      /** by mark */
      readonly roots: readonly Uint8Array[]
    }
  | { readonly ok: false; readonly fault: Fault }

type Rows = {
  /** of each level, the hashes since its last full tile */
  readonly hashes: Uint8Array[]
  /** of each level above 0, the tile that these hashes should become */
  readonly tiles: Uint8Array[]
}

export const walk = async (of: Walk): Promise<Walked> => {
  const { size, marks, by } = of
  const rows: Rows = { hashes: [], tiles: [] }
  const roots: Uint8Array[] = []
  for (const mark of marks) if (mark === 0n) roots.push(await rootOfLevels([], by))
  const width = BigInt(tileWidth)
  let ahead = readBundle(of, 0n)
  for (let n = 0n; n * width < size; n++) {
    const bundle = await ahead
    if ('code' in bundle) return { ok: false, fault: bundle }
    if ((n + 1n) * width < size) {
      ahead = readBundle(of, n + 1n)
      // awaited in the next round, or never where this one ends the walk
      ahead.catch(() => {})
    }
    const leaves = await hashBundle(of, n, bundle.bytes)
    if ('code' in leaves) return { ok: false, fault: leaves }
    for (const mark of marks) {
      const within = mark - n * width
      if (within <= 0n || within > width) continue
      const level0 = leaves.hashes.subarray(0, Number(within) * hashBytes)
      roots.push(await rootOfLevels([level0, ...rows.hashes.slice(1)], by))
    }
    const wrong = await climb(of, rows, { n, hashes: leaves.hashes })
    if (wrong) return { ok: false, fault: wrong }
  }
  return { ok: true, root: await rootOfLevels(rows.hashes, by), roots }
}

const readBundle = async (of: Walk, n: bigint): Promise<{ readonly bytes: Uint8Array } | Fault> => {
  const path = pathOf(of, 'entries', n)
  const got = found(path, await of.reader.read(path, mostBundleBytes))
  return 'code' in got ? { ...got, entries: rangeOf(of, 'entries', n) } : got
}

/** The leaf hashes of a bundle, which are those of its tile, and its entries fit. */
const hashBundle = async (
  of: Walk,
  n: bigint,
  bundle: Uint8Array
): Promise<{ readonly hashes: Uint8Array } | Fault> => {
  const width = widthOf('entries', n, of.size)
  const messages = leafMessages(bundle, width)
  const entries = rangeOf(of, 'entries', n)
  if (messages === null) {
    const path = pathOf(of, 'entries', n)
    return fault('file_malformed', `not ${width} entries, each after its length`, { path, entries })
  }
  const tile = await readTile(of, 0, n)
  if ('code' in tile) return tile
  const hashes = await of.by.sha256(messages)
  if (!isEqual(hashes, tile.bytes)) {
    const index = n * BigInt(tileWidth) + BigInt(firstDifference(hashes, tile.bytes))
    const detail = `${pathOf(of, 'entries', n)} and ${pathOf(of, 0, n)} do not hold the same entry`
    return fault('entry_mismatch', detail, { entries: { first: index, last: index } })
  }
  const wrong = (await of.visit?.(n * BigInt(tileWidth), messages)) ?? null
  return wrong ?? { hashes }
}

/** Takes the hashes of a bundle in and goes up as far as tiles become full. */
const climb = async (
  of: Walk,
  rows: Rows,
  bundle: { readonly n: bigint; readonly hashes: Uint8Array }
): Promise<Fault | null> => {
  let { n, hashes } = bundle
  for (let level = 0; ; level++) {
    rows.hashes[level] = hashes
    if (hashes.length < mostTileBytes) return null
    const root = await rootOver(hashes, of.by)
    rows.hashes[level] = new Uint8Array()
    const above = level + 1
    const before = rows.hashes[above] ?? new Uint8Array()
    const at = before.length
    const place = n / BigInt(tileWidth)
    if (at === 0) {
      const tile = await readTile(of, above, place)
      if ('code' in tile) return tile
      rows.tiles[above] = tile.bytes
    }
    if (!isEqual(root, (rows.tiles[above] ?? before).subarray(at, at + hashBytes))) {
      const path = pathOf(of, above, place)
      const detail = `hash ${at / hashBytes} is not that of the entries below it`
      return fault('tile_mismatch', detail, { path, entries: rangeOf(of, level, n) })
    }
    hashes = concat([before, root])
    n = place
  }
}

const readTile = async (
  of: Walk,
  level: number,
  n: bigint
): Promise<{ readonly bytes: Uint8Array } | Fault> => {
  const path = pathOf(of, level, n)
  const got = found(path, await of.reader.read(path, mostTileBytes))
  const entries = rangeOf(of, level, n)
  if ('code' in got) return { ...got, entries }
  const width = widthOf(level, n, of.size)
  if (got.bytes.length === width * hashBytes) return got
  return fault('file_malformed', `not ${width} hashes of ${hashBytes} bytes`, { path, entries })
}

const pathOf = (of: Walk, level: Level, n: bigint): string =>
  tilePath({ level, n, width: widthOf(level, n, of.size) })

/** The entries below a tile or in a bundle. */
const rangeOf = (of: Walk, level: Level, n: bigint): EntryRange => {
  const each = 1n << (8n * BigInt(level === 'entries' ? 1 : level + 1))
  const end = (n + 1n) * each
  return { first: n * each, last: (end < of.size ? end : of.size) - 1n }
}

const firstDifference = (a: Uint8Array, b: Uint8Array): number => {
  const at = a.findIndex((byte, n) => byte !== b[n])
  return Math.floor(at / hashBytes)
}
