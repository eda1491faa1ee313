/**
 * A report as CSV (RFC 4180), one finding per row and, where it was given, one month of a key; a
 * first column then tells them apart. Spreadsheets run cells that begin with = + - @
 * tab or carriage return as formulas: such a cell begins with an apostrophe.
 */
import { iso } from '../elevation/ids.ts'
import type { Reported, Report } from './report.ts'
import type { KeyUse } from './use-file.ts'

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

const useColumns: readonly (readonly [name: string, cell: (one: KeyUse) => string])[] = [
  ['month', ({ month }) => month],
  ['costCenter', ({ costCenter }) => costCenter],
  ['key', ({ key }) => key],
  ['requests', ({ requests }) => String(requests)],
  ['withoutBucketKey', ({ withoutBucketKey }) => String(withoutBucketKey)],
  ['cost', ({ cost }) => cost.toFixed(6)],
  ['elevations', ({ elevations }) => String(elevations)]
]

/** A header and a row per finding, each line with CRLF. */
export const reportCsv = ({ findings, use }: Report): string => {
  const names = columns.map(([name]) => name)
  const rows = findings.map((one) => columns.map(([, cell]) => cell(one)))
  return use === null ? linesOf([names, ...rows]) : linesOf(withUse([names, ...rows], use))
}

const withUse = (
  [names = [], ...rows]: readonly (readonly string[])[],
  use: readonly KeyUse[]
): readonly (readonly string[])[] => {
  const noUse = useColumns.map(() => '')
  // what both have stands in one column
  const shared: Readonly<Record<string, (one: KeyUse) => string>> = {
    targets: ({ targets }) => targets.join(' ')
  }
  return [
    ['record', ...names, ...useColumns.map(([name]) => name)],
    ...rows.map((cells) => ['finding', ...cells, ...noUse]),
    ...use.map((one) => [
      'key use',
      ...names.map((name) => shared[name]?.(one) ?? ''),
      ...useColumns.map(([, cell]) => cell(one))
    ])
  ]
}

const linesOf = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('')

/** One field of RFC 4180; what a spreadsheet would run begins with an apostrophe. */
export const csvCell = (text: string): string => {
  const safe = /^[\s\p{Cc}]*[=+\-@]|^[\t\r]/u.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
