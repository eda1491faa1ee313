/** Posture: the rules both ways, mends, waivers, hostile names, snapshots and reports. */
import fc from 'fast-check'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { findingCodes } from '../src/policy/finding-codes.ts'
import { judge } from '../src/posture/judge.ts'
import { ruleRows } from '../src/posture/rules.ts'
import { parseFacts } from '../src/posture/facts-file.ts'
import { comparisonSummary, comparisonTable } from '../src/posture/comparison.ts'
import { loadPolicy } from '../src/policy/load.ts'
import { diffPolicies } from '../src/policy/diff.ts'
import { policySchemas } from '../src/policy/json-schema.ts'
import { reportOf } from '../src/posture/report.ts'
import { reportAsff } from '../src/posture/report-asff.ts'
import { reportCsv } from '../src/posture/report-csv.ts'
import { reportHtml } from '../src/posture/report-html.ts'
import { reportJson } from '../src/posture/report-json.ts'
import { reportOcsf } from '../src/posture/report-ocsf.ts'
import { postureJudge } from '../src/cli/posture-judge.ts'
import { postureReport } from '../src/cli/posture-report.ts'
import { evaluate } from '../src/iam/evaluate.ts'
import type { PolicyDocument } from '../src/iam/policy-document.ts'
import { root, shippedPolicies } from './place.ts'
import { at, cases, codesOf, factsWith, judged, many, sceneWith } from './posture-scene.ts'

t.test('a compliant account has no finding', async (t) => {
  t.strictSame(judged(), [])
})

t.test('every code is of a rule, every rule has a code, and each is shown both ways', async (t) => {
  t.strictSame([...new Set(ruleRows.map(({ code }) => code))].toSorted(), [...findingCodes].toSorted())
  for (const code of findingCodes) {
    const own = cases.filter(({ finding }) => finding === code)
    t.ok(own.some(({ expect }) => expect.found !== null), `${code} is found`)
    t.ok(own.some(({ expect }) => expect.found === null), `${code} is not found`)
  }
  for (const { code, judges } of ruleRows) {
    t.equal(ruleRows.filter((row) => row.code === code && row.judges === judges).length, 1, `${code} of a ${judges}`)
    const shown = cases.some(
      ({ finding, expect, patch, scene }) =>
        finding === code &&
        expect.found !== null &&
        judged(patch, scene).some((one) => one.code === code && one.kind === judges)
    )
    t.ok(shown, `${code} is found on a ${judges}`)
  }
})

for (const { finding, name, patch, scene, expect } of cases) {
  t.test(`${finding}: ${name}`, async (t) => {
    const findings = judged(patch, scene)
    const own = findings.filter(({ code }) => code === finding)
    if (expect.found === null) {
      t.strictSame(own, [])
      return
    }
    const there = own.filter(({ resource }) => resource === expect.found?.resource)
    t.ok(there.length > 0, `found: ${own.map(({ resource }) => resource).join()}`)
    t.ok(there.every(({ severity }) => severity === expect.found?.severity), there.map(({ severity }) => severity).join())
    t.ok(there.every(({ mend }) => mend.cli.length > 0 && mend.cloudformation !== '' && mend.terraform !== ''))
    t.ok(there.every(({ mend }) => !JSON.stringify(mend).includes('undefined')))
    t.equal(new Set(findings.map(({ id }) => id)).size, findings.length, 'ids are distinct')
  })
}

t.test('what mends an undeclared workgroup denies queries in it, and in no other', async (t) => {
  const [undeclared] = cases.filter(({ finding, expect }) => finding === 'workgroup_undeclared' && expect.found !== null)
  const [found] = judged(undeclared?.patch, undeclared?.scene).filter(({ code }) => code === 'workgroup_undeclared')
  const json = /--content '([^']+)'/.exec(found?.mend.cli[0] ?? '')?.[1] ?? '{}'
  const account = '123456789012'
  const anybody = { kind: 'user', arn: `arn:aws:iam::${account}:user/admin`, account } as const
  const allowAll: PolicyDocument = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
  // a service control policy denies as any other policy does
  const decide = (resource: string) =>
    evaluate(
      { principal: anybody, action: 'athena:StartQueryExecution', resource, context: {} },
      { identity: [allowAll, JSON.parse(json)] }
    ).decision
  t.equal(decide(found?.resource ?? ''), 'explicit-deny')
  t.equal(decide(`arn:aws:athena:eu-west-1:${account}:workgroup/claims-pii`), 'allow')
  t.match(found?.mend.cli[1], `attach-policy --policy-id "$POLICY" --target-id ${account}`)
})

const messy = many(6, 3, 3)
const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length })

t.test('the order of facts changes no finding', async (t) => {
  const expected = judge(messy, sceneWith())
  t.ok(expected.length > 10)
  const orders = fc.record({
    workgroups: shuffled(messy.workgroups),
    keys: shuffled(messy.keys),
    buckets: shuffled(messy.buckets),
    tables: shuffled(messy.tables),
    principals: shuffled(messy.principals)
  })
  fc.assert(
    fc.property(orders, (order) => {
      t.strictSame(judge({ ...messy, ...order }, sceneWith()), expected)
    }),
    { numRuns: 20 }
  )
})

/** What a mend of a key or role puts, laid over the facts. */
const policyOf = (line: string, option: string): string => {
  const start = line.indexOf(`${option} '`) + option.length + 2
  return line.slice(start, line.lastIndexOf("'")).replaceAll("'\\''", "'")
}

t.test('the policy that mends a key closes the finding and opens no other', async (t) => {
  const mended = cases.filter(({ finding, expect }) => finding.startsWith('key_policy_') && expect.found !== null)
  t.ok(mended.length >= 10)
  for (const { finding, name, patch, scene } of mended) {
    const before = judged(patch, scene)
    const line = before.find(({ code }) => code === finding)?.mend.cli[0] ?? ''
    t.match(line, /^aws kms put-key-policy --region eu-west-1 --key-id arn:/)
    const after = judged([...patch, ['/keys/0/policy', policyOf(line, '--policy')]], scene)
    t.strictSame(codesOf(after).filter((code) => !codesOf(before).includes(code)), [], `${finding}: ${name}`)
    t.notOk(codesOf(after).includes(finding as 'key_policy_decrypt'), `${finding}: ${name} is closed`)
  }
})

t.test('the trust policy that mends a role closes both findings of it', async (t) => {
  const wide = cases.find(({ finding }) => finding === 'role_trust_unfenced')?.patch ?? []
  const line = judged(wide).find(({ code }) => code === 'role_trust_unfenced')?.mend.cli[0] ?? ''
  t.match(line, /^aws iam update-assume-role-policy --role-name sallyport-claims /)
  t.strictSame(judged([...wide, ['/principals/0/trust', policyOf(line, '--policy-document')]]), [])
})

t.test('a mended workgroup closes its findings', async (t) => {
  const broken = [
    ['/workgroups/0/enforced', false],
    ['/workgroups/0/results/encryption', 'SSE_S3'],
    ['/workgroups/0/results/key', null],
    ['/workgroups/0/results/location', 's3://elsewhere/'],
    ['/workgroups/0/bytesScannedCutoff', null]
  ] as const
  const found = judged(broken)
  t.strictSame(codesOf(found), [
    'workgroup_no_scan_limit',
    'workgroup_not_enforced',
    'workgroup_results_elsewhere',
    'workgroup_results_sse_s3'
  ])
  const updates = Object.assign(
    {},
    ...found.map(({ mend }) => JSON.parse(policyOf(mend.cli[0] ?? '', '--configuration-updates')))
  )
  const { ResultConfigurationUpdates: results } = updates
  t.strictSame(
    judged([
      ['/workgroups/0/enforced', updates.EnforceWorkGroupConfiguration],
      ['/workgroups/0/results/encryption', results.EncryptionConfiguration.EncryptionOption],
      ['/workgroups/0/results/key', results.EncryptionConfiguration.KmsKey],
      ['/workgroups/0/results/location', results.OutputLocation],
      ['/workgroups/0/bytesScannedCutoff', updates.BytesScannedCutoffPerQuery]
    ]),
    []
  )
})

const workgroup = 'arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii'
const waiver = {
  finding: 'workgroup_no_scan_limit',
  resource: workgroup,
  reason: 'The monthly report scans everything',
  by: 'sam',
  from: at('2026-11-01T00:00:00Z'),
  until: at('2026-12-01T00:00:00Z')
}

t.test('a waiver waives from its first second to its last, and stays listed', async (t) => {
  const stateAt = (now: string) =>
    judged([['/workgroups/0/bytesScannedCutoff', null]], [['/posture/waivers', [waiver]], ['/now', now]])
      .filter(({ code }) => code === 'workgroup_no_scan_limit')
      .map(({ code, waiver: one }) => [code, one?.state ?? null])
  const rows = [
    ['2026-10-31T23:59:59Z', null],
    ['2026-11-01T00:00:00Z', 'holds'],
    ['2026-11-30T23:59:59Z', 'holds'],
    ['2026-12-01T00:00:00Z', 'expired']
  ] as const
  for (const [now, state] of rows) t.strictSame(stateAt(now)[0], ['workgroup_no_scan_limit', state], now)
  const elsewhere = [['/posture/waivers', [{ ...waiver, resource: `${workgroup}-2` }]]] as const
  t.equal(judged([['/workgroups/0/bytesScannedCutoff', null]], elsewhere)[0]?.waiver, null)
})

const hostile = `'; rm -rf /; <script>alert(1)</script> "\${x}" %{if} =1+1 \u202e\u0007 $(id) ,\n#`

t.test('hostile names break out of no form', async (t) => {
  const patch = [
    ['/workgroups/0/enforced', false],
    ['/workgroups/0/name', hostile],
    ['/workgroups/0/results/location', hostile],
    ['/keys/0/aliases', [hostile]],
    ['/keys/0/tags', { owner: hostile, ['__proto__x']: hostile }],
    ['/gaps/-', { call: `=cmd|' /C calc'!A0`, resource: hostile, code: hostile, message: hostile }],
    ['/principals/0/policies/-', { name: hostile, from: 'inline', text: '{}' }]
  ] as const
  const report = reportOf(factsWith(patch), sceneWith())
  t.ok(report.findings.length > 5)
  const html = reportHtml(report)
  t.notMatch(html, /<script|<img|<[^>]*\son\w+=|\p{Bidi_Control}/u)
  t.match(html, /default-src 'none'/)
  for (const row of reportCsv(report).split('\r\n').slice(1, -1)) t.notMatch(row, /(?:^|,)"?[=+\-@]/)
  for (const { finding } of report.findings) {
    for (const line of finding.mend.cli) t.equal(unquoted(line).match(/[;<>|&`\n]/), null, line)
    t.notMatch(finding.mend.terraform, /[^$]\$\{x|[^%]%\{if/)
    for (const text of [finding.mend.terraform, finding.mend.cloudformation]) {
      t.notMatch(text, /\p{Bidi_Control}/u)
      t.ok(text.split('\n').every((line) => !line.startsWith(';')), text)
    }
  }
  t.equal(JSON.parse(reportJson(report)).findings.length, report.findings.length)
})

/** A line without what its single quotes hold. */
const unquoted = (line: string): string => line.replaceAll(/'[^']*'|\\'/g, '')

t.test('a report tells when a finding was first seen and what was closed', async (t) => {
  const earlier = factsWith([['/at', '2026-11-01T10:00:00Z'], ['/workgroups/0/enforced', false], ['/workgroups/0/metrics', false]])
  const now = factsWith([['/workgroups/0/metrics', false]])
  const report = reportOf(now, sceneWith(), { earlier: [earlier] })
  t.strictSame(
    report.findings.map(({ finding, firstSeen, lastSeen }) => [finding.code, firstSeen, lastSeen]),
    [['workgroup_no_metrics', at('2026-11-01T10:00:00Z'), at('2026-11-21T10:00:00Z')]]
  )
  t.strictSame(report.closed.map(({ finding }) => finding.code), ['workgroup_not_enforced'])
  const { figures } = report
  t.strictSame(
    {
      workgroups: figures.workgroups,
      targets: figures.targets,
      locations: figures.locations,
      bySeverity: figures.bySeverity,
      byAge: figures.byAge.map(({ count }) => count),
      byOwner: figures.byOwner,
      closed: figures.closed,
      mean: figures.meanSecondsToMend
    },
    {
      workgroups: { count: 1, of: 1 },
      targets: { count: 1, of: 1 },
      locations: { count: 2, of: 2 },
      bySeverity: { critical: 0, high: 0, medium: 0, low: 1 },
      byAge: [0, 1, 0, 0],
      byOwner: [{ owner: 'group:claims-data', count: 1 }],
      closed: 1,
      mean: 20 * 86_400
    }
  )
  const [open, closed] = JSON.parse(reportAsff(report))
  t.match(open, {
    SchemaVersion: '2018-10-08',
    AwsAccountId: '123456789012',
    ProductArn: 'arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default',
    FirstObservedAt: '2026-11-01T10:00:00.000Z',
    Severity: { Label: 'LOW' },
    Workflow: { Status: 'NEW' },
    Compliance: { Status: 'FAILED' },
    RecordState: 'ACTIVE'
  })
  t.match(closed, { Workflow: { Status: 'RESOLVED' }, Compliance: { Status: 'PASSED' }, RecordState: 'ARCHIVED' })
  const events = reportOcsf(report).trimEnd().split('\n').map((line) => JSON.parse(line))
  t.match(events[0], { class_uid: 2003, category_uid: 2, type_uid: 200301, severity_id: 2, status_id: 1, compliance: { status_id: 3 } })
  t.match(events[1], { type_uid: 200303, status_id: 4, compliance: { status_id: 1 } })
})

t.test('a snapshot is read strictly, and each fault has its place', async (t) => {
  const base = JSON.parse(JSON.stringify(factsWith()))
  const placesOf = (value: unknown) => {
    const read = parseFacts(typeof value === 'string' ? value : JSON.stringify(value))
    return read.ok ? [] : read.issues.map(({ place }) => place)
  }
  const [key] = base.keys
  t.strictSame(placesOf(base), [])
  t.strictSame(placesOf('{'), [''])
  t.strictSame(placesOf({ ...base, version: 2 }), ['/version'])
  t.strictSame(placesOf({ ...base, at: '2026-02-30T00:00:00Z' }), ['/at'])
  t.strictSame(placesOf({ ...base, keys: [key, key] }), ['/keys/1'])
  t.ok(placesOf({ ...base, keys: [{ ...key, rotation: 'on' }] }).some((place) => place.startsWith('/keys/0/rotation')))
  t.ok(placesOf({ ...base, more: 1 }).length > 0)
  t.ok(placesOf({ ...base, keys: [{ ...key, colour: 'red' }] }).some((place) => place.startsWith('/keys/0')))
  const { grants, ...without } = key
  t.ok(grants && placesOf({ ...base, keys: [without] }).length > 0)
})

const policyWith = (...posture: readonly string[]) =>
  loadPolicy([
    { path: 'people.yaml', text: 'people: [{ id: sam }]\n' },
    ...posture.map((text, n) => ({ path: `posture/${n}.yaml`, text }))
  ])
const waiverText = (over: Readonly<Record<string, string>> = {}): string => {
  const one = { finding: 'key_shared', resource: 'arn:aws:kms:eu-west-1:1:key/1', reason: 'It is taken apart in spring', by: 'person:sam', until: '2027-11-01', ...over }
  return `posture: acme\nfrom: 2026-11-01\nwaivers:\n  - { ${Object.entries(one).map(([k, v]) => `${k}: "${v}"`).join(', ')} }\n`
}

const both = (name: string) => `posture: ${name}\nfrom: 2026-11-01\nmaxTargetsPerKey: 2\n`

t.test('a posture document loads whole or tells every fault', async (t) => {
  const issues = (...texts: readonly string[]) => {
    const loaded = policyWith(...texts)
    return loaded.ok ? [] : loaded.issues.map(({ line, path, code }) => `${line} ${path} ${code}`)
  }
  t.strictSame(issues(waiverText()), [])
  const rows = [
    [waiverText({ finding: 'key_sharde' }), '4 waivers[0].finding bad_value'],
    [waiverText({ resource: 'claims' }), '4 waivers[0].resource bad_value'],
    [waiverText({ reason: 'because' }), '4 waivers[0].reason bad_value'],
    [waiverText({ by: 'person:nobody' }), '4 waivers[0].by unresolved'],
    [waiverText({ by: 'group:all' }), '4 waivers[0].by bad_value'],
    [waiverText({ until: '2027-02-30' }), '4 waivers[0].until bad_value'],
    [waiverText({ until: '2027-11-02' }), '4 waivers[0].until bad_value'],
    [waiverText({ until: '2026-11-01' }), '4 waivers[0].until contradiction'],
    ['posture: acme\nfrom: 2026-11-01\nmaxRotation: 1d\n', '3 maxRotation bad_value'],
    ['posture: acme\nfrom: 2026-11-01\nunusedAfter: soon\n', '3 unusedAfter bad_value'],
    ['posture: acme\nfrom: 2026-11-01\nmaxRotatoin: 365d\n', '3 maxRotatoin unknown_key'],
    ['posture: acme\n', '1 from missing']
  ] as const
  for (const [text, expected] of rows) t.ok(issues(text).includes(expected), `${expected} in ${issues(text).join()}`)
  const second = waiverText().replace('acme', 'other')
  t.ok(issues(waiverText(), second).includes('4 waivers[0] duplicate'), 'a waiver twice')
  t.ok(issues(both('a1'), both('b1')).includes('3 maxTargetsPerKey duplicate'), 'a setting twice')
})

t.test('the digest and the difference tell settings and waivers', async (t) => {
  const policy = (...texts: readonly string[]) => {
    const loaded = policyWith(...texts)
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.issues))
    return loaded.policy
  }
  const plain = policy()
  const waived = policy(waiverText())
  t.not(plain.digest, waived.digest)
  const changes = (old: typeof plain, now: typeof plain) =>
    [...diffPolicies(old, now)].map(({ change, what, people }) => [change, what, people.length])
  t.strictSame(changes(plain, waived), [['gains', 'waiver', 0]])
  t.strictSame(changes(waived, plain), [['loses', 'waiver', 0]])
  const looser = policy('posture: acme\nfrom: 2026-11-01\nmaxTargetsPerKey: 3\nmaxRotation: 180d\n')
  t.strictSame(changes(plain, looser), [['loses', 'posture', 0], ['gains', 'posture', 0]])
})

t.test('the schema for editors is the one that loads', async (t) => {
  const file = readFileSync(join(shippedPolicies, 'schema/posture.json'), 'utf8')
  t.equal(file, `${JSON.stringify(policySchemas().get('posture.json'), null, 2)}\n`)
})

t.test('the comparison has every rule once', async (t) => {
  const lines = comparisonTable().trimEnd().split('\n')
  t.equal(lines.length, ruleRows.length + 2)
  t.ok(lines.every((line) => line.split(' | ').length === 6 || line.startsWith('|---')))
  const placed = readFileSync(join(root, 'test/vectors/posture/COMPARISON.md'), 'utf8')
  t.ok(placed.endsWith(comparisonTable()), 'the table that the README links is the present one')
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  t.ok(readme.includes(comparisonSummary()), 'and so is the README\'s own')
})

const run = async (command: (to: Parameters<typeof postureJudge>[0]) => Promise<number>, json = false) => {
  const out: string[] = []
  const err: string[] = []
  const code = await command({ json, colour: false, out: (line) => void out.push(line), err: (line) => void err.push(line) })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

t.test('the commands say what fails, in at most 100 columns', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-posture-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const fileOf = (name: string, patch: Parameters<typeof factsWith>[0]): string => {
    writeFileSync(join(folder, name), JSON.stringify(factsWith(patch)))
    return join(folder, name)
  }
  const now = at('2026-11-21T10:15:00Z')
  const scene = { policies: shippedPolicies, now, brokerRole: 'arn:aws:iam::123456789012:role/sallyport-broker' }
  const file = fileOf('facts.json', [['/workgroups/0/metrics', false]])
  const judgeAs = (failOn: 'high' | 'low', of = file) => run((to) => postureJudge(to, { ...scene, file: of, failOn }))
  // payments-pii is in the policies and not in the snapshot
  t.equal((await judgeAs('high')).code, 1)
  const { out } = await judgeAs('low')
  t.match(out, /at low or worse, so this fails/)
  t.ok(out.split('\n').every((line) => line.length <= 100 || line.trimStart().startsWith('$ ')))
  t.equal((await judgeAs('high', join(folder, 'none.json'))).code, 2)
  t.equal((await run((to) => postureJudge(to, { ...scene, at: 'today', file, failOn: 'high' }))).code, 2)
  t.equal((await run((to) => postureJudge(to, { ...scene, policies: folder, file, failOn: 'high' }))).code, 78)
  const lines = (await run((to) => postureJudge(to, { ...scene, file, failOn: 'high' }), true)).out.split('\n')
  t.ok(lines.every((line) => typeof JSON.parse(line).id === 'string'))
  const report = (format: 'table' | 'csv', since: readonly string[] = [], target?: string) =>
    run((to) => postureReport(to, { ...scene, file, format, since, ...(target === undefined ? {} : { out: target }) }))
  const table = await report('table', [fileOf('earlier.json', [['/at', '2026-11-01T10:00:00Z'], ['/workgroups/0/enforced', false]])])
  t.equal(table.code, 0)
  t.ok(table.out.split('\n').every((line) => line.length <= 100))
  t.match(table.out, /workgroup_not_enforced/)
  t.equal((await report('table', [file])).code, 2, 'not earlier')
  t.equal((await report('csv', [], join(folder, 'report.csv'))).code, 0)
  t.match(readFileSync(join(folder, 'report.csv'), 'utf8'), /^severity,code,title,/)
})
