/**
 * Policy tests to `PolicyTest`. Refused: a moment that the calendar does not have, and what could
 * never come true: approvers of an ask that nobody decides, unmet conditions where none may be.
 */
import { parseDuration } from '../elevation/duration.ts'
import { type Instant, instant, iso, parsePersonId } from '../elevation/ids.ts'
import type { SourceDocument } from './document.ts'
import { errorAt, quote } from './issue.ts'
import { textsAt } from './names.ts'
import { type Part, checked } from './part.ts'
import type { PolicyIssue, PolicyTest } from './policy.ts'
import type { TestDocument } from './test-schema.ts'

/** Moments that do not exist, whatever else is wrong with their test. */
export const momentIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] =>
  momentPlaces
    .flatMap((at) => textsAt(documents, at))
    .filter(({ text }) => moment.test(text) && parseMoment(text) === null)
    .map((named) => errorAt(named, 'bad_value', `${quote(named.text)} is in no calendar`))

/** What contradicts itself within one test. */
export const testIssues = ({
  document,
  path,
  value
}: Part<TestDocument>): readonly PolicyIssue[] => {
  const { decision, approvers, unmet = [] } = value.expect
  const at = (key: string) => ({ document, path: [...path, 'expect', key] })
  return [
    ...(approvers !== undefined && decision !== 'needs_approval'
      ? [errorAt(at('approvers'), 'contradiction', 'only an ask that needs_approval has approvers')]
      : []),
    ...(unmet.length > 0 && decision !== 'deny'
      ? [errorAt(at('unmet'), 'contradiction', 'an ask with unmet conditions is denied')]
      : [])
  ]
}

/** A test whose document has no issues. */
export const testOf = ({ document, path, value }: Part<TestDocument>): PolicyTest => ({
  name: value.name,
  file: document.file,
  line: document.lineOf(path),
  at: checked(parseMoment(value.at)),
  as: checked(parsePersonId(value.as)),
  via: value.via ?? 'cli',
  ask: {
    target: value.ask.target,
    duration: value.ask.duration,
    reason: value.ask.reason ?? '',
    ticket: value.ask.ticket ?? null,
    tables: value.ask.tables ?? null,
    columns: value.ask.columns ?? null,
    breakGlass: value.ask.breakGlass ?? false,
    startAt: value.ask.startAt === undefined ? null : checked(parseMoment(value.ask.startAt))
  },
  signIn: signInOf(value.signIn),
  standing: {
    pending: value.has?.pending ?? 0,
    open: value.has?.open ?? 0,
    secondsInDay: parseDuration(value.has?.secondsInDay ?? '') ?? 0,
    autoInDay: value.has?.autoInDay ?? 0,
    hasUnreviewed: value.has?.unreviewed ?? false
  },
  findings: findingsOf(value.findings),
  expect: {
    decision: value.expect.decision,
    rule: value.expect.rule ?? null,
    approvers: value.expect.approvers?.toSorted() ?? null,
    unmet: value.expect.unmet ?? []
  }
})

const findingsOf = (value: TestDocument['findings'] = []): PolicyTest['findings'] =>
  value === 'unknown'
    ? null
    : value.map(({ finding, severity }) => ({ code: finding, severity }))

const signInOf = (value: TestDocument['signIn']): PolicyTest['signIn'] =>
  value === undefined
    ? null
    : {
        ago: value.ago === undefined ? null : checked(parseDuration(value.ago)),
        acr: value.acr ?? null,
        amr: value.amr ?? []
      }

const momentPlaces = [
  ['tests', '*', 'at'],
  ['tests', '*', 'ask', 'startAt']
]

const moment =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})$/

/** RFC 3339 without fractions; `Date.UTC` alone would take February 30 for March 2. */
const parseMoment = (text: string): Instant | null => {
  const match = moment.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, ...rest] = match.slice(1, 7).map((part) => Number(part ?? 0))
  const wall = Date.UTC(year, month - 1, ...rest)
  const utc = wall - offsetOf(match[7] ?? 'Z') * 60_000
  if (wall < 0 || utc < 0 || wall > latest || utc > latest) return null
  // the seconds or nothing, and then the offset, come after the minutes
  return iso(instant(wall)).startsWith(text.slice(0, match[6] === undefined ? 16 : 19))
    ? instant(utc)
    : null
}

const latest = Date.UTC(9999, 11, 31)

/** Minutes ahead of UTC. */
const offsetOf = (text: string): number => {
  if (text === 'Z') return 0
  const [hours = 0, minutes = 0] = text.slice(1).split(':').map(Number)
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
