/**
 * The broker as `serve` runs it, which ends or stops itself at a named point (src/broker/points.ts):
 * at the one that SALLYPORT_CRASH_AT names, or the one it is told over the channel to its parent.
 * TORTURE_TIMING has its leases and settling, TORTURE_THREAD leaves the embedded store its thread, and
 * TORTURE_LOG is what is logged, TORTURE_LIMITS `own` keeps the product's own limits of rate; the
 * product reads none of this.
 */
import * as module from 'node:module'
import { pino } from 'pino'
import { points } from '../../src/broker/points.ts'
import { objectOf } from '../../src/cli/api.ts'
import { readConfig } from '../../src/config.ts'
import { startBroker } from '../../src/main.ts'
import { engineHere } from '../fixtures-store.ts'
import { timing } from './timing.ts'

const {
  SALLYPORT_CRASH_AT: first,
  TORTURE_TIMING: given,
  TORTURE_THREAD: thread,
  TORTURE_LOG: level = 'fatal',
  TORTURE_LIMITS: limits,
  ...env
} = process.env
const pointOf = (name: unknown) => points.find((point) => point === name) ?? null

let armed = pointOf(first)
let signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL'
const read = readConfig(env)
if (!read.ok) throw new Error(read.problems.join('; '))
const lengths = given === undefined ? timing : objectOf(JSON.parse(given))
const running = await startBroker(read.config, {
  logger: pino({ level, base: null }, pino.destination({ dest: 2, sync: true })),
  timing: {
    leaseSeconds: Number(lengths['leaseSeconds']),
    settleSeconds: Number(lengths['settleSeconds']),
    orphanSeconds: Number(lengths['orphanSeconds'])
  },
  // the same store on the same file; a thread under a loader would take seconds to start
  ...(thread === undefined ? { engine: engineHere } : {}),
  ...(limits === 'own' ? {} : { limits: { perPerson: 10_000_000, perAddress: 10_000_000 } }),
  reached: (point) => {
    if (point !== armed) return
    armed = null
    process.kill(process.pid, signal)
  }
})
process.on('message', (message) => {
  const { point, how, memory } = objectOf(message)
  if (memory === true) {
    process.send?.({ memory: { ...process.memoryUsage() } })
    return
  }
  signal = how === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL'
  armed = pointOf(point)
  process.send?.({ armed: armed ?? '' })
})
// whoever started it is gone, and nobody would ever end it
process.once('disconnect', () => process.exit(0))
process.once('SIGTERM', () => {
  running
    .drain()
    .then(running.close)
    .then(
      () => process.exit(0),
      () => process.exit(1)
    )
})
process.send?.({ url: running.url, opsUrl: running.opsUrl })
// who is killed does not come to keep what it compiled; Node 20 has no such cache
const flush = 'flushCompileCache' in module ? module.flushCompileCache : null
if (typeof flush === 'function') flush()
