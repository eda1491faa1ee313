/** What every engine must do with the notes of what was shown in Slack; `open` gives an empty store. */
import type { Test } from 'tap'
import type { ElevationId } from '../src/elevation/ids.ts'
import { makeEntry } from '../src/ledger/entry.ts'
import type { SlackMessage, SlackOutcome } from '../src/ports.ts'
import type { Store } from '../src/store/store.ts'
import { at, everyState, idOf, pending } from './fixtures-elevation.ts'
import { entry, insert } from './store-contract.ts'

const want = (n: number, key = 'ask', place = 'C1', from = at(0)) => ({
  elevation: idOf(n),
  key,
  place,
  order: n,
  from
})

const outcomeOf = ({ elevation, key, place, wanted }: SlackMessage) => ({
  elevation,
  key,
  place,
  wanted
})

const shownAs = (one: SlackMessage, ts: string, next = at(0)): SlackOutcome => ({
  ...outcomeOf(one),
  kind: 'shown',
  posted: { channel: one.place, ts },
  digest: `d${ts}`,
  next
})

const known = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none')
  return value
}

const namesOf = (rows: readonly SlackMessage[]) => rows.map(({ elevation, key }) => [elevation, key])
const of = async (store: Store, id: ElevationId) => known((await store.slack.of(id))[0])

/** An entry of somebody who denied it, with their words. */
const said = (key: string, value: string) => {
  const body = { id: key, type: 'elevation.denied', actor: 'bob', target: null, policy: null, data: {} }
  const opening = { name: 'reason', salt: '5a'.repeat(32), value }
  return makeEntry(key, { ...body, at: '2026-11-21T10:00:00.000Z', elevation: idOf(1) }, [opening])
}

export const slackContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  /** A store with five pending elevations, and the turn taken by `one`. */
  const filled = async () => {
    const store = await open()
    for (const n of [1, 2, 3, 4, 5]) await insert(store, pending(idOf(n)))
    await store.slack.take('one', at(0), at(1))
    return { store, slack: store.slack }
  }

  await t.test('a request is claimed by the first only, and remembered until its time', async (t) => {
    const { slack } = await open()
    const all = await Promise.all(Array.from({ length: 50 }, () => slack.claim('a', at(10))))
    t.equal(all.filter(Boolean).length, 1)
    t.equal(await slack.claim('b', at(10)), true)
    t.equal(await slack.claim('c', at(69)), true)
    t.equal(await slack.claim('a', at(70)), false)
    t.equal(await slack.claim('d', at(71)), true)
    t.equal(await slack.claim('a', at(71)), true, 'an hour later it is forgotten')
  })

  await t.test('the turn is one owner’s until it is over or given back', async (t) => {
    const { slack } = await open()
    const both = await Promise.all([slack.take('one', at(0), at(1)), slack.take('two', at(0), at(1))])
    t.strictSame(both, [0, null])
    t.equal(await slack.take('one', at(0.5), at(1.5)), 0)
    t.equal(await slack.take('two', at(1.4), at(2)), null)
    t.equal(await slack.take('two', at(1.5), at(3)), 0)
    t.equal(await slack.take('one', at(2), at(3)), null)
    t.equal(await slack.want('one', [], 7), false)
    await slack.give('one')
    t.equal(await slack.take('one', at(2), at(3)), null)
    await slack.give('two')
    t.equal(await slack.take('one', at(2), at(3)), 0)
  })

  await t.test('the first turn starts at the end of the ledger, the next where one has read to', async (t) => {
    const { store, slack } = await filled()
    t.equal(await slack.take('one', at(0), at(1)), 5)
    t.strictSame(await slack.changed(5, 10), { elevations: [], next: 5 })
    await store.append([entry('a', idOf(2)), entry('b', null), entry('c', idOf(1)), entry('d', idOf(2))])
    t.strictSame(await slack.changed(5, 10), { elevations: [idOf(2), idOf(1)], next: 9 })
    t.strictSame(await slack.changed(5, 2), { elevations: [idOf(2)], next: 7 })
    t.equal(await slack.want('one', [want(2)], 7), true)
    t.equal(await slack.take('two', at(1), at(2)), 7)
    t.equal(await slack.want('one', [want(1)], 9), false)
    t.strictSame(await slack.of(idOf(1)), [])
    t.equal(await slack.take('two', at(1), at(2)), 7)
  })

  await t.test('what is not over is listed by id, page by page', async (t) => {
    const store = await open()
    const states = Object.values(everyState(idOf(0)))
    for (const [n, one] of states.entries()) await insert(store, { ...one, id: idOf(n) })
    t.strictSame(await store.slack.open(null, 3), [idOf(0), idOf(1), idOf(2)])
    t.strictSame(await store.slack.open(idOf(2), 3), [idOf(3), idOf(4)])
    t.strictSame(await store.slack.open(idOf(4), 3), [])
  })

  await t.test('a message is due until it is shown, and again when it is wanted again', async (t) => {
    const { store, slack } = await filled()
    await slack.want('one', [want(1)], null)
    const due = known((await slack.due(at(0), 9))[0])
    t.strictSame(due, {
      elevation: idOf(1),
      key: 'ask',
      place: 'C1',
      posted: null,
      digest: null,
      wanted: 1,
      sent: 0,
      attempts: 0,
      gaveUp: null,
      conversation: null
    })
    await slack.want('one', [want(1)], null)
    await slack.note(shownAs(due, '1'))
    t.match(await of(store, idOf(1)), { wanted: 2, sent: 1, posted: { channel: 'C1', ts: '1' } })
    const again = known((await slack.due(at(0), 9))[0])
    t.match(again, { wanted: 2, conversation: 'C1', digest: 'd1' })
    await slack.note({ ...outcomeOf(again), kind: 'nothing' })
    t.strictSame(await slack.due(at(9), 9), [])
    t.match(await of(store, idOf(1)), { posted: { ts: '1' }, digest: 'd1' })
    await slack.want('one', [want(1)], null)
    await slack.note({ ...outcomeOf(await of(store, idOf(1))), kind: 'gone' })
    t.match(await of(store, idOf(1)), { posted: null, digest: null, sent: 3 })
  })

  await t.test('of each place the first is due, in the order in which they were wanted', async (t) => {
    const { slack } = await filled()
    const wanted = [want(3), want(2), want(4, 'ask', 'C2'), want(5, 'ask', 'C2'), want(1, 'own', 'U1')]
    await slack.want('one', wanted, null)
    const [own, second, fourth, ...more] = await slack.due(at(0), 9)
    t.strictSame(namesOf([known(own), known(second), known(fourth)]), [
      [idOf(1), 'own'],
      [idOf(2), 'ask'],
      [idOf(4), 'ask']
    ])
    t.strictSame(more, [])
    t.equal((await slack.due(at(0), 2)).length, 2)
    await slack.note(shownAs(known(second), '1'))
    t.match(await slack.due(at(0), 9), [{ key: 'own' }, { elevation: idOf(3) }, { elevation: idOf(4) }])
  })

  await t.test('a place is left alone until its pace allows', async (t) => {
    const { slack } = await filled()
    await slack.want('one', [want(1), want(2)], null)
    await slack.note(shownAs(known((await slack.due(at(0), 9))[0]), '1', at(2)))
    t.strictSame(await slack.due(at(1.9), 9), [])
    t.match(await slack.due(at(2), 9), [{ elevation: idOf(2) }])
  })

  await t.test('one tried again keeps its place waiting, one whose time has not come does not', async (t) => {
    const { store, slack } = await filled()
    await slack.want('one', [want(1, 'warn', 'C1', at(30)), want(2), want(3)], null)
    const first = known((await slack.due(at(0), 9))[0])
    t.strictSame(namesOf([first]), [[idOf(2), 'ask']])
    await slack.note({ ...outcomeOf(first), kind: 'retry', at: at(5) })
    t.match(await of(store, idOf(2)), { attempts: 1, sent: 0 })
    t.strictSame(await slack.due(at(4.9), 9), [])
    await slack.want('one', [want(2)], null)
    t.strictSame(await slack.due(at(4.9), 9), [], 'wanting it again does not hurry it')
    t.strictSame(namesOf(await slack.due(at(5), 9)), [[idOf(2), 'ask']])
    t.strictSame(namesOf(await slack.due(at(30), 9)), [[idOf(1), 'warn']])
    await slack.note(shownAs(known((await slack.due(at(5), 9))[0]), '1'))
    t.match(await of(store, idOf(2)), { attempts: 0 })
  })

  await t.test('one given up is left as it is, and stands in nobody’s way', async (t) => {
    const { store, slack } = await filled()
    await slack.want('one', [want(1), want(2)], null)
    const first = known((await slack.due(at(0), 9))[0])
    await slack.note({ ...outcomeOf(first), kind: 'gave_up', code: 'channel_not_found', digest: 'd' })
    t.match(await of(store, idOf(1)), { gaveUp: 'channel_not_found', digest: 'd', sent: 1 })
    t.match(await slack.due(at(0), 9), [{ elevation: idOf(2) }])
    await slack.want('one', [want(1)], null)
    await slack.note(shownAs(await of(store, idOf(1)), '1'))
    t.match(await of(store, idOf(1)), { gaveUp: null, posted: { ts: '1' } })
  })

  await t.test('a message that moves is not shown at its new place, whatever is noted of the old', async (t) => {
    const { store, slack } = await filled()
    await slack.want('one', [want(1, 'own', 'U1')], null)
    const old = known((await slack.due(at(0), 9))[0])
    await slack.want('one', [want(1, 'own', 'U2')], null)
    await slack.note(shownAs(old, '1'))
    t.match(await of(store, idOf(1)), { place: 'U2', posted: null, digest: null, sent: 0 })
    t.match(await slack.due(at(0), 9), [{ place: 'U2' }])
  })

  await t.test('the word is that of the last denial or revocation, not why it was asked', async (t) => {
    const store = await open()
    await insert(store, pending(idOf(1)))
    t.equal(await store.slack.word(idOf(1)), null)
    await store.append([said('a', 'not this week'), entry('b', idOf(1), null)])
    t.equal(await store.slack.word(idOf(1)), 'not this week')
    await store.append([said('c', 'nor next')])
    t.equal(await store.slack.word(idOf(1)), 'nor next')
    t.equal(await store.slack.word(idOf(2)), null)
  })
}
