/**
 * How expiry works: a row's due instant is its timer. Each round takes the rows whose instant has
 * come and moves them on, as it does with what a lock or a new policy ends; whoever runs the broker
 * calls it several times a second and whenever woken. What asks AWS has lanes of its own, so that
 * no round waits for AWS. The end itself waits for none of it: AWS refuses from `notAfter` on.
 */
import { type Ending, isScheduled } from '../elevation/elevation.ts'
import type { ElevationId, Instant } from '../elevation/ids.ts'
import { type EndingStep, endingSteps, stepOf } from '../elevation/probing.ts'
import { beginEnd, lapse, retryEnd, takeOver } from '../elevation/transitions.ts'
import type { Stored } from '../ports.ts'
import { type DenyRole, denyAgain, roleDenier } from './deny-role.ts'
import type { Deps } from './deps.ts'
import { type Outcome, type WorkFault, each, endingPool, minutely } from './lanes.ts'
import { sweepLocks } from './lock-sweep.ts'
import { policySweep } from './policy-sweep.ts'
import { probe } from './probe.ts'
import { commit } from './record.ts'
import { lookAtDue } from './query-look.ts'
import { remove, takeAway } from './remove.ts'
import { startDue } from './start-due.ts'

export type { WorkFault } from './lanes.ts'

export type Work = {
  /** One round of what needs no AWS; the rest goes on beside it. What went wrong since the last. */
  readonly round: () => Promise<readonly WorkFault[]>
  /** Resolves when nothing is under way and nothing is due. */
  readonly idle: () => Promise<readonly WorkFault[]>
  /** Begins nothing more; resolves when what is under way is over. */
  readonly stop: () => Promise<void>
}

/** so many at once that no write of a request waits long behind them */
const batch = 5
/** a lock or a new policy may concern everything that is open: others' turns come in between */
const mostBatches = 250

/** Remembers from round to round which rows rest and which policy was looked at. */
export const makeWork = (deps: Deps): Work => {
  let faults: WorkFault[] = []
  const failed = (fault: WorkFault): void => {
    faults.push(fault)
  }
  const told = (): readonly WorkFault[] => {
    const some = faults
    faults = []
    return some
  }
  const denyRole = roleDenier(deps)
  const hurried = new Set<ElevationId>()
  const lane = (step: EndingStep) =>
    endingPool(deps, {
      due: (now, limit) => deps.endings.dueEndings(step, now, limit),
      run: (stored) => takeStep(deps, stored, { denyRole, hurried }),
      failed,
      after: () => fill()
    })
  const pools = endingSteps.map(lane)
  const fill = (): void => {
    for (const pool of pools) pool.fill()
  }
  const changed = policySweep(deps)
  const roles = minutely(deps, failed, () => {
    hurried.clear()
    return denyAgain(deps, denyRole)
  })
  let looking: Promise<void> | null = null
  const look = (): void => {
    looking ??= lookAtDue(deps)
      .then((found) => found.forEach(failed))
      .catch((cause: unknown) => failed({ elevation: '', cause }))
      .finally(() => {
        looking = null
      })
  }

  const round = async (): Promise<readonly WorkFault[]> => {
    for (let n = 0; n < mostBatches; n++) {
      const isMore = [
        await sweepLocks(deps, failed),
        await changed(failed),
        await settleDue(deps, failed)
      ]
      fill()
      if (!isMore.includes(true)) break
    }
    look()
    roles.begin()
    return told()
  }
  const under = async (): Promise<void> => {
    // what is over in one lane may be due in the other
    for (;;) {
      const wereIdle = await Promise.all(pools.map((pool) => pool.idle()))
      if (!wereIdle.includes(false)) break
    }
    await Promise.all([looking, roles.idle()])
  }
  return {
    round,
    idle: async () => {
      await under()
      return told()
    },
    stop: async () => {
      for (const pool of pools) pool.stop()
      await under()
    }
  }
}

/** One round and all that follows from it, to its end. */
export const work = async (deps: Deps): Promise<readonly WorkFault[]> => {
  const one = makeWork(deps)
  return [...(await one.round()), ...(await one.idle())]
}

/** True: a whole batch was due, so there may be more. */
const settleDue = async (deps: Deps, failed: (fault: WorkFault) => void): Promise<boolean> => {
  const due = await deps.worklist.due(deps.clock.now(), batch)
  const moved = await each(due, failed, (stored) => settle(deps, stored))
  return due.length === batch && moved > 0
}

/**
 * Everything but ending: what is over lapses or begins to end. A lost race is somebody else's turn.
 */
const settle = async (deps: Deps, stored: Stored): Promise<Outcome> => {
  const { elevation } = stored
  const now = deps.clock.now()
  const settleMilliseconds = deps.settings.settleSeconds * 1000
  switch (elevation.state) {
    case 'pending':
      return moved(await commit(deps, stored, lapse(elevation, 'not_decided', now)))
    case 'approved':
      if (isScheduled(elevation)) return moved(await startDue(deps, { ...stored, elevation }))
      return moved(await commit(deps, stored, lapse(elevation, 'not_activated', now)))
    case 'issuing': {
      const done = await commit(deps, stored, takeOver(elevation, { settleMilliseconds, now }))
      deps.reached?.('taken-over')
      return moved(done)
    }
    case 'active': {
      const ends = { how: 'expired', by: 'broker', settleMilliseconds, now } as const
      const done = await commit(deps, stored, beginEnd(elevation, ends))
      deps.reached?.('expired')
      if (done.ok) deps.meters?.expiryLateness.observe(sinceSeconds(elevation.intent.notAfter, now))
      return moved(done)
    }
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return 'later'
  }
}

/** What an ending elevation needs next. */
const takeStep = async (
  deps: Deps,
  stored: Stored<Ending>,
  {
    denyRole,
    hurried
  }: {
    readonly denyRole: DenyRole
    /** of which all but the deny was taken away already */
    readonly hurried: Set<ElevationId>
  }
): Promise<Outcome> => {
  const { elevation } = stored
  const now = deps.clock.now()
  const step = stepOf(elevation, now)
  if (!needsDeny(elevation, now)) {
    return moved(await (step === 'probe' ? probe(deps, stored) : remove(deps, stored, null)))
  }
  const { roleArn, region } = elevation.intent
  const denial = await denyRole({ roleArn, region })
  if (denial.kind === 'elsewhere') {
    // a replica that died in its turn keeps the role for a while: the rest does not wait for it
    if (step !== 'probe' && !hurried.has(elevation.id)) {
      hurried.add(elevation.id)
      await takeAway(deps, elevation)
    }
    return 'later'
  }
  hurried.delete(elevation.id)
  if (step !== 'probe') {
    const denied = denial.kind === 'failed' ? denial.answer : written
    return moved(await remove(deps, stored, denied))
  }
  if (denial.kind === 'failed') {
    const what = `${denial.answer.action} ${denial.answer.name}`
    return moved(await commit(deps, stored, retryEnd(elevation, what, deps.clock.now())))
  }
  // what it would be tried with is newer than the cut that denies the others: its turn comes
  const isListed = denial.listed.has(elevation.session?.assumedRoleId ?? '')
  return isListed ? moved(await probe(deps, stored)) : 'later'
}

const written = { ok: true, value: null } as const

/** Past notAfter the session's own policy denies everything. */
const needsDeny = ({ session, how, intent }: Ending, now: Instant): boolean =>
  session !== null && how !== 'expired' && now < intent.notAfter

const moved = ({ ok }: { readonly ok: boolean }): Outcome => (ok ? 'moved' : 'later')

const sinceSeconds = (from: Instant, now: Instant): number => Math.max(0, now - from) / 1000
