/** One small organisation, and everything around an ask that a decision looks at. */
import type { Ask } from '../src/elevation/elevation.ts'
import {
  type Instant,
  type PersonId,
  type RuleId,
  instant,
  parsePersonId,
  parseRuleId,
  parseTargetId,
  seconds
} from '../src/elevation/ids.ts'
import type { Circumstances, Presence, Standing } from '../src/policy/circumstances.ts'
import { type Decision, decide } from '../src/policy/decide.ts'
import type { BreakGlass, PeopleApproval, Policy, Rule, SubjectRef } from '../src/policy/policy.ts'
import { P, R, T, loaded, rules, target } from './policy-documents.ts'

export const known = <T>(value: T | null | undefined): T => {
  if (value === null || value === undefined) throw new Error('a fixture is not well formed')
  return value
}
export const person = (id: string): PersonId => known(parsePersonId(id))
export const rule = (id: string): RuleId => known(parseRuleId(id))
export const hours = (n: number) => seconds(n * 3600)
/** A Saturday. */
export const now = instant(Date.UTC(2026, 10, 21, 10))
export const later = (minutes: number): Instant => instant(now + minutes * 60_000)

const people = `groups:
  - { id: analysts }
  - { id: seniors }
  - { id: everyone, includes: [analysts, seniors] }
  - { id: stewards }
  - { id: guests }
people:
  - { id: ann, groups: [analysts], subjects: [ann, okta|17], slack: [{ team: T0ACME, user: U0ANN1 }] }
  - { id: ben, groups: [seniors] }
  - { id: cat, groups: [stewards] }
  - { id: dan, groups: [stewards, analysts], subjects: [dan, DAN@idp, google|4] }
  - { id: eli, groups: [guests, analysts] }
  - { id: fay, groups: [stewards], active: false }
  - { id: gus }
  - { id: hal, groups: [stewards] }
roles: { auditor: [person:gus], operator: [group:everyone], security: [person:ben] }
`

export const base = { [P]: people, [T]: target, [R]: rules }

export const edited = (file: keyof typeof base, from: string, to: string) => {
  if (!base[file].includes(from)) throw new Error(`not in ${file}: ${from}`)
  return { ...base, [file]: base[file].replace(from, () => to) }
}

/** A rule of its own in a rules file. */
export const ruleText = (id: string, over: Readonly<Record<string, string>> = {}): string => {
  const keys = {
    id, targets: '[pii]', requesters: '[group:everyone]', maxDuration: '4h', activateWithin: '8h',
    mode: 'brokered', approval: '{ from: [group:stewards], quorum: 1, within: 2h }', ...over
  }
  return `  - { ${Object.entries(keys).map(([k, v]) => `${k}: ${v}`).join(', ')} }`
}
export const withRules = (...texts: readonly string[]): Policy =>
  loaded({ ...base, [R]: `rules:\n${texts.join('\n')}\n` })

export const policy = loaded(base)
export const standard: Rule = known(policy.rules[0])
export const approval: PeopleApproval = known(
  standard.approval.kind === 'people' ? standard.approval : null
)

export const glass: BreakGlass = { kind: 'breakGlass', notify: [], review: [], channel: null }

export const refs = (...names: readonly string[]): readonly SubjectRef[] =>
  names.map((text) => {
    const [kind = '', name = ''] = text.split(':')
    if (kind !== 'person' && kind !== 'group') throw new Error(text)
    return { kind, name }
  })

/** The organisation with the standard rule changed. */
export const withRule = (change: Partial<Rule>, of: Policy = policy): Policy => ({
  ...of,
  rules: [{ ...standard, ...change }]
})
export const withApproval = (change: Partial<PeopleApproval>, of: Policy = policy): Policy =>
  withRule({ approval: { ...approval, ...change } }, of)

/** The organisation with these people changed; null = the person is gone. */
export const withPerson = (
  of: Policy,
  id: string,
  change: { readonly groups?: readonly string[]; readonly active?: boolean }
): Policy => {
  const { groups, ...rest } = change
  const before = known(of.people.get(person(id)))
  const after = { ...before, ...rest, groups: groups === undefined ? before.groups : new Set(groups) }
  return { ...of, people: new Map(of.people).set(before.id, after) }
}

export const asked = (change: Partial<Ask> = {}): Ask => ({
  requester: person('ann'),
  target: known(parseTargetId('pii')),
  duration: hours(2),
  reason: 'a reason that is long enough',
  ticket: 'CLM-4711',
  tables: ['d.a', 'd.b'],
  columns: null,
  breakGlass: false,
  ...change
})

export const presence: Presence = { via: 'cli', authAt: now, acr: 'phr', amr: ['pwd', 'mfa'] }
export const standing: Standing = {
  pending: 0, open: 0, secondsInDay: 0, autoInDay: 0, unreviewed: null
}

export type Around = {
  readonly at?: Instant
  readonly presence?: Partial<Presence>
  readonly standing?: Partial<Standing>
}
export const at = (kind: Circumstances['stage']['kind'], around: Around = {}): Circumstances => {
  const moment = around.at ?? now
  if (kind === 'vote' || kind === 'vend') return { now: moment, stage: { kind } }
  const came = { ...presence, ...around.presence }
  return {
    now: moment,
    stage: { kind, presence: came, standing: { ...standing, ...around.standing } }
  }
}

export const decided = (of: Policy, ask: Ask, around: Around = {}): Decision =>
  decide(of, ask.requester, ask, at('ask', around))

/** The rule of an allowed ask, or the code of a denied one and all that is open. */
export const outcome = (of: Policy, ask: Ask, around: Around = {}): readonly string[] => {
  const decision = decided(of, ask, around)
  if (decision.kind !== 'deny') return [decision.rule]
  const open = decision.reasons.map((reason) => {
    return `${reason.outcome} ${reason.rule ?? 'no'} ${reason.condition}`
  })
  return [decision.code, ...open]
}
