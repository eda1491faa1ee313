/**
 * The real store on a real file, in the thread of the test: a worker under the TypeScript loader
 * takes two seconds of CPU to start, which store.test.ts pays once for all.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { groupsOn } from '../src/store/sqlite-session.ts'
import { openDatabase } from '../src/store/sqlite-database.ts'
import { prepareFolder } from '../src/store/folder.ts'
import { type Boot, type Request, engineOver } from '../src/store/sqlite.ts'
import type { Engine } from '../src/store/engine.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { testWrap } from './fakes/key-wrap.ts'

export const openHere = (folder: string, now: () => number): Store =>
  storeOver(engineHere({ file: prepareFolder(folder), openedAt: now() }), now, testWrap)

/** Once it is closed, another can be opened on the same file. */
export const engineHere = (boot: Boot): Engine => {
  let db: ReturnType<typeof openDatabase> | null = openDatabase(boot)
  let answer: ReturnType<typeof groupsOn> | null = groupsOn(db)
  const runner = {
    run: async (requests: readonly Request[]) => answer?.(requests) ?? [],
    end: async () => {
      db?.close()
      db = null
      answer = null
      await letGo()
    }
  }
  return engineOver(runner, { queue: 10_000, timeoutMilliseconds: 60_000 })
}

/** SQLite lets go of a file when its statements are gone, which is when they are collected. */
const letGo = async (): Promise<void> => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no way to collect garbage')
  for (let n = 0; n < 2; n++) {
    collect()
    await turn()
  }
}
