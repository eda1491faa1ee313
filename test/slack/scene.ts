/** One organisation with Slack accounts, and an elevation in every state, made by the real transitions. */
import type { Ask, AskedQuery, Elevation, Mode } from '../../src/elevation/elevation.ts'
import { type Instant, instant, parseElevationId, parseTargetId, seconds } from '../../src/elevation/ids.ts'
import type { Step } from '../../src/elevation/transitions.ts'
import { sessionDenied } from '../../src/elevation/probing.ts'
import { startable } from '../../src/elevation/scheduling.ts'
import * as transitions from '../../src/elevation/transitions.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { termsOf } from '../../src/policy/terms.ts'
import { eligibleApprovers } from '../../src/policy/approvers.ts'
import type { Stored } from '../../src/ports.ts'
import { type Card, cardOf } from '../../src/slack/card.ts'
import { known, person } from '../fixtures-policy.ts'
import { loaded } from '../policy-documents.ts'

export const team = 'T0ACME'
const start = Date.UTC(2026, 10, 21, 10)
export const at = (minutes: number): Instant => instant(start + minutes * 60_000)

const key = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001'
const rule = (id: string, more: string): string =>
  `  - { id: ${id}, targets: [claims-pii], requesters: [group:analysts], maxDuration: 4h, ` +
  `activateWithin: 8h, ${more} }`
const from = 'from: [group:privacy, group:owners]'

export const policy = loaded({
  'people.yaml': `groups: [{ id: analysts }, { id: privacy }, { id: owners }, { id: security }]
people:
  - { id: alice, emails: [alice@acme.example], groups: [analysts], slack: [{ team: T0ACME, user: U0ALICE }] }
  - { id: bob, emails: [bob@acme.example], groups: [privacy], slack: [{ team: T0OTHER, user: U0BAD }, { team: T0ACME, user: U0BOB }] }
  - { id: carol, emails: [carol@acme.example], groups: [owners], slack: [{ team: T0ACME, user: U0CAROL }] }
  - { id: dan, emails: [dan@acme.example], groups: [owners, analysts] }
  - { id: fay, groups: [owners], slack: [{ team: T0ACME, user: U0FAY }], active: false }
  - { id: sam, groups: [security], slack: [{ team: T0ACME, user: U0SAM }] }
roles: { auditor: [person:sam], operator: [person:sam], security: [group:security] }
`,
  'targets/claims.yaml': `target: claims-pii
account: "123456789012"
region: eu-west-1
workgroup: claims-pii
role: arn:aws:iam::123456789012:role/sallyport-claims
classification: pii
owner: group:owners
data:
  - { database: claims, tables: [claims, customers], location: s3://acme-claims/curated/, key: ${key}, bucketKey: true }
results: { location: s3://acme-results/claims/, key: ${key} }
columns:
  claims.customers: { ssn: direct, email: direct, dob: quasi }
  claims.claims: { adjuster: quasi, kind: plain }
`,
  'guardrails/pii.yaml': 'guardrail: pii-standard\nrequireLimit: 1000\n',
  'rules.yaml': `rules:
${rule('investigation', `mode: credentials, guardrail: pii-standard, require: { reason: { minLength: 15 }, ticket: "CLM-<digits>" }, approval: { ${from}, quorum: 2, within: 2h, channel: C0CLAIMS }`)}
${rule('both-teams', 'mode: brokered, approval: { from: { allOf: [{ of: [group:privacy], atLeast: 1 }, { of: [group:owners], atLeast: 1 }] }, quorum: 2, within: 2h }')}
${rule('in-console', `mode: brokered, approval: { ${from}, quorum: 1, within: 2h, via: [console, cli] }`)}
${rule('fresh-sign-in', `mode: credentials, require: { signIn: { within: 15m } }, approval: { ${from}, quorum: 1, within: 2h, signIn: { within: 15m } }`)}
${rule('planned', `mode: credentials, startAhead: 7d, extensions: 2, approval: { ${from}, quorum: 1, within: 2h }`)}
${rule('by-itself', 'mode: brokered, approval: { auto: true, perDay: 3 }')}
  - { id: emergency, targets: [claims-pii], requesters: [group:analysts], maxDuration: 30m, activateWithin: 15m, mode: credentials, require: { reason: { minLength: 15 }, ticket: "INC-<digits>" }, approval: { breakGlass: true, notify: [group:security, group:privacy], review: [group:security], channel: C0ALARM } }
`
})

export const ruleOf = (id: string): Rule => known(policy.rules.find((one) => one.id === id))

const next = <S>(step: Step<S>): S => {
  if (!step.ok) throw new Error(step.refusal.message)
  return step.next
}
const personal = (value: string) => ({ salt: '0'.repeat(64), value })
const settleMilliseconds = 60_000

/** An ask under this rule by alice, of two hours at most, as it is first stored. */
export const asked = (
  id: string,
  columns: readonly string[] | null = null,
  { query, more = {}, ...over }: { readonly mode?: Mode; readonly query?: AskedQuery; readonly more?: Partial<Ask> } = {}
) => {
  const rule = ruleOf(id)
  const requester = person('alice')
  return next(
    transitions.request({
      id: known(parseElevationId('01KAJTH8G0000000000000000A')),
      ask: {
        requester,
        target: known(parseTargetId('claims-pii')),
        duration: seconds(Math.min(7200, rule.maxDuration)),
        reason: 'Duplicate payments in fraud case 4711, see the ticket.',
        ticket: id === 'emergency' ? 'INC-99' : 'CLM-4711',
        tables: ['claims.claims', 'claims.customers'],
        columns,
        breakGlass: id === 'emergency',
        ...(query === undefined ? {} : { query }),
        ...more
      },
      askDigest: `sha256:${'0123456789abcdef'.repeat(4)}`,
      terms: { ...termsOf(rule, eligibleApprovers(policy, rule.id, requester)), ...over },
      via: 'slack',
      told: [],
      policyDigest: `sha256:${'fedcba9876543210'.repeat(4)}`,
      personal: { reason: personal('x') },
      now: at(0)
    })
  )
}

export const boundQuery: AskedQuery = {
  commitment: 'ab'.repeat(32),
  shape: 'SELECT kind, count(DISTINCT customer_id) AS n FROM claims.claims WHERE adjuster = ? GROUP BY kind LIMIT ?',
  reads: { 'claims.claims': ['adjuster', 'customer_id', 'kind'], 'claims.customers': [] }
}

const waiting = (id: string) => {
  const first = asked(id)
  if (first.state !== 'pending') throw new Error('not pending')
  return first
}
const vote = (of: ReturnType<typeof waiting>, by: string, minute: number, isEnough: boolean) =>
  next(
    transitions.approve(of, { by: person(by), via: minute > 5 ? 'cli' : 'slack', isEnough, isReciprocal: false }, at(minute))
  )
const onceVoted = (() => {
  const one = vote(waiting('investigation'), 'bob', 4, false)
  if (one.state !== 'pending') throw new Error('not pending')
  return one
})()
const approved = (() => {
  const both = vote(onceVoted, 'carol', 9, true)
  if (both.state !== 'approved') throw new Error('not approved')
  return both
})()
const issuing = next(
  transitions.beginIssue(approved, {
    intent: {
      sessionName: `jit-${approved.id}`, region: 'eu-west-1', workgroup: 'claims-pii',
      roleArn: 'arn:aws:iam::123456789012:role/sallyport-claims', sessionArn: 'arn', sessionPolicy: '{}',
      grants: [], startedAt: at(15), notAfter: at(135)
    },
    lease: { owner: 'one', until: at(16) },
    now: at(15)
  })
)
const active = next(
  transitions.issued(issuing, { session: { assumedRoleId: 'AROA:x', accessKeyId: 'ASIA' }, grants: [] }, at(15))
)
const end = (how: 'expired' | 'revoked' | 'released' | 'failed', by: string) =>
  next(
    transitions.beginEnd(how === 'failed' ? issuing : active, {
      how, by: by === 'broker' ? 'broker' : person(by), settleMilliseconds, now: at(40)
    })
  )
const retried = (times: number): ReturnType<typeof end> =>
  times === 0 ? end('revoked', 'bob') : next(transitions.retryEnd(retried(times - 1), 'kms:RevokeGrant', at(50)))
const done = (how: 'expired' | 'revoked' | 'released' | 'failed', by: string) => {
  const ending = end(how, by)
  const refused = ending.session && next(sessionDenied(ending, { accessKeyId: 'ASIAP' }, at(42)))
  return next(transitions.finishEnd(refused ?? ending, at(45)))
}
const onceDecided = () => {
  const first = asked('emergency')
  if (first.state !== 'approved') throw new Error('not approved')
  return first
}

const startAt = at(26 * 60)
const planned = asked('planned', null, { more: { startAt } })
const scheduled = (() => {
  if (planned.state !== 'pending') throw new Error('not pending')
  const one = vote(planned, 'carol', 4, true)
  if (one.state !== 'approved') throw new Error('not approved')
  return one
})()
const others = known(parseElevationId('01KAJTH8G0000000000000000B'))
const extending = asked('planned', null, {
  more: { extends: { elevation: others, notAfter: at(20), place: 3, seconds: seconds(21_600) } }
})
const unmet = [
  { outcome: 'unmet', rule: ruleOf('planned').id, condition: 'when', message: 'open mon 08:00-18:00 UTC; it is sun 12:00 in UTC' }
] as const

/** Every state that has words of its own, by the name of its snapshot. */
export const states = {
  'pending-0-of-2': waiting('investigation'),
  'pending-1-of-2': onceVoted,
  'pending-all-but-a-set': (() => {
    const one = vote(waiting('both-teams'), 'carol', 4, false)
    return one.state === 'pending' ? vote(one, 'dan', 5, false) : one
  })(),
  'pending-in-console': asked('in-console'),
  'pending-fresh-sign-in': asked('fresh-sign-in'),
  'pending-some-columns': asked('investigation', ['claims.claims.amount', 'claims.customers.dob', 'claims.customers.ssn']),
  'pending-one-query': asked('both-teams', null, { query: boundQuery }),
  approved,
  'approved-by-itself': asked('by-itself'),
  'approved-break-glass': onceDecided(),
  denied: next(transitions.deny(onceVoted, person('carol'), personal('x'), at(20))),
  'cancelled-withdrawn': next(transitions.cancel(onceVoted, person('alice'), at(20))),
  'cancelled-taken-back': next(transitions.cancel(approved, person('bob'), at(20))),
  'lapsed-not-decided': next(transitions.lapse(onceVoted, 'not_decided', at(120))),
  'lapsed-not-started': next(transitions.lapse(approved, 'not_activated', at(500))),
  'lapsed-policy-changed': next(transitions.lapse(approved, 'policy_changed', at(30))),
  'pending-scheduled': planned,
  'approved-scheduled': scheduled,
  'approved-can-start': next(startable(scheduled, startAt)),
  'lapsed-at-its-start': next(transitions.lapse(scheduled, 'policy_changed', startAt, unmet)),
  'pending-extension': extending,
  'lapsed-extended-revoked': next(transitions.lapse(extending as Extract<typeof extending, { state: 'pending' }>, 'extended_revoked', at(30))),
  issuing,
  active,
  'ending-expired': end('expired', 'broker'),
  'ending-revoked': end('revoked', 'sam'),
  'ending-failed': end('failed', 'broker'),
  'ending-stuck': retried(10),
  'ended-expired': done('expired', 'broker'),
  'ended-revoked': done('revoked', 'sam'),
  'ended-released': done('released', 'alice'),
  failed: done('failed', 'broker')
} as const satisfies Readonly<Record<string, Elevation>>

export type StateName = keyof typeof states

export const stored = (elevation: Elevation): Stored => ({ elevation, version: 3, ledger: [1, 2, 5] })

/** The card of a state; the approver's words are known where there are any. */
export const scene = (name: StateName, change: Partial<Card> = {}): Card => ({
  ...cardOf(policy, stored(states[name]), {
    team,
    consoleUrl: 'https://sallyport.acme.example',
    words: ['denied', 'ending-revoked', 'ended-revoked'].includes(name) ? 'Not under this ticket.' : null
  }),
  ...change
})
