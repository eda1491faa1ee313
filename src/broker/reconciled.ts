/**
 * What a run of `reconcile` found, kept as findings: opened, changed and closed by the same path as
 * those of a scan, each opening and closing with its ledger entry, in the name of the operator who
 * told of it. The same statement again changes nothing. Closed is only what the logs that were read
 * would have shown again; what they did not cover stays open.
 */
import { type Instant, type PersonId, instant, iso } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import { keyArns } from '../iam/arns.ts'
import { useCodes } from '../policy/finding-codes.ts'
import { hasRole } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { Findings, KeptFinding, KeyUseDay, KeyUses } from '../ports-posture.ts'
import type { Finding } from '../posture/finding.ts'
import { type ReportedUse, useFinding } from '../posture/use-findings.ts'
import { waivedBy } from '../posture/waived.ts'
import type { Deps } from './deps.ts'
import { changesBetween } from './posture-changes.ts'
import { attempted } from './record.ts'

export { useCodes }

/** Logs of one account and region that were read whole, from the first event to the last judged. */
export type Covered = {
  readonly account: string
  readonly region: string
  /** ISO 8601 UTC, both included */
  readonly from: string
  readonly to: string
}

/** Everything that was found whose first event is at `from` or later and before `to`. */
export type UseStatement = {
  readonly uses: readonly ReportedUse[]
  readonly covered: readonly Covered[]
  /** ISO 8601 UTC */
  readonly from: string
  readonly to: string
}

export type KeptUses = {
  readonly opened: number
  readonly closed: number
  /** all uses that are open now, whenever they were told of */
  readonly open: number
}

export type Reconciling = {
  readonly uses: (person: PersonId, statement: UseStatement) => Promise<Result<KeptUses>>
  /** How many days of keys were told of. */
  readonly keyUse: (person: PersonId, days: readonly KeyUseDay[]) => Promise<Result<number>>
}

/** so many uses in one statement, and days of keys in one telling */
export const mostUses = 500
export const mostDays = 2000

export const makeReconciling = (deps: Deps, findings: Findings & KeyUses): Reconciling => ({
  uses: (person, statement) =>
    attempted(deps, { person, verb: 'postureReconciled', elevation: null }, () =>
      keep(deps, findings, { person, statement })
    ),
  keyUse: (person, days) =>
    attempted(deps, { person, verb: 'postureKeyUse', elevation: null }, () =>
      keepDays(deps, findings, { person, days })
    )
})

const turnMs = 60_000

type Told = { readonly person: PersonId; readonly statement: UseStatement }

const keep = async (deps: Deps, findings: Findings, told: Told): Promise<Result<KeptUses>> => {
  const policy = deps.policy()
  if (!hasRole(policy, told.person, 'operator')) {
    return refuse('policy_denied', 'Only operators tell of use. Ask one of them.')
  }
  const known = new Set<string>(policy.targets.keys())
  if (told.statement.uses.some(({ target }) => !known.has(target))) {
    return refuse('unknown_target', 'A use is of a target that the policy here does not have.')
  }
  // of its own, so that a scan of the same process and this never have the turn at once
  const owner = `${deps.settings.owner}:reconciled`
  const now = deps.clock.now()
  const turn = await findings.takeScan({ owner, now, until: instant(now + turnMs) })
  if (turn === null) {
    return refuse('conflict', 'The account is being looked at. Try again in a minute.')
  }
  try {
    // with the rules behind it, which a broker that never scans nor reconciles does not need
    const { keepChanges } = await import('./posture-watch.ts')
    const before = (await findings.openFindings()).filter(({ finding }) => finding.kind === 'use')
    const found = findingsOf(before, { deps, policy, now }, told.statement.uses)
    const changes = changesBetween(before, found, (kept) => !isGone(kept, told.statement))
    const by = { now, actor: told.person }
    const isKept = await keepChanges({ deps, findings, owner }, changes, by)
    if (!isKept) return refuse('conflict', 'Somebody else was faster. Tell of it again.')
    const [opened, closed] = [changes.opened.length, changes.closed.length]
    return accept({ opened, closed, open: before.length + opened - closed })
  } finally {
    await findings.giveScan(owner)
  }
}

const keptDays = 400
const dayMs = 86_400_000

const keepDays = async (
  deps: Deps,
  store: KeyUses,
  { person, days }: { readonly person: PersonId; readonly days: readonly KeyUseDay[] }
): Promise<Result<number>> => {
  const policy = deps.policy()
  if (!hasRole(policy, person, 'operator')) {
    return refuse('policy_denied', 'Only operators tell of the use of keys. Ask one of them.')
  }
  const keys = new Set([...policy.targets.values()].flatMap(keyArns))
  if (days.some(({ key }) => !keys.has(key))) {
    return refuse('unknown_target', 'A key is of no target that the policy here has.')
  }
  const since = instant(Math.max(0, deps.clock.now() - keptDays * dayMs))
  await store.keepKeyUse(days, iso(since).slice(0, 10))
  return accept(days.length)
}

/**
 * As findings, under the id that the use has here already or a new one: a hash of who used it would
 * tell anybody who guesses, and an entry is for ever.
 */
const findingsOf = (
  before: readonly KeptFinding[],
  of: { readonly deps: Deps; readonly policy: Policy; readonly now: Instant },
  uses: readonly ReportedUse[]
): readonly Finding[] => {
  const { deps, policy, now } = of
  const waived = waivedBy(policy.posture.waivers, now)
  const known = new Map(before.map(({ finding }) => [finding.use?.id, finding]))
  const once = new Map(uses.map((one) => [one.id, one]))
  return [...once.values()].map((one) => {
    const here = known.get(one.id) ?? null
    const target = [...policy.targets.values()].find(({ id }) => id === one.target)
    return useFinding(one, {
      id: here?.id ?? `${one.code}:${deps.ids.salt().slice(0, 20)}`,
      owner: target?.owner ?? null,
      waiver: waived(one.code, one.resource),
      known: here
    })
  })
}

/** Whether the statement would have it, were it still so. */
const isGone = ({ finding }: KeptFinding, { covered, from, to }: UseStatement): boolean => {
  const { use } = finding
  if (use === undefined || use.first < from || use.first >= to) return false
  return covered.some(
    (one) =>
      one.account === use.account &&
      one.region === use.region &&
      one.from <= use.first &&
      use.last <= one.to
  )
}
