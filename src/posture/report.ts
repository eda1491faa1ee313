/** A report: findings with when they were seen, what was closed since, and figures of both. */
import type { Facts } from './facts.ts'
import { type Figures, figuresOf } from './figures.ts'
import { type Finding, byWeight } from './finding.ts'
import { type Judgement, type Spell, historyOf } from './history.ts'
import { type Instant, instant } from '../elevation/ids.ts'
import { judge } from './judge.ts'
import type { Scene } from './scene.ts'
import type { KeyUse } from './use-file.ts'

export type Reported = {
  readonly finding: Finding
  readonly firstSeen: Instant
  readonly lastSeen: Instant
}

export type Report = {
  readonly collectedAt: Instant
  readonly judgedAt: Instant
  readonly accounts: readonly string[]
  /** worst first */
  readonly findings: readonly Reported[]
  /** closed since an earlier snapshot, worst first */
  readonly closed: readonly Spell[]
  readonly figures: Figures
  /** of keys by month, the latest first; null = it was not given */
  readonly use: readonly KeyUse[] | null
}

/** The report of a snapshot beside earlier ones, all judged by the same scene. */
export const reportOf = (
  facts: Facts,
  scene: Scene,
  {
    earlier = [],
    use = null
  }: { readonly earlier?: readonly Facts[]; readonly use?: Report['use'] } = {}
): Report => {
  const findings = judge(facts, scene)
  const before = earlier.map((one): Judgement => {
    const at = momentOf(one)
    return { at, findings: judge(one, { ...scene, now: at }) }
  })
  const collectedAt = momentOf(facts)
  const history = historyOf([...before, { at: collectedAt, findings }])
  const standing = history.filter(({ closedAt }) => closedAt === null)
  return {
    collectedAt,
    judgedAt: scene.now,
    accounts: facts.accounts.toSorted(),
    findings: standing
      .map(({ finding, openedAt, seenAt }) => ({ finding, firstSeen: openedAt, lastSeen: seenAt }))
      .toSorted((a, b) => byWeight(a.finding, b.finding)),
    closed: history
      .filter(({ closedAt }) => closedAt !== null)
      .toSorted((a, b) => byWeight(a.finding, b.finding)),
    figures: figuresOf(facts, scene, { findings, history }),
    use
  }
}

const momentOf = ({ at }: Facts): Instant => instant(Math.floor(Date.parse(at)))
