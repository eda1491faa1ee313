/**
 * What operators rely on: the metrics that alerts read, readiness that knows the clock, and a clock
 * that jumps, which neither ends what runs nor lengthens it.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { makeBroker } from '../src/broker/make-broker.ts'
import { objectOf } from '../src/cli/api.ts'
import { instant } from '../src/elevation/ids.ts'
import { makeMeters } from '../src/http/meters.ts'
import { type Skew, watchSkew } from '../src/start/skew.ts'
import { tellingAws } from '../src/start/told-aws.ts'
import { startWorker } from '../src/worker.ts'
import { alice, ask, bob, byCli, depsOver, examplePolicy, got, roomy } from './fixtures-broker.ts'
import { openHere } from './fixtures-store.ts'
import { brokerScene } from './ledger-scene-broker.ts'
import { root } from './place.ts'

const hour = 3_600_000
const alertsFile = join(root, 'docker', 'alerts.yaml')

/** Names of metrics in the expressions of all alerts, histograms by their own. */
const watchedByAlerts = (): ReadonlySet<string> => {
  const { groups } = objectOf(parse(readFileSync(alertsFile, 'utf8')))
  const rules = (Array.isArray(groups) ? groups : []).flatMap((group) => objectOf(group)['rules'])
  const all = rules.flatMap((rule) => String(objectOf(rule)['expr']).match(/sallyport_[a-z_]+/g) ?? [])
  return new Set(all.map((name) => name.replace(/_bucket$/, '')))
}

t.test('every metric that an alert names is on the page, and what happens is counted', async (t) => {
  const s = await brokerScene(t)
  const broker = await s.start()
  const page = async () => (await fetch(`${broker.opsUrl}/metrics`)).text()
  const before = await page()
  const names = watchedByAlerts()
  t.ok(names.size > 25, `saw ${names.size}`)
  for (const name of names) t.match(before, `# TYPE ${name} `, name)
  t.match(before, 'sallyport_ledger_verify_status 1\n')
  t.match(before, 'sallyport_metric_sources_failed 0\n')

  const api = await s.api(broker, 'alice')
  await api.post('/v1/elevations/none/cancel')
  t.match((await fetch(`${broker.url}/v1/targets`)).status, 401)
  const after = await page()
  t.match(after, /sallyport_http_requests_total\{method="GET",route="\/v1\/targets",status="401"\} 1\n/)
  t.match(after, /sallyport_attempts_refused_total\{verb="cancel",code="unknown_elevation"\} 1\n/)
  t.match(after, /sallyport_decisions_total\{outcome="refused"\} 1\n/)
  t.match(after, /sallyport_http_request_seconds_count [1-9]/)
  t.match(after, /sallyport_event_loop_delay_seconds\{quantile="0.99"\} [0-9.e-]+\n/)
  t.notMatch(after, /alice|acme/, 'nobody is named')

  const ready = await fetch(`${broker.opsUrl}/readyz`)
  t.equal(ready.status, 200)
  const { checks } = objectOf(await ready.json())
  const told = (Array.isArray(checks) ? checks : []).map((one) => objectOf(one)['name'])
  t.strictSame(told, ['store', 'ledger', 'policy', 'serving', 'clock', 'schema'])
  const draining = broker.drain()
  t.equal((await fetch(`${broker.opsUrl}/readyz`)).status, 503)
  t.equal((await fetch(`${broker.opsUrl}/livez`)).status, 200)
  t.match(await api.get('/v1/targets'), { ok: true }, 'it serves until it is stopped')
  await draining
})

t.test('AWS\'s time is known to the second and carried on, and a jump of either clock shows', async (t) => {
  let mono = 0
  let wall = Date.UTC(2026, 10, 21, 10)
  let aws = wall
  let asked = 0
  const skew: Skew = watchSkew({
    now: () => instant(wall),
    store: null,
    monotonic: () => mono,
    ask: async () => {
      asked += 1
      skew?.heard({ date: Math.floor(aws / 1000) * 1000, sent: mono - 40, got: mono })
    }
  })
  t.teardown(skew.stop)
  const pass = (milliseconds: number): void => {
    mono += milliseconds
    wall += milliseconds
    aws += milliseconds
  }
  pass(1)
  t.ok(await skew.sure())
  pass(999)
  skew.heard({ date: Math.floor(aws / 1000) * 1000, sent: mono - 40, got: mono })
  for (let n = 0; n < 20; n++) {
    pass(137)
    skew.heard({ date: Math.floor(aws / 1000) * 1000, sent: mono - 40, got: mono })
    t.equal(skew.figures().aws, 0, 'a whole second is no skew')
  }
  const right = wall
  for (const [jump, sign] of [[hour, 1], [-hour, -1]] as const) {
    wall = right + jump
    t.ok(skew.isOff(), 'before AWS is asked again')
    const before = asked
    mono += 1000
    aws += 1000
    t.notOk(await skew.sure(), 'and after')
    t.equal(asked, before + 1)
    t.notOk(await skew.sure())
    t.equal(asked, before + 1, 'at most once a second')
    t.ok(Math.abs((skew.figures().aws ?? 0) - sign * hour) < 3000)
    t.ok(Math.abs(skew.steady() - aws) < 2000, 'the time goes on as it was')
    await t.rejects(skew.check())
  }
  // the machine slept: its clock and AWS's went on, the monotonic one did not
  aws = right + hour
  wall = right + hour
  mono += 2000
  t.ok(skew.isOff())
  t.ok(await skew.sure(), 'AWS says that the clock is right')
  await t.resolves(skew.check())
  aws += hour
  wall += hour
  t.ok(await skew.sure(), 'another step is asked about at once')
})

t.test('without AWS to ask nothing is held, and a store that is off is told', async (t) => {
  let off = 0
  let wall = Date.UTC(2026, 10, 21, 10)
  const skew = watchSkew({ now: () => instant(wall), store: () => off, ask: null })
  t.teardown(skew.stop)
  wall += hour
  t.ok(await skew.sure())
  t.strictSame(skew.figures(), { aws: null, store: 0 })
  off = -2000
  t.notOk(await skew.sure())
})

/** A broker with one running elevation, whose clock can be moved and whose AWS's can. */
const running = async (t: Pick<typeof import('tap').t, 'teardown'>) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-operations-'))
  const clocks = { broker: Date.UTC(2026, 10, 21, 10), aws: Date.UTC(2026, 10, 21, 10), mono: 0 }
  const policy = roomy(await examplePolicy())
  const store = openHere(join(folder, 'store'), () => clocks.broker)
  const skew: Skew = watchSkew({
    now: () => instant(clocks.broker),
    store: null,
    monotonic: () => clocks.mono,
    ask: async () => skew?.heard({ date: clocks.aws, sent: clocks.mono, got: clocks.mono })
  })
  const meters = makeMeters()
  const { deps: made, aws } = depsOver({ store, now: () => clocks.broker, policy: () => policy })
  const deps = { ...made, ...tellingAws(made, { called: meters.awsCalled, sure: skew.sure }) }
  const broker = makeBroker(deps, () => {})
  t.teardown(async () => {
    skew.stop()
    meters.stop()
    await store.close()
    rmSync(folder, { recursive: true })
  })
  const start = async (): Promise<string> => {
    const { id } = got(await broker.submit(byCli(alice), ask)).elevation.elevation
    got(await broker.approve(byCli(bob), id))
    got(await broker.credentials(byCli(alice), id))
    return id
  }
  const stateOf = async (id: string) => got(await broker.get(alice, id)).elevation
  /** Rounds of the worker until it has asked for what is due so often. */
  const rounds = async (count: number): Promise<void> => {
    const faults: unknown[] = []
    let left = count
    await new Promise<void>((resolve) => {
      const worker = startWorker(deps, {
        failed: (found) => void faults.push(...found),
        time: {
          steady: skew.steady,
          sure: async () => {
            const isSure = await skew.sure()
            left -= 1
            if (left === 0) void worker.stop().then(resolve)
            else worker.wake()
            return isSure
          }
        }
      })
    })
    if (faults.length > 0) throw new Error('work failed', { cause: faults[0] })
  }
  return { clocks, skew, broker, aws, start, stateOf, rounds }
}

// abuse 127
t.test('a clock that jumps ahead ends nothing, and what is over ends when it is right again', async (t) => {
  const s = await running(t)
  const ids = [await s.start(), await s.start(), await s.start()]
  const [first = ''] = ids
  s.clocks.broker += 2 * hour
  s.clocks.mono += 1000
  await s.rounds(3)
  for (const id of ids) t.equal((await s.stateOf(id)).state, 'active')
  t.match(await s.broker.credentials(byCli(alice), first), { ok: false })
  const { id } = got(await s.broker.submit(byCli(alice), ask)).elevation.elevation
  got(await s.broker.approve(byCli(bob), id))
  t.match(await s.broker.credentials(byCli(alice), id), { ok: false, refusal: { code: 'aws_unavailable' } })
  t.equal(s.aws.calls.filter((call) => call === 'assume').length, 3, 'no window began by it')

  s.clocks.aws += 2 * hour
  s.clocks.mono += 1000
  await s.rounds(3)
  for (const one of ids) t.not((await s.stateOf(one)).state, 'active', 'AWS agrees that they are over')
})

// abuse 127
t.test('a clock that jumps back gives nobody a second more', async (t) => {
  const s = await running(t)
  const id = await s.start()
  const before = await s.stateOf(id)
  s.clocks.broker += hour / 2
  s.clocks.aws += hour / 2
  s.clocks.mono += hour / 2
  s.clocks.broker -= hour
  const vended = await s.broker.credentials(byCli(alice), id)
  t.match(vended, { ok: false, refusal: { code: 'aws_unavailable' } })
  t.match(await s.stateOf(id), { state: 'active', intent: { notAfter: 'intent' in before ? before.intent.notAfter : 0 } })
  await t.rejects(s.skew.check(), 'not ready')
  s.clocks.aws += hour
  s.clocks.mono += hour
  s.clocks.broker += 2 * hour
  await s.rounds(3)
  t.not((await s.stateOf(id)).state, 'active')
})
