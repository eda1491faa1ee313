/**
 * What every engine must do, as one suite: each adapter runs it against a store of its own. `open`
 * gives an empty store each time it is called.
 */
import type { Test } from 'tap'
import type { Elevation } from '../src/elevation/elevation.ts'
import { type ElevationId, type Instant, seconds } from '../src/elevation/ids.ts'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import type { Filter, IdempotencyKey, StandingOf } from '../src/ports.ts'
import type { Store } from '../src/store/store.ts'
import { endingsContract } from './store-endings-contract.ts'
import {
  active,
  approved,
  at,
  ended,
  ending,
  everyState,
  idOf,
  issuing,
  pending,
  person,
  start,
  target
} from './fixtures-elevation.ts'

const salt = '5a'.repeat(32)

/** An entry about `id` under `key`, with one opening unless told otherwise. */
export const entry = (key: string, id: ElevationId | null, value: string | null = 'why'): Entry =>
  makeEntry(
    key,
    {
      id: key,
      type: 'elevation.requested',
      at: '2026-11-21T10:00:00.000Z',
      actor: 'alice',
      elevation: id,
      target: 'claims-pii',
      policy: null,
      data: {}
    },
    value === null ? [] : [{ name: 'reason', salt, value }]
  )

/** Stores `elevation` as a new row with one entry. */
export const insert = (store: Store, elevation: Elevation) =>
  store.commit({
    elevation,
    expectedVersion: null,
    entries: [entry(`${elevation.id}:1`, elevation.id)]
  })

const idsOf = (rows: readonly { readonly elevation: Elevation }[]): readonly string[] =>
  rows.map(({ elevation }) => elevation.id)

const countEntries = async (store: Store): Promise<number> =>
  (await store.entries(0, 10_000)).length

export const storeContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  await t.test('an elevation of every state reads back as it was written', async (t) => {
    const store = await open()
    const states = Object.values(everyState(idOf(0)))
    for (const [n, made] of states.entries()) {
      const elevation = { ...made, id: idOf(n) }
      t.strictSame(await insert(store, elevation), { kind: 'committed', indexes: [n] })
      t.strictSame(await store.get(elevation.id), { elevation, version: 1, ledger: [n] })
    }
    t.equal(states.length, 10)
    t.equal(await store.get(idOf(99)), null)
  })

  await t.test('a change from the version read raises it by one, with its entries', async (t) => {
    const store = await open()
    await insert(store, pending(idOf(1)))
    await store.append([entry('between', null)])
    const change = { elevation: approved(idOf(1)), expectedVersion: 1 }
    const entries = [entry('a', idOf(1)), entry('b', idOf(1))]
    t.strictSame(await store.commit({ ...change, entries }), { kind: 'committed', indexes: [2, 3] })
    t.strictSame(await store.get(idOf(1)), {
      elevation: approved(idOf(1)),
      version: 2,
      ledger: [0, 2, 3]
    })
  })

  await t.test('a change without entries is a change', async (t) => {
    const store = await open()
    await insert(store, pending(idOf(1)))
    const change = { elevation: approved(idOf(1)), expectedVersion: 1, entries: [] }
    t.strictSame(await store.commit(change), { kind: 'committed', indexes: [] })
  })

  await t.test('a conflict leaves no row, entry, opening or idempotency key', async (t) => {
    const store = await open()
    const taken = { person: person('alice'), key: 'taken', bodyHash: 'h1' }
    const free = { person: person('alice'), key: 'free', bodyHash: 'h2' }
    const over = ended(idOf(2))
    await store.commit({
      elevation: pending(idOf(1)),
      expectedVersion: null,
      entries: [entry('first', idOf(1))],
      idempotency: taken
    })
    await insert(store, over)
    const state = async () => [
      await store.get(idOf(1)),
      await store.get(idOf(2)),
      await countEntries(store)
    ]
    const before = await state()
    const entries = [entry('lost', idOf(1), 'lost')]
    const conflicts: readonly (readonly [string, Elevation, number | null, IdempotencyKey])[] = [
      ['the row is there', pending(idOf(1)), null, free],
      ['the row is not there', pending(idOf(9)), 1, free],
      ['an older version', approved(idOf(1)), 0, free],
      ['a later version', approved(idOf(1)), 2, free],
      ['a terminal row', ending(idOf(2)), 1, free],
      ['a taken key', pending(idOf(3)), null, taken]
    ]
    for (const [name, elevation, expectedVersion, idempotency] of conflicts) {
      const answer = await store.commit({ elevation, expectedVersion, entries, idempotency })
      t.strictSame(answer, { kind: 'conflict' }, name)
    }
    t.strictSame(await state(), before)
    t.equal(await store.get(idOf(3)), null)
    t.equal(await store.byIdempotencyKey(person('alice'), 'free'), null)
    // Were an opening left behind, this entry's own could not be written.
    const again = [entry('lost', idOf(1), 'kept')]
    const late = { elevation: approved(idOf(1)), expectedVersion: 1, entries: again }
    t.strictSame(await store.commit(late), { kind: 'committed', indexes: [2] })
  })

  await t.test('an idempotency key belongs to a person and remembers its body', async (t) => {
    const store = await open()
    const made = { person: person('alice'), key: 'k', bodyHash: 'h1' }
    const change = { expectedVersion: null, entries: [] }
    await store.commit({ ...change, elevation: pending(idOf(1)), idempotency: made })
    const bob = { ...made, person: person('bob'), bodyHash: 'h2' }
    t.match(await store.commit({ ...change, elevation: pending(idOf(2)), idempotency: bob }), {
      kind: 'committed'
    })
    const of = (name: string) => store.byIdempotencyKey(person(name), 'k')
    t.strictSame(await of('alice'), { id: idOf(1), bodyHash: 'h1' })
    t.strictSame(await of('bob'), { id: idOf(2), bodyHash: 'h2' })
    t.equal(await store.byIdempotencyKey(person('alice'), 'K'), null)
  })

  await t.test('a standing counts what is open, what ran within the day and what is unreviewed', async (t) => {
    const store = await open()
    const alice = person('alice')
    const claims = target('claims-pii')
    const none = { pending: 0, open: 0, running: 0, seconds: 0, auto: 0, unreviewed: null, extended: null, version: 0 }
    const seenSince = (since: Instant, more: Partial<StandingOf> = {}) =>
      store.standing({ person: alice, target: claims, except: null, beside: null, since, around: { from: since, to: at(10_000) }, ...more })
    t.strictSame(await seenSince(at(0)), none)
    const broken = (id: ElevationId): Elevation => {
      const one = active(id, at(90))
      return { ...one, ask: { ...one.ask, breakGlass: true }, terms: { ...one.terms, quorum: 0 } }
    }
    const byRule = active(idOf(5))
    const rows: readonly Elevation[] = [
      pending(idOf(1)),
      pending(idOf(2), { target: target('payments-pii') }),
      approved(idOf(3)),
      issuing(idOf(4)),
      { ...byRule, terms: { ...byRule.terms, quorum: 0 } },
      ended(idOf(6)),
      broken(idOf(7)),
      pending(idOf(8), { requester: person('dave') }),
      { ...everyState(idOf(9)).cancelled },
      ended(idOf(10), at(-1))
    ]
    for (const row of rows) await insert(store, row)
    // asked: 1 and 3 (an hour each, from the start); issued: 4, 5, 6 an hour and 7 of 88 minutes
    const counts = { pending: 2, open: 5, running: 3, seconds: 4 * 3600 + 88 * 60, auto: 1 }
    const since = at(-1)
    const seen = await seenSince(since)
    t.strictSame(seen, { ...counts, seconds: seen.seconds, unreviewed: idOf(7), extended: null, version: 0 })
    t.equal(seen.seconds, 2 * 3600 + 3 * 3600 + 88 * 60)
    t.match(await seenSince(since, { except: idOf(1) }), { pending: 1, open: 4 })
    t.match(await seenSince(at(89)), { seconds: 88 * 60, auto: 0 })
  })

  await t.test('an extension is found by what it extends, and counts beside it', async (t) => {
    const store = await open()
    const from = active(idOf(1))
    const extending = { elevation: idOf(1), notAfter: at(62), place: 2, seconds: seconds(3600) }
    const extended = <E extends Elevation>(one: E): E => ({ ...one, ask: { ...one.ask, extends: extending } })
    const around = { from: at(-1), to: at(10_000) }
    const of = { person: person('alice'), target: target('claims-pii'), except: null, since: at(-1), around }
    const beside = () => store.standing({ ...of, beside: idOf(1) })
    await insert(store, from)
    t.match(await beside(), { open: 0, running: 0, seconds: 3600, extended: null })
    await insert(store, extended({ ...everyState(idOf(2)).lapsed }))
    t.match(await beside(), { extended: null }, 'what was given back unused extends nothing')
    await insert(store, extended(pending(idOf(3))))
    t.match(await beside(), { open: 1, running: 0, pending: 1, seconds: 7200, extended: idOf(3) })
    t.match(await store.standing({ ...of, beside: null }), { open: 2, running: 1, extended: null })
    t.match(await store.standing({ ...of, except: idOf(3), beside: idOf(1) }), { open: 0, extended: null })
    t.strictSame((await store.get(idOf(3)))?.elevation, extended(pending(idOf(3))))
  })

  await t.test('a scheduled window counts where it is to be, an unused one that has no start where it was asked', async (t) => {
    const store = await open()
    const day = 24 * 60
    const starting = (id: ElevationId, minutes: number): Elevation => {
      const one = approved(id)
      return { ...one, ask: { ...one.ask, startAt: at(minutes) } }
    }
    await insert(store, starting(idOf(1), 3 * day))
    await insert(store, approved(idOf(2)))
    const of = { person: person('alice'), target: target('claims-pii'), except: null, beside: null }
    const near = async (from: number, to: number) =>
      (await store.standing({ ...of, since: at(-1), around: { from: at(from), to: at(to) } })).seconds
    t.equal(await near(-1, day), 3600, 'too far ahead')
    t.equal(await near(-1, 3 * day + 1), 7200, 'within')
    t.equal(await near(-1, 3 * day), 3600, 'it starts when the bounds end')
    t.equal(await near(3 * day + 59, 9 * day), 7200, 'it is not over when they begin')
    t.equal(await near(3 * day + 60, 9 * day), 3600, 'it is over when they begin')
  })

  await t.test('an ask is committed only against the standing it was decided on', async (t) => {
    const store = await open()
    const basis = { person: person('alice'), version: 0 }
    const change = (n: number, version: number) =>
      store.commit({
        elevation: pending(idOf(n)),
        expectedVersion: null,
        entries: [],
        standing: { ...basis, version }
      })
    const both = await Promise.all([change(1, 0), change(2, 0)])
    t.strictSame(both.map(({ kind }) => kind).toSorted(), ['committed', 'conflict'])
    t.match(await change(3, 0), { kind: 'conflict' })
    t.match(await change(4, 1), { kind: 'committed' })
    t.equal(await store.get(idOf(3)), null)
    const of = { target: target('claims-pii'), except: null, beside: null, since: start, around: { from: start, to: start } }
    t.match(await store.standing({ ...of, person: person('alice') }), { version: 2 })
    t.match(await store.standing({ ...of, person: person('bob') }), { version: 0 })
  })

  await t.test('a break-glass elevation is reviewed once', async (t) => {
    const store = await open()
    const one = active(idOf(1))
    const glass = { ...one, ask: { ...one.ask, breakGlass: true }, terms: { ...one.terms, quorum: 0 } }
    await insert(store, glass)
    const review = (by: string) =>
      store.review({ elevation: idOf(1), by: person(by), at: at(70) }, [entry(`r-${by}`, idOf(1))])
    const both = await Promise.all([review('sam'), review('bob')])
    t.strictSame(both.map(({ kind }) => kind).toSorted(), ['committed', 'conflict'])
    t.equal(await countEntries(store), 2)
    const around = { from: start, to: start }
    const of = { person: person('alice'), target: target('claims-pii'), except: null, beside: null, since: start, around }
    t.match(await store.standing(of), { unreviewed: null })
  })

  await t.test('a vote the other way round is found by who gave it and when', async (t) => {
    const store = await open()
    await insert(store, pending(idOf(1)))
    await store.commit({ elevation: approved(idOf(1)), expectedVersion: 1, entries: [] })
    const last = (by: string, since = start) =>
      store.lastApproval({ requester: person('alice'), by: person(by), since })
    t.equal(await last('bob'), at(1))
    t.equal(await last('carol'), null)
    t.equal(await last('bob', at(2)), null)
  })

  await t.test('an entry whose key is there keeps its place and its first bytes', async (t) => {
    const store = await open()
    const first = entry('same', null, 'one')
    await store.append([first, entry('other', null, null)])
    await store.append([entry('same', null, 'two'), entry('third', null)])
    const rows = await store.entries(0, 10)
    t.strictSame(
      rows.map(({ index }) => index),
      [0, 1, 2]
    )
    t.strictSame(Buffer.from(rows[0]?.body ?? []), Buffer.from(first.body))
    t.strictSame(Buffer.from(rows[0]?.leaf ?? []), Buffer.from(first.leaf))
    await insert(store, pending(idOf(1)))
    const entries = [first, entry('new', null)]
    const retry = { elevation: approved(idOf(1)), expectedVersion: 1, entries }
    t.strictSame(await store.commit(retry), { kind: 'committed', indexes: [0, 4] })
  })

  await t.test('appending nothing is nothing', async (t) => {
    const store = await open()
    await store.append([])
    t.equal(await countEntries(store), 0)
  })

  await t.test('entries are read by index, ascending, so many at a time', async (t) => {
    const store = await open()
    await store.append(Array.from({ length: 5 }, (_, n) => entry(`k${n}`, null)))
    const indexes = async (from: number, limit: number) =>
      (await store.entries(from, limit)).map(({ index }) => index)
    t.strictSame(await indexes(0, 2), [0, 1])
    t.strictSame(await indexes(3, 10), [3, 4])
    t.strictSame(await indexes(5, 10), [])
  })

  await t.test('100 changes asked at once are all kept, under indexes without gaps', async (t) => {
    const store = await open()
    const asked = Array.from({ length: 100 }, (_, n) => insert(store, pending(idOf(n))))
    const answers = await Promise.all(asked)
    const indexes = answers.flatMap((answer) => (answer.kind === 'committed' ? answer.indexes : []))
    t.strictSame(
      indexes.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, n) => n)
    )
    t.equal((await store.list({ limit: 200 })).length, 100)
  })

  await t.test('of 50 changes from one version one is made; the rest disturb nobody', async (t) => {
    const store = await open()
    await insert(store, pending(idOf(0)))
    const asked = Array.from({ length: 50 }, (_, n) => [
      store.commit({
        elevation: approved(idOf(0)),
        expectedVersion: 1,
        entries: [entry(`race${n}`, idOf(0))]
      }),
      insert(store, pending(idOf(n + 1)))
    ]).flat()
    const answers = await Promise.all(asked)
    t.equal(answers.filter(({ kind }) => kind === 'committed').length, 51)
    t.equal(await countEntries(store), 52)
    t.equal((await store.get(idOf(0)))?.version, 2)
  })

  await t.test('a change that fails does not touch the others asked with it', async (t) => {
    const store = await open()
    const broken = { ...entry('broken', null), leaf: new Uint8Array(31) }
    const asked = [
      insert(store, pending(idOf(1))),
      store.commit({ elevation: pending(idOf(2)), expectedVersion: null, entries: [broken] }),
      insert(store, pending(idOf(3)))
    ]
    const kinds = (await Promise.allSettled(asked)).map(({ status }) => status)
    t.strictSame(kinds, ['fulfilled', 'rejected', 'fulfilled'])
    t.strictSame(idsOf(await store.list({ limit: 9 })), [idOf(3), idOf(1)])
    t.equal(await countEntries(store), 2)
  })

  await t.test('a list is newest first, filtered, and paged by the last id seen', async (t) => {
    const store = await open()
    const alice = { requester: person('alice'), target: target('claims-pii') }
    const bob = { requester: person('bob'), target: target('hr-pii') }
    await insert(store, pending(idOf(1), alice))
    await insert(store, pending(idOf(2), bob))
    await insert(store, approved(idOf(3), alice))
    await insert(store, issuing(idOf(4), { ...alice, target: target('hr-pii') }))
    await insert(store, active(idOf(5)))
    const cases: readonly (readonly [string, Filter, readonly number[]])[] = [
      ['everything', { limit: 10 }, [5, 4, 3, 2, 1]],
      ['a page', { limit: 2 }, [5, 4]],
      ['the next page', { limit: 2, before: idOf(4) }, [3, 2]],
      ['by requester', { limit: 10, requester: person('bob') }, [2]],
      ['by target', { limit: 10, target: target('hr-pii') }, [4, 2]],
      ['by states', { limit: 10, states: ['approved', 'pending'] }, [3, 2, 1]],
      ['by no state', { limit: 10, states: [] }, []],
      [
        'by all of them',
        { limit: 1, states: ['pending'], before: idOf(2), ...alice },
        [1]
      ]
    ]
    for (const [name, filter, want] of cases) {
      t.strictSame(idsOf(await store.list(filter)), want.map(idOf), name)
    }
  })

  await t.test('due rows come earliest first, from their instant, never terminal', async (t) => {
    const store = await open()
    await insert(store, active(idOf(1), at(90)))
    await insert(store, active(idOf(2), at(70)))
    await insert(store, ended(idOf(3), at(10)))
    await insert(store, pending(idOf(4)))
    t.strictSame(idsOf(await store.due(start, 10)), [])
    t.strictSame(idsOf(await store.due(at(90), 10)), [idOf(2), idOf(1)])
    t.strictSame(idsOf(await store.due(at(120), 2)), [idOf(2), idOf(1)])
    t.strictSame(idsOf(await store.due(at(120), 10)), [idOf(2), idOf(1), idOf(4)])
    await store.commit({ elevation: ended(idOf(2)), expectedVersion: 1, entries: [] })
    t.strictSame(idsOf(await store.due(at(120), 10)), [idOf(1), idOf(4)])
  })

  await t.test('a scheduled one is due at its start, and then by when it has to be used', async (t) => {
    const store = await open()
    const one = approved(idOf(1))
    const scheduled = { ...one, ask: { ...one.ask, startAt: at(60) }, activateBy: at(540) }
    const due = async (minutes: number) => idsOf(await store.due(at(minutes), 10))
    await insert(store, scheduled)
    t.strictSame(await due(59), [])
    t.strictSame(await due(60), [idOf(1)])
    await store.commit({ elevation: { ...scheduled, startableSince: at(60) }, expectedVersion: 1, entries: [] })
    t.strictSame(await due(539), [])
    t.strictSame(await due(540), [idOf(1)])
    const late = { ...one, id: idOf(2), ask: { ...one.ask, startAt: at(1) }, decidedAt: at(2) }
    await insert(store, late)
    t.strictSame(await due(60), [], 'approved after its start it waits for nothing')
  })

  await endingsContract(t, open)

  await t.test('check writes, and after close everything is refused', async (t) => {
    const store = await open()
    const last = insert(store, pending(idOf(1)))
    await store.check()
    await store.check()
    await store.close()
    t.match(await last, { kind: 'committed' })
    await t.rejects(store.check(), { code: 'unavailable' })
    await t.rejects(store.get(idOf(1)), { code: 'unavailable' })
    await store.close()
  })
}
