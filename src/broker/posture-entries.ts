/**
 * Findings as ledger entries: what was found on which resource of which targets, and what became of
 * it. No free text and nothing of a person but who told of it: what shows it and why it is waived
 * are in the store and in the policy whose digest the entry has.
 */
import type { EventType, LedgerEvent } from '../elevation/event.ts'
import { type Instant, type PersonId, parseTargetId } from '../elevation/ids.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Finding } from '../posture/finding.ts'
import type { Deps } from './deps.ts'
import { entryOf } from './record.ts'

export type FindingEvent = {
  readonly finding: Finding
  /** begin of this life of the finding: two entries of one event have one key */
  readonly openedAt: Instant
  readonly at: Instant
  /** it was open all along, and its waiver is over */
  readonly isAgain?: true
  /** who told of it; absent = the broker looked itself */
  readonly actor?: PersonId
}

type FindingEventType = Extract<EventType, `finding.${string}`>

/** An entry is at most 16 KiB: of more targets only these and their number. */
const mostTargets = 100

/** The entry of an opening, a closing or a waiver; the same again has the same key. */
export const findingEntry = (
  deps: Deps,
  type: FindingEventType,
  { finding, openedAt, at, isAgain, actor }: FindingEvent
): Entry => {
  const { id, code, severity, resource, targets, waiver } = finding
  const [only, ...others] = targets
  const isWaived = type === 'finding.waived' && waiver !== null
  const event: LedgerEvent = {
    type,
    at,
    actor: actor ?? 'broker',
    elevation: null,
    target: only !== undefined && others.length === 0 ? parseTargetId(only) : null,
    policyDigest: deps.policy().digest,
    data: {
      finding: id,
      code,
      severity,
      resource: resource.toWellFormed(),
      targets: targets.slice(0, mostTargets),
      touches: targets.length,
      ...(isWaived ? { by: waiver.by, until: waiver.until } : {}),
      ...(isAgain ? { again: true } : {})
    }
  }
  // one finding may be waived, and stop being so, more than once
  const part = isWaived || isAgain ? `:${at}` : ''
  return entryOf(deps, `${type}:${id}:${openedAt}${part}`, event)
}
