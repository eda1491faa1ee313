/**
 * Ends beside a million active elevations: how late those are that fall due one after another, what
 * the worker's look for due rows costs, what memory the million costs; then very many that fall due
 * with one second, while health is asked for. Options: `--engine`, `--rows`, `--due` one after
 * another, `--every` ms (windows end with a whole second), `--storm` in one second, `--minutes` the storm is watched at most.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Active } from '../../src/elevation/elevation.ts'
import { instant, parseElevationId } from '../../src/elevation/ids.ts'
import { parseEntry } from '../../src/ledger/envelope.ts'
import type { Store } from '../../src/store/store.ts'
import { endOfCopy, idOfCopy, writeCopies } from './crowd.ts'
import { type Health, startControl, watchHealth } from './health.ts'
import { engines, startPlaces } from './places.ts'
import { makeReplica } from './replica.ts'
import { load, note, quantile, residentMiB, rounded, say } from './run.ts'
import { setStage } from './stage.ts'
import { timing } from './timing.ts'

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'sqlite' },
    rows: { type: 'string', default: '1000000' },
    due: { type: 'string', default: '400' },
    every: { type: 'string', default: '217' },
    storm: { type: 'string', default: '15000' },
    minutes: { type: 'string', default: '3' }
  }
})
const engine = engines.find((name) => name === values.engine)
if (engine === undefined) throw new Error(`no such engine: ${values.engine}`)
const rows = Number(values.rows)
const due = Number(values.due)
const everyMs = Number(values.every)
const storm = Number(values.storm)
const settledMs = 15_000

const places = await startPlaces(engine, ['checkpoint_timeout=1h', 'max_wal_size=8GB'])
const stage = await setStage()
const place = await places.fresh()
const broker = makeReplica(() => ({
  ...stage.env,
  ...place.env(),
  TORTURE_TIMING: JSON.stringify(timing),
  TORTURE_THREAD: 'yes'
}))
const as = stage.client(broker.url)
const control = await startControl()
let ok = true

const figure = (line: { readonly ok: boolean; readonly [name: string]: unknown }): void => {
  ok &&= line.ok
  say({ ...line, engine, load: load() })
}

const stop = async (): Promise<void> => {
  broker.signal('SIGKILL')
  await broker.gone(5000)
}

/** Median of a page of one's own elevations, in milliseconds. */
const listMs = async (): Promise<number> => {
  const token = stage.people.analysts[0] ?? ''
  const took: number[] = []
  for (let n = 0; n < 50; n++) {
    const began = performance.now()
    const answer = await as.send('GET', token, '/v1/elevations?mine=true&limit=20')
    if (answer?.status !== 200) throw new Error(`list: ${answer?.status ?? 'no answer'}`)
    took.push(performance.now() - began)
  }
  return quantile(took, 0.5)
}

/** What was really issued once, and what an idle broker takes with nothing else there. */
const template = async (): Promise<{ readonly of: Active; readonly idleMiB: number; readonly emptyListMs: number }> => {
  await broker.start()
  const made = await as.approved('4h')
  if (made === null || !(await as.credentials(made))) throw new Error('nothing is issued')
  await wait(settledMs)
  const idleMiB = residentMiB(broker.pid())
  const emptyListMs = await listMs()
  await stop()
  const store = await place.open()
  try {
    const id = parseElevationId(made.id)
    const elevation = id === null ? null : (await store.get(id))?.elevation
    if (elevation?.state !== 'active') throw new Error('it is not active')
    return { of: elevation, idleMiB, emptyListMs }
  } finally {
    await store.close()
  }
}

/** Median of the look for due rows that finds none, in milliseconds. */
const pollMs = async (store: Pick<Store, 'due'>): Promise<number> => {
  const took: number[] = []
  for (let n = 0; n < 300; n++) {
    const began = performance.now()
    await store.due(instant(Date.now()), 25)
    took.push(performance.now() - began)
  }
  return quantile(took, 0.5)
}

/** How many of the copies are in which state, and of how many AWS was seen to refuse the session. */
const countOf = async (store: Store, from: number, count: number) => {
  const sum = { unbegun: 0, ended: 0, denied: 0 }
  for (let n = from; n < from + count; n++) {
    const id = parseElevationId(idOfCopy(n))
    const found = id === null ? null : (await store.get(id))?.elevation
    if (found?.state === 'active') sum.unbegun += 1
    if (found?.state === 'ended') sum.ended += 1
    const isOver = found?.state === 'ending' || found?.state === 'ended'
    if (isOver && found.deniedAt !== undefined) sum.denied += 1
  }
  return sum
}

/** How late the entries say that each began to end, by the number of the copy. */
const latenessOf = async (store: Store, ends: ReadonlyMap<string, number>): Promise<readonly number[]> => {
  const late: number[] = []
  for (let index = 0; ; ) {
    const found = await store.entries(index, 5000)
    if (found.length === 0) return late
    for (const { body } of found) {
      const parsed = parseEntry(body)
      if (!parsed.ok || parsed.body.type !== 'elevation.ending') continue
      const endsAt = ends.get(parsed.body.elevation ?? '')
      if (endsAt !== undefined) late.push(Date.parse(parsed.body.at) - endsAt)
    }
    index += found.length
  }
}

const shown = ({ livez, readyz, control, failed }: Health) => ({
  livezP99Ms: rounded(quantile(livez, 0.99), 1),
  readyzP99Ms: rounded(quantile(readyz, 0.99), 1),
  livezMaxMs: rounded(Math.max(...livez), 1),
  readyzMaxMs: rounded(Math.max(...readyz), 1),
  controlP99Ms: rounded(quantile(control, 0.99), 1),
  controlMaxMs: rounded(Math.max(...control), 1),
  asked: livez.length + readyz.length,
  failed
})

try {
  const { of, idleMiB, emptyListMs } = await template()
  note(`expiry ${engine}: writing ${rows} rows`)
  const began = Date.now()
  const hour = 3_600_000
  await writeCopies(places, place, { of, from: 10_000_000, count: rows, firstEndsAt: began + 12 * hour, everyMs: 1, isShort: true })
  note(`expiry ${engine}: ${rows} rows in ${rounded((Date.now() - began) / 1000, 0)} s`)
  const poll = await (async () => {
    // of a file a copy: what is closed is held until it is collected, and the broker has to open it
    const store = await place.open()
    try {
      return await pollMs(store)
    } finally {
      await store.close()
    }
  })()
  const leadMs = 40_000 + rows / 25
  const dueFrom = Math.ceil((Date.now() + leadMs) / 1000) * 1000
  await writeCopies(places, place, { of, from: 1, count: due, firstEndsAt: dueFrom, everyMs })
  const stormAt = Math.ceil((dueFrom + due * everyMs) / 1000) * 1000 + 10_000
  const stormed = { firstEndsAt: stormAt, everyMs: 0 }
  const stormFrom = 1_000_000
  if (storm > 0) await writeCopies(places, place, { of, from: stormFrom, count: storm, ...stormed })
  const startedAt = Date.now()
  await broker.start()
  const readyMs = Date.now() - startedAt
  note(`expiry ${engine}: serving after ${rounded(readyMs / 1000, 1)} s, first is due in ${rounded((dueFrom - Date.now()) / 1000, 0)} s`)
  await wait(Math.max(settledMs, dueFrom - 5000 - Date.now()))
  const fullMiB = residentMiB(broker.pid())
  const fullListMs = await listMs()
  const readyAt = Date.now()
  await wait(Math.max(0, dueFrom + due * everyMs + 5000 - Date.now()))
  const quiet = watchHealth(broker.opsUrl(), control.url)
  await wait(Math.max(2000, stormAt - 500 - Date.now()))
  const before = shown(await quiet.stop())
  if (storm > 0) {
    const watched = watchHealth(broker.opsUrl(), control.url)
    const deadline = stormAt + Number(values.minutes) * 60_000
    const last = stage.people.analysts[0] ?? ''
    let overAt: number | null = null
    while (Date.now() < deadline && overAt === null) {
      await wait(1000)
      const states = await Promise.all([0, storm - 1].map((n) => as.stateOf({ id: idOfCopy(stormFrom + n), token: last })))
      if (states.every((state) => state === 'ended') && Date.now() > stormAt) overAt = Date.now()
      if (Date.now() % 15_000 < 1000) note(`expiry ${engine}: storm ${rounded((Date.now() - stormAt) / 1000, 0)} s, first and last are ${states.join(', ')}`)
    }
    const during = shown(await watched.stop())
    const afterMiB = residentMiB(broker.pid())
    await stop()
    const store = await place.open()
    try {
      const ends = new Map(Array.from({ length: storm }, (_, n) => [idOfCopy(stormFrom + n), endOfCopy(stormed, n)]))
      const begun = await latenessOf(store, ends)
      const { ended, denied, unbegun } = await countOf(store, stormFrom, storm)
      figure({
        figure: 'expiry_storm',
        inOneSecond: storm,
        begun: begun.length,
        unbegun,
        begunMsMax: Math.max(...begun),
        watchedSeconds: rounded((Date.now() - stormAt) / 1000, 0),
        endedByThen: ended,
        deniedByThen: denied,
        ...during,
        beforeLivezP99Ms: before.livezP99Ms,
        beforeReadyzP99Ms: before.readyzP99Ms,
        beforeControlP99Ms: before.controlP99Ms,
        residentMiB: rounded(afterMiB, 0),
        target: 'livez and readyz p99 < 50 ms',
        ok: during.livezP99Ms < 50 && during.readyzP99Ms < 50 && during.failed === 0 && unbegun === 0
      })
    } finally {
      await store.close()
    }
  } else await stop()
  const store = await place.open()
  try {
    const ends = new Map(Array.from({ length: due }, (_, n) => [idOfCopy(1 + n), endOfCopy({ firstEndsAt: dueFrom, everyMs }, n)]))
    const late = await latenessOf(store, ends)
    const { denied, ended } = await countOf(store, 1, due)
    const slow = late.flatMap((ms, n) => (ms < 250 ? [] : [`${n}: ${ms}`]))
    if (slow.length > 0) note(`expiry ${engine}: late, in the order in which they were begun: ${slow.join(', ')}`)
    const p99 = quantile(late, 0.99)
    figure({
      figure: 'expiry_lateness',
      active: rows,
      due,
      begun: late.length,
      ended,
      denied,
      p50Ms: quantile(late, 0.5),
      p99Ms: p99,
      maxMs: Math.max(...late),
      readyMs,
      measuredFrom: readyAt < dueFrom ? 'before the first' : 'late',
      target: 'p99 < 250 ms, max < 1000 ms',
      ok: late.length === due && p99 < 250 && Math.max(...late) < 1000
    })
  } finally {
    await store.close()
  }
  figure({ figure: 'expiry_poll', active: rows, pollMs: rounded(poll, 3), emptyListP50Ms: rounded(emptyListMs, 1), listP50Ms: rounded(fullListMs, 1), target: '<= 1 ms', ok: poll <= 1 })
  const growth = fullMiB - idleMiB
  figure({
    figure: 'expiry_memory',
    active: rows,
    emptyMiB: rounded(idleMiB, 0),
    fullMiB: rounded(fullMiB, 0),
    growthMiB: rounded(growth, 1),
    target: '<= 20',
    ok: growth <= 20
  })
} finally {
  control.stop()
  await stop()
  await stage.close()
  await places.close()
}
process.exitCode = ok ? 0 : 1
