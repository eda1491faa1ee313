/**
 * A finding in the channel of its target: what it is, the fact that shows it, why it matters, and
 * the change that mends it. Edited when it is closed. Names in it are whoever's that made the
 * resource.
 */
import type { FindingAlert } from '../../ports-posture.ts'
import { type Message, fitMessage } from '../limits.ts'
import { code, joined, md, said, when } from '../text.ts'
import { context, header, quoted, section } from './blocks.ts'

/** most of a mend that is shown; the rest is in `sallyport posture judge` and the API */
const longestMend = 2500

/** The message of an open finding. */
export const findingMessage = ({ finding, openedAt }: FindingAlert): Message => {
  const { severity, code: name, title, resource, targets, shows, why, mend, owner } = finding
  return fitMessage({
    text: md`${severity} finding on ${targets.join(', ')}: ${title}`.mrkdwn,
    blocks: [
      header(`${capital(severity)}: ${title}`),
      section(md`${code(resource, 300)} of ${joined(targets.slice(0, 5).map((id) => code(id)))}`),
      section(md`*What shows it:* ${said(shows, 600)}`),
      section(md`*Why it matters:* ${said(why, 600)}`),
      section(md`*What mends it:*`),
      quoted(mend.cli.join(' ; '), longestMend),
      context(md`${code(name)} since ${when(openedAt)}, owner ${said(owner ?? 'nobody', 100)}`)
    ]
  })
}

/** The same message once it is mended. */
export const findingClosed = ({ finding, openedAt, closedAt }: FindingAlert): Message => {
  const { code: name, title, resource } = finding
  const end = closedAt ?? openedAt
  const span = md`open from ${when(openedAt)} until ${when(end)}`
  return fitMessage({
    text: md`Mended: ${title}`.mrkdwn,
    blocks: [
      section(md`:white_check_mark: *Mended:* ${said(title, 200)}`),
      context(md`${code(name)} on ${code(resource, 300)}, ${span}`)
    ]
  })
}

/** In the thread of the message, after a week. */
export const findingReminder = ({ finding, openedAt }: FindingAlert): Message =>
  fitMessage({
    text: md`Still open: ${finding.title}`.mrkdwn,
    blocks: [
      section(md`:bell: Still open since ${when(openedAt)}: ${said(finding.title, 200)} on
        ${code(finding.resource, 300)}. Mend it, or waive it until a day in
        ${code('policies/posture/')}.`)
    ]
  })

const capital = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`
