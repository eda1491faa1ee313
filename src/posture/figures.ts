/**
 * Figures of a judgement: what is in order, what is open, for how long, and whose it is. Shares are
 * counts beside counts, so that nothing is rounded before it is shown.
 */
import type { Instant } from '../elevation/ids.ts'
import { workgroupArn } from '../iam/arns.ts'
import type { Facts } from './facts.ts'
import { type Finding, type Severity, isAtLeast, isOpen, severities } from './finding.ts'
import type { Spell } from './history.ts'
import { type Scene, placesOf, viewOf } from './scene.ts'

export type Share = { readonly count: number; readonly of: number }

export type Figures = {
  /** workgroups without an open finding of medium or worse */
  readonly workgroups: Share
  /** the same of those that are targets */
  readonly targets: Share
  /**
   * data and result locations of targets whose default and declared key is an enabled customer
   * managed one
   */
  readonly locations: Share
  readonly bySeverity: Readonly<Record<Severity, number>>
  /** open findings by how long they are known: each bound in days, null = longer */
  readonly byAge: readonly { readonly days: number | null; readonly count: number }[]
  /** open findings by owner, most first; null = nobody answers for it */
  readonly byOwner: readonly { readonly owner: string | null; readonly count: number }[]
  readonly waived: number
  /** findings that were closed, and how long they stood on average */
  readonly closed: number
  readonly meanSecondsToMend: number | null
}

/** `history` holds the spells of these findings and of those before. */
export const figuresOf = (
  facts: Facts,
  scene: Scene,
  {
    findings,
    history
  }: { readonly findings: readonly Finding[]; readonly history: readonly Spell[] }
): Figures => {
  const open = findings.filter(isOpen)
  const faulty = new Set(
    open.filter(({ severity }) => isAtLeast(severity, 'medium')).map(({ resource }) => resource)
  )
  const arns = facts.workgroups.map(({ arn }) => arn)
  const declared = scene.targets.map(workgroupArn)
  const closed = history.filter(({ closedAt }) => closedAt !== null)
  return {
    workgroups: shareOf(arns, (arn) => !faulty.has(arn)),
    targets: shareOf(declared, (arn) => arns.includes(arn) && !faulty.has(arn)),
    locations: locationShare(facts, scene),
    bySeverity: countOf(open),
    byAge: agesOf(history, scene.now),
    byOwner: ownersOf(open),
    waived: findings.length - open.length,
    closed: closed.length,
    meanSecondsToMend: mean(
      closed.map(({ openedAt, closedAt }) => ((closedAt ?? 0) - openedAt) / 1000)
    )
  }
}

/** The open findings of each severity, those without any included. */
export const countOf = (findings: readonly Finding[]): Figures['bySeverity'] => {
  const count = (wanted: Severity): number =>
    findings.filter(({ severity }) => severity === wanted).length
  const [critical, high, medium, low] = severities.map(count)
  return { critical: critical ?? 0, high: high ?? 0, medium: medium ?? 0, low: low ?? 0 }
}

const shareOf = <T>(all: readonly T[], isGood: (one: T) => boolean): Share => ({
  count: all.filter(isGood).length,
  of: all.length
})

const locationShare = (facts: Facts, scene: Scene): Share => {
  const view = viewOf(facts, scene)
  return shareOf(scene.targets.flatMap(placesOf), ({ key, bucket, target }) => {
    const declared = view.keyNamed(key, key)
    const used = view.bucket(bucket)?.encryption?.key ?? null
    return (
      declared?.manager === 'CUSTOMER' &&
      declared.state === 'Enabled' &&
      used !== null &&
      view.keyNamed(used, `arn:aws:s3:${target.region}:${target.account}:`)?.manager === 'CUSTOMER'
    )
  })
}

const dayMs = 86_400_000
const bounds = [7, 30, 90, null] as const

const agesOf = (history: readonly Spell[], now: Instant): Figures['byAge'] => {
  const days = history
    .filter(({ closedAt, finding }) => closedAt === null && isOpen(finding))
    .map(({ openedAt }) => (now - openedAt) / dayMs)
  return bounds.map((bound, at) => {
    const from = at === 0 ? -Infinity : (bounds[at - 1] ?? 0)
    return {
      days: bound,
      count: days.filter((age) => age >= from && age < (bound ?? Infinity)).length
    }
  })
}

const ownersOf = (open: readonly Finding[]): Figures['byOwner'] => {
  const counts = new Map<string | null, number>()
  for (const { owner } of open) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return [...counts]
    .map(([owner, count]) => ({ owner, count }))
    .toSorted((a, b) => b.count - a.count || compare(a.owner ?? '', b.owner ?? ''))
}

const mean = (lengths: readonly number[]): number | null =>
  lengths.length === 0
    ? null
    : Math.round(lengths.reduce((sum, one) => sum + one, 0) / lengths.length)

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)
