/**
 * The verbs of those who look after the whole: auditors find entries, take evidence away, see
 * figures and the policy; operators see what works. None of them changes anything but the ledger,
 * which has that they read.
 */
import type { Elevation } from '../elevation/elevation.ts'
import type { PersonId } from '../elevation/ids.ts'
import { type Result, accept, refuse } from '../elevation/refusal.ts'
import type { Pack } from '../evidence/pack-types.ts'
import type { Explanation } from '../policy/explain.ts'
import { hasRole } from '../policy/people.ts'
import type { Policy } from '../policy/policy.ts'
import type { Stored } from '../ports.ts'
import type { EntryFilter, EntryPlace, FoundEntries, LedgerSearch } from '../ports-search.ts'
import type { Deps } from './deps.ts'
import { type EvidenceAsk, evidence } from './evidence.ts'
import { type ExplainAsk, explainFor } from './explain-for.ts'
import { auditing, noteReads } from './ledger-reads.ts'
import { attempted } from './record.ts'
import { type Reports, reports } from './reports.ts'

export type Audit = {
  /** Auditors only: entries that fit, newest first. */
  readonly findEntries: (
    person: PersonId,
    filter: EntryFilter,
    page: { readonly after: EntryPlace | null; readonly limit: number }
  ) => Promise<Result<FoundEntries>>
  /** Auditors only: what happened under an elevation or within a time, with its proofs. */
  readonly evidence: (person: PersonId, ask: EvidenceAsk) => Promise<Result<Pack>>
  /** Auditors only: figures of the last twelve weeks. */
  readonly reports: (person: PersonId) => Promise<Result<Reports>>
  /** Auditors, security and operators: the policy in force. */
  readonly policyInForce: (person: PersonId) => Promise<Result<Policy>>
  /** The same: what the policy says of an ask of anybody, without asking it. */
  readonly explain: (person: PersonId, ask: ExplainAsk) => Promise<Result<Explanation>>
  /** Auditors, security and operators: elevations whose access is being removed, oldest first. */
  readonly endings: (person: PersonId) => Promise<Result<readonly Stored<Ending>[]>>
}

type Ending = Extract<Elevation, { readonly state: 'ending' }>

/** Over the broker's own dependencies and the index of its ledger. */
export const makeAudit = (deps: Deps, search: LedgerSearch): Audit => {
  const note = noteReads(deps)
  const held = policiesHeld(deps)
  const on = <T>(
    verb: string,
    person: PersonId,
    elevation: string | null,
    run: () => Promise<Result<T>>
  ): Promise<Result<T>> => attempted(deps, { person, verb, elevation }, run)
  const looking = async <T>(person: PersonId, look: () => Promise<T>): Promise<Result<T>> =>
    mayLook(deps, person) ? accept(await look()) : notTheirs

  return {
    findEntries: (person, filter, page) =>
      on('findEntries', person, null, async () => {
        const may = auditing(deps, person)
        if (!may.ok) return may
        const found = await search.find(filter, page)
        await note(person, { read: 'find', rows: found.rows.length })
        return accept(found)
      }),
    evidence: (person, ask) =>
      on('evidence', person, 'elevation' in ask ? ask.elevation : null, () =>
        evidence({ deps, search, policyOf: held() }, { person, ask }, note)
      ),
    reports: (person) =>
      on('reports', person, null, async () => {
        const may = auditing(deps, person)
        return may.ok ? accept(await reports(search, deps.clock.now())) : may
      }),
    policyInForce: (person) =>
      on('policyInForce', person, null, () => looking(person, async () => deps.policy())),
    explain: (person, ask) =>
      on('explain', person, null, async () =>
        mayLook(deps, person) ? explainFor(deps.policy(), ask, deps.clock.now()) : notTheirs
      ),
    endings: (person) => on('endings', person, null, () => looking(person, () => endingsOf(deps)))
  }
}

const mayLook = (deps: Deps, person: PersonId): boolean =>
  (['auditor', 'security', 'operator'] as const).some((role) =>
    hasRole(deps.policy(), person, role)
  )

const notTheirs = refuse(
  'policy_denied',
  'Only auditors, security and operators see this. Ask whoever keeps policies/roles.'
)

const mostEndings = 200

const endingsOf = async (deps: Deps): Promise<readonly Stored<Ending>[]> => {
  const rows = await deps.elevations.list({ states: ['ending'], limit: mostEndings })
  return rows
    .flatMap(({ elevation, ...rest }) =>
      elevation.state === 'ending' ? [{ elevation, ...rest }] : []
    )
    .toSorted((a, b) => a.elevation.endingSince - b.elevation.endingSince)
}

const mostHeld = 50

/** Policies that were in force when somebody looked, by digest: this process holds no others. */
const policiesHeld = (deps: Deps) => {
  const held = new Map<string, Policy>()
  return () => {
    const now = deps.policy()
    held.set(now.digest, now)
    const [oldest] = held.keys()
    if (held.size > mostHeld && oldest !== undefined) held.delete(oldest)
    return (digest: string): Policy | null => held.get(digest) ?? null
  }
}
