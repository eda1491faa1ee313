/** What every engine must do for those who find entries: the same entries as reading all of them. */
import fc from 'fast-check'
import type { Test } from 'tap'
import { type Entry, makeEntry } from '../src/ledger/entry.ts'
import { parseEntry } from '../src/ledger/envelope.ts'
import type { EntryFilter, EntryPlace } from '../src/ports-search.ts'
import type { Store } from '../src/store/store.ts'
import { approved, ended, idOf, pending } from './fixtures-elevation.ts'
import { insert } from './store-contract.ts'

const actors = ['alice', 'bob', 'broker']
const targets = ['claims-pii', 'payments-pii', null]
const types = ['elevation.requested', 'approval.recorded', 'query.refused']
const start = Date.UTC(2026, 10, 21, 10)

/** Times go back and forth, as clocks do. */
const entryAt = (n: number, more: Partial<{ type: string; at: number; elevation: string }> = {}): Entry => {
  const id = `0199f0c4-7a10-4c3e-9d21-${String(n).padStart(12, '0')}`
  const at = more.at ?? start + ((n * 37) % 50) * 60_000
  const body = {
    id,
    type: more.type ?? types[n % 3] ?? '',
    at: new Date(at).toISOString(),
    actor: actors[Math.floor(n / 3) % 3] ?? '',
    elevation: more.elevation ?? null,
    target: targets[Math.floor(n / 9) % 3] ?? null,
    policy: null,
    data: {}
  }
  return makeEntry(id, body, [])
}

const count = 200

export const searchContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  await t.test('pages of a search are what reading every entry would find, by time', async (t) => {
    const store = await open()
    await store.append(Array.from({ length: count }, (_, n) => entryAt(n)))
    const all = (await store.entries(0, count)).flatMap(({ index, body }) => {
      const parsed = parseEntry(body)
      return parsed.ok ? [{ index, ...parsed.body }] : []
    })
    const expected = (of: EntryFilter): readonly number[] =>
      all
        .filter(({ actor }) => of.actor === undefined || of.actor === actor)
        .filter(({ target }) => of.target === undefined || of.target === target)
        .filter(({ type }) => of.type === undefined || of.type === type)
        .filter(({ at }) => (of.from === undefined || at >= of.from) && (of.to === undefined || at < of.to))
        .toSorted((a, b) => (a.at === b.at ? b.index - a.index : a.at < b.at ? 1 : -1))
        .map(({ index }) => index)
    const found = async (of: EntryFilter, limit: number): Promise<readonly number[]> => {
      const indexes: number[] = []
      for (let after: EntryPlace | null = null; ; ) {
        const { rows, next, size, indexed } = await store.search.find(of, { after, limit })
        t.strictSame([size, indexed], [count, count])
        indexes.push(...rows.map(({ index }) => index))
        if (next === null) return indexes
        after = next
      }
    }
    const minute = fc.integer({ min: -1, max: 51 }).map((n) => new Date(start + n * 60_000).toISOString())
    const filter = fc.record(
      {
        actor: fc.constantFrom(...actors, 'nobody'),
        target: fc.constantFrom('claims-pii', 'payments-pii', 'none'),
        type: fc.constantFrom(...types),
        from: minute,
        to: minute
      },
      { requiredKeys: [] }
    )
    await fc.assert(
      fc.asyncProperty(filter, fc.integer({ min: 1, max: 60 }), async (of, limit) => {
        t.strictSame(await found(of, limit), expected(of))
      }),
      { numRuns: 30 }
    )
  })

  await t.test('entries are taken in by steps, each once, and found as far as they are', async (t) => {
    const store = await open()
    t.equal(await store.search.takeIn(10), 0)
    await store.append(Array.from({ length: 25 }, (_, n) => entryAt(n)))
    t.equal(await store.search.takeIn(10), 10)
    t.equal((await Promise.all([store.search.takeIn(10), store.search.takeIn(10)])).some((n) => n > 0), true)
    t.match(await store.search.find({}, { after: null, limit: 1 }), { size: 25, indexed: 25 })
    t.equal(await store.search.takeIn(10), 0)
    t.strictSame((await store.search.entriesAt([3, 1, 99])).map(({ index }) => index), [1, 3])
    t.strictSame(await store.search.entriesAt([]), [])
  })

  await t.test('counts by day and person, lengths and what was never used', async (t) => {
    const store = await open()
    const [one, two, three] = [idOf(1), idOf(2), idOf(3)]
    await insert(store, pending(one))
    await insert(store, approved(two))
    await insert(store, ended(three))
    const hour = 3_600_000
    const add = (n: number, type: string, at: number, elevation: string): Entry => entryAt(n, { type, at, elevation })
    await store.append([
      add(1, 'elevation.approved', start + hour, three),
      add(2, 'session.issued', start + 2 * hour, three),
      add(3, 'elevation.denied', start + 25 * hour, one)
    ])
    while ((await store.search.takeIn(100)) > 0);
    const since = '2026-11-21T00:00:00.000Z'
    t.strictSame(await store.search.perDay(['elevation.approved', 'elevation.denied'], since), [
      { type: 'elevation.approved', day: '2026-11-21', count: 1 },
      { type: 'elevation.denied', day: '2026-11-22', count: 1 }
    ])
    t.strictSame(await store.search.perActor(['elevation.requested'], since), [
      { type: 'elevation.requested', actor: 'alice', count: 3 }
    ])
    const spans = { first: 'elevation.requested', last: ['elevation.approved', 'elevation.denied'], since, limit: 10 }
    t.match(await store.search.spans(spans), [
      { elevation: one, from: '2026-11-21T10:00:00.000Z', to: '2026-11-22T11:00:00.000Z' },
      { elevation: three, from: '2026-11-21T10:00:00.000Z', to: '2026-11-21T11:00:00.000Z' }
    ])
    const issued = { had: 'session.issued', without: ['session.vended'], states: ['ended'], since, limit: 5 }
    t.match(await store.search.unused(issued), [{ elevation: three, requester: 'alice', target: 'claims-pii' }])
    t.strictSame(await store.search.unused({ ...issued, without: ['elevation.approved'] }), [])
    t.strictSame(await store.search.unused({ ...issued, states: ['lapsed'] }), [])
  })
}
