/**
 * Listings page by page, and many questions at once. A listing that breaks off keeps the pages that
 * came, beside the gap that says where; one that does not end is a gap too.
 */
import type { Answer, Question, Scan } from './posture-scan.ts'

export type Listing<P, T> = Pick<Question<P>, 'call' | 'resource' | 'absent'> & {
  readonly send: (
    token: string | undefined,
    options: { readonly abortSignal: AbortSignal }
  ) => Promise<P>
  readonly items: (page: P) => readonly T[] | undefined
  /** of the page after; undefined or empty = this is the last */
  readonly next: (page: P) => string | undefined
}

const mostPages = 10_000

export type Listed<T> = {
  readonly items: readonly T[]
  /** false: there is more than these, and a gap says so */
  readonly isWhole: boolean
}

/** Every page that comes. */
export const listAll = async <P, T>(scan: Scan, listing: Listing<P, T>): Promise<Listed<T>> => {
  const { call, resource, absent } = listing
  const items: T[] = []
  let token: string | undefined
  for (let pages = 0; pages < mostPages; pages++) {
    const from = token
    const page: Answer<P> = await scan.ask({
      call,
      resource,
      ...(absent === undefined ? {} : { absent }),
      send: (options) => listing.send(from, options)
    })
    if (!page.ok) return { items, isWhole: page.isAbsent }
    items.push(...(listing.items(page.value) ?? []))
    const next = listing.next(page.value)
    if (next === undefined || next === '') return { items, isWhole: true }
    if (next === token) break
    token = next
  }
  const message = 'The listing does not end.'
  scan.gaps.push({ call, resource, code: 'IncompleteAnswer', message })
  return { items, isWhole: false }
}

const inParallel = 4

/** Each of them, a few at a time; the budget decides how fast. Answers in the order asked. */
export const eachOf = async <T, R>(
  items: readonly T[],
  one: (item: T) => Promise<R>
): Promise<readonly R[]> => {
  const done: (readonly [number, R])[] = []
  const rest = items.entries()
  const work = async (): Promise<void> => {
    for (const [at, item] of rest) done.push([at, await one(item)])
  }
  await Promise.all(Array.from({ length: inParallel }, work))
  return done.toSorted(([a], [b]) => a - b).map(([, result]) => result)
}

/** What is there of a list of what may be nothing. */
export const present = <T>(items: readonly (T | null)[]): readonly T[] =>
  items.filter((item) => item !== null)

/** ISO 8601 UTC; null where AWS named no instant. */
export const instantOf = (date: Date | undefined): string | null => date?.toISOString() ?? null

/** `[{ Key, Value }]` and KMS's `[{ TagKey, TagValue }]` as a record. */
export const tagsOf = (
  tags:
    | readonly {
        readonly Key?: string | undefined
        readonly Value?: string | undefined
        readonly TagKey?: string | undefined
        readonly TagValue?: string | undefined
      }[]
    | undefined
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (tags ?? []).flatMap(({ Key, Value, TagKey, TagValue }) => {
      const name = Key ?? TagKey
      return name === undefined ? [] : [[name, Value ?? TagValue ?? ''] as const]
    })
  )
