/**
 * The console's ledger page over a million entries: the time from the request to the answer, as the
 * server needs it, for searches of every kind and for pages far down; what the index costs; the
 * largest page; and what 200 open event streams cost.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadavg } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { instant } from '../../src/elevation/ids.ts'
import type { Target } from '../../src/elevation/target.ts'
import { makeEntry } from '../../src/ledger/entry.ts'
import { entryTypes } from '../../src/ledger/envelope.ts'
import type { Facts } from '../../src/posture/facts.ts'
import { sideDoors } from '../../src/posture/side-doors.ts'
import { type AuditScene, auditApp, auditScene } from '../fixtures-audit.ts'
import { erin } from '../fixtures-broker.ts'
import { findingOf } from '../store-findings-contract.ts'
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

/** Pages as large as they become: full lists, long reasons, each finding with its command. */
const pages = (used: string): readonly string[] => [
  '', '/ask', '/approvals', '/sessions', `/elevations/${used}`, `/elevations/${used}/revoke`,
  '/ledger', '/ledger?person=person-17', '/ledger/3', '/ledger/verify', '/posture',
  '/posture?state=closed', '/posture/side-doors', '/reports', '/policy',
  '/policy?as=alice&target=claims-pii&duration=2h&reason=suspected+fraud+ring&ticket=CLM-1', '/system'
]

/** So many findings and side doors that no page has room for all of them. */
const fillPosture = async ({ store, now }: AuditScene): Promise<void> => {
  const { posture } = store
  const at = instant(now())
  const opened = Array.from({ length: 300 }, (_, n) =>
    findingOf(`many ${n}`, { shows: `it has no tag ${'x'.repeat(n % 400)}` })
  )
  await posture.takeScan({ owner: 'bench', now: at, until: instant(at + 60_000) })
  const shares = { workgroups: { count: 4, of: 6 }, locations: { count: 3, of: 3 } }
  const change = { owner: 'bench', now: at, changed: [], scanned: { at, shares, unseen: [] } }
  await posture.keepFindings({ ...change, opened, closed: [] }, [])
  const closed = opened.slice(0, 150).map(({ id }) => ({ id, openedAt: at }))
  await posture.keepFindings({ ...change, opened: [], closed }, [])
  const file = join(process.cwd(), 'test/vectors/posture/side-doors.json')
  const { facts, targets }: { readonly facts: Facts; readonly targets: readonly Target[] } =
    JSON.parse(readFileSync(file, 'utf8'))
  const doors = sideDoors(facts, targets)
  await posture.keepSideDoors({ at, count: doors.length, doors })
}

const mostPageBytes = 60 * 1024

const pageFigure = async (
  load: (path: string) => Promise<{ readonly body: string; readonly statusCode: number }>,
  used: string
): Promise<Figure> => {
  let largest = { path: '', bytes: 0 }
  for (const path of pages(used)) {
    const { body, statusCode } = await load(path)
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`)
    const bytes = Buffer.byteLength(body)
    if (process.env['BENCH_VERBOSE'] === 'true') console.error(path, bytes)
    if (bytes > largest.bytes) largest = { path, bytes }
  }
  const figure = `console_largest_page (${largest.path.replace(used, 'ID')})`
  const target = `<= ${mostPageBytes}`
  return { figure, value: largest.bytes, unit: 'bytes', target, ok: largest.bytes <= mostPageBytes }
}

const streams = 200
const perSession = 6

/** Another process holds them open, so that only the server's side is counted. */
const listener = `
const http = require('node:http')
const [url, ...cookies] = process.argv.slice(1)
const agent = new http.Agent({ keepAlive: true })
let open = 0
for (let n = 0; n < ${streams}; n++) {
  const headers = { cookie: cookies[Math.floor(n / ${perSession})] }
  http.get(url, { agent, headers }, (answer) => {
    if (answer.statusCode !== 200) throw new Error(String(answer.statusCode))
    answer.once('data', () => { if (++open === ${streams}) console.log('open') })
    answer.resume()
  })
}`

const streamFigure = async (url: string, cookies: readonly string[]): Promise<Figure> => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const used = async () => {
    collect()
    await wait(1500)
    collect()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rss, inUse: heapUsed + external }
  }
  const before = await used()
  const child = spawn(process.execPath, ['-e', listener, url, ...cookies], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  try {
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('a stream was refused')))
    ended.catch(() => {})
    await Promise.race([once(child.stdout, 'data'), ended])
    const after = await used()
    // what was free before hides in the resident size, so the larger of the two counts
    const bytes = Math.max(after.rss - before.rss, after.inUse - before.inUse)
    const value = rounded(bytes / 2 ** 20, 1)
    return { figure: 'console_event_streams', value, unit: `MiB for ${streams}`, target: '<= 20', ok: value <= 20 }
  } finally {
    child.kill()
  }
}

export const consoleFigures = async (): Promise<readonly Figure[]> => {
  const ends: (() => unknown)[] = []
  const scene = await auditScene({ teardown: (end) => void (end && ends.push(end)) })
  try {
    const { store } = scene
    const { app, cookieOf } = await auditApp({ teardown: (end) => void (end && ends.push(end)) }, scene)
    // while nothing else has left memory behind that could be used again
    const secrets = await Promise.all(
      Array.from({ length: Math.ceil(streams / perSession) }, () => cookieOf(erin))
    )
    const at = await app.listen({ host: '127.0.0.1', port: 0 })
    const held = await streamFigure(
      `${at}/console/approvals/live?from=0`,
      secrets.map((secret) => `sallyport=${secret}`)
    )
    for (let n = 0; n < entries; n += each) {
      await store.append(Array.from({ length: each }, (_, k) => entryAt(n + k)))
    }
    const began = performance.now()
    while ((await store.search.takeIn(1000)) > 0);
    const perSecond = entries / ((performance.now() - began) / 1000)
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
    await fillPosture(scene)
    const load = (path: string) =>
      app.inject({ url: `/console${path}`, headers: { cookie, accept: 'text/html' } })
    const page = await pageFigure(load, scene.used)
    const p95 = rounded(worst.p95, 1)
    const [busy = 0] = loadavg()
    const rate = rounded(perSecond, 0)
    return [
      { figure: `console_ledger_page_1m (worst search: ${worst.name})`, value: p95, unit: 'ms p95', target: '<= 50', ok: p95 <= 50, beside: { load: rounded(busy, 1) } },
      { figure: 'ledger_index_rate', value: rate, unit: 'entries/s', target: '>= 5000', ok: rate >= 5000 },
      page,
      held
    ]
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}
