/**
 * Brokered queries of the memory broker: a text with `ssn` in it is refused at that place, `later`
 * runs until it is stopped, and everything else succeeds at once with 2,500 rows.
 */
import type { QueryStatus, QueryVerbs } from '../../src/broker/query-verbs.ts'
import type { Elevation } from '../../src/elevation/elevation.ts'
import { type Instant, type PersonId, parseQueryId } from '../../src/elevation/ids.ts'
import { type QueryVerdict, type Result, accept, refuse } from '../../src/elevation/refusal.ts'

type Parts = {
  readonly run: <T>(
    about: readonly [string, PersonId, string | null],
    work: () => Result<T>
  ) => Promise<Result<T>>
  /** null = there is none, or it is not this person's */
  readonly own: (person: PersonId, id: string) => Elevation | null
  readonly now: () => Instant
}

export const memoryRows = 2500

const reads = { 'claims.customers': ['city', 'customer_id'] }

const verdictOn = (sql: string): QueryVerdict => {
  const offset = sql.indexOf('ssn')
  if (offset < 0) return { decision: 'allow', refusals: [], reads, shape: 'SELECT city FROM ?' }
  return {
    decision: 'refuse',
    refusals: [
      {
        code: 'COLUMN_DENIED',
        message: 'column ssn of claims.customers is not in the grant',
        line: 1,
        column: offset + 1,
        offset,
        length: 3,
        object: { database: 'claims', table: 'customers', column: 'ssn' },
        rule: 'denyColumns',
        hint: 'name the columns you need'
      }
    ],
    reads: { 'claims.customers': ['ssn'] },
    shape: 'SELECT ssn FROM claims.customers'
  }
}

const absent = refuse('unknown_elevation', 'There is no such elevation.')
const noQuery = refuse('unknown_query', 'There is no such query.')

export const memoryQueries = ({ run, own, now }: Parts): QueryVerbs => {
  const texts = new Map<string, { readonly sql: string; isStopped: boolean }>()
  let count = 0

  const statusOf = (query: string): Result<QueryStatus> => {
    const kept = texts.get(query)
    const id = parseQueryId(query)
    if (!kept || !id) return noQuery
    const isRunning = kept.sql.includes('later') && !kept.isStopped
    const over = kept.isStopped ? 'cancelled' : 'succeeded'
    return accept({
      id,
      state: isRunning ? 'running' : over,
      at: now(),
      bytesScanned: 1_234_567,
      milliseconds: 890,
      rows: isRunning || kept.isStopped ? null : memoryRows,
      failure: kept.isStopped ? 'stopped' : null
    })
  }

  return {
    query: ({ person }, elevation, { sql }) =>
      run(['query', person, elevation], () => {
        if (!own(person, elevation)) return absent
        const verdict = verdictOn(sql)
        if (verdict.decision === 'refuse') {
          const refused = refuse('query_refused', 'The query may not run.')
          return { ok: false, refusal: { ...refused.refusal, verdict } }
        }
        const id = parseQueryId(`01JQ0000000000000000000${String(++count).padStart(3, '0')}`)
        if (id === null) throw new Error('bad fixture')
        texts.set(id, { sql, isStopped: false })
        return accept({ id, state: 'running' as const, verdict, isReplay: false })
      }),
    queryStatus: (person, elevation, query) =>
      run(['queryStatus', person, elevation], () => (own(person, elevation) ? statusOf(query) : absent)),
    queryResults: (person, elevation, { query, cursor, limit }) =>
      run(['queryResults', person, elevation], () => {
        if (!own(person, elevation)) return absent
        const status = statusOf(query)
        if (!status.ok) return status
        if (status.value.state !== 'succeeded') return refuse('query_not_succeeded', 'It has none.')
        const from = cursor === undefined ? 0 : Number(cursor)
        if (!Number.isSafeInteger(from)) return refuse('invalid_ask', 'The cursor is none.')
        const to = Math.min(memoryRows, from + limit)
        return accept({
          columns: [
            { name: 'customer_id', type: 'bigint' },
            { name: 'city', type: 'varchar' }
          ],
          rows: Array.from({ length: to - from }, (_, n) =>
            n % 7 === 3 ? [String(from + n), null] : [String(from + n), 'Köln, "am Rhein"']
          ),
          next: to < memoryRows ? String(to) : null,
          isCut: false
        })
      }),
    stopQuery: (person, elevation, query) =>
      run(['stopQuery', person, elevation], () => {
        const kept = texts.get(query)
        if (!own(person, elevation)) return absent
        if (kept) kept.isStopped = kept.sql.includes('later')
        return statusOf(query)
      }),
    checkQuery: ({ person }, input) =>
      run(['checkQuery', person, null], () =>
        'elevation' in input && !own(person, input.elevation)
          ? absent
          : accept(verdictOn(input.sql))
      )
  }
}
