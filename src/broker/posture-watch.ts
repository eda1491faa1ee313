/**
 * From a snapshot to what is kept: judged by the policy of the moment, compared with what was open,
 * and written with one ledger entry for each opening, closing and waiver. The snapshot counts once
 * all of it is written; a scan that dies half way is made whole by the next.
 */
import { type Instant, type PersonId, instant } from '../elevation/ids.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Policy } from '../policy/policy.ts'
import type { Findings, FindingsChange, KeptFinding, PostureShares } from '../ports-posture.ts'
import type { Facts } from '../posture/facts.ts'
import { figuresOf } from '../posture/figures.ts'
import type { Finding } from '../posture/finding.ts'
import { judge } from '../posture/judge.ts'
import { sceneOf } from '../posture/scene.ts'
import { waivedBy } from '../posture/waived.ts'
import type { Deps } from './deps.ts'
import { type Changes, changesOf, heldUntil } from './posture-changes.ts'
import { findingEntry } from './posture-entries.ts'

export type WatchParts = {
  readonly deps: Deps
  readonly findings: Findings
  /** who has the turn to scan */
  readonly owner: string
}

/** `lost`: another replica has the turn by now, or was faster; nothing more was written. */
export type Kept =
  | {
      readonly kind: 'kept'
      readonly opened: number
      readonly closed: number
      readonly waived: number
      readonly unseen: number
    }
  | { readonly kind: 'lost' }

/** so many changes in one transaction, which others' decisions wait behind */
const batch = 50

/** Judges the facts at this moment and keeps what comes of it. */
export const keepFacts = async (parts: WatchParts, facts: Facts): Promise<Kept> => {
  const { deps, findings: store, owner } = parts
  const policy = deps.policy()
  const now = deps.clock.now()
  const scene = sceneOf(policy, { broker: deps.settings.brokerRoleArn, now })
  const found = judge(facts, scene)
  const targets = new Set<string>(policy.targets.keys())
  const before = await store.openFindings()
  const findings = [...found, ...usesOf(before, policy, now)]
  const changes = changesOf(before, { facts, findings, targets })
  const at = instant(Math.max(0, Date.parse(facts.at)))
  const { workgroups, locations } = figuresOf(facts, scene, { findings: found, history: [] })
  const shares: PostureShares = { workgroups, locations }
  if (!(await keepChanges(parts, changes, { now }))) return { kind: 'lost' }
  const scanned = { at, shares, unseen: changes.unseen }
  const done = await store.keepFindings({ ...nothing, owner, now, scanned }, [])
  if (done.kind === 'conflict') return { kind: 'lost' }
  const { opened, closed, waived, unseen } = changes
  return {
    kind: 'kept',
    opened: opened.length,
    closed: closed.length,
    waived: waived.length,
    unseen: unseen.length
  }
}

/** Writes rows and entries, closings first; false: the turn was lost, and nothing more written. */
export const keepChanges = async (
  { deps, findings, owner }: WatchParts,
  changes: Changes,
  told: { readonly now: Instant; readonly actor?: PersonId }
): Promise<boolean> => {
  for (const part of partsOf(deps, changes, told)) {
    const change = { ...nothing, owner, now: told.now, ...part.change }
    const done = await findings.keepFindings(change, part.entries)
    if (done.kind === 'conflict') return false
  }
  return true
}

const nothing = { opened: [], changed: [], closed: [], scanned: null } as const

/** No snapshot tells of uses: those on targets stay open, waived as the policy now says. */
const usesOf = (
  before: readonly KeptFinding[],
  { targets, posture }: Policy,
  now: Instant
): readonly Finding[] => {
  const waived = waivedBy(posture.waivers, now)
  const ids = new Set<string>(targets.keys())
  return before.flatMap(({ finding }) =>
    finding.kind === 'use' && finding.targets.some((id) => ids.has(id))
      ? [{ ...finding, waiver: waived(finding.code, finding.resource) }]
      : []
  )
}

type Part = {
  readonly change: Partial<Pick<FindingsChange, 'opened' | 'changed' | 'closed'>>
  readonly entries: readonly Entry[]
}

/** Closings first: a finding that was closed and is found again in other words is opened anew. */
const partsOf = function* (
  deps: Deps,
  changes: Changes,
  { now: at, actor }: { readonly now: Instant; readonly actor?: PersonId }
): Generator<Part> {
  const by = actor === undefined ? {} : { actor }
  const waived = new Set(changes.waived.map(({ id }) => id))
  const unwaived = new Set(changes.unwaived.map(({ id }) => id))
  for (const closed of inBatches(changes.closed)) {
    const entries = closed.map((one) => findingEntry(deps, 'finding.closed', { ...one, at, ...by }))
    yield { change: { closed }, entries }
  }
  for (const opened of inBatches(changes.opened)) {
    const entries = opened.flatMap((finding) => {
      const one = { finding, openedAt: at, at, ...by }
      const first = findingEntry(deps, 'finding.opened', one)
      if (heldUntil(finding) === null) return [first]
      return [first, findingEntry(deps, 'finding.waived', one)]
    })
    yield { change: { opened }, entries }
  }
  for (const changed of inBatches(changes.changed)) {
    const entries = changed.flatMap((one) => {
      if (waived.has(one.id)) return [findingEntry(deps, 'finding.waived', { ...one, at })]
      return unwaived.has(one.id)
        ? [findingEntry(deps, 'finding.opened', { ...one, at, isAgain: true })]
        : []
    })
    yield { change: { changed }, entries }
  }
}

const inBatches = function* <T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += batch) yield items.slice(from, from + batch)
}
