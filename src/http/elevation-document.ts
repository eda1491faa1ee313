/** One elevation as JSON: the same members in every state, null where a state has no such thing. */
import { type Ask, type Elevation, notAfterOf } from '../elevation/elevation.ts'
import { type Instant, iso } from '../elevation/ids.ts'
import type { Stored } from '../ports.ts'

export type ElevationDocument = Readonly<Record<string, unknown>>

/** Instants as ISO 8601 UTC, lengths as whole seconds. Nothing of a session is in it. */
export const elevationDocument = ({ elevation, ledger }: Stored): ElevationDocument => {
  const { ask, terms } = elevation
  return {
    id: elevation.id,
    state: elevation.state,
    how: how(elevation),
    reasons: elevation.state === 'lapsed' ? (elevation.reasons ?? []) : [],
    target: ask.target,
    requester: ask.requester,
    mode: terms.mode,
    rule: terms.rule,
    duration: ask.duration,
    reason: ask.reason,
    ticket: ask.ticket,
    tables: ask.tables,
    columns: ask.columns,
    query: ask.query === undefined ? null : { shape: ask.query.shape, reads: ask.query.reads },
    breakGlass: ask.breakGlass,
    startAt: isoOrNull(ask.startAt ?? null),
    extends: ask.extends?.elevation ?? null,
    chain: chainOf(ask),
    digest: elevation.askDigest,
    approvals: elevation.approvals.map(({ by, at, via }) => ({ by, at: iso(at), via })),
    createdAt: iso(elevation.createdAt),
    decideBy: isoOrNull(elevation.state === 'pending' ? elevation.decideBy : null),
    decidedAt: isoOrNull('decidedAt' in elevation ? elevation.decidedAt : null),
    activateBy: isoOrNull(elevation.state === 'approved' ? elevation.activateBy : null),
    notAfter: isoOrNull(notAfterOf(elevation)),
    stuckSince: isoOrNull(elevation.state === 'ending' ? elevation.stuckSince : null),
    deniedAt: isoOrNull('deniedAt' in elevation ? (elevation.deniedAt ?? null) : null),
    policyDigest: elevation.policyDigest,
    ledger
  }
}

const chainOf = ({ extends: from }: Ask) =>
  from === undefined ? null : { place: from.place, secondsBefore: from.seconds }

const isoOrNull = (at: Instant | null): string | null => (at === null ? null : iso(at))

const how = (elevation: Elevation): string | null => {
  switch (elevation.state) {
    case 'ending':
    case 'ended':
      return elevation.how
    case 'lapsed':
      return elevation.why
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
    case 'denied':
    case 'cancelled':
    case 'failed':
      return null
  }
}
