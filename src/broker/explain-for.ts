/**
 * What the policy says of somebody's ask, as if they had nothing asked for and nothing open yet.
 */
import { parseDuration } from '../elevation/duration.ts'
import { type Instant, parsePersonId, parseTargetId } from '../elevation/ids.ts'
import { type Reason, type Result, accept, refuse } from '../elevation/refusal.ts'
import { tablesOf } from '../elevation/target.ts'
import { type Explanation, explain } from '../policy/explain.ts'
import type { Channel, Policy } from '../policy/policy.ts'

/** As typed; attacker-controlled. */
export type ExplainAsk = {
  readonly as: string
  readonly target: string
  readonly duration: string
  readonly reason: string
  readonly ticket: string
  readonly via: Channel
}

/** Refused as `invalid_ask` with every fault, where it cannot be understood. */
export const explainFor = (
  policy: Policy,
  asked: ExplainAsk,
  now: Instant
): Result<Explanation> => {
  const person = parsePersonId(asked.as.trim())
  const target = parseTargetId(asked.target.trim())
  const duration = parseDuration(asked.duration.trim())
  const faults = [
    ...(person === null || !policy.people.has(person)
      ? [fault('person', 'there is no such person')]
      : []),
    ...(target === null ? [fault('target', 'it is the id of a target')] : []),
    ...(duration === null
      ? [fault('duration', 'a length with its unit, such as 45m, 2h or PT2H')]
      : [])
  ]
  if (person === null || target === null || duration === null || faults.length > 0) {
    return refuse('invalid_ask', 'This cannot be explained. Correct what is listed.', faults)
  }
  const known = policy.targets.get(target)
  const ask = {
    target,
    duration,
    reason: asked.reason.trim(),
    ticket: asked.ticket.trim() === '' ? null : asked.ticket.trim(),
    tables: known === undefined ? [] : tablesOf(known).toSorted(),
    columns: null,
    breakGlass: false
  }
  const presence = { via: asked.via, authAt: now, acr: null, amr: [] }
  return accept(explain(policy, person, ask, { now, stage: { kind: 'ask', presence, standing } }))
}

const standing = { pending: 0, open: 0, secondsInDay: 0, autoInDay: 0, unreviewed: null }

const fault = (condition: string, message: string): Reason => ({
  outcome: 'unmet',
  rule: null,
  condition,
  message
})
