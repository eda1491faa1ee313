/**
 * Words for one person: what was refused and what to do next, or that something broke. Refusals are
 * the broker's; added here is only the next step where Slack has another one than HTTP has.
 */
import type { KnownBlock } from '@slack/types'
import { problemKinds } from '../broker/refusals.ts'
import type { ElevationId } from '../elevation/ids.ts'
import type { Reason, Refusal, RefusalCode } from '../elevation/refusal.ts'
import { type Message, type Modal, fitMessage, fitView, limits } from './limits.ts'
import { code, md, plainText, said } from './text.ts'
import { buttons, consoleButton, section } from './views/blocks.ts'

/** Words of our own; nothing in them is markup. */
export const wordsMessage = (words: string): Message =>
  fitMessage({
    text: said(words, mostText).mrkdwn,
    blocks: [{ type: 'section', text: plainText(words, mostText) }]
  })

export type Refused = {
  readonly verb: string
  readonly elevation: ElevationId | null
  readonly consoleUrl: string | null
}

/** A refused verb: what, every unmet condition, and where else it can be done. */
export const refusalMessage = (refusal: Refusal, of: Refused): Message => {
  const { title } = problemKinds[refusal.code]
  const message = inSlack.get(refusal.code) ?? refusal.message
  return fitMessage({
    text: md`${title}: ${said(message)}`.mrkdwn,
    blocks: [
      section(md`:no_entry_sign: *${title}.* ${said(message, 1000)}`),
      ...openReasons(refusal.reasons ?? []).map((words) => section(said(words))),
      ...(elsewhere.has(refusal.code) ? nextBlocks(of) : [])
    ]
  })
}

/** Every condition that is not met or could not be judged, the first twenty. */
export const openReasons = (reasons: readonly Reason[]): readonly string[] => {
  const open = reasons.filter(({ outcome }) => outcome !== 'met')
  const more = open.length - mostReasons
  const words = open.slice(0, mostReasons).map(({ message }) => `• ${message}`)
  return more > 0 ? [...words, `… and ${more} more.`] : words
}

/** A modal that only says something. */
export const noticeModal = (title: string, words: string): Modal =>
  fitView({
    type: 'modal',
    title: plainText(title, limits.viewTitle),
    close: plainText('Close', limits.viewTitle),
    blocks: [{ type: 'section', text: plainText(words, mostText) }]
  })

/** When the ledger cannot be written or something broke: nothing is claimed to have happened. */
export const brokenWords =
  'Something is not available now, so this may not have been done. Look at /elevate status, ' +
  'then try again.'

const mostText = 2000
const mostReasons = 20

/** Where the broker's own words speak of HTTP. */
const inSlack: ReadonlyMap<RefusalCode, string> = new Map([
  ['unknown_elevation', 'There is no such elevation, or it is not yours to see.'],
  ['unknown_target', 'There is no such target that you may ask for. /elevate lists yours.']
])

const elsewhere: ReadonlySet<RefusalCode> = new Set(['channel_not_allowed', 'sign_in_too_weak'])

const nextBlocks = ({ verb, elevation, consoleUrl }: Refused): readonly KnownBlock[] => {
  if (elevation === null) return [section(md`Use ${code('sallyport request')} instead.`)]
  const command = verb === 'activate' ? 'credentials' : verb
  const page = consoleUrl === null ? null : `${consoleUrl}/elevations/${elevation}`
  return [
    section(md`Use ${code(`sallyport ${command} ${elevation}`)} instead.`),
    ...buttons(...consoleButton(page))
  ]
}
