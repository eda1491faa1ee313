/**
 * The watch over workgroups, keys and roles: a scan at each interval and whenever one is wanted, by
 * one replica at a time. The facts stay in memory, so that a new policy and a waiver that ends are
 * judged at once, without asking AWS again. What fails is told and tried again.
 */
import type { Logger } from 'pino'
import type { Deps } from '../broker/deps.ts'
import type { Kept } from '../broker/posture-watch.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import type { Policy } from '../policy/policy.ts'
import type { Collector, Findings, ScanTurn } from '../ports-posture.ts'
import type { Facts } from '../posture/facts.ts'

export type PostureWatch = {
  /** Looks now whether a scan is wanted. */
  readonly wake: () => void
  /** Gives up a scan under way. */
  readonly stop: () => Promise<void>
}

export type PostureParts = {
  readonly deps: Deps
  readonly findings: Findings
  readonly collector: Collector
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>
  /** what else is done with facts that were judged, within the turn */
  readonly judged?: (facts: Facts, signal: AbortSignal) => Promise<void>
  readonly intervalMs: number
  /** from 0 up to, not including, 1 */
  readonly random: () => number
  /** between two looks; default 5 s */
  readonly tickMs?: number
  /** from a start without any snapshot to its first scan at least; default 30 s */
  readonly firstMs?: number
  /** from a snapshot to the next at least, however often one is wanted; default 10 s */
  readonly pauseMs?: number
}

const turnMs = 60_000
const renewMs = 20_000
const afterFailureMs = 60_000

/** Begins to look at once; the first look scans only what somebody wants. */
export const startPosture = (parts: PostureParts): PostureWatch => {
  const { deps, findings, logger, tickMs = 5000 } = parts
  const { owner } = deps.settings
  const stopping = new AbortController()
  const due = dueness(parts, deps.clock.now())
  let memory: { readonly facts: Facts; readonly policy: Policy; readonly at: Instant } | null = null
  let timer: NodeJS.Timeout | undefined
  let isWoken = false
  let look: Promise<void> | null = null

  const keep = async (facts: Facts): Promise<void> => {
    // the rules are loaded with the first snapshot: a broker that never scans needs none of them
    const { keepFacts } = await import('../broker/posture-watch.ts')
    const [policy, at] = [deps.policy(), deps.clock.now()]
    const kept = await keepFacts({ deps, findings, owner }, facts)
    memory = kept.kind === 'kept' ? { facts, policy, at } : null
    tell(logger, facts, kept)
    if (kept.kind === 'kept') await parts.judged?.(facts, stopping.signal)
  }
  const scan = async (signal: AbortSignal): Promise<void> => {
    const collected = await parts.collector.collect(signal)
    if (signal.aborted) return
    if (collected.ok) return keep(collected.facts)
    due.failed(deps.clock.now())
    logger.warn({ event: 'posture_not_collected', code: collected.code })
  }
  const once = async (): Promise<void> => {
    const state = await findings.scanState()
    if (due.isDue(state, deps.clock.now())) {
      await inTurn(parts, stopping.signal, (turn, signal) =>
        due.isDue(turn, deps.clock.now()) ? scan(signal) : null
      )
      return
    }
    const known = memory
    if (known === null || !isOutdated(known, deps.policy(), deps.clock.now())) return
    await inTurn(parts, stopping.signal, (turn) =>
      // another replica's snapshot is newer: its facts are the ones to judge
      turn.at === Date.parse(known.facts.at) ? keep(known.facts) : forget()
    )
  }
  const forget = (): null => {
    memory = null
    return null
  }
  const run = (): void => {
    clearTimeout(timer)
    isWoken = false
    look = once()
      .catch((cause: unknown) => {
        const { name, message } = cause instanceof Error ? cause : new Error('not an error')
        due.failed(deps.clock.now())
        logger.error({ event: 'posture_watch_failed', name, message })
      })
      .then(() => {
        look = null
        if (!stopping.signal.aborted) timer = setTimeout(run, isWoken ? 0 : tickMs)
      })
  }
  timer = setTimeout(run, 0)
  return {
    wake: () => {
      if (stopping.signal.aborted) return
      due.woken()
      isWoken = true
      if (look === null) run()
    },
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      await look
    }
  }
}

/** Keeps the turn while `work` runs, and gives it back. */
const inTurn = async (
  { deps, findings }: PostureParts,
  stopping: AbortSignal,
  work: (turn: ScanTurn, signal: AbortSignal) => Promise<void> | null
): Promise<void> => {
  const { owner } = deps.settings
  const take = () => {
    const now = deps.clock.now()
    return findings.takeScan({ owner, now, until: instant(now + turnMs) })
  }
  const turn = await take()
  if (turn === null) return
  const lost = new AbortController()
  const renewing = setInterval(() => {
    take().then(
      (kept) => kept === null && lost.abort(),
      () => lost.abort()
    )
  }, renewMs)
  try {
    await work(turn, AbortSignal.any([stopping, lost.signal]))
  } finally {
    clearInterval(renewing)
    await findings.giveScan(owner)
  }
}

/**
 * When a scan is to begin: each replica has its own jitter, so that they do not all try at once.
 */
const dueness = (
  { intervalMs, random, firstMs = 30_000, pauseMs = 10_000 }: PostureParts,
  startedAt: Instant
) => {
  const jitter = 0.9 + 0.2 * random()
  const first = startedAt + firstMs * (1 + random())
  let notBefore: number = 0
  return {
    isDue: ({ at, wantedAt }: ScanTurn, now: Instant): boolean => {
      if (now < notBefore) return false
      const isWanted = wantedAt !== null && (at === null || wantedAt > at)
      if (at === null) return isWanted || now >= first
      return now >= at + (isWanted ? pauseMs : intervalMs * jitter)
    },
    failed: (now: Instant): void => {
      notBefore = now + afterFailureMs
    },
    /** somebody wants to know now */
    woken: (): void => {
      notBefore = 0
    }
  }
}

/** Another policy, or the end or begin of a waiver since the facts were judged. */
const isOutdated = (
  known: { readonly policy: Policy; readonly at: Instant },
  policy: Policy,
  now: Instant
): boolean =>
  known.policy !== policy ||
  policy.posture.waivers.some(({ from, until }) =>
    [from, until].some((edge) => known.at < edge && edge <= now)
  )

const tell = (logger: PostureParts['logger'], { gaps }: Facts, kept: Kept): void => {
  if (kept.kind === 'lost') {
    logger.warn({ event: 'posture_turn_lost' })
    return
  }
  const { kind: _, ...counts } = kept
  const line = { event: 'posture_judged', ...counts, gaps: gaps.length }
  if (gaps.length > 0) logger.warn(line)
  else logger.info(line)
}
