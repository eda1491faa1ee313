/** What the broker's preview says, as blocks: who will be asked, or every reason why not. */
import type { KnownBlock } from '@slack/types'
import type { Preview } from '../../broker/broker.ts'
import { printDuration } from '../../elevation/duration.ts'
import type { Reason, Result } from '../../elevation/refusal.ts'
import type { Face } from '../card.ts'
import { type Mrkdwn, code, lines, md, said, when } from '../text.ts'
import { context, section } from './blocks.ts'
import { facesText, modeText } from './status.ts'

/** `approvers`: those of the preview, as people in this team. */
export type ShownPreview = {
  readonly result: Result<Preview>
  readonly approvers: readonly Face[]
  readonly breakGlass: boolean
}

/** The preview; null = nothing has been chosen that could be judged. */
export const previewBlocks = (shown: ShownPreview | null): readonly KnownBlock[] => {
  if (shown === null) return [context(md`Who will be asked is shown here once a target is chosen.`)]
  const { result } = shown
  if (!result.ok) {
    const { code: refusal, message, reasons } = result.refusal
    const intro =
      refusal === 'invalid_ask'
        ? md`*Still wanting:*`
        : md`:no_entry_sign: *It would be refused:* ${said(message, 1000)}`
    return [section(intro), ...reasonSections(reasons ?? [])]
  }
  const { value } = result
  switch (value.decision) {
    case 'needs_approval':
      return [section(willBeAsked(value, shown.approvers)), ...termsOf(value)]
    case 'approved':
      return [
        section(
          shown.breakGlass
            ? md`:rotating_light: *Break-glass:* you can start at once. Everybody named by the rule
                is told now, and somebody else has to review it afterwards.`
            : md`:white_check_mark: *Nobody will be asked:* the rule approves it at once.`
        ),
        ...termsOf(value)
      ]
    case 'deny':
      return [section(md`:no_entry_sign: *It would be refused:*`), ...reasonSections(value.reasons)]
  }
}

/** Every reason that is not met, eight to a section. */
const reasonSections = (reasons: readonly Reason[]): readonly KnownBlock[] => {
  const open = reasons.filter(({ outcome }) => outcome !== 'met')
  const shown = open.slice(0, mostReasons)
  const parts = Array.from({ length: Math.ceil(shown.length / perSection) }, (_, n) =>
    section(lines(...shown.slice(n * perSection, (n + 1) * perSection).map(reasonText)))
  )
  const more = open.length - shown.length
  return more > 0 ? [...parts, context(md`… and ${more} more reasons.`)] : parts
}

const perSection = 8
const mostReasons = 80

const reasonText = ({ outcome, condition, message }: Reason): Mrkdwn =>
  outcome === 'failed'
    ? md`• :warning: *${said(condition, 40)}* could not be judged: ${said(message, 250)}`
    : md`• *${said(condition, 40)}*: ${said(message, 250)}`

const willBeAsked = ({ quorum }: Preview, approvers: readonly Face[]): Mrkdwn => {
  const count = quorum ?? 1
  if (approvers.length === 0) return md`:warning: *Nobody could approve it* at present.`
  const many = count === 1 ? md`one of them decides` : md`${count} of them decide`
  return md`:busts_in_silhouette: *Will be asked:* ${facesText(approvers)}; ${many}.`
}

const termsOf = ({ rule, mode, duration, startAt }: Preview): readonly KnownBlock[] => [
  context(
    ...(rule === null ? [] : [md`Rule ${code(rule)}`]),
    ...(duration === null ? [] : [md`for ${printDuration(duration)}`]),
    ...(startAt === null ? [] : [md`not before ${when(startAt)}`]),
    ...(mode === null ? [] : [md`mode ${modeText(mode)}`])
  )
]
