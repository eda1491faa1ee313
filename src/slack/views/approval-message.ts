/**
 * The one message about an ask where approvers see it, edited in place as the elevation goes on.
 * Buttons are there only while it is undecided and only where a click from Slack can count; where
 * the rule is decided elsewhere, a link takes their place.
 */
import { stateWord } from '../../elevation/state-word.ts'
import type { Button, KnownBlock } from '@slack/types'
import { printDuration } from '../../elevation/duration.ts'
import { type Instant, type Seconds, iso, plus } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { actions } from '../names.ts'
import { type Mrkdwn, code, md, said } from '../text.ts'
import { button, buttons, consoleButton, context, header, quoted, section } from './blocks.ts'
import { type Place, factsOf, whyAllowed } from './facts.ts'
import { askText, channels, faceText, handleOf, isOver, statusText } from './status.ts'

/** The message in any state. `now` tells an ask whose time is over from one that still waits. */
export const approvalMessage = (
  card: Card,
  { now, place }: { readonly now: Instant; readonly place: Place }
): Message => {
  const { elevation } = card.stored
  return fitMessage({
    text: md`${faceText(card.requester)} asks for ${askText(card)}: ${stateWord(elevation)}`.mrkdwn,
    blocks: [
      header(`${titleOf(card, now)}: ${elevation.ask.target}`),
      ...factsOf(card, place),
      section(statusText(card, now)),
      ...toldAgain(card, now),
      ...wordsOf(card, place),
      ...whyAllowed(card, place),
      ...decisionBlocks(card, now)
    ]
  })
}

/** What can be done about an undecided ask from here; nothing once it is decided. */
export const decisionBlocks = (card: Card, now: Instant): readonly KnownBlock[] => {
  const { elevation } = card.stored
  if (elevation.state !== 'pending' || isOver(elevation, now)) return []
  const hindrance = hindranceOf(card)
  switch (hindrance.kind) {
    case 'none':
      return buttons(approveButton(card), denyButton(card), detailsButton(card), ...consoleOf(card))
    case 'elsewhere':
      return [context(elsewhereText(card)), ...buttons(...consoleOf(card), detailsButton(card))]
    case 'nobody':
      return [context(hindrance.why), ...buttons(detailsButton(card))]
  }
}

type Hindrance =
  | { readonly kind: 'none' }
  /** votes count, but not from Slack */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'nobody'; readonly why: Mrkdwn }

const hindranceOf = ({ rule, approvers }: Card): Hindrance => {
  if (rule === null) {
    return nobody(md`Its rule has left the policy: nobody can approve it. Ask again.`)
  }
  if (rule.approval !== 'people') {
    return nobody(md`Its rule takes no votes any more: nobody can approve it. Ask again.`)
  }
  if (approvers.length === 0) {
    return nobody(md`There is nobody left who may approve it. Ask again.`)
  }
  return rule.via.includes('slack') && !rule.needsSignIn.toApprove
    ? { kind: 'none' }
    : { kind: 'elsewhere' }
}

const nobody = (why: Mrkdwn): Hindrance => ({ kind: 'nobody', why })

const elsewhereText = ({ stored, rule }: Card): Mrkdwn => {
  const via = rule?.via.filter((channel) => channel !== 'slack') ?? []
  const from = via.map((channel) => channels[channel]).join(' or ') || 'nowhere at present'
  const why = rule?.needsSignIn.toApprove
    ? md`The rule wants a fresh sign-in of the approver, which Slack cannot show`
    : md`The rule is not decided in Slack`
  const { id } = stored.elevation
  const line = via.includes('cli') ? md`: ${code(`sallyport approve ${id}`)}` : md``
  return md`:lock: ${why}. It is decided from ${said(from)}${line}.`
}

/** That it waits for longer than its rule likes, as those named there were told. */
const toldAgain = ({ stored: { elevation }, rule }: Card, now: Instant): readonly KnownBlock[] => {
  if (elevation.state !== 'pending' || isOver(elevation, now)) return []
  const { remindAfter = null, escalateAfter = null } = rule?.reminders ?? {}
  const isPast = (after: Seconds | null): boolean =>
    after !== null && now >= plus(elevation.createdAt, after)
  if (isPast(escalateAfter))
    return [context(md`:rotating_light: Waiting for long; others were told.`)]
  return isPast(remindAfter) ? [context(md`:bell: Waiting for long; approvers were reminded.`)] : []
}

/** Their own words about a denial, for those who may see the ask. */
const wordsOf = ({ stored, words }: Card, place: Place): readonly KnownBlock[] =>
  stored.elevation.state === 'denied' && words !== null && place === 'person'
    ? [section(md`*The approver’s words*`), quoted(words, 500)]
    : []

const approveButton = (card: Card): Button => {
  const { ask, terms } = card.stored.elevation
  return button({
    text: 'Approve',
    action: actions.approve,
    value: handleOf(card),
    style: 'primary',
    confirm: {
      title: 'Approve this ask?',
      text:
        `${ask.requester} may then start ${printDuration(ask.duration)} of ${ask.target} ` +
        (ask.startAt === undefined ? '' : `from ${iso(ask.startAt)} on `) +
        `(mode ${terms.mode}). It is recorded under your name, and you get a receipt.`,
      yes: 'Approve'
    }
  })
}

const denyButton = (card: Card): Button =>
  button({ text: 'Deny…', action: actions.deny, value: handleOf(card), style: 'danger' })

const detailsButton = (card: Card): Button =>
  button({ text: 'Details', action: actions.details, value: handleOf(card) })

const consoleOf = ({ consoleUrl }: Card): readonly Button[] => consoleButton(consoleUrl)

const titleOf = ({ stored: { elevation } }: Card, now: Instant): string => {
  switch (elevation.state) {
    case 'pending':
      return isOver(elevation, now) ? 'Not decided in time' : 'Approval wanted'
    case 'approved':
      return 'Approved'
    case 'issuing':
      return 'Approved, starting'
    case 'active':
      return 'Active'
    case 'ending':
      return elevation.stuckSince === null ? 'Ending' : 'Ending, stuck'
    case 'ended':
      return 'Ended'
    case 'denied':
      return 'Denied'
    case 'cancelled':
      return elevation.by === elevation.ask.requester ? 'Withdrawn' : 'Taken back'
    case 'lapsed':
      return 'Lapsed'
    case 'failed':
      return 'Failed'
  }
}
