/** What holds of every policy: windows by the wall clock, narrowing, order, votes, the index. */
import fc from 'fast-check'
import t from 'tap'
import type { Ask } from '../src/elevation/elevation.ts'
import { type Instant, type PersonId, instant, parseTargetId, seconds } from '../src/elevation/ids.ts'
import { type Asked, eligibleApprovers, mayVote, votesMet } from '../src/policy/approvers.ts'
import { offersFor } from '../src/policy/decide.ts'
import { loadPolicy } from '../src/policy/load.ts'
import { isAmong, personBySubject } from '../src/policy/people.ts'
import type { ApprovalSet, Deny, Policy, Rule, SubjectRef, Weekday, When } from '../src/policy/policy.ts'
import { applying, applyingAnywhere, ruleIndex } from '../src/policy/rule-index.ts'
import { filledSeats } from '../src/policy/seats.ts'
import { byId, byMostGiven } from '../src/policy/terms.ts'
import { isOpen, wallTime } from '../src/policy/when.ts'
import {
  type Around,
  approval,
  asked,
  base,
  decided,
  glass,
  hours,
  known,
  now,
  person,
  presence,
  refs,
  rule,
  standard
} from './fixtures-policy.ts'
import { filesOf, P, T } from './policy-documents.ts'

const utc = (text: string): Instant => instant(Date.parse(text))
const week: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

t.test('a wall clock shows what clocks on the wall show, on both sides of each change', async (t) => {
  const table: readonly (readonly [string, string, Weekday, string])[] = [
    ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 'sun', '01:59'],
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 'sun', '03:00'],
    ['Europe/Berlin', '2026-10-25T00:59:59.999Z', 'sun', '02:59'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 'sun', '02:00'],
    ['Europe/Berlin', '2026-10-25T02:00:00Z', 'sun', '03:00'],
    ['America/New_York', '2026-03-08T06:59:59.999Z', 'sun', '01:59'],
    ['America/New_York', '2026-03-08T07:00:00Z', 'sun', '03:00'],
    ['America/New_York', '2026-11-01T05:59:59.999Z', 'sun', '01:59'],
    ['America/New_York', '2026-11-01T06:00:00Z', 'sun', '01:00'],
    ['America/New_York', '2026-11-01T07:00:00Z', 'sun', '02:00'],
    ['Asia/Kolkata', '2026-11-20T18:29:59Z', 'fri', '23:59'],
    ['Asia/Kolkata', '2026-11-20T18:30:00Z', 'sat', '00:00'],
    ['Asia/Kathmandu', '2026-11-20T18:15:00Z', 'sat', '00:00'],
    ['America/St_Johns', '2026-11-21T03:29:59Z', 'fri', '23:59'],
    ['America/St_Johns', '2026-11-21T03:30:00Z', 'sat', '00:00'],
    ['Australia/Lord_Howe', '2026-10-03T15:29:59Z', 'sun', '01:59'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z', 'sun', '02:30'],
    ['Pacific/Chatham', '2026-06-30T11:15:00Z', 'wed', '00:00'],
    ['Pacific/Kiritimati', '2026-12-31T10:00:00Z', 'fri', '00:00'],
    ['Africa/Monrovia', '1971-01-01T00:44:29Z', 'thu', '23:59'],
    ['Africa/Monrovia', '1971-01-01T00:44:30Z', 'fri', '00:00'],
    ['UTC', '2024-02-29T23:59:59.999Z', 'thu', '23:59'],
    ['UTC', '2024-03-01T00:00:00Z', 'fri', '00:00'],
    ['UTC', '1970-01-01T00:00:00Z', 'thu', '00:00']
  ]
  for (const [zone, at, day, clock] of table) {
    const [hour, minute] = clock.split(':').map(Number)
    const expected = { day, minute: (hour ?? 0) * 60 + (minute ?? 0) }
    t.strictSame(wallTime(zone, utc(at)), expected, `${zone} ${at}`)
  }
  t.throws(() => wallTime('Europe/Atlantis', now), RangeError)
})

const window = (
  days: readonly Weekday[],
  hours: readonly [number, number] | null,
  zone: string
): When => ({
  days: new Set(days),
  hours: hours === null ? null : { from: hours[0], to: hours[1] },
  zone
})

t.test('a window is open from its first minute until before its last, on its days', async (t) => {
  const nine = window(['mon', 'sun'], [540, 1020], 'Europe/Berlin')
  const night = window(['sun'], [120, 180], 'Europe/Berlin')
  const table: readonly (readonly [string, When, string, boolean])[] = [
    ['before', nine, '2026-11-23T07:59:59.999Z', false],
    ['the first minute', nine, '2026-11-23T08:00:00Z', true],
    ['the last minute', nine, '2026-11-23T15:59:59.999Z', true],
    ['after', nine, '2026-11-23T16:00:00Z', false],
    ['another day', nine, '2026-11-24T09:00:00Z', false],
    ['the same wall clock in summer', nine, '2026-06-22T07:00:00Z', true],
    ['the same hour of UTC in summer', nine, '2026-06-22T15:00:00Z', false],
    ['on the day of the change', nine, '2026-03-29T06:59:59Z', false],
    ['on the day of the change, by the new clock', nine, '2026-03-29T07:00:00Z', true],
    ['an hour that never comes', night, '2026-03-29T00:59:59Z', false],
    ['nor after it', night, '2026-03-29T01:00:00Z', false],
    ['an hour that comes twice, once', night, '2026-10-25T00:30:00Z', true],
    ['and twice', night, '2026-10-25T01:30:00Z', true],
    ['but not thrice', night, '2026-10-25T02:00:00Z', false],
    ['the whole day', window(['sat'], null, 'Pacific/Auckland'), '2026-11-20T11:00:00Z', true],
    ['the whole day, until midnight there', window(['sat'], null, 'Pacific/Auckland'), '2026-11-21T11:00:00Z', false],
    ['until midnight', window(['sat'], [1320, 1440], 'UTC'), '2026-11-21T23:59:59.999Z', true],
    ['not after midnight', window(['sat'], [1320, 1440], 'UTC'), '2026-11-22T00:00:00Z', false],
    ['from midnight', window(['sun'], [0, 60], 'UTC'), '2026-11-22T00:00:00Z', true],
    ['on no day', window([], null, 'UTC'), '2026-11-22T00:00:00Z', false]
  ]
  for (const [sentence, when, at, expected] of table) {
    t.equal(isOpen([when], utc(at)), expected, sentence)
  }
  t.notOk(isOpen([], now), 'no window')
  t.ok(isOpen([night, window(week, null, 'UTC')], now), 'any of several')
})

t.test('every minute of a year is in one of the windows that divide the week', async () => {
  const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe')
  await fc.assert(
    fc.asyncProperty(
      zone,
      fc.integer({ min: 1, max: 1439 }),
      fc.integer({ min: 0, max: 366 * 86_400 }),
      async (zone, cut, second) => {
        const at = instant(Date.UTC(2026, 0, 1) + second * 1000)
        const parts = week.flatMap((day): readonly When[] => [
          { days: new Set([day]), hours: { from: 0, to: cut }, zone },
          { days: new Set([day]), hours: { from: cut, to: 1440 }, zone }
        ])
        return parts.filter((part) => isOpen([part], at)).length === 1
      }
    ),
    { numRuns: 200 }
  )
})

// An organisation of at most six people, whose groups nest, and rules of every kind on it.
const names = ['ann', 'bob', 'cyd', 'dee', 'eve', 'flo'] as const
const groups = ['g0', 'g1', 'g2', 'g3'] as const

type Org = {
  readonly people: readonly {
    readonly id: string
    readonly groups: readonly string[]
    readonly subjects: readonly string[]
    readonly active: boolean
  }[]
  readonly groups: readonly { readonly id: string; readonly includes: readonly string[] }[]
}

/** A group includes only groups after it, so that there is no cycle. */
const org: fc.Arbitrary<Org> = fc
  .tuple(
    fc.tuple(...names.map((id) => fc.record({
      id: fc.constant(id),
      groups: fc.subarray([...groups], { maxLength: 2 }),
      subjects: fc.constantFrom([id], [id, `okta|${id}`], [`a-${id}`, `b-${id}`, `c-${id}`]),
      active: fc.boolean().map((no) => !no || id !== 'flo')
    }))),
    fc.tuple(...groups.map((id, n) => fc.record({
      id: fc.constant(id),
      includes: fc.subarray(groups.slice(n + 1))
    })))
  )
  .map(([people, nested]) => ({ people, groups: nested }))

const load = (of: Org): Policy => {
  const { people } = of
  const nested = of.groups.map(({ id, includes }) => (includes.length > 0 ? { id, includes } : { id }))
  const text = JSON.stringify({ people, groups: nested })
  const result = loadPolicy(filesOf({ [P]: text, [T]: target }))
  if (!result.ok) throw new Error(JSON.stringify(result.issues))
  return result.policy
}
const target = base[T].replace('owner: group:stewards', 'owner: person:ann')

/** Who is in a group, by the documents alone. */
const membersOf = (of: Org, group: string): ReadonlySet<string> => {
  const included = of.groups.find(({ id }) => id === group)?.includes ?? []
  return new Set([
    ...of.people.filter((one) => one.groups.includes(group)).map(({ id }) => id),
    ...included.flatMap((inner) => [...membersOf(of, inner)])
  ])
}
const isOneOf = (of: Org, id: string, of2: readonly SubjectRef[]): boolean =>
  of2.some(({ kind, name }) => (kind === 'person' ? name === id : membersOf(of, name).has(id)))

const ref = fc.constantFrom(...names.map((n) => `person:${n}`), ...groups.map((g) => `group:${g}`))
const someRefs = fc.uniqueArray(ref, { minLength: 1, maxLength: 3 }).map((list) => refs(...list))
const sets: fc.Arbitrary<readonly [ApprovalSet, ...ApprovalSet[]]> = fc
  .array(
    fc.record({ of: someRefs, atLeast: fc.constantFrom(1, 1, 1, 2) }),
    { minLength: 1, maxLength: 3 }
  )
  .map(([first, ...rest]) => [known(first), ...rest])

const pii = standard.targets
const other = known(parseTargetId('other'))

const oneMore: fc.Arbitrary<number> = fc.constantFrom(0, 0, 1)
const people = fc.tuple(sets, oneMore).map(([all, more]) => {
  const quorum = all.reduce((sum, { atLeast }) => sum + atLeast, more)
  return { ...approval, sets: all, quorum }
})
/** Asks that nothing lets through show nothing, so the first value is taken three times in four. */
const mostly = <T>(first: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

const anyRule = (id: string): fc.Arbitrary<Rule> =>
  fc.record<Partial<Rule>>({
    requesters: fc.uniqueArray(ref, { minLength: 2, maxLength: 6, size: 'max' }).map((l) => refs(...l)),
    targets: mostly(pii, [other], [...pii, other]),
    maxDuration: fc.integer({ min: 2, max: 4 }).map(hours),
    mode: fc.constantFrom('brokered' as const, 'credentials' as const),
    reasonMinLength: fc.constantFrom(1, 20),
    ticket: fc.constantFrom(null, standard.ticket),
    via: mostly(standard.via, new Set(['console' as const])),
    when: mostly([], [{ days: new Set(['sat' as const]), hours: null, zone: 'UTC' }]),
    approval: fc.oneof<fc.WeightedArbitrary<Rule['approval']>[]>(
      { weight: 4, arbitrary: people },
      { weight: 1, arbitrary: fc.constant({ kind: 'auto' as const, perDay: 2 }) },
      { weight: 1, arbitrary: someRefs.map((list) => ({ ...glass, notify: list, review: list })) }
    )
  }).map((change): Rule => ({ ...standard, ...change, id: rule(id) }))
const someRules = fc
  .integer({ min: 1, max: 5 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, n) => anyRule(`r${n}`))))
const anyDeny = (id: string): fc.Arbitrary<Deny> =>
  fc.record({
    id: fc.constant(rule(id)),
    requesters: fc.subarray(names.map((n) => `person:${n}`), { minLength: 1, maxLength: 2 }).map((l) => refs(...l)),
    targets: fc.constantFrom(null, pii, [other]),
    when: fc.constantFrom([], [{ days: new Set(['sat' as const]), hours: null, zone: 'UTC' }])
  })

const anyAsk: fc.Arbitrary<readonly [Ask, Around]> = fc.tuple(
  fc.record({
    requester: fc.constantFrom(...names).map(person),
    duration: mostly(2, 1, 3, 5).map(hours),
    reason: mostly('one that is longer than twenty', 'short one'),
    ticket: mostly('CLM-7', null, 'X'),
    breakGlass: mostly(false, true)
  }).map((change) => asked(change)),
  fc.record({
    at: fc.constantFrom(now, instant(now + 2 * 86_400_000)),
    presence: mostly<Around['presence'] & {}>({ via: 'console' }, { via: 'cli' }),
    standing: mostly({}, { open: 1 }, { autoInDay: 2 })
  })
)

/** How many of the asks compared in a test were let through before. */
let allowed = 0

/** Whether `after` lets through nothing that `before` does not, and gives no more where both do. */
const isNoMore = (before: Policy, after: Policy, [ask, around]: readonly [Ask, Around]): boolean => {
  const [then, later] = [decided(before, ask, around), decided(after, ask, around)]
  if (then.kind !== 'deny') allowed += 1
  if (later.kind === 'deny') return true
  if (then.kind === 'deny') return false
  const ruleOf = (of: Policy, id: string) => known(of.rules.find((one) => one.id === id))
  return byMostGiven(ruleOf(before, then.rule), ruleOf(after, later.rule)) <= 0
}

t.test('adding a deny never allows more', async (t) => {
  allowed = 0
  await fc.assert(
    fc.asyncProperty(org, someRules, fc.array(anyDeny('d0'), { maxLength: 1 }), anyDeny('d1'), anyAsk,
      async (of, rules, denies, deny, ask) => {
        const before = { ...load(of), rules, denies }
        const after = { ...before, denies: [...denies, deny] }
        const listed = (policy: Policy) => offersFor(policy, ask[0].requester).map((o) => o.target.id)
        return isNoMore(before, after, ask) && listed(after).every((id) => listed(before).includes(id))
      }),
    { numRuns: 100 }
  )
  t.ok(allowed > 5, `${allowed} were let through before`)
})

t.test('taking a person out of a group that no deny names never allows more', async (t) => {
  allowed = 0
  await fc.assert(
    fc.asyncProperty(org, someRules, anyDeny('d0'), anyAsk, fc.constantFrom(...names), fc.constantFrom(...groups),
      async (of, rules, deny, ask, who, group) => {
        const without = {
          ...of,
          people: of.people.map((one) =>
            one.id === who ? { ...one, groups: one.groups.filter((name) => name !== group) } : one)
        }
        const before = { ...load(of), rules, denies: [deny] }
        const after = { ...load(without), rules, denies: [deny] }
        const eligible = (policy: Policy, { id }: Rule) => eligibleApprovers(policy, id, ask[0].requester)
        return isNoMore(before, after, ask) &&
          rules.every((one) => eligible(after, one).every((id) => eligible(before, one).includes(id)))
      }),
    { numRuns: 100 }
  )
  t.ok(allowed > 5, `${allowed} were let through before`)
})

t.test('the order of files, rules, denies and people decides nothing', async () => {
  await fc.assert(
    fc.asyncProperty(org, someRules, fc.tuple(anyDeny('d0'), anyDeny('d1')), anyAsk, fc.infiniteStream(fc.nat()),
      async (of, rules, denies, ask, chance) => {
        const shuffled = <T>(list: readonly T[]): readonly T[] => {
          const keys = new Map(list.map((one) => [one, chance.next().value]))
          return list.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
        }
        const moved = { people: shuffled(of.people), groups: shuffled(of.groups) }
        const turned = {
          ...load(moved),
          rules: shuffled(rules).map((one) => ({ ...one, requesters: shuffled(one.requesters) })),
          denies: shuffled(denies)
        }
        const plain = { ...load(of), rules, denies }
        const told = (policy: Policy) => {
          const decision = decided(policy, ...ask)
          const reasons = decision.reasons.filter(({ condition }) => condition !== 'requesters')
          return fc.stringify({ ...decision, reasons })
        }
        return told(turned) === told(plain)
      }),
    { numRuns: 100 }
  )
})

const narrowings: Readonly<Record<string, (of: Rule) => Rule>> = {
  'a shorter window': (of) => ({ ...of, maxDuration: hours(1) }),
  'a longer reason': (of) => ({ ...of, reasonMinLength: of.reasonMinLength + 10 }),
  'a ticket': (of) => ({ ...of, ticket: standard.ticket }),
  'fewer channels': (of) => ({ ...of, via: new Set([...of.via].slice(1)) }),
  'fewer hours': (of) => ({ ...of, when: [{ days: new Set(['sat']), hours: { from: 0, to: 1 }, zone: 'UTC' }] }),
  'a sign-in': (of) => ({ ...of, signIn: { within: seconds(60), acr: ['none'], amr: [] } }),
  'brokered': (of) => ({ ...of, mode: 'brokered' }),
  'fewer requesters': (of) => ({ ...of, requesters: of.requesters.slice(1) }),
  'fewer targets': (of) => ({ ...of, targets: of.targets.slice(1) }),
  'a cap of the day': (of) => ({ ...of, caps: { ...of.caps, perDay: hours(1) } }),
  'nothing at a time': (of) => ({ ...of, caps: { ...of.caps, active: 0 } }),
  'a higher quorum': (of) => of.approval.kind === 'people'
    ? { ...of, approval: { ...of.approval, quorum: of.approval.quorum + 1 } }
    : of,
  'one more set': (of) => of.approval.kind === 'people'
    ? { ...of, approval: { ...of.approval, quorum: of.approval.quorum + 1,
        sets: [...of.approval.sets, { of: refs('person:ann'), atLeast: 1 }] } }
    : of,
  'an approval instead of none': (of) => (of.approval.kind === 'auto' ? { ...of, approval } : of)
}

t.test('a narrower rule never allows more, nor does one rule fewer', async (t) => {
  allowed = 0
  await fc.assert(
    fc.asyncProperty(org, someRules, anyAsk, fc.constantFrom(...Object.keys(narrowings)), fc.nat(), fc.boolean(),
      async (of, rules, ask, how, which, isGone) => {
        const before = { ...load(of), rules }
        const chosen = which % rules.length
        // a rule that has approved all it may today lets nothing through, where people still could
        const { approval: was } = known(rules[chosen])
        const isUsedUp = was.kind === 'auto' && (ask[1].standing?.autoInDay ?? 0) >= was.perDay
        fc.pre(isGone || how !== 'an approval instead of none' || !isUsedUp)
        const narrowed = rules.flatMap((one, n) => {
          if (n !== chosen) return [one]
          return isGone ? [] : [known(narrowings[how])(one)]
        })
        return isNoMore(before, { ...before, rules: narrowed }, ask)
      }),
    { numRuns: 200 }
  )
  t.ok(allowed > 5, `${allowed} were let through before`)
})

/** By trying every way of giving each voter one set or none. */
const canServe = (of: Org, sets: readonly ApprovalSet[], voters: readonly string[]): boolean => {
  const [first, ...rest] = voters
  if (sets.every(({ atLeast }) => atLeast <= 0)) return true
  if (first === undefined) return false
  return canServe(of, sets, rest) || sets.some((one, n) =>
    one.atLeast > 0 && isOneOf(of, first, one.of) &&
    canServe(of, sets.map((set, m) => (m === n ? { ...set, atLeast: set.atLeast - 1 } : set)), rest))
}

t.test('no votes are enough with fewer distinct eligible humans than the quorum', async (t) => {
  let enough = 0
  await fc.assert(
    fc.asyncProperty(
      org,
      people,
      fc.boolean(),
      fc.constantFrom(...names),
      fc.array(
        fc.tuple(
          fc.constantFrom(...names),
          fc.nat(),
          fc.constantFrom('vote', 'vote', 'vote', 'vote', 'leave', 'join', 'disable')
        ),
        { minLength: 4, maxLength: 14, size: 'max' }
      ),
      async (start, approval, isOpen, requester, events) => {
        let of = start
        const build = (): Policy => ({
          ...load(of),
          rules: [{ ...standard, approval, requesters: refs(`person:${requester}`) }]
        })
        const eligibleNow = (id: string): boolean =>
          id !== requester && known(of.people.find((one) => one.id === id)).active &&
          approval.sets.some((set) => isOneOf(of, id, set.of))
        const then = names.filter(eligibleNow)
        const elevation: Asked = {
          ask: { requester: person(requester) },
          terms: { rule: standard.id, quorum: approval.quorum, approvers: isOpen ? null : then.map(person), sets: approval.sets }
        }
        const voters: PersonId[] = []
        let policy = build()
        for (const [who, chance, what] of events) {
          const human = known(of.people.find(({ id }) => id === who))
          if (what === 'vote') {
            const sub = human.subjects[chance % human.subjects.length] ?? ''
            const voter = personBySubject(policy, sub)
            const vote = { presence, now, reciprocalAt: null }
            if (voter && mayVote(policy, elevation, { ...vote, person: voter.id }).ok) voters.push(voter.id)
          } else {
            const group = known(groups[chance % groups.length])
            const without = human.groups.filter((name) => name !== group)
            const change = what === 'disable' ? { active: false }
              : { groups: what === 'leave' ? without : [...without, group] }
            of = { ...of, people: of.people.map((one) => (one.id === who ? { ...one, ...change } : one)) }
            policy = build()
          }
          const counted = [...new Set<string>(voters)].filter((id) =>
            eligibleNow(id) && (isOpen || then.some((one) => one === id)))
          const expected = counted.length >= approval.quorum && canServe(of, approval.sets, counted)
          if (votesMet(policy, elevation, voters).met !== expected) throw new Error(`${expected}`)
          if (expected) enough += 1
        }
      }
    ),
    { numRuns: 100 }
  )
  t.ok(enough > 5, `${enough} were enough`)
})

t.test('as many seats are filled as trying everything fills', async () => {
  const seated = (sets: readonly ApprovalSet[], of: Org, voters: readonly string[]): number => {
    const [first, ...rest] = voters
    if (first === undefined) return 0
    const skipped = seated(sets, of, rest)
    return sets.reduce((best, one, n) => {
      if (one.atLeast === 0 || !isOneOf(of, first, one.of)) return best
      const left = sets.map((set, m) => (m === n ? { ...set, atLeast: set.atLeast - 1 } : set))
      return Math.max(best, 1 + seated(left, of, rest))
    }, skipped)
  }
  await fc.assert(
    fc.asyncProperty(org, sets, fc.shuffledSubarray([...names]), async (of, sets, voters) => {
      const { people } = load(of)
      const filled = filledSeats(sets, voters.map((id) => known(people.get(person(id)))))
      const total = filled.reduce((sum, count) => sum + count, 0)
      return total === seated(sets, of, voters) && filled.every((count, n) => count <= (sets[n]?.atLeast ?? 0))
    }),
    { numRuns: 200 }
  )
})

const ids = (found: readonly (Rule | Deny)[]) => found.map(({ id }) => id).join(' ')

t.test('the index finds what looking through everything finds, however it is cut', async (t) => {
  const applies = fc.record({ who: someRefs, where: fc.constantFrom(pii, [other], [...pii, other], null), n: fc.nat(9) })
  let wide = 0
  await fc.assert(
    fc.asyncProperty(org, fc.array(applies, { maxLength: 60, size: 'max' }), fc.constantFrom(...names), async (of, list, who) => {
      const directory = load(of)
      const rules = list.flatMap(({ who, where, n }, at): readonly Rule[] =>
        where === null ? [] : [{ ...standard, id: rule(`r${at}`), requesters: who, targets: where, maxDuration: hours(n + 1) }])
      const denies = list.map(({ who, where }, at): Deny =>
        ({ id: rule(`d${at}`), requesters: who, targets: where, when: [] }))
      const index = ruleIndex({ ...directory, rules, denies })
      const human = known(directory.people.get(person(who)))
      const target = known(pii[0])
      const theirs = <T extends Rule | Deny>(all: readonly T[], sort: (a: T, b: T) => number) => all
        .filter((one) => isAmong(human, one.requesters)).toSorted(sort)
      const on = (one: Rule | Deny) => one.targets === null || one.targets.includes(target)
      if (rules.length > 20) wide += 1
      return ids(applying(index.rules, target, human)) === ids(theirs(rules, byMostGiven).filter(on)) &&
        ids(applying(index.denies, target, human)) === ids(theirs(denies, byId).filter(on)) &&
        ids(applyingAnywhere(index.rules, human)) === ids(theirs(rules, byMostGiven))
    }),
    { numRuns: 100 }
  )
  t.ok(wide > 10, `${wide} had many rules`)
})
