/**
 * The console's ledger page over a million entries: the time from the request to the answer, as the
 * server needs it, for searches of every kind and for pages far down; and what the index costs.
 */
import { loadavg } from 'node:os'
import { makeEntry } from '../../src/ledger/entry.ts'
import { entryTypes } from '../../src/ledger/envelope.ts'
import { auditApp, auditScene } from '../fixtures-audit.ts'
import { erin } from '../fixtures-broker.ts'
import { type Figure, median, rounded } from './figures.ts'

const entries = 1_000_000
const each = 2000
const rounds = 50
const warm = 10

const searches: readonly (readonly [string, string])[] = [
  ['all', ''],
  ['person', '?person=person-17'],
  ['person and type', '?person=person-17&type=query.refused'],
  ['broker and a rare type', '?person=broker&type=store.copied'],
  ['target and person', '?target=target-3&person=person-4'],
  ['broker and target', '?person=broker&target=target-3'],
  ['type', '?type=approval.recorded'],
  ['time', '?from=2026-03-01&to=2026-03-02'],
  ['person and time', '?person=person-2&from=2026-02-01&to=2026-02-03'],
  ['far down', '?after=2026-02-01T00:00:00.000Z.12345'],
  ['nobody', '?person=nobody&type=query.refused']
]

/** Over a year of entries: every second one of the broker, the rest of 500 people. */
const entryAt = (n: number) => {
  const id = `0199f0c4-7a10-4c3e-9d21-${String(n).padStart(12, '0')}`
  const at = new Date(Date.UTC(2026, 0, 1) + n * 27_000).toISOString()
  const actor = n % 2 === 0 ? 'broker' : `person-${(n * 7919) % 500}`
  const type = n % 99_991 === 0 ? 'store.copied' : (entryTypes[(n * 31) % 24] ?? 'query.allowed')
  const about = { elevation: null, target: `target-${(n * 104_729) % 40}`, policy: null, data: { n } }
  return makeEntry(id, { id, type, at, actor, ...about }, [])
}

export const consoleFigures = async (): Promise<readonly Figure[]> => {
  const ends: (() => unknown)[] = []
  const scene = await auditScene({ teardown: (end) => void (end && ends.push(end)) })
  try {
    const { store } = scene
    for (let n = 0; n < entries; n += each) {
      await store.append(Array.from({ length: each }, (_, k) => entryAt(n + k)))
    }
    const began = performance.now()
    while ((await store.search.takeIn(1000)) > 0);
    const perSecond = entries / ((performance.now() - began) / 1000)
    const { app, cookieOf } = await auditApp({ teardown: (end) => void (end && ends.push(end)) }, scene)
    const cookie = `sallyport=${await cookieOf(erin)}`
    let worst = { name: '', p95: 0 }
    for (const [name, query] of searches) {
      const times: number[] = []
      for (let round = 0; round < rounds; round++) {
        const at = performance.now()
        const answer = await app.inject({ url: `/console/ledger${query}`, headers: { cookie, accept: 'text/html' } })
        if (round >= warm) times.push(performance.now() - at)
        if (answer.statusCode !== 200) throw new Error(`${name}: ${answer.statusCode}`)
      }
      const p95 = times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? 0
      if (process.env['BENCH_VERBOSE'] === 'true') {
        console.error(name, rounded(median(times), 1), rounded(p95, 1))
      }
      if (p95 > worst.p95) worst = { name, p95 }
    }
    const p95 = rounded(worst.p95, 1)
    const [load = 0] = loadavg()
    const rate = rounded(perSecond, 0)
    return [
      { figure: `console_ledger_page_1m (worst search: ${worst.name})`, value: p95, unit: 'ms p95', target: '<= 50', ok: p95 <= 50, beside: { load: rounded(load, 1) } },
      { figure: 'ledger_index_rate', value: rate, unit: 'entries/s', target: '>= 5000', ok: rate >= 5000 }
    ]
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}
