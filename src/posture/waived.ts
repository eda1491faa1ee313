/** Waivers as they bear on findings at a moment: by code and resource, compared exactly. */
import { type Instant, iso } from '../elevation/ids.ts'
import type { Waiver } from '../policy/policy.ts'
import type { Waived } from './finding.ts'

/** Null where nobody waived it, or not yet. */
export type WaivedAt = (code: string, arn: string) => Waived | null

export const waivedBy = (waivers: readonly Waiver[], now: Instant): WaivedAt => {
  const known = new Map(waivers.map((one) => [`${one.finding} ${one.resource}`, one]))
  return (code, arn) => {
    const waiver = known.get(`${code} ${arn}`)
    if (waiver === undefined || now < waiver.from) return null
    const { by, reason, until } = waiver
    return {
      state: now < until ? 'holds' : 'expired',
      by: `person:${by}`,
      reason,
      until: iso(until)
    }
  }
}
