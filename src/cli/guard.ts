/**
 * `guard`: whether queries may run under a guardrail, with no broker and no AWS: one statement on
 * stdin, or JSON lines `{"id","sql"}`. A verdict a line; on a terminal the line of the query with a
 * caret under each place. Refused as wrong usage, by file and place: what is no catalog or
 * guardrail.
 */
import { readFile } from 'node:fs/promises'
import { maxFileBytes, readDocument } from '../policy/document.ts'
import { fits } from '../policy/fits.ts'
import { GuardrailDocument } from '../policy/guardrail-schema.ts'
import { guardrailIssues, guardrailOf } from '../policy/guardrails.ts'
import type { PolicyIssue } from '../policy/policy.ts'
import { shapeIssues } from '../policy/shape.ts'
import { type Catalog, parseCatalog } from '../sql/catalog.ts'
import { type Verdict, check } from '../sql/check.ts'
import type { Guardrail } from '../sql/restrictions.ts'
import { type ExitCode, exits } from './exit.ts'
import { printVerdict } from './guard-verdict.ts'
import type { Terminal } from './terminal.ts'

export type GuardOptions = {
  readonly catalog: string
  readonly guardrail: string
  readonly jsonl?: boolean
  /** stdin */
  readonly input: AsyncIterable<Uint8Array | string>
  /** whether somebody looks at stdout */
  readonly isTerminal: boolean
}

/**
 * Exit 0 where every statement may run, 1 where one may not, 2 where a file or stdin is no such
 * thing.
 */
export const guard = async (to: Terminal, options: GuardOptions): Promise<ExitCode> => {
  const catalog = await catalogIn(options.catalog)
  const guardrail = await guardrailIn(options.guardrail)
  const wrong = [...(catalog.ok ? [] : catalog.lines), ...(guardrail.ok ? [] : guardrail.lines)]
  for (const line of wrong) to.err(line)
  if (!catalog.ok || !guardrail.ok) return exits.usage
  const rules = { catalog: catalog.value, guardrail: guardrail.value }
  const bytes = await bytesOf(options.input)
  if (options.jsonl === true) return guardLines(to, bytes, rules)
  const sql = textOf(bytes)
  if (sql === null) return wrongInput(to, 'stdin is not UTF-8')
  const verdict = check({ sql, ...rules })
  if (options.isTerminal && !to.json) printVerdict(to, sql, verdict)
  else to.out(lineOf(null, verdict))
  return verdict.decision === 'allow' ? exits.done : exits.refused
}

type Rules = { readonly catalog: Catalog; readonly guardrail: Guardrail }

const guardLines = (to: Terminal, bytes: Buffer, rules: Rules): ExitCode => {
  let exit: ExitCode = exits.done
  let number = 0
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start)
    const end = newline === -1 ? bytes.length : newline
    const text = textOf(bytes.subarray(start, end))
    start = end + 1
    number++
    if (text === null) return wrongInput(to, `stdin, line ${number}: not UTF-8`)
    if (text.trim() === '') continue
    const statement = statementIn(text)
    if (statement === null) {
      return wrongInput(to, `stdin, line ${number}: must be {"id": …, "sql": "…"}`)
    }
    const verdict = check({ sql: statement.sql, ...rules })
    to.out(lineOf(statement.id, verdict))
    if (verdict.decision === 'refuse') exit = exits.refused
  }
  return exit
}

type Id = string | number | null

const statementIn = (text: string): { readonly id: Id; readonly sql: string } | null => {
  const parsed = json(text)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return null
  const { id = null, sql }: { id?: unknown; sql?: unknown } = parsed.value
  if (typeof sql !== 'string') return null
  return typeof id === 'string' || typeof id === 'number' || id === null ? { id, sql } : null
}

const lineOf = (id: Id, { decision, refusals, reads }: Verdict): string =>
  JSON.stringify({ id, decision, refusals, reads })

const wrongInput = (to: Terminal, line: string): ExitCode => {
  to.err(line)
  return exits.usage
}

type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly lines: readonly string[] }

const catalogIn = async (file: string): Promise<Read<Catalog>> => {
  const text = await fileText(file)
  if (!text.ok) return text
  const parsed = json(text.value)
  if (!parsed.ok) return { ok: false, lines: [`${file}: not JSON: ${parsed.message}`] }
  const catalog = parseCatalog(parsed.value)
  if (catalog.ok) return { ok: true, value: catalog.catalog }
  const lines = catalog.faults.map(({ path, message }) => {
    return `${file}: ${path === '' ? 'the catalog' : path} ${message}`
  })
  return { ok: false, lines }
}

/** The document of `policies/guardrails/`; alone it needs no name. */
const guardrailIn = async (file: string): Promise<Read<Guardrail>> => {
  const text = await fileText(file)
  if (!text.ok) return text
  const source = readDocument({ path: file, text: text.value })
  if (!source.ok) return { ok: false, lines: source.issues.map(issueLine) }
  const { value } = source.document
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  const named: unknown = isMapping ? { guardrail: 'guard', ...value } : value
  const document = { ...source.document, value: named }
  const issues = [
    ...shapeIssues(document, GuardrailDocument),
    // tables are looked up in the catalog of this command, not among targets
    ...guardrailIssues([document], []).filter(({ code }) => code === 'contradiction')
  ]
  if (issues.length === 0 && fits(GuardrailDocument, named)) {
    return { ok: true, value: guardrailOf(named) }
  }
  return { ok: false, lines: issues.map(issueLine) }
}

const issueLine = ({ file, line, path, message }: PolicyIssue): string =>
  [line > 0 ? `${file}:${line}` : file, path, message].filter((part) => part !== '').join(': ')

const maxCatalogBytes = 64 * maxFileBytes

const fileText = async (file: string): Promise<Read<string>> => {
  try {
    const bytes = await readFile(file)
    if (bytes.length > maxCatalogBytes) return { ok: false, lines: [`${file}: larger than 64 MiB`] }
    const text = textOf(bytes)
    return text === null
      ? { ok: false, lines: [`${file}: not UTF-8`] }
      : { ok: true, value: text }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read'
    return { ok: false, lines: [`${file}: ${code}`] }
  }
}

type Json =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string }

const json = (text: string): Json => {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'no value' }
  }
}

const bytesOf = async (input: GuardOptions['input']): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  return Buffer.concat(chunks)
}

/** A byte order mark stays: it is no white space of the grammar. */
const textOf = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
