/**
 * Sealing: one tree whoever seals it and whenever they die, receipts before answers, anchors that
 * the log must have, and a broker that decides nothing while its ledger cannot be written.
 */
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { anchorFault, anchors } from '../src/broker/anchors.ts'
import { type After, type RunningLog, ledgerLog } from '../src/broker/ledger-log.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { receiptedReviews } from '../src/broker/record.ts'
import { type SealStore, sealer } from '../src/broker/seal.ts'
import { treeFile } from '../src/broker/tree-files.ts'
import { readConfig } from '../src/config.ts'
import { instant } from '../src/elevation/ids.ts'
import { thrownProblem } from '../src/http/problem.ts'
import { isEqual } from '../src/ledger/bytes.ts'
import { openCheckpoint } from '../src/ledger/checkpoint.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { rootOver } from '../src/ledger/merkle.ts'
import { signCheckpoint, signerOf } from '../src/ledger/sign.ts'
import { verifyExport } from '../src/ledger/verify.ts'
import { startBroker } from '../src/main.ts'
import type { LedgerLog } from '../src/ports.ts'
import { openAnchorFile } from '../src/store/anchor-file.ts'
import { prepareFolder } from '../src/store/folder.ts'
import { ledgerKey } from '../src/store/ledger-key.ts'
import { engineOver, type Request } from '../src/store/sqlite.ts'
import { openDatabase } from '../src/store/sqlite-database.ts'
import { groupsOn } from '../src/store/sqlite-session.ts'
import { type Store, storeOver } from '../src/store/store.ts'
import { testWrap } from './fakes/key-wrap.ts'
import { fakeAws } from './fakes/aws.ts'
import { alwaysIncluded } from './fakes/ledger-log.ts'
import { alice, ask, bob, byCli, depsOver, examplePolicy } from './fixtures-broker.ts'
import { engineHere } from './fixtures-store.ts'
import { shippedPolicies } from './place.ts'
import { entry } from './store-contract.ts'

const scratch = mkdtempSync(join(tmpdir(), 'sallyport-seal-'))
t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
let made = 0
const newFolder = (): string => join(scratch, `f${++made}`)
const origin = 'example.com/log'
const signer = signerOf(origin, new Uint8Array(32).fill(7))
const other = signerOf(origin, new Uint8Array(32).fill(8))

/** The store of a folder, in this thread. `isBroken` makes every group fail. */
const openHere = (folder: string, isBroken = () => false): Store => {
  const db = openDatabase({ file: prepareFolder(folder), openedAt: 0 })
  const answer = groupsOn(db)
  const run = async (group: readonly Request[]) =>
    isBroken()
      ? group.map(() => ({ kind: 'failed', code: 'unavailable', message: 'disk full' }) as const)
      : answer(group)
  const limits = { queue: 1000, timeoutMilliseconds: 1000 }
  const engine = engineOver({ run, end: async () => db.close() }, limits)
  return storeOver(engine, () => 0, testWrap)
}

const opened = (t: Pick<typeof import('tap').t, 'teardown'>, isBroken?: () => boolean): Store => {
  const store = openHere(newFolder(), isBroken)
  t.teardown(() => store.close())
  return store
}

const add = async (store: Store, count: number): Promise<void> => {
  const entries = Array.from({ length: count }, () => entry(randomUUID(), null, null))
  for (let n = 0; n < count; n += 500) await store.append(entries.slice(n, n + 500))
}

const sealAll = async (seal: ReturnType<typeof sealer>): Promise<void> => {
  while ((await seal()).more);
}

const naiveRoot = async (store: Store): Promise<Uint8Array> => {
  const rows = await store.entries(0, 100_000)
  return rootOver(Buffer.concat(rows.map(({ leaf }) => leaf)), nodePrimitives)
}

/** The signed size, once the root is the naive one and every file of that size verifies. */
const soundSize = async (store: Store): Promise<number> => {
  const checkpoint = (await store.log.head())?.checkpoint ?? new Uint8Array()
  const head = await openCheckpoint(checkpoint, [signer], nodePrimitives)
  if (!head.ok) throw new Error(head.code)
  if (!isEqual(head.head.root, await naiveRoot(store))) throw new Error('another root')
  const read = async (path: string) =>
    path === 'checkpoint' ? checkpoint : ((await treeFile(store.log, path))?.slice() ?? 'missing')
  const verified = await verifyExport({ reader: { read }, keys: [signer] }, nodePrimitives)
  if (!verified.ok) throw new Error(JSON.stringify(verified.fault.code))
  return Number(head.head.size)
}

/** Time that only moves when told; `run` runs what is due. */
const handTime = () => {
  let now = 0
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  const after: After = (milliseconds, run) => {
    const one = { at: now + milliseconds, run }
    timers.add(one)
    return { clear: () => void timers.delete(one) }
  }
  const advance = (milliseconds: number): void => {
    now += milliseconds
    for (const one of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(one)
      one.run()
    }
  }
  return { after, advance, now: () => now }
}

const logOn = (store: SealStore, time = handTime()) => {
  const told: number[] = []
  const causes: unknown[] = []
  const log: RunningLog = ledgerLog({
    store,
    signer,
    now: time.now,
    after: time.after,
    signed: (_, size) => void told.push(size),
    failed: (cause) => void causes.push(cause)
  })
  return { log, time, told, causes }
}

t.test('the root is the naive one at every size, and every file verifies', async (t) => {
  const store = opened(t)
  const seal = sealer(store.log, signer)
  let size = 0
  for (const more of [1, 1, 3, 250, 1, 1, 254, 2, 700]) {
    await add(store, more)
    await sealAll(seal)
    size += more
    t.equal(await soundSize(store), size, `${size} entries`)
  }
})

t.test('10,000 entries are sealed, and sealed on after a restart', async (t) => {
  const store = opened(t)
  await add(store, 10_000)
  const began = performance.now()
  await sealAll(sealer(store.log, signer))
  t.comment(`10,000 entries sealed in ${Math.round(performance.now() - began)} ms`)
  t.equal(await soundSize(store), 10_000)
  await add(store, 300)
  await sealAll(sealer(store.log, signer))
  t.equal(await soundSize(store), 10_300)
})

t.test('files beyond the tree are not there, and narrower ones are their beginning', async (t) => {
  const store = opened(t)
  t.equal(await treeFile(store.log, 'tile/0/000.p/1'), null)
  await add(store, 300)
  await sealAll(sealer(store.log, signer))
  const lengthOf = async (path: string) => (await treeFile(store.log, path))?.length ?? null
  const cases = [
    ['tile/0/000', 8192],
    ['tile/0/000.p/5', 160],
    ['tile/0/001.p/44', 1408],
    ['tile/0/001.p/43', 1376],
    ['tile/0/001.p/45', null],
    ['tile/0/001', null],
    ['tile/1/000.p/1', 32],
    ['tile/1/000.p/2', null],
    ['tile/entries/001.p/45', null],
    ['tile/entries/x999/x999/x999/x999/x999/999', null],
    ['tile/0/1', null],
    ['checkpoint', null],
    ['../sallyport.db', null]
  ] as const
  for (const [path, length] of cases) t.equal(await lengthOf(path), length, path)
  const whole = await treeFile(store.log, 'tile/entries/001.p/44')
  const part = await treeFile(store.log, 'tile/entries/001.p/3')
  t.ok(whole && part && isEqual(whole.subarray(0, part.length), part))
})

const died = new Error('died')
const dies = async (): Promise<never> => {
  throw died
}
const crashes: readonly (readonly [string, (log: Store['log']) => SealStore])[] = [
  ['before the head', (log) => ({ ...log, grow: dies })],
  [
    'after the head, unconfirmed',
    (log) => ({
      ...log,
      grow: async (grown, version) => (await log.grow(grown, version)) && dies()
    })
  ]
]

for (const [name, crashing] of crashes) {
  t.test(`a crash ${name} leaves a log that the next one takes up`, async (t) => {
    const store = opened(t)
    await add(store, 255)
    await sealAll(sealer(store.log, signer))
    await add(store, 600)
    const seal = sealer(crashing(store.log), signer)
    await t.rejects(seal(), died)
    t.equal(((await store.log.head())?.signed ?? 0) % 600, 255)
    await sealAll(sealer(store.log, signer))
    t.equal(await soundSize(store), 855)
  })
}

t.test('the same sealer goes on after a failure', async (t) => {
  const store = opened(t)
  await add(store, 300)
  let isDying = true
  const grow: SealStore['grow'] = (grown, version) =>
    isDying ? dies() : store.log.grow(grown, version)
  const seal = sealer({ ...store.log, grow }, signer)
  await t.rejects(seal(), died)
  isDying = false
  await seal()
  t.equal(await soundSize(store), 300)
})

t.test('a store that is slow for a moment does not end the start, one that stays so does', async (t) => {
  const store = opened(t)
  await add(store, 3)
  let failures = 4
  const grow: SealStore['grow'] = (grown, version) =>
    failures-- > 0 ? dies() : store.log.grow(grown, version)
  const { log, causes } = logOn({ ...store.log, grow })
  await log.start()
  t.equal(causes.length, 4, 'each of them is told')
  t.equal(await soundSize(store), 3)
  await log.stop()
  await add(store, 1)
  failures = 5
  await t.rejects(logOn({ ...store.log, grow }).log.start(), died)
})

t.test('two sealers at once make one tree', async (t) => {
  const store = opened(t)
  const sealers = [sealer(store.log, signer), sealer(store.log, signer)]
  let lost = 0
  for (let n = 0; n < 40; n++) {
    const outcomes = await Promise.all([add(store, 17), ...sealers.map((seal) => seal())])
    lost += outcomes.filter((one) => one?.more).length
  }
  await Promise.all(sealers.map(sealAll))
  t.equal(await soundSize(store), 680)
  t.ok(lost > 0, `${lost} lost races`)
})

t.test('an earlier checkpoint does not replace a later one', async (t) => {
  const store = opened(t)
  await add(store, 5)
  await sealAll(sealer(store.log, signer))
  const head = await store.log.head()
  if (head === null) throw new Error('no head')
  const older = { head: { ...head, size: 3 }, tiles: [], checkpoint: Buffer.from('an older one') }
  const another = { head, tiles: [], checkpoint: Buffer.from('another one') }
  for (const grown of [older, another]) {
    for (const version of [null, head.version - 1, head.version]) {
      t.notOk(await store.log.grow(grown, version))
    }
  }
  t.equal(await soundSize(store), 5)
})

t.test('what was changed in the store is not sealed', async (t) => {
  const sealed = async () => {
    const store = opened(t)
    await add(store, 10)
    await sealAll(sealer(store.log, signer))
    await add(store, 2)
    return store.log
  }
  const log = await sealed()
  const head = await log.head()
  if (head === null) throw new Error('no head')
  const changed = async (index: number, limit: number) =>
    (await log.entries(index, limit)).map((row) =>
      row.index === 11 ? { ...row, body: Buffer.from('{}') } : row
    )
  const gone = async (index: number, limit: number) =>
    (await log.entries(index, limit)).filter((row) => row.index !== 10)
  const swapped = async (index: number, limit: number) =>
    (await log.entries(index, limit)).map((row) =>
      row.index === 4 ? { ...row, leaf: new Uint8Array(32) } : row
    )
  const stores: readonly SealStore[] = [
    { ...log, entries: changed },
    { ...log, entries: gone },
    { ...log, entries: swapped },
    { ...log, head: async () => ({ ...head, root: new Uint8Array(32) }) },
    { ...log, head: async () => ({ ...head, edge: [] }) },
    { ...log, head: async () => ({ ...head, frontier: new Uint8Array(32) }) }
  ]
  for (const store of stores) await t.rejects(sealer(store, signer)(), { name: 'Error' })
  t.equal((await log.head())?.size, 10)
})

t.test('a receipt comes with the checkpoint, or not within a second', async (t) => {
  let isBroken = false
  const store = opened(t, () => isBroken)
  const { log, time, told, causes } = logOn(store.log)
  store.log.listen(log.wake)
  await log.start()
  await t.rejects(log.checkpoint(), { name: 'Error' })
  await add(store, 3)
  await log.included(2)
  t.strictSame(told, [3])
  t.equal(await soundSize(store), 3)
  await log.included(0)
  await log.check()

  isBroken = true
  const late = log.included(3)
  const rejected = t.rejects(late, { name: 'TimeoutError' })
  // every failed round asks for the next a tenth of a second later
  for (let n = 0; n < 10; n++) {
    await new Promise(setImmediate)
    time.advance(100)
  }
  await rejected
  t.equal(thrownProblem(await late.catch((cause: unknown) => cause)).code, 'ledger_unavailable')
  t.ok(causes.length > 0)
  time.advance(1)
  await t.rejects(log.check(), Error, 'not ready')

  isBroken = false
  await add(store, 1)
  await log.included(3)
  await log.check()
  t.equal(await soundSize(store), 4)
  await add(store, 5)
  await log.stop()
  t.equal(await soundSize(store), 9)
})

t.test('a head that is read while the next is sealed is not behind it', async (t) => {
  const store = opened(t)
  const held = new EventEmitter()
  let answered: Promise<unknown> | null = null
  const head: SealStore['head'] = async () => {
    const found = await store.log.head()
    await answered
    return found
  }
  const { log } = logOn({ ...store.log, head })
  store.log.listen(log.wake)
  await log.start()
  await add(store, 1)
  await log.included(0)
  answered = once(held, 'answer')
  const checked = log.check()
  await add(store, 1)
  await log.included(1)
  held.emit('answer')
  await t.resolves(checked)
  await log.stop()
})

const brokerOn = async (store: Store, log: LedgerLog) => {
  const now = Date.UTC(2026, 10, 21, 10)
  const policy = await examplePolicy()
  const { deps } = depsOver(
    { store, now: () => now, policy: () => policy },
    { log, reviews: receiptedReviews(store, log) }
  )
  const broker = makeBroker(deps, () => {})
  const submitted = await broker.submit(byCli(alice), ask)
  if (!submitted.ok) throw new Error(submitted.refusal.message)
  const { id } = submitted.value.elevation.elevation
  return {
    id,
    approve: () => broker.approve(byCli(bob), id),
    credentials: () => broker.credentials(byCli(alice), id)
  }
}

t.test('an approval and a session are answered only when their entries are included', async (t) => {
  const store = opened(t)
  const { log } = logOn(store.log)
  store.log.listen(log.wake)
  await log.start()
  const asked: number[] = []
  let isIncluded = true
  const spied: LedgerLog = {
    ...log,
    included: async (index) => {
      asked.push(index)
      if (!isIncluded) throw new DOMException('not yet', 'TimeoutError')
      await log.included(index)
    }
  }
  const scene = await brokerOn(store, spied)
  t.strictSame(asked, [])
  t.match(await scene.approve(), { ok: true })
  const count = await store.log.count()
  t.strictSame(asked, [count - 1], 'the last of its entries')
  isIncluded = false
  const refused = await scene.credentials().catch((cause: unknown) => cause)
  t.equal(thrownProblem(refused).code, 'ledger_unavailable', 'no session without its receipt')
  isIncluded = true
  t.match(await scene.credentials(), { ok: true })
  await log.stop()
  t.equal(await soundSize(store), await store.log.count())
})

t.test('a review is answered only when its entry is included', async (t) => {
  const asked: number[] = []
  const log = { ...alwaysIncluded, included: async (index: number) => void asked.push(index) }
  const elevation = (await brokerOn(opened(t), alwaysIncluded)).id
  const review = { elevation, by: bob, at: instant(0) }
  for (const done of [{ kind: 'conflict' }, { kind: 'committed', indexes: [4, 5] }] as const) {
    const reviews = receiptedReviews({ review: async () => done }, log)
    t.strictSame(await reviews.review(review, []), done)
  }
  t.strictSame(asked, [5])
})

t.test('while the store fails nothing is decided, and within a second', async (t) => {
  let isBroken = false
  const store = opened(t, () => isBroken)
  const scene = await brokerOn(store, alwaysIncluded)
  const before = await store.log.count()
  for (const verb of [scene.approve, scene.credentials]) {
    isBroken = true
    const began = performance.now()
    const failed = await verb().catch((cause: unknown) => cause)
    t.equal(thrownProblem(failed).code, 'ledger_unavailable')
    t.ok(performance.now() - began < 1000)
  }
  isBroken = false
  t.equal(await store.log.count(), before)
  t.match(await scene.approve(), { ok: true }, 'it recovers by itself')
})

t.test('the key is made once, for its owner alone', async (t) => {
  const folder = newFolder()
  mkdirSync(folder)
  const path = join(folder, 'ledger.key')
  const first = ledgerKey({ path, origin, mayMake: true })
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(ledgerKey({ path, origin, mayMake: false }).id, first.id)
  const refused = (at: string, name = origin, mayMake = true) => {
    try {
      return ledgerKey({ path: at, origin: name, mayMake }).id
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : 'another error'
    }
  }
  const link = join(folder, 'link')
  symlinkSync(path, link)
  const broken = join(folder, 'broken')
  writeFileSync(broken, 'PRIVATE+KEY+none', { mode: 0o600 })
  t.equal(refused(path, 'example.com/other'), 'corrupt')
  t.equal(refused(link), 'exposed')
  t.equal(refused(broken), 'corrupt')
  t.equal(refused(folder), 'corrupt')
  t.equal(refused(join(folder, 'none'), origin, false), 'corrupt', 'no new key for a signed log')
  t.equal(refused(join(folder, 'none', 'key')), 'not_writable')
  chmodSync(path, 0o640)
  t.equal(refused(path), 'exposed')
})

t.test('an anchor that the log cannot be of is told', async (t) => {
  const store = opened(t)
  await add(store, 300)
  await sealAll(sealer(store.log, signer))
  const early = (await store.log.head())?.checkpoint ?? new Uint8Array()
  await add(store, 400)
  const unsealed = (await store.log.head())?.checkpoint ?? new Uint8Array()
  await sealAll(sealer(store.log, signer))
  const late = (await store.log.head())?.checkpoint ?? new Uint8Array()
  for (const fine of [early, unsealed, late]) {
    t.equal(await anchorFault(store.log, signer, fine), null)
  }
  const root = new Uint8Array(32).fill(1)
  const forked = (size: bigint, by = signer) => signCheckpoint({ origin, size, root }, [by])
  const wrong = [
    [await forked(300n), /not those of the last anchor/],
    [await forked(700n), /not those of the last anchor/],
    [await forked(701n), /700 entries, the last anchor has 701/],
    [await forked(2n ** 64n - 1n), /700 entries/],
    [await forked(300n, other), /not signed by this ledger's key/],
    [Buffer.from('nothing'), /not signed/]
  ] as const
  for (const [anchor, told] of wrong) t.match(await anchorFault(store.log, signer, anchor), told)
  await add(store, 10)
  t.match(await anchorFault(store.log, signer, await forked(705n)), /700 entries are sealed/)
})

t.test('the anchor file is only appended to, and a torn line is passed over', async (t) => {
  const folder = newFolder()
  const path = join(scratch, `anchors-${made}`)
  await t.rejects(openAnchorFile(join(folder, 'anchors'), folder), { code: 'exposed' })
  await t.rejects(openAnchorFile(scratch, folder), { name: 'StoreError' })
  const append = async (size: number) => {
    const file = await openAnchorFile(path, folder)
    await file.append({ at: 'now', size, checkpoint: Buffer.from(`size ${size}`) })
    await file.close()
    return file.last?.toString() ?? null
  }
  t.equal(await append(1), null)
  t.equal(await append(2), 'size 1')
  appendFileSync(path, '{"at":"now","si')
  t.equal(await append(3), 'size 2')
  t.equal(await append(4), 'size 3')
  t.equal(readFileSync(path, 'utf8').split('\n').length, 6)
  writeFileSync(path, 'not one line of ours\n')
  await t.rejects(openAnchorFile(path, folder), { code: 'corrupt' })
})

t.test('at most one checkpoint a second is told, and always the last', async (t) => {
  const time = handTime()
  const told: number[] = []
  let isFailing = false
  const telling = anchors({
    publish: async ({ size }) => {
      if (isFailing) throw new Error('disk full')
      told.push(size)
    },
    after: time.after,
    failed: () => {}
  })
  const later = async (milliseconds: number): Promise<void> => {
    time.advance(milliseconds)
    await new Promise(setImmediate)
  }
  for (let n = 1; n <= 5; n++) telling.tell(new Uint8Array(), n)
  await later(0)
  t.equal(told.length, 1)
  await later(999)
  t.equal(told.length, 1)
  await later(1)
  t.equal(told.at(-1), 5)
  isFailing = true
  telling.tell(new Uint8Array(), 6)
  await later(1000)
  await t.rejects(telling.check(), Error)
  isFailing = false
  await later(1000)
  await telling.check()
  t.equal(told.at(-1), 6)
  telling.tell(new Uint8Array(), 7)
  telling.tell(new Uint8Array(), 8)
  await telling.stop()
  t.equal(told.at(-1), 8)
})

t.test('a broker starts only where its ledger has what was anchored', async (t) => {
  const folder = newFolder()
  const data = join(folder, 'data')
  const anchorFile = join(folder, 'anchors')
  mkdirSync(folder)
  const lines: string[] = []
  const start = async (more: Record<string, string> = {}) => {
    const read = readConfig({
      SALLYPORT_PORT: '0',
      SALLYPORT_OPS_PORT: '0',
      SALLYPORT_DATA_DIR: data,
      SALLYPORT_ANCHOR_FILE: anchorFile,
      SALLYPORT_POLICIES: shippedPolicies,
      SALLYPORT_OIDC_ISSUER: 'https://idp.example',
      SALLYPORT_BROKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sallyport',
      ...more
    })
    if (!read.ok) throw new Error(read.problems.join('; '))
    const { sessions, grants, queries, catalogs, runs, probes } = fakeAws(() => Date.now())
    return startBroker(read.config, {
      engine: engineHere,
      logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
      ports: { sessions, grants, queries, catalogs, runs, probes }
    })
  }
  const restart = async (): Promise<void> => {
    const running = await start()
    const ready = await fetch(`${running.opsUrl}/readyz`)
    t.match(await ready.json(), { checks: [{ name: 'store' }, { name: 'ledger', ok: true }, {}] })
    await running.close()
  }
  await restart()
  t.equal(statSync(join(data, 'ledger.key')).mode & 0o777, 0o600)
  t.ok(lines.some((line) => line.includes('"event":"checkpoint"')))
  cpSync(data, join(folder, 'backup'), { recursive: true })
  await restart()
  rmSync(data, { recursive: true })
  cpSync(join(folder, 'backup'), data, { recursive: true })
  const refused = { name: 'StartError', kind: 'unavailable' }
  const held = await start()
  t.equal((await fetch(`${held.opsUrl}/readyz`)).status, 503)
  await held.close()
  t.ok(lines.some((line) => /the store has 1 entries, the last anchor has 2/.test(line)))
  await t.rejects(start({ SALLYPORT_LEDGER_ORIGIN: 'example.com/x' }), refused)
  rmSync(join(data, 'ledger.key'))
  await t.rejects(start(), { ...refused, message: /missing/ })
})
