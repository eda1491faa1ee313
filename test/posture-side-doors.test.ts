/** Side doors: who reads classified tables without an elevation, and nobody who does not. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { exits } from '../src/cli/exit.ts'
import { postureSideDoors } from '../src/cli/side-doors.ts'
import type { Target } from '../src/elevation/target.ts'
import { parseFacts } from '../src/posture/facts-file.ts'
import type { Facts, Gap, KeyFacts, PrincipalFacts } from '../src/posture/facts.ts'
import { acceptAll, compareDoors, parseBaseline } from '../src/posture/side-doors-baseline.ts'
import type { Door } from '../src/posture/side-doors-door.ts'
import { dotOf, graphOf } from '../src/posture/side-doors-graph.ts'
import { svgOf } from '../src/posture/side-doors-svg.ts'
import { sideDoors } from '../src/posture/side-doors.ts'
import { root } from './place.ts'

const vectorFile = join(root, 'test/vectors/posture/side-doors.json')
type Planted = {
  readonly principal: string
  readonly kind: string
  readonly certainty: string
  readonly tables: readonly string[]
}
const vector: {
  readonly targets: readonly Target[]
  readonly facts: Facts
  readonly doors: readonly Planted[]
  readonly innocent: readonly { readonly principal: string; readonly note: string }[]
} = JSON.parse(readFileSync(vectorFile, 'utf8'))

const read = parseFacts(JSON.stringify(vector.facts))
const { facts, targets } = vector
const account = '123456789012'
const role = (name: string): string => `arn:aws:iam::${account}:role/${name}`
const user = (name: string): string => `arn:aws:iam::${account}:user/${name}`
const lineOf = ({ principal, kind, certainty, table }: Door): string =>
  [principal, kind, certainty, table].join(' ')
const planted = vector.doors.flatMap(({ principal, kind, certainty, tables }) =>
  tables.map((table) => [principal, kind, certainty, table].join(' '))
)

t.test('twelve of twelve planted doors are found, and none among the twenty-eight', async (t) => {
  t.same(read.ok ? [] : read.issues, [], 'a snapshot as the collector saves it')
  t.same([facts.principals.length, vector.doors.length, vector.innocent.length], [40, 12, 28])
  t.same(sideDoors(facts, targets).map(lineOf).toSorted(), planted.toSorted())
})

const policy = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement })
const principal = (arn: string, change: (one: PrincipalFacts) => PrincipalFacts): Facts => ({
  ...facts,
  principals: facts.principals.map((one) => (one.arn === arn ? change(one) : one))
})
const key = (n: number, change: (one: KeyFacts) => KeyFacts): Facts => ({
  ...facts,
  keys: facts.keys.map((one) => (one.arn.endsWith(String(n)) ? change(one) : one))
})
const bucket = (name: string, text: string): Facts => ({
  ...facts,
  buckets: facts.buckets.map((one) => (one.name === name ? { ...one, policy: text } : one))
})
const gap = (call: string, resource: string | null): Gap => ({
  call,
  resource,
  code: 'AccessDeniedException',
  message: ''
})
const also = (arn: string, ...statements: readonly object[]): Facts =>
  principal(arn, (one) => ({
    ...one,
    policies: [...one.policies, { name: 'More', from: 'inline', text: policy(...statements) }]
  }))
const without = (arn: string, name: string): Facts =>
  principal(arn, (one) => ({ ...one, policies: one.policies.filter((it) => it.name !== name) }))
const allow = (Action: string | readonly string[], Resource: string | readonly string[]) => ({
  Effect: 'Allow',
  Action,
  Resource
})
const surveys = ['arn:aws:s3:::acme-surveys', 'arn:aws:s3:::acme-surveys/*']
const shares = (...Statement: readonly object[]): Facts =>
  bucket('acme-surveys', policy(...Statement.map((one) => ({ Effect: 'Allow', Action: 's3:GetObject', Resource: surveys, ...one }))))

const everyone = ['*', ...facts.principals.map(({ arn }) => arn)].filter((arn) => !arn.endsWith('survey-app'))

type Row = readonly [sentence: string, given: Facts, added: readonly string[], gone?: readonly string[]]

const rows: readonly Row[] = [
  [
    'the boundary was all that kept one out',
    principal(role('analyst-bounded'), (one) => ({ ...one, boundary: null })),
    [`${role('analyst-bounded')} s3 certain hr.employees`]
  ],
  [
    'so was the deny of an attached policy',
    without(role('analyst-denied'), 'NoPlaintext'),
    [`${role('analyst-denied')} s3 certain hr.employees`]
  ],
  [
    'and a date that is not over yet',
    { ...facts, at: '2026-06-29T23:59:59Z' },
    [`${user('eve-expired')} s3 certain hr.employees`]
  ],
  [
    'a constraint on an unreadable condition is possible',
    also(user('ruth-reader'), {
      ...allow(['s3:GetObject', 'kms:Decrypt'], '*'),
      Condition: { StringSounds: { 'aws:PrincipalOrgID': 'o-1' } }
    }),
    [
      `${user('ruth-reader')} s3 possible hr.employees`,
      `${user('ruth-reader')} s3 possible surveys.answers`
    ]
  ],
  [
    'another account in the bucket policy, where no key is needed',
    shares({ Principal: { AWS: 'arn:aws:iam::999999999999:root' } }),
    ['arn:aws:iam::999999999999:root s3 certain surveys.answers']
  ],
  [
    'a bucket for everybody of an organisation, which a snapshot cannot tell',
    shares({ Principal: '*', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }),
    everyone.map((arn) => `${arn} s3 possible surveys.answers`)
  ],
  [
    'a role of a Spark workgroup, for whoever may start a session of it',
    {
      ...also(role('pass-only'), allow(['athena:StartSession', 'athena:StartCalculationExecution'], '*')),
      workgroups: facts.workgroups.map((one) =>
        one.name === 'hr-reports' ? { ...one, engine: 'spark', executionRole: role('survey-app') } : one
      )
    },
    [`${role('pass-only')} role certain surveys.answers`]
  ],
  [
    'a bucket policy of its own writing, where no key is needed',
    also(user('ruth-reader'), allow('s3:PutBucketPolicy', surveys)),
    [`${user('ruth-reader')} could_open certain surveys.answers`]
  ],
  [
    'keys of somebody else who reads',
    also(user('ruth-reader'), allow('iam:CreateAccessKey', user('sam-scientist'))),
    [`${user('ruth-reader')} could_open certain hr.employees`]
  ],
  [
    'a session named by the key policy',
    key(1, (one) => ({
      ...one,
      policy: (one.policy ?? '').replace(
        '"Statement":[',
        `"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::${account}:assumed-role/volume-maker/night"},"Action":"kms:Decrypt","Resource":"*"},`
      )
    })),
    ['claims.claims', 'claims.customers'].map((one) => `${role('volume-maker')} s3 certain ${one}`)
  ],
  [
    'a key policy that could not be read',
    key(3, (one) => ({ ...one, policy: null })),
    [
      `${role('sallyport-broker')} role possible payments.payments`,
      `${role('sallyport-payments')} athena possible payments.payments`,
      `${role('self-server')} could_open possible payments.payments`
    ]
  ],
  [
    'a key that is off opens nothing',
    key(1, (one) => ({ ...one, state: 'Disabled' })),
    [],
    planted.filter((line) => line.includes(' claims.'))
  ],
  [
    'permissions of one principal that could not be read',
    { ...facts, gaps: [gap('iam:GetRolePolicy', role('pass-only'))] },
    [
      'athena possible hr.employees',
      'athena possible surveys.answers',
      'could_open possible payments.payments',
      'role possible claims.claims',
      'role possible claims.customers',
      's3 possible hr.employees',
      's3 possible surveys.answers'
    ].map((rest) => `${role('pass-only')} ${rest}`)
  ]
]

t.test('many who could open everything are found alike, whoever is asked about first', async (t) => {
  const [role] = facts.principals.filter(({ kind }) => kind === 'role')
  if (role === undefined) throw new Error('bad fixture')
  const statement = { Effect: 'Allow', Action: '*', Resource: '*' }
  const mfa = { ...statement, Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } }
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }
  const admins = Array.from({ length: 3 }, (_, n): PrincipalFacts => ({
    ...role,
    arn: `arn:aws:iam::${account}:role/admin-${n}`,
    id: `AROAADMIN00000000000${n}`,
    boundary: n === 2 ? policy({ ...statement, Action: 's3:*' }) : null,
    trust: policy(trust),
    policies: [{ name: 'Admin', from: n % 2 === 0 ? 'inline' : 'attached', text: policy(n === 0 ? statement : mfa) }]
  }))
  const principals = [...facts.principals, ...admins]
  const doors = (order: readonly PrincipalFacts[]): readonly string[] =>
    sideDoors({ ...facts, principals: order }, targets).map(lineOf).toSorted()
  const found = doors(principals)
  t.same(doors(principals.toReversed()), found)
  const kinds = new Set(found.filter((line) => line.includes(':role/admin-')).map((line) => line.split(' ').slice(1, 3).join(' ')))
  t.ok(kinds.size > 1, [...kinds].join())
})

t.test('one fact changed opens or closes exactly these doors', async (t) => {
  for (const [sentence, given, added, gone = []] of rows) {
    const found = new Set(sideDoors(given, targets).map(lineOf))
    t.same(planted.filter((line) => !found.has(line)).toSorted(), gone.toSorted(), `${sentence}: closed`)
    const more = [...found].filter((line) => !planted.includes(line))
    t.same(more.toSorted(), added.toSorted(), sentence)
  }
})

const baselineOf = (doors: readonly Door[], until = '2026-12-31T00:00:00Z') =>
  acceptAll(compareDoors(doors, null, 0).doors, {
    before: null,
    at: facts.at,
    reason: 'moves to the broker in January',
    by: 'person:carol',
    until
  })
const now = Date.parse('2026-12-01T00:00:00Z')

t.test('a baseline accepts doors by name, as sure as they were, until a moment', async (t) => {
  const doors = sideDoors(facts, targets)
  const baseline = baselineOf(doors)
  const states = (given: readonly Door[], at: number) =>
    [...new Set(compareDoors(given, baseline, at).doors.map(({ state }) => state))]
  const over = Date.parse('2026-12-31T00:00:00Z')
  t.same(states(doors, now), ['accepted'])
  t.same([states(doors, over - 1), states(doors, over)], [['accepted'], ['expired']])
  t.same(compareDoors(doors.slice(1), baseline, now).gone, [doors[0]?.id])
  const [door] = doors.filter((one) => one.certainty === 'possible')
  t.same(door && states([{ ...door, certainty: 'certain' }], now), ['new'])
  t.same(parseBaseline(JSON.stringify(baseline)), { ok: true, baseline })
  const bad = ['', '[]', '{"version":2}', JSON.stringify({ ...baseline, by: 'me' }), JSON.stringify({ ...baseline, at: '2026-02-30T99:00:00Z' })]
  for (const text of bad) t.equal(parseBaseline(text).ok, false, text.slice(0, 20))
})

t.test('the order of facts changes nothing', async (t) => {
  const wanted = sideDoors(facts, targets)
  const turned: Facts = {
    ...facts,
    principals: facts.principals.toReversed(),
    keys: facts.keys.toReversed(),
    buckets: facts.buckets.toReversed(),
    tables: facts.tables.toReversed()
  }
  t.same(sideDoors(turned, targets.toReversed()).map(lineOf), wanted.map(lineOf))
})

t.test('the graph shows every door, and names can do nothing in it', async (t) => {
  const doors = sideDoors(facts, targets)
  const svg = svgOf(graphOf(doors))
  const dot = dotOf(graphOf(doors))
  for (const { principal, tableArn } of doors) {
    t.ok(svg.includes(`<title>${principal}</title>`) && svg.includes(tableArn), principal)
    t.ok(dot.includes(`"${principal}"`), principal)
  }
  t.notMatch(svg, /<script|href|NaN|undefined/)
  const nasty = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(nasty, fc.constantFrom('</title><script>x</script>', '"];x', '\\"', '&<>\u0000'), (a, b) => {
      const [door] = doors
      if (door === undefined) throw new Error('no door')
      const hops = door.hops.map((hop) => ({ ...hop, by: b + a, resource: `arn:aws:s3:::${b}${a}` }))
      const graph = graphOf([{ ...door, principal: a + b, hops }])
      const drawn = svgOf(graph).replace(/<\/?(?:svg|title|style|rect|text|g|path)(?: [^<>]*)?\/?>/g, '')
      // the quotes of a DOT line come in pairs once what is escaped is taken out
      const lines = dotOf(graph).split('\n').map((line) => line.replace(/\\./g, ''))
      return !/[<>]/.test(drawn) && lines.every((line) => (line.split('"').length - 1) % 2 === 0)
    }),
    { numRuns: 100 }
  )
})

t.test('the command exits 1 on a door that no baseline accepts', async (t) => {
  const dir = t.testdir({})
  const file = join(dir, 'facts.json')
  const accepted = join(dir, 'accepted.json')
  writeFileSync(file, JSON.stringify(facts))
  const options = { file, policies: join(root, 'policies'), format: 'table', now } as const
  const call = async (more: object) => {
    const lines: string[] = []
    const to = { json: false, colour: false, out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) }
    return [await postureSideDoors(to, { ...options, ...more }), lines.join('\n')] as const
  }
  const [first, said] = await call({})
  t.equal(first, exits.refused)
  t.match(said, /key-steward reads claims\.claims \(could_open, certain\)/)
  const why = { reason: 'moves to the broker in January', by: 'person:carol' }
  t.equal((await call({ writeBaseline: accepted }))[0], exits.usage, 'somebody has to say why')
  t.equal((await call({ writeBaseline: accepted, ...why, until: '2028-01-01T00:00:00Z' }))[0], exits.usage)
  t.equal((await call({ writeBaseline: accepted, ...why }))[0], exits.done)
  t.equal((await call({ baseline: accepted }))[0], exits.done)
  const more = also(user('ruth-reader'), allow('sts:AssumeRole', role('bridge')))
  writeFileSync(file, JSON.stringify(more))
  const [again, found] = await call({ baseline: accepted, format: 'json' })
  t.equal(again, exits.refused)
  const open = JSON.parse(found).doors.filter((door: { state: string }) => door.state === 'new')
  t.same(open.map(lineOf), ['claims.claims', 'claims.customers'].map((one) => `${user('ruth-reader')} role certain ${one}`))
  t.equal((await call({ file: join(dir, 'none.json') }))[0], exits.usage)
  t.equal((await call({ policies: dir }))[0], exits.config)
})
