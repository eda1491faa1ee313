/**
 * Facts and a scene to findings: every rule on every resource, waivers laid over. Pure, and the
 * same whatever the order of facts. What a waiver waives stays listed, and says so.
 */
import type { Target } from '../elevation/target.ts'
import { workgroupArn } from '../iam/arns.ts'
import type { BucketFacts, Facts, Gap } from './facts.ts'
import { type Finding, type Kind, byWeight, findingId } from './finding.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'
import { type Scene, type View, viewOf } from './scene.ts'
import { type WaivedAt, waivedBy } from './waived.ts'

/** Worst first; each finding once. */
export const judge = (facts: Facts, scene: Scene): readonly Finding[] => {
  const on: On = { view: viewOf(facts, scene), waived: waivedBy(scene.posture.waivers, scene.now) }
  const roles = facts.principals.filter(({ kind }) => kind === 'role')
  const all = [
    ...judged(rules.workgroup, facts.workgroups, tagged, on),
    ...judged(rules.key, facts.keys, tagged, on),
    ...judged(rules.role, roles, tagged, on),
    ...judged(rules.bucket, facts.buckets, (one) => ({ arn: bucketArnOf(one), tags: {} }), on),
    ...judged(rules.table, facts.tables, ({ arn }) => ({ arn, tags: {} }), on),
    ...judged(rules.target, scene.targets, (one) => ({ arn: workgroupArn(one), tags: {} }), on),
    ...judged(rules.gap, facts.gaps, (one) => ({ arn: resourceOf(one), tags: {} }), on)
  ].toSorted(byWeight)
  // a call that was not answered may be told by its gap and by what it left out
  const once = new Map<string, Finding>()
  for (const one of all) if (!once.has(one.id)) once.set(one.id, one)
  return [...once.values()]
}

/** `arn:P:s3:::NAME`; the partition is told by the region. */
export const bucketArnOf = ({ name, region }: Pick<BucketFacts, 'name' | 'region'>): string => {
  if (region?.startsWith('cn-') === true) return `arn:aws-cn:s3:::${name}`
  return region?.startsWith('us-gov-') === true
    ? `arn:aws-us-gov:s3:::${name}`
    : `arn:aws:s3:::${name}`
}

type Named = { readonly arn: string; readonly tags: Readonly<Record<string, string>> }

type On = {
  readonly view: View
  readonly waived: WaivedAt
}

const tagged = (one: Named): Named => one

const judged = <K extends Kind, R>(
  some: readonly Rule<K, R>[],
  resources: readonly R[],
  name: (resource: R) => Named,
  { view, waived }: On
): readonly Finding[] =>
  resources.flatMap((resource) => {
    const { arn, tags } = name(resource)
    const own = view.targetsOf(arn)
    return some.flatMap((rule) =>
      rule.find(resource, view).flatMap((shown): readonly Finding[] => {
        const targets = shown.targets ?? own
        const severity = targets.length > 0 ? rule.severity : rule.elsewhere
        if (severity === null) return []
        const { code, judges, title, why } = rule
        return [
          {
            id: findingId(code, arn, shown.part),
            code,
            kind: judges,
            severity: shown.severity ?? severity,
            title,
            resource: arn,
            targets: distinct(targets.map(({ id }) => id)),
            shows: shown.shows,
            why,
            mend: rule.mend(resource, view, shown),
            owner: ownerOf(targets) ?? ownTag(tags),
            waiver: waived(code, arn)
          }
        ]
      })
    )
  })

const distinct = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted()

/** Where several targets are touched, all who own one. */
const ownerOf = (targets: readonly Target[]): string | null =>
  targets.length === 0 ? null : distinct(targets.map(({ owner }) => owner)).join(', ')

const ownTag = (tags: Named['tags']): string | null =>
  Object.hasOwn(tags, 'owner') ? (tags['owner'] ?? null) : null

const resourceOf = ({ call, resource }: Gap): string =>
  resource ?? `arn:aws:${call.split(':')[0] ?? ''}:::*`
