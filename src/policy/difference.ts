/** One thing that people gain or lose when a policy becomes another. */
import type { PersonId, RuleId, TargetId } from '../elevation/ids.ts'
import type { Setting } from './diff-rules.ts'

export type What =
  /** may ask at all, by the ordinary route and by break-glass */
  | 'ask'
  | 'breakGlass'
  /** a deny that applied, or now applies, where a rule lets ask */
  | 'deny'
  | Setting
  | 'tables'
  | 'target'
  | 'approve'
  | 'review'
  | 'role'
  | 'subject'
  | 'slack'
  /** a setting of the posture, and a finding that is waived */
  | 'posture'
  | 'waiver'

export type Change = {
  readonly change: 'gains' | 'loses'
  readonly what: What
  /** the rule it is about, where it is about one */
  readonly rule: RuleId | null
  /** for people; null = none */
  readonly from: string | null
  readonly to: string | null
}

export type Difference = Change & {
  /** sorted; empty = it is about nobody in particular */
  readonly people: readonly PersonId[]
  /** null = it is about no target */
  readonly target: TargetId | null
}

/** Before and after. */
export type Both<T> = { readonly old: T; readonly now: T }
