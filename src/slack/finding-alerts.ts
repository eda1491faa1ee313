/**
 * Findings told in the channels of their targets: once when opened, once more after a week in the
 * thread, and edited when mended. Any replica tells; who claims a telling does it. Where Slack does
 * not answer it is tried again when the claim is over.
 */
import type { Logger } from 'pino'
import { type Instant, instant, parseTargetId } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { Seen } from '../ports.ts'
import type { FindingAlert, FindingAlerts } from '../ports-posture.ts'
import type { Schedule } from './receiver.ts'
import type { SlackAnswer, SlackClient } from './slack-client.ts'
import { findingClosed, findingMessage, findingReminder } from './views/finding.ts'

export type FindingAlertsParts = {
  readonly alerts: FindingAlerts
  readonly seen: Seen
  readonly policy: () => Policy
  readonly client: Pick<SlackClient, 'post' | 'edit'>
  readonly now: () => Instant
  readonly schedule: Schedule
  readonly logger: Pick<Logger, 'warn' | 'error'>
}

export type FindingTeller = {
  /** Gives up what is planned; resolves when what is under way is over. */
  readonly stop: () => Promise<void>
}

const tickMs = 5000
const claimMs = 120_000
const remindAfterMs = 7 * 86_400_000
/** a look sends no more; Slack's pace of a conversation is a message a second */
const atOnce = 4
/** others wait behind what cannot be told now, so more are looked at than are sent */
const looked = 200

/** Begins at once, and looks every five seconds. */
export const startFindingAlerts = (parts: FindingAlertsParts): FindingTeller => {
  const { schedule, logger } = parts
  let cancel: (() => void) | null = null
  let isStopped = false
  let round = Promise.resolve()
  const run = (): void => {
    round = tellFindings(parts)
      .catch((error: unknown) => {
        const { name, message } = error instanceof Error ? error : new Error('not an error')
        logger.error({ event: 'slack_findings_failed', name, message })
      })
      .then(() => {
        if (!isStopped) cancel = schedule(tickMs, run)
      })
  }
  cancel = schedule(0, run)
  return {
    stop: async () => {
      isStopped = true
      cancel?.()
      await round
    }
  }
}

/** One look: a few tellings that are due. Rejects only where the store does. */
export const tellFindings = async (parts: FindingAlertsParts): Promise<void> => {
  const { alerts, now } = parts
  const before = instant(Math.max(0, now() - remindAfterMs))
  let sent = 0
  for (const alert of await alerts.dueAlerts(before, looked)) {
    if (sent === atOnce) return
    if (await tell(parts, alert)) sent += 1
  }
}

/** For this span and the next, so that what is sent over their edge is not sent twice. */
const claimed = async (seen: Seen, key: string, now: Instant): Promise<boolean> => {
  const span = Math.floor(now / claimMs)
  const until = instant(now + 2 * claimMs)
  if (!(await seen.claim(`${key}:${span}`, until))) return false
  await seen.claim(`${key}:${span + 1}`, until)
  return true
}

type Kind = Parameters<FindingAlerts['noteAlert']>[1]['kind']

const kindOf = ({ closedAt, alertedAt }: FindingAlert): Kind => {
  if (closedAt !== null) return 'closed'
  return alertedAt === null ? 'opened' : 'reminded'
}

/** Whether something was sent. */
const tell = async (parts: FindingAlertsParts, alert: FindingAlert): Promise<boolean> => {
  const { alerts, seen, now, logger } = parts
  const kind = kindOf(alert)
  const key = { id: alert.finding.id, openedAt: alert.openedAt }
  const note = (posted: FindingAlert['posted']) =>
    alerts.noteAlert(key, { kind, at: now(), posted })
  const channel = channelOf(parts.policy(), alert)
  // nobody is to be told, now or about its end
  if (alert.posted === null && (channel === null || kind === 'closed')) {
    await note(null)
    return false
  }
  if (!(await claimed(seen, `finding:${key.id}:${key.openedAt}:${kind}`, now()))) return false
  const told = await send(parts, { alert, kind, channel })
  if (told.ok) {
    await note(kind === 'opened' || alert.posted === null ? told.value : null)
    return true
  }
  logger.warn({ event: 'slack_finding_not_told', finding: key.id, fault: told.fault })
  // as it stands Slack will not have it, however often it is sent
  if (told.fault.kind === 'refused') await note(null)
  return true
}

const send = async (
  { client }: FindingAlertsParts,
  {
    alert,
    kind,
    channel
  }: { readonly alert: FindingAlert; readonly kind: Kind; readonly channel: string | null }
): Promise<SlackAnswer<FindingAlert['posted']>> => {
  const { posted } = alert
  const mark = { elevation: 'posture', key: `finding:${alert.finding.id}:${kind}` }
  if (posted === null) {
    return client.post({ channel: channel ?? '', message: findingMessage(alert), mark })
  }
  if (kind === 'closed') {
    const edited = await client.edit({ posted, message: findingClosed(alert), mark })
    return edited.ok ? { ok: true, value: posted } : edited
  }
  const message = findingReminder(alert)
  return client.post({ channel: posted.channel, thread: posted.ts, message, mark })
}

/** Of the first target that has one. */
const channelOf = ({ targets }: Policy, { finding }: FindingAlert): string | null => {
  for (const name of finding.targets) {
    const id = parseTargetId(name)
    const channel = id === null ? undefined : targets.get(id)?.alerts
    if (channel !== undefined) return channel
  }
  return null
}
