/**
 * `ledger export`: the whole log as a folder of C2SP tlog-tiles that any web server can serve. It
 * is verified before its checkpoint is put there, against the checkpoint of an earlier export too;
 * a log that was cut off, rolled back or forked since then is told, and what was exported stays.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { base64, textOf } from '../ledger/bytes.ts'
import { type TreeHead, openCheckpoint } from '../ledger/checkpoint.ts'
import { type ExportReader, checkpointPath, openingsPath } from '../ledger/export-reader.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { type VerifierKey, parseVerifierKey } from '../ledger/note.ts'
import { isPartOf, parseTilePath } from '../ledger/tiles.ts'
import { verifyExport } from '../ledger/verify.ts'
import { type FileApi, tell } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { countFiles, fetchFiles, patiently, unfinished, writeWhole } from './ledger-fetch.ts'
import { type Openings, fetchOpenings } from './ledger-openings.ts'
import { folderReader } from './ledger-verify.ts'
import { type Terminal, paint, plain } from './terminal.ts'

type Published = {
  readonly checkpoint: Uint8Array
  readonly head: TreeHead
  readonly keyText: string
  readonly key: VerifierKey
}

export type ExportOptions = {
  /** with `openings.jsonl`, which is personal data */
  readonly openings?: boolean
}

/**
 * Exit 0 with a verified export in the folder, 1 where the broker's log does not hold together or a
 * value is MISSING.
 */
export const ledgerExport = async (
  api: FileApi,
  to: Terminal,
  folder: string,
  options: ExportOptions = {}
): Promise<ExitCode> => {
  const foreign = foreignTo(folder)
  if (foreign !== null) {
    to.err(
      `${plain(folder)} holds ${plain(foreign)}, which is no part of an export. Name another folder.`
    )
    return exits.usage
  }
  const published = await latest(api, to)
  if (typeof published === 'number') return published
  const { head, checkpoint } = published
  const show = progress(to, countFiles(head.size))
  mkdirSync(folder, { recursive: true })
  const fetched = await fetchFiles({ api, folder, size: head.size, progress: show.at })
  show.end()
  if (!fetched.ok) {
    if (!to.json) to.err('What is there already is kept; the same command goes on from it.')
    return tell(to, fetched)
  }
  const wrong = await verify(folder, published)
  if (wrong !== null) return inconsistent(to, wrong)
  for (const path of stale(folder, head.size)) rmSync(join(folder, path))
  // those of before may hold what was erased since
  rmSync(join(folder, openingsPath), { force: true })
  const personal = options.openings === true ? await fetchOpenings(api, folder, head.size) : null
  if (personal?.ok === false) return tell(to, personal)
  writeWhole(join(folder, checkpointPath), checkpoint)
  const keyFile = keepKey(to, folder, published.keyText)
  const { fetched: files, kept } = fetched
  const openings = personal === null ? null : personal.openings
  report(to, { folder, head, files, kept, keyFile, openings })
  return openings !== null && openings.missing > 0 ? exits.refused : exits.done
}

/** Checkpoint and key of the broker, the one signed by the other. */
const latest = async (api: FileApi, to: Terminal): Promise<Published | ExitCode> => {
  const given = await patiently(() => api.bytes('/v1/ledger/key'))
  if (!given.ok) return tell(to, given)
  const keyText = textOf(given.bytes)?.trim() ?? ''
  const key = await parseVerifierKey(keyText, nodePrimitives)
  const signed = await patiently(() => api.bytes('/v1/ledger/checkpoint'))
  if (!signed.ok) return tell(to, signed)
  const opened = key && (await openCheckpoint(signed.bytes, [key], nodePrimitives))
  if (!key || !opened?.ok) {
    return inconsistent(to, {
      code: 'checkpoint_signature',
      detail: "not signed by the broker's own key"
    })
  }
  return { checkpoint: signed.bytes, head: opened.head, keyText, key }
}

type Wrong = { readonly code: string; readonly detail: string }

/** The files with the new checkpoint, the one exported before as an anchor. */
const verify = async (
  folder: string,
  { checkpoint, head, key }: Published
): Promise<Wrong | null> => {
  const reader = folderReader(folder)
  const earlier = join(folder, checkpointPath)
  const old = new Set(stale(folder, head.size))
  const over: ExportReader = {
    ...reader,
    read: (path, most) =>
      path === checkpointPath ? Buffer.from(checkpoint) : reader.read(path, most),
    paths: function* () {
      for (const path of pathsIn(folder, '')) if (!old.has(path)) yield { path, isFile: true }
    }
  }
  const anchors = existsSync(earlier) ? [readFileSync(earlier)] : []
  const verified = await verifyExport({ reader: over, keys: [key], anchors }, nodePrimitives)
  return verified.ok ? null : verified.fault
}

const inconsistent = (to: Terminal, { code, detail }: Wrong): ExitCode => {
  if (to.json) to.err(JSON.stringify({ code, detail }))
  else to.err(`${paint(to, 'red', 'NOT EXPORTED')}  ${code}: ${plain(detail)}`)
  return exits.refused
}

/** What an older, smaller export has and this one has not, and what was not written to its end. */
const stale = (folder: string, size: bigint): readonly string[] =>
  [...pathsIn(folder, '')].filter((path) => {
    if (path.endsWith(unfinished)) return true
    const tile = parseTilePath(path)
    return tile !== null && tile.width < 256 && !isPartOf(tile, size)
  })

function* pathsIn(folder: string, under: string): Generator<string> {
  for (const entry of readdirSync(join(folder, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isDirectory()) yield* pathsIn(folder, path)
    else yield path
  }
}

const parts = new Set([
  'tile',
  ...[checkpointPath, openingsPath].flatMap((name) => [name, `${name}${unfinished}`])
])

/** A name in the folder that no export has; null = it is an export, empty, or not there. */
const foreignTo = (folder: string): string | null => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return null
  if (!stat.isDirectory()) return 'something that is not a folder'
  return readdirSync(folder).find((name) => !parts.has(name)) ?? null
}

/** Writes the key beside the folder; one that is there is what somebody trusts, and is left. */
const keepKey = (to: Terminal, folder: string, keyText: string): string => {
  const file = join(dirname(resolve(folder)), 'ledger.vkey')
  if (!existsSync(file)) writeFileSync(file, `${keyText}\n`, { flag: 'wx' })
  else if (!readFileSync(file, 'utf8').split('\n').includes(keyText)) {
    to.err(`${plain(file)} has another key than the broker signs with now. It was left as it is.`)
  }
  return file
}

type Report = {
  readonly folder: string
  readonly head: TreeHead
  readonly files: number
  readonly kept: number
  readonly keyFile: string
  /** null = not asked for */
  readonly openings: Openings | null
}

const report = (to: Terminal, of: Report): void => {
  const { folder, head, files, kept, keyFile, openings } = of
  const { origin, size, root } = head
  if (to.json) {
    const about = { origin, size: String(size), root: base64(root) }
    to.out(
      JSON.stringify({ ok: true, folder, ...about, fetched: files, kept, key: keyFile, openings })
    )
    return
  }
  to.out(`${paint(to, 'green', 'exported')}  ${plain(origin)}  ${size} entries`)
  to.out(`root      ${base64(root)}`)
  to.out(`files     ${files} fetched, ${kept} there already`)
  if (openings !== null) {
    const { opened, erased, missing } = openings
    const told = `personal  ${opened} opened, ${erased} lawfully erased, ${missing} MISSING`
    to.out(missing > 0 ? paint(to, 'red', told) : told)
  }
  to.out(`next: sallyport ledger verify ${plain(folder)} --key ${plain(keyFile)} --strict`)
}

/** A line on a terminal that is rewritten; nothing elsewhere. */
const progress = (to: Terminal, all: number) => {
  const isShown = !to.json && process.stderr.isTTY
  return {
    at: (done: number): void => {
      if (isShown) process.stderr.write(`\r${done} of ${all} files`)
    },
    end: (): void => {
      if (isShown) process.stderr.write('\r\u001b[K')
    }
  }
}
