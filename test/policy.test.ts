/** Policies: what loads, as what, and every issue at once where it does not. */
import { readFileSync } from 'node:fs'
import { relative, dirname } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { parsePersonId } from '../src/elevation/ids.ts'
import { matchesGlob, parseGlob } from '../src/policy/glob.ts'
import { policySchemas } from '../src/policy/json-schema.ts'
import { loadPolicy } from '../src/policy/load.ts'
import { runTests } from '../src/policy/run-tests.ts'
import { readPolicyFolder } from '../src/policy-folder.ts'
import { shippedPolicies as shipped } from './place.ts'
import { brokenBase } from './policy-bad-input.ts'
import { brokenFull, chain } from './policy-bad-rules.ts'
import {
  type Documents,
  E,
  G,
  M,
  P,
  R,
  T,
  base,
  edited,
  filesOf,
  full,
  issuesOf,
  loaded,
  people,
  rules,
  target
} from './policy-documents.ts'
import { generatePolicyFiles } from './policy-generator.ts'

const known = <T>(value: T | null): T => {
  if (value === null) throw new Error('a fixture is not well formed')
  return value
}

const wide = (keys: number) =>
  Array.from({ length: keys }, (_, n) => `k${n}: 1`).join('\n')

t.test('every fault is told with its file, line, path and code', async (t) => {
  for (const [sentence, file, from, to, ...issues] of brokenBase) {
    t.strictSame(issuesOf(edited(base, file, [from, to])), issues, sentence)
  }
  t.strictSame(issuesOf(base), [])
  t.strictSame(issuesOf({}), [':0  nothing'], 'no files')
  const whole: readonly (readonly [string, string, string])[] = [
    ['only a comment', '# later\n', 'x.yaml:1  nothing warning'],
    ['a list', '- a\n', 'x.yaml:1  wrong_type'],
    ['too large', `# ${'x'.repeat(1_048_576)}`, 'x.yaml:0  too_large'],
    ['a mapping of too many keys', `a: 1\n${wide(2001)}`, 'x.yaml:1  too_large'],
    ['too deep', '['.repeat(50), 'x.yaml:1  too_large']
  ]
  for (const [sentence, text, issue] of whole) {
    t.strictSame(issuesOf({ ...base, 'x.yaml': text }), [issue], sentence)
  }
})

t.test('every fault of the rest of the language, too', async (t) => {
  for (const [sentence, file, from, to, ...issues] of brokenFull) {
    t.strictSame(issuesOf(edited(full, file, [from, to])), issues, sentence)
  }
  t.strictSame(issuesOf(full), [])
  const again = { ...full, 'guardrails/again.yaml': 'guardrail: strict\n' }
  const repeated = 'guardrails/again.yaml:1 guardrail duplicate'
  t.strictSame(issuesOf(again), [repeated], 'a guardrail twice')
  const other = edited(again, 'guardrails/again.yaml', ['strict', 'other'])
  const wired = edited(other, M, ['guardrail: strict', 'guardrail: other'])
  t.strictSame(issuesOf(wired), [], 'a guardrail that names no table')
  const elsewhere = {
    ...wired,
    'targets/z.yaml': target
      .replace('target: pii', 'target: zz')
      .replace('workgroup: pii', 'workgroup: zz')
      .replace('database: d', 'database: z')
      .replace('d.a:', 'z.a:'),
    'guardrails/again.yaml': 'guardrail: other\ntables: [z.a]\n'
  }
  t.strictSame(issuesOf(elsewhere), [`${M}:23 rules[0].guardrail contradiction warning`])
})

t.test('whoever mistypes a name is told which was meant', async (t) => {
  const rows = [...brokenBase, ...brokenFull].filter(([sentence]) => {
    return /^typo|^misspelt/.test(sentence)
  })
  t.ok(rows.length >= 25)
  for (const [sentence, file, from, to] of rows) {
    const result = loadPolicy(filesOf(edited(full, file, [from, to])))
    const messages = result.ok ? [] : result.issues.map(({ message }) => message)
    t.ok(messages.some((message) => message.includes('did you mean')), sentence)
  }
})

t.test('windows that leave a moment open are not closed by denies', async (t) => {
  const deny = (windows: string) =>
    edited(full, M, [
      'rules:\n',
      `deny: [{ id: d1, requesters: [group:analysts], ${windows} }]\nrules:\n`
    ])
  const hours = '"02:00-12:00"'
  const open = [
    'when: { hours: "00:00-17:59", zone: Europe/Berlin }',
    'when: { days: [mon, wed], zone: Europe/Berlin }',
    'targets: [zz], when: { days: [mon, tue], zone: Europe/Berlin }',
    // six hours behind Berlin, and five while only one of the two has changed its clocks
    `when: { hours: ${hours}, zone: America/New_York }`
  ]
  for (const windows of open) {
    const documents = deny(windows)
    const issues = issuesOf(documents).filter((issue) => issue.includes('contradiction'))
    t.strictSame(issues, [], windows)
  }
})

t.test('all issues of all files come at once, and a hint for what was nearly right', async (t) => {
  const documents = {
    [P]: people.replace('[stewards, analysts]', '[steward, analysts]'),
    [T]: target
      .replace('workgroup: pii', 'workgruop: pii')
      .replace('::123456789012', '::111111111111'),
    [R]: rules.replace('quorum: 1', 'quorum: one').replace('[group:everyone]', '[group:evryone]')
  }
  const result = loadPolicy(filesOf(documents))
  if (result.ok) throw new Error('it loaded')
  t.strictSame(issuesOf(documents), [
    `${P}:12 people[3].groups[0] unresolved`,
    `${R}:4 rules[0].requesters[0] unresolved`,
    `${R}:9 rules[0].approval.quorum wrong_type`,
    `${T}:4 workgroup missing`.replace(':4', ':1'),
    `${T}:4 workgruop unknown_key`,
    `${T}:5 role bad_value`
  ])
  const hints = result.issues.map(({ message }) => /did you mean "(.*)"/.exec(message)?.[1])
  t.strictSame(hints, ['stewards', 'everyone', undefined, undefined, 'workgroup', undefined])
})

t.test('a hundred faults in one file are a hundred issues', async (t) => {
  const many = Array.from({ length: 100 }, (_, n) => `  - { id: p${n}, grups: [] }`).join('\n')
  t.equal(issuesOf({ ...base, 'x.yaml': `people:\n${many}\n` }).length, 100)
})

t.test('what the schema lets through as an id, the parser takes', async () => {
  const char = fc.constantFrom(...'aZ0._-:/*é \n'.split(''))
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: char, maxLength: 66 }), async (id) => {
      const quoted = JSON.stringify(id)
      const ownRules = rules.slice(0, rules.indexOf('deny:')).replace('standard', () => quoted)
      const extra = `${ownRules}people: [{ id: ${quoted} }]`
      const targeted = target.replace('target: pii', () => `target: ${quoted}`)
      const issues = issuesOf({ ...base, 'x.yaml': extra, 'targets/x.yaml': targeted })
      const bad = issues.filter((issue) => issue.endsWith('bad_value'))
      return bad.length === (parsePersonId(id) === null ? 3 : 0)
    }),
    { numRuns: 60 }
  )
})

t.test('hostile text is refused in bounded time, without a throw', async (t) => {
  const bomb = 'bcdefghi'.split('').map((c, n) => `${c}: &${c} [*${'abcdefgh'[n]}, *a]`)
  const typos = Array.from({ length: 4000 }, (_, n) => `  - { id: p${n}, groups: [staff${n}] }`)
  const circle = Array.from({ length: 4000 }, (_, n) => {
    return `  - { id: g${n}, includes: [g${(n + 1) % 4000}] }`
  })
  const fan = Array.from({ length: 4000 }, (_, n) => `  - { id: g${n}, includes: [g0] }`)
  const texts = [
    '['.repeat(20_000),
    '['.repeat(1_048_576),
    '{a: '.repeat(5000),
    '- '.repeat(20_000),
    wide(1500),
    wide(2001),
    ['a: &a [x, x]', ...bomb].join('\n'),
    '\u0000',
    'a: *b\n',
    '%YAML 9\n---\n',
    '"\\ud800"',
    `people:\n${typos.join('\n')}`,
    `groups:\n${circle.join('\n')}`,
    `groups:\n${fan.join('\n')}`,
    `groups: [${chain(4000)}]`
  ]
  for (const text of texts) {
    const before = process.cpuUsage()
    const result = loadPolicy([{ path: 'x.yaml', text }])
    const { user, system } = process.cpuUsage(before)
    t.equal(result.ok, false)
    t.ok(user + system < 2_400_000, `${text.slice(0, 20)}: ${(user + system) / 1000} ms`)
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 60 }), async (text) => {
      loadPolicy([{ path: 'x.yaml', text }, { path: 'targets/y.yaml', text }])
      loadPolicy([{ path: 'guardrails/x.yaml', text }, { path: 'tests/y.yaml', text }])
      loadPolicy(filesOf({ ...base, [R]: rules.replace('standard', text) }))
    }),
    { numRuns: 60 }
  )
})

t.test('any value in the place of any other is an issue, never a throw', async (t) => {
  const value = fc.oneof(
    fc.constantFrom('null', '{}', '[]', '[{}]', '[[]]', '""', '0', '-1', '1e9', '.nan', 'true'),
    fc.string({ maxLength: 10 }).map((text) => JSON.stringify(text))
  )
  const places = Object.entries(full).flatMap(([file, text]) =>
    [...text.matchAll(/: ([^\s{}[\],]+)/g)].map(({ index, 1: was = '' }) => {
      return { file, index: index + 2, was }
    })
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...places), value, async ({ file, index, was }, now) => {
      const text = full[file as keyof typeof full]
      const changed = `${text.slice(0, index)}${now}${text.slice(index + was.length)}`
      loadPolicy(filesOf({ ...full, [file]: changed }))
    }),
    { numRuns: 150 }
  )
  t.ok(places.length > 60)
})

const ref = (text: string) => {
  const [kind, name] = text.split(':')
  return { kind, name }
}

t.test('each key becomes what decisions read', async (t) => {
  const { rules, guardrails, tests, bySlack, people } = loaded(full)
  const all = new Set(['slack', 'console', 'cli'])
  const [standard, sets, quick, emergency] = rules.toSorted((a, b) => {
    const order = ['standard', 'sets', 'quick', 'emergency']
    return order.indexOf(a.id) - order.indexOf(b.id)
  })
  t.match(standard, {
    when: [], via: all, signIn: null, guardrail: null, mode: 'brokered', reasonMinLength: 10,
    caps: { pending: 10, active: 1, perDay: null }
  })
  t.strictSame(standard?.approval, {
    kind: 'people',
    sets: [{ of: [ref('group:stewards')], atLeast: 1 }],
    quorum: 1,
    within: 7200,
    via: all,
    signIn: null,
    membershipAsOf: 'request',
    noReciprocalWithin: null,
    channel: null
  })
  const strict = {
    id: 'strict',
    tables: ['d.a', 'd.b'],
    denyColumns: { 'd.a': ['ssn'] },
    aggregateOnlyColumns: { 'd.a': ['dob'], 'd.b': ['id'] },
    requirePartitionPredicate: false,
    requireLimit: 100,
    forbidCrossJoin: false,
    forbidFunctions: ['regexp_extract'],
    defaultDatabase: null
  }
  t.strictSame(guardrails, new Map([['strict', strict]]))
  t.strictSame({ ...sets }, {
    id: 'sets',
    targets: ['pii'],
    requesters: [ref('group:analysts')],
    maxDuration: 7200,
    activateWithin: 3600,
    mode: 'brokered',
    when: [
      { days: new Set(['mon', 'tue']), hours: { from: 480, to: 1080 }, zone: 'Europe/Berlin' }
    ],
    via: new Set(['slack', 'cli']),
    reasonMinLength: 1,
    ticket: null,
    signIn: { within: 900, acr: ['phr'], amr: ['mfa'] },
    caps: { pending: 3, active: 2, perDay: 28800 },
    approval: {
      kind: 'people',
      sets: ['stewards', 'owners'].map((name) => ({ of: [ref(`group:${name}`)], atLeast: 1 })),
      quorum: 2,
      within: 7200,
      via: new Set(['console']),
      signIn: null,
      membershipAsOf: 'now',
      noReciprocalWithin: 86400,
      channel: null
    },
    endAfterRefusals: null,
    revokeOnChange: false,
    guardrail: strict
  })
  t.strictSame(quick?.approval, { kind: 'auto', perDay: 3 })
  t.strictSame(emergency?.approval, {
    kind: 'breakGlass', notify: [ref('group:owners')], review: [ref('person:hal')], channel: null
  })
  const summed = loaded(edited(full, M, ['\n      quorum: 2', '']))
  t.match(summed.rules.find(({ id }) => id === 'sets'), { approval: { quorum: 2 } }, 'the sum')
  t.strictSame(bySlack, new Map([['T1A/U1A', 'hal']]))
  t.strictSame(people.get(known(parsePersonId('hal')))?.groups, new Set(['owners', 'allies']))
  t.strictSame(tests, [
    {
      name: 'one',
      file: E,
      line: 2,
      at: Date.UTC(2026, 10, 18, 9),
      as: 'ann',
      via: 'cli',
      ask: {
        target: 'pii', duration: '2h', reason: 'a reason that is long', ticket: 'CLM-1',
        tables: null, columns: null, breakGlass: false, startAt: null
      },
      signIn: { ago: 300, acr: 'phr', amr: ['mfa'] },
      standing: { pending: 0, open: 0, secondsInDay: 7200, autoInDay: 0, hasUnreviewed: false },
      findings: [],
      expect: { decision: 'needs_approval', rule: 'standard', approvers: ['cat', 'dan'], unmet: [] }
    },
    {
      name: 'two',
      file: E,
      line: 9,
      at: Date.UTC(2026, 10, 18, 8),
      as: 'jo',
      via: 'cli',
      ask: {
        target: 'pii', duration: '5m', reason: '', ticket: null,
        tables: null, columns: null, breakGlass: false, startAt: null
      },
      signIn: null,
      standing: { pending: 0, open: 0, secondsInDay: 0, autoInDay: 0, hasUnreviewed: false },
      findings: [],
      expect: { decision: 'deny', rule: null, approvers: null, unmet: ['duration'] }
    }
  ])
})

t.test('abuse 55: nested groups end, whatever includes what', async (t) => {
  const eight = edited(full, M, ['groups: [', `groups: [${chain(8)}, `])
  const member = edited(eight, M, ['groups: [duty]', 'groups: [duty, n7]'])
  const jo = loaded(member).people.get(known(parsePersonId('jo')))
  const levels = [7, 6, 5, 4, 3, 2, 1, 0].map((n) => `n${n}`)
  t.strictSame(jo?.groups, new Set(['duty', 'allies', ...levels]))
})

t.test('the shipped policies load without an issue and pass their tests', async (t) => {
  const result = loadPolicy(await readPolicyFolder(shipped))
  t.strictSame(result.ok ? result.warnings : result.issues, [])
  if (!result.ok) return
  t.strictSame(runTests(result.policy).filter(({ ok }) => !ok), [])
  t.ok(result.policy.tests.length >= 10)
  const kinds = new Set(result.policy.rules.map(({ approval }) => approval.kind))
  t.strictSame(kinds, new Set(['people', 'auto', 'breakGlass']))
})

t.test('the shipped JSON Schemas are those of the loader', async (t) => {
  for (const [name, schema] of policySchemas()) {
    const file = readFileSync(`${shipped}/schema/${name}`, 'utf8')
    t.equal(file, `${JSON.stringify(schema, null, 2)}\n`, `${name}: run sallyport policy schema`)
  }
})

t.test('each shipped file names the schema it fits, which refuses an unknown key', async (t) => {
  for (const { path, text } of await readPolicyFolder(shipped)) {
    const [, named = ''] = /^# yaml-language-server: \$schema=(.+)\n/.exec(text) ?? []
    const file = relative('schema', relative('.', `${dirname(path)}/${named}`))
    const schema = policySchemas().get(file)
    t.ok(schema, `${path} names ${named}`)
    if (!schema) continue
    // as an editor has it: read from the file, without what TypeBox adds
    const validator = Compile(JSON.parse(JSON.stringify(schema)))
    const document: unknown = parse(text)
    t.ok(validator.Check(document), path)
    for (const broken of withUnknownKeys(document)) {
      t.notOk(validator.Check(broken), `${path}: ${JSON.stringify(broken).slice(0, 60)}`)
    }
  }
})

/** The document once for each of its mappings, with a key more in it. */
const withUnknownKeys = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => {
      return withUnknownKeys(item).map((broken) => value.with(index, broken))
    })
  }
  if (typeof value !== 'object' || value === null) return []
  return [
    { ...value, 'No such key': 1 },
    ...Object.entries(value).flatMap(([key, item]) =>
      withUnknownKeys(item).map((broken) => ({ ...value, [key]: broken }))
    )
  ]
}

/** Every key of every mapping a schema has, and what is said of it. */
const keysOf = (schema: unknown): readonly { readonly key: string; readonly title: unknown }[] => {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([word, inner]: [string, unknown]) => [
    ...(word === 'properties' ? Object.entries(Object(inner)) : []).map(([key, property]) => {
      return { key, title: Object(property).title }
    }),
    ...keysOf(inner)
  ])
}

t.test('an editor and the page in the folder tell of every key', async (t) => {
  const page = readFileSync(`${shipped}/README.md`, 'utf8')
  const keys = [...policySchemas().values()].flatMap((schema) => keysOf(schema))
  t.ok(keys.length > 80)
  const untold = keys.filter(({ title }) => typeof title !== 'string')
  t.strictSame(untold, [], 'a title, which says what it means')
  const words = new Set(page.match(/[A-Za-z]+/g))
  t.strictSame(keys.map(({ key }) => key).filter((key) => !words.has(key)), [])
  t.ok(page.split('\n').length <= 200)
})

t.test('files, rules and people in any order and spelling are the same policy', async (t) => {
  const plain = loaded(full).digest
  t.match(plain, /^sha256:[0-9a-f]{64}$/)
  const [everybody = '', roles = ''] = people.split(/(?=^roles:)/m)
  const [peopleHead = '', ...humans] = everybody.split(/(?=^ {2}- \{ id: [a-g][a-z]{2}[ ,])/m)
  const [moreHead = '', ...ruleTexts] = full[M].split(/(?=^ {2}- id: )/m)
  t.strictSame([humans.length, ruleTexts.length], [7, 3])
  const files = { ...full, 'roles.yaml': roles }
  const spellings: readonly (readonly [string, string, string])[] = [
    [R, 'within: 2h', 'within:   PT120M'],
    [M, '[mon, tue]', '[tue, mon]'],
    [M, '[slack, cli]', '[cli, slack]'],
    [M, 'quorum: 2', '# the sum'],
    [M, '{ of: [group:stewards], atLeast: 1 }, { of: [group:owners], atLeast: 1 }',
      '{ of: [group:owners], atLeast: 1 }, { of: [group:stewards], atLeast: 1 }'],
    [G, '[d.a, d.b]', '[d.b, d.a]']
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...humans], { minLength: humans.length }),
      fc.shuffledSubarray([...ruleTexts], { minLength: ruleTexts.length }),
      fc.shuffledSubarray(Object.keys(files), { minLength: Object.keys(files).length }),
      fc.subarray([...spellings]),
      async (someHumans, someRules, order, changes) => {
        const changed: Documents = {
          ...files,
          [P]: `# moved\n${peopleHead}${someHumans.join('')}`,
          [M]: `${moreHead}${someRules.join('')}`
        }
        const spelt = changes.reduce(
          (documents, [file, from, to]) => edited(documents, file, [from, to]),
          changed
        )
        const other = Object.fromEntries(order.map((file) => [file, spelt[file] ?? '']))
        return loaded(other).digest === plain
      }
    ),
    { numRuns: 60 }
  )
})

t.test('whatever could change a decision changes the digest, and nothing else does', async (t) => {
  const edits: readonly (readonly [string, string, string])[] = [
    [R, 'maxDuration: 4h', 'maxDuration: 5h'],
    [R, 'from: [group:stewards]', 'from: [person:cat, person:dan]'],
    [R, 'CLM-<digits>', 'CLM-<letters>'],
    [R, 'minLength: 10', 'minLength: 11'],
    [R, '[group:guests]\n    targets: [pii]', '[group:guests]'],
    [R, 'requesters: [group:everyone]', 'requesters: [group:analysts]'],
    [P, '{ id: gus }', '{ id: gus, active: false }'],
    [P, '{ id: gus }', '{ id: gus, subjects: [s1] }'],
    [P, '{ id: gus }', '{ id: gus, slack: [{ team: T1A, user: U2A }] }'],
    [P, 'auditor: [person:gus]', 'auditor: [person:ann]'],
    [T, 'bucketKey: true', 'bucketKey: false'],
    [T, 'ssn: direct', 'ssn: quasi'],
    [M, 'days: [mon, tue]', 'days: [mon]'],
    [M, '08:00-18:00', '08:00-18:01'],
    [M, 'Europe/Berlin', 'Europe/Paris'],
    [M, 'via: [slack, cli]', 'via: [cli]'],
    [M, 'within: 15m', 'within: 16m'],
    [M, 'acr: [phr]', 'acr: [phrh]'],
    [M, 'amr: [mfa]', 'amr: [hwk]'],
    [M, 'pending: 3', 'pending: 4'],
    [M, 'caps: { pending: 3', 'startAhead: 7d\n    caps: { pending: 3'],
    [M, 'caps: { pending: 3', 'startAhead: 8d\n    caps: { pending: 3'],
    [M, 'caps: { pending: 3', 'extensions: 0\n    caps: { pending: 3'],
    [M, 'caps: { pending: 3', 'extensions: 2\n    caps: { pending: 3'],
    [M, 'active: 2', 'active: 3'],
    [M, 'perDay: 8h', 'perDay: 9h'],
    [M, '[group:owners], atLeast: 1', '[group:allies], atLeast: 1'],
    [M, 'quorum: 2', 'quorum: 3'],
    [M, 'via: [console]', 'via: [cli]'],
    [M, 'noReciprocalWithin: 24h', 'noReciprocalWithin: 25h'],
    [M, 'noReciprocalWithin: 24h', 'noReciprocalWithin: 24h\n      remindAfter: 30m'],
    [M, 'noReciprocalWithin: 24h', 'noReciprocalWithin: 24h\n      remindAfter: 31m'],
    [M, 'noReciprocalWithin: 24h', 'noReciprocalWithin: 24h\n      escalateAfter: 1h\n      escalateTo: [group:duty]'],
    [M, 'noReciprocalWithin: 24h', 'noReciprocalWithin: 24h\n      escalateAfter: 1h\n      escalateTo: [group:owners]'],
    [M, 'membershipAsOf: now', 'membershipAsOf: request'],
    [M, 'guardrail: strict', 'mode: credentials'],
    [M, 'auto: true, perDay: 3', 'auto: true, perDay: 4'],
    [M, 'notify: [group:owners]', 'notify: [group:duty]'],
    [M, 'review: [person:hal]', 'review: [person:ida]'],
    [M, 'groups: [duty]', 'groups: [duty, owners]'],
    [G, 'tables: [d.a, d.b]', 'tables: [d.a]'],
    [G, 'denyColumns: { d.a: [ssn] }', 'denyColumns: { d.b: [ssn] }'],
    [G, '[dob]', '[name]'],
    [G, 'requireLimit: 100', 'requireLimit: 101'],
    [G, 'requireLimit: 100', 'forbidCrossJoin: true'],
    [G, 'requireLimit: 100', 'requirePartitionPredicate: true'],
    [G, 'requireLimit: 100', 'defaultDatabase: d'],
    [G, 'regexp_extract', 'regexp_like']
  ]
  const digests = edits.map(([file, from, to]) => loaded(edited(full, file, [from, to])).digest)
  const plain = loaded(full).digest
  t.equal(new Set([plain, ...digests]).size, edits.length + 1)
  t.equal(loaded(edited(full, E, ['name: one', 'name: another'])).digest, plain, 'a test')
})

t.test('generated policies of any size load without an issue', async (t) => {
  for (const [targets, rules, people, groups] of [[1, 1, 7, 2], [20, 300, 700, 30]] as const) {
    const result = loadPolicy(generatePolicyFiles({ targets, rules, people, groups }))
    t.strictSame(result.ok ? result.warnings : result.issues.slice(0, 3), [])
    if (!result.ok) continue
    t.strictSame([result.policy.targets.size, result.policy.rules.length], [targets, rules])
  }
})

t.test('patterns match whole texts, in one pass', async (t) => {
  const table: readonly (readonly [string, string, boolean])[] = [
    ['CLM-<digits>', 'CLM-4711', true],
    ['CLM-<digits>', 'CLM-', false],
    ['CLM-<digits>', 'clm-1', false],
    ['CLM-<digits>', 'CLM-1\n', false],
    ['CLM-<digits>', 'CLM-\u0661', false],
    ['<letters>-<digits>', 'AB-1', true],
    ['<letters><digits>', 'A', false],
    ['a*b', 'ab', true],
    ['a*b', 'a--b', true],
    ['a*b', 'a--bc', false],
    ['*', '', true],
    ['a.c', 'abc', false],
    ['(x)+', '(x)+', true],
    ['<digits>5', '155', true]
  ]
  for (const [pattern, text, expected] of table) {
    const sentence = `${pattern} and ${JSON.stringify(text)}`
    t.equal(matchesGlob(known(parseGlob(pattern)), text), expected, sentence)
  }
  for (const pattern of ['', '<word>', 'a<', '>', '<digits', 'ü', 'x'.repeat(101), 'a\nb']) {
    t.equal(parseGlob(pattern), null)
  }
  const slow = known(parseGlob('*a'.repeat(50)))
  const before = process.cpuUsage()
  t.notOk(matchesGlob(slow, `${'a'.repeat(500)}b`))
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 500_000)
})

t.test('a pattern of literals matches itself alone', async () => {
  const char = fc.constantFrom(...'abZ019-_./$^()[]{}|\\+?'.split(''))
  const pattern = fc.string({ unit: char, minLength: 1, maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(pattern, fc.string({ unit: char }), async (a, b) => {
      const glob = known(parseGlob(a))
      return matchesGlob(glob, a) && matchesGlob(glob, b) === (a === b)
    }),
    { numRuns: 200 }
  )
})
