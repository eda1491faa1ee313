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
export const isAmong = (person: Person, refs: readonly SubjectRef[]): boolean =>
  refs.some((ref) => {
    switch (ref.kind) {
      case 'person':
        return ref.name === person.id
      case 'group':
        return person.groups.has(ref.name)
    }
  })

/** `person:ID` or `group:NAME`. */
export const printRef = (ref: SubjectRef): string => `${ref.kind}:${ref.name}`
