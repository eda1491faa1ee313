/**
 * Two brokers on one store and one AWS: what they do at the same time in any order, and what is left
 * of a broker that could not finish. Orphans are grants that no open elevation accounts for.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Broker } from '../src/broker/broker.ts'
import type { Deps } from '../src/broker/deps.ts'
import { makeBroker } from '../src/broker/make-broker.ts'
import { orphanSearch } from '../src/broker/orphans.ts'
import { work } from '../src/broker/work.ts'
import type { State } from '../src/elevation/elevation.ts'
import { parseElevationId } from '../src/elevation/ids.ts'
import type { Result } from '../src/elevation/refusal.ts'
import type { Stored } from '../src/ports.ts'
import type { RetirableGrants } from '../src/ports-orphans.ts'
import type { Call, FakeAws } from './fakes/aws.ts'
import { alice, ask, bob, byCli, depsOver, examplePolicy, got, roomy, sam } from './fixtures-broker.ts'
import { idOf } from './fixtures-elevation.ts'
import { openHere } from './fixtures-store.ts'

const data = mkdtempSync(join(tmpdir(), 'sallyport-recovery-'))
let now = Date.UTC(2026, 10, 21, 10)
const policy = roomy(await examplePolicy())
const store = openHere(join(data, 'store'), () => now)
t.teardown(async () => {
  await store.close()
  rmSync(data, { recursive: true })
})

/** What waits before each effect, where a test takes the order of effects into its hand. */
let turn: ((label: string) => Promise<unknown>) | null = null
let steps = 0
/** A weaker broker, which believes what it has written itself. */
let isWeak = false
const written = new Map<string, Stored>()
const base = depsOver({ store, now: () => now, policy: () => policy })
const aws: FakeAws = base.aws
aws.before = async (call) => void (await turn?.(call))
const deps: Deps = {
  ...base.deps,
  elevations: {
    ...store,
    get: async (id) => {
      await turn?.('get')
      steps += 1
      return (isWeak && written.get(id)) || store.get(id)
    },
    commit: async (change) => {
      await turn?.('commit')
      steps += 1
      const { elevation, expectedVersion } = change
      const done = await store.commit(change)
      if (done.kind === 'committed' && elevation.state === 'active') {
        written.set(elevation.id, { elevation, version: (expectedVersion ?? 0) + 1, ledger: [] })
      }
      return done
    }
  }
}
const other: Deps = { ...deps, settings: { ...deps.settings, owner: 'two' } }
const brokers: readonly [Broker, Broker] = [makeBroker(deps, () => {}), makeBroker(other, () => {})]

const approved = async (): Promise<string> => {
  const [broker] = brokers
  const { id } = got(await broker.submit(byCli(alice), ask)).elevation.elevation
  got(await broker.approve(byCli(bob), id))
  return id
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 8; n++) {
    const faults = await work(deps)
    if (faults.length > 0) throw new Error('work failed', { cause: faults[0]?.cause })
    now += 20_000
  }
}

const stateOf = async (id: string): Promise<State | undefined> => {
  const parsed = parseElevationId(id)
  return parsed === null ? undefined : (await store.get(parsed))?.elevation.state
}

/** Everything the ledger says of it, in order. */
const entriesOf = async (id: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const parsed = parseElevationId(id)
  const stored = parsed === null ? null : await store.get(parsed)
  const first = stored?.ledger[0] ?? 0
  const rows = await store.entries(first, (stored?.ledger.at(-1) ?? 0) - first + 1)
  return rows
    .map((row): Readonly<Record<string, unknown>> => JSON.parse(Buffer.from(row.body).toString()))
    .filter((body) => body['elevation'] === id)
}

const becomes: Readonly<Record<string, State>> = {
  'elevation.requested': 'pending',
  'elevation.approved': 'approved',
  'elevation.cancelled': 'cancelled',
  'elevation.lapsed': 'lapsed',
  'issue.intent': 'issuing',
  'issue.failed': 'ending',
  'issue.takeover': 'ending',
  'session.issued': 'active',
  'elevation.ending': 'ending'
}

/** Invariant 11: the state is what its entries say. */
const folded = (entries: readonly Readonly<Record<string, unknown>>[]): State | undefined => {
  let state: State | undefined
  let isFailed = false
  for (const { type } of entries) {
    if (type === 'issue.failed' || type === 'issue.takeover') isFailed = true
    state = type === 'elevation.ended' ? (isFailed ? 'failed' : 'ended') : (becomes[String(type)] ?? state)
  }
  return state
}

type Model = Readonly<Record<string, never>>
type Real = {
  readonly ids: readonly string[]
  readonly going: Promise<unknown>[]
  /** by id: at which step somebody was told that it is revoked */
  readonly revokedAt: Map<string, number>
  /** credentials that were given out, and the last step before */
  readonly given: { readonly id: string; readonly step: number }[]
}

const said = <T>(result: Result<T>): boolean => result.ok

class Act implements fc.AsyncCommand<Model, Real> {
  readonly label: string
  readonly act: (real: Real) => Promise<unknown>

  constructor(label: string, act: (real: Real) => Promise<unknown>) {
    this.label = label
    this.act = act
  }
  check = (): boolean => true
  /** begins it; when it goes on is the scheduler's to say */
  run = async (_model: Model, real: Real): Promise<void> => {
    real.going.push(this.act(real))
  }
  toString = (): string => this.label
}

const one = (real: Real, n: number): string => real.ids[n % real.ids.length] ?? ''
const which = fc.record({ broker: fc.constantFrom(0, 1), n: fc.constantFrom(0, 0, 1) })
const calls: readonly Call[] = ['create', 'assume', 'revoke', 'find', 'deny']

const issuing = [
  which.map(
    ({ broker, n }) =>
      new Act(`credentials(${broker}, ${n})`, async (real) => {
        const id = one(real, n)
        const result = await (broker === 0 ? brokers[0] : brokers[1]).credentials(byCli(alice), id)
        if (said(result)) real.given.push({ id, step: steps })
      })
  ),
  which.map(
    ({ broker, n }) =>
      new Act(`revoke(${broker}, ${n})`, async (real) => {
        const id = one(real, n)
        const result = await (broker === 0 ? brokers[0] : brokers[1]).revoke(sam, id, 'as the property wants it')
        if (said(result) && !real.revokedAt.has(id)) real.revokedAt.set(id, steps)
      })
  )
]
const commands = [
  ...issuing,
  which.map(({ broker, n }) => new Act(`end(${broker}, ${n})`, (real) => (broker === 0 ? brokers[0] : brokers[1]).end(alice, one(real, n)))),
  fc.constantFrom(0, 1).map((broker) => new Act(`work(${broker})`, () => work(broker === 0 ? deps : other))),
  fc.constantFrom(5, 31, 75, 3600).map(
    (length) =>
      new Act(`clock(+${length} s)`, async () => {
        now += length * 1000
      })
  ),
  fc.record({ on: fc.constantFrom(...calls), how: fc.constantFrom('lost', 'late', 'refused') }).map(
    ({ on, how }) =>
      new Act(`${on} is ${how}`, async () => {
        aws.fault = { on, how, times: 1 }
      })
  )
]

let given = 0
const anyOrder = (of: typeof commands) => fc.asyncProperty(fc.scheduler(), fc.commands(of, { maxCommands: 12, size: 'max' }), async (s, run) => {
  const real: Real = { ids: [await approved(), await approved()], going: [], revokedAt: new Map(), given: [] }
  turn = (label) => s.schedule(Promise.resolve(), label)
  try {
    await fc.scheduledModelRun(s, () => ({ model: {}, real }), run)
    await s.waitFor(Promise.all(real.going))
  } finally {
    turn = null
    aws.fault = null
  }
  given += real.given.length
  now += 4 * 3600 * 1000
  await settle()
  for (const { id, step } of real.given) {
    // the look before they are given out is a step of its own, so it was later than what was told
    const revokedAt = real.revokedAt.get(id) ?? Number.POSITIVE_INFINITY
    if (revokedAt < step) throw new Error('I2: given out after the revoke')
  }
  for (const id of real.ids) await holds(id, real)
  if (aws.live.size > 0) throw new Error(`I3: ${aws.live.size} grants are left`)
})

const holds = async (id: string, real: Real): Promise<void> => {
  const entries = await entriesOf(id)
  const count = (type: string): number => entries.filter((entry) => entry['type'] === type).length
  const state = await stateOf(id)
  if (state !== folded(entries)) throw new Error(`I11: ${state}, ${folded(entries)} by its entries`)
  if (state === 'issuing' || state === 'active' || state === 'ending') throw new Error(`it is still ${state}`)
  if (count('issue.intent') > 1 || count('session.issued') > 1) throw new Error('I5: issued twice')
  const issued = count('session.issued')
  if (issued === 0 && real.given.some((one) => one.id === id)) throw new Error('I1: given out without an entry')
  if (issued === 1 && count('session.denied') !== 1) throw new Error('nobody saw it refused')
}

t.test('two brokers, in any order of their effects, leave nothing and say what happened', async (t) => {
  await fc.assert(anyOrder(commands), { numRuns: 15 })
  await fc.assert(anyOrder(issuing), { numRuns: 15 })
  t.ok(given > 0, `${given} sessions were given out`)
})

t.test('the same finds a broker that gives out what it read before the revoke', async (t) => {
  isWeak = true
  const { failed, numRuns, errorInstance } = await fc.check(anyOrder(issuing), { numRuns: 300, endOnFailure: true })
  isWeak = false
  t.ok(failed, `after ${numRuns} runs`)
  t.match(String(errorInstance), /I2/)
})

const key = 'arn:aws:kms:eu-west-1:123456789012:key/claims'
const retirable: RetirableGrants = {
  retirable: async () => ({
    ok: true,
    value: [...aws.live].map(([grantId, grant]) => ({ keyArn: grant.key, grantId, name: grant.name }))
  })
}
const found = async (): Promise<readonly unknown[]> =>
  (await store.entries(0, 100_000))
    .map((row): Readonly<Record<string, unknown>> => JSON.parse(Buffer.from(row.body).toString()))
    .filter((body) => body['type'] === 'grant.orphaned')
    .map((body) => body['data'])

t.test('a grant that no open elevation accounts for is written down and revoked at the second look', async (t) => {
  const look = orphanSearch(deps, retirable)
  const id = await approved()
  got(await brokers[0].credentials(byCli(alice), id))
  const own = aws.live.size
  const over = idOf(4711)
  aws.live.set('stray', { key, name: `jit/${over}/data`, parameters: '' })
  aws.live.set('foreign', { key, name: 'backup/nightly', parameters: '' })
  aws.live.set('nearly', { key, name: 'jit/not-an-elevation/data', parameters: '' })
  t.same(await look(), { revoked: 0, suspects: 1, failed: [] }, 'one look is no proof: AWS may be behind')
  now += 30_000
  t.match(await look(), { revoked: 0 }, 'nor are two within the settle time')
  now += 31_000
  t.match(await look(), { revoked: 1 })
  t.same(await found(), [{ elevation: over, name: `jit/${over}/data`, grantId: 'stray', key }])
  t.equal(aws.live.size, own + 2, 'no grant of another name and none of an open elevation is touched')
  t.match(await look(), { revoked: 0, suspects: 0 })
  aws.live.delete('foreign')
  aws.live.delete('nearly')
  got(await brokers[0].end(alice, id))
  await settle()
  t.equal(aws.live.size, 0)
})

t.test('what AWS does not answer is told and tried again, with one entry for both', async (t) => {
  const look = orphanSearch(deps, retirable)
  const before = (await found()).length
  aws.live.set('again', { key, name: `jit/${idOf(4712)}/data`, parameters: '' })
  await look()
  now += 61_000
  aws.fault = { on: 'revoke', how: 'lost', times: 1 }
  t.match(await look(), { revoked: 0, failed: ['revoke TimeoutError'] })
  aws.fault = { on: 'find', how: 'lost', times: 1 }
  t.match(await look(), { revoked: 0, failed: ['find TimeoutError'] })
  t.match(await look(), { revoked: 1, failed: [] })
  t.equal((await found()).length, before + 1)
  const silent: RetirableGrants = {
    retirable: async () => ({ ok: false, kind: 'unavailable', action: 'kms:ListRetirableGrants', name: 'TimeoutError', requestId: null })
  }
  t.match(await orphanSearch(deps, silent)(), { revoked: 0, failed: ['kms:ListRetirableGrants TimeoutError'] })
})

t.test('F16: a process that slept past its lease makes nothing any more', async (t) => {
  const id = await approved()
  const calls = aws.calls.length
  let slept = false
  const sleeper = makeBroker({ ...deps, reached: (point) => {
    if (point === 'intent-committed') {
      now += 60_000
      slept = true
    }
  } }, () => {})
  t.match(await sleeper.credentials(byCli(alice), id), { ok: false, refusal: { code: 'aws_unavailable' } })
  t.ok(slept)
  t.notOk(aws.calls.slice(calls).some((call) => call === 'create' || call === 'assume'))
  await settle()
  t.equal(await stateOf(id), 'failed')
})
