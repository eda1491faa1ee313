/**
 * A report as CSV (RFC 4180), one finding per row. Spreadsheets run cells that begin with = + - @
 * tab or carriage return as formulas: such a cell begins with an apostrophe.
 */
import { iso } from '../elevation/ids.ts'
import type { Reported, Report } from './report.ts'

const columns: readonly (readonly [name: string, cell: (one: Reported) => string])[] = [
  ['severity', ({ finding }) => finding.severity],
  ['code', ({ finding }) => finding.code],
  ['title', ({ finding }) => finding.title],
  ['resource', ({ finding }) => finding.resource],
  ['targets', ({ finding }) => finding.targets.join(' ')],
  ['owner', ({ finding }) => finding.owner ?? ''],
  ['shows', ({ finding }) => finding.shows],
  ['why', ({ finding }) => finding.why],
  ['mend', ({ finding }) => finding.mend.cli.join(' && ')],
  ['firstSeen', ({ firstSeen }) => iso(firstSeen)],
  ['lastSeen', ({ lastSeen }) => iso(lastSeen)],
  ['waiver', ({ finding }) => finding.waiver?.state ?? ''],
  ['waivedBy', ({ finding }) => finding.waiver?.by ?? ''],
  ['waivedUntil', ({ finding }) => finding.waiver?.until ?? ''],
  ['id', ({ finding }) => finding.id]
]

/** A header and a row per finding, each line with CRLF. */
export const reportCsv = ({ findings }: Report): string =>
  [columns.map(([name]) => name), ...findings.map((one) => columns.map(([, cell]) => cell(one)))]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('')

/** One field of RFC 4180; what a spreadsheet would run begins with an apostrophe. */
export const csvCell = (text: string): string => {
  const safe = /^[\s\p{Cc}]*[=+\-@]|^[\t\r]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
