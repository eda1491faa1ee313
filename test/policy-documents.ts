/**
 * Two policies to edit: `base` is a small one, `full` adds the rest of the language. Loading them
 * gives no issue.
 */
import { type Loaded, loadPolicy } from '../src/policy/load.ts'
import type { Policy, PolicyFile } from '../src/policy/policy.ts'

export type Documents = Readonly<Record<string, string>>

export const filesOf = (documents: Documents): readonly PolicyFile[] =>
  Object.entries(documents).map(([path, text]) => ({ path, text }))

/** The policy, or a throw that shows the issues. */
export const loaded = (documents: Documents): Policy => {
  const result = loadPolicy(filesOf(documents))
  if (!result.ok) throw new Error(JSON.stringify(result.issues, null, 1))
  return result.policy
}

/** `FILE:LINE PATH CODE`, and `warning` where it is one. */
export const printIssues = (result: Loaded): readonly string[] =>
  (result.ok ? result.warnings : result.issues).map(({ file, line, path, code, severity }) =>
    [`${file}:${line}`, path, code, ...(severity === 'warning' ? ['warning'] : [])].join(' ')
  )

export const issuesOf = (documents: Documents): readonly string[] =>
  printIssues(loadPolicy(filesOf(documents)))

/** One file with one place changed. */
export const edited = (
  documents: Documents,
  file: string,
  [from, to]: readonly [string, string]
): Documents => {
  const text = documents[file] ?? ''
  if (!text.includes(from)) throw new Error(`not in ${file}: ${from}`)
  return { ...documents, [file]: text.replace(from, () => to) }
}

export const P = 'people.yaml'
export const T = 'targets/pii.yaml'
export const R = 'rules.yaml'
export const M = 'more.yaml'
export const G = 'guardrails/strict.yaml'
export const E = 'tests/all.yaml'

export const people = `groups:
  - { id: analysts }
  - { id: seniors }
  - { id: everyone, includes: [analysts, seniors] }
  - { id: stewards }
  - { id: guests }
  - { id: nobody }
people:
  - { id: ann, groups: [analysts], subjects: [ann, okta|17], emails: [ann@acme.example] }
  - { id: ben, groups: [seniors], emails: [ben@acme.example] }
  - { id: cat, groups: [stewards] }
  - { id: dan, groups: [stewards, analysts] }
  - { id: eli, groups: [guests, analysts] }
  - { id: fay, groups: [stewards], active: false }
  - { id: gus }
roles: { auditor: [person:gus], operator: [group:everyone] }
`
export const key = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-000000000001'
export const target = `target: pii
account: "123456789012"
region: eu-west-1
workgroup: pii
role: arn:aws:iam::123456789012:role/broker/pii
classification: pii
owner: group:stewards
data:
  - { database: d, tables: [a, b], location: s3://acme-data/d/, key: ${key}, bucketKey: true }
results: { location: s3://acme-results/pii/, key: ${key} }
columns:
  d.a: { ssn: direct }
`
export const rules = `rules:
  - id: standard
    targets: [pii]
    requesters: [group:everyone]
    maxDuration: 4h
    activateWithin: 8h
    mode: brokered
    require: { reason: { minLength: 10 }, ticket: "CLM-<digits>" }
    approval: { from: [group:stewards], quorum: 1, within: 2h }
deny:
  - id: no-guests
    requesters: [group:guests]
    targets: [pii]
`
export const base = { 'people.yaml': people, 'targets/pii.yaml': target, 'rules.yaml': rules }
const more = `groups: [{ id: owners }, { id: duty }, { id: allies, includes: [owners, duty] }]
people:
  - { id: hal, slack: [{ team: T1A, user: U1A }], groups: [owners] }
  - { id: ida, groups: [owners] }
  - { id: jo, groups: [duty] }
rules:
  - id: sets
    targets: [pii]
    requesters: [group:analysts]
    maxDuration: 2h
    activateWithin: 1h
    when: { days: [mon, tue], hours: "08:00-18:00", zone: Europe/Berlin }
    via: [slack, cli]
    require: { signIn: { within: 15m, acr: [phr], amr: [mfa] } }
    caps: { pending: 3, active: 2, perDay: 8h }
    approval:
      from: { allOf: [{ of: [group:stewards], atLeast: 1 }, { of: [group:owners], atLeast: 1 }] }
      quorum: 2
      within: 2h
      via: [console]
      noReciprocalWithin: 24h
      membershipAsOf: now
    guardrail: strict
  - id: quick
    targets: [pii]
    requesters: [group:duty]
    maxDuration: 15m
    activateWithin: 5m
    approval: { auto: true, perDay: 3 }
  - id: emergency
    targets: [pii]
    requesters: [group:duty]
    maxDuration: 30m
    activateWithin: 5m
    require: { reason: { minLength: 30 }, ticket: "INC-<digits>" }
    approval: { breakGlass: true, notify: [group:owners], review: [person:hal] }
`
const guardrail = `guardrail: strict
tables: [d.a, d.b]
denyColumns: { d.a: [ssn] }
aggregateOnlyColumns: { d.a: [dob], d.b: [id] }
requireLimit: 100
forbidFunctions: [regexp_extract]
`
const expectations = `tests:
  - name: one
    at: "2026-11-18T09:00:00Z"
    as: ann
    ask: { target: pii, duration: 2h, reason: a reason that is long, ticket: CLM-1 }
    signIn: { ago: 5m, acr: phr, amr: [mfa] }
    has: { secondsInDay: 2h }
    expect: { decision: needs_approval, rule: standard, approvers: [cat, dan] }
  - name: two
    at: "2026-11-18T09:00:00+01:00"
    as: jo
    ask: { target: pii, duration: 5m }
    expect: { decision: deny, unmet: [duration] }
`
export const full = { ...base, [M]: more, [G]: guardrail, [E]: expectations }
