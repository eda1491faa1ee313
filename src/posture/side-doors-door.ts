/**
 * A side door: a way in which a principal can read a classified table without an elevation, with
 * the statement that allows each hop. What the evaluator could not decide makes it `possible`.
 */
import type { TargetId } from '../elevation/ids.ts'

/**
 * athena: a query in some workgroup. s3: the objects themselves. role: by a role that can.
 * could_open: cannot read now, but may change a policy, a role or a grant so that it can.
 */
export type DoorKind = 'athena' | 's3' | 'role' | 'could_open'

export type Certainty = 'certain' | 'possible'

export type Hop = {
  /** ARN of the principal that acts */
  readonly principal: string
  /** `s3:GetObject` */
  readonly action: string
  readonly resource: string
  /** policy and Sid (or index) of the statement, or the grant, that allows it */
  readonly by: string
}

/** Hops that lead somewhere, and what could not be evaluated on them. */
export type Way = {
  readonly certainty: Certainty
  readonly hops: readonly Hop[]
  readonly unknown: readonly string[]
}

export type Door = Way & {
  /** `KIND PRINCIPAL TABLE-ARN`: the same whenever the door is found again */
  readonly id: string
  readonly kind: DoorKind
  readonly target: TargetId
  /** `database.table` */
  readonly table: string
  readonly tableArn: string
  /** ARN, `arn:aws:iam::ACCOUNT:root` for another account, `*` for anybody */
  readonly principal: string
}

/** One after the other: possible where any of them is only possible. */
export const joined = (ways: readonly Way[]): Way => ({
  certainty: ways.every((way) => way.certainty === 'certain') ? 'certain' : 'possible',
  hops: ways.flatMap((way) => way.hops),
  unknown: [...new Set(ways.flatMap((way) => way.unknown))]
})

/** The first certain one, else the first possible one, each made only when it is asked for. */
export const bestOf = (makers: Iterable<() => Way | null>): Way | null => {
  let possible: Way | null = null
  for (const make of makers) {
    const way = make()
    if (way?.certainty === 'certain') return way
    possible ??= way
  }
  return possible
}

/** The same of ways in parts: only those that are chosen are put together. */
export const bestJoined = (makers: Iterable<() => readonly Way[] | null>): Way | null => {
  let possible: readonly Way[] | null = null
  for (const make of makers) {
    const ways = make()
    if (ways?.every((way) => way.certainty === 'certain')) return joined(ways)
    possible ??= ways
  }
  return possible === null ? null : joined(possible)
}

/** All of them, or null as soon as one is missing. */
export const allOf = (makers: Iterable<() => Way | null>): Way | null => {
  const ways: Way[] = []
  for (const make of makers) {
    const way = make()
    if (way === null) return null
    ways.push(way)
  }
  return joined(ways)
}
