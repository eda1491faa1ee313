/**
 * Fetching the files of a log from the broker into a folder. A file is there whole or not at all,
 * so an export that was interrupted goes on where it stopped.
 */
import { lstatSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { hashBytes } from '../ledger/primitives.ts'
import { type Tile, countOf, levelsOf, tilePath, tileWidth, widthOf } from '../ledger/tiles.ts'
import type { FileApi, Refused } from './api.ts'

/** Ending of a file that is being written. */
export const unfinished = '.part'

const inParallel = 6
const mostTries = 5
const longestWaitSeconds = 60

type Fetching = {
  readonly api: FileApi
  readonly folder: string
  readonly size: bigint
  readonly progress: (done: number) => void
}

export type Fetched =
  { readonly ok: true; readonly fetched: number; readonly kept: number } | Refused

/** Every file of a log of this size that the folder does not have yet. */
export const fetchFiles = async (of: Fetching): Promise<Fetched> => {
  const tiles = tilesOf(of.size)
  const count = { fetched: 0, kept: 0 }
  let refused: Refused | null = null
  const work = async (): Promise<void> => {
    for (const tile of tiles) {
      if (refused) return
      if (isThere(of.folder, tile)) {
        count.kept += 1
      } else {
        const got = await patiently(() => of.api.bytes(`/v1/ledger/${tilePath(tile)}`))
        if (!got.ok) {
          refused ??= got
          return
        }
        writeWhole(join(of.folder, tilePath(tile)), got.bytes)
        count.fetched += 1
      }
      of.progress(count.fetched + count.kept)
    }
  }
  await Promise.all(Array.from({ length: inParallel }, work))
  return refused ?? { ok: true, ...count }
}

/** How many files a log of this size has. */
export const countFiles = (size: bigint): number =>
  Number(
    [...levelsOf(size), 'entries' as const].reduce(
      (sum, level) => sum + filesIn(countOf(level, size)),
      0n
    )
  )

/** Tries again where the broker says when, or was not there for a moment. */
export const patiently = async <T>(call: () => Promise<T | Refused>): Promise<T | Refused> => {
  for (let tries = 1; ; tries++) {
    const answer = await call()
    if (!isRefused(answer) || answer.retryAfter === undefined) return answer
    const isLimited = answer.problem['code'] === 'too_many_requests'
    if (!isLimited && tries >= mostTries) return answer
    await wait(Math.min(answer.retryAfter, longestWaitSeconds) * 1000)
  }
}

/** The file appears under its name when it is whole. */
export const writeWhole = (file: string, bytes: Uint8Array): void => {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}${unfinished}`, bytes)
  renameSync(`${file}${unfinished}`, file)
}

function* tilesOf(size: bigint): Generator<Tile> {
  for (const level of [...levelsOf(size), 'entries' as const]) {
    const files = filesIn(countOf(level, size))
    for (let n = 0n; n < files; n++) yield { level, n, width: widthOf(level, n, size) }
  }
}

const filesIn = (count: bigint): bigint => (count + BigInt(tileWidth) - 1n) / BigInt(tileWidth)

const isThere = (folder: string, tile: Tile): boolean => {
  const stat = lstatSync(join(folder, tilePath(tile)), { throwIfNoEntry: false })
  if (!stat?.isFile()) return false
  return tile.level === 'entries' ? stat.size > 0 : stat.size === tile.width * hashBytes
}

const isRefused = (answer: unknown): answer is Refused =>
  typeof answer === 'object' && answer !== null && 'ok' in answer && answer.ok === false
