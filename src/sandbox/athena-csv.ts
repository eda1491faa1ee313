/**
 * Athena's result file: CSV with every value quoted, a header row first, and null as an empty
 * field without quotes (an empty text is `""`). Source: Amazon Athena User Guide, "Work with query
 * results".
 */
export type CsvRow = readonly (string | null)[]

/** Rows as text, one per line, `\n` after each. */
export function writeCsv(rows: readonly CsvRow[]): string {
  return rows.map((row) => `${row.map(writeField).join(',')}\n`).join('')
}

/** The rows of a text that `writeCsv` made. Throws RangeError for any other text. */
export function readCsv(text: string): readonly CsvRow[] {
  const rows: CsvRow[] = []
  let row: (string | null)[] = []
  const field = /(?:"((?:[^"]|"")*)")?([,\n])/y
  while (field.lastIndex < text.length) {
    const match = field.exec(text)
    if (match === null) throw new RangeError('not a result file')
    row.push(match[1]?.replaceAll('""', '"') ?? null)
    if (match[2] === '\n') {
      rows.push(row)
      row = []
    }
  }
  return rows
}

function writeField(value: string | null): string {
  return value === null ? '' : `"${value.replaceAll('"', '""')}"`
}
