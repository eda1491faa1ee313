/** What every engine must do with the rows of brokered queries. */
import type { Test } from 'tap'
import { parseQueryId } from '../src/elevation/ids.ts'
import type { QueryRow } from '../src/ports-queries.ts'
import type { Store } from '../src/store/store.ts'
import { active, at, ended, ending, idOf, person } from './fixtures-elevation.ts'
import { entry, insert } from './store-contract.ts'

export const row = (number: number, over: Partial<QueryRow> = {}): QueryRow => {
  const id = parseQueryId(idOf(number))
  if (id === null) throw new Error('bad fixture')
  return {
    id,
    elevation: idOf(1),
    requester: person('alice'),
    textHash: 'ab'.repeat(32),
    cursorKey: 'cd'.repeat(32),
    clientToken: null,
    verdict: { decision: 'allow', refusals: [], reads: { 'a.b': ['c'] }, shape: 'SELECT c FROM a.b' },
    region: 'eu-west-1',
    athenaId: null,
    state: 'starting',
    at: at(3),
    lookAt: at(4),
    finishedAt: null,
    bytesScanned: 0,
    milliseconds: 0,
    rows: null,
    failure: null,
    ...over
  }
}

const ids = (rows: readonly QueryRow[]) => rows.map(({ id }) => id)

export const storeQueriesContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  const begun = async (...rows: readonly QueryRow[]): Promise<Store> => {
    const store = await open()
    await insert(store, active(idOf(1)))
    for (const one of rows) {
      t.match(await store.beginQuery(one, [entry(`q:${one.id}`, idOf(1))], at(3)), { kind: 'committed' })
    }
    return store
  }

  await t.test('a query begins only under an active elevation, with its entry or not at all', async (t) => {
    const store = await begun(row(1))
    t.strictSame(await store.queryOf(row(1).id), row(1))
    t.equal((await store.get(idOf(1)))?.ledger.length, 2)
    await insert(store, ending(idOf(2)))
    for (const [name, one, now] of [
      ['no elevation', row(2, { elevation: idOf(9) }), at(3)],
      ['one that is ending', row(2, { elevation: idOf(2) }), at(3)],
      ['a window that is over', row(2), at(62)],
      ['the same id', row(1), at(3)]
    ] as const) {
      t.match(await store.beginQuery(one, [entry('other', idOf(1))], now), { kind: 'conflict' }, name)
    }
    t.equal(await store.queryOf(row(2).id), null)
    t.equal((await store.entries(0, 100)).length, 3)
  })

  await t.test('a token names one query of its elevation', async (t) => {
    const store = await begun(row(1, { clientToken: 'one' }), row(2), row(3))
    const again = row(4, { clientToken: 'one' })
    t.match(await store.beginQuery(again, [], at(3)), { kind: 'conflict' })
    t.match(await store.queryByToken(idOf(1), 'one'), { id: row(1).id })
    t.equal(await store.queryByToken(idOf(1), 'two'), null)
    t.equal(await store.queryByToken(idOf(2), 'one'), null)
  })

  await t.test('its end is written once, and what is over stays so', async (t) => {
    const store = await begun(row(1))
    const { id } = row(1)
    t.equal(await store.queryStarted(id, 'athena-1'), true)
    t.equal(await store.queryStarted(id, 'athena-2'), false)
    t.match(await store.queryOf(id), { athenaId: 'athena-1', state: 'queued' })
    const running = row(1, { athenaId: 'athena-1', state: 'running', bytesScanned: 5, lookAt: at(9) })
    t.match(await store.saveQuery(running, []), { kind: 'committed' })
    t.strictSame(await store.queryOf(id), running)
    const over = { ...running, state: 'succeeded' as const, finishedAt: at(5), milliseconds: 7 }
    const ends = await Promise.all(['a', 'b'].map((key) => store.saveQuery(over, [entry(key, idOf(1))])))
    t.same(ends.map(({ kind }) => kind).toSorted(), ['committed', 'conflict'])
    t.match(await store.saveQuery({ ...over, state: 'failed' }, []), { kind: 'conflict' })
    t.equal(await store.queryStarted(id, 'athena-3'), false)
    await store.lookAgain(id, at(50))
    await store.noteRows(id, 12)
    await store.noteRows(id, 13)
    t.strictSame(await store.queryOf(id), { ...over, rows: 12 })
  })

  await t.test('what is open is found by its elevation and by its turn', async (t) => {
    const store = await begun(row(1), row(2, { lookAt: at(3) }), row(3))
    const all = [1, 2, 3].map((n) => row(n).id)
    t.same(ids(await store.openQueries(idOf(1))), all)
    t.same(ids(await store.openQueries(idOf(2))), [])
    t.same(ids(await store.dueQueries(at(3), 9)), [all[1]])
    t.same(ids(await store.dueQueries(at(4), 2)), [all[1], all[0]])
    await store.lookAgain(row(1).id, at(8))
    await store.saveQuery(row(3, { state: 'failed', failure: 'x' }), [])
    t.same(ids(await store.dueQueries(at(4), 9)), [all[1]])
    t.same(ids(await store.openQueries(idOf(1))), all.slice(0, 2))
  })

  await t.test('an erasure takes what would tell a guess of the text from another', async (t) => {
    const store = await begun(row(1, { clientToken: 'one' }))
    await store.saveQuery(row(1, { state: 'cancelled' }), [])
    await store.commit({ elevation: ended(idOf(1)), expectedVersion: 1, entries: [] })
    t.match(await store.erase(person('alice'), entry('pii.erased:alice:1', null, null)), { kind: 'erased' })
    t.match(await store.queryOf(row(1).id), { textHash: '', clientToken: null })
  })
}
