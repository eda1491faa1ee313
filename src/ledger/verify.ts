/**
 * Verifies an exported log with nothing but its files and a pinned key: every file belongs, every
 * entry hashes to what the tiles and the signed root say; strictly, every entry is a canonical
 * entry, key changes are signed by both keys, personal data is there or lawfully erased. Anchors,
 * checkpoints kept elsewhere, show what was cut off, rolled back or forked.
 */
import { isEqual } from './bytes.ts'
import {
  type OpenedCheckpoint,
  type TreeHead,
  isSignedAs,
  mostCheckpointBytes,
  openCheckpoint,
  parseCheckpointText
} from './checkpoint.ts'
import { type Cosignature, type WitnessKey, cosignatures } from './cosignature.ts'
import { parseEntry } from './envelope.ts'
import { type ExportReader, checkpointPath, found, openingsPath } from './export-reader.ts'
import { type Fault, fault, faultAt } from './fault.ts'
import { type KeyHistory, isSameKey, keyHistory, trustedKeys } from './key-history.ts'
import { type VerifierKey, parseNote } from './note.ts'
import { type Personal, type PersonalCheck, personalCheck } from './personal.ts'
import type { Primitives } from './primitives.ts'
import { isPartOf, parseTilePath } from './tiles.ts'
import { type Walk, walk } from './walk.ts'

export type Verification = {
  readonly reader: ExportReader
  /** pinned by whoever verifies, never taken from the export */
  readonly keys: readonly VerifierKey[]
  /** checkpoints kept elsewhere, as they were published */
  readonly anchors?: readonly Uint8Array[]
  /** whose cosignatures there must be below the checkpoint: all of them */
  readonly witnesses?: readonly WitnessKey[]
  /** every entry is parsed, not only hashed */
  readonly strict?: boolean
  /** told after each bundle */
  readonly progress?: (done: bigint, size: bigint) => void
}

export type Verified =
  | {
      readonly ok: true
      readonly head: TreeHead
      /** those known keys that signed the checkpoint */
      readonly signedBy: readonly VerifierKey[]
      readonly strict: boolean
      readonly keyChanges: number
      readonly anchors: number
      /** of the witnesses that were demanded */
      readonly cosigned: readonly Cosignature[]
      /** null where the export has no openings or was not verified strictly */
      readonly personal: Personal | null
    }
  | { readonly ok: false; readonly fault: Fault }

export const verifyExport = async (of: Verification, by: Primitives): Promise<Verified> => {
  const checkpoint = await readCheckpoint(of.reader)
  if ('code' in checkpoint) return failed(checkpoint)
  const { bytes, head } = checkpoint
  const opened = await openCheckpoint(bytes, of.keys, by)
  // a key that was not pinned may be vouched for by entries, which then have to be read
  const isPinned = opened.ok
  const mayFollow = !opened.ok && opened.code === 'no_known_key' && isLogSigned(bytes, head.origin)
  if (!isPinned && !mayFollow) return failed(signatureFault(opened, checkpointPath))
  const cosigned = await whoCosigned(of.witnesses ?? [], bytes, by)
  if ('code' in cosigned) return failed(cosigned)
  const heads = await readAnchors(of, head, by)
  if ('code' in heads) return failed(heads)
  const extra = await findExtra(of.reader, head.size)
  if (extra) return failed(extra)

  const history = keyHistory(head.origin, by)
  const lines = of.strict ? (of.reader.openings?.() ?? null) : null
  const personal = lines === null ? null : personalCheck(lines, by)
  const visit = visitor({ history, personal, parse: of.strict === true || !isPinned })
  const sizes = new Set(heads.map(({ size }) => size).filter((size) => size <= head.size))
  const marks = [...sizes].toSorted((a, b) => (a < b ? -1 : 1))
  const pass = { reader: of.reader, by, size: head.size, marks, visit: told(of, head, visit) }
  const walked = await walk(pass)
  if (!walked.ok) return walked
  if (!isEqual(walked.root, head.root)) {
    const entries = head.size > 0n ? { first: 0n, last: head.size - 1n } : null
    return failed(fault('root_mismatch', 'not the entries of the signed root', { entries }))
  }
  const signed = await whoSigned({ bytes, history: history.keys(), keys: of.keys }, by)
  if ('code' in signed) return failed(signed)
  const wrong =
    (await checkAnchorKeys(of, history.keys(), by)) ??
    compareAnchors(heads, head, new Map(marks.map((mark, n) => [mark, walked.roots[n]])))
  if (wrong) return failed(wrong)
  const kept = personal === null ? null : await personal.end()
  if (kept !== null && 'code' in kept) return failed(kept)
  return {
    ok: true,
    head,
    signedBy: signed.by,
    strict: of.strict === true,
    keyChanges: Math.max(0, history.keys().length - 1),
    anchors: heads.length,
    cosigned: cosigned.by,
    personal: kept
  }
}

const failed = (wrong: Fault): Verified => ({ ok: false, fault: wrong })

const readCheckpoint = async (
  reader: ExportReader
): Promise<{ readonly bytes: Uint8Array; readonly head: TreeHead } | Fault> => {
  const got = found(checkpointPath, await reader.read(checkpointPath, mostCheckpointBytes))
  if ('code' in got) {
    return got.code === 'file_missing' ? { ...got, code: 'checkpoint_missing' } : got
  }
  const head = headOf(got.bytes)
  if (head !== null) return { bytes: got.bytes, head }
  return fault('checkpoint_malformed', notAHead, { path: checkpointPath })
}

/** What a checkpoint says, whoever signed it. */
const headOf = (bytes: Uint8Array): TreeHead | null => {
  const note = parseNote(bytes)
  return note === null ? null : parseCheckpointText(note.text)
}

const isLogSigned = (bytes: Uint8Array, origin: string): boolean => {
  const note = parseNote(bytes)
  return note !== null && isSignedAs(note, origin)
}

const signatureFault = (opened: OpenedCheckpoint, path: string): Fault =>
  fault('checkpoint_signature', `not by the key: ${opened.ok ? 'retired' : opened.code}`, { path })

/** A cosignature of each, or what is missing. */
const whoCosigned = async (
  witnesses: readonly WitnessKey[],
  bytes: Uint8Array,
  by: Primitives
): Promise<{ readonly by: readonly Cosignature[] } | Fault> => {
  const cosigned = await cosignatures(bytes, witnesses, by)
  const path = checkpointPath
  if (!cosigned.ok) return fault('cosignature', `not by the witness: ${cosigned.code}`, { path })
  const missing = witnesses.find(({ id }) => !cosigned.by.some(({ key }) => key.id === id))
  if (missing === undefined) return cosigned
  return fault('cosignature', `not cosigned by ${missing.witness}+${missing.id}`, { path })
}

const notAHead = 'not a note of origin, size and root'

/**
 * What the anchors say; that one is beyond the end is told at once where a pinned key signed it.
 */
const readAnchors = async (
  of: Verification,
  head: TreeHead,
  by: Primitives
): Promise<readonly TreeHead[] | Fault> => {
  const heads: TreeHead[] = []
  for (const bytes of of.anchors ?? []) {
    const anchor = headOf(bytes)
    if (anchor === null) return fault('anchor_malformed', notAHead)
    if (anchor.origin !== head.origin) return fault('anchor_malformed', 'of another origin')
    const isAhead = anchor.size > head.size
    if (isAhead && (await openCheckpoint(bytes, of.keys, by)).ok) return aheadFault(anchor, head)
    heads.push(anchor)
  }
  return heads
}

const aheadFault = (anchor: TreeHead, head: TreeHead): Fault =>
  fault('anchor_ahead', `cut off or rolled back: the anchor is of ${anchor.size} entries`, {
    entries: { first: head.size, last: anchor.size - 1n }
  })

const findExtra = async (reader: ExportReader, size: bigint): Promise<Fault | null> => {
  if (!reader.paths) return null
  for await (const { path, isFile } of reader.paths()) {
    if (!isFile) return fault('file_not_regular', 'neither a folder nor a regular file', { path })
    if (path === checkpointPath || path === openingsPath) continue
    const tile = parseTilePath(path)
    if (tile === null || !isPartOf(tile, size)) {
      return fault('file_extra', `no file of a log of ${size} entries`, { path })
    }
  }
  return null
}

type Visit = (index: bigint, message: Uint8Array) => Promise<Fault | null>

/** Judges one entry; `message` is its body after a zero byte. */
const visitor =
  (kept: {
    readonly history: KeyHistory
    readonly personal: PersonalCheck | null
    readonly parse: boolean
  }): Visit | null => {
    if (!kept.parse) return null
    return async (index, message) => {
      const parsed = parseEntry(message.subarray(1))
      if (!parsed.ok) return faultAt(parsed.code, index, parsed.detail)
      const { body } = parsed
      const wrong = body.type === 'ledger.key_rotated' ? await kept.history.add(index, body) : null
      return wrong ?? (kept.personal === null ? null : kept.personal.add(index, body))
    }
  }

const told = (
  of: Verification,
  head: TreeHead,
  visit: Visit | null
): NonNullable<Walk['visit']> =>
  async (first, messages) => {
    for (const [n, message] of visit ? messages.entries() : []) {
      const wrong = await visit?.(first + BigInt(n), message)
      if (wrong) return wrong
    }
    of.progress?.(first + BigInt(messages.length), head.size)
    return null
  }

type Signatures = {
  readonly bytes: Uint8Array
  readonly keys: readonly VerifierKey[]
  readonly history: readonly VerifierKey[]
}

/** Known keys below the checkpoint; the last of the log's own history is one of them. */
const whoSigned = async (
  { bytes, keys, history }: Signatures,
  by: Primitives
): Promise<{ readonly by: readonly VerifierKey[] } | Fault> => {
  const trusted = trustedKeys(keys, history)
  const opened = await openCheckpoint(bytes, trusted, by)
  const last = history.at(-1)
  const isByLast = opened.ok && opened.by.some((key) => last === undefined || isSameKey(key, last))
  return isByLast ? opened : signatureFault(opened, checkpointPath)
}

const checkAnchorKeys = async (
  of: Verification,
  history: readonly VerifierKey[],
  by: Primitives
): Promise<Fault | null> => {
  for (const bytes of of.anchors ?? []) {
    const opened = await openCheckpoint(bytes, trustedKeys(of.keys, history), by)
    if (!opened.ok) return fault('anchor_signature', `an anchor is not this log's: ${opened.code}`)
  }
  return null
}

const compareAnchors = (
  anchors: readonly TreeHead[],
  head: TreeHead,
  roots: ReadonlyMap<bigint, Uint8Array | undefined>
): Fault | null => {
  for (const anchor of anchors) {
    const { size, root } = anchor
    if (size > head.size) return aheadFault(anchor, head)
    const got = roots.get(size)
    if (got !== undefined && isEqual(got, root)) continue
    const entries = size > 0n ? { first: 0n, last: size - 1n } : null
    return fault('anchor_mismatch', `not the anchor's first ${size} entries`, { entries })
  }
  return null
}
