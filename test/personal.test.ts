/**
 * Personal data beside the ledger: under lock in every file of the folder, opened for auditors only,
 * erased whole or not at all, and told apart afterwards from what somebody took away.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { kmsKeyWrap } from '../src/aws/key-wrap.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { api } from '../src/cli/api.ts'
import { ledgerErase } from '../src/cli/ledger-erase.ts'
import { ledgerExport } from '../src/cli/ledger-export.ts'
import { ledgerVerify } from '../src/cli/ledger-verify.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { type PersonId, instant } from '../src/elevation/ids.ts'
import { buildApp } from '../src/http/app.ts'
import type { Auth } from '../src/http/auth.ts'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import { brokerPolicy } from '../src/iam/broker-policies.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { startStore } from '../src/start/personal.ts'
import { prepareFolder } from '../src/store/folder.ts'
import { openStore } from '../src/store/open.ts'
import { hasKeys, requireOpens } from '../src/store/people-keys.ts'
import { newKey, openSealed, sealOpening } from '../src/store/personal.ts'
import { type KeyWrap, personalKeyFile, wrapUnder } from '../src/store/personal-key.ts'
import { migrations, migrationTable } from '../src/store/schema.ts'
import { openDatabase } from '../src/store/sqlite-database.ts'
import { sqliteDialect } from '../src/store/sqlite-dialect.ts'
import { groupsOn } from '../src/store/sqlite-session.ts'
import { type Request, engineOver } from '../src/store/sqlite.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { testWrap } from './fakes/key-wrap.ts'
import { sealedLog } from './fakes/sealed-log.ts'
import { alice, ask, bob, byCli, depsOver, erin, examplePolicy, got, roomy, sam } from './fixtures-broker.ts'
import { approved, idOf, pending, person, start } from './fixtures-elevation.ts'
import { engineHere } from './fixtures-store.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sallyport-personal-'))
t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
const newFolder = (): string => join(mkdtempSync(join(scratch, 'f')), 'data')
const fileOf = (folder: string): string => join(folder, 'sallyport.db')
const marker = 'MARKER-7d1f-of-what-was-typed'
const policy = roomy(await examplePolicy())

/** In this thread. `before` sees each group before it runs. */
const engineIn = (folder: string, before: (group: readonly Request[]) => void = () => {}) => {
  const db = openDatabase({ file: prepareFolder(folder), openedAt: 0 })
  const answer = groupsOn(db)
  const run = async (group: readonly Request[]) => {
    before(group)
    return answer(group)
  }
  return engineOver({ run, end: async () => db.close() }, { queue: 10_000, timeoutMilliseconds: 60_000 })
}

const storeIn = (t: Pick<Test, 'teardown'>, folder: string, wrap: KeyWrap = testWrap): Store => {
  const store = storeOver(engineIn(folder), () => start, wrap)
  t.teardown(() => store.close())
  return store
}

const copyOf = (folder: string): string => {
  const copy = newFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

type Column = string | number | null | Uint8Array
const rowsOf = (folder: string, sql: string): readonly Readonly<Record<string, Column>>[] => {
  const db = new DatabaseSync(fileOf(copyOf(folder)))
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

/** Names of the files that hold these bytes. */
const filesWith = (folder: string, text: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .filter((name) => readFileSync(join(folder, name)).includes(text))

const entry = (key: string, actor: PersonId, value: string | null, type = 'elevation.requested'): Entry =>
  makeEntry(
    key,
    {
      id: `00000000-0000-4000-8000-${Buffer.from(key).toString('hex').padStart(12, '0').slice(-12)}`,
      type,
      at: '2026-11-21T10:00:00.000Z',
      actor,
      elevation: null,
      target: null,
      policy: null,
      data: type === 'pii.erased' ? { person: 'alice' } : {}
    },
    value === null ? [] : [{ name: 'reason', salt: '5a'.repeat(32), value }]
  )

const erasure = (n = 1, of = 'alice'): Entry => entry(`pii.erased:${of}:${n}`, sam, 'asked for', 'pii.erased')

/** `count` elevations of alice that are over, with the marker in each and in its entry. */
const fill = async (store: Store, count: number, requester = alice): Promise<void> => {
  for (let n = 0; n < count; n++) {
    const id = idOf(n + (requester === alice ? 0 : 10_000))
    const reason = `${marker}-${requester} ${'x'.repeat((n * 37) % 400)}`
    const key = `${id}:1`
    const made = pending(id, { requester, reason })
    await store.commit({ elevation: made, expectedVersion: null, entries: [entry(key, requester, reason)] })
    const yes = approved(id, { requester, reason })
    await store.commit({ elevation: yes, expectedVersion: 1, entries: [] })
    const { activateBy: _, decidedAt: __, ...rest } = yes
    const over = { ...rest, state: 'cancelled', by: requester, cancelledAt: instant(start) } as const
    await store.commit({ elevation: over, expectedVersion: 2, entries: [] })
  }
}

t.test('a value opens by its person, entry and name alone', async (t) => {
  const [key, other] = [newKey(), newKey()]
  const place = { person: 'alice', entryKey: 'e1', name: 'reason' }
  const opening = { person: 'alice', name: 'reason', salt: '5a'.repeat(32), value: 'why — “so” 🙂' }
  const sealed = sealOpening(key, 'e1', opening)
  t.strictSame(openSealed(key, place, sealed), opening)
  t.notOk(Buffer.from(sealed).equals(Buffer.from(sealOpening(key, 'e1', opening))), 'a nonce of its own')
  t.equal(openSealed(other, place, sealed), null)
  for (const wrong of [{ person: 'bob' }, { entryKey: 'e2' }, { name: 'ticket' }]) {
    t.equal(openSealed(key, { ...place, ...wrong }, sealed), null, JSON.stringify(wrong))
  }
  for (let n = 0; n < sealed.length; n++) {
    t.equal(openSealed(key, place, sealed.with(n, (sealed[n] ?? 0) ^ 1)), null, `byte ${n}`)
    t.equal(openSealed(key, place, sealed.subarray(0, n)), null, `cut at ${n}`)
  }
  const wrap = wrapUnder(other)
  t.same(await wrap.unwrap('alice', await wrap.wrap('alice', key)), Buffer.from(key))
  t.equal(await wrap.unwrap('bob', await wrap.wrap('alice', key)), null)
})

t.test('the table of openings holds no plain text, and swapped rows do not open', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  await store.append([entry('one', alice, `${marker} 1`), entry('two', alice, `${marker} 2`)])
  await store.append([entry('three', bob, `${marker} 3`)])
  const rows = rowsOf(folder, 'select * from opening union all select person, made_at, wrapped, wrapped from person_key')
  t.equal(rows.length, 5)
  for (const value of rows.flatMap((row) => Object.values(row))) {
    t.notOk(Buffer.from(value instanceof Uint8Array ? value : String(value)).includes('MARKER'))
  }
  t.strictSame(filesWith(folder, 'MARKER'), [])
  await store.close()
  const swapped = copyOf(folder)
  const db = new DatabaseSync(fileOf(swapped))
  db.exec(`create temp table held as select * from opening;
    update opening set sealed = (select sealed from held h where h.entry_key <> opening.entry_key
      and h.person = opening.person) where person = 'alice'`)
  db.close()
  const of = async (folder: string) =>
    [...(await storeIn(t, folder).openings(0, 10)).entries()].map(([n, [one]]) => [n, one?.value])
  t.strictSame(await of(copyOf(folder)), [[0, `${marker} 1`], [1, `${marker} 2`], [2, `${marker} 3`]])
  t.strictSame(await of(swapped), [[2, `${marker} 3`]])
})

t.test('after an erasure no byte of what was typed is in any file, and all else is as it was', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  await fill(store, 120)
  await fill(store, 40, bob)
  t.not(filesWith(folder, `${marker}-alice`).length, 0)
  const untouched = await store.get(idOf(10_003))
  const before = await store.get(idOf(7))
  t.match(await store.erase(alice, erasure()), { kind: 'erased', index: 160 })
  t.strictSame(filesWith(folder, `${marker}-alice`), [])
  t.strictSame(await store.get(idOf(10_003)), untouched)
  const elevation = before && { ...before.elevation, ask: { ...before.elevation.ask, reason: '[erased]', ticket: null } }
  t.strictSame(await store.get(idOf(7)), { ...before, elevation })
  t.equal((await store.openings(0, 120)).size, 0)
  t.equal((await store.openings(120, 100)).size, 41)
  t.equal(await store.erasedAt(alice), 160)
  t.equal(await store.erasedAt(bob), null)
  t.equal((await store.entries(0, 1000)).length, 161, 'the ledger has lost nothing')

  await t.test('a second one finds nothing, and a new value has a new key', async (t) => {
    t.strictSame(await store.erase(alice, erasure(2)), { kind: 'nothing' })
    t.strictSame(await store.erase(person('al'), erasure(2, 'al')), { kind: 'nothing' })
    t.equal((await store.entries(0, 1000)).length, 161)
    await store.append([entry('later', alice, 'new words')])
    t.match((await store.openings(161, 1)).get(161), [{ value: 'new words' }])
    t.match(await store.erase(alice, erasure(3)), { kind: 'erased', index: 162 })
    t.equal(await store.erasedAt(alice), 162)
  })
})

t.test('pages that were balanced many times keep nothing in their unused parts', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  let seed = 7
  const chance = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const shuffled = <T>(list: readonly T[]): readonly T[] =>
    list.map((one) => [chance(), one] as const).toSorted(([a], [b]) => a - b).map(([, one]) => one)
  const all = Array.from({ length: 2000 }, (_, n) => {
    const requester = chance() < 0.4 ? alice : bob
    return { id: idOf(n), given: { requester, reason: `${marker}-${requester} ${'y'.repeat(chance() * 460)}` } }
  })
  const stages: readonly ((one: (typeof all)[number]) => Parameters<Store['commit']>[0])[] = [
    ({ id, given }) => {
      const entries = [entry(id, given.requester, given.reason)]
      return { elevation: pending(id, given), expectedVersion: null, entries }
    },
    ({ id, given }) => ({ elevation: approved(id, given), expectedVersion: 1, entries: [] }),
    ({ id, given }) => {
      const { activateBy: _, decidedAt: __, ...rest } = approved(id, given)
      const over = { ...rest, state: 'cancelled', by: given.requester, cancelledAt: start } as const
      return { elevation: over, expectedVersion: 2, entries: [] }
    }
  ]
  for (const stage of stages) await Promise.all(shuffled(all).map((one) => store.commit(stage(one))))
  t.strictSame(filesWith(folder, `${marker}-alice`).length > 0, true)
  t.match(await store.erase(alice, erasure()), { kind: 'erased' })
  t.strictSame(filesWith(folder, `${marker}-alice`), [])
  t.not(filesWith(folder, `${marker}-bob`).length, 0)
})

t.test('nothing is erased while an elevation of the person is not over', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  await fill(store, 2)
  const open = pending(idOf(50), { reason: marker })
  await store.commit({ elevation: open, expectedVersion: null, entries: [entry('open', alice, marker)] })
  t.strictSame(await store.erase(alice, erasure()), { kind: 'open' })
  t.equal((await store.openings(0, 10)).size, 3)
  t.equal((await store.entries(0, 10)).length, 3)
  t.match(await store.get(idOf(1)), { elevation: { ask: { ticket: 'CLM-1' } } })
})

t.test('the words of a terminal elevation change in an erasure only, and nothing else of it', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  await fill(store, 1)
  await store.close()
  const blank = `body = json_set(body, '$.ask.reason', '[erased]', '$.ask.ticket', null)`
  const attempt = (sql: string, withKey: boolean): boolean => {
    const db = new DatabaseSync(fileOf(copyOf(folder)))
    try {
      if (!withKey) db.exec('delete from person_key')
      db.exec(sql)
      return true
    } catch {
      return false
    } finally {
      db.close()
    }
  }
  t.ok(attempt(`update elevation set ${blank}`, false))
  t.notOk(attempt(`update elevation set ${blank}`, true), 'the person has a key')
  for (const more of ["state = 'ended'", 'version = 9', "requester = 'bob'", 'created_at = 1', 'not_after = 1']) {
    t.notOk(attempt(`update elevation set ${blank}, ${more}`, false), more)
  }
  t.notOk(attempt(`update elevation set body = json_set(body, '$.ask.reason', 'other')`, false))
  t.notOk(attempt(`update elevation set body = json_set(body, '$.by', 'bob')`, false))
})

t.test('an erasure and what the same person writes meanwhile are one after the other', async (t) => {
  const store = storeIn(t, newFolder())
  await fill(store, 5)
  const appended = Array.from({ length: 40 }, (_, n) => store.append([entry(`race${n}`, alice, `race ${n}`)]))
  const erased = store.erase(alice, erasure())
  const more = Array.from({ length: 40 }, (_, n) => store.append([entry(`late${n}`, alice, `late ${n}`)]))
  await Promise.all([...appended, ...more])
  const done = await erased
  t.equal(done.kind, 'erased')
  const at = done.kind === 'erased' ? done.index : -1
  const openings = await store.openings(0, 1000)
  const indexes = (await store.entries(0, 1000)).map(({ index }) => index)
  t.equal(indexes.length, 86)
  const wanted = indexes.filter((index) => index >= at)
  t.strictSame([...openings.keys()], wanted, 'none from before it, all from after it')
})

t.test('a log cut anywhere leaves an erasure whole or undone, and no trace of a whole one', async (t) => {
  const folder = newFolder()
  const cut = newFolder()
  let isErasing = false
  const store = storeOver(
    engineIn(folder, (group) => {
      const isPurge = group.some((one) => one.kind === 'read' && one.query.text.includes('vacuum'))
      if (isErasing && isPurge && !existsSync(cut)) cpSync(folder, cut, { recursive: true })
    }),
    () => start,
    testWrap
  )
  t.teardown(() => store.close())
  await fill(store, 6)
  await fill(store, 1, bob)
  await store.erase(bob, erasure(9, 'bob'))
  isErasing = true
  await store.erase(alice, erasure())
  const size = statSync(`${fileOf(cut)}-wal`).size
  const frame = 4096 + 24
  const kinds = new Set<string>()
  t.not(filesWith(cut, marker).length, 0, 'the copy is from before the log was emptied')
  for (let length = 32; length <= size; length += frame) {
    const one = copyOf(cut)
    truncateSync(`${fileOf(one)}-wal`, length)
    const again = storeOver(engineIn(one), () => start, testWrap)
    const entries = (await again.entries(0, 100)).length
    const openings = (await again.openings(0, 100)).size
    const words = (await again.list({ limit: 100 })).map(({ elevation }) => elevation.ask.reason)
    await again.tidy()
    const erasedAt = await again.erasedAt(alice)
    await again.close()
    const isErased = erasedAt !== null
    if (isErased) {
      t.strictSame([entries, openings, new Set(words)], [9, 2, new Set(['[erased]'])])
      t.strictSame(filesWith(one, marker), [])
    } else {
      t.equal(words.filter((text) => text === '[erased]').length, 1, 'of bob')
      t.strictSame([entries, openings], [8, 7])
    }
    kinds.add(isErased ? 'whole' : 'undone')
  }
  t.strictSame(kinds, new Set(['undone', 'whole']))
})

t.test('the key file: made once, 0600, and nothing starts without the right one', async (t) => {
  const folder = newFolder()
  const first = await openStore({ folder, engine: engineHere })
  await first.append([entry('one', alice, marker)])
  await first.close()
  const path = join(folder, 'personal.key')
  t.equal(statSync(path).mode & 0o777, 0o600)
  const line = readFileSync(path, 'utf8')

  /** What the start says, without the price of a thread. */
  const begun = async () => {
    // a copy, since this thread's statements keep the lock until they are collected
    const copy = copyOf(folder)
    const engine = engineIn(copy)
    const path = join(copy, 'personal.key')
    try {
      const wrap = personalKeyFile({ path, mayMake: !(await hasKeys(engine)) })
      await requireOpens(engine, wrap)
      return 'started'
    } catch (error) {
      return error instanceof Error && 'code' in error ? `${String(error.code)} ${error.message}` : 'thrown'
    } finally {
      await engine.close()
    }
  }
  t.equal(await begun(), 'started')
  rmSync(path)
  t.match(await begun(), /^corrupt .*missing.*put it back/, 'none is made in its place')
  personalKeyFile({ path, mayMake: true })
  t.match(await begun(), /^corrupt .*another key.*put personal\.key back/)
  writeFileSync(path, line)
  t.equal(await begun(), 'started')
  chmodSync(path, 0o644)
  t.match(await begun(), /^exposed .*chmod/)
  chmodSync(path, 0o600)
  for (const bad of ['', 'x\n', line.slice(0, -6), `${line.trim()} more\n`, line.replace('v1', 'v2')]) {
    writeFileSync(path, bad)
    t.match(await begun(), /^corrupt not a key of personal data/)
  }
  rmSync(path)
  await t.rejects(startStore({ dataDir: folder, personalKmsKey: null }, { kms: () => ({ ...testWrap, close: () => {} }) }), {
    name: 'StartError',
    kind: 'unavailable'
  })
})

/** The migration that brought the keys of people. */
const lockedBy = 6

t.test('what an older version wrote in the clear is locked at the start', async (t) => {
  const folder = newFolder()
  const file = prepareFolder(folder)
  const db = new DatabaseSync(file)
  db.exec(migrationTable(sqliteDialect))
  for (const { number, text, checksum } of migrations(sqliteDialect).filter((one) => one.number < lockedBy)) {
    db.exec(text)
    db.exec(`insert into schema_migration values (${number}, '${checksum}', 0)`)
  }
  const rows = db.prepare('insert into ledger_outbox (seq, key, body, leaf) values (?, ?, ?, ?)')
  const values = db.prepare('insert into opening (entry_key, name, salt, value) values (?, ?, ?, ?)')
  for (let n = 0; n < 450; n++) {
    const { key, body, leaf, openings } = entry(`old${n}`, n % 2 ? alice : bob, `${marker} ${n}`)
    rows.run(n + 1, key, body, leaf)
    for (const { name, salt, value } of openings) values.run(key, name, salt, value)
  }
  db.close()
  const store = storeIn(t, folder)
  await store.tidy()
  t.strictSame(rowsOf(folder, 'select * from opening_plain'), [])
  const found = await store.openings(0, 1000)
  t.equal(found.size, 450)
  t.match(found.get(449), [{ person: 'alice', name: 'reason', value: `${marker} 449` }])
  await store.tidy()
  t.equal((await store.openings(0, 1000)).size, 450)
  t.match(await store.erase(alice, erasure()), { kind: 'erased', index: 450 })
  t.equal((await store.openings(0, 450)).size, 225)
})

t.test('people are locked by KMS over the real SDK, each in a context of their own', async (t) => {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  const [seeded] = [...sandbox.world.keys.values()]
  if (!seeded) throw new Error('the sandbox has no key')
  const keyId = '1a2b3c4d-9999-4000-8000-000000000009'
  const arn = seeded.arn.replace(seeded.keyId, keyId)
  const user = sandbox.world.accessKeys.get(sandbox.keys.admin.accessKeyId)?.userName
  const brokerRoleArn = `arn:aws:iam::${sandbox.account}:role/sallyport-broker`
  const document = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: [`arn:aws:iam::123456789012:user/${user}`, brokerRoleArn] },
        Action: ['kms:Encrypt', 'kms:Decrypt'],
        Resource: '*',
        Condition: { StringEquals: { 'kms:EncryptionContext:sallyport': 'personal' } }
      }
    ]
  } as const
  sandbox.world.keys.set(keyId, { ...seeded, keyId, arn, policy: storedPolicy(document), state: 'Enabled' })
  const settings = { endpoint: sandbox.endpoint, credentials: async () => sandbox.keys.admin }
  const wrap = kmsKeyWrap(settings, arn)
  const elsewhere = kmsKeyWrap(settings, seeded.arn)
  const asBroker = kmsKeyWrap({ ...settings, credentials: async () => sandbox.keys.broker }, arn)
  t.teardown(async () => {
    wrap.close()
    elsewhere.close()
    asBroker.close()
    await sandbox.close()
  })
  const key = newKey()
  const locked = await wrap.wrap('alice', key)
  t.same(await wrap.unwrap('alice', locked), key)
  t.equal(await wrap.unwrap('bob', locked), null, 'of another person')
  t.equal(await wrap.unwrap('alice', locked.with(40, (locked[40] ?? 0) ^ 1)), null, 'a byte changed')
  await t.rejects(elsewhere.wrap('alice', key), /^kms:Encrypt: AccessDenied/, 'a key that is not for this')
  await t.rejects(asBroker.wrap('alice', key), /^kms:Encrypt: AccessDenied/, 'no key is told to the broker')
  const targets = seedTargets()
  const told = brokerPolicy({ targets, brokerRoleArn, personalKey: arn })
  if (!told.ok) throw new Error(JSON.stringify(told.refusals))
  const role = [...sandbox.world.roles.values()].find((one) => one.arn === brokerRoleArn)
  role?.policies.set('Broker', storedPolicy(told.value))
  t.same(await asBroker.unwrap('alice', await asBroker.wrap('alice', key)), key, 'this key alone')
  const data = kmsKeyWrap({ ...settings, credentials: async () => sandbox.keys.broker }, seeded.arn)
  await t.rejects(data.wrap('alice', key), /^kms:Encrypt: AccessDenied/, 'the key of a target')
  data.close()
  t.match(brokerPolicy({ targets, brokerRoleArn, personalKey: seeded.arn }), { ok: false, refusals: [{ code: 'invalid_ask', where: 'personalKey' }] })
  t.match(brokerPolicy({ targets, brokerRoleArn, personalKey: '*' }), { ok: false, refusals: [{ code: 'unsafe_name' }] })

  const folder = newFolder()
  const store = storeIn(t, folder, wrap)
  await store.append([entry('one', alice, marker), entry('two', alice, marker)])
  await store.close()
  t.notOk(existsSync(join(folder, 'personal.key')))
  const fresh = kmsKeyWrap(settings, arn)
  t.match((await storeIn(t, copyOf(folder), fresh).openings(0, 10)).get(1), [{ value: marker }])
  fresh.close()

  const held = sandbox.world.keys.get(keyId)
  if (held) held.state = 'Disabled'
  const without = storeIn(t, copyOf(folder), wrap)
  await t.rejects(without.append([entry('three', alice, marker)]), { code: 'unavailable' })
  t.equal((await without.entries(0, 10)).length, 2, 'nothing is written in the clear instead')
  await without.append([entry('plain', alice, null)])
  if (held) held.state = 'Enabled'
  await without.append([entry('three', alice, marker)])
})

const byName: Auth = async (authorization) => {
  const name = /^Bearer ([a-z-]+)$/.exec(authorization ?? '')?.[1]
  return name === undefined
    ? { ok: false, code: 'unauthenticated', error: null, detail: 'Send a bearer token.' }
    : { ok: true, subject: name, signIn: { authAt: null, acr: null, amr: [] } }
}

const terminal = () => {
  const said: string[] = []
  const keep = (line: string): void => void said.push(line)
  const to: Terminal = { json: true, colour: false, out: keep, err: keep }
  return { to, last: () => JSON.parse(said.at(-1) ?? '{}') }
}

t.test('asked for, exported, erased, exported again: who may, and what the verifier says', async (t) => {
  const folder = newFolder()
  const store = storeIn(t, folder)
  const log = sealedLog('log.example/personal', store)
  const around = { store, now: () => start, policy: () => policy }
  const broker = makeBroker(depsOver(around, { log }).deps, () => {})
  const app = await buildApp({
    broker,
    auth: byName,
    logger: pino({ level: 'silent' }),
    requestId: () => 'r',
    limits: { perPerson: 100_000, perAddress: 100_000 }
  })
  t.teardown(() => app.close())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const as = (who: string) => api({ SALLYPORT_URL: url, SALLYPORT_TOKEN: who })
  const types = async () =>
    (await store.entries(0, 1000)).map(({ body }) => JSON.parse(Buffer.from(body).toString()))
  const submit = async () =>
    got(await broker.submit(byCli(alice), { ...ask, reason: `suspected fraud ring ${marker}` })).elevation

  const denied = await submit()
  got(await broker.deny(bob, denied.elevation.id, 'not enough said'))
  const second = await submit()
  const out = join(scratch, 'audit')
  mkdirSync(out)
  const exported = async (name: string, options = { openings: true }) => {
    const { to, last } = terminal()
    const code = await ledgerExport(as('erin'), to, join(out, name), options)
    return { code, ...last() }
  }
  const verify = async (name: string) => {
    const { to, last } = terminal()
    const key = [join(out, 'ledger.vkey')]
    const exit = await ledgerVerify(to, join(out, name), { key, anchor: [], strict: true })
    return { exit, ...last() }
  }
  t.match(await exported('before'), { code: 0, openings: { opened: 5, erased: 0, missing: 0 } })
  t.match(await verify('before'), { exit: 0, personal: { opened: 5, erased: 0 } })
  const file = join(out, 'before', 'openings.jsonl')
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.ok(readFileSync(file, 'utf8').includes(marker))

  await t.test('only security erases, never themselves, and each refusal is an entry', async (t) => {
    const erase = (who: string, of: string, reason: string | null = 'art. 17') =>
      app.inject({
        method: 'POST',
        url: `/v1/people/${of}/erase`,
        headers: { authorization: `Bearer ${who}` },
        payload: reason === null ? {} : { reason }
      })
    const cases = [
      ['alice', 'alice', 403, 'policy_denied'],
      ['bob', 'alice', 403, 'policy_denied'],
      ['erin', 'alice', 403, 'policy_denied'],
      ['sam', 'sam', 403, 'policy_denied'],
      ['sam', 'NOBODY', 422, 'invalid_ask'],
      ['sam', 'alice', 409, 'conflict']
    ] as const
    for (const [who, of, status, code] of cases) {
      const before = (await types()).length
      const answer = await erase(who, of)
      t.match([answer.statusCode, answer.json().code], [status, code], `${who} ${of}`)
      const [last] = (await types()).slice(before)
      t.match(last, { type: 'attempt.refused', actor: who, data: { verb: 'erase', code } })
    }
    t.match((await erase('sam', 'alice', null)).json(), { code: 'invalid_body' })
    t.match((await erase('nobody', 'alice')).json(), { code: 'unknown_person' })
    t.equal((await store.openings(0, 1000)).size, 3)
  })

  got(await broker.cancel(alice, second.elevation.id))
  const cli = terminal()
  t.equal(await ledgerErase(as('sam'), cli.to, { person: 'alice', reason: 'art. 17' }), 0)
  const { entry: at } = cli.last()
  t.match(cli.last(), { person: 'alice', erased: true })
  t.match((await types())[at], {
    type: 'pii.erased',
    actor: 'sam',
    elevation: null,
    data: { person: 'alice' },
    commitments: { reason: /^[0-9a-f]{64}$/ }
  })
  t.strictSame(filesWith(folder, marker), [])
  const again = terminal()
  t.equal(await ledgerErase(as('sam'), again.to, { person: 'alice', reason: 'art. 17' }), 0)
  t.match(again.last(), { erased: false, entry: null })
  t.equal(await ledgerErase(as('bob'), terminal().to, { person: 'alice', reason: 'x' }), 1)

  await t.test('an auditor sees of each value what became of it', async (t) => {
    const rows = got(await broker.entries(erin, 0, 1000))
    const states = rows.flatMap(({ openings }) => Object.entries(openings))
    t.equal(states.filter(([, { state }]) => state === 'erased').length, 4)
    t.match(rows[0]?.openings, { reason: { state: 'erased', by: at }, ticket: { state: 'erased', by: at } })
    t.match(states.find(([, { state }]) => state === 'opened'), ['reason', { value: 'not enough said' }])
    const page = (await app.inject({
      url: '/v1/ledger/entries?limit=2',
      headers: { authorization: 'Bearer erin' }
    })).json()
    t.match(page.entries[0].openings, { reason: { state: 'erased', value: null, salt: null, erasedBy: at } })
    t.match(page.entries[1].openings, { reason: { state: 'opened', value: 'not enough said', salt: /^[0-9a-f]{64}$/ } })
  })

  t.match(await exported('after'), { code: 0, openings: { opened: 2, erased: 4, missing: 0 } })
  t.match(await verify('after'), { exit: 0, personal: { opened: 2, erased: 4 } })
  t.notOk(readFileSync(join(out, 'after', 'openings.jsonl'), 'utf8').includes(marker))
  t.match(await exported('before'), { code: 0 }, 'over the export of before')
  t.notOk(readFileSync(file, 'utf8').includes(marker))
  t.match(await exported('before', { openings: false }), { code: 0, openings: null })
  t.notOk(existsSync(file), 'none is left that was not asked for')
  t.match(await verify('before'), { exit: 0, personal: null })

  await t.test('a value that somebody took away is MISSING', async (t) => {
    const copy = copyOf(folder)
    const db = new DatabaseSync(fileOf(copy))
    db.exec("delete from opening where person = 'bob'")
    db.close()
    const robbed = storeIn(t, copy)
    const deps = depsOver({ ...around, store: robbed }, { log }).deps
    const rows = got(await makeBroker(deps, () => {}).entries(erin, 0, 1000))
    t.strictSame(rows[1]?.openings, { reason: { state: 'MISSING' } })
    const lines = readFileSync(join(out, 'after', 'openings.jsonl'), 'utf8').split('\n')
    writeFileSync(join(out, 'after', 'openings.jsonl'), lines.slice(1).join('\n'))
    t.match(await verify('after'), { exit: 1, code: 'opening_missing', firstBad: '1', detail: /^MISSING: 1 / })
  })
})
