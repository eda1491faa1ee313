/**
 * Policies of any size, valid and always the same for the same numbers: one file per target, rules
 * in files of 100, people in files of 500. Rule `n` is on target `n % targets`, for one team, a
 * division of teams in every tenth rule, and approved by one group of stewards.
 */
import type { PolicyFile } from '../src/policy/policy.ts'

export type Size = {
  readonly targets: number
  readonly rules: number
  /** at least three for each group of stewards and one for each team */
  readonly people: number
  /** teams that ask and, one in five, stewards who approve; at least two */
  readonly groups: number
}

/** The names of everything in a policy of that size, for asks on it. */
export const namesOf = ({ targets, rules, people, groups }: Size) => {
  const stewardGroups = Math.max(1, Math.floor(groups / 5))
  return {
    targets: numbered('target', targets),
    rules: numbered('rule', rules),
    people: numbered('person', people),
    teams: numbered('team', groups - stewardGroups),
    stewards: numbered('stewards', stewardGroups),
    divisions: numbered('division', Math.ceil((groups - stewardGroups) / 10))
  }
}

/** The first people, three for each group of stewards, are stewards; the rest ask. */
export const groupOf = (size: Size, person: number): string => groupIn(namesOf(size), person)

export const generatePolicyFiles = (size: Size): readonly PolicyFile[] => {
  const names = namesOf(size)
  if (size.people < names.stewards.length * 3 + names.teams.length) {
    throw new RangeError('too few people for these groups')
  }
  const groups = [
    ...[...names.teams, ...names.stewards].map((id) => `  - { id: ${id} }`),
    ...names.divisions.map((id, index) => {
      const teams = names.teams.slice(index * 10, index * 10 + 10)
      return `  - { id: ${id}, includes: [${teams.join(', ')}] }`
    })
  ]
  const people = names.people.map((id, index) => {
    const slack = `[{ team: T0ACME, user: U${String(index).padStart(8, '0')} }]`
    const group = groupIn(names, index)
    return `  - { id: ${id}, emails: [${id}@acme.example], slack: ${slack}, groups: [${group}] }`
  })
  return [
    { path: 'groups.yaml', text: `groups:\n${groups.join('\n')}\n` },
    ...inFiles('people', people, 500),
    { path: 'roles.yaml', text: `roles: { auditor: [person:${at(names.people, 0)}] }\n` },
    ...names.targets.map((id, index) => ({ path: `targets/${id}.yaml`, text: target(id, index) })),
    ...inFiles('rules', names.rules.map((id, index) => rule(id, index, names)), 100),
    {
      path: 'guardrails/standard.yaml',
      text: 'guardrail: standard\nrequireLimit: 10000\nforbidCrossJoin: true\n'
    }
  ]
}

const groupIn = ({ stewards, teams }: ReturnType<typeof namesOf>, person: number): string =>
  person < stewards.length * 3 ? at(stewards, person) : at(teams, person - stewards.length * 3)

const numbered = (word: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${word}-${index}`)

const at = (list: readonly string[], index: number): string => list[index % list.length] ?? ''

const inFiles = (key: string, items: readonly string[], most: number): readonly PolicyFile[] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, index) => ({
    path: `${key}/${index}.yaml`,
    text: `${key}:\n${items.slice(index * most, (index + 1) * most).join('\n')}\n`
  }))

const target = (id: string, index: number): string => {
  const number = String(index).padStart(12, '0')
  const key = `arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-${number}`
  return `target: ${id}
account: "123456789012"
region: eu-west-1
workgroup: ${id}
role: arn:aws:iam::123456789012:role/sallyport-${index}
classification: pii
owner: group:stewards-0
data:
  - database: db_${index}
    tables: [customers, claims]
    location: s3://acme-data/${id}/
    key: ${key}
    bucketKey: true
results:
  location: s3://acme-results/${id}/
  key: ${key}
columns:
  db_${index}.customers: { customer_id: quasi, full_name: direct, email: direct, dob: quasi }
`
}

const rule = (id: string, index: number, names: ReturnType<typeof namesOf>): string => {
  const asks = index % 10 === 9 ? at(names.divisions, index) : at(names.teams, index)
  return `  - id: ${id}
    targets: [${at(names.targets, index)}]
    requesters: [group:${asks}]
    maxDuration: ${(index % 8) + 1}h
    activateWithin: 8h
    mode: ${index % 2 === 0 ? 'brokered' : 'credentials'}
    require: { reason: { minLength: 15 }, ticket: "CLM-<digits>" }
    approval: { from: [group:${at(names.stewards, index)}], quorum: ${(index % 2) + 1}, within: 2h }
    guardrail: standard`
}
