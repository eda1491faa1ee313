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
  | 'too_early'
  | 'start_not_allowed'
  | 'extension_not_allowed'
  | 'already_extended'
  | 'ended'
  | 'idempotency_mismatch'
  | 'conflict'
  | 'locked'
  | 'policy_too_large'
  | 'unsafe_name'
  | 'query_refused'
  | 'query_not_the_asked_one'
  | 'not_brokered'
  | 'unknown_query'
  | 'query_not_succeeded'
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

/** Why a query may not run, with its place in the text; no literal of the text is in it. */
export type QueryFault = {
  /** as the guard has them: `COLUMN_DENIED`, `STAR`, … */
  readonly code: string
  readonly message: string
  /** both from 1, as in Trino's `line 1:15` */
  readonly line: number
  readonly column: number
  /** UTF-16 units, from 0 */
  readonly offset: number
  readonly length: number
  readonly object?: Readonly<
    Partial<Record<'catalog' | 'database' | 'table' | 'column' | 'function', string>>
  >
  readonly rule?: string
  readonly hint?: string
}

/** A verdict on a query, as the person who asks for it may see it. */
export type QueryVerdict = {
  readonly decision: 'allow' | 'refuse'
  /** in the order of the text; none when allowed */
  readonly refusals: readonly QueryFault[]
  /** `database.table` → its columns, sorted; none when refused for its grammar */
  readonly reads: Readonly<Record<string, readonly string[]>>
  /** the query in one line without its literals; null where it cannot be understood */
  readonly shape: string | null
}

export type Refusal = {
  readonly code: RefusalCode
  readonly message: string
  readonly reasons?: readonly Reason[]
  /** with `query_refused`: every refusal and its place */
  readonly verdict?: QueryVerdict
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
