/**
 * What should be shown about an elevation as it is now, to whom and where: a pure function, called
 * again whenever the elevation changed. Who has no Slack account is told nothing and missed by
 * nobody; who may do something about it is not decided here.
 */
import type { Elevation } from '../elevation/elevation.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import type { SlackMessage } from '../ports.ts'
import type { Card, Face } from './card.ts'
import type { Message } from './limits.ts'
import { reminderNotices } from './reminders.ts'
import { approvalMessage } from './views/approval-message.ts'
import { approverReceipt } from './views/approver-receipt.ts'
import { breakGlassNotice } from './views/break-glass-notice.ts'
import type { Place } from './views/facts.ts'
import { type Step, endingSoon, requesterNotice, stepOf } from './views/requester-notice.ts'

export type Notice = {
  /** which of the elevation's messages, the same for as long as it lives */
  readonly key: string
  /** id of a channel, or of the user who is told alone */
  readonly place: string
  /**
   * `keep`: shown, and edited when it changes. `once`: shown, then left as it is. `edit`: edited
   * where it is shown already, not shown anew.
   */
  readonly mode: 'keep' | 'once' | 'edit'
  /** not before; null = at once */
  readonly from: Instant | null
  /** key of the message under which it is shown, in its thread; absent = by itself */
  readonly under?: string
  /** draws it; throws where it would not fit into Slack's limits */
  readonly draw: () => Message
}

/** A message of the elevation that is noted already. */
export type Noted = Pick<SlackMessage, 'key' | 'place' | 'posted' | 'gaveUp'>

/** `noted` tells apart what is new from what only has to be kept right. */
export const notices = (
  card: Card,
  { now, noted }: { readonly now: Instant; readonly noted: readonly Noted[] }
): readonly Notice[] => [
  ...askNotices(card, now, noted),
  ...ownNotices(card, noted),
  ...receipts(card)
]

/** When the requester is warned: 10 minutes before the end, or a fifth of a shorter window. */
export const warnAt = ({ intent }: Extract<Elevation, { state: 'active' }>): Instant => {
  const fifth = Math.floor((intent.notAfter - intent.startedAt) / 5)
  return instant(intent.notAfter - Math.min(600_000, fifth))
}

/** Whether it has come to a state that never changes. */
export const isOver = ({ state }: Elevation): boolean => {
  switch (state) {
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
    case 'ending':
      return false
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return true
  }
}

const channelKey = 'ask'
const personKey = (person: string): string => `ask:${person}`

/** Of a message about the ask that is there though it is not noted: its answer was lost. */
export const copyKey = (ts: string): string => `copy:${ts}`

/**
 * One message per place about the ask: in the rule's channel, else to each approver alone. Whoever
 * was shown it sees what became of it. Where the channel cannot be reached, everybody is told
 * alone; and of break-glass everybody named hears in any case.
 */
const askNotices = (card: Card, now: Instant, noted: readonly Noted[]): readonly Notice[] => {
  const { elevation } = card.stored
  const { breakGlass } = elevation.ask
  const draw = drawnOnce((place) =>
    breakGlass ? breakGlassNotice(card, { now, place }) : approvalMessage(card, { now, place })
  )
  const channel = card.rule?.channel ?? null
  const isReached = noted.every(({ key, gaveUp }) => key !== channelKey || gaveUp === null)
  const inChannel: Notice['mode'] = breakGlass || !isOver(elevation) ? 'keep' : 'edit'
  const isAlone = channel === null || !isReached
  const alone: Notice['mode'] =
    breakGlass || (elevation.state === 'pending' && isAlone) ? 'keep' : 'edit'
  const takesVotes = elevation.terms.quorum > 0
  const people = breakGlass ? each([...card.told, ...card.reviewers]) : card.approvers
  const wanted: readonly Notice[] = [
    ...(channel === null || !(breakGlass || takesVotes)
      ? []
      : [notice(channelKey, channel, inChannel, draw('channel'))]),
    ...people.flatMap(({ person, slack }) =>
      slack === null ? [] : [notice(personKey(person), slack, alone, draw('person'))]
    )
  ]
  const keys = new Set(wanted.map(({ key }) => key))
  const left = noted.filter(({ key }) => /^(ask|copy)(:|$)/.test(key) && !keys.has(key))
  return [
    ...wanted,
    ...reminderNotices(card, { asked: wanted, noted }),
    ...left.map(({ key, place }) =>
      notice(key, place, 'edit', draw(/^[CG]/.test(place) ? 'channel' : 'person'))
    )
  ]
}

/** The requester's: one for each step, the earlier ones kept from offering what no longer works. */
const ownNotices = (card: Card, noted: readonly Noted[]): readonly Notice[] => {
  const place = card.requester.slack
  if (place === null) return []
  const { elevation } = card.stored
  const step = toldStep(elevation)
  const keys = new Set(noted.map(({ key }) => key))
  const earlier = steps.filter((one) => one !== step && keys.has(ownKey(one)))
  const told = step === null ? [] : [notice(ownKey(step), place, 'keep', notifying(card, step))]
  return [
    ...told,
    ...earlier.map((one) => notice(ownKey(one), place, 'edit', notifying(card, one))),
    ...(elevation.state === 'active'
      ? [{ ...notice(warningKey, place, 'once', () => endingSoon(card)), from: warnAt(elevation) }]
      : keys.has(warningKey)
        ? [notice(warningKey, place, 'edit', () => endingSoon(card))]
        : [])
  ]
}

/** What each approver approved, in words to them alone. */
const receipts = (card: Card): readonly Notice[] =>
  card.stored.elevation.approvals.flatMap((approval) => {
    const face = card.involved.find(({ person }) => person === approval.by)
    const draw = (): Message => approverReceipt(card, approval)
    return face?.slack ? [notice(`receipt:${approval.by}`, face.slack, 'keep', draw)] : []
  })

const warningKey = 'own:warning'
const ownKey = (step: Step): string => `own:${step}`

const steps: readonly Step[] = [
  'pending',
  'approved',
  'startable',
  'active',
  'ending',
  'stuck',
  'ended',
  'denied',
  'cancelled',
  'lapsed',
  'failed'
]

const notifying =
  (card: Card, step: Step): (() => Message) =>
  () =>
    requesterNotice(card, step)

/** The step that is news to the requester: not what they did, nor the start of an end when due. */
const toldStep = (elevation: Elevation): Step | null => {
  const step = stepOf(elevation)
  switch (elevation.state) {
    case 'cancelled':
      return elevation.by === elevation.ask.requester ? null : step
    case 'ending':
      return step === 'stuck' || elevation.how === 'revoked' ? step : null
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
    case 'ended':
    case 'denied':
    case 'lapsed':
    case 'failed':
      return step
  }
}

const notice = (
  key: string,
  place: string,
  mode: Notice['mode'],
  draw: () => Message
): Notice => ({ key, place, mode, from: null, draw })

/** Fifty approvers are shown the same message; it is drawn once for all of them. */
const drawnOnce = (draw: (place: Place) => Message): ((place: Place) => () => Message) => {
  const drawn = new Map<Place, Message>()
  return (place) => () => {
    const message = drawn.get(place) ?? draw(place)
    drawn.set(place, message)
    return message
  }
}

const each = (faces: readonly Face[]): readonly Face[] => [
  ...new Map(faces.map((face) => [face.person, face])).values()
]
