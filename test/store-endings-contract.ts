/** Locks and endings, for every engine: what a lock keeps out, and what is to be denied where. */
import type { Test } from 'tap'
import type { Elevation } from '../src/elevation/elevation.ts'
import type { Lock, LockScope } from '../src/elevation/lock.ts'
import type { EndingStep } from '../src/elevation/probing.ts'
import type { Store } from '../src/store/store.ts'
import { active, at, ended, ending, everyState, idOf, pending, person, roleArn, target } from './fixtures-elevation.ts'
import { entry, insert } from './store-contract.ts'
import { row } from './store-queries-contract.ts'

const lockOf = (scope: LockScope, minute = 0): Lock => ({ scope, by: person('carol'), at: at(minute) })
const all = { kind: 'all' } as const
const alice = { kind: 'person', person: person('alice') } as const
const bob = { kind: 'person', person: person('bob') } as const
const claims = { kind: 'target', target: target('claims-pii') } as const
const payments = { kind: 'target', target: target('payments-pii') } as const

export const endingsContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  // I14: the lock is looked for in the transaction that would open something
  await t.test('under a lock nothing comes into a state that is open', async (t) => {
    const kept: Readonly<Record<Elevation['state'], readonly LockScope[]>> = {
      pending: [all, alice, claims],
      approved: [all, alice, claims, bob],
      issuing: [all, alice, claims, bob],
      active: [all, alice, claims],
      ending: [],
      ended: [],
      denied: [],
      cancelled: [],
      lapsed: [],
      failed: []
    }
    const store = await open()
    let n = 0
    for (const scope of [all, alice, bob, claims, payments]) {
      const rows = Object.values(everyState(idOf(0))).map((one) => ({ ...one, id: idOf(n++) }))
      for (const made of rows) await insert(store, pending(made.id))
      t.match(await store.setLock(lockOf(scope), [entry(`lock-${n}`, null)]), { kind: 'committed' })
      for (const made of rows) {
        const isKept = kept[made.state].some((one) => one === scope)
        const change = { elevation: made, expectedVersion: 1, entries: [entry(`to-${made.id}`, made.id)] }
        const name = `${JSON.stringify(scope)} ${made.state}`
        t.equal((await store.commit(change)).kind, isKept ? 'conflict' : 'committed', name)
        const fresh = { ...made, id: idOf(n++) }
        t.equal((await insert(store, fresh)).kind, isKept ? 'conflict' : 'committed', `${name}, new`)
      }
      t.match(await store.liftLock(scope, [entry(`lift-${n}`, null)]), { kind: 'committed' })
    }
  })

  await t.test('a lock is set once and lifted once, each with its entry', async (t) => {
    const store = await open()
    const lock = lockOf(alice, 1)
    t.strictSame(await store.setLock(lock, [entry('a', null)]), { kind: 'committed', indexes: [0] })
    t.strictSame(await store.setLock(lockOf(alice, 2), [entry('b', null)]), { kind: 'conflict' })
    await store.setLock(lockOf(claims, 3), [entry('c', null)])
    t.strictSame(await store.locks(), [lock, lockOf(claims, 3)])
    t.strictSame(await store.lockOn(['all', 'target:claims-pii', 'person:alice']), lock)
    t.equal(await store.lockOn(['all', 'person:bob']), null)
    await store.lockSwept(alice, at(4))
    t.strictSame(await store.unsweptLocks(), [lockOf(claims, 3)])
    t.strictSame(await store.liftLock(alice, [entry('d', null)]), { kind: 'committed', indexes: [2] })
    t.strictSame(await store.liftLock(alice, [entry('e', null)]), { kind: 'conflict' })
    t.strictSame(await store.locks(), [lockOf(claims, 3)])
    t.equal((await store.entries(0, 9)).length, 3)
  })

  await t.test('a query does not begin under a lock', async (t) => {
    const store = await open()
    await insert(store, active(idOf(1)))
    const begin = () => store.beginQuery(row(1), [], at(3))
    await store.setLock(lockOf(claims), [])
    t.strictSame(await begin(), { kind: 'conflict' })
    await store.liftLock(claims, [])
    await store.setLock(lockOf(bob), [])
    t.match(await begin(), { kind: 'committed' })
  })

  await t.test('what is open under a lock comes in pages, and nothing else does', async (t) => {
    const store = await open()
    for (const [n, made] of Object.values(everyState(idOf(0))).entries()) {
      await insert(store, { ...made, id: idOf(n) })
    }
    await insert(store, pending(idOf(20), { requester: person('bob') }))
    await insert(store, pending(idOf(21), { target: target('payments-pii') }))
    const under = async (scope: LockScope, limit = 10, after: number | null = null) => {
      const page = { limit, after: after === null ? null : idOf(after) }
      return (await store.openUnder(scope, page)).map(({ elevation }) => elevation.id)
    }
    t.strictSame(await under(all), [0, 1, 2, 3, 20, 21].map(idOf))
    t.strictSame(await under(alice), [0, 1, 2, 3, 21].map(idOf))
    t.strictSame(await under(alice, 2, 1), [2, 3].map(idOf))
    t.strictSame(await under(claims), [0, 1, 2, 3, 20].map(idOf))
    t.strictSame(await under(payments), [idOf(21)])
    t.equal(await store.nextRequester(null), 'alice')
    t.equal(await store.nextRequester(person('alice')), 'bob')
    t.equal(await store.nextRequester(person('bob')), null)
  })

  await t.test('what is ending has queues of its own, by what is next', async (t) => {
    const store = await open()
    const base = { ...ending(idOf(1), at(200)), sweepAt: at(45) }
    await insert(store, { ...base, retryAt: at(31) })
    await insert(store, { ...base, id: idOf(2), removedAt: at(30), retryAt: at(32) })
    await insert(store, { ...base, id: idOf(3), removedAt: at(30), retryAt: at(45) })
    await insert(store, { ...base, id: idOf(4), removedAt: at(30), sweptAt: at(45), retryAt: at(46) })
    await insert(store, { ...base, id: idOf(5), removedAt: at(30), deniedAt: at(33), retryAt: at(47) })
    await insert(store, active(idOf(6), at(10)))
    await insert(store, { ...base, id: idOf(7), how: 'expired', retryAt: at(30) })
    const due = async (step: EndingStep, minute: number, limit = 10) =>
      (await store.dueEndings(step, at(minute), limit)).map(({ elevation }) => elevation.id)
    t.strictSame(await due('revoke', 100), [idOf(1)])
    t.strictSame(await due('remove', 100), [7, 3, 5].map(idOf))
    t.strictSame(await due('probe', 100), [2, 4].map(idOf))
    t.strictSame(await due('remove', 44), [idOf(7)])
    t.strictSame(await due('probe', 100, 1), [idOf(2)])
    t.strictSame((await store.due(at(100), 10)).map(({ elevation }) => elevation.id), [idOf(6)])
  })

  await t.test('a role denies the sessions that were ended early, until their tokens are gone', async (t) => {
    const store = await open()
    const idIn = (n: number) => `AROAEXAMPLE:jit-${idOf(n)}`
    await insert(store, ending(idOf(1), at(60)))
    await insert(store, { ...ending(idOf(2), at(90)), endingSince: at(31) })
    await insert(store, { ...ending(idOf(3), at(90)), how: 'expired' })
    await insert(store, { ...ending(idOf(4), at(90)), session: null })
    await insert(store, active(idOf(5), at(90)))
    await insert(store, ended(idOf(6), at(90)))
    const denied = (minute: number, limit = 120) => store.denySet(roleArn, at(minute), limit)
    t.strictSame(await denied(40), { ids: [idIn(1), idIn(2)], issuedBefore: null })
    t.strictSame(await denied(90), { ids: [idIn(2)], issuedBefore: null })
    t.strictSame(await store.denySet(`${roleArn}-other`, at(40), 120), { ids: [], issuedBefore: null })
    const cut = at(31 + 5 / 60)
    t.strictSame(await denied(40, 1), { ids: [idIn(1)], issuedBefore: cut })
    const seen = { ...ending(idOf(1), at(60)), removedAt: at(30), deniedAt: at(32) }
    await store.commit({ elevation: seen, expectedVersion: 1, entries: [] })
    const earlier = at(30 + 5 / 60)
    t.strictSame(await denied(40, 1), { ids: [idIn(2)], issuedBefore: earlier }, 'who was not seen refused comes first')
    t.strictSame(await denied(40, 2), { ids: [idIn(2), idIn(1)], issuedBefore: null })
    t.strictSame(await store.deniedRoles(), [{ roleArn, region: 'eu-west-1' }])
    await store.forgetDenied(roleArn, at(120))
    t.strictSame(await store.deniedRoles(), [])
  })

  await t.test('one at a time has the turn on a role', async (t) => {
    const store = await open()
    const take = (owner: string, now: number) =>
      store.takeRole({ roleArn, owner, now: at(now), until: at(now + 1) })
    t.equal(await take('one', 0), true)
    t.equal(await take('two', 0), false)
    t.equal(await take('one', 0.5), true)
    await store.giveRole(roleArn, 'two')
    t.equal(await take('two', 1), false)
    await store.giveRole(roleArn, 'one')
    t.equal(await take('two', 1), true)
    t.equal(await take('one', 2), true, 'a turn that is up is nobody\'s')
  })
}
