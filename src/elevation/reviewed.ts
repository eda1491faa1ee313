/** The word of somebody else on a break-glass elevation afterwards; no state changes. */
import type { Elevation } from './elevation.ts'
import type { LedgerEvent, Personal } from './event.ts'
import type { Instant, PersonId } from './ids.ts'

export const reviewed = (
  of: Elevation,
  { by, note }: { readonly by: PersonId; readonly note: Personal },
  now: Instant
): LedgerEvent => ({
  type: 'breakglass.reviewed',
  at: now,
  actor: by,
  elevation: of.id,
  target: of.ask.target,
  policyDigest: of.policyDigest,
  data: { askDigest: of.askDigest, state: of.state },
  personal: { note }
})
