/**
 * Who somebody is to the policy. Identity is the token's `sub`, compared exactly: no e-mail, case
 * folding or Unicode normalisation decides anything. Inactive people have no rights at all.
 */
import type { PersonId } from '../elevation/ids.ts'
import type { Person, Policy, Role, SubjectRef } from './policy.ts'

/** The active person a token's `sub` belongs to; null where there is none. */
export const personBySubject = (policy: Policy, subject: string): Person | null => {
  const id = policy.bySubject.get(subject)
  return id === undefined ? null : activePerson(policy, id)
}

/** The active person a Slack account belongs to; null where there is none. */
export const personBySlack = (
  policy: Policy,
  { team, user }: { readonly team: string; readonly user: string }
): Person | null => {
  const id = policy.bySlack.get(`${team}/${user}`)
  return id === undefined ? null : activePerson(policy, id)
}

/**
 * The one active person with this address, compared in ASCII without case; null where there is none
 * or more than one, or somebody inactive has it too. Only for channels configured to match by it.
 */
export const personByEmail = (policy: Policy, email: string): Person | null => {
  if (!/^[!-~]+$/.test(email)) return null
  const wanted = email.toLowerCase()
  const found = [...policy.people.values()].filter(({ emails }) =>
    emails.some((one) => one.toLowerCase() === wanted)
  )
  const [person] = found
  return found.length === 1 && person?.active ? person : null
}

/** The person, unless unknown or inactive. */
export const activePerson = (policy: Policy, id: PersonId): Person | null => {
  const person = policy.people.get(id)
  return person?.active ? person : null
}

/** Whether an active person holds a duty such as `auditor`. */
export const hasRole = (policy: Policy, id: PersonId, role: Role): boolean => {
  const person = activePerson(policy, id)
  return person !== null && isAmong(person, policy.roles[role])
}

/** Whether any of the references names this person or a group they are in. */
export const isAmong = (person: Person, refs: readonly SubjectRef[]): boolean => {
  // a loop, for this is the innermost step of every decision
  for (const { kind, name } of refs) {
    if (kind === 'person' ? name === person.id : person.groups.has(name)) return true
  }
  return false
}

/** `person:ID` or `group:NAME`. */
export const printRef = (ref: SubjectRef): string => `${ref.kind}:${ref.name}`
