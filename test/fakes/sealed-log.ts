/** A signed log in memory over whatever rows it is given, sealed when its checkpoint is asked for. */
import { type Edge, emptyEdge, grow } from '../../src/ledger/grow.ts'
import { verifierKeyText } from '../../src/ledger/note.ts'
import { signCheckpoint, signerOf } from '../../src/ledger/sign.ts'
import { type Frontier, appendLeaf, emptyFrontier, rootOf } from '../../src/ledger/tree.ts'
import type { LedgerLog, LedgerStore } from '../../src/ports.ts'

export type SealedLog = LedgerLog & {
  readonly files: Map<string, Uint8Array>
}

export const sealedLog = (
  origin: string,
  rows: Pick<LedgerStore, 'entries'>
): SealedLog => {
  const signer = signerOf(origin, new Uint8Array(32).fill(9))
  const files = new Map<string, Uint8Array>()
  let edge: Edge = emptyEdge
  let frontier: Frontier = emptyFrontier
  const seal = async (): Promise<void> => {
    for (;;) {
      const added = await rows.entries(Number(edge.size), 1000)
      if (added.length === 0) return
      const grown = grow(edge, added)
      for (const { path, bytes } of grown.files) files.set(path, bytes)
      edge = grown.edge
      for (const { leaf } of added) frontier = appendLeaf(frontier, leaf)
    }
  }
  return {
    key: verifierKeyText(signer),
    files,
    checkpoint: async () => {
      await seal()
      return signCheckpoint({ origin, size: edge.size, root: rootOf(frontier) }, [signer])
    },
    file: async (path) => files.get(path) ?? null,
    included: async () => seal()
  }
}
