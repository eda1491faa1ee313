/**
 * Ten requests a second, mixed as people mix them: ask, approve, look, start, credentials, query,
 * rows, end. Every answer but a 2xx is a failed request, whatever its reason. Resident memory is read
 * every five seconds; its slope is of least squares over `--minutes`, before which a warm-up goes: a
 * fifth of that time, five minutes at most, until the heap is as large as its use makes it. Leases and
 * looks are the product's own: a look for orphans each second would be most of the work. Options:
 * `--minutes`, `--rate` a second, `--engine`, `--analysts` who ask in turns.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { text } from '../../src/cli/api.ts'
import { engines, startPlaces } from './places.ts'
import { makeReplica } from './replica.ts'
import { load, note, quantile, residentMiB, rounded, say } from './run.ts'
import { type Answer, finals, setStage } from './stage.ts'
import { realTiming } from './timing.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    rate: { type: 'string', default: '10' },
    engine: { type: 'string', default: 'sqlite' },
    analysts: { type: 'string', default: '960' }
  }
})
const engine = engines.find((name) => name === values.engine)
if (engine === undefined) throw new Error(`no such engine: ${values.engine}`)
const minutes = Number(values.minutes)
const warmUp = Math.min(5, minutes / 5)
const rate = Number(values.rate)
const sql = 'SELECT payment_id, method FROM payments.payments ORDER BY payment_id LIMIT 20'
/**
 * The others run to the end of their windows: a role lists 120 sessions that were ended early, each
 * until half an hour after its window, and beyond that denies all that is older than the last of them.
 */
const oneInEnds = 26
/** a slope of less than this time is noise, and is only told */
const slopeMinutes = 10

const places = await startPlaces(engine)
const stage = await setStage({ analysts: Number(values.analysts), isQuerying: true })
const place = await places.fresh()
const broker = makeReplica(() => ({ ...stage.env, ...place.env(), TORTURE_THREAD: 'yes', TORTURE_TIMING: JSON.stringify(realTiming) }))
const { people } = stage
const as = stage.client(broker.url)

type Next = 'approve' | 'look' | 'activate' | 'credentials' | 'query' | 'status' | 'rows' | 'end' | 'look again' | 'done'
type Life = { readonly id: string; readonly token: string; readonly isQuerying: boolean; readonly isEnding: boolean; next: Next; query: string; looks: number }

const idle: Life[] = []
const open = new Map<string, string>()
const failures: string[] = []
const took: number[] = []
const resident: { readonly minute: number; readonly mib: number }[] = []
let requests = 0
let asks = 0
let queries = 0
let ended = 0
let lives = 0
let underWay = 0
let underWayMax = 0

const request = async (method: 'GET' | 'POST', token: string, path: string, body?: object): Promise<Answer | null> => {
  requests += 1
  const began = performance.now()
  const answer = await as.send(method, token, path, body)
  took.push(performance.now() - began)
  if (answer !== null && answer.status < 300) return answer
  const what = `${method} ${path.replaceAll(/[0-9A-Z]{26}/g, ':id')}`
  failures.push(`${what}: ${answer === null ? 'no answer' : `${answer.status} ${String(answer.body['code'] ?? answer.body['type'])}`}`)
  return null
}

const ask = async (): Promise<void> => {
  const token = people.analysts[asks % people.analysts.length] ?? ''
  const isQuerying = asks % 2 === 1
  const target = isQuerying ? 'payments-pii' : 'claims-pii'
  const body = { target, duration: '2m', reason: 'what a long run must not lose', ticket: `CLM-${asks++}` }
  const asked = await request('POST', token, '/v1/elevations', body)
  if (asked === null) return
  const id = text(asked.body['id'])
  open.set(id, token)
  idle.push({ id, token, isQuerying, isEnding: asks % oneInEnds < 2, next: 'approve', query: '', looks: 0 })
}

/** One request of a life; null = it has had its last. */
const step = async (life: Life): Promise<Next> => {
  const { id, token, isQuerying, isEnding } = life
  const path = `/v1/elevations/${id}`
  const lookAgain = async (): Promise<Next> => {
    await request('GET', token, path)
    lives += 1
    return 'done'
  }
  switch (life.next) {
    case 'approve':
      return (await request('POST', people.approver, `${path}/approve`)) ? 'look' : 'done'
    case 'look':
      await request('GET', token, path)
      return isQuerying ? 'activate' : 'credentials'
    case 'activate':
      return (await request('POST', token, `${path}/activate`)) ? 'query' : 'done'
    case 'credentials':
      return (await request('POST', token, `${path}/credentials`)) ? 'end' : 'done'
    case 'query': {
      const started = await request('POST', token, `${path}/queries`, { sql })
      if (started === null) return 'end'
      queries += 1
      life.query = `${path}/queries/${text(started.body['id'])}`
      return 'status'
    }
    case 'status': {
      const found = await request('GET', token, life.query)
      const state = text(found?.body['state'] ?? '')
      if (state === 'succeeded') return 'rows'
      if (state === 'failed' || state === 'cancelled') failures.push(`a query ${state}`)
      return ['queued', 'running', 'starting'].includes(state) && life.looks++ < 50 ? 'status' : 'end'
    }
    case 'rows':
      await request('GET', token, `${life.query}/results?limit=50`)
      return 'end'
    case 'end':
      if (!isEnding) return lookAgain()
      await request('POST', token, `${path}/end`)
      ended += 1
      return 'look again'
    case 'look again':
      return lookAgain()
    case 'done':
      return 'done'
  }
}

const turn = async (): Promise<void> => {
  underWay += 1
  underWayMax = Math.max(underWayMax, underWay)
  // somebody new as long as few are under way, and one of those that wait, whoever it is
  const life = idle.length < 20 ? undefined : idle.splice(Math.floor(Math.random() * idle.length), 1)[0]
  if (life === undefined) await ask()
  else {
    const next = await step(life)
    life.next = next
    if (next !== 'done') idle.push(life)
  }
  underWay -= 1
}

const mib = (bytes: unknown): number => rounded(Number(bytes) / 1024 ** 2, 0)

/** How far it is, and what of the memory is the heap of the main thread. */
const tell = async (minute: number): Promise<void> => {
  const { rss, heapUsed, heapTotal, external } = await broker.memory()
  const memory = `${mib(rss)} MiB (heap ${mib(heapUsed)} of ${mib(heapTotal)}, external ${mib(external)})`
  const p99 = rounded(quantile(took.slice(-1000), 0.99), 0)
  note(`soak ${engine}: ${rounded(minute, 0)}/${warmUp + minutes} min, ${requests} requests, ${failures.length} failed, ${memory}, p99 ${p99} ms`)
}

const mean = (of: readonly number[]): number => of.reduce((sum, one) => sum + one, 0) / of.length

/** MiB a minute by least squares. */
const slopeOf = (points: typeof resident): number => {
  const x = mean(points.map(({ minute }) => minute))
  const y = mean(points.map(({ mib }) => mib))
  const over = points.reduce((sum, { minute, mib }) => sum + (minute - x) * (mib - y), 0)
  return over / points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
}

try {
  await broker.start()
  const began = Date.now()
  const turns: Promise<void>[] = []
  const total = Math.round((warmUp + minutes) * 60 * rate)
  let told = 0
  for (let n = 0; n < total; n++) {
    turns.push(turn())
    const minute = (Date.now() - began) / 60_000
    if (minute >= resident.length / 12) resident.push({ minute, mib: residentMiB(broker.pid()) })
    if (minute >= told) {
      void tell(minute)
      told += 1
    }
    await wait(Math.max(0, began + ((n + 1) * 1000) / rate - Date.now()))
  }
  await Promise.all(turns)
  for (const line of new Set(failures)) note(`soak failed: ${line}`)
  const measured = resident.filter(({ minute }) => minute >= warmUp)
  const slope = slopeOf(measured)
  // what is open is ended, and nothing may be left of any of it
  const deadline = Date.now() + 300_000
  let rest = [...open].map(([id, token]) => ({ id, token }))
  while (rest.length > 0 && Date.now() < deadline) {
    const left: typeof rest = []
    for (const one of rest) {
      const state = await as.stateOf(one)
      if (state === 'active') await as.end(one)
      if (state === 'pending' || state === 'approved') await as.send('POST', one.token, `/v1/elevations/${one.id}/cancel`)
      if (!finals.has(state ?? '')) left.push(one)
    }
    rest = left
  }
  broker.signal('SIGTERM')
  const isStopped = await broker.gone(20_000)
  const left = await as.look(place)
  const orphans = stage.grants().length
  const seconds = (Date.now() - began) / 1000
  const isFlat = minutes < slopeMinutes || slope <= 1
  const ok = failures.length === 0 && left.fault === null && left.lost + orphans + rest.length === 0 && isFlat && isStopped
  say({
    figure: 'soak',
    engine,
    minutes,
    warmUpMinutes: warmUp,
    perSecond: rounded(requests / ((warmUp + minutes) * 60), 1),
    requests,
    failed: failures.length,
    queries,
    lives,
    endedByRequest: ended,
    p50Ms: rounded(quantile(took, 0.5), 0),
    p99Ms: rounded(quantile(took, 0.99), 0),
    underWayMax,
    residentFirstMiB: rounded(measured[0]?.mib ?? Number.NaN, 0),
    residentLastMiB: rounded(measured.at(-1)?.mib ?? Number.NaN, 0),
    slopeMiBPerMinute: rounded(slope),
    target: minutes < slopeMinutes ? 'slope: too short to say' : 'slope <= 1',
    entries: left.entries,
    gaps: left.fault === null ? 0 : 1,
    lost: left.lost,
    unended: rest.length,
    orphans,
    seconds: rounded(seconds, 0),
    load: load(),
    ok
  })
  process.exitCode = ok ? 0 : 1
} finally {
  broker.signal('SIGKILL')
  await broker.gone(5000)
  await stage.close()
  await places.close()
}
