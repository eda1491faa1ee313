/**
 * Where an elevation stands, in one line: every state has its own words. And the words that several
 * views share: who somebody is, what was asked, what a mode means.
 */
import { printDuration } from '../../elevation/duration.ts'
import type {
  Approval,
  Approved,
  Channel,
  Elevation,
  EndReason,
  Ending,
  Lapsed,
  Pending
} from '../../elevation/elevation.ts'
import { isScheduled } from '../../elevation/elevation.ts'
import { type Instant, type PersonId, seconds } from '../../elevation/ids.ts'
import type { Card, Face } from '../card.ts'
import { printHandle } from '../names.ts'
import { type Mrkdwn, code, listed, md, mention, said, when, withoutAddresses } from '../text.ts'

export const faceText = ({ person, slack }: Face): Mrkdwn => mention(slack, person)

/** The first ten, and how many more there are. */
export const facesText = (faces: readonly Face[]): Mrkdwn => listed(faces, 10, faceText)

/** Somebody who has had to do with it, or the broker. */
export const actorText = (card: Card, id: PersonId | 'broker'): Mrkdwn => {
  if (id === 'broker') return md`the broker`
  return faceText(card.involved.find(({ person }) => person === id) ?? { person: id, slack: null })
}

/** `for 2h` of `claims-pii`: what was asked, without who. */
export const askText = ({ stored: { elevation } }: Card): Mrkdwn =>
  md`${code(elevation.ask.target)} for ${printDuration(elevation.ask.duration)}`

/** The value of every button about this elevation as it was drawn. */
export const handleOf = ({ stored: { elevation } }: Card): string =>
  printHandle({ elevation: elevation.id, digest: elevation.askDigest })

export const isOver = ({ decideBy }: Pending, now: Instant): boolean => now >= decideBy

/** The words of a mode, which say what each protects and what it does not. */
export const modeText = (mode: Elevation['terms']['mode']): Mrkdwn => {
  switch (mode) {
    case 'brokered':
      return md`*brokered* – queries run inside the broker; no credentials leave it, and a guardrail
        is enforced`
    case 'credentials':
      return md`*credentials* – the requester’s own tools get AWS credentials; a guardrail is only
        advice there`
  }
}

/** How an elevation came to be approved. */
export const approvalText = (card: Card): Mrkdwn => {
  const { approvals, ask } = card.stored.elevation
  if (approvals.length > 0) return votesText(card, approvals)
  return ask.breakGlass
    ? md`nobody: it is break-glass`
    : md`the rule itself, without anybody’s vote`
}

/** The state with its moment, and who brought it about. */
export const statusText = (card: Card, now: Instant | null = null): Mrkdwn => {
  const { elevation } = card.stored
  switch (elevation.state) {
    case 'pending':
      return pendingText(card, elevation, now)
    case 'approved':
      return approvedText(card, elevation)
    case 'issuing':
      return md`:gear: *Starting* since ${when(elevation.intent.startedAt)}: access is being made in
        AWS.`
    case 'active':
      return md`:large_green_circle: *Active* until ${when(elevation.intent.notAfter)}. Approved by
        ${approvalText(card)}.`
    case 'ending':
      return endingText(card, elevation)
    case 'ended':
      return md`:checkered_flag: *Ended* ${when(elevation.endedAt)}: ${howText(card, elevation)}.
        Access is gone.`
    case 'denied':
      return md`:no_entry: *Denied* by ${actorText(card, elevation.by)}
        ${when(elevation.decidedAt)}.`
    case 'cancelled': {
      const verb = elevation.by === elevation.ask.requester ? md`Withdrawn` : md`Taken back`
      return md`:leftwards_arrow_with_hook: *${verb}* by ${actorText(card, elevation.by)}
        ${when(elevation.cancelledAt)}, before it was used.`
    }
    case 'lapsed':
      return md`:hourglass: *Lapsed* ${when(elevation.lapsedAt)}: ${lapseText(elevation)}.`
    case 'failed':
      return md`:x: *Failed* ${when(elevation.failedAt)}: it could not be started. Nothing was
        handed out, and what had been made is removed.`
  }
}

/** What is left until an instant, in whole minutes, rounded down; under a minute in seconds. */
export const leftText = (until: Instant, now: Instant): string => {
  const left = Math.floor((until - now) / 1000)
  if (left < 1) return 'no time'
  return printDuration(seconds(left < 60 ? left : left - (left % 60)))
}

const approvedText = (card: Card, elevation: Approved): Mrkdwn => {
  const { startAt } = elevation.ask
  const approved = md`:white_check_mark: *Approved* by ${approvalText(card)}.`
  const lapses = md`it lapses if not started by ${when(elevation.activateBy)}.`
  return startAt !== undefined && isScheduled(elevation)
    ? md`${approved} It can be started from ${when(startAt)} on; ${lapses}`
    : md`${approved} Not started yet; ${lapses}`
}

const pendingText = (card: Card, elevation: Pending, now: Instant | null): Mrkdwn => {
  const { approvals, terms, decideBy } = elevation
  const missing = terms.quorum - approvals.length
  const so = approvals.length === 0 ? md`` : md` Approved by ${votesText(card, approvals)}.`
  if (now !== null && isOver(elevation, now)) {
    return md`:hourglass: *Not decided in time.*${so} It lapses.`
  }
  const rule = card.rule === null ? md`its rule` : said(withoutAddresses(card.rule.quorum))
  const wanting =
    missing > 0
      ? md`*${approvals.length} of ${terms.quorum}* approvals.${so} ${missing} more wanted`
      : md`*${approvals.length} approvals*, but not yet all that is wanted (${rule}).${so} More
          wanted`
  return md`:hourglass_flowing_sand: ${wanting} by ${when(decideBy)}.`
}

const endingText = (card: Card, elevation: Ending): Mrkdwn => {
  const { stuckSince, attempts, intent } = elevation
  const why =
    elevation.how === 'failed'
      ? md`it could not be started`
      : howText(card, { how: elevation.how, by: elevation.by })
  return stuckSince === null
    ? md`:hourglass: *Ending*: ${why}. Access is being taken away.`
    : md`:rotating_light: *Stuck while ending* since ${when(stuckSince)}: ${why}, but access could
        not be taken away completely (${attempts} attempts). It is tried on and on; AWS itself
        refuses the session from ${when(intent.notAfter)} on. Tell an operator.`
}

const howText = (
  card: Card,
  { how, by }: { readonly how: EndReason; readonly by: PersonId | 'broker' }
): Mrkdwn => {
  switch (how) {
    case 'expired':
      return md`the window is over`
    case 'revoked':
      return md`revoked by ${actorText(card, by)}`
    case 'released':
      return md`given back early by ${actorText(card, by)}`
  }
}

const lapseText = ({ why }: Lapsed): Mrkdwn => {
  switch (why) {
    case 'not_decided':
      return md`nobody decided it in time`
    case 'not_activated':
      return md`it was approved and not started in time`
    case 'policy_changed':
      return md`the policy no longer allows what was approved`
    case 'extended_revoked':
      return md`the window that it extends was revoked`
  }
}

const votesText = (card: Card, votes: readonly Approval[]): Mrkdwn =>
  listed(votes, 10, ({ by, at, via }) => md`${actorText(card, by)} (${when(at)}, ${channels[via]})`)

export const channels: Readonly<Record<Channel, string>> = {
  slack: 'Slack',
  console: 'the console',
  cli: 'the CLI'
}
