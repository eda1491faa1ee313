/** Asking: weigh → record. `preview` weighs and stops there. */
import type { Ask } from '../elevation/elevation.ts'
import type { Instant, PersonId } from '../elevation/ids.ts'
import { type Refusal, type Result, accept, refuse } from '../elevation/refusal.ts'
import { request } from '../elevation/transitions.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { digestOf, parseAsk, policyDenied, unknownTarget } from './ask.ts'
import type { AskInput, Preview, Submitted } from './broker.ts'
import type { Deps } from './deps.ts'
import { checkIssuable } from './plan.ts'
import { commit, personal } from './record.ts'

/** What `submit` would answer now: needs approval, or denied with everything that stands against it. */
export const preview = (deps: Deps, person: PersonId, input: AskInput): Result<Preview> => {
  const weighed = weigh(deps, person, input)
  if (!weighed.ok) return previewOf(weighed)
  const { ask, decision } = weighed.value
  const { rule, mode, quorum } = decision.terms
  return accept({
    decision: 'needs_approval',
    rule,
    mode,
    duration: ask.duration,
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
  const weighed = weigh(deps, person, input)
  if (!weighed.ok) return weighed
  const { ask, decision, policyDigest, now } = weighed.value
  const ticket = ask.ticket === null ? {} : { ticket: personal(deps, ask.ticket) }
  const kept = { reason: personal(deps, ask.reason), ...ticket }
  const taken = request({
    id: deps.ids.elevation(),
    ask,
    askDigest: digestOf(ask, kept),
    terms: decision.terms,
    policyDigest,
    personal: kept,
    now
  })
  const done = await commit(deps, null, taken, idempotency && { person, ...idempotency })
  if (done.ok) return accept({ elevation: done.value, isReplay: false })
  return (idempotency && (await replay(deps, person, idempotency))) ?? done
}

type Weighed = {
  readonly ask: Ask
  readonly decision: Extract<Decision, { kind: 'needs_approval' }>
  readonly policyDigest: string
  readonly now: Instant
}

/** The one judgement behind asking and its preview: form, policy, and whether AWS could be told. */
const weigh = (deps: Deps, person: PersonId, input: AskInput): Result<Weighed> => {
  const policy = deps.policy()
  const parsed = parseAsk(policy, person, input)
  if (!parsed.ok) return parsed
  const ask = parsed.value
  const now = deps.clock.now()
  const decision = decide(policy, person, ask, now)
  if (decision.kind === 'deny') return policyDenied(decision)
  if (decision.terms.mode === 'brokered') {
    return refuse(
      'brokered_mode',
      'This rule runs queries through the broker only, which this version cannot do yet. ' +
        'Ask for a target whose rule has mode credentials.'
    )
  }
  const target = policy.targets.get(ask.target)
  if (!target) return unknownTarget
  const issuable = checkIssuable(target, ask.tables)
  return issuable.ok ? accept({ ask, decision, policyDigest: policy.digest, now }) : issuable
}

/** An ask that is not understood has no preview; one that is refused has its reasons. */
const previewOf = (refused: { readonly ok: false; readonly refusal: Refusal }): Result<Preview> => {
  const { code, message, reasons } = refused.refusal
  if (code === 'invalid_ask' || code === 'unknown_target') return refused
  const all = reasons ?? [{ outcome: 'unmet', rule: null, condition: code, message } as const]
  const rule = all.find((reason) => reason.rule !== null)?.rule ?? null
  const none = { mode: null, duration: null, approvers: [], quorum: null }
  return accept({ decision: 'deny', rule, ...none, reasons: all })
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
