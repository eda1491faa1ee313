/**
 * Posture documents to `Posture`. Refused: days that no calendar has, a waiver for more than a year
 * or for one that is over before it begins, two waivers of one finding, a setting in two documents,
 * and a rotation that KMS cannot do (GetKeyRotationStatus: 90 to 2,560 days).
 */
import { parseDuration } from '../elevation/duration.ts'
import { type Instant, instant, iso, parsePersonId, seconds } from '../elevation/ids.ts'
import type { SourceDocument } from './document.ts'
import { errorAt, quote } from './issue.ts'
import { textsAt } from './names.ts'
import { type Part, checked, valueAt } from './part.ts'
import type { PolicyIssue, Posture, Waiver } from './policy.ts'
import type { PostureDocument } from './posture-schema.ts'

const day = 86_400

/** Where no document says otherwise. */
export const standardPosture: Posture = {
  maxRotation: seconds(365 * day),
  environments: null,
  requiredTags: ['owner', 'classification', 'cost-center'],
  maxTargetsPerKey: 1,
  maxScanBytes: null,
  unusedAfter: seconds(90 * day),
  grantsWarnAt: 40_000,
  waivers: []
}

/** What contradicts itself within and between these documents, whatever else is wrong. */
export const postureIssues = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => [
  ...documents.flatMap(calendarIssues),
  ...documents.flatMap(lengthIssues),
  ...documents.flatMap(waiverIssues),
  ...twice(documents)
]

/** The settings of documents without issues, over the standard; waivers add up. */
export const postureOf = (parts: readonly Part<PostureDocument>[]): Posture =>
  parts.reduce((posture, { value }) => over(posture, value), standardPosture)

const over = (posture: Posture, value: PostureDocument): Posture => ({
  maxRotation: lengthOf(value.maxRotation) ?? posture.maxRotation,
  environments: value.keyAlias?.environments ?? posture.environments,
  requiredTags: value.requiredTags ?? posture.requiredTags,
  maxTargetsPerKey: value.maxTargetsPerKey ?? posture.maxTargetsPerKey,
  maxScanBytes: value.maxScanBytes ?? posture.maxScanBytes,
  unusedAfter: lengthOf(value.unusedAfter) ?? posture.unusedAfter,
  grantsWarnAt: value.grantsWarnAt ?? posture.grantsWarnAt,
  waivers: [...posture.waivers, ...(value.waivers ?? []).map((one) => waiverOf(one, value.from))]
})

const waiverOf = (
  { finding, resource, reason, by, until }: NonNullable<PostureDocument['waivers']>[number],
  from: string
): Waiver => ({
  finding,
  resource,
  reason,
  by: checked(parsePersonId(by.slice('person:'.length))),
  from: checked(parseDay(from)),
  until: checked(parseDay(until))
})

const lengthOf = (text: string | undefined) =>
  text === undefined ? null : checked(parseDuration(text))

const dayForm = /^(\d{4})-(\d{2})-(\d{2})$/

/** The day's first instant in UTC; `Date.UTC` alone would take February 30 for March 2. */
const parseDay = (text: string): Instant | null => {
  const match = dayForm.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, date = 0] = match.slice(1).map(Number)
  const at = Date.UTC(year, month - 1, date)
  return at >= 0 && iso(instant(at)).startsWith(text) ? instant(at) : null
}

const calendarIssues = (document: SourceDocument): readonly PolicyIssue[] =>
  [...textsAt([document], ['from']), ...textsAt([document], ['waivers', '*', 'until'])]
    .filter(({ text }) => dayForm.test(text) && parseDay(text) === null)
    .map((named) => errorAt(named, 'bad_value', `${quote(named.text)} is in no calendar`))

const lengthIssues = (document: SourceDocument): readonly PolicyIssue[] =>
  (['maxRotation', 'unusedAfter'] as const).flatMap((key) =>
    textsAt([document], [key]).flatMap((named) => {
      const length = parseDuration(named.text)
      if (length === null) {
        const message = `${quote(named.text)} must be a length such as 365d, at most 366 days`
        return [errorAt(named, 'bad_value', message)]
      }
      return key === 'maxRotation' && length < 90 * day
        ? [errorAt(named, 'bad_value', 'KMS rotates no key more often than every 90 days')]
        : []
    })
  )

const waiverIssues = (document: SourceDocument): readonly PolicyIssue[] => {
  const from = parseDay(String(valueAt(document.value, 'from')))
  if (from === null) return []
  return textsAt([document], ['waivers', '*', 'until']).flatMap((named) => {
    const until = parseDay(named.text)
    if (until === null) return []
    if (until <= from) return [errorAt(named, 'contradiction', 'it is over before it begins')]
    return until > yearAfter(from)
      ? [errorAt(named, 'bad_value', 'a waiver holds for one year after `from` at most')]
      : []
  })
}

const yearAfter = (from: Instant): number => {
  const text = iso(from)
  return Date.parse(`${Number(text.slice(0, 4)) + 1}${text.slice(4).replace('-02-29', '-02-28')}`)
}

const settings = [
  'maxRotation',
  'keyAlias',
  'requiredTags',
  'maxTargetsPerKey',
  'maxScanBytes',
  'unusedAfter',
  'grantsWarnAt'
] as const

const twice = (documents: readonly SourceDocument[]): readonly PolicyIssue[] => {
  const first = new Map<string, string>()
  const repeats = (key: string, document: SourceDocument, path: readonly (string | number)[]) => {
    const before = first.get(key)
    if (before === undefined) first.set(key, `${document.file}:${document.lineOf(path)}`)
    return before === undefined
      ? []
      : [errorAt({ document, path }, 'duplicate', `it is already in ${before}`)]
  }
  return documents.flatMap((document) => {
    const waivers = valueAt(document.value, 'waivers')
    const rows: readonly unknown[] = Array.isArray(waivers) ? waivers : []
    return [
      ...settings
        .filter((key) => valueAt(document.value, key) !== undefined)
        .flatMap((key) => repeats(key, document, [key])),
      ...rows.flatMap((row, at) => {
        const [finding, resource] = [valueAt(row, 'finding'), valueAt(row, 'resource')]
        return typeof finding === 'string' && typeof resource === 'string'
          ? repeats(`${finding} ${resource}`, document, ['waivers', at])
          : []
      })
    ]
  })
}
