/**
 * How two values of one setting compare by what they give. `more` and `less`: the second gives more
 * or less than the first. `other`: some of both, or nobody can say, and so it counts as both.
 */
export type Side = 'same' | 'more' | 'less' | 'other'

export type Compare<T> = (before: T, after: T) => Side

/** Every value that differs is another: neither is known to give less. */
export const exactly: Compare<unknown> = (before, after) => (before === after ? 'same' : 'other')

export const largerGivesMore: Compare<number> = (before, after) => {
  if (before === after) return 'same'
  return after > before ? 'more' : 'less'
}

export const smallerGivesMore: Compare<number> = (before, after) => largerGivesMore(after, before)

/** Where the setting may be absent, and its absence restricts nothing. */
export const noneGivesMost =
  <T>(compare: Compare<T>): Compare<T | null> =>
  (before, after) => {
    if (before !== null && after !== null) return compare(before, after)
    return largerGivesMore(Number(before === null), Number(after === null))
  }

/** Where the setting may be absent, and its absence gives nothing. */
export const noneGivesLeast =
  <T>(compare: Compare<T>): Compare<T | null> =>
  (before, after) => {
    if (before !== null && after !== null) return compare(before, after)
    return largerGivesMore(Number(before !== null), Number(after !== null))
  }

/** Each item gives something. */
export const itemsGive: Compare<Iterable<string>> = (before, after) => {
  const [had, has] = [new Set(before), new Set(after)]
  return byInclusion(isWithin(had, has), isWithin(has, had))
}

/** Each item takes something. */
export const itemsTake: Compare<Iterable<string>> = (before, after) => itemsGive(after, before)

/** The side where it is known whether all of the one is in the other. */
export const byInclusion = (isBeforeInAfter: boolean, isAfterInBefore: boolean): Side => {
  if (isBeforeInAfter) return isAfterInBefore ? 'same' : 'more'
  return isAfterInBefore ? 'less' : 'other'
}

export const isWithin = <T>(some: Iterable<T>, all: ReadonlySet<T>): boolean => {
  for (const item of some) if (!all.has(item)) return false
  return true
}

export const givesMore = (side: Side): boolean => side === 'more' || side === 'other'
export const givesLess = (side: Side): boolean => side === 'less' || side === 'other'
