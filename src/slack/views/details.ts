/**
 * Everything about one elevation for somebody who may see it: the full reason and ticket, every
 * column with its class, the votes, who may decide, and what the policy says.
 */
import type { Instant } from '../../elevation/ids.ts'
import type { Card, Face } from '../card.ts'
import { type Modal, fitView, limits } from '../limits.ts'
import { callbacks } from '../names.ts'
import { type Mrkdwn, code, md, plainText, said, when } from '../text.ts'
import { buttons, consoleButton, context, divider, quoted, section } from './blocks.ts'
import { columnsOf, factsOf, whyAllowed } from './facts.ts'
import { approvalText, facesText, statusText } from './status.ts'

/** Nothing is decided in it: its only button is the link to the console. */
export const detailsModal = (card: Card, { now }: { readonly now: Instant }): Modal => {
  const { elevation } = card.stored
  const { ask, terms, approvals } = elevation
  const columns = columnsOf(card, 10)
  const isUnvoted = approvals.length === 0 && terms.quorum > 0
  return fitView({
    type: 'modal',
    callback_id: callbacks.details,
    title: plainText('Elevation', limits.viewTitle),
    close: plainText('Close', limits.viewTitle),
    blocks: [
      section(statusText(card, now)),
      ...factsOf(card, 'person'),
      ...(columns.length > 1 ? [section(md`*All columns*`), ...columns] : []),
      ...(card.words === null
        ? []
        : [section(md`*The approver’s words*`), quoted(card.words, 500)]),
      divider,
      section(md`*Votes* ${isUnvoted ? md`none yet` : approvalText(card)}`),
      section(md`*May decide* ${whoText(card.approvers, 'nobody')}`),
      ...(ask.breakGlass
        ? [
            section(md`*Told* ${whoText(card.told, 'nobody')}`),
            section(md`*May review* ${whoText(card.reviewers, 'security')}`)
          ]
        : []),
      ...('intent' in elevation
        ? [
            section(md`*Window* from ${when(elevation.intent.startedAt)} to
              ${when(elevation.intent.notAfter)}`)
          ]
        : []),
      ...whyAllowed(card, 'person'),
      context(
        md`Whole digest of the ask ${code(elevation.askDigest)}`,
        md`Policy ${code(elevation.policyDigest.slice(0, 19))}, ledger entries
          ${said(card.stored.ledger.join(', ') || 'none', 200)}`
      ),
      ...buttons(...consoleButton(card.consoleUrl))
    ]
  })
}

const whoText = (faces: readonly Face[], none: string): Mrkdwn =>
  faces.length === 0 ? said(none) : facesText(faces)
