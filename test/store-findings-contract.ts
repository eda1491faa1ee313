/** Findings, for every engine: opened and closed once, by whoever has the turn, and found again. */
import type { Test } from 'tap'
import type { Instant } from '../src/elevation/ids.ts'
import type { FindingsChange } from '../src/ports-posture.ts'
import { type Finding, findingId } from '../src/posture/finding.ts'
import type { Door } from '../src/posture/side-doors-door.ts'
import type { Store } from '../src/store/store.ts'
import { at, target } from './fixtures-elevation.ts'
import { entry } from './store-contract.ts'

const resource = 'arn:aws:athena:eu-west-1:123456789012:workgroup/claims-pii'

export const findingOf = (part: string, over: Partial<Finding> = {}): Finding => ({
  id: findingId('workgroup_tag_missing', resource, part),
  code: 'workgroup_tag_missing',
  kind: 'workgroup',
  severity: 'high',
  title: 'A tag is missing',
  resource,
  targets: ['claims-pii'],
  shows: `it has no tag ${part}`,
  why: 'Nobody answers for it',
  mend: { cli: ['aws athena tag-resource'], cloudformation: 'Tags: []', terraform: 'tags = {}' },
  owner: 'group:claims-data',
  waiver: null,
  ...over
})

const shares = { workgroups: { count: 1, of: 2 }, locations: { count: 3, of: 3 } }

const changeOf = (now: Instant, over: Partial<FindingsChange> = {}): FindingsChange => ({
  owner: 'one',
  now,
  opened: [],
  changed: [],
  closed: [],
  scanned: { at: now, shares, unseen: [] },
  ...over
})

const turn = (owner: string, minute: number) => ({ owner, now: at(minute), until: at(minute + 1) })

const keyDay = (day: string, requests: number, over: object = {}) => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/one'
  return { day, key, costCenter: 'cc-1', requests, withoutBucketKey: 1, cost: requests / 1000, ...over }
}

export const findingsContract = async (t: Test, open: () => Promise<Store>): Promise<void> => {
  await t.test('one replica at a time scans, and knows what was seen before', async (t) => {
    const { posture } = await open()
    t.strictSame(await posture.scanState(), { at: null, wantedAt: null })
    t.strictSame(await posture.takeScan(turn('one', 0)), { at: null, wantedAt: null })
    t.equal(await posture.takeScan(turn('two', 0)), null)
    t.strictSame(await posture.takeScan(turn('one', 0)), { at: null, wantedAt: null }, 'kept')
    await posture.giveScan('two')
    t.equal(await posture.takeScan(turn('two', 0)), null, 'only its owner gives it back')
    t.not(await posture.takeScan(turn('two', 1)), null, 'over')
    t.strictSame(await posture.keepFindings(changeOf(at(1)), []), { kind: 'conflict' }, 'lost')
    await posture.giveScan('two')
    await posture.wantScan(at(3))
    await posture.wantScan(at(2))
    t.strictSame(await posture.takeScan(turn('one', 4)), { at: null, wantedAt: at(3) })
  })

  await t.test('a finding is opened once and closed once, each with its entry', async (t) => {
    const store = await open()
    const { posture } = store
    const one = findingOf('owner')
    t.equal(await posture.knownOf(target('claims-pii')), null, 'nobody looked')
    await posture.takeScan(turn('one', 0))
    const opening = changeOf(at(0), { opened: [one] })
    t.strictSame(await posture.keepFindings(opening, [entry('open', null)]), { kind: 'committed', indexes: [0] })
    t.strictSame(await posture.keepFindings(opening, [entry('again', null)]), { kind: 'conflict' })
    t.strictSame(await posture.knownOf(target('claims-pii')), { at: at(0), findings: [one] })
    t.strictSame(await posture.knownOf(target('payments-pii')), { at: at(0), findings: [] })
    t.strictSame(await posture.openFindings(), [
      { finding: one, openedAt: at(0), seenAt: at(0), closedAt: null }
    ])
    const key = { id: one.id, openedAt: at(0) }
    await posture.takeScan(turn('one', 1))
    const closing = changeOf(at(1), { closed: [key] })
    t.match(await posture.keepFindings(closing, [entry('close', null)]), { kind: 'committed' })
    t.strictSame(await posture.keepFindings(closing, [entry('twice', null)]), { kind: 'conflict' })
    t.strictSame(await posture.openFindings(), [])
    t.strictSame(await posture.knownOf(target('claims-pii')), { at: at(1), findings: [] })
    t.match(await posture.closedFindings(at(1), 10), [{ finding: { id: one.id }, closedAt: at(1) }])
    t.strictSame(await posture.closedFindings(at(2), 10), [])
    await posture.takeScan(turn('one', 2))
    t.match(await posture.keepFindings(changeOf(at(2), { opened: [one] }), []), { kind: 'committed' }, 'it is back')
    t.equal((await store.entries(0, 10)).length, 2)
  })

  await t.test('what changes stays the same finding, and what was not seen is not seen later', async (t) => {
    const { posture } = await open()
    const [one, two] = [findingOf('owner'), findingOf('cost-center', { targets: [], severity: 'low' })]
    await posture.takeScan(turn('one', 0))
    await posture.keepFindings(changeOf(at(0), { opened: [one, two] }), [])
    await posture.takeScan(turn('one', 1))
    const waiver = { state: 'holds', by: 'person:sam', reason: 'moves next week', until: '2030-01-01T00:00:00.000Z' } as const
    const waived = { ...one, targets: ['claims-pii', 'payments-pii'], waiver }
    const changed = [{ id: one.id, openedAt: at(0), finding: waived }]
    await posture.keepFindings(
      changeOf(at(1), { changed, scanned: { at: at(1), shares, unseen: [two.id] } }),
      []
    )
    t.strictSame(await posture.knownOf(target('payments-pii')), { at: at(1), findings: [waived] })
    const seen = (await posture.openFindings()).map(({ finding, seenAt }) => [finding.id, seenAt])
    t.strictSame(new Map(seen.map(([id, when]) => [id, when])), new Map([[one.id, at(1)], [two.id, at(0)]]))
    t.strictSame(await posture.findingFigures(at(0)), {
      at: at(1),
      shares,
      open: [{ severity: 'low', target: null, count: 1 }],
      remedySeconds: null
    })
    t.strictSame(
      await posture.keepFindings(changeOf(at(1), { scanned: { at: at(0), shares, unseen: [] } }), []),
      { kind: 'conflict' },
      'a snapshot never goes back'
    )
  })

  await t.test('the mean time to remedy is of what was closed since', async (t) => {
    const { posture } = await open()
    const findings = ['a', 'b', 'c'].map((part) => findingOf(part))
    await posture.takeScan(turn('one', 0))
    await posture.keepFindings(changeOf(at(0), { opened: findings }), [])
    for (const [minute, finding] of findings.entries()) {
      const now = at(minute + 1)
      await posture.takeScan(turn('one', minute + 1))
      await posture.keepFindings(changeOf(now, { closed: [{ id: finding.id, openedAt: at(0) }] }), [])
    }
    t.equal((await posture.findingFigures(at(2))).remedySeconds, 150)
  })

  await t.test('each finding on a target is told once, reminded once, and told once that it is closed', async (t) => {
    const { posture } = await open()
    const [one, two] = [findingOf('owner'), findingOf('cost-center', { targets: [] })]
    const due = async (before: number) =>
      (await posture.dueAlerts(at(before), 10)).map(({ finding, posted }) => [finding.id, posted])
    const key = { id: one.id, openedAt: at(0) }
    const posted = { channel: 'C0CLAIMS', ts: '17.1' }
    await posture.takeScan(turn('one', 0))
    await posture.keepFindings(changeOf(at(0), { opened: [one, two] }), [])
    t.strictSame(await due(0), [[one.id, null]])
    await posture.noteAlert(key, { kind: 'opened', at: at(1), posted })
    t.strictSame(await due(0), [])
    t.strictSame(await due(1), [[one.id, posted]], 'the reminder')
    await posture.noteAlert(key, { kind: 'reminded', at: at(2), posted: null })
    t.strictSame(await due(9), [])
    await posture.takeScan(turn('one', 3))
    await posture.keepFindings(changeOf(at(3), { closed: [key] }), [])
    t.strictSame(await due(0), [[one.id, posted]], 'closed')
    await posture.noteAlert(key, { kind: 'closed', at: at(4), posted: null })
    t.strictSame(await due(9), [])
  })

  await t.test('side doors are those of the latest snapshot, whoever searched it', async (t) => {
    const { posture } = await open()
    t.equal(await posture.sideDoors(), null, 'nobody searched')
    const door: Door = {
      id: 'role one table',
      kind: 'role',
      certainty: 'certain',
      target: target('claims-pii'),
      table: 'claims.customers',
      tableArn: 'arn:aws:glue:eu-west-1:123456789012:table/claims/customers',
      principal: 'arn:aws:iam::123456789012:role/one',
      hops: [],
      unknown: []
    }
    await posture.keepSideDoors({ at: at(2), count: 7, doors: [door] })
    t.strictSame(await posture.sideDoors(), { at: at(2), count: 7, doors: [door] })
    await posture.keepSideDoors({ at: at(1), count: 0, doors: [] })
    t.match(await posture.sideDoors(), { at: at(2) }, 'an older search changes nothing')
    await posture.keepSideDoors({ at: at(3), count: 0, doors: [] })
    t.strictSame(await posture.sideDoors(), { at: at(3), count: 0, doors: [] })
  })

  await t.test('of a day of a key the fullest reading counts, and months are its sums', async (t) => {
    const { posture } = await open()
    t.strictSame(await posture.keyUse('2026-01', 10), [])
    await posture.keepKeyUse([keyDay('2026-11-02', 10), keyDay('2026-11-03', 20), keyDay('2026-10-31', 5)], '2025-01-01')
    await posture.keepKeyUse([keyDay('2026-11-02', 9, { costCenter: 'cc-9' }), keyDay('2026-11-03', 21)], '2025-01-01')
    const key = keyDay('', 0).key
    const november = { month: '2026-11', key, costCenter: 'cc-1', requests: 31, withoutBucketKey: 2, cost: 0.031 }
    const october = { month: '2026-10', key, costCenter: 'cc-1', requests: 5, withoutBucketKey: 1, cost: 0.005 }
    t.strictSame(await posture.keyUse('2026-10', 10), [november, october])
    t.strictSame(await posture.keyUse('2026-10', 1), [november])
    t.strictSame(await posture.keyUse('2026-11', 10), [november])
    const many = Array.from({ length: 450 }, (_, n) => keyDay('2026-12-01', n + 1, { key: `${key}-${n}` }))
    await posture.keepKeyUse(many, '2026-11-03')
    t.equal((await posture.keyUse('2026-12', 1000)).length, 450)
    t.match(await posture.keyUse('2026-11', 1000).then((rows) => rows.at(-1)), { requests: 1 })
    t.strictSame((await posture.keyUse('2026-10', 1000)).filter(({ month }) => month < '2026-12').map(({ requests }) => requests), [21], 'days before are forgotten')
  })
}
