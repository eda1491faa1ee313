/**
 * SIGKILL at each named point of issuing and ending, and at random moments under whole lives of
 * elevations. After each kill the data are read as they were left, the broker starts again on them,
 * and what it had begun has to be removed soon after its lease. Options: `--engine`, `--each` kills
 * at each point, `--random` kills, `--points` (names with commas; all), `--lanes` stages at a time,
 * `--minutes` after which nothing more is begun. One JSON line a point; exit 1 where anything is
 * lost, left over, or slow.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Point, points } from '../../src/broker/points.ts'
import { type Place, engines, startPlaces } from './places.ts'
import { type Replica, makeReplica } from './replica.ts'
import { load, note, rounded, say } from './run.ts'
import { type Client, type Elevation, type Left, type Stage, finals, setStage } from './stage.ts'
import { claimSeconds, timing } from './timing.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    each: { type: 'string', default: '20' },
    random: { type: 'string', default: '25' },
    points: { type: 'string' },
    lanes: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '600' }
  }
})
const engine = engines.find((name) => name === values.engine)
if (engine === undefined) throw new Error(`no such engine: ${values.engine}`)
const each = Number(values.each)
const only = values.points?.split(',') ?? []
const until = Date.now() + Number(values.minutes) * 60_000
const steadyLimitMs = 5000
/** a dead process keeps what it had taken: an issue by its lease, a shared due row by its claim */
const restMs = 1000 * Math.max(timing.leaseSeconds, engine === 'postgres' ? claimSeconds : 0)
/** kills on one place: what is read after each of them grows with it */
const chunk = 20

/** One stage with the broker that is killed on it, and where that has its data. */
type Lane = Stage & {
  readonly broker: Replica
  readonly as: Client
  readonly moveTo: (next: Place) => void
}

/** What was under way when it died, and until when nobody may touch it. */
type Open = { readonly elevations: readonly Elevation[]; readonly restsUntil: number }

const laneOf = async (): Promise<Lane> => {
  const stage = await setStage()
  let place: Place | null = null
  const broker = makeReplica(() => ({ ...stage.env, ...place?.env() }))
  const as = stage.client(() => broker.url())
  const moveTo = (next: Place): void => {
    place = next
    as.forget()
  }
  return { ...stage, broker, as, moveTo }
}

const need = async ({ as }: Lane, duration?: string): Promise<Elevation> => {
  for (let n = 0; n < 20; n++) {
    const made = await as.approved(duration)
    if (made !== null) return made
  }
  throw new Error('nothing is approved')
}

const issued = async (s: Lane, duration?: string): Promise<Elevation> => {
  for (let n = 0; n < 20; n++) {
    const made = await need(s, duration)
    if (await s.as.credentials(made)) return made
    await s.as.end(made)
  }
  throw new Error('nothing is issued')
}

/** Brings the broker to the point; it is armed already where `when` says so. */
const reach = async (s: Lane, point: Point): Promise<readonly Elevation[]> => {
  const { broker, as } = s
  switch (point) {
    case 'intent-committed':
    case 'grant-created':
    case 'grants-created':
    case 'assumed':
    case 'session-committed':
    case 'delivered': {
      const one = await need(s)
      await broker.arm(point)
      await as.credentials(one)
      return [one]
    }
    case 'vend-assumed':
    case 'vend-committed': {
      const one = await issued(s)
      await broker.arm(point)
      await as.credentials(one)
      return [one]
    }
    case 'taken-over': {
      const one = await need(s)
      await broker.arm('grants-created')
      await as.credentials(one)
      await broker.gone(5000)
      await broker.start(point)
      return [one]
    }
    case 'expired': {
      const one = await issued(s, '3s')
      await broker.arm(point)
      return [one]
    }
    case 'end-committed':
    case 'denied':
    case 'grant-revoked':
    case 'grants-revoked':
    case 'queries-stopped':
    case 'removed':
    case 'probed':
    case 'swept':
    case 'ended': {
      const one = await issued(s)
      await broker.arm(point)
      await as.end(one)
      return [one]
    }
    case 'orphan-recorded': {
      const one = await issued(s)
      const { world } = s.sandbox
      const [grant] = [...world.grants.values()].filter(({ name }) => name?.includes(one.id))
      if (!grant) throw new Error('no grant to copy')
      await broker.arm(point)
      const grantId = randomBytes(32).toString('hex')
      world.grants.set(grantId, { ...grant, grantId, name: `jit/01ARZ3NDEKTSV4RRFFQ69G5FAV/${grantId.slice(0, 8)}` })
      return [one]
    }
  }
}

/** Milliseconds from when it could begin until nothing that is not active has a grant; null = never. */
const steady = async (s: Lane, open: Open, extraMs: number): Promise<number | null> => {
  const from = Math.max(Date.now(), open.restsUntil)
  const deadline = from + steadyLimitMs + extraMs
  for (;;) {
    const states = await Promise.all(open.elevations.map((one) => s.as.stateOf(one)))
    const running = open.elevations.filter((_, n) => states[n] === 'active').map(({ id }) => id)
    const stray = s.grants().filter((name) => !running.some((id) => name.includes(id)))
    if (stray.length === 0 && !states.includes(null) && !states.includes('issuing')) {
      for (const one of open.elevations.filter((_, n) => states[n] === 'active')) await s.as.end(one)
      return Math.max(0, Date.now() - from)
    }
    if (Date.now() > deadline) return null
    await wait(50)
  }
}

type Sum = { kills: number; missed: number; orphans: number; lost: number; faults: number; slow: number; steadyMsMax: number; acknowledged: number; broken: number }

const nothing = (): Sum => ({ kills: 0, missed: 0, orphans: 0, lost: 0, faults: 0, slow: 0, steadyMsMax: 0, acknowledged: 0, broken: 0 })

const count = (sum: Sum, left: Left, { steadyMs, limitMs }: { readonly steadyMs: number | null; readonly limitMs: number }): void => {
  sum.kills += 1
  sum.lost += left.lost
  if (left.fault !== null) {
    sum.faults += 1
    note(`fault: ${left.fault}`)
  }
  // an answer that took long may come when it is too late
  if (steadyMs === null || steadyMs > limitMs) sum.slow += 1
  if (steadyMs !== null) sum.steadyMsMax = Math.max(sum.steadyMsMax, steadyMs)
}

const isFine = ({ missed, orphans, lost, faults, slow, broken }: Sum): boolean =>
  missed + orphans + lost + faults + slow + broken === 0

/** Everything that was ever open is over, and no grant is left; how many are. */
const orphansAtTheEnd = async (s: Lane, open: readonly Elevation[]): Promise<number> => {
  const deadline = Date.now() + 30_000 + restMs
  let rest = open
  while (rest.length > 0 && Date.now() < deadline) {
    const states = await Promise.all(rest.map((one) => s.as.stateOf(one)))
    for (const [n, one] of rest.entries()) if (states[n] === 'active') await s.as.end(one)
    rest = rest.filter((_, n) => !finals.has(states[n] ?? '') && states[n] !== 'approved')
    await wait(100)
  }
  return s.grants().length + rest.length
}

const atPoint = async (s: Lane, place: Place, of: { readonly point: Point; readonly kills: number; readonly sum: Sum }): Promise<void> => {
  const { point, kills, sum } = of
  const open: Elevation[] = []
  for (let n = 0; n < kills && Date.now() < until; n++) {
    const elevations = await reach(s, point)
    open.push(...elevations)
    if (!(await s.broker.gone(40_000))) {
      sum.missed += 1
      s.broker.signal('SIGKILL')
      await s.broker.gone(5000)
    }
    const restsUntil = Date.now() + restMs
    const left = await s.as.look(place)
    await s.broker.start()
    // an orphan is looked at twice, a settle time apart
    const extraMs = point === 'orphan-recorded' ? 1000 * (timing.settleSeconds + 2 * timing.orphanSeconds) : 0
    const steadyMs = await steady(s, { elevations, restsUntil }, extraMs)
    count(sum, left, { steadyMs, limitMs: steadyLimitMs + extraMs })
  }
  sum.orphans += await orphansAtTheEnd(s, open)
}

/** Whole lives, several at a time, until the broker is gone. */
const life = async (s: Lane, open: Elevation[]): Promise<void> => {
  for (;;) {
    const one = await s.as.approved()
    if (!s.broker.isRunning()) return
    if (one === null) continue
    open.push(one)
    if (!(await s.as.credentials(one))) continue
    if (Math.random() < 0.5) await s.as.credentials(one)
    await s.as.end(one)
  }
}

const atRandom = async (s: Lane, place: Place, of: { readonly kills: number; readonly sum: Sum }): Promise<void> => {
  const { kills, sum } = of
  const all: Elevation[] = []
  for (let n = 0; n < kills && Date.now() < until; n++) {
    const open: Elevation[] = []
    const lives = Promise.all(Array.from({ length: 4 }, () => life(s, open)))
    const before = s.as.acknowledged()
    while (s.as.acknowledged() === before) await wait(5)
    await wait(Math.random() * 1500)
    s.broker.signal('SIGKILL')
    await s.broker.gone(5000)
    await lives
    all.push(...open)
    const restsUntil = Date.now() + restMs
    const left = await s.as.look(place)
    await s.broker.start()
    const steadyMs = await steady(s, { elevations: open, restsUntil }, 0)
    count(sum, left, { steadyMs, limitMs: steadyLimitMs })
  }
  sum.orphans += await orphansAtTheEnd(s, all)
}

type Job = { readonly point: Point | null; readonly kills: number }

const chunksOf = (point: Point | null, kills: number): readonly Job[] =>
  Array.from({ length: Math.ceil(kills / chunk) }, (_, n) => ({ point, kills: Math.min(chunk, kills - n * chunk) }))

const jobs: Job[] = [
  ...points.filter((name) => only.length === 0 || only.includes(name)).flatMap((point) => chunksOf(point, each)),
  ...chunksOf(null, Number(values.random))
]
const wanted = jobs.length
const sums = new Map<Point | null, Sum>()
const left = new Map<Point | null, number>()
for (const { point } of jobs) left.set(point, (left.get(point) ?? 0) + 1)
const began = Date.now()
let ok = true

const tell = (point: Point | null, sum: Sum): void => {
  const named = point === null ? { figure: 'random_kills' } : { figure: 'crash_point', point }
  ok &&= isFine(sum)
  say({ ...named, engine, ...sum, ok: isFine(sum) })
}

const places = await startPlaces(engine)

/** On a place of its own. */
const one = async (s: Lane, { point, kills, sum }: Job & { readonly sum: Sum }): Promise<void> => {
  const place = await places.fresh()
  s.moveTo(place)
  await s.broker.start()
  if (point === null) await atRandom(s, place, { kills, sum })
  else await atPoint(s, place, { point, kills, sum })
  sum.acknowledged += s.as.acknowledged()
  s.broker.signal('SIGKILL')
  await s.broker.gone(5000)
  await place.drop()
}

const work = async (): Promise<void> => {
  const s = await laneOf()
  try {
    for (let job = jobs.shift(); job !== undefined && Date.now() < until; job = jobs.shift()) {
      const { point, kills } = job
      const sum = sums.get(point) ?? nothing()
      sums.set(point, sum)
      await one(s, { point, kills, sum }).catch((cause: unknown) => {
        sum.broken += 1
        note(`crash ${engine}: ${point ?? 'at random'} broke off: ${cause instanceof Error ? cause.message : 'unknown'}`)
      })
      s.broker.signal('SIGKILL')
      await s.broker.gone(5000)
      const rest = (left.get(point) ?? 1) - 1
      left.set(point, rest)
      const total = [...sums.values()].reduce((all, one) => all + one.kills, 0)
      const each = (Date.now() - began) / 1000 / Math.max(1, total)
      note(`crash ${engine}: ${wanted - jobs.length}/${wanted} ${point ?? 'at random'} ${isFine(sum) ? 'ok' : JSON.stringify(sum)}, ${total} kills, ${rounded(each)} s each`)
      if (rest === 0) tell(point, sum)
    }
  } finally {
    s.broker.signal('SIGKILL')
    await s.broker.gone(5000)
    await s.close()
  }
}

try {
  await Promise.all(Array.from({ length: Number(values.lanes) }, work))
} finally {
  await places.close()
}
// what the time was over for: counted as far as it came
for (const [point, sum] of sums) if ((left.get(point) ?? 0) > 0) tell(point, sum)
const kills = [...sums.values()].reduce((all, one) => all + one.kills, 0)
const seconds = (Date.now() - began) / 1000
say({ figure: 'kill_cost', engine, kills, lanes: Number(values.lanes), seconds: rounded(seconds, 0), secondsPerKill: rounded(seconds / Math.max(1, kills)), load: load(), ok: true })
process.exitCode = ok ? 0 : 1
