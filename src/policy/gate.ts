/**
 * The gate of a rule: findings on a target that keep it from being asked for, approved and started.
 * What was looked at too long ago, or never, is not known, which is *failed* and denies too. Of a
 * window that runs nothing is said: the end of it is for whoever revokes.
 */
import { printDuration } from '../elevation/duration.ts'
import { type Instant, plus, seconds } from '../elevation/ids.ts'
import type { Reason } from '../elevation/refusal.ts'
import type { Stage } from './circumstances.ts'
import { type FindingCode, type Severity, severities } from './finding-codes.ts'
import type { PostureGate } from './policy.ts'

/** A finding on the target, as far as a decision tells of it. */
export type SeenFinding = {
  readonly code: FindingCode
  readonly severity: Severity
  /** ARN, or what AWS calls it */
  readonly resource: string
  /** the fact that shows it */
  readonly shows: string
  /** what mends it, for a shell; empty = nothing was written down */
  readonly mend: string
}

export type SeenPosture = {
  /** when it was looked at */
  readonly at: Instant
  /** what is open and not waived, the worst first */
  readonly findings: readonly SeenFinding[]
}

type GateQuestion = {
  readonly gate: PostureGate
  readonly rule: string
  readonly target: string
  /** null = nothing is known of the target */
  readonly seen: SeenPosture | null
  readonly now: Instant
  readonly stage: Stage['kind']
}

/** One reason for each finding that blocks, or the one that nothing does; none where not judged. */
export const gateReasons = (question: GateQuestion): readonly Reason[] => {
  const { gate, rule, target, seen, now, stage } = question
  if (stage === 'vend') return []
  const reason = (outcome: Reason['outcome'], message: string): Reason => ({
    outcome,
    rule,
    condition: 'posture',
    message
  })
  const next = 'an operator scans: sallyport posture scan'
  if (seen === null) {
    return [reason('failed', `not known what is out of line on ${target}, which denies; ${next}`)]
  }
  if (now >= plus(seen.at, gate.within)) {
    const most = printDuration(gate.within)
    const since = `${target} was looked at ${ago(seen, now)} ago`
    return [reason('failed', `${since}, at most ${most} ago it may be; ${next}`)]
  }
  const blocking = seen.findings.filter((finding) => isBlocked(gate, finding))
  if (blocking.length === 0) {
    const nothing = `nothing ${printBlock(gate)} on ${target}`
    return [reason('met', `${nothing}, looked at ${ago(seen, now)} ago`)]
  }
  const more = blocking.length - mostTold
  return blocking.slice(0, mostTold).map((finding, n) => {
    const others = n === mostTold - 1 && more > 0 ? ` And ${more} more.` : ''
    return reason('unmet', `${printFinding(finding)}${others}`)
  })
}

/** Whether it keeps the target from being used under this rule. */
export const isBlocked = ({ block }: PostureGate, { code, severity }: SeenFinding): boolean =>
  block.kind === 'codes'
    ? block.codes.includes(code)
    : severities.indexOf(severity) <= severities.indexOf(block.floor)

/** `at or above high`, or the codes. */
export const printBlock = ({ block }: Pick<PostureGate, 'block'>): string =>
  block.kind === 'codes' ? `of ${block.codes.join(', ')}` : `at or above ${block.floor}`

/** so many findings are told one by one */
const mostTold = 5
const longestFact = 200
const longestMend = 1000

/** Names in it are whoever's that made the resource. */
const printFinding = ({ code, severity, resource, shows, mend }: SeenFinding): string => {
  const [where, what] = [plain(resource, longestFact), plain(shows, longestFact)]
  const fact = `${code} (${severity}) on ${where}: ${what}.`
  return mend === '' ? fact : `${fact} Mend: ${plain(mend, longestMend)}`
}

const plain = (text: string, most: number): string => {
  const line = text.toWellFormed().replaceAll(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`
}

/** Whole minutes from one minute on. */
const ago = ({ at }: SeenPosture, now: Instant): string => {
  const passed = Math.max(1, Math.floor((now - at) / 1000))
  return printDuration(seconds(passed < 60 ? passed : passed - (passed % 60)))
}
