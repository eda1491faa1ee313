/**
 * The broker as `serve` runs it, which kills itself at a named point (src/broker/points.ts): at the
 * one that SALLYPORT_CRASH_AT names, or the one it is told over the channel to its parent. Leases and
 * settling are short; the product reads none of this.
 */
import { pino } from 'pino'
import { points } from '../../src/broker/points.ts'
import { readConfig } from '../../src/config.ts'
import { startBroker } from '../../src/main.ts'
import { engineHere } from '../fixtures-store.ts'
import { timing } from './timing.ts'

const { SALLYPORT_CRASH_AT: first, ...env } = process.env
const pointOf = (given: unknown) => points.find((point) => point === given) ?? null

let armed = pointOf(first)
const read = readConfig(env)
if (!read.ok) throw new Error(read.problems.join('; '))
const running = await startBroker(read.config, {
  logger: pino({ level: 'error', base: null }, pino.destination({ dest: 2, sync: true })),
  timing,
  // the same store on the same file; a thread under a loader would take seconds to start
  engine: engineHere,
  limits: { perPerson: 1_000_000, perAddress: 1_000_000 },
  reached: (point) => {
    if (point === armed) process.kill(process.pid, 'SIGKILL')
  }
})
process.on('message', (message) => {
  armed = pointOf(message)
  process.send?.({ armed })
})
process.once('SIGTERM', () => {
  running.close().then(
    () => process.exit(0),
    () => process.exit(1)
  )
})
process.send?.({ url: running.url })
