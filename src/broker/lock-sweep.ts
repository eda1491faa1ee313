/** Ends what is open under a lock, a batch at a time; the lock itself counts from its commit on. */
import type { Deps } from './deps.ts'
import { closeOpen } from './end.ts'
import { type WorkFault, each } from './lanes.ts'

const batch = 25

/** True: there may be more. A lock under which nothing is open is not looked at again. */
export const sweepLocks = async (
  deps: Deps,
  failed: (fault: WorkFault) => void
): Promise<boolean> => {
  let isMore = false
  for (const { scope, by } of await deps.locks.unsweptLocks()) {
    const open = await deps.locks.openUnder(scope, { limit: batch, after: null })
    const moved = await each(open, failed, async (stored) => {
      const done = await closeOpen(deps, stored, { by, why: 'access_locked' })
      return done.ok ? 'moved' : 'later'
    })
    if (open.length === 0) await deps.locks.lockSwept(scope, deps.clock.now())
    if (moved > 0) isMore = true
  }
  return isMore
}
