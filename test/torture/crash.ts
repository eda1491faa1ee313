/**
 * SIGKILL at each named point of issuing and ending, and at random moments under whole lives of
 * elevations. After each kill the folder is read as it was left, the broker starts again on it, and
 * what it had begun has to be removed soon after its lease. Arguments: kills at each point, random
 * kills, and names of points (all, where there are none). One JSON line a point; exit 1 where
 * anything is lost, left over, or slow.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Point, points } from '../../src/broker/points.ts'
import { type Left, type Stage, setStage } from './stage.ts'
import { timing } from './timing.ts'

const each = Number(process.argv[2] ?? 20)
const randomKills = Number(process.argv[3] ?? 25)
const only = process.argv.slice(4)
const steadyLimitMs = 5000
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

type Elevation = { readonly id: string; readonly token: string }
/** What was under way when it died, and until when nobody may touch it. */
type Open = { readonly elevations: readonly Elevation[]; readonly restsUntil: number }

const finals: ReadonlySet<string> = new Set(['ended', 'failed', 'lapsed', 'cancelled', 'denied'])

const need = async (s: Stage, duration?: string): Promise<Elevation> => {
  for (let n = 0; n < 20; n++) {
    const made = await s.approved(duration)
    if (made !== null) return made
  }
  throw new Error('nothing is approved')
}

const issued = async (s: Stage, duration?: string): Promise<Elevation> => {
  for (let n = 0; n < 20; n++) {
    const made = await need(s, duration)
    if (await s.credentials(made)) return made
    await s.end(made)
  }
  throw new Error('nothing is issued')
}

/** Brings the broker to the point; it is armed already where `when` says so. */
const reach = async (s: Stage, point: Point): Promise<readonly Elevation[]> => {
  switch (point) {
    case 'intent-committed':
    case 'grant-created':
    case 'grants-created':
    case 'assumed':
    case 'session-committed':
    case 'delivered': {
      const one = await need(s)
      await s.arm(point)
      await s.credentials(one)
      return [one]
    }
    case 'vend-assumed':
    case 'vend-committed': {
      const one = await issued(s)
      await s.arm(point)
      await s.credentials(one)
      return [one]
    }
    case 'taken-over': {
      const one = await need(s)
      await s.arm('grants-created')
      await s.credentials(one)
      await s.gone(5000)
      await s.start(point)
      return [one]
    }
    case 'expired': {
      const one = await issued(s, '3s')
      await s.arm(point)
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
      await s.arm(point)
      await s.end(one)
      return [one]
    }
    case 'orphan-recorded': {
      const one = await issued(s)
      const { world } = s.sandbox
      const [grant] = [...world.grants.values()].filter(({ name }) => name?.includes(one.id))
      if (!grant) throw new Error('no grant to copy')
      await s.arm(point)
      const grantId = randomBytes(32).toString('hex')
      world.grants.set(grantId, { ...grant, grantId, name: `jit/01ARZ3NDEKTSV4RRFFQ69G5FAV/${grantId.slice(0, 8)}` })
      return [one]
    }
  }
}

/** Milliseconds from when it could begin until nothing that is not active has a grant; null = never. */
const steady = async (s: Stage, open: Open, extraMs: number): Promise<number | null> => {
  const from = Math.max(Date.now(), open.restsUntil)
  const deadline = from + steadyLimitMs + extraMs
  for (;;) {
    const states = await Promise.all(open.elevations.map((one) => s.stateOf(one)))
    const running = open.elevations.filter((_, n) => states[n] === 'active').map(({ id }) => id)
    const stray = s.grants().filter((name) => !running.some((id) => name.includes(id)))
    if (stray.length === 0 && !states.includes(null) && !states.includes('issuing')) {
      for (const one of open.elevations.filter((_, n) => states[n] === 'active')) await s.end(one)
      return Math.max(0, Date.now() - from)
    }
    if (Date.now() > deadline) return null
    await wait(50)
  }
}

type Sum = { kills: number; missed: number; orphans: number; lost: number; faults: number; slow: number; steadyMsMax: number }
const nothing = (): Sum => ({ kills: 0, missed: 0, orphans: 0, lost: 0, faults: 0, slow: 0, steadyMsMax: 0 })

const count = (sum: Sum, left: Left, steadyMs: number | null): void => {
  sum.kills += 1
  sum.lost += left.lost
  if (left.fault !== null) sum.faults += 1
  if (steadyMs === null) sum.slow += 1
  else sum.steadyMsMax = Math.max(sum.steadyMsMax, steadyMs)
}

const isFine = ({ missed, orphans, lost, faults, slow }: Sum): boolean =>
  missed + orphans + lost + faults + slow === 0

/** Everything that was ever open is over, and no grant is left; how many are. */
const orphansAtTheEnd = async (s: Stage, open: readonly Elevation[]): Promise<number> => {
  const deadline = Date.now() + 30_000
  let rest = open
  while (rest.length > 0 && Date.now() < deadline) {
    const states = await Promise.all(rest.map((one) => s.stateOf(one)))
    for (const [n, one] of rest.entries()) if (states[n] === 'active') await s.end(one)
    rest = rest.filter((_, n) => !finals.has(states[n] ?? '') && states[n] !== 'approved')
    await wait(100)
  }
  return s.grants().length + rest.length
}

const atPoint = async (s: Stage, point: Point): Promise<Sum> => {
  const sum = nothing()
  const open: Elevation[] = []
  for (let n = 0; n < each; n++) {
    const elevations = await reach(s, point)
    open.push(...elevations)
    if (!(await s.gone(15_000))) {
      sum.missed += 1
      s.kill()
      await s.gone(5000)
    }
    const restsUntil = Date.now() + timing.leaseSeconds * 1000
    const left = await s.look()
    await s.start()
    // an orphan is looked at twice, a settle time apart
    const extraMs = point === 'orphan-recorded' ? 1000 * (timing.settleSeconds + 2 * timing.orphanSeconds) : 0
    count(sum, left, await steady(s, { elevations, restsUntil }, extraMs))
  }
  sum.orphans = await orphansAtTheEnd(s, open)
  return sum
}

/** Whole lives, several at a time, until the broker is gone. */
const life = async (s: Stage, open: Elevation[]): Promise<void> => {
  for (;;) {
    const one = await s.approved()
    if (!s.isRunning()) return
    if (one === null) continue
    open.push(one)
    if (!(await s.credentials(one))) continue
    if (Math.random() < 0.5) await s.credentials(one)
    await s.end(one)
  }
}

const atRandom = async (s: Stage): Promise<Sum> => {
  const sum = nothing()
  const all: Elevation[] = []
  for (let n = 0; n < randomKills; n++) {
    const open: Elevation[] = []
    const lives = Promise.all(Array.from({ length: 4 }, () => life(s, open)))
    const before = s.acknowledged()
    while (s.acknowledged() === before) await wait(5)
    await wait(Math.random() * 1500)
    s.kill()
    await s.gone(5000)
    await lives
    all.push(...open)
    const restsUntil = Date.now() + timing.leaseSeconds * 1000
    const left = await s.look()
    await s.start()
    count(sum, left, await steady(s, { elevations: open, restsUntil }, 0))
  }
  sum.orphans = await orphansAtTheEnd(s, all)
  return sum
}

const stage = await setStage()
let ok = true
try {
  await stage.start()
  for (const point of points.filter((name) => only.length === 0 || only.includes(name))) {
    const sum = await atPoint(stage, point)
    ok &&= isFine(sum)
    say({ figure: 'crash_point', point, ...sum, acknowledged: stage.acknowledged(), ok: isFine(sum) })
  }
  if (randomKills > 0) {
    const sum = await atRandom(stage)
    ok &&= isFine(sum)
    say({ figure: 'random_kills', ...sum, acknowledged: stage.acknowledged(), ok: isFine(sum) })
  }
} finally {
  await stage.close()
}
process.exitCode = ok ? 0 : 1
