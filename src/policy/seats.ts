/**
 * Whether people can serve several sets at once when each of them counts for one set only: a
 * maximum bipartite matching by augmenting paths, with as many seats per set as it needs people.
 */
import { isAmong } from './people.ts'
import type { ApprovalSet, Person } from './policy.ts'

/**
 * How many seats of each set these people fill, in the order of the sets, with as many filled in
 * all as can be. Everybody is in `people` once.
 */
export const filledSeats = (
  sets: readonly ApprovalSet[],
  people: readonly Person[]
): readonly number[] => {
  const seats: readonly Seats[] = sets.map((set) => ({ set, taken: [] }))
  const wanted = sets.reduce((sum, { atLeast }) => sum + atLeast, 0)
  let filled = 0
  for (const person of people) {
    if (filled === wanted) break
    if (seat(seats, person, new Set())) filled += 1
  }
  return seats.map(({ taken }) => taken.length)
}

type Seats = { readonly set: ApprovalSet; readonly taken: Person[] }

/** Seats the person, moving others where that makes room; `tried`: sets already looked at. */
const seat = (seats: readonly Seats[], person: Person, tried: Set<Seats>): boolean => {
  for (const one of seats) {
    if (tried.has(one) || !isAmong(person, one.set.of)) continue
    tried.add(one)
    if (one.taken.length < one.set.atLeast) {
      one.taken.push(person)
      return true
    }
    const moved = one.taken.findIndex((other) => seat(seats, other, tried))
    if (moved >= 0) {
      one.taken[moved] = person
      return true
    }
  }
  return false
}
