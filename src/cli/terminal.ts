/**
 * What people see: colour only on a terminal (and never where NO_COLOR is set), tables that fit
 * 100 columns, errors on stderr. With `--json` only documents reach stdout.
 */
export type Terminal = {
  readonly json: boolean
  readonly colour: boolean
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

const codes = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const
const widest = 100

/** The process's own terminal. Whoever closes the pipe, as `head` does, has seen enough. */
export const terminal = (options: { readonly json: boolean }): Terminal => {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    json: options.json,
    colour: process.stdout.isTTY && !process.env['NO_COLOR'] && !options.json,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`)
  }
}

export const paint = (to: Terminal, colour: keyof typeof codes, text: string): string =>
  to.colour ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text

/** Control characters of whatever came from elsewhere are shown, not obeyed. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')

/** Rows under a header, columns two spaces apart; the widest column is cut so that a line fits. */
export const table = (
  to: Terminal,
  header: readonly string[],
  rows: readonly (readonly string[])[]
): void => {
  const all = [header, ...rows].map((row) => row.map(plain))
  const widths = header.map((_, n) => Math.max(...all.map((row) => row[n]?.length ?? 0)))
  const spare = widest - 2 * (header.length - 1) - widths.reduce((sum, width) => sum + width, 0)
  const longest = widths.indexOf(Math.max(...widths))
  if (spare < 0) widths[longest] = Math.max(8, (widths[longest] ?? 0) + spare)
  const line = (row: readonly string[]): string =>
    row.map((cell, n) => cut(cell, widths[n] ?? 0)).join('  ').trimEnd()
  for (const [n, row] of all.entries()) to.out(n === 0 ? paint(to, 'dim', line(row)) : line(row))
}

/** Breaks a text at spaces into lines of at most `width` characters. */
export const wrap = (text: string, width: number): readonly string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of plain(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

const cut = (cell: string, width: number): string =>
  cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width)
