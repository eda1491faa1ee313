/** Trees, proofs, notes and tiles: the published vectors, and what holds for every size. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { EventType } from '../src/elevation/event.ts'
import { base64, fromBase64, hex, isEqual, utf8 } from '../src/ledger/bytes.ts'
import { checkpointText, openCheckpoint, parseCheckpointText } from '../src/ledger/checkpoint.ts'
import { leafHash } from '../src/ledger/entry.ts'
import { type EntryType, entryTypes } from '../src/ledger/envelope.ts'
import { emptyEdge, grow } from '../src/ledger/grow.ts'
import { sha256 } from '../src/ledger/hash.ts'
import { openNote, parseVerifierKey, verifierKeyText } from '../src/ledger/note.ts'
import { parseProofFile, proofFileText, verifyProofFile } from '../src/ledger/proof-file.ts'
import { type Proof, consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from '../src/ledger/proof.ts'
import { parseSignerKey, signNote, signerKeyText, signerOf } from '../src/ledger/sign.ts'
import { tileHashes } from '../src/ledger/tile-hashes.ts'
import { countOf, leafMessages, levelsOf, parseTilePath, tilePath, widthOf } from '../src/ledger/tiles.ts'
import { type Frontier, appendLeaf, emptyFrontier, frontierBytes, nodeHash, parseFrontier, rootOf } from '../src/ledger/tree.ts'
import { verifyExport } from '../src/ledger/verify.ts'
import { by, checkpointOf, entriesOf, filesOf, keyA, publicOf, readerOf } from './ledger-scene.ts'
import { root } from './place.ts'

const vectors = join(root, '../shared/vectors/ledger')

const at = <T>(list: readonly T[], n: number): T => {
  const one = list[n]
  if (one === undefined) throw new RangeError(`nothing at ${n}`)
  return one
}

const leavesOf = (count: number): readonly Uint8Array[] => Array.from({ length: count }, (_, n) => leafHash(Buffer.from(`${n}`)))
/** RFC 6962 section 2.1 as it is written. */
const naive = (leaves: readonly Uint8Array[]): Uint8Array => {
  const [only] = leaves
  if (only === undefined) return sha256(new Uint8Array())
  if (leaves.length === 1) return only
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(naive(leaves.slice(0, split)), naive(leaves.slice(split)))
}
const grown = (leaves: readonly Uint8Array[]): Frontier => leaves.reduce(appendLeaf, emptyFrontier)
const read = (leaves: readonly Uint8Array[]) => (height: number, n: bigint) => naive(leaves.slice(Number(n) * 2 ** height, (Number(n) + 1) * 2 ** height))

t.test('a tree that grows leaf by leaf has the root RFC 6962 defines', async (t) => {
  let frontier = emptyFrontier
  for (let size = 0; size <= 130; size++) {
    t.same(rootOf(frontier), naive(leavesOf(size)), `${size}`)
    t.same(parseFrontier(frontier.size, frontierBytes(frontier)), { ...frontier, peaks: frontier.peaks.map((peak) => Uint8Array.from(peak)) })
    frontier = appendLeaf(frontier, leafHash(Buffer.from(`${size}`)))
  }
  t.equal(parseFrontier(3n, new Uint8Array(32)), null)
  t.equal(parseFrontier(-1n, new Uint8Array(32)), null)
})

t.test('a tree of 2^64 - 1 leaves takes no more than its 64 peaks', async (t) => {
  const peaks = Array.from({ length: 64 }, (_, n) => sha256(Buffer.of(n)))
  const full = { size: 2n ** 64n - 1n, peaks }
  t.equal(rootOf(full).length, 32)
  t.same(parseFrontier(full.size, frontierBytes(full))?.peaks.map(hex), peaks.map(hex))
  const index = 2n ** 64n - 2n
  // for the last leaf, every sibling is the peak of its height
  const source = { by, read: (height: number) => at(peaks, 63 - height) }
  const proof = await inclusionProof({ index, size: full.size }, source)
  t.equal(proof.length, 63)
  t.ok(await verifyInclusion({ index, size: full.size, leaf: at(peaks, 63), root: rootOf(full), proof }, by))
  t.notOk(await verifyInclusion({ index: index - 1n, size: full.size, leaf: at(peaks, 63), root: rootOf(full), proof }, by))
})

t.test('every proof that is made verifies, and no other', async (t) => {
  const all = leavesOf(70)
  let tried = 0
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), async (size, a, b, bit) => {
      tried++
      const leaves = all.slice(0, size)
      const root = naive(leaves)
      const index = BigInt(a % size)
      const first = BigInt(1 + (b % size))
      const source = { read: read(leaves), by }
      const inclusion = { index, size: BigInt(size), leaf: at(leaves, a % size), root, proof: await inclusionProof({ index, size: BigInt(size) }, source) }
      const older = { size: first, root: naive(leaves.slice(0, Number(first))) }
      const consistency = { first: older, second: { size: BigInt(size), root }, proof: await consistencyProof({ first, size: BigInt(size) }, source) }
      const flipped = (hash: Uint8Array) => hash.with(bit >> 3, (hash[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      const proofs = (proof: Proof): readonly Proof[] => [
        [...proof, root], [root, ...proof], proof.slice(1), proof.slice(0, -1), proof.toReversed(),
        proof.map((hash, n) => (n === b % proof.length ? flipped(hash) : hash)), proof.map((hash) => hash.subarray(1))
      ].filter((one) => one.length !== proof.length || one.some((hash, n) => !isEqual(hash, at(proof, n))))
      const good = (await verifyInclusion(inclusion, by)) && (await verifyConsistency(consistency, by))
      const bad = await Promise.all([
        ...proofs(inclusion.proof).map((proof) => verifyInclusion({ ...inclusion, proof }, by)),
        ...proofs(consistency.proof).map((proof) => verifyConsistency({ ...consistency, proof }, by)),
        verifyInclusion({ ...inclusion, leaf: flipped(inclusion.leaf) }, by),
        verifyInclusion({ ...inclusion, root: flipped(root) }, by),
        verifyInclusion({ ...inclusion, index: inclusion.index + inclusion.size }, by),
        verifyInclusion({ ...inclusion, index: -1n }, by),
        verifyConsistency({ ...consistency, second: { ...consistency.second, root: flipped(root) } }, by),
        verifyConsistency({ ...consistency, first: { ...older, root: flipped(older.root) } }, by),
        verifyConsistency({ ...consistency, first: { ...older, size: 0n } }, by)
      ])
      return good && !bad.includes(true)
    }),
    { numRuns: 60, seed: 7 }
  )
  t.ok(tried >= 60)
})

t.test('a log grows by the same files, however many entries at once', async (t) => {
  const entries = entriesOf(1100)
  const whole = await filesOf(entries)
  for (const step of [1, 7, 256, 300]) {
    const files = new Map<string, Uint8Array>()
    let edge = emptyEdge
    for (let at = 0; at < entries.length; at += step) {
      const next = grow(edge, entries.slice(at, at + step))
      for (const { path, bytes } of next.files) {
        const before = files.get(path)
        if (before) t.ok(isEqual(before, bytes), `${path} is written twice and differs`)
        files.set(path, bytes)
      }
      edge = next.edge
    }
    for (const [path, bytes] of whole) if (path !== 'checkpoint') t.equal(hex(files.get(path) ?? new Uint8Array()), hex(bytes), `${step} ${path}`)
  }
})

t.test('tile paths have one spelling up to 2^64 - 1', async (t) => {
  for (const level of ['entries', 0, 7] as const) {
    for (const n of [0n, 999n, 1000n, 1234067n, 2n ** 56n - 1n]) {
      for (const width of [1, 255, 256]) {
        const tile = { level, n, width }
        t.same(parseTilePath(tilePath(tile)), tile)
      }
    }
  }
  const bad = ['tile/0/x000/001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/8/000', 'tile/0/1', 'tile/0/001/x000', '/tile/0/000', 'tile/0/../0/000', 'tile/-1/000', 'tile/0/000\n']
  for (const path of bad) t.equal(parseTilePath(path), null, path)
  t.equal(widthOf('entries', 2n ** 56n - 1n, 2n ** 64n - 1n), 255)
  t.equal(widthOf(7, 0n, 2n ** 64n - 1n), 255)
  t.same(levelsOf(2n ** 64n - 1n), [0, 1, 2, 3, 4, 5, 6, 7])
})

const bundle = () => Uint8Array.from([0, 1, 65, 0, 0, 0, 2, 66, 67])

t.test('bundles hold exactly their entries', async (t) => {
  t.same(leafMessages(bundle(), 3)?.map((message) => [...message]), [[0, 65], [0], [0, 66, 67]])
  for (const [bytes, count] of [[bundle(), 2], [bundle(), 4], [bundle().subarray(0, 8), 3], [Uint8Array.of(0), 1]] as const) t.equal(leafMessages(bytes, count), null)
})

t.test('a proof file proves its entry to whoever has the key', async (t) => {
  const entries = entriesOf(700)
  const files = await filesOf(entries)
  const source = { by, read: tileHashes({ size: 700n, tile: (path) => files.get(path) ?? new Uint8Array() }, by) }
  const checkpoint = await checkpointOf(entries)
  const key = publicOf(keyA)
  for (const place of [0, 255, 256, 600, 699]) {
    const proof = await inclusionProof({ index: BigInt(place), size: 700n }, source)
    const text = proofFileText({ index: BigInt(place), proof, entry: at(entries, place).body, checkpoint })
    const verified = await verifyProofFile(utf8(text), [key], by)
    t.equal(verified.ok && verified.body.data['n'], place)
    t.match(parseProofFile(utf8(text)), { index: BigInt(place) })
    const bad = [
      [text.replace(`index ${place}`, `index ${place + 1}`), 'proof_not_included'],
      [text.replace(base64(at(entries, place).body), base64(at(entries, 1).body)), 'proof_not_included'],
      [text.replace('\n700\n', '\n701\n'), 'proof_checkpoint'],
      [text.replace('@v1', '@v2'), 'proof_malformed'],
      [text.replace('index ', 'index 0'), 'proof_malformed'],
      [text.replace('\n\n', '\nAAAA\n\n'), 'proof_malformed'],
      ['', 'proof_malformed']
    ] as const
    for (const [changed, code] of bad) t.match(await verifyProofFile(utf8(changed), [key], by), { ok: false, code })
  }
  for (const first of [1n, 255n, 256n, 511n, 513n, 700n]) {
    const proof = await consistencyProof({ first, size: 700n }, source)
    const older = { size: first, root: rootOf(grown(entries.slice(0, Number(first)).map(({ leaf }) => leaf))) }
    t.ok(await verifyConsistency({ first: older, second: { size: 700n, root: rootOf(grown(entries.map(({ leaf }) => leaf))) }, proof }, by))
  }
})

t.test('the example of FORMAT.md is what it says', async (t) => {
  const text = readFileSync(join(root, 'src/ledger/FORMAT.md'), 'utf8')
  const [, proofFile = '', json = ''] = /^```\n(.*?)^```$.*?^```json\n(.*?)\n```$/ms.exec(text) ?? []
  const key = await parseVerifierKey(/^`(ledger\.example[^`]*)`$/m.exec(text)?.[1] ?? '', by)
  const verified = await verifyProofFile(utf8(proofFile), key ? [key] : [], by)
  t.match(verified, { ok: true, index: 1n, body: JSON.parse(json) })
  t.equal(Buffer.from(parseProofFile(utf8(proofFile))?.entry ?? []).toString(), json)
  t.ok(text.includes(base64(leafHash(utf8(json)))))
  const listed = [...text.matchAll(/`([a-z]+)\.`((?: [a-z_]+)+)|`([a-z]+\.[a-z]+)`(?= ·|\n)/g)].flatMap(
    ([, group, names, one]) => one ?? (names ?? '').trim().split(' ').map((name) => `${group}.${name}`)
  )
  t.same(entryTypes.filter((type) => !listed.includes(type)), [])
  t.ok(text.split('\n').length <= 121)
})

t.test('notes that a signer refuses', async (t) => {
  for (const text of ['', 'no newline', 'tab\t\n', 'null\0\n', '\ud800\n']) await t.rejects(signNote(text, [keyA]), { name: 'RangeError' }, JSON.stringify(text))
  for (const name of ['', 'a b', 'a+b', 'a\u2003b', 'a\n']) t.throws(() => signerOf(name, new Uint8Array(32)), { name: 'RangeError' })
  t.throws(() => signerOf('a', new Uint8Array(31)), { name: 'RangeError' })
  t.equal(parseSignerKey(signerKeyText('a', new Uint8Array(32)))?.id, signerOf('a', new Uint8Array(32)).id)
  for (const bad of ['', 'YQ', 'YQ=', 'YR==', 'YQ==\n', ' YQ==', 'Y Q=', 'YQ==YQ==', '_w==']) {
    if (bad !== '') t.equal(fromBase64(bad), null, bad)
  }
})

t.test('every event the broker tells has an entry type', async (t) => {
  const all: EventType extends EntryType ? true : false = true
  t.ok(all)
  t.equal(new Set(entryTypes).size, entryTypes.length)
})

const b64 = (value: string): Uint8Array => Buffer.from(value, 'base64')

t.test('published vectors', async (t) => {
  if (!existsSync(vectors)) {
    t.comment('the published vectors are not beside the project: run without them')
    return
  }
  const text = (name: string): string => readFileSync(join(vectors, name), 'utf8')
  // numbers beyond 2^53 would lose bits
  const exact = (name: string) => JSON.parse(text(name).replaceAll(/"(leafIdx|treeSize|size1|size2)": (\d+)/g, '"$1": "$2"'))

  t.test('inclusion', async (t) => {
    const { cases } = exact('merkle-inclusion.json')
    t.equal(cases.length, 98)
    for (const one of cases) {
      const claim = { index: BigInt(one.leafIdx), size: BigInt(one.treeSize), leaf: b64(one.leafHash), root: b64(one.root), proof: (one.proof ?? []).map(b64) }
      t.equal(await verifyInclusion(claim, by), !one.wantErr, one.file)
    }
  })

  t.test('consistency', async (t) => {
    const { cases } = exact('merkle-consistency.json')
    t.equal(cases.length, 98)
    for (const one of cases) {
      const first = { size: BigInt(one.size1), root: b64(one.root1) }
      const second = { size: BigInt(one.size2), root: b64(one.root2) }
      t.equal(await verifyConsistency({ first, second, proof: (one.proof ?? []).map(b64) }, by), !one.wantErr, one.file)
    }
  })

  t.test('signed notes', async (t) => {
    const { sign, bad_vkeys, bad_texts_to_sign, open_cases } = JSON.parse(text('signed-note.json'))
    const signer = parseSignerKey(sign.skey)
    if (!signer) throw new Error('the signer key reads')
    t.equal(Buffer.from(await signNote(sign.text, [signer])).toString(), sign.want)
    t.equal(verifierKeyText(signer), sign.vkey)
    for (const bad of bad_vkeys) t.equal(await parseVerifierKey(bad, by), null)
    for (const bad of bad_texts_to_sign) await t.rejects(signNote(bad, [signer]))
    const codes: Readonly<Record<string, string>> = { 'malformed note': 'malformed', 'invalid signature': 'bad_signature', 'ambiguous key': 'ambiguous_key', 'note has no verifiable signatures': 'no_known_key' }
    t.equal(open_cases.length, 15)
    for (const one of open_cases) {
      const bytes = one.note_base64 ? b64(one.note_base64) : utf8(one.note_utf8)
      const keys = await Promise.all(one.vkeys.map((key: string) => parseVerifierKey(key, by)))
      // keys of one name and id that differ cannot be written as text: Go's test makes them by hand
      const known = keys.map((key, n) => key ?? { name: one.vkeys[n].split('+')[0], id: one.vkeys[n].split('+')[1], publicKey: new Uint8Array(32) })
      const opened = await openNote(bytes, known, by)
      if (one.want_ok) t.match(opened, { ok: true, by: one.verified_names.map((name: string) => ({ name })) }, one.name)
      else t.match(opened, { ok: false, code: codes[one.want_error] }, one.name)
    }
  })

  t.test('hashes, checkpoint bodies, tile paths and shapes', async (t) => {
    const misc = JSON.parse(text('tlog-misc.json'))
    for (const one of misc.hasher) {
      const want = one.want_hex ?? hex(b64(one.want_b64))
      if (one.op === 'node') t.equal(hex(sha256(Buffer.concat([Buffer.of(1), utf8(one.left_utf8), utf8(one.right_utf8)]))), want)
      if (one.op === 'leaf') t.equal(hex(leafHash(utf8(one.in_utf8))), want)
      if (one.op === 'empty_root') t.equal(hex(rootOf(emptyFrontier)), want)
    }
    for (const good of misc.checkpoint_body.good) {
      const head = parseCheckpointText(good)
      t.equal(head && checkpointText(head), good)
    }
    for (const bad of misc.checkpoint_body.bad) t.equal(parseCheckpointText(bad), null, bad)
    for (const { kind, level, n, p, path } of misc.tile_paths) {
      const tile = { level: kind === 'tile' ? level : 'entries', n: BigInt(n), width: p || 256 }
      if (kind === 'index') t.equal(tilePath(tile), `tile/entries/${path}`)
      else t.equal(tilePath(tile), path)
    }
    for (const { size, want } of misc.tile_shape) {
      t.same(levelsOf(BigInt(size)).map(String), Object.keys(want))
      for (const level of levelsOf(BigInt(size))) {
        const count = countOf(level, BigInt(size))
        t.same({ full: Number(count / 256n), partial: Number(count % 256n) }, want[level])
      }
    }
    const tree = misc.ct_reference_tree.leaves_hex.map((one: string) => leafHash(Buffer.from(one, 'hex')))
    for (const one of exact('merkle-consistency.json').cases.filter(({ wantErr }: { wantErr: boolean }) => !wantErr)) {
      for (const [size, root] of [[one.size1, one.root1], [one.size2, one.root2]]) {
        // one case is about equal texts that are no roots at all
        if (b64(root).length === 32) t.equal(base64(rootOf(grown(tree.slice(0, Number(size))))), root, `${size}`)
      }
    }
  })

  t.test('Tessera\'s log at each of its sizes', async (t) => {
    const { files } = JSON.parse(text('tessera-testdata-log.json'))
    const all = new Map<string, Uint8Array>(files.map((one: { path: string; encoding: string; content: string }) => [one.path.replace('testdata/log/', ''), one.encoding === 'b64' ? b64(one.content) : utf8(one.content)]))
    const key = await parseVerifierKey('example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx', by)
    if (!key) throw new Error('the verifier key reads')
    for (let size = 0; size <= 15; size++) {
      const checkpoint = all.get(`checkpoint.${size}`) ?? new Uint8Array()
      const names = size === 0 ? [] : [`tile/0/000.p/${size}`, `tile/entries/000.p/${size}`]
      const at = new Map([['checkpoint', checkpoint], ...names.map((name) => [name, all.get(name) ?? new Uint8Array()] as const)])
      const anchors = Array.from({ length: size + 1 }, (_, n) => all.get(`checkpoint.${n}`) ?? new Uint8Array())
      const verified = await verifyExport({ reader: readerOf(at), keys: [key], anchors }, by)
      t.equal(verified.ok ? verified.head.size : verified.fault.code, BigInt(size))
      t.match(await openCheckpoint(checkpoint, [{ ...key, name: 'other' }], by), { ok: false, code: 'no_known_key' })
    }
  })
})
