/**
 * `ledger verify`: an exported ledger against its key, offline. It reads nothing but the folder,
 * the key and the anchors that are named, follows no symbolic link, and takes what it reads for
 * hostile.
 */
import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { base64, textOf } from '../ledger/bytes.ts'
import {
  type ExportReader,
  type Found,
  type Listed,
  openingsPath
} from '../ledger/export-reader.ts'
import { type WitnessKey, parseWitnessKey } from '../ledger/cosignature.ts'
import type { Fault } from '../ledger/fault.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { type VerifierKey, parseVerifierKey } from '../ledger/note.ts'
import { type Verified, verifyExport } from '../ledger/verify.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type VerifyOptions = {
  readonly key: readonly string[]
  readonly anchor: readonly string[]
  readonly witness?: readonly string[]
  readonly strict?: boolean
}

/** Exit 0 where everything holds, 1 where something does not, 2 where it could not be tried. */
export const ledgerVerify = async (
  to: Terminal,
  folder: string,
  options: VerifyOptions
): Promise<ExitCode> => {
  const keys = await readKeys(options.key)
  if (keys === null) return usage(to, '--key is a verifier key, NAME+ID+BASE64, or a file of them.')
  const anchors = options.anchor.map(readSmall)
  if (!areRead(anchors)) return usage(to, '--anchor is a file that holds a checkpoint.')
  const witnesses = await readWitnesses(options.witness ?? [])
  if (witnesses === null) return usage(to, '--witness is the key of a witness, NAME+ID+BASE64.')
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return usage(to, `${plain(folder)} is not a folder.`)
  const show = progress(to)
  const of = {
    reader: folderReader(folder),
    keys,
    anchors,
    witnesses,
    strict: options.strict === true
  }
  const verified = await verifyExport({ ...of, progress: show.at }, nodePrimitives)
  show.end()
  tell(to, verified)
  return verified.ok ? exits.done : exits.refused
}

/**
 * An export in a folder. Only regular files are opened; a link anywhere in it is told, not
 * followed.
 */
export const folderReader = (folder: string): ExportReader => ({
  read: (path, most) => readRegular(join(folder, path), most),
  paths: () => listed(folder, ''),
  openings: () => {
    const file = join(folder, openingsPath)
    if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return null
    return createInterface({ input: createReadStream(file, { encoding: 'utf8' }) })
  }
})

const readRegular = (file: string, most: number): Found => {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    return faultOf(error)
  }
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile()) return 'not_regular'
    if (stat.size > most) return 'too_large'
    const bytes = Buffer.allocUnsafeSlow(stat.size)
    let at = 0
    while (at < bytes.length) {
      const got = readSync(handle, bytes, at, bytes.length - at, at)
      if (got === 0) break
      at += got
    }
    return bytes.subarray(0, at)
  } finally {
    closeSync(handle)
  }
}

const faultOf = (error: unknown): Found => {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
  if (code === 'ELOOP' || code === 'ENXIO') return 'not_regular'
  throw error
}

function* listed(folder: string, under: string): Generator<Listed> {
  for (const entry of readdirSync(join(folder, under), { withFileTypes: true })) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isDirectory()) yield* listed(folder, path)
    else yield { path, isFile: entry.isFile() }
  }
}

const readKeys = async (texts: readonly string[]): Promise<readonly VerifierKey[] | null> => {
  const keys: VerifierKey[] = []
  for (const text of texts) {
    const given = await parseVerifierKey(text, nodePrimitives)
    const lines = given ? [text] : (fileText(text)?.split('\n') ?? [])
    for (const line of lines.map((one) => one.trim()).filter((one) => one !== '')) {
      const key = await parseVerifierKey(line, nodePrimitives)
      if (key === null) return null
      if (!keys.some(({ name, id }) => name === key.name && id === key.id)) keys.push(key)
    }
  }
  return keys.length > 0 ? keys : null
}

const readWitnesses = async (texts: readonly string[]): Promise<readonly WitnessKey[] | null> => {
  const keys = await Promise.all(
    texts.map((text) => parseWitnessKey((fileText(text) ?? text).trim(), nodePrimitives))
  )
  return keys.every((key) => key !== null) ? keys : null
}

const fileText = (file: string): string | null => {
  const bytes = readSmall(file)
  return bytes === null ? null : textOf(bytes)
}

/** A file that whoever verifies has named, which may be a link or a pipe. */
const readSmall = (file: string): Uint8Array | null => {
  try {
    return readFileSync(file)
  } catch {
    return null
  }
}

const areRead = (files: readonly (Uint8Array | null)[]): files is readonly Uint8Array[] =>
  !files.includes(null)

const usage = (to: Terminal, text: string): ExitCode => {
  to.err(text)
  return exits.usage
}

type Progress = {
  readonly at: (done: bigint, size: bigint) => void
  readonly end: () => void
}

/** A line on a terminal that is rewritten at most at every hundredth part; nothing elsewhere. */
const progress = (to: Terminal): Progress => {
  if (to.json || !process.stderr.isTTY) return { at: () => undefined, end: () => undefined }
  let shown = -1
  return {
    at: (done, size) => {
      const percent = Number((done * 100n) / size)
      if (percent === shown) return
      shown = percent
      process.stderr.write(`\r${percent} %  ${done} of ${size} entries`)
    },
    end: () => void process.stderr.write('\r\u001b[K')
  }
}

const tell = (to: Terminal, verified: Verified): void => {
  if (to.json) {
    to.out(JSON.stringify(verified.ok ? documentOf(verified) : faultDocument(verified.fault)))
  } else if (verified.ok) {
    tellGood(to, verified)
  } else {
    tellFault(to, verified.fault)
  }
}

const documentOf = (good: Extract<Verified, { readonly ok: true }>) => {
  const { head, signedBy, strict, keyChanges, anchors, cosigned, personal } = good
  return {
    ok: true,
    origin: head.origin,
    size: String(head.size),
    root: base64(head.root),
    signedBy: signedBy.map(({ name, id }) => `${name}+${id}`),
    strict,
    keyChanges,
    anchors,
    cosigned: cosigned.map(({ key, time }) => ({ by: `${key.witness}+${key.id}`, at: iso(time) })),
    personal
  }
}

const faultDocument = ({ code, detail, entries, path }: Fault) => ({
  ok: false,
  code,
  detail,
  firstBad: entries === null ? null : String(entries.first),
  lastBad: entries === null ? null : String(entries.last),
  path
})

const tellGood = (to: Terminal, good: Extract<Verified, { readonly ok: true }>): void => {
  const { head, signedBy, strict, keyChanges, anchors, cosigned, personal } = good
  to.out(`${paint(to, 'green', 'verified')}  ${plain(head.origin)}  ${head.size} entries`)
  to.out(`root      ${base64(head.root)}`)
  to.out(`signed by ${signedBy.map(({ name, id }) => `${plain(name)}+${id}`).join(', ')}`)
  for (const { key, time } of cosigned) to.out(`cosigned  ${plain(key.witness)} at ${iso(time)}`)
  if (keyChanges > 0) to.out(`keys      changed ${keyChanges} times, each signed by both`)
  if (personal) {
    to.out(`personal  ${personal.opened} opened, ${personal.erased} lawfully erased, 0 MISSING`)
  } else if (strict) {
    to.out(paint(to, 'dim', 'No openings.jsonl: whether values are there was not looked at.'))
  }
  if (anchors > 0) to.out(`anchors   ${anchors} in agreement`)
  if (!strict) to.out(paint(to, 'dim', 'Hashes only. --strict also reads every entry.'))
  if (anchors === 0) {
    to.out(paint(to, 'dim', 'Without --anchor nobody can tell whether newer entries were cut off.'))
  }
}

/** POSIX seconds; a time no calendar of ours reaches is told as it is. */
const iso = (time: bigint): string =>
  time < 253_402_300_800n ? new Date(Number(time) * 1000).toISOString() : `${time} s`

const tellFault = (to: Terminal, { code, detail, entries, path }: Fault): void => {
  to.out(`${paint(to, 'red', 'NOT VERIFIED')}  ${code}: ${plain(detail)}`)
  if (path !== null) to.out(`file      ${plain(path)}`)
  if (entries === null) return
  const { first, last } = entries
  to.out(first === last ? `entry     ${first}` : `entries   ${first} to ${last}`)
}
