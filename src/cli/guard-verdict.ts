/**
 * A verdict for people: each refusal under the line of the query that it is about, with a caret.
 */
import type { Verdict } from '../sql/check.ts'
import type { Refusal } from '../sql/refusal.ts'
import { type Terminal, paint, plain, table, wrap } from './terminal.ts'

/** What is told of a refusal; the code is any text where it comes from a broker. */
export type PlacedRefusal = Pick<
  Refusal,
  'line' | 'column' | 'offset' | 'length' | 'message' | 'hint'
> & {
  readonly code: string
}

const widest = 96

/** What a query reads where it may run, else every reason why it may not. */
export const printVerdict = (to: Terminal, sql: string, verdict: Verdict): void => {
  if (verdict.decision === 'allow') {
    to.out(paint(to, 'green', 'allowed'))
    const rows = Object.entries(verdict.reads).map(([name, columns]) => [
      name,
      columns.length === 0 ? '(rows only)' : columns.join(', ')
    ])
    if (rows.length > 0) table(to, ['TABLE', 'COLUMNS'], rows)
    return
  }
  const { length } = verdict.refusals
  to.out(paint(to, 'red', `refused for ${length === 1 ? 'one reason' : `${length} reasons`}`))
  for (const refusal of verdict.refusals) printRefusal(to, sql, refusal)
}

/** The line with its caret, the reason, and what to do about it. */
export const printRefusal = (to: Terminal, sql: string, refusal: PlacedRefusal): void => {
  const { line, column, code, message, hint } = refusal
  const { text, indent, width } = excerptOf(sql, refusal)
  to.out('')
  to.out(`${paint(to, 'bold', plain(code))} at line ${line}, column ${column}`)
  to.out(`  ${text}`)
  to.out(`  ${' '.repeat(indent)}${paint(to, 'red', '^'.repeat(width))}`)
  for (const part of wrap(message, widest)) to.out(`  ${part}`)
  if (hint !== undefined) for (const part of wrap(`hint: ${hint}`, widest)) to.out(`  ${part}`)
}

/** The part of the line that fits, and where in it the refused stretch is; in code points. */
const excerptOf = (
  sql: string,
  { offset, length }: PlacedRefusal
): { readonly text: string; readonly indent: number; readonly width: number } => {
  const start = sql.lastIndexOf('\n', offset - 1) + 1
  const newline = sql.indexOf('\n', offset)
  const end = newline === -1 ? sql.length : newline
  // as much of the line as could be shown, for a line may be the whole text
  const from = Math.max(start, offset - 2 * widest)
  const before = Array.from(sql.slice(from, offset))
  const after = Array.from(sql.slice(offset, Math.min(end, offset + 4 * widest)))
  const last = Math.min(end, offset + length, offset + 2 * widest)
  const refused = Array.from(sql.slice(offset, last)).length
  const shown = before.slice(-Math.floor(widest / 2))
  const text = plain([...shown, ...after].slice(0, widest).join(''))
    .replaceAll('\t', ' ')
    .trimEnd()
  const width = Math.max(1, Math.min(refused, widest - shown.length))
  return { text, indent: shown.length, width }
}
