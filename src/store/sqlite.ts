/**
 * The SQLite engine as the main thread sees it: a queue in front of a worker thread, so that fsync
 * never blocks the event loop. The worker is sqlite-worker.ts.
 */
import { Worker } from 'node:worker_threads'
import type { Engine, Query, Row, Write, Written } from './engine.ts'
import { StoreError, type StoreErrorCode } from './error.ts'
import { type GroupLimits, groupCommit } from './group-commit.ts'
import { type Packed, pack, unpackAnswers } from './packed.ts'

/** What the worker needs to open the file. */
export type Boot = {
  readonly file: string
  /** epoch milliseconds, noted beside migrations applied now */
  readonly openedAt: number
}

export type Request =
  | { readonly kind: 'write'; readonly write: Write }
  | { readonly kind: 'read'; readonly query: Query }

export type Failure = {
  readonly kind: 'failed'
  readonly code: StoreErrorCode
  readonly message: string
}

export type Answer = Written | { readonly kind: 'found'; readonly rows: readonly Row[] } | Failure

/** To the worker: a group to run, or the end. */
export type Command = Packed | 'close'

/** First what kept the file from opening, if anything; then a group's answers. */
export type Reply = readonly Answer[]

/** Opens the file in a worker; rejects with the StoreError of the boot check that failed. */
export const startSqlite = async (boot: Boot, limits: GroupLimits): Promise<Engine> => {
  const thread = startThread(boot)
  const [refused] = await thread.reply('unavailable')
  if (refused === undefined) return engineOver(thread, limits)
  await thread.ended
  throw storeError(refused)
}

/** Where groups run: a thread, or the caller's own. `end` releases the file. */
export type Runner = {
  readonly run: (requests: readonly Request[]) => Promise<Reply>
  readonly end: () => Promise<void>
}

/** The engine over a runner: one group at a time, within `limits`. */
export const engineOver = (runner: Runner, limits: GroupLimits): Engine => {
  const group = groupCommit<Request, Answer>(runner.run, limits)
  let ended: Promise<void> | null = null
  return {
    write: async (write) => {
      const answer = await group.ask({ kind: 'write', write })
      if (answer.kind !== 'committed' && answer.kind !== 'conflict') throw storeError(answer)
      return answer
    },
    read: async (query) => {
      const answer = await group.ask({ kind: 'read', query })
      if (answer.kind !== 'found') throw storeError(answer)
      return answer.rows
    },
    purge: async () => {
      for (const query of purging) {
        const answer = await group.ask({ kind: 'read', query }, purgeMilliseconds)
        if (answer.kind !== 'found') throw storeError(answer)
        if (answer.rows[0]?.['busy'] === 1) {
          throw new StoreError('unavailable', 'the write-ahead log could not be emptied')
        }
      }
    },
    copyTo: async (file) => {
      const query = { text: 'vacuum into $1', values: [file] }
      const answer = await group.ask({ kind: 'read', query }, purgeMilliseconds)
      if (answer.kind !== 'found') throw storeError(answer)
    },
    close: () => (ended ??= group.drain().then(runner.end))
  }
}

/**
 * Rows that go are zeroed (sqlite-database.ts), but where a page was balanced before, an older copy
 * of one lies in its unused part, which `vacuum` alone leaves behind; then the log has the old
 * pages.
 */
const purging: readonly Query[] = ['vacuum', 'pragma wal_checkpoint(truncate)'].map((text) => ({
  text,
  values: []
}))
const purgeMilliseconds = 600_000

/** `.ts` under a loader, whose flags a worker inherits, and `.js` once built. */
const workerFile = new URL(
  `./sqlite-worker${new URL(import.meta.url).pathname.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url
)

const startThread = (boot: Boot) => {
  const worker = new Worker(workerFile, { workerData: boot })
  let cause: unknown
  worker.on('error', (error) => {
    cause = error
  })
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve())
  })
  let alive = true
  void ended.then(() => {
    alive = false
  })

  /** The worker's next message, or an error with `code` when it is gone. */
  const reply = (code: StoreErrorCode): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const gone = (): void => {
        worker.off('message', got)
        reject(new StoreError(code, 'the store stopped before it answered', { cause }))
      }
      const got = (answers: Packed): void => {
        worker.off('exit', gone)
        resolve(unpackAnswers(answers))
      }
      worker.once('message', got)
      worker.once('exit', gone)
    })

  const send = (command: Command): void => {
    worker.postMessage(command)
  }

  const run = async (requests: readonly Request[]): Promise<Reply> => {
    if (!alive) throw new StoreError('unavailable', 'the store has stopped', { cause })
    send(pack(requests))
    return await reply('timeout')
  }

  // SQLite lets go of the file only when the thread's statements are gone too.
  const end = async (): Promise<void> => {
    send('close')
    await ended
  }

  return { reply, run, end, ended }
}

const storeError = (answer: Answer): StoreError =>
  answer.kind === 'failed'
    ? new StoreError(answer.code, answer.message)
    : new StoreError('unavailable', 'the store gave another answer than was asked for')
