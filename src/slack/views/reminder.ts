/**
 * An ask that waits for too long: a reminder under its message, for those who may decide and have
 * not, and an escalation to those whom the rule names, who may or may not decide. Both say what
 * became of it once it is decided; neither has buttons, so that one message decides.
 */
import { stateWord } from '../../elevation/state-word.ts'
import type { Card, Face } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { code, md, when } from '../text.ts'
import { buttons, consoleButton, context, section } from './blocks.ts'
import { identityOf } from './facts.ts'
import { askText, faceText, facesText, statusText } from './status.ts'

/** `missing`: who may decide it and has not voted; they are named, which tells them. */
export const reminder = (card: Card, missing: readonly Face[]): Message => {
  const { elevation } = card.stored
  const text = md`${askText(card)} of ${faceText(card.requester)}: ${stateWord(elevation)}`.mrkdwn
  if (elevation.state !== 'pending')
    return fitMessage({ text, blocks: [section(statusText(card))] })
  const who = missing.length === 0 ? md`whoever may decide it` : facesText(missing)
  return fitMessage({
    text,
    blocks: [
      section(md`:bell: Still waiting since ${when(elevation.createdAt)} for ${who}. It lapses
        ${when(elevation.decideBy)}.`)
    ]
  })
}

/** To one of those named by the rule, alone. */
export const escalation = (card: Card, to: Face): Message => {
  const { elevation } = card.stored
  const may = card.approvers.some(({ person }) => person === to.person)
  const what = may
    ? md`You may decide it: ${code(`sallyport approve ${elevation.id}`)}, or where it was announced.`
    : md`You cannot decide it; ${facesText(card.approvers)} can.`
  return fitMessage({
    text: md`Nobody decided the ask of ${faceText(card.requester)} for ${askText(card)}:
      ${stateWord(elevation)}`.mrkdwn,
    blocks: [
      section(md`:rotating_light: *The ask of ${faceText(card.requester)} for ${askText(card)} was not
        decided in time, so it is told to you.*`),
      section(statusText(card)),
      ...(elevation.state === 'pending' ? [section(what)] : []),
      context(identityOf(card)),
      ...buttons(...consoleButton(card.consoleUrl))
    ]
  })
}
