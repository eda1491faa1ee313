/**
 * The PostgreSQL engine: changes go in groups over one connection of this process, reads over a few
 * others at the same time. A connection that is lost is made again; what was not confirmed at its
 * commit is `timeout`, what was lost before it is tried once more.
 */
import { Pool } from 'pg'
import type { Engine, Query, Row, Write } from './engine.ts'
import { StoreError } from './error.ts'
import { type GroupLimits, groupCommit } from './group-commit.ts'
import { databaseClock } from './postgres-clock.ts'
import { type Connection, configOf, connect } from './postgres-connect.ts'
import { isConnectionLoss, isTransient, storeErrorOf } from './postgres-errors.ts'
import { type Migrating, prepareDatabase, requireDurable } from './postgres-schema.ts'
import { type Answer, answerGroup, locks } from './postgres-session.ts'

export type DatabasePlace = {
  readonly url: string
  /** of the role that owns the tables, for as long as it takes to make them; null = as `url` */
  readonly ownerUrl: string | null
}

/** Checks the database, brings its tables up to date, and connects; rejects with a StoreError. */
export const startPostgres = async (
  place: DatabasePlace,
  { openedAt }: Migrating,
  limits: GroupLimits
): Promise<Engine> => {
  await prepareDatabase(place, { openedAt })
  const writer = await writerOf(place.url, limits)
  const group = groupCommit<Write, Answer>(writer.run, limits)
  const pool = poolOf(place.url, limits)
  const reading = new Set<Promise<unknown>>()
  let isClosed = false
  let ended: Promise<void> | null = null

  const find = async (query: Query): Promise<readonly Row[]> => {
    const until = performance.now() + limits.timeoutMilliseconds
    for (let tries = 1; ; tries++) {
      try {
        return await rowsOf(pool, query)
      } catch (error) {
        // a server that was started anew has cut every idle connection, and each has to be found
        // out
        const mayPass = isConnectionLoss(error) && !isClosed && performance.now() < until
        if (!mayPass || tries > mostReaders) throw storeErrorOf(error)
      }
    }
  }

  const read = async (query: Query): Promise<readonly Row[]> => {
    if (isClosed) throw new StoreError('unavailable', 'the store is closed')
    if (reading.size >= limits.queue) {
      throw new StoreError('overloaded', 'too many requests wait for the store')
    }
    const found = find(query)
    reading.add(found)
    return found.finally(() => reading.delete(found))
  }

  const clock = await databaseClock(async () => {
    const [row] = await read({
      text: 'select extract(epoch from statement_timestamp()) * 1000 as at',
      values: []
    })
    return Number(row?.['at'])
  }).catch(async (error: unknown) => {
    await Promise.all([writer.end(), pool.end()])
    throw storeErrorOf(error)
  })

  const end = async (): Promise<void> => {
    isClosed = true
    clock.stop()
    await Promise.allSettled([group.drain(), ...reading])
    await Promise.all([writer.end(), pool.end()])
  }

  return {
    clock,
    write: async (write) => {
      const answer = await group.ask(write)
      if (answer.kind === 'failed') throw answer.error
      return answer
    },
    read,
    purge: () => purge(place.url),
    close: () => (ended ??= end())
  }
}

const mostReaders = 8
const mostTries = 3
const purgeMilliseconds = 600_000

const poolOf = (url: string, limits: GroupLimits): Pool => {
  const { timeoutMilliseconds } = limits
  const pool = new Pool({
    ...configOf(url, limits),
    max: mostReaders,
    query_timeout: 2 * timeoutMilliseconds
  })
  // an idle connection that the server ended; the pool has let go of it
  pool.on('error', () => {})
  return pool
}

const rowsOf = async (pool: Pool, { text, values }: Query): Promise<readonly Row[]> =>
  (await pool.query<Row>(text, [...values])).rows

type Writer = {
  /** Answers a group; rejects with the StoreError that is everybody's in it. */
  readonly run: (group: readonly Write[]) => Promise<readonly Answer[]>
  readonly end: () => Promise<void>
}

/** One connection that changes go over, checked each time it is made. */
const writerOf = async (url: string, limits: GroupLimits): Promise<Writer> => {
  const open = async (): Promise<Connection> => {
    const made = await connect(url, limits)
    try {
      await requireDurable(made.client)
      return made
    } catch (error) {
      made.cut()
      throw storeErrorOf(error)
    }
  }
  let connection = await open()

  const once = async (group: readonly Write[]): Promise<readonly Answer[]> => {
    if (!connection.isOpen()) connection = await open()
    const used = connection
    // beyond this the server itself has undone it, unless it cannot be reached at all
    const overdue = setTimeout(used.cut, 3 * limits.timeoutMilliseconds)
    try {
      return await answerGroup(used, group)
    } catch (error) {
      used.cut()
      throw error
    } finally {
      clearTimeout(overdue)
    }
  }

  return {
    run: async (group) => {
      for (let tries = 1; ; tries++) {
        try {
          return await once(group)
        } catch (error) {
          const mayPass = isTransient(error) || isConnectionLoss(error)
          if (!mayPass || tries === mostTries) throw storeErrorOf(error)
        }
      }
    },
    end: async () => {
      if (!connection.isOpen()) return
      await connection.client.end()
      connection.cut()
    }
  }
}

/**
 * Rewrites the tables that had what was erased, with every writer kept out. The server's own log
 * has it for as long as its operator keeps that log.
 */
const purge = async (url: string): Promise<void> => {
  const { client, cut } = await connect(url, { timeoutMilliseconds: purgeMilliseconds })
  try {
    await client.query(`begin; select pg_advisory_xact_lock(${locks.space}, ${locks.writers})`)
    await client.query('select rewrite_erased()')
    await client.query('commit')
    await client.end()
  } catch (error) {
    throw storeErrorOf(error)
  } finally {
    cut()
  }
}
