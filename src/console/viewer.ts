/**
 * Whose page it is: the person of the session, what duties they hold, and the token their forms
 * carry. guard.ts alone sets it; a page without a viewer is one of signing in.
 */
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../broker/broker.ts'
import { ownedBy } from '../broker/posture.ts'
import type { PersonId } from '../elevation/ids.ts'
import { activePerson, hasRole, isAmong } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'

export type Roles = {
  readonly auditor: boolean
  readonly operator: boolean
  readonly security: boolean
  /** some rule counts their vote or their review */
  readonly approver: boolean
  /** some target is theirs */
  readonly owner: boolean
}

export type Viewer = {
  readonly caller: Caller
  readonly roles: Roles
  /** what every form of this session sends back as `csrf` */
  readonly csrf: string
  /** SHA-256 of the session's id, as the store knows it */
  readonly session: string
}

/** Null where nobody is signed in: on pages of access to the signing in itself. */
export const knownViewer = (request: FastifyRequest): Viewer | null =>
  request.getDecorator<Viewer | null>('viewer')

/** The viewer of a page that is behind the guard; throws elsewhere. */
export const viewerOf = (request: FastifyRequest): Viewer => {
  const viewer = knownViewer(request)
  if (viewer === null) throw new Error('the page has no viewer')
  return viewer
}

/** The duties of this person under the policy as it is now. */
export const rolesOf = (policy: Policy, id: PersonId): Roles => ({
  auditor: hasRole(policy, id, 'auditor'),
  operator: hasRole(policy, id, 'operator'),
  security: hasRole(policy, id, 'security'),
  approver: isApprover(policy, id),
  owner: ownedBy(policy, id).length > 0
})

const isApprover = (policy: Policy, id: PersonId): boolean => {
  const person = activePerson(policy, id)
  if (person === null) return false
  return policy.rules.some(({ approval }) => {
    switch (approval.kind) {
      case 'people':
        return approval.sets.some(({ of }) => isAmong(person, of))
      case 'breakGlass':
        return isAmong(person, approval.review)
      case 'auto':
        return false
    }
  })
}
