/**
 * A ledger that is not the one that was anchored: held back until an operator says why it goes on, and
 * still told by every older anchor. And its key: changed with both signatures, whenever it crashes.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ledgerExport } from '../src/cli/ledger-export.ts'
import { upkeep } from '../src/cli/ledger-upkeep.ts'
import { ledgerVerify } from '../src/cli/ledger-verify.ts'
import { type Api, objectOf, text } from '../src/cli/api.ts'
import { ledgerPosts } from '../src/slack/ledger-posts.ts'
import type { Running } from '../src/main.ts'
import { brokerScene, quiet } from './ledger-scene-broker.ts'

type Scene = Awaited<ReturnType<typeof brokerScene>>

const copy = (from: string, to: string): void => {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
}

const statusOf = async (broker: Running, path: string) =>
  (await fetch(new URL(path, broker.opsUrl))).status

/** The types of all entries, read by an auditor. */
const entriesOf = async (api: Api) => {
  const answer = await api.get('/v1/ledger/entries?limit=1000')
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem))
  const { entries } = answer.body
  return (Array.isArray(entries) ? entries : []).map((one) => objectOf(objectOf(one)['body']))
}

let exported = 0

/** Exit code and fault of a verification of what the broker has, with what an auditor has. */
const audit = async (
  s: Scene,
  broker: Running,
  given: { readonly anchor?: string; readonly key?: string } = {}
) => {
  const folder = join(s.folder, `export-${++exported}`, 'log')
  mkdirSync(join(folder, '..'))
  const to = quiet()
  const done = await ledgerExport(await s.api(broker, 'erin'), to, folder)
  if (done !== 0) return { exit: done, fault: to.lines.join() }
  const anchors = given.anchor === undefined ? [] : [join(folder, '..', 'anchor')]
  for (const path of anchors) writeFileSync(path, given.anchor ?? '')
  const key = [given.key ?? join(folder, '..', 'ledger.vkey')]
  const said = quiet()
  const exit = await ledgerVerify(said, folder, { key, anchor: anchors, strict: true })
  return { exit, ...objectOf(JSON.parse(said.lines[0] ?? '{}')) }
}

const lastAnchor = (s: Scene): string => {
  const found = s.anchors().map((line) => text(objectOf(JSON.parse(line))['checkpoint']))
  return found.findLast((one) => one !== '') ?? ''
}

/** A broker whose data folder is an older copy of the one that was anchored. */
const restored = async (t: Pick<Test, 'teardown'>) => {
  const s = await brokerScene(t)
  await (await s.start()).close()
  copy(s.data, `${s.data}.old`)
  const later = await s.start()
  for (const person of ['alice', 'bob', 'erin']) {
    await (await s.api(later, person)).post('/v1/elevations/none/cancel')
  }
  await later.close()
  const anchor = lastAnchor(s)
  copy(`${s.data}.old`, s.data)
  return { s, anchor, held: await s.start() }
}

t.test('a restored ledger is held back until an operator accepts it', async (t) => {
  const { s, anchor, held } = await restored(t)
  t.equal(await statusOf(held, '/livez'), 200)
  t.equal(await statusOf(held, '/readyz'), 503)
  const [oscar, alice] = [await s.api(held, 'oscar'), await s.api(held, 'alice')]
  const restoredProblem = { ok: false, exit: 69, problem: { status: 503, code: 'ledger_restored' } }
  for (const path of ['/v1/targets', '/v1/elevations', '/v1/ledger/checkpoint', '/openapi.json']) {
    t.match(await oscar.get(path), restoredProblem, path)
  }
  t.match(await oscar.post('/v1/ledger/rotate-key', { reason: 'no' }), restoredProblem)
  t.match(await alice.post('/v1/ledger/accept-restore', { reason: 'me' }), { problem: { code: 'policy_denied' } })
  t.match(await oscar.post('/v1/ledger/accept-restore', {}), { problem: { code: 'invalid_body' } })
  const stranger = await fetch(`${held.url}/v1/ledger/accept-restore`, { method: 'POST' })
  t.equal(stranger.status, 401)
  t.equal(await statusOf(held, '/readyz'), 503, 'nothing of that accepts it')

  const said = quiet()
  const act = { verb: 'accept-restore', reason: 'the disk died, backup of noon' } as const
  t.equal(await upkeep(oscar, said, act), 0)
  t.match(JSON.parse(said.lines[0] ?? ''), { size: 1 })
  t.equal(await statusOf(held, '/readyz'), 200)
  t.match(await alice.get('/v1/targets'), { ok: true })
  t.match(await oscar.post('/v1/ledger/accept-restore', { reason: 'again' }), { problem: { code: 'conflict' } })
  const entries = await entriesOf(await s.api(held, 'erin'))
  const [accepted, ...more] = entries.filter(({ type }) => type === 'ledger.restored')
  t.equal(more.length, 0)
  t.match(accepted, {
    actor: 'oscar',
    data: { anchor: { size: /^[0-9]+$/, root: /=$/ }, head: { size: 1, root: /=$/ }, witness: null },
    commitments: { reason: /^[0-9a-f]{64}$/ }
  })
  t.notOk(JSON.stringify(entries).includes('the disk died'))
  const refused = entries.filter(({ type, actor }) => type === 'attempt.refused' && actor === 'alice')
  t.match(refused[0], { data: { verb: 'acceptRestore', code: 'policy_denied' } })
  t.ok(s.anchors().some((line) => line.includes('"restored":1')), 'the anchors say so')

  t.match(await audit(s, held), { exit: 0 })
  const told = await audit(s, held, { anchor })
  t.equal(told.exit, 1, 'whoever has the old anchor sees it')
  t.match(told, { code: /^anchor_(ahead|mismatch)$/ })
  await held.close()
  const again = await s.start()
  t.equal(await statusOf(again, '/readyz'), 200, 'accepted once is enough')
  t.match(await audit(s, again, { anchor: lastAnchor(s) }), { exit: 0 })
})

t.test('the drill: a copy of the running broker, the disk lost, and what came after it is held', async (t) => {
  const s = await brokerScene(t)
  const first = await s.start()
  const [alice, oscar] = [await s.api(first, 'alice'), await s.api(first, 'oscar')]
  await alice.post('/v1/elevations/none/cancel')
  t.match(await alice.post('/v1/ledger/backup', { reason: 'mine' }), { problem: { code: 'policy_denied' } })
  const said = quiet()
  t.equal(await upkeep(oscar, said, { verb: 'backup', reason: 'nightly' }), 0)
  const { file, bytes } = objectOf(JSON.parse(said.lines[0] ?? ''))
  const kept = join(s.folder, 'kept')
  mkdirSync(kept, { mode: 0o700 })
  copy(text(file), join(kept, 'sallyport.db'))
  t.equal(statSync(text(file)).size, bytes)
  t.equal(statSync(text(file)).mode & 0o777, 0o600)
  for (const key of ['ledger.key', 'personal.key']) copy(join(s.data, key), join(kept, key))
  for (const person of ['bob', 'erin']) {
    await (await s.api(first, person)).post('/v1/elevations/none/cancel')
  }
  await first.close()
  const anchor = lastAnchor(s)

  rmSync(s.data, { recursive: true })
  copy(kept, s.data)
  const second = await s.start()
  t.equal(await statusOf(second, '/readyz'), 503)
  t.match(await (await s.api(second, 'alice')).get('/v1/targets'), { problem: { code: 'ledger_restored' } })
  const accepting = { verb: 'accept-restore', reason: 'the disk died, copy of the night' } as const
  t.equal(await upkeep(await s.api(second, 'oscar'), quiet(), accepting), 0)
  t.equal(await statusOf(second, '/readyz'), 200)
  const actors = (await entriesOf(await s.api(second, 'erin'))).map(({ type, actor }) => [type, actor])
  const of = (type: string) => actors.filter(([one]) => one === type).map(([, actor]) => actor)
  t.strictSame(of('attempt.refused'), ['alice', 'alice'], 'what was before the copy is there')
  t.strictSame(of('store.copied'), ['oscar'], 'the copy says that it was made')
  t.equal(of('ledger.restored').length, 1)
  t.match(await audit(s, second), { exit: 0 })
  t.match(await audit(s, second, { anchor }), { exit: 1 }, 'the anchor outside knows what was lost')
})

t.test('held back, it stays so over restarts, and the right data end it', async (t) => {
  const { s, held } = await restored(t)
  await held.close()
  const again = await s.start()
  t.equal(await statusOf(again, '/readyz'), 503)
  await again.close()
  // an acceptance that was written, and nothing after it
  const line = JSON.stringify({ at: 'now', restored: 1, anchor: '5', witness: null })
  writeFileSync(join(s.folder, 'anchors'), `${s.anchors().join('\n')}\n${line}\n`)
  const third = await s.start()
  t.equal(await statusOf(third, '/readyz'), 503)
})

t.test('an anchor file that is lost is told, and another log\'s is refused', async (t) => {
  const s = await brokerScene(t)
  await (await s.start()).close()
  unlinkSync(join(s.folder, 'anchors'))
  s.lines.length = 0
  await (await s.start()).close()
  t.ok(s.lines.some((line) => line.includes('"event":"anchor_file_empty"')))
  const other = s.anchors().join('\n').replaceAll('sallyport.local/ledger', 'elsewhere.example/log')
  writeFileSync(join(s.folder, 'anchors'), `${other}\n`)
  await t.rejects(s.start(), { name: 'StartError' })
})

const keyFiles = ['ledger.key', 'ledger.key.next', 'ledger.key.retired'] as const
const keysIn = (s: Scene) =>
  keyFiles.map((name) => {
    const path = join(s.data, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : null
  })
const putKeys = (s: Scene, files: readonly (string | null)[]): void => {
  for (const [n, name] of keyFiles.entries()) {
    const file = files[n] ?? null
    rmSync(join(s.data, name), { force: true })
    if (file !== null) writeFileSync(join(s.data, name), file, { mode: 0o600 })
  }
}
const vkeyOf = async (s: Scene, broker: Running): Promise<string> =>
  Buffer.from(await bytesOf(await s.api(broker, 'erin'), '/v1/ledger/key')).toString().trim()
const bytesOf = async (api: Awaited<ReturnType<Scene['api']>>, path: string): Promise<Uint8Array> => {
  const answer = await api.bytes(path)
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem))
  return answer.bytes
}

t.test('the key changes with both signatures, and a crash anywhere leaves one of them', async (t) => {
  const s = await brokerScene(t)
  let broker = await s.start()
  const old = await vkeyOf(s, broker)
  const alice = await s.api(broker, 'alice')
  t.match(await alice.post('/v1/ledger/rotate-key', { reason: 'mine' }), { problem: { code: 'policy_denied' } })
  await broker.close()
  const before = keysIn(s)
  copy(s.data, `${s.data}.before`)
  copy(join(s.folder, 'anchors'), join(s.folder, 'anchors.before'))

  broker = await s.start()
  const said = quiet()
  const act = { verb: 'rotate-key', reason: 'the operator left' } as const
  t.equal(await upkeep(await s.api(broker, 'oscar'), said, act), 0)
  const { key } = JSON.parse(said.lines[0] ?? '{}')
  t.not(key, old)
  t.equal(await vkeyOf(s, broker), key)
  t.match(await audit(s, broker, { key: old }), { exit: 0, keyChanges: 1 }, 'followed from the old key')
  t.match(await audit(s, broker, { key }), { exit: 0 })
  const signatures = async (): Promise<number | undefined> => {
    const checkpoint = await bytesOf(await s.api(broker, 'erin'), '/v1/ledger/checkpoint')
    return Buffer.from(checkpoint).toString().match(/\u2014/g)?.length
  }
  // the next that is sealed: what was read of the ledger is an entry of its own
  while ((await signatures()) === 2) await settle()
  t.equal(await signatures(), 1, 'afterwards only the new')
  await broker.close()
  const both = s.anchors().filter((line) => (line.match(/\u2014/g)?.length ?? 0) === 2)
  t.ok(both.length > 0, 'the one over the change has both')
  const after = keysIn(s)
  t.strictSame(after[1], null)
  t.ok(after[2]?.includes(old))
  copy(s.data, `${s.data}.after`)
  copy(join(s.folder, 'anchors'), join(s.folder, 'anchors.after'))

  const next = `${after[0]}1\n`
  const crashes: readonly (readonly [string, 'before' | 'after', readonly (string | null)[], string])[] = [
    ['the new key made, no entry', 'before', [before[0] ?? '', next, null], old],
    ['the entry made', 'after', [before[0] ?? '', next, null], key],
    ['the old one noted', 'after', [before[0] ?? '', next, after[2] ?? null], key],
    ['the new one in its place', 'after', [after[0] ?? '', next, after[2] ?? null], key]
  ]
  for (const [name, data, files, want] of crashes) {
    copy(`${s.data}.${data}`, s.data)
    copy(join(s.folder, `anchors.${data}`), join(s.folder, 'anchors'))
    putKeys(s, files)
    const started = await s.start()
    t.equal(await statusOf(started, '/readyz'), 200, name)
    t.equal(await vkeyOf(s, started), want, name)
    // without its entry it waits: another replica may be about to enter it
    t.equal(keysIn(s)[1], data === 'before' ? next : null, name)
    t.match(await audit(s, started, { key: old }), { exit: 0 }, name)
    await started.close()
  }
  broker = await s.start()
  const second = await (await s.api(broker, 'oscar')).post('/v1/ledger/rotate-key', { reason: 'again' })
  t.match(second, { ok: true })
  t.match(await audit(s, broker, { key: old }), { exit: 0, keyChanges: 2 })
})

const settle = () => new Promise(setImmediate)

t.test('checkpoints are posted once an hour, and at once after a restore', async (t) => {
  const posts: { channel: string; message: { text: string; blocks: unknown } }[] = []
  const timers: { readonly ms: number; readonly run: () => void }[] = []
  let isDown = false
  const telling = ledgerPosts({
    channel: 'C0LEDGER',
    client: {
      post: async (what) => {
        if (isDown) return { ok: false, fault: { kind: 'unavailable', code: 'down' } }
        posts.push(what)
        return { ok: true, value: { channel: what.channel, ts: '1' } }
      }
    },
    schedule: (ms, run) => {
      const one = { ms, run }
      timers.push(one)
      return () => void timers.splice(timers.indexOf(one), timers.includes(one) ? 1 : 0)
    },
    logger: { warn: () => {} }
  })
  const tell = async (size: number, isAnew = false): Promise<void> => {
    telling.tell({ checkpoint: Buffer.from(`log\n${size}\nroot=\n\n\u2014 log sig=\n`), size, isAnew })
    await settle()
  }
  const sizes = () => posts.map(({ message }) => /[0-9]+/.exec(message.text)?.[0])
  for (const size of [1, 2, 3]) await tell(size)
  t.strictSame(sizes(), ['1'])
  t.equal(timers[0]?.ms, 3_600_000)
  timers.shift()?.run()
  await settle()
  t.strictSame(sizes(), ['1', '3'], 'the last, an hour later')
  await tell(2, true)
  t.strictSame(sizes(), ['1', '3', '2'], 'at once, though smaller')
  t.match(JSON.stringify(posts[0]), /rich_text_preformatted.*log\\n1\\nroot=\\n\\n/)
  isDown = true
  await tell(4)
  timers.pop()?.run()
  await settle()
  isDown = false
  t.equal(timers.at(-1)?.ms, 60_000, 'tried again a minute after it failed')
  timers.pop()?.run()
  await settle()
  t.equal(sizes().at(-1), '4')
  await telling.stop()
})
