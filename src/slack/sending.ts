/**
 * One message of the outbox: drawn as the elevation is at this moment, posted or edited, and what
 * became of it. Nothing here tries twice, except that a message somebody deleted is posted anew.
 */
import { type Instant, instant } from '../elevation/ids.ts'
import type { DueSlackMessage, SlackOutcome } from '../ports.ts'
import type { Message } from './limits.ts'
import type { Notice } from './notices.ts'
import type { Posted, SlackAnswer, SlackClient, SlackFault } from './slack-client.ts'
import { type Scene, digestOf, look } from './wanted.ts'

export type Line = Pick<SlackClient, 'post' | 'edit' | 'conversation'>

export type Sent = {
  readonly outcome: SlackOutcome
  /** `edited` in place, `posted` anew, nothing had to be sent, or why it was not */
  readonly did: 'posted' | 'edited' | 'nothing' | SlackFault
}

/** Slack's pace of a conversation: a message a second (docs.slack.dev/apis/web-api/rate-limits). */
const paceMs = 1000

/** Rejects only where the store does. */
export const send = async (scene: Scene, slack: Line, due: DueSlackMessage): Promise<Sent> => {
  const of = { elevation: due.elevation, key: due.key, place: due.place, wanted: due.wanted }
  const seen = await look(scene, due.elevation)
  const notice = seen?.notices.find(({ key, place }) => key === due.key && place === due.place)
  if (notice === undefined || hasNothingToDo(notice, due, scene.now())) {
    return { outcome: { ...of, kind: 'nothing' }, did: 'nothing' }
  }
  const message = drawn(notice)
  if (message === null) return gaveUp(of, { kind: 'refused', code: 'not_drawn' }, '')
  const digest = digestOf(message)
  if (due.posted !== null && due.gaveUp === null && digest === due.digest) {
    return { outcome: { ...of, kind: 'nothing' }, did: 'nothing' }
  }
  const shown = (posted: Posted, did: 'posted' | 'edited'): Sent => ({
    outcome: { ...of, kind: 'shown', posted, digest, next: later(scene.now(), paceMs) },
    did
  })
  const mark = { elevation: due.elevation, key: due.key }
  if (due.posted !== null) {
    const edited = await slack.edit({ posted: due.posted, message, mark })
    if (edited.ok) return shown(due.posted, 'edited')
    if (edited.fault.code !== 'message_not_found') {
      return failed(of, { due, fault: edited.fault, digest }, scene.now())
    }
    if (notice.mode === 'edit') return { outcome: { ...of, kind: 'gone' }, did: 'nothing' }
  }
  const channel = await conversationOf(slack, due)
  const above = seen?.noted.find(({ key }) => key === notice.under)?.posted
  const thread = above?.channel === (channel.ok ? channel.value : null) ? { thread: above.ts } : {}
  const posted = channel.ok
    ? await slack.post({ channel: channel.value, message, mark, ...thread })
    : channel
  return posted.ok
    ? shown(posted.value, 'posted')
    : failed(of, { due, fault: posted.fault, digest }, scene.now())
}

/** A minute between tries at most, for ever. */
export const waitMs = (attempts: number): number =>
  Math.min(1000 * 2 ** Math.min(attempts, 10), 60_000)

type Of = Pick<SlackOutcome, 'elevation' | 'key' | 'place' | 'wanted'>

const hasNothingToDo = (
  { mode, from }: Notice,
  { posted }: DueSlackMessage,
  now: Instant
): boolean => {
  if (mode === 'edit') return posted === null
  return mode === 'once' && (posted !== null || (from !== null && now < from))
}

const drawn = ({ draw }: Notice): Message | null => {
  try {
    return draw()
  } catch {
    return null
  }
}

/** A user is told in their own conversation with the app, which is opened where it is not known. */
const conversationOf = async (
  slack: Line,
  { place, conversation }: DueSlackMessage
): Promise<SlackAnswer<string>> => {
  if (!/^[UW]/.test(place)) return { ok: true, value: place }
  return conversation === null ? slack.conversation(place) : { ok: true, value: conversation }
}

const failed = (
  of: Of,
  why: { readonly due: DueSlackMessage; readonly fault: SlackFault; readonly digest: string },
  now: Instant
): Sent => {
  const { due, fault, digest } = why
  switch (fault.kind) {
    case 'limited':
      return { outcome: { ...of, kind: 'retry', at: later(now, fault.seconds * 1000) }, did: fault }
    case 'unavailable':
    case 'not_allowed':
      return { outcome: { ...of, kind: 'retry', at: later(now, waitMs(due.attempts)) }, did: fault }
    case 'refused':
      return gaveUp(of, fault, digest)
  }
}

const gaveUp = (of: Of, fault: SlackFault, digest: string): Sent => ({
  outcome: { ...of, kind: 'gave_up', code: fault.code, digest },
  did: fault
})

const later = (now: Instant, milliseconds: number): Instant => instant(now + milliseconds)
