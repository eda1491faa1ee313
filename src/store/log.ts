/**
 * The tree over the entries as the store keeps it: one head row, moved on by compare-and-set
 * together with its checkpoint and the tiles that became full. A full tile is written once.
 */
import type { LedgerRow } from '../ports.ts'
import { bytes, damaged, integer } from './columns.ts'
import type { Engine, Query, Row, Step, Value } from './engine.ts'
import { parseLedgerRow } from './rows.ts'
import { ledgerFrom } from './statements.ts'

/** The head of the tree; `version` is raised by one at each growth. */
export type HeadRow = {
  readonly version: number
  /** entries in the tree */
  readonly size: number
  readonly root: Uint8Array
  /** roots of the perfect subtrees, the largest first (`frontierBytes` of ledger/tree.ts) */
  readonly frontier: Uint8Array
  /** the hashes of the partial tile of each level, the lowest first */
  readonly edge: readonly Uint8Array[]
  /** entries under `checkpoint` */
  readonly signed: number
  /** null = none was signed yet */
  readonly checkpoint: Uint8Array | null
}

export type GrownHead = Pick<HeadRow, 'size' | 'root' | 'frontier' | 'edge'>

export type HashTile = { readonly path: string; readonly bytes: Uint8Array }

export type Grown = {
  readonly head: GrownHead
  readonly tiles: readonly HashTile[]
  /** of `head`, signed */
  readonly checkpoint: Uint8Array
}

export interface LogTables {
  /** null = nothing was sealed yet */
  head(): Promise<HeadRow | null>
  /** Entries from `index` on, ascending. */
  entries(index: number, limit: number): Promise<readonly LedgerRow[]>
  /** How many entries there are. */
  count(): Promise<number>
  /** The bytes of a full hash tile, or null. */
  tile(path: string): Promise<Uint8Array | null>
  /** All of it in one transaction, durable when true; false: the head has moved on. */
  grow(grown: Grown, expectedVersion: number | null): Promise<boolean>
}

/** The tables over any engine. */
export const logOver = (engine: Engine): LogTables => ({
  head: async () => {
    const [row] = await engine.read(selectHead)
    return row ? parseHead(row) : null
  },
  entries: async (index, limit) =>
    (await engine.read(ledgerFrom(index, limit))).map(parseLedgerRow),
  count: async () => {
    const [row] = await engine.read(countEntries)
    return row ? integer(row, 'entries') : 0
  },
  tile: async (path) => {
    const [row] = await engine.read(selectTile(path))
    return row ? bytes(row, 'bytes') : null
  },
  grow: async ({ head, tiles, checkpoint }, expectedVersion) => {
    const moved =
      expectedVersion === null
        ? insertHead(head, checkpoint)
        : updateHead(head, checkpoint, expectedVersion)
    const written = await engine.write({ steps: [moved, ...tiles.map(insertTile)] })
    return written.kind === 'committed'
  }
})

const selectHead: Query = {
  text: `select version, size, root, frontier, edge, signed, checkpoint
    from ledger_head where id = 1`,
  values: []
}

const countEntries: Query = {
  text: 'select coalesce(max(seq), 0) as entries from ledger_outbox',
  values: []
}

const selectTile = (path: string): Query => ({
  text: 'select bytes from ledger_tile where path = $1',
  values: [path]
})

const insertHead = (head: GrownHead, checkpoint: Uint8Array): Step => ({
  text: `insert into ledger_head (id, version, size, root, frontier, edge, signed, checkpoint)
    values (1, 1, $1, $2, $3, $4, $1, $5) on conflict (id) do nothing`,
  values: [...moving(head), checkpoint],
  ifNone: 'conflict'
})

const updateHead = (head: GrownHead, checkpoint: Uint8Array, version: number): Step => ({
  text: `update ledger_head set version = version + 1,
      size = $1, root = $2, frontier = $3, edge = $4, signed = $1, checkpoint = $5
    where id = 1 and version = $6 and size <= $1 and signed < $1`,
  values: [...moving(head), checkpoint, version],
  ifNone: 'conflict'
})

const moving = (head: GrownHead): readonly Value[] => [
  head.size,
  head.root,
  head.frontier,
  packEdge(head.edge)
]

const insertTile = ({ path, bytes: hashes }: HashTile): Step => ({
  text: 'insert into ledger_tile (path, bytes) values ($1, $2) on conflict (path) do nothing',
  values: [path, hashes],
  ifNone: 'conflict'
})

const hashBytes = 32

/** Of each level one byte that counts its hashes, 0 to 255, and these. */
const packEdge = (edge: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(edge.flatMap((tile) => [Buffer.of(tile.length / hashBytes), tile]))

const parseEdge = (packed: Uint8Array): readonly Uint8Array[] => {
  const edge: Uint8Array[] = []
  for (let at = 0; at < packed.length; ) {
    const end = at + 1 + (packed[at] ?? 0) * hashBytes
    if (end > packed.length) throw damaged('edge')
    edge.push(packed.slice(at + 1, end))
    at = end
  }
  return edge
}

const parseHead = (row: Row): HeadRow => ({
  version: integer(row, 'version'),
  size: integer(row, 'size'),
  root: bytes(row, 'root'),
  frontier: bytes(row, 'frontier'),
  edge: parseEdge(bytes(row, 'edge')),
  signed: integer(row, 'signed'),
  checkpoint: row['checkpoint'] === null ? null : bytes(row, 'checkpoint')
})
