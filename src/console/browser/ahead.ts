/**
 * Files of a log, fetched a few ahead of where the verifier reads: it reads in the order of the
 * entries, and the way to the broker and back is longer than the hashing. What nobody reads in the
 * end was fetched for nothing, and is no fault.
 */
import { textOf } from '../../ledger/bytes.ts'
import { type ExportReader, type Found, checkpointPath } from '../../ledger/export-reader.ts'
import { type Tile, parseTilePath, tilePath, tileWidth, widthOf } from '../../ledger/tiles.ts'

type Get = (path: string) => Promise<Uint8Array | 'missing'>

const filesAhead = 6n

/** A reader over `get`; a path is asked for once, and its bytes are given away once read. */
export const readAhead = (get: Get): ExportReader => {
  const coming = new Map<string, ReturnType<Get>>()
  let size = 0n
  const begin = (path: string): ReturnType<Get> => {
    const known = coming.get(path)
    if (known !== undefined) return known
    const made = get(path)
    // whoever reads it hears of it
    made.catch(() => {})
    coming.set(path, made)
    return made
  }
  return {
    read: async (path, most): Promise<Found> => {
      for (const next of pathsAfter(path, size)) void begin(next)
      const bytes = await begin(path)
      coming.delete(path)
      if (path === checkpointPath && bytes !== 'missing') size = sizeIn(bytes)
      return bytes !== 'missing' && bytes.length > most ? 'too_large' : bytes
    }
  }
}

/** Bundles and their hash tiles that follow; those of higher levels are few. */
const pathsAfter = (path: string, size: bigint): readonly string[] => {
  const tile = parseTilePath(path)
  if (tile === null || (tile.level !== 'entries' && tile.level !== 0)) return []
  const paths: string[] = []
  const count = (size + BigInt(tileWidth) - 1n) / BigInt(tileWidth)
  const end = tile.n + filesAhead < count ? tile.n + filesAhead : count - 1n
  for (let n = tile.n + 1n; n <= end; n++) paths.push(pathAt(tile.level, n, size))
  return paths
}

const pathAt = (level: Tile['level'], n: bigint, size: bigint): string =>
  tilePath({ level, n, width: widthOf(level, n, size) })

/** As the unsigned text says it, which only decides what is fetched early. */
const sizeIn = (checkpoint: Uint8Array): bigint => {
  const [, size = ''] = (textOf(checkpoint) ?? '').split('\n', 2)
  return /^[1-9][0-9]{0,15}$/.test(size) ? BigInt(size) : 0n
}
