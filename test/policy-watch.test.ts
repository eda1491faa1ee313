/** The policy in force follows its folder, and never by half. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { instant } from '../src/elevation/ids.ts'
import { loadFolder } from '../src/policy-folder.ts'
import { type PolicyWatchOptions, watchPolicies } from '../src/policy-watch.ts'
import { shippedPolicies as shipped } from './place.ts'

const box = mkdtempSync(join(tmpdir(), 'sallyport-watch-'))
t.teardown(() => rmSync(box, { recursive: true }))

let made = 0

/** A watched copy of the shipped policies, its looks and its clock moved by hand. */
const watched = async (t: Test, over: Partial<PolicyWatchOptions> = {}) => {
  const folder = join(box, String(++made))
  cpSync(shipped, folder, { recursive: true })
  const loaded = await loadFolder(folder)
  if (!loaded.ok) throw new Error('the shipped policies load')
  const { policy } = loaded
  const told: string[] = []
  let time = 1000
  const looks: (() => Promise<void>)[] = []
  const look = async (): Promise<void> => looks[0]?.()
  let isCleared = false
  const watch = watchPolicies({
    folder,
    current: { policy, loadedAt: instant(0) },
    now: () => instant(time),
    every: (each) => {
      looks.push(each)
      return { clear: () => (isCleared = true) }
    },
    changed: async ({ from, to }) => void told.push(`changed ${from.digest === policy.digest ? 'first' : 'other'} ${to.digest === policy.digest ? 'first' : 'other'}`),
    refused: async ({ kept, issues }) => void told.push(`refused ${kept.digest === watch.policy().digest} ${issues.map(({ code }) => code).join(' ')}`),
    restored: async () => void told.push('restored'),
    failed: () => void told.push('failed'),
    ...over
  })
  t.teardown(() => watch.stop())
  const rules = join(folder, 'rules/claims.yaml')
  const text = readFileSync(rules, 'utf8')
  return {
    watch,
    folder,
    told,
    first: policy,
    look,
    /** as often as it takes for an edit to be in force */
    settle: async () => {
      await look()
      await look()
    },
    at: (milliseconds: number) => (time = milliseconds),
    /** the rules with one text replaced */
    edit: (from: string, to: string) => writeFileSync(rules, text.replace(from, to)),
    restore: () => writeFileSync(rules, text),
    isCleared: () => isCleared
  }
}
const longest = (policy: { readonly rules: readonly { readonly id: string; readonly maxDuration: number }[] }) =>
  policy.rules.find(({ id }) => id === 'claims-investigation')?.maxDuration

t.test('an edit is in force after two looks that saw the same, and told once', async (t) => {
  const { watch, told, look, settle, edit, at, first } = await watched(t)
  await settle()
  t.same(told, [], 'nothing changed')
  t.equal(watch.policy().digest, first.digest)
  edit('maxDuration: 4h', 'maxDuration: 5h')
  await look()
  t.equal(longest(watch.policy()), 14400, 'one look is not enough')
  at(5000)
  await look()
  t.equal(longest(watch.policy()), 18000)
  t.match(watch.state(), { kind: 'good', loadedAt: 5000 })
  await settle()
  t.same(told, ['changed first other'])
})

t.test('an edit that goes on is not loaded before it rests', async (t) => {
  const { watch, told, look, edit } = await watched(t)
  for (const hours of [5, 6, 7]) {
    edit('maxDuration: 4h', `maxDuration: ${hours}h`)
    await look()
  }
  t.equal(longest(watch.policy()), 14400)
  t.same(told, [])
  await look()
  t.equal(longest(watch.policy()), 25200)
  t.same(told, ['changed first other'])
})

t.test('a broken edit keeps the last good policy, and is told once per content', async (t) => {
  const { watch, told, settle, edit, restore, at, first } = await watched(t)
  at(2000)
  edit('maxDuration: 4h', 'maxDuration: four')
  await settle()
  t.equal(watch.policy(), first)
  t.match(watch.state(), { kind: 'kept', since: 2000, lines: [/claims\.yaml:\d+ .*maxDuration/, /not a valid policy/] })
  at(3000)
  await settle()
  edit('maxDuration: 4h', 'maxDuration: four')
  await settle()
  t.same(told, ['refused true bad_value'], 'the same again is not news')
  edit('maxDuration: 4h', 'maxDuration: 4h\n    maxDuration: 4h')
  await settle()
  t.same(told, ['refused true bad_value', 'refused true not_yaml'])
  t.match(watch.state(), { kind: 'kept', since: 2000 }, 'broken since the first')
  restore()
  await settle()
  t.same(told.slice(2), ['restored'])
  t.match(watch.state(), { kind: 'good', loadedAt: 0 })
  edit('maxDuration: 4h', 'maxDuration: four')
  await settle()
  t.same(told.slice(3), ['refused true bad_value'], 'broken anew is news')
  edit('maxDuration: 4h', 'maxDuration: 2h')
  await settle()
  t.same(told.slice(4), ['changed first other'])
  t.equal(longest(watch.policy()), 7200)
})

t.test('a folder that goes away, or is another one, is seen', async (t) => {
  const { watch, told, settle, folder, first } = await watched(t)
  renameSync(folder, `${folder}-away`)
  await settle()
  t.equal(watch.policy(), first)
  t.same(told, ['refused true nothing'])
  renameSync(`${folder}-away`, folder)
  await settle()
  t.same(told.slice(1), ['restored'])
})

t.test('a comment changes nothing', async (t) => {
  const { told, settle, edit } = await watched(t)
  edit('rules:\n', '# a word\nrules:\n')
  await settle()
  t.same(told, [])
})

t.test('what cannot be recorded is not in force, and is tried again', async (t) => {
  let isDown = true
  const seen: string[] = []
  const failures: unknown[] = []
  const down = async (word: string): Promise<void> => {
    if (isDown) throw new Error('no ledger')
    seen.push(word)
  }
  const { watch, settle, look, edit } = await watched(t, {
    changed: () => down('changed'),
    refused: () => down('refused'),
    restored: () => down('restored'),
    failed: (cause) => failures.push(cause)
  })
  edit('maxDuration: 4h', 'maxDuration: 5h')
  await settle()
  t.equal(longest(watch.policy()), 14400)
  t.equal(failures.length, 1)
  isDown = false
  await look()
  t.equal(longest(watch.policy()), 18000)
  t.same(seen, ['changed'])
  isDown = true
  edit('maxDuration: 4h', 'maxDuration: four')
  await settle()
  t.match(watch.state(), { kind: 'kept' }, 'not ready even so')
  isDown = false
  await settle()
  t.same(seen, ['changed', 'refused'])
  isDown = true
  edit('maxDuration: 4h', 'maxDuration: 5h')
  await settle()
  t.match(watch.state(), { kind: 'kept' })
  isDown = false
  await look()
  t.same(seen, ['changed', 'refused', 'restored'])
  t.match(watch.state(), { kind: 'good' })
})

t.test('a reload does not wait for looks, and says what came of it', async (t) => {
  const { watch, told, settle, edit, restore } = await watched(t)
  t.equal(await watch.reload(), 'unchanged')
  edit('maxDuration: 4h', 'maxDuration: 5h')
  t.equal(await watch.reload(), 'changed')
  t.equal(longest(watch.policy()), 18000)
  edit('maxDuration: 4h', 'maxDuration: four')
  t.equal(await watch.reload(), 'refused')
  t.equal(await watch.reload(), 'refused')
  t.equal(longest(watch.policy()), 18000)
  restore()
  t.equal(await watch.reload(), 'changed')
  await settle()
  t.same(told, ['changed first other', 'refused true bad_value', 'changed other first'])
})

t.test('what changes while it is read is not taken', async (t) => {
  const { watch, told, settle, edit } = await watched(t)
  edit('maxDuration: 4h', 'maxDuration: 5h')
  let length = 0
  const editing = setInterval(() => edit('rules:\n', `# ${'x'.repeat(length++)}\nrules:\n`), 0)
  const outcome = await watch.reload()
  clearInterval(editing)
  edit('maxDuration: 4h', 'maxDuration: 3h')
  t.equal(outcome, 'unsteady')
  t.same(told, [])
  await settle()
  await settle()
  t.same(told, ['changed first other'])
})

t.test('looks do not overlap, and none begins after the end', async (t) => {
  let running = 0
  let most = 0
  const { watch, look, edit, isCleared } = await watched(t, {
    changed: async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((next) => setImmediate(next))
      running -= 1
    }
  })
  edit('maxDuration: 4h', 'maxDuration: 5h')
  await look()
  await Promise.all([look(), look(), watch.reload(), watch.reload()])
  t.equal(most, 1)
  await watch.stop()
  t.ok(isCleared())
  edit('maxDuration: 4h', 'maxDuration: 6h')
  await look()
  await look()
  t.equal(longest(watch.policy()), 18000)
})
