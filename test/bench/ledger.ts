/**
 * The ledger's verifier beside its floors, all in one run: hashing only, and strictly. Then a log of
 * a million entries, verified strictly in a process of its own, in time and in memory over its start.
 */
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type CanonicalJson, canonicalText } from '../../src/ledger/canonical.ts'
import { type Edge, emptyEdge, grow } from '../../src/ledger/grow.ts'
import type { ExportReader } from '../../src/ledger/export-reader.ts'
import { verifierKeyText } from '../../src/ledger/note.ts'
import { signCheckpoint } from '../../src/ledger/sign.ts'
import { appendLeaf, emptyFrontier, rootOf } from '../../src/ledger/tree.ts'
import { verifyExport } from '../../src/ledger/verify.ts'
import { type Files, by, entriesOf, entryOf, filesOf, keyA, origin, publicOf, readerOf } from '../ledger-scene.ts'
import { type Figure, median, rounded } from './figures.ts'

const count = 20_000
const rounds = 9

/** `entries` is the size of the large log; 0 leaves it out. */
export const ledger = async (entries = 1_000_000): Promise<readonly Figure[]> => [
  ...(await ratios()),
  ...appends(),
  ...(entries > 0 ? await large(entries) : [])
]

const ratios = async (): Promise<readonly Figure[]> => {
  const log = entriesOf(count)
  const files = await filesOf(log)
  const leaves = log.map(({ body }) => Buffer.concat([Buffer.of(0), body]))
  // both sides begin with the bytes in memory; a verifier uses them up
  let fresh = inMemory(files)
  const texts = log.map(({ body }) => Buffer.from(body))
  const nodes = Array.from({ length: count - 1 }, () => Buffer.alloc(65, 1))
  const all = [...batches(leaves), ...batches(nodes)]
  const sides: Readonly<Record<string, () => unknown>> = {
    raw: () => leaves.forEach((leaf) => hash('sha256', leaf, 'buffer')),
    // every leaf and every node as bytes, one call each as `raw`, and nothing else
    floor: () => [...leaves, ...nodes].forEach((message) => hash('sha256', message, 'buffer')),
    // the same hashes in batches, the fastest way we know: how much the verifier does beside them
    batched: () => all.map((messages) => by.sha256(messages)),
    verify: () => verifyExport({ reader: fresh, keys: [publicOf(keyA)] }, by),
    parseCanonicalHash: () => {
      for (const text of texts) {
        const value: CanonicalJson = JSON.parse(text.toString())
        hash('sha256', canonicalText(value), 'binary')
      }
    },
    strict: () => verifyExport({ reader: fresh, keys: [publicOf(keyA)], strict: true }, by)
  }
  const times: Record<string, number[]> = {}
  for (let round = 0; round <= rounds; round++) {
    for (const [name, side] of Object.entries(sides)) {
      fresh = inMemory(files)
      const began = performance.now()
      await side()
      if (round > 0) (times[name] ??= []).push(performance.now() - began)
    }
  }
  const rate = (name: string): number => rounded((count * 1000) / median(times[name] ?? []), 0)
  const ratio = (figure: string, [one, other]: readonly [string, string], least: number): Figure => {
    const value = rounded(rate(one) / rate(other))
    const beside = { [one]: rate(one), [other]: rate(other) }
    return { figure, value, unit: 'ratio of entries/s', target: `>= ${least}`, ok: value >= least, beside }
  }
  return [
    ratio('ledger_verify_to_hash_floor', ['verify', 'floor'], 0.7),
    ratio('ledger_verify_to_raw_hash', ['verify', 'raw'], 0.35),
    { ...ratio('ledger_verify_to_batched_hashes', ['verify', 'batched'], 0), target: 'none: what is left to gain' },
    ratio('ledger_strict_to_parse_canonical_hash', ['strict', 'parseCanonicalHash'], 0.6)
  ]
}

const batches = (messages: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] =>
  Array.from({ length: Math.ceil(messages.length / 256) }, (_, n) => messages.slice(n * 256, n * 256 + 256))

const inMemory = (files: Files): ExportReader => {
  const copies = new Map([...files].map(([path, bytes]) => [path, new Uint8Array(bytes)]))
  return { ...readerOf(files), read: (path) => copies.get(path) ?? 'missing' }
}

/** All of an append but the engine, early and late in a log: entry, hash, tree. */
const appends = (): readonly Figure[] => {
  const { leaf } = entryOf(1)
  const from = (size: number) => {
    let frontier = emptyFrontier
    for (let n = 0; n < size; n++) frontier = appendLeaf(frontier, leaf)
    return frontier
  }
  const starts = { early: from(1000), late: from(1_000_000) }
  const times = { early: [] as number[], late: [] as number[] }
  for (let round = 0; round <= 2 * rounds; round++) {
    for (const side of ['early', 'late'] as const) {
      let frontier = starts[side]
      const began = performance.now()
      for (let n = 0; n < 5000; n++) frontier = appendLeaf(frontier, entryOf(n).leaf)
      if (round > 0) times[side].push((performance.now() - began) / 5)
    }
  }
  const early = rounded(median(times.early))
  const late = rounded(median(times.late))
  const value = rounded(late / early)
  const figure = 'ledger_append_at_1000000_to_1000'
  return [{ figure, value, unit: 'ratio of µs', target: '<= 1.1', ok: value <= 1.1, beside: { early, late } }]
}

const large = async (entries: number): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-ledger-'))
  try {
    await writeLog(folder, entries)
    const key = verifierKeyText(keyA)
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, folder, key], {
      cwd: new URL('../..', import.meta.url).pathname,
      encoding: 'utf8'
    })
    if (run.status !== 0) throw new Error(run.stderr)
    const { seconds, mebibytes, ok } = JSON.parse(run.stdout)
    const unit = `s for ${entries} entries, strict`
    return [
      { figure: 'ledger_strict_large', value: rounded(seconds), unit, target: '< 20', ok: ok && seconds < 20 },
      { figure: 'ledger_strict_memory', value: rounded(mebibytes), unit: 'MiB over the start', target: '< 64', ok: ok && mebibytes < 64 }
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const writeLog = async (folder: string, entries: number): Promise<void> => {
  let edge: Edge = emptyEdge
  let frontier = emptyFrontier
  for (let at = 0; at < entries; at += 4096) {
    const added = Array.from({ length: Math.min(4096, entries - at) }, (_, n) => entryOf(at + n))
    for (const { leaf } of added) frontier = appendLeaf(frontier, leaf)
    const next = grow(edge, added)
    // partial files of sizes on the way are no part of the export
    const isLast = at + added.length === entries
    for (const { path, bytes } of next.files) {
      if (!isLast && path.includes('.p/')) continue
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), bytes)
    }
    edge = next.edge
  }
  const head = { origin, size: frontier.size, root: rootOf(frontier) }
  writeFileSync(join(folder, 'checkpoint'), await signCheckpoint(head, [keyA]))
}

/** The most memory the process itself ever held, over what it held before it began. */
const script = `
import { readFileSync } from 'node:fs'
import { ledgerVerify } from './dist/cli/ledger-verify.js'
const kibibytes = (name) => parseInt(readFileSync('/proc/self/status', 'utf8').split(name + ':')[1], 10)
const [folder, key] = process.argv.slice(1)
const start = kibibytes('VmRSS')
const began = performance.now()
const to = { json: true, colour: false, out: () => {}, err: () => {} }
const code = await ledgerVerify(to, folder, { key: [key], anchor: [], strict: true })
const seconds = (performance.now() - began) / 1000
const mebibytes = (kibibytes('VmHWM') - start) / 1024
process.stdout.write(JSON.stringify({ ok: code === 0, seconds, mebibytes }))
`
