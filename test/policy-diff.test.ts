/** Who gains and who loses what when a policy becomes another. */
import fc from 'fast-check'
import t from 'tap'
import { parseDuration } from '../src/elevation/duration.ts'
import { type PersonId, instant, parseElevationId, parsePersonId, parseTargetId } from '../src/elevation/ids.ts'
import { votesMet } from '../src/policy/approvers.ts'
import { decide } from '../src/policy/decide.ts'
import { diffPolicies } from '../src/policy/diff.ts'
import { loadPolicy } from '../src/policy/load.ts'
import type { Policy } from '../src/policy/policy.ts'
import { known } from './fixtures-policy.ts'

const people = `groups:
  - { id: analysts, includes: [trainees] }
  - id: trainees
  - id: contractors
  - id: oncall
  - id: privacy
  - id: owners
  - id: security
people:
  - { id: alice, groups: [analysts] }
  - { id: tom, groups: [trainees] }
  - { id: cass, groups: [analysts, contractors] }
  - { id: otto, groups: [oncall], slack: [{ team: T0ACME, user: U0OTTO }] }
  - { id: pia, groups: [privacy] }
  - { id: paul, groups: [privacy] }
  - { id: olga, groups: [owners] }
  - { id: olaf, groups: [owners] }
  - { id: sam, groups: [security] }
  - { id: sue, groups: [security] }
`
const roles = 'roles: { auditor: [person:sue], operator: [person:otto], security: [group:security] }\n'

const key = 'arn:aws:kms:eu-west-1:123456789012:key/1a2b3c4d-0001-4000-8000-00000000000'
const target = (name: string, tables: string, n: number): string => `target: ${name}-pii
account: "123456789012"
region: eu-west-1
workgroup: ${name}-pii
role: arn:aws:iam::123456789012:role/sallyport-${name}
classification: pii
owner: group:security
data:
  - { database: ${name}, tables: [${tables}], location: s3://acme-${name}/curated/, key: "${key}${n}", bucketKey: true }
results: { location: s3://acme-results/${name}/, key: "${key}${n}" }
`
const guardrail = `guardrail: standard
tables: [claims.customers, claims.claims]
denyColumns: { claims.customers: [ssn, dob] }
aggregateOnlyColumns: { claims.customers: [email] }
requirePartitionPredicate: true
requireLimit: 1000
forbidCrossJoin: true
forbidFunctions: [regexp_extract]
`
const rules = `rules:
  - id: asking
    targets: [claims-pii]
    requesters: [group:analysts]
    maxDuration: 4h
    activateWithin: 8h
    mode: brokered
    when: { days: [mon, tue, wed, thu, fri], hours: "08:00-18:00", zone: Europe/Berlin }
    via: [console, cli]
    require:
      reason: { minLength: 15 }
      ticket: "CLM-<digits>"
      signIn: { within: 15m, acr: [phr], amr: [mfa] }
    caps: { pending: 5, active: 1, perDay: 8h }
    approval:
      from: [group:privacy, group:owners]
      quorum: 2
      within: 2h
      via: [console]
      signIn: { within: 1h }
      membershipAsOf: request
      noReciprocalWithin: 24h
    guardrail: standard
  - id: paying
    targets: [payments-pii]
    requesters: [person:tom]
    maxDuration: 1h
    activateWithin: 4h
    mode: credentials
    approval: { from: { allOf: [ { of: [group:privacy], atLeast: 1 }, { of: [group:owners], atLeast: 1 } ] }, within: 2h }
  - id: calling
    targets: [payments-pii]
    requesters: [group:oncall]
    maxDuration: 15m
    activateWithin: 15m
    mode: brokered
    approval: { auto: true, perDay: 3 }
  - id: breaking
    targets: [claims-pii]
    requesters: [group:oncall]
    maxDuration: 30m
    activateWithin: 15m
    mode: brokered
    require: { reason: { minLength: 30 }, ticket: "INC-<digits>" }
    approval: { breakGlass: true, notify: [group:security, group:privacy], review: [group:security] }
deny:
  - { id: contractors-never, requesters: [group:contractors] }
  - id: trainees-evenings
    requesters: [group:trainees]
    targets: [claims-pii]
    when: { days: [mon, tue, wed, thu, fri], hours: "16:00-18:00", zone: Europe/Berlin }
`
const base = {
  'people.yaml': people,
  'roles.yaml': roles,
  'targets/claims.yaml': target('claims', 'customers, claims', 1),
  'targets/payments.yaml': target('payments', 'payments', 2),
  'guardrails/standard.yaml': guardrail,
  'rules.yaml': rules
}
type Edit = readonly [from: string, to: string]

const load = (files: Readonly<Record<string, string>>): Policy => {
  const loaded = loadPolicy(Object.entries(files).map(([path, text]) => ({ path, text })))
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues, null, 1))
  return loaded.policy
}

/** The base with texts replaced, each of which must be there exactly once. */
const edited = (edits: readonly Edit[]): Policy => {
  const files: Record<string, string> = { ...base }
  for (const [from, to] of edits) {
    const found = Object.entries(files).filter(([, text]) => text.includes(from))
    const [[path, text] = ['', '']] = found
    if (found.length !== 1 || text.split(from).length !== 2) throw new Error(`${from} is not there once`)
    files[path] = text.replace(from, to)
  }
  return load(files)
}

const lines = (old: Policy, now: Policy, flip = false): readonly string[] =>
  [...diffPolicies(old, now)]
    .flatMap(({ people: who, target: on, change, what, from, to }) => {
      const word = flip ? { gains: 'loses', loses: 'gains' }[change] : change
      const [before, after] = flip ? [to, from] : [from, to]
      return who.map((person) => `${person} ${word} ${on ?? '-'} ${what}: ${before ?? ''} → ${after ?? ''}`)
    })
    .toSorted()

/** `everybody` who may ask for claims by the rule `asking`: cass is denied. */
const askers = (line: string): readonly string[] => [`alice ${line}`, `tom ${line}`]

const berlin = 'mon tue wed thu fri 08:00-18:00 Europe/Berlin'
const evenings = 'trainees-evenings mon tue wed thu fri 16:00-18:00 Europe/Berlin'
const asking = 'up to 4h, 2 approvals, brokered'

const rows: readonly (readonly [sentence: string, edits: readonly Edit[], expected: readonly string[]])[] = [
  ['nothing', [], []],
  ['comments and order', [['groups:\n', '# a word\ngroups:\n']], []],
  ['somebody joins the askers', [['{ id: pia, groups: [privacy]', '{ id: pia, groups: [privacy, analysts]']], [
    `pia gains claims-pii ask:  → ${asking}`
  ]],
  ['somebody becomes inactive', [['{ id: alice,', '{ id: alice, active: false,']], [
    `alice loses claims-pii ask: ${asking} → `
  ]],
  ['a person comes who may ask', [['people:\n', 'people:\n  - { id: zoe, groups: [oncall] }\n']], [
    'zoe gains claims-pii breakGlass:  → up to 30m, no approval before, brokered',
    'zoe gains payments-pii ask:  → up to 15m, no approval, brokered'
  ]],
  ['a rule covers another target', [['  - id: calling\n    targets: [payments-pii]', '  - id: calling\n    targets: [payments-pii, claims-pii]']], [
    'otto gains claims-pii ask:  → up to 15m, no approval, brokered'
  ]],
  ['a longer window', [['maxDuration: 4h', 'maxDuration: 6h']], askers('gains claims-pii maxDuration: 4h → 6h')],
  ['a longer wait for the start', [['activateWithin: 8h', 'activateWithin: 9h']], askers('gains claims-pii activateWithin: 8h → 9h')],
  ['a start may be scheduled', [['mode: brokered\n    when', 'mode: brokered\n    startAhead: 7d\n    when']], askers('gains claims-pii startAhead:  → 7d')],
  ['more extensions in a row', [['mode: brokered\n    when', 'mode: brokered\n    extensions: 3\n    when']], askers('gains claims-pii extensions: 1 → 3')],
  ['no extension', [['mode: brokered\n    when', 'mode: brokered\n    extensions: 0\n    when']], askers('loses claims-pii extensions: 1 → 0')],
  ['approvers are reminded', [['      noReciprocalWithin: 24h', '      remindAfter: 30m\n      noReciprocalWithin: 24h']], ['gains', 'loses'].flatMap((word) => askers(`${word} claims-pii approval.remindAfter:  → 30m`))],
  ['others are told', [['      noReciprocalWithin: 24h', '      escalateAfter: 1h\n      escalateTo: [group:security, person:otto]\n      noReciprocalWithin: 24h']], ['gains', 'loses'].flatMap((word) => ['escalateAfter:  → 1h', 'escalateTo:  → group:security, person:otto'].flatMap((line) => askers(`${word} claims-pii approval.${line}`)))],
  ['fewer approvals', [['quorum: 2', 'quorum: 1']], askers('gains claims-pii approvals: 2 → 1')],
  ['credentials out of the broker', [['mode: brokered\n    when', 'mode: credentials\n    when']], askers('gains claims-pii mode: brokered → credentials')],
  ['an hour more', [['"08:00-18:00"', '"07:00-18:00"']], askers(`gains claims-pii when: ${berlin} → mon tue wed thu fri 07:00-18:00 Europe/Berlin`)],
  ['the same window in two parts', [['when: { days: [mon, tue, wed, thu, fri], hours: "08:00-18:00", zone: Europe/Berlin }', 'when: [{ days: [mon, tue, wed, thu, fri], hours: "08:00-12:00", zone: Europe/Berlin }, { days: [mon, tue, wed, thu, fri], hours: "12:00-18:00", zone: Europe/Berlin }]']], []],
  ['another zone is another time', [['"08:00-18:00", zone: Europe/Berlin', '"08:00-18:00", zone: Europe/Paris']], ['gains', 'loses'].flatMap((word) => askers(`${word} claims-pii when: ${berlin} → mon tue wed thu fri 08:00-18:00 Europe/Paris`))],
  ['no window at all', [['    when: { days: [mon, tue, wed, thu, fri], hours: "08:00-18:00", zone: Europe/Berlin }\n', '']], askers(`gains claims-pii when: ${berlin} → always`)],
  ['one more channel to ask from', [['via: [console, cli]', 'via: [console, cli, slack]']], askers('gains claims-pii via: cli, console → cli, console, slack')],
  ['a shorter reason', [['minLength: 15', 'minLength: 5']], askers('gains claims-pii reason: 15 → 5')],
  ['any ticket', [['"CLM-<digits>"', '"*"']], askers('gains claims-pii ticket: CLM-<digits> → *')],
  ['no ticket', [['      ticket: "CLM-<digits>"\n', '']], askers('gains claims-pii ticket: CLM-<digits> → ')],
  ['another ticket is both', [['"CLM-<digits>"', '"XYZ-<digits>"']], ['gains', 'loses'].flatMap((word) => askers(`${word} claims-pii ticket: CLM-<digits> → XYZ-<digits>`))],
  ['an older sign-in', [['within: 15m, acr', 'within: 30m, acr']], askers('gains claims-pii signIn: at most 15m ago, acr phr, amr mfa → at most 30m ago, acr phr, amr mfa')],
  ['a weaker sign-in', [[', amr: [mfa]', '']], askers('gains claims-pii signIn: at most 15m ago, acr phr, amr mfa → at most 15m ago, acr phr')],
  ['a sign-in of two ways at once', [['acr: [phr], amr: [mfa]', 'acr: [phr, pwd], amr: [mfa, hwk]']], ['gains', 'loses'].flatMap((word) => askers(`${word} claims-pii signIn: at most 15m ago, acr phr, amr mfa → at most 15m ago, acr phr or pwd, amr mfa hwk`))],
  ['larger caps', [['pending: 5, active: 1, perDay: 8h', 'pending: 6, active: 2']], ['caps.active: 1 → 2', 'caps.pending: 5 → 6', 'caps.perDay: 8h → '].flatMap((line) => askers(`gains claims-pii ${line}`))],
  ['a new policy ends it', [['mode: brokered\n    when', 'mode: brokered\n    revokeOnChange: true\n    when']], askers('loses claims-pii revokeOnChange: false → true')],
  ['refused queries end it', [['mode: brokered\n    when', 'mode: brokered\n    endAfterRefusals: 3\n    when']], askers('loses claims-pii endAfterRefusals:  → 3')],
  ['an ask waits longer', [['quorum: 2\n      within: 2h', 'quorum: 2\n      within: 3h']], askers('gains claims-pii approval.within: 2h → 3h')],
  ['votes from another channel', [['via: [console]', 'via: [console, slack]']], askers('gains claims-pii approval.via: console → console, slack')],
  ['any sign-in of approvers', [['      signIn: { within: 1h }\n', '']], askers('gains claims-pii approval.signIn: at most 1h ago → ')],
  ['who joins later may decide', [['membershipAsOf: request', 'membershipAsOf: now']], askers('gains claims-pii approval.membershipAsOf: request → now')],
  ['votes for each other sooner', [['noReciprocalWithin: 24h', 'noReciprocalWithin: 1h']], askers('gains claims-pii approval.noReciprocalWithin: 1d → 1h')],
  ['an approver joins a group', [['{ id: sam, groups: [security]', '{ id: sam, groups: [security, privacy]']], [
    'sam gains claims-pii approve:  → group:privacy',
    'sam gains payments-pii approve:  → group:privacy'
  ]],
  ['an approver is named', [['from: [group:privacy, group:owners]', 'from: [group:privacy, group:owners, person:sam]']], [
    ...askers('gains claims-pii approval.from: group:owners or group:privacy → group:owners or group:privacy or person:sam'),
    'sam gains claims-pii approve:  → person:sam'
  ]],
  ['an approver is named who was in a group', [['from: [group:privacy, group:owners]', 'from: [group:privacy, group:owners, person:pia]']], []],
  ['an approver counts for another set', [['{ id: paul, groups: [privacy]', '{ id: paul, groups: [privacy, owners]']], [
    'paul gains payments-pii approve:  → group:owners'
  ]],
  ['one of each becomes any two', [['from: { allOf: [ { of: [group:privacy], atLeast: 1 }, { of: [group:owners], atLeast: 1 } ] }', 'from: [group:privacy, group:owners], quorum: 2']], [
    'tom gains payments-pii approval.from: 1 of group:privacy and 1 of group:owners → group:owners or group:privacy'
  ]],
  ['approved by the rule itself', [['approval: { from: { allOf: [ { of: [group:privacy], atLeast: 1 }, { of: [group:owners], atLeast: 1 } ] }, within: 2h }', 'approval: { auto: true, perDay: 2 }']], [
    'olaf loses payments-pii approve: group:owners → ',
    'olga loses payments-pii approve: group:owners → ',
    'paul loses payments-pii approve: group:privacy → ',
    'pia loses payments-pii approve: group:privacy → ',
    'tom gains payments-pii approvals: 2 → 0',
    'tom loses payments-pii auto.perDay:  → 2'
  ]],
  ['more often by itself', [['auto: true, perDay: 3', 'auto: true, perDay: 9']], ['otto gains payments-pii auto.perDay: 3 → 9']],
  ['fewer are told of an emergency', [['notify: [group:security, group:privacy]', 'notify: [group:security]']], [
    'otto gains claims-pii breakGlass.notify: group:privacy, group:security → group:security'
  ]],
  ['a reviewer more', [['review: [group:security]', 'review: [group:security, person:pia]']], [
    'otto gains claims-pii breakGlass.review: group:security → group:security, person:pia',
    'pia gains claims-pii review:  → person:pia'
  ]],
  ['a deny is lifted', [['  - { id: contractors-never, requesters: [group:contractors] }\n', '']], [
    'cass gains claims-pii deny: contractors-never → '
  ]],
  ['a deny is shorter', [['"16:00-18:00"', '"17:00-18:00"']], [
    `tom gains claims-pii deny: ${evenings} → trainees-evenings mon tue wed thu fri 17:00-18:00 Europe/Berlin`
  ]],
  ['a deny that hits nobody who may ask', [['  - { id: contractors-never, requesters: [group:contractors] }\n', '  - { id: contractors-never, requesters: [group:contractors] }\n  - { id: other, requesters: [person:sam] }\n']], []],
  ['no guardrail', [['    guardrail: standard\n', '']], [
    'columns: claims.customers.dob denied, claims.customers.email only in aggregates, claims.customers.ssn denied → ',
    'forbidCrossJoin: yes → ',
    'forbidFunctions: regexp_extract → ',
    'requireLimit: 1000 → ',
    'requirePartitionPredicate: yes → ',
    'tables: claims.claims, claims.customers → every table'
  ].flatMap((line) => askers(`gains claims-pii guardrail.${line}`))],
  ['a column is no longer denied', [['[ssn, dob]', '[ssn]']], askers('gains claims-pii guardrail.columns: claims.customers.dob denied → ')],
  ['a column only in aggregates', [['[ssn, dob]', '[ssn]'], ['[email]', '[email, dob]']], askers('gains claims-pii guardrail.columns: claims.customers.dob denied → claims.customers.dob only in aggregates')],
  ['one column for another', [['[ssn, dob]', '[ssn, city]']], ['gains', 'loses'].flatMap((word) => askers(`${word} claims-pii guardrail.columns: claims.customers.dob denied → claims.customers.city denied`))],
  ['a larger limit', [['requireLimit: 1000', 'requireLimit: 5000']], askers('gains claims-pii guardrail.requireLimit: 1000 → 5000')],
  ['fewer tables', [['tables: [claims.customers, claims.claims]', 'tables: [claims.claims]']], askers('loses claims-pii guardrail.tables: claims.customers → ')],
  ['the target has another table', [['tables: [customers, claims]', 'tables: [customers, claims, notes]']], [
    ...askers('gains claims-pii tables:  → claims.notes'),
    'otto gains claims-pii tables:  → claims.notes'
  ]],
  ['the target has another role', [['role/sallyport-payments', 'role/admin']], ['gains', 'loses'].flatMap((word) => ['otto', 'tom'].map((person) => `${person} ${word} payments-pii target: role arn:aws:iam::123456789012:role/sallyport-payments → role arn:aws:iam::123456789012:role/admin`))],
  ['a role is given', [['auditor: [person:sue]', 'auditor: [person:sue, person:pia]']], ['pia gains - role:  → auditor']],
  ['somebody else\'s account', [['{ id: alice,', '{ id: alice, subjects: [alice, mallory],']], ['alice gains - subject:  → mallory']],
  ['a Slack account', [['{ id: pia,', '{ id: pia, slack: [{ team: T0ACME, user: U0PIA }],']], ['pia gains - slack:  → T0ACME/U0PIA']],
  ['a rule of another name is the same', [['id: asking', 'id: questions']], []],
  ['a group of another name is the same', [['id: owners', 'id: stewards'], ['olga, groups: [owners]', 'olga, groups: [stewards]'], ['olaf, groups: [owners]', 'olaf, groups: [stewards]'], ['[group:privacy, group:owners]', '[group:privacy, group:stewards]'], ['{ of: [group:owners]', '{ of: [group:stewards]']], []]
]

t.test('every kind of gain, and the other way round every kind of loss', async (t) => {
  const before = load(base)
  for (const [sentence, edits, expected] of rows) {
    const after = edited(edits)
    t.same(lines(before, after), expected.toSorted(), sentence)
    t.same(lines(after, before, true), expected.toSorted(), `${sentence}, taken back`)
  }
})

const oneOf = <T>(...all: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...all)
const rarely = (text: string): fc.Arbitrary<string> => fc.option(fc.constant(text), { nil: '', freq: 2 }).map((some) => some ?? '')
const groupNames = ['analysts', 'oncall', 'privacy', 'owners'] as const
const refs = (most: number): fc.Arbitrary<string> =>
  fc.subarray(groupNames.map((name) => `group:${name}`), { minLength: 1, maxLength: most }).map((some) => `[${some.join(', ')}]`)
const set = fc.tuple(refs(2), oneOf(1, 2)).map(([of, atLeast]) => `{ of: ${of}, atLeast: ${atLeast} }`)
const peopleApproval = fc
  .tuple(
    fc.oneof(
      fc.tuple(refs(2), oneOf(1, 2)).map(([from, quorum]) => `from: ${from}, quorum: ${quorum}`),
      fc.array(set, { minLength: 2, maxLength: 2 }).map((sets) => `from: { allOf: [ ${sets.join(', ')} ] }`)
    ),
    rarely(', via: [cli]')
  )
  .map(([from, via]) => `approval: { ${from}, within: 2h${via} }`)
const settings = fc
  .tuple(
    refs(2),
    oneOf('[claims-pii]', '[payments-pii]', '[claims-pii, payments-pii]'),
    oneOf('1h', '2h'),
    oneOf('brokered', 'credentials'),
    rarely('    when: { days: [mon], zone: UTC }\n'),
    rarely('    via: [slack]\n'),
    oneOf('', '      reason: { minLength: 5 }\n'),
    oneOf('', '      ticket: "*"\n', '      ticket: "A-<digits>"\n'),
    rarely('      signIn: { within: 15m }\n'),
    rarely('    caps: { pending: 1, active: 2 }\n'),
    oneOf('', '', '    startAhead: 2d\n    extensions: 0\n', '    extensions: 2\n')
  )
  .chain(([requesters, targets, length, mode, when, via, reason, ticket, signIn, caps, planned]) => {
    const body = (approval: string, require: string): string =>
      `    targets: ${targets}\n    requesters: ${requesters}\n    maxDuration: ${length}\n    activateWithin: 1h\n    mode: ${mode}\n` +
      `${when}${via}${require === '' ? '' : `    require:\n${require}`}${caps}${approval.includes('breakGlass') ? '' : planned}    ${approval}\n`
    const require = `${reason}${ticket}${signIn}`
    const always = '      reason: { minLength: 5 }\n      ticket: "A-<digits>"\n'
    return oneOf('people', 'people', 'people', 'auto', 'glass').chain((kind) => {
      if (kind === 'people') return peopleApproval.map((approval) => body(approval, require))
      if (kind === 'auto') return oneOf(1, 2).map((n) => body(`approval: { auto: true, perDay: ${n} }`, require))
      return refs(1).map((review) => {
        const glass = `approval: { breakGlass: true, notify: [group:owners], review: ${review} }`
        return body(glass, `${always}${signIn}`).replace('maxDuration: 2h', 'maxDuration: 1h')
      })
    })
  })
const deny = fc
  .tuple(refs(1), rarely(', targets: [claims-pii]'), rarely(', when: { days: [mon], zone: UTC }'))
  .map(([requesters, targets, when]) => `requesters: ${requesters}${targets}${when} }`)
const names = ['ann', 'bea', 'cal', 'dee', 'eli'] as const
const organisation = fc
  .record({
    people: fc.tuple(...names.map(() => fc.tuple(fc.subarray([...groupNames], { minLength: 1 }), fc.integer({ min: 0, max: 9 })))),
    rules: fc.array(settings, { minLength: 1, maxLength: 3 }),
    denies: fc.array(deny, { maxLength: 2 })
  })
  .map(({ people: those, rules: all, denies }) => ({
    ...base,
    'roles.yaml': 'roles: {}\n',
    'guardrails/standard.yaml': 'guardrail: standard\n',
    'targets/claims.yaml': base['targets/claims.yaml'].replace('group:security', 'group:owners'),
    'targets/payments.yaml': base['targets/payments.yaml'].replace('group:security', 'group:owners'),
    'people.yaml': `groups:\n${groupNames.map((id) => `  - id: ${id}\n`).join('')}people:\n${those
      .map(([groups, n], i) => `  - { id: ${names[i]}, active: ${n > 0}, groups: [${groups.join(', ')}] }\n`)
      .join('')}`,
    'rules.yaml': `rules:\n${all.map((one, i) => `  - id: rule-${i}\n${one}`).join('')}${denies.length === 0 ? '' : 'deny:\n'}${denies
      .map((one, i) => `  - { id: deny-${i}, ${one}\n`)
      .join('')}`
  }))
/** Two policies that load, the second often with only one document of its own. */
const pair = fc
  .tuple(organisation, organisation, oneOf('all', 'people.yaml', 'rules.yaml'))
  .map(([old, other, part]) => {
    return { old, now: part === 'all' ? other : { ...old, [part]: other[part as 'rules.yaml'] } }
  })
type Files = Readonly<Record<string, string>>
const loadedPair = ({ old, now }: { readonly old: Files; readonly now: Files }): readonly [Policy, Policy] => {
  const policyOf = (files: Files): Policy | null => {
    const loaded = loadPolicy(Object.entries(files).map(([path, text]) => ({ path, text })))
    return loaded.ok ? loaded.policy : null
  }
  const before = policyOf(old)
  const after = before === null ? null : policyOf(now)
  if (before !== null && after !== null) return [before, after]
  fc.pre(false)
  throw new Error('unreachable')
}

const runs = 40

const idOf = (name: string): PersonId => {
  const id = parsePersonId(name)
  if (id === null) throw new Error(name)
  return id
}
const claims = parseTargetId('claims-pii')
const payments = parseTargetId('payments-pii')
const hour = parseDuration('1h')
const twoHours = parseDuration('2h')
if (claims === null || payments === null || hour === null || twoHours === null) throw new Error('ids')

const going = (place: number) => ({
  extends: { elevation: known(parseElevationId('01JD6QZ5S0ABCDEFGHJKMNPQRS')), notAfter: instant(0), place, seconds: hour }
})
const asks = [claims, payments].flatMap((on) =>
  [hour, twoHours].flatMap((duration) =>
    ['', 'a long reason'].flatMap((reason) =>
      [null, 'A-1', 'B-1'].flatMap((ticket) =>
        [{}, { breakGlass: true }, { startAt: instant(Date.UTC(2026, 10, 18, 12)) }, going(2), going(3)].map((more) => {
          const tables = [on === claims ? 'claims.claims' : 'payments.payments']
          return { target: on, duration, reason, ticket, tables, columns: null, breakGlass: false, ...more }
        })
      )
    )
  )
)
const [monday, tuesday] = ['2026-11-16', '2026-11-17'].map((day) => instant(Date.parse(`${day}T12:00:00Z`)))
const situations = [monday, tuesday].flatMap((now) =>
  (['slack', 'cli'] as const).flatMap((via) =>
    [0, 1].map((count) => ({
      now: now ?? instant(0),
      stage: {
        kind: 'ask' as const,
        presence: { via, authAt: count === 0 ? (now ?? null) : null, acr: null, amr: [] },
        standing: { pending: count, open: count, secondsInDay: 0, autoInDay: count, unreviewed: null }
      }
    }))
  )
)

t.test('no ask is let through anew, or more easily, that the difference does not tell', async (t) => {
  let seen = 0
  fc.assert(
    fc.property(pair, (files) => {
      const [old, now] = loadedPair(files)
      const told = new Set(
        [...diffPolicies(old, now)].flatMap(({ people: who, target: on, change }) => who.map((id) => `${id} ${change} ${on}`))
      )
      for (const id of names.map(idOf)) {
        for (const ask of asks) {
          for (const situation of situations) {
            const [before, after] = [old, now].map((policy) => rank(decide(policy, id, ask, situation)))
            if (before === after || before === undefined || after === undefined) continue
            seen++
            const line = `${id} ${after < before ? 'gains' : 'loses'} ${ask.target}`
            if (!told.has(line)) throw new Error(`${line}: ${JSON.stringify(ask)} ${before} → ${after}`)
          }
        }
      }
    }),
    { numRuns: runs }
  )
  t.ok(seen > 100, `saw ${seen} asks decided otherwise`)
})

/** Smaller gives more: fewest approvals, then out of fewer sets, then credentials. */
const rank = (decision: ReturnType<typeof decide>): number => {
  if (decision.kind === 'deny') return 999
  const { quorum, sets, mode } = decision.terms
  return quorum * 100 + sets.length * 10 + Number(mode === 'brokered')
}

t.test('no votes are enough anew that the difference does not tell', async (t) => {
  let seen = 0
  const subsets = fc.sample(fc.subarray([...names]), 60).map((some) => some.join(' '))
  fc.assert(
    fc.property(pair, (files) => {
      const [old, now] = loadedPair(files)
      const gains = new Set([...diffPolicies(old, now)].flatMap(({ change, target: on }) => (change === 'gains' ? [on] : [])))
      for (const requester of names.map(idOf)) {
        for (const on of [claims, payments]) {
          for (const voters of new Set(subsets)) {
            const [before, after] = [old, now].map((policy) => isEnough(policy, requester, on, voters))
            if (before || !after) continue
            seen++
            if (!gains.has(on)) throw new Error(`${requester} on ${on} by ${voters}`)
          }
        }
      }
    }),
    { numRuns: runs }
  )
  t.ok(seen > 10, `saw ${seen} votes that were enough only after`)
})

/** Whether these votes let some ordinary rule's ask through. */
const isEnough = (policy: Policy, requester: PersonId, on: typeof claims, voters: string): boolean => {
  const asker = policy.people.get(requester)
  const among = (requesters: Policy['rules'][number]['requesters']): boolean =>
    requesters.some(({ name }) => asker?.groups.has(name))
  const isDenied = policy.denies.some(({ requesters, targets }) => among(requesters) && targets?.includes(on) !== false)
  if (!asker?.active || isDenied) return false
  return policy.rules.some(({ id: rule, targets, requesters, approval }) => {
    if (!targets.includes(on) || !among(requesters) || approval.kind === 'breakGlass') return false
    if (approval.kind === 'auto') return true
    const terms = { rule, quorum: approval.quorum, approvers: null, sets: [] }
    return votesMet(policy, { ask: { requester }, terms }, voters === '' ? [] : voters.split(' ').map(idOf)).met
  })
}
