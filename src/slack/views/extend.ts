/**
 * The form of an extension: how much longer and why. What is extended is in private_metadata as a
 * handle and nothing else; target, tables, columns and query are those of the window that runs.
 */
import { printDuration } from '../../elevation/duration.ts'
import { notAfterOf } from '../../elevation/elevation.ts'
import { seconds } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Modal, fitView, limits } from '../limits.ts'
import { callbacks, extendFields } from '../names.ts'
import { md, plainText, when } from '../text.ts'
import { lengthOptions, option, textInput } from './ask-field.ts'
import { context, section } from './blocks.ts'
import { identityOf } from './facts.ts'
import { askText, handleOf, statusText } from './status.ts'

/** As the broker takes a reason and a ticket. */
export const longestWords = 500

/** The empty form for a window that runs. */
export const extendModal = (card: Card): Modal => {
  const { terms } = card.stored.elevation
  const most = terms.maxDuration
  const first = option(printDuration(seconds(Math.min(3600, most))))
  const notAfter = notAfterOf(card.stored.elevation)
  return fitView({
    type: 'modal',
    callback_id: callbacks.extend,
    private_metadata: handleOf(card),
    title: plainText('Extend', limits.viewTitle),
    submit: plainText('Ask', limits.viewTitle),
    close: plainText('Back', limits.viewTitle),
    blocks: [
      section(md`*${askText(card)}*`),
      section(statusText(card)),
      {
        type: 'input',
        block_id: extendFields.duration,
        label: plainText('How long', limits.inputLabel),
        hint: plainText('Another window: it runs from when you start it.', limits.inputHint),
        element: {
          type: 'static_select',
          action_id: extendFields.duration,
          options: [...lengthOptions(most, Math.min(3600, most))],
          initial_option: first
        }
      },
      {
        type: 'input',
        block_id: extendFields.reason,
        label: plainText('Why', limits.inputLabel),
        hint: plainText('Approvers read it: no personal data, please.', limits.inputHint),
        element: {
          ...textInput('', true),
          action_id: extendFields.reason,
          min_length: 1,
          max_length: longestWords
        }
      },
      {
        type: 'input',
        block_id: extendFields.ticket,
        label: plainText('Ticket', limits.inputLabel),
        optional: true,
        element: {
          ...textInput('', false),
          action_id: extendFields.ticket,
          max_length: longestWords
        }
      },
      context(
        md`It is decided by the policy of now and approved anew, with the same tables and columns.
          ${notAfter === null ? md`` : md`Your window still ends ${when(notAfter)}.`}`,
        identityOf(card)
      )
    ]
  })
}
