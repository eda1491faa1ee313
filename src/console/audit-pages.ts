/** What the pages for auditors and operators are given besides, and what they have in common. */
import type { Audit } from '../broker/audit.ts'
import type { Posture } from '../broker/posture.ts'
import type { Result } from '../elevation/refusal.ts'
import type { ReadModule } from '../evidence/bundle.ts'
import type { SystemView } from '../ports-system.ts'
import { absent, refusedPage } from './failure.ts'
import { ledgerEntryPages } from './ledger-entry-pages.tsx'
import { ledgerPages } from './ledger-pages.tsx'
import { ledgerVerifyPages } from './ledger-verify-pages.tsx'
import type { Pages } from './pages.ts'
import { policyPages } from './policy-pages.tsx'
import { posturePages } from './posture-pages.tsx'
import { reportsPages } from './reports-pages.tsx'
import { sideDoorPages } from './side-door-pages.tsx'
import { systemPages } from './system-pages.tsx'

export type Auditing = {
  readonly audit: Audit
  readonly posture: Pick<Posture, 'findings' | 'findingsSince' | 'sideDoors'>
  readonly system: () => Promise<SystemView>
  /** our own compiled modules, for browsers */
  readonly read: ReadModule
}

export type AuditPages = Pages & Auditing

/** Adds every page of auditors and operators. */
export const auditPages = (pages: AuditPages): void => {
  ledgerPages(pages)
  ledgerEntryPages(pages)
  ledgerVerifyPages(pages)
  posturePages(pages)
  sideDoorPages(pages)
  reportsPages(pages)
  policyPages(pages)
  systemPages(pages)
}

/** What one may not see is not there; the verb has written down that they tried. */
export const shown = <T>(result: Result<T>): T => {
  if (result.ok) return result.value
  throw result.refusal.code === 'policy_denied' ? absent() : refusedPage(result.refusal)
}
