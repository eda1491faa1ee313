/** The states of an elevation: every transition, its refusals, and what no sequence of them can do. */
import fc from 'fast-check'
import t from 'tap'
import { parseDuration, printDuration } from '../src/elevation/duration.ts'
import type {
  Active,
  Approved,
  Ask,
  Elevation,
  Ending,
  Intent,
  Issuing,
  Pending
} from '../src/elevation/elevation.ts'
import { dueAt, isScheduled, terminalStates } from '../src/elevation/elevation.ts'
import {
  type Instant,
  instant,
  parseElevationId,
  parsePersonId,
  type PersonId,
  parseRuleId,
  parseTargetId,
  plus,
  seconds
} from '../src/elevation/ids.ts'
import { sessionDenied, stepOf } from '../src/elevation/probing.ts'
import { startable } from '../src/elevation/scheduling.ts'
import { Secret } from '../src/elevation/secret.ts'
import * as transitions from '../src/elevation/transitions.ts'

const must = <T>(value: T | null): T => {
  if (value === null) throw new Error('a fixture does not parse')
  return value
}
const person = (name: string) => must(parsePersonId(name))
const alice = person('alice')
const bob = person('bob')
const carol = person('carol')
const start = instant(Date.UTC(2026, 10, 21, 10))
const later = (length: number): Instant => instant(start + length * 1000)
const salted = (value: string) => ({ salt: '00'.repeat(32), value })

const taken = <S>(step: transitions.Step<S>): S => {
  if (!step.ok) throw new Error(`refused: ${step.refusal.code}`)
  return step.next
}
const codeOf = (step: transitions.Step<unknown>): string =>
  step.ok ? step.events.map((event) => event.type).join(' ') : step.refusal.code

const asking = (
  quorum: number,
  breakGlass = false,
  more: Partial<Ask> = {},
  now = start
): transitions.Step<Pending | Approved> =>
  transitions.request({
    id: must(parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQRS')),
    ask: {
      requester: alice,
      target: must(parseTargetId('claims-pii')),
      duration: seconds(3600),
      reason: 'suspected fraud ring in Hamburg',
      ticket: 'CLM-4711',
      tables: ['claims.customers'],
      columns: null,
      breakGlass,
      ...more
    },
    askDigest: 'sha256:00',
    terms: {
      rule: must(parseRuleId('claims-investigation')),
      mode: 'credentials',
      maxDuration: seconds(14400),
      quorum,
      approvers: null,
      sets: [],
      within: seconds(7200),
      activateWithin: seconds(28800)
    },
    via: 'cli',
    told: [],
    policyDigest: 'sha256:11',
    personal: { reason: salted('suspected fraud ring in Hamburg') },
    now
  })

const pending = (quorum = 1, more: Partial<Ask> = {}): Pending => {
  const next = taken(asking(quorum, false, more))
  if (next.state !== 'pending') throw new Error('an ask that needs votes is pending')
  return next
}
const vote = (by: PersonId, isEnough = true) =>
  ({ by, via: 'cli', isEnough, isReciprocal: false }) as const

const approved = (more: Partial<Ask> = {}, at = 60): Approved => {
  const next = taken(transitions.approve(pending(1, more), vote(bob), later(at)))
  if (next.state !== 'approved') throw new Error('one vote of one did not approve')
  return next
}
const intentAt = (now: Instant, length = 3600): Intent => ({
  sessionName: 'jit-01JD6QZ5S0ABCDEFGHJKMNPQRS',
  region: 'eu-west-1',
  workgroup: 'claims-pii',
  roleArn: 'arn:aws:iam::123456789012:role/sallyport-claims',
  sessionArn: 'arn:aws:sts::123456789012:assumed-role/sallyport-claims/jit-01JD6QZ5S0ABCDEFGHJKMNPQRS',
  sessionPolicy: '{}',
  grants: [{ name: 'jit/01JD6QZ5S0ABCDEFGHJKMNPQRS/data', keyArn: 'arn:key', bucketArn: null }],
  startedAt: now,
  notAfter: plus(now, seconds(length))
})
const issuing = (): Issuing => {
  const now = later(120)
  const lease = { owner: 'one', until: later(150) }
  return taken(transitions.beginIssue(approved(), { intent: intentAt(now), lease, now }))
}
const made = {
  session: { assumedRoleId: 'AROAX:jit', accessKeyId: 'ASIAX' },
  grants: [{ name: 'n', keyArn: 'k', bucketArn: null, grantId: 'g' }]
}
const active = (): Active => taken(transitions.issued(issuing(), made, later(121)))
const settleMilliseconds = 60_000
const ending = (how: 'expired' | 'released' | 'revoked' | 'failed' = 'expired'): Ending =>
  taken(
    transitions.beginEnd(active(), { how, by: 'broker', settleMilliseconds, now: later(3720) })
  )
const denied = (): Ending => taken(sessionDenied(ending(), { accessKeyId: 'ASIAP' }, later(3722)))

t.test('every transition says what it did or why not', async (t) => {
  const ends = { how: 'revoked', by: bob, settleMilliseconds, now: later(200) } as const
  const twoOfThree = taken(transitions.approve(pending(3), vote(bob), later(1)))
  const late = later(7200)
  const lease = { owner: 'one', until: later(150) }
  const begin = (now: Instant, from = approved()) =>
    transitions.beginIssue(from, { intent: intentAt(now), lease, now })
  const startAt = later(36_000)
  const scheduled = approved({ startAt })
  const open = taken(startable(scheduled, startAt))
  const unmet = [{ outcome: 'unmet', rule: null, condition: 'when', message: 'not then' }] as const
  const rows: readonly (readonly [string, transitions.Step<Elevation>, string])[] = [
    ['a vote below the quorum leaves it pending', transitions.approve(pending(2), vote(bob), later(1)), 'approval.recorded'],
    ['the vote that meets the quorum approves', transitions.approve(pending(), vote(bob), later(1)), 'approval.recorded elevation.approved'],
    ['votes that the policy does not find enough leave it pending', transitions.approve(pending(), vote(bob, false), later(1)), 'approval.recorded'],
    ['an ask that needs no approval is approved at once', asking(0), 'elevation.requested elevation.approved'],
    ['a break-glass ask is announced as well', asking(0, true), 'elevation.requested breakglass.used elevation.approved'],
    ['nobody approves their own ask', transitions.approve(pending(), vote(alice), later(1)), 'self_approval'],
    ['one person is one vote', transitions.approve(twoOfThree as Pending, vote(bob), later(2)), 'already_voted'],
    ['an ask not decided in time takes no vote', transitions.approve(pending(), vote(bob), late), 'lapsed'],
    ['one denial is final', transitions.deny(pending(2), bob, salted('no'), later(1)), 'elevation.denied'],
    ['nobody denies their own ask', transitions.deny(pending(), alice, salted('no'), later(1)), 'self_approval'],
    ['a late denial finds nothing to deny', transitions.deny(pending(), bob, salted('no'), late), 'lapsed'],
    ['a pending ask is cancelled', transitions.cancel(pending(), alice, later(1)), 'elevation.cancelled'],
    ['an unused approval is cancelled', transitions.cancel(approved(), alice, later(61)), 'elevation.cancelled'],
    ['an undecided ask lapses', transitions.lapse(pending(), 'not_decided', late), 'elevation.lapsed'],
    ['the intent comes before anything is made', begin(later(120)), 'issue.intent'],
    ['an approval not used in time does not start', begin(later(60 + 28800)), 'lapsed'],
    ['nothing starts before its start', begin(later(35_999), scheduled), 'too_early'],
    ['a start that has come is said once', startable(scheduled, startAt), 'elevation.startable'],
    ['but not before', startable(scheduled, later(35_999)), 'too_early'],
    ['nor twice', startable(open, later(36_001)), 'conflict'],
    ['nor where nothing was scheduled', startable(approved(), startAt), 'conflict'],
    ['nor where it was approved after its start', startable(approved({ startAt: later(30) }), startAt), 'conflict'],
    ['nor when it is too late to be used', startable(scheduled, later(36_000 + 28_800)), 'lapsed'],
    ['it starts when it has come, said or not', begin(startAt, scheduled), 'issue.intent'],
    ['and later', begin(later(36_000 + 28_799), open), 'issue.intent'],
    ['an approval is used within its time from the start on', begin(later(36_000 + 28_800), open), 'lapsed'],
    ['what the policy no longer allows lapses', transitions.lapse(scheduled, 'policy_changed', startAt, unmet), 'elevation.lapsed'],
    ['a start too long ago is not asked for', asking(1, false, { startAt: start }, later(28_800)), 'lapsed'],
    ['the session is issued', transitions.issued(issuing(), made, later(121)), 'session.issued'],
    ['a session is not issued after its window', transitions.issued(issuing(), made, later(3720)), 'ended'],
    ['fresh credentials are an entry', transitions.vended(active(), 'ASIAY', later(200)), 'session.vended'],
    ['nothing is vended at notAfter', transitions.vended(active(), 'ASIAY', later(3720)), 'ended'],
    ['revoke wins over an issuer', transitions.beginEnd(issuing(), ends), 'elevation.ending'],
    ['a running lease is not taken over', transitions.takeOver(issuing(), { settleMilliseconds, now: later(149) }), 'conflict'],
    ['a dead issuer is taken over', transitions.takeOver(issuing(), { settleMilliseconds, now: later(150) }), 'issue.takeover'],
    ['a failed removal is tried again', transitions.retryEnd(ending(), 'kms:RevokeGrant', later(3721)), 'ending.retried'],
    ['removed access waits for the sweep', transitions.awaitSweep(ending(), { sessionDenied: true, grantsRevoked: 2, queriesStopped: 1 }, later(3721)), 'access.removed'],
    ['nothing ends before the sweep', transitions.finishEnd(denied(), later(3779)), 'conflict'],
    ['nothing ends that AWS was not seen to refuse', transitions.finishEnd(ending(), later(3780)), 'conflict'],
    ['a session that AWS refuses is said to be denied', sessionDenied(ending(), { accessKeyId: 'ASIAP' }, later(3722)), 'session.denied'],
    ['an empty sweep ends it', transitions.finishEnd(denied(), later(3780)), 'elevation.ended']
  ]
  for (const [sentence, step, expected] of rows) t.equal(codeOf(step), expected, sentence)
  const dead = taken(transitions.takeOver(issuing(), { settleMilliseconds, now: later(150) }))
  t.equal(taken(transitions.finishEnd(dead, later(3780))).state, 'failed', 'nobody ever had its session')
})

t.test('a scheduled one waits for its start, and is used within its time from then on', async (t) => {
  const startAt = later(36_000)
  const scheduled = approved({ startAt })
  t.strictSame([isScheduled(scheduled), dueAt(scheduled), scheduled.activateBy], [true, startAt, later(36_000 + 28_800)])
  const open = taken(startable(scheduled, later(36_002)))
  t.strictSame([isScheduled(open), dueAt(open), open.startableSince], [false, open.activateBy, later(36_002)])
  const issuing = transitions.beginIssue(open, {
    intent: intentAt(later(36_003)), lease: { owner: 'one', until: later(36_033) }, now: later(36_003)
  })
  t.notOk('startableSince' in taken(issuing))
  const late = approved({ startAt: later(30) })
  t.strictSame([isScheduled(late), dueAt(late), late.activateBy], [false, late.activateBy, later(60 + 28_800)], 'decided after its start')
  t.equal(pending(1, { startAt }).decideBy, later(7200), 'the time to decide is the rule’s')
  const soon = taken(asking(1, false, { startAt: start }, later(28_000)))
  t.equal(soon.state === 'pending' && soon.decideBy, later(28_800), 'but nobody decides what cannot be used')
  const self = taken(asking(0, false, { startAt }))
  t.match(self, { state: 'approved', activateBy: later(36_000 + 28_800) })
  t.ok(self.state === 'approved' && isScheduled(self))
  const unmet = [{ outcome: 'unmet', rule: null, condition: 'when', message: 'open on Sunday' }] as const
  t.match(transitions.lapse(scheduled, 'policy_changed', startAt, unmet), {
    next: { reasons: ['open on Sunday'] },
    events: [{ data: { why: 'policy_changed', conditions: ['when'] } }]
  })
  const from = { elevation: must(parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQRT')), notAfter: later(3600), place: 3, seconds: seconds(7200) }
  t.match(asking(1, false, { startAt, extends: from }), {
    events: [{ data: { startAt: '2026-11-21T20:00:00.000Z', extends: { elevation: from.elevation, place: 3, secondsBefore: 7200 } } }]
  })
})

t.test('nothing starts before its start, whatever the clocks say and whoever looked before', async (t) => {
  const offset = fc.integer({ min: -2 * 3600, max: 12 * 3600 })
  const move = fc.record({ verb: fc.constantFrom('approve', 'open', 'begin'), at: offset })
  let started = 0
  t.doesNotThrow(() => fc.assert(
    fc.property(fc.integer({ min: 1, max: 7200 }), fc.array(move, { maxLength: 12 }), (ahead, moves) => {
      const startAt = later(ahead)
      let state: Elevation = pending(1, { startAt })
      for (const { verb, at } of moves) {
        // a clock that jumps to and fro by hours
        const now = instant(start + at * 1000)
        let step: transitions.Step<Elevation> | null = null
        if (state.state === 'pending' && verb === 'approve') step = transitions.approve(state, vote(bob), now)
        if (state.state === 'approved' && verb === 'open') step = startable(state, now)
        if (state.state === 'approved' && verb === 'begin') {
          const lease = { owner: 'one', until: plus(now, seconds(30)) }
          step = transitions.beginIssue(state, { intent: intentAt(now), lease, now })
        }
        if (step?.ok) state = step.next
        if (state.state === 'approved') {
          if (state.startableSince !== undefined && state.startableSince < startAt) throw new Error('open too early')
          if (state.activateBy < plus(startAt, state.terms.activateWithin)) throw new Error('less time than approved')
        }
        if (state.state === 'issuing') {
          started++
          if (state.intent.startedAt < startAt) throw new Error('started too early')
          break
        }
      }
    }),
    { numRuns: 1000 }
  ))
  t.ok(started > 50, `${started} started`)
})

t.test('a probe keeps no removal waiting, and an end says when AWS refused', async (t) => {
  const removed = { sessionDenied: true, grantsRevoked: 2, queriesStopped: 0 }
  const first = taken(transitions.awaitSweep(ending(), removed, later(3722)))
  t.strictSame([first.removedAt, first.retryAt], [later(3722), later(3722)])
  const rows: readonly (readonly [string, Partial<Ending>, number, string])[] = [
    ['taking away comes first', {}, 3721, 'remove'],
    ['what ends early does not queue behind what expired', { how: 'revoked' }, 3721, 'revoke'],
    ['once it was taken away it does', { how: 'revoked', removedAt: later(3722) }, 3780, 'remove'],
    ['then AWS is tried', { removedAt: later(3722) }, 3723, 'probe'],
    ['the sweep does not wait for it', { removedAt: later(3722) }, 3780, 'remove'],
    ['after it AWS is tried on', { removedAt: later(3722), sweptAt: later(3780) }, 3781, 'probe'],
    ['what is refused is swept', { removedAt: later(3722), deniedAt: later(3723) }, 3724, 'remove'],
    ['what nobody had is not tried', { removedAt: later(3722), session: null }, 3723, 'remove']
  ]
  for (const [name, over, at, step] of rows) t.equal(stepOf({ ...ending(), ...over }, later(at)), step, name)
  const seen = taken(sessionDenied(first, { accessKeyId: 'ASIAP' }, later(3725)))
  t.strictSame([seen.deniedAt, seen.retryAt], [later(3725), later(3780)])
  t.match(sessionDenied(first, { accessKeyId: null }, later(3725)), {
    events: [{ data: { how: 'expired', accessKeyId: null, milliseconds: 5000 } }]
  })
  t.match(transitions.finishEnd(seen, later(3780)), {
    next: { state: 'ended', deniedAt: later(3725) },
    events: [{ data: { how: 'expired', deniedAt: '2026-11-21T11:02:05.000Z' } }]
  })
})

t.test('a window longer than what was approved cannot be begun', async (t) => {
  const now = later(120)
  const lease = { owner: 'one', until: later(150) }
  for (const length of [3601, 14400]) {
    t.throws(() =>
      transitions.beginIssue(approved(), { intent: intentAt(now, length), lease, now })
    )
  }
})

t.test('an ending is tried for ever, at most a minute apart, and is said to be stuck once', async (t) => {
  let now = later(3720)
  let state = ending()
  const said: string[] = []
  for (let n = 0; n < 40; n++) {
    const step = transitions.retryEnd(state, 'kms:RevokeGrant', now)
    if (!step.ok) throw new Error('refused')
    said.push(step.events[0].type)
    t.ok(step.next.retryAt - now >= 1000 && step.next.retryAt - now <= 60_000)
    state = step.next
    now = state.retryAt
  }
  t.equal(said.filter((type) => type === 'elevation.stuck').length, 1)
  t.not(state.stuckSince, null)
})

t.test('free text is committed to, never part of an entry', async (t) => {
  const step = transitions.deny(pending(), bob, salted('smells of snooping'), later(1))
  if (!step.ok) throw new Error('refused')
  const [event] = step.events
  t.notMatch(JSON.stringify(event.data), 'snooping')
  t.same(event.personal, { reason: salted('smells of snooping') })
})

t.test('no sequence of events breaks what must hold', async (t) => {
  const people = [alice, bob, carol]
  const move = fc.record({
    verb: fc.constantFrom('approve', 'deny', 'cancel', 'lapse', 'begin', 'issued', 'vend', 'end', 'take', 'retry', 'await', 'refused', 'finish'),
    who: fc.integer({ min: 0, max: 2 }),
    wait: fc.integer({ min: 0, max: 3000 })
  })
  t.doesNotThrow(() => fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(move, { maxLength: 40 }), (quorum, moves) => {
      let state: Elevation = pending(quorum)
      let now: Instant = start
      let notAfter: Instant | null = null
      for (const { verb, who, wait } of moves) {
        now = instant(now + wait * 1000)
        const before: Elevation = state
        const step = play(state, { verb, by: people[who] ?? alice, now })
        if (step?.ok) state = step.next
        if (terminalStates.some((terminal) => terminal === before.state) && state !== before) {
          throw new Error(`${before.state} changed`)
        }
        if ('approvals' in state) {
          const voters = new Set(state.approvals.map((vote) => vote.by))
          if (voters.size !== state.approvals.length || voters.has(alice)) throw new Error('votes')
          if ('decidedAt' in state && state.state !== 'denied' && voters.size < quorum) {
            throw new Error('approved below quorum')
          }
        }
        if ('intent' in state) {
          if (notAfter !== null && state.intent.notAfter !== notAfter) throw new Error('window moved')
          notAfter = state.intent.notAfter
          const length = state.intent.notAfter - state.intent.startedAt
          if (length > state.ask.duration * 1000) throw new Error('window too long')
        }
        const due = dueAt(state)
        if ((due === null) !== terminalStates.some((terminal) => terminal === state.state)) {
          throw new Error('only a terminal state has nothing due')
        }
      }
    }),
    { numRuns: 500 }
  ))
})

const play = (
  state: Elevation,
  { verb, by, now }: { verb: string; by: typeof alice; now: Instant }
): transitions.Step<Elevation> | null => {
  const ends = { how: 'revoked', by, settleMilliseconds, now } as const
  switch (state.state) {
    case 'pending':
      if (verb === 'approve') return transitions.approve(state, vote(by), now)
      if (verb === 'deny') return transitions.deny(state, by, salted('no'), now)
      if (verb === 'cancel') return transitions.cancel(state, by, now)
      return verb === 'lapse' ? transitions.lapse(state, 'not_decided', now) : null
    case 'approved': {
      if (verb === 'cancel') return transitions.cancel(state, by, now)
      const lease = { owner: 'one', until: instant(now + 30_000) }
      return verb === 'begin'
        ? transitions.beginIssue(state, { intent: intentAt(now), lease, now })
        : null
    }
    case 'issuing':
      if (verb === 'issued') return transitions.issued(state, made, now)
      if (verb === 'take') return transitions.takeOver(state, { settleMilliseconds, now })
      return verb === 'end' ? transitions.beginEnd(state, ends) : null
    case 'active':
      if (verb === 'vend') return transitions.vended(state, 'ASIAY', now)
      return verb === 'end' ? transitions.beginEnd(state, ends) : null
    case 'ending':
      if (verb === 'retry') return transitions.retryEnd(state, 'kms:ListGrants', now)
      if (verb === 'await') {
        return transitions.awaitSweep(state, { sessionDenied: true, grantsRevoked: 1, queriesStopped: 0 }, now)
      }
      if (verb === 'refused') return sessionDenied(state, { accessKeyId: 'ASIAP' }, now)
      return verb === 'finish' ? transitions.finishEnd(state, now) : null
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return null
  }
}

t.test('a length of time is read only where its unit is certain', async (t) => {
  const rows: readonly (readonly [string, number | null])[] = [
    ['2h', 7200], ['45m', 2700], ['90s', 90], ['1d', 86400], ['PT2H', 7200], ['PT1H30M', 5400],
    ['P1D', 86400], ['P1DT1S', 86401], ['0', null], ['0s', null], ['-1h', null], ['60', null],
    ['1e9', null], ['1e9s', null], ['P1Y', null], ['P1M', null], ['PT', null], ['P', null],
    ['P1DT', null], ['1.5h', null], ['1h30m', null], [' 1h', null], ['1h\n', null], ['1H', null],
    ['９h', null], ['', null], ['PT0S', null], ['367d', null], ['999999d', null], ['NaN', null]
  ]
  for (const [text, expected] of rows) t.equal(parseDuration(text), expected, JSON.stringify(text))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 366 * 86400 }), (length) => {
      const printed = printDuration(seconds(length))
      const again = printed.match(/\d+[dhms]/g)?.reduce((sum, part) => sum + (parseDuration(part) ?? 0), 0)
      return again === length
    })
  )
})

t.test('ids and instants have one form', async (t) => {
  t.equal(parseElevationId('01jd6qz5s0abcdefghjkmnpqrs'), null)
  t.equal(parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQR'), null)
  t.equal(parseElevationId('81JD6QZ5S0ABCDEFGHJKMNPQRS'), null)
  for (const bad of ['', 'a', 'Alice', 'ali ce', 'a*', '-a', 'é2', 'a'.repeat(64), '\u212Abc']) {
    t.equal(parsePersonId(bad), null, JSON.stringify(bad))
  }
  for (const bad of [Number.NaN, 1.5, -1, Infinity, 2 ** 53]) {
    t.throws(() => instant(bad))
    t.throws(() => seconds(bad))
  }
})

t.test('a secret prints as [secret] everywhere but where it is revealed', async (t) => {
  const secret = new Secret('CANARY')
  const { inspect } = await import('node:util')
  const shown = `${secret} ${JSON.stringify({ a: [secret] })} ${inspect({ deep: { secret } })}`
  t.notMatch(shown, 'CANARY')
  t.equal(secret.reveal(), 'CANARY')
})
