/**
 * The end of the demo's story: the ledger is taken away and verified offline, then two copies of it
 * are tampered with, each the way somebody with the disks could, and the same verifier looks at
 * them.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCheckpointText } from '../ledger/checkpoint.ts'
import { checkpointPath } from '../ledger/export-reader.ts'
import { parseNote } from '../ledger/note.ts'
import { hashBytes } from '../ledger/primitives.ts'
import { levelsOf, tilePath, tileWidth, widthOf } from '../ledger/tiles.ts'
import { type FileApi, type Json, objectOf, text } from './api.ts'
import type { Step } from './demo-step.ts'
import type { ExitCode } from './exit.ts'
import { ledgerExport } from './ledger-export.ts'
import { writeWhole } from './ledger-fetch.ts'
import { ledgerVerify } from './ledger-verify.ts'
import type { Terminal } from './terminal.ts'

export type LedgerScene = {
  readonly auditor: FileApi
  /** gets `export` and `ledger.vkey` */
  readonly folder: string
  /** index of the entry that will be tampered with */
  readonly entry: number
  /** a checkpoint of the log when it was shorter */
  readonly earlier: Uint8Array
}

/** Export and verification, a flipped byte, a tail that was cut off. */
export async function* ledgerStory(scene: LedgerScene): AsyncGenerator<Step> {
  const { auditor, folder, entry, earlier } = scene
  const whole = join(folder, 'export')
  const exported = await said((to) => ledgerExport(auditor, to, whole))
  yield stepOf(
    'ledger-export',
    'erin takes the whole ledger away, as plain files',
    exported,
    exported.code === 0
  )
  if (exported.code !== 0) return
  const verify = (export_: string, ...anchor: readonly string[]) =>
    said((to) =>
      ledgerVerify(to, export_, { key: [join(folder, 'ledger.vkey')], anchor, strict: true })
    )
  const good = await verify(whole)
  yield stepOf(
    'ledger-verify',
    'it verifies offline, with nothing but those files and the public key',
    good,
    good.code === 0
  )
  const copies = mkdtempSync(join(folder, 'copies-'))
  try {
    const flipped = join(copies, 'flipped')
    cpSync(whole, flipped, { recursive: true })
    const change = flipByte(flipped, entry)
    const found = await verify(flipped)
    yield stepOf(
      'ledger-flipped',
      `in a copy one byte is changed, who approved: ${change}; the verifier names the entry`,
      found,
      found.code === 1 && found.document['firstBad'] === String(entry)
    )
    const cut = join(copies, 'cut')
    const left = cutOff(whole, cut, earlier)
    const alone = await verify(cut)
    const anchored = await verify(cut, join(whole, checkpointPath))
    yield stepOf(
      'ledger-cut-off',
      `another copy ends after ${left} entries, with the checkpoint of then; the one erin kept tells`,
      { ...anchored, document: { ...anchored.document, withoutAnchor: alone.document['ok'] } },
      alone.code === 0 && anchored.code === 1 && anchored.document['code'] === 'anchor_ahead'
    )
  } finally {
    rmSync(copies, { recursive: true, force: true })
  }
}

type Said = { readonly code: ExitCode; readonly document: Json }

/** What a command answers programs. */
const said = async (command: (to: Terminal) => Promise<ExitCode>): Promise<Said> => {
  const lines: string[] = []
  const keep = (line: string): void => void lines.push(line)
  const code = await command({ json: true, colour: false, out: keep, err: keep })
  return { code, document: objectOf(JSON.parse(lines.at(-1) ?? '{}')) }
}

const stepOf = (step: string, told: string, { document }: Said, ok: boolean): Step => {
  const { ok: verified, ...data } = document
  const { origin, size, root, code, detail, firstBad } = data
  const about =
    code === undefined
      ? `${text(origin)}, ${text(size)} entries, root ${text(root)}`
      : `${text(code)}: ${text(detail)}`
  const where = typeof firstBad === 'string' ? `first bad entry: ${firstBad}` : null
  return {
    step,
    ok,
    told,
    lines: where === null ? [about] : [about, where],
    data: { verified, ...data }
  }
}

/** Changes the first letter of the entry's actor; `bob is now cob`. */
const flipByte = (folder: string, index: number): string => {
  const { bytes, file, at } = entryIn(folder, index)
  const place = at + '{"actor":"'.length
  const before = actorAt(bytes, place)
  bytes[place] = (bytes[place] ?? 0) ^ 1
  writeFileSync(file, bytes)
  return `${before} is now ${actorAt(bytes, place)}`
}

const actorAt = (bytes: Buffer, place: number): string =>
  bytes.toString('utf8', place, bytes.indexOf('"', place))

/** The bundle that holds an entry, and where in it its bytes begin. */
const entryIn = (folder: string, index: number) => {
  const n = BigInt(Math.floor(index / tileWidth))
  const width = widthOf('entries', n, sizeOf(readFileSync(join(folder, checkpointPath))))
  const file = join(folder, tilePath({ level: 'entries', n, width }))
  const bytes = readFileSync(file)
  return { bytes, file, at: 2 + endOf(bytes, index % tileWidth) }
}

/** The files of an older checkpoint, cut out of a newer export, and that checkpoint; its size. */
const cutOff = (whole: string, copy: string, checkpoint: Uint8Array): bigint => {
  const size = sizeOf(checkpoint)
  const now = sizeOf(readFileSync(join(whole, checkpointPath)))
  for (const level of [...levelsOf(size), 'entries' as const]) {
    for (let n = 0n; widthOf(level, n, size) > 0; n++) {
      const width = widthOf(level, n, size)
      const bytes = readFileSync(join(whole, tilePath({ level, n, width: widthOf(level, n, now) })))
      const end = level === 'entries' ? endOf(bytes, width) : width * hashBytes
      writeWhole(join(copy, tilePath({ level, n, width })), bytes.subarray(0, end))
    }
  }
  writeWhole(join(copy, checkpointPath), checkpoint)
  return size
}

/** Where the first so many entries of a bundle end. */
const endOf = (bundle: Buffer, count: number): number => {
  let at = 0
  for (let n = 0; n < count; n++) at += 2 + bundle.readUInt16BE(at)
  return at
}

const sizeOf = (checkpoint: Uint8Array): bigint => {
  const note = parseNote(checkpoint)
  const head = note && parseCheckpointText(note.text)
  if (!head) throw new Error('the broker answered with something that is no checkpoint')
  return head.size
}
