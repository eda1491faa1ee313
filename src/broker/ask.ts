/**
 * From what a person typed to an `Ask`: trimmed, bounded, sorted, without control characters.
 * Whether it is allowed is the policy's business; here only its form is.
 */
import { parseDuration } from '../elevation/duration.ts'
import type { Ask, Extends } from '../elevation/elevation.ts'
import type { Personal } from '../elevation/event.ts'
import { type Instant, type PersonId, instant, parseTargetId } from '../elevation/ids.ts'
import { type Reason, type Result, accept, refuse } from '../elevation/refusal.ts'
import { tablesOf } from '../elevation/target.ts'
import { commitment, digest } from '../ledger/entry.ts'
import type { Denied } from '../policy/decide.ts'
import type { Policy } from '../policy/policy.ts'
import type { AskInput } from './broker.ts'

const longestText = 500
// controls, formats (bidirectional overrides, zero-width characters), line and paragraph separators
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** An ask as it was sent, and the window it goes on from, which is never the sender's to say. */
export type Asking = { readonly input: AskInput; readonly extends: Extends | null }

/**
 * Every fault of the ask's form at once, as `invalid_ask`; an unknown target as `unknown_target`.
 */
export const parseAsk = (
  policy: Policy,
  requester: PersonId,
  { input, extends: from, now }: Asking & { readonly now: Instant }
): Result<Ask> => {
  const faults: Reason[] = []
  const duration = parseDuration(input.duration)
  if (duration === null) {
    faults.push(fault('duration', 'a length with its unit, such as 45m, 2h or PT2H'))
  }
  const reason = text(input.reason)
  if (reason === null) faults.push(fault('reason', `1 to ${longestText} printable characters`))
  const ticket = input.ticket === undefined ? null : text(input.ticket)
  if (input.ticket !== undefined && ticket === null) {
    faults.push(fault('ticket', `1 to ${longestText} printable characters`))
  }
  const startAt = input.startAt === undefined ? null : parseStart(input.startAt, now)
  if (input.startAt !== undefined && startAt === null) {
    faults.push(fault('startAt', 'an instant ahead within a year, UTC, as 2026-11-21T10:15:00Z'))
  }
  if (input.tables?.length === 0) faults.push(fault('tables', 'at least one db.table, or left out'))
  if (input.columns?.length === 0) {
    faults.push(fault('columns', 'at least one db.table.column, or left out'))
  }
  if (duration === null || reason === null || faults.length > 0) {
    return refuse('invalid_ask', 'The ask is not complete. Correct what is listed.', faults)
  }
  const id = parseTargetId(input.target)
  const target = id === null ? undefined : policy.targets.get(id)
  if (!target) return unknownTarget
  return accept({
    requester,
    target: target.id,
    duration,
    reason,
    ticket,
    tables: distinct(input.tables ?? tablesOf(target)),
    columns: input.columns === undefined ? null : distinct(input.columns),
    breakGlass: input.breakGlass ?? false,
    ...(startAt === null ? {} : { startAt }),
    ...(from === null ? {} : { extends: from })
  })
}

/** The same words whether the target does not exist or this person may never ask for it. */
export const unknownTarget = refuse(
  'unknown_target',
  'There is no such target that you may ask for. `GET /v1/targets` lists yours.'
)

/**
 * A denial of the policy as a refusal, every unmet condition with it; with a code of its own where
 * all would be well at another time, or as an ask that extends nothing.
 */
export const policyDenied = ({ code, reasons }: Denied) => {
  if (code === 'unknown_target') return unknownTarget
  const [first] = reasons
  const isAll = (condition: string): boolean =>
    reasons.every((reason) => reason.condition === condition && reason.outcome === 'unmet')
  if (first !== undefined && isAll('startAt')) {
    return refuse('start_not_allowed', `Ask for another start: ${first.message}.`, reasons)
  }
  if (first !== undefined && isAll('extensions')) {
    return refuse('extension_not_allowed', `Ask anew when it is over: ${first.message}.`, reasons)
  }
  return refuse(
    'policy_denied',
    'The policy does not allow this. Each reason says what would meet it.',
    reasons
  )
}

/**
 * What an approver approves and what is issued: SHA-256 over the ask, with the free text replaced
 * by its salted commitments so that the digest tells nobody who guesses the text that he is right.
 */
export const digestOf = (
  ask: Ask,
  personal: { readonly reason: Personal; readonly ticket?: Personal }
): string => {
  const { reason, ticket } = personal
  return digest({
    ...ask,
    reason: commitment(reason.salt, reason.value),
    ticket: ticket ? commitment(ticket.salt, ticket.value) : null
  })
}

const fault = (condition: string, wanted: string): Reason => ({
  outcome: 'unmet',
  rule: null,
  condition,
  message: `${condition}: ${wanted}`
})

const isoInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z$/
const furthest = 366 * 86_400_000

/** ISO 8601 UTC, a day that exists, ahead of now. */
const parseStart = (typed: string, now: Instant): Instant | null => {
  const at = isoInstant.test(typed) ? Date.parse(typed) : Number.NaN
  if (!(at > now && at <= now + furthest)) return null
  return new Date(at).toISOString().startsWith(typed.slice(0, 16)) ? instant(at) : null
}

const text = (typed: string): string | null => {
  const trimmed = typed.trim()
  const isFine = trimmed !== '' && trimmed.length <= longestText && !unprintable.test(trimmed)
  return isFine && trimmed.isWellFormed() ? trimmed : null
}

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted()
