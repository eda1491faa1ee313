/**
 * The digest of a policy: SHA-256 over what the documents mean, as JSON with sorted keys and sorted
 * lists of people, rules and names. Formatting, comments, the order of files and rules, and how a
 * length is spelled do not change it; anything that could change a decision does.
 */
import { hash } from 'node:crypto'
import type { Target } from '../elevation/target.ts'
import { printRef } from './people.ts'
import type { Deny, Person, Policy, Rule, SubjectRef } from './policy.ts'

/** `sha256:` and 64 hex digits. */
export const digestOf = (policy: Omit<Policy, 'digest'>): string => {
  const meaning = {
    people: [...policy.people.values()].map(plainPerson).toSorted(byId),
    targets: [...policy.targets.values()].map(plainTarget).toSorted(byId),
    rules: policy.rules.map(plainRule).toSorted(byId),
    deny: policy.denies.map(plainDeny).toSorted(byId),
    roles: {
      auditor: names(policy.roles.auditor),
      operator: names(policy.roles.operator),
      security: names(policy.roles.security)
    }
  }
  return `sha256:${hash('sha256', canonical(meaning), 'hex')}`
}

const plainPerson = ({ id, emails, subjects, groups, active }: Person) => ({
  id,
  emails: emails.toSorted(),
  subjects: subjects.toSorted(),
  groups: [...groups].toSorted(),
  active
})

// the order of data sets and tables is kept: it is the order in which AWS is told of them
const plainTarget = (target: Target): Target => target

const plainRule = (rule: Rule) => ({
  ...rule,
  targets: rule.targets.toSorted(),
  requesters: names(rule.requesters),
  ticket: rule.ticket?.text ?? null,
  approval: { ...rule.approval, from: names(rule.approval.from) }
})

const plainDeny = (deny: Deny) => ({
  ...deny,
  targets: deny.targets?.toSorted() ?? null,
  requesters: names(deny.requesters)
})

const names = (refs: readonly SubjectRef[]): readonly string[] => refs.map(printRef).toSorted()

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  Number(a.id > b.id) - Number(a.id < b.id)

/** Sorted keys and no white space; only text, whole numbers, booleans, null, lists and mappings. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).toSorted(([a], [b]) => Number(a > b) - Number(a < b))
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`
}
