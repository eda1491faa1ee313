/**
 * The rounds of telling people: keep the turn, read what changed, note what should be looked at,
 * and send what is due. Several places are told at the same time, one place never twice at once;
 * what Slack does or does not do changes nothing but the notes of what was shown.
 */
import type { Logger } from 'pino'
import { type ElevationId, type Instant, instant } from '../elevation/ids.ts'
import type { DueSlackMessage, SlackOutcome, SlackTurn, WantedSlackMessage } from '../ports.ts'
import { copyKey } from './notices.ts'
import type { Schedule } from './receiver.ts'
import { type Line, type Sent, send } from './sending.ts'
import type { Posted } from './slack-client.ts'
import { type Scene, wantedOf } from './wanted.ts'

export type OutboxParts = Scene & {
  readonly turn: SlackTurn
  readonly slack: Line
  readonly schedule: Schedule
  readonly log: Logger
  /** names this process, different from every other */
  readonly owner: string
}

export type Counts = {
  readonly posted: number
  readonly edited: number
  /** tries that failed and are made again */
  readonly retried: number
  /** messages given up, because Slack will not have them or their recipient */
  readonly gaveUp: number
}

/** What somebody clicked; `posted` where it is the message about the ask. */
export type Clicked = { readonly elevation: ElevationId; readonly posted: Posted | null }

export type Outbox = {
  /** In the next round the elevation is looked at anew, and the message clicked is put right. */
  readonly clicked: (what: Clicked) => void
  /** One round; the milliseconds until the next is worth while. Rejects where the store does. */
  readonly round: () => Promise<number>
  /** resolves when nothing is being sent */
  readonly settled: () => Promise<void>
  /** settles, and gives the turn to whoever is next */
  readonly stop: () => Promise<void>
  readonly counts: () => Counts
}

const turnMs = 60_000
const renewMs = 30_000
/** no call is begun that might still run when the turn is over: timeouts, and clocks that differ */
const marginMs = 20_000
const pageSize = 100
const atOnce = 8
const mostClicks = 1000
const idleMs = 1000
const othersTurnMs = 5000

/** `again` is called when a round is worth while, after so many milliseconds. */
export const makeOutbox = (parts: OutboxParts, again: (milliseconds: number) => void): Outbox => {
  const { turn, messages, slack, now, schedule, log, owner } = parts
  const underWay = new Map<string, Promise<void>>()
  const counts = { posted: 0, edited: 0, retried: 0, gaveUp: 0 }
  let clicks: readonly Clicked[] = []
  let mine: { readonly until: Instant; readonly index: number } | null = null
  let sweep: { readonly after: ElevationId | null; readonly again: boolean } | null = null
  let policyDigest = ''
  let heads: { readonly at: number; readonly due: readonly DueSlackMessage[] } = { at: 0, due: [] }
  let pausedUntil = 0
  let trouble: string | null = null
  let isStopped = false

  /** Everything not over is looked at when the turn comes and when the policy changes. */
  const keepTurn = async (): Promise<boolean> => {
    const at = now()
    if (mine !== null && mine.until - at > renewMs) return true
    const until = instant(at + turnMs)
    const index = await turn.take(owner, at, until)
    if (index === null) {
      mine = null
      return false
    }
    if (mine === null) sweep = { after: null, again: true }
    mine = { until, index }
    return true
  }

  const wantAll = async (
    ids: readonly ElevationId[],
    of: { readonly next: number | null; readonly again: boolean }
  ): Promise<void> => {
    const found = await Promise.all(ids.map((id) => wantedFor(id, of.again)))
    const wanted = found.flat()
    if (wanted.length === 0 && of.next === null) return
    if (!(await messages.want(owner, wanted, of.next))) mine = null
    if (wanted.length > 0) heads = { at: 0, due: [] }
  }

  const wantedFor = async (
    id: ElevationId,
    isAgain: boolean
  ): Promise<readonly WantedSlackMessage[]> => {
    try {
      return await wantedOf(parts, id, { again: isAgain })
    } catch (error) {
      if (!isDamaged(error)) throw error
      log.error({ event: 'slack_not_read', elevation: id })
      return []
    }
  }

  /** A message left behind by a lost answer is noted, so that it is kept right like the others. */
  const adopt = async ({ elevation, posted }: Clicked): Promise<void> => {
    if (posted === null) return
    const noted = await messages.of(elevation)
    const isNoted = noted.some(
      (one) => one.posted?.channel === posted.channel && one.posted.ts === posted.ts
    )
    if (isNoted) return
    const copy = { elevation, key: copyKey(posted.ts), place: posted.channel }
    if (!(await messages.want(owner, [{ ...copy, order: 0, from: now() }], null))) return
    await messages.note({ ...copy, wanted: 0, kind: 'shown', posted, digest: '', next: now() })
  }

  const answerClicks = async (): Promise<void> => {
    const taken = clicks
    clicks = []
    await Promise.all(taken.map(adopt))
    const ids = [...new Set(taken.map(({ elevation }) => elevation))]
    if (ids.length > 0) await wantAll(ids, { next: null, again: true })
  }

  /** True where there may be more to read at once. */
  const readOn = async (): Promise<boolean> => {
    if (mine === null) return false
    const { elevations, next } = await turn.changed(mine.index, pageSize)
    if (next === mine.index) return false
    await wantAll(elevations, { next, again: false })
    if (mine !== null) mine = { ...mine, index: next }
    return true
  }

  const sweepOn = async (): Promise<boolean> => {
    const { digest } = parts.policy()
    if (digest !== policyDigest) {
      sweep = { after: null, again: sweep?.again ?? false }
      policyDigest = digest
    }
    if (sweep === null || mine === null) return false
    const ids = await turn.open(sweep.after, pageSize)
    const last = ids.at(-1)
    await wantAll(ids, { next: null, again: sweep.again })
    sweep = last === undefined ? null : { ...sweep, after: last }
    return sweep !== null
  }

  /**
   * What was found due serves for a while, as looking through all that waits has its price. A place
   * that is being told at the look is left out: what is found there may be the very message.
   */
  const findDue = async (at: Instant): Promise<void> => {
    if (heads.due.length > 0 && at - heads.at < idleMs) return
    const busy = new Set(underWay.keys())
    const due = await messages.due(at, pageSize)
    heads = { at, due: due.filter(({ place }) => !busy.has(place)) }
  }

  const sendDue = async (): Promise<void> => {
    const at = now()
    if (mine === null || mine.until - at < marginMs || at < pausedUntil) return
    if (underWay.size >= atOnce) return
    await findDue(at)
    for (const due of heads.due) {
      if (underWay.size >= atOnce) return
      if (underWay.has(due.place)) continue
      heads = { at: heads.at, due: heads.due.filter(({ place }) => place !== due.place) }
      const sending = sendOne(due).finally(() => {
        underWay.delete(due.place)
        again(0)
      })
      underWay.set(due.place, sending)
    }
  }

  /** Never rejects: what was not noted is due again. */
  const sendOne = async (due: DueSlackMessage): Promise<void> => {
    try {
      const sent = await send(parts, slack, due)
      count(due, sent)
      await note(sent.outcome)
      // the message about the ask says from now on that people were told again
      if (isReminder(due) && sent.did === 'posted')
        clicked({ elevation: due.elevation, posted: null })
      if (sent.outcome.kind === 'shown') again(sent.outcome.next - now())
    } catch (error) {
      if (isDamaged(error)) await note({ ...due, kind: 'gave_up', code: 'not_read', digest: '' })
      const { elevation, key } = due
      log.error({ event: 'slack_not_sent', elevation, key, cause: nameOf(error) })
      await pause()
    }
  }

  /** What was shown must not be forgotten because the store was busy: it would be shown twice. */
  const note = async (outcome: SlackOutcome): Promise<void> => {
    try {
      await messages.note(outcome)
    } catch (error) {
      log.error({ event: 'slack_not_noted', elevation: outcome.elevation, cause: nameOf(error) })
      if (isStopped || mine === null || mine.until - now() < marginMs) return
      await pause()
      await note(outcome)
    }
  }

  const count = (due: DueSlackMessage, { did, outcome }: Sent): void => {
    if (typeof did === 'string') {
      if (did === 'nothing') return
      counts[did] += 1
      if (trouble !== null) log.info({ event: 'slack_reached' })
      trouble = null
      return
    }
    const { elevation, key, place } = due
    if (outcome.kind === 'gave_up') {
      counts.gaveUp += 1
      log.warn({ event: 'slack_gave_up', elevation, key, place, code: did.code })
      return
    }
    counts.retried += 1
    if (did.kind === 'limited') pausedUntil = now() + did.seconds * 1000
    if (trouble === did.code) return
    trouble = did.code
    const line = { event: 'slack_retried', kind: did.kind, code: did.code, elevation, key, place }
    if (did.kind === 'not_allowed') log.error(line)
    else log.warn(line)
  }

  const clicked = (what: Clicked): void => {
    if (clicks.length < mostClicks) clicks = [...clicks, what]
  }

  const pause = (): Promise<void> => new Promise((resolve) => schedule(idleMs, resolve))

  const settled = async (): Promise<void> => {
    await Promise.all(underWay.values())
  }

  return {
    clicked,
    round: async () => {
      if (isStopped) return idleMs
      if (!(await keepTurn())) {
        clicks = []
        return othersTurnMs
      }
      await answerClicks()
      const hasRead = await readOn()
      const hasSwept = await sweepOn()
      await sendDue()
      return hasRead || hasSwept ? 0 : idleMs
    },
    settled,
    stop: async () => {
      isStopped = true
      await settled()
      await turn.give(owner)
    },
    counts: () => counts
  }
}

/** A row that cannot be read back; every other error of the store passes by itself. */
const isDamaged = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'corrupt'

const isReminder = ({ key }: DueSlackMessage): boolean => /^(remind|escalate):/.test(key)

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown')
