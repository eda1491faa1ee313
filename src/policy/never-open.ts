/**
 * Rules that denies close at all their times, for everybody on every target. A warning: a deny has
 * to come into force whatever it closes. Windows of several zones are compared in weeks spread over
 * a year, for their clocks are not changed on the same days.
 */
import { type Instant, type PersonId, instant } from '../elevation/ids.ts'
import { warningAt } from './issue.ts'
import type { Members } from './members.ts'
import { refOf } from './names.ts'
import type { Part } from './part.ts'
import type { PolicyIssue, When } from './policy.ts'
import type { DenyDocument, RuleDocument } from './rule-schema.ts'
import { wallTime, weekdays } from './when.ts'
import { whenOf } from './when-documents.ts'

/** Denies as the comparison needs them; made once for all rules. */
export type Closing = {
  readonly id: string
  readonly people: ReadonlySet<PersonId>
  /** null = every target */
  readonly targets: ReadonlySet<string> | null
  readonly when: readonly When[]
}

export const closingOf = (
  denies: readonly Part<DenyDocument>[],
  members: Members
): readonly Closing[] =>
  denies.map(({ value: { id, requesters, targets, when } }) => ({
    id,
    people: members.among(requesters.map(refOf)),
    targets: targets === undefined ? null : new Set(targets),
    when: whenOf(when)
  }))

/** A warning where nobody can ever use the rule. */
export const neverOpen = (
  { document, path, value }: Part<RuleDocument>,
  closing: readonly Closing[],
  members: Members
): readonly PolicyIssue[] => {
  if (closing.length === 0) return []
  const requesters = members.among(value.requesters.map(refOf))
  const when = whenOf(value.when)
  const closed = new Map<string, boolean>()
  const isClosed = (denies: readonly Closing[], person: PersonId): boolean => {
    const hit = denies.filter(({ people }) => people.has(person))
    const key = hit.map(({ id }) => id).join(' ')
    const known = closed.get(key) ?? isCovered(when, hit.map((deny) => deny.when))
    closed.set(key, known)
    return known
  }
  // ends at the first who can ask for anything, which is nearly always the first of all
  const isOpen = value.targets.some((target) => {
    const denies = closing.filter(({ targets }) => targets === null || targets.has(target))
    return [...requesters].some((person) => !isClosed(denies, person))
  })
  if (requesters.size === 0 || isOpen) return []
  const place = { document, path: [...path, value.when === undefined ? 'requesters' : 'when'] }
  return [warningAt(place, 'contradiction', 'denies close this at all its times, for everybody')]
}

const dayMinutes = 1440
const weekMinutes = weekdays.length * dayMinutes

/** Mondays of each month and of both stretches where Europe's clocks and America's disagree. */
const sampleWeeks = [5, 33, 61, 75, 96, 124, 152, 180, 215, 243, 271, 299, 334].map((day) =>
  instant(Date.UTC(2026, 0, day))
)

const isCovered = (some: readonly When[], by: readonly (readonly When[])[]): boolean => {
  if (by.some((windows) => windows.length === 0)) return true
  if (by.length === 0) return false
  const all = by.flat()
  const zones = new Set([...some, ...all].map(({ zone }) => zone))
  const weeks = zones.size === 1 ? sampleWeeks.slice(0, 1) : sampleWeeks
  return weeks.every((week) => {
    const denied = minutesOf(all, week)
    if (some.length === 0) return denied.every((minute) => minute === 1)
    return minutesOf(some, week).every((minute, index) => minute === 0 || denied[index] === 1)
  })
}

/** The minutes of a week in UTC, Monday first, each 0 or 1. */
const minutesOf = (windows: readonly When[], week: Instant): Uint8Array => {
  const minutes = new Uint8Array(weekMinutes)
  for (const { days, hours, zone } of windows) {
    const { day, minute } = wallTime(zone, week)
    const ahead = weekdays.indexOf(day) * dayMinutes + minute
    const { from, to } = hours ?? { from: 0, to: dayMinutes }
    for (const [index, name] of weekdays.entries()) {
      if (!days.has(name)) continue
      const start = index * dayMinutes - ahead + 2 * weekMinutes
      for (let at = start + from; at < start + to; at += 1) minutes[at % weekMinutes] = 1
    }
  }
  return minutes
}
