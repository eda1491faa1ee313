/**
 * App Home: what somebody has, what waits for them, what was decided lately. Each list shows its
 * first ones and says how many more there are, so that a thousand asks are as quick as ten.
 */
import type { KnownBlock } from '@slack/types'
import type { Instant } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Home, fitView } from '../limits.ts'
import { actions } from '../names.ts'
import { type Mrkdwn, code, lines, md } from '../text.ts'
import { decisionBlocks } from './approval-message.ts'
import { button, buttons, context, divider, header, section } from './blocks.ts'
import { buttonsOf } from './requester-notice.ts'
import { askText, faceText, leftText, statusText } from './status.ts'

/** How many of each list are shown. */
export const homeShows = { mine: 10, waiting: 10, recent: 10 } as const

/**
 * The home tab. `mine`: one's own elevations that are not over; `waiting`: others' that this person
 * may decide; `recent`: decided ones this person may see. Each in the order shown.
 */
export const homeView = ({
  mine,
  waiting,
  recent,
  now
}: {
  readonly mine: readonly Card[]
  readonly waiting: readonly Card[]
  readonly recent: readonly Card[]
  readonly now: Instant
}): Home =>
  fitView({
    type: 'home',
    blocks: [
      header('Sallyport'),
      ...buttons(button({ text: 'Ask for elevation…', action: actions.ask, style: 'primary' })),
      header('Yours'),
      ...list(mine, homeShows.mine, md`You have nothing and have asked for nothing.`, (card) => [
        section(lines(md`*${askText(card)}*${timeLeft(card, now)}`, statusText(card, now))),
        ...buttons(...buttonsOf(card))
      ]),
      divider,
      header('Waiting for you'),
      ...list(waiting, homeShows.waiting, md`Nothing waits for your decision.`, (card) => [
        section(line(card, now)),
        ...decisionBlocks(card, now)
      ]),
      divider,
      header('Lately'),
      ...list(recent, homeShows.recent, md`Nothing was decided lately.`, (card) => [
        section(line(card, now))
      ])
    ]
  })

/** The home tab of somebody the broker does not know or does not believe, and what they can do. */
export const homeStranger = (why: string): Home =>
  fitView({ type: 'home', blocks: [header('Sallyport'), section(md`${why}`)] })

/** Who asked for what, and where it stands. */
export const line = (card: Card, now: Instant): Mrkdwn =>
  lines(
    md`*${faceText(card.requester)}*: ${askText(card)} · ${code(card.stored.elevation.id)}`,
    statusText(card, now)
  )

export const timeLeft = ({ stored: { elevation } }: Card, now: Instant): Mrkdwn =>
  elevation.state === 'active' ? md` · ${leftText(elevation.intent.notAfter, now)} left` : md``

const list = (
  cards: readonly Card[],
  most: number,
  none: Mrkdwn,
  show: (card: Card) => readonly KnownBlock[]
): readonly KnownBlock[] => {
  if (cards.length === 0) return [context(none)]
  const more = cards.length - most
  return [
    ...cards.slice(0, most).flatMap(show),
    ...(more > 0 ? [context(md`… and ${more} more. ${code('sallyport status')} lists them.`)] : [])
  ]
}
