/**
 * What a decision is told of the target's posture: the findings that the latest snapshot shows,
 * less what the policy of this very moment waives. Read only where a rule on the target asks for
 * it.
 */
import type { Instant, TargetId } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Circumstances } from '../policy/circumstances.ts'
import type { SeenFinding } from '../policy/gate.ts'
import type { Policy } from '../policy/policy.ts'
import type { Finding } from '../posture/finding.ts'
import type { Deps } from './deps.ts'

/** The circumstances' part; nothing is known where nobody watches. */
export const postureOf = async (
  deps: Pick<Deps, 'policy' | 'posture'>,
  target: TargetId,
  now: Instant
): Promise<Pick<Circumstances, 'posture'>> => {
  if (!isGated(deps.policy(), target)) return {}
  const known = (await deps.posture?.knownOf(target)) ?? null
  if (known === null) return { posture: null }
  const findings = known.findings
    // what somebody did by another way is no reason to refuse who asks
    .filter((finding) => finding.kind !== 'use' && !isWaived(deps.policy(), finding, now))
    .map(seenOf)
  return { posture: { at: known.at, findings } }
}

/** Whether all that stands against it is what was found on the target, or that it is not known. */
export const isAllPosture = (reasons: readonly Reason[]): boolean =>
  reasons.length > 0 && reasons.every(({ condition }) => condition === 'posture')

const isGated = ({ rules }: Policy, target: TargetId): boolean =>
  rules.some(({ posture, targets }) => posture !== undefined && targets.includes(target))

/** By the policy of this moment, whatever held when the snapshot was judged. */
const isWaived = ({ posture }: Policy, { code, resource }: Finding, now: Instant): boolean =>
  posture.waivers.some(
    (waiver) =>
      waiver.finding === code &&
      waiver.resource === resource &&
      waiver.from <= now &&
      now < waiver.until
  )

/** What a decision is told of a finding. */
export const seenOf = ({ code, severity, resource, shows, mend }: Finding): SeenFinding => ({
  code,
  severity,
  resource,
  shows,
  mend: mend.cli.join('; ')
})
