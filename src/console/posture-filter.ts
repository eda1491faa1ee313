/**
 * Which findings are looked for, between the address of the page and what the verb gave, and where
 * each target stands. What cannot be understood is told and left out.
 */
import type { FindingsRead } from '../broker/posture.ts'
import type { Instant, TargetId } from '../elevation/ids.ts'
import type { KeptFinding } from '../ports-posture.ts'
import { type Figures, countOf } from '../posture/figures.ts'
import { type Finding, type Severity, isOpen, severities } from '../posture/finding.ts'
import type { Fields } from './form.ts'
import { posture as words } from './words-posture.ts'

export const posturePath = '/console/posture'

/** `waived` until it is over; `unseen`: the latest snapshot could not look at it. */
export const findingStates = ['open', 'waived', 'unseen', 'closed'] as const
type FindingState = (typeof findingStates)[number]

export type PostureFilter = {
  readonly typed: Readonly<Record<'target' | 'severity' | 'state', string>>
  /** what is wrong with the target; null = nothing */
  readonly fault: string | null
  readonly target: string | null
  readonly severity: Severity | null
  readonly state: FindingState | null
  /** `keyOf` the finding to begin with */
  readonly from: string | null
}

export type Standing = {
  readonly target: TargetId
  /** of those that are open; null = none is */
  readonly worst: Finding | null
  readonly counts: Figures['bySeverity']
  readonly waived: number
  /** when all of it was looked at last; null = it was not yet */
  readonly at: Instant | null
}

/** The filter that a query string spells. */
export const filterIn = (query: Pick<Fields, 'one'>): PostureFilter => {
  const typed = {
    target: query.one('target').trim(),
    severity: query.one('severity'),
    state: query.one('state')
  }
  const { target } = typed
  const isTarget = /^[a-z0-9][a-z0-9._-]{1,62}$/.test(target)
  const from = query.one('from')
  return {
    typed,
    fault: target === '' || isTarget ? null : words.wrongTarget,
    target: isTarget ? target : null,
    severity: severities.find((one) => one === typed.severity) ?? null,
    state: findingStates.find((one) => one === typed.state) ?? null,
    from: /^[a-z0-9_]{1,80}:[0-9a-f]{20}(@[0-9]{1,15})?$/.test(from) ? from : null
  }
}

/** The same filter, beginning with this finding; null = with the first. */
export const pathOf = ({ typed }: Pick<PostureFilter, 'typed'>, from: string | null): string => {
  const query = new URLSearchParams(Object.entries(typed).filter(([, value]) => value !== ''))
  if (from !== null) query.set('from', from)
  const text = query.toString()
  return text === '' ? posturePath : `${posturePath}?${text}`
}

/**
 * Tells it from others of its page; one that was closed may have come back and been closed again.
 */
export const keyOf = ({ finding, openedAt, closedAt }: KeptFinding): string =>
  closedAt === null ? finding.id : `${finding.id}@${openedAt}`

/** Those that fit, in the order they came in. */
export const fitting = (
  { target, severity, state }: PostureFilter,
  { at, findings }: Pick<FindingsRead, 'at' | 'findings'>
): readonly KeptFinding[] =>
  findings
    .filter(({ finding }) => target === null || finding.targets.includes(target))
    .filter(({ finding }) => severity === null || finding.severity === severity)
    .filter((kept) => state === null || isIn(state, kept, at))

/** Every target that the reader sees, or the one that is looked for; the worst first. */
export const standingsOf = (
  { at, targets, findings }: FindingsRead,
  { target: wanted }: Pick<PostureFilter, 'target'>
): readonly Standing[] => {
  const byTarget = new Map<string, KeptFinding[]>(targets.map((target) => [target, []]))
  for (const kept of findings) {
    for (const target of kept.finding.targets) byTarget.get(target)?.push(kept)
  }
  return targets
    .filter((target) => wanted === null || target === wanted)
    .map((target) => standingOf(target, byTarget.get(target) ?? [], at))
    .toSorted((a, b) => rankOf(a) - rankOf(b) || openOf(b) - openOf(a))
}

const standingOf = (
  target: TargetId,
  all: readonly KeptFinding[],
  at: Instant | null
): Standing => {
  const open = all.map(({ finding }) => finding).filter(isOpen)
  const oldest = all.reduce(
    (least, { seenAt }) => (least !== null && seenAt < least ? seenAt : least),
    at
  )
  return {
    target,
    worst: open[0] ?? null,
    counts: countOf(open),
    waived: all.length - open.length,
    at: oldest
  }
}

const rankOf = ({ worst }: Standing): number =>
  worst === null ? severities.length : severities.indexOf(worst.severity)

const openOf = ({ counts }: Standing): number =>
  severities.reduce((sum, one) => sum + counts[one], 0)

const isIn = (
  state: FindingState,
  { finding, seenAt, closedAt }: KeptFinding,
  at: Instant | null
): boolean => {
  switch (state) {
    case 'open':
      return isOpen(finding)
    case 'waived':
      return !isOpen(finding)
    case 'unseen':
      return at !== null && seenAt < at
    case 'closed':
      return closedAt !== null
  }
}
