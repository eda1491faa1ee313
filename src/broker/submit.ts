/** Asking: weigh → record. `preview` weighs and stops there. */
import type { Ask } from '../elevation/elevation.ts'
import type { Instant, PersonId } from '../elevation/ids.ts'
import { type Refusal, type Result, accept, refuse } from '../elevation/refusal.ts'
import { request } from '../elevation/transitions.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { type Asking, digestOf, parseAsk, policyDenied, unknownTarget } from './ask.ts'
import type { AskInput, Caller, Preview, Submitted } from './broker.ts'
import type { Deps } from './deps.ts'
import { type AskParts, type Bound, bindTo, boundTo } from './bind.ts'
import { lockedFor } from './locked.ts'
import { checkIssuable } from './plan.ts'
import { postureOf } from './posture-gate.ts'
import { commit, personal } from './record.ts'
import { type Held, againOnConflict, heldBy } from './standing.ts'

/** What `submit` would answer now: who would be asked, or everything that stands against it. */
export const preview = async (
  parts: AskParts,
  caller: Caller,
  input: AskInput
): Promise<Result<Preview>> => {
  const weighed = await weigh(parts, caller, { input, extends: null })
  if (!weighed.ok) return previewOf(weighed)
  const { ask, decision } = weighed.value
  const { rule, mode, quorum } = decision.terms
  return accept({
    decision: decision.kind,
    rule,
    mode,
    duration: ask.duration,
    startAt: ask.startAt ?? null,
    approvers: decision.kind === 'needs_approval' ? decision.approvers : [],
    quorum,
    reasons: decision.reasons
  })
}

/** Stores a new elevation, or refuses and stores nothing but the refused attempt. */
export const submit = (
  parts: AskParts,
  caller: Caller,
  { input, idempotency }: { readonly input: AskInput } & Once
): Promise<Result<Submitted>> =>
  submitAs(parts, caller, { read: async () => accept({ input, extends: null }), idempotency })

/** The same of what is `read` anew at each try. */
export const submitAs = async (
  parts: AskParts,
  caller: Caller,
  asked: Reading & Once
): Promise<Result<Submitted>> => {
  const { idempotency } = asked
  const before = idempotency && (await replay(parts.deps, caller.person, idempotency))
  return before ?? againOnConflict(() => submitOnce(parts, caller, asked))
}

type Idempotency = { readonly key: string; readonly bodyHash: string }
type Reading = { readonly read: () => Promise<Result<Asking>> }
export type Once = { readonly idempotency?: Idempotency | undefined }

const submitOnce = async (
  parts: AskParts,
  caller: Caller,
  { read, idempotency }: Reading & Once
): Promise<Result<Submitted>> => {
  const { deps } = parts
  const asking = await read()
  if (!asking.ok) return asking
  const { input } = asking.value
  const weighed = await weigh(parts, caller, asking.value)
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
  asking: Asking
): Promise<Result<Weighed>> => {
  const { deps } = parts
  const { person, presence } = caller
  const { input } = asking
  const now = deps.clock.now()
  const parsed = parseAsk(deps.policy(), person, { ...asking, now })
  if (!parsed.ok) return parsed
  const ask = parsed.value
  const [held, locked, posture] = await Promise.all([
    heldBy(deps, person, { ask, except: null, now }),
    lockedFor(deps, { people: [person], target: ask.target }),
    postureOf(deps, ask.target, now)
  ])
  // it is their own, so nothing is told by it that the policy would keep to itself
  if (held.extended !== null) {
    const what = `Elevation ${held.extended} extends it already. Extend that one once it is active.`
    return refuse('already_extended', what)
  }
  const policy = deps.policy()
  const stage = { kind: 'ask', presence, standing: held.asking } as const
  const decision = decide(policy, person, ask, { now, stage, ...posture })
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
  const none = { mode: null, duration: null, startAt: null, approvers: [], quorum: null }
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
