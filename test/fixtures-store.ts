/**
 * The real store on a real file, in the thread of the test: a worker under the TypeScript loader
 * takes two seconds of CPU to start, which store.test.ts pays once for all.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  const open = (): Opened => {
    if (statSync(boot.file).size === 0) writeFileSync(boot.file, emptyDatabase())
    const db = openDatabase(boot)
    return { db, answer: groupsOn(db) }
  }
  let opened = closed.delete(boot.file) ? onceLetGo(open) : Promise.resolve(open())
  let isOver = false
  const runner = {
    run: async (requests: readonly Request[]) => (isOver ? [] : (await opened).answer(requests)),
    end: async () => {
      isOver = true
      const { db } = await opened
      db.close()
      opened = over
      closed.add(boot.file)
    }
  }
  return engineOver(runner, { queue: 10_000, timeoutMilliseconds: 60_000 })
}

type Opened = {
  readonly db: ReturnType<typeof openDatabase>
  readonly answer: ReturnType<typeof groupsOn>
}

/** In the place of what was open, so that it can be collected. */
const over = new Promise<Opened>(() => {})

/** Files whose statements may still be about. */
const closed = new Set<string>()

/** SQLite lets go of a file when its statements are gone, which is when they are collected. */
const onceLetGo = async (open: () => Opened): Promise<Opened> => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no way to collect garbage')
  for (let tries = 1; ; tries++) {
    collect()
    await turn()
    try {
      return open()
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}

let migrated: Uint8Array | null = null

/** A file with the tables of this version and nothing in them: making one takes 50 ms. */
const emptyDatabase = (): Uint8Array => {
  if (migrated !== null) return migrated
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-empty-'))
  const file = prepareFolder(folder)
  openDatabase({ file, openedAt: 0 }).close()
  migrated = readFileSync(file)
  rmSync(folder, { recursive: true })
  return migrated
}
