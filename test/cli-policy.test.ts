/** `sallyport policy …` as it is installed (dist): every command, exit code and bad input. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import t from 'tap'
import { addPolicyCommands } from '../src/cli/policy.ts'
import { policySchemas } from '../src/policy/json-schema.ts'
import { runTests } from '../src/policy/run-tests.ts'
import { folderFingerprint, loadFolder } from '../src/policy-folder.ts'
import { builtCli, root, shippedPolicies as shipped } from './place.ts'

if (!existsSync(builtCli)) throw new Error('npm run build comes first')
const box = mkdtempSync(join(tmpdir(), 'sallyport-policy-'))
t.teardown(() => rmSync(box, { recursive: true }))

type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

/** As a process of its own, as it is installed. */
const spawned = (args: readonly string[]): Promise<Ran> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [builtCli, 'policy', ...args], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', TMPDIR: box },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    const parts = { out: '', err: '' }
    child.stdout.on('data', (part: Buffer) => (parts.out += part.toString()))
    child.stderr.on('data', (part: Buffer) => (parts.err += part.toString()))
    child.once('close', (code) => done({ code, ...parts }))
  })

/** The same words and options in this process. */
const run = async (args: readonly string[]): Promise<Ran> => {
  const parts = { out: '', err: '' }
  let code: number | null = null
  const program = new Command('policy')
    .exitOverride()
    .configureOutput({ writeOut: (text) => (parts.out += text), writeErr: (text) => (parts.err += text) })
  addPolicyCommands(program, async ({ json: isJson = false }, command) => {
    const out = (line: string): void => void (parts.out += `${line}\n`)
    const err = (line: string): void => void (parts.err += `${line}\n`)
    code = await command({ json: isJson, colour: false, out, err })
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    code = 2
  }
  return { code, ...parts }
}

/** A copy of the shipped policies with some files written over or beside them. */
const folderWith = (name: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
  const dir = join(box, name)
  cpSync(shipped, dir, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}
const textOf = (path: string): string => readFileSync(join(shipped, path), 'utf8')
const replaced = (path: string, from: string, to: string): Readonly<Record<string, string>> => {
  const text = textOf(path)
  if (!text.includes(from)) throw new Error(`${from} is not in ${path}`)
  return { [path]: text.replace(from, to) }
}

const broken = folderWith('broken', replaced('rules/claims.yaml', 'group:fraud-analysts', 'group:fraud-analyst'))
const wider = folderWith('wider', replaced('rules/claims.yaml', 'maxDuration: 4h', 'maxDuration: 6h'))
const narrower = folderWith('narrower', replaced('rules/claims.yaml', 'maxDuration: 4h', 'maxDuration: 2h'))
const untested = folderWith('untested', {})
rmSync(join(untested, 'tests'), { recursive: true })
const wanting = folderWith('wanting', { 'notes.yaml': '# nothing yet\n' })
const failing = folderWith('failing', replaced('rules/claims.yaml', 'maxDuration: 4h', 'maxDuration: 1h'))
const many = folderWith('many', {
  'huge.yaml': `# ${'x'.repeat(10_000_000)}\n`,
  'latin.yaml': new Uint8Array([0x23, 0xe4, 0x0a]),
  'tabs.yaml': 'groups:\n\t- id: x\n',
  'bomb.yaml': 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n',
  'twice.yaml': 'groups: []\n---\ngroups: []\n'
})
mkdirSync(join(box, 'elsewhere'))
writeFileSync(join(box, 'elsewhere/rules.yaml'), 'rules: []\n')
symlinkSync(join(box, 'elsewhere/rules.yaml'), join(many, 'out.yaml'))
symlinkSync(join(box, 'elsewhere'), join(many, 'rules-of-others'))
symlinkSync(join(box, 'nowhere'), join(many, 'dangling.yaml'))
const absent = join(box, 'absent')
const file = join(box, 'a-file')
writeFileSync(file, '')

const asking = ['explain', '--as', 'alice', '--target', 'claims-pii', '--duration', '2h']
const why = ['--reason', 'Duplicate claims in Ohio', '--ticket', 'CLM-4711']

const rows: readonly (readonly [sentence: string, args: readonly string[], code: number, on: 'out' | 'err'])[] = [
  ['no command', [], 2, 'err'],
  ['an unknown command', ['chekc'], 2, 'err'],
  ['an unknown option', ['check', '--fix'], 2, 'err'],
  ['check: one folder too many', ['check', 'a', 'b'], 2, 'err'],
  ['check: the shipped policies by default', ['check'], 0, 'out'],
  ['check: warnings only', ['check', wanting], 0, 'out'],
  ['check: an error', ['check', broken], 1, 'out'],
  ['check: bad files of every kind', ['check', many], 1, 'out'],
  ['check: no such folder', ['check', absent], 1, 'out'],
  ['check: a file is no folder', ['check', file], 1, 'out'],
  ['test: the shipped policies by default', ['test'], 0, 'out'],
  ['test: one fails', ['test', failing], 1, 'out'],
  ['test: there are none', ['test', untested], 1, 'err'],
  ['test: the policy is not valid', ['test', broken], 78, 'err'],
  ['explain: would be asked', [...asking, ...why], 0, 'out'],
  ['explain: what is out of line is not known', ['explain', '--as', 'dave', '--target', 'payments-pii', '--duration', '15m', '--reason', 'Payouts stuck since midnight', '--ticket', 'INC-7'], 1, 'out'],
  ['explain: denied', asking, 1, 'out'],
  ['explain: an unknown target', [...asking.with(4, 'nope'), ...why], 1, 'out'],
  ['explain: an unknown person', asking.with(2, 'alicia'), 2, 'err'],
  ['explain: nobody', asking.slice(2), 2, 'err'],
  ['explain: a person that cannot be', asking.with(2, 'Alice Doe'), 2, 'err'],
  ['explain: a target that cannot be', asking.with(4, '../x'), 2, 'err'],
  ['explain: a length without a unit', asking.with(6, '60'), 2, 'err'],
  ['explain: a moment that is none', [...asking, '--at', '2026-13-01T00:00:00Z'], 2, 'err'],
  ['explain: a channel that is none', [...asking, '--via', 'fax'], 2, 'err'],
  ['explain: a sign-in that is none', [...asking, '--sign-in-ago', 'now'], 2, 'err'],
  ['explain: the policy is not valid', [...asking, '--policies', broken], 78, 'err'],
  ['explain: no such folder', [...asking, '--policies', absent], 78, 'err'],
  ['diff: nothing', ['diff', shipped, shipped], 0, 'out'],
  ['diff: something is gained', ['diff', shipped, wider], 1, 'out'],
  ['diff: something is lost only', ['diff', shipped, narrower], 0, 'out'],
  ['diff: one folder', ['diff', shipped], 2, 'err'],
  ['diff: the new one is not valid', ['diff', shipped, broken], 78, 'err'],
  ['diff: the old one is not there', ['diff', absent, shipped], 78, 'err'],
  ['schema: written', ['schema', join(box, 'schemas/deep')], 0, 'out'],
  ['schema: no folder named', ['schema'], 2, 'err'],
  ['schema: where a file is', ['schema', file], 2, 'err']
]

/** Each command, and each exit code: these run as installed, too. */
const real = new Set([
  'no command',
  'check: the shipped policies by default',
  'check: bad files of every kind',
  'test: one fails',
  'explain: denied',
  'explain: an unknown person',
  'explain: no such folder',
  'diff: something is gained',
  'schema: written'
])

t.test('every way of calling it has its exit code, and a word without a stack', async (t) => {
  const last = new Map<string, string | undefined>()
  for (const [sentence, args, code, on] of rows) {
    const { out, err, ...ran } = await run(args)
    t.equal(ran.code, code, sentence)
    t.equal(on === 'out' ? err : out, '', `${sentence}: nothing on the other stream`)
    t.ok((on === 'out' ? out : err).length > 0, `${sentence}: a word`)
    t.notMatch(out + err, /\n\s+at /, `${sentence}: no stack`)
    t.notOk((out + err).includes('\u001b'), `${sentence}: no colour`)
    if (on === 'out') t.same(out.split('\n').filter((line) => line.length > 100), [], `${sentence}: fits`)
    last.set(sentence, out.trimEnd().split('\n').at(-1))
  }
  t.equal(last.get('check: the shipped policies by default'), '0 errors, 0 warnings')
  t.equal(last.get('check: warnings only'), '0 errors, 1 warning')
  t.match(last.get('check: an error'), /^1 error, \d+ warnings?$/)
  t.equal(last.get('diff: something is gained'), '3 gains, 0 losses')
})

t.test('as installed it answers the same', async (t) => {
  for (const [sentence, args, code, on] of rows.filter(([one]) => real.has(one))) {
    const ran = await spawned(args)
    t.equal(ran.code, code, sentence)
    t.equal(on === 'out' ? ran.err : ran.out, '', `${sentence}: nothing on the other stream`)
    t.notMatch(ran.out + ran.err, /\n\s+at /, `${sentence}: no stack`)
    t.notOk((ran.out + ran.err).includes('\u001b'), `${sentence}: no colour`)
  }
  const { code, out } = await spawned(['check', '--json'])
  t.equal(code, 0)
  t.match(JSON.parse(out), { ok: true })
})

type Json = Readonly<Record<string, unknown>>
const itemsOf = (document: Json | undefined, key: string): readonly Json[] => {
  const items = document?.[key]
  return Array.isArray(items) ? items : []
}
const json = async (args: readonly string[]): Promise<{ readonly code: number | null; readonly lines: readonly Json[] }> => {
  const { code, out } = await run([...args, '--json'])
  return { code, lines: out.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)) }
}

t.test('check --json is one document with every issue and, where it loads, the digest', async (t) => {
  const fine = await json(['check', wanting])
  t.match(fine.lines, [{ ok: true, digest: /^sha256:[0-9a-f]{64}$/, issues: [{ file: 'notes.yaml', severity: 'warning', code: 'nothing' }] }])
  t.equal(fine.lines.length, 1)
  const { lines: [bad] } = await json(['check', many])
  t.equal(bad?.['ok'], false)
  t.notOk(bad && 'digest' in bad)
  const codes = new Set(itemsOf(bad, 'issues').map(({ file: where, code }) => `${where} ${code}`))
  for (const one of ['bomb.yaml not_yaml', 'dangling.yaml unsafe_file', 'huge.yaml too_large', 'latin.yaml not_yaml', 'out.yaml unsafe_file', 'rules-of-others unsafe_file', 'tabs.yaml not_yaml', 'twice.yaml not_yaml']) {
    t.ok(codes.has(one), one)
  }
  t.equal([...codes].filter((one) => one.includes('unresolved')).length, 0, 'what could not be read is not missed')
  const { lines: [typo] } = await json(['check', broken])
  const [error] = itemsOf(typo, 'issues').filter(({ severity }) => severity === 'error')
  t.match(error, { file: 'rules/claims.yaml', line: 8, path: 'rules[0].requesters[0]', code: 'unresolved', message: /did you mean "fraud-analysts"/ })
})

t.test('test --json is a line per test, a failure with what was expected, got and why', async (t) => {
  const all = await json(['test'])
  t.ok(all.lines.length >= 5)
  t.ok(all.lines.every(({ ok }) => ok === true))
  const { code, lines } = await json(['test', failing])
  t.equal(code, 1)
  t.match(lines.filter(({ ok }) => ok === false)[0], {
    name: String,
    file: 'tests/claims.yaml',
    line: Number,
    wrong: ['decision', 'approvers'],
    expected: { decision: 'needs_approval' },
    got: { decision: 'deny', rule: 'claims-investigation', unmet: ['duration'] },
    reasons: [{ outcome: 'unmet', condition: 'duration', message: String }]
  })
  const { out } = await run(['test', failing])
  t.match(out, /FAIL {2}tests\/claims\.yaml:\d+ {2}an analyst asks/)
  t.match(out, /expected decision needs_approval, got deny/)
})

t.test('a policy test fails by the very part that is not so', async (t) => {
  const loaded = await loadFolder(shipped)
  if (!loaded.ok) throw new Error('the shipped policies load')
  const [first] = loaded.policy.tests
  if (first === undefined) throw new Error('there are tests')
  const { expect } = first
  const ask = { ...first.ask, target: 'nope' }
  const table: readonly (readonly [string, Partial<typeof first>, readonly string[]])[] = [
    ['as it is', {}, []],
    ['the decision', { expect: { ...expect, decision: 'approved' } }, ['decision']],
    ['the rule', { expect: { ...expect, rule: 'other' } }, ['rule']],
    ['an approver too few', { expect: { ...expect, approvers: ['bob'] } }, ['approvers']],
    ['an approver too many', { expect: { ...expect, approvers: ['bob', 'carol', 'sam'] } }, ['approvers']],
    ['approvers in any order', { expect: { ...expect, approvers: ['carol', 'bob'] } }, []],
    ['approvers are not looked at', { expect: { ...expect, approvers: null } }, []],
    ['an unmet condition that is met', { expect: { ...expect, unmet: ['ticket'] } }, ['unmet']],
    ['an unknown target', { ask }, ['decision', 'rule', 'approvers']],
    ['a length that is none', { ask: { ...first.ask, duration: '2' } }, ['decision', 'rule', 'approvers']]
  ]
  for (const [sentence, change, wrong] of table) {
    const [result] = runTests({ ...loaded.policy, tests: [{ ...first, ...change }] })
    t.same(result?.wrong, wrong, sentence)
    t.equal(result?.ok, wrong.length === 0)
  }
})

t.test('explain --json tells the decision, every reason, the people and what comes with it', async (t) => {
  const asked = await json([...asking, ...why, '--at', '2026-11-18T09:00:00Z'])
  t.match(asked.lines, [{
    person: 'alice',
    target: 'claims-pii',
    at: '2026-11-18T09:00:00.000Z',
    via: 'cli',
    decision: 'needs_approval',
    rule: 'claims-investigation',
    approvers: ['bob', 'carol'],
    pinged: 2,
    obligations: {
      mode: 'credentials',
      quorum: 1,
      sets: [{ of: ['group:privacy', 'group:claims-data'], atLeast: 1 }],
      withinSeconds: 7200,
      activateWithinSeconds: 28800,
      maxDurationSeconds: 14400,
      guardrail: 'pii-standard'
    },
    policyDigest: /^sha256:/
  }])
  const planned = await json([...asking, ...why, '--at', '2026-11-18T09:00:00Z', '--start', '2026-11-19T09:00:00Z'])
  t.match(planned.lines, [{ startAt: '2026-11-19T09:00:00.000Z', decision: 'deny', reasons: [{ condition: 'startAt' }] }])
  t.match(asked.lines, [{ obligations: { startAheadSeconds: null, extensions: 1 } }])
  const denied = await json([...asking, '--tables', 'claims.nope', '--ticket', '4711'])
  t.match(denied.lines, [{ decision: 'deny', rule: 'claims-investigation', pinged: 0, obligations: null }])
  const unmet = itemsOf(denied.lines[0], 'reasons').map(({ condition }) => condition)
  t.same(unmet, ['reason', 'ticket', 'tables'])
  const glass = await json(['explain', '--as', 'dave', '--target', 'claims-pii', '--duration', '30m', '--break-glass', '--reason', 'Claims of a whole county are paid twice', '--ticket', 'INC-8'])
  t.match(glass.lines, [{ decision: 'approved', by: 'breakGlass', notify: ['bob', 'sam'], pinged: 2, obligations: { quorum: 0, review: ['group:security'] } }])
  const oncall = ['explain', '--as', 'dave', '--target', 'payments-pii', '--duration', '15m', '--reason', 'Payouts stuck since midnight', '--ticket', 'INC-7', '--at', '2026-11-21T10:10:00Z']
  const blind = await json(oncall)
  t.match(blind.lines, [{ decision: 'deny', rule: 'payments-oncall', reasons: [{ condition: 'posture', outcome: 'failed' }] }])
  // a snapshot of another account is a finding of its own
  const seen = await json([...oncall, '--facts', join(root, 'test/vectors/posture/base.json')])
  t.match(seen.lines, [{ decision: 'deny', rule: 'payments-oncall' }])
  t.equal((await json([...oncall, '--facts', absent])).code, 2)
  for (const [who, on, condition] of [['erin', 'claims-pii', 'requesters'], ['alice', 'nope', 'target']] as const) {
    const hidden = await json(['explain', '--as', who, '--target', on, '--duration', '1h'])
    t.match(hidden.lines, [{ decision: 'deny', rule: null, reasons: [{ condition }] }], 'the author is told what the asker is not')
  }
})

t.test('diff --json is a line per change', async (t) => {
  const { code, lines } = await json(['diff', shipped, wider])
  t.equal(code, 1)
  t.same(
    lines,
    ['alice', 'dave', 'ivan'].map((person) => {
      const rest = { target: 'claims-pii', change: 'gains', what: 'maxDuration', rule: 'claims-investigation', from: '4h', to: '6h' }
      return { person, ...rest }
    })
  )
  t.same((await json(['diff', wider, wider])).lines, [])
})

t.test('schema writes the schemas that are shipped', async (t) => {
  const dir = join(box, 'written')
  const { lines } = await json(['schema', dir])
  t.same(lines, [{ written: [...policySchemas().keys()] }])
  t.same(readdirSync(dir).toSorted(), readdirSync(join(shipped, 'schema')).toSorted())
  for (const name of readdirSync(dir)) {
    t.equal(readFileSync(join(dir, name), 'utf8'), textOf(`schema/${name}`), name)
  }
})

t.test('a folder has another fingerprint as soon as a file of it is another', async (t) => {
  const dir = folderWith('seen', {})
  const before = await folderFingerprint(dir)
  t.equal(await folderFingerprint(dir), before)
  writeFileSync(join(dir, 'schema/organisation.json'), '{}')
  writeFileSync(join(dir, 'README.md'), '')
  t.equal(await folderFingerprint(dir), before, 'what is no policy does not count')
  rmSync(join(dir, 'people.yaml'))
  const without = await folderFingerprint(dir)
  t.not(without, before)
  writeFileSync(join(dir, 'people.yaml'), textOf('people.yaml'))
  t.not(await folderFingerprint(dir), without)
  t.equal(await folderFingerprint(absent), null)
})
