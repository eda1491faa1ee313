/**
 * The signed log as it is served and taken away: real verbs and routes over a real store, the CLI
 * over a real socket, and what comes out checked by the offline verifier.
 */
import { randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { ledgerLog } from '../src/broker/ledger-log.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { api } from '../src/cli/api.ts'
import { ledgerStory } from '../src/cli/demo-ledger.ts'
import { ledgerExport } from '../src/cli/ledger-export.ts'
import { ledgerProof } from '../src/cli/ledger-proof.ts'
import { ledgerTail } from '../src/cli/ledger-tail.ts'
import { folderReader, ledgerVerify } from '../src/cli/ledger-verify.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { buildApp } from '../src/http/app.ts'
import type { Auth } from '../src/http/auth.ts'
import { utf8 } from '../src/ledger/bytes.ts'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { parseVerifierKey } from '../src/ledger/note.ts'
import { verifyProofFile } from '../src/ledger/proof-file.ts'
import { signerOf } from '../src/ledger/sign.ts'
import { verifyExport } from '../src/ledger/verify.ts'
import type { LedgerLog, LedgerRow, LedgerStore } from '../src/ports.ts'
import { systemIds } from '../src/system.ts'
import { sealedLog } from './fakes/sealed-log.ts'
import { depsOver, examplePolicy } from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'

const byName: Auth = async (authorization) => {
  const name = /^Bearer ([a-z-]+)$/.exec(authorization ?? '')?.[1]
  return name === undefined
    ? { ok: false, code: 'unauthenticated', error: null, detail: 'Send a bearer token.' }
    : { ok: true, subject: name, signIn: { authAt: null, acr: null, amr: [] } }
}

const origin = 'log.example/ledger'
const policy = await examplePolicy()

const entry = (n: number): Entry =>
  makeEntry(
    `entry:${n}`,
    {
      id: randomUUID(),
      type: 'attempt.refused',
      at: '2026-11-21T10:00:00.000Z',
      actor: 'alice',
      elevation: null,
      target: null,
      policy: null,
      data: { verb: 'get', code: 'unknown_elevation', elevation: null, n }
    },
    []
  )

/** The rows as somebody with the store in his hands would have them; null = left out. */
const changed = (
  store: Pick<LedgerStore, 'entries'>,
  change: (row: LedgerRow) => LedgerRow | null
): Pick<LedgerStore, 'entries'> => ({
  entries: async (from, limit) =>
    (await store.entries(from, limit)).flatMap((row) => change(row) ?? [])
})

const scene = async (t: Pick<Test, 'teardown' | 'fail'>, count: number) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-serve-'))
  let now = Date.UTC(2026, 10, 21, 10)
  let added = count
  const store = openHere(join(folder, 'store'), () => now)
  await store.append(Array.from({ length: count }, (_, n) => entry(n)))
  const running = ledgerLog({
    store: store.log,
    signer: signerOf(origin, new Uint8Array(32).fill(9)),
    now: () => Date.now(),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds)
      return { clear: () => clearTimeout(timer) }
    },
    signed: () => {},
    failed: (cause) => t.fail('sealing failed', { cause })
  })
  store.log.listen(running.wake)
  await running.start()
  let log: LedgerLog = running
  const { deps } = depsOver(
    { store, now: () => now, policy: () => policy },
    {
      log: {
        key: running.key,
        checkpoint: () => log.checkpoint(),
        file: (path) => log.file(path),
        included: (index) => log.included(index)
      }
    }
  )
  const app = await buildApp({
    broker: makeBroker(deps, () => {}),
    auth: byName,
    logger: pino({ level: 'silent' }),
    requestId: () => randomUUID(),
    limits: { perPerson: 100_000, perAddress: 100_000 }
  })
  t.teardown(async () => {
    await app.close()
    await running.stop()
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const get = (who: string, path: string) =>
    app.inject({ url: `/v1/ledger/${path}`, headers: { authorization: `Bearer ${who}` } })
  const post = (who: string, url: string, payload: object) =>
    app.inject({ method: 'POST', url, payload, headers: { authorization: `Bearer ${who}` } })
  const types = async (from: number): Promise<readonly string[]> =>
    (await store.entries(from, 1000)).map(({ body }) => {
      const { type, actor } = JSON.parse(Buffer.from(body).toString())
      return `${type} ${actor}`
    })
  return {
    folder,
    store,
    key: running.key,
    /** so many more, under a signed checkpoint */
    append: async (more: number): Promise<void> => {
      await store.append(Array.from({ length: more }, () => entry(added++)))
      await running.included((await store.log.count()) - 1)
    },
    /** from here on another log is served; null = the real one again */
    swap: (other: LedgerLog | null) => {
      log = other ?? running
    },
    get,
    post,
    types,
    advance: (seconds: number) => {
      now += seconds * 1000
    },
    url: await app.listen({ host: '127.0.0.1', port: 0 })
  }
}

const terminal = (json = false) => {
  const said = { out: [] as string[], err: [] as string[] }
  const to: Terminal = {
    json,
    colour: false,
    out: (line) => void said.out.push(line),
    err: (line) => void said.err.push(line)
  }
  return { to, said }
}

const keyOf = async (text: string) => {
  const key = await parseVerifierKey(text.trim(), nodePrimitives)
  if (key === null) throw new Error('not a key')
  return key
}

const s = await scene(t, 700)

t.test('a checkpoint, its tiles and its bundles are the log, byte for byte', async (t) => {
  const keyText = (await s.get('erin', 'key')).body
  const checkpoint = await s.get('erin', 'checkpoint')
  t.equal(checkpoint.statusCode, 200)
  t.equal(checkpoint.headers['content-type'], 'text/plain; charset=utf-8')
  t.equal(checkpoint.headers['cache-control'], 'no-store')
  t.match(checkpoint.body, new RegExp(`^${origin}\n700\n`))
  const verified = await verifyExport(
    {
      keys: [await keyOf(keyText)],
      strict: true,
      reader: {
        read: async (path) => {
          if (path === 'checkpoint') return Buffer.from(checkpoint.rawPayload)
          const answer = await s.get('erin', path)
          t.equal(answer.headers['content-type'], 'application/octet-stream')
          return Buffer.from(answer.rawPayload)
        }
      }
    },
    nodePrimitives
  )
  t.match(verified, { ok: true, head: { origin, size: 700n } })
})

t.test('a partial file of an earlier size is still there as it was', async (t) => {
  const narrow = ['tile/0/002.p/188', 'tile/entries/002.p/188', 'tile/1/000.p/2']
  const before = await Promise.all(narrow.map((path) => s.get('erin', path)))
  await s.append(220)
  for (const [at, path] of narrow.entries()) {
    const answer = await s.get('erin', path)
    t.equal(answer.statusCode, 200, path)
    t.same(answer.rawPayload, before[at]?.rawPayload)
  }
})

t.test('what the log does not have is not there, and no attempt', async (t) => {
  await s.get('erin', 'checkpoint')
  const absent = [
    'tile/0/008', 'tile/0/008.p/46', 'tile/0/009.p/1', 'tile/2/000.p/1', 'tile/1/000.p/200',
    'tile/0/000.p/256', 'tile/0/000.p/0', 'tile/0/0', 'tile/0/x000/000', 'tile/8/000', 'tile/00/000',
    'tile/entries/008', 'tile/data/000', 'tile/0/000.p/044', 'tile/0/x999/x999/x999/999', 'tile/0/000/',
    'tile/', 'tile/0//000', 'tile/0/%30%30%30', 'tile/%30/000', 'tile/0/000.p%2f4',
    'tile', 'checkpoint/', 'proof/', 'proof/5000', 'proof/999999999999999'
  ]
  for (const path of absent) {
    const answer = await s.get('erin', path)
    t.match([answer.statusCode, answer.json().code], [404, 'not_found'], path)
  }
  for (const id of ['0x1', '-1', '1.0', '00', systemIds.elevation()]) {
    t.match((await s.get('erin', `proof/${id}`)).json(), { code: 'unknown_elevation' }, id)
  }
})

t.test('only auditors read any of it', async (t) => {
  const from = await s.store.log.count()
  const paths = ['key', 'checkpoint', 'entries', 'tile/0/000', 'tile/entries/000', 'proof/0', 'tile/x']
  for (const path of paths) {
    for (const who of ['alice', 'bob', 'sam']) {
      const answer = await s.get(who, path)
      t.match([answer.statusCode, answer.json().code], [403, 'policy_denied'], `${who} ${path}`)
    }
    t.equal((await s.get('nobody', path)).json().code, 'unknown_person')
    t.equal((await s.get('', path)).statusCode, 401)
  }
  const found = await s.types(from)
  t.equal(found.length, paths.length * 3, 'each refused attempt is an entry')
  t.ok(found.every((type) => type.startsWith('attempt.refused ')))
})

t.test('reading is an entry, one per person and minute', async (t) => {
  s.advance(120)
  const from = await s.store.log.count()
  for (const path of ['checkpoint', 'tile/0/000', 'entries?limit=5', 'tile/entries/000', 'proof/3']) {
    t.equal((await s.get('erin', path)).statusCode, 200, path)
  }
  t.strictSame(await s.types(from), ['ledger.read erin'])
  s.advance(59)
  await s.get('erin', 'entries')
  t.strictSame(await s.types(from + 1), [])
  s.advance(1)
  await s.get('erin', 'tile/0/000')
  t.strictSame(await s.types(from + 1), ['ledger.read erin'])
  t.equal((await s.get('erin', 'key')).statusCode, 200)
  t.strictSame(await s.types(from + 2), [])
})

t.test('a proof file convinces whoever has the key, of that entry alone', async (t) => {
  const keys = [await keyOf((await s.get('erin', 'key')).body)]
  for (const index of [0, 1, 255, 256, 511, 512, 699]) {
    const answer = await s.get('erin', `proof/${index}`)
    t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
    t.match(answer.body, /^c2sp\.org\/tlog-proof@v1\n/)
    const proved = await verifyProofFile(answer.rawPayload, keys, nodePrimitives)
    t.match(proved, { ok: true, index: BigInt(index), body: { data: { n: index } } })
    const moved = answer.body.replace(`\nindex ${index}\n`, `\nindex ${index ^ 1}\n`)
    t.match(await verifyProofFile(utf8(moved), keys, nodePrimitives), { code: 'proof_not_included' })
  }
})

t.test('the proof of an elevation is of its last entry', async (t) => {
  const ask = {
    target: 'claims-pii',
    duration: '1h',
    reason: 'suspected fraud ring in Hamburg',
    ticket: 'CLM-4711',
    tables: ['claims.customers']
  }
  const { id } = (await s.post('alice', '/v1/elevations', ask)).json()
  const asked = await s.get('erin', `proof/${id}`)
  const keys = [await keyOf((await s.get('erin', 'key')).body)]
  t.match(await verifyProofFile(asked.rawPayload, keys, nodePrimitives), {
    ok: true,
    body: { type: 'elevation.requested', elevation: id, actor: 'alice' }
  })
  await s.post('alice', `/v1/elevations/${id}/cancel`, {})
  const cancelled = await s.get('erin', `proof/${id}`)
  t.match(await verifyProofFile(cancelled.rawPayload, keys, nodePrimitives), {
    ok: true,
    body: { type: 'elevation.cancelled', elevation: id }
  })
  t.equal((await s.get('alice', `proof/${id}`)).json().code, 'policy_denied', 'nor her own')
})

t.test('a tree whose tiles are not those that were signed gives no proof', async (t) => {
  const whole = sealedLog(origin, s.store)
  const checkpoint = await whole.checkpoint()
  const tiles = sealedLog(origin, changed(s.store, (row) => (row.index === 7 ? { ...row, leaf: new Uint8Array(32) } : row)))
  await tiles.checkpoint()
  s.swap({ ...whole, checkpoint: async () => checkpoint, file: (path) => tiles.file(path) })
  const answer = await s.get('erin', 'proof/6')
  t.match([answer.statusCode, answer.json().code], [500, 'internal'])
  s.swap(whole)
  t.equal((await s.get('erin', 'proof/6')).statusCode, 200)
  s.swap(null)
})

t.test('an export is verified, resumed, and tells what became of the log', async (t) => {
  const own = await scene(t, 600)
  const env = { SALLYPORT_URL: own.url, SALLYPORT_TOKEN: 'erin' }
  const out = join(own.folder, 'audit')
  const dir = join(out, 'export')
  mkdirSync(out)
  const run = async (folder = dir, as = env) => {
    const { to, said } = terminal(true)
    const code = await ledgerExport(api(as), to, folder)
    return { code, out: said.out.map((line) => JSON.parse(line)), err: said.err }
  }
  const verify = async (folder: string, ...anchor: readonly string[]) => {
    const { to, said } = terminal(true)
    const code = await ledgerVerify(to, folder, { key: [join(out, 'ledger.vkey')], anchor, strict: true })
    return { code, ...JSON.parse(said.out.join('')) }
  }
  t.match(await run(), { code: 0, out: [{ ok: true, origin, size: '600', fetched: 7, kept: 0 }] })
  t.match(await verify(dir), { code: 0, ok: true, size: '600' })
  t.equal(readFileSync(join(out, 'ledger.vkey'), 'utf8'), `${own.key}\n`)

  const before = join(out, 'before')
  copyFileSync(join(dir, 'checkpoint'), before)
  rmSync(join(dir, 'tile/0/001'))
  writeFileSync(join(dir, 'tile/0/000'), 'half')
  writeFileSync(join(dir, 'tile/0/001.part'), 'half')
  await own.append(300)
  const grown = await run()
  t.match(grown, { code: 0, out: [{ ok: true, kept: 2 }] }, 'what is whole is not fetched again')
  t.match(await verify(dir, before), { code: 0, anchors: 1 }, 'nothing of the older size is left over')

  const wide = join(dir, 'tile/entries/000')
  const bytes = readFileSync(wide)
  writeFileSync(wide, bytes.with(100, (bytes[100] ?? 0) ^ 1))
  const kept = readFileSync(join(dir, 'checkpoint'))
  await own.append(1)
  t.match(await run(), { code: 1, err: [/entry_mismatch/] }, 'a byte of the folder flipped')
  t.same(readFileSync(join(dir, 'checkpoint')), kept)
  writeFileSync(wide, bytes)
  t.match(await run(), { code: 0 })

  const last = join(out, 'last')
  copyFileSync(join(dir, 'checkpoint'), last)
  own.swap(sealedLog(origin, changed(own.store, (row) => (row.index < 700 ? row : null))))
  t.match(await run(), { code: 1, err: [/anchor_ahead/] }, 'rolled back')
  own.swap(sealedLog(origin, changed(own.store, (row) => (row.index === 5 ? { ...entry(7000), index: 5 } : row))))
  t.match(await run(), { code: 1 }, 'forked, over the files of before')
  t.same(readFileSync(join(dir, 'checkpoint')), readFileSync(last), 'what was exported stays')
  const fresh = join(out, 'fresh')
  mkdirSync(fresh)
  copyFileSync(last, join(fresh, 'checkpoint'))
  t.match(await run(fresh), { code: 1, err: [/anchor_mismatch/] }, 'forked, beside its checkpoint alone')
})

t.test('an export goes nowhere else, and its key is never replaced', async (t) => {
  const env = { SALLYPORT_URL: s.url, SALLYPORT_TOKEN: 'erin' }
  const run = async (folder: string, as: Readonly<Record<string, string>> = env) => {
    const { to, said } = terminal()
    return { code: await ledgerExport(api(as), to, folder), said }
  }
  const home = join(s.folder, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'thesis.txt'), 'x')
  t.match(await run(home), { code: 2, said: { err: [/thesis\.txt/] } })
  t.match(await run(join(home, 'thesis.txt')), { code: 2 })
  t.strictSame(readdirSync(home), ['thesis.txt'])
  const vkey = join(home, 'ledger.vkey')
  writeFileSync(vkey, 'other+00000000+AQ==\n')
  t.match(await run(join(home, 'export')), { code: 0, said: { err: [/another key/] } })
  t.equal(readFileSync(vkey, 'utf8'), 'other+00000000+AQ==\n')
  const none = join(home, 'none')
  t.match(await run(none, { ...env, SALLYPORT_TOKEN: 'alice' }), { code: 1 })
  t.match(await run(none, { ...env, SALLYPORT_TOKEN: '' }), { code: 78 })
  t.match(await run(none, { ...env, SALLYPORT_URL: 'http://127.0.0.1:1' }), { code: 69 })
  t.notOk(existsSync(none))
})

t.test('an empty log is exported as its checkpoint', async (t) => {
  s.swap(sealedLog(origin, { entries: async () => [] }))
  const dir = join(s.folder, 'export')
  const { to } = terminal()
  const env = { SALLYPORT_URL: s.url, SALLYPORT_TOKEN: 'erin' }
  t.equal(await ledgerExport(api(env), to, dir), 0)
  t.strictSame(readdirSync(dir), ['checkpoint'])
  const keys = [await keyOf(s.key)]
  t.match(await verifyExport({ reader: folderReader(dir), keys, strict: true }, nodePrimitives), {
    ok: true,
    head: { size: 0n }
  })
  s.swap(null)
})

t.test('a proof is printed byte for byte, and the tail is one line per entry', async (t) => {
  const env = { SALLYPORT_URL: s.url, SALLYPORT_TOKEN: 'erin' }
  // the read of this minute is in the log and under its checkpoint before both proofs
  await s.get('erin', 'checkpoint')
  await s.append(1)
  const proof = terminal()
  t.equal(await ledgerProof(api(env), proof.to, '17'), 0)
  t.equal(`${proof.said.out.join('\n')}\n`, (await s.get('erin', 'proof/17')).body)
  t.equal(await ledgerProof(api(env), proof.to, '9999'), 2)
  t.equal(await ledgerProof(api(env), proof.to, '../entries'), 1)

  const tail = terminal(true)
  t.equal(await ledgerTail(api(env), tail.to, { from: 480, follow: false }), 0)
  const indexes = tail.said.out.map((line) => JSON.parse(line).index)
  t.strictSame(indexes, Array.from({ length: indexes.length }, (_, n) => n + 480))
  const last = terminal()
  t.equal(await ledgerTail(api(env), last.to, { follow: false }), 0)
  t.match(last.said.out[0], /^ {3}\d{3} {2}2026-11-21T10:\S+Z {2}[a-z]+\.[a-z]+ {2,}[a-z]+/)
  t.equal(await ledgerTail(api({ ...env, SALLYPORT_TOKEN: 'bob' }), last.to, { follow: false }), 1)
})

t.test('the end of the demo finds the flipped byte and the missing tail, over more than one tile', async (t) => {
  const auditor = api({ SALLYPORT_URL: s.url, SALLYPORT_TOKEN: 'erin' })
  const earlier = await auditor.bytes('/v1/ledger/checkpoint')
  if (!earlier.ok) throw new Error('no checkpoint')
  const [, size] = Buffer.from(earlier.bytes).toString().split('\n')
  await s.append(250)
  const folder = join(s.folder, 'demo')
  mkdirSync(folder)
  const steps: unknown[] = []
  for await (const step of ledgerStory({ auditor, folder, entry: 290, earlier: earlier.bytes })) {
    steps.push([step.step, step.ok, step.data['firstBad'] ?? null])
  }
  t.strictSame(steps, [
    ['ledger-export', true, null],
    ['ledger-verify', true, null],
    ['ledger-flipped', true, '290'],
    ['ledger-cut-off', true, size]
  ])
  t.strictSame(readdirSync(folder).toSorted(), ['export', 'ledger.vkey'])
})
