/** A replica that commits until it is killed, and says each index only once it was told of it. */
import { openStore } from '../src/store/open.ts'
import { testWrap } from './fakes/key-wrap.ts'
import { idOf, pending } from './fixtures-elevation.ts'
import { insert } from './store-contract.ts'

const [, , folder = '', url = '', first = '0'] = process.argv
const database = { url, ownerUrl: null }
const store = await openStore({ folder, keyWrap: testWrap, database, timeoutMilliseconds: 500 })

const writeFrom = async (n: number): Promise<void> => {
  for (let at = n; ; at += 4) {
    // one that is refused while another is in its way is no acknowledgement
    const written = await insert(store, pending(idOf(at))).catch(() => null)
    if (written?.kind === 'committed') process.stdout.write(`${at} ${written.indexes[0]}\n`)
  }
}

await Promise.all(Array.from({ length: 4 }, (_, n) => writeFrom(Number(first) + n)))
