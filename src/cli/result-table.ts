/**
 * The result of a query as a table that fits: widths from the first rows, numbers to the right,
 * what is too long cut with an ellipsis, columns for which there is no room left out and counted.
 * Values come from data that nobody has vouched for: control characters are shown, never obeyed.
 */
import { type Terminal, paint, plain } from './terminal.ts'

export type ResultColumn = {
  readonly name: string
  /** Athena's own name of the type, such as `bigint` or `decimal(12,2)` */
  readonly type: string
}

/** As Athena gives them: texts, and null for NULL. */
export type ResultRow = readonly (string | null)[]

export type ResultTable = {
  readonly head: () => void
  readonly rows: (rows: readonly ResultRow[]) => void
  /** columns for which there was no room */
  readonly leftOut: number
}

/**
 * A table whose widths fit the header and these first rows into so many cells of a terminal; later
 * rows keep them.
 */
export const resultTable = (
  to: Terminal,
  of: {
    readonly columns: readonly ResultColumn[]
    readonly first: readonly ResultRow[]
    readonly width: number
  }
): ResultTable => {
  const { columns, first, width } = of
  const wanted = columns.map(({ name }, n) =>
    Math.max(1, cells(shown(name)), ...first.map((row) => cells(valueOf(row[n]))))
  )
  const widths = fitted(wanted, width)
  const isRight = columns.map(({ type }) => numeric.test(type))
  const line = (texts: readonly string[]): string =>
    widths
      .map((most, n) => cell(texts[n] ?? '', most, isRight[n] === true))
      .join(gap)
      .trimEnd()
  return {
    head: () => {
      to.out(paint(to, 'dim', line(columns.map(({ name }) => shown(name)))))
      to.out(paint(to, 'dim', widths.map((most) => '─'.repeat(most)).join(gap)))
    },
    rows: (rows) => {
      for (const row of rows) to.out(line(row.map(valueOf)))
    },
    leftOut: columns.length - widths.length
  }
}

/** How many cells of a terminal a text takes: two for wide characters, none for marks. */
export const cells = (text: string): number => {
  let count = 0
  for (const character of text) count += cellsOf(character)
  return count
}

const gap = '  '
const narrowest = 4
const numeric = /^(tinyint|smallint|integer|int|bigint|real|float|double|decimal)\b/i
const noCell = /^[\p{Mn}\p{Me}\p{Cf}]$/u
// East Asian wide and full-width blocks, and pictographs (Unicode Standard Annex 11)
const twoCells =
  /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u

const cellsOf = (character: string): number =>
  character < '\u0300' ? 1 : noCell.test(character) ? 0 : twoCells.test(character) ? 2 : 1

const shown = (text: string): string => plain(text.replace(/[\r\n\t]+/g, ' '))

/** NULL and the text `NULL` differ only in other formats, and an empty text is empty. */
const valueOf = (value: string | null | undefined): string =>
  value === null || value === undefined ? 'NULL' : shown(value)

/** The widest are narrowed first; then columns from the end are left out. Never empty. */
const fitted = (wanted: readonly number[], width: number): readonly number[] => {
  const room = (count: number): number => width - gap.length * (count - 1)
  const smallest = wanted.map((one) => Math.min(one, narrowest))
  let count = wanted.length
  while (count > 1 && sum(smallest.slice(0, count)) > room(count)) count--
  const kept = wanted.slice(0, count)
  let most = Math.max(1, ...kept)
  const capped = (): readonly number[] => kept.map((one) => Math.min(one, most))
  while (most > 1 && sum(capped()) > room(count)) most--
  return spread(capped(), kept, room(count))
}

/** What rounding left over goes to the columns that were cut, one cell each. */
const spread = (
  widths: readonly number[],
  wanted: readonly number[],
  room: number
): readonly number[] => {
  let left = room - sum(widths)
  return widths.map((width, n) => {
    if (left <= 0 || width >= (wanted[n] ?? 0)) return width
    left--
    return width + 1
  })
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const cell = (text: string, width: number, isRight: boolean): string => {
  const kept = cells(text) > width ? cutTo(text, width) : text
  const padding = ' '.repeat(Math.max(0, width - cells(kept)))
  return isRight ? padding + kept : kept + padding
}

const cutTo = (text: string, width: number): string => {
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = cellsOf(character)
    if (used + next > width - 1) break
    kept += character
    used += next
  }
  return `${kept}…`
}
