/**
 * What the requester is told, alone, at each step: what happened, where it stands now and what to
 * do next. A notice of an earlier step says what is true by now and offers nothing any more.
 */
import { stateWord } from '../../elevation/state-word.ts'
import type { Button, KnownBlock } from '@slack/types'
import { printDuration } from '../../elevation/duration.ts'
import { type Elevation, isScheduled, windowSeconds } from '../../elevation/elevation.ts'
import { seconds } from '../../elevation/ids.ts'
import type { Card } from '../card.ts'
import { type Message, fitMessage } from '../limits.ts'
import { actions } from '../names.ts'
import { type Mrkdwn, code, lines, md, said, when } from '../text.ts'
import { button, buttons, consoleButton, context, quoted, section } from './blocks.ts'
import { identityOf } from './facts.ts'
import { askText, facesText, handleOf, modeText, statusText } from './status.ts'

/** What a requester is told of, each once. */
export type Step = Exclude<Elevation['state'], 'issuing'> | 'stuck' | 'startable'

/** The step an elevation has come to; null where nothing is told, as while it is starting. */
export const stepOf = (elevation: Elevation): Step | null => {
  if (elevation.state === 'issuing') return null
  if (elevation.state === 'approved' && elevation.startableSince !== undefined) return 'startable'
  return elevation.state === 'ending' && elevation.stuckSince !== null ? 'stuck' : elevation.state
}

/** The direct message about one step; of an earlier one only what is true by now. */
export const requesterNotice = (card: Card, step: Step): Message => {
  const { elevation } = card.stored
  const about = headline(card, step)
  if (stepOf(elevation) !== step) {
    return fitMessage({
      text: md`${about} – by now: ${stateWord(elevation)}`.mrkdwn,
      blocks: [
        section(md`*${about}*`),
        section(md`By now: ${statusText(card)}`),
        context(identityOf(card))
      ]
    })
  }
  return fitMessage({
    text: about.mrkdwn,
    blocks: [
      section(md`*${about}*`),
      section(statusText(card)),
      ...wordsOf(card),
      ...nextSteps(card),
      context(identityOf(card)),
      ...buttons(...buttonsOf(card))
    ]
  })
}

/** Before the window is over. Where it is over already, says so. */
export const endingSoon = (card: Card): Message => {
  const { elevation } = card.stored
  if (elevation.state !== 'active') return requesterNotice(card, 'active')
  const { notAfter } = elevation.intent
  return fitMessage({
    text: md`Your window on ${askText(card)} is about to end`.mrkdwn,
    blocks: [
      section(md`:alarm_clock: *Your window on ${askText(card)} ends ${when(notAfter)}.* Running
        queries are stopped then. ${moreText(card)}`),
      context(identityOf(card)),
      ...buttons(...buttonsOf(card), askButton)
    ]
  })
}

/** What the requester can do about an elevation from here. */
export const buttonsOf = (card: Card): readonly Button[] => {
  const { elevation } = card.stored
  const link = consoleButton(card.consoleUrl)
  switch (elevation.state) {
    case 'pending':
      return [cancelButton(card), ...link]
    case 'approved':
      return [
        ...(canStart(card) && !isScheduled(elevation) ? [startButton(card)] : []),
        cancelButton(card),
        ...link
      ]
    case 'active':
      return [endButton(card), ...(mayExtend(card) ? [extendButton(card)] : []), ...link]
    case 'issuing':
    case 'ending':
      return link
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return [askButton, ...link]
  }
}

export const askButton: Button = button({ text: 'Ask again…', action: actions.ask })

const headline = (card: Card, step: Step): Mrkdwn => {
  const about = askText(card)
  switch (step) {
    case 'pending':
      return md`You asked for ${about}`
    case 'approved':
      return card.stored.elevation.terms.quorum > 0
        ? md`Your ask for ${about} was approved`
        : md`Your ask for ${about} was approved at once`
    case 'startable':
      return md`Your window on ${about} can start now`
    case 'denied':
      return md`Your ask for ${about} was denied`
    case 'cancelled':
      return md`Your ask for ${about} was withdrawn`
    case 'lapsed':
      return md`Your ask for ${about} lapsed`
    case 'active':
      return md`Your window on ${about} has started`
    case 'ending':
      return md`Your window on ${about} is ending`
    case 'stuck':
      return md`Your window on ${about} is over, but not all of it could be removed`
    case 'ended':
      return md`Your window on ${about} has ended`
    case 'failed':
      return md`Your window on ${about} could not be started`
  }
}

const nextSteps = (card: Card): readonly KnownBlock[] => {
  const { elevation } = card.stored
  const { id, terms } = elevation
  switch (elevation.state) {
    case 'pending':
      return [section(whoIsAsked(card))]
    case 'approved':
      return [section(howToStart(card)), context(md`Mode ${modeText(terms.mode)}.`)]
    case 'active':
      return [
        section(md`*Next:* ${useText(card)}. When you are done, give it back:
          ${code(`sallyport end ${id}`)} or the button.`),
        context(md`Mode ${modeText(terms.mode)}.`)
      ]
    case 'lapsed':
      return [
        ...reasonsOf(elevation.reasons ?? []),
        section(md`*Next:* ask again if you still need it; say what has changed.`)
      ]
    case 'denied':
      return [section(md`*Next:* ask again if you still need it; say what has changed.`)]
    case 'failed':
      return [section(md`*Next:* ask again. If it fails again, tell an operator the id below.`)]
    case 'issuing':
    case 'ending':
    case 'ended':
    case 'cancelled':
      return []
  }
}

const whoIsAsked = ({ approvers, rule }: Card): Mrkdwn => {
  if (rule?.approval !== 'people' || approvers.length === 0) {
    return md`*Nobody can approve it* under the policy as it is now. Withdraw it and ask again.`
  }
  const absent = approvers.filter(({ slack }) => slack === null)
  const unseen =
    absent.length === 0
      ? md``
      : md` ${facesText(absent)} ${absent.length === 1 ? 'has' : 'have'} no Slack account here and
          must be told by you.`
  return md`*Asked:* ${facesText(approvers)}.${unseen}`
}

const howToStart = (card: Card): Mrkdwn => {
  const { elevation } = card.stored
  if (card.rule === null) {
    return md`*It cannot be started:* its rule has left the policy. Ask again.`
  }
  const { startAt } = elevation.ask
  if (startAt !== undefined && elevation.state === 'approved' && isScheduled(elevation)) {
    return md`*Next:* nothing. The policy is asked again ${when(startAt)}, and you are told when it
      can start.`
  }
  const most = Math.min(windowSeconds(elevation), elevation.terms.maxDuration)
  const length = printDuration(seconds(most))
  const where = canStart(card)
    ? md`Start it here or with`
    : md`The rule wants a fresh sign-in to start it, which Slack cannot show: start it with`
  return md`*Next:* the window of ${length} runs from when you start it. ${where}
    ${useCommand(card)}.`
}

/** What the policy did not allow any more when it was looked at again. */
const reasonsOf = (reasons: readonly string[]): readonly KnownBlock[] => {
  const told = reasons.slice(0, 10).map((reason) => md`• ${said(reason, 250)}`)
  const more = reasons.length - told.length
  return [
    ...(told.length > 0 ? [section(lines(...told))] : []),
    ...(more > 0 ? [context(md`and ${more} more reasons`)] : [])
  ]
}

/** Whether its rule would give one more; whether an extension is given is for the ask to find. */
const mayExtend = ({ stored: { elevation }, rule }: Card): boolean =>
  rule !== null && (elevation.ask.extends?.place ?? 1) <= rule.extensions

const moreText = (card: Card): Mrkdwn =>
  mayExtend(card)
    ? md`If you need more, extend it: that is another window, decided and approved anew.`
    : md`Ask again if you need more.`

const useText = (card: Card): Mrkdwn =>
  card.stored.elevation.terms.mode === 'credentials'
    ? md`${useCommand(card)} gives your tools their credentials`
    : md`ask your queries with ${useCommand(card)}`

const useCommand = ({ stored: { elevation } }: Card): Mrkdwn =>
  elevation.terms.mode === 'credentials'
    ? code(`sallyport credentials ${elevation.id}`)
    : code(`sallyport query ${elevation.id} "SELECT …"`)

const canStart = ({ rule }: Card): boolean => rule !== null && !rule.needsSignIn.toStart

const wordsOf = ({ stored, words }: Card): readonly KnownBlock[] => {
  const { elevation } = stored
  const isTold = elevation.state === 'denied' || ('how' in elevation && elevation.how === 'revoked')
  return isTold && words !== null ? [section(md`*Their words*`), quoted(words, 500)] : []
}

const startButton = (card: Card): Button =>
  button({
    text: 'Start now',
    action: actions.start,
    value: handleOf(card),
    style: 'primary',
    confirm: {
      title: 'Start the window now?',
      text: 'It runs from now on and cannot be paused.',
      yes: 'Start'
    }
  })

const cancelButton = (card: Card): Button =>
  button({
    text: 'Withdraw',
    action: actions.cancel,
    value: handleOf(card),
    confirm: {
      title: 'Withdraw your ask?',
      text: 'Nothing has been used yet. You can ask again.',
      yes: 'Withdraw'
    }
  })

const extendButton = (card: Card): Button =>
  button({ text: 'Extend…', action: actions.extend, value: handleOf(card) })

const endButton = (card: Card): Button =>
  button({
    text: 'End now',
    action: actions.end,
    value: handleOf(card),
    confirm: {
      title: 'End your window now?',
      text: 'Access is taken away at once, and running queries are stopped.',
      yes: 'End now'
    }
  })
