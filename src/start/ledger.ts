/**
 * Starts the ledger: its keys, its anchors, its witness, the loop that seals what is committed. A
 * log that is not the one of its anchors or its witness is held back until an operator accepts it.
 */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { anchorFault, anchors } from '../broker/anchors.ts'
import { type After, ledgerLog } from '../broker/ledger-log.ts'
import { treeFile } from '../broker/tree-files.ts'
import type { Upkeep } from '../broker/upkeep.ts'
import type { Config } from '../config.ts'
import { type Instant, iso } from '../elevation/ids.ts'
import { type TreeHead, parseCheckpointText } from '../ledger/checkpoint.ts'
import { parseWitnessKey } from '../ledger/cosignature.ts'
import { nodePrimitives } from '../ledger/hash.ts'
import { type VerifierKey, parseNote, verifierKeyText } from '../ledger/note.ts'
import type { Clock, LedgerLog } from '../ports.ts'
import { type AnchorFile, openAnchorFile } from '../store/anchor-file.ts'
import { backUp } from '../store/backup.ts'
import type { Store } from '../store/store.ts'
import { StartError } from './error.ts'
import { type Hold, holdIn } from './hold.ts'
import { type KeyRing, keyRing } from './keys.ts'
import { witnessAt } from './witness-client.ts'
import { type WitnessWatch, witnessWatch } from './witnessed.ts'

/** The running log, its readiness, and its end. */
export type Ledger = {
  readonly log: LedgerLog
  readonly upkeep: Upkeep
  /** why it is held back, as a sentence; null = it is not */
  readonly held: () => string | null
  readonly check: () => Promise<void>
  /** since when a signed checkpoint waits to be anchored; null = none does */
  readonly unanchoredSince: () => Instant | null
  /** null = no witness is configured */
  readonly checkWitness: (() => Promise<void>) | null
  /** Runs it after an acceptance, before the log is no longer held back; it may run again. */
  readonly whenAccepted: (run: () => Promise<void>) => void
  /** hears of each checkpoint from now on, beside the anchors */
  readonly listen: (tell: Tell) => void
  /** seals and anchors what is left */
  readonly stop: () => Promise<void>
}

/** `isAnew`: the first after an operator accepted a log that was restored. */
export type Tell = (signed: {
  readonly checkpoint: Uint8Array
  readonly size: number
  readonly isAnew: boolean
}) => void

type Given = { readonly store: Store; readonly clock: Clock; readonly logger: Logger }

/**
 * The log under its own key, sealed to its end, or held back where its anchors or its witness say
 * that it is another one. Rejects with a StartError, the store closed.
 */
export const startLedger = async (config: Config, given: Given): Promise<Ledger> => {
  let file: AnchorFile | null = null
  try {
    const { dataDir, ledger } = config
    const signed = (await given.store.log.head())?.checkpoint ?? null
    const path = ledger.keyFile ?? join(dataDir, 'ledger.key')
    const place = { path, origin: ledger.origin, mayMake: signed === null }
    const ring = keyRing(place, given.store.log)
    const wrong = signed && (await anchorFault(given.store.log, await ring.known(), signed))
    if (wrong) throw new StartError('unavailable', [`the ledger is not whole: ${wrong}`])
    file = ledger.anchorFile === null ? null : await openAnchorFile(ledger.anchorFile, dataDir)
    if (file !== null && file.last === null && signed !== null) {
      given.logger.warn({ event: 'anchor_file_empty', path: ledger.anchorFile })
    }
    return await keep(config, given, { ring, file, signed })
  } catch (cause) {
    await file?.close()
    await given.store.close()
    if (cause instanceof StartError || !(cause instanceof Error)) throw cause
    throw new StartError('unavailable', [cause.message], { cause })
  }
}

type Found = {
  readonly ring: KeyRing
  readonly file: AnchorFile | null
  /** the checkpoint of the store */
  readonly signed: Uint8Array | null
}

const keep = async (
  config: Config,
  { store, clock, logger }: Given,
  { ring, file, signed }: Found
): Promise<Ledger> => {
  const hold = holdIn(config.dataDir)
  const listeners = new Set<Tell>()
  const watch = await watchOf(config, { store, hold, logger })
  let state: 'held' | 'anew' | 'running' = 'running'
  let unanchored: { readonly since: Instant; readonly size: number } | null = null
  const anchored = anchors({
    publish: async ({ bytes, size }) => {
      const checkpoint = Buffer.from(bytes).toString()
      logger.info({ event: 'checkpoint', size, checkpoint })
      await file?.append({ at: iso(clock.now()), size, checkpoint: bytes })
      if (unanchored !== null && unanchored.size <= size) unanchored = null
    },
    after,
    failed: (cause) => logger.error({ event: 'anchor_failed', ...told(cause) })
  })
  const log = ledgerLog({
    store: store.log,
    signer: ring.signers,
    now: () => clock.now(),
    after,
    signed: (checkpoint, size) => {
      unanchored = { since: unanchored?.since ?? clock.now(), size }
      anchored.tell(checkpoint, size)
      watch?.tell(checkpoint, size)
      for (const tell of listeners) tell({ checkpoint, size, isAnew: state === 'anew' })
    },
    failed: (cause) => logger.error({ event: 'seal_failed', ...told(cause) })
  })
  let resume: (() => Promise<void>) | null = null
  let isSealing = false
  const begin = async (): Promise<void> => {
    if (isSealing) return
    store.log.listen(log.wake)
    await log.start()
    await ring.resume()
    await anchored.settled()
    isSealing = true
  }

  const keys = await ring.known()
  for (const anchor of [file?.last ?? null, watch?.last() ?? null]) {
    if (anchor !== null) await compare({ store, hold, keys, origin: config.ledger.origin }, anchor)
  }
  const seen = signed === null ? null : ((await watch?.ask(signed)) ?? null)
  if (seen !== null) hold.byWitness(seen)
  const why = hold.why()
  if (why === null) {
    await begin()
  } else {
    state = 'held'
    logger.error({ event: 'ledger_held', why })
  }

  const upkeep: Upkeep = {
    held: async () => hold.held(await store.log.head()),
    goOn: async (accepted) => {
      const { anchor, witness, head } = accepted
      await file?.note({
        at: iso(clock.now()),
        restored: head.size,
        anchor: anchor && String(anchor.size),
        witness: witness === null ? null : String(witness)
      })
      watch?.forget()
      state = 'anew'
      await begin()
      await log.included((await store.log.count()) - 1)
      await resume?.()
      state = 'running'
      hold.release(accepted)
      logger.warn({ event: 'ledger_restore_accepted', size: head.size })
    },
    copy: async () => {
      const { copyTo } = store
      return copyTo === null ? null : backUp(config.dataDir, copyTo, clock.now())
    },
    changeKey: async (write) => {
      // the last checkpoint that the old key signs too goes to everybody who knows only that one
      const included = async (): Promise<void> => {
        await log.included((await store.log.count()) - 1)
        await Promise.all([anchored.flush(), watch?.flush()])
      }
      const key = verifierKeyText(await ring.change({ append: write, included }))
      logger.warn({ event: 'ledger_key_rotated', key })
      return key
    }
  }
  return {
    log: {
      get key() {
        return log.key
      },
      checkpoint: async () => {
        const own = await log.checkpoint()
        return (await watch?.over(own)) ?? own
      },
      file: (path) => log.file(path),
      included: (index) => log.included(index)
    },
    upkeep,
    held: hold.why,
    check: async () => {
      const reason = hold.why()
      if (reason !== null) throw new Error(`the ledger is held back: ${reason}`)
      await Promise.all([log.check(), anchored.check()])
    },
    unanchoredSince: () => unanchored?.since ?? null,
    checkWitness: watch?.check ?? null,
    whenAccepted: (run) => {
      resume = run
    },
    listen: (tell) => void listeners.add(tell),
    stop: async () => {
      await log.stop()
      await watch?.stop()
      await anchored.stop()
      await file?.close()
    }
  }
}

/** Holds the log back where it is not the one of this anchor. */
const compare = async (
  of: {
    readonly store: Store
    readonly hold: Hold
    readonly keys: readonly VerifierKey[]
    readonly origin: string
  },
  anchor: Uint8Array
): Promise<void> => {
  const head = headOf(anchor)
  if (head?.origin !== of.origin) {
    throw new StartError('unavailable', ['the last anchor is not a checkpoint of this ledger'])
  }
  const wrong = await anchorFault(of.store.log, of.keys, anchor)
  if (wrong !== null) of.hold.byAnchor(wrong, head)
}

const headOf = (checkpoint: Uint8Array): TreeHead | null => {
  const note = parseNote(checkpoint)
  return note && parseCheckpointText(note.text)
}

const watchOf = async (
  { dataDir, ledger }: Config,
  { store, hold, logger }: Pick<Given, 'store' | 'logger'> & { readonly hold: Hold }
): Promise<WitnessWatch | null> => {
  if (ledger.witness === null) return null
  const key = await parseWitnessKey(ledger.witness.key, nodePrimitives)
  if (key === null) {
    const line = 'SALLYPORT_WITNESS_VKEY is not the key of a witness, NAME+ID+BASE64 of type 0x04'
    throw new StartError('config', [line])
  }
  return witnessWatch({
    witness: witnessAt(ledger.witness.url),
    key,
    dataDir,
    file: (path) => treeFile(store.log, path),
    signed: async () => (await store.log.head())?.signed ?? 0,
    after,
    foreign: hold.byWitness,
    failed: (cause) => logger.warn({ event: 'witness_failed', ...told(cause) })
  })
}

const after: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds)
  return { clear: () => clearTimeout(timer) }
}

const told = (cause: unknown) => {
  const { name, message } = cause instanceof Error ? cause : new Error('not an error')
  return { name, message }
}
