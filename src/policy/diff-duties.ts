/**
 * What people gain or lose beside asking: deciding and reviewing other people's asks, roles, and
 * accounts that count as them.
 */
import type { PersonId, RuleId } from '../elevation/ids.ts'
import { isWithin } from './diff-sides.ts'
import type { Both, Change, Difference } from './difference.ts'
import type { Members } from './members.ts'
import { printRef } from './people.ts'
import type { Policy, Rule, SubjectRef } from './policy.ts'

/** Roles gained or lost, and accounts that became or ceased to be somebody who was there before. */
export const dutyChanges = function* (
  policies: Both<Policy>,
  members: Both<Members>
): Generator<Difference> {
  for (const role of ['auditor', 'operator', 'security'] as const) {
    const had = members.old.among(policies.old.roles[role])
    const has = members.now.among(policies.now.roles[role])
    const change = { what: 'role', rule: null } as const
    yield* about(minus(has, had), { ...change, change: 'gains', from: null, to: role })
    yield* about(minus(had, has), { ...change, change: 'loses', from: role, to: null })
  }
  for (const [id, before] of policies.old.people) {
    const after = policies.now.people.get(id)
    if (!before.active || !after?.active) continue
    yield* accountChanges(id, 'subject', before.subjects, after.subjects)
    yield* accountChanges(id, 'slack', before.slack.map(slackName), after.slack.map(slackName))
  }
}

type Duty = 'approve' | 'review'
export type DutyChange = { readonly person: PersonId; readonly change: Change }

/**
 * Who may now decide or review asks under the rules of one target, and who no longer may. Two rules
 * are compared once, however many targets they are about.
 */
export const approverChanges = (
  members: Both<Members>
): ((rules: Both<readonly Rule[]>) => readonly DutyChange[]) => {
  const back = { old: members.now, now: members.old }
  const looks = (['approve', 'review'] as const).map((duty) => {
    return { what: duty, gained: newSeats(duty, members), lost: newSeats(duty, back) }
  })
  return ({ old, now }) =>
    looks.flatMap(({ what, gained, lost }) => [
      ...gained(old, now).map(({ person, rule, as }): DutyChange => {
        return { person, change: { change: 'gains', what, rule, from: null, to: as } }
      }),
      ...lost(now, old).map(({ person, rule, as }): DutyChange => {
        return { person, change: { change: 'loses', what, rule, from: as, to: null } }
      })
    ])
}

/** A person under a rule by one of its references. */
type Seat = { readonly person: PersonId; readonly rule: RuleId; readonly as: string }

/** A rule that was not there before is held against all that were. */
const newSeats = (
  duty: Duty,
  members: Both<Members>
): ((old: readonly Rule[], now: readonly Rule[]) => readonly Seat[]) => {
  const known = new Map<Rule, { readonly old: Rule; readonly seats: readonly Seat[] }>()
  return (old, now) => {
    const byId = new Map(old.map((rule) => [rule.id, rule]))
    return now.flatMap((rule) => {
      const same = byId.get(rule.id)
      if (same === undefined) return seatsBeyond({ rule, former: old, duty }, members)
      const found = known.get(rule)
      if (found?.old === same) return found.seats
      const seats = seatsBeyond({ rule, former: [same], duty }, members)
      known.set(rule, { old: same, seats })
      return seats
    })
  }
}

const seatsBeyond = (
  asked: { readonly rule: Rule; readonly former: readonly Rule[]; readonly duty: Duty },
  members: Both<Members>
): readonly Seat[] => {
  const { rule, former, duty } = asked
  const now = benchOf(rule, duty)
  const benches = former.map((one) => benchOf(one, duty))
  return [...now.refs].flatMap(([as, ref]) => {
    const before = benches.flatMap((old) => formerly({ old, now, ref }, members))
    return [...members.now.among([ref])]
      .filter((person) => !before.some((had) => had.has(person)))
      .map((person) => ({ person, rule: rule.id, as }))
  })
}

type Bench = { readonly isOneSet: boolean; readonly refs: ReadonlyMap<string, SubjectRef> }

/**
 * Who had the seat of this reference before: in an approval of one set whoever was in it at all,
 * elsewhere whoever was behind the same reference, since each set needs people of its own. A
 * reference by a new name is held against those whose name is gone, where it brings nobody new.
 */
const formerly = (
  { old, now, ref }: { readonly old: Bench; readonly now: Bench; readonly ref: SubjectRef },
  members: Both<Members>
): readonly ReadonlySet<PersonId>[] => {
  if (old.isOneSet && now.isOneSet) return [members.old.among([...old.refs.values()])]
  const same = old.refs.get(printRef(ref))
  if (same !== undefined) return [members.old.among([same])]
  return [...old.refs]
    .filter(([name]) => !now.refs.has(name))
    .map(([, gone]) => members.old.among([gone]))
    .filter((had) => isWithin(members.now.among([ref]), had))
}

const benchOf = ({ approval }: Rule, duty: Duty): Bench => {
  const named = (sets: readonly (readonly SubjectRef[])[]): Bench => ({
    isOneSet: sets.length === 1,
    refs: new Map(sets.flat().map((ref) => [printRef(ref), ref]))
  })
  switch (approval.kind) {
    case 'people':
      return named(duty === 'approve' ? approval.sets.map(({ of }) => of) : [])
    case 'auto':
      return named([])
    case 'breakGlass':
      return named(duty === 'review' ? [approval.review] : [])
  }
}

const accountChanges = function* (
  id: PersonId,
  what: 'subject' | 'slack',
  had: readonly string[],
  has: readonly string[]
): Generator<Difference> {
  for (const to of minus(new Set(has), new Set(had))) {
    yield* about([id], { change: 'gains', what, rule: null, from: null, to })
  }
  for (const from of minus(new Set(had), new Set(has))) {
    yield* about([id], { change: 'loses', what, rule: null, from, to: null })
  }
}

const about = function* (people: readonly PersonId[], change: Change): Generator<Difference> {
  if (people.length > 0) yield { ...change, people, target: null }
}

const slackName = ({ team, user }: { readonly team: string; readonly user: string }): string =>
  `${team}/${user}`

const minus = <T extends string>(some: ReadonlySet<T>, others: ReadonlySet<T>): readonly T[] =>
  [...some].filter((item) => !others.has(item)).toSorted()
