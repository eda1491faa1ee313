/**
 * The digest of a policy: SHA-256 over what the documents mean, as JSON with sorted keys and sorted
 * lists of people, rules and names. Formatting, comments, the order of files and rules, and how a
 * length is spelled do not change it; anything that could change a decision does.
 */
import { hash } from 'node:crypto'
import type { Target } from '../elevation/target.ts'
import { printRef } from './people.ts'
import type {
  Deny,
  Guardrail,
  Person,
  Policy,
  Posture,
  Reminders,
  Rule,
  SignIn,
  SubjectRef,
  When
} from './policy.ts'

/** `sha256:` and 64 hex digits. Tests of the policy decide nothing and are left out. */
export const digestOf = (policy: Omit<Policy, 'digest'>): string =>
  `sha256:${hash('sha256', policyText(policy), 'hex')}`

/** The text that the digest is of: JSON with what the documents mean, people included. */
export const policyText = (policy: Omit<Policy, 'digest'>): string => {
  const meaning = {
    people: [...policy.people.values()].map(plainPerson).toSorted(byId),
    targets: [...policy.targets.values()].map(plainTarget).toSorted(byId),
    rules: policy.rules.map(plainRule).toSorted(byId),
    deny: policy.denies.map(plainDeny).toSorted(byId),
    guardrails: [...policy.guardrails.values()].map(plainGuardrail).toSorted(byId),
    posture: plainPosture(policy.posture),
    roles: {
      auditor: names(policy.roles.auditor),
      operator: names(policy.roles.operator),
      security: names(policy.roles.security)
    }
  }
  return canonical(meaning)
}

const plainPerson = ({ id, emails, subjects, slack, groups, active }: Person) => ({
  id,
  emails: emails.toSorted(),
  subjects: subjects.toSorted(),
  // an account is an identity, as a subject is
  slack: inOrder(slack),
  groups: [...groups].toSorted(),
  active
})

// the order of data sets and tables is kept: it is the order in which AWS is told of them
const plainTarget = (target: Target): Target => target

const plainRule = (rule: Rule) => ({
  ...rule,
  targets: rule.targets.toSorted(),
  requesters: names(rule.requesters),
  when: plainWhen(rule.when),
  via: [...rule.via].toSorted(),
  ticket: rule.ticket?.text ?? null,
  signIn: plainSignIn(rule.signIn),
  approval: plainApproval(rule.approval),
  guardrail: rule.guardrail?.id ?? null
})

const plainApproval = (approval: Rule['approval']) => {
  switch (approval.kind) {
    case 'people':
      return {
        ...approval,
        sets: inOrder(approval.sets.map(({ of, atLeast }) => ({ of: names(of), atLeast }))),
        via: [...approval.via].toSorted(),
        signIn: plainSignIn(approval.signIn),
        ...plainReminders(approval.reminders)
      }
    case 'auto':
      return approval
    case 'breakGlass':
      return { ...approval, notify: names(approval.notify), review: names(approval.review) }
  }
}

const plainReminders = (reminders: Reminders | undefined) =>
  reminders && {
    reminders: {
      ...reminders,
      escalate: reminders.escalate && {
        after: reminders.escalate.after,
        to: names(reminders.escalate.to)
      }
    }
  }

const plainSignIn = (signIn: SignIn | null) =>
  signIn && {
    ...signIn,
    acr: signIn.acr?.toSorted() ?? null,
    amr: signIn.amr.toSorted()
  }

const plainWhen = (windows: readonly When[]) =>
  inOrder(windows.map((window) => ({ ...window, days: [...window.days].toSorted() })))

const plainGuardrail = (guardrail: Guardrail) => ({
  ...guardrail,
  tables: guardrail.tables?.toSorted() ?? null,
  denyColumns: sortedLists(guardrail.denyColumns),
  aggregateOnlyColumns: sortedLists(guardrail.aggregateOnlyColumns),
  forbidFunctions: guardrail.forbidFunctions.toSorted()
})

const plainPosture = (posture: Posture) => ({
  ...posture,
  environments: posture.environments?.toSorted() ?? null,
  requiredTags: posture.requiredTags.toSorted(),
  waivers: inOrder(posture.waivers)
})

const sortedLists = (lists: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.toSorted()]))

const plainDeny = (deny: Deny) => ({
  ...deny,
  targets: deny.targets?.toSorted() ?? null,
  requesters: names(deny.requesters),
  when: plainWhen(deny.when)
})

/** The canonical forms of a list whose order means nothing, in one order. */
const inOrder = (list: readonly unknown[]): readonly string[] => list.map(canonical).toSorted()

const names = (refs: readonly SubjectRef[]): readonly string[] => refs.map(printRef).toSorted()

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  Number(a.id > b.id) - Number(a.id < b.id)

/** Sorted keys and no white space; only text, whole numbers, booleans, null, lists and mappings. */
const canonical = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const record: Readonly<Record<string, unknown>> = { ...value }
  const entries = Object.keys(record)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`)
  return `{${entries.join(',')}}`
}
