/**
 * How far each log sink has had the entries, and the entries with their keys as sinks are sent
 * them.
 */
import type { Engine, Row } from './engine.ts'
import { StoreError } from './error.ts'

export interface SinkTables {
  /** index of the first entry the sink has not had; 0 for a new one */
  cursor(sink: string): Promise<number>
  /** Durable when it resolves; never back, wherever another replica is. */
  moveCursor(sink: string, next: number): Promise<void>
  /** Committed entries from `index` on, ascending. */
  keyedEntries(index: number, limit: number): Promise<readonly KeyedEntry[]>
}

export type KeyedEntry = { readonly index: number; readonly key: string; readonly body: Uint8Array }

/** The tables over any engine. */
export const sinksOver = (engine: Engine): SinkTables => ({
  cursor: async (sink) => {
    const text = 'select seq from sink_cursor where sink = $1'
    const [row] = await engine.read({ text, values: [sink] })
    return row ? integer(row, 'seq') : 0
  },
  moveCursor: async (sink, next) => {
    const text = `insert into sink_cursor (sink, seq) values ($1, $2)
      on conflict (sink) do update set seq = excluded.seq where sink_cursor.seq < excluded.seq`
    await engine.write({ steps: [{ text, values: [sink, next], ifNone: 'skip' }] })
  },
  keyedEntries: async (index, limit) => {
    const text = `select seq - 1 as idx, key, body from ledger_outbox
      where seq > $1 order by seq limit $2`
    return (await engine.read({ text, values: [index, limit] })).map(parse)
  }
})

const parse = (row: Row): KeyedEntry => {
  const { key, body } = row
  if (typeof key !== 'string' || !(body instanceof Uint8Array)) throw damaged()
  return { index: integer(row, 'idx'), key, body }
}

const integer = (row: Row, column: string): number => {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damaged()
  return value
}

const damaged = (): StoreError =>
  new StoreError('corrupt', 'a row of the log sinks cannot be read back')
