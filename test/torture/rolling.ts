/**
 * Both replicas are restarted, one after the other, under load. The client does what a load balancer
 * does and no more: it asks `/readyz` of each every quarter second, sends in turns to those that were
 * ready when last asked, and sends again elsewhere only what no connection was made for. Anything
 * else that goes wrong is a failed request. Options: `--rounds` of restarts, `--seconds` between.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { text } from '../../src/cli/api.ts'
import { startPair } from './pair.ts'
import { load, note, quantile, rounded, say } from './run.ts'
import { type Answer, type Elevation, finals } from './stage.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '2' }, seconds: { type: 'string', default: '5' } }
})
const rounds = Number(values.rounds)
const clients = 4
const pauseMs = 300

const pair = await startPair()
const { stage, brokers } = pair
const { people } = stage

const ready: [boolean, boolean] = [true, true]
const over = new AbortController()
let turn = 0
let requests = 0
let elsewhere = 0
let asks = 0
const failures: string[] = []
const took: number[] = []
const open: Elevation[] = []

const watch = async (at: 0 | 1): Promise<void> => {
  while (!over.signal.aborted) {
    ready[at] = await fetch(new URL('/readyz', brokers[at].opsUrl()), { signal: AbortSignal.timeout(2000) }).then(
      ({ status }) => status === 200,
      () => false
    )
    await wait(250)
  }
}

const isUnconnected = (cause: unknown): boolean =>
  cause instanceof TypeError && cause.cause instanceof Error && 'code' in cause.cause && cause.cause.code === 'ECONNREFUSED'

const send = async (method: 'GET' | 'POST', token: string, path: string, body: object = {}): Promise<Answer | null> => {
  requests += 1
  const began = performance.now()
  for (let tries = 0; tries < 2; tries++) {
    const places = ([0, 1] as const).filter((at) => ready[at])
    const at = places[turn++ % Math.max(1, places.length)]
    if (at === undefined) break
    try {
      const response = await fetch(new URL(path, brokers[at].url()), {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
        signal: AbortSignal.timeout(15_000)
      })
      const answer: unknown = await response.json()
      if (!response.ok) failures.push(`${method} ${path.replace(/[0-9A-Z]{26}/, ':id')}: ${response.status} ${JSON.stringify(answer).slice(0, 120)}`)
      took.push(performance.now() - began)
      return response.ok && typeof answer === 'object' && answer !== null ? { status: response.status, body: { ...answer } } : null
    } catch (cause) {
      if (isUnconnected(cause)) {
        elsewhere += 1
        continue
      }
      failures.push(`${method} ${path.replace(/[0-9A-Z]{26}/, ':id')}: ${cause instanceof Error ? `${cause.message} ${cause.cause instanceof Error ? cause.cause.message : ''}` : 'unknown'}`)
      return null
    }
  }
  failures.push('nobody was ready')
  return null
}

const life = async (): Promise<void> => {
  while (!over.signal.aborted) {
    const token = people.analysts[asks % people.analysts.length] ?? ''
    const ask = { target: 'claims-pii', duration: '15m', reason: 'what a restart must not lose', ticket: `CLM-${asks++}` }
    const asked = await send('POST', token, '/v1/elevations', ask)
    if (asked === null) continue
    const one = { id: text(asked.body['id']), token }
    open.push(one)
    await wait(pauseMs)
    await send('POST', people.approver, `/v1/elevations/${one.id}/approve`)
    await wait(pauseMs)
    await send('POST', token, `/v1/elevations/${one.id}/credentials`)
    await wait(pauseMs)
    await send('GET', token, `/v1/elevations/${one.id}`)
    await send('POST', token, `/v1/elevations/${one.id}/end`)
    await wait(pauseMs)
  }
}

let unstopped = 0
const stops: number[] = []
try {
  const running = Promise.all([watch(0), watch(1), ...Array.from({ length: clients }, life)])
  for (let n = 0; n < rounds; n++) {
    for (const at of [0, 1] as const) {
      await wait(Number(values.seconds) * 1000)
      const began = Date.now()
      brokers[at].signal('SIGTERM')
      if (!(await brokers[at].gone(20_000))) unstopped += 1
      stops.push(Date.now() - began)
      await brokers[at].start()
      while (!ready[at]) await wait(50)
      note(`rolling: replica ${at + 1} restarted ${n + 1}/${rounds}, ${requests} requests, ${failures.length} failed`)
    }
  }
  await wait(2000)
  over.abort()
  await running
  for (const line of new Set(failures)) note(`rolling failed: ${line}`)
  const as = pair.as[0]
  const deadline = Date.now() + 60_000
  let rest: readonly Elevation[] = open
  while (rest.length > 0 && Date.now() < deadline) {
    const states = await Promise.all(rest.map((one) => as.stateOf(one)))
    rest = rest.filter((_, n) => !finals.has(states[n] ?? ''))
    await wait(500)
  }
  await pair.entries()
  const orphans = stage.grants().length
  const ok = failures.length + unstopped + orphans + rest.length === 0
  say({
    figure: 'rolling_restart',
    restarts: stops.length,
    requests,
    failed: failures.length,
    retriedUnconnected: elsewhere,
    stopMsMax: Math.max(...stops),
    p99Ms: rounded(quantile(took, 0.99), 0),
    unended: rest.length,
    orphans,
    load: load(),
    ok
  })
  process.exitCode = ok ? 0 : 1
} finally {
  over.abort()
  await pair.close()
}
