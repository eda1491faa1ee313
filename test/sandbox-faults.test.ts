/**
 * What the sandbox spoils on purpose, as the real AWS SDK meets it: errors, connections that end
 * before or after the work is done, calls that land late, and changes that count only later.
 */
import { DeleteRolePolicyCommand, GetRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  CreateGrantCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  ListGrantsCommand,
  RevokeGrantCommand
} from '@aws-sdk/client-kms'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import t from 'tap'
import { kmsGrants } from '../src/aws/grants.ts'
import type { CreateGrantParameters } from '../src/iam/create-grant.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { clientsFor, codeOf } from './fixtures-sandbox.ts'
import { openKey, openRole, sessionOf } from './fixtures-wire.ts'

const sandbox = await startSandbox({ clockControl: true, seed: false })
t.teardown(() => sandbox.close())
const { world, keys, endpoint } = sandbox
const admin = clientsFor(sandbox, keys.admin)
const reader = openRole(world, 'reader', [])
const session = clientsFor(sandbox, sessionOf(world, reader, 'jit-one'))
t.teardown(() => [admin, session].forEach((clients) => clients.destroy()))
t.afterEach(() => world.faults.script({}))

const context = { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' }
const grantFor = (key: { readonly arn: string }, name: string): CreateGrantParameters => ({
  KeyId: key.arn,
  Name: name,
  GranteePrincipal: 'arn:aws:sts::123456789012:assumed-role/reader/jit-one',
  RetiringPrincipal: 'arn:aws:iam::123456789012:role/sallyport-broker',
  Operations: ['Decrypt'],
  Constraints: { EncryptionContextEquals: context }
})
const grantsOf = (key: { readonly keyId: string }) =>
  [...world.grants.values()].filter(({ keyId }) => keyId === key.keyId)

/** The product's own way to KMS: three tries and a deadline. */
const grants = kmsGrants({ endpoint, credentials: async () => keys.admin })
t.teardown(() => grants.close())

t.test('each fault is met as the SDK meets it, and what it says was done was done', async (t) => {
  const rows = [
    ['a delay', { kind: 'delay', milliseconds: 20 }, 'ok', 1],
    ['a client error', { kind: 'refuse', code: 'LimitExceededException', status: 400 }, 'LimitExceededException', 0],
    ['throttling', { kind: 'refuse', code: 'ThrottlingException', status: 429 }, 'ThrottlingException', 0],
    ['a server error', { kind: 'refuse', code: 'KMSInternalException', status: 500 }, 'KMSInternalException', 0],
    ['an end before', { kind: 'reset_before' }, 'TimeoutError', 0],
    ['an end after', { kind: 'reset_after' }, 'TimeoutError', 1],
    ['landing late', { kind: 'land_late', milliseconds: 60_000 }, 'TimeoutError', 0]
  ] as const
  for (const [sentence, fault, code, made] of rows) {
    const key = openKey(world)
    world.faults.script({ plan: [{ action: 'kms:CreateGrant', times: 1, fault }] })
    const call = admin.kms.send(new CreateGrantCommand(grantFor(key, sentence.replaceAll(' ', '-'))))
    const name = await codeOf(call)
    t.ok(name === code || (code === 'TimeoutError' && name !== 'ok'), `${sentence}: ${name}`)
    t.equal(grantsOf(key).length, made, sentence)
    t.same(world.faults.hits(), [1], sentence)
  }
})

t.test('a call that hangs is never answered and never done', async (t) => {
  const key = openKey(world)
  world.faults.script({ plan: [{ action: 'kms:CreateGrant', fault: { kind: 'hang' } }] })
  const given = AbortSignal.timeout(150)
  const command = new CreateGrantCommand(grantFor(key, 'hang'))
  t.equal(await codeOf(admin.kms.send(command, { abortSignal: given })), 'AbortError')
  t.equal(grantsOf(key).length, 0)
})

t.test("the product's own retries make one grant of a lost answer, and ride over throttling", async (t) => {
  for (const fault of [
    { kind: 'reset_after' },
    { kind: 'reset_before' },
    { kind: 'refuse', code: 'ThrottlingException', status: 429 },
    { kind: 'refuse', code: 'KMSInternalException', status: 500 }
  ] as const) {
    const key = openKey(world)
    world.faults.script({ plan: [{ action: 'kms:*', times: 1, fault }] })
    t.match(await grants.create(grantFor(key, 'jit/retried/0')), { ok: true }, fault.kind)
    t.equal(grantsOf(key).length, 1, fault.kind)
  }
})

t.test('a call that lands late is done when the clock is there, whoever calls next', async (t) => {
  const key = openKey(world)
  const fault = { kind: 'land_late', milliseconds: 60_000 } as const
  world.faults.script({ plan: [{ action: 'kms:CreateGrant', times: 1, fault }] })
  await codeOf(admin.kms.send(new CreateGrantCommand(grantFor(key, 'late'))))
  await admin.kms.send(new DescribeKeyCommand({ KeyId: key.arn }))
  t.equal(grantsOf(key).length, 0)
  world.clock.advance(60)
  const listed = await admin.kms.send(new ListGrantsCommand({ KeyId: key.arn }))
  t.match(listed.Grants, [{ Name: 'late' }])
})

t.test('a grant is listed and used, and a revoked one stops, only after the lag', async (t) => {
  const key = openKey(world)
  const sealed = await admin.kms.send(
    new EncryptCommand({ KeyId: key.arn, Plaintext: Buffer.from('rows'), EncryptionContext: context })
  )
  const decrypt = () =>
    codeOf(session.kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob, EncryptionContext: context })))
  const found = () => grants.find(key.arn, 'jit/lag/')
  world.faults.script({ lag: { grants: 5000 } })
  const made = await grants.create(grantFor(key, 'jit/lag/0'))
  t.match(made, { ok: true })
  t.equal(await decrypt(), 'AccessDeniedException')
  t.match(await found(), { ok: true, value: [] })
  world.clock.advance(5)
  t.equal(await decrypt(), 'ok')
  t.match(await found(), { ok: true, value: [{ name: 'jit/lag/0' }] })
  const GrantId = made.ok ? made.value.grantId : ''
  await admin.kms.send(new RevokeGrantCommand({ KeyId: key.arn, GrantId }))
  t.equal(await decrypt(), 'ok')
  world.clock.advance(5)
  t.equal(await decrypt(), 'AccessDeniedException')
})

t.test("a change of a role's policy counts only after the lag", async (t) => {
  openRole(world, 'lagging', [])
  const of = { RoleName: 'lagging', PolicyName: 'Ended' }
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] })
  const read = () => codeOf(admin.iam.send(new GetRolePolicyCommand(of)))
  world.faults.script({ lag: { policies: 3000 } })
  await admin.iam.send(new PutRolePolicyCommand({ ...of, PolicyDocument }))
  t.equal(await read(), 'NoSuchEntityException')
  world.clock.advance(3)
  t.equal(await read(), 'ok')
  await admin.iam.send(new DeleteRolePolicyCommand(of))
  t.equal(await read(), 'ok')
  world.clock.advance(3)
  t.equal(await read(), 'NoSuchEntityException')
})

t.test('a plan says which calls: so many let through, every n-th, so many times', async (t) => {
  const outcomes = async (count: number): Promise<string> => {
    const codes: string[] = []
    for (let n = 0; n < count; n++) codes.push(await codeOf(admin.sts.send(new GetCallerIdentityCommand({}))))
    return codes.map((code) => (code === 'ok' ? '.' : 'x')).join('')
  }
  const fault = { kind: 'refuse', code: 'Throttling', status: 400 } as const
  const rows = [
    [{ action: 'sts:GetCallerIdentity', skip: 2, times: 2 }, '..xx..'],
    [{ action: 'sts:*', every: 2 }, '.x.x.x'],
    [{ action: '*', skip: 1, every: 2, times: 1 }, '..x...'],
    [{ action: 'kms:*' }, '......']
  ] as const
  for (const [line, wanted] of rows) {
    world.faults.script({ plan: [{ ...line, fault }] })
    t.equal(await outcomes(6), wanted)
  }
})

const post = async (to: string, body: unknown, type = 'application/json') => {
  const headers = { 'content-type': type }
  return (await fetch(`${to}/_sandbox/faults`, { method: 'POST', headers, body: JSON.stringify(body) })).status
}

t.test('faults are planned over the wire only in a sandbox with clock control', async (t) => {
  const quiet = await startSandbox({ clockControl: false, seed: false })
  t.teardown(() => quiet.close())
  const script = { plan: [{ action: 'sts:*', fault: { kind: 'refuse', code: 'Throttling', status: 400 } }] }
  t.equal(await post(quiet.endpoint, script), 403)
  t.equal(await post(endpoint, script, 'text/plain'), 415)
  t.equal(await post(endpoint, { plan: [{ action: 'sts:*', fault: { kind: 'catch fire' } }] }), 400)
  t.equal(await post(endpoint, { ...script, more: true }), 400)
  t.equal(await post(endpoint, script), 200)
  t.equal(await codeOf(admin.sts.send(new GetCallerIdentityCommand({}))), 'Throttling')
  t.same(await (await fetch(`${endpoint}/_sandbox/faults`)).json(), { hits: [1] })
  t.equal(await post(endpoint, {}), 200)
  t.equal(await codeOf(admin.sts.send(new GetCallerIdentityCommand({}))), 'ok')
})
