/**
 * What a decision looks at besides the policy and the ask: the moment, how the person came, and
 * what they have already. A stage has exactly what can be known then: nobody's sign-in is known at
 * a vote, where the requester is not there.
 */
import type { Ask } from '../elevation/elevation.ts'
import { type ElevationId, type Instant, instant } from '../elevation/ids.ts'
import type { SeenPosture } from './gate.ts'
import type { Channel } from './policy.ts'

/**
 * How somebody comes: the channel, and what their token says of its sign-in, null = it says
 * nothing.
 */
export type Presence = {
  readonly via: Channel
  /** `auth_time` */
  readonly authAt: Instant | null
  readonly acr: string | null
  readonly amr: readonly string[]
}

/** What the requester has already, as caps count it; the elevation in question is never counted. */
export type Standing = {
  /** undecided asks on all targets */
  readonly pending: number
  /**
   * elevations on the target that are pending, approved, issuing or active; at the start: the last
   * two
   */
  readonly open: number
  /** lengths of the windows on the target within the last 24 hours, added up, in seconds */
  readonly secondsInDay: number
  /** elevations on the target within the last 24 hours that a rule approved by itself */
  readonly autoInDay: number
  /** the latest break-glass elevation that nobody else has reviewed */
  readonly unreviewed: ElevationId | null
}

export type Stage =
  | { readonly kind: 'ask'; readonly presence: Presence; readonly standing: Standing }
  | { readonly kind: 'vote' }
  | { readonly kind: 'start'; readonly presence: Presence; readonly standing: Standing }
  | { readonly kind: 'vend' }

export type Circumstances = {
  readonly now: Instant
  readonly stage: Stage
  /** what is out of line on the target; absent or null = nothing is known of it */
  readonly posture?: SeenPosture | null
}

/** The moment whose hour counts: that of a start which lies ahead, else now. */
export const hourOf = ({ startAt }: Pick<Ask, 'startAt'>, { now }: Circumstances): Instant =>
  startAt === undefined ? now : instant(Math.max(now, startAt))
