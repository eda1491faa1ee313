/** A process that sends the entries of a folder to one HTTP endpoint until it is killed. */
import { setTimeout as wait } from 'node:timers/promises'
import { startLoop } from '../src/sinks/loop.ts'
import { sinkOf } from '../src/sinks/sink.ts'
import { openStore } from '../src/store/open.ts'

const [, , folder = '', url = ''] = process.argv
const store = await openStore({ folder, timeoutMilliseconds: 60_000 })
startLoop({
  sink: sinkOf({ kind: 'http', url: () => url }, Date.now),
  store: { ...store.sinks, count: () => store.log.count() },
  bury: async () => {},
  now: () => Date.now(),
  sleep: (milliseconds) => wait(milliseconds, undefined),
  told: () => {}
})
