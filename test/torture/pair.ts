/** Two brokers on one PostgreSQL and one sandbox; the first may have a proxy between it and the database. */
import { setTimeout as wait } from 'node:timers/promises'
import type { EntryBody } from '../../src/ledger/envelope.ts'
import { parseEntry } from '../../src/ledger/envelope.ts'
import type { Crowd } from '../bench/people.ts'
import { type Place, startPlaces } from './places.ts'
import { type Replica, makeReplica } from './replica.ts'
import { type Client, type Elevation, type Stage, finals, setStage } from './stage.ts'
import { type Timing, timing } from './timing.ts'

export type Pair = {
  readonly stage: Stage
  readonly place: Place
  readonly brokers: readonly [Replica, Replica]
  /** somebody who asks the first, and somebody who asks the second */
  readonly as: readonly [Client, Client]
  /** port of the database */
  readonly databasePort: number
  /** Every entry of the ledger, in order. */
  readonly entries: () => Promise<readonly EntryBody[]>
  readonly close: () => Promise<void>
}

type Given = {
  readonly timing?: Timing
  readonly crowd?: Crowd
  /** where the first broker finds the database, by its true port; absent: there */
  readonly between?: (port: number) => Promise<number>
}

/** Both serve when it resolves. */
export const startPair = async (given: Given = {}): Promise<Pair> => {
  const places = await startPlaces('postgres')
  const stage = await setStage(given.crowd)
  const place = await places.fresh()
  const databasePort = places.cluster?.port ?? 0
  const port = (await given.between?.(databasePort)) ?? databasePort
  const lengths = { TORTURE_TIMING: JSON.stringify(given.timing ?? timing) }
  const first = makeReplica(() => ({ ...stage.env, ...place.env(port), ...lengths }))
  const second = makeReplica(() => ({ ...stage.env, ...place.env(), ...lengths }))
  // the first makes keys and tables
  await first.start()
  await second.start()
  return {
    stage,
    place,
    brokers: [first, second],
    as: [stage.client(first.url), stage.client(second.url)],
    databasePort,
    entries: async () => {
      const store = await place.open()
      try {
        const bodies: EntryBody[] = []
        for (;;) {
          const rows = await store.entries(bodies.length, 5000)
          for (const { index, body } of rows) {
            const parsed = parseEntry(body)
            if (!parsed.ok || index !== bodies.length) throw new Error(`no entry ${bodies.length}`)
            bodies.push(parsed.body)
          }
          if (rows.length === 0) return bodies
        }
      } finally {
        await store.close()
      }
    },
    close: async () => {
      for (const one of [first, second]) {
        one.signal('SIGKILL')
        await one.gone(5000)
      }
      await stage.close()
      await places.close()
    }
  }
}

/** One after the other, until there are so many. */
export const approvedMany = async (as: Client, count: number, duration = '15m'): Promise<readonly Elevation[]> => {
  const made: Elevation[] = []
  while (made.length < count) {
    const one = await as.approved(duration)
    if (one !== null) made.push(one)
  }
  return made
}

/** Ends what is active, cancels what was not started, and waits until all of them are over; those that are not in time. */
export const allOver = async (as: Client, elevations: readonly Elevation[], withinMs: number): Promise<readonly Elevation[]> => {
  const deadline = Date.now() + withinMs
  let rest = elevations
  while (rest.length > 0 && Date.now() < deadline) {
    const states = await Promise.all(rest.map((one) => as.stateOf(one)))
    for (const [n, one] of rest.entries()) {
      if (states[n] === 'active') await as.end(one)
      // a request to start it may be on its way still, for which nobody waits any more
      if (states[n] === 'approved') await as.send('POST', one.token, `/v1/elevations/${one.id}/cancel`)
    }
    rest = rest.filter((_, n) => !finals.has(states[n] ?? ''))
    if (rest.length > 0) await wait(200)
  }
  return rest
}

/** Runs `run` over all of them, so many at a time. */
export const inTurns = async <T>(all: readonly T[], atOnce: number, run: (one: T, n: number) => Promise<void>): Promise<void> => {
  const queue = [...all.entries()]
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await run(next[1], next[0])
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
