/** What AWS is told for an elevation: session policy, AssumeRole, CreateGrant; what is refused. */
import type { CreateGrantCommandInput } from '@aws-sdk/client-kms'
import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts'
import fc from 'fast-check'
import t from 'tap'
import { instant } from '../src/elevation/ids.ts'
import { tablesOf, type Target } from '../src/elevation/target.ts'
import type { AssumeRoleParameters } from '../src/iam/assume-role.ts'
import { assumeRoleParameters, sessionArn } from '../src/iam/assume-role.ts'
import { createGrantParameters, planGrants } from '../src/iam/create-grant.ts'
import { checkTarget } from '../src/iam/names.ts'
import { dnsSuffix, partitionOf, regionFits } from '../src/iam/partition.ts'
import { sessionPolicy } from '../src/iam/session-policy.ts'
import { readSessionPolicy } from '../src/iam/session-policy-text.ts'
import * as given from './iam-cases.ts'

const { account, brokerRoleArn, claims, elevation, notAfter, now, roleArn, unwrap } = given
const key = given.claimsKey
const allTables = (target: Target, until = notAfter) =>
  sessionPolicy({ target, tables: tablesOf(target), notAfter: until })
t.test('the session policy is exactly these statements', (t) => {
  const made = unwrap(allTables(claims, instant(notAfter + 999)))
  t.equal(made.notAfter, notAfter, 'rounded down to the second')
  t.equal(made.characters, made.text.length)
  t.equal(JSON.stringify(made.document), made.text)
  t.matchOnly(readSessionPolicy(made.text), {
    text: made.text,
    characters: made.characters,
    workgroup: 'claims-pii',
    notAfter
  })
  t.same(made.document.Statement.map((one) => [one.Effect, one.Resource, one.Condition ?? null]), [
    ['Allow', 'arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii', null],
    [
      'Allow',
      [
        'arn:aws:glue:eu-west-1:123456789012:catalog',
        'arn:aws:glue:eu-west-1:123456789012:database/default',
        'arn:aws:glue:eu-west-1:123456789012:database/claims',
        'arn:aws:glue:eu-west-1:123456789012:table/claims/customers',
        'arn:aws:glue:eu-west-1:123456789012:table/claims/claims'
      ],
      null
    ],
    [
      'Allow',
      ['arn:aws:s3:::acme-claims', 'arn:aws:s3:::acme-claims/curated/*'],
      { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 'athena.amazonaws.com' } }
    ],
    [
      'Allow',
      ['arn:aws:s3:::acme-athena-results', 'arn:aws:s3:::acme-athena-results/claims-pii/*'],
      null
    ],
    ['Allow', key, null],
    [
      'Deny',
      '*',
      {
        StringNotLike: {
          'kms:EncryptionContext:aws:s3:arn': [
            'arn:aws:s3:::acme-claims',
            'arn:aws:s3:::acme-athena-results'
          ]
        },
        Null: { 'kms:EncryptionContext:aws:s3:arn': 'false' }
      }
    ],
    ['Deny', '*', { DateGreaterThanEquals: { 'aws:CurrentTime': '2026-11-21T10:15:00Z' } }]
  ])
  t.end()
})

t.test('a text that does not end everything is no session policy', (t) => {
  const { text } = unwrap(allTables(claims))
  const rows = [
    ['white space', text.replace(',', ', ')],
    ['no end', text.replace('"Action":"*"', '"Action":"kms:*"')],
    ['a softer end', text.replace('DateGreaterThanEquals', 'DateLessThan')],
    ['an end that is no date', text.replace('2026-11-21T10:15:00Z', '2026-99-21T10:15:00Z')],
    ['something after the end', text.replace(/\]\}$/, ',{"Effect":"Allow"}]}')],
    ['another element', text.replace(/\]\}$/, '],"Id":"x"}')],
    ['no JSON', '{'],
    ['nothing', '']
  ] as const
  for (const [name, changed] of rows) t.equal(readSessionPolicy(changed), null, name)
  t.end()
})

const dataSet = (of: Partial<Target['data'][number]>): Target['data'][number] => ({
  database: 'claims',
  tables: ['customers'],
  location: { bucket: 'acme-claims', prefix: 'curated/' },
  key,
  bucketKey: true,
  ...of
})
const filled = (length: number, index = 0): string => `t${index}`.padEnd(length, 'x')
const tables = (count: number) => Array.from({ length: count }, (_, index) => filled(20, index))
const managed = (of: string | null): Target => {
  return { ...claims, results: { kind: 'managed', key: of } }
}
const long: Target = {
  ...claims,
  data: [dataSet({ location: { bucket: filled(63), prefix: `${filled(59)}/` } })],
  results: {
    kind: 'bucket',
    location: { bucket: filled(63, 1), prefix: `${filled(59)}/` },
    key,
    bucketKey: true
  }
}

t.test('a session policy fits in 2,048 characters or names its longest statements', (t) => {
  const fits = [
    ['typical', claims, 1700],
    ['no Bucket Key', { ...claims, data: [dataSet({ bucketKey: false })] }, 1800],
    ['managed results', managed(null), 1500],
    ['a workgroup of 128', { ...claims, workgroup: 'w'.repeat(128) }, 1850],
    ['five tables of 20', { ...claims, data: [dataSet({ tables: tables(5) })] }, 2048],
    ['long buckets and prefixes', long, 2048]
  ] as const
  for (const [name, target, most] of fits) {
    const { characters } = unwrap(allTables(target))
    t.ok(characters <= most, `${name}: ${characters}`)
  }
  const made = allTables({ ...claims, data: [dataSet({ tables: tables(10) })] })
  const [refusal] = made.ok ? [] : made.refusals
  if (refusal?.code !== 'policy_too_large') throw new Error('ten tables fit')
  t.ok(refusal.characters > refusal.limit && refusal.limit === 2048, `${refusal.characters}`)
  const longest = refusal.longest.map((one) => one.statement)
  t.same(longest, ['catalog', 'data', 'encryption context'])
  t.ok((refusal.longest[0]?.characters ?? 0) > 900)
  t.end()
})

t.test('only the asked tables count, and only the target’s own can be asked', (t) => {
  const target: Target = {
    ...claims,
    data: [
      ...claims.data,
      dataSet({
        database: 'archive',
        tables: ['old'],
        location: { bucket: 'acme-archive', prefix: '' },
        key: given.paymentsKey,
        bucketKey: false
      })
    ]
  }
  const one = unwrap(sessionPolicy({ target, tables: ['claims.claims'], notAfter }))
  t.notMatch(one.text, /customers|archive|22222222/)
  const all = unwrap(allTables(target))
  t.match(all.text, '"arn:aws:s3:::acme-archive","arn:aws:s3:::acme-archive/*"')
  t.match(all.text, `"Resource":["${key}","${given.paymentsKey}"]`)
  const codes = (tablesAsked: readonly string[]) => {
    const made = sessionPolicy({ target, tables: tablesAsked, notAfter })
    return made.ok ? 'ok' : made.refusals.map((refusal) => refusal.code).join(' ')
  }
  t.equal(codes([]), 'invalid_ask')
  t.equal(codes(['claims.*', 'payments.payments', 'claims.claims']), 'invalid_ask invalid_ask')
  t.end()
})

t.test('each key and bucket gets one Decrypt grant to the session', (t) => {
  const planned = (target: Target) =>
    unwrap(planGrants({ elevation, target, tables: tablesOf(target) })).map((one) => [
      one.name.replace(`jit/${elevation}/`, ''),
      one.keyArn === key ? 'K' : 'L',
      one.bucketArn?.replace('arn:aws:s3:::', '') ?? 'any'
    ])
  const L = given.paymentsKey
  const data = ['data', 'K', 'acme-claims']
  const results = ['results', 'K', 'acme-athena-results']
  const archive = dataSet({ tables: ['old'], location: { bucket: 'acme-archive', prefix: '' } })
  const mixed = dataSet({ tables: ['old'], bucketKey: false })
  const holding = (...sets: Target['data']): Target => ({ ...claims, data: sets })
  const several = [['data-1', 'K', 'acme-claims'], ['data-2', 'K', 'acme-archive'], results]
  const rows: readonly (readonly [string, Target, unknown])[] = [
    ['one key, two buckets', claims, [data, results]],
    ['two keys', holding(dataSet({ key: L })), [['data', 'L', 'acme-claims'], results]],
    ['managed results without a key', managed(null), [data]],
    ['managed results with the data key', managed(key), [['results', 'K', 'any']]],
    ['managed results with a key', managed(L), [data, ['results', 'L', 'any']]],
    ['no Bucket Key', holding(dataSet({ bucketKey: false })), [['data', 'K', 'any']]],
    ['several data sets', holding(...claims.data, archive), several],
    ['a Bucket Key not everywhere', holding(...claims.data, mixed), [['data', 'K', 'any']]]
  ]
  for (const [name, target, expected] of rows) t.same(planned(target), expected, name)

  const [first] = unwrap(planGrants({ elevation, target: claims, tables: ['claims.claims'] }))
  if (!first) throw new Error('no grant planned')
  const ask = { grant: first, elevation, roleArn, brokerRoleArn }
  const sent: CreateGrantCommandInput = unwrap(createGrantParameters(ask))
  t.same(sent, {
    KeyId: key,
    GranteePrincipal: `arn:aws:sts::${account}:assumed-role/sallyport-claims/jit-${elevation}`,
    RetiringPrincipal: brokerRoleArn,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextEquals: { 'aws:s3:arn': 'arn:aws:s3:::acme-claims' } },
    Name: `jit/${elevation}/data`
  })
  t.match(sent.Name, /^[a-zA-Z0-9:/_-]{1,256}$/)
  t.equal(JSON.stringify(unwrap(createGrantParameters(ask))), JSON.stringify(sent), 'byte-equal')
  t.equal(createGrantParameters({ ...ask, brokerRoleArn: '*' }).ok, false)
  t.equal(
    sessionArn(`arn:aws:iam::${account}:role/path/to/r`, elevation),
    `arn:aws:sts::${account}:assumed-role/r/jit-${elevation}`,
    'a role’s path is no part of its sessions’ ARN'
  )
  t.end()
})

t.test('AssumeRole always carries the session policy and ends with the window', (t) => {
  const policy = unwrap(allTables(claims))
  const ask = { elevation, roleArn, policy, sourceIdentity: 'alice', now }
  const sent = unwrap(assumeRoleParameters(ask))
  const forSdk: AssumeRoleCommandInput = sent
  t.same(forSdk, {
    RoleArn: roleArn,
    RoleSessionName: `jit-${elevation}`,
    Policy: policy.text,
    DurationSeconds: 900,
    SourceIdentity: 'alice',
    Tags: [
      { Key: 'jit:request', Value: elevation },
      { Key: 'jit:workgroup', Value: 'claims-pii' }
    ]
  })
  const seconds = (milliseconds: number): number => {
    const early = instant(notAfter - milliseconds)
    return unwrap(assumeRoleParameters({ ...ask, now: early })).DurationSeconds
  }
  const left = [1, 900_000, 900_001, 1_800_500, 3_600_000, 36_000_000]
  t.same(left.map(seconds), [900, 900, 901, 1801, 3600, 3600])
  const late = assumeRoleParameters({ ...ask, now: notAfter })
  t.match(late, { ok: false, refusals: [{ code: 'ended' }] })
  for (const sourceIdentity of ['a', 'aws:x', 'ann lee', 'ann*', 'x'.repeat(65), 'ä1', '']) {
    const made = assumeRoleParameters({ ...ask, sourceIdentity })
    t.match(made, { ok: false, refusals: [{ code: 'unsafe_name', where: 'sourceIdentity' }] })
  }
  // @ts-expect-error a call without a session policy cannot be written
  const without: AssumeRoleParameters = { ...sent, Policy: undefined }
  // @ts-expect-error nor one with any other text
  const other: AssumeRoleParameters = { ...sent, Policy: '{}' }
  t.ok(without !== other)
  t.end()
})

t.test('partition, Region, account and keys must belong together', (t) => {
  const rows = [
    ['aws', 'eu-west-1', true],
    ['aws', 'cn-north-1', false],
    ['aws', 'us-gov-west-1', false],
    ['aws-cn', 'cn-north-1', true],
    ['aws-cn', 'us-east-1', false],
    ['aws-us-gov', 'us-gov-east-1', true],
    ['aws-us-gov', 'us-east-1', false],
    ['aws', 'us-iso-east-1', false],
    ['aws', 'eusc-de-east-1', false],
    ['aws', 'eu-west-*', false]
  ] as const
  for (const [partition, region, fits] of rows) {
    t.equal(regionFits(partition, region), fits, `${region} in ${partition}`)
  }
  t.equal(partitionOf('arn:aws-iso:iam::1:role/r'), null)
  t.equal(partitionOf('aws'), null)
  t.same([dnsSuffix('aws-cn'), dnsSuffix('aws-us-gov')], ['amazonaws.com.cn', 'amazonaws.com'])
  const moved = (partition: string, region: string): Target =>
    JSON.parse(
      JSON.stringify(claims)
        .replaceAll('arn:aws:', `arn:${partition}:`)
        .replaceAll('eu-west-1', region)
    )
  const others = [
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-cn', 'cn-north-1']
  ] as const
  for (const [partition, region] of others) {
    const { text } = unwrap(allTables(moved(partition, region)))
    t.notMatch(text, 'arn:aws:', partition)
    t.equal(text.split(`arn:${partition}:`).length - 1, 13, 'every ARN is of the partition')
  }
  const elsewhere = key.replace('eu-west-1', 'eu-west-2')
  const wrong: readonly (readonly [string, Target])[] = [
    ['target.region', { ...claims, region: 'cn-north-1' }],
    ['target.role', { ...claims, account: '999999999999' }],
    ['target.data[0].key', { ...claims, data: [dataSet({ key: elsewhere })] }],
    ['target.results.key', managed(key.replace('arn:aws:', 'arn:aws-cn:'))]
  ]
  for (const [where, target] of wrong) {
    t.match(checkTarget(target), [{ code: 'unsafe_name', where }], where)
  }
  t.end()
})

const places: readonly (readonly [string, (bad: string) => Target])[] = [
  ['target.account', (bad) => ({ ...claims, account: bad })],
  ['target.region', (bad) => ({ ...claims, region: bad })],
  ['target.workgroup', (bad) => ({ ...claims, workgroup: bad })],
  ['target.role', (bad) => ({ ...claims, role: bad })],
  ['target.role', (bad) => ({ ...claims, role: `${roleArn}${bad}` })],
  ['target.data[0].database', (bad) => ({ ...claims, data: [dataSet({ database: bad })] })],
  ['target.data[0].tables[1]', (bad) => ({ ...claims, data: [dataSet({ tables: ['t', bad] })] })],
  ['target.data[0].key', (bad) => ({ ...claims, data: [dataSet({ key: bad })] })],
  [
    'target.data[0].location.bucket',
    (bad) => ({ ...claims, data: [dataSet({ location: { bucket: bad, prefix: '' } })] })
  ],
  [
    'target.data[0].location.prefix',
    (bad) => ({ ...claims, data: [dataSet({ location: { bucket: 'abc', prefix: `${bad}/` } })] })
  ],
  ['target.results.key', (bad) => managed(bad)]
]
const unsafeText = fc
  .tuple(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('*', '?', '${', '${*}', '"', '\\', '\u0000', '\n', '\u007f', 'é', '\u202e'),
    fc.string({ maxLength: 8 })
  )
  .map((parts) => parts.join(''))

t.test('no name with a wildcard, variable, control or non-ASCII character enters a policy', (t) => {
  for (const [where, target] of places) {
    fc.assert(
      fc.property(unsafeText, (bad) => {
        const found = checkTarget(target(bad))
        const own = found.find((refusal) => refusal.where === where)
        t.equal(allTables(target(bad)).ok, false)
        return own?.code === 'unsafe_name' && own.value.length <= 80 && /^[ -~]*$/.test(own.value)
      }),
      { numRuns: 50 }
    )
    // no prefix is the whole bucket, and nothing after a role's name is the role
    const mayBeEmpty = target('').role === roleArn && where === 'target.role'
    if (mayBeEmpty) continue
    t.ok(checkTarget(target('')).some((one) => one.where === where), `${where}: empty`)
  }
  for (const prefix of ['/', 'a', 'a//', '../', 'a/./', '/a/', 'a/b', '*/']) {
    const target = { ...claims, data: [dataSet({ location: { bucket: 'abc', prefix } })] }
    t.match(checkTarget(target), [{ where: 'target.data[0].location.prefix' }], prefix)
  }
  const twice = checkTarget({ ...claims, workgroup: '*', account: '1' })
  const wheres = twice.map((refusal) => refusal.where)
  t.same(wheres, ['target.account', 'target.workgroup'], 'all at once')
  t.end()
})

const word = (most: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', '0', '_', '-'), minLength: 1, maxLength: most })
const folders = fc
  .array(fc.constantFrom('curated', 'dt=2024', 'a.b', 'x'), { maxLength: 6 })
  .map((parts) => parts.map((part) => `${part}/`).join(''))
const location = fc.record({
  bucket: word(20).map((name) => `b${name}b`.replaceAll('_', '0')),
  prefix: folders
})
const anyKey = fc.constantFrom(key, given.paymentsKey)
const anyTarget: fc.Arbitrary<Target> = fc
  .record({
    workgroup: word(128),
    data: fc.array(
      fc.record({
        database: word(30),
        tables: fc.array(word(40), { minLength: 1, maxLength: 6 }),
        location,
        key: anyKey,
        bucketKey: fc.boolean()
      }),
      { minLength: 1, maxLength: 3 }
    ),
    results: fc.oneof(
      fc.record({ kind: fc.constant('managed' as const), key: fc.option(anyKey) }),
      fc.record({
        kind: fc.constant('bucket' as const),
        location,
        key: anyKey,
        bucketKey: fc.boolean()
      })
    )
  })
  .map((parts) => ({ ...claims, ...parts }))

t.test('any session policy is within the limit and allows only what is its target’s', (t) => {
  const seen = { made: 0, tooLarge: 0 }
  fc.assert(
    fc.property(anyTarget, (target) => {
      const made = allTables(target)
      if (!made.ok) {
        seen.tooLarge += 1
        return made.refusals.every((refusal) => refusal.code === 'policy_too_large')
      }
      seen.made += 1
      const here = `eu-west-1:${account}`
      const spots = [
        ...target.data.map((set) => set.location),
        ...(target.results.kind === 'bucket' ? [target.results.location] : [])
      ]
      const own = new Set([
        `arn:aws:athena:${here}:workgroup/${target.workgroup}`,
        `arn:aws:glue:${here}:catalog`,
        `arn:aws:glue:${here}:database/default`,
        ...target.data.map((set) => `arn:aws:glue:${here}:database/${set.database}`),
        ...tablesOf(target).map((name) => `arn:aws:glue:${here}:table/${name.replace('.', '/')}`),
        ...spots.map((at) => `arn:aws:s3:::${at.bucket}`),
        ...spots.map((at) => `arn:aws:s3:::${at.bucket}/${at.prefix}*`),
        ...target.data.map((set) => set.key),
        target.results.key
      ])
      const allows = made.value.document.Statement.filter((one) => one.Effect === 'Allow')
      const resources = allows.flatMap((one) => one.Resource ?? [])
      return (
        made.value.text.length <= 2048 &&
        readSessionPolicy(made.value.text)?.notAfter === notAfter &&
        resources.length > 0 &&
        resources.every((resource) => own.has(resource))
      )
    }),
    { numRuns: 300 }
  )
  t.ok(seen.made > 20 && seen.tooLarge > 20, JSON.stringify(seen))
  t.end()
})
