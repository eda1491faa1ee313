/**
 * What a change of posture lets through or no longer does: settings, and waivers by finding and
 * resource. It is about no person, so these differences name none.
 */
import { printDuration } from '../elevation/duration.ts'
import { iso } from '../elevation/ids.ts'
import {
  type Side,
  givesLess,
  givesMore,
  itemsGive,
  itemsTake,
  largerGivesMore,
  noneGivesMost
} from './diff-sides.ts'
import type { Both, Difference, What } from './difference.ts'
import type { Posture, Waiver } from './policy.ts'

/** Looser settings and waivers that came are gains, stricter ones and those that went losses. */
export const postureChanges = function* ({ old, now }: Both<Posture>): Generator<Difference> {
  for (const { name, side, print } of settings) {
    const found = side(old, now)
    const change = { from: `${name} ${print(old)}`, to: `${name} ${print(now)}` }
    if (givesMore(found)) yield differenceOf('gains', 'posture', change)
    if (givesLess(found)) yield differenceOf('loses', 'posture', change)
  }
  const had = byFinding(old.waivers)
  const has = byFinding(now.waivers)
  for (const key of [...new Set([...had.keys(), ...has.keys()])].toSorted()) {
    const [before, after] = [had.get(key), has.get(key)]
    const change = {
      from: before === undefined ? null : printWaiver(before),
      to: after === undefined ? null : printWaiver(after)
    }
    if (change.from === change.to) continue
    const isMore = after !== undefined && (before === undefined || holdsLonger(before, after))
    const isLess = before !== undefined && (after === undefined || holdsLonger(after, before))
    if (isMore || !isLess) yield differenceOf('gains', 'waiver', change)
    if (isLess) yield differenceOf('loses', 'waiver', change)
  }
}

type Setting = {
  readonly name: string
  readonly side: (old: Posture, now: Posture) => Side
  readonly print: (posture: Posture) => string
}

const settings: readonly Setting[] = [
  {
    name: 'maxRotation',
    side: (old, now) => largerGivesMore(old.maxRotation, now.maxRotation),
    print: ({ maxRotation }) => printDuration(maxRotation)
  },
  {
    name: 'keyAlias.environments',
    side: (old, now) =>
      noneGivesMost<readonly string[]>(itemsGive)(old.environments, now.environments),
    print: ({ environments }) => environments?.toSorted().join(', ') ?? 'any'
  },
  {
    name: 'requiredTags',
    side: (old, now) => itemsTake(old.requiredTags, now.requiredTags),
    print: ({ requiredTags }) => requiredTags.toSorted().join(', ')
  },
  {
    name: 'maxTargetsPerKey',
    side: (old, now) => largerGivesMore(old.maxTargetsPerKey, now.maxTargetsPerKey),
    print: ({ maxTargetsPerKey }) => String(maxTargetsPerKey)
  },
  {
    name: 'maxScanBytes',
    side: (old, now) => noneGivesMost(largerGivesMore)(old.maxScanBytes, now.maxScanBytes),
    print: ({ maxScanBytes }) => String(maxScanBytes ?? 'any')
  },
  {
    name: 'unusedAfter',
    side: (old, now) => largerGivesMore(old.unusedAfter, now.unusedAfter),
    print: ({ unusedAfter }) => printDuration(unusedAfter)
  },
  {
    name: 'grantsWarnAt',
    side: (old, now) => largerGivesMore(old.grantsWarnAt, now.grantsWarnAt),
    print: ({ grantsWarnAt }) => String(grantsWarnAt)
  }
]

const differenceOf = (
  change: Difference['change'],
  what: What,
  { from, to }: Pick<Difference, 'from' | 'to'>
): Difference => ({ change, what, rule: null, from, to, people: [], target: null })

const byFinding = (waivers: readonly Waiver[]): ReadonlyMap<string, Waiver> =>
  new Map(waivers.map((one) => [`${one.finding} ${one.resource}`, one]))

const holdsLonger = (before: Waiver, after: Waiver): boolean =>
  after.until > before.until || after.from < before.from

const printWaiver = ({ finding, resource, by, from, until, reason }: Waiver): string =>
  `${finding} on ${resource} by ${by} from ${iso(from).slice(0, 10)} until ${iso(until).slice(0, 10)}: ${reason}`
