/** What the offline verifier finds: every change to an export, and which only an anchor shows. */
import { webcrypto } from 'node:crypto'
import t from 'tap'
import type { FaultCode } from '../src/ledger/fault.ts'
import { makeEntry } from '../src/ledger/entry.ts'
import { rotationData, signCheckpoint } from '../src/ledger/sign.ts'
import { type Verification, type Verified, verifyExport } from '../src/ledger/verify.ts'
import { webPrimitives } from '../src/ledger/web-primitives.ts'
import { type Files, by, checkpointOf, entriesOf, entryOf, filesOf, keyA, keyB, openingLines, origin, publicOf, readerOf, signer, uuid } from './ledger-scene.ts'

type More = Partial<Verification> & { readonly openings?: readonly string[] }

const verify = (files: Files, { openings, ...more }: More = {}): Promise<Verified> =>
  verifyExport({ reader: readerOf(files, openings ?? null), keys: [publicOf(keyA)], ...more }, by)

/** `ok`, or the code with the first and last bad entry. */
const outcome = (verified: Verified): string => {
  if (verified.ok) return 'ok'
  const { code, entries } = verified.fault
  return entries === null ? code : `${code} ${entries.first}-${entries.last}`
}

const small = entriesOf(600)
const smallFiles = await filesOf(small)

const withFile = (path: string, change: (bytes: Uint8Array) => Uint8Array | null, files: Files = smallFiles): Files => {
  const made = new Map(files)
  const changed = change(Uint8Array.from(made.get(path) ?? new Uint8Array()))
  if (changed === null) made.delete(path)
  else made.set(path, changed)
  return made
}
const flip = (at: number) => (bytes: Uint8Array): Uint8Array => {
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

t.test('an export verifies at every size around the edges of its tiles', async (t) => {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 513, 600]) {
    const files = await filesOf(small.slice(0, size))
    t.equal(outcome(await verify(files, { strict: true })), 'ok', `${size}`)
  }
})

t.test('WebCrypto comes to the same answers from the same source', async (t) => {
  const web = webPrimitives<webcrypto.CryptoKey>(webcrypto.subtle)
  for (const files of [smallFiles, withFile('tile/entries/001', flip(40)), withFile('checkpoint', flip(100))]) {
    const of = { reader: readerOf(files), keys: [publicOf(keyA)], anchors: [await checkpointOf(small.slice(0, 300))] }
    t.same(await verifyExport({ ...of, strict: true }, web), await verifyExport({ ...of, strict: true }, by))
  }
})

const changes: readonly (readonly [string, Files, FaultCode, string])[] = [
  ['no checkpoint', withFile('checkpoint', () => null), 'checkpoint_missing', ''],
  ['an empty checkpoint', withFile('checkpoint', () => new Uint8Array()), 'checkpoint_malformed', ''],
  ['an oversized checkpoint', withFile('checkpoint', () => new Uint8Array(65537)), 'file_too_large', ''],
  ['a bit of an entry', withFile('tile/entries/001', flip(2000)), 'entry_mismatch', ' 260-260'],
  ['a bit of a level 0 tile', withFile('tile/0/002.p/88', flip(33)), 'entry_mismatch', ' 513-513'],
  ['a bit of a level 1 tile', withFile('tile/1/000.p/2', flip(33)), 'tile_mismatch', ' 256-511'],
  ['a missing bundle', withFile('tile/entries/001', () => null), 'file_missing', ' 256-511'],
  ['a missing tile', withFile('tile/1/000.p/2', () => null), 'file_missing', ' 0-599'],
  ['a bundle cut short', withFile('tile/entries/000', (b) => b.subarray(0, -1)), 'file_malformed', ' 0-255'],
  ['a byte after a bundle', withFile('tile/entries/000', (b) => Buffer.concat([b, Buffer.of(0)])), 'file_malformed', ' 0-255'],
  ['a tile cut short', withFile('tile/0/000', (b) => b.subarray(32)), 'file_malformed', ' 0-255'],
  ['an oversized tile', withFile('tile/0/000', (b) => Buffer.concat([b, b])), 'file_too_large', ' 0-255'],
  ['an extra file', withFile('tile/0/000.p/17', () => new Uint8Array(544)), 'file_extra', ''],
  ['a tile beyond the end', withFile('tile/0/003', () => new Uint8Array(8192)), 'file_extra', ''],
  ['a file of any name', withFile('notes.txt', () => new Uint8Array(1)), 'file_extra', ''],
  ['another spelling of a path', withFile('tile/0/x000/000', () => new Uint8Array(8192)), 'file_extra', '']
]

for (const [name, files, code, entries] of changes) {
  t.test(`an export is refused for ${name}`, async (t) => {
    t.equal(outcome(await verify(files)), `${code}${entries}`)
    t.equal(outcome(await verify(files, { strict: true })), `${code}${entries}`)
  })
}

t.test('a reader that finds something other than a file is believed in that', async (t) => {
  const reader = { ...readerOf(smallFiles), paths: () => [{ path: 'tile/0', isFile: false }] }
  t.equal(outcome(await verify(smallFiles, { reader })), 'file_not_regular')
})

t.test('checkpoints that are not the log\'s', async (t) => {
  const { leaf: root } = entryOf(1)
  const signed = await signCheckpoint({ origin, size: 2n ** 64n - 1n, root }, [keyA])
  const of = async (note: Uint8Array): Promise<string> => outcome(await verify(withFile('checkpoint', () => note)))
  const text = Buffer.from(smallFiles.get('checkpoint') ?? '').toString()
  const good = Buffer.from(text)
  t.equal(await of(good), 'ok')
  t.equal(await of(await checkpointOf(small, [keyB])), 'checkpoint_signature', 'another key')
  t.equal(await of(await checkpointOf(small, [signer('a', 'other.example')])), 'checkpoint_signature', 'another origin')
  t.equal(await of(Buffer.from(text.replace('\n600\n', '\n599\n'))), 'checkpoint_signature', 'another size')
  t.equal(await of(Buffer.from(text.replace('\n600\n', '\n0600\n'))), 'checkpoint_malformed')
  t.equal(await of(Buffer.from(text.replace('\n\n', '\nextra\n\n'))), 'checkpoint_malformed', 'an extra line')
  t.equal(await of(Buffer.from(`${text}\n`)), 'checkpoint_malformed')
  t.equal(await of(Buffer.from(`\uFEFF${text}`)), 'checkpoint_signature', 'a mark makes it another origin')
  t.equal(await of(Buffer.from(text.replaceAll('\n', '\r\n'))), 'checkpoint_malformed')
  t.equal(await of(signed), 'file_extra', 'a size of 2^64 - 1')
  const unlisted = { read: readerOf(withFile('checkpoint', () => signed)).read }
  t.equal(outcome(await verify(smallFiles, { reader: unlisted })), 'file_missing 0-65535', 'nor can it be read')
  t.equal(await of(await signCheckpoint({ origin, size: 600n, root }, [keyA])), 'root_mismatch 0-599')
  t.equal(await of(await checkpointOf(small, [keyA, keyB, signer('w', 'witness.example')])), 'ok', 'unknown signatures are ignored')
})

t.test('what only an anchor shows', async (t) => {
  const anchor = await checkpointOf(small.slice(0, 520))
  const cut = await filesOf(small.slice(0, 519))
  const fork = await filesOf([...small.slice(0, 500), ...entriesOf(700).slice(600)])
  const emptied = await filesOf([])
  t.equal(outcome(await verify(smallFiles, { anchors: [anchor] })), 'ok')
  for (const files of [cut, fork, emptied]) t.equal(outcome(await verify(files, { strict: true })), 'ok', 'without one')
  t.equal(outcome(await verify(cut, { anchors: [anchor] })), 'anchor_ahead 519-519')
  t.equal(outcome(await verify(fork, { anchors: [anchor] })), 'anchor_mismatch 0-519')
  t.equal(outcome(await verify(emptied, { anchors: [anchor] })), 'anchor_ahead 0-519')
  const hostile: readonly (readonly [string, Uint8Array, string])[] = [
    ['another key', await checkpointOf(small.slice(0, 520), [keyB]), 'anchor_signature'],
    ['another key, beyond', await checkpointOf(entriesOf(601), [keyB]), 'anchor_signature'],
    ['another origin', await checkpointOf(small, [signer('a', 'other.example')]), 'anchor_malformed'],
    ['nothing', new Uint8Array(), 'anchor_malformed']
  ]
  for (const [name, bytes, code] of hostile) t.equal(outcome(await verify(smallFiles, { anchors: [anchor, bytes] })), code, name)
  for (const size of [0, 1, 255, 256, 257, 512, 599, 600]) {
    t.equal(outcome(await verify(smallFiles, { anchors: [await checkpointOf(small.slice(0, size))] })), 'ok', `at ${size}`)
  }
})

t.test('entries that only strict reading refuses', async (t) => {
  const body = (text: string) => {
    const bytes = Buffer.from(text)
    const one = makeEntry('k', { ...JSON.parse(Buffer.from(entryOf(3).body).toString()) }, [])
    return { ...one, body: bytes, leaf: leafOf(bytes) }
  }
  const { leafHash: leafOf } = await import('../src/ledger/entry.ts')
  const text = Buffer.from(entryOf(3).body).toString()
  const cases: readonly (readonly [string, string, FaultCode])[] = [
    ['white space', `${text} `, 'entry_not_canonical'],
    ['a byte order mark', `\uFEFF${text}`, 'entry_not_canonical'],
    ['members out of order', text.replace(/^\{("actor":"[^"]*"),(.*)\}$/, '{$2,$1}'), 'entry_not_canonical'],
    ['a member twice', text.replace('{"actor"', '{"actor":"eve","actor"'), 'entry_not_canonical'],
    ['a fraction', text.replace('"n":3', '"n":3.5'), 'entry_not_canonical'],
    ['minus zero', text.replace('"n":3', '"n":-0'), 'entry_not_canonical'],
    ['2^53', text.replace('"n":3', '"n":9007199254740992'), 'entry_not_canonical'],
    ['a lone surrogate', text.replace('"approve"', '"\\ud800"'), 'entry_not_canonical'],
    ['an escape that is not needed', text.replace('"approve"', '"\\u0061"'), 'entry_not_canonical'],
    ['no JSON', 'x', 'entry_not_canonical'],
    ['nothing', '', 'entry_not_canonical'],
    ['an array', '[]', 'entry_schema'],
    ['one member more', text.replace('"v":1', '"v":1,"w":1'), 'entry_schema'],
    ['one member less', text.replace(',"v":1', ''), 'entry_schema'],
    ['version 2', text.replace('"v":1', '"v":2'), 'entry_type'],
    ['a type nobody knows', text.replace('approval.recorded', 'approval.forged'), 'entry_type'],
    ['a type of Object.prototype', text.replace('approval.recorded', 'constructor'), 'entry_type'],
    ['30 February', text.replace(/"at":"[^"]*"/, '"at":"2026-02-30T00:00:00.000Z"'), 'entry_schema'],
    ['a local time', text.replace(/"at":"[^"]*"/, '"at":"2026-02-20T00:00:00.000+01:00"'), 'entry_schema'],
    ['an e-mail as actor', text.replace('"person3"', '"bob@example.com"'), 'entry_schema'],
    ['a commitment that is no hash', text.replace('"commitments":{}', '"commitments":{"reason":"fraud"}'), 'entry_schema'],
    ['over 16 KiB', text.replace('"approve"', `"${'x'.repeat(16384)}"`), 'entry_too_large']
  ]
  for (const [name, changed, code] of cases) {
    t.not(changed, text, name)
    const files = await filesOf([...small.slice(0, 3), body(changed), ...small.slice(4, 9)])
    t.equal(outcome(await verify(files)), 'ok', `${name}: hashes say nothing`)
    t.equal(outcome(await verify(files, { strict: true })), `${code} 3-3`, name)
  }
})

t.test('a new key is followed from an old one through the entry that both signed', async (t) => {
  const keyC = signer('c')
  const rotation = async (n: number, from = keyA, to = keyB, id = uuid(n)) =>
    entryOf(n, { type: 'ledger.key_rotated', actor: 'broker', data: await rotationData({ origin, id }, { from, to }) })
  const log = async (at: Readonly<Record<number, ReturnType<typeof rotation>>>, signers = [keyB]) => {
    const entries = await Promise.all(small.slice(0, 20).map(async (entry, n) => at[n] ?? entry))
    return filesOf(entries, signers)
  }
  const turned = await log({ 5: rotation(5) })
  t.equal(outcome(await verify(turned)), 'ok', 'whoever pinned the old key')
  t.equal(outcome(await verify(turned, { keys: [publicOf(keyB)], strict: true })), 'ok', 'or the new one')
  t.equal(outcome(await verify(turned, { keys: [publicOf(keyC)] })), 'checkpoint_signature')
  t.equal(outcome(await verify(await log({}))), 'checkpoint_signature', 'a new key that nothing vouches for')
  const twice = await log({ 5: rotation(5), 9: rotation(9, keyB, keyC) }, [keyC])
  t.equal(outcome(await verify(twice)), 'ok')
  const old = await checkpointOf(small.slice(0, 4))
  t.equal(outcome(await verify(twice, { keys: [publicOf(keyC)], anchors: [old], strict: true })), 'ok', 'anchors of the old key hold')
  const bad: readonly (readonly [string, Readonly<Record<number, ReturnType<typeof rotation>>>, readonly (typeof keyA)[], string])[] = [
    ['a retired key that goes on', { 5: rotation(5) }, [keyA], 'checkpoint_signature'],
    ['the note of another entry', { 5: rotation(5, keyA, keyB, uuid(6)) }, [keyB], 'key_rotation 5-5'],
    ['a key that was not in force', { 5: rotation(5), 6: rotation(6, keyA, keyC) }, [keyC], 'key_rotation 6-6'],
    ['a key that comes back', { 5: rotation(5), 6: rotation(6, keyB, keyA) }, [keyA], 'key_rotation 6-6'],
    ['a key of another name', { 5: rotation(5, keyA, signer('b', 'other.example')) }, [keyA], 'key_rotation 5-5']
  ]
  for (const [name, at, signers, want] of bad) t.equal(outcome(await verify(await log(at, [...signers]), { strict: true })), want, name)
  const { note } = await rotationData({ origin, id: uuid(5) }, { from: keyA, to: keyB })
  const onlyOne = note.split('\n').filter((line) => !line.includes(`${origin} `) || line === note.split('\n')[6]).join('\n')
  const half = entryOf(5, { type: 'ledger.key_rotated', data: { note: onlyOne } })
  t.equal(outcome(await verify(await log({ 5: Promise.resolve(half) }))), 'key_rotation 5-5', 'signed by one of them')
})

const erased = (person: string) => ({ type: 'pii.erased', actor: 'broker', data: { person } })
const isBobs = (line: string) => /"entry":[1357],/.test(line)

t.test('values beside the ledger are opened, lawfully erased or MISSING', async (t) => {
  const log = entriesOf(12, (n) =>
    n === 8 ? erased('bob') : { actor: n % 2 ? 'bob' : 'alice', values: { note: `n${n}`, reason: `because ${n}` } }
  )
  const files = await filesOf(log)
  const lines = openingLines(log)
  const of = async (openings: readonly string[]) => {
    const got = await verify(files, { strict: true, openings })
    return got.ok ? got.personal : outcome(got)
  }
  const lawful = lines.filter((line) => !isBobs(line))
  t.same(await of(lawful), { opened: 14, erased: 8 })
  t.equal(await of(lines), 'opening_after_erasure 8-8', 'erased, and still there')
  t.equal(await of(lawful.slice(1)), 'opening_missing 0-0')
  t.equal(await of(lawful.slice(0, -1)), 'opening_missing 11-11', 'written after the erasure')
  t.equal(await of([]), 'opening_missing 0-0')
  t.equal(await of(lawful.with(0, (lawful[0] ?? '').replace('n0', 'n1'))), 'opening_mismatch 0-0')
  t.equal(await of(lawful.toReversed()), 'opening_malformed 11-11', 'out of order')
  t.equal(await of([...lawful, ...lawful.slice(-1)]), 'opening_malformed 11-11', 'twice')
  t.equal(await of(lawful.with(0, `${lawful[0]} `)), 'opening_malformed', 'another spelling')
  const without = await verify(files, { strict: true })
  t.equal(without.ok && without.personal, null, 'an export without them')
})
