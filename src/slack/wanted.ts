/**
 * What has to be looked at after an elevation changed: what should be shown against what is noted
 * as shown. Nothing is sent from here.
 */
import { hash } from 'node:crypto'
import type { Elevation } from '../elevation/elevation.ts'
import type { ElevationId, Instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { Elevations, SlackMessage, SlackMessages, WantedSlackMessage } from '../ports.ts'
import { type Card, cardOf } from './card.ts'
import type { Message } from './limits.ts'
import { type Notice, isOver, notices } from './notices.ts'

/** Where elevations, what was shown of them, and people are found. */
export type Scene = {
  readonly elevations: Pick<Elevations, 'get'>
  readonly messages: SlackMessages
  readonly policy: () => Policy
  /** the one workspace that is believed */
  readonly team: string
  /** without a `/` at the end; null = there is none */
  readonly consoleUrl: string | null
  readonly now: () => Instant
}

export type Seen = {
  readonly card: Card
  readonly noted: readonly SlackMessage[]
  readonly notices: readonly Notice[]
}

/** The elevation as it is now, and what should be shown of it; null = there is none. */
export const look = async (scene: Scene, id: ElevationId): Promise<Seen | null> => {
  const { elevations, messages, policy, team, consoleUrl, now } = scene
  const [stored, noted] = await Promise.all([elevations.get(id), messages.of(id)])
  if (stored === null) return null
  const words = hasWords(stored.elevation) ? await messages.word(id) : null
  const card = cardOf(policy(), stored, { team, consoleUrl, words })
  return { card, noted, notices: notices(card, { now: now(), noted }) }
}

/** `again`: what was given up is wanted once more, though nothing of it has changed. */
export const wantedOf = async (
  scene: Scene,
  id: ElevationId,
  { again }: { readonly again: boolean }
): Promise<readonly WantedSlackMessage[]> => {
  const seen = await look(scene, id)
  if (seen === null) return []
  const now = scene.now()
  const { elevation, ledger } = seen.card.stored
  if (seen.noted.length === 0 && isOldNews(elevation, now)) return []
  const byKey = new Map(seen.noted.map((one) => [one.key, one]))
  return seen.notices
    .filter((notice) => isWanted(notice, byKey.get(notice.key) ?? null, again))
    .map(({ key, place, from }) => ({
      elevation: id,
      key,
      place,
      order: ledger.at(-1) ?? 0,
      from: from ?? now
    }))
}

/** SHA-256 of what is shown, hex. Throws where it cannot be drawn. */
export const digestOf = ({ text, blocks }: Message): string =>
  hash('sha256', JSON.stringify([text, blocks]))

const isWanted = (notice: Notice, one: SlackMessage | null, again: boolean): boolean => {
  const { mode } = notice
  if (one === null || one.place !== notice.place) return mode !== 'edit'
  if (one.wanted > one.sent) return true
  if (one.posted === null && mode === 'edit') return false
  if (one.gaveUp !== null && again) return true
  if (mode === 'once') return one.posted === null && one.gaveUp === null
  return isOtherThan(notice, one)
}

/** What cannot be drawn is for the sending to give up. */
const isOtherThan = ({ draw }: Notice, { digest }: SlackMessage): boolean => {
  try {
    return digestOf(draw()) !== digest
  } catch {
    return true
  }
}

/** Somebody's words about what they denied or revoked. */
const hasWords = (elevation: Elevation): boolean =>
  elevation.state === 'denied' || ('how' in elevation && elevation.how === 'revoked')

/** Slack may have been switched off for long: what was over a day before is not told any more. */
const isOldNews = (elevation: Elevation, now: Instant): boolean => {
  if (!isOver(elevation)) return false
  return now - overSince(elevation) > 86_400_000
}

const overSince = (elevation: Elevation): Instant => {
  switch (elevation.state) {
    case 'ended':
      return elevation.endedAt
    case 'denied':
      return elevation.decidedAt
    case 'cancelled':
      return elevation.cancelledAt
    case 'lapsed':
      return elevation.lapsedAt
    case 'failed':
      return elevation.failedAt
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
    case 'ending':
      return elevation.createdAt
  }
}
