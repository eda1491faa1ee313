/** Asking: weigh → record. `preview` weighs and stops there. */
import type { Ask } from '../elevation/elevation.ts'
import type { Instant, PersonId } from '../elevation/ids.ts'
import { type Refusal, type Result, accept, refuse } from '../elevation/refusal.ts'
import { request } from '../elevation/transitions.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { digestOf, parseAsk, policyDenied, unknownTarget } from './ask.ts'
import type { AskInput, Caller, Preview, Submitted } from './broker.ts'
import type { Deps } from './deps.ts'
import { type AskParts, type Bound, bindTo, boundTo } from './bind.ts'
import { lockedFor } from './locked.ts'
import { checkIssuable } from './plan.ts'
import { commit, personal } from './record.ts'
import { type Held, againOnConflict, heldBy } from './standing.ts'

/** What `submit` would answer now: who would be asked, or everything that stands against it. */
export const preview = async (
  parts: AskParts,
  caller: Caller,
  input: AskInput
): Promise<Result<Preview>> => {
  const weighed = await weigh(parts, caller, input)
  if (!weighed.ok) return previewOf(weighed)
  const { ask, decision } = weighed.value
  const { rule, mode, quorum } = decision.terms
  return accept({
    decision: decision.kind,
    rule,
    mode,
    duration: ask.duration,
    approvers: decision.kind === 'needs_approval' ? decision.approvers : [],
    quorum,
    reasons: decision.reasons
  })
}

/** Stores a new elevation, or refuses and stores nothing but the refused attempt. */
export const submit = async (
  parts: AskParts,
  caller: Caller,
  asked: {
    readonly input: AskInput
    readonly idempotency?: Idempotency | undefined
  }
): Promise<Result<Submitted>> => {
  const { input, idempotency } = asked
  const before = idempotency && (await replay(parts.deps, caller.person, idempotency))
  return before ?? againOnConflict(() => submitOnce(parts, caller, { input, idempotency }))
}

type Idempotency = { readonly key: string; readonly bodyHash: string }

const submitOnce = async (
  parts: AskParts,
  caller: Caller,
  {
    input,
    idempotency
  }: { readonly input: AskInput; readonly idempotency: Idempotency | undefined }
): Promise<Result<Submitted>> => {
  const { deps } = parts
  const weighed = await weigh(parts, caller, input)
  if (!weighed.ok) return weighed
  const { ask: asked, decision, held, policyDigest, now, bound } = weighed.value
  const ticket = asked.ticket === null ? {} : { ticket: personal(deps, asked.ticket) }
  const sql = input.sql === undefined ? {} : { sql: personal(deps, input.sql) }
  const kept = { reason: personal(deps, asked.reason), ...ticket, ...sql }
  const ask = bindTo(asked, bound, kept.sql)
  const taken = request({
    id: deps.ids.elevation(),
    ask,
    askDigest: digestOf(ask, kept),
    terms: decision.terms,
    via: caller.presence.via,
    told: decision.kind === 'approved' ? decision.notify : [],
    policyDigest,
    personal: kept,
    now
  })
  const done = await commit(deps, null, taken, {
    standing: held.basis,
    ...(idempotency ? { idempotency: { person: caller.person, ...idempotency } } : {})
  })
  if (done.ok) return accept({ elevation: done.value, isReplay: false })
  return (idempotency && (await replay(deps, caller.person, idempotency))) ?? done
}

type Weighed = {
  readonly ask: Ask
  readonly decision: Exclude<Decision, { kind: 'deny' }>
  readonly held: Held
  readonly policyDigest: string
  readonly now: Instant
  /** of the text that the ask is bound to; null = it is bound to none */
  readonly bound: Bound | null
}

/** The one judgement behind asking and its preview: form, policy, and whether AWS could be told. */
const weigh = async (
  parts: AskParts,
  caller: Caller,
  input: AskInput
): Promise<Result<Weighed>> => {
  const { deps } = parts
  const { person, presence } = caller
  const parsed = parseAsk(deps.policy(), person, input)
  if (!parsed.ok) return parsed
  const ask = parsed.value
  const now = deps.clock.now()
  const [held, locked] = await Promise.all([
    heldBy(deps, person, { target: ask.target, except: null, now }),
    lockedFor(deps, { people: [person], target: ask.target })
  ])
  const policy = deps.policy()
  const stage = { kind: 'ask', presence, standing: held.asking } as const
  const decision = decide(policy, person, ask, { now, stage })
  if (decision.kind === 'deny') return policyDenied(decision)
  // not before: whoever may not ask for a target does not learn that it is locked
  if (locked) return locked
  const target = policy.targets.get(ask.target)
  if (!target) return unknownTarget
  const issuable = checkIssuable(target, ask.tables)
  if (!issuable.ok) return issuable
  const weighed = { ask, decision, held, policyDigest: policy.digest, now }
  if (input.sql === undefined) return accept({ ...weighed, bound: null })
  const bound = await boundTo(parts, input.sql, { ask, terms: decision.terms })
  return bound.ok ? accept({ ...weighed, bound: bound.value }) : bound
}

const passedOn: ReadonlySet<Refusal['code']> = new Set([
  'invalid_ask',
  'unknown_target',
  'query_refused'
])

/** An ask that is not understood has no preview; one that is refused has its reasons. */
const previewOf = (refused: { readonly ok: false; readonly refusal: Refusal }): Result<Preview> => {
  const { code, message, reasons } = refused.refusal
  if (passedOn.has(code)) return refused
  const all = reasons ?? [{ outcome: 'unmet', rule: null, condition: code, message } as const]
  const rule = all.find((reason) => reason.rule !== null)?.rule ?? null
  const none = { mode: null, duration: null, approvers: [], quorum: null }
  return accept({ decision: 'deny', rule, ...none, reasons: all })
}

const replay = async (
  deps: Deps,
  person: PersonId,
  { key, bodyHash }: Idempotency
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
