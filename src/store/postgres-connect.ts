/**
 * Connections to PostgreSQL: what each is told at its start, and values as the rest of the store
 * knows them. A connection can be cut from this side at any time, so that nothing waits for a peer
 * that is gone.
 */
import { Socket } from 'node:net'
import { Client, type ClientConfig, types } from 'pg'
import type { Value } from './engine.ts'
import { storeErrorOf } from './postgres-errors.ts'

/** Everything of ours is in here, and nothing else is looked for. */
export const schemaName = 'sallyport'

export type ConnectionLimits = {
  /** for a connection, a lock and a statement, each */
  readonly timeoutMilliseconds: number
}

/** A connection that answers several statements sent at once, in their order. */
export type Connection = {
  readonly client: Client
  /** False once it was cut, by whichever side. */
  readonly isOpen: () => boolean
  /** Now, without a farewell: whatever waits for it is rejected. */
  readonly cut: () => void
}

/** `options` of a client or a pool; the URL is the operator's, and in no message. */
export const configOf = (
  url: string,
  { timeoutMilliseconds: timeout }: ConnectionLimits
): ClientConfig => ({
  connectionString: url,
  connectionTimeoutMillis: timeout,
  statement_timeout: timeout,
  // before who waits is told `timeout`: a lock that was not had is known to have changed nothing
  lock_timeout: Math.ceil(0.8 * timeout),
  // the server undoes what a stopped or vanished process had begun, and frees its locks
  idle_in_transaction_session_timeout: Math.max(1000, timeout),
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  fallback_application_name: 'sallyport',
  options: `-c search_path=${schemaName}`,
  types: valueTypes
})

/** Rejects with a StoreError. */
export const connect = async (url: string, limits: ConnectionLimits): Promise<Connection> => {
  const socket = new Socket()
  const client = new Client({ ...configOf(url, limits), pipeline: true, stream: () => socket })
  let open = true
  const cut = (): void => {
    open = false
    socket.destroy()
  }
  // told to who waits for an answer; without a listener it would end the process
  client.on('error', cut)
  client.on('end', cut)
  try {
    await client.connect()
  } catch (error) {
    cut()
    throw storeErrorOf(error)
  }
  return { client, isOpen: () => open, cut }
}

/** Object ids of pg_type.dat. */
const wholeNumbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 1700])
const boolean = 16
const byteString = 17

/** As SQLite gives them: numbers, texts, bytes; a truth is 1 or 0. */
const valueTypes = {
  getTypeParser: (oid: number): ((text: string) => Value) => {
    if (wholeNumbers.has(oid)) return wholeNumber
    if (oid === boolean) return (text) => (text === 't' ? 1 : 0)
    if (oid === byteString) return types.getTypeParser(byteString, 'text')
    return (text) => text
  }
}

/** What no number can hold stays text, which no reader of a whole number takes. */
const wholeNumber = (text: string): Value =>
  Number.isSafeInteger(Number(text)) ? Number(text) : text
