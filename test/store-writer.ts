/** A process that commits until it is killed, and says each index only once it was told of it. */
import { openStore } from '../src/store/open.ts'
import { testWrap } from './fakes/key-wrap.ts'
import { idOf, pending } from './fixtures-elevation.ts'
import { insert } from './store-contract.ts'

const [, , folder = '', first = '0'] = process.argv
const store = await openStore({ folder, keyWrap: testWrap, timeoutMilliseconds: 60_000 })

const writeFrom = async (n: number): Promise<never> => {
  for (let at = n; ; at += 8) {
    const written = await insert(store, pending(idOf(at)))
    process.stdout.write(`${at} ${written.kind === 'committed' ? written.indexes[0] : -1}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, n) => writeFrom(Number(first) + n)))
