/**
 * Rows as JSON lines (an object a line; NULL is null, every other value a text, so that no number
 * loses a digit) and as CSV (RFC 4180: CRLF, quotes doubled; NULL is empty, an empty text `""`).
 */
import type { ResultColumn } from '../ports-queries.ts'

export type Values = readonly (string | null)[]

export type RowLines = {
  /** as callers accept it */
  readonly name: string
  /** as it is answered */
  readonly type: string
  readonly head: (columns: readonly ResultColumn[]) => string
  readonly row: (columns: readonly ResultColumn[], values: Values) => string
}

export const jsonLines: RowLines = {
  name: 'application/x-ndjson',
  type: 'application/x-ndjson',
  head: () => '',
  row: (columns, values) => {
    const names = memberNames(columns)
    const members = names.map((name, n) => `${name}:${JSON.stringify(values[n] ?? null)}`)
    return `{${members.join(',')}}\n`
  }
}

export const csvLines: RowLines = {
  name: 'text/csv',
  type: 'text/csv; charset=utf-8',
  head: (columns) => csvLine(columns.map(({ name }) => name)),
  row: (_columns, values) => csvLine(values)
}

const csvLine = (values: Values): string => `${values.map(csvValue).join(',')}\r\n`

const csvValue = (value: string | null): string => {
  if (value === null) return ''
  return value === '' || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

const namesOf = new WeakMap<readonly ResultColumn[], readonly string[]>()

/** As JSON texts. SQL may name two columns alike: the second `a` becomes `a_2`. */
const memberNames = (columns: readonly ResultColumn[]): readonly string[] => {
  const known = namesOf.get(columns)
  if (known !== undefined) return known
  const taken = new Set<string>()
  const names = columns.map(({ name }) => {
    let free = name
    for (let n = 2; taken.has(free); n++) free = `${name}_${n}`
    taken.add(free)
    return JSON.stringify(free)
  })
  namesOf.set(columns, names)
  return names
}
