/**
 * The receipt of a vote, to the approver alone: what was approved in their name, and how to take it
 * back if it was not them.
 */
import type { Button } from '@slack/types'
import type { Approval } from '../../elevation/elevation.ts'
import type { Card } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { actions } from '../names.ts'
import { md, when } from '../text.ts'
import { button, buttons, context, section } from './blocks.ts'
import { identityOf } from './facts.ts'
import { askText, channels, faceText, handleOf, modeText, statusText } from './status.ts'

/** The receipt of one of the elevation's approvals, with where it stands now. */
export const approverReceipt = (card: Card, { at, via }: Approval): Message => {
  const { terms } = card.stored.elevation
  const revoke = revokeButtons(card)
  return fitMessage({
    text: md`You approved ${askText(card)} of ${faceText(card.requester)}`.mrkdwn,
    blocks: [
      section(md`:receipt: *You approved ${askText(card)}* of ${faceText(card.requester)}
        ${when(at)}, from ${channels[via]}.`),
      section(statusText(card)),
      ...(revoke.length === 0
        ? [context(md`If this was not you, tell security at once.`)]
        : [
            section(md`*If this was not you*, or you think otherwise by now: revoke it, and tell
              security.`)
          ]),
      context(md`Mode ${modeText(terms.mode)}.`, identityOf(card)),
      ...buttons(...revoke)
    ]
  })
}

/** Revoke, while there is something to take away; its form asks for the reason. */
export const revokeButtons = (card: Card): readonly Button[] => {
  switch (card.stored.elevation.state) {
    case 'pending':
    case 'approved':
    case 'issuing':
    case 'active':
      return [
        button({ text: 'Revoke…', action: actions.revoke, value: handleOf(card), style: 'danger' })
      ]
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return []
  }
}
