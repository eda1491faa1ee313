/**
 * The collector against the sandbox over HTTP with the real SDK: whole, in small pages, throttled,
 * refused, cut off, and within its budget by an injected clock.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { UpdateWorkGroupCommand } from '@aws-sdk/client-athena'
import { EnableKeyRotationCommand } from '@aws-sdk/client-kms'
import { AssumeRoleCommand } from '@aws-sdk/client-sts'
import t, { type Test } from 'tap'
import { rates, tokenBucket, type Timing } from '../src/aws/posture-budget.ts'
import { collectFacts, type Collected, type CollectAsk } from '../src/aws/posture.ts'
import { exits } from '../src/cli/exit.ts'
import { postureCollect } from '../src/cli/posture-collecting.ts'
import { instant } from '../src/elevation/ids.ts'
import type { Target } from '../src/elevation/target.ts'
import { collectorPolicy } from '../src/iam/collector-policy.ts'
import type { PolicyDocument, Statement } from '../src/iam/policy-document.ts'
import { loadFolder } from '../src/policy-folder.ts'
import { parseFacts } from '../src/posture/facts-file.ts'
import type { Facts } from '../src/posture/facts.ts'
import type { Finding } from '../src/posture/finding.ts'
import { judge } from '../src/posture/judge.ts'
import { sceneOf } from '../src/posture/scene.ts'
import { startSandbox, type Sandbox } from '../src/sandbox/main.ts'
import { KEY_IDS, keyArn, roleArn, ROLES } from '../src/sandbox/names.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { seedPosture } from '../src/sandbox/seed-posture.ts'
import { POSTURE_KEYS, postureTargets } from '../src/sandbox/seed-posture-targets.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import type { World } from '../src/sandbox/world.ts'
import { clientsFor } from './fixtures-sandbox.ts'

const targets = [...seedTargets(), ...postureTargets()]

const started = async (t: Test): Promise<Sandbox> => {
  const sandbox = await startSandbox({ clockControl: false, seed: true })
  seedPosture(sandbox.world)
  t.teardown(sandbox.close)
  return sandbox
}

/** Waits take no time; how long they would have been is kept. */
const timeless = (waits: number[] = []): Timing => ({
  now: () => 0,
  wait: async (milliseconds, signal) => {
    signal.throwIfAborted()
    waits.push(milliseconds)
  },
  random: () => 0.5
})

const settings = ({ endpoint, keys }: Sandbox, by: 'broker' | 'admin' = 'broker') => ({
  endpoint,
  credentials: async () => keys[by]
})

const collect = (
  sandbox: Sandbox,
  more: Partial<CollectAsk> & { readonly by?: 'broker' | 'admin' } = {}
): Promise<Collected> => {
  const { by, ...ask } = more
  const { signal } = new AbortController()
  const standard = { targets, at: Date.UTC(2026, 10, 21), signal, timing: timeless() }
  return collectFacts(settings(sandbox, by), { ...standard, ...ask })
}

/** A few of each, for what is collected many times. */
const trim = ({ athena, glue, keys }: World): Pick<CollectAsk, 'targets'> => {
  const kept: readonly string[] = [
    'adhoc',
    'claims-pii',
    'legacy-reports',
    'claims',
    'default',
    'scratch',
    KEY_IDS.claimsData,
    KEY_IDS.claimsResults,
    POSTURE_KEYS.research
  ]
  for (const all of [athena.workGroups, glue.databases, keys]) {
    for (const name of all.keys()) if (!kept.includes(name)) all.delete(name)
  }
  return { targets: seedTargets().slice(0, 1) }
}

const factsOf = (collected: Collected): Facts => {
  if (collected.ok) return collected.facts
  throw new Error(collected.code)
}

const gapsOf = ({ gaps }: Facts): readonly string[] =>
  gaps.map(({ call, resource, code }) => `${call} ${resource?.split(/[:/]/).at(-1) ?? '*'} ${code}`)

/** How often each operation was called since there were so many events. */
const callsSince = (world: World, since: number): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { eventName } of world.events.all().slice(since)) counts[eventName] = (counts[eventName] ?? 0) + 1
  return counts
}

/** For tests that leave the account as it is; nothing goes wrong in it unless planned. */
const shared = await startSandbox({ clockControl: false, seed: true })
seedPosture(shared.world)
t.teardown(shared.close)
t.beforeEach(() => shared.world.faults.script({}))
const before = shared.world.events.all().length
const calm = factsOf(await collect(shared))
const calmCalls = callsSince(shared.world, before)

const shown = ({ name, tags, results }: Facts['workgroups'][number]) => ({ name, tags, results })

const refuse = (action: string, code: string, status: number, every = 3) => ({
  action,
  every,
  fault: { kind: 'refuse' as const, code, status }
})

const once = (action: string, code: string) => ({
  plan: [{ action, times: 1, fault: { kind: 'refuse' as const, code, status: 400 } }]
})

const arnOf = (name: string): string => `arn:aws:athena:eu-west-1:123456789012:workgroup/${name}`

t.test('an account is read whole, and pages of two say the same', async (t) => {
  const whole = calm
  t.same(whole.gaps, [])
  t.same(whole.accounts, ['123456789012'])
  t.equal(whole.at, '2026-11-21T00:00:00.000Z')
  const withUse = whole.workgroups.filter(({ lastQueryAt }) => lastQueryAt !== null).length
  const onSql = whole.workgroups.filter(({ engine }) => engine === 'sql').length
  const ours = whole.keys.filter(({ manager }) => manager === 'CUSTOMER').length
  t.match(
    calmCalls,
    {
      ListWorkGroups: 1,
      GetWorkGroup: whole.workgroups.length,
      ListTagsForResource: whole.workgroups.length,
      ListQueryExecutions: onSql,
      BatchGetQueryExecution: withUse,
      ListKeys: 1,
      ListAliases: 1,
      DescribeKey: whole.keys.length,
      GetKeyPolicy: whole.keys.length,
      ListResourceTags: whole.keys.length,
      GetKeyRotationStatus: ours,
      ListGrants: ours,
      GetAccountAuthorizationDetails: 1,
      ListRoles: 1
    },
    'four calls for a workgroup, five for a key'
  )
  const since = shared.world.events.all().length
  const again = factsOf(await collect(shared, { mostPerPage: 2 }))
  t.same({ ...again, workgroups: [] }, { ...whole, workgroups: [] })
  t.same(again.workgroups.map(shown), whole.workgroups.map(shown))
  t.ok((callsSince(shared.world, since)['GetAccountAuthorizationDetails'] ?? 0) > 5)
})

t.test('what AWS says becomes the fact', (t) => {
  const facts = calm
  const group = (name: string) => facts.workgroups.find((one) => one.name === name)
  t.match(group('claims-pii'), {
    arn: arnOf('claims-pii'),
    engine: 'sql',
    enforced: true,
    results: {
      location: 's3://acme-athena-results/claims-pii/',
      encryption: 'SSE_KMS',
      key: keyArn(KEY_IDS.claimsResults),
      expectedBucketOwner: '123456789012'
    },
    managedResults: null,
    tags: { classification: 'pii' },
    lastQueryAt: null
  })
  t.match(group('notebooks'), { engine: 'spark', executionRole: /role\/acme-notebooks$/ })
  t.match(group('dashboards'), { identityCenter: true, managedResults: { key: null } })
  t.match(group('adhoc'), { databases: ['research', 'scratch'], reusedResults: 0 })
  t.match(group('research-pii'), { databases: ['research'], reusedResults: 1 })
  const key = (id: string) => facts.keys.find(({ arn }) => arn.endsWith(id))
  t.match(key(POSTURE_KEYS.research), {
    aliases: ['alias/researchkey'],
    rotation: { enabled: true, periodDays: 730 },
    tags: { owner: 'research' }
  })
  t.match(key(POSTURE_KEYS.research)?.grants, [
    { constraints: { EncryptionContextSubset: {} }, issuingAccount: '123456789012' },
    { grantee: /^AROA/, name: null, constraints: null },
    { name: 'bi', operations: ['Decrypt', 'GenerateDataKey', 'CreateGrant'] },
    { grantee: 'arn:aws:iam::210987654321:root' }
  ])
  t.match(key(POSTURE_KEYS.s3), { manager: 'AWS', rotation: null, grants: null })
  t.match(key(POSTURE_KEYS.partner), {
    origin: 'EXTERNAL',
    rotation: { enabled: false, periodDays: null }
  })
  t.type(key(POSTURE_KEYS.partner)?.materialExpiresAt, 'string')
  t.match(key(POSTURE_KEYS.exports), { state: 'PendingDeletion', deletionAt: /^20/ })
  t.match(key(POSTURE_KEYS.lab), { multiRegion: true })
  const who = (name: string) => facts.principals.find(({ arn }) => arn.endsWith(`/${name}`))
  t.match(who('dora')?.policies, [
    { name: 'QueryAdhoc', from: 'group' },
    { name: 'DataLakeReadAll', from: 'group', text: /"s3:GetObject"/ }
  ])
  t.match(who('acme-platform-admin')?.policies, [
    { from: 'attached', text: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}' }
  ])
  t.match(who('sallyport-claims'), { maxSessionSeconds: 3600, boundary: /Statement/, trust: /broker/ })
  t.match(who('finn'), { kind: 'user', boundary: /athena/, trust: null })
  t.match(facts.tables.find(({ table }) => table === 'customers_copy'), {
    database: 'scratch',
    location: 's3://acme-claims/curated/customers/'
  })
  const bucket = (name: string) => facts.buckets.find((one) => one.name === name)
  t.match(bucket('acme-claims'), { encryption: { algorithm: 'aws:kms', bucketKey: true }, policy: null })
  t.match(bucket('acme-research'), { region: 'eu-west-1', policy: /"Principal":"\*"/ })
  t.end()
})

t.test('throttling is waited out, with jitter, and changes nothing', async (t) => {
  shared.world.faults.script({
    plan: [
      refuse('athena:*', 'TooManyRequestsException', 400),
      refuse('kms:*', 'ThrottlingException', 400),
      refuse('iam:*', 'Throttling', 400, 2),
      refuse('glue:*', 'ThrottlingException', 400),
      refuse('s3:*', 'SlowDown', 503)
    ]
  })
  const waits: number[] = []
  const stormy = factsOf(await collect(shared, { timing: timeless(waits), mostPerPage: 2 }))
  t.same(stormy.gaps, [])
  t.same({ ...stormy, workgroups: [] }, { ...calm, workgroups: [] })
  t.equal(stormy.workgroups.length, calm.workgroups.length)
  t.ok(shared.world.faults.hits().every((hits) => hits > 0))
  t.ok(waits.includes(250), 'half of the first span, as the dice said')
})

t.test('what stays throttled is a gap, and the rest is read', async (t) => {
  shared.world.faults.script({
    plan: [
      { action: 'kms:ListGrants', fault: { kind: 'refuse', code: 'ThrottlingException', status: 400 } }
    ]
  })
  const waits: number[] = []
  const since = shared.world.events.all().length
  const facts = factsOf(await collect(shared, { timing: timeless(waits) }))
  const customer = facts.keys.filter(({ manager }) => manager === 'CUSTOMER')
  t.equal(facts.gaps.length, customer.length)
  t.ok(facts.gaps.every(({ call, code }) => call === 'kms:ListGrants' && code === 'ThrottlingException'))
  t.ok(customer.every(({ grants, policy }) => grants === null && policy !== null))
  t.ok(waits.every((wait) => wait <= 10_000 || wait > 0), 'no wait for ever')
  t.equal(callsSince(shared.world, since)['ListGrants'], customer.length * 10, 'ten tries each')
})

t.test('half a listing and then no: what was read stays, and a gap says so', async (t) => {
  const denied = { kind: 'refuse', code: 'AccessDenied', status: 403 } as const
  const cases = [
    ['athena:ListWorkGroups', 'AccessDeniedException', (facts: Facts) => facts.workgroups.length, 2],
    ['kms:ListKeys', 'AccessDeniedException', (facts: Facts) => facts.keys.length >= 2, true],
    ['glue:GetDatabases', 'AccessDeniedException', (facts: Facts) => facts.tables.length, 2],
    ['iam:GetAccountAuthorizationDetails', 'AccessDenied', (facts: Facts) => facts.principals.length, 2],
    [
      'iam:ListRoles',
      'AccessDenied',
      ({ principals }: Facts) =>
        principals.some((one) => one.kind === 'role' && one.maxSessionSeconds === null),
      true
    ]
  ] as const
  const sandbox = await started(t)
  const few = trim(sandbox.world)
  for (const [action, code, read, expected] of cases) {
    sandbox.world.faults.script({ plan: [{ action, skip: 1, fault: denied }] })
    const facts = factsOf(await collect(sandbox, { ...few, mostPerPage: 2 }))
    t.match(facts.gaps.find(({ call }) => call === action), { resource: null, code }, action)
    t.equal(read(facts), expected, action)
  }
  sandbox.world.faults.script({ plan: [{ action: 'kms:ListGrants', skip: 2, fault: denied }] })
  const facts = factsOf(await collect(sandbox, { ...few, mostPerPage: 2 }))
  t.ok(facts.gaps.length > 0)
  t.ok(facts.gaps.every(({ call, resource }) => call === 'kms:ListGrants' && resource !== null))
})

t.test('a principal whose policy did not come is told of', async (t) => {
  const sandbox = await started(t)
  const { world } = sandbox
  const boundary = 'arn:aws:iam::123456789012:policy/sallyport-claims-boundary'
  for (const arn of [boundary, 'arn:aws:iam::aws:policy/AdministratorAccess']) {
    world.managedPolicies.delete(arn)
  }
  world.groups.delete('data-science')
  const facts = factsOf(await collect(sandbox))
  t.same(gapsOf(facts), [
    'iam:GetAccountAuthorizationDetails sallyport-claims-boundary IncompleteAnswer',
    'iam:GetAccountAuthorizationDetails AdministratorAccess IncompleteAnswer',
    'iam:GetAccountAuthorizationDetails data-science IncompleteAnswer'
  ])
  const claims = facts.principals.find(({ arn }) => arn.endsWith('/sallyport-claims'))
  t.match(JSON.parse(claims?.boundary ?? ''), { Statement: [{ Action: '*' }] }, 'limits nothing known')
})

t.test('keys, workgroups and buckets that refuse are gaps of their own', async (t) => {
  const sandbox = await started(t)
  const { world } = sandbox
  const onlyAdmin: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::123456789012:user/sandbox-admin' },
        Action: 'kms:*',
        Resource: '*'
      }
    ]
  }
  const key = world.keys.get(POSTURE_KEYS.warehouse)
  if (key === undefined) throw new Error('no key')
  key.policy = storedPolicy(onlyAdmin)
  const bucket = world.s3.buckets.get('acme-exports')
  if (bucket === undefined) throw new Error('no bucket')
  bucket.policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:GetBucketPolicy',
        Resource: 'arn:aws:s3:::acme-exports'
      }
    ]
  }
  world.s3.buckets.delete('acme-adhoc-results')
  const facts = factsOf(await collect(sandbox))
  t.same(gapsOf(facts), [
    `kms:DescribeKey ${POSTURE_KEYS.warehouse} AccessDeniedException`,
    's3:GetBucketEncryption acme-adhoc-results NoSuchBucket',
    's3:GetBucketLocation acme-adhoc-results NoSuchBucket',
    's3:GetBucketPolicy acme-adhoc-results NoSuchBucket',
    's3:GetBucketPolicy acme-exports AccessDenied'
  ])
  t.notOk(facts.keys.some(({ arn }) => arn === key.arn))
  t.match(facts.gaps[0]?.message, /^User: \S+ is not authorized to perform: kms:DescribeKey/)
})

t.test('what is deleted while it is read is left out, and only that', async (t) => {
  const sandbox = await started(t)
  const { world } = sandbox
  const seen = new Set<string>()
  const facts = factsOf(
    await collect(sandbox, {
      progress: ({ service }) => {
        if (seen.has(service)) return
        seen.add(service)
        // it was listed a moment ago
        if (service === 'athena') world.athena.workGroups.delete('adhoc')
        if (service === 'glue') world.glue.databases.delete('scratch')
        if (service === 'kms') world.keys.delete(POSTURE_KEYS.lab)
      }
    })
  )
  t.same(facts.gaps, [])
  t.notOk(facts.workgroups.some(({ name }) => name === 'adhoc'))
  t.notOk(facts.keys.some(({ arn }) => arn.endsWith(POSTURE_KEYS.lab)))
  t.notOk(facts.tables.some(({ database }) => database === 'scratch'))

  const all = facts.workgroups.length
  world.faults.script(once('athena:ListTagsForResource', 'ResourceNotFoundException'))
  const gone = factsOf(await collect(sandbox))
  t.equal(gone.workgroups.length, all - 1)
  t.same(gone.gaps, [])
  world.faults.script(once('athena:GetWorkGroup', 'InvalidRequestException'))
  const other = factsOf(await collect(sandbox))
  t.match(other.gaps, [{ call: 'athena:GetWorkGroup', code: 'InvalidRequestException' }])
  t.equal(other.gaps.length, 1, 'the code alone does not say that it is gone')
})

const elsewhere = '210987654321'
const foreign = `arn:aws:kms:eu-west-1:${elsewhere}:key/1a2b3c4d-0003-4000-8000-000000000001`

t.test('a key of another account tells what its policy lets it tell', async (t) => {
  const sandbox = await started(t)
  const { world } = sandbox
  const example = world.keys.get(KEY_IDS.claimsData)
  const bucket = world.s3.buckets.get('acme-exports')
  if (example === undefined || bucket === undefined) throw new Error('the data is not seeded')
  bucket.encryption = { algorithm: 'aws:kms', keyArn: foreign, bucketKeyEnabled: true }
  const open = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' } as const
  world.keys.set('foreign', {
    ...example,
    keyId: '1a2b3c4d-0003-4000-8000-000000000001',
    arn: foreign,
    policy: storedPolicy({ Version: '2012-10-17', Statement: [open] })
  })
  const facts = factsOf(await collect(sandbox, { by: 'admin' }))
  const key = facts.keys.find(({ arn }) => arn === foreign)
  t.match(key, { manager: 'CUSTOMER', state: 'Enabled', policy: null, grants: [], aliases: [] })
  const mine = facts.gaps.filter(({ resource }) => resource === foreign)
  t.same(mine.map(({ call, code }) => `${call} ${code}`), [
    'kms:GetKeyPolicy AccessDeniedException',
    'kms:ListResourceTags AccessDeniedException'
  ])
  world.keys.delete('foreign')
  const without = factsOf(await collect(sandbox, { by: 'admin' }))
  t.ok(
    gapsOf(without).includes(
      'kms:DescribeKey 1a2b3c4d-0003-4000-8000-000000000001 NotFoundException'
    ),
    'nobody listed it, so it is not known to be deleted'
  )
})

t.test('targets of another account are gaps, their keys are asked', async (t) => {
  const [example] = seedTargets()
  if (example === undefined) throw new Error('no target')
  const role = `arn:aws:iam::${elsewhere}:role/theirs`
  const theirs = { ...example, account: elsewhere, role }
  const facts = factsOf(await collect(shared, { targets: [theirs] }))
  t.same(facts.accounts, [])
  t.same(facts.workgroups, [])
  t.match(facts.gaps, [{ code: 'OtherAccount', resource: /:210987654321:workgroup\/claims-pii$/ }])
  t.same(
    facts.keys.map(({ arn }) => arn),
    [keyArn(KEY_IDS.claimsData), keyArn(KEY_IDS.claimsResults)]
  )
  t.same(factsOf(await collect(shared, { targets: [] })).gaps, [])
})

t.test('the policy for it holds what it needs and nothing else', async (t) => {
  const sandbox = await started(t)
  const made = collectorPolicy({ targets })
  t.equal(made.ok && made.value.Statement.length, 5)
  if (!made.ok) throw new Error('refused')
  const few = trim(sandbox.world)
  const role = sandbox.world.roles.get(ROLES.broker)
  if (role === undefined) throw new Error('no broker')
  const holding = async (document: PolicyDocument): Promise<Facts> => {
    role.policies.clear()
    role.policies.set('Collector', storedPolicy(document))
    return factsOf(await collect(sandbox, few))
  }
  t.same((await holding(made.value)).gaps, [], 'whole with this policy alone')
  const actions = made.value.Statement.flatMap(({ Action = [] }) => Action)
  t.ok(actions.every((action) => /:(Get|List|Describe|BatchGet)/.test(action)), 'reads only')
  for (const gone of actions) {
    const without = (statement: Statement): Statement => ({
      ...statement,
      Action: [statement.Action ?? []].flat().filter((action) => action !== gone)
    })
    const Statement = made.value.Statement.map(without)
    const { gaps } = await holding({ ...made.value, Statement })
    t.ok(gaps.length > 0 && gaps.every(({ code }) => code.startsWith('AccessDenied')), gone)
  }
  const [example] = targets
  if (example === undefined) throw new Error('no target')
  const unsafe = collectorPolicy({ targets: [{ ...example, region: '*' }] })
  t.match(unsafe, { ok: false, refusals: [{ code: 'unsafe_name' }] })
})

t.test('an abort ends it soon, and says so', async (t) => {
  const stop = new AbortController()
  let after = -1
  const collected = await collect(shared, {
    signal: stop.signal,
    progress: ({ service, done }) => {
      if (service !== 'athena' || done < 2) return
      stop.abort()
      after = shared.world.events.all().length
    }
  })
  t.same(collected, { ok: false, code: 'stopped' })
  t.ok(shared.world.events.all().length <= after + 20, 'only what was on its way')
  t.match(await collect(shared, { signal: AbortSignal.abort() }), { code: 'stopped' })
})

t.test('no AWS, or no name there, is no snapshot', async (t) => {
  const { signal } = new AbortController()
  const ask = { targets, at: 0, signal, timing: timeless() }
  const nowhere = { ...settings(shared), endpoint: 'http://127.0.0.1:1' }
  t.match(await collectFacts(nowhere, ask), { ok: false, code: 'unreachable' })
  const stranger = {
    endpoint: shared.endpoint,
    credentials: async () => ({ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' })
  }
  t.match(await collectFacts(stranger, ask), { ok: false, code: 'nobody' })
})

t.test('a service that goes away is asked three questions more, not thousands', async (t) => {
  const { world } = shared
  world.faults.script({ plan: [{ action: 'athena:*', skip: 1, fault: { kind: 'reset_before' } }] })
  const facts = factsOf(await collect(shared))
  t.same(facts.workgroups, [])
  t.ok(facts.keys.length > 5 && facts.principals.length > 5, 'the others go on')
  t.ok(facts.gaps.every(({ call }) => call === 'athena:GetWorkGroup'))
  t.equal(facts.gaps.length, world.athena.workGroups.size, 'each has its gap')
  t.ok((world.faults.hits()[0] ?? 0) <= 24, 'four tries of the few that were on their way')

  world.faults.script({
    plan: [{ action: 'kms:*', skip: 3, fault: { kind: 'refuse', code: 'ExpiredToken', status: 400 } }]
  })
  const expired = factsOf(await collect(shared))
  t.ok(expired.gaps.length > 5)
  t.match(expired.gaps[0], {
    code: 'ExpiredTokenException',
    message: 'AWS does not accept these credentials.'
  })
  t.ok((world.faults.hits()[0] ?? 0) <= 24, 'and is not asked again')
})

t.test('calls leave at the budget’s rate, whoever asks when', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ perSecond: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 20 }) }),
      fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 60 }),
      async (rate, gaps) => {
        let now = 0
        let waited = 0
        const timing = { now: () => now, wait: async (ms: number) => void (waited = ms), random: () => 0 }
        const bucket = tokenBucket(rate, timing)
        const left: number[] = []
        for (const gap of gaps) {
          now += gap
          waited = 0
          await bucket.take(new AbortController().signal)
          left.push(now + waited)
        }
        for (const [n, from] of left.entries()) {
          for (const [m, to] of left.entries()) {
            if (m < n) continue
            const most = rate.burst + (rate.perSecond * (to - from)) / 1000 + 1e-6
            if (m - n + 1 > most) throw new Error(`${m - n + 1} calls in ${to - from} ms`)
          }
        }
      }
    )
  )
  t.pass('never more than the burst and the rate')
})

t.test('1,000 workgroups and 500 keys take the minutes that the rates say', async (t) => {
  const took = async (service: keyof typeof rates, calls: number): Promise<number> => {
    let now = 0
    const timing = { now: () => now, wait: async (ms: number) => void (now += ms), random: () => 0 }
    const bucket = tokenBucket(rates[service], timing)
    for (let n = 0; n < calls; n++) await bucket.take(new AbortController().signal)
    return Math.round(now / 1000)
  }
  t.equal(await took('athena', 4 * 1000 + 20), 1003)
  t.equal(await took('kms', 5 * 500 + 6), 62)
  // quotas: ListQueryExecutions 5/s, burst 10; ListGrants 100/s
  t.ok(rates.athena.perSecond < 5 && rates.athena.burst <= 10)
  t.ok(rates.kms.perSecond < 100 / 2)
  let now = 0
  const timing = { now: () => now, wait: async (ms: number) => void (now += ms), random: () => 0 }
  const bucket = tokenBucket({ perSecond: 10, burst: 5 }, timing)
  bucket.pause(3000)
  await bucket.take(new AbortController().signal)
  t.equal(now, 3000, 'a pause holds everybody')
  await bucket.take(new AbortController().signal)
  t.equal(now, 3100, 'and then they leave one by one')
})

t.test('the command writes a snapshot for its owner alone, and tells the gaps', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'collect-'))
  const saved = { ...process.env }
  t.teardown(() => {
    rmSync(dir, { recursive: true })
    process.env = saved
  })
  const { accessKeyId, secretAccessKey, sessionToken } = shared.keys.broker
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey
  process.env['AWS_SESSION_TOKEN'] = sessionToken
  const run = async (more: { readonly out?: string; readonly json?: boolean; readonly endpoint?: string }) => {
    const out: string[] = []
    const err: string[] = []
    const { json = false, endpoint = shared.endpoint, ...options } = more
    const to = { json, colour: false, out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
    const env = { AWS_ENDPOINT_URL: endpoint }
    const about = { policies: 'policies', now: Date.UTC(2026, 10, 21), env, timing: timeless() }
    return { exit: await postureCollect(to, { ...about, ...options }), out, err }
  }
  const file = join(dir, 'facts.json')
  const whole = await run({ out: file })
  t.equal(whole.exit, exits.done, whole.err.join('\n'))
  t.same(whole.out, [])
  t.match(whole.err, [/11 workgroups, 9 keys, .*, 0 gaps$/])
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.match(JSON.parse(readFileSync(file, 'utf8')), { version: 1, gaps: [] })

  const denied = { kind: 'refuse', code: 'AccessDenied', status: 403 } as const
  const spoilt = {
    plan: [
      { action: 'athena:*', skip: 1, fault: denied },
      { action: 'kms:GetKeyPolicy', fault: denied },
      { action: 's3:*', fault: denied }
    ]
  }
  shared.world.faults.script(spoilt)
  const holes = await run({})
  t.equal(holes.exit, exits.refused)
  const { gaps } = JSON.parse(holes.out.join('\n'))
  t.ok(gaps.length > 20)
  t.equal(holes.err.length, 21)
  t.equal(holes.err.at(-1), `  and ${gaps.length - 20} more`)
  t.match(holes.err[0], /^ {2}- athena:GetWorkGroup {2}arn:aws:athena:\S+ {2}AccessDeniedException: /)
  shared.world.faults.script(spoilt)
  const json = await run({ json: true })
  t.match(JSON.parse(json.err[0] ?? ''), { call: 'athena:GetWorkGroup', code: 'AccessDeniedException' })
  t.equal(json.out.length, 1, 'one document')

  t.equal((await run({ endpoint: 'http://127.0.0.1:1' })).exit, exits.unavailable)
  t.equal((await run({ out: join(dir, 'absent', 'facts.json') })).exit, exits.usage)
  t.equal((await run({ out: dir })).exit, exits.usage)
  process.env['AWS_SECRET_ACCESS_KEY'] = 'another'
  const stranger = await run({ json: true })
  t.equal(stranger.exit, exits.config)
  t.match(JSON.parse(stranger.err[0] ?? ''), { code: 'SignatureDoesNotMatch' })
  t.notMatch(stranger.err.join(), sessionToken)
})

const standing = async (more: readonly Target[], facts: Facts) => {
  const loaded = await loadFolder('policies')
  if (!loaded.ok) throw new Error(loaded.lines.join('; '))
  const now = instant(Date.now())
  const scene = sceneOf(loaded.policy, { broker: roleArn(ROLES.broker), now })
  return judge(facts, { ...scene, targets: [...scene.targets, ...more] })
}

const codesOf = (findings: readonly Finding[]): readonly string[] =>
  [...new Set(findings.map(({ code }) => code))].toSorted()

t.test('the seeded account shows its faults, and claims-pii has none', async (t) => {
  t.same(parseFacts(JSON.stringify(calm)), { ok: true, facts: calm }, 'it can be saved')
  const findings = await standing([], calm)
  t.ok(codesOf(findings).length >= 25, `${codesOf(findings).length} kinds with the example policies`)
  t.ok(codesOf(await standing(postureTargets(), calm)).length >= 40, 'more with more targets')
  t.same(findings.filter(({ targets }) => targets.includes('claims-pii')), [])
  const payments = findings.filter(({ targets }) => targets.includes('payments-pii'))
  t.same(codesOf(payments), [
    'key_rotation_off',
    'workgroup_no_scan_limit',
    'workgroup_not_enforced',
    'workgroup_results_other_key'
  ])
})

t.test('a mended target has no findings left', async (t) => {
  const sandbox = await started(t)
  const admin = clientsFor(sandbox, sandbox.keys.admin)
  const role = await admin.sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn(ROLES.keyAdmin), RoleSessionName: 'mends' })
  )
  const keyAdmin = clientsFor(sandbox, {
    accessKeyId: role.Credentials?.AccessKeyId ?? '',
    secretAccessKey: role.Credentials?.SecretAccessKey ?? '',
    sessionToken: role.Credentials?.SessionToken ?? ''
  })
  t.teardown(() => {
    admin.destroy()
    keyAdmin.destroy()
  })
  const KmsKey = keyArn(KEY_IDS.payments)
  await admin.athena.send(
    new UpdateWorkGroupCommand({
      WorkGroup: 'payments-pii',
      ConfigurationUpdates: {
        EnforceWorkGroupConfiguration: true,
        BytesScannedCutoffPerQuery: 1_000_000_000,
        ResultConfigurationUpdates: {
          EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey }
        }
      }
    })
  )
  await keyAdmin.kms.send(new EnableKeyRotationCommand({ KeyId: KmsKey }))
  const findings = await standing([], factsOf(await collect(sandbox)))
  t.same(findings.filter(({ targets }) => targets.includes('payments-pii')), [])
})
