/**
 * The signed log as auditors read it: its key, the latest checkpoint, its tiles, and proofs that
 * one entry is in it. Nothing else of an entry is told here than its bytes.
 */
import { type PersonId, parseElevationId } from '../elevation/ids.ts'
import { type Result, accept } from '../elevation/refusal.ts'
import { utf8 } from '../ledger/bytes.ts'
import { type TreeHead, parseCheckpointText } from '../ledger/checkpoint.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { leafHashOf } from '../ledger/merkle.ts'
import { parseNote } from '../ledger/note.ts'
import { proofFileText } from '../ledger/proof-file.ts'
import { type Proof, inclusionProof, verifyInclusion } from '../ledger/proof.ts'
import { tileHashes } from '../ledger/tile-hashes.ts'
import type { LedgerRow } from '../ports.ts'
import type { Deps } from './deps.ts'
import { find } from './find.ts'
import { type NoteRead, auditing } from './ledger-reads.ts'

/** The verifier key of the checkpoints, C2SP signed-note text. */
export const logKey = (deps: Deps, person: PersonId): Result<string> => {
  const may = auditing(deps, person)
  return may.ok ? accept(deps.log.key) : may
}

/** The latest checkpoint. */
export const checkpoint = async (
  deps: Deps,
  person: PersonId,
  note: NoteRead
): Promise<Result<Uint8Array>> => {
  const may = auditing(deps, person)
  if (!may.ok) return may
  const bytes = await deps.log.checkpoint()
  await note(person, { read: 'checkpoint' })
  return accept(bytes)
}

/** A tile or bundle by its path; null = the log has none such. */
export const file = async (
  deps: Deps,
  { person, path }: { readonly person: PersonId; readonly path: string },
  note: NoteRead
): Promise<Result<Uint8Array | null>> => {
  const may = auditing(deps, person)
  if (!may.ok) return may
  const bytes = await deps.log.file(path)
  if (bytes !== null) await note(person, { read: 'file', path })
  return accept(bytes)
}

/**
 * The tlog-proof of an entry by its index, or of the last entry of an elevation; null = there is no
 * entry of that index. Throws where what is stored as the entry is not what the tree holds.
 */
export const proof = async (
  deps: Deps,
  { person, id }: { readonly person: PersonId; readonly id: string },
  note: NoteRead
): Promise<Result<Uint8Array | null>> => {
  const may = auditing(deps, person)
  if (!may.ok) return may
  const wanted = await indexOf(deps, person, id)
  if (!wanted.ok) return wanted
  const [row] = await deps.ledger.entries(wanted.value, 1)
  if (row?.index !== wanted.value) return accept(null)
  const proofs = await prover(deps, row.index)
  const path = await proofs.path(row)
  await note(person, { read: 'proof', index: row.index })
  const parts = { index: BigInt(row.index), proof: path, entry: row.body }
  return accept(utf8(proofFileText({ ...parts, checkpoint: proofs.checkpoint })))
}

/** Paths to one checkpoint, the latest. */
export type Prover = {
  readonly checkpoint: Uint8Array
  /** Throws where what is stored as the entry is not what the tree holds. */
  readonly path: (row: LedgerRow) => Promise<Proof>
}

/** Proves entries up to this index; resolves when the last of them is under a checkpoint. */
export const prover = async (deps: Deps, last: number): Promise<Prover> => {
  await deps.log.included(last)
  const signed = await deps.log.checkpoint()
  const { size, root } = headOf(signed)
  const tiles = new Map<string, Promise<Uint8Array>>()
  const tile = (path: string): Promise<Uint8Array> => {
    const known = tiles.get(path) ?? tileOf(deps, path)
    tiles.set(path, known)
    return known
  }
  const read = tileHashes({ size, tile }, nodePrimitives)
  return {
    checkpoint: signed,
    path: async (row) => {
      const index = BigInt(row.index)
      const hashes = await inclusionProof({ index, size }, { read, by: nodePrimitives })
      const leaf = await leafHashOf(row.body, nodePrimitives)
      const claim = { index, size, leaf, root, proof: hashes }
      if (await verifyInclusion(claim, nodePrimitives)) return hashes
      throw new Error(`entry ${row.index} is stored otherwise than it was sealed`)
    }
  }
}

const indexOf = async (deps: Deps, person: PersonId, id: string): Promise<Result<number>> => {
  if (parseElevationId(id) === null && /^(?:0|[1-9][0-9]{0,14})$/.test(id))
    return accept(Number(id))
  const found = await find(deps, person, id)
  if (!found.ok) return found
  return accept(found.value.ledger.at(-1) ?? -1)
}

const tileOf = async (deps: Deps, path: string): Promise<Uint8Array> => {
  const tile = await deps.log.file(path)
  if (tile === null) throw new Error(`the log has lost ${path}`)
  return tile
}

/** What our own checkpoint says. */
const headOf = (signed: Uint8Array): TreeHead => {
  const note = parseNote(signed)
  const head = note && parseCheckpointText(note.text)
  if (!head) throw new Error('the latest checkpoint of the log cannot be read')
  return head
}
