/**
 * What `bootstrap` prints is what the sandbox enforces here: the whole way is gone with exactly these
 * documents, and what the broker may do is what it did.
 */
import { readFileSync, readdirSync, rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { parse } from 'yaml'
import { collectFacts } from '../src/aws/posture.ts'
import { cloudformation } from '../src/bootstrap/cloudformation.ts'
import { eventPattern, eventSources } from '../src/bootstrap/events.ts'
import { type BootstrapAsk, type Plan, bootstrapPlan } from '../src/bootstrap/plan.ts'
import { terraform } from '../src/bootstrap/terraform.ts'
import { type Answer, text } from '../src/cli/api.ts'
import { bootstrap } from '../src/cli/bootstrap.ts'
import { query } from '../src/cli/demo-analyst.ts'
import { evaluate } from '../src/iam/evaluate.ts'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import { ROLES, roleArn } from '../src/sandbox/names.ts'
import { storedPolicy } from '../src/sandbox/policy-text.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import type { World } from '../src/sandbox/world.ts'
import { startLive } from './fixtures-live.ts'
import { shippedPolicies } from './place.ts'

const targets = seedTargets()
const ask: BootstrapAsk = {
  targets,
  brokerRoleArn: roleArn(ROLES.broker),
  adminRoleArn: roleArn(ROLES.keyAdmin),
  producerRoleArns: [roleArn(ROLES.producer)],
  runsAs: 'ecs-tasks.amazonaws.com',
  personalKey: null
}
const planOf = (of: BootstrapAsk): Plan => {
  const plan = bootstrapPlan(of)
  if (!plan.ok) throw new Error(plan.refusals.map(({ message }) => message).join('; '))
  return plan.value
}

type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }
const resourcesOf = (name: RegExp): Readonly<Record<string, Resource>> => {
  const found = cloudformation(planOf(ask)).filter((one) => name.test(one.name))
  return Object.assign({}, ...found.map((one) => parse(one.text, { version: '1.1' }).Resources))
}

/** Puts what the templates say in the place of what the sandbox was seeded with. */
const apply = (world: World): void => {
  const account = resourcesOf(/-account$/)
  for (const { Type, Properties } of Object.values(account)) {
    if (Type !== 'AWS::IAM::Role') continue
    const name = text(Properties['RoleName'])
    const role = world.roles.get(name)
    const policies = Properties['Policies'] as { PolicyName: string; PolicyDocument: PolicyDocument }[]
    const { Ref } = (Properties['PermissionsBoundary'] ?? {}) as { Ref?: string }
    const boundary = account[Ref ?? '']?.Properties['PolicyDocument'] as PolicyDocument | undefined
    if (!role) throw new Error(`the sandbox has no role ${name}`)
    world.roles.set(name, {
      ...role,
      ...(Ref === undefined ? {} : { trust: storedPolicy(Properties['AssumeRolePolicyDocument'] as PolicyDocument) }),
      policies: new Map(policies.map((one) => [one.PolicyName, storedPolicy(one.PolicyDocument)])),
      ...(boundary && role.boundary ? { boundary: { ...role.boundary, policy: storedPolicy(boundary) } } : {}),
      maxSessionSeconds: Number(Properties['MaxSessionDuration'])
    })
  }
  for (const [id, { Properties }] of Object.entries(resourcesOf(/-keys-/))) {
    const key = [...world.keys.values()].find(({ keyId }) => `Key${keyId.replaceAll('-', '')}`.toLowerCase() === id.toLowerCase())
    if (!key) throw new Error(`the sandbox has no key ${id}`)
    world.keys.set(key.keyId, { ...key, policy: storedPolicy(Properties['KeyPolicy'] as PolicyDocument) })
  }
}

const body = (answer: Answer): Readonly<Record<string, unknown>> => {
  if (!answer.ok) throw new Error(`${text(answer.problem['code'])}: ${text(answer.problem['detail'])}`)
  return answer.body
}

/** Of IAM's actions, those that CloudTrail names otherwise, or that go with another. */
const actionsOf = ({ eventSource, eventName }: { readonly eventSource: string; readonly eventName: string }): readonly string[] => {
  const action = `${eventSource.split('.')[0]}:${eventName}`
  if (action === 's3:GetBucketEncryption') return ['s3:GetEncryptionConfiguration']
  return action === 'sts:AssumeRole' ? [action, 'sts:TagSession', 'sts:SetSourceIdentity'] : [action]
}

t.test('with exactly these documents nothing needed is missing, and the broker needs all it has', async (t) => {
  const s = await startLive(t)
  const { world, endpoint, region, keys } = s.sandbox
  apply(world)
  const collected = await collectFacts(
    { endpoint, credentials: async () => keys.broker },
    { targets, at: Date.now(), signal: new AbortController().signal }
  )
  t.strictSame(collected.ok && collected.facts.gaps, [])
  const claims = { target: 'claims-pii', duration: '4m', reason: 'suspected fraud ring', ticket: 'CLM-1' }
  const [alice, bob, erin] = [await s.as('alice'), await s.as('bob'), await s.as('erin')]
  const path = `/v1/elevations/${text(body(await alice.post('/v1/elevations', claims))['id'])}`
  body(await bob.post(`${path}/approve`))
  const vended = body(await alice.post(`${path}/credentials`))
  const credentials = {
    accessKeyId: text(vended['AccessKeyId']),
    secretAccessKey: text(vended['SecretAccessKey']),
    sessionToken: text(vended['SessionToken'])
  }
  const login = { endpoint, region, credentials }
  t.match(await query(login, 'claims-pii', 'SELECT count(*) AS n FROM claims.customers'), { ok: true })
  t.match(await query(login, 'payments-pii', 'SELECT 1'), { ok: false, refused: 'AccessDeniedException' })
  const [done] = [...world.athena.executions.values()]
  if (!done) throw new Error('a query has run')
  const running = { ...done, id: done.id.replace(/^./, 'f'), state: 'RUNNING', stopper: new AbortController() } as const
  world.athena.executions.set(running.id, running)
  running.stopper.signal.addEventListener('abort', () => {
    world.athena.executions.set(running.id, { ...running, state: 'CANCELLED' })
  })
  body(await alice.post(`${path}/end`))
  const until = async (what: () => Promise<boolean>, step = 30): Promise<void> => {
    for (let n = 1; n < 2000; n++) {
      if (await what()) return
      await wait(20)
      if (n % 10 === 0) s.advance(step)
    }
    throw new Error('it never came')
  }
  await until(async () => text(body(await erin.get(path))['state']) === 'ended')
  t.equal(world.athena.executions.get(running.id)?.state, 'CANCELLED')
  t.equal(world.grants.size, 0)

  const payments = { ...claims, target: 'payments-pii', ticket: 'CLM-2', duration: '10m' }
  const brokered = `/v1/elevations/${text(body(await alice.post('/v1/elevations', payments))['id'])}`
  for (const person of ['bob', 'carol', 'sam', 'dave']) await (await s.as(person)).post(`${brokered}/approve`)
  const started = body(await alice.post(`${brokered}/queries`, { sql: 'SELECT payment_id FROM payments.payments LIMIT 5' }))
  const run = `${brokered}/queries/${text(started['id'])}`
  await until(async () => text(body(await alice.get(run))['state']) === 'succeeded')
  body(await alice.get(`${run}/results?limit=5`))
  body(await alice.post(`${brokered}/end`))
  await until(async () => text(body(await erin.get(brokered))['state']) === 'ended')
  await until(async () => {
    body(await erin.get(path))
    return world.events.all().some(({ eventName }) => eventName === 'DeleteRolePolicy')
  }, 120)

  const [broker] = planOf(ask).accounts[0]?.roles ?? []
  const allowed = Object.values(broker?.policies ?? {})
    .flatMap(({ Statement }) => Statement)
    .flatMap(({ Effect, Action }) => (Effect === 'Allow' ? [Action ?? []].flat() : []))
  const used = new Set(
    world.events
      .all()
      .filter(({ userIdentity, errorCode }) => errorCode !== 'AccessDenied' && String(userIdentity['arn']).includes(`/${ROLES.broker}/`))
      .flatMap(actionsOf)
  )
  t.strictSame([...new Set(allowed)].filter((action) => !used.has(action)), [], 'nothing that it does not use')
  // whoever signs may ask who that is
  t.strictSame([...used].filter((action) => !allowed.includes(action)), ['sts:GetCallerIdentity'])
})

/** Every JSON document in a Terraform configuration, Terraform's own escapes undone. */
const documentsIn = (hcl: string): readonly string[] =>
  [...hcl.matchAll(/<<-JSON\n([\s\S]*?)\n {2}JSON/g)].map(([, json = '']) =>
    JSON.stringify(JSON.parse(json.replace(/([$%])\1\{/g, '$1{')))
  )

const policiesIn = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return []
  if ('Statement' in value || ('source' in value && 'detail' in value)) return [JSON.stringify(value)]
  return Object.values(value).flatMap(policiesIn)
}

t.test('Terraform is told the same documents as CloudFormation', async (t) => {
  const plan = planOf(ask)
  const [cfn, tf] = [cloudformation(plan), terraform(plan)]
  t.strictSame(tf.map(({ name, about }) => [name, about]), cfn.map(({ name, about }) => [name, about]))
  t.strictSame(cfn.map(({ name }) => name), [
    '123456789012-account', '123456789012-keys-eu-west-1', '123456789012-events', 'organisation'
  ])
  for (const [n, { name, text }] of cfn.entries()) {
    // the one that names what the template itself makes
    const own = policiesIn(parse(text, { version: '1.1' })).filter((one) => !one.includes('Fn::GetAtt'))
    t.strictSame(documentsIn(tf[n]?.text ?? '').toSorted(), own.toSorted(), name)
  }
})

/** A Deny-only policy of the organisation beside an identity policy that allows everything. */
const decided = (role: string, action: string, resource: string): string => {
  const { organisation } = planOf(ask)
  const everything: PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  const principal = { kind: 'session', arn: `arn:aws:sts::123456789012:assumed-role/${role}/x`, roleArn: roleArn(role), account: '123456789012' } as const
  const context = { 'aws:PrincipalArn': roleArn(role), 'aws:PrincipalAccount': '123456789012' }
  const open: PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }] }
  const policies = { identity: [organisation, everything], ...(action.startsWith('kms:') ? { resource: open } : {}) }
  return evaluate({ principal, action, resource, context }, policies).decision
}

t.test('the organisation keeps data, grants, keys, roles and workgroups as they were set up', async (t) => {
  const [claims] = targets
  const key = claims?.data[0]?.key ?? ''
  const object = 'arn:aws:s3:::acme-claims/curated/x.parquet'
  const workgroup = 'arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii'
  const rows: readonly (readonly [role: string, action: string, resource: string, allowed: boolean])[] = [
    ['somebody', 's3:GetObject', object, false],
    ['somebody', 's3:GetObjectVersion', object, false],
    ['somebody', 's3:GetObject', 'arn:aws:s3:::acme-athena-results/claims-pii/x.csv', false],
    ['somebody', 's3:GetObject', 'arn:aws:s3:::acme-claims/public/x', true],
    [ROLES.claims, 's3:GetObject', object, true],
    [ROLES.producer, 's3:GetObject', object, true],
    ['somebody', 'kms:CreateGrant', key, false],
    [ROLES.keyAdmin, 'kms:CreateGrant', key, false],
    [ROLES.broker, 'kms:CreateGrant', key, true],
    ['somebody', 'kms:PutKeyPolicy', key, false],
    [ROLES.broker, 'kms:PutKeyPolicy', key, false],
    [ROLES.keyAdmin, 'kms:PutKeyPolicy', key, true],
    ['somebody', 'iam:UpdateAssumeRolePolicy', roleArn(ROLES.claims), false],
    [ROLES.broker, 'iam:UpdateAssumeRolePolicy', roleArn(ROLES.claims), false],
    [ROLES.broker, 'iam:PutRolePolicy', roleArn(ROLES.claims), true],
    ['somebody', 'iam:PutRolePolicy', roleArn(ROLES.broker), false],
    ['somebody', 'iam:PutRolePolicy', roleArn('another'), true],
    ['somebody', 'iam:CreatePolicyVersion', 'arn:aws:iam::123456789012:policy/sallyport-claims-boundary', false],
    ['somebody', 'athena:UpdateWorkGroup', workgroup, false],
    ['somebody', 'athena:UpdateWorkGroup', `${workgroup}-2`, true]
  ]
  for (const [role, action, resource, isAllowed] of rows) {
    t.equal(decided(role, action, resource), isAllowed ? 'allow' : 'explicit-deny', `${role} ${action} ${resource}`)
  }
})

t.test('what AWS would refuse is refused here, with the statements that are too long', async (t) => {
  const [one] = targets
  if (!one) throw new Error('there is a target')
  const many = Array.from({ length: 90 }, (_, n) => ({ ...one, workgroup: `claims-${n}-${'x'.repeat(80)}` }))
  const large = bootstrapPlan({ ...ask, targets: many })
  t.match(large, { ok: false, refusals: [{ code: 'policy_too_large', limit: 10_240 }] })
  const rows: readonly (readonly [what: Partial<BootstrapAsk>, where: string])[] = [
    [{ adminRoleArn: 'arn:aws:iam::123456789012:role/*' }, 'key admin'],
    [{ brokerRoleArn: 'sallyport' }, 'broker role'],
    [{ producerRoleArns: ['arn:aws:iam::123456789012:user/x'] }, 'producer'],
    [{ runsAs: 'evil.example.com' }, 'runs as'],
    [{ runsAs: '*' }, 'runs as'],
    [{ brokerRoleArn: 'arn:aws-us-gov:iam::123456789012:role/b' }, 'target claims-pii']
  ]
  for (const [what, where] of rows) {
    const refused = bootstrapPlan({ ...ask, ...what })
    t.match(refused.ok ? [] : refused.refusals, [{ where }], where)
  }
})

t.test('each account and Region has its own, and another account’s key is set up there', async (t) => {
  const [claims, payments] = targets
  const set = claims?.data[0]
  if (!claims || !payments || !set) throw new Error('there are two targets')
  const away = {
    ...payments,
    account: '999988887777',
    region: 'eu-central-1',
    role: 'arn:aws:iam::999988887777:role/data/readers',
    data: [{ ...set, key: set.key.replace('eu-west-1', 'eu-central-1') }],
    results: { kind: 'managed', key: null } as const
  }
  const plan = planOf({ ...ask, targets: [claims, away] })
  const names = terraform(plan).map(({ name }) => name)
  t.strictSame(names, [
    '123456789012-account', '123456789012-keys-eu-central-1', '123456789012-keys-eu-west-1',
    '123456789012-events', '999988887777-account', '999988887777-events', 'organisation'
  ])
  const role = cloudformation(plan).find(({ name }) => name === '999988887777-account')
  t.match(parse(role?.text ?? '').Resources.Readers, { Properties: { RoleName: 'readers', Path: '/data/' } })
})

t.test('the broker takes the sources that the rule sends', async (t) => {
  t.strictSame(eventPattern.source, eventSources)
  t.ok(eventPattern.detail.eventName.includes('UpdateWorkGroup'))
})

const shipped = join(shippedPolicies, 'aws')
const said = (json = false) => {
  const [out, err]: [string[], string[]] = [[], []]
  return { out, err, to: { json, colour: false, out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) } }
}
const options = {
  keyAdmin: ask.adminRoleArn,
  brokerRole: ask.brokerRoleArn,
  producer: ask.producerRoleArns,
  runsAs: ask.runsAs,
  policies: shippedPolicies
}

/** tap gives the YAML library tags of its own, which change what is quoted in this process. */
const unquoted = (text = ''): string => text.replaceAll('"', '')

t.test('the rendered examples are what the command writes, which overwrites nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bootstrap-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const format of ['cloudformation', 'terraform']) {
    const out = join(folder, format)
    const { to, out: lines } = said()
    t.equal(await bootstrap(to, { ...options, format, out }), 0)
    t.ok(lines.every((line) => line.length <= 100 || line.startsWith(folder)))
    const made = readdirSync(out, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    t.equal(made.length, 4)
    for (const { parentPath, name } of made) {
      const file = join(parentPath.slice(out.length), name)
      const [is, was] = [out, join(shipped, format)].map((place) => readFileSync(join(place, file), 'utf8'))
      t.equal(unquoted(was), unquoted(is), file)
    }
    const again = said()
    t.equal(await bootstrap(again.to, { ...options, format, out }), 1)
    t.match(again.err, [/is there already/])
  }
})

t.test('its exits: 0 printed, 1 refused, 2 wrong usage, 78 bad policies', async (t) => {
  const rows: readonly (readonly [more: object, exit: number])[] = [
    [{ format: 'cloudformation' }, 0],
    [{ format: 'terraform' }, 0],
    [{ format: 'pulumi' }, 2],
    [{ format: 'terraform', keyAdmin: 'arn:aws:iam::123456789012:role/${x}' }, 1],
    [{ format: 'terraform', policies: '/nowhere' }, 78]
  ]
  for (const [more, exit] of rows) {
    const { to, out, err } = said(true)
    t.equal(await bootstrap(to, { ...options, format: '', ...more }), exit, JSON.stringify(more))
    t.equal(out.length, exit === 0 ? 1 : 0)
    t.equal(err.length === 0, exit === 0)
    if (exit === 0) t.equal(JSON.parse(out[0] ?? '').files.length, 4)
  }
})
