/**
 * The two forms that ask an approver for their words: deny and revoke. What they are about is in
 * private_metadata as a handle and nothing else; it is looked up again when the form comes back.
 */
import type { Card } from '../card.ts'
import { type Modal, fitView, limits } from '../limits.ts'
import { callbacks, reasonField } from '../names.ts'
import { type Mrkdwn, md, plainText } from '../text.ts'
import { context, section } from './blocks.ts'
import { identityOf } from './facts.ts'
import { askText, faceText, handleOf, statusText } from './status.ts'

/** As the broker takes it. */
const longestReason = 500

export const denyModal = (card: Card): Modal =>
  reasonModal(card, {
    callback: callbacks.deny,
    title: 'Deny this ask',
    submit: 'Deny',
    about: md`One denial is final. The requester is told your words, the channel is not.`
  })

export const revokeModal = (card: Card): Modal =>
  reasonModal(card, {
    callback: callbacks.revoke,
    title: 'Revoke',
    submit: 'Revoke',
    about: md`Access is taken away at once, an unused approval taken back. The requester is told.`
  })

const reasonModal = (
  card: Card,
  what: {
    readonly callback: string
    readonly title: string
    readonly submit: string
    readonly about: Mrkdwn
  }
): Modal =>
  fitView({
    type: 'modal',
    callback_id: what.callback,
    private_metadata: handleOf(card),
    title: plainText(what.title, limits.viewTitle),
    submit: plainText(what.submit, limits.viewTitle),
    close: plainText('Back', limits.viewTitle),
    blocks: [
      section(md`${faceText(card.requester)}: ${askText(card)}`),
      section(statusText(card)),
      {
        type: 'input',
        block_id: reasonField.block,
        label: plainText('Why', limits.inputLabel),
        hint: plainText('No personal data, please: it goes into the record.', limits.inputHint),
        element: {
          type: 'plain_text_input',
          action_id: reasonField.action,
          multiline: true,
          min_length: 1,
          max_length: longestReason,
          focus_on_load: true
        }
      },
      context(what.about, identityOf(card))
    ]
  })
