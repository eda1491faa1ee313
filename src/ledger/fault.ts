/**
 * What a verifier finds wrong: a closed set of codes, the entries it concerns, and where it lies.
 */
export type FaultCode =
  | 'checkpoint_missing'
  | 'checkpoint_malformed'
  | 'checkpoint_signature'
  | 'file_missing'
  | 'file_too_large'
  | 'file_not_regular'
  | 'file_extra'
  | 'file_malformed'
  | 'entry_mismatch'
  | 'tile_mismatch'
  | 'root_mismatch'
  | 'entry_too_large'
  | 'entry_not_canonical'
  | 'entry_schema'
  | 'entry_type'
  | 'key_rotation'
  | 'opening_malformed'
  | 'opening_mismatch'
  | 'opening_missing'
  | 'opening_after_erasure'
  | 'anchor_malformed'
  | 'anchor_signature'
  | 'cosignature'
  | 'anchor_ahead'
  | 'anchor_mismatch'

export type Fault = {
  readonly code: FaultCode
  /** the first and the last entry that may be concerned; null where it is none in particular */
  readonly entries: EntryRange | null
  /** file of the export */
  readonly path: string | null
  readonly detail: string
}

/** Both inclusive. */
export type EntryRange = { readonly first: bigint; readonly last: bigint }

export const fault = (
  code: FaultCode,
  detail: string,
  where: { readonly entries?: EntryRange | null; readonly path?: string } = {}
): Fault => ({ code, detail, entries: where.entries ?? null, path: where.path ?? null })

/** A fault of one entry. */
export const faultAt = (code: FaultCode, index: bigint, detail: string): Fault =>
  fault(code, detail, { entries: { first: index, last: index } })
