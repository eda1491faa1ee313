/**
 * Findings in SQL: one row for each time a finding was open, the latest snapshot, and whose turn it
 * is to scan. What a scan changes is written with its entries, and only by whoever has the turn, so
 * that two replicas never open or close the same finding twice.
 */
import { type Instant, type TargetId, instant, parseTargetId } from '../elevation/ids.ts'
import type {
  FindingAlert,
  FindingAlerts,
  FindingFigures,
  FindingKey,
  Findings,
  FindingsChange,
  KeptFinding,
  PostureShares,
  ScanTurn
} from '../ports-posture.ts'
import { type Finding, type Severity, severities } from '../posture/finding.ts'
import { damaged, integer, integerOrNull, textOrNull } from './columns.ts'
import type { Engine, Row, Step } from './engine.ts'
import { parseFinding, parseShares } from './finding-rows.ts'
import type { WriteWith } from './queries.ts'
import type { Dialect } from './schema.ts'

/** What was found, when, and who was told. */
export const findingTables = ({ integer: whole, text: words, table }: Dialect): string => `
create table finding (
  id ${words} not null,
  opened_at ${whole} not null,
  seen_at ${whole} not null,
  closed_at ${whole},
  severity ${words} not null,
  waived_until ${whole},
  has_target ${whole} not null check (has_target in (0, 1)),
  alerted_at ${whole},
  reminded_at ${whole},
  told_closed_at ${whole},
  channel ${words},
  ts ${words},
  body ${words} not null,
  primary key (id, opened_at)
)${table};
create unique index finding_open on finding (id) where closed_at is null;
create index finding_closed on finding (closed_at) where closed_at is not null;
create index finding_untold on finding (opened_at)
  where has_target = 1 and told_closed_at is null;

create table finding_target (
  target ${words} not null,
  finding ${words} not null,
  primary key (target, finding)
)${table};
create index finding_target_finding on finding_target (finding);

create table posture_scan (
  id ${whole} not null primary key check (id = 1),
  owner ${words} not null,
  until ${whole} not null,
  at ${whole},
  wanted_at ${whole},
  shares ${words}
)${table};
`

/** Both ports over any engine. */
export const findingsOver = (engine: Engine, write: WriteWith): Findings & FindingAlerts => ({
  knownOf: async (target) => {
    const rows = await engine.read({
      text: `select s.at, f.body from posture_scan s
        left join finding_target t on t.target = $1
        left join finding f on f.id = t.finding and f.closed_at is null`,
      values: [target]
    })
    const at = integerOrNull(rows[0] ?? { at: null }, 'at')
    if (at === null) return null
    const findings = rows.flatMap((row) => (row['body'] === null ? [] : parseFinding(row)))
    return { at: instant(at), findings: findings.toSorted(byWorst) }
  },
  scanState: async () => {
    const [row] = await engine.read({ text: `select ${turnColumns} from posture_scan`, values: [] })
    return turnIn(row)
  },
  takeScan: async ({ owner, now, until }) => {
    const taken = await engine.write({
      steps: [
        {
          text: `insert into posture_scan (id, owner, until) values (1, $1, $2)
            on conflict (id) do update set owner = excluded.owner, until = excluded.until
            where posture_scan.until <= $3 or posture_scan.owner = excluded.owner`,
          values: [owner, until, now],
          ifNone: 'conflict'
        }
      ],
      result: { text: `select ${turnColumns} from posture_scan`, values: [] }
    })
    return taken.kind === 'conflict' ? null : turnIn(taken.rows[0])
  },
  giveScan: async (owner) => {
    const give = 'update posture_scan set until = 0 where owner = $1'
    await engine.write({ steps: [{ text: give, values: [owner], ifNone: 'skip' }] })
  },
  wantScan: async (at) => {
    const want = `insert into posture_scan (id, owner, until, wanted_at) values (1, '', 0, $1)
      on conflict (id) do update set wanted_at = excluded.wanted_at
      where posture_scan.wanted_at is null or posture_scan.wanted_at < excluded.wanted_at`
    await engine.write({ steps: [{ text: want, values: [at], ifNone: 'skip' }] })
  },
  openFindings: async () =>
    (
      await engine.read({
        text: `select ${columns} from finding where closed_at is null order by id`,
        values: []
      })
    ).map(parseKept),
  closedFindings: async (since, limit) =>
    (
      await engine.read({
        text: `select ${columns} from finding where closed_at >= $1
          order by closed_at, id limit $2`,
        values: [since, limit]
      })
    ).map(parseKept),
  keepFindings: (change, entries) => write(stepsOf(change), entries),
  findingFigures: (since) => figures(engine, since),
  dueAlerts: async (remindBefore, limit) =>
    (
      await engine.read({
        text: `select ${columns}, alerted_at, reminded_at, channel, ts from finding
          where has_target = 1 and told_closed_at is null and (
            (closed_at is null and waived_until is null and
              (alerted_at is null or (reminded_at is null and alerted_at <= $1)))
            or (closed_at is not null and alerted_at is not null))
          order by opened_at, id limit $2`,
        values: [remindBefore, limit]
      })
    ).map(parseAlert),
  noteAlert: async (key, { kind, at, posted }) => {
    const place = posted === null ? '' : ', channel = $4, ts = $5'
    const values = posted === null ? [] : [posted.channel, posted.ts]
    const note = `update finding set ${told[kind]} = $3${place} where id = $1 and opened_at = $2`
    await engine.write({
      steps: [{ text: note, values: [key.id, key.openedAt, at, ...values], ifNone: 'skip' }]
    })
  }
})

const columns = 'id, opened_at, seen_at, closed_at, body'
const turnColumns = 'at, wanted_at'
const told = { opened: 'alerted_at', reminded: 'reminded_at', closed: 'told_closed_at' } as const

const stepsOf = ({ owner, now, ...change }: FindingsChange): readonly Step[] => {
  const { opened, changed, closed, scanned } = change
  return [
    {
      text: 'update posture_scan set until = until where owner = $1 and until > $2',
      values: [owner, now],
      ifNone: 'conflict'
    },
    ...closed.flatMap((key) => [closing(key, now), forget(key.id)]),
    ...opened.flatMap((finding) => [opening(finding, now), ...pointing(finding)]),
    ...changed.flatMap(({ finding, ...key }) => [
      changing(key, finding),
      forget(key.id),
      ...pointing(finding)
    ]),
    ...(scanned === null ? [] : [seen(scanned), snapshot(scanned)])
  ]
}

const opening = (finding: Finding, now: Instant): Step => ({
  text: `insert into finding
    (id, opened_at, seen_at, severity, waived_until, has_target, body)
    values ($1, $2, $2, $3, $4, $5, $6) on conflict do nothing`,
  values: [finding.id, now, ...bodyOf(finding)],
  ifNone: 'conflict'
})

const changing = ({ id, openedAt }: FindingKey, finding: Finding): Step => ({
  text: `update finding set severity = $3, waived_until = $4, has_target = $5, body = $6
    where id = $1 and opened_at = $2 and closed_at is null`,
  values: [id, openedAt, ...bodyOf(finding)],
  ifNone: 'conflict'
})

const bodyOf = (finding: Finding) => {
  const { waiver, severity, targets } = finding
  const waived = waiver?.state === 'holds' ? Date.parse(waiver.until) : null
  return [severity, waived, targets.length === 0 ? 0 : 1, JSON.stringify(finding)] as const
}

const closing = ({ id, openedAt }: FindingKey, now: Instant): Step => ({
  text: `update finding set closed_at = $3
    where id = $1 and opened_at = $2 and closed_at is null`,
  values: [id, openedAt, now],
  ifNone: 'conflict'
})

const forget = (id: string): Step => ({
  text: 'delete from finding_target where finding = $1',
  values: [id],
  ifNone: 'skip'
})

const pointing = ({ id, targets }: Finding): readonly Step[] =>
  targets.map((target) => ({
    text: `insert into finding_target (target, finding) values ($1, $2) on conflict do nothing`,
    values: [target, id],
    ifNone: 'skip'
  }))

const seen = ({ at, unseen }: NonNullable<FindingsChange['scanned']>): Step => {
  const places = unseen.map((_, n) => `$${n + 2}`).join(', ')
  const but = unseen.length === 0 ? '' : `and id not in (${places})`
  return {
    text: `update finding set seen_at = $1 where closed_at is null and seen_at < $1 ${but}`,
    values: [at, ...unseen],
    ifNone: 'skip'
  }
}

/** Never back: a scan that was overtaken says nothing any more. */
const snapshot = ({ at, shares }: NonNullable<FindingsChange['scanned']>): Step => ({
  text: 'update posture_scan set at = $1, shares = $2 where at is null or at <= $1',
  values: [at, JSON.stringify(shares)],
  ifNone: 'conflict'
})

const figures = async (engine: Engine, since: Instant): Promise<FindingFigures> => {
  const read = (query: string, values: readonly number[] = []) =>
    engine.read({ text: query, values })
  const [[scan], open, [remedy]] = await Promise.all([
    read('select at, shares from posture_scan'),
    read(`select f.severity, t.target, count(*) as n from finding f
      left join finding_target t on t.finding = f.id
      where f.closed_at is null and f.waived_until is null
      group by f.severity, t.target order by f.severity, t.target`),
    read(
      `select count(*) as n, coalesce(sum(closed_at - opened_at), 0) as total from finding
        where closed_at >= $1`,
      [since]
    )
  ])
  const count = integer(remedy, 'n')
  return {
    at: scan === undefined ? null : instantIn(scan, 'at'),
    shares: scan === undefined ? null : sharesIn(scan),
    open: open.map((row) => ({
      severity: severityIn(row),
      target: targetIn(row),
      count: integer(row, 'n')
    })),
    remedySeconds: count === 0 ? null : integer(remedy, 'total') / count / 1000
  }
}

const sharesIn = (row: Row): PostureShares | null =>
  textOrNull(row, 'shares') === null ? null : parseShares(row)

const severityIn = (row: Row): Severity => {
  const found = severities.find((one) => one === row['severity'])
  if (found === undefined) throw damaged('severity')
  return found
}

const targetIn = (row: Row): TargetId | null => {
  const name = textOrNull(row, 'target')
  return name === null ? null : parseTargetId(name)
}

const turnIn = (row: Row | undefined): ScanTurn =>
  row === undefined
    ? { at: null, wantedAt: null }
    : { at: instantIn(row, 'at'), wantedAt: instantIn(row, 'wanted_at') }

const instantIn = (row: Row, column: string): Instant | null => {
  const value = integerOrNull(row, column)
  return value === null ? null : instant(value)
}

const parseKept = (row: Row): KeptFinding => ({
  finding: parseFinding(row),
  openedAt: instant(integer(row, 'opened_at')),
  seenAt: instant(integer(row, 'seen_at')),
  closedAt: instantIn(row, 'closed_at')
})

const parseAlert = (row: Row): FindingAlert => {
  const [channel, ts] = [textOrNull(row, 'channel'), textOrNull(row, 'ts')]
  return {
    ...parseKept(row),
    alertedAt: instantIn(row, 'alerted_at'),
    remindedAt: instantIn(row, 'reminded_at'),
    posted: channel === null || ts === null ? null : { channel, ts }
  }
}

const byWorst = (a: Finding, b: Finding): number =>
  severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
  Number(a.id > b.id) - Number(a.id < b.id)
