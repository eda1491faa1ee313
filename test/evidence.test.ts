/**
 * Evidence packs: what is in one, that it verifies with nothing but a key, in its own page without a
 * network and in the command line, and that whatever is changed in it is told with its place.
 */
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { api } from '../src/cli/api.ts'
import { evidence, verifyEvidence } from '../src/cli/evidence.ts'
import type { Terminal } from '../src/cli/terminal.ts'
import { bundle } from '../src/evidence/bundle.ts'
import { checkPack } from '../src/evidence/check.ts'
import { jsonIn, packFile, packJson } from '../src/evidence/file.ts'
import { mapping, speaksTo } from '../src/evidence/mapping.ts'
import { html } from '../src/evidence/markup.ts'
import type { EntryRow, Pack } from '../src/evidence/pack-types.ts'
import { parsePack } from '../src/evidence/pack.ts'
import { sentenceOf } from '../src/evidence/story.ts'
import { base64, fromBase64 } from '../src/ledger/bytes.ts'
import { entryTypes, parseEntry } from '../src/ledger/envelope.ts'
import { nodePrimitives } from '../src/ledger/hash.ts'
import { auditApp, auditScene, hostile, readSource } from './fixtures-audit.ts'
import { startBrowser } from './fixtures-browser.ts'
import { alice, erin, got, sam } from './fixtures-broker.ts'

const browser = await startBrowser()
const scene = await auditScene(t)
const whole = { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z', wholePolicy: false }
const used = got(await scene.audit.evidence(erin, { elevation: scene.used, wholePolicy: true }))
const month = got(await scene.audit.evidence(erin, whole))
const script = bundle('evidence/browser-check.js', readSource)
const codes = async (pack: Pack, key = pack.key): Promise<readonly string[]> =>
  (await checkPack(pack, key, nodePrimitives)).faults.map(({ code, index }) => `${code} ${index}`)
const bodyOf = ({ bytes }: EntryRow) => {
  const parsed = parseEntry(fromBase64(bytes) ?? new Uint8Array())
  if (!parsed.ok) throw new Error(parsed.code)
  return parsed.body
}

t.test('a pack of an elevation has all of its entries, and all of it is proved', async (t) => {
  const stored = got(await scene.broker.get(erin, scene.used))
  t.strictSame(used.entries.map(({ index }) => index), stored.ledger)
  t.match(await checkPack(used, used.key, nodePrimitives), {
    faults: [],
    proved: used.entries.length,
    opened: 2,
    erased: 0,
    policies: 1
  })
  t.strictSame(used.about, { elevation: scene.used })
  t.strictSame(used.policies.map(({ digest }) => digest), [scene.deps.policy().digest])
  t.match(used.policies[0]?.excerpt, /claims-investigation/)
  t.notMatch(used.policies[0]?.excerpt, /acme\.example/, 'nobody\'s address is in an excerpt')
  t.match(used.policies[0]?.text, /alice@acme\.example/)
  t.equal(month.policies[0]?.text, null)
  t.match(used.elevations[0]?.sessionPolicy, /"Statement"/)
  const vote = used.entries.map(bodyOf).find(({ type }) => type === 'approval.recorded')
  t.equal(vote?.data['signedInAt'], '2026-11-21T09:59:00.000Z', 'when the approver signed in')
})

t.test('a pack of a time has everything in it, and the erasures it refers to', async (t) => {
  t.match(await checkPack(month, month.key, nodePrimitives), { faults: [], opened: 3, erased: 2 })
  const first = got(await scene.audit.evidence(erin, { elevation: scene.erased, wholePolicy: false }))
  const erasure = first.entries.find((row) => bodyOf(row).type === 'pii.erased')
  t.ok(erasure, 'the erasure is of no elevation and in the pack all the same')
  t.strictSame(first.entries[0]?.openings['reason'], { state: 'erased', by: erasure?.index })
  t.strictSame(await codes(first), [])
  const file = await packFile(first, script, nodePrimitives)
  t.match(file, `erased by <a href="#entry-${erasure?.index}">entry ${erasure?.index}</a>`)
  t.notMatch(file, /something that will be erased/)
})

t.test('only auditors get one; a read is an entry; what there is too much of is refused', async (t) => {
  for (const person of [alice, sam]) {
    t.match(await scene.audit.evidence(person, whole), { refusal: { code: 'policy_denied' } })
  }
  t.match(await scene.audit.evidence(erin, { elevation: 'no such', wholePolicy: false }), {
    refusal: { code: 'unknown_elevation' }
  })
  const { store } = scene
  const rows = await store.entries(0, 1000)
  const reads = rows.map(({ body }) => JSON.parse(Buffer.from(body).toString())).filter(({ type }) => type === 'ledger.read')
  t.ok(reads.length > 0)
  t.match(reads[0], { actor: 'erin', data: { read: 'evidence' } })
})

t.test('any byte of an entry that is changed is told with the entry\'s index', async () => {
  const rows = used.entries
  await fc.assert(
    fc.asyncProperty(fc.nat(rows.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (n, place, flip) => {
      const row = rows[n]
      const bytes = fromBase64(row?.bytes ?? '')
      if (row === undefined || bytes === null) throw new Error('no entry')
      const at = place % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ flip
      const entries = rows.map((one) => (one === row ? { ...row, bytes: base64(bytes) } : one))
      const faults = await codes({ ...used, entries })
      return faults.includes(`entry_not_included ${row.index}`)
    }),
    { numRuns: 60 }
  )
})

t.test('what else is changed is told', async (t) => {
  const [first, second] = used.entries
  if (first === undefined || second === undefined) throw new Error('no entries')
  const rest = used.entries.slice(1)
  const from = (row: EntryRow): Pack => ({ ...used, entries: [row, ...rest] })
  const reason = first.openings['reason']
  const other = await auditScene(t)
  const foreign = got(await other.audit.evidence(erin, { elevation: other.used, wholePolicy: false }))
  const cases: readonly (readonly [string, Pack, string])[] = [
    ['an index', from({ ...first, index: first.index + 1 }), `entry_not_included ${first.index + 1}`],
    ['a path', from({ ...first, path: first.path.slice(1) }), `entry_not_included ${first.index}`],
    ['bytes that are no base64', from({ ...first, bytes: '!' }), `entry_malformed ${first.index}`],
    ['an entry twice', { ...used, entries: [first, first, ...rest] }, `entry_twice ${first.index}`],
    ['another elevation\'s entry', { ...used, about: { elevation: scene.erased } }, `entry_not_about ${first.index}`],
    ['a value', from({ ...first, openings: { ...first.openings, reason: { ...reason, state: 'opened', salt: '00'.repeat(32), value: 'x' } } }), `opening_mismatch ${first.index}`],
    ['a value taken away', from({ ...first, openings: {} }), `opening_missing ${first.index}`],
    ['a value said to be erased', from({ ...first, openings: { ...first.openings, reason: { state: 'erased', by: second.index } } }), `opening_not_erased ${first.index}`],
    ['a value nobody committed to', from({ ...first, openings: { ...first.openings, more: { state: 'opened', salt: '00'.repeat(32), value: 'x' } } }), `opening_mismatch ${first.index}`],
    ['the policy', { ...used, policies: used.policies.map((one) => ({ ...one, text: '{}' })) }, 'policy_mismatch null'],
    ['the checkpoint', { ...used, checkpoint: used.checkpoint.replace('\n', '1\n') }, 'checkpoint_signature null'],
    ['the checkpoint of another log', { ...used, checkpoint: foreign.checkpoint }, `entry_not_included ${first.index}`]
  ]
  for (const [name, pack, code] of cases) {
    const found = await codes(pack)
    t.ok(found.includes(code), `${name}: ${found.join(', ')}`)
  }
  t.strictSame(await codes(used, 'not a key'), ['key_malformed null'])
})

t.test('a pack reads back as it was written, and anything more or less is none', async (t) => {
  t.strictSame(parsePack(JSON.parse(packJson(used))), used)
  t.strictSame(parsePack(JSON.parse(packJson(month))), month)
  const first = used.entries[0]
  const bad: readonly unknown[] = [
    null,
    [],
    { ...used, more: 1 },
    { ...used, v: 2 },
    { ...used, about: {} },
    { ...used, entries: [{ ...first, index: -1 }] },
    { ...used, entries: [{ ...first, openings: { reason: { state: 'opened' } } }] },
    { ...used, elevations: [{ id: 'x', facts: [['a']], sessionPolicy: null }] }
  ]
  for (const value of bad) t.equal(parsePack(value), null)
})

t.test('the HTML file has the same data as the JSON, and everything in it is text', async (t) => {
  const file = await packFile(used, script, nodePrimitives)
  t.strictSame(JSON.parse(jsonIn(file) ?? 'null'), JSON.parse(packJson(used)))
  t.notMatch(file, /<img/)
  t.equal(file.match(/<script/g)?.length, 2)
  t.notMatch(file.split('<script')[0], /<[a-z][^>]*\s(?:style|on[a-z]+)=/)
  t.match(file, /script-src &#39;sha256-/)
  t.notMatch(file, /https?:\/\//, 'it points nowhere')
  t.equal(html`<p>${'a\u202eb\u0000<&"\''}</p>`.markup, '<p>a⟨U+202E⟩b⟨U+0000⟩&lt;&amp;&quot;&#39;</p>')
  await t.rejects(packFile(used, '</script>', nodePrimitives))
})

t.test('every type of entry has its words, and the controls name articles', async (t) => {
  for (const type of entryTypes) t.not(sentenceOf({ type }), type, type)
  t.equal(sentenceOf({ type: 'new.type' }), 'new.type')
  const types = new Set<string>(entryTypes)
  for (const row of mapping) {
    t.ok(row.types.every((type) => types.has(type)), row.shows)
    for (const name of [row.soc2, row.iso, row.pci, row.hipaa, row.gdpr]) t.ok(name.length > 0)
  }
  t.equal(speaksTo(new Set()).length, 1)
  t.equal(speaksTo(types).length, mapping.length)
})

t.test('a bundle is made of files beside each other, and of nothing else', async (t) => {
  const files: Readonly<Record<string, string>> = {
    'a.js': "import { b as c, d } from './lib/b.js';\ntold(c + d);\n",
    'lib/b.js': "import { e } from '../e.js';\nexport const b = e;\nexport { d } from '../e.js';\n",
    'e.js': 'export const e = 1;\nexport const d = 2;\nexport {};\n//# sourceMappingURL=e.js.map\n',
    'node.js': "import { hash } from 'node:crypto';\n",
    'loop.js': "import { b } from './loop.js';\n",
    'star.js': "export * from './e.js';\n"
  }
  const made = bundle('a.js', (path) => files[path] ?? '')
  t.notMatch(made, /import|sourceMappingURL/)
  const heard: unknown[] = []
  runInNewContext(made, { told: (value: unknown) => heard.push(value) })
  t.strictSame(heard, [3])
  for (const name of ['node.js', 'loop.js', 'star.js']) t.throws(() => bundle(name, (path) => files[path] ?? ''), name)
})

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

t.test('the command writes it for nobody else to read, and verifies it with a key', async (t) => {
  const { app } = await auditApp(t, scene)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const as = (who: string) => api({ SALLYPORT_URL: url, SALLYPORT_TOKEN: who })
  const folder = mkdtempSync(join(t.testdir(), 'f'))
  const [page, data] = [join(folder, 'a.html'), join(folder, 'a.json')]
  const first = terminal(true)
  t.equal(await evidence(as('erin'), first.to, { elevation: scene.used, out: page }, readSource), 0)
  t.match(JSON.parse(first.said.out[0] ?? ''), { file: page, entries: used.entries.length })
  t.equal(statSync(page).mode & 0o777, 0o600)
  const period = { from: '2026-11-21', to: '2026-11-22T00:00Z', format: 'json', out: data }
  t.equal(await evidence(as('erin'), terminal().to, period, readSource), 0)
  for (const verify of [page, data]) {
    const check = terminal(true)
    t.equal(await verifyEvidence(check.to, { verify, key: used.key }), 0, verify)
    t.match(JSON.parse(check.said.out[0] ?? ''), { ok: true, faults: [] })
  }
  const text = readFileSync(data, 'utf8')
  const [row] = parsePack(JSON.parse(text))?.entries ?? []
  const changed = join(folder, 'changed.json')
  writeFileSync(changed, text.replace(row?.bytes ?? '', base64(Buffer.from('{}'))))
  const wrong = terminal()
  t.equal(await verifyEvidence(wrong.to, { verify: changed, key: used.key }), 1)
  t.match(wrong.said.err.join(), `entry ${row?.index}`)
  t.equal(await verifyEvidence(terminal().to, { verify: join(folder, 'none'), key: used.key }), 1)
  const denied = terminal()
  t.equal(await evidence(as('alice'), denied.to, { elevation: scene.used }, readSource), 1)
  t.match(denied.said.err.join(), 'policy_denied')
  const wrongly: readonly object[] = [
    {},
    { elevation: 'x', from: '2026-01-01' },
    { from: '2026-01-01' },
    { from: '2026-02-01', to: '2026-01-01' },
    { from: 'yesterday', to: '2026-01-01' },
    { elevation: 'x', format: 'pdf' }
  ]
  for (const options of wrongly) t.equal(await evidence(as('erin'), terminal().to, options, readSource), 2)
})

if (browser !== null) {
  t.teardown(() => browser.close())
  t.test('opened from a disk without a network, the file checks itself', async (t) => {
    const folder = mkdtempSync(join(t.testdir(), 'f'))
    const context = await browser.newContext({ offline: true })
    const complaints: string[] = []
    const open = async (name: string, text: string): Promise<Awaited<ReturnType<typeof context.newPage>>> => {
      const file = join(folder, name)
      writeFileSync(file, text)
      const page = await context.newPage()
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('dialog', (dialog) => complaints.push(dialog.message()))
      await page.goto(pathToFileURL(file).href)
      await page.locator('#result .good, #result .bad').first().waitFor()
      return page
    }
    const text = await packFile(used, script, nodePrimitives)
    const page = await open('good.html', text)
    t.match(await page.locator('#result').innerText(), /signed by the key in this file.*agrees with itself/s)
    t.equal(await page.locator('.verdict.good').count(), used.entries.length)
    t.ok((await page.locator('dd', { hasText: hostile }).count()) > 0, 'what was typed is text')
    await page.locator('#key').fill(used.key)
    await page.getByRole('button', { name: 'Check with this key' }).click()
    await page.locator('#result', { hasText: 'the key that you gave' }).waitFor()
    await page.locator('#key').fill('other+00000000+AQ==')
    await page.getByRole('button', { name: 'Check with this key' }).click()
    await page.locator('#result .bad', { hasText: 'key_malformed' }).waitFor()
    t.strictSame(complaints, [])
    const row = used.entries[2]
    const flipped = fromBase64(row?.bytes ?? '') ?? new Uint8Array()
    flipped[20] = (flipped[20] ?? 0) ^ 1
    const bad = await open('bad.html', text.replace(row?.bytes ?? '', base64(flipped)))
    t.match(await bad.locator('#result').innerText(), `Entry ${row?.index}: `)
    t.match(await bad.locator('#result').innerText(), 'entry_not_included')
    t.equal(await bad.locator(`.verdict.bad[data-index="${row?.index}"]`).count(), 1)
    const lying = await open('lying.html', text.replace('<b>bob</b> approved', '<b>carol</b> approved'))
    t.match(await lying.locator('#result').innerText(), 'shown_otherwise')
    const script2 = await context.newPage()
    writeFileSync(join(folder, 'other.html'), text.replace("'use strict'", "alert(1);'use strict'"))
    script2.on('dialog', (dialog) => complaints.push(dialog.message()))
    await script2.goto(pathToFileURL(join(folder, 'other.html')).href)
    t.match(await script2.locator('#result').innerText(), 'Not checked', 'another script does not run')
    t.notOk(complaints.includes('1'))
    await context.close()
  })
}
