/**
 * `evidence`: what happened under an elevation or within a time, as one HTML file that carries its
 * proofs and its check, or the same as JSON. `evidence --verify FILE --key KEY` checks such a file
 * here, without the broker, with a key that whoever checks brings along.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { bundle, type ReadModule } from '../evidence/bundle.ts'
import { type Checked, checkPack } from '../evidence/check.ts'
import { jsonIn, packFile, packJson } from '../evidence/file.ts'
import { parsePack } from '../evidence/pack.ts'
import type { Pack } from '../evidence/pack-types.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { readCompiled } from '../start/compiled.ts'
import { type Api, tell } from './api.ts'
import { type ExitCode, exits } from './exit.ts'
import { type Terminal, paint, plain } from './terminal.ts'

export type EvidenceOptions = {
  readonly elevation?: string
  readonly from?: string
  readonly to?: string
  readonly format?: string
  readonly out?: string
  readonly wholePolicy?: boolean
}

export type VerifyOptions = { readonly verify: string; readonly key: string }

/** Exit 0 with the file written, 2 for bad options, the refusal's code otherwise. */
export const evidence = async (
  api: Pick<Api, 'get'>,
  to: Terminal,
  options: EvidenceOptions,
  read: ReadModule = readCompiled
): Promise<ExitCode> => {
  const asked = queryOf(options)
  if (typeof asked === 'string') return usage(to, asked)
  const { format = 'html', out } = options
  if (format !== 'html' && format !== 'json') return usage(to, '--format is html or json')
  const answer = await api.get(`/v1/ledger/evidence?${asked}`)
  if (!answer.ok) return tell(to, answer)
  const pack = parsePack(answer.body)
  if (pack === null) {
    const detail = 'The broker answered with something that is no evidence pack.'
    const problem = { code: 'pack_malformed', title: 'No evidence', detail }
    return tell(to, { ok: false, exit: exits.refused, problem })
  }
  const text = format === 'json' ? packJson(pack) : await fileOf(pack, read)
  if (out === undefined) {
    to.out(text.replace(/\n$/, ''))
    return exits.done
  }
  writeOwn(out, text)
  const { length: count } = pack.entries
  const entries = count === 1 ? '1 entry' : `${count} entries`
  to.out(
    to.json
      ? JSON.stringify({ file: out, format, entries: count, bytes: Buffer.byteLength(text) })
      : `${plain(out)}: ${entries} with their proofs. It has personal data in it.`
  )
  return exits.done
}

/** Exit 0 where all of it is proved with this key, 1 otherwise with every fault. */
export const verifyEvidence = async (
  to: Terminal,
  { verify, key }: VerifyOptions
): Promise<ExitCode> => {
  const pack = packIn(readText(verify))
  if (pack === null) {
    to.err(`${plain(verify)}: it is no evidence pack (pack_malformed)`)
    return exits.refused
  }
  const checked = await checkPack(pack, keyOf(key), nodePrimitives)
  const { faults, proved, entries, opened, erased, head } = checked
  if (to.json) to.out(JSON.stringify(documentOf(checked)))
  for (const { index, code, detail } of to.json ? [] : faults) {
    const where = index === null ? 'the file' : `entry ${index}`
    to.err(`${paint(to, 'red', where)}: ${plain(detail)} (${code})`)
  }
  if (faults.length > 0) return exits.refused
  if (!to.json) {
    to.out(
      `all ${proved} of ${entries} entries are in the tree of ${head?.size ?? 0n} that the key signed`
    )
    to.out(`${opened} values fit their commitments, ${erased} were erased lawfully`)
    to.out('whether any entry is left out, only the whole ledger shows: sallyport ledger verify')
  }
  return exits.done
}

const documentOf = ({ head, key, ...rest }: Checked) => ({
  ok: rest.faults.length === 0,
  ...rest,
  key: key && `${key.name}+${key.id}`,
  head: head && { origin: head.origin, size: String(head.size) }
})

const fileOf = (pack: Pack, read: ReadModule): Promise<string> =>
  packFile(pack, bundle('evidence/browser-check.js', read), nodePrimitives)

const packIn = (text: string | null): Pack | null => {
  if (text === null) return null
  try {
    return parsePack(JSON.parse(jsonIn(text) ?? text))
  } catch {
    return null
  }
}

const readText = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** A key as text, or a file that holds it, as `ledger verify` takes it. */
const keyOf = (key: string): string => (key.includes('+') ? key : (readText(key)?.trim() ?? key))

/** For nobody else to read, and under its name when it is whole. */
const writeOwn = (file: string, text: string): void => {
  const part = `${file}.part`
  rmSync(part, { force: true })
  writeFileSync(part, text, { mode: 0o600, flag: 'wx' })
  renameSync(part, file)
}

const queryOf = ({
  elevation,
  from,
  to,
  wholePolicy
}: EvidenceOptions): string | URLSearchParams => {
  const whole: Readonly<Record<string, string>> =
    wholePolicy === true ? { wholePolicy: 'true' } : {}
  if (elevation !== undefined && from === undefined && to === undefined) {
    return new URLSearchParams({ elevation, ...whole })
  }
  if (elevation !== undefined || from === undefined || to === undefined) {
    return 'give either --elevation ID, or --from and --to'
  }
  const [begin, end] = [instantOf(from), instantOf(to)]
  if (begin === null || end === null)
    return '--from and --to are UTC: 2026-11-21 or 2026-11-21T10:15:00Z'
  return begin < end
    ? new URLSearchParams({ from: begin, to: end, ...whole })
    : '--from is before --to'
}

const forms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/

const instantOf = (text: string): string | null => {
  const at = forms.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : new Date(at).toISOString()
}

const usage = (to: Terminal, why: string): ExitCode => {
  to.err(why)
  return exits.usage
}
