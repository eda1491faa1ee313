/** Breadth-first search through every state a design can reach; the first fault found is a shortest one. */

export type Move<S> = { readonly label: string; readonly to: S }

export type Searched = {
  readonly states: number
  /** null = every reachable state holds */
  readonly fault: { readonly broken: string; readonly trace: readonly string[] } | null
}

/**
 * `keyOf` is the same for states that behave alike; `broken` names what does not hold, or null. From
 * every state one that is `over` has to be in reach: else it hangs.
 */
export const search = <S>(of: {
  readonly start: S
  readonly moves: (state: S) => readonly Move<S>[]
  readonly keyOf: (state: S) => string
  readonly broken: (state: S) => string | null
  readonly isOver: (state: S) => boolean
}): Searched => {
  const numbers = new Map([[of.keyOf(of.start), 0]])
  const found: S[] = [of.start]
  const from: From[] = [{ parent: -1, label: '' }]
  const before: number[][] = [[]]
  for (let n = 0; n < found.length; n++) {
    const state = found[n]
    if (state === undefined) break
    const broken = of.broken(state)
    if (broken !== null) return { states: found.length, fault: { broken, trace: traceTo(from, n) } }
    for (const { label, to } of of.moves(state)) {
      const key = of.keyOf(to)
      const number = numbers.get(key) ?? found.length
      if (number === found.length) {
        numbers.set(key, number)
        found.push(to)
        from.push({ parent: n, label })
        before.push([])
      }
      before[number]?.push(n)
    }
  }
  const hung = firstHung(found.map(of.isOver), before)
  const fault = hung === -1 ? null : { broken: 'it never ends from here', trace: traceTo(from, hung) }
  return { states: found.length, fault }
}

type From = { readonly parent: number; readonly label: string }

/** The first state from which none that is over can be reached, or -1. */
const firstHung = (
  isOver: readonly boolean[],
  before: readonly (readonly number[])[]
): number => {
  const ends = [...isOver]
  const queue = ends.flatMap((over, n) => (over ? [n] : []))
  for (const n of queue) {
    for (const earlier of before[n] ?? []) {
      if (ends[earlier]) continue
      ends[earlier] = true
      queue.push(earlier)
    }
  }
  return ends.indexOf(false)
}

const traceTo = (
  from: readonly From[],
  last: number
): readonly string[] => {
  const trace: string[] = []
  for (let n = last; n > 0; n = from[n]?.parent ?? 0) trace.push(from[n]?.label ?? '')
  return trace.toReversed()
}
