/**
 * The text of a query: where it comes from, and why it may not run, each reason under its line. A
 * text is taken to the byte: what is checked is what runs, and what an ask is bound to.
 */
import { readFile } from 'node:fs/promises'
import { type Json, type Refused, objectOf, tell, text } from './api.ts'
import type { ExitCode } from './exit.ts'
import { type PlacedRefusal, printRefusal } from './guard-verdict.ts'
import { type Terminal, paint } from './terminal.ts'

export type SqlRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly line: string }

/** The text of a file; of stdin for `-`. */
export const sqlIn = async (file: string): Promise<SqlRead> => {
  const name = file === '-' ? 'stdin' : file
  try {
    const bytes = file === '-' ? await bytesOf(process.stdin) : await readFile(file)
    if (bytes.length > mostBytes) return { ok: false, line: `${name}: no query is that long` }
    return { ok: true, text: utf8.decode(bytes) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read'
    return { ok: false, line: `${name}: ${code}` }
  }
}

/** Each refusal under its line; what is about no place of the text is told as any refusal is. */
export const tellRefused = (to: Terminal, sql: string, answer: Refused): ExitCode => {
  const found = refusalsIn(answer.problem)
  if (to.json || found.length === 0) return tell(to, answer)
  const onStderr = { ...to, out: to.err }
  const count = found.length === 1 ? 'one reason' : `${found.length} reasons`
  to.err(paint(to, 'red', `refused for ${count}; nothing was run`))
  for (const refusal of found.slice(0, mostShown)) printRefusal(onStderr, sql, refusal)
  const more = found.length - mostShown
  if (more > 0) to.err(`\nand ${more} more`)
  return answer.exit
}

/** Far more than the broker takes, so that it is the one to say so. */
const mostBytes = 1_048_576
const mostShown = 20
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const bytesOf = async (input: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  return Buffer.concat(chunks)
}

/** In the order of the text; what has no place in it is left out. */
const refusalsIn = (problem: Json): readonly PlacedRefusal[] => {
  const { refusals } = problem
  return (Array.isArray(refusals) ? refusals : []).map(objectOf).flatMap((one) => {
    const [line, column, offset, length] = places.map((name) => one[name])
    if (!isPlace(line) || !isPlace(column) || !isPlace(offset) || !isPlace(length)) return []
    const hint = text(one['hint'])
    const said = { code: text(one['code']), message: text(one['message']) }
    return [{ ...said, line, column, offset, length, ...(hint === '' ? {} : { hint }) }]
  })
}

const places = ['line', 'column', 'offset', 'length'] as const

const isPlace = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
