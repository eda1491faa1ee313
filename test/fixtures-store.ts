/**
 * The real store on a real file, in the thread of the test: a worker under the TypeScript loader
 * takes over a second to start, which store.test.ts pays once for all.
 */
import { groupsOn } from '../src/store/sqlite-session.ts'
import { openDatabase } from '../src/store/sqlite-database.ts'
import { prepareFolder } from '../src/store/folder.ts'
import { type Request, engineOver } from '../src/store/sqlite.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { testWrap } from './fakes/key-wrap.ts'

export const openHere = (folder: string, now: () => number): Store => {
  const db = openDatabase({ file: prepareFolder(folder), openedAt: now() })
  const answer = groupsOn(db)
  const runner = {
    run: async (requests: readonly Request[]) => answer(requests),
    end: async () => db.close()
  }
  return storeOver(engineOver(runner, { queue: 10_000, timeoutMilliseconds: 60_000 }), now, testWrap)
}
