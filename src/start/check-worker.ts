/** The thread that checks long texts: one at a time, so that the event loop never waits for one. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import type { CatalogSnapshot } from '../ports.ts'
import type { CheckOf } from '../ports-queries.ts'
import { checkNow, refusedAs } from './check-now.ts'

/** `snapshot` only where the thread has none of this number; it keeps the last one it was sent. */
export type CheckMessage = Omit<CheckOf, 'catalog'> & {
  readonly number: number
  readonly snapshot: CatalogSnapshot | null
}

const serve = (port: MessagePort): void => {
  port.postMessage('ready')
  let last: { readonly number: number; readonly snapshot: CatalogSnapshot } | null = null
  port.on('message', ({ number, snapshot, ...of }: CheckMessage) => {
    if (snapshot !== null) last = { number, snapshot }
    port.postMessage(
      last?.number === number
        ? checkNow({ ...of, catalog: last.snapshot })
        : refusedAs(of.sql, 'INTERNAL', 'the query could not be checked')
    )
  })
}

if (parentPort) serve(parentPort)
