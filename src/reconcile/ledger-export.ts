/**
 * The elevations of an exported ledger. Entries are parsed strictly and read in order, bundle after
 * bundle; that nothing in the export was changed is what `ledger verify` shows.
 * Source: C2SP tlog-tiles.
 */
import { textOf } from '../ledger/bytes.ts'
import { mostCheckpointBytes, parseCheckpointText } from '../ledger/checkpoint.ts'
import { parseEntry } from '../ledger/envelope.ts'
import { type ExportReader, type Found, checkpointPath } from '../ledger/export-reader.ts'
import { leafMessages, mostBundleBytes, tilePath, tileWidth, widthOf } from '../ledger/tiles.ts'
import { type Ledger, foldLedger } from './held.ts'

export type ReadLedger =
  | { readonly ok: true; readonly ledger: Ledger }
  | { readonly ok: false; readonly path: string; readonly message: string }

/** Every elevation in it, or the first file that is no part of a ledger. */
export const readLedger = async (reader: ExportReader): Promise<ReadLedger> => {
  const checkpoint = await reader.read(checkpointPath, mostCheckpointBytes)
  const note = isBytes(checkpoint) ? textOf(checkpoint) : null
  const [, body = ''] = /^([^\n]+\n[^\n]+\n[^\n]+\n)\n/.exec(note ?? '') ?? []
  const head = parseCheckpointText(body)
  if (head === null) {
    return { ok: false, path: checkpointPath, message: 'no checkpoint of a ledger' }
  }
  const fold = foldLedger()
  const bundles = (head.size + BigInt(tileWidth) - 1n) / BigInt(tileWidth)
  for (let n = 0n; n < bundles; n++) {
    const width = widthOf('entries', n, head.size)
    const path = tilePath({ level: 'entries', n, width })
    const bundle = await reader.read(path, mostBundleBytes)
    const messages = isBytes(bundle) ? leafMessages(bundle, width) : null
    if (messages === null) return { ok: false, path, message: 'no bundle of entries' }
    for (const message of messages) {
      const entry = parseEntry(message.subarray(1))
      if (!entry.ok) return { ok: false, path, message: `an entry that is none: ${entry.code}` }
      fold.add(entry.body)
    }
  }
  return { ok: true, ledger: fold.ledger() }
}

const isBytes = (found: Found): found is Uint8Array => found instanceof Uint8Array
