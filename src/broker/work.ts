/**
 * How expiry works: a row's due instant is its timer. Each tick takes the rows whose instant has come
 * and moves them on; whoever runs the broker calls it every quarter second and whenever woken. The
 * end itself does not wait for this: AWS refuses the session from `notAfter` on.
 */
import type { Ending } from '../elevation/elevation.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import { beginEnd, lapse, takeOver } from '../elevation/transitions.ts'
import type { AwsAnswer, Stored } from '../ports.ts'
import type { Deps } from './deps.ts'
import { commit } from './record.ts'
import { lookAtDue } from './query-look.ts'
import { remove } from './remove.ts'

const batch = 100
/** The deny stays a while past notAfter, so that clocks need not agree to the second. */
const pruneAfterMs = 300_000

/** One round. Returns what went wrong per elevation; one poisoned row does not stop the others. */
export const work = async (deps: Deps): Promise<readonly WorkFault[]> => {
  const faults: WorkFault[] = []
  const decided = await deps.worklist.due(deps.clock.now(), batch)
  await each(decided, faults, (stored) => settle(deps, stored))
  const due = await deps.worklist.due(deps.clock.now(), batch)
  const ending = due.filter(isEnding)
  const denied = await denyEnded(deps, ending)
  await each(ending, faults, (stored) => {
    const needed = needsDeny(stored.elevation, deps.clock.now())
    return remove(deps, stored, needed ? (denied.get(stored.elevation.intent.roleArn) ?? null) : null)
  })
  return [...faults, ...(await lookAtDue(deps))]
}

export type WorkFault = { readonly elevation: string; readonly cause: unknown }

/** Everything but ending: what is over lapses or begins to end. A lost race is somebody else's turn. */
const settle = async (deps: Deps, stored: Stored): Promise<void> => {
  const { elevation } = stored
  const now = deps.clock.now()
  const settleMilliseconds = deps.settings.settleSeconds * 1000
  switch (elevation.state) {
    case 'pending':
      return done(commit(deps, stored, lapse(elevation, 'not_decided', now)))
    case 'approved':
      return done(commit(deps, stored, lapse(elevation, 'not_activated', now)))
    case 'issuing':
      return done(commit(deps, stored, takeOver(elevation, { settleMilliseconds, now })))
    case 'active': {
      const ends = { how: 'expired', by: 'broker', settleMilliseconds, now } as const
      return done(commit(deps, stored, beginEnd(elevation, ends)))
    }
    case 'ending':
    case 'ended':
    case 'denied':
    case 'cancelled':
    case 'lapsed':
    case 'failed':
      return
  }
}

/** One deny document per role and round, rendered whole from the store: PutRolePolicy replaces it. */
const denyEnded = async (
  deps: Deps,
  ending: readonly Stored<Ending>[]
): Promise<ReadonlyMap<string, AwsAnswer<null>>> => {
  const now = deps.clock.now()
  const early = ending.filter(({ elevation }) => needsDeny(elevation, now))
  const answers = new Map<string, AwsAnswer<null>>()
  for (const { elevation } of early) {
    const { roleArn, region } = elevation.intent
    if (answers.has(roleArn)) continue
    const ids = await deps.worklist.endedSessions(roleArn, instant(now - pruneAfterMs))
    answers.set(roleArn, await deps.sessions.denyEnded({ roleArn, region }, ids))
  }
  return answers
}

/** Past notAfter the session's own policy denies everything. */
const needsDeny = (elevation: Ending, now: Instant): boolean =>
  elevation.session !== null && now < elevation.intent.notAfter

const isEnding = (stored: Stored): stored is Stored<Ending> => stored.elevation.state === 'ending'

const each = async <S extends Stored>(
  rows: readonly S[],
  faults: WorkFault[],
  run: (stored: S) => Promise<void>
): Promise<void> => {
  const outcomes = await Promise.allSettled(rows.map((stored) => run(stored)))
  for (const [n, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') {
      faults.push({ elevation: rows[n]?.elevation.id ?? '', cause: outcome.reason })
    }
  }
}

const done = async (committing: Promise<unknown>): Promise<void> => {
  await committing
}

