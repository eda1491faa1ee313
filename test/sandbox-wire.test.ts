/**
 * The sandbox's wire: signatures, sessions, roles, clock, events, sign-in; asked by the real AWS
 * SDK, by requests signed by hand, and by Debian's awscli.
 */
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import {
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from '@aws-sdk/client-sts'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { loadPolicy } from '../src/policy/load.ts'
import { readPolicyFolder } from '../src/policy-folder.ts'
import { decodeS3Body } from '../src/sandbox/aws-chunked.ts'
import { makeEventLog } from '../src/sandbox/events.ts'
import { startSandbox } from '../src/sandbox/main.ts'
import { seedTargets } from '../src/sandbox/seed-targets.ts'
import { clientsFor, codeOf } from './fixtures-sandbox.ts'
import type { Credentials } from './fixtures-sandbox.ts'
import { anything, openRole, plainCalls, send, sessionOf, sign } from './fixtures-wire.ts'
import type { Wire } from './fixtures-wire.ts'
import { shippedPolicies } from './place.ts'

const sandbox = await startSandbox({ clockControl: true, seed: false })
t.teardown(() => sandbox.close())
const { endpoint, region, keys, world } = sandbox
const calls = plainCalls(endpoint)
const broker = clientsFor(sandbox, keys.broker)
const admin = clientsFor(sandbox, keys.admin)
t.teardown(() => [broker, admin].forEach((clients) => clients.destroy()))

const claimsRole = 'arn:aws:iam::123456789012:role/sallyport-claims'
const ask: AssumeRoleCommandInput = {
  RoleArn: claimsRole,
  RoleSessionName: 'jit-01JD0000000000000000000000',
  DurationSeconds: 900,
  SourceIdentity: 'alice',
  Policy: JSON.stringify(anything),
  Tags: [
    { Key: 'jit:request', Value: '01JD0000000000000000000000' },
    { Key: 'jit:workgroup', Value: 'claims-pii' }
  ]
}

t.test('a call not signed by known credentials is refused in its own protocol', async (t) => {
  const by = keys.broker
  const { sessionToken = '' } = sessionOf(world, openRole(world, 'other', []), 'other')
  const token = { sessionToken }
  const withoutToken = { accessKeyId: by.accessKeyId, secretAccessKey: by.secretAccessKey }
  const late = new Date(Date.now() - 310_000)
  const soon = new Date(Date.now() + 310_000)
  const nobody = 'ASIAAAAAAAAAAAAAAAAA'
  const otherBody = calls.sts.body.replace('Get', 'get')
  type Scope = Partial<Parameters<typeof sign>[2]>
  const signed = (credentials: Credentials, scope: Scope = {}): Wire =>
    sign(calls.sts, credentials, { service: 'sts', ...scope })
  const presigned = { ...calls.sts, path: '/?X-Amz-Signature=0' }
  const stsRows: readonly (readonly [string, Wire, string])[] = [
    ['valid', signed(by), 'ok'],
    ['valid, for us-east-1', signed(by, { region: 'us-east-1' }), 'ok'],
    ['no signature', calls.sts, 'MissingAuthenticationToken'],
    ['other scheme', withHeader(calls.sts, 'authorization', 'Bearer x'), 'IncompleteSignature'],
    ['wrong secret', signed({ ...by, secretAccessKey: 'x' }), 'SignatureDoesNotMatch'],
    ['unknown key', signed({ ...by, accessKeyId: nobody }), 'InvalidClientTokenId'],
    ['no session token', signed(withoutToken), 'InvalidClientTokenId'],
    ['token of another session', signed({ ...by, ...token }), 'InvalidClientTokenId'],
    ['a token with a long-term key', signed({ ...keys.admin, ...token }), 'InvalidClientTokenId'],
    ['signed 5 minutes ago', signed(by, { at: late }), 'SignatureDoesNotMatch'],
    ['signed 5 minutes ahead', signed(by, { at: soon }), 'SignatureDoesNotMatch'],
    ['another Region', signed(by, { region: 'eu-west-2' }), 'SignatureDoesNotMatch'],
    ['another service', signed(by, { service: 'ec2' }), 'AccessDenied'],
    ['other body', { ...signed(by), body: otherBody }, 'SignatureDoesNotMatch'],
    ['other query', { ...signed(by), path: '/?x=1' }, 'SignatureDoesNotMatch'],
    ['unsigned x-amz header', withHeader(signed(by), 'x-amz-target', 'x'), 'SignatureDoesNotMatch'],
    ['presigned', sign(presigned, by, { service: 'sts' }), 'NotImplemented']
  ]
  for (const [sentence, wire, code] of stsRows) {
    t.equal((await send(endpoint, wire)).code, code, sentence)
  }
  const twice = await send(endpoint, signed(by), [['content-type', 'x']])
  t.equal(twice.code, 'SignatureDoesNotMatch', 'a signed header that comes twice')
  const forged = { ...by, secretAccessKey: 'x' }
  const unknown = { ...by, accessKeyId: nobody }
  const otherProtocols = [
    ['kms', forged, 'InvalidSignatureException'],
    ['kms', unknown, 'UnrecognizedClientException'],
    ['s3', forged, 'SignatureDoesNotMatch'],
    ['s3', unknown, 'InvalidAccessKeyId']
  ] as const
  for (const [service, credentials, code] of otherProtocols) {
    const answer = await send(endpoint, sign(calls[service], credentials, { service }))
    t.equal(answer.code, code, `${service}: ${code}`)
    t.notOk(answer.text.includes(by.sessionToken), 'an answer never quotes a token')
  }
  const late3 = await send(endpoint, sign(calls.s3, by, { service: 's3', at: late }))
  t.equal(late3.code, 'RequestTimeTooSkewed')
})

t.test('answers carry request id and date, and foreign hosts get none', async (t) => {
  const before = world.clock.now().getTime()
  const answer = await send(endpoint, sign(calls.kms, keys.broker, { service: 'kms' }))
  t.match(answer, { status: 400, code: 'ValidationException' })
  t.equal(answer.headers['x-amzn-errortype'], 'ValidationException')
  t.match(answer.headers['x-amzn-requestid'], /^[0-9a-f-]{36}$/)
  const told = Date.parse(String(answer.headers.date))
  t.ok(told > before - 1000 && told <= world.clock.now().getTime(), 'whole seconds')
  const elsewhere = withHeader(calls.sts, 'host', 'rebound.example')
  t.equal((await send(endpoint, elsewhere)).status, 421)
  const large = { ...calls.sts, headers: { host: new URL(endpoint).host }, body: 'x'.repeat(9e6) }
  t.equal((await send(endpoint, large)).status, 413)
})

t.test('the query protocol also takes GET, and refuses what it cannot read', async (t) => {
  const rows = [
    ['Action=GetCallerIdentity&Version=2011-06-15', 'ok'],
    ['Action=GetCallerIdentity&Version=2010-01-01', 'InvalidAction'],
    ['Action=GetSessionToken&Version=2011-06-15', 'InvalidAction'],
    ['Action=constructor&Version=2011-06-15', 'InvalidAction'],
    ['Action=GetCallerIdentity&Version=2011-06-15&__proto__.x=1', 'MalformedInput'],
    ['Action=AssumeRole&Tags.member.2.Key=a&Version=2011-06-15', 'MalformedInput'],
    ['Action=AssumeRole&Tags=1&Tags.member.1.Key=a&Version=2011-06-15', 'MalformedInput']
  ] as const
  for (const [query, code] of rows) {
    const { host } = calls.sts.headers
    const wire = { method: 'GET', path: `/?${query}`, headers: { host }, body: '' }
    const sorted = query.split('&').toSorted((a, b) => (nameIn(a) < nameIn(b) ? -1 : 1))
    const canonical = { ...wire, path: `/?${sorted.join('&')}` }
    const answer = await send(endpoint, sign(canonical, keys.admin, { service: 'sts' }))
    t.equal(answer.code, code, query)
  }
})

t.test('AssumeRole keeps to the limits of the API and to the trust policy', async (t) => {
  const random = randomBytes(960).toString('base64')
  const noise = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: `arn:aws:s3:::${random}` }]
  })
  const [statement] = anything.Statement
  const policyWith = (part: object): string =>
    JSON.stringify({ ...anything, Statement: [{ ...statement, ...part }] })
  const tags = Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: 'v' }))
  const twice = [...(ask.Tags ?? []), { Key: 'JIT:request', Value: 'y' }]
  const notLatin = JSON.stringify(anything).replace('*', '\u0142')
  const withId = JSON.stringify({ ...anything, Id: 'x' })
  const tooLong = policyWith({ Sid: 'a'.repeat(2000) })
  const managed = [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }]
  const rows: readonly (readonly [string, Partial<AssumeRoleCommandInput>, string])[] = [
    ['as the trust policy says', {}, 'ok'],
    ['for an hour', { DurationSeconds: 3600 }, 'ok'],
    ['for 899 seconds', { DurationSeconds: 899 }, 'ValidationError'],
    ['for longer than chaining allows', { DurationSeconds: 3601 }, 'ValidationError'],
    ['for longer than anyone may', { DurationSeconds: 43_201 }, 'ValidationError'],
    ['under another name', { RoleSessionName: 'alice' }, 'AccessDenied'],
    ['under a name of one character', { RoleSessionName: 'j' }, 'ValidationError'],
    ['under a name with a space', { RoleSessionName: 'jit- x' }, 'ValidationError'],
    ['without source identity', { SourceIdentity: undefined }, 'AccessDenied'],
    ['with a reserved source identity', { SourceIdentity: 'aws:x' }, 'ValidationError'],
    ['with a third tag', { Tags: [...(ask.Tags ?? []), { Key: 'x', Value: 'y' }] }, 'AccessDenied'],
    ['with a tag twice', { Tags: twice }, 'InvalidParameterValue'],
    ['with 51 tags', { Tags: tags }, 'ValidationError'],
    ['with a transitive key that is no tag', { TransitiveTagKeys: ['x'] }, 'ValidationError'],
    ['of a role that is not there', { RoleArn: `${claimsRole}-2` }, 'AccessDenied'],
    ['of a user', { RoleArn: claimsRole.replace('role', 'user') }, 'ValidationError'],
    ['with a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument'],
    ['with an unknown element', { Policy: withId }, 'MalformedPolicyDocument'],
    ['with a principal', { Policy: policyWith({ Principal: '*' }) }, 'MalformedPolicyDocument'],
    ['with a character beyond U+00FF', { Policy: notLatin }, 'MalformedPolicyDocument'],
    ['with more than 2,048 characters', { Policy: tooLong }, 'ValidationError'],
    ['with a policy that does not pack', { Policy: noise }, 'PackedPolicyTooLarge'],
    ['with managed policies', { PolicyArns: managed }, 'ValidationError']
  ]
  for (const [sentence, part, code] of rows) {
    const got = await codeOf(broker.sts.send(new AssumeRoleCommand({ ...ask, ...part })))
    t.equal(got.replace(/Exception$/, ''), code, sentence)
  }
  t.equal(await codeOf(admin.sts.send(new AssumeRoleCommand(ask))), 'AccessDenied', 'by another')
  const brokerRole = 'arn:aws:iam::123456789012:role/sallyport-broker'
  const twelve = { RoleArn: brokerRole, RoleSessionName: 'twelve', DurationSeconds: 43_200 }
  t.equal(await codeOf(admin.sts.send(new AssumeRoleCommand(twelve))), 'ok', 'unchained, 12 h')
})

t.test('a session is who STS says, and carries its identity and transitive tags on', async (t) => {
  const made = await broker.sts.send(new AssumeRoleCommand(ask))
  t.match(made.AssumedRoleUser?.AssumedRoleId, /^AROA[A-Z2-7]{17}:jit-01JD0{22}$/)
  t.match(made, { SourceIdentity: 'alice' })
  t.ok((made.PackedPolicySize ?? 0) > 0 && (made.PackedPolicySize ?? 0) < 100)
  const role = openRole(world, 'chained', [anything])
  world.roles.set('chained', { ...role, trust: openRole(world, 'next', [anything]).trust })
  const first = await admin.sts.send(
    new AssumeRoleCommand({
      RoleArn: role.arn,
      RoleSessionName: 'first',
      SourceIdentity: 'alice',
      Tags: [{ Key: 'team', Value: 'fraud' }],
      TransitiveTagKeys: ['team']
    })
  )
  const chained = clientsFor(sandbox, credentialsOf(first))
  t.teardown(() => chained.destroy())
  const next = { RoleArn: 'arn:aws:iam::123456789012:role/next', RoleSessionName: 'second' }
  const again = await chained.sts.send(new AssumeRoleCommand(next))
  t.match(world.sessions.get(again.Credentials?.AccessKeyId ?? ''), {
    sourceIdentity: 'alice',
    tags: { team: 'fraud' }
  })
  const asBob = new AssumeRoleCommand({ ...next, SourceIdentity: 'bob' })
  t.equal(await codeOf(chained.sts.send(asBob)), 'AccessDenied')
  const replaced = { ...next, Tags: [{ Key: 'Team', Value: 'x' }] }
  t.equal(await codeOf(chained.sts.send(new AssumeRoleCommand(replaced))), 'InvalidParameterValue')
})

t.test('inline policies of a role are read, put, bounded and deleted', async (t) => {
  const RoleName = 'sallyport-claims'
  const read = await admin.iam.send(new GetRoleCommand({ RoleName }))
  t.match(read.Role, { RoleName, MaxSessionDuration: 3600, PermissionsBoundary: Object })
  const userid = 'AROAAAAAAAAAAAAAAAAAA:jit-01JD'
  const PolicyName = 'JitRevokedSessions'
  const deny = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Action: '*',
        Resource: '*',
        Condition: { StringEquals: { 'aws:userid': userid } }
      }
    ]
  }
  const PolicyDocument = JSON.stringify(deny)
  await broker.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }))
  const held = await broker.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }))
  t.equal(decodeURIComponent(held.PolicyDocument ?? ''), PolicyDocument)
  const names = await admin.iam.send(new ListRolePoliciesCommand({ RoleName }))
  t.same(names.PolicyNames, ['JitMaximum', PolicyName])
  const attached = await admin.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
  t.same(attached.AttachedPolicies, [])
  const policy = { RoleName, PolicyName, PolicyDocument }
  const wide = { ...deny, Statement: Array.from({ length: 90 }, () => deny.Statement[0]) }
  const rows = [
    ['too large', { ...policy, PolicyDocument: JSON.stringify(wide) }, 'LimitExceeded'],
    ['no policy', { ...policy, PolicyDocument: '[]' }, 'MalformedPolicyDocument'],
    ['of another role', { ...policy, RoleName: 'sallyport-broker' }, 'AccessDenied']
  ] as const
  for (const [sentence, input, code] of rows) {
    const got = await codeOf(broker.iam.send(new PutRolePolicyCommand(input)))
    t.equal(got.replace(/Exception$/, ''), code, sentence)
  }
  await broker.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }))
  const gone = await codeOf(broker.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })))
  t.equal(gone.replace(/Exception$/, ''), 'NoSuchEntity')
})

t.test('a deny of one session counts from its next call and spares the others', async (t) => {
  const role = openRole(world, 'revocable', [anything])
  const ended = clientsFor(sandbox, sessionOf(world, role, 'jit-ended'))
  const other = clientsFor(sandbox, sessionOf(world, role, 'jit-other'))
  t.teardown(() => [ended, other].forEach((clients) => clients.destroy()))
  const RoleName = role.name
  const look = () =>
    Promise.all([ended, other].map((by) => codeOf(by.iam.send(new GetRoleCommand({ RoleName })))))
  t.same(await look(), ['ok', 'ok'])
  const Condition = { StringEquals: { 'aws:userid': `${role.roleId}:jit-ended` } }
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Action: '*', Resource: '*', Condition }]
  })
  const PolicyName = 'JitRevokedSessions'
  await admin.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }))
  t.same(await look(), ['AccessDenied', 'ok'])
  await admin.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }))
  t.same(await look(), ['ok', 'ok'])
})

t.test('uploads in unsigned chunks are checked against length and checksum', async (t) => {
  const encryption = { algorithm: 'AES256' } as const
  world.s3.buckets.set('uploads', { name: 'uploads', encryption, objects: new Map() })
  const where = { Bucket: 'uploads', Key: 'a b/c+d' }
  const Body = Readable.from([Buffer.alloc(70_000, 'x'), Buffer.from('end')])
  await admin.s3.send(new PutObjectCommand({ ...where, Body, ContentLength: 70_003 }))
  const got = await admin.s3.send(new GetObjectCommand(where))
  t.match(await got.Body?.transformToString(), /^x{70000}end$/)
  const framed = (frame: string, length = '4'): string => {
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': length,
      'x-amz-trailer': 'x-amz-checksum-crc32'
    }
    try {
      return decodeS3Body({ headers, body: Buffer.from(frame) }).toString()
    } catch (error) {
      return error instanceof Error ? error.name : 'thrown'
    }
  }
  const crc = Buffer.from('9be3e0a3', 'hex').toString('base64')
  const rows = [
    [framed(`4\r\n1234\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`), '1234'],
    [framed(`2\r\n12\r\n2\r\n34\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`), '1234'],
    [framed(`4\r\n1234\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`, '5'), 'IncompleteBody'],
    [framed(`4\r\n1235\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`), 'BadDigest'],
    [framed('4\r\n1234\r\n0\r\n\r\n'), 'MalformedTrailerError'],
    [framed('4\r\n123'), 'IncompleteBody'],
    [framed('x\r\n1234\r\n0\r\n'), 'IncompleteBody'],
    [framed('4\r\n1234\r\n'), 'IncompleteBody']
  ] as const
  rows.forEach(([got, wanted], at) => t.equal(got, wanted, `row ${at}`))
})

t.test('the seeded roles and keys are those of the example policies', async (t) => {
  const loaded = loadPolicy(await readPolicyFolder(shippedPolicies))
  if (!loaded.ok) throw new Error('the example policies load')
  for (const target of seedTargets()) {
    t.same({ ...loaded.policy.targets.get(target.id), columns: {} }, target)
  }
})

t.test('the event log keeps the last 10,000 records', (t) => {
  const log = makeEventLog()
  const [record] = world.events.all()
  if (record === undefined) throw new Error('calls were made')
  for (let count = 0; count <= 10_000; count++) log.append({ ...record, eventID: String(count) })
  t.equal(log.all().length, 10_000)
  t.equal(log.all()[0]?.eventID, '1')
  t.end()
})

t.test('the event log has CloudTrail’s shape and no secret', async (t) => {
  const made = await broker.sts.send(new AssumeRoleCommand(ask))
  const session = clientsFor(sandbox, credentialsOf(made))
  t.teardown(() => session.destroy())
  await codeOf(session.kms.send(new DescribeKeyCommand({ KeyId: [...world.keys.keys()][0] })))
  const response = await fetch(`${endpoint}/_sandbox/events`)
  const text = await response.text()
  const { Records } = JSON.parse(text) as { Records: readonly Record<string, unknown>[] }
  t.match(Records.at(-1), {
    eventVersion: '1.11',
    eventSource: 'kms.amazonaws.com',
    eventName: 'DescribeKey',
    errorCode: 'AccessDenied',
    readOnly: true,
    eventType: 'AwsApiCall',
    userIdentity: {
      type: 'AssumedRole',
      principalId: made.AssumedRoleUser?.AssumedRoleId,
      sessionContext: { sourceIdentity: 'alice', sessionIssuer: { type: 'Role', arn: claimsRole } }
    },
    resources: [{ type: 'AWS::KMS::Key' }]
  })
  t.match(Records.findLast((record) => record.eventName === 'AssumeRole'), {
    requestParameters: { roleArn: claimsRole, sourceIdentity: 'alice', durationSeconds: '900' },
    responseElements: { credentials: { accessKeyId: made.Credentials?.AccessKeyId } }
  })
  const { SecretAccessKey, SessionToken } = made.Credentials ?? {}
  const secrets = [SecretAccessKey, SessionToken, keys.broker.sessionToken, 'Statement']
  for (const secret of secrets) {
    t.notOk(text.includes(secret ?? '?'), 'not in the log')
  }
})

t.test('the issuer gives tokens of known people that its own keys verify', async (t) => {
  const token = async (form: string, type = 'application/x-www-form-urlencoded') =>
    fetch(`${sandbox.issuer}/token`, {
      method: 'POST',
      body: form,
      headers: { 'content-type': type }
    })
  const discovered = await fetch(`${sandbox.issuer}/.well-known/openid-configuration`)
  const { jwks_uri } = (await discovered.json()) as { jwks_uri: string }
  const { access_token } = (await (await token('person=alice')).json()) as { access_token: string }
  const verified = await jwtVerify(access_token, createRemoteJWKSet(new URL(jwks_uri)), {
    issuer: sandbox.issuer,
    audience: 'sallyport',
    algorithms: ['ES256']
  })
  t.match(verified.payload, { sub: 'alice', jti: String, acr: String, auth_time: Number })
  for (const form of ['person=mallory', 'person=alice&person=bob', 'person=alice&x=1', '']) {
    t.equal((await token(form)).status, 400, form)
  }
  t.equal((await token('person=alice', 'text/plain')).status, 400)
})

t.test('it refuses to start in production and says when the port is in use', async (t) => {
  const port = Number(new URL(endpoint).port)
  await t.rejects(startSandbox({ port, clockControl: false, seed: false }), { message: /in use/ })
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  await t.rejects(startSandbox({ clockControl: false, seed: false }), { message: /production/ })
})

t.test('awscli, which shares no code with the SDK, is answered and verified too', async (t) => {
  const path = ['/usr/bin/aws', ...(process.env.PATH ?? '').split(':').map((one) => `${one}/aws`)]
  const aws = path.find((one) => existsSync(one) && !one.includes('/shims/'))
  if (aws === undefined) {
    t.not(process.env.CI, 'true', 'CI has awscli')
    t.comment('NOT RUN: no awscli on this machine, so no other client than the SDK was tried')
    return
  }
  const run = async (secret: string, ...args: readonly string[]) => {
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: keys.broker.accessKeyId,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: keys.broker.sessionToken
    }
    const command = [...args, '--endpoint-url', endpoint, '--output', 'json']
    const { stdout } = await promisify(execFile)(aws, command, { env })
    return JSON.parse(stdout) as unknown
  }
  const secret = keys.broker.secretAccessKey
  t.match(await run(secret, 'sts', 'get-caller-identity'), { Account: '123456789012' })
  const [keyId = ''] = world.keys.keys()
  t.same(await run(secret, 'kms', 'list-grants', '--key-id', keyId), { Grants: [] })
  await t.rejects(run('wrong', 'kms', 'list-grants', '--key-id', keyId), {
    message: /InvalidSignatureException/
  })
})

t.test('time moves forward only, only under clock control, and ends sessions', async (t) => {
  const extra = { advanceSeconds: 1, x: 1 }
  for (const body of [{ advanceSeconds: -1 }, { advanceSeconds: 1.5 }, extra, 1]) {
    t.equal((await move(endpoint, body)).status, 400)
  }
  t.equal((await move(endpoint, { advanceSeconds: 1 }, 'text/plain')).status, 415)
  const fixed = await startSandbox({ clockControl: false, seed: false })
  t.equal((await move(fixed.endpoint, { advanceSeconds: 1 })).status, 403)
  await fixed.close()
  const credentials = credentialsOf(await broker.sts.send(new AssumeRoleCommand(ask)))
  t.equal((await move(endpoint, { advanceSeconds: 901 })).status, 200)
  const after = clientsFor(sandbox, credentials, world.clock.now().getTime())
  t.teardown(() => after.destroy())
  t.match(await codeOf(after.sts.send(new GetCallerIdentityCommand({}))), /^ExpiredToken/)
  const expired = after.kms.send(new DescribeKeyCommand({ KeyId: 'x' }))
  t.equal(await codeOf(expired), 'ExpiredTokenException')
  const settings = { endpoint, region, credentials: keys.broker }
  const drifting = new STSClient(settings)
  const driftingToo = new KMSClient(settings)
  t.teardown(() => [drifting, driftingToo].forEach((client) => client.destroy()))
  const asked = drifting.send(new GetCallerIdentityCommand({}))
  t.equal(await codeOf(asked), 'ok', 'the SDK follows Date')
  const [KeyId = ''] = world.keys.keys()
  t.equal(await codeOf(driftingToo.send(new DescribeKeyCommand({ KeyId }))), 'ok')
})

const move = (to: string, body: unknown, type = 'application/json') =>
  fetch(`${to}/_sandbox/clock`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': type }
  })

const nameIn = (pair: string): string => pair.split('=')[0] ?? ''

function withHeader(wire: Wire, name: string, value: string): Wire {
  return { ...wire, headers: { ...wire.headers, [name]: value } }
}

function credentialsOf(made: AssumeRoleCommandOutput) {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = made.Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}
