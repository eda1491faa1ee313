/**
 * Sealing: entries that are committed are taken into the tree, its head is signed, and both are
 * stored at once. Committed entries never change, so there is one tree of each size, and a
 * signature is told to nobody before it is stored. Any replica may do it at any time: the head
 * moves by compare-and-set. Refused: entries with a gap or another leaf than their bytes', a head
 * that is not its tiles'.
 */
import { isEqual } from '../ledger/bytes.ts'
import { leafHash } from '../ledger/entry.ts'
import { type Edge, type LogFile, grow } from '../ledger/grow.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { rootOfLevels } from '../ledger/merkle.ts'
import { type Signer, signCheckpoint } from '../ledger/sign.ts'
import { parseTilePath, tileWidth } from '../ledger/tiles.ts'
import {
  type Frontier,
  appendLeaf,
  emptyFrontier,
  frontierBytes,
  parseFrontier,
  rootOf
} from '../ledger/tree.ts'
import type { LedgerRow } from '../ports.ts'

export type StoredHead = {
  /** raised by one at each growth; compare-and-set works on it */
  readonly version: number
  readonly size: number
  readonly root: Uint8Array
  readonly frontier: Uint8Array
  /** the hashes of the partial tile of each level, the lowest first */
  readonly edge: readonly Uint8Array[]
  /** entries under `checkpoint` */
  readonly signed: number
  readonly checkpoint: Uint8Array | null
}

/** What sealing needs of a store. */
export interface SealStore {
  head(): Promise<StoredHead | null>
  entries(index: number, limit: number): Promise<readonly LedgerRow[]>
  tile(path: string): Promise<Uint8Array | null>
  /** All of it in one transaction, durable when true; false: the head has moved on. */
  grow(
    grown: {
      readonly head: Pick<StoredHead, 'size' | 'root' | 'frontier' | 'edge'>
      readonly tiles: readonly LogFile[]
      /** of `head`, signed */
      readonly checkpoint: Uint8Array
    },
    expectedVersion: number | null
  ): Promise<boolean>
}

export type Sealed = {
  /** entries under a signed checkpoint that is stored */
  readonly size: number
  /** null = there is no entry yet */
  readonly checkpoint: Uint8Array | null
  /** there may be more to seal already */
  readonly more: boolean
}

type Tree = {
  readonly version: number | null
  readonly frontier: Frontier
  /** without its bundle: the bodies lie in the store */
  readonly edge: Edge
  readonly signed: number
  readonly checkpoint: Uint8Array | null
}

/**
 * Who signs the next checkpoint: the log's key, or while it changes the old one and the new one.
 */
export type Signers = () => readonly Signer[]

const mostAtOnce = 1000

/**
 * One step at each call: up to 1,000 entries taken in, the head signed. Whatever fails changes
 * nothing that the next call does not find again. Calls do not overlap.
 */
export const sealer = (store: SealStore, signer: Signer | Signers): (() => Promise<Sealed>) => {
  const signers = typeof signer === 'function' ? signer : () => [signer]
  let known: Tree | null = null
  const step = async (from: Tree): Promise<Sealed> => {
    const size = Number(from.frontier.size)
    const rows = await store.entries(size, mostAtOnce)
    const isDone = rows.length === 0 && from.signed === size
    const tree = isDone ? from : await take(store, from, { rows, signers: signers() })
    if (tree === null) return { size: from.signed, checkpoint: from.checkpoint, more: true }
    known = tree
    return { size: tree.signed, checkpoint: tree.checkpoint, more: rows.length === mostAtOnce }
  }
  return async () => {
    const from = known ?? (await load(store))
    // until the step is through, the store alone knows how far it came
    known = null
    return step(from)
  }
}

/** The stored tree, checked against itself and against the entries at its edge. */
const load = async (store: SealStore): Promise<Tree> => {
  const head = await store.head()
  if (head === null) return empty
  const { version, edge, checkpoint } = head
  const frontier = parseFrontier(BigInt(head.size), head.frontier)
  const root = await rootOfLevels(edge, nodePrimitives)
  if (frontier === null || !isEqual(rootOf(frontier), head.root) || !isEqual(root, head.root)) {
    throw new Error('the head of the ledger is not the one of its tiles')
  }
  const last = head.size - (head.size % tileWidth)
  const leaves = await store.entries(last, head.size - last)
  if (!isEqual(Buffer.concat(leaves.map(({ leaf }) => leaf)), edge[0] ?? new Uint8Array())) {
    throw new Error(`the entries from ${last} on are not those the ledger has sealed`)
  }
  const tiles = { size: frontier.size, tiles: edge, bundle: new Uint8Array() }
  return { version, frontier, edge: tiles, signed: head.signed, checkpoint }
}

const empty: Tree = {
  version: null,
  frontier: emptyFrontier,
  edge: { size: 0n, tiles: [], bundle: new Uint8Array() },
  signed: 0,
  checkpoint: null
}

/** The tree with these entries, signed and durable; null = somebody else was first. */
const take = async (
  store: SealStore,
  from: Tree,
  { rows, signers }: { readonly rows: readonly LedgerRow[]; readonly signers: readonly Signer[] }
): Promise<Tree | null> => {
  const first = Number(from.frontier.size)
  let frontier = from.frontier
  for (const [n, { index, body, leaf }] of rows.entries()) {
    if (index !== first + n) throw new Error(`the ledger has no entry ${first + n}`)
    if (!isEqual(leafHash(body), leaf)) throw new Error(`entry ${index} has been changed`)
    frontier = appendLeaf(frontier, leaf)
  }
  const { edge, files } = grow(from.edge, rows)
  const size = Number(frontier.size)
  const root = rootOf(frontier)
  const origin = signers[0]?.name ?? ''
  const checkpoint = await signCheckpoint({ origin, size: frontier.size, root }, signers)
  const head = { size, root, frontier: frontierBytes(frontier), edge: edge.tiles }
  const grown = { head, tiles: files.filter(isFullTile), checkpoint }
  if (!(await store.grow(grown, from.version))) return null
  const kept = { ...edge, bundle: new Uint8Array() }
  return { version: (from.version ?? 0) + 1, frontier, edge: kept, signed: size, checkpoint }
}

const isFullTile = ({ path }: LogFile): boolean => {
  const tile = parseTilePath(path)
  return tile !== null && tile.level !== 'entries' && tile.width === tileWidth
}
