/**
 * How a log changes its signing key: an entry `ledger.key_rotated` whose `data.note` is a signed
 * note that names both keys and that both have signed. So whoever pinned an old key follows to the
 * new one, and neither key alone can make the change.
 */
import { utf8 } from './bytes.ts'
import type { EntryBody } from './envelope.ts'
import { type VerifierKey, openNote, parseVerifierKey, verifierKeyText } from './note.ts'
import type { Primitives } from './primitives.ts'

export type KeyRotation = { readonly from: VerifierKey; readonly to: VerifierKey }

const firstLine = 'sallyport/key-rotation/v1'

/** The first line, origin, id of the entry, verifier keys of both: what both sign. */
export const rotationText = (origin: string, id: string, { from, to }: KeyRotation): string =>
  `${[firstLine, origin, id, verifierKeyText(from), verifierKeyText(to)].join('\n')}\n`

/** Both keys of a rotation entry of this log, or null unless it is one that both signed. */
export const parseRotation = async (
  body: EntryBody,
  origin: string,
  by: Primitives
): Promise<KeyRotation | null> => {
  const { note, ...more } = body.data
  if (typeof note !== 'string' || Object.keys(more).length > 0) return null
  const [, , , fromText = '', toText = ''] = note.split('\n')
  const from = await parseVerifierKey(fromText, by)
  const to = await parseVerifierKey(toText, by)
  if (from === null || to === null || from.id === to.id) return null
  if (from.name !== origin || to.name !== origin) return null
  const opened = await openNote(utf8(note), [from, to], by)
  if (!opened.ok || opened.by.length !== 2) return null
  return opened.text === rotationText(origin, body.id, { from, to }) ? { from, to } : null
}
