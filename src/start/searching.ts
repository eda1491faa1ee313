/**
 * Takes entries into the index by which auditors find them, in the background: small steps with
 * pauses between them, so that a long ledger that has none yet does not hold anybody up.
 */
import type { Logger } from 'pino'
import type { LedgerSearch } from '../ports-search.ts'

const step = 1000
const pauseMs = 20
const idleMs = 1000

/** `stop` resolves when nothing is under way any more. */
export const startSearching = (of: {
  readonly search: Pick<LedgerSearch, 'takeIn'>
  readonly logger: Logger
}): { readonly stop: () => Promise<void> } => {
  let isStopped = false
  let isFailing = false
  let timer: NodeJS.Timeout | null = null
  let round: Promise<void> = Promise.resolve()

  const look = async (): Promise<number> => {
    try {
      const taken = await of.search.takeIn(step)
      isFailing = false
      return taken === step ? pauseMs : idleMs
    } catch (cause) {
      // told once: the store says by itself what is wrong with it
      if (!isFailing) {
        const message = cause instanceof Error ? cause.message : 'not an error'
        of.logger.warn({ event: 'search_failed', message })
      }
      isFailing = true
      return idleMs
    }
  }
  const run = (): void => {
    round = look().then((wait) => {
      if (!isStopped) timer = setTimeout(run, wait)
    })
  }
  run()
  return {
    stop: async () => {
      isStopped = true
      if (timer !== null) clearTimeout(timer)
      await round
    }
  }
}
