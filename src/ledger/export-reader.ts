/**
 * What a verifier reads: a folder in the layout of C2SP tlog-tiles, from wherever it lies. Nothing
 * read is believed; so the reader need not be trusted, only to say how much it may hold in memory.
 */
import { type Fault, fault } from './fault.ts'

export type ExportReader = {
  /** The bytes of a file of at most `most` bytes, which become the verifier's to change. */
  readonly read: (path: string, most: number) => Found | Promise<Found>
  /** Every path there is, files and whatever is no regular file; absent where it cannot be told. */
  readonly paths?: () => AsyncIterable<Listed> | Iterable<Listed>
  /** Lines of `openings.jsonl` without their newline, null = there is none. */
  readonly openings?: () => AsyncIterable<string> | Iterable<string> | null
}

export type Listed = { readonly path: string; readonly isFile: boolean }

export type Found = Uint8Array | 'missing' | 'too_large' | 'not_regular'

export const checkpointPath = 'checkpoint'
export const openingsPath = 'openings.jsonl'

/** The bytes, or the fault of not having them. */
export const found = (path: string, got: Found): { readonly bytes: Uint8Array } | Fault => {
  if (got === 'missing') return fault('file_missing', 'not there', { path })
  if (got === 'too_large') return fault('file_too_large', 'longer than it can be', { path })
  if (got === 'not_regular') return fault('file_not_regular', 'not a regular file', { path })
  return { bytes: got }
}
