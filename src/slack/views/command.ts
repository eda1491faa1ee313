/** Answers to the command, for the one who gave it: help and status. */
import type { KnownBlock } from '@slack/types'
import type { Instant } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { command } from '../names.ts'
import { code, lines, md } from '../text.ts'
import { buttons, context, section } from './blocks.ts'
import { line, timeLeft } from './home.ts'
import { buttonsOf } from './requester-notice.ts'
import { askText, statusText } from './status.ts'

/** What the command understands. */
export const helpText = (): Message =>
  fitMessage({
    text: `${command} asks for elevation; ${command} status, done, help`,
    blocks: [
      section(
        lines(
          md`${code(command)} opens the form. It shows what each rule wants and who will be asked.`,
          md`${code(`${command} status`)} shows what you have and what waits for you.`,
          md`${code(`${command} done`)} gives back what you have started.`,
          md`${code(`${command} help`)} shows this.`
        )
      ),
      context(md`The same with the command line: ${code('sallyport --help')}.`)
    ]
  })

/** What somebody has and what waits for them: the first five of each, and how many more. */
export const statusList = ({
  mine,
  waiting,
  now
}: {
  readonly mine: readonly Card[]
  readonly waiting: readonly Card[]
  readonly now: Instant
}): Message =>
  fitMessage({
    text: `You have ${mine.length}, and ${waiting.length} wait for you`,
    blocks: [
      section(mine.length === 0 ? md`*You have nothing and have asked for nothing.*` : md`*Yours*`),
      ...mine
        .slice(0, most)
        .flatMap((card): readonly KnownBlock[] => [
          section(lines(md`*${askText(card)}*${timeLeft(card, now)}`, statusText(card, now))),
          ...buttons(...buttonsOf(card))
        ]),
      ...moreOf(mine),
      section(waiting.length === 0 ? md`*Nothing waits for you.*` : md`*Waiting for you*`),
      ...waiting.slice(0, most).map((card) => section(line(card, now))),
      ...moreOf(waiting)
    ]
  })

const most = 5

const moreOf = ({ length }: readonly Card[]): readonly KnownBlock[] =>
  length > most ? [context(md`… and ${length - most} more, ${code('sallyport status')}.`)] : []
