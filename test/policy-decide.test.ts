/** Deciding: who may ask for what and when, who decides it, and what never may; by abuse case. */
import fc from 'fast-check'
import t from 'tap'
import { parseDuration } from '../src/elevation/duration.ts'
import type { Ask, Terms } from '../src/elevation/elevation.ts'
import { type PersonId, instant, parseElevationId, parseTargetId, seconds } from '../src/elevation/ids.ts'
import { type Asked, eligibleApprovers, mayDecide, mayVote, votesMet } from '../src/policy/approvers.ts'
import { decide, mayStillIssue, offersFor } from '../src/policy/decide.ts'
import { loadPolicy } from '../src/policy/load.ts'
import { hasRole, personBySlack, personBySubject } from '../src/policy/people.ts'
import type { Deny, Policy, Rule, Weekday, When } from '../src/policy/policy.ts'
import {
  type Around,
  asked,
  at,
  base,
  decided,
  edited,
  glass,
  hours,
  known,
  later,
  now,
  outcome,
  person,
  policy,
  presence,
  refs,
  rule,
  ruleText,
  standard,
  withApproval,
  withPerson,
  withRule,
  withRules
} from './fixtures-policy.ts'
import { P, R, T, filesOf, loaded } from './policy-documents.ts'

const refused = 'policy_denied'
const unmet = (condition: string): string => `unmet standard ${condition}`
const elevation = (change: Partial<Ask> = {}, terms: Partial<Terms> = {}): Asked => ({
  ask: asked(change),
  terms: { rule: rule('standard'), quorum: 1, approvers: null, sets: [], ...terms }
})
const codeOf = (answer: ReturnType<typeof mayDecide>): string => (answer.ok ? 'ok' : answer.code)

t.test('who may ask for what', async (t) => {
  const table: readonly (readonly [string, Partial<Ask>, readonly string[]])[] = [
    ['a member through a nested group', {}, ['standard']],
    ['as long as it may be', { duration: hours(4) }, ['standard']],
    ['a second too long', { duration: seconds(14_401) }, [refused, unmet('duration')]],
    ['a reason too short', { reason: 'short' }, [refused, unmet('reason')]],
    ['a reason of blanks', { reason: ' \u200b\t'.repeat(9) }, [refused, unmet('reason')]],
    ['no ticket', { ticket: null }, [refused, unmet('ticket')]],
    ['a ticket of another kind', { ticket: 'CLM-1x' }, [refused, unmet('ticket')]],
    ['a table of another target', { tables: ['d.a', 'd.c'] }, [refused, unmet('tables')]],
    ['no table', { tables: [] }, [refused, unmet('tables')]],
    ['columns of its tables', { columns: ['d.a.ssn', 'd.b.x'] }, ['standard']],
    ['a column of a table not asked for', { tables: ['d.a'], columns: ['d.b.x'] },
      [refused, unmet('columns')]],
    ['a table where a column belongs', { columns: ['d.a'] }, [refused, unmet('columns')]],
    ['no column', { columns: [] }, [refused, unmet('columns')]],
    ['everything unmet, told at once',
      { duration: hours(5), ticket: '', reason: 'x', tables: ['x.y'], columns: ['x'] },
      [refused, ...['duration', 'reason', 'ticket', 'tables', 'columns'].map(unmet)]],
    ['a deny overrides the rule', { requester: person('eli') }, [refused, 'unmet no-guests deny']],
    ['a deny does not hide what else is unmet', { requester: person('eli'), ticket: null },
      [refused, 'unmet no-guests deny', 'unmet standard ticket']],
    ['break-glass where no rule has it', { breakGlass: true }, [refused, 'unmet no route']],
    ['nobody the rule names', { requester: person('gus') }, ['unknown_target']],
    ['somebody inactive', { requester: person('fay') }, ['unknown_target']],
    ['a stranger', { requester: person('zoe') }, ['unknown_target']]
  ]
  for (const [sentence, change, expected] of table) {
    t.strictSame(outcome(policy, asked(change)), expected, sentence)
  }
})

const approversOf = (of: Policy) => {
  const approval = of.rules.find(({ id }) => id === 'standard')?.approval
  return approval?.kind === 'people' ? approval.sets[0].of : []
}

t.test('an allowed ask carries the rule’s terms and every condition met', async (t) => {
  const decision = decided(policy, asked())
  if (decision.kind !== 'needs_approval') throw new Error(decision.kind)
  t.strictSame(decision.terms, {
    rule: 'standard',
    mode: 'brokered',
    maxDuration: 14400,
    quorum: 1,
    approvers: ['cat', 'dan', 'hal'],
    sets: [{ of: approversOf(policy), atLeast: 1 }],
    within: 7200,
    activateWithin: 28800
  })
  t.strictSame(decision.approvers, ['cat', 'dan', 'hal'])
  t.strictSame(decision.reasons.map(({ outcome, condition }) => `${outcome} ${condition}`), [
    'met requesters', 'met via', 'met duration', 'met reason', 'met ticket', 'met tables',
    'met columns', 'met pending', 'met active'
  ])
  const approvers = (of: Policy, who: string) => {
    const made = decided(of, asked({ requester: person(who) }))
    return made.kind === 'needs_approval' ? [made.approvers, made.terms.approvers] : made.kind
  }
  t.strictSame(approvers(policy, 'dan'), [['cat', 'hal'], ['cat', 'hal']])
  const open = withApproval({ membershipAsOf: 'now' })
  t.strictSame(approvers(open, 'ann'), [['cat', 'dan', 'hal'], null])
})

const window = (days: readonly Weekday[], from: number, to: number, zone: string): When => ({
  days: new Set(days),
  hours: { from: from * 60, to: to * 60 },
  zone
})
const auto = { kind: 'auto', perDay: 2 } as const
const broken = (): never => {
  throw new Error('secret detail')
}
const unreadable = Object.assign(new Set<'cli'>(), { has: broken })
const hidden = known(parseTargetId('hidden'))

type ConditionRow = readonly [
  string,
  Partial<Rule>,
  { readonly ask?: Partial<Ask>; readonly around?: Around },
  'met' | 'unmet' | 'failed',
  string
]

const extending = (place: number): Partial<Ask> => ({
  extends: { elevation: known(parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQRS')), notAfter: later(30), place, seconds: hours(2) }
})

/** Per condition: met, unmet at its edge, and failed; with what its text must name. */
const conditions: Readonly<Record<string, readonly ConditionRow[]>> = {
  when: [
    ['within the hours', { when: [window(['sat'], 8, 18, 'UTC')] }, {}, 'met', '08:00-18:00'],
    ['in the other window', { when: [window(['mon'], 8, 18, 'UTC'), window(['sat'], 8, 18, 'UTC')] },
      {}, 'met', 'mon 08:00-18:00 UTC, or sat'],
    ['on another day', { when: [window(['mon', 'tue'], 8, 18, 'UTC')] }, {}, 'unmet', 'sat 10:00'],
    ['outside the hours', { when: [window(['sat'], 8, 18, 'Asia/Tokyo')] }, {}, 'unmet', 'sat 19:00'],
    ['in a zone nobody knows', { when: [window(['sat'], 8, 18, 'Mars/Olympus')] }, {}, 'failed', '']
  ],
  via: [
    ['from a channel of the rule', { via: new Set(['cli']) }, {}, 'met', 'cli'],
    ['from another', { via: new Set(['console', 'slack']) }, {}, 'unmet', 'console, slack'],
    ['where channels cannot be read', { via: unreadable }, {},
      'failed', '']
  ],
  signIn: [
    ['just recent enough', { signIn: { within: seconds(900), acr: null, amr: [] } },
      { around: { at: later(15) } }, 'met', '15m'],
    ['a millisecond too old', { signIn: { within: seconds(900), acr: null, amr: [] } },
      { around: { at: instant(later(15) + 1) } }, 'unmet', '15m1s ago'],
    ['at an unknown time', { signIn: { within: seconds(900), acr: null, amr: [] } },
      { around: { presence: { authAt: null } } }, 'unmet', '15m'],
    ['in the future', { signIn: { within: seconds(900), acr: null, amr: [] } },
      { around: { presence: { authAt: later(2) } } }, 'unmet', '10:02'],
    ['by a clock a little ahead', { signIn: { within: seconds(900), acr: null, amr: [] } },
      { around: { presence: { authAt: later(1) } } }, 'met', '15m'],
    ['with one of the acr', { signIn: { within: null, acr: ['phrh', 'phr'], amr: [] } }, {},
      'met', 'phrh or phr'],
    ['with another acr', { signIn: { within: null, acr: ['phrh'], amr: [] } }, {}, 'unmet', 'phrh'],
    ['with all of the amr', { signIn: { within: null, acr: null, amr: ['mfa', 'pwd'] } }, {},
      'met', 'mfa'],
    ['without one of the amr', { signIn: { within: null, acr: null, amr: ['mfa', 'hwk'] } }, {},
      'unmet', 'lacks hwk'],
    ['from Slack, which tells nothing', { signIn: { within: hours(1), acr: ['phr'], amr: ['mfa'] } },
      { around: { presence: { via: 'slack', authAt: null, acr: null, amr: [] } } },
      'unmet', 'acr is not told'],
    ['where what is needed cannot be read',
      { signIn: { within: null, get acr() { return broken() }, amr: [] } }, {}, 'failed', '']
  ],
  duration: [
    ['as long as it may be', {}, { ask: { duration: hours(4) } }, 'met', '4h'],
    ['longer', {}, { ask: { duration: seconds(14_401) } }, 'unmet', '4h1s'],
    ['of no length', {}, { ask: { get duration() { return broken() } } }, 'failed', '']
  ],
  startAt: [
    ['as far ahead as it may be', { startAhead: hours(24) }, { ask: { startAt: later(24 * 60) } }, 'met', '1d ahead'],
    ['a second further', { startAhead: hours(24) }, { ask: { startAt: instant(later(24 * 60) + 1000) } },
      'unmet', '1d1s ahead, at most 1d'],
    ['where none may be scheduled', {}, { ask: { startAt: later(1) } }, 'unmet', 'ask when you need it'],
    ['in another age', { startAhead: hours(24) }, { ask: { startAt: instant(253402300799999) } }, 'unmet', 'at most 1d'],
    ['that cannot be read', {}, { ask: { get startAt() { return broken() } } }, 'failed', '']
  ],
  extensions: [
    ['the first, where nothing is said of them', {}, { ask: extending(2) }, 'met', 'at most 1'],
    ['the second', {}, { ask: extending(3) }, 'unmet', '1 extensions in this chain before'],
    ['the second of two', { extensions: 2 }, { ask: extending(3) }, 'met', 'at most 2'],
    ['the first of none', { extensions: 0 }, { ask: extending(2) }, 'unmet', 'at most 0'],
    ['that nobody can count', { get extensions() { return broken() } }, { ask: extending(2) }, 'failed', '']
  ],
  reason: [
    ['as long as needed', {}, { ask: { reason: '0123456789' } }, 'met', '10'],
    ['shorter', {}, { ask: { reason: '0 1 2 3 4 5 6 7 8' } }, 'unmet', 'has 9'],
    ['of letters outside ASCII', {}, { ask: { reason: 'äöüßéñçøå\u{1F512}' } }, 'met', 'has 10'],
    ['that is not there', {}, { ask: { get reason() { return broken() } } }, 'failed', '']
  ],
  ticket: [
    ['that fits', {}, {}, 'met', 'CLM-<digits>'],
    ['that does not', {}, { ask: { ticket: 'SIU-1' } }, 'unmet', 'CLM-<digits>'],
    ['that is missing', {}, { ask: { ticket: null } }, 'unmet', 'CLM-<digits>'],
    ['of a pattern that breaks', { ticket: { text: 'x', get parts() { return broken() } } }, {},
      'failed', '']
  ],
  tables: [
    ['of the target', {}, {}, 'met', 'pii'],
    ['not all of it', {}, { ask: { tables: ['d.a', 'e.f'] } }, 'unmet', 'e.f; it has d.a, d.b'],
    ['that cannot be read', {}, { ask: { get tables() { return broken() } } }, 'failed', '']
  ],
  columns: [
    ['all', {}, {}, 'met', 'every'],
    ['of the tables', {}, { ask: { columns: ['d.a.x'] } }, 'met', 'within'],
    ['not all of them', {}, { ask: { columns: ['d.a.x', 'd.ab.x'] } }, 'unmet', 'd.ab.x'],
    ['that cannot be read', {}, { ask: { get columns() { return broken() } } }, 'failed', '']
  ],
  pending: [
    ['one fewer than the cap', {}, { around: { standing: { pending: 9 } } }, 'met', '9'],
    ['as many as the cap', {}, { around: { standing: { pending: 10 } } }, 'unmet', 'most 10'],
    ['that nobody counted', {}, { around: { standing: { get pending() { return broken() } } } },
      'failed', '']
  ],
  active: [
    ['none', {}, {}, 'met', '0'],
    ['one, and one is the cap', {}, { around: { standing: { open: 1 } } }, 'unmet', 'most 1'],
    ['one, and two is the cap', { caps: { pending: 10, active: 2, perDay: null } },
      { around: { standing: { open: 1 } } }, 'met', 'most 2'],
    ['no caps', { get caps() { return broken() } }, {}, 'failed', '']
  ],
  perDay: [
    ['just as much', { caps: { pending: 10, active: 1, perDay: hours(8) } },
      { around: { standing: { secondsInDay: 21_600 } } }, 'met', '8h'],
    ['a second more', { caps: { pending: 10, active: 1, perDay: hours(8) } },
      { around: { standing: { secondsInDay: 21_601 } } }, 'unmet', '6h1s'],
    ['a count that is none', { caps: { pending: 10, active: 1, perDay: hours(8) } },
      { around: { standing: { secondsInDay: Number.NaN } } }, 'failed', '']
  ],
  autoPerDay: [
    ['one fewer', { approval: auto }, { around: { standing: { autoInDay: 1 } } }, 'met', 'most 2'],
    ['as many', { approval: auto }, { around: { standing: { autoInDay: 2 } } }, 'unmet', '2 were'],
    ['a count that is none', { approval: auto },
      { around: { standing: { autoInDay: Number.NaN } } }, 'unmet', 'NaN']
  ],
  review: [
    ['nothing to review', { approval: glass },
      { ask: { breakGlass: true } }, 'met', ''],
    ['that nobody could look up', { approval: glass },
      { ask: { breakGlass: true }, around: { standing: { get unreviewed() { return broken() } } } },
      'failed', '']
  ]
}

/** Spreading would call the getters that break on purpose. */
const over = <T extends object>(whole: T, change: Partial<T>): T =>
  Object.defineProperties({ ...whole }, Object.getOwnPropertyDescriptors(change))

t.test('each condition says what was seen and what would meet it, failed apart from unmet', async (t) => {
  for (const [condition, rows] of Object.entries(conditions)) {
    for (const [sentence, change, { ask = {}, around = {} }, expected, text] of rows) {
      const of: Policy = { ...policy, rules: [over(standard, change)] }
      const circumstances = at('ask', { ...around, standing: {} })
      const { stage } = circumstances
      if (stage.kind !== 'ask') throw new Error(stage.kind)
      const counted = over(stage.standing, around.standing ?? {})
      const full = { ...circumstances, stage: { ...stage, standing: counted } }
      const { reasons } = decide(of, person('ann'), over(asked(), ask), full)
      const seen = reasons.filter((reason) => reason.condition === condition)
      const told = seen.map((reason) => `${reason.outcome} ${reason.rule}`)
      t.strictSame(told, [`${expected} standard`], `${condition}: ${sentence}`)
      if (expected !== 'failed') t.ok(seen[0]?.message.includes(text), `${seen[0]?.message}`)
      t.notMatch(JSON.stringify(reasons), /secret/)
      if (expected !== 'met') {
        const open = reasons.map((reason) => `${reason.outcome} ${reason.condition}`)
        t.ok(open.includes(`${expected} ${condition}`), 'and denies')
      }
    }
  }
})

t.test('each stage looks at what can be known then', async (t) => {
  const strict = withRule({
    when: [window(['mon'], 8, 18, 'UTC')],
    via: new Set(['console']),
    signIn: { within: seconds(60), acr: null, amr: [] },
    maxDuration: hours(1),
    reasonMinLength: 100,
    caps: { pending: 1, active: 1, perDay: hours(1) }
  })
  const around = {
    presence: { authAt: null },
    standing: { pending: 1, open: 1, secondsInDay: 3600 }
  }
  const terms: Terms = {
    rule: rule('standard'), mode: 'brokered', maxDuration: hours(4), quorum: 1, approvers: null, sets: [],
    within: hours(2), activateWithin: hours(8)
  }
  const open = (stage: 'ask' | 'vote' | 'start' | 'vend') => {
    const answer = mayStillIssue(strict, terms, asked({ ticket: 'x' }), at(stage, around))
    return answer.kind === 'deny' ? answer.reasons.map(({ condition }) => condition) : []
  }
  t.strictSame(open('ask'), [
    'when', 'via', 'signIn', 'duration', 'reason', 'ticket', 'pending', 'active', 'perDay'
  ])
  t.strictSame(open('vote'), ['when', 'reason', 'ticket'])
  t.strictSame(open('start'), ['when', 'signIn', 'reason', 'ticket', 'active'])
  t.strictSame(open('vend'), ['when', 'reason', 'ticket'])
})

t.test('the hour of a scheduled start counts until it has come, and how far ahead it is', async (t) => {
  const sundays = withRule({ startAhead: hours(48), when: [window(['sun'], 8, 18, 'UTC')] })
  const startAt = later(24 * 60)
  const terms: Terms = {
    rule: rule('standard'), mode: 'brokered', maxDuration: hours(4), quorum: 1, approvers: null, sets: [],
    within: hours(2), activateWithin: hours(8)
  }
  const open = (of: Policy, stage: 'ask' | 'vote' | 'start' | 'vend', minutes: number, at0 = startAt) => {
    const answer = mayStillIssue(of, terms, asked({ startAt: at0 }), at(stage, { at: later(minutes) }))
    return answer.kind === 'deny' ? answer.reasons.map(({ condition }) => condition) : []
  }
  t.strictSame(outcome(sundays, asked()), [refused, unmet('when')], 'it is Saturday')
  t.strictSame(outcome(sundays, asked({ startAt })), ['standard'])
  t.strictSame(outcome(sundays, asked({ startAt: later(36 * 60) })), [refused, unmet('when')], 'Sunday night')
  t.strictSame(open(sundays, 'vote', 60), [], 'a vote looks at the start as well')
  t.strictSame(open(sundays, 'vote', 33 * 60), ['when'], 'after the start the hour of now counts')
  t.strictSame(open(sundays, 'start', 33 * 60), ['when'])
  const unplanned = withRule({})
  t.strictSame(open(unplanned, 'vote', 60), ['startAt'], 'no rule lets it be scheduled any more')
  t.strictSame(open(unplanned, 'start', 24 * 60), [], 'what has come is not ahead')
  const denies = { ...sundays, denies: [{ ...known(policy.denies[0]), requesters: refs('group:everyone'), when: [window(['sun'], 0, 24, 'UTC')] }] }
  t.strictSame(outcome(denies, asked({ startAt })), [refused, 'unmet no-guests deny'], 'so does a deny')
  t.strictSame(outcome(withRule({}, denies), asked()), ['standard'], 'which does not apply now')
})

t.test('what a rule does not set is not told', async (t) => {
  const told = decided(withRule({ ticket: null, reasonMinLength: 1 }), asked({ ticket: null }))
  const names = told.reasons.map(({ condition }) => condition)
  for (const absent of ['when', 'signIn', 'ticket', 'perDay', 'autoPerDay', 'review']) {
    t.notOk(names.includes(absent), absent)
  }
})

t.test('a target one has no rule on looks exactly like one that does not exist', async (t) => {
  const gus = { requester: person('gus') }
  const absent = decided(policy, asked({ ...gus, target: hidden }))
  t.strictSame(decided(policy, asked(gus)), absent)
  const denied = loaded(edited(R, '[group:guests]', '[group:guests, person:gus]'))
  t.strictSame(decided(denied, asked(gus)), absent, 'nor does a deny on it show')
  const emergency = withRule({ approval: glass })
  t.strictSame(decided(emergency, asked({ ...gus, breakGlass: true })), absent)
  t.strictSame(outcome(emergency, asked()), [refused, 'unmet no route'], 'one with a rule is told')
})

t.test('what somebody may ask for is listed with the rules that let them', async (t) => {
  const two = withRules(ruleText('rb'), ruleText('ra', { requesters: '[person:gus, person:ann]' }))
  const offers = (of: Policy, who: string) =>
    offersFor(of, person(who)).map(({ target, rules }) => [target.id, ...rules.map(({ id }) => id)])
  t.strictSame(offers(two, 'ann'), [['pii', 'ra', 'rb']])
  t.strictSame(offers(two, 'gus'), [['pii', 'ra']])
  t.strictSame(offers(two, 'fay'), [])
  t.strictSame(offers(policy, 'eli'), [], 'not what a deny covers')
  const always: Deny = { id: rule('all'), requesters: refs('group:guests'), targets: null, when: [] }
  t.strictSame(offers({ ...policy, denies: [always] }, 'eli'), [])
  const sometimes = { ...always, when: [window(['sat'], 0, 24, 'UTC')] }
  t.strictSame(offers({ ...policy, denies: [sometimes] }, 'eli'), [['pii', 'standard']])
})

t.test('a deny holds within its windows, and every deny that hits is told', async (t) => {
  const deny = (id: string, over: Partial<Deny>): Deny => ({
    id: rule(id), requesters: refs('group:analysts'), targets: null, when: [], ...over
  })
  const of = (...denies: readonly Deny[]): Policy => ({ ...policy, denies })
  const weekend = deny('weekend', { when: [window(['sat', 'sun'], 0, 24, 'Europe/Berlin')] })
  t.strictSame(outcome(of(weekend), asked()), [refused, 'unmet weekend deny'])
  t.strictSame(outcome(of(weekend), asked(), { at: later(2 * 1440) }), ['standard'])
  t.strictSame(outcome(of(weekend), asked({ requester: person('ben') })), ['standard'])
  const all = of(deny('no-b', {}), weekend, deny('no-a', { targets: [hidden] }), deny('no-c', { targets: [] }))
  t.strictSame(outcome(all, asked()), [refused, 'unmet no-b deny', 'unmet weekend deny'])
  for (const stage of ['vote', 'start', 'vend'] as const) {
    const terms = { ...known(termsOf(policy)), rule: rule('standard') }
    const still = mayStillIssue(of(weekend), terms, asked(), at(stage))
    t.match(still, { kind: 'deny', reasons: [{ rule: 'weekend' }] }, stage)
  }
})

const termsOf = (of: Policy, ask: Ask = asked()): Terms | null => {
  const decision = decided(of, ask)
  return decision.kind === 'deny' ? null : decision.terms
}

t.test('abuse 61: a deny that cannot be evaluated denies, and says that it failed', async (t) => {
  const deny: Deny = {
    id: rule('odd'), requesters: refs('person:ann'), targets: null,
    when: [window(['mon'], 0, 1, 'Mars/Olympus')]
  }
  t.strictSame(outcome({ ...policy, denies: [deny] }, asked()), [refused, 'failed odd deny'])
  const ann = known(policy.people.get(person('ann')))
  const groups = Object.assign(new Set(ann.groups), { has: broken })
  const of = { ...policy, people: new Map(policy.people).set(ann.id, { ...ann, groups }) }
  t.strictSame(outcome(of, asked()), [
    refused, 'failed no-guests deny', 'failed standard requesters'
  ])
  t.notMatch(JSON.stringify(decided(of, asked())), /secret/)
})

const two = '{ from: [group:stewards, person:ben], quorum: 2, within: 2h }'

t.test('of several rules the one that gives most is taken, in any order', async (t) => {
  const table: readonly (readonly [string, string, string])[] = [
    ['no approval', ruleText('rz', { approval: '{ auto: true, perDay: 1 }' }), ruleText('ra')],
    ['the smaller quorum', ruleText('rz'), ruleText('ra', { approval: two, mode: 'credentials' })],
    ['then credentials', ruleText('rz', { mode: 'credentials' }), ruleText('ra')],
    ['then the longer window', ruleText('rz', { maxDuration: '5h' }), ruleText('ra')],
    ['then the longer use', ruleText('rz', { activateWithin: '9h' }), ruleText('ra')],
    ['then the first id', ruleText('rz'), ruleText('rzz')],
    ['one that is met before one that is not', ruleText('rz', { approval: two }),
      ruleText('ra', { maxDuration: '1h' })]
  ]
  for (const [sentence, best, other] of table) {
    t.equal(outcome(withRules(best, other), asked())[0], 'rz', sentence)
    t.equal(outcome(withRules(other, best), asked())[0], 'rz', `${sentence}, turned round`)
  }
})

t.test('a denial names the nearest rule and what would meet it', async (t) => {
  const far = ruleText('ra', { maxDuration: '1h', require: '{ ticket: "X-<digits>" }' })
  const near = ruleText('rb', { maxDuration: '1h' })
  const decision = decided(withRules(far, near), asked())
  t.match(decision, { kind: 'deny', code: refused, nearest: 'rb' })
  t.strictSame(outcome(withRules(far, near), asked()), [refused, 'unmet rb duration'])
})

t.test('a rule that approves by itself does so only as often as it says', async (t) => {
  const both = withRules(
    ruleText('r-auto', { approval: '{ auto: true, perDay: 2 }', maxDuration: '2h' }),
    ruleText('r-asked')
  )
  const decision = decided(both, asked())
  t.match(decision, { kind: 'approved', by: 'auto', rule: 'r-auto', notify: [] })
  t.match(decision, { terms: { quorum: 0, approvers: null, sets: [] } })
  const often = decided(both, asked(), { standing: { autoInDay: 2 } })
  t.match(often, { kind: 'needs_approval', rule: 'r-asked' }, 'then somebody has to approve')
  t.equal(codeOf(mayDecide(both, { ...elevation(), terms: { ...elevation().terms, rule: rule('r-auto') } },
    person('cat'))), 'not_an_approver')
  t.strictSame(eligibleApprovers(both, rule('r-auto'), person('ann')), [])
})

t.test('who may decide', async (t) => {
  const code = (of: Policy, what: Asked, who: string) => codeOf(mayDecide(of, what, person(who)))
  t.equal(code(policy, elevation(), 'cat'), 'ok')
  t.equal(code(policy, elevation(), 'ben'), 'not_an_approver')
  t.equal(code(policy, elevation(), 'fay'), 'not_an_approver', 'inactive')
  t.equal(code(policy, elevation(), 'zoe'), 'not_an_approver', 'unknown')
  t.equal(code(policy, elevation({ requester: person('dan') }), 'dan'), 'self_approval')
  t.equal(code(policy, elevation({}, { rule: rule('gone') }), 'cat'), 'not_an_approver')
  t.strictSame(eligibleApprovers(policy, rule('gone'), person('ann')), [])
  t.strictSame(eligibleApprovers(policy, rule('standard'), person('dan')), ['cat', 'hal'])
})

t.test('a vote needs the rule’s channel and sign-in, and tells all that is wanting', async (t) => {
  const vote = { person: person('cat'), presence, now, reciprocalAt: null }
  const strict = withApproval({
    via: new Set(['console']),
    signIn: { within: seconds(900), acr: null, amr: ['hwk'] },
    noReciprocalWithin: hours(24)
  })
  t.strictSame(mayVote(policy, elevation(), vote), { ok: true })
  const answer = mayVote(strict, elevation(), { ...vote, reciprocalAt: now })
  t.match(answer, { ok: false, code: 'channel_not_allowed', message: /console.*hwk.*24|1d/ })
  const fine = { via: 'console', authAt: now, acr: null, amr: ['hwk'] } as const
  t.strictSame(mayVote(strict, elevation(), { ...vote, presence: fine }), { ok: true })
  const slack = { via: 'slack', authAt: null, acr: null, amr: [] } as const
  const signIn = withApproval({ signIn: { within: seconds(900), acr: null, amr: [] } })
  t.match(mayVote(signIn, elevation(), { ...vote, presence: slack }), { code: 'sign_in_too_weak' })
  t.match(mayVote(strict, elevation(), { ...vote, person: person('ben') }), { code: 'not_an_approver' })
  const none = withRule({ approval: auto })
  t.match(mayVote(none, elevation(), vote), { code: 'not_an_approver' })
})

const voters = (...names: readonly string[]): readonly PersonId[] => names.map(person)

t.test('votes are enough when every set is served by people of its own', async (t) => {
  const set = (atLeast: number, ...of: readonly string[]) => ({ of: refs(...of), atLeast })
  const met = (change: Parameters<typeof withApproval>[0], names: readonly string[]) =>
    votesMet(withApproval(change), elevation(), voters(...names))
  const both = { sets: [set(1, 'group:stewards'), set(1, 'person:cat', 'person:ben')], quorum: 2 } as const
  const table: readonly (readonly [string, Parameters<typeof withApproval>[0], readonly string[], boolean])[] = [
    ['one of one', {}, ['cat'], true],
    ['nobody', {}, [], false],
    ['nobody of those', {}, ['ben', 'gus', 'zoe'], false],
    ['the same human twice', { quorum: 2 }, ['cat', 'cat'], false],
    ['two humans', { quorum: 2 }, ['cat', 'dan'], true],
    ['one human for both sets', both, ['cat'], false],
    ['one human of both sets and one of the first', both, ['cat', 'hal'], true],
    ['the same, the other way round', both, ['hal', 'cat'], true],
    ['two of the first set only', both, ['dan', 'hal'], false],
    ['both sets, and a higher quorum', { ...both, quorum: 3 }, ['cat', 'ben'], false],
    ['both sets and one more', { ...both, quorum: 3 }, ['cat', 'ben', 'hal'], true]
  ]
  for (const [sentence, change, names, expected] of table) {
    const votes = met(change, names)
    t.equal(votes.met, expected, sentence)
    t.equal(votes.missing === '', expected)
  }
  t.match(met({ ...both }, ['dan', 'hal']).missing, /1 of person:cat, person:ben/)
  t.equal(votesMet(policy, elevation({}, { quorum: 2 }), voters('cat')).met, false, 'quorum of then')
  t.equal(votesMet(policy, elevation({}, { rule: rule('gone') }), voters('cat')).met, false)
  const byItself = withRule({ approval: auto })
  t.equal(votesMet(byItself, elevation({}, { quorum: 0 }), []).met, true)
  t.equal(votesMet(byItself, elevation(), voters('cat')).met, false, 'was asked to be approved')
  t.equal(votesMet(policy, elevation({}, { quorum: 0 }), []).met, false, 'has to be approved now')
})

t.test('roles are held by active people alone', async (t) => {
  t.ok(hasRole(policy, person('gus'), 'auditor'))
  t.ok(hasRole(policy, person('ann'), 'operator'), 'through a nested group')
  t.notOk(hasRole(policy, person('ann'), 'auditor'))
  t.notOk(hasRole(policy, person('gus'), 'security'))
  const gone = loaded(edited(P, '{ id: gus }', '{ id: gus, active: false }'))
  t.notOk(hasRole(gone, person('gus'), 'auditor'))
})

t.test('abuse 56: the sets of then have to be served too, whatever the rule says now', (t) => {
  const then = [{ of: [{ kind: 'group' as const, name: 'nobody-here' }], atLeast: 1 }]
  const votes = voters('cat', 'hal')
  t.match(votesMet(policy, elevation(), votes), { met: true })
  t.match(votesMet(policy, elevation({}, { sets: then }), votes), {
    met: false,
    missing: '1 of group:nobody-here'
  })
  t.end()
})

t.test('at issue the narrower of then and now holds', async (t) => {
  const terms: Terms = {
    rule: rule('standard'), mode: 'credentials', maxDuration: hours(3), quorum: 1,
    approvers: voters('cat', 'hal', 'zoe'), sets: [], within: hours(1), activateWithin: hours(9)
  }
  const still = (of: Policy, ask: Ask = asked()) => {
    const answer = mayStillIssue(of, terms, ask, at('start'))
    if (answer.kind === 'issue') return answer.terms
    return [answer.code, ...answer.reasons.map(({ condition }) => condition)]
  }
  const joined = { ...terms, mode: 'brokered', approvers: ['cat', 'hal'], activateWithin: 28800 }
  t.strictSame(still(policy), joined)
  t.strictSame(still(withApproval({ membershipAsOf: 'now' })), { ...joined, approvers: terms.approvers })
  const shorter = loaded(edited(R, 'maxDuration: 4h', 'maxDuration: 1h'))
  t.match(still(shorter), { maxDuration: 3600 }, 'cut, not denied')
  t.match(still(withApproval({ quorum: 2 })), { quorum: 2 })
  const edits: readonly (readonly [keyof typeof base, string, string, readonly string[]])[] = [
    [R, 'CLM-', 'SIU-', [refused, 'ticket']],
    [R, 'id: standard', 'id: other', [refused, 'rule']],
    [R, '[group:guests]', '[person:ann]', [refused, 'deny']],
    [P, 'groups: [analysts], sub', 'groups: [], sub', ['unknown_target']],
    [P, '{ id: ann,', '{ id: ann, active: false,', ['unknown_target']]
  ]
  for (const [file, from, to, expected] of edits) {
    t.strictSame(still(loaded(edited(file, from, to))), expected, to)
  }
  t.strictSame(still(policy, asked({ tables: ['d.gone'] })), [refused, 'tables'])
  t.strictSame(still(withRule({ approval: glass })), [refused, 'rule'], 'the rule became another route')
})

t.test('abuse 50: nobody approves their own ask, through no account and no look-alike', async (t) => {
  const accounts = ['dan', 'DAN@idp', 'google|4'].map((sub) => personBySubject(policy, sub)?.id)
  t.strictSame(accounts, ['dan', 'dan', 'dan'])
  const own = elevation({ requester: person('dan') })
  for (const id of accounts) {
    const vote = { person: known(id), presence, now, reciprocalAt: null }
    t.match(mayVote(policy, own, vote), { code: 'self_approval' })
    t.equal(votesMet(policy, own, [known(id)]).met, false)
  }
  const strange = ['Dan', 'dan ', 'd\u0430n', 'dan@idp', '', 'constructor', '__proto__', 'fay']
  for (const sub of [...strange, '\u212Aim', 'dan+1', 'dan@x@idp', 'da\u0307n', '\uff44an']) {
    t.equal(personBySubject(policy, sub), null, `"${sub}" is nobody`)
  }
  const lookAlike = fc.constantFrom(...'danDAN@idp|4+ \u0430\u0501\u043f\uff21\uff41\uff44\u0130\u0131\u0307\u200b\u212A'.split(''))
  const exact = new Set([...policy.people.values()].flatMap(({ subjects }) => subjects))
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: lookAlike, maxLength: 8 }), async (sub) => {
      return exact.has(sub) || personBySubject(policy, sub) === null
    })
  )
  t.equal(personBySlack(policy, { team: 'T0ACME', user: 'U0ANN1' })?.id, 'ann')
  for (const [team, user] of [['T0EVIL', 'U0ANN1'], ['T0ACME', 'u0ann1'], ['', 'T0ACME/U0ANN1'], ['T0ACME/U0ANN1', '']] as const) {
    t.equal(personBySlack(policy, { team, user }), null, `${team} ${user}`)
  }
})

t.test('abuse 51: who becomes an approver after the ask decides only where the rule says so', async (t) => {
  const later = withPerson(policy, 'ben', { groups: ['seniors', 'stewards'] })
  const then = elevation({}, { approvers: known(termsOf(policy)?.approvers) })
  const vote = { person: person('ben'), presence, now, reciprocalAt: null }
  t.match(mayVote(later, then, vote), { code: 'not_an_approver' })
  t.equal(votesMet(later, then, voters('ben')).met, false)
  t.strictSame(mayVote(later, elevation({}, { approvers: null }), vote), { ok: true })
  t.equal(termsOf(withApproval({ membershipAsOf: 'now' }))?.approvers, null)
})

t.test('abuse 52: the vote of an approver who left or was disabled does not count', async (t) => {
  const votes = voters('cat', 'dan')
  const left = withPerson(withApproval({ quorum: 2 }), 'dan', { groups: ['analysts'] })
  const disabled = withPerson(withApproval({ quorum: 2 }), 'cat', { active: false })
  t.equal(votesMet(withApproval({ quorum: 2 }), elevation({}, { quorum: 2 }), votes).met, true)
  t.equal(votesMet(left, elevation({}, { quorum: 2 }), votes).met, false)
  t.equal(votesMet(disabled, elevation({}, { quorum: 2 }), votes).met, false)
  t.equal(votesMet(loaded(edited(R, 'id: standard', 'id: other')), elevation(), votes).met, false)
})

t.test('abuse 53: a requester among the approvers needs a quorum of others', async (t) => {
  const of = withApproval({ quorum: 2 })
  const own = elevation({ requester: person('dan') }, { quorum: 2 })
  t.equal(votesMet(of, own, voters('dan', 'cat')).met, false)
  t.equal(votesMet(of, own, voters('hal', 'cat')).met, true)
  const few = edited(R, 'quorum: 1', 'quorum: 3')
  t.match(loadPolicy(filesOf(few)), { ok: false, issues: [{ code: 'impossible_quorum' }] })
})

t.test('abuse 54: who was approved by the requester lately does not approve in return', async (t) => {
  const of = withApproval({ noReciprocalWithin: hours(24) })
  const vote = (minutesAgo: number | null, policy: Policy = of) =>
    codeOf(mayVote(policy, elevation(), {
      person: person('cat'), presence, now,
      reciprocalAt: minutesAgo === null ? null : later(-minutesAgo)
    }))
  t.equal(vote(null), 'ok')
  t.equal(vote(1), 'reciprocal_approval')
  t.equal(vote(1439), 'reciprocal_approval')
  t.equal(vote(1440), 'ok')
  t.equal(vote(-1), 'reciprocal_approval', 'nor by a clock that ran ahead')
  t.equal(vote(1, policy), 'ok', 'only where the rule says so')
})

t.test('abuse 55: a group cycle or a group that is no more is refused; nesting counts each once', async (t) => {
  const cycle = edited(P, '{ id: analysts }', '{ id: analysts, includes: [everyone] }')
  t.equal(loadPolicy(filesOf(cycle)).ok, false)
  const renamed = edited(P, '  - { id: stewards }', '  - { id: wardens }')
  t.equal(loadPolicy(filesOf(renamed)).ok, false)
  const nested = loaded(edited(P, '  - { id: guests }',
    '  - { id: guests }\n  - { id: top, includes: [stewards, mid] }\n  - { id: mid, includes: [stewards] }'))
  const of = withApproval({ sets: [{ of: refs('group:top', 'group:mid', 'group:stewards'), atLeast: 2 }], quorum: 2 }, nested)
  t.strictSame(eligibleApprovers(of, rule('standard'), person('ann')), ['cat', 'dan', 'hal'])
  t.equal(votesMet(of, elevation(), voters('cat')).met, false, 'one human in three groups is one')
})

t.test('abuse 56: a policy made wider after the approval gives no more than was approved', async (t) => {
  const terms = known(termsOf(withRule({ maxDuration: hours(2) })))
  const wide = withRule({ maxDuration: hours(12), activateWithin: hours(99), mode: 'credentials' })
  t.strictSame(mayStillIssue(wide, terms, asked(), at('start')), { kind: 'issue', terms })
  const open = withRule({ approval: auto })
  t.match(mayStillIssue(open, terms, asked(), at('start')), { terms: { quorum: 1 } })
  t.equal(votesMet(open, { ask: asked(), terms }, []).met, false)
})

t.test('abuse 57: a policy made narrower cuts what was approved, or ends it', async (t) => {
  const terms = known(termsOf(policy))
  const issue = (of: Policy) => mayStillIssue(of, terms, asked(), at('start'))
  t.match(issue(withRule({ maxDuration: hours(1) })), { kind: 'issue', terms: { maxDuration: 3600 } })
  t.match(issue(withRule({ when: [window(['mon'], 0, 24, 'UTC')] })), { reasons: [{ condition: 'when' }] })
  t.match(issue(withRule({ reasonMinLength: 99 })), { reasons: [{ condition: 'reason' }] })
  t.match(issue(withRule({ requesters: refs('person:gus') })), { code: 'unknown_target' })
  t.match(issue({ ...policy, rules: [] }), { code: 'unknown_target' })
  t.equal(votesMet(withApproval({ quorum: 2 }), { ask: asked(), terms }, voters('cat')).met, false)
})

t.test('abuse 58: half a policy is never in force, and each policy decides by itself', async (t) => {
  const half = loadPolicy(filesOf({ ...base, 'more.yaml': 'rules: [' }))
  t.equal(half.ok, false)
  t.notOk('policy' in half)
  const before = outcome(policy, asked())
  t.strictSame(outcome({ ...policy, rules: [] }, asked()), ['unknown_target'])
  t.strictSame(outcome(policy, asked()), before, 'what another policy indexed does not show')
})

t.test('abuse 59: a typo in an approver group refuses to load', async (t) => {
  const typo = loadPolicy(filesOf(edited(R, '[group:stewards]', '[group:steward]')))
  if (typo.ok) throw new Error('it loaded')
  t.ok(typo.issues.some(({ code, message }) => code === 'unresolved' && message.includes('stewards')))
})

t.test('abuse 60: no approver, no number and no length is none of them; auto is written', async (t) => {
  const edits: readonly (readonly [string, string])[] = [
    ['[group:stewards], quorum: 1', '[], quorum: 1'],
    ['quorum: 1', 'quorum: 0'],
    ['quorum: 1', 'quorum: -1'],
    ['quorum: 1', 'quorum: .nan'],
    ['quorum: 1', 'quorum: .inf'],
    ['maxDuration: 4h', 'maxDuration: 1e9'],
    ['{ from: [group:stewards], quorum: 1, within: 2h }', '{}'],
    ['{ from: [group:stewards], quorum: 1, within: 2h }', '{ auto: true }'],
    ['{ from: [group:stewards], quorum: 1, within: 2h }', '{ auto: false, perDay: 1 }'],
    ['{ from: [group:stewards], quorum: 1, within: 2h }', '{ auto: true, perDay: 1, quorum: 1 }']
  ]
  for (const [from, to] of edits) t.notOk(loadPolicy(filesOf(edited(R, from, to))).ok, to)
  const odd = withApproval({ quorum: Number.NaN })
  t.equal(votesMet(odd, elevation(), voters('cat', 'dan', 'hal')).met, false)
})

t.test('abuse 62: a length has its unit, and a window runs by the zone’s own clock', async (t) => {
  for (const text of ['60', '1.5h', '-1h', '0h', '1e9', '99999999d', 'P1M', '']) {
    t.equal(parseDuration(text), null, text)
  }
  const of = withRule({ when: [window(['sun'], 1, 4, 'Europe/Berlin')] })
  const autumn = instant(Date.UTC(2026, 9, 24, 23))
  const opens = [0, 1, 2, 3, 4].map((hour) => {
    return outcome(of, asked(), { at: instant(autumn + hour * 3_600_000) })[0] === 'standard'
  })
  t.strictSame(opens, [true, true, true, true, false], 'three hours by the wall, four by the sun')
})

t.test('abuse 63: many short asks add up to the cap of the day', async (t) => {
  const of = withRule({ caps: { pending: 10, active: 99, perDay: hours(8) } })
  let had = 0
  let count = 0
  while (outcome(of, asked({ duration: seconds(900) }), { standing: { secondsInDay: had } })[0] === 'standard') {
    had += 900
    count += 1
  }
  t.equal(count, 32)
  t.strictSame(outcome(of, asked({ duration: seconds(1) }), { standing: { secondsInDay: had } }),
    [refused, unmet('perDay')])
})

t.test('abuse 64: one elevation per person and target, unless the rule says otherwise', async (t) => {
  const one = { standing: { open: 1 } }
  t.strictSame(outcome(policy, asked(), one), [refused, unmet('active')])
  t.equal(outcome(withRule({ caps: { pending: 10, active: 2, perDay: null } }), asked(), one)[0], 'standard')
  const start = mayStillIssue(policy, known(termsOf(policy)), asked(), at('start', one))
  t.match(start, { kind: 'deny', reasons: [{ condition: 'active' }] }, 'nor when the window starts')
})

t.test('abuse 65: a target that is gone, or has other tables, is not issued any more', async (t) => {
  const terms = known(termsOf(policy))
  const gone = { ...policy, targets: new Map() }
  t.match(mayStillIssue(gone, terms, asked(), at('start')), { code: 'unknown_target' })
  const other = loaded(edited(T, 'tables: [a, b]', 'tables: [a]'))
  t.match(mayStillIssue(other, terms, asked(), at('start')), { reasons: [{ condition: 'tables' }] })
})

const unseen = known(parseElevationId('01KAJTH8G00000000000000001'))
const glassText = ruleText('glass', {
  maxDuration: '30m',
  require: '{ reason: { minLength: 10 }, ticket: "CLM-<digits>" }',
  approval: '{ breakGlass: true, notify: [group:stewards, person:gus], review: [person:gus] }'
})

t.test('abuse 66: breaking the glass is its own route, short, told and reviewed before the next', async (t) => {
  const of = withRules(ruleText('plain', { maxDuration: '1h' }), glassText)
  const ask = asked({ breakGlass: true, duration: seconds(1800), requester: person('dan') })
  const decision = decided(of, ask)
  t.match(decision, { kind: 'approved', by: 'breakGlass', rule: 'glass', terms: { quorum: 0 } })
  if (decision.kind === 'approved') t.strictSame(decision.notify, ['cat', 'gus', 'hal'])
  t.equal(outcome(of, { ...ask, breakGlass: false })[0], 'plain')
  t.strictSame(outcome(of, { ...ask, duration: hours(1) }), [refused, 'unmet glass duration'])
  t.strictSame(outcome(of, { ...ask, ticket: null }), [refused, 'unmet glass ticket'])
  const unreviewed = decided(of, ask, { standing: { unreviewed: unseen } })
  t.match(unreviewed, { kind: 'deny', reasons: [{ condition: 'review', message: /01K/ }] })
  const plain = { ...ask, breakGlass: false }
  t.equal(outcome(of, plain, { standing: { unreviewed: unseen } })[0], 'plain')
  const used = { ask, terms: { rule: rule('glass'), quorum: 0, approvers: null, sets: [] } }
  t.strictSame(['dan', 'cat', 'gus', 'ben'].map((who) => codeOf(mayDecide(of, used, person(who)))), [
    'self_approval', 'ok', 'ok', 'not_an_approver'
  ])
  t.match(mayVote(of, used, { person: person('gus'), presence, now, reciprocalAt: null }), { ok: false })
  const texts = [
    glassText.replace('30m', '61m'),
    glassText.replace('reason: { minLength: 10 }, ', ''),
    glassText.replace(', ticket: "CLM-<digits>"', ''),
    glassText.replace('review: [person:gus]', 'review: []')
  ]
  for (const text of texts) {
    t.notOk(loadPolicy(filesOf({ ...base, [R]: `rules:\n${text}\n` })).ok, text)
  }
})

t.test('abuse 67: no role is a vote, nor a way round the decision', async (t) => {
  t.ok(hasRole(policy, person('ben'), 'security'))
  for (const who of ['ben', 'gus']) {
    t.equal(codeOf(mayDecide(policy, elevation(), person(who))), 'not_an_approver')
    t.equal(votesMet(policy, elevation(), voters(who)).met, false)
  }
  t.equal(codeOf(mayDecide(policy, elevation({ requester: person('ben') }), person('ben'))), 'self_approval')
  t.strictSame(outcome(policy, asked({ requester: person('gus') })), ['unknown_target'])
})

t.test('abuse 69: whatever gives access is in the digest', async (t) => {
  const gifts: readonly (readonly [keyof typeof base, string, string])[] = [
    [P, '{ id: gus }', '{ id: gus, groups: [stewards] }'],
    [P, '{ id: gus }', '{ id: gus, subjects: [s1] }'],
    [P, 'user: U0ANN1', 'user: U0ANN2'],
    [P, 'active: false', 'active: true'],
    [R, '[group:everyone]', '[group:everyone, person:gus]'],
    [R, 'quorum: 1, within: 2h', 'quorum: 1, within: 2h, membershipAsOf: now'],
    [R, '[group:stewards], quorum: 1', '[group:stewards, person:gus], quorum: 1'],
    [R, '[group:guests]\n    targets: [pii]', '[group:guests]\n    targets: [pii]\n    when: { days: [mon] }'],
    [R, '{ from: [group:stewards], quorum: 1, within: 2h }', '{ auto: true, perDay: 1 }']
  ]
  const digests = gifts.map(([file, from, to]) => loaded(edited(file, from, to)).digest)
  t.equal(new Set([policy.digest, ...digests]).size, gifts.length + 1)
})
