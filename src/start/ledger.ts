/** Starts the ledger: its key, its anchors, the loop that seals what is committed. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { anchorFault, anchors } from '../broker/anchors.ts'
import { type After, type RunningLog, ledgerLog } from '../broker/ledger-log.ts'
import type { Config } from '../config.ts'
import { iso } from '../elevation/ids.ts'
import type { Clock } from '../ports.ts'
import { StartError } from './error.ts'
import { type AnchorFile, openAnchorFile } from '../store/anchor-file.ts'
import { ledgerKey } from '../store/ledger-key.ts'
import type { Store } from '../store/store.ts'

/** The running log, its readiness, and its end. */
export type Ledger = {
  readonly log: RunningLog
  readonly check: () => Promise<void>
  /** seals and anchors what is left */
  readonly stop: () => Promise<void>
}

/**
 * The log under its own key, sealed to its end, once its anchors agree that it is the same log.
 * Rejects with a StartError, the store closed.
 */
export const startLedger = async (
  { dataDir, ledger }: Config,
  given: { readonly store: Store; readonly clock: Clock; readonly logger: Logger }
): Promise<Ledger> => {
  const { store, clock, logger } = given
  let file: AnchorFile | null = null
  try {
    const signed = (await store.log.head())?.checkpoint ?? null
    const path = ledger.keyFile ?? join(dataDir, 'ledger.key')
    const signer = ledgerKey({ path, origin: ledger.origin, mayMake: signed === null })
    file = ledger.anchorFile === null ? null : await openAnchorFile(ledger.anchorFile, dataDir)
    for (const anchor of [signed, file?.last ?? null]) {
      const wrong = anchor && (await anchorFault(store.log, signer, anchor))
      if (wrong) throw new StartError('unavailable', [`the ledger is not whole: ${wrong}`])
    }
    const kept = file
    const anchored = anchors({
      publish: async ({ bytes, size }) => {
        const checkpoint = Buffer.from(bytes).toString()
        logger.info({ event: 'checkpoint', size, checkpoint })
        await kept?.append({ at: iso(clock.now()), size, checkpoint: bytes })
      },
      after,
      failed: (cause) => logger.error({ event: 'anchor_failed', ...told(cause) })
    })
    const log = ledgerLog({
      store: store.log,
      signer,
      now: () => clock.now(),
      after,
      signed: anchored.tell,
      failed: (cause) => logger.error({ event: 'seal_failed', ...told(cause) })
    })
    store.log.listen(log.wake)
    await log.start()
    return {
      log,
      check: async () => {
        await Promise.all([log.check(), anchored.check()])
      },
      stop: async () => {
        await log.stop()
        await anchored.stop()
        await kept?.close()
      }
    }
  } catch (cause) {
    await file?.close()
    await store.close()
    if (cause instanceof StartError || !(cause instanceof Error)) throw cause
    throw new StartError('unavailable', [cause.message], { cause })
  }
}

const after: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return { clear: () => clearTimeout(timer) }
}

const told = (cause: unknown) => {
  const { name, message } = cause instanceof Error ? cause : new Error('not an error')
  return { name, message }
}
