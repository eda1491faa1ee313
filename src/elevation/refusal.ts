/**
 * Expected refusals are values with a closed code. A code exists only where a caller would act
 * differently on it. `message` says what was refused and what to do next; `reasons` lists every
 * unmet or failed condition behind it.
 */
export type RefusalCode =
  | 'unknown_person'
  | 'unknown_target'
  | 'unknown_elevation'
  | 'invalid_ask'
  | 'policy_denied'
  | 'self_approval'
  | 'not_an_approver'
  | 'already_voted'
  | 'channel_not_allowed'
  | 'sign_in_too_weak'
  | 'reciprocal_approval'
  | 'already_decided'
  | 'stale_ask'
  | 'not_approved'
  | 'not_active'
  | 'brokered_mode'
  | 'lapsed'
  | 'ended'
  | 'idempotency_mismatch'
  | 'conflict'
  | 'policy_too_large'
  | 'unsafe_name'
  | 'aws_refused'
  | 'aws_unavailable'

export type Reason = {
  /** `unmet`: evaluated and not satisfied; `failed`: could not be evaluated, which also denies */
  readonly outcome: 'met' | 'unmet' | 'failed'
  /** the rule or deny it belongs to, where there is one */
  readonly rule: string | null
  readonly condition: string
  /** what was seen and what would meet it, for the person asking */
  readonly message: string
}

export type Refusal = {
  readonly code: RefusalCode
  readonly message: string
  readonly reasons?: readonly Reason[]
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

export const accept = <T>(value: T): Result<T> => ({ ok: true, value })

export const refuse = (
  code: RefusalCode,
  message: string,
  reasons?: readonly Reason[]
): { readonly ok: false; readonly refusal: Refusal } => ({
  ok: false,
  refusal: reasons ? { code, message, reasons } : { code, message }
})
