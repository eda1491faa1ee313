/**
 * Appends entries and writes one line per entry that is under a signed checkpoint, until it has
 * written so many. Arguments: data folder, file of acknowledgements, how many.
 */
import { openSync, writeSync } from 'node:fs'
import { ledgerLog } from '../../src/broker/ledger-log.ts'
import { openStore } from '../../src/store/open.ts'
import { entryOf, keyA } from '../ledger-scene.ts'

const [, , folder = '', acknowledgements = '', count = '0'] = process.argv
const store = await openStore({ folder, timeoutMilliseconds: 60_000 })
const log = ledgerLog({
  store: store.log,
  signer: keyA,
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds)
    return { clear: () => clearTimeout(timer) }
  },
  signed: () => {},
  failed: (cause) => {
    throw cause
  }
})
store.log.listen(log.wake)
await log.start()
const file = openSync(acknowledgements, 'a', 0o600)
const callers = 8

const writeFrom = async (first: number): Promise<void> => {
  for (let n = first; n < Number(count); n += callers) {
    await store.append([entryOf(n)])
    const index = await indexOf(n)
    // under strace a signature may take longer than the log waits for one
    for (let isSealed = false; !isSealed; ) isSealed = await sealed(index)
    writeSync(file, `${index} ${n}\n`)
  }
}

const indexOf = async (n: number): Promise<number> => {
  const { key } = entryOf(n)
  for (let from = Math.max(0, n - 4 * callers); ; from += 100) {
    const rows = await store.sinks.keyedEntries(from, 100)
    const found = rows.find((row) => row.key === key)
    if (found) return found.index
    if (rows.length === 0) throw new Error(`entry ${n} is not there`)
  }
}

const sealed = (index: number): Promise<boolean> =>
  log.included(index).then(
    () => true,
    () => false
  )

await Promise.all(Array.from({ length: callers }, (_, place) => writeFrom(place)))
process.exit(0)
