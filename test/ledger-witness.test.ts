/**
 * A witness of our log and our log under a witness's eyes: over real HTTP, with what it refuses, what
 * it remembers over a crash, and what a broker does without it, behind it, and against it.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { base64, concat, utf8 } from '../src/ledger/bytes.ts'
import { askWitness } from '../src/broker/witnessing.ts'
import {
  type WitnessKey,
  cosignatureLine,
  cosignatures,
  cosignedText,
  parseWitnessKey,
  witnessKeyId,
  witnessKeyText
} from '../src/ledger/cosignature.ts'
import { nodePrimitives, sha256 } from '../src/ledger/hash.ts'
import { verifierKeyText } from '../src/ledger/note.ts'
import { consistencyProof } from '../src/ledger/proof.ts'
import { rootOver } from '../src/ledger/merkle.ts'
import { signCheckpoint, signerOf } from '../src/ledger/sign.ts'
import { judgeCheckpoint, parseAddCheckpoint } from '../src/ledger/witness.ts'
import { startWitness } from '../src/start/witness.ts'
import { witnessAt } from '../src/start/witness-client.ts'
import { openWitnessFolder } from '../src/store/witness-folder.ts'
import { ledgerExport } from '../src/cli/ledger-export.ts'
import { ledgerVerify } from '../src/cli/ledger-verify.ts'
import { brokerScene, quiet } from './ledger-scene-broker.ts'
import { root } from './place.ts'

const origin = 'example.com/log'
const log = signerOf(origin, new Uint8Array(32).fill(1))
const other = signerOf(origin, new Uint8Array(32).fill(2))
const stranger = signerOf('example.com/other', new Uint8Array(32).fill(3))
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-witness-'))
t.teardown(() => rmSync(scratch, { recursive: true, force: true }))
let made = 0
const newFolder = (): string => join(scratch, `f${++made}`)

/** A tree of so many leaves; another `world` is another history from the first entry on. */
const treeOf = (world: number) => {
  const leaf = (n: number): Uint8Array =>
    sha256(utf8(`${world}:${n}`))
  const leaves = Array.from({ length: 300 }, (_, n) => leaf(n))
  const rootOfRange = (from: number, to: number) =>
    rootOver(Buffer.concat(leaves.slice(from, to)), nodePrimitives)
  const by = nodePrimitives
  const read = (height: number, n: bigint) =>
    rootOfRange(Number(n) * 2 ** height, (Number(n) + 1) * 2 ** height)
  return {
    checkpoint: async (size: number, signer = log) =>
      signCheckpoint({ origin: signer.name, size: BigInt(size), root: await rootOfRange(0, size) }, [signer]),
    proof: (first: number, size: number) =>
      first === 0
        ? Promise.resolve([])
        : consistencyProof({ first: BigInt(first), size: BigInt(size) }, { read, by })
  }
}
const ours = treeOf(0)
const fork = treeOf(1)

const requestOf = (old: number | string, proof: readonly Uint8Array[], checkpoint: Uint8Array) =>
  concat([utf8([`old ${old}`, ...proof.map(base64), '', ''].join('\n')), checkpoint])

const honest = async (first: number, size: number, tree = ours) =>
  requestOf(first, await tree.proof(first, size), await tree.checkpoint(size))

const witness = async (t: Pick<Test, 'teardown'>, folder = newFolder()) => {
  const running = await startWitness({
    folder,
    name: 'witness.example/w1',
    logKeys: [log],
    host: '127.0.0.1',
    port: 0,
    now: () => 1_763_719_200_000,
    told: () => {}
  })
  let isClosed = false
  const close = async (): Promise<void> => {
    if (!isClosed) await running.close()
    isClosed = true
  }
  t.teardown(close)
  const key = await parseWitnessKey(running.key, nodePrimitives)
  if (key === null) throw new Error('not a key')
  const add = async (body: Uint8Array) => {
    const answer = await fetch(`${running.url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }
  return { ...running, folder, close, key, add }
}

t.test('the key and the line of the specification', async (t) => {
  const line =
    '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=='
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
  const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64')
  const time = bytes.readBigUInt64BE(4)
  t.equal(time, 1679315147n)
  t.equal(cosignedText(text, time), `cosignature/v1\ntime 1679315147\n${text}`)
  const key = { witness: 'witness.example.com/w1', id: '8d66cf3f', publicKey: new Uint8Array(32) }
  t.equal(cosignatureLine({ key, time }, bytes.subarray(12)), line)
  const id = await witnessKeyId(log.name, log.publicKey, nodePrimitives)
  t.not(id, log.id, 'another type, another id')
  const text4 = witnessKeyText({ witness: log.name, id, publicKey: log.publicKey })
  t.match(await parseWitnessKey(text4, nodePrimitives), { witness: log.name, id })
  for (const wrong of [verifierKeyText(log), text4.replace(id, log.id), `${text4}A`, 'x']) {
    t.equal(await parseWitnessKey(wrong, nodePrimitives), null)
  }
})

t.test('a cosignature holds for its checkpoint, its time and its witness only', async (t) => {
  const seed = signerOf('w', new Uint8Array(32).fill(4))
  const id = await witnessKeyId('w', seed.publicKey, nodePrimitives)
  const key: WitnessKey = { witness: 'w', id, publicKey: seed.publicKey }
  const checkpoint = await ours.checkpoint(7)
  const text = `${Buffer.from(checkpoint).toString().split('\n\n')[0]}\n`
  const lineAt = async (time: bigint, over = text) =>
    `${cosignatureLine({ key, time }, await seed.sign(utf8(cosignedText(over, time))))}\n`
  const found = async (...lines: readonly string[]) => {
    const all = await cosignatures(concat([checkpoint, utf8(lines.join(''))]), [key], nodePrimitives)
    return all.ok ? all.by.map(({ time }) => time) : all.code
  }
  t.strictSame(await found(await lineAt(5n)), [5n])
  t.strictSame(await found(await lineAt(5n), await lineAt(6n)), [5n])
  t.strictSame(await found(), [])
  t.equal(await found(await lineAt(5n, 'example.com/log\n8\nAAAA\n')), 'bad_signature')
  const moved = cosignatureLine({ key, time: 6n }, await seed.sign(utf8(cosignedText(text, 5n))))
  t.equal(await found(`${moved}\n`), 'bad_signature')
  t.equal(await found(await lineAt(0n)), 'bad_signature')
  t.equal(await found(await lineAt(2n ** 63n)), 'bad_signature')
  const plain = `\u2014 w ${base64(concat([Buffer.from(id, 'hex'), await seed.sign(utf8(text))]))}\n`
  t.equal(await found(plain), 'bad_signature', 'a signature without a time is none')
})

t.test('add-checkpoint answers as C2SP tlog-witness says', async (t) => {
  const w = await witness(t)
  const first = await w.add(await honest(0, 10))
  t.match([first.status, first.type], [200, /^text\/plain/])
  t.match(first.text, /^\u2014 witness\.example\/w1 [A-Za-z0-9+/=]+\n$/)
  const checkpoint = concat([await ours.checkpoint(10), utf8(first.text)])
  const signed = await cosignatures(checkpoint, [w.key], nodePrimitives)
  t.match(signed, { ok: true, by: [{ time: 1_763_719_200n }] })
  const rows: readonly (readonly [string, Uint8Array, number, string?])[] = [
    ['not a request', utf8('hello'), 400],
    ['without an old size', concat([utf8('\n'), await ours.checkpoint(12)]), 400],
    ['an old size with a leading zero', requestOf('010', [], await ours.checkpoint(12)), 400],
    ['64 lines of proof', requestOf(10, Array.from({ length: 64 }, () => new Uint8Array(32)), await ours.checkpoint(12)), 400],
    ['a hash that is too short', requestOf(10, [new Uint8Array(31)], await ours.checkpoint(12)), 400],
    ['not a checkpoint', requestOf(10, [], utf8('a\n\nb\n')), 400],
    ['an old size beyond the checkpoint', requestOf(13, [], await ours.checkpoint(12)), 400],
    ['an unknown log', requestOf(0, [], await ours.checkpoint(12, stranger)), 404],
    ['another key of the log', requestOf(10, [], await ours.checkpoint(12, other)), 403],
    ['an old size it did not cosign', await honest(9, 12), 409, '10\n'],
    ['a rollback', await honest(4, 8), 409, '10\n'],
    ['a rollback to nothing', await honest(0, 8), 409, '10\n'],
    ['a fork of the same size', requestOf(10, [], await fork.checkpoint(10)), 409, '10\n'],
    ['a fork that is larger', await honest(10, 12, fork), 422],
    ['a proof that is cut', requestOf(10, (await ours.proof(10, 12)).slice(1), await ours.checkpoint(12)), 422],
    ['no proof', requestOf(10, [], await ours.checkpoint(12)), 422]
  ]
  for (const [name, body, status, size] of rows) {
    const answer = await w.add(body)
    t.equal(answer.status, status, name)
    if (size !== undefined) t.match([answer.type, answer.text], ['text/x.tlog.size', size], name)
    t.notMatch(answer.text, '\u2014', name)
  }
  t.equal((await w.add(await honest(10, 10))).status, 200, 'the same again')
  t.equal((await w.add(await honest(10, 290))).status, 200)
  t.equal((await w.add(utf8('x'.repeat(70_000)))).status, 413)
  t.equal((await fetch(`${w.url}/add-checkpoint`)).status, 405)
  t.equal((await fetch(w.url)).status, 404)
})

t.test('of two requests at once one is cosigned', async (t) => {
  const w = await witness(t)
  await w.add(await honest(0, 10))
  const bodies = [honest(10, 20), honest(10, 21), honest(10, 20, fork), honest(10, 11)]
  const answers = await Promise.all((await Promise.all(bodies)).map(w.add))
  const good = answers.filter(({ status }) => status === 200)
  t.equal(good.length, 1)
  t.ok(answers.every(({ status }) => [200, 409, 422].includes(status)))
})

t.test('a witness remembers, alone, and does not start on what it cannot read', async (t) => {
  const w = await witness(t)
  await w.add(await honest(0, 10))
  await t.rejects(witness(t, w.folder), { name: 'StartError', message: /another process/ })
  t.equal(statSync(join(w.folder, 'witness.key')).mode & 0o777, 0o600)
  await w.close()
  const file = readdirSync(w.folder).find((name) => name.endsWith('.checkpoint')) ?? ''
  t.equal(readFileSync(join(w.folder, file), 'utf8'), Buffer.from(await ours.checkpoint(10)).toString())
  writeFileSync(join(w.folder, `${file}.part`), 'half of a che')
  const again = await witness(t, w.folder)
  t.strictSame(again.key, w.key)
  t.match(await again.add(await honest(0, 12)), { status: 409, text: '10\n' })
  await again.close()
  const refused = { code: 'corrupt' }
  t.throws(() => openWitnessFolder(w.folder, 'another'), refused, 'another name')
  rmSync(join(w.folder, 'witness.key'))
  t.throws(() => openWitnessFolder(w.folder, 'witness.example/w1'), refused, 'no new key')
  writeFileSync(join(w.folder, file), '')
  t.throws(() => openWitnessFolder(w.folder, 'witness.example/w1'), refused, 'what it cannot read')
})

t.test('an empty tree is only itself', async (t) => {
  const judged = async (root: Uint8Array) => {
    const checkpoint = await signCheckpoint({ origin, size: 0n, root }, [log])
    const request = parseAddCheckpoint(requestOf(0, [], checkpoint))
    if (request === null) throw new Error('not a request')
    return judgeCheckpoint(request, { keys: [log], seen: null }, nodePrimitives)
  }
  const empty = await nodePrimitives.sha256([new Uint8Array()])
  t.match(await judged(empty), { ok: true })
  t.match(await judged(new Uint8Array(32)), { ok: false, status: 422 })
})

t.test('what a witness may answer is not believed', async (t) => {
  const w = await witness(t)
  let answer = { status: 200, body: utf8('') }
  const asked: string[] = []
  const ask = async (last = 0n) =>
    askWitness(
      {
        witness: {
          add: async (body) => {
            asked.push(Buffer.from(body).toString().split('\n')[0] ?? '')
            return answer
          }
        },
        key: w.key,
        file: async () => null,
        last
      },
      await ours.checkpoint(10)
    )
  const rows: readonly (readonly [number, string, object])[] = [
    [200, '', { kind: 'refused' }],
    [200, 'no line\n', { kind: 'refused' }],
    [200, `\u2014 witness.example/w1 ${base64(Buffer.concat([Buffer.from(w.key.id, 'hex'), Buffer.alloc(72)]))}\n`, { kind: 'refused' }],
    [404, 'nobody\n', { kind: 'refused' }],
    [500, '', { kind: 'refused' }],
    [409, 'many\n', { kind: 'refused' }],
    [409, '11\n', { kind: 'ahead', size: 11n }],
    [409, '0\n', { kind: 'forked', size: 0n }],
    [422, '', { kind: 'forked' }]
  ]
  for (const [status, body, want] of rows) {
    answer = { status, body: utf8(body) }
    t.match(await ask(), want, `${status} ${body}`)
  }
  asked.length = 0
  answer = { status: 409, body: utf8('10\n') }
  t.match(await ask(12n), { kind: 'forked', size: 10n })
  t.strictSame(asked, ['old 0', 'old 10'], 'the size it tells is taken')
})

t.test('a broker under a witness: cosigned, served, verified; without it all goes on', async (t) => {
  const s = await brokerScene(t)
  const key = s.logKey()
  const folder = newFolder()
  const start = async (port = 0) =>
    startWitness({ folder, name: 'w2', logKeys: [await key], host: '127.0.0.1', port, now: Date.now, told: () => {} })
  let w = await start()
  const port = Number(new URL(w.url).port)
  const more = { SALLYPORT_WITNESS_URL: w.url, SALLYPORT_WITNESS_VKEY: w.key }
  const broker = await s.start(more)
  const target = join(newFolder(), 'export')
  mkdirSync(join(target, '..'), { recursive: true })
  t.equal(await ledgerExport(await s.api(broker, 'erin'), quiet(), target), 0)
  const verify = (witness: readonly string[]) =>
    ledgerVerify(quiet(), target, { key: [join(target, '..', 'ledger.vkey')], anchor: [], witness, strict: true })
  t.equal(await verify([w.key]), 0, 'cosigned')
  const stranger = witnessKeyText({
    witness: 'w3',
    id: await witnessKeyId('w3', other.publicKey, nodePrimitives),
    publicKey: other.publicKey
  })
  t.equal(await verify([w.key, stranger]), 1, 'not by another')
  t.equal(await verify(['rubbish']), 2)
  const ready = async () => (await fetch(`${broker.opsUrl}/readyz`)).json()
  t.match(await ready(), { status: 'ready' })
  await w.close()
  const api = await s.api(broker, 'erin')
  t.match(await api.get('/v1/ledger/entries'), { ok: true }, 'a dead witness stops nothing')
  await s.until(async () => JSON.stringify(await ready()).includes('"witness","ok":false'))
  t.match(await ready(), { status: 'ready' }, 'and is told')
  w = await start(port)
  await s.until(async () => JSON.stringify(await ready()).includes('"witness","ok":true'))
  await broker.close()
  const again = await s.start(more)
  await again.close()
  await w.close()
})

t.test('a log rolled back behind its witness is held back, without any anchor', async (t) => {
  const s = await brokerScene(t)
  const w = await startWitness({
    folder: newFolder(),
    name: 'w4',
    logKeys: [await s.logKey()],
    host: '127.0.0.1',
    port: 0,
    now: Date.now,
    told: () => {}
  })
  t.teardown(() => w.close())
  const more = { SALLYPORT_WITNESS_URL: w.url, SALLYPORT_WITNESS_VKEY: w.key, SALLYPORT_ANCHOR_FILE: undefined }
  await (await s.start(more)).close()
  cpSync(s.data, `${s.data}.old`, { recursive: true })
  await (await s.start(more)).close()
  rmSync(s.data, { recursive: true })
  cpSync(`${s.data}.old`, s.data, { recursive: true })
  const held = await s.start(more)
  t.equal((await fetch(`${held.opsUrl}/readyz`)).status, 503)
  const oscar = await s.api(held, 'oscar')
  t.match(await oscar.get('/v1/targets'), { ok: false, problem: { code: 'ledger_restored' } })
  t.match(await oscar.post('/v1/ledger/accept-restore', { reason: 'disk died' }), { ok: true })
  t.match(await oscar.get('/v1/targets'), { ok: true })
  await held.close()
  const after = await s.start(more)
  t.equal((await fetch(`${after.opsUrl}/readyz`)).status, 200, 'accepted once is enough')
  await after.close()
})

t.test('a witness that is slow, large or elsewhere is as good as none', async (t) => {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/large')) response.end('x'.repeat(100_000))
    else if (request.url?.startsWith('/away')) response.writeHead(302, { location: '/' }).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  for (const path of ['large', 'away', 'slow']) {
    await t.rejects(witnessAt(`http://127.0.0.1:${address.port}/${path}`).add(utf8('x')), path)
  }
})

t.test('the command prints its key, cosigns, and ends on Ctrl-C', async (t) => {
  const folder = newFolder()
  const args = ['witness', '--log-key', verifierKeyText(log), '--dir', folder, '--port', '0', '--json']
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    child.once('exit', () => resolve('{}'))
  })
  const { url } = JSON.parse(line)
  if (typeof url !== 'string') return t.comment('dist/ is older than this command')
  const answer = await fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(await honest(0, 3)) })
  t.equal(answer.status, 200)
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  child.kill('SIGINT')
  t.equal(await ended, 0)
})
