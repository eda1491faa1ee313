/** The evaluator: what AWS would answer to a session, and what it must never be unsure about. */
import fc from 'fast-check'
import t from 'tap'
import { instant } from '../src/elevation/ids.ts'
import { sessionArn } from '../src/iam/assume-role.ts'
import { conditionsHold, readContext } from '../src/iam/conditions.ts'
import { evaluate } from '../src/iam/evaluate.ts'
import { arnMatches, globMatches, resourceMatches } from '../src/iam/match.ts'
import type {
  AccessRequest,
  ConditionBlock,
  OneOrMany,
  PolicyDocument,
  PolicySet,
  Principal,
  Statement,
  Verdict
} from '../src/iam/policy-document.ts'
import { jitTrustPolicy, endedSessionsPolicy } from '../src/iam/role-policies.ts'
import { type TrustAsk, assumeRoleActions, assumeRoleContext } from '../src/iam/trust.ts'
import * as given from './iam-cases.ts'

const { account, brokerRoleArn, elevation, roleArn, unwrap } = given
const document = (...Statement: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement
})

/** The first of the call's actions that is refused, else the verdict on all. */
const evaluateTrust = (ask: TrustAsk, policies: PolicySet): Verdict => {
  const { principal, roleArn: resource } = ask
  const context = assumeRoleContext(ask)
  const verdicts = assumeRoleActions(ask).map((action) =>
    evaluate({ principal, action, resource, context }, policies)
  )
  const refused = verdicts.find((one) => one.decision !== 'allow')
  return refused ?? verdicts[0] ?? { decision: 'implicit-deny', by: 'no action', unknown: [] }
}

t.test('each case is decided alike whether or not KMS limits grants by session policies', (t) => {
  const cases = [...given.sessionCases, ...given.brokerCases]
  t.ok(cases.length > 150, `${cases.length} cases`)
  for (const one of cases) {
    for (const limited of [true, false]) {
      const verdict = evaluate(given.requestOf(one), given.policiesOf(one, limited))
      const answer = verdict.decision === 'allow' ? 'allow' : 'deny'
      const how = limited ? 'grants limited' : 'grants not limited'
      t.same([answer, verdict.unknown], [one.expect, []], `${one.name} (${how}): ${verdict.by}`)
    }
  }
  t.end()
})

t.test('a bucket policy for the session cannot give what the role’s guard denies', (t) => {
  const [first] = given.sessionCases
  if (!first) throw new Error('no case')
  const { session: _limits, ...policies } = given.policiesOf(first, false)
  const Principal = { AWS: sessionArn(roleArn, elevation) }
  const resource = document({ Effect: 'Allow', Principal, Action: 's3:*', Resource: '*' })
  const ask = (action: string) => {
    const file = 'arn:aws:s3:::somewhere/else'
    const one = { ...first, action, resource: file }
    return evaluate(given.requestOf(one), { ...policies, resource })
  }
  t.match(ask('s3:DeleteObject'), { decision: 'explicit-deny', by: 'identity[0].NothingElse' })
  t.equal(ask('s3:GetObject').decision, 'allow', 'a guard of actions is no guard of resources')
  t.end()
})

const arn = sessionArn(roleArn, elevation)
const session: Principal = { kind: 'session', arn, roleArn, account }
const user: Principal = { kind: 'user', arn: `arn:aws:iam::${account}:user/ann`, account }
const service: Principal = { kind: 'service', service: 'athena.amazonaws.com' }
const object = 'arn:aws:s3:::bucket/a'
const key = given.claimsKey
const get = ['s3:GetObject', object] as const
const decrypt = ['kms:Decrypt', key] as const
const read = { Effect: 'Allow', Action: 's3:GetObject', Resource: object } as const
const everything = document({ Effect: 'Allow', Action: '*', Resource: '*' })
const nothing = document({ Effect: 'Allow', Action: 'iam:GetRole', Resource: '*' })
const names = (AWS: OneOrMany<string>, Action = 's3:GetObject'): PolicyDocument =>
  document({ Effect: 'Allow', Principal: { AWS }, Action, Resource: '*' })
const root = `arn:aws:iam::${account}:root`
const grant = (granteePrincipal: string) => [
  { grantId: 'g', keyArn: key, granteePrincipal, operations: ['Decrypt'] }
]

t.test('policies combine as IAM says', (t) => {
  const deny = document({ Effect: 'Deny', Action: 's3:Get*', Resource: '*' })
  const all = { identity: [everything] }
  const no = { identity: [] }
  const cut = { session: nothing }
  const bound = { boundary: nothing }
  const far = { resourceAccount: '999999999999' }
  const onRole = { ...no, resource: names(roleArn) }
  const onSession = { ...no, resource: names(session.arn) }
  const open = { ...no, resource: names('*') }
  const granted = { ...no, grants: grant(session.arn) }
  const unlimited = { grantsLimitedBySession: false }
  const delegated = { resource: names(root, 'kms:*') }
  const athena = { ...read, Principal: { Service: 'athena.amazonaws.com' } }
  type Row = readonly [name: string, policies: PolicySet, expected: string]
  const onObject: readonly Row[] = [
    ['identity alone', { identity: [document(read)] }, 'allow'],
    ['nothing at all', no, 'implicit-deny'],
    ['a second identity policy', { identity: [nothing, document(read)] }, 'allow'],
    ['a session policy that does not allow', { ...all, ...cut }, 'implicit-deny'],
    ['a boundary that does not allow', { ...all, ...bound }, 'implicit-deny'],
    ['a boundary that denies', { ...all, boundary: deny }, 'explicit-deny'],
    ['a resource policy for the role', onRole, 'allow'],
    ['the same, limited by the session policy', { ...onRole, ...cut }, 'implicit-deny'],
    ['the same, limited by the boundary', { ...onRole, ...bound }, 'implicit-deny'],
    ['one for the session is not limited', { ...onSession, ...cut, ...bound }, 'allow'],
    ['nor is one for everyone', { ...open, ...cut }, 'allow'],
    ['but a Deny binds it', { ...onSession, identity: [deny] }, 'explicit-deny'],
    ['one for the account gives nothing', { ...no, resource: names(root) }, 'implicit-deny'],
    ['one for another role', { ...no, resource: names(brokerRoleArn) }, 'implicit-deny'],
    ['another account: one side', { ...all, ...far }, 'implicit-deny'],
    ['another account: the other side', { ...onSession, ...far }, 'implicit-deny'],
    ['another account: both', { ...all, ...far, resource: names(root) }, 'allow'],
    ['another account: limited', { ...onSession, ...all, ...cut, ...far }, 'implicit-deny']
  ]
  const onKey: readonly Row[] = [
    ['a key without a policy', all, 'implicit-deny'],
    ['a key that delegates to the account', { ...all, ...delegated }, 'allow'],
    ['the same by account id', { ...all, resource: names(account, 'kms:*') }, 'allow'],
    ['a key that delegates to no one who allows', { ...no, ...delegated }, 'implicit-deny'],
    ['a grant to the session', granted, 'allow'],
    ['the same, limited by default', { ...granted, ...cut }, 'implicit-deny'],
    ['the same, not limited', { ...granted, ...cut, ...unlimited }, 'allow'],
    ['a grant to the role', { ...no, grants: grant(roleArn) }, 'allow'],
    ['is limited', { ...no, ...cut, ...unlimited, grants: grant(roleArn) }, 'implicit-deny'],
    ['a grant to the account delegates', { ...all, grants: grant(root) }, 'allow'],
    ['and gives nothing alone', { ...no, grants: grant(root) }, 'implicit-deny'],
    ['another account’s key: grant and identity', { ...granted, ...all, ...far }, 'allow'],
    ['another account’s key: grant alone', { ...granted, ...far }, 'implicit-deny']
  ]
  type Odd = readonly [string, Principal, readonly [string, string], PolicySet, string]
  const others: readonly Odd[] = [
    ['a user by name', user, get, { ...no, ...bound, resource: names(user.arn) }, 'allow'],
    ['a grant for Decrypt', session, ['kms:Encrypt', key], granted, 'implicit-deny'],
    ['a grant, key', session, ['kms:Decrypt', given.paymentsKey], granted, 'implicit-deny'],
    ['KMS actions without a key', session, ['kms:ListKeys', '*'], all, 'allow'],
    ['key actions on no key', session, ['kms:Decrypt', '*'], all, 'implicit-deny'],
    ['an action with a wildcard', session, ['s3:*', object], all, 'implicit-deny'],
    ['a service by name', service, get, { ...no, resource: document(athena) }, 'allow'],
    ['a service among everyone', service, get, { ...all, ...open }, 'implicit-deny']
  ]
  const rows: readonly Odd[] = [
    ...onObject.map(([name, policies, expected]): Odd => [name, session, get, policies, expected]),
    ...onKey.map(([name, policies, expected]): Odd => [name, session, decrypt, policies, expected]),
    ...others
  ]
  for (const [name, principal, [action, resource], policies, expected] of rows) {
    const verdict = evaluate({ principal, action, resource, context: {} }, policies)
    t.equal(verdict.decision, expected, `${name}: ${verdict.by}`)
  }
  t.end()
})

t.test('a grant holds only in its encryption context', (t) => {
  const pairs = { 'aws:s3:arn': 'arn:aws:s3:::b' }
  const shouted = { 'AWS:S3:ARN': 'arn:aws:s3:::b' }
  const other = { 'aws:s3:arn': 'arn:aws:s3:::B' }
  const own = { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::b' }
  const more = { ...own, 'kms:EncryptionContext:more': '1' }
  const rows = [
    ['equal', { EncryptionContextEquals: pairs }, own, 'allow'],
    ['key in another case', { EncryptionContextEquals: shouted }, own, 'allow'],
    ['value in another case', { EncryptionContextEquals: other }, own, 'implicit-deny'],
    ['one pair too many', { EncryptionContextEquals: pairs }, more, 'implicit-deny'],
    ['none', { EncryptionContextEquals: pairs }, {}, 'implicit-deny'],
    ['subset with more', { EncryptionContextSubset: pairs }, more, 'allow'],
    ['subset missing', { EncryptionContextSubset: { more: '1' } }, own, 'implicit-deny']
  ] as const
  for (const [name, constraints, keys, expected] of rows) {
    const grants = grant(session.arn).map((one) => ({ ...one, constraints }))
    const request = { principal: session, action: 'kms:Decrypt', resource: key, context: keys }
    t.equal(evaluate(request, { identity: [], grants }).decision, expected, name)
  }
  const [plain] = grant(session.arn)
  const odd = JSON.parse(JSON.stringify({ ...plain, constraints: { SourceArn: { a: 'b' } } }))
  const request = { principal: session, action: 'kms:Decrypt', resource: key, context: own }
  const verdict = evaluate(request, { identity: [], grants: [odd] })
  t.same([verdict.decision, verdict.unknown.length], ['implicit-deny', 1], 'another constraint')
  t.end()
})

const condition = (block: ConditionBlock, context: AccessRequest['context']) =>
  conditionsHold(block, readContext(context)).holds

t.test('operators treat missing keys and several values as IAM does', (t) => {
  const k = 'aws:PrincipalTag/k'
  const time = 'aws:CurrentTime'
  type Values = OneOrMany<string>
  type Row = readonly [string, string, Values, Values | null, boolean | 'unknown']
  const rows: readonly Row[] = [
    ['StringEquals', k, 'a', 'a', true],
    ['StringEquals', k, 'a', 'A', false],
    ['StringEquals', k, 'a*', 'ab', false],
    ['StringEquals', k, ['a', 'b'], 'b', true],
    ['StringEquals', k, 'a', null, false],
    ['StringEquals', k, 'a', [], false],
    ['StringEqualsIfExists', k, 'a', null, true],
    ['StringEqualsIfExists', k, 'a', 'b', false],
    ['StringEqualsIgnoreCase', k, 'a', 'A', true],
    ['StringNotEquals', k, 'a', 'b', true],
    ['StringNotEquals', k, ['a', 'b'], 'b', false],
    ['StringNotEquals', k, 'a', null, true],
    ['StringNotEqualsIgnoreCase', k, 'a', 'A', false],
    ['StringLike', k, 'a?c*', 'abcde', true],
    ['StringLike', k, 'a?c*', 'ac', false],
    ['StringLike', k, '?*', null, false],
    ['StringNotLike', k, ['x*', 'a*'], 'ab', false],
    ['StringNotLike', k, ['x*', 'y*'], 'ab', true],
    ['StringNotLike', k, 'a*', null, true],
    ['ArnLike', k, 'arn:aws:s3:::b*', 'arn:aws:s3:::bc', true],
    ['ArnLike', k, 'arn:*:x', 'arn:aws:s3:::x', 'unknown'],
    ['ArnEquals', k, 'arn:aws:sts::1:*/j-*', 'arn:aws:sts::1:assumed-role/r/j-1', true],
    ['ArnLike', k, 'arn:aws:*:::b', 'arn:aws:s3:x:y:b', false],
    ['ArnLike', k, 'arn:aws:s3:::b', 'b', false],
    ['ArnNotLike', k, 'arn:aws:s3:::b', 'b', true],
    ['ArnNotEquals', k, 'arn:aws:s3:::b', null, true],
    ['Bool', k, 'false', 'False', true],
    ['Bool', k, 'false', null, false],
    ['Bool', k, 'no', 'false', 'unknown'],
    ['Bool', k, 'false', 'no', 'unknown'],
    ['Null', k, 'true', null, true],
    ['Null', k, 'true', 'a', false],
    ['Null', k, 'false', 'a', true],
    ['Null', k, 'false', [], false],
    ['NullIfExists', k, 'true', null, 'unknown'],
    ['DateGreaterThanEquals', time, '2026-11-21T10:15:00Z', '2026-11-21T10:15:00Z', true],
    ['DateGreaterThanEquals', time, '2026-11-21T10:15:00Z', '2026-11-21T10:14:59.999Z', false],
    ['DateGreaterThan', time, '2026-11-21T10:15:00Z', '2026-11-21T10:15:00Z', false],
    ['DateLessThan', time, '2026-11-21T10:15:00Z', '1795255000', true],
    ['DateLessThanEquals', time, '1795256100', '2026-11-21T10:15:00Z', true],
    ['DateEquals', time, '1795256100', '2026-11-21T10:15:00Z', true],
    ['DateNotEquals', time, '1795256100', null, true],
    ['DateLessThan', time, '2026-02-30T00:00:00Z', '2026-01-01T00:00:00Z', 'unknown'],
    ['DateLessThan', time, '2026-11-21', '2026-01-01T00:00:00Z', 'unknown'],
    ['DateGreaterThanEquals', time, '2026-11-21T10:15:00Z', 'soon', 'unknown'],
    ['NumericLessThan', k, '10', '9.5', true],
    ['NumericLessThanEquals', k, '10', '10', true],
    ['NumericGreaterThan', k, '10', '9', false],
    ['NumericGreaterThanEquals', k, '-1', '0', true],
    ['NumericEquals', k, ['1', '2'], '2', true],
    ['NumericNotEquals', k, '1', '2', true],
    ['NumericLessThan', k, '0x10', '1', 'unknown'],
    ['ForAnyValue:StringEquals', k, ['a', 'b'], ['x', 'b'], true],
    ['ForAnyValue:StringEquals', k, 'a', ['x', 'y'], false],
    ['ForAnyValue:StringEquals', k, 'a', 'a', true],
    ['ForAnyValue:StringEquals', k, 'a', null, false],
    ['ForAnyValue:StringNotEquals', k, 'a', null, false],
    ['ForAnyValue:StringNotEquals', k, 'a', ['a', 'b'], true],
    ['ForAllValues:StringEquals', k, ['a', 'b'], ['a', 'b'], true],
    ['ForAllValues:StringEquals', k, 'a', ['a', 'b'], false],
    ['ForAllValues:StringEquals', k, 'a', null, true],
    ['ForAllValues:StringEquals', k, 'a', [], true],
    ['ForAllValues:StringNotLike', k, 'a*', ['b', 'ab'], false],
    ['ForAllValues:StringEquals', k, 'a', [''], 'unknown'],
    ['StringEquals', k, 'a', ['a', 'b'], 'unknown'],
    ['StringEquals', k, '${aws:username}', 'a', 'unknown'],
    ['StringEquals', k, 'a', '${aws:username}', false],
    ['StringEquals', k, [], 'a', 'unknown'],
    ['StringEquals', 'nokey', 'a', 'a', 'unknown'],
    ['StringNotEquals', 'aws:SourceVpc', 'a', null, 'unknown'],
    ['StringNotEquals', 'aws:SourceVpc', 'a', 'b', true],
    ['stringequals', k, 'a', 'a', 'unknown'],
    ['IpAddress', k, '10.0.0.0/8', '10.0.0.1', 'unknown'],
    ['ForSomeValue:StringEquals', k, 'a', 'a', 'unknown'],
    ['constructor', k, 'a', 'a', 'unknown']
  ]
  for (const [operator, name, wanted, actual, expected] of rows) {
    const block = { [operator]: { [name]: wanted } }
    const holds = condition(block, actual === null ? {} : { [name.toUpperCase()]: actual })
    const values = `${JSON.stringify(wanted)} against ${JSON.stringify(actual)}`
    t.equal(holds, expected, `${operator} ${values}`)
  }
  const both = { StringEquals: { [k]: 'a' }, Bool: { 'aws:SecureTransport': 'true' } }
  t.equal(condition(both, { [k]: 'a' }), false, 'all operators must hold')
  t.equal(condition({ StringEquals: {} }, {}), 'unknown', 'an operator without a key')
  t.equal(condition({}, {}), true, 'no condition')
  t.end()
})

t.test('what is not understood never allows, and denies in a Deny', (t) => {
  const request = { principal: session, action: 's3:GetObject', resource: object, context: {} }
  const statement = { Action: 's3:GetObject', Resource: object } as const
  const odd: readonly (readonly [string, Record<string, unknown>])[] = [
    ['operator', { ...statement, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
    ['key', { ...statement, Condition: { StringNotEquals: { 'aws:SourceVpc': 'v' } } }],
    ['policy variable', { ...statement, Resource: 'arn:aws:s3:::bucket/${aws:username}' }],
    ['element', { ...statement, Wherever: 'x' }],
    ['both actions', { ...statement, NotAction: 'iam:*' }],
    ['no resource', { Action: 's3:GetObject' }],
    ['both resources', { ...statement, NotResource: 'arn:aws:s3:::x' }],
    ['a principal', { ...statement, Principal: '*' }],
    ['action form', { ...statement, Action: 'GetObject' }],
    ['wildcard across ARN parts', { ...statement, Resource: 'arn:*:bucket/a' }]
  ]
  const made = (Effect: string, fields: Record<string, unknown>): PolicyDocument =>
    JSON.parse(JSON.stringify(document({ Effect: 'Allow' })).replace(
      '{"Effect":"Allow"}',
      JSON.stringify({ Effect, ...fields })
    ))
  for (const [name, fields] of odd) {
    const allows = evaluate(request, { identity: [made('Allow', fields)] })
    t.same([allows.decision, allows.unknown.length], ['implicit-deny', 1], `${name} in an Allow`)
    const denies = evaluate(request, { identity: [everything, made('Deny', fields)] })
    t.same([denies.decision, denies.unknown.length], ['explicit-deny', 1], `${name} in a Deny`)
    const elsewhere = made('Deny', { ...fields, Action: 'iam:GetRole', NotAction: undefined })
    const other = evaluate(request, { identity: [everything, elsewhere] })
    t.same([other.decision, other.unknown], ['allow', []], `${name} about something else`)
  }
  const effect = evaluate(request, { identity: [everything, made('Permit', statement)] })
  t.same([effect.decision, effect.unknown.length], ['explicit-deny', 1], 'an effect')
  const old = JSON.parse(JSON.stringify(everything).replace('2012', '2008'))
  t.same(evaluate(request, { identity: [old] }).decision, 'implicit-deny', 'an old version')
  const principals = [
    { NotPrincipal: { AWS: brokerRoleArn } },
    { Principal: { AWS: 'AROAEXAMPLEID1234567' } },
    { Principal: { AWS: `arn:aws:iam::${account}:role/*` } },
    { Principal: { CanonicalUser: 'abc' } },
    {}
  ]
  for (const principal of principals) {
    const resource = made('Deny', { ...statement, ...principal })
    const verdict = evaluate(request, { identity: [everything], resource })
    t.equal(verdict.decision, 'explicit-deny', JSON.stringify(principal))
    const opens = made('Allow', { ...statement, ...principal })
    t.equal(evaluate(request, { identity: [], resource: opens }).decision, 'implicit-deny')
  }
  t.end()
})

t.test('only the broker assumes the role, under the name and tags of an elevation', (t) => {
  const trust = unwrap(jitTrustPolicy({ brokerRoleArn }))
  const broker: Principal = {
    kind: 'session',
    arn: `arn:aws:sts::${account}:assumed-role/sallyport-broker/one`,
    roleArn: brokerRoleArn,
    account
  }
  const ask = {
    principal: broker,
    roleArn,
    roleSessionName: `jit-${elevation}`,
    sourceIdentity: 'alice',
    tags: { 'jit:request': elevation, 'jit:workgroup': 'claims-pii' },
    context: {}
  }
  const { sourceIdentity: _none, ...anonymous } = ask
  const rows = [
    ['as issued', ask, 'allow'],
    ['by another role', { ...ask, principal: session }, 'implicit-deny'],
    ['under another name', { ...ask, roleSessionName: 'me' }, 'implicit-deny'],
    ['without source identity', anonymous, 'implicit-deny'],
    ['with another tag', { ...ask, tags: { ...ask.tags, admin: 'yes' } }, 'implicit-deny'],
    ['without the request tag', { ...ask, tags: { 'jit:workgroup': 'x' } }, 'implicit-deny']
  ] as const
  for (const [name, one, expected] of rows) {
    t.equal(evaluateTrust(one, { identity: [], resource: trust }).decision, expected, name)
  }
  const far = unwrap(jitTrustPolicy({ brokerRoleArn, externalId: 'sallyport-1' }))
  const policies = { identity: [everything], resource: far, resourceAccount: '999999999999' }
  t.equal(evaluateTrust(ask, policies).decision, 'implicit-deny', 'without the external id')
  t.equal(evaluateTrust({ ...ask, externalId: 'sallyport-1' }, policies).decision, 'allow')
  const toAccount = { Effect: 'Allow', Principal: { AWS: root } } as const
  const delegating = document({ ...toAccount, Action: 'sts:AssumeRole' })
  const plain = { ...anonymous, tags: {} }
  const alone = evaluateTrust(plain, { identity: [], resource: delegating })
  t.equal(alone.decision, 'implicit-deny', 'a role that trusts the account needs an identity Allow')
  const both = evaluateTrust(plain, { identity: [everything], resource: delegating })
  t.equal(both.decision, 'allow')
  t.end()
})

t.test('an ended session is denied by its user id, the others are not', (t) => {
  const request = { principal: session, action: 's3:GetObject', resource: object }
  const ended = unwrap(endedSessionsPolicy(['AROAEXAMPLE123456789:jit-1']))
  const ask = (id: string) =>
    evaluate(
      { ...request, context: { 'aws:userid': id } },
      { identity: [everything, ended] }
    ).decision
  t.equal(ask('AROAEXAMPLE123456789:jit-1'), 'explicit-deny')
  t.equal(ask('AROAEXAMPLE123456789:jit-2'), 'allow')
  t.equal(endedSessionsPolicy(['*']).ok, false)
  t.end()
})

const sessionNo = (n: number) => `AROAEXAMPLE123456789:jit-01JD6QZ5S0ABCDEFGHJKMN${String(n).padStart(4, '0')}`

t.test('where too many sessions were ended, all of the role that are older are denied too', (t) => {
  const others = Array.from({ length: 119 }, (_, n) => sessionNo(n + 1))
  const ended = unwrap(endedSessionsPolicy([sessionNo(0), ...others], instant(Date.UTC(2026, 10, 21, 10))))
  const ask = (user: string, issued: string) =>
    evaluate(
      {
        principal: session,
        action: 's3:GetObject',
        resource: object,
        context: { 'aws:userid': user, 'aws:TokenIssueTime': issued }
      },
      { identity: [everything, ended] }
    ).decision
  t.equal(ask(sessionNo(500), '2026-11-21T09:59:59Z'), 'explicit-deny')
  t.equal(ask(sessionNo(500), '2026-11-21T10:00:00Z'), 'allow', 'a token fetched after it')
  t.equal(ask(sessionNo(7), '2026-11-21T10:00:00Z'), 'explicit-deny', 'one named is denied with any token')
  t.ok(JSON.stringify(ended).length < 10_240 - 2500, 'beside the role\'s own policy')
  t.end()
})
const anyCondition: fc.Arbitrary<ConditionBlock> = fc.constantFrom(
  {},
  { StringEquals: { 'aws:PrincipalTag/k': 'a' } },
  { StringNotEquals: { 'aws:PrincipalTag/k': 'a' } },
  { Null: { 'aws:PrincipalTag/k': 'true' } },
  { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
)
const anyStatement = (Effect: fc.Arbitrary<'Allow' | 'Deny'>): fc.Arbitrary<Statement> =>
  fc.record({
    Effect,
    Action: fc.constantFrom('*', 's3:*', 's3:GetObject', 'kms:Decrypt', 'iam:*'),
    Resource: fc.constantFrom('*', object, key, 'arn:aws:s3:::bucket/${x}'),
    Condition: anyCondition
  })
const effect = fc.constantFrom('Allow' as const, 'Deny' as const)
const anyDocument = fc
  .array(anyStatement(effect), { maxLength: 4 })
  .map((statements) => document(...statements))
const named = (policy: PolicyDocument, AWS: string): PolicyDocument =>
  document(...policy.Statement.map((one) => ({ ...one, Principal: { AWS } })))
const anyPolicies: fc.Arbitrary<PolicySet> = fc
  .record({
    identity: anyDocument,
    session: fc.option(anyDocument, { nil: undefined }),
    resource: fc.option(anyDocument, { nil: undefined }),
    principal: fc.constantFrom(session.arn, roleArn, root),
    granted: fc.boolean(),
    limited: fc.boolean()
  })
  .map(({ identity, session: limit, resource, principal, granted, limited }) => ({
    identity: [identity],
    ...(limit ? { session: limit } : {}),
    ...(resource ? { resource: named(resource, principal) } : {}),
    grants: granted ? grant(session.arn) : [],
    grantsLimitedBySession: limited
  }))
const anyRequest: fc.Arbitrary<AccessRequest> = fc
  .record({
    what: fc.constantFrom(['s3:GetObject', object], ['kms:Decrypt', key], ['iam:GetRole', roleArn]),
    tag: fc.option(fc.constantFrom('a', 'b'))
  })
  .map(({ what: [action = '', resource = ''], tag }) => ({
    principal: session,
    action,
    resource,
    context: tag === null ? {} : { 'aws:PrincipalTag/k': tag }
  }))
const allows = (request: AccessRequest, policies: PolicySet): boolean =>
  evaluate(request, policies).decision === 'allow'

t.test('no Deny, session policy or boundary ever turns a refusal into an Allow', (t) => {
  const denying = anyStatement(fc.constant('Deny' as const))
  const seen = { allowed: 0, refused: 0 }
  fc.assert(
    fc.property(anyRequest, anyPolicies, denying, anyDocument, (request, policies, deny, extra) => {
      if (allows(request, policies)) {
        seen.allowed += 1
        return true
      }
      seen.refused += 1
      const { resource = document() } = policies
      const narrower: readonly PolicySet[] = [
        { ...policies, identity: [...policies.identity, document(deny)] },
        { ...policies, boundary: extra },
        { ...policies, session: document(...(policies.session ?? everything).Statement, deny) },
        { ...policies, resource: document(...resource.Statement, { ...deny, Principal: '*' }) },
        ...(policies.session ? [] : [{ ...policies, session: extra }])
      ]
      return narrower.every((one) => !allows(request, one))
    }),
    { numRuns: 500 }
  )
  t.ok(seen.allowed > 20 && seen.refused > 20, JSON.stringify(seen))
  t.end()
})

t.test('a statement with an unknown operator allows no more than no statement', (t) => {
  const odd = fc.constantFrom('IpAddress', 'stringlike', 'ForAny:Bool', 'BoolIfExist', '__proto__x')
  fc.assert(
    fc.property(anyRequest, anyPolicies, odd, (request, policies, operator) => {
      const Condition = { [operator]: { 'aws:PrincipalTag/k': 'a' } }
      const open: Statement = { Effect: 'Allow', Action: '*', Resource: '*', Condition }
      const more = { ...policies, identity: [...policies.identity, document(open)] }
      return allows(request, more) === allows(request, policies)
    })
  )
  t.end()
})

const naive = (pattern: string, text: string): boolean => {
  if (pattern === '') return text === ''
  const [head, rest] = [pattern[0], pattern.slice(1)]
  if (head === '*') return naive(rest, text) || (text !== '' && naive(pattern, text.slice(1)))
  return text !== '' && (head === '?' || head === text[0]) && naive(rest, text.slice(1))
}

t.test('wildcards match as their definition says, in bounded time', (t) => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', ':'), maxLength: 10 })
  fc.assert(
    fc.property(pattern, text, (p, s) => globMatches(p, s) === naive(p, s)),
    { numRuns: 3000 }
  )
  t.equal(globMatches('a*'.repeat(1000) + 'b', 'a'.repeat(20_000)), false, 'no blow-up')
  t.equal(resourceMatches('*', object), true)
  t.equal(resourceMatches('arn:aws:s3:::bucket/*', object), true)
  t.equal(resourceMatches('arn:aws:s3:::bucket/*', 'arn:aws:s3:::bucket/a:b/c'), true)
  t.equal(resourceMatches('arn:aws:s3:::bucket*', 'arn:aws:s3:::bucket-copy/a'), true)
  t.equal(resourceMatches('arn:aws:s3:::Bucket/*', object), false, 'resources differ by case')
  t.equal(resourceMatches('arn:aws:*bucket/a', object), 'unknown')
  t.equal(arnMatches('arn:aws:*:::bucket/a', object), true)
  t.end()
})
