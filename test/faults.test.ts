/**
 * The fault matrix where AWS is at fault (security.md, section 5), over the real wire: the broker with
 * the SDK's own retries on a sandbox that fails as planned. One clock, moved by hand.
 */
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { type Answer, text } from '../src/cli/api.ts'
import type { FaultScript } from '../src/sandbox/faults.ts'
import { startLive } from './fixtures-live.ts'

const s = await startLive(t)
const { world } = s.sandbox
const [alice, bob, erin] = await Promise.all([s.as('alice'), s.as('bob'), s.as('erin')])
t.afterEach(() => world.faults.script({}))

const body = (answer: Answer): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${text(answer.problem['code'])}: ${text(answer.problem['detail'])}`)
  return answer.body
}

const ask = {
  target: 'claims-pii',
  duration: '4m',
  reason: 'suspected fraud ring in Hamburg',
  ticket: 'CLM-4711',
  tables: ['claims.customers']
}

const approved = async (): Promise<string> => {
  const path = `/v1/elevations/${text(body(await alice.post('/v1/elevations', ask))['id'])}`
  body(await bob.post(`${path}/approve`))
  return path
}

const grantsOf = (path: string): number =>
  [...world.grants.values()].filter(({ name }) => name?.includes(path.slice(-26))).length

/** Moves the clock on until the worker has ended it: how it is then. */
const over = async (path: string): Promise<string> => {
  for (let n = 1; n < 2000; n++) {
    const state = text(body(await erin.get(path))['state'])
    if (['ended', 'failed'].includes(state)) return state
    await wait(20)
    if (n % 5 === 0) s.advance(10)
  }
  throw new Error('it never ended')
}

/** How many CreateGrant of it were done. */
const createsOf = (path: string): number =>
  world.events
    .all()
    .filter((event) => event.eventName === 'CreateGrant' && event.errorCode === undefined)
    .filter((event) => JSON.stringify(event.requestParameters).includes(path.slice(-26))).length

const rows: readonly (readonly [sentence: string, script: FaultScript])[] = [
  ['F3: every second CreateGrant is throttled', { plan: [{ action: 'kms:CreateGrant', every: 2, fault: { kind: 'refuse', code: 'ThrottlingException', status: 400 } }] }],
  ['F4: the first call of each service fails on its side', { plan: [
    { action: 'kms:CreateGrant', times: 1, fault: { kind: 'refuse', code: 'KMSInternalException', status: 500 } },
    { action: 'sts:AssumeRole', times: 1, fault: { kind: 'refuse', code: 'InternalFailure', status: 500 } }
  ] }],
  ['F7: CreateGrant is done and its answer is lost', { plan: [{ action: 'kms:CreateGrant', times: 1, fault: { kind: 'reset_after' } }] }]
]

for (const [sentence, script] of rows) {
  t.test(`${sentence}: it is issued all the same, with one grant each`, async (t) => {
    const path = await approved()
    world.faults.script(script)
    body(await alice.post(`${path}/credentials`))
    t.ok(world.faults.hits().every((hits) => hits > 0), 'the faults were met')
    t.equal(grantsOf(path), 2)
    world.faults.script({})
    body(await alice.post(`${path}/end`))
    t.equal(await over(path), 'ended')
    t.equal(grantsOf(path), 0)
  })
}

t.test('F6: the grants are there and AssumeRole is denied: they go, and it has failed', async (t) => {
  const path = await approved()
  world.faults.script({ plan: [{ action: 'sts:AssumeRole', fault: { kind: 'refuse', code: 'AccessDenied', status: 403 } }] })
  t.match(await alice.post(`${path}/credentials`), { ok: false, problem: { code: 'aws_refused' } })
  t.equal(createsOf(path), 2)
  const began = performance.now()
  while (grantsOf(path) > 0 && performance.now() - began < 5000) await wait(5)
  t.equal(grantsOf(path), 0, 'within five seconds')
  t.equal(await over(path), 'failed')
})

t.test('F8: a CreateGrant that lands a minute later is removed before it is called over', async (t) => {
  const path = await approved()
  const fault = { kind: 'land_late', milliseconds: 60_000 } as const
  world.faults.script({ plan: [{ action: 'kms:CreateGrant', fault }] })
  t.match(await alice.post(`${path}/credentials`), { ok: false, problem: { code: 'aws_unavailable' } })
  t.equal(grantsOf(path), 0)
  world.faults.script({})
  t.equal(await over(path), 'failed')
  t.ok(createsOf(path) > 0, 'it did land')
  t.equal(grantsOf(path), 0)
})
