/**
 * Issues at a place in a document, and hints for names that were nearly right.
 */
import { type Path, type SourceDocument, printPath } from './document.ts'
import type { PolicyIssue } from './policy.ts'

/** A place an issue can point at. */
export type Place = { readonly document: SourceDocument; readonly path: Path }

/** An error at this place. */
export const errorAt = (
  { document, path }: Place,
  code: PolicyIssue['code'],
  message: string
): PolicyIssue => ({
  file: document.file,
  line: document.lineOf(path),
  path: printPath(path),
  code,
  severity: 'error',
  message
})

/** The same, loadable but worth a look. */
export const warningAt = (
  place: Place,
  code: PolicyIssue['code'],
  message: string
): PolicyIssue => ({ ...errorAt(place, code, message), severity: 'warning' })

/** Text of a document inside a message: quoted, escaped, at most 80 characters. */
export const quote = (value: unknown): string => {
  const printed = JSON.stringify(value) ?? 'nothing'
  return printed.length > 80 ? `${printed.slice(0, 77)}...` : printed
}

/** `, did you mean "x"?` where a known name is at most a third of its letters away; else empty. */
export const hint = (name: string, known: Iterable<string>): string => {
  if (name.length > 63) return ''
  let nearest: { readonly candidate: string; readonly distance: number } | null = null
  for (const candidate of known) {
    const most = Math.max(1, Math.floor(candidate.length / 3))
    if (Math.abs(candidate.length - name.length) > most) continue
    const distance = editDistance(name, candidate)
    if (distance > most || (nearest !== null && !isNearer(candidate, distance, nearest))) continue
    nearest = { candidate, distance }
  }
  return nearest === null ? '' : `, did you mean ${quote(nearest.candidate)}?`
}

const isNearer = (
  candidate: string,
  distance: number,
  than: { readonly candidate: string; readonly distance: number }
): boolean =>
  distance < than.distance || (distance === than.distance && candidate < than.candidate)

/** The likeliest slip, nearer than any single other. */
const swap = 0.75

/** Insertions, deletions and replacements of one character, and swaps of two neighbours. */
const editDistance = (from: string, to: string): number => {
  let twoAbove: readonly number[] = []
  let above: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [row, letter] of from.split('').entries()) {
    const line = [row + 1]
    for (const [column, other] of to.split('').entries()) {
      const replaced = (above[column] ?? 0) + Number(letter !== other)
      const isSwap = letter === to[column - 1] && other === from[row - 1]
      const swapped = isSwap ? (twoAbove[column - 1] ?? 0) + swap : replaced
      line.push(Math.min(replaced, swapped, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1))
    }
    twoAbove = above
    above = line
  }
  return above.at(-1) ?? 0
}
