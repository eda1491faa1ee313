/**
 * A page of a list whose order stays as it is while it is read: the marker names the last entry, so
 * that one that goes in between neither hides nor repeats another. The text of a marker is AWS's
 * own business; who sends another is refused by the caller of this.
 */
export type Page<T> = {
  readonly items: readonly T[]
  /** absent on the last page */
  readonly next?: string
}

export type PageAsk<T> = {
  /** different for each entry */
  readonly name: (item: T) => string
  /** at least 1 */
  readonly size: number
  readonly marker: string | undefined
}

/** By name. Null: the marker is none of ours. */
export function pageOf<T>(items: readonly T[], { name, size, marker }: PageAsk<T>): Page<T> | null {
  const after = marker === undefined ? '' : nameOf(marker)
  if (after === null) return null
  const rest = items
    .filter((item) => name(item) > after)
    .toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
  const here = rest.slice(0, size)
  const last = here.at(-1)
  return here.length < rest.length && last !== undefined
    ? { items: here, next: markerOf(name(last)) }
    : { items: here }
}

function markerOf(name: string): string {
  return Buffer.from(`after ${name}`).toString('base64url')
}

function nameOf(marker: string): string | null {
  const text = Buffer.from(marker, 'base64url').toString()
  return text.startsWith('after ') && markerOf(text.slice(6)) === marker ? text.slice(6) : null
}
