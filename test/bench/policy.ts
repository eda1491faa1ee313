/**
 * One decision with its explanation at 10 to 10,000 rules, beside Cedar on the same rules with its
 * policies parsed beforehand. The same people ask for the same targets on both sides, by turns, one
 * in two with a ticket that does not fit; both sides have to agree on who is let through. And one
 * `policy check`, from the command to its answer.
 */
import { setFlagsFromString } from 'node:v8'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import type { Ask } from '../../src/elevation/elevation.ts'
import { instant, seconds } from '../../src/elevation/ids.ts'
import { tablesOf } from '../../src/elevation/target.ts'
import type { Circumstances } from '../../src/policy/circumstances.ts'
import { decide } from '../../src/policy/decide.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { printRef } from '../../src/policy/people.ts'
import type { Person, Policy, Rule, SubjectRef } from '../../src/policy/policy.ts'
import { generatePolicyFiles } from '../policy-generator.ts'
import { type Figure, median, rounded } from './figures.ts'
import { policyCheckFigure } from './policy-check.ts'

const sizes = [10, 100, 1000, 10_000] as const
const questions = 20
const rounds = 9
const roundMilliseconds = 50
const warmUpMilliseconds = 300

const now = instant(Date.UTC(2026, 10, 21, 10))
const circumstances: Circumstances = {
  now,
  stage: {
    kind: 'ask',
    presence: { via: 'cli', authAt: now, acr: null, amr: [] },
    standing: { pending: 0, open: 0, secondsInDay: 0, autoInDay: 0, unreviewed: null }
  }
}

type Size = (typeof sizes)[number]
type Run = () => boolean
type Sides<T> = { readonly ours: T; readonly cedar: T }

export const policyFigures = async (): Promise<readonly Figure[]> => {
  // V8 of Node 20 aborts when it deoptimises a call into WebAssembly that it had inlined
  setFlagsFromString('--no-turbo-inline-js-wasm-calls')
  const runs = sizes.map((size) => [size, sidesOf(size)] as const)
  for (const [, { ours }] of runs) time(ours, warmUpMilliseconds)
  // by turns, so that a drift of the machine touches all alike
  const times = Array.from({ length: rounds }, () => {
    return new Map(runs.map(([size, sides]) => [size, timesOf(sides)]))
  })
  const each = (value: (of: (size: Size) => Sides<number>) => number): number =>
    median(times.map((round) => value((size) => round.get(size) ?? unmeasured)))
  const growth = rounded(each((of) => of(10_000).ours / of(10).ours))
  const faster = rounded(each((of) => of(1000).cedar / of(1000).ours), 0)
  return [
    ...sizes.map((size): Figure => {
      const value = rounded(each((of) => of(size).ours))
      return {
        figure: `policy_decision_${size}_rules`,
        value,
        unit: 'us',
        target: size === 1000 ? '<= 20' : 'none: it is a part of the ratios',
        ok: size !== 1000 || value <= 20,
        beside: { cedarUs: rounded(each((of) => of(size).cedar)) }
      }
    }),
    {
      figure: 'policy_decision_10000_of_10_rules',
      value: growth,
      unit: 'ratio',
      target: '<= 2',
      ok: growth <= 2
    },
    {
      figure: 'policy_decision_1000_rules_beside_cedar',
      value: faster,
      unit: 'times faster',
      target: '>= 50',
      ok: faster >= 50
    },
    policyCheckFigure()
  ]
}

const unmeasured: Sides<number> = { ours: Number.NaN, cedar: Number.NaN }

/** The same asks for both sides, which agree on who is let through. */
const sidesOf = (size: Size): Sides<readonly Run[]> => {
  const policy = policyOf(size)
  const asked = asksOn(policy)
  const set = `rules-${size}`
  const parsed = cedar.preparsePolicySet(set, { staticPolicies: cedarText(policy.rules) })
  if (parsed.type === 'failure') throw new Error(JSON.stringify(parsed.errors))
  const sides = {
    ours: asked.map(({ person, ask }) => () => {
      return decide(policy, person.id, ask, circumstances).kind !== 'deny'
    }),
    cedar: asked.map((one) => callOf(one, set)).map((call) => () => isAllowed(call))
  }
  for (const [n, run] of sides.ours.entries()) {
    if (run() !== sides.cedar[n]?.()) throw new Error(`the two sides do not agree on ask ${n}`)
  }
  return sides
}

const timesOf = ({ ours, cedar: theirs }: Sides<readonly Run[]>): Sides<number> => ({
  ours: time(ours, roundMilliseconds),
  cedar: time(theirs, roundMilliseconds)
})

/** Microseconds of processor time per run, which other work on the machine hardly changes. */
const time = (runs: readonly Run[], milliseconds: number): number => {
  const until = performance.now() + milliseconds
  const began = process.cpuUsage()
  let count = 0
  while (performance.now() < until) runs[count++ % runs.length]?.()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / count
}

/** 101 teams share no factor with the targets, so that hardly a team has two rules on one target. */
const policyOf = (size: Size): Policy => {
  const targets = Math.min(size, 1000)
  const loaded = loadPolicy(generatePolicyFiles({ targets, rules: size, people: 1000, groups: 126 }))
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues.slice(0, 3)))
  return loaded.policy
}

type Asked = { readonly person: Person; readonly ask: Ask }

const asksOn = (policy: Policy): readonly Asked[] => {
  const people = [...policy.people.values()]
  return Array.from({ length: questions }, (_, n) => {
    const rule = policy.rules[(n * 7919) % policy.rules.length]
    const [group] = rule?.requesters ?? []
    const [id] = rule?.targets ?? []
    const target = id && policy.targets.get(id)
    const team = people.filter(({ groups }) => group !== undefined && groups.has(group.name))
    const person = team[n % team.length]
    if (!target || !person) throw new Error('a rule that nobody can use')
    const ask = {
      requester: person.id,
      target: target.id,
      duration: seconds(1800),
      reason: 'Suspicion of claims that were paid twice',
      ticket: n % 2 === 0 ? `CLM-${4711 + n}` : `SIU-${n}`,
      tables: tablesOf(target),
      columns: null,
      breakGlass: false
    }
    return { person, ask }
  })
}

/** The conditions of the rules that Cedar can express; its patterns have no `<digits>`. */
const cedarText = (rules: readonly Rule[]): string =>
  rules
    .map(({ requesters, targets, maxDuration, reasonMinLength }) => {
      return `permit (principal, action == Action::"ask", resource)
when {
  principal in [${requesters.map(groupOf).join(', ')}] &&
  [${targets.map((id) => `Target::"${id}"`).join(', ')}].contains(resource) &&
  context.duration <= ${maxDuration} &&
  context.reasonLength >= ${reasonMinLength} &&
  context has ticket && context.ticket like "CLM-*"
};`
    })
    .join('\n')

const groupOf = (ref: SubjectRef): string => `Subject::"${printRef(ref)}"`

const callOf = ({ person, ask }: Asked, set: string): cedar.StatefulAuthorizationCall => {
  const principal = { type: 'Subject', id: `person:${person.id}` }
  const resource = { type: 'Target', id: ask.target }
  const parents = [...person.groups].map((name) => ({ type: 'Subject', id: `group:${name}` }))
  return {
    principal,
    action: { type: 'Action', id: 'ask' },
    resource,
    context: {
      duration: ask.duration,
      reasonLength: ask.reason.length,
      ticket: ask.ticket ?? ''
    },
    preparsedPolicySetId: set,
    entities: [
      { uid: principal, attrs: {}, parents },
      ...parents.map((uid) => ({ uid, attrs: {}, parents: [] })),
      { uid: resource, attrs: {}, parents: [] }
    ]
  }
}

const isAllowed = (call: cedar.StatefulAuthorizationCall): boolean => {
  const answer = cedar.statefulIsAuthorized(call)
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  return answer.response.decision === 'allow'
}
