/**
 * The announcement of a break-glass elevation to everybody named by its rule, in their channel or
 * alone: nobody approved it before, so whoever reads it can still revoke it, and somebody has to
 * review it afterwards.
 */
import { stateWord } from '../../elevation/state-word.ts'
import type { Instant } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { code, md } from '../text.ts'
import { revokeButtons } from './approver-receipt.ts'
import { buttons, consoleButton, header, section } from './blocks.ts'
import { type Place, factsOf, whyAllowed } from './facts.ts'
import { askText, facesText, faceText, statusText } from './status.ts'

/** The announcement in any state, edited in place. */
export const breakGlassNotice = (
  card: Card,
  { now, place }: { readonly now: Instant; readonly place: Place }
): Message => {
  const { elevation } = card.stored
  const who = card.reviewers.length === 0 ? md`security` : facesText(card.reviewers)
  return fitMessage({
    text: md`Break-glass: ${faceText(card.requester)} takes ${askText(card)} without an approval:
      ${stateWord(elevation)}`.mrkdwn,
    blocks: [
      header(`Break-glass: ${elevation.ask.target}`),
      section(md`:rotating_light: ${faceText(card.requester)} takes ${askText(card)} *without
        anybody’s approval*, under a rule that allows it in an emergency.`),
      ...factsOf(card, place),
      section(statusText(card, now)),
      section(md`*Review:* ${who} must look at it afterwards,
        ${code(`sallyport review ${elevation.id} --reason "…"`)}. Until then the requester cannot
        break the glass again.`),
      ...whyAllowed(card, place),
      ...buttons(...revokeButtons(card), ...consoleButton(card.consoleUrl))
    ]
  })
}
