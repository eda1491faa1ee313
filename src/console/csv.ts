/** Rows as CSV (RFC 4180): CRLF, quotes doubled; NULL is empty, an empty text is `""`. */

/** One line, its end included. */
export const csvLine = (values: readonly (string | null)[]): string =>
  `${values.map(csvValue).join(',')}\r\n`

const csvValue = (value: string | null): string => {
  if (value === null) return ''
  return value === '' || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}
