/** The SQLite store: the contract every engine keeps, and what only a file can do. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from '@photostructure/sqlite'
import t from 'tap'
import { networkFileSystem, prepareFolder } from '../src/store/folder.ts'
import { groupCommit } from '../src/store/group-commit.ts'
import { openStore } from '../src/store/open.ts'
import { pack, packAnswers, unpack, unpackAnswers } from '../src/store/packed.ts'
import { type Reply, type Request, engineOver } from '../src/store/sqlite.ts'
import { failure, openDatabase } from '../src/store/sqlite-database.ts'
import { groupsOn } from '../src/store/sqlite-session.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { at, ended, idOf, pending } from './fixtures-elevation.ts'
import { scriptOf } from './place.ts'
import { entry, insert, storeContract } from './store-contract.ts'
import { searchContract } from './store-search-contract.ts'
import { findingsContract } from './store-findings-contract.ts'
import { consoleContract } from './store-console-contract.ts'
import { slackContract } from './store-slack-contract.ts'
import { testWrap } from './fakes/key-wrap.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
t.teardown(() => rmSync(scratch, { recursive: true }))
let made = 0
/** The path of a folder that is not there yet. */
const newFolder = (): string => join(scratch, String(++made))
const fileOf = (folder: string): string => join(folder, 'sallyport.db')
const modeOf = (path: string): number => statSync(path).mode & 0o777

/** Opens in this thread: the very code that the worker runs, without the price of a thread. */
const openHere = (folder: string, { room = 0 } = {}): Store => {
  const db = openDatabase({ file: prepareFolder(folder), openedAt: 0 })
  if (room > 0) db.exec(`pragma max_page_count = ${pagesOf(folder) + room}`)
  const answer = groupsOn(db)
  const runner = {
    run: async (group: readonly Request[]) => unpackAnswers(packAnswers(answer(unpack(pack(group))))),
    end: async () => db.close()
  }
  const engine = engineOver(runner, { queue: 1000, timeoutMilliseconds: 60_000 })
  return storeOver(engine, () => at(0), testWrap)
}

/** Pages of the file as it lies there, 4 KiB each. */
const pagesOf = (folder: string): number => statSync(fileOf(folder)).size / 4096

/** The code `openDatabase` refuses with, as the worker would tell it. */
const refusalOf = (folder: string): string => {
  try {
    openDatabase({ file: prepareFolder(folder), openedAt: 0 })
    return 'opened'
  } catch (error) {
    return failure(error).code
  }
}

const copyOf = (folder: string): string => {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

/** Statements straight on the file. Only `exec`: a prepared one would keep the file locked. */
const onFile = (folder: string, sql: string): void => {
  const db = new DatabaseSync(join(folder, 'sallyport.db'))
  try {
    db.exec(sql)
  } finally {
    db.close()
  }
}

const rowsOf = (folder: string, sql: string): unknown[] =>
  new DatabaseSync(join(folder, 'sallyport.db')).prepare(sql).all()

/** A folder with an elevation pending, one ended, and their entries; tests take a copy. */
const filled = newFolder()
t.before(async () => {
  const store = await openStore({ folder: filled, timeoutMilliseconds: 60_000 })
  await insert(store, pending(idOf(1)))
  await insert(store, ended(idOf(2)))
  await store.close()
})

t.test('the contract', (t) => storeContract(t, async () => openHere(newFolder())))
t.test('the contract of findings', (t) => findingsContract(t, async () => openHere(newFolder())))
t.test('the contract of sessions', (t) => consoleContract(t, async () => openHere(newFolder())))
t.test('the contract of what was shown', (t) => slackContract(t, async () => openHere(newFolder())))
t.test('the contract of searches', (t) => searchContract(t, async () => openHere(newFolder())))

t.test('the store runs in a thread of its own, alone on its folder', async (t) => {
  const folder = newFolder()
  const store = await openStore({ folder, queueLimit: 100, timeoutMilliseconds: 60_000 })
  const asked = Array.from({ length: 105 }, (_, n) => insert(store, pending(idOf(n))))
  const answers = await Promise.allSettled(asked)
  const refused = answers.flatMap((one) => (one.status === 'rejected' ? one.reason.code : []))
  t.strictSame(refused, Array.from({ length: 5 }, () => 'overloaded'))
  t.strictSame(
    (await store.entries(0, 1000)).map(({ index }) => index),
    Array.from({ length: 100 }, (_, n) => n)
  )
  await t.rejects(openStore({ folder }), { name: 'StoreError', code: 'in_use' })
  t.equal(modeOf(folder), 0o700)
  t.strictSame(readdirSync(folder), ['personal.key', 'sallyport.db', 'sallyport.db-wal'])
  for (const name of readdirSync(folder)) t.equal(modeOf(join(folder, name)), 0o600, name)
  await store.check()
  await store.close()
  t.strictSame(readdirSync(folder), ['personal.key', 'sallyport.db'])
  t.equal((await openHere(folder).list({ limit: 1000 })).length, 100)
  await t.rejects(store.check(), { code: 'unavailable' })
})

t.test('a folder or file that cannot be trusted is refused, with what to do', async (t) => {
  const cases: readonly (readonly [string, string, (folder: string) => void])[] = [
    ['others can read the file', 'exposed', (folder) => chmodSync(fileOf(folder), 0o640)],
    ['others can write the folder', 'exposed', (folder) => chmodSync(folder, 0o770)],
    [
      'others can read the log',
      'exposed',
      (folder) => writeFileSync(`${fileOf(folder)}-wal`, '', { mode: 0o644 })
    ],
    [
      'the log is a symbolic link',
      'exposed',
      (folder) => symlinkSync(fileOf(folder), `${fileOf(folder)}-wal`)
    ],
    ['not a database', 'corrupt', (folder) => writeFileSync(fileOf(folder), 'x'.repeat(8192))],
    ['cut in the middle', 'corrupt', (folder) => truncateSync(fileOf(folder), 20_480)],
    [
      'somebody else\'s database',
      'corrupt',
      (folder) => onFile(folder, 'drop table schema_migration')
    ],
    [
      'a newer schema',
      'newer_schema',
      (folder) => onFile(folder, "insert into schema_migration values (99, 'x', 0)")
    ],
    [
      'a migration with another text',
      'corrupt',
      (folder) => onFile(folder, "update schema_migration set checksum = 'x'")
    ]
  ]
  for (const [name, code, spoil] of cases) {
    await t.test(name, async (t) => {
      const folder = copyOf(filled)
      spoil(folder)
      t.equal(refusalOf(folder), code)
    })
  }
  await t.test('a folder that cannot be made', async (t) => {
    const file = newFolder()
    writeFileSync(file, '')
    t.equal(refusalOf(join(file, 'data')), 'not_writable')
  })
  await t.test('a data file that is a folder', async (t) => {
    const folder = newFolder()
    mkdirSync(fileOf(folder), { recursive: true })
    t.equal(refusalOf(folder), 'exposed')
  })
  await t.test('through the thread, too', async (t) => {
    const folder = copyOf(filled)
    onFile(folder, "insert into schema_migration values (99, 'x', 0)")
    await t.rejects(openStore({ folder }), { name: 'StoreError', code: 'newer_schema' })
  })
})

t.test('a group that was packed is the same group', async (t) => {
  const query = { text: 'select $1', values: ['a', '', '\0b', '\0', 1, null, Buffer.from([1, 0, 255]), Buffer.of()] }
  const inner = { ...query, ifNone: 'conflict' } as const
  const outer = { text: 'insert', values: [], ifNone: 'skip', ifSome: [inner, inner] } as const
  const group: readonly Request[] = [
    { kind: 'read', query },
    { kind: 'write', write: { steps: [] } },
    { kind: 'write', write: { steps: [outer, inner], result: query } },
    { kind: 'read', query: { text: 'select 1', values: [] } }
  ]
  t.strictSame(unpack(pack(group)), group)
  t.strictSame(unpack(pack([])), [])
  t.throws(() => unpack([1]), { name: 'StoreError' })
  t.throws(() => unpack(['read', 'select 1']), { name: 'StoreError' })
  const row = { idx: 1, body: Buffer.from([0, 200]), none: null, text: '\0' }
  const answers: Reply = [
    { kind: 'found', rows: [row, { ...row, idx: 2 }] },
    { kind: 'conflict' },
    { kind: 'committed', rows: [] },
    { kind: 'failed', code: 'timeout', message: 'too late' },
    { kind: 'found', rows: [{ busy: 0 }] }
  ]
  t.strictSame(unpackAnswers(packAnswers(answers)), answers)
  t.strictSame(unpackAnswers(packAnswers([])), [])
  for (const wrong of [['odd'], ['found'], ['found', 1], ['failed', 'odd', ''], ['found', 1, 'a', 1]]) {
    t.throws(() => unpackAnswers(wrong), { name: 'StoreError' })
  }
})

t.test('network file systems are known by their type', async (t) => {
  const cases = [
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [0xff534d42 | 0, 'CIFS'],
    [0xef53, null],
    [0x01021994, null]
  ] as const
  for (const [type, want] of cases) t.equal(networkFileSystem(type), want)
})

t.test('what may not change cannot be changed by anyone with the file', async (t) => {
  const folder = copyOf(filled)
  const statements = [
    `update elevation set state = 'active' where id = '${idOf(2)}'`,
    `update elevation set body = '{}' where id = '${idOf(2)}'`,
    `update elevation set state = 'odd' where id = '${idOf(1)}'`,
    `delete from elevation where id = '${idOf(1)}'`,
    "update ledger_outbox set body = x'00' where seq = 1",
    'update ledger_outbox set seq = 9 where seq = 2',
    'delete from ledger_outbox where seq = 2',
    `insert into ledger_outbox values (9, 'gap', null, x'00', zeroblob(32))`,
    `insert or replace into ledger_outbox values (1, 'first', null, x'00', zeroblob(32))`
  ]
  for (const sql of statements) {
    t.throws(() => onFile(folder, sql), { code: 'ERR_SQLITE_ERROR' }, sql)
  }
  const replaced = `(3, '${idOf(1)}:1', null, x'00', zeroblob(32))`
  onFile(folder, `insert or replace into ledger_outbox values ${replaced}`)
  onFile(folder, `insert or replace into elevation select * from elevation where id = '${idOf(2)}'`)
  const store = openHere(folder)
  t.equal((await store.entries(0, 10)).length, 2)
  t.match(await store.get(idOf(2)), { elevation: ended(idOf(2)), version: 1, ledger: [1] })
})

t.test('values are kept beside the ledger, none of them in a leaf or for a conflict', async (t) => {
  const folder = newFolder()
  const store = openHere(folder)
  await insert(store, pending(idOf(1)))
  await insert(store, pending(idOf(1)))
  await store.append([entry('same', null, 'one')])
  await store.append([entry('same', null, 'two')])
  await store.close()
  const select = 'select entry_key, name, person from opening order by entry_key'
  const openings = rowsOf(copyOf(folder), select)
  t.same(openings, [
    { entry_key: `${idOf(1)}:1`, name: 'reason', person: 'alice' },
    { entry_key: 'same', name: 'reason', person: 'alice' }
  ])
  const again = openHere(copyOf(folder))
  const opened = [...(await again.openings(0, 10)).values()].flat()
  t.same(opened.map(({ value }) => value), ['why', 'one'])
})

t.test('a row whose body does not belong to its columns is corrupt', async (t) => {
  const bodies = [
    '{}',
    'null',
    '[',
    `{"id":"${idOf(1)}","state":"active"}`,
    `{"id":"${idOf(2)}","state":"pending"}`
  ]
  for (const body of bodies) {
    await t.test(body, async (t) => {
      const folder = copyOf(filled)
      onFile(folder, `update elevation set body = '${body}' where id = '${idOf(1)}'`)
      const store = openHere(folder)
      await t.rejects(store.get(idOf(1)), { code: 'corrupt' })
      t.equal((await store.get(idOf(2)))?.version, 1)
    })
  }
})

t.test('a full disk refuses what does not fit, keeps what was told, and recovers', async (t) => {
  const folder = newFolder()
  const small = openHere(folder, { room: 30 })
  const reason = 'x'.repeat(9000)
  const told: string[] = []
  const codes = new Set<string>()
  for (let n = 0; n < 60; n += 10) {
    const ids = Array.from({ length: 10 }, (_, place) => idOf(n + place))
    const asked = ids.map((id) => insert(small, pending(id, { reason })).then(() => told.push(id)))
    for (const one of await Promise.allSettled(asked)) {
      codes.add(one.status === 'rejected' ? one.reason.code : 'kept')
    }
  }
  t.strictSame(codes, new Set(['kept', 'unavailable']))
  await small.check()
  const kept = (await small.list({ limit: 100 })).map(({ elevation }) => elevation.id)
  t.strictSame(kept, told.toSorted().toReversed())
  const store = openHere(copyOf(folder))
  t.match(await insert(store, pending(idOf(99), { reason })), { indexes: [kept.length] })
})

t.test('kill -9 loses nothing that was acknowledged, and frees the folder', async (t) => {
  const folder = newFolder()
  const told = new Map<number, number>()
  for (const round of [0, 1, 2]) {
    await killedWriter(folder, round * 100_000, told)
    const store = openHere(copyOf(folder))
    const rows = await store.list({ limit: 1_000_000 })
    const indexOf = new Map(rows.map(({ elevation, ledger }) => [elevation.id, ledger[0]]))
    t.strictSame([...told].filter(([n, index]) => indexOf.get(idOf(n)) !== index), [])
    const entries = await store.entries(0, 1_000_000)
    t.ok(entries.every(({ index }, place) => index === place))
    t.equal(rows.length, entries.length)
  }
  t.ok(told.size >= 180, `${told.size} told`)

  await t.test('a log cut short opens, without a gap', async (t) => {
    const cut = copyOf(folder)
    const log = `${fileOf(cut)}-wal`
    truncateSync(log, Math.floor(statSync(log).size / 2) + 17)
    const store = openHere(cut)
    const entries = await store.entries(0, 1_000_000)
    t.ok(entries.every(({ index }, place) => index === place))
    t.match(await insert(store, pending(idOf(999_999))), { indexes: [entries.length] })
  })
})

t.test('a group', async (t) => {
  t.test('is answered in time even when the engine hangs', async (t) => {
    const runs: (readonly string[])[] = []
    const held: (() => void)[] = []
    const run = (requests: readonly string[]): Promise<readonly string[]> => {
      runs.push(requests)
      return new Promise((resolve) => held.push(() => resolve(requests)))
    }
    const group = groupCommit(run, { queue: 10, timeoutMilliseconds: 20 })
    const running = group.ask('a')
    await Promise.resolve().then(() => Promise.resolve())
    const waiting = group.ask('b')
    const [first, second] = await Promise.allSettled([running, waiting])
    t.match(first, { reason: { code: 'timeout' } })
    t.match(second, { reason: { code: 'overloaded' } })
    held.forEach((release) => release())
    await group.drain()
    t.strictSame(runs, [['a']])
    await t.rejects(group.ask('c'), { code: 'unavailable' })
  })

  t.test('gathers what is asked meanwhile; one that fails leaves the next alone', async (t) => {
    const runs: (readonly string[])[] = []
    const run = async (requests: readonly string[]): Promise<readonly string[]> => {
      runs.push(requests)
      if (requests.includes('a')) throw new Error('disk')
      return requests.map((request) => request.toUpperCase())
    }
    const group = groupCommit(run, { queue: 10, timeoutMilliseconds: 1000 })
    const first = group.ask('a')
    await Promise.resolve()
    const rest = ['b', 'c', 'd'].map((request) => group.ask(request))
    await t.rejects(first, { message: 'disk' })
    t.strictSame(await Promise.all(rest), ['B', 'C', 'D'])
    t.strictSame(runs, [['a'], ['b', 'c', 'd']])
  })
})

/** Runs a writer until it has told of 60 changes, then kills it; adds what it told. */
async function killedWriter(folder: string, first: number, told: Map<number, number>) {
  const script = scriptOf('store-writer')
  const child = spawn(process.execPath, [...process.execArgv, script, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'close')
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [n, index] = line.split(' ').map(Number)
    if (n === undefined || index === undefined) throw new Error(`not an acknowledgement: ${line}`)
    told.set(n, index)
    count += 1
    if (count === 60) child.kill('SIGKILL')
  }
  await ended
  if (count < 60) throw new Error('the writer ended by itself')
}
