/** The search for orphan grants: once at the start and then each minute, one look at a time. */
import type { Logger } from 'pino'
import type { OrphanLook } from '../broker/orphans.ts'

export type Orphans = { readonly stop: () => Promise<void> }

/**
 * Tells the log of what was found and of what AWS did not answer; the next look, so many
 * milliseconds later, tries again.
 */
export const startOrphans = (
  look: () => Promise<OrphanLook>,
  logger: Logger,
  betweenMs: number
): Orphans => {
  let isStopped = false
  const once = async (): Promise<void> => {
    try {
      const { revoked, suspects, failed } = await look()
      if (revoked > 0 || failed.length > 0) {
        logger.error({ event: 'orphan_grants', revoked, suspects, failed })
      }
    } catch (cause) {
      const { name, message } = cause instanceof Error ? cause : new Error('not an error')
      logger.error({ event: 'orphan_search_failed', name, message })
    }
    if (!isStopped) timer = setTimeout(run, betweenMs)
  }
  let round = Promise.resolve()
  const run = (): void => {
    round = once()
  }
  let timer = setTimeout(run, 0)
  return {
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await round
    }
  }
}
