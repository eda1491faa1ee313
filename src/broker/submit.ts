/** Asking: parse → decide → record. `preview` is the same without the recording. */
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { request } from '../elevation/transitions.ts'
import { decide } from '../policy/decide.ts'
import { digestOf, parseAsk, policyDenied, unknownTarget } from './ask.ts'
import type { AskInput, Preview, Submitted } from './broker.ts'
import type { Deps } from './deps.ts'
import { checkIssuable } from './plan.ts'
import { commit, personal } from './record.ts'

/** The decision `submit` would take now. */
export const preview = (deps: Deps, person: PersonId, input: AskInput): Result<Preview> => {
  const policy = deps.policy()
  const ask = parseAsk(policy, person, input)
  if (!ask.ok) return ask
  const decision = decide(policy, person, ask.value, deps.clock.now())
  if (decision.kind === 'deny') {
    if (decision.code === 'unknown_target') return unknownTarget
    const none = { rule: decision.nearest, mode: null, duration: null, approvers: [], quorum: null }
    return accept({ decision: 'deny', ...none, reasons: decision.reasons })
  }
  const { rule, mode, quorum } = decision.terms
  return accept({
    decision: 'needs_approval',
    rule,
    mode,
    duration: ask.value.duration,
    approvers: decision.approvers,
    quorum,
    reasons: decision.reasons
  })
}

/** Stores a pending elevation, or refuses and stores nothing but the refused attempt. */
export const submit = async (
  deps: Deps,
  person: PersonId,
  asked: {
    readonly input: AskInput
    readonly idempotency?: { readonly key: string; readonly bodyHash: string } | undefined
  }
): Promise<Result<Submitted>> => {
  const { input, idempotency } = asked
  if (idempotency) {
    const before = await replay(deps, person, idempotency)
    if (before) return before
  }
  const policy = deps.policy()
  const ask = parseAsk(policy, person, input)
  if (!ask.ok) return ask
  const now = deps.clock.now()
  const decision = decide(policy, person, ask.value, now)
  if (decision.kind === 'deny') return policyDenied(decision)
  if (decision.terms.mode === 'brokered') {
    return refuse(
      'brokered_mode',
      'This rule runs queries through the broker only, which this version cannot do yet. ' +
        'Ask for a target whose rule has mode credentials.'
    )
  }
  const target = policy.targets.get(ask.value.target)
  if (!target) return unknownTarget
  const issuable = checkIssuable(target, ask.value.tables)
  if (!issuable.ok) return issuable
  const ticket = ask.value.ticket === null ? {} : { ticket: personal(deps, ask.value.ticket) }
  const kept = { reason: personal(deps, ask.value.reason), ...ticket }
  const taken = request({
    id: deps.ids.elevation(),
    ask: ask.value,
    askDigest: digestOf(ask.value, kept),
    terms: decision.terms,
    policyDigest: policy.digest,
    personal: kept,
    now
  })
  const done = await commit(deps, null, taken, idempotency && { person, ...idempotency })
  if (done.ok) return accept({ elevation: done.value, isReplay: false })
  return (idempotency && (await replay(deps, person, idempotency))) ?? done
}

const replay = async (
  deps: Deps,
  person: PersonId,
  { key, bodyHash }: { readonly key: string; readonly bodyHash: string }
): Promise<Result<Submitted> | null> => {
  const before = await deps.elevations.byIdempotencyKey(person, key)
  if (!before) return null
  if (before.bodyHash !== bodyHash) {
    return refuse(
      'idempotency_mismatch',
      'This Idempotency-Key was used with another body. Take a new key for a new ask.'
    )
  }
  const stored = await deps.elevations.get(before.id)
  return stored ? accept({ elevation: stored, isReplay: true }) : null
}
