/**
 * The pages one goes to from anywhere, and who sees each. It only shows the way: every page judges
 * its viewer itself.
 */
import type { Roles } from './viewer.ts'
import { audit } from './words-audit.ts'
import { posture } from './words-posture.ts'
import { words } from './words.ts'

type Place = {
  readonly path: string
  readonly label: string
  readonly isFor: (roles: Roles) => boolean
}

const places: readonly Place[] = [
  { path: '/console', label: words.nav.access, isFor: () => true },
  {
    path: '/console/approvals',
    label: words.nav.approvals,
    isFor: ({ approver, security, auditor }) => approver || security || auditor
  },
  { path: '/console/ledger', label: audit.nav.ledger, isFor: ({ auditor }) => auditor },
  {
    path: '/console/posture',
    label: posture.nav,
    isFor: ({ auditor, operator, security, owner }) => auditor || operator || security || owner
  },
  { path: '/console/reports', label: audit.nav.reports, isFor: ({ auditor }) => auditor },
  {
    path: '/console/policy',
    label: audit.nav.policy,
    isFor: ({ auditor, operator, security }) => auditor || operator || security
  },
  {
    path: '/console/system',
    label: audit.nav.system,
    isFor: ({ auditor, operator, security }) => auditor || operator || security
  }
]

export const navigation = (roles: Roles): readonly Place[] =>
  places.filter(({ isFor }) => isFor(roles))
