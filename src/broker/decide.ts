/**
 * Who may approve: people the rule's `approval.from` names, active, never the requester through any
 * identity (policy/approvers.ts decides; every channel comes through here). One denial is final.
 */
import type { Pending } from '../elevation/elevation.ts'
import type { VoteEvidence } from '../elevation/event.ts'
import { type PersonId, instant, iso } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import * as transitions from '../elevation/transitions.ts'
import { mayDecide, mayVote, votesMet } from '../policy/approvers.ts'
import { mayStillIssue } from '../policy/decide.ts'
import type { Stored } from '../ports.ts'
import { policyDenied } from './ask.ts'
import type { Caller } from './broker.ts'
import type { Deps } from './deps.ts'
import { extendedRevoked, isExtendedRevoked } from './extended.ts'
import { find, findOwn } from './find.ts'
import { postureOf } from './posture-gate.ts'
import { commit, personal } from './record.ts'

/** Records a vote; with the vote that meets the quorum the elevation is approved. */
export const approve = async (
  deps: Deps,
  caller: Caller,
  { id, shown }: { readonly id: string; readonly shown?: string | undefined }
): Promise<Result<Stored>> => {
  const { person, presence } = caller
  const found = await decidable(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (shown !== undefined && shown !== elevation.askDigest) {
    return refuse('stale_ask', 'What you were shown is not what is asked now. Open it again.')
  }
  const now = deps.clock.now()
  const { ask, terms } = elevation
  const since = instant(Math.max(0, now - reciprocalMemory))
  const of = { requester: person, by: ask.requester, since }
  const reciprocalAt = await deps.standings.lastApproval(of)
  const policy = deps.policy()
  const may = mayVote(policy, elevation, { person, presence, now, reciprocalAt })
  if (!may.ok) return refuse(may.code, may.message)
  const posture = await postureOf(deps, ask.target, now)
  const still = mayStillIssue(policy, terms, ask, { now, stage: { kind: 'vote' }, ...posture })
  if (still.kind === 'deny') return policyDenied(still)
  if (await isExtendedRevoked(deps, ask)) {
    const taken = transitions.lapse(elevation, 'extended_revoked', now)
    const done = await commit(deps, found.value, taken)
    return done.ok ? extendedRevoked : done
  }
  const voters = [...elevation.approvals.map(({ by }) => by), person]
  const vote = {
    by: person,
    via: presence.via,
    isEnough: votesMet(policy, elevation, voters).met,
    isReciprocal: reciprocalAt !== null,
    evidence: evidenceOf(caller)
  }
  return commit(deps, found.value, transitions.approve(elevation, vote, now))
}

const evidenceOf = ({ presence, signatureBase }: Caller): VoteEvidence => ({
  ...(presence.authAt === null ? {} : { signedInAt: iso(presence.authAt) }),
  ...(presence.acr === null ? {} : { acr: presence.acr }),
  ...(signatureBase ? { signatureBase } : {})
})

/** How far back a vote looks for one the other way round, in milliseconds: the longest length. */
const reciprocalMemory = 366 * 86_400_000

export const deny = async (
  deps: Deps,
  person: PersonId,
  { id, reason }: { readonly id: string; readonly reason: string }
): Promise<Result<Stored>> => {
  const found = await decidable(deps, person, id)
  if (!found.ok) return found
  const why = personal(deps, reason)
  return commit(
    deps,
    found.value,
    transitions.deny(found.value.elevation, person, why, deps.clock.now())
  )
}

/** The requester withdraws an ask that is not used yet. */
export const cancel = async (deps: Deps, person: PersonId, id: string): Promise<Result<Stored>> => {
  const found = await findOwn(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  if (elevation.state !== 'pending' && elevation.state !== 'approved') {
    return refuse('already_decided', `It is ${elevation.state}; only an unused ask is cancelled.`)
  }
  return commit(deps, found.value, transitions.cancel(elevation, person, deps.clock.now()))
}

const decidable = async (
  deps: Deps,
  person: PersonId,
  id: string
): Promise<Result<Stored<Pending>>> => {
  const found = await find(deps, person, id)
  if (!found.ok) return found
  const { elevation } = found.value
  const may = mayDecide(deps.policy(), elevation, person)
  if (!may.ok) return refuse(may.code, may.message)
  if (elevation.state !== 'pending') {
    return refuse('already_decided', `It is ${elevation.state} already; nothing was changed.`)
  }
  return accept({ ...found.value, elevation })
}
