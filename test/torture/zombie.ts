/**
 * A replica that is stopped in the middle of issuing, by SIGSTOP at a named point, past its lease,
 * and goes on: it commits nothing of what the other has taken over, and delivers nothing of it.
 * Options: `--rounds`, `--seconds` it stays stopped (60: with the product's own lease of 30 s).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Point } from '../../src/broker/points.ts'
import { allOver, approvedMany, startPair } from './pair.ts'
import { load, note, rounded, say } from './run.ts'
import { claimSeconds, realTiming, timing } from './timing.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '6' }, seconds: { type: 'string', default: '8' } }
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const lengths = seconds >= 2 * realTiming.leaseSeconds ? realTiming : timing
const stops: readonly Point[] = ['intent-committed', 'grant-created', 'grants-created', 'assumed', 'session-committed', 'end-committed']
const atOnce = 6
// a row that the sleeper had taken as due is another's after its claim
const takeoverMs = 1000 * (Math.max(lengths.leaseSeconds, claimSeconds) + 5)

const pair = await startPair({ timing: lengths })
const { stage, as } = pair
const [sleeper, awake] = as
const [zombie] = pair.brokers

let frozen = 0
let late = 0
let missed = 0
let deliveredAfter = 0
let unended = 0
let slowestMs = 0
let stray = 0
let strayMsMax = 0
try {
  for (let n = 0; n < rounds; n++) {
    const point = stops[n % stops.length] ?? 'intent-committed'
    const elevations = await approvedMany(awake, atOnce)
    if (point === 'end-committed') for (const one of elevations) await sleeper.credentials(one)
    await zombie.arm(point, 'SIGSTOP')
    const sent = elevations.map((one) =>
      point === 'end-committed' ? sleeper.end(one).then(() => false) : sleeper.credentials(one)
    )
    if (!(await zombie.stopped(30_000))) missed += 1
    const stoppedAt = Date.now()
    // the other takes over what the sleeper had begun
    for (;;) {
      const states = await Promise.all(elevations.map((one) => awake.stateOf(one)))
      const rest = states.filter((state) => state === 'issuing').length
      frozen = Math.max(frozen, rest)
      if (rest === 0) break
      if (Date.now() - stoppedAt > takeoverMs) {
        late += 1
        break
      }
      await wait(50)
    }
    const tookMs = Date.now() - stoppedAt
    slowestMs = Math.max(slowestMs, tookMs)
    const before = await Promise.all(elevations.map((one) => awake.stateOf(one)))
    await wait(Math.max(0, seconds * 1000 - tookMs))
    const told = elevations.map((one) => sleeper.delivered(one.id))
    zombie.signal('SIGCONT')
    const given = await Promise.all(sent)
    for (const [at, isGiven] of given.entries()) {
      const wasOver = before[at] === 'failed' || before[at] === 'ending' || before[at] === 'ended'
      if (isGiven && told[at] === false && wasOver) deliveredAfter += 1
    }
    unended += (await allOver(awake, elevations, 1000 * (lengths.settleSeconds + 60))).length
    // what it had on its way when it slept, and sent when it woke, the search for orphans finds
    const wokeAt = Date.now()
    const landed = stage.grants().length
    stray = Math.max(stray, landed)
    const searchMs = 1000 * (lengths.settleSeconds + 3 * lengths.orphanSeconds + 5)
    while (stage.grants().length > 0 && Date.now() - wokeAt < searchMs) await wait(50)
    if (landed > 0) strayMsMax = Math.max(strayMsMax, Date.now() - wokeAt)
    note(`zombie: ${n + 1}/${rounds} stopped at ${point}, taken over after ${tookMs} ms, ${landed} grants came late, ${stage.grants().length} are left`)
  }
  /** an elevation that was taken over has no session afterwards */
  const takenOver = new Set<string>()
  let committedAfter = 0
  for (const { type, elevation } of await pair.entries()) {
    if (elevation === null) continue
    if (type === 'issue.takeover') takenOver.add(elevation)
    if (type === 'session.issued' && takenOver.has(elevation)) committedAfter += 1
  }
  const orphans = stage.grants().length
  const ok = committedAfter + deliveredAfter + late + missed + unended + orphans === 0 && takenOver.size > 0
  say({
    figure: seconds >= 60 ? 'zombie_60s' : 'zombie',
    rounds,
    stoppedSeconds: seconds,
    leaseSeconds: lengths.leaseSeconds,
    takenOver: takenOver.size,
    frozenAtOnce: frozen,
    committedAfter,
    deliveredAfter,
    late,
    missed,
    unended,
    grantsLandedLate: stray,
    lateGrantsRemovedMsMax: strayMsMax,
    orphans,
    takeoverMsMax: rounded(slowestMs, 0),
    load: load(),
    ok
  })
  process.exitCode = ok ? 0 : 1
} finally {
  zombie.signal('SIGCONT')
  await pair.close()
}
