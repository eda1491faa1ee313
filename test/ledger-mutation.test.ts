/** A seeded mutation test: whatever is done to an export of 10,000 entries, the verifier says so. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { ledgerVerify } from '../src/cli/ledger-verify.ts'
import type { Entry } from '../src/ledger/entry.ts'
import { verifierKeyText } from '../src/ledger/note.ts'
import { signCheckpoint } from '../src/ledger/sign.ts'
import { verifyExport } from '../src/ledger/verify.ts'
import { type Files, by, checkpointOf, entriesOf, entryOf, filesOf, keyA, keyB, origin, publicOf, readerOf } from './ledger-scene.ts'
import { builtCli as main } from './place.ts'

const count = 10_000
const log = entriesOf(count)
const files = await filesOf(log)
const anchor = await checkpointOf(log.slice(0, 9_900))
const checkpoint = files.get('checkpoint') ?? new Uint8Array()

/** mulberry32: the same changes in every run */
let state = 20_261_121
const random = (below: number): number => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
}
const pick = <T>(from: readonly T[]): T => {
  const one = from[random(from.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}

/** The changed log under the checkpoint that was signed, as whoever holds no key would leave it. */
const unsigned = async (entries: readonly Entry[]): Promise<Files> =>
  new Map([...(await filesOf(entries)), ['checkpoint', checkpoint]])
const changedFile = (change: (bytes: Uint8Array) => Uint8Array): Files => {
  const [path, bytes] = pick([...files])
  return new Map([...files, [path, change(Uint8Array.from(bytes))]])
}
const without = (at: number, of = 1): readonly Entry[] => log.toSpliced(at, of)
const swapped = (a: number, b: number): readonly Entry[] => log.with(a, pick([log[b] ?? entryOf(0)])).with(b, log[a] ?? entryOf(0))
const other = (): Entry => entryOf(random(1_000_000) + count)
/** Two numbers below `below` that differ. */
const twoOf = (below: number): readonly [number, number] => {
  const a = random(below)
  return [a, (a + 1 + random(below - 1)) % below]
}
const exchanged = (a: string, b: string): Files => {
  const [one, other] = [files.get(a), files.get(b)]
  if (!one || !other) throw new Error('two files of the export')
  return new Map([...files, [a, other], [b, one]])
}

/** name, whether an anchor is needed, how many times, the change */
const mutations: readonly (readonly [string, boolean, number, () => Files | Promise<Files>])[] = [
  ['any byte of any file changed', false, 60, () => changedFile((b) => { const at = random(b.length); return b.with(at, (b[at] ?? 0) ^ (1 + random(255))) })],
  ['any bit of any file flipped', false, 60, () => changedFile((b) => { const at = random(b.length); return b.with(at, (b[at] ?? 0) ^ (1 << random(8))) })],
  ['any file cut short', false, 20, () => changedFile((b) => b.subarray(0, random(b.length)))],
  ['bytes after any file', false, 10, () => changedFile((b) => Buffer.concat([b, b.subarray(0, 1 + random(b.length))]))],
  ['any file deleted', false, 20, () => { const path = pick([...files.keys()]); return new Map([...files].filter(([one]) => one !== path)) }],
  ['two bundles swapped', false, 10, () => { const [a, b] = twoOf(39).map((n) => `tile/entries/0${String(n).padStart(2, '0')}`); return exchanged(a ?? '', b ?? '') }],
  ['two tiles swapped', false, 5, () => { const [a, b] = twoOf(39).map((n) => `tile/0/0${String(n).padStart(2, '0')}`); return exchanged(a ?? '', b ?? '') }],
  ['an entry changed and its tiles made again', false, 4, () => unsigned(log.with(random(count), other()))],
  ['entries deleted inside and the tiles made again', false, 3, () => unsigned(without(random(count - 70), 1 + random(63)))],
  ['two entries swapped and the tiles made again', false, 3, () => unsigned(swapped(...twoOf(count)))],
  ['entries inserted and the tiles made again', false, 3, () => unsigned(log.toSpliced(random(count), 0, other()))],
  ['the tail cut off under the old checkpoint', false, 2, () => unsigned(log.slice(0, -1 - random(64)))],
  ['the whole log signed again by another key', false, 1, () => filesOf(log.with(random(count), other()), [keyB])],
  ['the same root signed by another key', false, 1, async () => new Map([...files, ['checkpoint', await checkpointOf(log, [keyB])]])],
  ['another root signed by the key', false, 1, async () => new Map([...files, ['checkpoint', await signCheckpoint({ origin, size: BigInt(count), root: other().leaf }, [keyA])]])],
  ['the tail cut off and signed by the key', true, 2, () => filesOf(log.slice(0, 9_899 - random(200)), [keyA])],
  ['rolled back to an older export', true, 1, () => filesOf(log.slice(0, 5_000), [keyA])],
  ['everything cut off', true, 1, () => filesOf([], [keyA])],
  ['an entry rewritten with the key', true, 2, () => filesOf(log.with(random(9_900), other()), [keyA])],
  ['forked before the anchor', true, 1, () => filesOf([...log.slice(0, 9_800), ...entriesOf(20_400).slice(20_000)], [keyA])]
]

const verify = (changed: Files, anchors: readonly Uint8Array[]) =>
  verifyExport({ reader: readerOf(changed), keys: [publicOf(keyA)], anchors }, by)

t.test('nothing is said of the log as it is', async (t) => {
  t.ok((await verify(files, [anchor])).ok)
  t.ok((await verifyExport({ reader: readerOf(files), keys: [publicOf(keyA)], strict: true }, by)).ok)
})

for (const [name, needsAnchor, times, mutate] of mutations) {
  const how = needsAnchor ? 'is found by an anchor, and by nothing else' : 'is found without an anchor'
  t.test(`${name} ${how}`, async (t) => {
    for (let round = 0; round < times; round++) {
      const changed = await mutate()
      const found = await verify(changed, needsAnchor ? [anchor] : [])
      t.notOk(found.ok, `round ${round}`)
      if (needsAnchor) t.ok((await verify(changed, [])).ok, 'a key that signs anything')
    }
  })
}

t.test('the command line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const write = (name: string, these: Files): string => {
    for (const [path, bytes] of these) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true })
      writeFileSync(join(folder, name, path), bytes)
    }
    return join(folder, name)
  }
  const key = verifierKeyText(keyA)
  writeFileSync(join(folder, 'key'), `${key}\n`)
  writeFileSync(join(folder, 'anchor'), anchor)
  const shorter = entriesOf(300)
  const short = await filesOf(shorter)
  const bundle = Uint8Array.from(short.get('tile/entries/000') ?? [])
  const good = write('good', files)
  const flipped = write('flipped', new Map([...short, ['tile/entries/000', bundle.with(20_000, 0)]]))
  const linked = write('linked', new Map([...short].filter(([path]) => path !== 'tile/0/000')))
  symlinkSync(join(flipped, 'tile/0/000'), join(linked, 'tile/0/000'))
  const linkedFolder = join(folder, 'linked-folder')
  mkdirSync(linkedFolder)
  writeFileSync(join(linkedFolder, 'checkpoint'), short.get('checkpoint') ?? '')
  symlinkSync(join(flipped, 'tile'), join(linkedFolder, 'tile'))
  symlinkSync(good, join(folder, 'alias'))
  writeFileSync(join(write('extra', short), 'tile/0/\u001b[2J'), '')

  const run = async (at: string, options: { readonly key?: string; readonly anchor?: readonly string[]; readonly strict?: boolean } = {}) => {
    const out: string[] = []
    const to = { json: true, colour: false, out: (line: string) => void out.push(line), err: () => undefined }
    const code = await ledgerVerify(to, at, { key: [options.key ?? key], anchor: options.anchor ?? [], ...(options.strict && { strict: true }) })
    const { code: fault, firstBad } = JSON.parse(out.join('') || '{}')
    return [code, fault, firstBad].filter((part) => part !== undefined && part !== null).join(' ')
  }
  const rows: readonly (readonly [string, string, Parameters<typeof run>[1], RegExp])[] = [
    ['a good export', good, {}, /^0$/],
    ['a key from a file, an anchor, strictly', good, { key: join(folder, 'key'), anchor: [join(folder, 'anchor')], strict: true }, /^0$/],
    ['one byte', flipped, {}, /^1 entry_mismatch \d+$/],
    ['a tail that an anchor misses', write('short', short), { anchor: [join(folder, 'anchor')] }, /^1 anchor_ahead 300$/],
    ['a link to a file', linked, {}, /^1 file_not_regular$/],
    ['a link to a folder', linkedFolder, {}, /^1 file_not_regular$/],
    ['a folder that is a link', join(folder, 'alias'), {}, /^2$/],
    ['a file too many', join(folder, 'extra'), {}, /^1 file_extra$/],
    ['another key', good, { key: verifierKeyText(keyB) }, /^1 checkpoint_signature$/],
    ['no key', good, { key: 'nonsense' }, /^2$/],
    ['no anchor file', good, { anchor: [join(folder, 'none')] }, /^2$/],
    ['no folder', join(folder, 'none'), {}, /^2$/]
  ]
  for (const [name, at, options, want] of rows) t.match(await run(at, options), want, name)

  if (!existsSync(main)) throw new Error('npm run build comes first')
  const spawned = (...args: readonly string[]) => spawnSync(process.execPath, [main, 'ledger', 'verify', ...args], { encoding: 'utf8' })
  t.equal(spawned(good, '--key', key, '--strict').status, 0)
  const bad = spawned(flipped, '--key', key)
  t.match([bad.status, bad.stdout], [1, /NOT VERIFIED {2}entry_mismatch.*\nentry {5}\d+\n/])
  t.equal(spawned(good).status, 2)
})
