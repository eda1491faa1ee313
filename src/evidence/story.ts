/**
 * An entry as a person reads it: one sentence by its type, and what it says as names and values.
 * All of it comes from the entry's own bytes and their openings; nothing is added.
 */
import type { CanonicalJson } from '../ledger/canonical.ts'
import type { EntryBody, EntryType } from '../ledger/envelope.ts'
import type { EntryRow, PackOpening } from './pack-types.ts'

/** How it is shown: what went forward, what was refused or went wrong, what ended. */
export type Tone = 'plain' | 'good' | 'bad' | 'over'

const said: Readonly<Record<EntryType, readonly [sentence: string, tone: Tone]>> = {
  'elevation.requested': ['asked for access', 'plain'],
  'approval.recorded': ['approved', 'good'],
  'elevation.approved': ['all approvals that the rule asks for are there', 'good'],
  'elevation.denied': ['denied the ask', 'bad'],
  'elevation.cancelled': ['withdrew the ask', 'over'],
  'elevation.lapsed': ['let the ask lapse', 'over'],
  'elevation.startable': ['said that the approved window can be started', 'plain'],
  'issue.intent': ['started the window; written down before anything was made in AWS', 'plain'],
  'issue.takeover': ['took over from an issuer that had died', 'bad'],
  'issue.failed': ['could not issue the session', 'bad'],
  'session.issued': ['issued a session of AWS STS that ends by itself', 'good'],
  'session.vended': ['fetched credentials of the session', 'plain'],
  'elevation.ending': ['began to end the access', 'over'],
  'ending.retried': ['tried again to remove the access', 'bad'],
  'access.removed': ['removed the access in AWS', 'over'],
  'session.denied': ['saw AWS refuse the session', 'over'],
  'elevation.stuck': ['could not remove the access for long', 'bad'],
  'elevation.ended': ['ended the elevation', 'over'],
  'grant.orphaned': ['removed a grant that belonged to nothing', 'bad'],
  'attempt.refused': ['was refused', 'bad'],
  'query.allowed': ['ran a query that the guardrail lets through', 'plain'],
  'query.refused': ['sent a query that the guardrail refused', 'bad'],
  'query.ended': ['saw a query end', 'plain'],
  'breakglass.used': ['broke glass: access without an approval before', 'bad'],
  'breakglass.reviewed': ['reviewed the broken glass', 'good'],
  'policy.changed': ['took another policy into force', 'plain'],
  'policy.refused': ['refused an edit of the policy', 'bad'],
  'access.locked': ['locked access', 'bad'],
  'access.unlocked': ['lifted a lock', 'plain'],
  'finding.opened': ['found something out of line', 'bad'],
  'finding.closed': ['saw a finding mended', 'good'],
  'finding.waived': ['found what the policy waives until a day', 'plain'],
  'ledger.read': ['read the ledger', 'plain'],
  'ledger.anchored': ['anchored a checkpoint', 'plain'],
  'ledger.key_rotated': ['changed the key of the ledger', 'plain'],
  'ledger.restored': ['went on with a restored ledger', 'bad'],
  'store.copied': ['copied the store', 'plain'],
  'pii.erased': ['erased personal data', 'over']
}

/** What the actor did, as the end of a sentence. */
export const sentenceOf = ({ type }: Pick<EntryBody, 'type'>): string => spoken(type)?.[0] ?? type

export const toneOf = ({ type }: Pick<EntryBody, 'type'>): Tone => spoken(type)?.[1] ?? 'plain'

const spoken = (type: string): readonly [string, Tone] | undefined =>
  Object.entries(said).find(([name]) => name === type)?.[1]

/** What the entry says, in its own words, and the values behind its commitments. */
export const detailsOf = (
  { data }: Pick<EntryBody, 'data'>,
  openings: EntryRow['openings']
): readonly (readonly [name: string, value: string])[] => [
  ...Object.entries(openings).map(([name, one]) => [name, openingText(one)] as const),
  ...Object.entries(data).flatMap(([name, value]) => flat(name, value))
]

const openingText = (opening: PackOpening): string => {
  switch (opening.state) {
    case 'opened':
      return opening.value
    case 'erased':
      return `erased by entry ${opening.by}`
    case 'MISSING':
      return 'MISSING: nobody erased it'
  }
}

/** Objects become names with dots; lists of plain values one line. */
const flat = (name: string, value: CanonicalJson): readonly (readonly [string, string])[] => {
  if (value === null) return []
  if (Array.isArray(value)) {
    if (value.length === 0) return []
    return value.every((one) => typeof one !== 'object')
      ? [[name, value.join(', ')]]
      : value.flatMap((one: CanonicalJson, n) => flat(`${name} ${n + 1}`, one))
  }
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([inner, one]) => flat(`${name}.${inner}`, one))
  }
  return [[name, String(value)]]
}
